//! What a request for a token proves itself with, and what it asks the token for (Identity API v3, "Password
//! authentication", "Multi-factor authentication"; Identity and Access Management API reference, "Token Management").

use claviger_model::{Secret, UniqueId, text};
use serde_json::Value;

use crate::error::Error;
use crate::ids;
use crate::input::{Codes, Input, Members};

/// Who says to be there: by an id, or by a name in an account.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A user by the unique id.
    Id(UniqueId),
    /// The root user of an account, by the account's number.
    Root(String),
    /// By a name in an account, which is called by its number or alias.
    InDomain { domain: String, name: String },
    /// By an id that is nobody's.
    Nobody,
}

/// The second factor.
pub(super) struct Totp {
    /// The id or the name of whose code it is, where it is said.
    pub(super) user: Option<String>,
    pub(super) code: Secret<String>,
}

/// How a request proves itself.
pub(super) enum Proof {
    Password {
        named: Named,
        password: Secret<String>,
        totp: Option<Totp>,
    },
    Token(Secret<String>),
    AssumeRole {
        agency: String,
        domain: String,
    },
}

/// What a token is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// What a token without a scope is for.
    Default,
    /// An account, by id or name.
    Domain(String),
    /// A project, by id or name.
    Project(String),
}

/// A request for a token.
pub(super) struct Asks {
    pub(super) proof: Proof,
    pub(super) scope: Scope,
}

/// What an account is called: its id, as the number that it stands for, or its name.
fn domain(members: Members<'_>) -> Result<Option<String>, Error> {
    if let Some(id) = members.text("id")? {
        // An id that is none names no account, and must not be taken for a name.
        return Ok(Some(
            ids::to_domain(id).map_or_else(|| String::from("-"), |account| account.to_string()),
        ));
    }
    Ok(members.text("name")?.map(str::to_owned))
}

fn missing(name: &str) -> Error {
    Error::bad("IAM.0011", format!("{name} is required."))
}

fn required<'a>(members: Members<'a>, name: &str) -> Result<Members<'a>, Error> {
    members.object(name)?.ok_or_else(|| missing(name))
}

impl Asks {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let input = Input::read(body)?;
        let auth = input.within("auth", Codes::COMMON)?;
        let identity = required(auth, "identity")?;
        let methods: Vec<&str> = identity
            .list("methods")?
            .ok_or_else(|| missing("methods"))?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let proof = match methods.as_slice() {
            ["password"] => Self::password(identity, None)?,
            ["password", "totp"] | ["totp", "password"] => {
                let totp = required(required(identity, "totp")?, "user")?;
                let of = totp.text("id")?.or(totp.text("name")?);
                let totp = Totp {
                    user: of.map(str::to_owned),
                    code: Secret::new(totp.required_text("passcode")?.to_owned()),
                };
                Self::password(identity, Some(totp))?
            }
            ["token"] => Proof::Token(Secret::new(
                required(identity, "token")?.required_text("id")?.to_owned(),
            )),
            ["assume_role"] => {
                let asked = required(identity, "assume_role")?;
                let agency = asked.text("agency_name")?.or(asked.text("xrole_name")?);
                let id = asked.text("domain_id")?.and_then(ids::to_domain);
                let name = asked.text("domain_name")?.map(str::to_owned);
                Proof::AssumeRole {
                    agency: agency.ok_or_else(|| missing("agency_name"))?.to_owned(),
                    domain: id
                        .map(|account| account.to_string())
                        .or(name)
                        .ok_or_else(|| missing("domain_id"))?,
                }
            }
            _ => {
                return Err(Error::bad(
                    "IAM.0011",
                    "methods must be [\"password\"], [\"password\", \"totp\"], [\"token\"] or [\"assume_role\"].",
                ));
            }
        };
        Ok(Self {
            proof,
            scope: Self::scope(auth)?,
        })
    }

    fn password(identity: Members<'_>, totp: Option<Totp>) -> Result<Proof, Error> {
        let user = required(required(identity, "password")?, "user")?;
        let password = Secret::new(user.required_text("password")?.to_owned());
        let named = match user.text("id")? {
            Some(id) => match (ids::to_user(id), ids::to_root(id)) {
                (Some(id), _) => Named::Id(id),
                (None, Some(account)) => Named::Root(account.to_string()),
                (None, None) => Named::Nobody,
            },
            None => Named::InDomain {
                name: user.required_text("name")?.to_owned(),
                domain: domain(required(user, "domain")?)?.ok_or_else(|| missing("domain"))?,
            },
        };
        Ok(Proof::Password {
            named,
            password,
            totp,
        })
    }

    fn scope(auth: Members<'_>) -> Result<Scope, Error> {
        if auth.is_text("scope", "unscoped") {
            return Ok(Scope::Default);
        }
        let Some(scope) = auth.object("scope")? else {
            return Ok(Scope::Default);
        };
        let called = |members: Members<'_>| -> Result<Option<String>, Error> {
            Ok(members
                .text("id")?
                .or(members.text("name")?)
                .map(str::to_owned))
        };
        // The project wins where both are given.
        if let Some(project) = scope.object("project")? {
            return Ok(Scope::Project(
                called(project)?.ok_or_else(|| missing("project"))?,
            ));
        }
        if let Some(domain) = scope.object("domain")? {
            return Ok(Scope::Domain(
                called(domain)?.ok_or_else(|| missing("domain"))?,
            ));
        }
        Ok(Scope::Default)
    }
}

