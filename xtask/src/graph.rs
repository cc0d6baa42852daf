//! The crates' rules: which floor each stands on, that arrows point down only, and who alone may name what.
//!
//! A new crate is placed by a line in [`FLOORS`]; a dependency that carries a rule gets a line in [`ALONE`].

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::step;
use crate::workspace;

/// The floor of each crate. A crate may depend only on crates of lower floors.
const FLOORS: &[(&str, u8)] = &[
    ("claviger-shape-derive", 0),
    ("claviger-model", 1),
    ("claviger-policy", 2),
    ("claviger-signature", 2),
    ("claviger-pki", 2),
    ("claviger-shape", 2),
    ("claviger-store", 2),
    ("claviger-intake", 2),
    ("claviger-iam", 3),
    ("claviger-aws", 4),
    ("claviger-huawei", 4),
    ("claviger-console", 4),
    ("claviger", 5),
];

/// Folders whose crates stand beside the house: they test or measure it, and may use any of it.
const BESIDE: &[&str] = &["xtask", "tests", "benches", "fuzz"];

/// What may be named only by the crates beside it. A name that ends in `*` stands for all that begin so.
const ALONE: &[(&str, &[&str])] = &[
    // One crate names the database drivers.
    ("rusqlite", &["claviger-store"]),
    ("libsqlite3-sys", &["claviger-store"]),
    ("tokio-postgres*", &["claviger-store"]),
    ("postgres*", &["claviger-store"]),
    ("deadpool*", &["claviger-store"]),
    ("sqlx*", &[]),
    // HTTP is the front doors' and the binary's.
    (
        "axum*",
        &[
            "claviger-aws",
            "claviger-huawei",
            "claviger-console",
            "claviger",
        ],
    ),
    (
        "http",
        &[
            "claviger-intake",
            "claviger-aws",
            "claviger-huawei",
            "claviger-console",
            "claviger",
        ],
    ),
    (
        "http-body*",
        &[
            "claviger-intake",
            "claviger-aws",
            "claviger-console",
            "claviger",
        ],
    ),
    ("hyper*", &["claviger-aws", "claviger"]),
    ("tower*", &["claviger-aws", "claviger"]),
    ("rustls*", &["claviger"]),
    ("tokio-rustls", &["claviger"]),
    // The pure crates do no input or output and never wait.
    (
        "tokio",
        &[
            "claviger-store",
            "claviger-iam",
            "claviger-intake",
            "claviger-aws",
            "claviger",
        ],
    ),
    (
        "futures*",
        &["claviger-store", "claviger-iam", "claviger-aws", "claviger"],
    ),
    // Mail leaves from the binary alone.
    ("lettre", &["claviger"]),
    // The command line, configuration and telemetry are read in the binary.
    ("clap*", &["claviger"]),
    ("toml*", &["claviger"]),
    ("tracing-subscriber", &["claviger"]),
    ("opentelemetry*", &["claviger"]),
    // An error without a type is for people at a command line.
    ("anyhow", &["claviger"]),
    // Registries that the linker collects lose entries without a word; the tables are written out.
    ("inventory", &[]),
    ("linkme", &[]),
    // Oracles and yardsticks belong to tests and benches.
    ("cedar-policy*", &[]),
    ("proptest", &[]),
    ("insta", &[]),
    ("criterion", &[]),
];

/// One member of the workspace.
#[derive(Debug, Default)]
struct Member {
    name: String,
    /// The first part of its path below the root.
    folder: String,
    /// The packages that its ordinary and its build code name; its tests may name others.
    needs: Vec<String>,
}

/// Prints the members by floor with their arrows, and checks the rules.
///
/// # Errors
///
/// When cargo cannot describe the workspace, or a rule is broken.
pub(crate) fn print() -> Result<()> {
    let members = members()?;
    let mut floors: BTreeMap<u8, Vec<&Member>> = BTreeMap::new();
    for member in &members {
        if let Some(floor) = floor(&member.name) {
            floors.entry(floor).or_default().push(member);
        }
    }
    for (number, on_it) in floors.iter().rev() {
        for member in on_it {
            let arrows: Vec<&str> = member
                .needs
                .iter()
                .filter(|name| floor(name).is_some())
                .map(String::as_str)
                .collect();
            println!(
                "floor {number}  {:<22} -> {}",
                member.name,
                arrows.join(", ")
            );
        }
    }
    let broken = broken(&members);
    if broken.is_empty() {
        println!("the rules hold for {} crates", members.len());
        return Ok(());
    }
    bail!("the crates' rules are broken:\n  {}", broken.join("\n  "))
}

