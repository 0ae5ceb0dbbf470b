//! Signing in: a member consents on a page, the application exchanges the code, and refreshes until the consent ends.

use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::wire::Asked;
use super::{Inner, Setup};

/// How long a code can be exchanged.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// The page on which a member answers.
pub const PAGE: &str = "/oauth/v2/authorization";
/// What an application asks for.
const WANTED: &str = "rw_dmp_segments";

/// A code that was not exchanged yet.
struct Code {
    code: String,
    /// The redirect address that it was asked for with: the exchange must name the same.
    back: String,
    ends: Timestamp,
}

/// What one member consented to, and the tokens that came of it.
pub struct Consent {
    number: usize,
    ends: Timestamp,
    withdrawn: bool,
    codes: Vec<Code>,
    /// Codes that were ever given.
    given: usize,
    /// Access tokens and when they end.
    tokens: BTreeMap<String, Timestamp>,
    granted: usize,
}

impl Consent {
    pub fn given(setup: &Setup) -> Self {
        let ends = setup.clock.now() + setup.consent_life;
        Self { number: 1, ends, withdrawn: false, codes: Vec::new(), given: 0, tokens: BTreeMap::new(), granted: 0 }
    }

    pub fn refresh_token(&self) -> String {
        format!("AQW-refresh-{}", self.number)
    }

    pub fn grant(&mut self, setup: &Setup) -> String {
        self.granted += 1;
        let token = format!("AQX-access-{}", self.granted);
        self.tokens.insert(token.clone(), setup.clock.now() + setup.token_life);
        token
    }

    pub fn takes(&self, token: &str, now: Timestamp) -> bool {
        !self.withdrawn && self.tokens.get(token).is_some_and(|ends| now < *ends)
    }

    pub fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    pub fn withdraw(&mut self) {
        self.withdrawn = true;
    }

    pub fn granted(&self) -> usize {
        self.granted
    }
}

impl Inner {
    /// The page on which a member answers. What is wrong with the application is shown here, and nobody is sent back: the
    /// redirect address is not to be trusted then.
    pub(super) fn authorisation_page(&self, asked: &Asked) -> Response {
        match self.asking(&form_of(asked.query())) {
            Ok(_) => {}
            Err(Refused::Here(why)) => return (StatusCode::BAD_REQUEST, Html(error_page(why))).into_response(),
            Err(Refused::Back(back)) => return back.into_response(),
        }
        let kept: String = form_of(asked.query())
            .iter()
            .map(|(name, value)| format!("<input type=hidden name=\"{}\" value=\"{}\">", escaped(name), escaped(value)))
            .collect();
        let page = format!(
            "<!doctype html><html lang=en><title>LinkedIn (fake)</title><main style='font: 16px sans-serif; margin: 4em auto; \
             max-width: 30em'><h1>{} would like to manage your audiences</h1><p>It asks for: {WANTED}</p>\
             <form method=post action={PAGE}>{kept}<button name=answer value=allow>Allow</button> \
             <button name=answer value=cancel>Cancel</button></form></main></html>",
            escaped(&self.setup.client_id),
        );
        Html(page).into_response()
    }

    /// A member answered: back to the application, with a code or with why there is none.
    pub(super) fn answered(&self, asked: &Asked) -> Response {
        let form = asked.form();
        let back = match self.asking(&form) {
            Ok(back) => back,
            Err(Refused::Here(why)) => return (StatusCode::BAD_REQUEST, Html(error_page(why))).into_response(),
            Err(Refused::Back(back)) => return back.into_response(),
        };
        match form.get("answer").map(String::as_str) {
            Some("allow") => {}
            Some("cancel") => {
                let why = "The user cancelled the authorization";
                return back.with(&[("error", "user_cancelled_authorize"), ("error_description", why)]).into_response();
            }
            _ => return (StatusCode::BAD_REQUEST, "neither allowed nor cancelled").into_response(),
        }
        let mut consent = self.consent.lock();
        consent.given += 1;
        let code = format!("AQT-code-{}", consent.given);
        let ends = self.now() + CODE_LIFE;
        consent.codes.push(Code { code: code.clone(), back: back.address.clone(), ends });
        back.with(&[("code", &code)]).into_response()
    }

