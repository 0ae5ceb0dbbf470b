//! The gates: whether an effect may go, judged at the last moment from what is so now.
//!
//! In this order, the first that does not let it pass decides: its journey, the allow list, its address, the block list,
//! hard bounces, a suspended address, suspended marketing, consent, complaints, deduplication, caps, quiet hours.
//! Operational messages pass by marketing's gates. *Hold all outgoing* stands before them all: then nothing is claimed.

mod colleagues;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::effects::{self, EmailEffect, MirrorEffect, SmsEffect};
use caravan_connect::Mailbox;
use caravan_connect::email::{AddressProblem, check_address};
use caravan_connect::texts::{e164, sender_key};
use caravan_connect::webhooks::WebhookMessage;
use caravan_model::document::{Channel, MessageType};
use caravan_model::text::fold;
use caravan_model::value::Value;
use caravan_model::{AccountId, EffectId, PersonId};
use caravan_store::ledger::{self, Recipient};
use caravan_store::limits::{self, CapClaim};
use caravan_store::outbox::OutboxRow;
use caravan_store::subscriptions::WEBHOOK;
use caravan_store::{Session, StoreError, records, reports, soft_bounces};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::about::About;
use super::alerted;
use super::audience;
use super::copies::{self, Copies};
use super::doors::{Doors, Way};
use super::frozen::{Frozen, Versions};
use super::membership;
use super::parcel::{Content, Parcel};
use super::results::{Settled, Verdict};
use super::rules::{Limited, Quiet};
use super::service::Calls;
use crate::live::Live;
use crate::{external, external_audiences, texts, webhooks};

/// Why an address is on the do-not-contact list when its owner put it there.
pub const UNSUBSCRIBED: &str = "unsubscribed";
/// … when its owner reported a message of ours as spam.
pub const COMPLAINT: &str = "complained";
/// … when it takes no mail.
pub const BOUNCED: &str = "bounced_hard";
/// Why an address is barred that rests after soft bounces.
const NOT_ALLOWED: &str = "not_on_allow_list";
const SUSPENDED: &str = "email_suspended";
/// Why a message was dropped in quiet hours that say so.
pub const QUIET_HOURS: &str = "quiet_hours";

/// What became of claimed rows: some may go, the others are settled already.
#[derive(Default)]
pub struct Judged {
    pub parcels: Vec<Parcel>,
    pub settled: Vec<Settled>,
}

/// Judges claimed rows with a few set-based questions.
pub fn judge(
    s: &mut dyn Session,
    live: &Live,
    versions: &Versions,
    doors: &Doors,
    rows: Vec<OutboxRow>,
    now: Timestamp,
) -> Result<Judged, StoreError> {
    let mut judged = Judged::default();
    let rows = without_known(s, live, versions, rows, &mut judged)?;
    let copies = copies::wanted(s, live, versions, &rows)?;
    let facts = Facts::load(s, live, doors, &rows, copies)?;
    let mut parcels = Vec::new();
    for row in rows {
        let frozen = versions.get(s, live, row.version)?;
        match facts.judge(live, frozen.as_ref(), row, now) {
            Ok(parcel) => parcels.push(parcel),
            Err(settled) => judged.settled.push(*settled),
        }
    }
    let parcels = deduplicate(s, live, versions, parcels, &mut judged)?;
    let parcels = membership::judge(s, live, doors, parcels, now, &mut judged.settled)?;
    let parcels = audience::judge(s, live, doors, parcels, now, &mut judged.settled)?;
    judged.parcels = within_limits(s, live, &facts, parcels, now, &mut judged.settled)?;
    Ok(judged)
}

/// Rows of which nobody knows whether they left.
pub fn in_doubt(
    s: &mut dyn Session,
    live: &Live,
    versions: &Versions,
    rows: Vec<OutboxRow>,
) -> Result<Vec<Settled>, StoreError> {
    let why = "The process ended while it was being sent. It is not sent again by itself.";
    let mut settled = Vec::with_capacity(rows.len());
    for row in rows {
        let frozen = versions.get(s, live, row.version)?;
        let about = About::of(&row, frozen.as_deref());
        settled.push(Settled { row, about, verdict: Verdict::InDoubt(why.to_owned()) });
    }
    Ok(settled)
}

