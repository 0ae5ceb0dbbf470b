//! Signing in and out, and what the app asks first.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum_extra::extract::CookieJar;
use caravan_model::document::{Body, Settings, read_document};
use caravan_store::{access as rows, documents};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::{self, Caller, Gate, SESSION_COOKIE, SESSION_LASTS, fingerprint};
use crate::http::{Answer, Done, Json, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Session")
        .post("/api/v1/session", Gate::Public, sign_in, "Sign in with email and password")
        .get("/api/v1/session", Gate::SignedIn, show, "Who is signed in")
        .get("/api/v1/session/notices", Gate::SignedIn, notices, "What you are told by mail")
        .put("/api/v1/session/notices", Gate::SignedIn, set_notices, "Say what you are told by mail")
        .delete("/api/v1/session", Gate::SignedIn, sign_out, "Sign out")
        .get("/api/v1/organisation", Gate::SignedIn, organisation, "The organisation and this installation")
}

/// Email and password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// The user's email.
    email: String,
    /// The user's password.
    password: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, JsonSchema)]
struct Session {
    user: User,
    /// Writes with the session cookie carry this as X-CSRF-Token. Empty for a token, which needs none.
    csrf: String,
}

/// A user, or the token that calls.
#[derive(Debug, Serialize, JsonSchema)]
struct User {
    /// The email, or `token:NAME`.
    email: String,
    /// The key of the role.
    role: String,
}

async fn sign_in(
    State(state): State<ApiState>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Json(given): Json<SignIn>,
) -> Result<Answer<Session>, Problem> {
    let address = peer.map(|Extension(ConnectInfo(address))| address.ip());
    let email = given.email.trim().to_lowercase();
    let now = state.engine.clock().now();
    if let Some(wait) = state.throttle.wait(address, &email, now) {
        let seconds = wait.as_secs().max(1);
        let detail = format!("Too many wrong passwords. Try again in {seconds} s.");
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", detail)
            .header(header::RETRY_AFTER, HeaderValue::from(seconds)));
    }
    // Counted before it is verified, so that many at once are held up too.
    state.throttle.wrong(address, &email, now);
    let _place = state.passwords.acquire().await.map_err(Problem::internal)?;
    let (random, asked) = (state.random.clone(), email.clone());
    let signed_in = state
        .blocking(move |engine| Ok(access::sign_in(engine.store(), &random, &asked, &given.password, now)?))
        .await?;
    let Some(session) = signed_in else {
        return Err(Problem::unauthenticated("wrong_password", "Email or password is wrong."));
    };
    state.throttle.right(address, &email);
    let answer = Answer::of(Session { user: User { email: session.email, role: session.role }, csrf: session.csrf });
    Ok(answer.header(header::SET_COOKIE, cookie(&state, &session.token, SESSION_LASTS.as_secs())?))
}

/// The session's cookie; with no time left the browser forgets it.
fn cookie(state: &ApiState, token: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let secure = if state.secure_cookies() { "; Secure" } else { "" };
    let written = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&written).map_err(Problem::internal)
}

async fn show(caller: Caller) -> Answer<Session> {
    let csrf = caller.csrf.unwrap_or_default();
    Answer::of(Session { user: User { email: caller.actor, role: caller.rights.role().to_owned() }, csrf })
}

/// What a user is told by mail.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OwnNotices")]
struct Notices {
    /// Who mentions them in comments.
    mentions: bool,
}

/// Programs are told nothing.
fn no_user() -> Problem {
    Problem::not_found("unknown_user", "A user of yours")
}

async fn notices(State(state): State<ApiState>, caller: Caller) -> Result<Answer<Notices>, Problem> {
    let user = state.read(move |s| Ok(rows::user(s, &caller.actor)?)).await?.ok_or_else(no_user)?;
    Ok(Answer::of(Notices { mentions: user.told_by_mail }))
}

async fn set_notices(
    State(state): State<ApiState>,
    caller: Caller,
    Json(wanted): Json<Notices>,
) -> Result<Answer<Notices>, Problem> {
    let told = wanted.mentions;
    let write =
        state.blocking(move |engine| Ok(engine.store().write(|s| rows::tell_by_mail(s, &caller.actor, told))?));
    if write.await? { Ok(Answer::of(wanted)) } else { Err(no_user()) }
}

async fn sign_out(State(state): State<ApiState>, headers: HeaderMap) -> Result<Done, Problem> {
    let jar = CookieJar::from_headers(&headers);
    if let Some(token) = jar.get(SESSION_COOKIE).map(|cookie| fingerprint(cookie.value())) {
        state.blocking(move |engine| Ok(engine.store().write(|s| rows::delete_session(s, &token))?)).await?;
    }
    let mut answer = Done::default();
    answer.0.insert(header::SET_COOKIE, cookie(&state, "", 0)?);
    Ok(answer)
}

/// The organisation and this installation.
#[derive(Debug, Serialize, JsonSchema)]
struct Organisation {
    /// Its name, from the settings.
    name: String,
    /// Its time zone, from the settings.
    time_zone: String,
    /// Version of Caravan.
    version: &'static str,
    /// Whether this is the demo.
    demo: bool,
    /// Whether the built-in mail catcher runs, so that `/mail` answers.
    mail_catcher: bool,
}

async fn organisation(State(state): State<ApiState>) -> Result<Answer<Organisation>, Problem> {
    let settings =
        state.read(|s| Ok(documents::get(s, "settings", "settings")?)).await?.and_then(|row| settings_of(&row.body));
    Ok(Answer::of(Organisation {
        name: settings.as_ref().map_or_else(|| "Caravan".to_owned(), |it| it.organisation.clone()),
        time_zone: settings.and_then(|it| it.time_zone).unwrap_or_else(|| "UTC".to_owned()),
        version: env!("CARGO_PKG_VERSION"),
        demo: state.demo,
        mail_catcher: state.mail.is_some(),
    }))
}

fn settings_of(body: &str) -> Option<Settings> {
    let (document, _) = read_document(serde_json::from_str(body).ok()?);
    match document?.body {
        Body::Settings(settings) => Some(*settings),
        _ => None,
    }
}
