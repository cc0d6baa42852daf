//! The one way into a page: who comes, from where, with what form, and whether the form is from a page of theirs.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use claviger_iam::context::{self, Origin, Outcome, RequestFacts};
use claviger_iam::entity::console_session::ConsoleToken;
use claviger_iam::signin::{AtConsole, Refusal};
use claviger_iam::{Fault, Iam, Operation};
use claviger_model::Code;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, ORIGIN, REFERER, USER_AGENT};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};

use crate::Site;
use crate::answer::{Answer, Failure, go, harden, page_with, with_cookies};
use crate::cookies::Cookie;
use crate::form::Form;
use crate::routes::{Needs, Route};
use crate::switch_role;
use crate::view::{Problem, return_path};

/// Bytes of the largest form that somebody who is signed in may send: a policy document with every character escaped.
pub const LARGEST_FORM: usize = 512 << 10;
/// Bytes of the largest form of a stranger.
const LARGEST_STRANGERS_FORM: usize = 16 << 10;

/// What pages work with.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) iam: Iam,
    pub(crate) site: Arc<Site>,
}

/// What a request for a page brings.
pub(crate) struct Asked {
    pub(crate) door: Door,
    pub(crate) facts: RequestFacts,
    pub(crate) path: String,
    /// The parts of the path that its route names.
    params: Vec<(String, String)>,
    pub(crate) query: Form,
    pub(crate) form: Form,
    headers: HeaderMap,
}

impl Asked {
    /// The part of the path of this name.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// The rules.
    pub(crate) fn iam(&self) -> &Iam {
        &self.door.iam
    }

    /// Whether cookies are marked as secure.
    pub(crate) fn secure(&self) -> bool {
        self.door.site.keeps_secure_cookies()
    }

    /// What the browser sent of a cookie.
    pub(crate) fn cookie(&self, cookie: Cookie) -> Option<&str> {
        cookie.read(&self.headers, self.secure())
    }

    /// Sets a cookie.
    pub(crate) fn set(&self, cookie: Cookie, value: &str) -> String {
        cookie.set(value, self.secure())
    }

    /// Takes a cookie away.
    pub(crate) fn clear(&self, cookie: Cookie) -> String {
        cookie.clear(self.secure())
    }
}

/// A request of somebody who is not signed in.
pub(crate) struct Guest {
    pub(crate) asked: Asked,
    /// What the forms of this visit are bound to.
    pub(crate) visit: ConsoleToken,
}

/// A request of somebody who is signed in.
pub(crate) struct Visit {
    pub(crate) asked: Asked,
    pub(crate) at: AtConsole,
    pub(crate) token: ConsoleToken,
    /// Whether an operation was refused because the person must confirm first to be there.
    unconfirmed: Arc<AtomicBool>,
}

impl Visit {
    /// Runs an operation as whoever is signed in.
    pub(crate) async fn call<O: Operation>(&self, operation: &O) -> Result<O::Output, Fault> {
        let (iam, facts) = (self.asked.iam(), &self.asked.facts);
        let admitted = iam.admit_at_console(&self.at, facts).await?;
        let outcome = iam.call(operation, admitted, facts).await;
        if outcome.as_ref().is_err_and(Fault::is_unconfirmed) {
            self.unconfirmed.store(true, Ordering::Relaxed);
        }
        outcome
    }

    /// Refuses whoever has not proved lately to be there: before a change of how somebody signs in.
    pub(crate) fn must_be_fresh(&self) -> Result<(), Failure> {
        if self.at.is_fresh(self.asked.facts.now) {
            Ok(())
        } else {
            Err(Failure::Confirm)
        }
    }

    /// The name of the user who acts; root has none, and neither has a role.
    pub(crate) fn user_name(&self) -> Option<&str> {
        self.at.user().map(|user| user.name.as_str())
    }
}

/// What a page gives.
pub(crate) type Coming = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Answers a request for a route.
pub(crate) async fn answer(
    door: Door,
    route: &'static Route,
    params: RawPathParams,
    request: Request,
) -> Response {
    let site = door.site.clone();
    let request_id = request_id(&request);
    let back = return_path(request.method(), request.uri());
    let mut outcome = Outcome::default();
    let mut answer = match enter(door, route, params, request, &mut outcome).await {
        Ok(answer) => answer,
        Err(failure) => refused(&site, failure, &back, &request_id, &mut outcome),
    };
    answer.extensions_mut().insert(outcome);
    answer
}

