//! The context of a request: what condition keys and policy variables stand for when this server decides about its own
//! operations (IAM user guide, "AWS global condition context keys"; service authorization reference, "AWS IAM").
//!
//! Looked up when a policy asks, so that a request pays for nothing that no policy needs. Every key here comes from the
//! server's own knowledge or from a documented parameter; a client cannot bring keys of its own.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use claviger_model::{Arn, Tag, TagKey, Timestamp};
use claviger_policy::{Context, Facts, Found, Value, Values, fold};
use ipnet::IpNet;

use crate::authorize::Check;
use crate::caller::Caller;
use crate::entity::{Tags, User};
use crate::principal::{Being, Principal};

/// The documented API by which a request came. What is decided differently at one is what its documentation says differently
/// where an account has set nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// AWS's, the console and the host.
    Aws,
    /// Huawei Cloud's.
    Huawei,
}

/// What the front door knows of a request, whatever the operation.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// The request id that the client gets.
    pub id: Arc<str>,
    /// The peer, or whom a trusted proxy names.
    pub source_ip: IpAddr,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Referer` header.
    pub referer: Option<String>,
    /// Whether the connection is encrypted.
    pub secure_transport: bool,
    /// The region that the request was signed for.
    pub region: Cow<'static, str>,
    /// The API by which it came.
    pub door: Door,
    /// When the request arrived: the one instant that everything about it goes by.
    pub now: Timestamp,
}

/// Characters of a `User-Agent` that an event keeps.
const USER_AGENT: usize = 1_024;

impl RequestFacts {
    /// What counts as one source: an address of IPv4, or the 64 bits of an address of IPv6 by which a network is known,
    /// since everybody in it has as many addresses as he likes (RFC 4291, 2.5.4).
    pub(crate) fn source_network(&self) -> IpNet {
        let address = self.source_ip.to_canonical();
        let bits = if address.is_ipv4() { 32 } else { 64 };
        IpNet::new(address, bits).map_or_else(|_| address.into(), |network| network.trunc())
    }

    /// The `User-Agent` header as far as an event keeps it.
    pub(crate) fn bounded_user_agent(&self) -> Option<String> {
        let text = self.user_agent.as_deref()?;
        Some(text.chars().take(USER_AGENT).collect())
    }
}

/// What the outermost layer knows of a request before any door has seen it.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The request id that the client gets.
    pub request_id: Arc<str>,
    /// The peer, or whom a trusted proxy names.
    pub source_ip: IpAddr,
    /// Whether the connection is encrypted.
    pub secure_transport: bool,
}

/// What a door tells the outermost layer for the log, as an extension of its answer.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The operation, if one was found.
    pub operation: Option<&'static str>,
    /// The caller's resource name, if it proved who it is.
    pub caller: Option<Arn>,
    /// The fault's code, if it was refused.
    pub code: Option<claviger_model::Code>,
}

/// A value that an operation sets for one of its own condition keys.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A single text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// Several texts.
    Many(Vec<String>),
}

impl Fact {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// The condition keys that the parameters of a request set.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// Keys of the operation's own, folded, such as `iam:policyarn`.
    pub facts: Vec<(&'static str, Fact)>,
    /// Tags passed: `aws:RequestTag/…`, and `aws:TagKeys`.
    pub tags: Vec<Tag>,
    /// Tag keys passed without values (untagging): `aws:TagKeys`.
    pub tag_keys: Vec<TagKey>,
}

/// What a principal contributes to the context of a request that it does not make itself: one that is simulated, or that
/// somebody else asks about (IAM user guide, "AWS global condition context keys").
pub(crate) fn facts_of(kind: &str, arn: &str, account: &str, tags: Option<&Tags>) -> Context {
    let mut facts = Context::new();
    facts.insert("aws:PrincipalType", kind);
    facts.insert("aws:PrincipalArn", arn);
    facts.insert("aws:PrincipalAccount", account);
    for tag in tags.into_iter().flatten() {
        facts.insert(&format!("aws:PrincipalTag/{}", tag.key), tag.value.as_str());
    }
    facts
}

/// What a user contributes to such a context.
pub(crate) fn facts_of_user(user: &User) -> Context {
    let account = user.account.text();
    let mut facts = facts_of(
        "User",
        user.arn().as_str(),
        account.as_str(),
        Some(&user.tags),
    );
    facts.insert("aws:username", user.name.as_str());
    facts.insert("aws:userid", user.id.as_str());
    facts
}

/// Everything a policy may ask for.
pub(crate) struct RequestContext<'a> {
    pub(crate) request: &'a RequestFacts,
    pub(crate) caller: &'a Caller,
    pub(crate) principal: &'a Principal,
    pub(crate) parameters: &'a Parameters,
    pub(crate) check: &'a Check,
}

impl Values for Parameters {
    fn value(&self, at: usize) -> Option<Value<'_>> {
        let passed = self.tags.iter().map(|tag| &tag.key);
        passed
            .chain(&self.tag_keys)
            .nth(at)
            .map(|key| Value::Text(key.as_str()))
    }
}

/// The value of the tag whose key folds to `key`.
fn tag<'a>(tags: impl IntoIterator<Item = &'a Tag>, key: &str) -> Option<&'a str> {
    tags.into_iter()
        .find(|tag| fold::folds_to(tag.key.as_str(), key))
        .map(|tag| tag.value.as_str())
}

impl RequestContext<'_> {
    fn principal_tag(&self, key: &str) -> Option<&str> {
        // A tag of the session stands before the same tag of the role or user.
        let of_session = self
            .caller
            .session()
            .and_then(|session| tag(&session.tags, key));
        of_session.or_else(|| match &self.principal.being {
            Being::Root(_) | Being::Host(_) => None,
            Being::User(user) => tag(&user.tags, key),
            Being::Role(role) => tag(&role.tags, key),
        })
    }

    fn resource_tag(&self, key: &str) -> Option<&str> {
        self.check
            .tags
            .as_ref()
            .and_then(|tags: &Tags| tag(tags, key))
    }

    /// Present for temporary credentials alone: a long-term key says nothing about a second factor.
    fn multi_factor(&self) -> Found<'_> {
        match self.caller.session() {
            Some(_) => Found::One(Value::Bool(self.caller.mfa().is_some())),
            None => Found::Absent,
        }
    }

    fn multi_factor_age(&self) -> Found<'_> {
        match self.caller.mfa() {
            Some(proved) => {
                Found::One(Value::Number(self.request.now.seconds_since(proved).max(0)))
            }
            None => Found::Absent,
        }
    }

    fn own(&self, key: &str) -> Found<'_> {
        match self.parameters.facts.iter().find(|(name, _)| *name == key) {
            Some((_, Fact::Text(text))) => Found::text(text),
            Some((_, Fact::Bool(truth))) => Found::One(Value::Bool(*truth)),
            Some((_, Fact::Number(number))) => Found::One(Value::Number(*number)),
            Some((_, Fact::Many(values))) => Found::Many(values),
            None => Found::Absent,
        }
    }
}

impl Facts for RequestContext<'_> {
    fn find(&self, key: &str) -> Found<'_> {
        // An operation's own key stands before the general ones: AssumeRole proves a second factor for itself.
        let own = self.own(key);
        if !own.is_absent() {
            return own;
        }
        let principal = self.principal;
        match key {
            "aws:currenttime" => Found::One(Value::Time(self.request.now)),
            "aws:epochtime" => Found::One(Value::Number(self.request.now.seconds())),
            "aws:securetransport" => Found::One(Value::Bool(self.request.secure_transport)),
            "aws:sourceip" => Found::One(Value::Ip(self.request.source_ip)),
            "aws:useragent" => Found::optional(self.request.user_agent.as_deref()),
            "aws:referer" => Found::optional(self.request.referer.as_deref()),
            "aws:requestedregion" => Found::text(&self.request.region),
            "aws:principalarn" => {
                Found::text(principal.issuer.as_ref().unwrap_or(&principal.arn).as_str())
            }
            "aws:principalaccount" => Found::text(principal.account_text.as_str()),
            "aws:principaltype" => Found::text(match principal.being {
                Being::Root(_) => "Account",
                Being::User(_) => "User",
                Being::Role(_) => "AssumedRole",
                Being::Host(_) => "HostOperator",
            }),
            "aws:userid" => Found::text(&principal.user_id),
            "aws:username" => Found::optional(principal.user().map(|user| user.name.as_str())),
            "aws:multifactorauthpresent" => self.multi_factor(),
            "aws:multifactorauthage" => self.multi_factor_age(),
            "aws:tokenissuetime" => match self.caller.session() {
                Some(session) => Found::One(Value::Time(session.issued)),
                None => Found::Absent,
            },
            "aws:sourceidentity" => Found::optional(
                self.caller
                    .session()
                    .and_then(|session| session.source_identity.as_deref()),
            ),
            "aws:viaawsservice" | "aws:principalisawsservice" => Found::One(Value::Bool(false)),
            "aws:resourceaccount" => Found::optional(self.check.account_text()),
            "aws:tagkeys" => Found::Many(self.parameters),
            _ => match key.split_once('/') {
                Some(("aws:principaltag", name)) => Found::optional(self.principal_tag(name)),
                Some(("aws:resourcetag" | "iam:resourcetag", name)) => {
                    Found::optional(self.resource_tag(name))
                }
                Some(("aws:requesttag", name)) => Found::optional(tag(&self.parameters.tags, name)),
                _ => Found::Absent,
            },
        }
    }
}
