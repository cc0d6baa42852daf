//! The console's one door: no route answers without what it asks for.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use claviger_console::Site;
use claviger_iam::context::Origin;
use claviger_iam::signin::{Next, Opened, PasswordAttempt, SignInName};
use claviger_it::{ADDRESS, ROOT_EMAIL, ROOT_PASSWORD, SOURCE_IP, TestApp, on_both_engines};
use claviger_model::Secret;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower_service::Service as _;

const FORM: &str = "application/x-www-form-urlencoded";

fn console(app: &TestApp) -> Router {
    let site = Site {
        address: ADDRESS.to_owned(),
        product: String::from("Claviger"),
    };
    claviger_console::router(app.iam().clone(), site)
}

/// What is sent to a route: its method, its path with something in every place, cookies, a body and further headers.
struct Sent<'a> {
    method: &'a Method,
    path: &'a str,
    cookies: &'a str,
    body: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

async fn answer(router: &Router, sent: Sent<'_>) -> (StatusCode, String, String) {
    let path = sent
        .path
        .replace("{version}", "0")
        .replace("{name}", "console.css")
        .replace(['{', '}'], "");
    let mut request = Request::builder()
        .method(sent.method)
        .uri(path)
        .header("host", "iam.example.com")
        .header("content-type", FORM);
    if !sent.cookies.is_empty() {
        request = request.header("cookie", sent.cookies);
    }
    for (name, value) in sent.headers {
        request = request.header(*name, *value);
    }
    let mut request = request
        .body(Body::from(sent.body.to_owned()))
        .expect("a request");
    request.extensions_mut().insert(Origin {
        request_id: Arc::from("a-request"),
        source_ip: SOURCE_IP,
        secure_transport: true,
    });
    let answer = router.clone().call(request).await.expect("an answer");
    let status = answer.status();
    let to = answer
        .headers()
        .get("location")
        .map_or("", |to| to.to_str().expect("a text"))
        .to_owned();
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, to, String::from_utf8_lossy(&body).into_owned())
}

async fn signed_in(app: &TestApp) -> Opened {
    let password = Secret::new(ROOT_PASSWORD.to_owned());
    let attempt = PasswordAttempt {
        name: SignInName::Root { email: ROOT_EMAIL },
        password: &password,
        known_browser: None,
    };
    let mut request = app.iam().request_on_host("a browser");
    request.source_ip = SOURCE_IP;
    match app.iam().sign_in(&attempt, &request).await {
        Ok(Next::Open(opened)) => opened,
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn ac_13_and_ac_37_no_route_answers_without_its_session(app) {
        let router = console(&app);
        let mut closed = 0;
        for route in claviger_console::routes().filter(|route| route.needs_session) {
            for cookies in ["", "__Host-claviger-session=AAAA", "__Host-claviger-session=0123456789012345678901234567890123456789012", "__Host-claviger-factor=AAAA"] {
                let sent = Sent { method: &route.method, path: route.path, cookies, body: "proof=x", headers: &[] };
                let (status, to, body) = answer(&router, sent).await;
                assert_eq!(status, StatusCode::SEE_OTHER, "{} {}", route.method, route.path);
                assert!(to.starts_with("/signin?to="), "{} {}: {to}", route.method, route.path);
                assert_eq!(body, "");
            }
            closed += 1;
        }
        assert!(closed > 20, "{closed}");
    }

    async fn ac_43_no_form_is_taken_without_the_proof_of_its_own_session(app) {
        let router = console(&app);
        let (own, other) = (signed_in(&app).await, signed_in(&app).await);
        let cookies = format!("__Host-claviger-session={}; __Host-claviger-visit={}", own.token.expose(), own.token.expose());
        let right = format!("proof={}", own.token.form_proof());
        let foreign = format!("proof={}", other.token.form_proof());
        let mut refused = 0;
        for route in claviger_console::routes().filter(|route| route.method == Method::POST) {
            let cases: [(&str, &[(&str, &str)]); 6] = [
                ("", &[]),
                ("proof=", &[]),
                (&foreign, &[]),
                (&right, &[("sec-fetch-site", "cross-site")]),
                (&right, &[("origin", "https://evil.example")]),
                (&right, &[("origin", "null")]),
            ];
            for (body, headers) in cases {
                let sent = Sent { method: &route.method, path: route.path, cookies: &cookies, body, headers };
                let (status, ..) = answer(&router, sent).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{} with {body} and {headers:?}", route.path);
                refused += 1;
            }
        }
        assert!(refused > 60, "{refused}");
        // With the proof, from its own pages, it is taken.
        let sent = Sent { method: &Method::POST, path: "/signout", cookies: &cookies, body: &right, headers: &[("origin", ADDRESS), ("sec-fetch-site", "same-origin")] };
        assert_eq!(answer(&router, sent).await.0, StatusCode::SEE_OTHER);
        let sent = Sent { method: &Method::GET, path: "/console", cookies: &cookies, body: "", headers: &[] };
        assert!(answer(&router, sent).await.1.starts_with("/signin"));
    }

    async fn ac_41_a_form_of_a_stranger_is_read_no_further_than_it_may_be_long(app) {
        let router = console(&app);
        let opened = signed_in(&app).await;
        let visit = format!("__Host-claviger-visit={}", opened.token.expose());
        let body = format!("proof={}&password={}", opened.token.form_proof(), "p".repeat(1 << 20));
        let sent = Sent { method: &Method::POST, path: "/signin", cookies: &visit, body: &body, headers: &[] };
        assert_eq!(answer(&router, sent).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    }

    async fn every_answer_is_hardened(app) {
        let router = console(&app);
        for path in ["/signin", "/console", "/console/assets/0/console.css"] {
            let mut request = Request::builder().uri(path).body(Body::empty()).expect("a request");
            request.extensions_mut().insert(Origin { request_id: Arc::from("a-request"), source_ip: SOURCE_IP, secure_transport: true });
            let answer = router.clone().call(request).await.expect("an answer");
            for name in ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "strict-transport-security", "cache-control"] {
                assert!(answer.headers().contains_key(name), "{path}: {name}");
            }
        }
    }
}
