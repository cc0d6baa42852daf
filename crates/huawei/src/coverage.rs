//! Which calls of Huawei's SDK are served: read from the routes, and from a list of what the SDK knows that its own sources gave.
//! The table in `docs/compatibility.md` is made of it; `CLAVIGER_UPDATE=1 cargo test -p claviger-huawei coverage` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::routes;
use crate::v3::tokens;

/// A line each: API, method, path, name. `tests/huawei/sdk_operations.py` makes it.
const SDK: &str = include_str!("../sdk_operations.txt");

/// Who would use what is not served, and why it is not; by how a path begins, the longest first that fits.
const REASONS: &[(&str, &str, &str)] = &[
    ("/v3-ext/OS-FEDERATION", FEDERATED, NO_PROVIDERS),
    ("/v3-ext/projects", "who suspends a project", ONE_PROJECT),
    (
        "/v3.0/OS-AGENCY",
        "scripts that lend rights to another account",
        "the v5 API makes, changes and deletes agencies here; grants of the older API are by project",
    ),
    ("/v3.0/OS-AUTH", FEDERATED, NO_PROVIDERS),
    (
        "/v3.0/OS-CREDENTIAL/securitytokens",
        "programs that want temporary keys",
        "STS of the AWS door gives them, and they sign here; not there yet at this door",
    ),
    ("/v3.0/OS-FEDERATION", FEDERATED, NO_PROVIDERS),
    (
        "/v3.0/OS-INHERIT",
        "who grants on all projects at once",
        ONE_PROJECT,
    ),
    (
        "/v3.0/OS-PERMISSION",
        "who grants by enterprise project",
        "there are no enterprise projects; policies of the v5 API grant",
    ),
    (
        "/v3.0/OS-QUOTA",
        "dashboards that show quotas",
        "the v5 account summary tells them; not there yet in this form",
    ),
    (
        "/v3.0/OS-ROLE",
        "scripts that keep custom policies of the language 1.1",
        "policies of the v5 API are kept; not there yet in this language",
    ),
    (
        "/v3.0/OS-SECURITYPOLICY",
        "administrators of the account's rules by script",
        "the console and the AWS door set what there is; not there yet at this door",
    ),
    (
        "/v3.0/OS-USER",
        "administrators of users by script",
        "the v5 API makes, changes and deletes users; contacts are set at the console; not there yet in this form",
    ),
    ("/v3/OS-FEDERATION", FEDERATED, NO_PROVIDERS),
    (
        "/v3/OS-INHERIT",
        "who grants on all projects at once",
        ONE_PROJECT,
    ),
    (
        "/v3/auth",
        "clients that sign in through an identity provider",
        NO_PROVIDERS,
    ),
    (
        "/v3/domains",
        "who grants roles on the account",
        "policies of the v5 API grant; not there yet in this form",
    ),
    (
        "/v3/groups",
        "Keystone's clients",
        "groups of the v5 API are the same ones; not there yet in this form",
    ),
    (
        "/v3/projects",
        "who makes projects or grants on them",
        ONE_PROJECT,
    ),
    (
        "/v3/roles",
        "Keystone's clients",
        "policies of the v5 API grant; not there yet in this form",
    ),
    (
        "/v3/users",
        "Keystone's clients",
        "users of the v5 API are the same ones; not there yet in this form",
    ),
    (
        "/v5/asymmetric-signature-switch",
        "accounts that sign with ECDSA or SM2",
        "the asymmetric algorithms are refused",
    ),
    (
        "/v5/authorization-schemas",
        "editors of policies that ask what actions there are",
        "`docs/reference/actions.json` tells it",
    ),
    (
        "/v5/features",
        "Huawei's own console",
        "nothing here is switched on by account",
    ),
    (
        "/v5/login-policy",
        "administrators of the account's rules by script",
        "the console sets what there is; not there yet at this door",
    ),
    ("/v5/oidc-providers", FEDERATED, NO_PROVIDERS),
    (
        "/v5/password-policy",
        "administrators of the account's rules by script",
        "the console and the AWS door set it; not there yet at this door",
    ),
    (
        "/v5/policies",
        "who changes what is said of a policy",
        "what is said of a policy is fixed when it is made, as on AWS",
    ),
    ("/v5/saml-providers", FEDERATED, NO_PROVIDERS),
    (
        "/v5/service-linked-agencies",
        "services of Huawei's cloud",
        "there are none here to which a role could be linked",
    ),
    (
        "/v5/service-principals",
        "editors of trust policies",
        "no service of Huawei's cloud assumes roles here",
    ),
    (
        "/v5/service-specific-credentials",
        SERVICE_CREDENTIALS,
        NOT_THEIRS,
    ),
    ("/v5/users", SERVICE_CREDENTIALS, NOT_THEIRS),
];