    /// Checks what an application asks for.
    fn asking(&self, asked: &BTreeMap<String, String>) -> Result<Back, Refused> {
        let of = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        if of("client_id") != self.setup.client_id {
            return Err(Refused::Here("The passed in client_id is invalid"));
        }
        let Some(known) = self.setup.redirects.iter().find(|known| *known == of("redirect_uri")) else {
            return Err(Refused::Here("The redirect_uri does not match the registered value"));
        };
        let back = Back { address: known.clone(), state: of("state").to_owned(), told: Vec::new() };
        if of("response_type") != "code" || back.state.is_empty() {
            let why = "response_type must be code, and state must be there";
            return Err(Refused::Back(back.with(&[("error", "invalid_request"), ("error_description", why)])));
        }
        if !of("scope").split(' ').any(|scope| scope == WANTED) || !self.setup.permitted {
            let why = format!("Scope \"{WANTED}\" is not authorized for your application");
            return Err(Refused::Back(
                back.with(&[("error", "unauthorized_scope_error"), ("error_description", &why)]),
            ));
        }
        Ok(back)
    }

    pub(super) fn exchange(&self, asked: &Asked) -> Response {
        let form = asked.form();
        let is = |name: &str, value: &str| form.get(name).map(String::as_str) == Some(value);
        if !asked.is_form()
            || !is("client_id", &self.setup.client_id)
            || !is("client_secret", &self.setup.client_secret)
        {
            return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
        }
        let mut consent = self.consent.lock();
        let now = self.now();
        match form.get("grant_type").map(String::as_str) {
            Some("authorization_code") => {
                let code = form.get("code").cloned().unwrap_or_default();
                let Some(n) = consent.codes.iter().position(|known| known.code == code) else {
                    return refuse(StatusCode::BAD_REQUEST, "invalid_grant", "authorization code not found");
                };
                // Whoever tries a code, with whatever beside it, has used it.
                let known = consent.codes.remove(n);
                if !is("redirect_uri", &known.back) {
                    let why = "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization \
                               code. Or authorization code expired. Or external member binding exists";
                    return refuse(StatusCode::BAD_REQUEST, "invalid_request", why);
                }
                if now >= known.ends {
                    return refuse(StatusCode::BAD_REQUEST, "invalid_grant", "authorization code expired");
                }
                consent.number += 1;
                (consent.ends, consent.withdrawn) = (now + self.setup.consent_life, false);
            }
            Some("refresh_token") => {
                let known = consent.refresh_token();
                if consent.withdrawn || now >= consent.ends || !is("refresh_token", &known) {
                    let why = "The provided authorization grant or refresh token is invalid, expired or revoked";
                    return refuse(StatusCode::BAD_REQUEST, "invalid_grant", why);
                }
            }
            _ => return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "no such grant type"),
        }
        let token = consent.grant(&self.setup);
        let mut granted = json!({
            "access_token": token,
            "expires_in": self.setup.token_life.as_secs(),
            "scope": self.setup.scope,
        });
        if self.setup.refresh_tokens {
            granted["refresh_token"] = consent.refresh_token().into();
            granted["refresh_token_expires_in"] = consent.ends.duration_since(now).as_secs().into();
        }
        axum::Json(granted).into_response()
    }
}

/// Why nobody is asked.
enum Refused {
    /// The member is told, and stays.
    Here(&'static str),
    /// The application is told.
    Back(Back),
}

/// The way back to the application.
struct Back {
    address: String,
    state: String,
    told: Vec<(String, String)>,
}

impl Back {
    fn with(mut self, told: &[(&str, &str)]) -> Self {
        self.told.extend(told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }
}

impl IntoResponse for Back {
    fn into_response(self) -> Response {
        let mut answer = form_urlencoded::Serializer::new(String::new());
        answer.extend_pairs(&self.told).append_pair("state", &self.state);
        (StatusCode::FOUND, [(header::LOCATION, format!("{}?{}", self.address, answer.finish()))]).into_response()
    }
}

fn form_of(text: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn error_page(why: &str) -> String {
    format!(
        "<!doctype html><html lang=en><title>LinkedIn (fake)</title><h1>Bummer, something went wrong.</h1><p>{why}</p>"
    )
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    (status, axum::Json(json!({"error": error, "error_description": description}))).into_response()
}
