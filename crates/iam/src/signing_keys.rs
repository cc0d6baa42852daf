//! Signing keys that have verified a signature, kept with what noting their use takes and with whom they are of: nothing of
//! it is made for each request.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use claviger_model::{AccessKeyId, Timestamp};
use claviger_signature::{Scheme, Scope as CredentialScope, SigningKey};
use claviger_store::{MarkKey, Store};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use crate::seen::SeenCell;
use crate::spec::Service;

/// Keys kept: about two kilobytes each with their principals, whose records are mostly those in the cache.
const CAPACITY: usize = 10_000;

/// A key that verified a signature, or is about to.
pub(crate) struct ScopedKey {
    /// The access key that it was derived from.
    pub(crate) access_key_id: AccessKeyId,
    /// Good for one scope.
    pub(crate) signing_key: SigningKey,
    /// What is noted when it is used.
    pub(crate) last_use: Option<LastUse>,
    /// Whom the key was seen to be of.
    pub(crate) seen: SeenCell,
}

impl ScopedKey {
    pub(crate) fn new(
        access_key_id: AccessKeyId,
        signing_key: SigningKey,
        last_use: Option<LastUse>,
    ) -> Self {
        Self {
            access_key_id,
            signing_key,
            last_use,
            seen: SeenCell::empty(),
        }
    }
}

/// The mark that tells of a use, and when it was last set from here.
pub(crate) struct LastUse {
    mark: MarkKey,
    detail: String,
    second: AtomicI64,
}

impl LastUse {
    /// A use that `mark` tells of, with `detail` beside it.
    pub(crate) fn new(mark: MarkKey, detail: String) -> Self {
        Self {
            mark,
            detail,
            second: AtomicI64::new(i64::MIN),
        }
    }

    /// Notes a use. AWS tells uses by the second, so one a second is enough.
    pub(crate) fn note(&self, store: &Store, at: Timestamp) {
        let second = at.seconds();
        if self.second.swap(second, Ordering::Relaxed) != second {
            store.touch(self.mark.clone(), at.micros(), &self.detail);
        }
    }
}

/// The keys, bounded; those that are used stay. A key that was revoked may still be here: whether a key is good is
/// looked up for every request, and what is here only spares deriving it.
pub(crate) struct SigningKeys(Cache<Name, Arc<ScopedKey>>);

impl SigningKeys {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// The key of this id for this scope, if it has verified a signature to this service.
    pub(crate) fn get(
        &self,
        id: &str,
        scope: &CredentialScope<'_>,
        asked: Service,
    ) -> Option<Arc<ScopedKey>> {
        self.0.get(&NameRef::new(id, scope, asked))
    }

    /// Keeps a key. Only one that has verified a signature may come here: whoever knows no more than a key's id must
    /// not turn out everybody else's.
    pub(crate) fn keep(&self, scope: &CredentialScope<'_>, asked: Service, key: Arc<ScopedKey>) {
        let name = Name {
            id: key.access_key_id.clone(),
            scheme: scope.scheme,
            date: scope.date.into(),
            region: scope.region.into(),
            service: scope.service.into(),
            asked,
        };
        self.0.insert(name, key);
    }
}

/// What a kept key goes by.
struct Name {
    id: AccessKeyId,
    scheme: Scheme,
    date: Box<str>,
    region: Box<str>,
    service: Box<str>,
    /// Not all scopes name a service, and a use is noted with the one that was asked.
    asked: Service,
}

/// The same, borrowed from a request.
#[derive(PartialEq, Eq, Hash)]
struct NameRef<'a> {
    id: &'a str,
    scheme: Scheme,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    asked: Service,
}

impl<'a> NameRef<'a> {
    fn new(id: &'a str, scope: &CredentialScope<'a>, asked: Service) -> Self {
        Self {
            id,
            scheme: scope.scheme,
            date: scope.date,
            region: scope.region,
            service: scope.service,
            asked,
        }
    }
}

impl Name {
    fn borrowed(&self) -> NameRef<'_> {
        NameRef {
            id: self.id.as_str(),
            scheme: self.scheme,
            date: &self.date,
            region: &self.region,
            service: &self.service,
            asked: self.asked,
        }
    }
}

impl Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.borrowed() == other.borrowed()
    }
}

impl Eq for Name {}

impl Equivalent<Name> for NameRef<'_> {
    fn equivalent(&self, name: &Name) -> bool {
        *self == name.borrowed()
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::{Scalar, Secret};

    use super::*;

    #[test]
    fn a_key_is_found_for_its_own_id_and_scope_alone() {
        let scope = CredentialScope {
            scheme: Scheme::SigV4,
            date: "20260102",
            region: "us-east-1",
            service: "iam",
        };
        let secret = Secret::new(String::from("a secret"));
        let keys = SigningKeys::new();
        keys.keep(
            &scope,
            Service::Iam,
            Arc::new(ScopedKey::new(
                AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap(),
                scope.derive("AKIAIOSFODNN7EXAMPLE", &secret),
                None,
            )),
        );
        let has_of = |scheme, id: &str, date, region, service| {
            let scope = CredentialScope {
                scheme,
                date,
                region,
                service,
            };
            keys.get(id, &scope, Service::Iam).is_some()
        };
        let has = |id, date, region, service| has_of(Scheme::SigV4, id, date, region, service);
        let id = "AKIAIOSFODNN7EXAMPLE";
        assert!(keys.get(id, &scope, Service::Sts).is_none());
        assert!(has(id, "20260102", "us-east-1", "iam"));
        assert!(!has("AKIAIOSFODNN7EXAMPLF", "20260102", "us-east-1", "iam"));
        assert!(!has(id, "20260103", "us-east-1", "iam"));
        assert!(!has(id, "20260102", "us-east-2", "iam"));
        assert!(!has(id, "20260102", "us-east-1", "sts"));
        assert!(!has(id, "20260102", "us-east-1i", "am"));
        for scheme in [Scheme::SdkAccess, Scheme::SdkCredential, Scheme::V11] {
            assert!(!has_of(scheme, id, "20260102", "us-east-1", "iam"));
        }
    }
}
