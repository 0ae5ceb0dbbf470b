//! Signing keys that are made here: drawn, kept sealed like every secret, shown for the DNS, and only then signed with.
//!
//! A key waits until somebody lets it sign. That is refused as long as its public half is not found in the DNS: receivers would
//! take what it signs for forged. The key that it takes the place of is kept for a while: mail that it signed is still under way,
//! and whoever looks at it then looks its record up.

use caravan_connect::Secret;
use caravan_connect::dns::{Dns, Expected, RecordCheck, RecordState, check_key};
use caravan_connect::smtp::{Signer, new_signing_key};
use caravan_model::clock::told;
use caravan_model::document::{DkimKey, DocumentKind, SendingDomain};
use caravan_model::{Finding, Random};
use caravan_store::retired_keys::{self, RetiredKey};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::Engine;
use crate::definitions::{self, ApplyOptions, DefinitionError};
use crate::live::Live;
use crate::secrets::{self, secrets_of};

const KIND: DocumentKind = DocumentKind::SendingDomain;

/// A signing key of a sending domain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct DomainKey {
    /// Under which receivers find its public half.
    pub selector: String,
    /// Mail is signed with it.
    pub signs: bool,
    /// It was made here and is kept here; else the manifest says where it is.
    pub made_here: bool,
    /// When it was made here.
    pub made_at: Option<Timestamp>,
    /// Name of the TXT record.
    pub name: String,
    /// What must stand there; none where the key cannot be used.
    pub value: Option<String>,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// Until when it signed, where it signed once and does no more.
    pub signed_until: Option<Timestamp>,
    /// Until when its record must stay in the DNS all the same, because mail that it signed is under way; none once it may be
    /// removed.
    pub needed_until: Option<Timestamp>,
}

/// For how long after its last signature receivers may look a key up.
const UNDER_WAY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Until when the record of a key that signs no more must stay; none when it may be removed.
fn needed_until(key: &RetiredKey, now: Timestamp) -> Option<Timestamp> {
    Some(key.signed_until + UNDER_WAY).filter(|until| *until > now)
}

fn unknown(key: &str) -> DefinitionError {
    DefinitionError::Unknown { kind: KIND.key().to_owned(), key: key.to_owned() }
}

/// The keys of a sending domain: those that sign, then those that were made here and wait.
///
/// # Errors
/// There is no such domain.
pub fn domain_keys(engine: &Engine, key: &str) -> Result<Vec<DomainKey>, DefinitionError> {
    let now = engine.clock().now();
    let (live, retired) = engine.store().read(|s: &mut dyn Session| -> Result<_, StoreError> {
        let live = engine.live(s)?;
        let domain = live.definitions.get(KIND, key).map(|definition| definition.id);
        let retired = domain.map(|domain| retired_keys::of(s, domain)).transpose()?.unwrap_or_default();
        Ok((live, retired))
    })?;
    all_keys(&live, key, &retired, now).ok_or_else(|| unknown(key))
}

/// The keys of a sending domain whose records must stay though they sign no more: name, value where it is known, until when.
pub(super) fn former_keys(engine: &Engine, key: &str) -> Result<Vec<DomainKey>, StoreError> {
    match domain_keys(engine, key) {
        Ok(keys) => Ok(keys.into_iter().filter(|key| key.needed_until.is_some()).collect()),
        Err(DefinitionError::Store(error)) => Err(error),
        Err(_) => Ok(Vec::new()),
    }
}

