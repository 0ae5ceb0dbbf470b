//! One chunk of accounts.

use std::collections::{BTreeSet, HashMap, HashSet};

use caravan_model::attribute::account;
use caravan_model::value::Value;
use caravan_model::{AccountId, Shard};
use caravan_store::intake;
use caravan_store::records::Table;
use caravan_store::{Session, StoreError};
use jiff::Timestamp;

use super::book::{Book, Slot, distinct};
use super::draft::Draft;
use super::ingest;
use super::news::{Interest, News};
use super::{Chunk, Outcome, Reject};

/// Folds the drafts over what is stored and writes what differs.
pub(super) fn apply(s: &mut dyn Session, chunk: &Chunk<'_>, drafts: &[Draft]) -> Result<Outcome, StoreError> {
    let now = s.now()?;
    let with_parents = drafts.iter().any(|draft| draft.parent.is_some());
    let mut book =
        Book::open(s, chunk, Table::Account, drafts, with_parents.then_some(account::PARENT_KEY).into_iter())?;
    let parents = parents_of(s, drafts)?;
    let mut outcome = Outcome::default();
    for (draft, verdict) in drafts.iter().zip(judge(chunk, drafts, &book, &parents)) {
        match verdict {
            Verdict::Take => fold(&mut book, draft, &mut outcome),
            Verdict::Wait => outcome.later.push(draft.clone()),
            Verdict::Refuse(reject) => outcome.rejects.push(reject),
        }
    }
    book.number(s)?;
    for slot in book.slots.iter_mut().filter(|slot| slot.is_new) {
        slot.shard = Some(Shard::of_number(slot.id));
    }
    write(s, chunk, &book, &parents, now)?;
    tell(s, chunk, &book, now)?;
    let keys: Vec<&str> = book.slots.iter().map(|slot| slot.key).collect();
    ingest::replay(s, Table::Account, &keys)?;
    outcome.new_keys = book.slots.iter().filter(|slot| slot.is_new).map(|slot| slot.key.to_owned()).collect();
    Ok(outcome)
}

/// Ids of the stored accounts that rows name as parents.
fn parents_of(s: &mut dyn Session, drafts: &[Draft]) -> Result<HashMap<String, i64>, StoreError> {
    let keys = distinct(drafts.iter().filter_map(|draft| draft.parent.as_ref()?.as_deref()));
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let known = intake::ids_of_keys(s, Table::Account, &keys)?;
    Ok(known.into_iter().map(|(key, id, _)| (key, id)).collect())
}

enum Verdict {
    Take,
    /// Its parent may come later in the file.
    Wait,
    Refuse(Reject),
}

fn judge(chunk: &Chunk<'_>, drafts: &[Draft], book: &Book<'_>, parents: &HashMap<String, i64>) -> Vec<Verdict> {
    let stored = |key: &str| book.find(key).is_some() || parents.contains_key(key) || chunk.pretended.contains(key);
    if chunk.last { judge_last(drafts, &stored) } else { judge_in_order(drafts, &stored) }
}

/// While the file goes on: a row whose parent is not there yet waits, and so do the later rows of its key.
fn judge_in_order(drafts: &[Draft], stored: &dyn Fn(&str) -> bool) -> Vec<Verdict> {
    let mut added: HashSet<&str> = HashSet::new();
    let mut waiting: HashSet<&str> = HashSet::new();
    let mut verdicts = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let key = draft.key.as_str();
        let there = |key: &str| added.contains(key) || stored(key);
        verdicts.push(if waiting.contains(key) {
            Verdict::Wait
        } else if let Some(reject) = own_fault(draft, there(key)) {
            Verdict::Refuse(reject)
        } else if parent(draft).is_some_and(|parent| !there(parent)) {
            waiting.insert(key);
            Verdict::Wait
        } else {
            added.insert(key);
            Verdict::Take
        });
    }
    verdicts
}

