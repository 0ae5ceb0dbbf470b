//! The consent by which a connection works: a person is sent to the other side's own page, and what comes back from there
//! becomes secrets of the connection.
//!
//! What goes along (`state`) is signed by this installation. It names the connection, is good for [`GOOD_FOR`] and for one
//! answer, and only for whom it was made: nobody can hand somebody else's consent to a connection.

use std::time::Duration;

use caravan_catalog::Definition;
pub use caravan_connect::consent::Returned;
use caravan_connect::consent::{ACCESS_TOKEN, CLIENT_SECRET, NoConsent, REFRESH_TOKEN, Terms, Tokens};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, connector};
use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, Finding};
use caravan_store::{StoreError, consents};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Systems, unknown};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::live::Live;
use crate::secrets;

/// How long a person has.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_mins(10);
/// The app's page to which other systems send people back.
const PAGE: &str = "/consent";
/// How long exchanging a code may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who asks for a consent, or brings one back.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// As the history names them.
    pub actor: &'a str,
    /// What signs.
    pub keys: &'a SigningKeys,
}

/// Where a person consents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its address, to be opened in their browser.
    pub address: String,
    /// Where it leads back to: the other side must know this address.
    pub redirect_address: String,
    /// Until when what comes back is taken.
    pub ends_at: Timestamp,
}

/// What goes to the other side's page and comes back from it.
#[derive(Serialize, Deserialize)]
struct State {
    connection: DocumentId,
    /// Random: this answer and no other.
    once: String,
    ends_at: Timestamp,
    /// The redirect address that was named.
    back: String,
}

/// Where other systems send people back to; none where nobody says how this installation is reached.
pub fn redirect_address(engine: &Engine) -> Option<String> {
    engine.public_url().map(|url| format!("{url}{PAGE}"))
}

/// How a connection gets somebody's consent; none where it needs none.
pub(crate) fn terms_of(connection: &Definition) -> Option<Result<Terms, Vec<Finding>>> {
    let kind = connector::kind(connection.text("type")?)?;
    kind.consent(connection.body.get("settings").unwrap_or(&serde_json::json!({})))
}

/// What must be set before anybody can be asked for a consent to a connection, all of it; none where it needs none.
pub(crate) fn missing(
    live: &Live,
    connection: &Definition,
    redirect_address: Option<&str>,
    now: Timestamp,
) -> Option<Vec<Finding>> {
    let mut missing = terms_of(connection)?.err().unwrap_or_default();
    missing.extend(application(live, connection, now).err());
    missing.extend(redirect_address.is_none().then(no_public_url));
    Some(missing)
}

/// The secret of the application that asks.
fn application(live: &Live, connection: &Definition, now: Timestamp) -> Result<Secret, Finding> {
    let message = || format!("Set the secret `{CLIENT_SECRET}` first: the other side asks for it after the consent.");
    let secret = secrets::one_of(live, connection, CLIENT_SECRET, now);
    secret.and_then(|secret| secret.ok_or_else(message)).map_err(|why| {
        let pointer = format!("/secrets/{CLIENT_SECRET}");
        Finding::error("secret_missing", pointer, why)
    })
}

fn no_public_url() -> Finding {
    let message = "Nobody says under which address Caravan is reached. Set CARAVAN_PUBLIC_URL.";
    Finding::error("no_public_url", "", message)
}

impl Systems {
    /// The page on which a person consents to a connection. `once` is random.
    ///
    /// # Errors
    /// There is no such connection, it works without a consent, or something must be set before.
    pub fn ask_for_consent(&self, key: &str, asker: Asker<'_>, once: String) -> Result<Page, DefinitionError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let connection = connection(&live, key)?;
        let terms = terms(connection)?;
        application(&live, connection, self.engine.clock().now())?;
        let redirect_address = self.back()?;
        let ends_at = self.engine.clock().now() + GOOD_FOR;
        let state = State { connection: connection.id, once, ends_at, back: redirect_address.clone() };
        let state = serde_json::to_string(&state).unwrap_or_default();
        let state = asker.keys.seal(&purpose(asker.actor), &state);
        let address = terms.address(&redirect_address, &state).map_err(refused)?;
        Ok(Page { address, redirect_address, ends_at })
    }

