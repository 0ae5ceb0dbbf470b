//! One chunk of people and of their relations to accounts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use caravan_catalog::changes::NewConsent;
use caravan_model::attribute::{AttributeNo, person};
use caravan_model::value::Value;
use caravan_model::{AccountId, PersonId, Shard};
use caravan_store::intake;
use caravan_store::records::{self, Relation, Table};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;

use super::book::{Book, SlotNo, distinct};
use super::draft::{Draft, RelationDraft};
use super::ingest;
use super::news::{Interest, News};
use super::{Chunk, Outcome, Reject};
use crate::consent_history;
use crate::deliver::folded_address;

/// What the rows say of consent that was not so before. New people start with nothing said.
fn said(chunk: &Chunk<'_>, book: &Book<'_>) -> Vec<NewConsent> {
    let mut said = Vec::new();
    for slot in book.slots.iter().filter(|slot| !slot.pretended) {
        for no in [person::UNSUBSCRIBED, person::SMS_CONSENT] {
            let Some((old, new)) = book.change(slot, no) else { continue };
            let Some(new) = NewConsent::of_attribute(PersonId(slot.id), no, old, new) else { continue };
            let reason = (no == person::UNSUBSCRIBED).then(|| book.value(slot, person::UNSUBSCRIBED_REASON));
            let reason = reason.filter(|reason| !reason.is_missing()).map(|reason| reason.to_string());
            let consent = chunk.consent();
            said.push(NewConsent { reason, source: consent.source, evidence: consent.evidence, ..new });
        }
    }
    said
}

/// Accounts that the rows name: id and shard.
type Accounts = HashMap<String, (AccountId, Shard)>;

/// Roles of a person in an account, before and now; none: not related.
#[derive(Debug, Default, PartialEq)]
struct Tie {
    before: Option<Vec<String>>,
    now: Option<Vec<String>>,
}

type Ties = BTreeMap<(AccountId, SlotNo), Tie>;

/// Folds the drafts over what is stored and writes what differs.
pub(super) fn apply(s: &mut dyn Session, chunk: &Chunk<'_>, drafts: &[Draft]) -> Result<Outcome, StoreError> {
    let now = s.now()?;
    let mut book = Book::open(s, chunk, Table::Person, drafts, said_of_addresses(drafts))?;
    let accounts = accounts_of(s, drafts)?;
    let mut ties = ties_of(s, &book, drafts)?;
    let mut outcome = Outcome::default();
    for draft in drafts {
        match judge(draft, &book, &accounts) {
            Ok(account) => fold(&mut book, &mut ties, draft, account, &mut outcome),
            Err(reject) => outcome.rejects.push(reject),
        }
    }
    book.number(s)?;
    for slot in book.slots.iter_mut().filter(|slot| slot.is_new && slot.shard.is_none()) {
        slot.shard = Some(Shard::of_number(slot.id));
    }
    book.write(s, chunk, None, &|_| None, now)?;
    consent_history::keep(s, &said(chunk, &book), now)?;
    write_ties(s, &book, &ties)?;
    tell(s, chunk, &book, &ties, &accounts, now)?;
    let keys: Vec<&str> = book.slots.iter().map(|slot| slot.key).collect();
    ingest::replay(s, Table::Person, &keys)?;
    outcome.new_keys = book.slots.iter().filter(|slot| slot.is_new).map(|slot| slot.key.to_owned()).collect();
    Ok(outcome)
}

fn accounts_of(s: &mut dyn Session, drafts: &[Draft]) -> Result<Accounts, StoreError> {
    let keys = distinct(drafts.iter().filter_map(|draft| Some(draft.relation.as_ref()?.account_key.as_str())));
    if keys.is_empty() {
        return Ok(Accounts::new());
    }
    let known = intake::ids_of_keys(s, Table::Account, &keys)?;
    Ok(known.into_iter().map(|(key, id, shard)| (key, (AccountId(id), shard))).collect())
}