/// At the end of the file: a parent may be any account that is stored or taken now, in whatever order.
fn judge_last(drafts: &[Draft], stored: &dyn Fn(&str) -> bool) -> Vec<Verdict> {
    let mut verdicts: Vec<Option<Reject>> = drafts.iter().map(|_| None).collect();
    loop {
        let coming: HashSet<&str> =
            drafts.iter().zip(&verdicts).filter(|(_, v)| v.is_none()).map(|(d, _)| d.key.as_str()).collect();
        let mut added: HashSet<&str> = HashSet::new();
        let mut refused = false;
        for (draft, verdict) in drafts.iter().zip(&mut verdicts).filter(|(_, verdict)| verdict.is_none()) {
            let there = stored(&draft.key) || added.contains(draft.key.as_str());
            let orphan = parent(draft).filter(|parent| !stored(parent) && !coming.contains(parent));
            *verdict = own_fault(draft, there).or_else(|| orphan.map(|parent| unknown_parent(draft, parent)));
            match verdict {
                Some(_) => refused = true,
                None => _ = added.insert(&draft.key),
            }
        }
        if !refused {
            return verdicts.into_iter().map(|verdict| verdict.map_or(Verdict::Take, Verdict::Refuse)).collect();
        }
    }
}

fn parent(draft: &Draft) -> Option<&str> {
    draft.parent.as_ref()?.as_deref()
}

/// What is wrong with a row whatever else the file holds.
fn own_fault(draft: &Draft, there: bool) -> Option<Reject> {
    if !there && draft.value(account::NAME).is_none_or(Value::is_missing) {
        let message = "The account is new and has no `name`. Give it one.";
        return Some(draft.refuse("required", message.to_owned()));
    }
    if parent(draft) == Some(draft.key.as_str()) {
        let message = "The account names itself as its parent. Name another one or leave `parent_key` empty.";
        return Some(draft.refuse("unknown_parent", message.to_owned()));
    }
    None
}

fn unknown_parent(draft: &Draft, parent: &str) -> Reject {
    let message = format!("`parent_key` names the account \"{parent}\", which neither the file nor Caravan has.");
    draft.refuse("unknown_parent", message)
}

fn fold<'a>(book: &mut Book<'a>, draft: &'a Draft, outcome: &mut Outcome) {
    let found = book.find(&draft.key);
    let slot = found.unwrap_or_else(|| book.add(&draft.key));
    let mut differs = false;
    for (no, value) in &draft.values {
        differs |= book.set(slot, *no, value);
    }
    if let Some(parent) = &draft.parent {
        let value = parent.clone().map_or(Value::Null, Value::Text);
        differs |= book.set(slot, account::PARENT_KEY, &value);
    }
    match (found, differs) {
        (None, _) => outcome.created += 1,
        (Some(_), true) => outcome.updated += 1,
        (Some(_), false) => outcome.unchanged += 1,
    }
}

fn write(
    s: &mut dyn Session,
    chunk: &Chunk<'_>,
    book: &Book<'_>,
    parents: &HashMap<String, i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let parent_id = |slot: &Slot<'_>| {
        let value = book.value(slot, account::PARENT_KEY);
        let key = value.as_text()?;
        let here = book.find(key).and_then(|no| book.slot(no)).filter(|slot| !slot.pretended).map(|slot| slot.id);
        here.or_else(|| parents.get(key).copied())
    };
    book.write(s, chunk, Some(account::PARENT_KEY), &parent_id, now)?;
    let mut moved: Vec<(i64, Option<i64>)> = book
        .slots
        .iter()
        .filter(|slot| book.differences(slot).any(|(no, ..)| no == account::PARENT_KEY))
        .map(|slot| (slot.id, parent_id(slot)))
        .collect();
    moved.sort_unstable();
    if moved.is_empty() { Ok(()) } else { intake::put_parents(s, &moved, now) }
}

fn tell(s: &mut dyn Session, chunk: &Chunk<'_>, book: &Book<'_>, now: Timestamp) -> Result<(), StoreError> {
    let interest: Interest = Interest::of(&*chunk.engine.live(s)?);
    let recorded = book.record(s, chunk.source, now)?;
    ingest::tell_changes(s, book, &recorded, chunk.source, &interest.heard, now)?;
    let mut news = News::default();
    for slot in &book.slots {
        let Some(shard) = slot.shard else { continue };
        let id = AccountId(slot.id);
        if slot.is_new && interest.arrivals {
            news.account_arrived(shard, id);
        }
        let mentioned: BTreeSet<String> = book.mentioned(slot, &interest.attributes);
        if !mentioned.is_empty() {
            news.account_changed(shard, id, &mentioned);
        }
    }
    news.tell(s, now)
}
