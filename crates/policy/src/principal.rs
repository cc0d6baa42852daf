//! Principal and NotPrincipal (IAM user guide, "AWS JSON policy elements: Principal", "NotPrincipal").

use crate::arn::ArnText;
use crate::json::{Json, Node, Position};
use crate::pattern::{Pattern, Steps, Syntax};
use crate::policy::Effect;
use crate::recorder::Truth;
use crate::request::{Principal, PrincipalKind};

/// The name under which a principal stands in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalType {
    /// `"*"` outside any map.
    Everyone,
    /// `AWS`.
    Aws,
    /// `Federated`.
    Federated,
    /// `Service`.
    Service,
    /// `CanonicalUser`: of S3 alone; no caller of Claviger has one.
    CanonicalUser,
}

/// One principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPrincipal {
    /// The name it stands under.
    pub kind: PrincipalType,
    /// The text.
    pub text: Box<str>,
    /// Where the text stands.
    pub position: Position,
    entry: Entry,
}

/// What a principal's text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Everyone,
    /// An account, by its number or its root ARN; the partition where the policy gives one.
    Account {
        id: Box<str>,
        partition: Option<Box<str>>,
    },
    User,
    Role {
        partition: Box<str>,
        account: Box<str>,
        name: Box<str>,
    },
    /// A session of a role, or of GetFederationToken.
    Session,
    UniqueId,
    Service,
    Federated,
    CanonicalUser,
    /// Wildcards within an ARN, which IAM does not allow here: what it would match is not sure.
    Wild(Pattern),
    Unsure,
}

/// By which of its names a caller was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Account,
    Role,
    /// The user behind a federated session.
    Issuer,
    Everyone,
    Own,
}

/// All the names by which a caller was found. Each grants by itself: none stands for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Forms(u8);

impl Forms {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn of(form: Form) -> Self {
        Self(1 << form as u8)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, form: Form) -> bool {
        self.0 & Self::of(form).0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Form> {
        [
            Form::Own,
            Form::Everyone,
            Form::Issuer,
            Form::Role,
            Form::Account,
        ]
        .into_iter()
        .filter(move |form| self.has(*form))
    }

    /// A caller escapes a Deny with NotPrincipal only where every name that AWS checks in turn is listed: the account, then the role, then the session.
    const fn exempts(self, kind: PrincipalKind) -> bool {
        if self.has(Form::Everyone) {
            return true;
        }
        let (account, role, own) = (
            self.has(Form::Account),
            self.has(Form::Role),
            self.has(Form::Own),
        );
        match kind {
            PrincipalKind::Account => account,
            PrincipalKind::User | PrincipalKind::FederatedUser => account && own,
            PrincipalKind::Role => account && role,
            PrincipalKind::AssumedRole => account && role && own,
            PrincipalKind::Service | PrincipalKind::Federated => own,
            PrincipalKind::Anonymous => false,
        }
    }
}

/// The Principal or NotPrincipal of a statement.
#[derive(Debug, Clone)]
pub(crate) struct PrincipalClause {
    pub(crate) negated: bool,
    pub(crate) named: Box<[NamedPrincipal]>,
    /// Something in it is not understood.
    unsure: bool,
}

pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && text.len() >= 16
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

impl Entry {
    pub(crate) fn parse(kind: PrincipalType, text: &str) -> Self {
        match kind {
            PrincipalType::Everyone => Self::Everyone,
            PrincipalType::Aws => Self::aws(text),
            PrincipalType::Federated if !text.is_empty() && !text.contains(['*', '?']) => {
                Self::Federated
            }
            PrincipalType::Service if !text.is_empty() && !text.contains(['*', '?']) => {
                Self::Service
            }
            PrincipalType::CanonicalUser => Self::CanonicalUser,
            PrincipalType::Federated | PrincipalType::Service => Self::Unsure,
        }
    }

    fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Everyone;
        }
        if is_account_id(text) {
            return Self::Account {
                id: text.into(),
                partition: None,
            };
        }
        if is_unique_id(text) {
            return Self::UniqueId;
        }
        if text.contains(['*', '?']) {
            let syntax = Syntax {
                wildcards: true,
                variables: false,
            };
            return Pattern::parse(text, syntax).map_or(Self::Unsure, Self::Wild);
        }
        let Some(arn) = ArnText::split(text) else {
            return Self::Unsure;
        };
        if !is_account_id(arn.account()) {
            return Self::Unsure;
        }
        let resource = arn.resource();
        let named = |prefix: &str| {
            resource
                .strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty() && !rest.ends_with('/'))
        };
        match arn.service() {
            "iam" if resource == "root" => Self::Account {
                id: arn.account().into(),
                partition: Some(arn.partition().into()),
            },
            "iam" if named("user/") => Self::User,
            "iam" if named("role/") => Self::Role {
                partition: arn.partition().into(),
                account: arn.account().into(),
                name: resource.rsplit('/').next().unwrap_or_default().into(),
            },
            "sts" if named("assumed-role/") || named("federated-user/") => Self::Session,
            _ => Self::Unsure,
        }
    }

    /// Whether AWS would take the text when a policy is saved, as far as its form goes.
    pub(crate) const fn is_well_formed(&self) -> bool {
        !matches!(self, Self::Unsure | Self::Wild(_))
    }
}

impl PrincipalClause {
    pub(crate) fn compile(node: &Node, negated: bool) -> Self {
        let mut named = Vec::new();
        let mut unsure = false;
        let mut push = |kind, text: &str, position| {
            named.push(NamedPrincipal {
                kind,
                text: text.into(),
                position,
                entry: Entry::parse(kind, text),
            });
        };
        match &node.value {
            Json::Text(text) if &**text == "*" => push(PrincipalType::Everyone, "*", node.start),
            Json::Object(members) => {
                for member in members {
                    let kind = match &*member.name {
                        "AWS" => PrincipalType::Aws,
                        "Federated" => PrincipalType::Federated,
                        "Service" => PrincipalType::Service,
                        "CanonicalUser" => PrincipalType::CanonicalUser,
                        _ => {
                            unsure = true;
                            continue;
                        }
                    };
                    for node in member.node.one_or_many() {
                        match node.as_text() {
                            Some(text) => push(kind, text, node.start),
                            None => unsure = true,
                        }
                    }
                }
            }
            _ => unsure = true,
        }
        unsure |= named.is_empty() || named.iter().any(|named| named.entry == Entry::Unsure);
        Self {
            negated,
            named: named.into(),
            unsure,
        }
    }

    /// Stands for a statement with both elements.
    pub(crate) fn contradictory() -> Self {
        Self {
            negated: false,
            named: Box::default(),
            unsure: true,
        }
    }

    /// Whether the statement is about the caller, and by which names.
    pub(crate) fn matches(
        &self,
        effect: Effect,
        caller: &Principal<'_>,
        bounded: bool,
        steps: &mut Steps,
    ) -> (Truth, Forms) {
        let mut found = Forms::NONE;
        let mut unsure = self.unsure;
        for named in &self.named {
            steps.take(1);
            match named.finds(caller, steps) {
                (Truth::True, form) => found = found.and(Forms::of(form)),
                (Truth::Unsure, _) => unsure = true,
                (Truth::False, _) => {}
            }
        }
        let or_unsure = |sure: Truth| if unsure { Truth::Unsure } else { sure };
        if !self.negated {
            let truth = if found.is_empty() {
                or_unsure(Truth::False)
            } else {
                Truth::True
            };
            return (truth, found);
        }
        let truth = match effect {
            // A boundary makes NotPrincipal with Deny match always (IAM user guide, "NotPrincipal").
            Effect::Deny => Truth::from(bounded || !found.exempts(caller.kind)),
            Effect::Allow if found.is_empty() => or_unsure(Truth::True),
            Effect::Allow => Truth::False,
        };
        (truth, Forms::of(Form::Everyone))
    }
}

impl NamedPrincipal {
    /// Whether AWS takes the text as a principal, as far as its form goes.
    #[must_use]
    pub const fn is_well_formed(&self) -> bool {
        self.entry.is_well_formed()
    }