/// The stored relations of the people whose rows name an account.
fn ties_of(s: &mut dyn Session, book: &Book<'_>, drafts: &[Draft]) -> Result<Ties, StoreError> {
    let related = drafts.iter().filter(|draft| draft.relation.is_some()).filter_map(|draft| book.find(&draft.key));
    let related: BTreeMap<i64, SlotNo> =
        related.filter_map(|no| book.slot(no).filter(|slot| slot.id > 0).map(|slot| (slot.id, no))).collect();
    if related.is_empty() {
        return Ok(Ties::new());
    }
    let ids: Vec<i64> = related.keys().copied().collect();
    let stored = records::accounts_of_people(s, &ids)?;
    let tie = |relation: Relation| {
        let slot = related.get(&relation.person.0)?;
        Some(((relation.account, *slot), Tie { before: Some(relation.roles.clone()), now: Some(relation.roles) }))
    };
    Ok(stored.into_iter().filter_map(tie).collect())
}

/// Whether a row can be taken; with it, the account that it names.
fn judge(draft: &Draft, book: &Book<'_>, accounts: &Accounts) -> Result<Option<(AccountId, Shard)>, Reject> {
    let known = book.find(&draft.key).is_some();
    let account = match &draft.relation {
        None => None,
        Some(relation) => {
            let found = accounts.get(&relation.account_key).copied();
            Some(found.ok_or_else(|| unknown_account(draft, &relation.account_key))?)
        }
    };
    if !known && draft.relation.as_ref().is_some_and(|relation| relation.remove) {
        let message = "The person is not known, so there is no relation to remove. Remove the row.";
        return Err(draft.refuse("unknown_person", message.to_owned()));
    }
    if !known && draft.value(person::EMAIL).is_none_or(Value::is_missing) {
        let message = "The person is new and has no `email`. Give an address.";
        return Err(draft.refuse("email_required", message.to_owned()));
    }
    Ok(account)
}

fn unknown_account(draft: &Draft, key: &str) -> Reject {
    let message = format!("`account_key` names the account \"{key}\", which is not known. Import accounts first.");
    draft.refuse("unknown_account", message)
}

fn fold<'a>(
    book: &mut Book<'a>,
    ties: &mut Ties,
    draft: &'a Draft,
    account: Option<(AccountId, Shard)>,
    outcome: &mut Outcome,
) {
    let found = book.find(&draft.key);
    let slot = found.unwrap_or_else(|| book.add(&draft.key));
    // The first account decides where a new person is at home.
    if let Some(entry) = book.slots.get_mut(slot)
        && entry.is_new
        && entry.shard.is_none()
    {
        entry.shard = account.map(|(_, shard)| shard);
    }
    let protected = book.slot(slot).is_some_and(|slot| slot.opted_out) && lifts_opt_out(draft);
    outcome.opt_outs_kept += u64::from(protected);
    let mut differs = false;
    // What was learnt about the old address says nothing of the new one; what is known of that one is asked when mail leaves.
    if is_another_address(book, slot, draft) {
        for no in SAID_OF_ADDRESS.into_iter().filter(|no| draft.value(*no).is_none()) {
            differs |= book.set(slot, no, &Value::Boolean(false));
        }
    }
    for (no, value) in draft.values.iter().filter(|(no, _)| !protected || !is_consent(*no)) {
        differs |= book.set(slot, *no, value);
    }
    if let (Some(relation), Some((account, _))) = (&draft.relation, account) {
        differs |= relate(ties.entry((account, slot)).or_default(), relation);
    }
    match (found, differs) {
        (None, _) => outcome.created += 1,
        (Some(_), true) => outcome.updated += 1,
        (Some(_), false) => outcome.unchanged += 1,
    }
}

/// What is said of a person's address.
const SAID_OF_ADDRESS: [AttributeNo; 2] = [person::EMAIL_INVALID, person::EMAIL_SUSPENDED];

/// What has to be known beside what the rows say.
fn said_of_addresses(drafts: &[Draft]) -> impl Iterator<Item = AttributeNo> {
    let names_one = drafts.iter().any(|draft| draft.value(person::EMAIL).is_some());
    SAID_OF_ADDRESS.into_iter().filter(move |_| names_one)
}

fn is_another_address(book: &Book<'_>, slot: SlotNo, draft: &Draft) -> bool {
    let known = book.slot(slot).filter(|slot| !slot.is_new).map(|slot| book.value(slot, person::EMAIL));
    let folded = |value: &Value| value.as_text().and_then(folded_address);
    match (known, draft.value(person::EMAIL)) {
        (Some(old), Some(new)) => folded(&old) != folded(new),
        _ => false,
    }
}