/// An effect whose key is in the ledger has left before: it counts as that says, and never leaves again.
fn without_known(
    s: &mut dyn Session,
    live: &Live,
    versions: &Versions,
    rows: Vec<OutboxRow>,
    judged: &mut Judged,
) -> Result<Vec<OutboxRow>, StoreError> {
    let keys: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
    let known: HashMap<String, _> = ledger::known(s, &keys)?.into_iter().map(|row| (row.key.clone(), row)).collect();
    let mut unknown = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(left) = known.get(&row.key) else {
            unknown.push(row);
            continue;
        };
        let frozen = versions.get(s, live, row.version)?;
        let about = About::of(&row, frozen.as_deref());
        judged.settled.push(Settled { row, about, verdict: Verdict::Known(Box::new(left.clone())) });
    }
    Ok(unknown)
}

/// What is so now about everyone concerned.
struct Facts {
    people: HashMap<PersonId, Recipient>,
    /// The accounts of those whom a message reaches on no account's trip, where any of them presses on its accounts.
    accounts: HashMap<PersonId, Vec<AccountId>>,
    suppressed: HashMap<String, String>,
    /// Who has got an alert, by alert.
    served: HashMap<EffectId, HashSet<String>>,
    /// By number and sender: what was said to the sender.
    consents: HashMap<(String, String), String>,
    /// Numbers whose owners said *stop* to senders of ours, and to none that they want texts.
    stopped: HashSet<String>,
    /// The senders of connections, for texts that name none.
    senders: HashMap<String, String>,
    copies: Copies,
    /// Keys of those whom messages to webhooks are about.
    keys: webhooks::Keys,
    /// Who agreed that their opens are seen; none: nobody is asked.
    agreed: Option<HashSet<PersonId>>,
    /// Mirrored scores of people.
    scores: HashMap<(PersonId, i64), i64>,
    calls: Calls,
}

/// The address in the form in which the do-not-contact list and the ledger hold it, and whether it can be written to.
fn folded(address: &str) -> Result<String, AddressProblem> {
    check_address(address).map(|address| fold(address.as_ref()).into_owned())
}

/// Who of these has *true* in a person's attribute; nobody where there is no such attribute.
fn agreed(s: &mut dyn Session, live: &Live, key: &str, people: &[i64]) -> Result<HashSet<PersonId>, StoreError> {
    let schema = &live.definitions.schema;
    let Some(attribute) = schema.person.no(key) else { return Ok(HashSet::new()) };
    let rows = records::people(s, schema, people, &[attribute], false)?.into_iter();
    Ok(rows.filter(|row| row.values.first() == Some(&Value::Boolean(true))).map(|row| row.id).collect())
}

/// The folded address at which a person may be written to, or why they may not. Without a word of theirs they may; an
/// address that opted out, complained or bounced stays out whoever has it. A complaint and a dead address hold for
/// operational mail too.
fn may_email(
    live: &Live,
    suppressed: &HashMap<String, String>,
    person: &Recipient,
    operational: bool,
) -> Result<String, &'static str> {
    let folded = folded(person.email.as_deref().unwrap_or_default()).map_err(|problem| problem.code())?;
    let listed = suppressed.get(&folded).map(String::as_str);
    let marketing = !operational;
    let gates = [
        (!live.rules.allows(&folded), "not_on_allow_list"),
        (person.email_invalid, "email_invalid"),
        (listed.is_some_and(|reason| ![UNSUBSCRIBED, COMPLAINT, BOUNCED, SUSPENDED].contains(&reason)), "suppressed"),
        (listed == Some(BOUNCED), "bounced_before"),
        (person.email_suspended || listed == Some(SUSPENDED), SUSPENDED),
        (marketing && person.marketing_suspended, "marketing_suspended"),
        (marketing && (person.unsubscribed || listed == Some(UNSUBSCRIBED)), "unsubscribed"),
        (listed == Some(COMPLAINT), "complained"),
    ];
    match gates.into_iter().find_map(|(shut, reason)| shut.then_some(reason)) {
        Some(reason) => Err(reason),
        None => Ok(folded),
    }
}

