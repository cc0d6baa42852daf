//! Every operation has its place in the console, or `docs/compatibility.md` says who uses it where, and why it has none.
//!
//! What has a place is read from the console's own sources: from a route, along the functions that its handler mentions,
//! to where the operation is made. No table repeats it, so none can be wrong.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use claviger_iam::operation;

use self::source::Source;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The heading below which operations without a page stand.
const HEADING: &str = "## Operations without a page in the console";

/// The operations without a page, each with who uses it instead.
fn reasons() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("docs/compatibility.md")).expect("a page");
    let (_, after) = text.split_once(HEADING).expect("the section");
    let section = after.split("\n## ").next().unwrap_or_default();
    let mut reasons = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [names, who, why] = cells.as_slice() else {
            panic!("three columns: {row}");
        };
        assert!(who.len() > 10 && why.len() > 20, "who, where, why: {row}");
        for name in names.split(',') {
            let name = name.trim().trim_matches('`').to_owned();
            let before = reasons.insert(name.clone(), format!("{who}: {why}"));
            assert_eq!(before, None, "{name} stands there twice");
        }
    }
    reasons
}

#[test]
fn every_operation_has_its_page_or_a_reason() {
    let console = Source::read(&root().join("crates/console/src"));
    let listed: BTreeSet<(String, &str)> = claviger_console::routes()
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    let read: BTreeSet<(String, &str)> = console
        .routes
        .iter()
        .map(|route| (route.method.to_uppercase(), route.path.as_str()))
        .collect();
    assert_eq!(
        read, listed,
        "the routes that were read are those there are"
    );

    let names: BTreeSet<&str> = operation::all().map(|entry| entry.spec.name).collect();
    let places = console.places();
    let reasons = reasons();
    let mut table = String::new();
    let (mut without, mut twice) = (Vec::new(), Vec::new());
    for name in &names {
        match (places.get(*name), reasons.get(*name)) {
            (Some(pages), None) => {
                let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
                table += &format!("{name}: {}\n", pages.join(", "));
            }
            (None, Some(reason)) => table += &format!("{name}: no page. {reason}\n"),
            (Some(_), Some(_)) => twice.push(*name),
            (None, None) => without.push(*name),
        }
    }
    println!(
        "{table}{} operations: {} with a page, {} with a reason for none.",
        names.len(),
        names
            .iter()
            .filter(|name| places.contains_key(**name))
            .count(),
        names
            .iter()
            .filter(|name| reasons.contains_key(**name))
            .count(),
    );
    let unknown: Vec<&String> = reasons
        .keys()
        .filter(|name| !names.contains(name.as_str()))
        .collect();
    assert!(
        unknown.is_empty(),
        "reasons for what is no operation: {unknown:?}"
    );
    assert!(
        twice.is_empty(),
        "these have a page, and a reason for none: {twice:?}"
    );
    assert!(
        without.is_empty(),
        "these have neither a page nor a reason: {without:?}"
    );
}

const ROUTES: &str = r#"
    use super::Needs::Session;
    use super::{Route, get, post};
    use crate::things;
    pub(super) static ROUTES: &[Route] = &[
        get("/console/things", Session(|visit| Box::pin(things::show(visit)))),
        post("/console/things", Session(|visit| Box::pin(things::make(visit)))),
    ];
"#;

fn places_of(things: &str, others: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
    let mut source = Source::default();
    source.add(&["routes", "things"], ROUTES);
    source.add(&["things"], things);
    for (module, text) in others {
        let module: Vec<&str> = module.split('/').collect();
        source.add(&module, text);
    }
    source.places()
}

#[test]
fn an_operation_has_its_place_where_a_handler_leads_to_it() {
    let places = places_of(
        r#"
        use claviger_iam::operation::users::{CreateUser, ListUsers as All};
        use claviger_iam::operation::groups;
        pub(crate) async fn show(visit: Visit) -> Answer { rows(&visit).await }
        async fn rows(visit: &Visit) -> Answer { visit.call(&All { page: None }).await }
        pub(crate) async fn make(visit: Visit) -> Answer {
            let many = vec![visit.call(&CreateUser { path: None }).await];
            Maker.finish(many)
        }
        impl Maker { fn finish(self, many: Many) { self.0.call(&groups::CreateGroup { path: None }) } }
        "#,
        &[],
    );
    let page: BTreeSet<String> = [String::from("/console/things")].into();
    for name in ["ListUsers", "CreateUser", "CreateGroup"] {
        assert_eq!(places.get(name), Some(&page), "{name}");
    }
}

#[test]
fn a_method_counts_only_where_its_module_is_known() {
    let places = places_of(
        r#"
        use crate::near::Near;
        pub(crate) async fn show(visit: Visit) -> Answer { rows(&visit).get() }
        "#,
        &[
            (
                "near",
                "mod inner; use inner::Inner; impl Near { fn get(&self) { self.0.make() } }",
            ),
            (
                "near/inner",
                "use claviger_iam::operation::users::GetUser; impl Inner { fn make(&self) { self.0.call(&GetUser {}) } }",
            ),
            (
                "far",
                "use claviger_iam::operation::users::DeleteUser; impl Far { fn get(&self) { self.0.call(&DeleteUser {}) } }",
            ),
        ],
    );
    assert_eq!(places.keys().collect::<Vec<_>>(), ["GetUser"]);
}

#[test]
fn what_no_route_leads_to_and_what_tests_do_is_no_place() {
    let places = places_of(
        r#"
        use claviger_iam::operation::users::{CreateUser, DeleteUser, GetUser, ListUsers};
        pub(crate) async fn show(visit: Visit) -> Answer { text("CreateUser {}", Other::ListUsers {}) }
        pub(crate) async fn make(visit: Visit) -> Answer { let seen: ListUsers; Err(()) }
        async fn forgotten(visit: &Visit) { visit.call(&DeleteUser {}).await }
        #[cfg(test)]
        mod tests { fn show() { super::show(&GetUser {}) } }
        "#,
        &[],
    );
    assert_eq!(places, BTreeMap::new());
}