fn lifts_opt_out(draft: &Draft) -> bool {
    draft.value(person::UNSUBSCRIBED).is_some_and(|value| *value != Value::Boolean(true))
}

/// What a row may not touch when it would lift an opt-out: the opt-out and its reason.
fn is_consent(no: AttributeNo) -> bool {
    no == person::UNSUBSCRIBED || no == person::UNSUBSCRIBED_REASON
}

/// Adds, changes or removes a relation; whether that is a difference.
fn relate(tie: &mut Tie, draft: &RelationDraft) -> bool {
    let wanted = match (draft.remove, &draft.roles) {
        (true, _) => None,
        (false, Some(roles)) => Some(roles.clone()),
        (false, None) => Some(tie.now.clone().unwrap_or_default()),
    };
    let differs = tie.now != wanted;
    tie.now = wanted;
    differs
}

fn write_ties(s: &mut dyn Session, book: &Book<'_>, ties: &Ties) -> Result<(), StoreError> {
    let mut put = Vec::new();
    let mut gone = Vec::new();
    for ((account, slot), tie) in ties.iter().filter(|(_, tie)| tie.before != tie.now) {
        let Some(slot) = book.slot(*slot).filter(|slot| !slot.pretended) else { continue };
        let person = PersonId(slot.id);
        match &tie.now {
            Some(roles) => put.push(Relation { account: *account, person, roles: roles.clone() }),
            None => gone.push((*account, person)),
        }
    }
    put.sort_by_key(|relation| (relation.account, relation.person));
    gone.sort_unstable();
    if !put.is_empty() {
        intake::put_relations(s, &put)?;
    }
    if gone.is_empty() { Ok(()) } else { intake::delete_relations(s, &gone) }
}

fn tell(
    s: &mut dyn Session,
    chunk: &Chunk<'_>,
    book: &Book<'_>,
    ties: &Ties,
    accounts: &Accounts,
    now: Timestamp,
) -> Result<(), StoreError> {
    let interest: Interest = Interest::of(&*chunk.engine.live(s)?);
    let recorded = book.record(s, chunk.source, now)?;
    ingest::tell_changes(s, book, &recorded, chunk.source, &interest.heard, now)?;
    let mut news = News::default();
    if interest.arrivals {
        tell_arrivals(&mut news, book, ties, accounts);
    }
    if !interest.attributes.is_empty() {
        tell_changes(s, &mut news, book, &interest)?;
    }
    news.tell(s, now)
}

/// New people, to their own shard; people whose accounts changed, to theirs and the accounts'.
fn tell_arrivals(news: &mut News, book: &Book<'_>, ties: &Ties, accounts: &Accounts) {
    for slot in book.slots.iter().filter(|slot| slot.is_new) {
        if let Some(shard) = slot.shard {
            news.person_arrived(shard, PersonId(slot.id));
        }
    }
    let shards: HashMap<AccountId, Shard> = accounts.values().copied().collect();
    for ((account, slot), _) in ties.iter().filter(|(_, tie)| tie.before != tie.now) {
        let Some(slot) = book.slot(*slot).filter(|slot| !slot.pretended) else { continue };
        let person = PersonId(slot.id);
        if let Some(shard) = shards.get(account) {
            news.account_arrived(*shard, *account);
            news.person_arrived(*shard, person);
        }
        if let Some(shard) = slot.shard {
            news.person_arrived(shard, person);
        }
    }
}

/// People whose mentioned attributes differ, to their own shard and those of all their accounts.
fn tell_changes(s: &mut dyn Session, news: &mut News, book: &Book<'_>, interest: &Interest) -> Result<(), StoreError> {
    let mut changed: BTreeMap<PersonId, BTreeSet<String>> = BTreeMap::new();
    for slot in &book.slots {
        let mentioned = book.mentioned(slot, &interest.attributes);
        let Some(shard) = slot.shard.filter(|_| !mentioned.is_empty()) else { continue };
        news.person_changed(shard, PersonId(slot.id), &mentioned);
        changed.insert(PersonId(slot.id), mentioned);
    }
    let people: Vec<i64> = changed.keys().map(|id| id.0).collect();
    for (person, _, shard) in ingest::accounts_of(s, &people)? {
        if let Some(mentioned) = changed.get(&person) {
            news.person_changed(shard, person, mentioned);
        }
    }
    Ok(())
}