    fn finds(&self, caller: &Principal<'_>, steps: &mut Steps) -> (Truth, Form) {
        use PrincipalKind::{Account, AssumedRole, Federated, FederatedUser, Role, Service, User};
        let text = &*self.text;
        let kind = caller.kind;
        let in_account = matches!(kind, Account | User | Role | AssumedRole | FederatedUser);
        let sure = |matches: bool, form: Form| (Truth::from(matches), form);
        match &self.entry {
            Entry::Everyone => (Truth::True, Form::Everyone),
            Entry::Account { id, partition } => {
                let here = in_account
                    && caller.account == Some(id)
                    && partition.as_deref().is_none_or(|partition| {
                        ArnText::split(caller.arn).is_some_and(|arn| arn.partition() == partition)
                    });
                sure(here, Form::Account)
            }
            Entry::User => match kind {
                User => sure(caller.arn == text, Form::Own),
                FederatedUser => sure(caller.issuer == Some(text), Form::Issuer),
                _ => sure(false, Form::Own),
            },
            Entry::Role {
                partition,
                account,
                name,
            } => match kind {
                Role => sure(caller.arn == text, Form::Role),
                AssumedRole => {
                    let same = match caller.issuer {
                        Some(issuer) => issuer == text,
                        None => ArnText::split(caller.arn).is_some_and(|arn| {
                            arn.partition() == &**partition
                                && arn.service() == "sts"
                                && arn.account() == &**account
                                && arn
                                    .resource()
                                    .strip_prefix("assumed-role/")
                                    .and_then(|rest| rest.split_once('/'))
                                    .is_some_and(|(role, _)| role == &**name)
                        }),
                    };
                    sure(same, Form::Role)
                }
                _ => sure(false, Form::Role),
            },
            Entry::Session => sure(
                matches!(kind, AssumedRole | FederatedUser) && caller.arn == text,
                Form::Own,
            ),
            Entry::UniqueId => {
                let form = match kind {
                    User => Form::Own,
                    FederatedUser => Form::Issuer,
                    _ => Form::Role,
                };
                sure(
                    matches!(kind, User | Role | AssumedRole | FederatedUser)
                        && caller.unique_id == Some(text),
                    form,
                )
            }
            Entry::Service => sure(kind == Service && caller.arn == text, Form::Own),
            Entry::Federated => sure(kind == Federated && caller.arn == text, Form::Own),
            Entry::CanonicalUser => sure(false, Form::Own),
            Entry::Wild(pattern) => {
                let nothing = crate::facts::NoFacts;
                let fits = in_account
                    && (pattern.matches(caller.arn, &nothing, steps)
                        || caller
                            .issuer
                            .is_some_and(|issuer| pattern.matches(issuer, &nothing, steps)));
                // A session whose role is not known by its ARN could be meant by any pattern.
                if fits || (kind == AssumedRole && caller.issuer.is_none()) {
                    (Truth::Unsure, Form::Account)
                } else {
                    (Truth::False, Form::Account)
                }
            }
            Entry::Unsure => (Truth::Unsure, Form::Account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    const ROOT: &str = "arn:aws:iam::111122223333:root";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/R/s";

    fn clause(text: &str, negated: bool) -> PrincipalClause {
        PrincipalClause::compile(&json::parse(text, 64).expect("JSON"), negated)
    }

    fn find(text: &str, caller: &Principal<'_>) -> (Truth, Forms) {
        clause(text, false).matches(Effect::Allow, caller, false, &mut Steps::new(1_000))
    }

    fn caller(kind: PrincipalKind, arn: &'static str) -> Principal<'static> {
        Principal::new(kind, arn, Some("111122223333"))
    }

    #[test]
    fn a_role_arn_covers_its_sessions_by_name_or_by_the_known_arn() {
        let mut session = caller(PrincipalKind::AssumedRole, SESSION);
        for role in [
            "arn:aws:iam::111122223333:role/R",
            "arn:aws:iam::111122223333:role/a/b/R",
        ] {
            assert_eq!(
                find(&format!(r#"{{"AWS":"{role}"}}"#), &session),
                (Truth::True, Forms::of(Form::Role))
            );
        }
        for other in [
            "arn:aws:iam::444455556666:role/R",
            "arn:aws-cn:iam::111122223333:role/R",
            "arn:aws:iam::111122223333:role/r",
            "arn:aws:iam::111122223333:role/R/s",
        ] {
            assert_eq!(
                find(&format!(r#"{{"AWS":"{other}"}}"#), &session).0,
                Truth::False,
                "{other}"
            );
        }
        session.issuer = Some("arn:aws:iam::111122223333:role/a/b/R");
        assert_eq!(
            find(r#"{"AWS":"arn:aws:iam::111122223333:role/R"}"#, &session).0,
            Truth::False
        );
        assert_eq!(
            find(
                r#"{"AWS":"arn:aws:iam::111122223333:role/a/b/R"}"#,
                &session
            )
            .0,
            Truth::True
        );
    }

    #[test]
    fn ac_20_a_unique_id_matches_the_same_user_only() {
        let mut user = caller(PrincipalKind::User, "arn:aws:iam::111122223333:user/u");
        let policy = r#"{"AWS":"AIDAEXAMPLEEXAMPLE12"}"#;
        assert_eq!(find(policy, &user).0, Truth::False);
        user.unique_id = Some("AIDAEXAMPLEEXAMPLE12");
        assert_eq!(find(policy, &user), (Truth::True, Forms::of(Form::Own)));
        user.unique_id = Some("AIDAEXAMPLEEXAMPLE13");
        assert_eq!(find(policy, &user).0, Truth::False);
    }

    #[test]
    fn every_name_counts() {
        let session = caller(PrincipalKind::AssumedRole, SESSION);
        let all = format!(r#"{{"AWS":["{ROOT}","arn:aws:iam::111122223333:role/R","{SESSION}"]}}"#);
        let (truth, forms) = find(&all, &session);
        assert_eq!(
            (truth, forms.iter().collect::<Vec<_>>()),
            (Truth::True, vec![Form::Own, Form::Role, Form::Account])
        );
        let mut federated = caller(
            PrincipalKind::FederatedUser,
            "arn:aws:sts::111122223333:federated-user/f",
        );
        federated.issuer = Some("arn:aws:iam::111122223333:user/u");
        assert_eq!(
            find(r#"{"AWS":"arn:aws:iam::111122223333:user/u"}"#, &federated),
            (Truth::True, Forms::of(Form::Issuer))
        );
    }

    #[test]
    fn not_principal_in_an_allow_leaves_out_the_sessions_of_whom_it_names() {
        let mut federated = caller(
            PrincipalKind::FederatedUser,
            "arn:aws:sts::111122223333:federated-user/f",
        );
        federated.issuer = Some("arn:aws:iam::111122223333:user/u");
        let ask = |text: &str| {
            clause(text, true)
                .matches(Effect::Allow, &federated, false, &mut Steps::new(1_000))
                .0
        };
        assert_eq!(
            ask(r#"{"AWS":"arn:aws:iam::111122223333:user/u"}"#),
            Truth::False
        );
        assert_eq!(
            ask(r#"{"AWS":"arn:aws:iam::111122223333:user/v"}"#),
            Truth::True
        );
        assert_eq!(ask(r#"{"AWS":"x"}"#), Truth::Unsure);
    }

    #[test]
    fn ac_14_what_names_nobody_known_is_not_sure() {
        let user = caller(PrincipalKind::User, "arn:aws:iam::111122223333:user/u");
        for odd in [
            r#""x""#,
            "5",
            "{}",
            r#"{"AWS":[]}"#,
            r#"{"AWS":5}"#,
            r#"{"Aws":"*"}"#,
            r#"{"AWS":"x"}"#,
            r#"{"Service":"*"}"#,
            r#"{"AWS":"arn:aws:iam::111122223333:group/g"}"#,
            r#"{"AWS":"arn:aws:iam::111122223333:user/*"}"#,
        ] {
            assert_eq!(find(odd, &user).0, Truth::Unsure, "{odd}");
        }
        assert_eq!(
            find(r#"{"AWS":"arn:aws:iam::111122223333:role/*"}"#, &user).0,
            Truth::False
        );
        let nobody = clause("5", true).matches(Effect::Deny, &user, false, &mut Steps::new(1_000));
        assert_eq!(nobody.0, Truth::True);
    }
}
