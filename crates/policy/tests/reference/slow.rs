//! The literal evaluator: allocates, recurses, and looks at everything.

#![expect(
    clippy::string_slice,
    clippy::manual_try_fold,
    reason = "written to be read beside the documentation; a panic here is a failed test"
)]

use std::net::IpAddr;

use serde_json::{Map, Value};

/// One rule turned round, to see whether the comparison notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    AllowBeatsDeny,
    MissingKeyIsTrue,
    MissingKeyNegatedIsFalse,
    IfExistsIgnored,
    NegatedIsAnyInsteadOfNone,
    ForAllOfNothingIsFalse,
    ForAnyOfNothingIsTrue,
    NullReversed,
    NotActionIsAction,
    NotResourceIsResource,
    ActionsKeepCase,
    ResourcesIgnoreCase,
    VariablesInOldVersions,
    VariableWithoutValueIsEmpty,
    WildcardsInValuesCount,
    DefaultEvenIfPresent,
    BoundaryGrants,
    SessionIgnored,
    ScpIgnored,
    RcpIgnored,
    CrossAccountNeedsOneSide,
    AccountGrantSuffices,
    RoleGrantIgnoresBoundary,
    UserGrantLimitedByBoundary,
    TrustNotNeeded,
    NotPrincipalIgnoresBoundary,
    StarExcludesAnonymous,
    ArnWildcardsCrossColons,
    NumbersAsText,
    Ipv4HoldsIpv6,
    RootNeedsPolicies,
    UnknownOperatorIsFalse,
    UnknownOperatorIsTrue,
}

impl Mutation {
    pub(crate) const ALL: [Self; 33] = [
        Self::AllowBeatsDeny,
        Self::MissingKeyIsTrue,
        Self::MissingKeyNegatedIsFalse,
        Self::IfExistsIgnored,
        Self::NegatedIsAnyInsteadOfNone,
        Self::ForAllOfNothingIsFalse,
        Self::ForAnyOfNothingIsTrue,
        Self::NullReversed,
        Self::NotActionIsAction,
        Self::NotResourceIsResource,
        Self::ActionsKeepCase,
        Self::ResourcesIgnoreCase,
        Self::VariablesInOldVersions,
        Self::VariableWithoutValueIsEmpty,
        Self::WildcardsInValuesCount,
        Self::DefaultEvenIfPresent,
        Self::BoundaryGrants,
        Self::SessionIgnored,
        Self::ScpIgnored,
        Self::RcpIgnored,
        Self::CrossAccountNeedsOneSide,
        Self::AccountGrantSuffices,
        Self::RoleGrantIgnoresBoundary,
        Self::UserGrantLimitedByBoundary,
        Self::TrustNotNeeded,
        Self::NotPrincipalIgnoresBoundary,
        Self::StarExcludesAnonymous,
        Self::ArnWildcardsCrossColons,
        Self::NumbersAsText,
        Self::Ipv4HoldsIpv6,
        Self::RootNeedsPolicies,
        Self::UnknownOperatorIsFalse,
        Self::UnknownOperatorIsTrue,
    ];
}