/// Why folded addresses are barred, whoever has them and however they write them: because they are on the do-not-contact
/// list, or rest after soft bounces.
fn barred(s: &mut dyn Session, addresses: &[String]) -> Result<HashMap<String, String>, StoreError> {
    let mut barred: HashMap<String, String> = ledger::suppressed(s, addresses)?.into_iter().collect();
    for address in soft_bounces::resting(s, addresses)? {
        let listed = barred.get(&address).map(String::as_str);
        if matches!(listed, None | Some(UNSUBSCRIBED | COMPLAINT)) {
            barred.insert(address, SUSPENDED.to_owned());
        }
    }
    Ok(barred)
}

/// Who of these people may not get an email now, and why: what the gates would say, before anything is queued.
pub(crate) fn email_refusals(
    s: &mut dyn Session,
    live: &Live,
    people: &[i64],
    operational: bool,
) -> Result<HashMap<PersonId, &'static str>, StoreError> {
    let recipients = ledger::recipients(s, people)?;
    let addresses = recipients.iter().filter_map(|person| folded_address(person.email.as_deref()?));
    let suppressed = barred(s, &addresses.collect::<Vec<_>>())?;
    let refused = |person: &Recipient| may_email(live, &suppressed, person, operational).err();
    Ok(recipients.iter().filter_map(|person| Some((person.person, refused(person)?))).collect())
}

/// The folded address, if it can be written to.
pub fn folded_address(address: &str) -> Option<String> {
    folded(address).ok()
}

