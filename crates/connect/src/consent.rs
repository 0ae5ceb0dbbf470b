//! A person's consent, asked for on the other system's own page: OAuth 2 with an authorization code (RFC 6749, 4.1).
//!
//! A kind of connector that works by consent says where it is asked for ([`ConnectorKind::consent`]); the rest is the same
//! for all of them. The application's secret is [`CLIENT_SECRET`]; what comes of a consent is kept as [`REFRESH_TOKEN`], or
//! as [`ACCESS_TOKEN`] where the other side gives nothing that lasts longer.
//!
//! [`ConnectorKind::consent`]: crate::ConnectorKind::consent

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;
use serde::Deserialize;

use crate::connector::{Outcome, Secret, sentence};
use crate::oauth::{self, Said};
use crate::outbound::Outbound;

/// Name of the application's secret.
pub const CLIENT_SECRET: &str = "client_secret";
/// Name of the secret by which access tokens are asked for.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// Name of the secret that calls are made with, where there is no refresh token.
pub const ACCESS_TOKEN: &str = "access_token";

/// The longest life of a token that is believed: ten years.
const LONGEST_LIFE: i64 = 10 * 31_536_000;

/// Where a consent is asked for, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The page on which a person consents.
    pub page: String,
    /// Where a code is exchanged for tokens.
    pub token_address: String,
    /// Id of the application.
    pub client_id: String,
    /// What is asked for; none of it may be missing.
    pub scopes: &'static [&'static str],
    /// What to do where the other side does not grant it, for people.
    pub when_not_granted: &'static str,
}

/// What came back from the page, as the browser brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// Somebody consented: a code for tokens.
    Code(Secret),
    /// Nobody did, or the other side does not let them.
    Refused {
        /// The other side's code.
        error: String,
        /// What it says.
        description: String,
    },
}

/// What a code was exchanged for.
#[derive(Clone)]
pub struct Tokens {
    /// What calls are made with.
    pub access_token: Secret,
    /// How long it lives, where the other side says so.
    pub expires_in: Option<SignedDuration>,
    /// What new ones are asked for with, where the other side gives it.
    pub refresh_token: Option<Secret>,
}

/// Why there is no consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoConsent {
    /// Stable.
    pub code: &'static str,
    /// For people: what is so, and what to do.
    pub message: String,
}

impl NoConsent {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The answer of a token server to a code.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

impl Terms {
    /// The address of the page for one consent, which leads back to `redirect` with `state`.
    ///
    /// # Errors
    /// The settings name a page that is no web address.
    pub fn address(&self, redirect: &str, state: &str) -> Result<String, NoConsent> {
        let page = Url::parse(&self.page).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
        let mut page = page.ok_or_else(|| {
            NoConsent::new("consent_no_page", format!("`{}` is no web address; check the settings.", self.page))
        })?;
        page.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("state", state)
            .append_pair("scope", &self.scopes.join(" "));
        Ok(page.into())
    }

    /// Exchanges what came back for tokens. `redirect` is what the page was asked with.
    ///
    /// # Errors
    /// Nobody consented, the other side does not take the code or the application, or it grants less than is needed.
    pub async fn exchange(
        &self,
        returned: &Returned,
        redirect: &str,
        client_secret: &Secret,
        outbound: &Outbound,
        patience: Duration,
    ) -> Result<Tokens, NoConsent> {
        let code = match returned {
            Returned::Code(code) => code,
            Returned::Refused { error, description } => return Err(self.refused(error, description)),
        };
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.reveal()),
            ("redirect_uri", redirect),
            ("client_id", self.client_id.as_str()),
            ("client_secret", client_secret.reveal()),
        ];
        let asked = oauth::post(outbound, &self.token_address, &form, patience).await;
        let answer = asked.map_err(|outcome| NoConsent::new("consent_unanswered", unanswered(&outcome)))?;
        match answer.status {
            200..=299 => {}
            400..=499 => return Err(not_taken(&Said::of(&answer.body), redirect)),
            status => {
                let message =
                    format!("The other side cannot exchange the code now (status {status}). Try again later.");
                return Err(NoConsent::new("consent_unanswered", message));
            }
        }
        let granted: Granted =
            answer.json().map_err(|why| NoConsent::new("consent_unexpected", format!("Exchanging the code: {why}")))?;
        self.all_granted(granted.scope.as_deref())?;
        let expires_in = granted.expires_in.map(|left| SignedDuration::from_secs(left.clamp(0, LONGEST_LIFE)));
        let refresh_token = granted.refresh_token.filter(|token| !token.is_empty()).map(Secret::new);
        Ok(Tokens { access_token: Secret::new(granted.access_token), expires_in, refresh_token })
    }

    /// What the page says instead of a code. LinkedIn has names of its own beside those of OAuth.
    fn refused(&self, error: &str, description: &str) -> NoConsent {
        let said = Said::new(error, description);
        match error {
            "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" => {
                let message = format!("Nobody consented ({said}). Begin again when somebody will.");
                NoConsent::new("consent_refused", message)
            }
            "invalid_scope" | "unauthorized_scope_error" => {
                let message = format!("The other side says: {said}. {}", self.when_not_granted);
                NoConsent::new("scope_missing", message)
            }
            _ => {
                NoConsent::new("consent_failed", format!("The other side did not ask for a consent. It says: {said}."))
            }
        }
    }

    /// A server that names no scopes granted what was asked for (RFC 6749, 5.1). Commas are LinkedIn's.
    fn all_granted(&self, granted: Option<&str>) -> Result<(), NoConsent> {
        let Some(granted) = granted else { return Ok(()) };
        let has = |wanted: &&str| granted.split([' ', ',']).any(|scope| scope == *wanted);
        let missing: Vec<&str> = self.scopes.iter().copied().filter(|scope| !has(scope)).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => {
                let message = format!("The consent does not include {}. {}", missing.join(", "), self.when_not_granted);
                Err(NoConsent::new("scope_missing", message))
            }
        }
    }
}

