//! Pages of somebody who acts as a role: no form of the one is taken for the other, and what is the person's own is closed.

use super::*;

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
const OWN_POST: [(&str, &str); 1] = [("origin", ADDRESS)];

/// A browser: the cookie of its session, and the proof in the forms of the page that it shows.
#[derive(Clone)]
struct Browser {
    router: Router,
    cookies: String,
    proof: String,
}

impl Browser {
    async fn signed_in(app: &TestApp, name: &str) -> Self {
        let name = SignInName::User {
            account: ACCOUNT,
            name,
        };
        let token = signed_in_as(app, name, PASSWORD).await.token;
        let mut browser = Self {
            router: console(app),
            cookies: format!("__Host-claviger-session={}", token.expose()),
            proof: String::new(),
        };
        browser.get("/console").await;
        browser
    }

    async fn get(&mut self, path: &str) -> Got {
        let sent = Sent {
            method: &Method::GET,
            path,
            cookies: &self.cookies,
            body: "",
            headers: &[],
        };
        let got = answer(&self.router, sent).await;
        if let Some(rest) = got.body.split("name=\"proof\" value=\"").nth(1) {
            self.proof = rest.split('"').next().expect("a proof").to_owned();
        }
        got
    }

    async fn post(&mut self, path: &str, fields: &str) -> Got {
        let body = format!("proof={}&{fields}", self.proof);
        let sent = Sent {
            method: &Method::POST,
            path,
            cookies: &self.cookies,
            body: &body,
            headers: &OWN_POST,
        };
        let got = answer(&self.router, sent).await;
        let set = got.header("set-cookie").split(';').next();
        if let Some(set) = set.filter(|set| set.starts_with("__Host-claviger-session=")) {
            self.cookies = set.to_owned();
        }
        got
    }

    async fn switches(&mut self, role: &str) {
        let fields = format!("account={ACCOUNT}&roleName={role}&displayName=The%20role&colour=red");
        let got = self.post("/console/switch-role", &fields).await;
        assert_eq!(got.to(), "/console?done=switched", "{}", got.body);
        let page = self.get("/console").await.body;
        assert!(page.contains(&format!("{role} @ {ACCOUNT}")), "{page}");
    }
}

async fn with_roles(app: &TestApp) {
    person(app, "alice", ALL).await;
    for role in ["admin", "other"] {
        let named = [("RoleName", role), ("AssumeRolePolicyDocument", TRUST)];
        app.root().call("CreateRole", &named).await.ok();
        let policy = [
            ("RoleName", role),
            ("PolicyName", "may"),
            ("PolicyDocument", ALL),
        ];
        app.root().call("PutRolePolicy", &policy).await.ok();
    }
}

async fn groups(app: &TestApp) -> Vec<String> {
    let listed = app.root().call("ListGroups", &[]).await.ok();
    listed.all("GroupName")
}