impl Facts {
    fn load(
        s: &mut dyn Session,
        live: &Live,
        doors: &Doors,
        rows: &[OutboxRow],
        copies: Copies,
    ) -> Result<Self, StoreError> {
        let mut ids: Vec<i64> = rows.iter().filter_map(|row| row.person).map(|id| id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let people = ledger::recipients(s, &ids)?;
        let addresses = people.iter().filter_map(|person| person.email.clone()).chain(colleagues::addresses(rows));
        let addresses = addresses.chain(copies.addresses().cloned());
        let folded: HashSet<String> = addresses.filter_map(|address| folded(&address).ok()).collect();
        let numbers: HashSet<String> = match rows.iter().any(|row| row.kind == effects::SMS) {
            true => people.iter().filter_map(|person| e164(person.mobile_phone.as_deref()?).ok()).collect(),
            false => HashSet::new(),
        };
        let mut numbers: Vec<String> = numbers.into_iter().collect();
        numbers.sort_unstable();
        let consents = reports::consents(s, &numbers, false)?;
        let said = |value: &str| {
            let own = consents.iter().filter(move |row| row.value == value && texts::is_own_word(&row.source));
            own.map(|row| row.phone.clone()).collect::<HashSet<_>>()
        };
        let stopped = &said("n") - &said("y");
        let texts = rows.iter().filter(|row| row.kind == effects::SMS).map(super::parcel::connection_of);
        let sender = |connection: String| {
            let facts = doors.facts(live, &Way::connection(connection.clone())).ok()?;
            Some((connection, facts.sender?))
        };
        let mut folded: Vec<String> = folded.into_iter().chain(numbers).collect();
        folded.sort_unstable();
        let agreed = match &live.rules.open_consent {
            Some(attribute) => Some(agreed(s, live, attribute, &ids)?),
            None => None,
        };
        let mirrored = rows.iter().filter(|row| row.kind == effects::MIRROR);
        let mirrored: Vec<i64> =
            mirrored.filter_map(|row| Some(serde_json::from_str::<MirrorEffect>(&row.body).ok()?.score)).collect();
        let alone = rows.iter().filter(|row| row.account.is_none() && live.rules.spare_accounts());
        let alone: BTreeSet<i64> = alone.filter_map(|row| Some(row.person?.0)).collect();
        let mut accounts: HashMap<PersonId, Vec<AccountId>> = HashMap::new();
        for (account, person) in limits::accounts_of(s, &alone.into_iter().collect::<Vec<_>>())? {
            accounts.entry(person).or_default().push(account);
        }
        Ok(Self {
            agreed,
            accounts,
            copies,
            scores: scores_of(s, &ids, mirrored)?,
            keys: webhooks::Keys::load(s, rows)?,
            calls: Calls::load(s, rows)?,
            stopped,
            consents: consents.into_iter().map(|row| ((row.phone, row.sender), row.value)).collect(),
            senders: texts.collect::<HashSet<_>>().into_iter().filter_map(sender).collect(),
            served: alerted::served(s, rows)?,
            suppressed: barred(s, &folded)?,
            people: people.into_iter().map(|person| (person.person, person)).collect(),
        })
    }

    fn judge(
        &self,
        live: &Live,
        frozen: Option<&Arc<Frozen>>,
        row: OutboxRow,
        now: Timestamp,
    ) -> Result<Parcel, Box<Settled>> {
        let mut about = About::of(&row, frozen.map(Arc::as_ref));
        let content = match self.content(live, frozen, &row, &mut about, now) {
            Ok(content) => content,
            Err(verdict) => return Err(Box::new(Settled { row, about, verdict })),
        };
        Ok(Parcel { row, about, content, judged_at: now })
    }

    fn content(
        &self,
        live: &Live,
        frozen: Option<&Arc<Frozen>>,
        row: &OutboxRow,
        about: &mut About,
        now: Timestamp,
    ) -> Result<Content, Verdict> {
        if row.kind == external_audiences::EFFECT {
            // No journey's: what is said is decided for the whole batch.
            return Ok(Content::Person(None));
        }
        if row.kind == WEBHOOK {
            return self.webhook(live, row);
        }
        if row.kind == effects::NOTICE {
            return self.notice(live, row, about);
        }
        if row.kind == effects::EMAIL && row.enrollment.some().is_none() {
            // Sent by hand: no journey stops it.
            let frozen = frozen.ok_or(Verdict::Skipped("email_deleted"))?;
            return self.email(live, frozen, row, about);
        }
        // A journey that is gone was aborted or had finished before it was deleted.
        let state = frozen.and_then(|frozen| live.journeys.get(&frozen.journey)).map(|journey| journey.state.as_str());
        let frozen = frozen.filter(|_| !matches!(state, None | Some("aborted")));
        let Some(frozen) = frozen else { return Err(Verdict::Skipped("journey_aborted")) };
        match row.kind.as_str() {
            effects::EMAIL => self.email(live, frozen, row, about),
            effects::SMS => self.text(live, frozen, row, about),
            effects::SALES_ALERT => self.alert(live, row, about, now),
            // Not written by us: the other system asks for consent itself.
            effects::CALL => Ok(Content::Call(Box::new(serde_json::from_str(&row.body).map_err(unreadable)?))),
            effects::MIRROR => self.mirror(row),
            effects::MEMBERSHIP => {
                let effect = Box::new(serde_json::from_str(&row.body).map_err(unreadable)?);
                Ok(Content::Membership { effect, change: None })
            }
            external::CALL => self.calls.judge(row, now),
            other => Err(Verdict::failed("unknown_effect", format!("Nothing delivers effects of kind `{other}`."))),
        }
    }

    /// A score is told as it is now: whichever of two changes leaves last, the other side has the last value.
    fn mirror(&self, row: &OutboxRow) -> Result<Content, Verdict> {
        let MirrorEffect { mut call, score } = serde_json::from_str(&row.body).map_err(unreadable)?;
        let value = row.person.and_then(|person| self.scores.get(&(person, score)));
        if let (Some(subject), Some(value)) = (call.subject.as_object_mut(), value)
            && subject.contains_key("value")
        {
            subject.insert("value".to_owned(), (*value).into());
        }
        Ok(Content::Call(Box::new(call)))
    }

    /// Belongs to no journey. What waits for a webhook that was taken away is told to nobody.
    fn webhook(&self, live: &Live, row: &OutboxRow) -> Result<Content, Verdict> {
        let way = Way::of_lane(&row.lane);
        if way.definition(live).is_none_or(|webhook| webhook.id.0 != row.node) {
            return Err(Verdict::Skipped("webhook_deleted"));
        }
        let body = self.keys.payload(row).map_err(unreadable)?;
        Ok(Content::Webhook { webhook: way.key().to_owned(), message: Box::new(WebhookMessage { body }) })
    }

    fn email(&self, live: &Live, frozen: &Frozen, row: &OutboxRow, about: &mut About) -> Result<Content, Verdict> {
        let effect: EmailEffect = serde_json::from_str(&row.body).map_err(unreadable)?;
        let mailing = frozen.email(&effect.email).map_err(|why| Verdict::failed("email_invalid_content", why))?;
        let person = row.person.and_then(|id| self.people.get(&id)).ok_or(Verdict::Skipped("person_deleted"))?;
        let address = person.email.as_deref().unwrap_or_default();
        about.address = folded(address).ok();
        let folded = may_email(live, &self.suppressed, person, mailing.email.operational).map_err(Verdict::Skipped)?;
        let names = [&person.first_name, &person.last_name].into_iter().flatten().map(|name| name.trim());
        let name = names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
        let to = Mailbox { name: Some(name).filter(|name| !name.is_empty()), email: address.trim().to_owned() };
        about.untracked = self.agreed.as_ref().is_some_and(|agreed| !agreed.contains(&person.person));
        let cc = self.copies.of(row.id, &folded, mailing.email.operational, |address| {
            live.rules.allows(address).then(|| self.suppressed.get(address).map(String::as_str))
        });
        about.copies = cc.iter().filter_map(|copy| folded_address(&copy.email)).collect();
        Ok(Content::Email { effect: Box::new(effect), mailing: Arc::clone(mailing), to, cc })
    }

    fn text(&self, live: &Live, frozen: &Frozen, row: &OutboxRow, about: &mut About) -> Result<Content, Verdict> {
        let effect: SmsEffect = serde_json::from_str(&row.body).map_err(unreadable)?;
        let message = frozen.text(&effect.sms_message).map_err(|why| Verdict::failed("sms_invalid_content", why))?;
        let person = row.person.and_then(|id| self.people.get(&id)).ok_or(Verdict::Skipped("person_deleted"))?;
        let number = e164(person.mobile_phone.as_deref().unwrap_or_default());
        about.address = number.as_ref().ok().cloned();
        about.sender = effect.sender.clone().or_else(|| self.senders.get(&effect.connection).cloned());
        if about.address.as_ref().is_some_and(|number| !live.rules.allows(number)) {
            return Err(Verdict::Skipped("not_on_allow_list"));
        }
        let number = number.map_err(|problem| Verdict::Skipped(problem.code()))?;
        let marketing = message.message.message_type == MessageType::Marketing;
        if let Some(reason) =
            self.excludes_text(person, &number, about.sender.as_deref().unwrap_or_default(), marketing)
        {
            return Err(Verdict::Skipped(reason));
        }
        Ok(Content::Text { effect: Box::new(effect), message: Arc::clone(message), to: number })
    }

    /// Why a person may not get a text. What was said to the sender counts before what was said in general; without a
    /// word of theirs nobody gets marketing.
    fn excludes_text(&self, person: &Recipient, number: &str, sender: &str, marketing: bool) -> Option<&'static str> {
        if self.suppressed.contains_key(number) {
            return Some("suppressed");
        }
        if !marketing {
            return None;
        }
        if person.marketing_suspended {
            return Some("marketing_suspended");
        }
        let to_sender = self.consents.get(&(number.to_owned(), sender_key(sender))).map(String::as_str);
        // Who has a number only since its owner said *stop* may come with a yes from a file.
        let general = if self.stopped.contains(number) { Some("n") } else { person.sms_consent.as_deref() };
        match to_sender.or(general) {
            Some("y") => None,
            Some("n") => Some("opted_out"),
            _ => Some("no_consent"),
        }
    }