const FEDERATED: &str = "companies that sign their people in through a SAML or OIDC provider";
const NO_PROVIDERS: &str = "identity providers are not built, at either door";
const ONE_PROJECT: &str = "an account has one project, which is there by itself";
const SERVICE_CREDENTIALS: &str = "who keeps passwords for single services";
const NOT_THEIRS: &str =
    "the AWS door has them, for other services than Huawei's; they are not shown here yet";

/// What is served that Huawei's SDK for identity has no call for, each with whose call it is.
const BEYOND: &[(&str, &str, &str)] = &[
    ("GET", "/v5/caller-identity", "Huawei's SDK for STS"),
    (
        "PUT",
        "/v3.0/OS-MFA/virtual-mfa-devices/bind",
        "the Go client",
    ),
    (
        "PUT",
        "/v3.0/OS-MFA/virtual-mfa-devices/unbind",
        "the Go client",
    ),
    ("GET", "/v3/domains", "openstackclient"),
    ("GET", "/v3/domains/{}", "openstackclient"),
];

struct Call {
    api: &'static str,
    method: &'static str,
    path: &'static str,
    name: &'static str,
}

fn calls() -> Vec<Call> {
    SDK.lines()
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().expect("four words a line");
            Call {
                api: word(),
                method: word(),
                path: word(),
                name: word(),
            }
        })
        .collect()
}

/// A path without the names of its places.
fn shape(path: &str) -> String {
    let place = |segment: &str| segment.starts_with('{');
    let segments = path.split('/');
    segments
        .map(|segment| if place(segment) { "{}" } else { segment })
        .collect::<Vec<_>>()
        .join("/")
}

fn served() -> BTreeSet<(String, String)> {
    let mut served: BTreeSet<(String, String)> = routes::all()
        .map(|route| (route.method.to_owned(), shape(route.path)))
        .collect();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v3"),
        ("GET", tokens::PATH),
        ("POST", tokens::PATH),
    ] {
        served.insert((method.to_owned(), path.to_owned()));
    }
    served
}

/// Calls to paths that are served, in a variant that is not.
const VARIANTS: &[&str] = &[
    "keystone_create_agency_token",
    "keystone_create_scoped_token",
];

fn is_served(call: &Call, served: &BTreeSet<(String, String)>) -> bool {
    served.contains(&(call.method.to_owned(), shape(call.path))) && !VARIANTS.contains(&call.name)
}

fn reason(path: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    REASONS
        .iter()
        .filter(|(prefix, _, _)| path.starts_with(prefix))
        .max_by_key(|(prefix, _, _)| prefix.len())
}

fn table() -> String {
    let served = served();
    let calls = calls();
    let count = calls.iter().filter(|call| is_served(call, &served)).count();
    let mut table = format!(
        "Of the {} calls of `huaweicloudsdkiam` {count} are served. The others are answered 404 and do nothing.\n\n",
        calls.len()
    );
    table += "| call | name in the SDK | state |\n| --- | --- | --- |\n";
    for call in &calls {
        let state = if is_served(call, &served) {
            String::from("served")
        } else {
            let (_, who, why) =
                reason(call.path).unwrap_or_else(|| panic!("no reason: {}", call.path));
            format!("not served. For {who}: {why}")
        };
        writeln!(
            table,
            "| `{} {}` | {} `{}` | {state} |",
            call.method, call.path, call.api, call.name
        )
        .expect("memory");
    }
    table
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md")
}

const BEGIN: &str = "<!-- calls of the SDK: begin -->\n";
const END: &str = "<!-- calls of the SDK: end -->";

#[test]
fn the_table_of_the_sdks_calls_is_what_is_served() {
    let text = std::fs::read_to_string(page()).expect("the page");
    let (before, rest) = text.split_once(BEGIN).expect("where the table begins");
    let (old, after) = rest.split_once(END).expect("where the table ends");
    let new = format!("\n{}\n", table());
    if std::env::var_os("CLAVIGER_UPDATE").is_some() {
        std::fs::write(page(), [before, BEGIN, &new, END, after].concat()).expect("the page");
        return;
    }
    assert!(
        old == new,
        "run `CLAVIGER_UPDATE=1 cargo test -p claviger-huawei coverage`"
    );
}

#[test]
fn every_call_of_the_sdk_is_served_or_has_a_reason() {
    let served = served();
    let calls = calls();
    assert_eq!(calls.len(), 239);
    for call in calls {
        assert!(
            is_served(&call, &served) || reason(call.path).is_some(),
            "{} {}",
            call.method,
            call.path
        );
    }
}

#[test]
fn every_route_is_a_call_of_the_sdk_or_of_another_client() {
    let calls = calls();
    for (method, path) in served() {
        let is_known = calls
            .iter()
            .any(|call| call.method == method && shape(call.path) == path);
        let is_beyond = BEYOND
            .iter()
            .any(|(other, beyond, _)| *other == method && *beyond == path);
        assert!(is_known != is_beyond, "{method} {path}");
    }
}
