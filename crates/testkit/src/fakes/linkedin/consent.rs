//! Signing in: a member consents, the application exchanges the code, and refreshes until the consent ends.

use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::super::wire::Asked;
use super::{Inner, Setup};

/// What one member consented to, and the tokens that came of it.
pub struct Consent {
    number: usize,
    ends: Timestamp,
    withdrawn: bool,
    /// Codes that were not exchanged yet.
    codes: Vec<String>,
    /// Access tokens and when they end.
    tokens: BTreeMap<String, Timestamp>,
    granted: usize,
}

impl Consent {
    pub fn given(setup: &Setup) -> Self {
        let ends = setup.clock.now() + setup.consent_life;
        Self { number: 1, ends, withdrawn: false, codes: Vec::new(), tokens: BTreeMap::new(), granted: 0 }
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
    /// The page on which a member says yes; here nobody says no.
    pub(super) fn authorise(&self, query: &str) -> Response {
        let asked: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let is = |name: &str, value: &str| asked.get(name).map(String::as_str) == Some(value);
        let scopes = asked.get("scope").map(String::as_str).unwrap_or_default();
        let fits = is("response_type", "code")
            && is("client_id", &self.setup.client_id)
            && scopes.split(' ').any(|scope| scope == "rw_dmp_segments");
        let (Some(back), Some(state), true) = (asked.get("redirect_uri"), asked.get("state"), fits) else {
            return (StatusCode::BAD_REQUEST, "Bummer, something went wrong.").into_response();
        };
        let mut consent = self.consent.lock();
        let code = format!("AQT-code-{}", consent.number + consent.codes.len() + 1);
        consent.codes.push(code.clone());
        let answer: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", state)
            .finish();
        (StatusCode::FOUND, [(header::LOCATION, format!("{back}?{answer}"))]).into_response()
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
                let Some(n) = consent.codes.iter().position(|known| *known == code) else {
                    return refuse(StatusCode::BAD_REQUEST, "invalid_grant", "authorization code not found");
                };
                consent.codes.remove(n);
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
        axum::Json(json!({
            "access_token": token,
            "expires_in": self.setup.token_life.as_secs(),
            "refresh_token": consent.refresh_token(),
            "refresh_token_expires_in": consent.ends.duration_since(now).as_secs(),
            "scope": "rw_dmp_segments,r_ads",
        }))
        .into_response()
    }
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    (status, axum::Json(json!({"error": error, "error_description": description}))).into_response()
}