    /// A parcel as limits see it; none for what no limit holds for.
    fn limited<'a>(&self, parcel: &'a Parcel) -> Option<Limited<'a>> {
        let (channel, rule_set) = match &parcel.content {
            Content::Email { mailing, .. } if !mailing.email.operational => {
                (Channel::Email, mailing.email.rule_set.as_deref())
            }
            Content::Text { message, .. } if message.message.message_type == MessageType::Marketing => {
                (Channel::Sms, message.message.rule_set.as_deref())
            }
            Content::Email { .. }
            | Content::Text { .. }
            | Content::Alert(_)
            | Content::Notice(_)
            | Content::Call(_)
            | Content::Service(_)
            | Content::Membership { .. }
            | Content::Person(_)
            | Content::Webhook { .. } => return None,
        };
        let person = self.people.get(&parcel.row.person?)?;
        Some(Limited {
            effect: parcel.row.id,
            channel,
            rule_set,
            person: person.person,
            address: parcel.about.address.as_deref()?,
            accounts: parcel.row.account.map_or_else(|| self.accounts_of(person.person), |account| vec![account]),
            zone: person.time_zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()),
            quiet_for: parcel.row.quiet_for,
        })
    }

    fn accounts_of(&self, person: PersonId) -> Vec<AccountId> {
        self.accounts.get(&person).cloned().unwrap_or_default()
    }
}

