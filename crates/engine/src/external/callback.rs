//! What services post to the callback address.
//!
//! Every call carries a token that only we can have made: it says which call it is, of which service, and about whom. So
//! a callback may come before the call is acknowledged, after its time, or twice, and is always understood.

use caravan_connect::connector::Secret;
use caravan_connect::services::{self, Answered, BadCallback, Entity, Registered};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::webhooks::{Headers, Signer};
use caravan_model::PersonId;
use caravan_model::document::DocumentKind;
use caravan_store::{StoreError, services as rows, step};
use jiff::{SignedDuration, Timestamp};

use super::{Answer, CallKey};
use crate::Engine;
use crate::inbox::Command;
use crate::secrets::secrets_of;

/// What the seal of a token is for.
const PURPOSE: &str = "external call";
/// Callbacks that come later than this after their time are refused; earlier ones are told as late.
const TOO_LATE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A callback as it was posted.
#[derive(Debug, Clone, Default)]
pub struct Posted {
    /// `X-Callback-Token`.
    pub token: Option<String>,
    /// `X-Api-Key`, or the bearer of `Authorization`.
    pub key: Option<String>,
    /// The `webhook-…` headers.
    pub signature: Option<Headers>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// Why a callback is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// No token, not one of ours, of a call that is long over, or of a service that is gone. Not to be repeated.
    #[error("The callback carries no token of a call that may still be answered.")]
    BadToken,
    /// The service's key or signature is missing or wrong.
    #[error("{0}")]
    NotAllowed(String),
    /// The body is no callback about this call. Not to be repeated.
    #[error(transparent)]
    Unreadable(#[from] BadCallback),
    /// Ours; to be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The token of a call.
pub(crate) fn token(keys: &SigningKeys, call: CallKey, service: &str, account: i64, answer_by: Timestamp) -> String {
    keys.seal(PURPOSE, &format!("{call}|{account}|{}|{service}", answer_by.as_second()))
}

struct Token {
    call: CallKey,
    account: i64,
    answer_by: Timestamp,
    service: String,
}

fn read_token(keys: &SigningKeys, sealed: &str) -> Option<Token> {
    let text = keys.unseal(PURPOSE, sealed).ok()?;
    let mut parts = text.splitn(4, '|');
    Some(Token {
        call: parts.next()?.parse().ok()?,
        account: parts.next()?.parse().ok()?,
        answer_by: Timestamp::from_second(parts.next()?.parse().ok()?).ok()?,
        service: parts.next()?.to_owned(),
    })
}

/// Takes a callback in. The first one of a call counts; repetitions change nothing and are no error.
///
/// # Errors
/// Why it is not taken.
pub fn callback(engine: &Engine, keys: &SigningKeys, posted: &Posted) -> Result<(), CallbackError> {
    let sealed = posted.token.clone().or_else(|| services::token_in(&posted.body)).ok_or(CallbackError::BadToken)?;
    let token = read_token(keys, &sealed).ok_or(CallbackError::BadToken)?;
    let (live, now) = engine.store().read(|s| Ok::<_, StoreError>((engine.live(s)?, s.now()?)))?;
    let definition = live.definitions.get(DocumentKind::ExternalAction, &token.service);
    let registered = live.definitions.registered(&token.service);
    let (Some(definition), Some(registered)) = (definition, registered) else { return Err(CallbackError::BadToken) };
    let registered: Registered = serde_json::from_value((**registered).clone()).map_err(|_| CallbackError::BadToken)?;
    if now.duration_since(token.answer_by) > TOO_LATE {
        return Err(CallbackError::BadToken);
    }
    let secrets = secrets_of(&live, definition, now).map_err(CallbackError::NotAllowed)?;
    allowed(posted, secrets.get("callback_key"), secrets.get("callback_signing_secret"), now)?;
    let entity = Entity { account: token.account, person: token.call.person.map(|PersonId(id)| id) };
    let answer = match services::read_callback(&posted.body, &registered.definition, entity)? {
        Answered::Succeeded { variables, attributes, ignored } => {
            if ignored > 0 {
                tracing::warn!(service = token.service, ignored, "a service answered members that it did not announce");
            }
            Answer::Succeeded { variables, attributes }
        }
        Answered::Failed { code, reason } => {
            Answer::Failed { code, reason: Some(reason).filter(|reason| !reason.is_empty()) }
        }
    };
    let taken = engine.store().write(|s| -> Result<bool, StoreError> {
        let Some(trip) = step::enrollments(s, &[token.call.trip])?.pop() else { return Ok(false) };
        let at = s.now()?;
        if !rows::answered(s, &token.call.to_string(), at)? {
            return Ok(false);
        }
        let answered = super::Answered { call: token.call, answer: answer.clone(), at };
        step::insert_inbox(s, &[Command::answered(answered, trip.subject, trip.shard)])?;
        Ok(true)
    })?;
    if taken {
        engine.poke();
    }
    Ok(())
}

/// Whether the service proves who it is, where it is asked to.
fn allowed(
    posted: &Posted,
    key: Option<&Secret>,
    signing: Option<&Secret>,
    now: Timestamp,
) -> Result<(), CallbackError> {
    let refused = |why: &str| CallbackError::NotAllowed(why.to_owned());
    if let Some(key) = key {
        let given = Secret::new(posted.key.clone().unwrap_or_default());
        if !same(&given, key) {
            return Err(refused("The callback lacks the service's key in X-Api-Key or Authorization."));
        }
    }
    if let Some(secret) = signing {
        let signer = Signer::new(secret, None).map_err(CallbackError::NotAllowed)?;
        let headers = posted.signature.as_ref().ok_or_else(|| refused("The callback is not signed."))?;
        signer
            .check(headers, now, &posted.body)
            .map_err(|why| refused(&format!("The callback is not signed: {why}.")))?;
    }
    Ok(())
}

/// Compares without telling by the time it takes where the first difference is.
fn same(given: &Secret, wanted: &Secret) -> bool {
    let (given, wanted) = (given.reveal().as_bytes(), wanted.reveal().as_bytes());
    given.len() == wanted.len() && given.iter().zip(wanted).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}
