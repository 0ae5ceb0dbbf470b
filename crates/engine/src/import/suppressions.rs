//! Import files of do-not-contact addresses: one email address or phone number a row.

use std::collections::{BTreeMap, BTreeSet};

use caravan_catalog::changes::NewConsent;
use caravan_connect::texts::FailureClass;
use caravan_store::suppressions::{self as stored, Origin, SuppressionRow, hardness, is_own_word};
use caravan_store::{Session, StoreError};

use super::book::distinct;
use super::draft::{read_removal, refuse_nul};
use super::layout::Target;
use super::reader::Cell;
use super::{Chunk, Outcome, Reject};
use crate::consent_history;
use crate::deliver::{BOUNCED, folded_address};

/// The reason of an address whose row gives none.
pub const BY_HAND: &str = "manual";

/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 100;

/// What a row says about one address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SuppressionDraft {
    line: u64,
    /// In the form in which the list holds it.
    address: String,
    /// Why, when the row says so.
    reason: Option<String>,
    /// The address may be written to again.
    remove: bool,
}

/// Why a cell was refused: code and sentence.
type Refusal = (&'static str, String);

/// Reads the cells of one row.
pub(super) fn read<'c>(
    line: u64,
    cells: impl Iterator<Item = (&'c Target, Cell<'c>)>,
) -> Result<SuppressionDraft, Reject> {
    let mut draft = SuppressionDraft { line, ..SuppressionDraft::default() };
    for (target, cell) in cells {
        take(&mut draft, target, cell).map_err(|(code, message)| Reject::new(line, code, message))?;
    }
    if draft.address.is_empty() {
        let message = "The row has no `address`. Give an email address, a domain (`@acme.example`) or a phone number.";
        return Err(Reject::new(line, "required", message.to_owned()));
    }
    Ok(draft)
}

fn take(draft: &mut SuppressionDraft, target: &Target, cell: Cell<'_>) -> Result<(), Refusal> {
    match target {
        Target::Address => {
            let Some(text) = read_text("address", cell)? else { return Ok(()) };
            draft.address = listed(text).ok_or_else(|| not_an_address(text))?;
        }
        Target::Reason => draft.reason = read_text("reason", cell)?.map(str::to_owned),
        Target::Removal => draft.remove = read_removal("suppression", cell)?,
        _ => {}
    }
    Ok(())
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
    if name == "reason" && text.chars().nth(MAX_REASON_CHARS).is_some() {
        return Err(("text_too_long", format!("`reason` takes at most {MAX_REASON_CHARS} characters; shorten it.")));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn not_an_address(text: &str) -> Refusal {
    let shown: String = text.chars().take(40).collect();
    let message = format!(
        "`address` expects an email address like ann@acme.example, a domain like @acme.example or a phone number like +49 30 1234567, not \"{shown}\"."
    );
    ("invalid_address", message)
}

/// An address in the form in which the list holds it: an email address folded, all addresses of a domain as `@` and the
/// domain folded, a phone number as `+` and digits.
pub fn listed(written: &str) -> Option<String> {
    match written.trim().strip_prefix('@') {
        Some(domain) => {
            folded_address(&format!("x@{domain}")).and_then(|folded| folded.strip_prefix('x').map(str::to_owned))
        }
        None if written.contains('@') => folded_address(written),
        None => phone(written),
    }
}

/// A phone number as `+` and its 6 to 15 digits. Numbers without a country code name nobody for certain.
fn phone(written: &str) -> Option<String> {
    let written = written.trim();
    let international = written.strip_prefix('+').or_else(|| written.strip_prefix("00"))?;
    let digits: String = international.chars().filter(char::is_ascii_digit).collect();
    let separators = international.chars().all(|c| c.is_ascii_digit() || " -./()\u{a0}".contains(c));
    ((6..=15).contains(&digits.len()) && separators).then(|| format!("+{digits}"))
}

/// Why an address is on the list, as the rows of a chunk leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listed<'a> {
    reason: &'a str,
    own_word: Option<&'a str>,
}

impl<'a> From<&'a SuppressionRow> for Listed<'a> {
    fn from(row: &'a SuppressionRow) -> Self {
        Self { reason: &row.reason, own_word: row.own_word.as_deref() }
    }
}

impl<'a> Listed<'a> {
    fn because(reason: &'a str) -> Self {
        Self { reason, own_word: Some(reason).filter(|reason| is_own_word(reason)) }
    }

    /// Why nobody is to write there, where anybody said so.
    fn objection(&self) -> Option<&'a str> {
        let no_use = [BOUNCED, FailureClass::BadNumber.key()];
        self.own_word.or(Some(self.reason).filter(|reason| !no_use.contains(reason)))
    }

    /// With another reason beside it: the hardest is shown, and the person's own word is kept.
    fn and(self, reason: &'a str) -> Self {
        let harder = hardness(reason) >= hardness(self.reason);
        let own_word = self.own_word.filter(|own| !is_own_word(reason) || hardness(own) >= hardness(reason));
        Self {
            reason: if harder { reason } else { self.reason },
            own_word: own_word.or(Self::because(reason).own_word),
        }
    }
}

