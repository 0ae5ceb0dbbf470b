//! The history of consent: who said what to which messages, how it came in and what shows it. Whoever changes consent hands it
//! over with the change, and both are written in one transaction.

use std::collections::BTreeMap;
use std::net::IpAddr;

use caravan_catalog::changes::NewConsent;
use caravan_connect::connector::Secret;
use caravan_connect::texts::e164;
use caravan_connect::tracking::SigningKeys;
use caravan_model::PersonId;
use caravan_store::consent_records::{self as stored, ConsentRecord};
use caravan_store::ledger::{self, Recipient};
use caravan_store::{Session, StoreError, meta};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::deliver::folded_address;
use crate::exports::for_spreadsheets;
use crate::machines::Visitor;

/// Messages by email.
pub(crate) const EMAIL: &str = "email";
/// Text messages.
pub(crate) const SMS: &str = "sms";
/// Characters of words, of a page or of an answer, that are kept.
const MAX_WORDS: usize = 1_000;
/// Characters of anything else that is kept.
const MAX_OTHER: usize = 300;
/// Records that are read at once for a file.
const PIECE: usize = 1_000;
/// What fingerprints of network addresses, and those of erased people, are made for.
const OF_NETWORK: &str = "consent network address";
const OF_ERASED: &str = "consent erased address";

/// Appends what was said. Whoever names no address says it of the one that the person has in that channel now.
pub(crate) fn keep(s: &mut dyn Session, said: &[NewConsent], now: Timestamp) -> Result<(), StoreError> {
    if said.is_empty() {
        return Ok(());
    }
    let mut unnamed: Vec<i64> =
        said.iter().filter(|it| it.address.is_none()).filter_map(|it| it.person).map(|id| id.0).collect();
    unnamed.sort_unstable();
    unnamed.dedup();
    let people: BTreeMap<PersonId, Recipient> =
        ledger::recipients(s, &unnamed)?.into_iter().map(|person| (person.person, person)).collect();
    let rows: Vec<ConsentRecord> = said.iter().map(|it| row(it, &people, now)).collect();
    stored::append(s, &rows)
}

fn row(said: &NewConsent, people: &BTreeMap<PersonId, Recipient>, at: Timestamp) -> ConsentRecord {
    let own = || own_address(people.get(&said.person?)?, said.channel);
    let evidence: Map<String, Json> = said
        .evidence
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| {
            let most = if *name == "words" { MAX_WORDS } else { MAX_OTHER };
            ((*name).to_owned(), bounded(text, most).into())
        })
        .collect();
    ConsentRecord {
        id: 0,
        person: said.person,
        address: said.address.clone().or_else(own),
        channel: said.channel.to_owned(),
        sender: said.sender.clone(),
        value: said.value.clone(),
        reason: said.reason.as_deref().map(|reason| bounded(reason, MAX_OTHER)),
        source: bounded(&said.source, MAX_OTHER),
        at,
        evidence: (!evidence.is_empty()).then(|| Json::Object(evidence).to_string()),
    }
}

/// No database keeps a NUL in a text.
fn bounded(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(most).collect()
}

fn own_address(person: &Recipient, channel: &str) -> Option<String> {
    match channel {
        SMS => number(person.mobile_phone.as_deref()?),
        _ => address(person.email.as_deref()?),
    }
}

fn address(email: &str) -> Option<String> {
    folded_address(email)
}

fn number(phone: &str) -> Option<String> {
    e164(phone).ok()
}

/// The addresses by which records of a person are found that name nobody.
pub fn addresses_of(email: Option<&str>, phone: Option<&str>) -> Vec<String> {
    email.and_then(address).into_iter().chain(phone.and_then(number)).collect()
}

/// What shows who asked: their network address as a fingerprint only, and what their program calls itself.
pub(crate) fn of_visitor(keys: &SigningKeys, visitor: &Visitor) -> Vec<(&'static str, String)> {
    let ip =
        visitor.address.map(|ip: IpAddr| ("ip_hash", keys.fingerprint(OF_NETWORK, &ip.to_canonical().to_string())));
    let agent = visitor.agent.clone().map(|agent| ("agent", agent));
    ip.into_iter().chain(agent).collect()
}

/// Under what an address stands in records of a person who was erased.
fn fingerprint(s: &mut dyn Session, address: &str) -> Result<String, StoreError> {
    let installation = meta::get(s, "installation_id")?.unwrap_or_default();
    let keys = SigningKeys::new(0, Secret::new(installation));
    Ok(format!("#{}", keys.fingerprint(OF_ERASED, address)))
}

/// An address and what it became where its owner was erased.
pub fn forms_of(s: &mut dyn Session, address: &str) -> Result<Vec<String>, StoreError> {
    Ok(vec![address.to_owned(), fingerprint(s, address)?])
}

/// A person is erased: of their objections stays that there were some, by the fingerprint of the address.
pub(crate) fn erase(s: &mut dyn Session, person: PersonId) -> Result<(), StoreError> {
    let now = ledger::recipients(s, &[person.0])?.pop();
    let own = now.map(|it| addresses_of(it.email.as_deref(), it.mobile_phone.as_deref())).unwrap_or_default();
    let mut prints = Vec::new();
    for address in stored::addresses_of(s, person, &own)? {
        let print = fingerprint(s, &address)?;
        prints.push((address, print));
    }
    stored::erase(s, person, &prints)
}

/// Writes everything that a person said as CSV, newest first.
///
/// # Errors
/// The store's, or whoever takes the file is gone.
pub fn export(
    engine: &Engine,
    person: PersonId,
    addresses: &[String],
    out: &mut dyn std::io::Write,
) -> Result<(), std::io::Error> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["at", "channel", "value", "address", "sender", "reason", "source", "evidence"])?;
    let mut before = None;
    loop {
        let read = engine.store().read(|s| stored::of_person(s, person, addresses, before, PIECE));
        let rows = read.map_err(std::io::Error::other)?;
        for row in &rows {
            let text = |it: &Option<String>| for_spreadsheets(it.as_deref().unwrap_or_default());
            csv.write_record([
                row.at.to_string(),
                row.channel.clone(),
                text(&row.value),
                text(&row.address),
                text(&row.sender),
                text(&row.reason),
                row.source.clone(),
                text(&row.evidence),
            ])?;
        }
        match rows.last() {
            Some(last) if rows.len() == PIECE => before = Some(last.id),
            _ => return csv.flush(),
        }
    }
}
