//! How long a text message gets: its template filled in with the longest values that people really have.
//!
//! One value decides twice: by its length, and by a character that phones do not have, which shortens every part. So the
//! text is made three times, and the longest counts: for the person of all looked at for whom it is longest, with the
//! longest value of each field, and with the longest of those that such a character stands in.

use std::collections::BTreeMap;

use caravan_catalog::World;
use caravan_catalog::snapshot::{Recipient, Snapshot};
use caravan_connect::texts::{self, Segments, segments};
use caravan_model::document::SmsMessage;
use caravan_store::{Session, people};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::preview::{PreviewRequest, in_body, message_of, way_out_is_put, with_links};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::live::Live;
use crate::load::{self, Wanted};

/// How many of the people who came last are looked at.
const SAMPLE: i64 = 500;

/// A text message with the longest values that people have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LongestText {
    /// The text, its links shortened.
    pub text: String,
    /// How long it is for the networks.
    #[serde(flatten)]
    pub length: Segments,
    /// Its characters; more than 1,600 are not sent.
    pub characters: usize,
    /// The values that were filled in, by the field's name.
    pub values: BTreeMap<String, String>,
    /// How many people were looked at: those who came last.
    pub people: usize,
}

/// How long a text message, or its draft, gets. Of the request only the draft and the journey count.
///
/// # Errors
/// Nothing of this key, a draft that cannot be read, or a text that cannot be made.
pub fn longest_text(
    engine: &Engine,
    key: &str,
    request: &PreviewRequest,
    public_url: &str,
) -> Result<LongestText, DefinitionError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let (message, snapshot) = message_of(s, &live, key, request)?;
        let sample = sample(s, &live, &snapshot)?;
        let people = sample.len() - 1;
        let appends = way_out_is_put(&message, &live.definitions);
        Ok(LongestText { people, ..longest(&message, &sample, (public_url, appends))? })
    })
}

/// The values of the people who came last, each in one of its accounts, and of somebody of whom nothing is known.
fn sample(s: &mut dyn Session, live: &Live, snapshot: &Snapshot) -> Result<Vec<Json>, DefinitionError> {
    let now = s.now()?;
    let latest = people::latest(s, SAMPLE)?;
    let mut wanted = Wanted::of(&snapshot.needs());
    wanted.people.extend(latest.iter().map(|(person, _)| *person));
    wanted.accounts.extend(latest.iter().filter_map(|(_, account)| *account));
    let world: World = load::load(s, live, now, &wanted)?;
    let known = latest.into_iter().map(|(person, account)| Recipient {
        person: world.person_ix(person),
        account: account.and_then(|account| world.account_ix(account)),
        entered_at: Some(now),
    });
    let unknown = Recipient { person: None, account: None, entered_at: Some(now) };
    Ok(known.chain([unknown]).map(|recipient| Json::Object(snapshot.take(&world, recipient))).collect())
}

fn longest(message: &SmsMessage, sample: &[Json], links: (&str, bool)) -> Result<LongestText, DefinitionError> {
    let made = |values: Json| made(message, values, links);
    let whole = sample.iter().map(|values| made(values.clone())).collect::<Result<Vec<_>, _>>()?;
    let of_one = whole.into_iter().max_by_key(by_length).map(|(_, values)| values).unwrap_or_default();
    let by_characters = |text: &str| (false, text.chars().count());
    let by_alphabet = |text: &str| (segments(text).outside.is_some(), text.encode_utf16().count());
    let widened = |width: &dyn Fn(&str) -> (bool, usize)| {
        let mut values = of_one.clone();
        sample.iter().for_each(|other| widen(&mut values, other, width));
        values
    };
    let of_many = [widened(&by_characters), widened(&by_alphabet)];
    let candidates = [of_one.clone()].into_iter().chain(of_many).map(made).collect::<Result<Vec<_>, _>>()?;
    let (text, values) = candidates.into_iter().max_by_key(by_length).unwrap_or_default();
    Ok(LongestText {
        length: segments(&text),
        characters: text.chars().count(),
        values: fields(&values),
        people: 0,
        text,
    })
}

fn made(
    message: &SmsMessage,
    values: Json,
    (public_url, appends): (&str, bool),
) -> Result<(String, Json), DefinitionError> {
    let text = with_links(message, public_url, appends, |links| texts::fill_in(&message.body, &values, links));
    Ok((text.map_err(in_body)?, values))
}

fn by_length((text, _): &(String, Json)) -> (usize, usize) {
    let length = segments(text);
    (length.parts, length.units)
}

/// Puts the wider value of each field in place; lists and answers of conditions stay those of one person.
fn widen(values: &mut Json, other: &Json, width: &dyn Fn(&str) -> (bool, usize)) {
    match (values, other) {
        (Json::Object(values), Json::Object(other)) => {
            // What nobody has said of one is not there at all.
            for (name, other) in other {
                let nothing = if other.is_object() { json!({}) } else { Json::Null };
                widen(values.entry(name.clone()).or_insert(nothing), other, width);
            }
        }
        (value @ (Json::Null | Json::String(_) | Json::Number(_)), other @ (Json::String(_) | Json::Number(_))) => {
            let widest = printed(value).map(|text| width(&text));
            if printed(other).map(|text| width(&text)) > widest {
                *value = other.clone();
            }
        }
        _ => {}
    }
}

fn printed(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What is known of a person or an account, by path: `person.first_name`.
fn fields(values: &Json) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    collect("", values.as_object().unwrap_or(&Map::new()), &mut all);
    all.retain(|path, value| !path.starts_with("system.") && !path.starts_with("my.") && !value.is_empty());
    all
}

fn collect(before: &str, values: &Map<String, Json>, into: &mut BTreeMap<String, String>) {
    for (name, value) in values {
        let path = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        match value {
            Json::Object(inner) => collect(&path, inner, into),
            other => into.extend(printed(other).map(|text| (path, text))),
        }
    }
}
