//! Import files of consent to text messages: what a number said to one sender of ours, a row.

use std::collections::BTreeMap;

use caravan_catalog::changes::NewConsent;
use caravan_connect::texts::{e164, sender_key};
use caravan_store::reports::{self as stored, ConsentRow};
use caravan_store::{Session, StoreError};

use super::book::distinct;
use super::draft::refuse_nul;
use super::layout::Target;
use super::reader::Cell;
use super::{Chunk, Outcome, Reject};
use crate::consent_history;
use crate::texts::is_own_word;

/// The longest name of a sender, in characters.
const MAX_SENDER_CHARS: usize = 100;

/// What a row says about one number and sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ConsentDraft {
    line: u64,
    /// As `+` and digits.
    phone: String,
    /// A number or a messaging service of ours.
    sender: String,
    said: Said,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Said {
    /// The row leaves it as it is.
    #[default]
    Nothing,
    Yes,
    No,
    /// What was said before is forgotten; what the person said in general holds.
    Forgotten,
}

impl Said {
    fn stored(self) -> Option<&'static str> {
        match self {
            Self::Yes => Some("y"),
            Self::No => Some("n"),
            Self::Nothing | Self::Forgotten => None,
        }
    }
}

/// Why a cell was refused: code and sentence.
type Refusal = (&'static str, String);

/// Reads the cells of one row.
pub(super) fn read<'c>(line: u64, cells: impl Iterator<Item = (&'c Target, Cell<'c>)>) -> Result<ConsentDraft, Reject> {
    let mut draft = ConsentDraft { line, ..ConsentDraft::default() };
    for (target, cell) in cells {
        take(&mut draft, target, cell).map_err(|(code, message)| Reject::new(line, code, message))?;
    }
    for (value, name, what) in [
        (&draft.phone, "phone", "the number that said it"),
        (&draft.sender, "sender", "the sender to whom it was said"),
    ] {
        if value.is_empty() {
            return Err(Reject::new(line, "required", format!("The row has no `{name}`. Give {what}.")));
        }
    }
    Ok(draft)
}

fn take(draft: &mut ConsentDraft, target: &Target, cell: Cell<'_>) -> Result<(), Refusal> {
    match target {
        Target::Phone => {
            let Some(text) = read_text("phone", cell)? else { return Ok(()) };
            draft.phone = e164(text).map_err(|_| not_a_number(text))?;
        }
        Target::Sender => {
            let Some(text) = read_text("sender", cell)? else { return Ok(()) };
            if text.chars().nth(MAX_SENDER_CHARS).is_some() {
                let message = format!("`sender` takes at most {MAX_SENDER_CHARS} characters; shorten it.");
                return Err(("text_too_long", message));
            }
            // Numbers of ours are kept in one form, names of messaging services as they are.
            draft.sender = sender_key(text);
        }
        Target::Consent => draft.said = read_said(cell)?,
        _ => {}
    }
    Ok(())
}

fn read_said(cell: Cell<'_>) -> Result<Said, Refusal> {
    if matches!(cell, Cell::Clear) {
        return Ok(Said::Forgotten);
    }
    match read_text("consent", cell)? {
        None => Ok(Said::Nothing),
        Some("y") => Ok(Said::Yes),
        Some("n") => Ok(Said::No),
        Some(_) => Err(("value_not_allowed", "`consent` takes y or n; `\\N` forgets what was said.".to_owned())),
    }
}

fn read_text<'c>(name: &str, cell: Cell<'c>) -> Result<Option<&'c str>, Refusal> {
    let text = match cell {
        Cell::Empty | Cell::Clear => return Ok(None),
        Cell::Text(text) => text.trim(),
        Cell::Json(json) => json.as_str().map(str::trim).ok_or_else(|| {
            ("wrong_value_type", format!("`{name}` expects text, not {}.", caravan_model::value::shown(json)))
        })?,
    };
    refuse_nul(name, text)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn not_a_number(text: &str) -> Refusal {
    let shown: String = text.chars().take(40).collect();
    let message = format!("`phone` expects a number with its country code like +49 30 1234567, not \"{shown}\".");
    ("invalid_phone", message)
}

/// What is known of a number and a sender: what it said, and who wrote that down.
type Known<'a> = BTreeMap<(&'a str, &'a str), (&'a str, &'a str)>;

/// Folds the drafts over what is stored and writes what differs.
pub(super) fn apply(s: &mut dyn Session, chunk: &Chunk<'_>, drafts: &[ConsentDraft]) -> Result<Outcome, StoreError> {
    let now = s.now()?;
    let phones: Vec<String> =
        distinct(drafts.iter().map(|draft| draft.phone.as_str())).into_iter().map(str::to_owned).collect();
    let rows = stored::consents(s, &phones, true)?;
    let before: Known<'_> = rows
        .iter()
        .map(|row| ((row.phone.as_str(), row.sender.as_str()), (row.value.as_str(), row.source.as_str())))
        .collect();
    let mut after = before.clone();
    let mut outcome = Outcome::default();
    for draft in drafts {
        fold(&mut after, draft, chunk.source, &mut outcome);
    }
    let gone: Vec<(&str, &str)> = before.keys().filter(|place| !after.contains_key(*place)).copied().collect();
    let put: Vec<ConsentRow> = after
        .iter()
        .filter(|(place, said)| before.get(*place) != Some(said))
        .map(|(&(phone, sender), &(value, source))| ConsentRow {
            phone: phone.to_owned(),
            sender: sender.to_owned(),
            value: value.to_owned(),
            source: source.to_owned(),
        })
        .collect();
    stored::put_consents(s, &put, now)?;
    stored::forget_consents(s, &gone)?;
    let said = put.iter().map(|row| (row.phone.as_str(), row.sender.as_str(), Some(row.value.clone())));
    let said = said.chain(gone.iter().map(|&(phone, sender)| (phone, sender, None)));
    let said: Vec<NewConsent> = said
        .map(|(phone, sender, value)| NewConsent {
            address: Some(phone.to_owned()),
            channel: consent_history::SMS,
            sender: Some(sender.to_owned()),
            value,
            ..chunk.consent()
        })
        .collect();
    consent_history::keep(s, &said, now)?;
    Ok(outcome)
}

fn fold<'a>(known: &mut Known<'a>, draft: &'a ConsentDraft, source: &'a str, outcome: &mut Outcome) {
    let place = (draft.phone.as_str(), draft.sender.as_str());
    let before = known.get(&place).copied();
    let wanted = match draft.said {
        Said::Nothing => before.map(|(value, _)| value),
        said => said.stored(),
    };
    if wanted == before.map(|(value, _)| value) {
        outcome.unchanged += 1;
        return;
    }
    // An opt-out that the person made is theirs to lift.
    if before.is_some_and(|(value, source)| value == "n" && is_own_word(source)) {
        outcome.unchanged += 1;
        outcome.opt_outs_kept += 1;
        return;
    }
    match wanted {
        Some(value) => drop(known.insert(place, (value, source))),
        None => drop(known.remove(&place)),
    }
    if before.is_some() { outcome.updated += 1 } else { outcome.created += 1 }
}