fn members() -> Result<Vec<Member>> {
    let manifest = workspace::root().join("Cargo.toml");
    let text = step::ask(
        "cargo",
        &[
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--manifest-path",
            &manifest.to_string_lossy(),
        ],
    )
    .context("`cargo metadata` failed")?;
    let metadata: Value =
        serde_json::from_str(&text).context("`cargo metadata` printed something else than JSON")?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .context("`cargo metadata` names no packages")?;
    packages.iter().map(member).collect()
}

fn member(package: &Value) -> Result<Member> {
    let text =
        |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let name = text(package, "name").context("a package without a name")?;
    let manifest = text(package, "manifest_path").context("a package without a manifest")?;
    let root = workspace::root();
    let folder = std::path::Path::new(&manifest)
        .strip_prefix(&root)
        .ok()
        .and_then(|path| path.components().next())
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .unwrap_or_default();
    let needs = package
        .get("dependencies")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev"))
        .filter_map(|dependency| text(dependency, "name"))
        .collect();
    Ok(Member {
        name,
        folder,
        needs,
    })
}

fn floor(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, floor)| *floor)
}

fn broken(members: &[Member]) -> Vec<String> {
    let mut broken = Vec::new();
    for member in members {
        let name = &member.name;
        let Some(height) = floor(name) else {
            if !BESIDE.contains(&member.folder.as_str()) {
                broken.push(format!(
                    "`{name}` stands on no floor: place it in xtask/src/graph.rs"
                ));
            }
            continue;
        };
        for need in &member.needs {
            if floor(need).is_some_and(|below| below >= height) {
                broken.push(format!(
                    "`{name}` depends on `{need}`, which does not stand below it"
                ));
            }
            if members.iter().any(|other| other.name == *need) && floor(need).is_none() {
                broken.push(format!(
                    "`{name}` depends on `{need}`, which only tests or measures"
                ));
            }
            for (pattern, owners) in ALONE {
                if matches(pattern, need) && !owners.contains(&name.as_str()) {
                    broken.push(format!(
                        "`{name}` names `{need}`, which is for {}",
                        who(owners)
                    ));
                }
            }
        }
    }
    broken
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

fn who(owners: &[&str]) -> String {
    match owners {
        [] => "tests and benches at most".to_owned(),
        some => format!("{} alone", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, folder: &str, needs: &[&str]) -> Member {
        Member {
            name: name.to_owned(),
            folder: folder.to_owned(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        }
    }

    #[test]
    fn this_workspace_keeps_its_rules() {
        let members = members().unwrap();
        assert!(
            members.iter().any(|member| member.name == "claviger-model"),
            "{members:?}"
        );
        assert_eq!(broken(&members), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_points_up_is_seen() {
        let up = [member("claviger-policy", "crates", &["claviger-iam"])];
        assert_eq!(broken(&up).len(), 1);
    }

    #[test]
    fn an_arrow_between_neighbours_is_seen() {
        let across = [member("claviger-policy", "crates", &["claviger-store"])];
        assert_eq!(broken(&across).len(), 1);
    }

    #[test]
    fn only_the_store_names_a_driver() {
        assert_eq!(
            broken(&[member("claviger-iam", "crates", &["rusqlite"])]).len(),
            1
        );
        assert!(
            broken(&[member(
                "claviger-store",
                "crates",
                &["rusqlite", "tokio-postgres"]
            )])
            .is_empty()
        );
    }

    #[test]
    fn the_domain_knows_no_http() {
        assert_eq!(
            broken(&[member("claviger-iam", "crates", &["axum", "http"])]).len(),
            2
        );
    }

    #[test]
    fn the_policy_language_does_not_wait() {
        assert_eq!(
            broken(&[member("claviger-policy", "crates", &["tokio"])]).len(),
            1
        );
    }

    #[test]
    fn a_crate_without_a_floor_is_seen() {
        assert_eq!(broken(&[member("claviger-new", "crates", &[])]).len(), 1);
        assert!(
            broken(&[member(
                "claviger-bench",
                "benches",
                &["claviger-aws", "criterion"]
            )])
            .is_empty()
        );
    }

    #[test]
    fn the_house_does_not_lean_on_its_tests() {
        let leaning = [
            member("claviger-aws", "crates", &["claviger-fuzz-bodies"]),
            member("claviger-fuzz-bodies", "tests", &[]),
        ];
        assert_eq!(broken(&leaning).len(), 1);
    }
}