/// Folds the drafts over what is stored and writes what differs.
pub(super) fn apply(
    s: &mut dyn Session,
    chunk: &Chunk<'_>,
    drafts: &[SuppressionDraft],
) -> Result<Outcome, StoreError> {
    let now = s.now()?;
    let addresses = distinct(drafts.iter().map(|draft| draft.address.as_str()));
    let rows = stored::known(s, &addresses)?;
    let before: BTreeMap<&str, Listed> = rows.iter().map(|row| (row.address.as_str(), row.into())).collect();
    let mut after = before.clone();
    let mut outcome = Outcome::default();
    for draft in drafts {
        fold(&mut after, draft, &mut outcome);
    }
    let softer =
        |address: &str, was: &Listed| after.get(address).is_none_or(|is| hardness(is.reason) < hardness(was.reason));
    let lifted: Vec<&str> = before.iter().filter(|(address, was)| softer(address, was)).map(|(it, _)| *it).collect();
    let differs = |address: &str, is: &Listed| before.get(address) != Some(is);
    let put =
        |what: fn(&Listed<'_>) -> bool| after.iter().filter(move |(address, is)| what(is) && differs(address, is));
    // Lifting leaves there what the person said, as theirs: it is not written once more as somebody else's.
    let is_left = |address: &str, is: &Listed| {
        lifted.contains(&address) && before.get(address).is_some_and(|was| was.own_word == Some(is.reason))
    };
    let reasons: Vec<(&str, &str)> = put(|_| true)
        .filter(|(address, is)| !is_left(address, is))
        .map(|(address, is)| (*address, is.reason))
        .collect();
    let own_words: Vec<(&str, &str)> = put(|is| is.own_word.is_some_and(|own| own != is.reason))
        .filter_map(|(address, is)| Some((*address, is.own_word?)))
        .collect();
    if !lifted.is_empty() {
        stored::lift(s, &lifted)?;
    }
    for rows in [reasons, own_words] {
        if !rows.is_empty() {
            let origin = Origin { source: chunk.told_source(), by: chunk.by };
            stored::put(s, &rows, origin, now)?;
        }
    }
    consent_history::keep(s, &said(chunk, &before, &after), now)?;
    Ok(outcome)
}

/// What differs of what addresses say; that one takes no mail says nothing of consent.
fn said(chunk: &Chunk<'_>, before: &BTreeMap<&str, Listed>, after: &BTreeMap<&str, Listed>) -> Vec<NewConsent> {
    let no =
        |list: &BTreeMap<&str, Listed>, address: &str| list.get(address).and_then(Listed::objection).map(str::to_owned);
    let addresses: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let changed = addresses.into_iter().filter_map(|address| {
        let (was, is) = (no(before, address), no(after, address));
        (was != is).then(|| NewConsent {
            address: Some(address.to_owned()),
            channel: if address.starts_with('+') { consent_history::SMS } else { consent_history::EMAIL },
            value: is.as_ref().map(|_| "n".to_owned()),
            reason: is.or(was),
            ..chunk.consent()
        })
    });
    changed.collect()
}

fn fold<'a>(list: &mut BTreeMap<&'a str, Listed<'a>>, draft: &'a SuppressionDraft, outcome: &mut Outcome) {
    let address = draft.address.as_str();
    let wanted = draft.reason.as_deref();
    match (list.get(address).copied(), draft.remove) {
        // What the person said is theirs to lift.
        (Some(Listed { reason, own_word: Some(own) }), true) if reason == own => {
            outcome.unchanged += 1;
            outcome.opt_outs_kept += 1;
        }
        (Some(Listed { own_word: Some(own), .. }), true) => {
            list.insert(address, Listed::because(own));
            outcome.updated += 1;
            outcome.opt_outs_kept += 1;
        }
        (Some(_), true) => {
            list.remove(address);
            outcome.updated += 1;
        }
        (None, true) => outcome.unchanged += 1,
        (None, false) => {
            list.insert(address, Listed::because(wanted.unwrap_or(BY_HAND)));
            outcome.created += 1;
        }
        (Some(known), false) => {
            let now = wanted.map_or(known, |reason| known.and(reason));
            if now == known {
                outcome.unchanged += 1;
            } else {
                list.insert(address, now);
                outcome.updated += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardest_reason_is_shown_and_the_person_s_own_word_is_kept_whatever_comes_first() {
        let after = |reasons: &[&'static str]| {
            let (first, more) = reasons.split_first().expect("a reason");
            more.iter().fold(Listed::because(first), |listed, reason| listed.and(reason))
        };
        let is = |reason, own_word| Listed { reason, own_word };
        assert_eq!(after(&["unsubscribed", "bounced_hard"]), is("bounced_hard", Some("unsubscribed")));
        assert_eq!(after(&["bounced_hard", "unsubscribed"]), is("bounced_hard", Some("unsubscribed")));
        assert_eq!(after(&["unsubscribed", "manual"]), is("manual", Some("unsubscribed")));
        assert_eq!(after(&["complained", "unsubscribed"]), is("complained", Some("complained")));
        assert_eq!(after(&["unsubscribed", "complained", "manual"]), is("manual", Some("complained")));
        assert_eq!(after(&["manual", "complained"]), is("manual", Some("complained")));
        assert_eq!(after(&["manual", "legal"]), is("legal", None));
        assert_eq!(after(&["legal", "bounced_hard"]), is("legal", None));
    }

    #[test]
    fn addresses_are_listed_in_one_form() {
        assert_eq!(listed(" Ann@ACME.example ").as_deref(), Some("ann@acme.example"));
        assert_eq!(listed("+49 (30) 123-4567").as_deref(), Some("+49301234567"));
        assert_eq!(listed(" @ACME.example").as_deref(), Some("@acme.example"));
        assert_eq!(listed("0049 30 1234567").as_deref(), Some("+49301234567"));
        for wrong in [
            "030 1234567",
            "+12",
            "+49 30 ext 5",
            "ann@",
            "@",
            "@acme example",
            "@a@b.example",
            "",
            "+1234567890123456",
        ] {
            assert_eq!(listed(wrong), None, "{wrong}");
        }
    }
}