impl Totp {
    /// Whether the code is said to be that of this user.
    pub(super) fn is_of(&self, id: &str, name: &str) -> bool {
        let user = self.user.as_deref();
        user.is_none_or(|user| user == id || text::fold(user) == text::fold(name))
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::AccountId;

    use super::*;

    fn read(identity: &str, scope: &str) -> Result<Asks, Error> {
        let body = format!(r#"{{"auth":{{"identity":{identity}{scope}}}}}"#);
        Asks::read(body.as_bytes())
    }

    fn named(user: &str) -> Option<Named> {
        let identity = format!(r#"{{"methods":["password"],"password":{{"user":{user}}}}}"#);
        match read(&identity, "").ok()?.proof {
            Proof::Password { named, .. } => Some(named),
            _ => None,
        }
    }

    #[test]
    fn a_user_is_called_by_id_or_by_name_in_a_domain() {
        let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
        let domain = ids::domain(account);
        let by_name = |domain: &str| {
            Some(Named::InDomain {
                domain: domain.to_owned(),
                name: String::from("alice"),
            })
        };
        let user = format!(r#"{{"name":"alice","password":"p","domain":{{"id":"{domain}"}}}}"#);
        assert_eq!(named(&user), by_name("123456789012"));
        let user = r#"{"name":"alice","password":"p","domain":{"name":"acme"}}"#;
        assert_eq!(named(user), by_name("acme"));
        let user = r#"{"name":"alice","password":"p","domain":{"id":"acme"}}"#;
        assert_eq!(named(user), by_name("-"), "an id is no name");
        let root = format!(r#"{{"id":"{}","password":"p"}}"#, ids::root(account));
        assert_eq!(
            named(&root),
            Some(Named::Root(String::from("123456789012")))
        );
        assert_eq!(
            named(r#"{"id":"alice","password":"p"}"#),
            Some(Named::Nobody)
        );
        for broken in [
            r#"{"name":"alice","password":"p"}"#,
            r#"{"name":"alice","domain":{"name":"acme"}}"#,
            r#"{"name":"alice","password":7,"domain":{"name":"acme"}}"#,
        ] {
            assert_eq!(named(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_project_wins_and_no_scope_is_one() {
        let token = r#"{"methods":["token"],"token":{"id":"t"}}"#;
        let scope = |text: &str| read(token, text).map(|asks| asks.scope).ok();
        assert_eq!(scope(""), Some(Scope::Default));
        assert_eq!(scope(r#","scope":"unscoped""#), Some(Scope::Default));
        assert_eq!(
            scope(r#","scope":{"domain":{"id":"d"},"project":{"name":"p"}}"#),
            Some(Scope::Project(String::from("p")))
        );
        assert_eq!(
            scope(r#","scope":{"domain":{"id":"d"}}"#),
            Some(Scope::Domain(String::from("d")))
        );
        assert_eq!(scope(r#","scope":{"project":{}}"#), None);
        assert_eq!(scope(r#","scope":"everything""#), None);
    }

    #[test]
    fn a_code_is_that_of_the_user_it_names() {
        let of = |user: Option<&str>| Totp {
            user: user.map(str::to_owned),
            code: Secret::new(String::new()),
        };
        assert!(of(None).is_of("1", "alice"));
        assert!(of(Some("1")).is_of("1", "alice"));
        assert!(of(Some("ALICE")).is_of("1", "alice"));
        assert!(!of(Some("2")).is_of("1", "alice"));
    }
}