/// Answers where there is no page, or none for what was asked of it.
pub(crate) async fn nothing(door: Door, status: StatusCode, request: Request) -> Response {
    let page = Problem::missing(&door.site, &request_id(&request));
    page_with(status, &page).unwrap_or_else(|_| bare(status))
}

fn request_id(request: &Request) -> Arc<str> {
    request
        .extensions()
        .get::<Origin>()
        .map_or_else(|| Arc::from("-"), |origin| origin.request_id.clone())
}

/// An answer without a page.
fn bare(status: StatusCode) -> Response {
    let mut answer = Response::default();
    *answer.status_mut() = status;
    answer
}

async fn enter(
    door: Door,
    route: &'static Route,
    params: RawPathParams,
    request: Request,
    outcome: &mut Outcome,
) -> Answer {
    let (parts, body) = request.into_parts();
    // INVARIANT: the binary and the tests wrap this router in the layer that adds it.
    let origin = parts
        .extensions
        .get::<Origin>()
        .cloned()
        .ok_or(Failure::Page)?;
    let text = |name| {
        let value = parts.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let facts = RequestFacts {
        id: origin.request_id,
        source_ip: origin.source_ip,
        user_agent: text(USER_AGENT),
        referer: text(REFERER),
        secure_transport: origin.secure_transport || door.site.address.starts_with("https://"),
        region: Cow::Borrowed("us-east-1"),
        door: context::Door::Aws,
        now: door.iam.settings().clock.now(),
    };
    let query = parts.uri.query().unwrap_or_default();
    let mut asked = Asked {
        facts,
        path: parts.uri.path().to_owned(),
        params: params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        query: Form::read(query.as_bytes()).ok_or(Failure::Missing)?,
        form: Form::default(),
        headers: parts.headers,
        door,
    };
    let is_post = parts.method == Method::POST;
    // SECURITY: who comes is settled before a byte of the body is read.
    match route.needs {
        Needs::Nobody(page) => {
            let (visit, is_new) = match asked.cookie(Cookie::Visit).and_then(ConsoleToken::parse) {
                Some(visit) => (visit, false),
                None => (ConsoleToken::draw(&asked.iam().settings().rng), true),
            };
            if is_post {
                asked.form = form(&asked, body, LARGEST_STRANGERS_FORM).await?;
                if is_new {
                    return Err(Failure::Forged);
                }
                check_proof(&asked, &visit.form_proof())?;
            }
            let cookie = is_new.then(|| asked.set(Cookie::Visit, visit.expose()));
            let answer = page(Guest { asked, visit }).await?;
            // SECURITY: what caches may keep and give to others carries no cookie.
            let is_kept = answer.headers().contains_key(CACHE_CONTROL);
            Ok(with_cookies(answer, cookie.filter(|_| !is_kept)))
        }
        Needs::Session(page)
        | Needs::AnySession(page)
        | Needs::OwnSession(page)
        | Needs::OwnAnySession(page) => {
            let token = asked
                .cookie(Cookie::Session)
                .and_then(ConsoleToken::parse)
                .ok_or(Failure::SignIn)?;
            let at = match asked.iam().at_console(&token, &asked.facts).await {
                Ok(at) => at,
                Err(Refusal::Fault(fault)) => return Err(Failure::Fault(fault)),
                Err(_) => return Err(Failure::SignIn),
            };
            outcome.caller = Some(at.principal().arn.clone());
            if is_post {
                asked.form = form(&asked, body, LARGEST_FORM).await?;
                // SECURITY: what was filled in as a role is void once the session acts as somebody else, and the other way
                // round.
                let switched = at.session().switched.as_deref();
                check_proof(&asked, &token.form_proof_as(switched))?;
            }
            // Nothing is run, as nobody, until the person knows. Whoever wants to leave may.
            if at.is_role_over() && !matches!(route.needs, Needs::AnySession(_)) {
                return role_over(&asked, &at, is_post).await;
            }
            // A session that reaches no further leads to one place alone.
            if at.must_enrol() && route.needs.is_whole() {
                return go("/console/credentials/mfa/new");
            }
            let unconfirmed = Arc::new(AtomicBool::new(false));
            let visit = Visit {
                asked,
                at,
                token,
                unconfirmed: unconfirmed.clone(),
            };
            let is_role = visit.at.switched().is_some();
            if is_role && route.needs.is_own() {
                return switch_role::own(&visit, is_post);
            }
            let answer = page(visit).await;
            // The role may have gone while the page was made, and the person be signed in still: the next page tells.
            if is_role && matches!(answer, Err(Failure::SignIn)) {
                return go("/console");
            }
            // Pages that act on others may act on oneself too: whichever it was, the person confirms and comes back.
            if unconfirmed.load(Ordering::Relaxed) {
                return Err(Failure::Confirm);
            }
            answer
        }
    }
}

/// Tells a person that the time of the role is over, once.
async fn role_over(asked: &Asked, at: &AtConsole, is_post: bool) -> Answer {
    match asked.iam().leave_role(at, &asked.facts).await {
        Ok(()) if is_post => go("/console?done=role-over-undone"),
        Ok(()) => go("/console?done=role-over"),
        Err(Refusal::Fault(fault)) => Err(Failure::Fault(fault)),
        Err(_) => Err(Failure::SignIn),
    }
}

/// Reads a form.
async fn form(asked: &Asked, body: axum::body::Body, largest: usize) -> Result<Form, Failure> {
    let is_form = asked
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !is_form {
        return Err(Failure::Forged);
    }
    let body = Limited::new(body, largest)
        .collect()
        .await
        .map_err(|_| Failure::Fault(too_large()))?
        .to_bytes();
    Form::read(&body).ok_or_else(|| {
        Failure::Fault(Fault::new(
            Code::MalformedInput,
            "The form cannot be read: it is no text, or has too many fields.",
        ))
    })
}

fn too_large() -> Fault {
    Fault::new(
        Code::RequestEntityTooLarge,
        "The form is too large, or broke off.",
    )
}

/// Refuses a form that was not made for this session or visit, or that comes from another site (AC-43).
fn check_proof(asked: &Asked, right: &str) -> Result<(), Failure> {
    let header = |name: &str| {
        asked
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if header("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return Err(Failure::Forged);
    }
    if header(ORIGIN.as_str()).is_some_and(|origin| origin == "null" || is_elsewhere(origin, asked))
    {
        return Err(Failure::Forged);
    }
    let proof = asked.form.secret("proof");
    if proof.matches(right.as_bytes()) {
        Ok(())
    } else {
        Err(Failure::Forged)
    }
}

/// Whether an origin is neither the public address nor, by the same scheme, the host that the request was sent to.
fn is_elsewhere(origin: &str, asked: &Asked) -> bool {
    if origin.eq_ignore_ascii_case(&asked.door.site.address) {
        return false;
    }
    let host = asked
        .headers
        .get(http::header::HOST)
        .and_then(|value| value.to_str().ok());
    let scheme = |address: &str| {
        address
            .split_once("://")
            .map(|(scheme, _)| scheme.to_owned())
    };
    let named = origin.split_once("://").map(|(_, host)| host);
    host.is_none() || named != host || scheme(origin) != scheme(&asked.door.site.address)
}

fn refused(
    site: &Site,
    failure: Failure,
    back: &str,
    request_id: &str,
    outcome: &mut Outcome,
) -> Response {
    let secure = site.keeps_secure_cookies();
    let answer = match failure {
        Failure::SignIn => go(&format!("/signin?to={back}"))
            .map(|answer| with_cookies(answer, [Cookie::Session.clear(secure)])),
        Failure::Confirm => go(&format!("/console/confirm?to={back}")),
        Failure::Missing => page_with(StatusCode::NOT_FOUND, &Problem::missing(site, request_id)),
        Failure::Forged => page_with(StatusCode::FORBIDDEN, &Problem::forged(site, request_id)),
        Failure::Page => Err(Failure::Page),
        Failure::Fault(fault) => {
            outcome.code = Some(fault.code());
            if let Some(cause) = fault.cause() {
                tracing::error!(request_id, %cause, "a page failed");
            }
            page_with(status(fault.code()), &Problem::of(site, &fault, request_id))
        }
    };
    answer.unwrap_or_else(|_| bare(StatusCode::INTERNAL_SERVER_ERROR))
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sends a browser that asks for `/` to the sign-in page. Other clients mean the API.
#[must_use]
pub fn browser_to_sign_in(request: &Request) -> Option<Response> {
    let wants_page = request
        .headers()
        .get(http::header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let is_plain = request.method() == Method::GET
        && request.uri().path() == "/"
        && request.uri().query().is_none();
    let mut answer = (wants_page && is_plain).then(|| go("/signin").ok())??;
    harden(&mut answer, false);
    Some(answer)
}
