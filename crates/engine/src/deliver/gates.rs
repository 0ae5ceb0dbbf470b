//! The gates: whether an effect may go, judged at the last moment from what is so now.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::effects::{self, EmailEffect, SalesAlertEffect};
use caravan_connect::Mailbox;
use caravan_connect::email::{AddressProblem, check_address};
use caravan_model::text::fold;
use caravan_model::{EnrollmentId, PersonId, VersionId};
use caravan_store::ledger::{self, Recipient};
use caravan_store::outbox::OutboxRow;
use caravan_store::{Session, StoreError};

use super::frozen::{Frozen, Versions};
use super::parcel::{Content, Parcel};
use super::results::{About, Settled, Verdict};
use crate::live::Live;

/// Why an address is on the do-not-contact list when its owner put it there.
pub const UNSUBSCRIBED: &str = "unsubscribed";

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
    rows: Vec<OutboxRow>,
) -> Result<Judged, StoreError> {
    let mut judged = Judged::default();
    let rows = without_known(s, live, versions, rows, &mut judged)?;
    let mut facts = Facts::load(s, &rows)?;
    let mut parcels = Vec::new();
    for row in rows {
        let frozen = versions.get(s, live, row.version)?;
        match facts.judge(live, frozen.as_ref(), row) {
            Ok(parcel) => parcels.push(parcel),
            Err(settled) => judged.settled.push(*settled),
        }
    }
    deduplicate(s, live, versions, parcels, &mut judged)?;
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
    suppressed: HashMap<String, String>,
}

/// The address in the form in which the do-not-contact list and the ledger hold it, and whether it can be written to.
fn folded(address: &str) -> Result<String, AddressProblem> {
    check_address(address).map(|address| fold(address.as_ref()).into_owned())
}

/// The folded address, if it can be written to.
pub fn folded_address(address: &str) -> Option<String> {
    folded(address).ok()
}

