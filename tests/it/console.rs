//! The console's one door: no route answers without what it asks for.

mod switching;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use claviger_console::{LARGEST_FORM, Site};
use claviger_iam::context::Origin;
use claviger_iam::signin::{Next, Opened, PasswordAttempt, SignInName};
use claviger_it::{
    ACCOUNT, ADDRESS, Actor, ROOT_EMAIL, ROOT_PASSWORD, SOURCE_IP, TestApp, on_both_engines,
};
use claviger_model::Secret;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower_service::Service as _;

const FORM: &str = "application/x-www-form-urlencoded";
/// What every answer says to the browser, whatever it answers.
const HARDENED: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000"),
];

fn console(app: &TestApp) -> Router {
    let site = Site {
        address: ADDRESS.to_owned(),
        product: String::from("Claviger"),
    };
    claviger_console::router(app.iam().clone(), site)
}

/// What is sent to a route: its method, its path with something in every place, cookies, a body and further headers. A
/// header that is given replaces the one that is there anyway; an empty one takes it away.
struct Sent<'a> {
    method: &'a Method,
    path: &'a str,
    cookies: &'a str,
    body: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

/// What came back.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("a text"))
    }

    fn to(&self) -> &str {
        self.header("location")
    }
}

async fn answer(router: &Router, sent: Sent<'_>) -> Got {
    let path = sent
        .path
        .replace("{version}", "0")
        .replace("assets/0/{name}", "assets/0/console.css")
        .replace(['{', '}'], "");
    let mut request = Request::builder()
        .method(sent.method)
        .uri(&path)
        .body(Body::from(sent.body.to_owned()))
        .expect("a request");
    let mut set = |name: &str, value: &str| {
        let name: http::HeaderName = name.parse().expect("a name");
        request.headers_mut().remove(&name);
        if !value.is_empty() {
            request
                .headers_mut()
                .insert(name, value.parse().expect("a value"));
        }
    };
    set("host", "iam.example.com");
    set("content-type", FORM);
    set("cookie", sent.cookies);
    for (name, value) in sent.headers {
        set(name, value);
    }
    request.extensions_mut().insert(Origin {
        request_id: Arc::from("a-request"),
        source_ip: SOURCE_IP,
        secure_transport: true,
    });
    let answer = router.clone().call(request).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let got = Got {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    // Whatever is asked, and whatever is answered.
    let said = format!("{} {path}: {}", sent.method, got.status);
    for (name, value) in HARDENED {
        assert_eq!(got.header(name), value, "{said}");
    }
    assert!(
        got.headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control")),
        "{said}"
    );
    let is_asset = path.starts_with("/console/assets/") && got.status == StatusCode::OK;
    assert!(
        is_asset || got.header("cache-control") == "no-store",
        "{said}"
    );
    assert!(!got.status.is_server_error(), "{said}");
    assert!(
        got.to().is_empty() || got.to().starts_with('/') && !got.to().starts_with("//"),
        "{said}: {}",
        got.to()
    );
    got
}

/// The methods that no route has.
const OTHERS: [Method; 5] = [
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
    Method::TRACE,
];

async fn signed_in(app: &TestApp) -> Opened {
    signed_in_as(app, SignInName::Root { email: ROOT_EMAIL }, ROOT_PASSWORD).await
}

async fn signed_in_as(app: &TestApp, name: SignInName<'_>, password: &str) -> Opened {
    let password = Secret::new(password.to_owned());
    let attempt = PasswordAttempt {
        name,
        password: &password,
        known_browser: None,
    };
    let mut request = app.iam().request_on_host(HOSTILE);
    request.source_ip = SOURCE_IP;
    match app.iam().sign_in(&attempt, &request).await {
        Ok(Next::Open(opened)) => opened,
        other => panic!("{other:?}"),
    }
}

/// What somebody writes wherever text is taken, and what no page may hold as it is.
const HOSTILE: &str = "'\"></textarea></script><img src=x onerror=evil()>";

const PASSWORD: &str = "Correct-Horse-1";

/// A user who may do what the policy says, with a password.
async fn person(app: &TestApp, name: &str, policy: &str) -> Actor {
    let user = app.user_with(name, policy).await;
    let profile = [("UserName", name), ("Password", PASSWORD)];
    app.root().call("CreateLoginProfile", &profile).await.ok();
    user
}

on_both_engines! {
    async fn ac_13_and_ac_37_no_route_answers_without_its_session(app) {
        let router = console(&app);
        let visit = signed_in(&app).await.token;
        let visit = format!("__Host-claviger-visit={}", visit.expose());
        let long = format!("proof=x&a={}", "a".repeat(2 * LARGEST_FORM));
        let mut closed = 0;
        for route in claviger_console::routes().filter(|route| route.needs_session) {
            for cookies in ["", "__Host-claviger-session=AAAA", "__Host-claviger-session=0123456789012345678901234567890123456789012", "__Host-claviger-factor=AAAA", &visit] {
                for body in ["proof=x", &long] {
                    let sent = Sent { method: &route.method, path: route.path, cookies, body, headers: &[] };
                    let got = answer(&router, sent).await;
                    assert_eq!(got.status, StatusCode::SEE_OTHER, "{} {}", route.method, route.path);
                    assert!(got.to().starts_with("/signin?to="), "{} {}: {}", route.method, route.path, got.to());
                    assert_eq!(got.body, "");
                }
            }
            if route.method == Method::GET {
                let sent = Sent { method: &Method::HEAD, path: route.path, cookies: "", body: "", headers: &[] };
                assert_eq!(answer(&router, sent).await.status, StatusCode::SEE_OTHER, "HEAD {}", route.path);
            }
            closed += 1;
        }
        println!("{closed} routes are closed to whoever has no session");
        assert!(closed > 80, "{closed}");
    }

    async fn ac_13_no_route_answers_to_a_method_that_it_does_not_name(app) {
        let router = console(&app);
        let token = signed_in(&app).await.token;
        let cookies = format!("__Host-claviger-session={}", token.expose());
        let proof = format!("proof={}", token.form_proof());
        let named: std::collections::BTreeSet<(String, &str)> = claviger_console::routes()
            .map(|route| (route.method.to_string(), route.path))
            .collect();
        for path in claviger_console::routes().map(|route| route.path) {
            let missing = [Method::GET, Method::POST].into_iter().filter(|method| !named.contains(&(method.to_string(), path)));
            for method in OTHERS.into_iter().chain(missing) {
                let sent = Sent { method: &method, path, cookies: &cookies, body: &proof, headers: &[("origin", ADDRESS)] };
                let got = answer(&router, sent).await;
                // What names a user may also be what is not there.
                let refused = matches!(got.status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND);
                assert!(refused, "{method} {path}: {}", got.status);
            }
        }
        for path in ["/console/nothing", "/console/users/a/b/c/d", "/console/assets/0/..%2fCargo.toml", "/console/assets/0/none.css"] {
            let sent = Sent { method: &Method::GET, path, cookies: &cookies, body: "", headers: &[] };
            assert_eq!(answer(&router, sent).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }

    async fn ac_43_no_form_is_taken_without_the_proof_of_its_own_session(app) {
        let router = console(&app);
        let (own, other) = (signed_in(&app).await, signed_in(&app).await);
        let cookies = format!("__Host-claviger-session={}; __Host-claviger-visit={}", own.token.expose(), own.token.expose());
        let right = format!("proof={}", own.token.form_proof());
        let foreign = format!("proof={}", other.token.form_proof());
        // The first field of a name counts, and no part of the address.
        let second = format!("{foreign}&{right}");
        let evil = "https://evil.example";
        let mut refused = 0;
        for route in claviger_console::routes().filter(|route| route.method == Method::POST) {
            let cases: [(&str, &[(&str, &str)]); 17] = [
                ("", &[]),
                ("proof=", &[]),
                (&foreign, &[]),
                (&second, &[]),
                (&right, &[("sec-fetch-site", "cross-site")]),
                (&right, &[("sec-fetch-site", "same-site")]),
                (&right, &[("sec-fetch-site", "none")]),
                (&right, &[("origin", evil)]),
                (&right, &[("origin", "null")]),
                (&right, &[("origin", "http://iam.example.com")]),
                (&right, &[("origin", "https://iam.example.com.evil.example")]),
                (&right, &[("origin", evil), ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")]),
                (&right, &[("origin", "https://iam.example.com:444")]),
                (&right, &[("content-type", "text/plain")]),
                (&right, &[("content-type", "multipart/form-data; boundary=x")]),
                (&right, &[("content-type", "application/json")]),
                (&right, &[("content-type", "")]),
            ];
            for (body, headers) in cases {
                let sent = Sent { method: &route.method, path: route.path, cookies: &cookies, body, headers };
                let got = answer(&router, sent).await;
                assert_eq!(got.status, StatusCode::FORBIDDEN, "{} with {body} and {headers:?}", route.path);
                refused += 1;
            }
            let in_address = format!("{}?{right}", route.path);
            let sent = Sent { method: &route.method, path: &in_address, cookies: &cookies, body: "a=b", headers: &[] };
            assert_eq!(answer(&router, sent).await.status, StatusCode::FORBIDDEN, "{in_address}");
        }
        println!("{refused} forms were refused");
        assert!(refused > 500, "{refused}");
        // With the proof, from its own pages, it is taken.
        let sent = Sent { method: &Method::POST, path: "/signout", cookies: &cookies, body: &right, headers: &[("origin", ADDRESS), ("sec-fetch-site", "same-origin")] };
        assert_eq!(answer(&router, sent).await.status, StatusCode::SEE_OTHER);
        let sent = Sent { method: &Method::GET, path: "/console", cookies: &cookies, body: "", headers: &[] };
        assert!(answer(&router, sent).await.to().starts_with("/signin"));
    }

    async fn ac_41_no_form_is_read_further_than_it_may_be_long(app) {
        let router = console(&app);
        let token = signed_in(&app).await.token;
        let cookies = format!("__Host-claviger-session={}; __Host-claviger-visit={}", token.expose(), token.expose());
        let mut refused = 0;
        for route in claviger_console::routes().filter(|route| route.method == Method::POST) {
            let longest = if route.needs_session { LARGEST_FORM } else { 16 << 10 };
            let proof = format!("proof={}&password=", token.form_proof());
            let body = format!("{proof}{}", "p".repeat(longest + 1 - proof.len()));
            let sent = Sent { method: &Method::POST, path: route.path, cookies: &cookies, body: &body, headers: &[] };
            assert_eq!(answer(&router, sent).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", route.path);
            refused += 1;
        }
        assert!(refused > 30, "{refused}");
        let many = format!("proof={}{}", token.form_proof(), "&a=b".repeat(1_000));
        let sent = Sent { method: &Method::POST, path: "/console/settings", cookies: &cookies, body: &many, headers: &[] };
        assert_eq!(answer(&router, sent).await.status, StatusCode::BAD_REQUEST);
    }

    async fn ac_43_nothing_of_a_hostile_host_or_query_comes_back(app) {
        let router = console(&app);
        let token = signed_in(&app).await.token;
        let cookies = format!("__Host-claviger-session={}", token.expose());
        let hostile = [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "javascript"), ("x-forwarded-for", "\"><script>evil()</script>"), ("forwarded", "for=evil.example;host=evil.example"), ("user-agent", "<script>evil()</script>"), ("referer", "https://evil.example/")];
        let query = "%22%3E%3Cscript%3Eevil()%3C%2Fscript%3E%3Cb%20x%3D'";
        let keys = ["done", "to", "search", "sort", "marker", "name", "arn", "user", "id", "version", "a", "b", "serial", "tab", "account", "type", "after", "roleName", "displayName", "colour"];
        let query: Vec<String> = keys.iter().map(|key| format!("{key}={query}")).collect();
        let query = query.join("&");
        let mut shown = 0;
        for route in claviger_console::routes().filter(|route| route.method == Method::GET) {
            for cookies in ["", &cookies] {
                for path in [route.path.to_owned(), format!("{}?{query}", route.path)] {
                    let sent = Sent { method: &Method::GET, path: &path, cookies, body: "", headers: &hostile };
                    let got = answer(&router, sent).await;
                    assert!(!got.to().contains("evil.example"), "{path}: {}", got.to());
                    if route.path.contains("/assets/") {
                        continue;
                    }
                    for never in ["evil.example", "<script>", "evil()</script>", " style=\"", " onclick", " onload", "javascript:"] {
                        assert!(!got.body.contains(never), "{path}: {never} in {}", got.body);
                    }
                    shown += usize::from(got.status == StatusCode::OK);
                }
            }
        }
        println!("{shown} pages were looked at");
        assert!(shown > 60, "{shown}");
    }

    async fn ac_43_nothing_that_somebody_wrote_runs_on_a_page(app) {
        let router = console(&app);
        let root = app.root();
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "iam:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:UserAgent": HOSTILE}},
        }}).to_string();
        let trust = serde_json::json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT},
            "Condition": {"StringEquals": {"sts:ExternalId": HOSTILE}},
        }}).to_string();
        let path = "/'\"><img/src=x/onerror=evil()>/";
        root.call("CreateUser", &[("UserName", "eve"), ("Path", path)]).await.ok();
        root.call("CreateLoginProfile", &[("UserName", "eve"), ("Password", PASSWORD)]).await.ok();
        root.call("CreateGroup", &[("GroupName", "eves"), ("Path", path)]).await.ok();
        root.call("AddUserToGroup", &[("GroupName", "eves"), ("UserName", "eve")]).await.ok();
        root.call("CreateRole", &[("RoleName", "eve"), ("Description", HOSTILE), ("AssumeRolePolicyDocument", &trust)]).await.ok();
        let made = root.call("CreatePolicy", &[("PolicyName", "eve"), ("Description", HOSTILE), ("PolicyDocument", &policy)]).await.ok();
        let arn = made.text("Arn");
        root.call("CreatePolicyVersion", &[("PolicyArn", &arn), ("PolicyDocument", &policy.replace("iam:*", "s3:*")), ("SetAsDefault", "true")]).await.ok();
        for (operation, holder) in [("PutUserPolicy", "UserName"), ("PutGroupPolicy", "GroupName"), ("PutRolePolicy", "RoleName")] {
            let name = if holder == "GroupName" { "eves" } else { "eve" };
            root.call(operation, &[(holder, name), ("PolicyName", "inline"), ("PolicyDocument", &policy)]).await.ok();
        }
        root.call("AttachUserPolicy", &[("UserName", "eve"), ("PolicyArn", &arn)]).await.ok();
        root.call("UploadSSHPublicKey", &[("UserName", "eve"), ("SSHPublicKeyBody", &format!("{} {HOSTILE}", include_str!("../credentials/rsa.pub").trim()))]).await.ok();
        root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "eve")]).await.ok();
        signed_in_as(&app, SignInName::User { account: ACCOUNT, name: "eve" }, PASSWORD).await;
        app.iam().flush().await;

        let token = signed_in(&app).await.token;
        let cookies = format!("__Host-claviger-session={}", token.expose());
        let arn: String = percent_encoding::utf8_percent_encode(&arn, percent_encoding::NON_ALPHANUMERIC).collect();
        let mut paths: Vec<String> = claviger_console::routes()
            .filter(|route| route.method == Method::GET && route.needs_session)
            .map(|route| route.path.replace("{name}", "eve"))
            .collect();
        paths.extend(["credentials", "groups", "permissions", "sessions", "tags", "activity"].map(|tab| format!("/console/users/eve?tab={tab}")));
        paths.push(String::from("/console/role?name=eve&tab=trust"));
        let events = answer(&router, Sent { method: &Method::GET, path: "/console/events", cookies: &cookies, body: "", headers: &[] }).await.body;
        let event = |text: &str| text.split("href=\"/console/event?").nth(1).and_then(|rest| rest.split('"').next()).map(|query| format!("/console/event?{}", query.replace("&amp;", "&").replace("&#38;", "&")));
        paths.push(event(&events).expect("an event"));
        let (mut escaped, mut shown) = (0, 0);
        for path in paths {
            for query in ["", "name=eve&policy=inline&user=eve&search=eve", &format!("arn={arn}&from=v1&to=v2&version=v1"), "name=eves&policy=inline"] {
                let joint = if path.contains('?') { '&' } else { '?' };
                let path = format!("{path}{joint}{query}");
                let got = answer(&router, Sent { method: &Method::GET, path: &path, cookies: &cookies, body: "", headers: &[] }).await;
                for never in ["<img src=x", "<img/src=x", "</textarea></script>", "'\">"] {
                    assert!(!got.body.contains(never), "{path}: {never}");
                }
                shown += usize::from(got.status == StatusCode::OK);
                escaped += usize::from(got.body.contains("&#60;img") || got.body.contains("&lt;img"));
            }
        }
        println!("{shown} pages, {escaped} with hostile text made harmless");
        assert!(escaped > 20, "{escaped}");
    }

    async fn ac_40_who_acts_on_oneself_by_a_page_for_others_is_sent_to_confirm(app) {
        let router = console(&app);
        let alice = person(&app, "alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#).await;
        let key = alice.call("CreateAccessKey", &[]).await.ok().text("AccessKeyId");
        let token = signed_in_as(&app, SignInName::User { account: ACCOUNT, name: "alice" }, PASSWORD).await.token;
        let cookies = format!("__Host-claviger-session={}", token.expose());
        app.clock().advance(601);
        // On a tab that is not that of credentials, and by a name that the page does not take for one's own.
        app.root().call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.ok();
        let body = format!("proof={}&do=key-off&id={key}", token.form_proof());
        let sent = Sent { method: &Method::POST, path: "/console/users/alicia?tab=groups", cookies: &cookies, body: &body, headers: &[] };
        let got = answer(&router, sent).await;
        assert_eq!((got.status, got.to()), (StatusCode::SEE_OTHER, "/console/confirm?to=%2Fconsole%2Fusers%2Falicia%3Ftab%3Dgroups%26done%3Dconfirmed"), "{}", got.body);
        let listed = app.root().call("ListAccessKeys", &[("UserName", "alicia")]).await.ok();
        assert!(!listed.body.contains("Inactive"), "{}", listed.body);
        // On somebody else it needs no proof.
        let bob = app.user("bob").await;
        drop(bob);
        let key = app.root().call("CreateAccessKey", &[("UserName", "bob")]).await.ok().text("AccessKeyId");
        let body = format!("proof={}&do=key-off&id={key}", token.form_proof());
        let sent = Sent { method: &Method::POST, path: "/console/users/bob?tab=groups", cookies: &cookies, body: &body, headers: &[] };
        let got = answer(&router, sent).await;
        assert!(got.to().contains("done=key-off"), "{} {}", got.to(), got.body);
    }

    async fn ac_43_another_sign_in_in_one_browser_ends_the_session_before(app) {
        let router = console(&app);
        person(&app, "alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#).await;
        let before = signed_in(&app).await.token;
        let page = answer(&router, Sent { method: &Method::GET, path: "/signin", cookies: "", body: "", headers: &[] }).await;
        let visit = page.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        let proof = page.body.split("name=\"proof\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a proof").to_owned();
        let cookies = format!("{visit}; __Host-claviger-session={}", before.expose());
        let console = |cookies: String| {
            let router = router.clone();
            async move { answer(&router, Sent { method: &Method::GET, path: "/console", cookies: &cookies, body: "", headers: &[] }).await }
        };
        let old = format!("__Host-claviger-session={}", before.expose());
        // A wrong password ends nothing.
        for (password, ends) in [("wrong", false), (PASSWORD, true)] {
            let body = format!("proof={proof}&as=user&account={ACCOUNT}&user_name=alice&password={password}");
            let got = answer(&router, Sent { method: &Method::POST, path: "/signin", cookies: &cookies, body: &body, headers: &[("origin", ADDRESS)] }).await;
            assert_eq!(got.status == StatusCode::SEE_OTHER, ends, "{}", got.body);
            assert_eq!(console(old.clone()).await.status == StatusCode::SEE_OTHER, ends);
            let set: Vec<&str> = got.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect();
            let session = set.iter().find(|cookie| cookie.starts_with("__Host-claviger-session="));
            assert_eq!(session.is_some(), ends, "{set:?}");
            if let Some(session) = session {
                assert!(session.contains("; Secure") && session.contains("; HttpOnly") && session.contains("; SameSite="), "{session}");
                let session = session.split(';').next().expect("a cookie");
                assert_eq!(console(session.to_owned()).await.status, StatusCode::OK);
            }
        }
    }
}
