//! The reference documentation, written from the declarations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use claviger_model::Constraint;
use claviger_shape::{Field, Type};

use crate::operation::{self, Entry};
use crate::spec::{COMMON_FAULTS, Grant, Service, action_table};

/// One page: its path below the reference's folder, and its text.
pub type Page = (String, String);

/// Every page.
#[must_use]
pub fn generate() -> Vec<Page> {
    let mut pages = vec![(String::from("README.md"), index())];
    pages.push((String::from("actions.json"), actions()));
    pages.push((String::from("operations.json"), operations()));
    for entry in operation::all() {
        pages.push((path(entry), page(entry)));
    }
    pages
}

fn folder(service: Service) -> &'static str {
    match service {
        Service::Iam => "iam",
        Service::Sts => "sts",
        Service::CloudTrail => "cloudtrail",
        Service::Host => "host",
        Service::SignIn => "signin",
    }
}

fn path(entry: &Entry) -> String {
    format!("{}/{}.md", folder(entry.spec.service), entry.spec.name)
}

fn index() -> String {
    let mut text = String::from(
        "# Operations\n\nGenerated from the declarations in the code by `cargo xtask update`; do not edit.\n",
    );
    for (family, entries) in operation::FAMILIES {
        let _ = write!(text, "\n## {family}\n\n");
        for entry in *entries {
            let first = entry.doc.trim().lines().next().unwrap_or_default();
            let _ = writeln!(text, "- [{}]({}): {first}", entry.spec.name, path(entry));
        }
    }
    text.push_str("\n## Common faults\n\nThese every operation may answer, besides its own:\n\n");
    for code in COMMON_FAULTS {
        let _ = writeln!(text, "- `{code}` ({})", code.status());
    }
    text
}