fn all_keys(live: &Live, key: &str, retired: &[RetiredKey], now: Timestamp) -> Option<Vec<DomainKey>> {
    let definition = live.definitions.get(KIND, key)?;
    let domain = definition.read::<SendingDomain>()?;
    let stored: Vec<_> = secrets::states(live, definition, &[]);
    let made_at = |secret: &str| stored.iter().find(|state| state.name == secret).and_then(|state| state.set_at);
    let waiting = stored.iter().filter_map(|state| DkimKey::made_here_for(&state.name));
    let waiting = waiting.filter(|selector| domain.dkim.iter().all(|key| key.selector != *selector));
    let waiting: Vec<DkimKey> = waiting.map(|selector| DkimKey::made_here(&selector)).collect();
    let former = |selector: &str| retired.iter().find(|key| key.selector == selector);
    // Those of the manifest that are still needed, though it names them no more.
    let gone = retired.iter().filter(|key| needed_until(key, now).is_some());
    let gone = gone.filter(|gone| waiting.iter().all(|key| key.selector != gone.selector));
    let gone: Vec<DkimKey> =
        gone.map(|key| DkimKey { selector: key.selector.clone(), secret: Some(key.secret.clone()) }).collect();
    let signs_with = |secret: &str| domain.dkim.iter().any(|key| key.secret_name() == secret);
    let secrets = secrets_of(live, definition, now);
    let shown = |key: &DkimKey, signs: bool| {
        let secret = key.secret_name();
        let record = match &secrets {
            Err(why) => Err(why.clone()),
            // Another key has its name by now; this one's public half is known to nobody but the DNS.
            Ok(_) if !signs && signs_with(secret) => {
                Err("Its private key is not here any more. Leave its record in the DNS as it is.".to_owned())
            }
            Ok(secrets) => match secrets.get(secret) {
                None => Err(format!("Its private key `{secret}` is not here. Make a new one, or store it.")),
                Some(private) => record_of(&domain.domain, &key.selector, private),
            },
        };
        DomainKey {
            selector: key.selector.clone(),
            signs,
            made_here: key.is_made_here(),
            made_at: made_at(secret),
            name: format!("{}._domainkey.{}", key.selector, domain.domain),
            value: record.as_ref().ok().cloned(),
            problem: record.err(),
            signed_until: former(&key.selector).filter(|_| !signs).map(|key| key.signed_until),
            needed_until: former(&key.selector).filter(|_| !signs).and_then(|key| needed_until(key, now)),
        }
    };
    let signing = domain.dkim.iter().map(|key| shown(key, true));
    Some(signing.chain(waiting.iter().chain(&gone).map(|key| shown(key, false))).collect())
}

fn record_of(domain: &str, selector: &str, private: &Secret) -> Result<String, String> {
    let signer = Signer::new(domain, &[(selector.to_owned(), private.clone())]);
    let signer = signer.map_err(|(_, why)| format!("It cannot sign: {why}."))?;
    Ok(signer.records().into_iter().map(|(_, value)| value).collect())
}

/// Draws a new key and keeps it; it does not sign yet. Without a selector the next free one is taken: `c1`, `c2` …
///
/// # Errors
/// There is no such domain, no key to encrypt with, or the selector is taken or none.
pub fn make_domain_key(
    engine: &Engine,
    random: &Random,
    key: &str,
    selector: Option<&str>,
    actor: &str,
) -> Result<DomainKey, DefinitionError> {
    let there = domain_keys(engine, key)?;
    let taken = |selector: &str| there.iter().any(|key| key.selector == selector);
    let selector = match selector {
        Some(selector) => selector.to_owned(),
        None => (1..).map(|n| format!("c{n}")).find(|free| !taken(free)).unwrap_or_default(),
    };
    let fits = (1..=40).contains(&selector.len())
        && selector.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !fits {
        let message = "A selector is made of at most 40 small letters, digits and hyphens.";
        return Err(Finding::error("bad_selector", "/selector", message).into());
    }
    if taken(&selector) {
        let message = format!("There is a key `{selector}` already. Take another selector: receivers remember keys.");
        return Err(Finding::error("selector_taken", "/selector", message).into());
    }
    let private = new_signing_key(random).map_err(|why| Finding::error("key_not_made", "", why))?;
    let secret = DkimKey::made_here(&selector).secret_name().to_owned();
    secrets::set(engine, KIND, key, &secret, private.reveal().to_owned(), actor)?;
    let made = domain_keys(engine, key)?.into_iter().find(|made| made.selector == selector);
    made.ok_or_else(|| unknown(key))
}