/// Scores of people that are told to other systems.
fn scores_of(
    s: &mut dyn Session,
    people: &[i64],
    mut scores: Vec<i64>,
) -> Result<HashMap<(PersonId, i64), i64>, StoreError> {
    scores.sort_unstable();
    scores.dedup();
    if scores.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = records::scores(s, people, &scores)?;
    Ok(rows.into_iter().map(|(person, score, value)| ((person, score.0), value)).collect())
}

pub(super) fn unreadable(error: serde_json::Error) -> Verdict {
    Verdict::failed("effect_unreadable", format!("The queued effect cannot be read: {error}."))
}

/// Where journeys ask for it, an address gets one message of a node while the trip that sent the first is under way.
fn deduplicate(
    s: &mut dyn Session,
    live: &Live,
    versions: &Versions,
    parcels: Vec<Parcel>,
    judged: &mut Judged,
) -> Result<Vec<Parcel>, StoreError> {
    let mut wanted = Vec::new();
    for Parcel { row, about, content, .. } in &parcels {
        let frozen = versions.get(s, live, row.version)?.filter(|frozen| frozen.deduplicates);
        if let (Some(frozen), Some(address), Content::Email { .. }) = (frozen, &about.address, content) {
            wanted.push((format!("{}/{}/{address}", frozen.journey.0, about.node), row.id, row.enrollment));
        }
    }
    let held: HashSet<EffectId> = limits::lock_addresses(s, &wanted)?;
    let (twice, parcels): (Vec<_>, Vec<_>) = parcels.into_iter().partition(|parcel| held.contains(&parcel.row.id));
    judged.settled.extend(twice.into_iter().map(|parcel| parcel.settled(Verdict::Skipped("duplicate_address"))));
    Ok(parcels)
}

/// Caps and quiet hours. A message that waits for quiet hours to end is not counted yet.
fn within_limits(
    s: &mut dyn Session,
    live: &Live,
    facts: &Facts,
    parcels: Vec<Parcel>,
    now: Timestamp,
    settled: &mut Vec<Settled>,
) -> Result<Vec<Parcel>, StoreError> {
    let mut quiet: HashMap<EffectId, Quiet> = HashMap::new();
    let mut claims: Vec<CapClaim> = Vec::new();
    for limited in parcels.iter().filter_map(|parcel| facts.limited(parcel)) {
        let waits = live.rules.quiet(&limited, now, live.zone());
        quiet.extend(waits.map(|waits| (limited.effect, waits)));
        claims.push(live.rules.claim(&limited, now, waits.is_some()));
    }
    let refused = limits::reserve_caps(s, &claims, now)?;
    let verdict = |id: &EffectId| match quiet.get(id) {
        _ if refused.contains(id) => Some(Verdict::Skipped("limit_reached")),
        None => None,
        Some(Quiet::Until(until)) => Some(Verdict::Quiet(*until)),
        Some(Quiet::Drop) => Some(Verdict::Skipped(QUIET_HOURS)),
        Some(Quiet::Expired) => Some(Verdict::Skipped("quiet_hours_expired")),
    };
    let mut pass = Vec::with_capacity(parcels.len());
    for parcel in parcels {
        match verdict(&parcel.row.id) {
            None => pass.push(parcel),
            Some(verdict) => settled.push(parcel.settled(verdict)),
        }
    }
    Ok(pass)
}