/// What actions there are, for editors and completion.
fn actions() -> String {
    let all: BTreeMap<&str, serde_json::Value> = action_table::actions()
        .map(|(name, facts)| {
            let resources = facts.resources.iter().map(|kind| kind.describe().0);
            let facts = serde_json::json!({
                "access": facts.access.as_str(),
                "resources": resources.collect::<Vec<_>>(),
                "conditionKeys": facts.keys,
            });
            (name, facts)
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&all).unwrap_or_default();
    text.push('\n');
    text
}

/// Every operation as a machine reads it: for client generators, and for the comparison with AWS's own models.
fn operations() -> String {
    let mut services: BTreeMap<&str, BTreeMap<&str, serde_json::Value>> = BTreeMap::new();
    for entry in operation::all() {
        let spec = &entry.spec;
        let faults: Vec<_> = spec.faults.iter().map(|code| code.as_str()).collect();
        let unraised: Vec<_> = spec
            .unraised
            .iter()
            .map(|(code, _)| code.as_str())
            .collect();
        services.entry(spec.service.prefix()).or_default().insert(
            spec.name,
            serde_json::json!({
                "input": members(entry.input, 0),
                "output": members(entry.output, 0),
                "faults": faults,
                "unraised": unraised,
            }),
        );
    }
    let mut text = serde_json::to_string_pretty(&services).unwrap_or_default();
    text.push('\n');
    text
}

fn members(fields: &[Field], depth: usize) -> serde_json::Value {
    let members = fields.iter().map(|field| {
        let mut shape = shape(&field.holds, depth);
        if let Some(shape) = shape.as_object_mut() {
            shape.insert("name".into(), field.name.wire.into());
            if field.required {
                shape.insert("required".into(), true.into());
            }
        }
        shape
    });
    members.collect()
}

fn shape(holds: &Type, depth: usize) -> serde_json::Value {
    let bound = |most: &u32| (*most < u32::MAX).then_some(*most);
    match holds {
        Type::Scalar {
            kind,
            rules,
            secret,
        } => {
            let mut shape = serde_json::Map::new();
            shape.insert("type".into(), format!("{kind:?}").to_lowercase().into());
            if *secret {
                shape.insert("secret".into(), true.into());
            }
            for rule in *rules {
                let (name, value) = match rule {
                    Constraint::MinLength(least) => ("min", (*least).into()),
                    Constraint::MaxLength(most) => ("max", (*most).into()),
                    Constraint::MinValue(least) => ("min", (*least).into()),
                    Constraint::MaxValue(most) => ("max", (*most).into()),
                    Constraint::Pattern(pattern) => ("pattern", (*pattern).into()),
                    Constraint::Enum(values) => ("enum", values.to_vec().into()),
                    Constraint::Sentence(sentence) => ("sentence", (*sentence).into()),
                    Constraint::NotNull | Constraint::Malformed(_) => continue,
                };
                shape.insert(name.into(), value);
            }
            shape.into()
        }
        Type::List { element, min, max } => serde_json::json!({
            "type": "list", "element": shape(element, depth), "min": min, "max": bound(max),
        }),
        Type::Map {
            key,
            value,
            min,
            max,
        } => serde_json::json!({
            "type": "map", "key": shape(key, depth), "value": shape(value, depth),
            "min": min, "max": bound(max),
        }),
        Type::Structure { name, fields, .. } if depth < DEPTH => serde_json::json!({
            "type": "structure", "structure": name, "members": members(fields, depth + 1),
        }),
        Type::Structure { name, .. } => {
            serde_json::json!({ "type": "structure", "structure": name })
        }
    }
}

fn page(entry: &Entry) -> String {
    let spec = &entry.spec;
    let mut text = format!("# {}\n\n{}\n\n", spec.name, entry.doc.trim());
    let _ = writeln!(
        text,
        "- Action: `{}`\n- Access level: {}\n- Who may: {}",
        spec.action(),
        spec.access.as_str(),
        match spec.grant {
            Grant::Policy => "whom a policy allows the action",
            Grant::UnlessDenied =>
                "everyone who is authenticated, unless a policy denies the action",
            Grant::Everyone => "everyone who is authenticated, whatever policies say",
        }
    );
    if spec.resources.is_empty() {
        text.push_str("- Resource: `*`\n");
    }
    for kind in spec.resources {
        let (name, arn) = kind.describe();
        let _ = writeln!(text, "- Resource: {name}, `{arn}`");
    }
    for key in spec.keys {
        let _ = writeln!(text, "- Condition key: `{key}`");
    }
    table(&mut text, "Request", entry.input, true);
    table(&mut text, "Answer", entry.output, false);
    text.push_str("\n## Faults\n\nBesides the [common ones](../README.md#common-faults):\n\n");
    if spec.faults.is_empty() {
        text.push_str("none.\n");
    }
    for code in spec.faults {
        let _ = writeln!(text, "- `{code}` ({})", code.status());
    }
    if !spec.unraised.is_empty() {
        text.push_str("\nNamed by AWS, and never answered here:\n\n");
    }
    for (code, reason) in spec.unraised {
        let _ = writeln!(text, "- `{code}`: {reason}");
    }
    text
}

fn table(text: &mut String, title: &str, fields: &[Field], request: bool) {
    let _ = write!(text, "\n## {title}\n\n");
    if fields.is_empty() {
        text.push_str("No members.\n");
        return;
    }
    text.push_str("| member | type | meaning |\n| --- | --- | --- |\n");
    rows(text, "", fields, request, 0);
}

/// Structures inside structures are told this deep; none of ours goes deeper but by repeating itself.
const DEPTH: usize = 4;

fn rows(text: &mut String, prefix: &str, fields: &[Field], request: bool, depth: usize) {
    for field in fields {
        let name = format!("{prefix}{}", field.name.wire);
        let required = if request && field.required {
            ", required"
        } else {
            ""
        };
        let secret = if field.secret() { ", secret" } else { "" };
        let doc = field.doc.trim().replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{name}` | {}{required}{secret} | {doc} |",
            describe(&field.holds)
        );
        if depth < DEPTH {
            nested(text, &name, &field.holds, request, depth);
        }
    }
}

fn nested(text: &mut String, name: &str, holds: &Type, request: bool, depth: usize) {
    match holds {
        Type::Structure { fields, .. } => {
            rows(text, &format!("{name}."), fields, request, depth + 1)
        }
        Type::List { element, .. } => nested(text, &format!("{name}[]"), element, request, depth),
        Type::Map { value, .. } => nested(text, &format!("{name}{{}}"), value, request, depth),
        Type::Scalar { .. } => {}
    }
}

fn describe(holds: &Type) -> String {
    match holds {
        Type::Scalar { kind, rules, .. } => {
            let mut text = format!("{kind:?}").to_lowercase();
            for rule in *rules {
                if let Some(rule) = rule_text(rule) {
                    let _ = write!(text, ", {rule}");
                }
            }
            text
        }
        Type::List { element, min, max } => {
            let mut text = format!("list of {}", describe(element));
            if *min > 0 {
                let _ = write!(text, ", at least {min}");
            }
            if *max < u32::MAX {
                let _ = write!(text, ", at most {max}");
            }
            text
        }
        Type::Map { value, .. } => format!("map to {}", describe(value)),
        Type::Structure { name, .. } => (*name).to_owned(),
    }
}

fn rule_text(rule: &Constraint) -> Option<String> {
    Some(match rule {
        Constraint::MinLength(least) => format!("at least {least} long"),
        Constraint::MaxLength(most) => format!("at most {most} long"),
        Constraint::MinValue(least) => format!("at least {least}"),
        Constraint::MaxValue(most) => format!("at most {most}"),
        Constraint::Pattern(pattern) => format!("`{}`", pattern.replace('|', "\\|")),
        Constraint::Enum(values) => format!("one of {}", values.join(", ")),
        Constraint::Sentence(_) | Constraint::NotNull | Constraint::Malformed(_) => return None,
    })
}