    /// Takes what came back from the page: tokens are kept, encrypted, and the connection is tried. Its key.
    ///
    /// # Errors
    /// It was not asked for by the same person in the last minutes, it was taken before, or there is no consent in it.
    pub fn take_consent(
        &self,
        state: &str,
        returned: &Returned,
        asker: Asker<'_>,
    ) -> Result<(String, Result<String, String>), DefinitionError> {
        let state = opened(state, asker)?;
        if state.back != self.back()? {
            return Err(finding(
                "wrong_redirect_address",
                format!(
                    "It was begun when Caravan was reached at another address ({}). Begin again; the other side must know {}.",
                    state.back,
                    self.back()?
                ),
            ));
        }
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let all = live.definitions.of_kind(DocumentKind::Connection);
        let gone = || finding("consent_unknown", "The connection is gone for which the consent was asked.".to_owned());
        let connection = all.map(AsRef::as_ref).find(|it: &&Definition| it.id == state.connection).ok_or_else(gone)?;
        let terms = terms(connection)?;
        let secret = application(&live, connection, self.engine.clock().now())?;
        self.spend(&state)?;
        let outbound = &self.surroundings.outbound;
        let exchanged = terms.exchange(returned, &state.back, &secret, outbound, PATIENCE);
        let tokens = self.surroundings.runtime.block_on(exchanged).map_err(refused)?;
        self.keep(&connection.key, &tokens, asker.actor)?;
        let tried = self.check(DocumentKind::Connection, &connection.key)?;
        Ok((connection.key.clone(), tried))
    }

    fn back(&self) -> Result<String, DefinitionError> {
        redirect_address(&self.engine).ok_or_else(|| no_public_url().into())
    }

    /// Committed before the code is exchanged: whoever brings the same again comes too late.
    fn spend(&self, state: &State) -> Result<(), DefinitionError> {
        let now = self.engine.clock().now();
        if state.ends_at <= now {
            let message = format!("Connect was pressed more than {} minutes ago. Press it again.", GOOD_FOR.as_mins());
            return Err(finding("consent_too_old", message));
        }
        let first = self
            .engine
            .store()
            .write(|s| -> Result<bool, StoreError> { consents::spend(s, &state.once, state.ends_at, now) })?;
        match first {
            true => Ok(()),
            false => Err(finding("consent_taken", "This answer was taken already. Press Connect again.".to_owned())),
        }
    }

    /// A refresh token holds as long as the consent. Without one the access token is all there is, until it ends; a refresh
    /// token of an earlier consent would come before it.
    fn keep(&self, key: &str, tokens: &Tokens, actor: &str) -> Result<(), DefinitionError> {
        let ends = tokens.expires_in.map(|life| self.engine.clock().now() + life);
        let (kept, forgotten) = match &tokens.refresh_token {
            Some(token) => ((REFRESH_TOKEN, token, None), ACCESS_TOKEN),
            None => ((ACCESS_TOKEN, &tokens.access_token, ends), REFRESH_TOKEN),
        };
        secrets::replace(&self.engine, DocumentKind::Connection, key, kept, forgotten, actor)
    }
}

/// What it was signed as: for nobody else, and for nothing else.
fn purpose(actor: &str) -> String {
    format!("consent asked for by {actor}")
}

fn opened(state: &str, asker: Asker<'_>) -> Result<State, DefinitionError> {
    let read = asker.keys.unseal(&purpose(asker.actor), state).ok();
    read.and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| {
        let message = "This answer belongs to no consent that you asked for here. Press Connect on the connection's page and \
                       come back as the same user.";
        finding("consent_unknown", message.to_owned())
    })
}

fn connection<'a>(live: &'a Live, key: &str) -> Result<&'a Definition, DefinitionError> {
    let kind = DocumentKind::Connection;
    live.definitions.get(kind, key).map(AsRef::as_ref).ok_or_else(|| unknown(kind, key))
}

fn terms(connection: &Definition) -> Result<Terms, DefinitionError> {
    let message = "A connection of this type needs nobody's consent: set its secrets.";
    let terms = terms_of(connection).ok_or_else(|| finding("no_consent_needed", message.to_owned()))?;
    terms.map_err(DefinitionError::Findings)
}

fn finding(code: &'static str, message: String) -> DefinitionError {
    Finding::error(code, "", message).into()
}

fn refused(why: NoConsent) -> DefinitionError {
    finding(why.code, why.message)
}