impl Facts {
    fn load(s: &mut dyn Session, rows: &[OutboxRow]) -> Result<Self, StoreError> {
        let mut ids: Vec<i64> = rows.iter().filter_map(|row| row.person).map(|id| id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let people = ledger::recipients(s, &ids)?;
        let alerts = rows.iter().filter(|row| row.kind == effects::SALES_ALERT);
        let named = alerts.filter_map(|row| serde_json::from_str::<SalesAlertEffect>(&row.body).ok());
        let addresses = people.iter().filter_map(|person| person.email.clone()).chain(named.flat_map(|alert| alert.to));
        let folded: HashSet<String> = addresses.filter_map(|address| folded(&address).ok()).collect();
        let mut folded: Vec<String> = folded.into_iter().collect();
        folded.sort_unstable();
        Ok(Self {
            suppressed: ledger::suppressed(s, &folded)?.into_iter().collect(),
            people: people.into_iter().map(|person| (person.person, person)).collect(),
        })
    }

    fn judge(&mut self, live: &Live, frozen: Option<&Arc<Frozen>>, row: OutboxRow) -> Result<Parcel, Box<Settled>> {
        let mut about = About::of(&row, frozen.map(Arc::as_ref));
        let content = match self.content(live, frozen, &row, &mut about) {
            Ok(content) => content,
            Err(verdict) => return Err(Box::new(Settled { row, about, verdict })),
        };
        Ok(Parcel { row, about, content })
    }

    fn content(
        &self,
        live: &Live,
        frozen: Option<&Arc<Frozen>>,
        row: &OutboxRow,
        about: &mut About,
    ) -> Result<Content, Verdict> {
        // A journey that is gone was aborted or had finished before it was deleted.
        let state = frozen.and_then(|frozen| live.journeys.get(&frozen.journey)).map(|journey| journey.state.as_str());
        let frozen = frozen.filter(|_| !matches!(state, None | Some("aborted")));
        let Some(frozen) = frozen else { return Err(Verdict::Skipped("journey_aborted")) };
        match row.kind.as_str() {
            effects::EMAIL => self.email(frozen, row, about),
            effects::SALES_ALERT => self.alert(row),
            other => Err(Verdict::failed("unknown_effect", format!("Nothing delivers effects of kind `{other}`."))),
        }
    }

    fn email(&self, frozen: &Frozen, row: &OutboxRow, about: &mut About) -> Result<Content, Verdict> {
        let effect: EmailEffect = serde_json::from_str(&row.body).map_err(unreadable)?;
        let mailing = frozen.email(&effect.email).map_err(|why| Verdict::failed("email_invalid_content", why))?;
        let person = row.person.and_then(|id| self.people.get(&id)).ok_or(Verdict::Skipped("person_deleted"))?;
        let address = person.email.as_deref().unwrap_or_default();
        let folded = folded(address).map_err(|problem| Verdict::Skipped(problem.code()))?;
        about.address = Some(folded.clone());
        let suppressed = self.suppressed.get(&folded).map(String::as_str);
        let operational = mailing.email.operational;
        let reason = match suppressed {
            _ if person.email_invalid => Some("email_invalid"),
            Some(reason) if reason != UNSUBSCRIBED => Some("suppressed"),
            _ if person.email_suspended => Some("email_suspended"),
            _ if operational => None,
            _ if person.marketing_suspended => Some("marketing_suspended"),
            Some(_) => Some("unsubscribed"),
            None => person.unsubscribed.then_some("unsubscribed"),
        };
        if let Some(reason) = reason {
            return Err(Verdict::Skipped(reason));
        }
        let names = [&person.first_name, &person.last_name].into_iter().flatten().map(|name| name.trim());
        let name = names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
        let to = Mailbox { name: Some(name).filter(|name| !name.is_empty()), email: address.trim().to_owned() };
        Ok(Content::Email { effect: Box::new(effect), mailing: Arc::clone(mailing), to })
    }

    /// Alerts go to colleagues: consent is not asked, but an address that takes no mail is left out.
    fn alert(&self, row: &OutboxRow) -> Result<Content, Verdict> {
        let mut effect: SalesAlertEffect = serde_json::from_str(&row.body).map_err(unreadable)?;
        effect.to.retain(|to| {
            folded(to).is_ok_and(|folded| self.suppressed.get(&folded).is_none_or(|reason| reason == UNSUBSCRIBED))
        });
        match effect.to.is_empty() {
            true => Err(Verdict::Skipped("email_invalid")),
            false => Ok(Content::Alert(Box::new(effect))),
        }
    }
}

fn unreadable(error: serde_json::Error) -> Verdict {
    Verdict::failed("effect_unreadable", format!("The queued effect cannot be read: {error}."))
}

/// Where journeys ask for it, an address gets one message of a node while the trip that sent the first is under way.
fn deduplicate(
    s: &mut dyn Session,
    live: &Live,
    versions: &Versions,
    parcels: Vec<Parcel>,
    judged: &mut Judged,
) -> Result<(), StoreError> {
    let mut strict = HashSet::new();
    for parcel in &parcels {
        if versions.get(s, live, parcel.row.version)?.is_some_and(|frozen| frozen.deduplicates) {
            strict.insert(parcel.row.version);
        }
    }
    let asked = || parcels.iter().filter(|parcel| strict.contains(&parcel.row.version));
    let addresses: Vec<String> = asked().filter_map(|parcel| parcel.about.address.clone()).collect();
    let nodes: Vec<i64> = asked().map(|parcel| parcel.row.node).collect();
    let sent: Vec<(Place, EnrollmentId, bool)> = ledger::sent_to(s, &addresses, &nodes)?
        .into_iter()
        .map(|(row, active)| ((row.version, row.node, row.address.unwrap_or_default()), row.enrollment, active))
        .collect();
    let mut here: HashSet<Place> = HashSet::new();
    for parcel in parcels {
        let place = parcel.about.address.clone().filter(|_| strict.contains(&parcel.row.version));
        let place = place.map(|address| (parcel.row.version, parcel.row.node, address));
        let before = |place: &Place| {
            sent.iter().any(|(at, trip, active)| at == place && (*active || *trip == parcel.row.enrollment))
        };
        match place {
            Some(place) if before(&place) || !here.insert(place.clone()) => {
                let Parcel { row, about, .. } = parcel;
                judged.settled.push(Settled { row, about, verdict: Verdict::Skipped("duplicate_address") });
            }
            _ => judged.parcels.push(parcel),
        }
    }
    Ok(())
}

/// Version, node, folded address.
type Place = (VersionId, i64, String);