pub(crate) const BASES: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// The elements of a statement.
const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Everything that a run must have met at least once.
pub(crate) fn expected_hits() -> Vec<String> {
    let mut names = Vec::new();
    for base in BASES {
        for outcome in ["true", "false"] {
            names.push(format!("operator {base} {outcome}"));
        }
    }
    for extra in ["ForAllValues:", "ForAnyValue:", "IfExists"] {
        for outcome in ["true", "false"] {
            names.push(format!("operator {extra} {outcome}"));
        }
    }
    for form in [
        "everyone",
        "account",
        "role",
        "user",
        "session",
        "service",
        "federated",
    ] {
        names.push(format!("principal {form}"));
    }
    for effect in ["Allow", "Deny", "allow", "Permit"] {
        names.push(format!("not understood {effect}"));
    }
    names.push("NotPrincipal true".to_owned());
    names.push("NotPrincipal false".to_owned());
    for kind in [
        "User",
        "Role",
        "AssumedRole",
        "FederatedUser",
        "Account",
        "Service",
        "Federated",
        "Anonymous",
    ] {
        for decision in ["allow", "explicit_deny", "implicit_deny"] {
            names.push(format!("caller {kind} {decision}"));
        }
    }
    for decision in ["allow", "explicit_deny", "implicit_deny"] {
        names.push(format!("decision {decision}"));
    }
    names
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Tok {
    Char(char),
    Star,
    One,
}

/// `Err`: not understood. `Ok(None)`: a variable has no value.
type Expanded = Result<Option<Vec<Tok>>, ()>;

/// True, false, or `None` where it is not sure.
type Maybe = Option<bool>;

fn and(one: Maybe, other: Maybe) -> Maybe {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(one: Maybe, other: Maybe) -> Maybe {
    and(one.map(|b| !b), other.map(|b| !b)).map(|b| !b)
}

pub(crate) struct Slow<'a> {
    line: &'a Value,
    mutation: Option<Mutation>,
    /// The policy that is being read has a version that nobody knows: nobody knows either what `${` means in it.
    doubtful: bool,
    pub(crate) hits: Vec<String>,
}

struct Layer {
    allowed: bool,
    denied: bool,
    /// Names by which Allow statements found the caller.
    forms: Vec<&'static str>,
}

impl<'a> Slow<'a> {
    pub(crate) fn new(line: &'a Value, mutation: Option<Mutation>) -> Self {
        Self {
            line,
            mutation,
            doubtful: false,
            hits: Vec::new(),
        }
    }

    fn on(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn context(&self, key: &str) -> Option<&'a Value> {
        let context = self.line["context"].as_object().expect("a context");
        let found = context
            .iter()
            .find(|(name, _)| name.to_lowercase() == key.to_lowercase())?
            .1;
        match found {
            Value::Array(values) if values.is_empty() => None,
            found => Some(found),
        }
    }

    pub(crate) fn decide(&mut self) -> &'static str {
        let decision = self.decision();
        let kind = self.line["principal"]["type"].as_str().expect("a type");
        self.hits.push(format!("caller {kind} {decision}"));
        decision
    }

    fn list(value: &Value) -> Vec<Value> {
        value.as_array().cloned().unwrap_or_default()
    }

    fn decision(&mut self) -> &'static str {
        let line = self.line;
        let identity = self.layer("identity", &Self::list(&line["identity_policies"]));
        let boundary = (!line["permissions_boundary"].is_null())
            .then(|| self.layer("boundary", &[line["permissions_boundary"].clone()]));
        let session = (!line["session_policies"].is_null() && !self.on(Mutation::SessionIgnored))
            .then(|| self.layer("session", &Self::list(&line["session_policies"])));
        let mut control = Vec::new();
        for (name, ignored) in [
            ("scps", Mutation::ScpIgnored),
            ("rcps", Mutation::RcpIgnored),
        ] {
            if line[name].is_null() || self.on(ignored) {
                continue;
            }
            for level in Self::list(&line[name]) {
                control.push(self.layer(name, &Self::list(&level)));
            }
        }
        let resource = (!line["resource_policy"].is_null())
            .then(|| self.layer("resource", &[line["resource_policy"].clone()]));

        let denied = identity.denied
            || boundary.as_ref().is_some_and(|layer| layer.denied)
            || session.as_ref().is_some_and(|layer| layer.denied)
            || control.iter().any(|layer| layer.denied)
            || resource.as_ref().is_some_and(|layer| layer.denied);
        if denied && !(self.on(Mutation::AllowBeatsDeny) && identity.allowed) {
            return "explicit_deny";
        }
        if control.iter().any(|layer| !layer.allowed) {
            return "implicit_deny";
        }

        let principal = &line["principal"];
        let kind = principal["type"].as_str().expect("a type");
        let bound = boundary.as_ref().is_none_or(|layer| layer.allowed);
        let sess = session.as_ref().is_none_or(|layer| layer.allowed);
        let mut own =
            identity.allowed || (kind == "Account" && !self.on(Mutation::RootNeedsPolicies));
        if self.on(Mutation::BoundaryGrants) && boundary.as_ref().is_some_and(|layer| layer.allowed)
        {
            own = true;
        }
        let own = own && bound && sess;
        let forms = resource.map(|layer| layer.forms).unwrap_or_default();
        let has = |form: &str| forms.contains(&form);
        let arn = line["resource"]["arn"].as_str().expect("an ARN");
        let action = line["action"].as_str().expect("an action").to_lowercase();
        let trust = action.starts_with("sts:") && arn.contains(":iam:") && arn.contains(":role/");
        let key = action.starts_with("kms:") && arn.contains(":kms:") && arn.contains(":key/");

        let yes = if matches!(kind, "Service" | "Federated" | "Anonymous") {
            has("own") || (has("everyone") && !trust)
        } else {
            // What the request does not say, the name may tell; else the resource is the caller's.
            let owner = line["resource"]["account"]
                .as_str()
                .or_else(|| arn.split(':').nth(4).filter(|part| part.len() == 12));
            let cross = owner.is_some_and(|owner| principal["account"] != *owner);
            if cross {
                if self.on(Mutation::CrossAccountNeedsOneSide) {
                    own || !forms.is_empty()
                } else {
                    own && !forms.is_empty()
                }
            } else if trust {
                if self.on(Mutation::TrustNotNeeded) && own {
                    true
                } else {
                    ((has("own") || has("role")) && bound && sess)
                        || ((has("account") || has("everyone")) && own)
                }
            } else {
                let needs_naming = key && !self.on(Mutation::TrustNotNeeded);
                let everyone = has("everyone");
                let as_own = has("own") || (everyone && kind != "Role");
                let as_role = has("role") || (everyone && kind == "Role");
                let direct = if self.on(Mutation::UserGrantLimitedByBoundary) {
                    as_own && bound && sess
                } else {
                    as_own
                };
                let by_role =
                    as_role && (self.on(Mutation::RoleGrantIgnoresBoundary) || (bound && sess));
                let by_account = self.on(Mutation::AccountGrantSuffices) && has("account");
                direct || by_role || by_account || (own && (!needs_naming || !forms.is_empty()))
            }
        };
        if yes { "allow" } else { "implicit_deny" }
    }

    fn layer(&mut self, name: &str, policies: &[Value]) -> Layer {
        let mut layer = Layer {
            allowed: false,
            denied: false,
            forms: Vec::new(),
        };
        for policy in policies {
            let policy = policy.as_object().expect("a policy");
            let foreign = policy
                .keys()
                .any(|name| !["Version", "Id", "Statement"].contains(&name.as_str()));
            let version = policy.get("Version").and_then(Value::as_str);
            let present = version == Some("2012-10-17");
            let old = matches!(version, None | Some("2008-10-17"));
            let vars = present || self.on(Mutation::VariablesInOldVersions);
            // An element that nobody knows could be the version, misspelt.
            self.doubtful = !present && (foreign || !old);
            let statements = match &policy["Statement"] {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            };
            for statement in &statements {
                let statement = statement.as_object().expect("a statement");
                let allow = statement["Effect"]
                    .as_str()
                    .is_some_and(|effect| effect.eq_ignore_ascii_case("Allow"));
                let understood = !foreign
                    && !self.doubtful
                    && (!allow || statement["Effect"] == "Allow")
                    && statement
                        .keys()
                        .all(|name| ELEMENTS.contains(&name.as_str()));
                let (matches, forms) = self.statement(name, statement, allow, vars);
                let applies = matches.unwrap_or(!allow) && (!allow || understood);
                if matches.is_none() || (!understood && matches == Some(true)) {
                    self.hits.push(format!(
                        "not understood {}",
                        statement["Effect"].as_str().expect("an effect")
                    ));
                }
                if applies && allow {
                    layer.allowed = true;
                    layer.forms.extend(forms);
                } else if applies {
                    layer.denied = true;
                }
            }
        }
        layer
    }

    fn statement(
        &mut self,
        layer: &str,
        statement: &Map<String, Value>,
        allow: bool,
        vars: bool,
    ) -> (Maybe, Vec<&'static str>) {
        let mut forms = Vec::new();
        let belongs = matches!(layer, "resource" | "rcps");
        let mut result = match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (None, None) if !belongs => Some(true),
            (Some(value), None) if belongs => {
                let doubt;
                (forms, doubt) = self.principals(value);
                if forms.is_empty() && doubt {
                    None
                } else {
                    Some(!forms.is_empty())
                }
            }
            (None, Some(value)) if belongs => {
                forms = vec!["everyone"];
                self.excepted(value, allow)
            }
            // It is missing, it does not belong here, or the two contradict each other.
            _ => None,
        };
        result = and(result, self.actions(statement));
        result = and(result, self.resources(statement, layer, vars));
        if result == Some(false) {
            return (result, forms);
        }
        let conditions = statement
            .get("Condition")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        for (operator, keys) in &conditions {
            for (key, values) in keys.as_object().expect("keys") {
                let holds = self.condition(operator, key, values, vars);
                result = and(result, holds);
            }
        }
        (result, forms)
    }

    /// Whether a statement with this NotPrincipal is about the caller.
    fn excepted(&mut self, value: &Value, allow: bool) -> Maybe {
        let (found, doubt) = self.principals(value);
        let bounded = !self.line["permissions_boundary"].is_null()
            && !self.on(Mutation::NotPrincipalIgnoresBoundary);
        let kind = self.line["principal"]["type"].as_str().expect("a type");
        let has = |form| found.contains(&form);
        let full = has("everyone")
            || match kind {
                "Account" => has("account"),
                "User" | "FederatedUser" => has("account") && has("own"),
                "Role" => has("account") && has("role"),
                "AssumedRole" => has("account") && has("role") && has("own"),
                "Service" | "Federated" => has("own"),
                _ => false,
            };
        let about = if allow {
            found.is_empty()
        } else {
            bounded || !full
        };
        self.hits.push(format!("NotPrincipal {about}"));
        if allow && about && doubt {
            None
        } else {
            Some(about)
        }
    }

    fn texts(value: &Value) -> Vec<String> {
        match value {
            Value::Array(list) => list
                .iter()
                .map(|v| v.as_str().expect("text").to_owned())
                .collect(),
            one => vec![one.as_str().expect("text").to_owned()],
        }
    }

    fn actions(&self, statement: &Map<String, Value>) -> Maybe {
        let (value, negated) = match (statement.get("Action"), statement.get("NotAction")) {
            (Some(value), None) => (value, false),
            (None, Some(value)) => (value, true),
            _ => return None,
        };
        let mut asked = self.line["action"].as_str().expect("an action").to_owned();
        let mut result = Some(false);
        for mut pattern in Self::texts(value) {
            if !self.on(Mutation::ActionsKeepCase) {
                asked = asked.to_lowercase();
                pattern = pattern.to_lowercase();
            }
            let parts: Vec<&str> = pattern.split(':').collect();
            let one = if pattern == "*" {
                Some(true)
            } else if parts.len() != 2 {
                None
            } else {
                let fits = wild(&glob(&pattern), &chars(&asked));
                unless_wild_service(parts[0], fits)
            };
            result = or(result, one);
        }
        let negated = negated && !self.on(Mutation::NotActionIsAction);
        result.map(|matches| matches != negated)
    }

    fn resources(&self, statement: &Map<String, Value>, layer: &str, vars: bool) -> Maybe {
        let (value, negated) = match (statement.get("Resource"), statement.get("NotResource")) {
            (Some(value), None) => (value, false),
            (None, Some(value)) => (value, true),
            (None, None) if layer == "resource" => return Some(true),
            _ => return None,
        };
        let mut asked = self.line["resource"]["arn"]
            .as_str()
            .expect("an ARN")
            .to_owned();
        let mut result = Some(false);
        for mut pattern in Self::texts(value) {
            if self.on(Mutation::ResourcesIgnoreCase) {
                asked = asked.to_lowercase();
                pattern = pattern.to_lowercase();
            }
            result = or(result, self.resource(&pattern, &asked, negated, vars));
        }
        let negated = negated && !self.on(Mutation::NotResourceIsResource);
        result.map(|matches| matches != negated)
    }

    fn resource(&self, pattern: &str, asked: &str, negated: bool, vars: bool) -> Maybe {
        if pattern == "*" {
            return Some(true);
        }
        if !pattern.starts_with("arn:") || (self.doubtful && pattern.contains("${")) {
            return None;
        }
        if asked == "*" {
            return self.unresolved_or_false(pattern, negated, vars);
        }
        let parts = split(pattern, vars);
        let asked: Vec<&str> = asked.splitn(6, ':').collect();
        let mut all = true;
        let mut resolved = true;
        for (at, text) in asked.iter().enumerate() {
            let matches = match parts.get(at) {
                None => true,
                Some(part) => match self.expand(part, vars && at == 5, true) {
                    Err(()) => return None,
                    Ok(None) => {
                        resolved = false;
                        false
                    }
                    Ok(Some(tokens)) => wild(&tokens, &chars(text)),
                },
            };
            all &= matches;
        }
        if negated && !resolved {
            None
        } else {
            unless_wild_service(parts.get(2).map_or("", String::as_str), all)
        }
    }

    fn unresolved_or_false(&self, pattern: &str, negated: bool, vars: bool) -> Maybe {
        let parts = split(pattern, vars);
        let missing = parts
            .get(5)
            .is_some_and(|part| self.expand(part, vars, true) == Ok(None));
        if negated && missing {
            None
        } else {
            Some(false)
        }
    }

    fn expand(&self, text: &str, vars: bool, wildcards: bool) -> Expanded {
        let mut tokens = Vec::new();
        let mut rest = text;
        let mut missing = false;
        while let Some(c) = rest.chars().next() {
            if vars && rest.starts_with("${") {
                let end = rest.find('}').ok_or(())?;
                let body = &rest[2..end];
                rest = &rest[end + 1..];
                if body == "*" || body == "?" || body == "$" {
                    tokens.push(Tok::Char(body.chars().next().expect("one")));
                    continue;
                }
                let (key, default) = match body.split_once(',') {
                    None => (body.trim(), None),
                    Some((key, quoted)) => (key.trim(), Some(quoted.trim().trim_matches('\''))),
                };
                let value = match self.context(key) {
                    Some(Value::Array(_)) => None,
                    Some(Value::String(text)) => Some(text.as_str()),
                    _ => default,
                };
                let value = if self.on(Mutation::DefaultEvenIfPresent) {
                    default.or(value)
                } else {
                    value
                };
                match value {
                    Some(text) if self.on(Mutation::WildcardsInValuesCount) && wildcards => {
                        tokens.extend(glob(text))
                    }
                    Some(text) => tokens.extend(text.chars().map(Tok::Char)),
                    None if self.on(Mutation::VariableWithoutValueIsEmpty) => {}
                    None => missing = true,
                }
                continue;
            }
            tokens.push(match c {
                '*' if wildcards => Tok::Star,
                '?' if wildcards => Tok::One,
                c => Tok::Char(c),
            });
            rest = &rest[c.len_utf8()..];
        }
        Ok((!missing).then_some(tokens))
    }

    fn condition(&mut self, operator: &str, key: &str, values: &Value, vars: bool) -> Maybe {
        let (set, rest) = match operator.split_once(':') {
            Some((set @ ("ForAllValues" | "ForAnyValue"), rest)) => (set, rest),
            Some(_) => ("", ""),
            None => ("", operator),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        if !BASES.contains(&base) {
            if self.on(Mutation::UnknownOperatorIsFalse) {
                return Some(false);
            }
            return if self.on(Mutation::UnknownOperatorIsTrue) {
                Some(true)
            } else {
                None
            };
        }
        let result = self.known(
            set,
            base,
            if_exists && !self.on(Mutation::IfExistsIgnored),
            key,
            values,
            vars,
        );
        if let Some(outcome) = result {
            self.hits.push(format!("operator {base} {outcome}"));
            if !set.is_empty() {
                self.hits.push(format!("operator {set}: {outcome}"));
            }
            if if_exists {
                self.hits.push(format!("operator IfExists {outcome}"));
            }
        }
        result
    }

    fn known(
        &self,
        set: &str,
        base: &str,
        if_exists: bool,
        key: &str,
        values: &Value,
        vars: bool,
    ) -> Maybe {
        let values: Vec<String> = match values {
            Value::Array(list) => list.iter().map(scalar).collect(),
            one => vec![scalar(one)],
        };
        let found = self.context(key);
        if base == "Null" {
            let absent = found.is_none() != self.on(Mutation::NullReversed);
            return Some(
                values
                    .iter()
                    .any(|value| value.eq_ignore_ascii_case(if absent { "true" } else { "false" })),
            );
        }
        let negated = base.contains("Not");
        let Some(found) = found else {
            if if_exists {
                return Some(true);
            }
            return Some(match set {
                "ForAllValues" => !self.on(Mutation::ForAllOfNothingIsFalse),
                "ForAnyValue" => self.on(Mutation::ForAnyOfNothingIsTrue),
                _ if negated => !self.on(Mutation::MissingKeyNegatedIsFalse),
                _ => self.on(Mutation::MissingKeyIsTrue),
            });
        };
        let asked: Vec<&str> = match found {
            Value::Array(list) => list.iter().map(|v| v.as_str().expect("text")).collect(),
            one => vec![one.as_str().expect("text")],
        };
        if set == "ForAllValues" && asked == [""] {
            return Some(!self.on(Mutation::ForAllOfNothingIsFalse));
        }
        // Whether any value of the policy fits one value of the request.
        let fits = |one: &str| {
            values.iter().fold(Some(false), |sum, value| {
                let fits = self.compare(base, one, value, vars);
                let fits = if negated && self.on(Mutation::NegatedIsAnyInsteadOfNone) {
                    fits.map(|b| !b)
                } else {
                    fits
                };
                or(sum, fits)
            })
        };
        let flip = |maybe: Maybe| {
            if negated && !self.on(Mutation::NegatedIsAnyInsteadOfNone) {
                maybe.map(|b| !b)
            } else {
                maybe
            }
        };
        match set {
            "ForAllValues" => asked
                .iter()
                .fold(Some(true), |sum, one| and(sum, flip(fits(one)))),
            "ForAnyValue" => asked
                .iter()
                .fold(Some(false), |sum, one| or(sum, flip(fits(one)))),
            _ => flip(
                asked
                    .iter()
                    .fold(Some(false), |sum, one| or(sum, fits(one))),
            ),
        }
    }

    fn compare(&self, base: &str, asked: &str, value: &str, vars: bool) -> Maybe {
        if self.doubtful && value.contains("${") {
            return None;
        }
        let base = base.replace("Not", "");
        match base.as_str() {
            "StringEquals" | "StringEqualsIgnoreCase" | "StringLike" => {
                let tokens = match self.expand(value, vars, base == "StringLike") {
                    Err(()) => return None,
                    Ok(None) => return Some(false),
                    Ok(Some(tokens)) => tokens,
                };
                if base == "StringEqualsIgnoreCase" {
                    let lower: Vec<Tok> = tokens
                        .into_iter()
                        .map(|tok| match tok {
                            Tok::Char(c) => Tok::Char(c.to_ascii_lowercase()),
                            tok => tok,
                        })
                        .collect();
                    return Some(wild(&lower, &chars(&asked.to_ascii_lowercase())));
                }
                Some(wild(&tokens, &chars(asked)))
            }
            "ArnEquals" | "ArnLike" => {
                if self.on(Mutation::ArnWildcardsCrossColons) {
                    return Some(
                        matches!(self.expand(value, vars, true), Ok(Some(tokens)) if wild(&tokens, &chars(asked))),
                    );
                }
                let parts = split(value, vars);
                if parts.len() < 6 {
                    return None;
                }
                let asked: Vec<&str> = asked.splitn(6, ':').collect();
                if asked.len() < 6 || asked[0] != "arn" {
                    return Some(false);
                }
                let mut all = true;
                for (part, text) in parts.iter().zip(asked) {
                    match self.expand(part, vars, true) {
                        Err(()) => return None,
                        Ok(None) => all = false,
                        Ok(Some(tokens)) => all &= wild(&tokens, &chars(text)),
                    }
                }
                Some(all)
            }
            "Bool" => {
                let wanted = truth(value)?;
                Some(truth(asked) == Some(wanted))
            }
            "BinaryEquals" => Some(asked == value),
            "IpAddress" => {
                let (address, length) = network(value)?;
                let Ok(asked) = asked.parse::<IpAddr>() else {
                    return Some(false);
                };
                if self.on(Mutation::Ipv4HoldsIpv6) && length == 0 {
                    return Some(true);
                }
                let (one, other) = (bits(asked), bits(address));
                Some(one.len() == other.len() && one[..length] == other[..length])
            }
            _ => {
                let date = base.starts_with("Date");
                let name = base
                    .trim_start_matches("Date")
                    .trim_start_matches("Numeric");
                let read = |text: &str| if date { instant(text) } else { number(text) };
                let wanted = read(value)?;
                let Some(mut asked_number) = read(asked) else {
                    return Some(false);
                };
                let mut wanted = wanted;
                if self.on(Mutation::NumbersAsText) && !date {
                    (asked_number, wanted) = (i128::from(asked > value), i128::from(asked < value));
                }
                Some(match name {
                    "Equals" => asked_number == wanted,
                    "LessThan" => asked_number < wanted,
                    "LessThanEquals" => asked_number <= wanted,
                    "GreaterThan" => asked_number > wanted,
                    "GreaterThanEquals" => asked_number >= wanted,
                    other => panic!("operator {other}"),
                })
            }
        }
    }

    /// By which names the caller is found, and whether something among them is not understood.
    fn principals(&mut self, value: &Value) -> (Vec<&'static str>, bool) {
        let principal = &self.line["principal"];
        let kind = principal["type"].as_str().expect("a type");
        let arn = principal["arn"].as_str().unwrap_or_default();
        let account = principal["account"].as_str();
        let mut found = Vec::new();
        let mut doubt = false;
        let mut entries: Vec<(String, String)> = Vec::new();
        match value {
            Value::String(text) => entries.push(("AWS".to_owned(), text.clone())),
            map => {
                for (name, texts) in map.as_object().expect("a map") {
                    for text in Self::texts(texts) {
                        entries.push((name.clone(), text));
                    }
                }
            }
        }
        for (name, text) in entries {
            let iam = matches!(
                kind,
                "User" | "Role" | "AssumedRole" | "FederatedUser" | "Account"
            );
            match name.as_str() {
                "AWS" if text == "*" => {
                    if !(kind == "Anonymous" && self.on(Mutation::StarExcludesAnonymous)) {
                        found.push("everyone");
                        self.hits.push("principal everyone".to_owned());
                    }
                }
                "AWS" if text.len() == 12 || text.ends_with(":root") => {
                    let id = if text.len() == 12 {
                        text.as_str()
                    } else {
                        text.split(':').nth(4).expect("account")
                    };
                    if iam && account == Some(id) {
                        found.push("account");
                        self.hits.push("principal account".to_owned());
                    }
                }
                // AWS knows no wildcards here. Whom the pattern would reach is in doubt, and of a session one cannot
                // see the role's full name.
                "AWS" if text.contains(['*', '?']) => {
                    doubt |= iam && wild(&glob(&text), &chars(arn));
                    doubt |= kind == "AssumedRole";
                }
                "AWS" if !text.starts_with("arn:") => doubt = true,
                "AWS" if text.contains(":role/") => {
                    let parts: Vec<&str> = text.split(':').collect();
                    let role = text.rsplit('/').next().expect("a name");
                    let prefix = format!("arn:aws:sts::{}:assumed-role/{role}/", parts[4]);
                    if (kind == "Role" && arn == text)
                        || (kind == "AssumedRole" && arn.starts_with(&prefix))
                    {
                        found.push("role");
                        self.hits.push("principal role".to_owned());
                    }
                }
                "AWS" => {
                    if iam && arn == text {
                        found.push("own");
                        let form = if text.contains(":user/") {
                            "user"
                        } else {
                            "session"
                        };
                        self.hits.push(format!("principal {form}"));
                    }
                }
                "Service" if text.contains('*') => doubt = true,
                // Only S3 knows such users.
                "CanonicalUser" => {}
                "Service" => {
                    if kind == "Service" && arn == text {
                        found.push("own");
                        self.hits.push("principal service".to_owned());
                    }
                }
                "Federated" => {
                    if kind == "Federated" && arn == text {
                        found.push("own");
                        self.hits.push("principal federated".to_owned());
                    }
                }
                _ => doubt = true,
            }
        }
        (found, doubt)
    }
}