on_both_engines! {
    async fn what_is_the_persons_own_is_closed_to_who_acts_as_a_role(app) {
        with_roles(&app).await;
        let mut alice = Browser::signed_in(&app, "alice").await;
        alice.switches("admin").await;
        let before = app.root().call("ListAccessKeys", &[("UserName", "alice")]).await.ok().body;
        let mut closed = 0;
        for route in claviger_console::routes().filter(|route| route.is_own) {
            let got = match route.method {
                Method::POST => alice.post(route.path, "do=delete&name=x&id=x&password=x&code1=123456&code2=123456").await,
                _ => alice.get(route.path).await,
            };
            let status = if route.method == Method::POST { StatusCode::FORBIDDEN } else { StatusCode::OK };
            assert_eq!(got.status, status, "{} {}", route.method, route.path);
            assert!(got.body.contains("belong to you, alice,"), "{} {}: {}", route.method, route.path, got.body);
            closed += 1;
        }
        assert!(closed > 35, "{closed}");
        assert_eq!(app.root().call("ListAccessKeys", &[("UserName", "alice")]).await.ok().body.len(), before.len());
        // By the page for others neither.
        let got = alice.post("/console/users/alice/keys/new", "").await;
        assert!(got.body.contains("you are acting as a role"), "{} {}", got.status, got.body);
        // Every page says who acts, whatever it is about.
        for route in claviger_console::routes().filter(|route| route.needs_session && route.method == Method::GET) {
            let got = alice.get(route.path).await;
            if got.status == StatusCode::OK && got.header("content-type").starts_with("text/html") {
                assert!(got.body.contains(&format!("admin @ {ACCOUNT}")) && got.body.contains("/console/switch-back"), "{}", route.path);
            }
        }
        let got = alice.post("/console/switch-back", "to=%2Fconsole%2Fcredentials%2Fpassword").await;
        assert_eq!(got.to(), "/console/credentials/password");
        assert!(alice.get("/console/credentials").await.body.contains(":user/alice"));
    }

    async fn ac_43_a_form_is_taken_from_who_filled_it_in_and_from_nobody_else(app) {
        with_roles(&app).await;
        let mut alice = Browser::signed_in(&app, "alice").await;
        let mut itself = alice.clone();
        alice.switches("admin").await;
        let mut admin = alice.clone();
        alice.switches("other").await;
        let mut other = alice.clone();
        let got = alice.post("/console/switch-back", "").await;
        assert_eq!(got.to(), "/console?done=switched-back");
        // Pages that are still open in other windows: the browser sends the cookie that it has now.
        for stale in [&mut itself, &mut admin, &mut other] {
            let old = std::mem::replace(&mut stale.cookies, alice.cookies.clone());
            let got = stale.post("/console/groups/new", "name=made").await;
            assert_eq!(got.status, StatusCode::FORBIDDEN);
            // The token that went with them is worth nothing.
            stale.cookies = old;
            let got = stale.post("/console/groups/new", "name=made").await;
            assert!(got.to().starts_with("/signin"), "{}", got.to());
        }
        assert!(groups(&app).await.is_empty());
    }

    async fn what_was_filled_in_as_a_role_is_never_done_as_the_person(app) {
        with_roles(&app).await;
        let mut alice = Browser::signed_in(&app, "alice").await;
        alice.switches("admin").await;
        let mut window = alice.clone();
        // Not so long that the person's own session is over for lack of use.
        app.clock().advance(1_800);
        alice.get("/console").await;
        app.clock().advance(1_800);
        let got = alice.post("/console/groups/new", "name=made").await;
        assert_eq!(got.to(), "/console?done=role-over-undone");
        let page = alice.get("/console?done=role-over-undone").await.body;
        assert!(page.contains("nothing was done") && page.contains("Welcome, alice"), "{page}");
        // The role is over and that was told: another window's form is no form of the person's.
        let got = window.post("/console/groups/new", "name=made").await;
        assert_eq!(got.status, StatusCode::FORBIDDEN);
        assert!(groups(&app).await.is_empty());

        alice.switches("admin").await;
        app.root().call("DeleteRolePolicy", &[("RoleName", "admin"), ("PolicyName", "may")]).await.ok();
        app.root().call("DeleteRole", &[("RoleName", "admin")]).await.ok();
        assert_eq!(alice.get("/console/users").await.to(), "/console?done=role-over");
        assert_eq!(alice.get("/console/users").await.status, StatusCode::OK);
        // Whoever wants to leave may, whatever became of the role.
        alice.switches("other").await;
        // Not so long that the person's own session is over for lack of use.
        app.clock().advance(1_800);
        alice.get("/console").await;
        app.clock().advance(1_800);
        assert!(alice.post("/signout", "").await.to().starts_with("/signin"));
        assert!(alice.get("/console").await.to().starts_with("/signin"));
    }

    async fn a_link_fills_the_form_in_and_does_nothing(app) {
        with_roles(&app).await;
        let mut alice = Browser::signed_in(&app, "alice").await;
        let page = alice.get("/console/role?name=admin").await.body;
        let link = format!("{ADDRESS}/console/switch-role?account={ACCOUNT}&amp;roleName=admin");
        assert!(page.replace("&#38;", "&amp;").contains(&link), "{page}");
        let page = alice.get(&format!("/console/switch-role?account={ACCOUNT}&roleName=admin&displayName=%22%3E%3Cb%3E&colour=red")).await.body;
        assert!(page.contains("value=\"admin\"") && page.contains(&format!("value=\"{ACCOUNT}\"")), "{page}");
        assert!(!page.contains("<b>") || !page.contains("\"><b>"), "{page}");
        assert!(alice.get("/console").await.body.contains("Welcome, alice"));
        // What says who somebody is cannot be drawn otherwise than it is.
        for name in ["a\u{202e}b", "a\u{200b}b", "\u{3164}", "a\u{0}b", "a\nb", &"a".repeat(65)] {
            let name: String = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).collect();
            let got = alice.post("/console/switch-role", &format!("account={ACCOUNT}&roleName=admin&displayName={name}")).await;
            assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        }
        let got = alice.post("/console/switch-role", &format!("account={ACCOUNT}&roleName=missing")).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(got.body.contains("is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/missing"), "{}", got.body);
    }
}
