//! The way out of messages, tried as mail programs take it (RFC 8058): a POST without cookies whose answer is no redirect.
//!
//! Everything answers 200 to something: a page of a proxy, another installation behind the same name. So the token that is
//! posted is answered with what only whoever signed it can know. It belongs to no message and no person, and its purpose lets it
//! do nothing else.

use std::time::Duration;

use caravan_model::EffectId;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, LOCATION};

use crate::outbound::{Answer, CallError, Outbound};
use crate::tracking::{Purpose, SigningKeys, Token};

/// Header of the answer by which we know ourselves.
pub const PROOF: &str = "caravan-way-out";
/// What mail programs send.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
/// How long an answer may take; mail programs wait no longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Addresses that are tried at once.
const AT_ONCE: usize = 32;

/// How the way out was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It is answered by us.
    Answered,
    /// Nobody knows: the address may not be reached from here.
    NotAllowed(String),
    /// Whoever opts out is not heard.
    Failed {
        /// Stable code.
        code: &'static str,
        /// What happened and what to do.
        message: String,
    },
}

/// The proof that a token for trying was answered by us, for such a token.
pub fn proof(keys: &SigningKeys, token: &str) -> Option<String> {
    let read = keys.verify(token).ok()?;
    (read.purpose == Purpose::Trial).then(|| keys.fingerprint("way out", token))
}

/// Tries the way out at these addresses (`https://go.acme.example`), many at once: one that is silent holds up no other.
pub async fn try_all(
    outbound: &Outbound,
    keys: &SigningKeys,
    bases: Vec<String>,
    now: Timestamp,
) -> Vec<(String, Tried)> {
    let one = async |base: String| {
        let tried = try_out(outbound, keys, &base, now).await;
        (base, tried)
    };
    stream::iter(bases).map(one).buffered(AT_ONCE).collect().await
}

async fn try_out(outbound: &Outbound, keys: &SigningKeys, base: &str, now: Timestamp) -> Tried {
    // No two trials are alike, so that no answer is an old one.
    let token = Token { effect: EffectId(now.as_microsecond()), person: None, purpose: Purpose::Trial };
    let token = keys.sign(&token);
    let address = format!("{}/t/u/{token}", base.trim_end_matches('/'));
    let answer = match outbound.call(Method::POST, &address) {
        Ok(call) => {
            let call = call.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(ONE_CLICK);
            outbound.send(call, PATIENCE).await
        }
        Err(refused) => Err(refused),
    };
    match answer {
        Ok(answer) => judge(base, &answer, proof(keys, &token).as_deref()),
        // The token stands in the address, and is of no use to people.
        Err(CallError::Refused(why)) => Tried::NotAllowed(why.replace(&address, base)),
        Err(CallError::Unreachable(why) | CallError::Lost(why)) => failed(
            "way_out_unreachable",
            format!("Nobody answers at `{base}`. {why} See whether the server runs and its name leads here."),
        ),
    }
}

fn judge(base: &str, answer: &Answer, proof: Option<&str>) -> Tried {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    match answer.status {
        200 if header(PROOF) == proof => Tried::Answered,
        200 => failed(
            "way_out_not_ours",
            format!(
                "Somebody else answers at `{base}`: a proxy's page, or another installation. Lead its name and `/t/` to this one."
            ),
        ),
        status @ 300..400 => {
            let leads_to =
                header(LOCATION.as_str()).map_or_else(String::new, |to| format!(" to {}", without_token(to)));
            let message = format!(
                "`{base}` redirects{leads_to} ({status}), which mail programs do not follow. Let `/t/` be answered without a redirect, and set the public address to the one that answers."
            );
            failed("way_out_redirects", message)
        }
        status => failed(
            "way_out_refused",
            format!(
                "`{base}` answers {status} to the button of mail programs. Let POST to `/t/` through to this installation, without signing in."
            ),
        ),
    }
}

fn failed(code: &'static str, message: String) -> Tried {
    Tried::Failed { code, message }
}

/// An address up to what only a trial knows.
fn without_token(address: &str) -> String {
    let shown = address.split("/t/u/").next().unwrap_or_default();
    shown.chars().filter(|c| !c.is_control()).take(200).collect()
}