/// AWS allows no wildcard in the service of an action or a resource: what it would match is in doubt.
fn unless_wild_service(service: &str, fits: bool) -> Maybe {
    if fits && service.contains(['*', '?']) {
        None
    } else {
        Some(fits)
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn glob(text: &str) -> Vec<Tok> {
    text.chars()
        .map(|c| match c {
            '*' => Tok::Star,
            '?' => Tok::One,
            c => Tok::Char(c),
        })
        .collect()
}

fn wild(pattern: &[Tok], text: &[char]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some(Tok::Star) => {
            wild(&pattern[1..], text) || (!text.is_empty() && wild(pattern, &text[1..]))
        }
        Some(Tok::One) => !text.is_empty() && wild(&pattern[1..], &text[1..]),
        Some(Tok::Char(c)) => text.first() == Some(c) && wild(&pattern[1..], &text[1..]),
    }
}

/// Splits at the first five colons outside variables.
fn split(text: &str, vars: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    let mut before = ' ';
    for c in text.chars() {
        if vars && before == '$' && c == '{' {
            inside = true;
        }
        if c == '}' {
            inside = false;
        }
        if c == ':' && !inside && parts.len() < 6 {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("a part").push(c);
        }
        before = c;
    }
    parts
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// In millionths.
fn number(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<u32>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if whole.is_empty()
        || !format!("{whole}{fraction}")
            .chars()
            .all(|c| c.is_ascii_digit())
    {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<6}").parse().ok()?;
    let whole: i128 = whole.parse().ok()?;
    Some(sign * (whole * 1_000_000 + fraction) * 10i128.pow(exponent))
}

/// In seconds.
fn instant(text: &str) -> Option<i128> {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let fields: Vec<i128> = date
        .split('-')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [year, month, day] = fields[..] else {
        return None;
    };
    let (time, offset) = match time.strip_suffix('Z') {
        Some(time) => (time.to_owned(), 0),
        None => {
            let at = time.find(['+', '-'])?;
            let sign = if time[at..].starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = time[at + 1..].split_once(':')?;
            (
                time[..at].to_owned(),
                sign * (hours.parse::<i128>().ok()? * 3600 + minutes.parse::<i128>().ok()? * 60),
            )
        }
    };
    let clock: Vec<i128> = time
        .split(':')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [hour, minute, second] = clock[..] else {
        return None;
    };
    let leap = |year: i128| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        if leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut days = day - 1;
    for passed in 1970..year {
        days += if leap(passed) { 366 } else { 365 };
    }
    for length in &lengths[..usize::try_from(month - 1).ok()?] {
        days += length;
    }
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

fn bits(address: IpAddr) -> Vec<char> {
    let text: String = match address {
        IpAddr::V4(address) => address
            .octets()
            .iter()
            .map(|octet| format!("{octet:08b}"))
            .collect(),
        IpAddr::V6(address) => address
            .octets()
            .iter()
            .map(|octet| format!("{octet:08b}"))
            .collect(),
    };
    text.chars().collect()
}

fn network(text: &str) -> Option<(IpAddr, usize)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<usize>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = bits(address).len();
    let length = length.unwrap_or(most);
    (length <= most).then_some((address, length))
}