/// Lets a key that waits sign, in place of the RSA key that signed until now. The former one is kept, so that one can go back.
///
/// # Errors
/// There is no such domain or key, it cannot be used, or it is not found in the DNS.
pub fn sign_with(
    engine: &Engine,
    dns: &Dns,
    key: &str,
    selector: &str,
    actor: &str,
) -> Result<RecordCheck, DefinitionError> {
    let there = domain_keys(engine, key)?;
    let chosen = there.iter().find(|key| key.selector == selector).ok_or_else(|| no_key(key, selector))?;
    let record = chosen
        .value
        .clone()
        .ok_or_else(|| Finding::error("dkim_key_unusable", "", chosen.problem.clone().unwrap_or_default()))?;
    let found = check_key(dns, &Expected { name: chosen.name.clone(), record });
    if found.state != RecordState::Good {
        let message = format!("{}: {} It does not sign yet.", found.name, found.message);
        return Err(Finding::error("key_not_in_dns", "", message).into());
    }
    let stays = |key: &&DomainKey| {
        key.signs && key.selector != selector && key.value.as_ref().is_some_and(|value| value.contains("k=ed25519"))
    };
    let [stored] = definitions::export(engine, Some(KIND), Some(key))?.try_into().map_err(|_| unknown(key))?;
    let unreadable = |error: serde_json::Error| Finding::error("unreadable", "", error.to_string());
    let mut manifest = stored.to_value().map_err(unreadable)?;
    let had = manifest.get("dkim").and_then(Json::as_array).cloned().unwrap_or_default();
    let beside: Vec<&str> = there.iter().filter(stays).map(|key| key.selector.as_str()).collect();
    let kept = had.into_iter().filter(|key| key["selector"].as_str().is_some_and(|name| beside.contains(&name)));
    let signs = match chosen.made_here {
        true => json!({"selector": selector, "secret": DkimKey::made_here(selector).secret_name()}),
        false => json!({"selector": selector}),
    };
    manifest["dkim"] = std::iter::once(signs).chain(kept).collect();
    if !chosen.signs {
        definitions::put(engine, manifest, actor, ApplyOptions::default(), None)?;
    }
    Ok(found)
}

fn no_key(key: &str, selector: &str) -> DefinitionError {
    let message = format!("The sending domain `{key}` has no key `{selector}`.");
    Finding::error("unknown_key", "", message).into()
}

/// Forgets a key that was made here and does not sign.
///
/// # Errors
/// There is no such domain or key, it signs, mail that it signed is still under way, or the manifest says where it is.
pub fn forget_domain_key(engine: &Engine, key: &str, selector: &str) -> Result<(), DefinitionError> {
    let there = domain_keys(engine, key)?;
    let chosen = there.iter().find(|key| key.selector == selector).ok_or_else(|| no_key(key, selector))?;
    if chosen.signs {
        let message = format!("The key `{selector}` signs. Let another one sign first.");
        return Err(Finding::error("key_signs", "", message).into());
    }
    if let Some(until) = chosen.needed_until {
        let message = format!(
            "The key `{selector}` signed until a short while ago, and mail that it signed is still under way. Leave it and its \
             record in the DNS until {}; then both may be removed.",
            told(until)
        );
        return Err(Finding::error("key_still_needed", "", message).into());
    }
    secrets::forget(engine, KIND, key, DkimKey::made_here(selector).secret_name())?;
    engine.store().write(|s| -> Result<(), StoreError> {
        let live = engine.live(s)?;
        let domain = live.definitions.get(KIND, key).map(|definition| definition.id);
        domain.map_or(Ok(()), |domain| retired_keys::forget(s, domain, &[selector.to_owned()]))
    })?;
    Ok(())
}
