//! Compiling a policy document and deciding by it.

use claviger_policy::{
    Action, Context, Decision, Explanation, Layers, Policy, PolicyRef, Principal, PrincipalKind,
    Request, Resource, ResourceRule, Silent, decide,
};

const USER: &str = "arn:aws:iam::123456789012:user/staff/alice";
const ACCOUNT: Option<&str> = Some("123456789012");
const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}"#;

/// Reads the bytes as a line `ACTION RESOURCE`, lines `KEY=VALUE`, an empty line, and a policy document.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (head, document) = text.split_once("\n\n").unwrap_or(("", text));
    let mut lines = head.lines();
    let (action, resource) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or(("s3:GetObject", "*"));
    let Some(action) = Action::new(action) else {
        return;
    };
    let mut facts = Context::new();
    for (key, value) in lines.filter_map(|line| line.split_once('=')) {
        facts.insert(key, value);
    }
    let Ok(policy) = Policy::compile(document) else {
        return;
    };
    let request = Request {
        principal: Principal::new(PrincipalKind::User, USER, ACCOUNT),
        action,
        resource: Resource {
            arn: resource,
            account: ACCOUNT,
        },
        facts: &facts,
    };

    let decided = in_every_layer(&policy, &request);
    if let Some(same) = written_again(document) {
        let again = in_every_layer(&same, &request);
        assert_eq!(
            decided, again,
            "the same document, written in another way, decides otherwise"
        );
    }
    a_deny_wins(&policy, &request);
    a_fence_grants_nothing(&policy, &request);
}

/// What the policy decides from each place where it can stand, asked twice: enforced and explained.
fn in_every_layer(policy: &Policy, request: &Request<'_, Context>) -> Vec<Decision> {
    let all = Policy::compile(ALLOW_ALL).expect("a good document");
    let (this, all) = ([PolicyRef::from(policy)], [PolicyRef::from(&all)]);
    let (this_level, all_levels) = ([this.as_slice()], [all.as_slice()]);
    let mixed_levels = [all.as_slice(), this.as_slice()];
    let layers = [
        Layers {
            identity: &this,
            ..Layers::default()
        },
        Layers {
            identity: &all,
            boundary: Some(this[0]),
            ..Layers::default()
        },
        Layers {
            identity: &all,
            session: Some(&this),
            ..Layers::default()
        },
        Layers {
            identity: &all,
            scps: Some(&mixed_levels),
            rcps: Some(&this_level),
            ..Layers::default()
        },
        Layers {
            scps: Some(&all_levels),
            resource: Some(this[0]),
            ..Layers::default()
        },
        Layers {
            identity: &all,
            resource: Some(this[0]),
            resource_rule: ResourceRule::Trust,
            ..Layers::default()
        },
    ];
    layers
        .iter()
        .map(|layers| {
            let enforced = decide(request, layers, &mut Silent);
            let explained = decide(request, layers, &mut Explanation::new());
            // An explanation looks at more than a decision needs, and so may run out of steps where enforcing ends early:
            // both are denials.
            assert_eq!(
                (enforced.is_allow(), enforced.is_explicit_deny()),
                (explained.is_allow(), explained.is_explicit_deny()),
                "an explanation that differs from what is enforced"
            );
            enforced
        })
        .collect()
}

/// The document with other white space, order of keys and escapes; `None` where serde_json reads less than we do.
fn written_again(document: &str) -> Option<Policy> {
    let value: serde_json::Value = serde_json::from_str(document).ok()?;
    if has_fractions(&value) {
        // Written again, `1.50` would be another text for the string operators.
        return None;
    }
    let text = serde_json::to_string_pretty(&value).expect("a value can be written");
    match Policy::compile(&text) {
        Ok(policy) => Some(policy),
        Err(error) => panic!("accepted once, and refused when written again: {error}"),
    }
}

fn has_fractions(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Number(number) => number.is_f64(),
        serde_json::Value::Array(items) => items.iter().any(has_fractions),
        serde_json::Value::Object(members) => members.values().any(has_fractions),
        _ => false,
    }
}

fn a_deny_wins(policy: &Policy, request: &Request<'_, Context>) {
    let nothing = Policy::deny_everything();
    let identity = [PolicyRef::from(policy), PolicyRef::from(&nothing)];
    let layers = Layers {
        identity: &identity,
        ..Layers::default()
    };
    assert!(
        decide(request, &layers, &mut Silent).is_explicit_deny(),
        "a Deny that does not win"
    );
}

fn a_fence_grants_nothing(policy: &Policy, request: &Request<'_, Context>) {
    let this = [PolicyRef::from(policy)];
    let levels = [this.as_slice()];
    let layers = Layers {
        boundary: Some(this[0]),
        session: Some(&this),
        scps: Some(&levels),
        rcps: Some(&levels),
        ..Layers::default()
    };
    assert_ne!(
        decide(request, &layers, &mut Silent),
        Decision::Allow,
        "a fence that grants"
    );
}