fn not_taken(said: &Said, redirect: &str) -> NoConsent {
    match said.error.as_str() {
        "invalid_client" | "unauthorized_client" => NoConsent::new(
            "application_refused",
            format!(
                "The other side does not take the application ({said}). Check the client id and `{CLIENT_SECRET}`."
            ),
        ),
        _ if said.mentions("redirect") => NoConsent::new(
            "wrong_redirect_address",
            format!(
                "The other side says: {said}. Register exactly {redirect} as a redirect address of the application there, \
                 and begin again."
            ),
        ),
        "invalid_grant" => NoConsent::new(
            "consent_code_refused",
            format!("The other side no longer takes the code ({said}): it is good for minutes, and once. Begin again."),
        ),
        _ => NoConsent::new("consent_failed", format!("The other side did not take the code. It says: {said}.")),
    }
}

fn unanswered(outcome: &Outcome) -> String {
    format!("{} Begin again when the other side is reached.", sentence(outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms {
            page: "https://www.linkedin.example/oauth/v2/authorization".to_owned(),
            token_address: String::new(),
            client_id: "78 abc".to_owned(),
            scopes: &["rw_dmp_segments", "r_ads"],
            when_not_granted: "Ask LinkedIn.",
        }
    }

    #[test]
    fn the_page_is_asked_with_everything_encoded() {
        let address = terms().address("https://go.acme.example/consent", "a+b").unwrap();
        assert_eq!(
            address,
            "https://www.linkedin.example/oauth/v2/authorization?response_type=code&client_id=78+abc\
             &redirect_uri=https%3A%2F%2Fgo.acme.example%2Fconsent&state=a%2Bb&scope=rw_dmp_segments+r_ads"
        );
        let script = Terms { page: "javascript:alert(1)//".to_owned(), ..terms() };
        assert_eq!(script.address("https://a.example", "s").unwrap_err().code, "consent_no_page");
    }

    #[test]
    fn what_is_granted_may_be_more_and_in_either_spelling_but_never_less() {
        for enough in [None, Some("r_ads rw_dmp_segments"), Some("rw_dmp_segments,r_ads,w_member_social")] {
            assert_eq!(terms().all_granted(enough), Ok(()), "{enough:?}");
        }
        for (granted, missing) in
            [("r_ads", "rw_dmp_segments"), ("", "rw_dmp_segments, r_ads"), ("r_ads_more", "r_ads")]
        {
            let refused = terms().all_granted(Some(granted)).unwrap_err();
            assert_eq!(refused.code, "scope_missing");
            assert!(refused.message.contains(missing), "{}", refused.message);
        }
    }

    #[test]
    fn refusals_are_told_in_words_whatever_they_carry() {
        let code = |error: &str| terms().refused(error, "x\u{7}y").code;
        assert_eq!(code("user_cancelled_authorize"), "consent_refused");
        assert_eq!(code("unauthorized_scope_error"), "scope_missing");
        assert_eq!(code("server_error"), "consent_failed");
        let long = terms().refused("server_error", &"no ".repeat(5_000));
        assert!(long.message.len() < 400 && !terms().refused("a", "x\u{7}y").message.contains('\u{7}'));
        let taken =
            |error: &str, description: &str| not_taken(&Said::new(error, description), "https://a.example").code;
        assert_eq!(taken("invalid_client", "redirect"), "application_refused");
        assert_eq!(taken("invalid_request", "appid/redirect uri does not match"), "wrong_redirect_address");
        assert_eq!(taken("invalid_grant", "authorization code not found"), "consent_code_refused");
    }
}
