//! External audiences: what their destinations hold is kept in step with who is in them.
//!
//! Whoever joins, leaves, or changes in what a destination is told is marked, in the transaction in which it happens. A look
//! at the marks queues one effect for each destination that should be told something else than it was. What is said is
//! decided when the effect leaves (`deliver/audience.rs`), from what is so then; so nothing is lost between a mark and its
//! effect, and nothing is said twice but where an answer was lost.

mod counts;
mod held;
mod look;

use std::collections::BTreeMap;
use std::sync::Arc;

use caravan_catalog::Definition;
use caravan_connect::external_audiences::{Manner, TakesPeople};
use caravan_connect::{audiences, connector};
use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, PersonId};
use caravan_store::external_audiences::Standing;
use caravan_store::ledger::Recipient;
use caravan_store::{Session, StoreError, ledger, meta, records};
use serde_json::{Map, Value as Json};

pub use self::counts::{AudienceStanding, DestinationStanding, standing};
pub use self::held::{Held, HeldState, held_of};
pub(crate) use self::look::{Telling, UnderWay, keep};
use crate::deliver::settings_of;
use crate::live::Live;

/// Kind of the effects that tell a destination about a person.
pub(crate) const EFFECT: &str = "external_audience";

/// Attributes of people that decide whether they are handed over, whatever a destination is told of them.
const DECIDING: [&str; 4] = ["email", "unsubscribed", "marketing_suspended", "test_profile"];

/// The ids of all external audiences.
pub(crate) fn all(live: &Live) -> Vec<i64> {
    live.definitions.of_kind(DocumentKind::ExternalAudience).map(|audience| audience.id.0).collect()
}

/// What changes of people must be marked for, as conditions mention it: `person.email` …
pub(crate) fn mentions(definitions: &caravan_catalog::Definitions) -> Vec<String> {
    let audiences: Vec<&Arc<Definition>> = definitions.of_kind(DocumentKind::ExternalAudience).collect();
    if audiences.is_empty() {
        return Vec::new();
    }
    let mut keys: Vec<String> = DECIDING.iter().map(|key| (*key).to_owned()).collect();
    let told = audiences.iter().flat_map(|audience| destinations_of(definitions, audience));
    keys.extend(
        told.filter_map(|definition| Place::of(&definition)).flat_map(|place| place.takes.attributes(&place.settings)),
    );
    keys.sort();
    keys.dedup();
    keys.into_iter().map(|key| format!("person.{key}")).collect()
}

/// The destinations that an audience is handed to, those that there are.
fn destinations_of(definitions: &caravan_catalog::Definitions, audience: &Definition) -> Vec<Arc<Definition>> {
    let keys = audience.body.get("destinations").and_then(Json::as_array).into_iter().flatten();
    keys.filter_map(Json::as_str).filter_map(|key| definitions.get(DocumentKind::Destination, key)).cloned().collect()
}

/// A destination that takes people.
pub(crate) struct Place {
    pub id: DocumentId,
    pub key: String,
    pub connection: String,
    pub settings: Json,
    pub takes: &'static dyn TakesPeople,
}

impl Place {
    /// The destination, where systems of its type take people.
    pub fn of(definition: &Definition) -> Option<Self> {
        let takes = connector::kind(definition.text("type")?)?.takes_people()?;
        Some(Self {
            id: definition.id,
            key: definition.key.clone(),
            connection: definition.text("connection").unwrap_or_default().to_owned(),
            settings: settings_of(definition),
            takes,
        })
    }

    pub fn manner(&self) -> Manner {
        self.takes.manner(&self.settings)
    }
}

/// An audience and where it is handed to.
pub(crate) struct Audience {
    pub id: DocumentId,
    pub key: String,
    name: String,
    description: Option<String>,
    /// By the destination's id.
    pub places: BTreeMap<DocumentId, Place>,
    /// Of this installation, for ever.
    installation: String,
}

impl Audience {
    /// The audience with this id; none when it is gone.
    pub fn find(s: &mut dyn Session, live: &Live, id: DocumentId) -> Result<Option<Self>, StoreError> {
        let found = live.definitions.of_kind(DocumentKind::ExternalAudience).find(|audience| audience.id == id);
        let Some(found) = found else { return Ok(None) };
        let places = destinations_of(&live.definitions, found);
        Ok(Some(Self {
            id,
            key: found.key.clone(),
            name: found.name.clone(),
            description: found.text("description").map(str::to_owned),
            places: places.iter().filter_map(|it| Place::of(it)).map(|place| (place.id, place)).collect(),
            installation: meta::get(s, "installation_id")?.unwrap_or_default(),
        }))
    }

    /// The audience as one destination knows it.
    pub fn at(&self, place: &Place) -> audiences::Audience {
        let own = format!("{EFFECT}/{}", self.key);
        audiences::Audience {
            settings: place.settings.to_string(),
            name: self.name.clone(),
            description: self.description.clone(),
            key: Some(self.key.clone()),
            source_id: audiences::Audience::source_id(&self.installation, &place.key, &own),
            remote_id: None,
        }
    }
}

/// People as they are now, in all that decides what destinations are told of them.
pub(crate) struct People {
    members: Vec<PersonId>,
    facts: BTreeMap<PersonId, Facts>,
}

struct Facts {
    test_profile: bool,
    recipient: Option<Recipient>,
    suppressed: Option<String>,
    /// By key of the attribute.
    values: Map<String, Json>,
}

impl People {
    /// Some people with what an audience's destinations ask for.
    pub fn load(s: &mut dyn Session, live: &Live, audience: &Audience, people: &[i64]) -> Result<Self, StoreError> {
        let schema = &live.definitions.schema;
        let asked = audience.places.values().flat_map(|place| place.takes.attributes(&place.settings));
        let mut columns: Vec<(String, caravan_model::attribute::AttributeNo)> =
            asked.filter_map(|key| Some((key.clone(), schema.person.no(&key)?))).collect();
        columns.sort();
        columns.dedup();
        let numbers: Vec<_> = columns.iter().map(|(_, no)| *no).collect();
        let rows = records::people(s, schema, people, &numbers, false)?;
        let mut recipients: BTreeMap<PersonId, Recipient> =
            ledger::recipients(s, people)?.into_iter().map(|recipient| (recipient.person, recipient)).collect();
        let mut addresses: Vec<String> = recipients.values().filter_map(address_of).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let suppressed: BTreeMap<String, String> = ledger::suppressed(s, &addresses)?.into_iter().collect();
        let mut facts = BTreeMap::new();
        for row in rows {
            let recipient = recipients.remove(&row.id);
            let listed = recipient.as_ref().and_then(address_of).and_then(|address| suppressed.get(&address).cloned());
            let known = columns.iter().zip(&row.values).map(|((key, _), value)| (key.clone(), value.to_json()));
            let values: Map<String, Json> =
                std::iter::once(("key".to_owned(), Json::from(row.key))).chain(known).collect();
            facts.insert(row.id, Facts { test_profile: row.test_profile, recipient, suppressed: listed, values });
        }
        let members = records::memberships(s, people, &[audience.id.0])?.into_iter().map(|(id, _)| PersonId(id));
        Ok(Self { members: members.collect(), facts })
    }

    /// Whether a person is in the audience.
    pub fn is_member(&self, person: PersonId) -> bool {
        self.members.contains(&person)
    }

    /// What shall stand for a person at a destination, or why nothing shall.
    pub fn wanted(&self, person: PersonId, place: &Place) -> Result<Json, &'static str> {
        let Some(facts) = self.facts.get(&person) else { return Err(NO_MEMBER) };
        if !self.is_member(person) {
            return Err(NO_MEMBER);
        }
        if let Some(reason) = facts.objection() {
            return Err(reason);
        }
        place.takes.element(&place.settings, &facts.values)
    }
}

/// Why nobody is handed over who is not in the audience.
pub(crate) const NO_MEMBER: &str = "not_a_member";
/// Why somebody stays for a while who is not wanted any more: the destination lets go of them by itself.
pub(crate) const LAPSES: &str = "lapses";

impl Facts {
    /// Why a person may not be handed over to other systems: the same words of theirs hold as for marketing.
    fn objection(&self) -> Option<&'static str> {
        let Some(recipient) = &self.recipient else { return Some("email_missing") };
        let reasons = [
            (self.test_profile, "test_profile"),
            (recipient.email.as_deref().is_none_or(|email| email.trim().is_empty()), "email_missing"),
            (address_of(recipient).is_none(), "email_malformed"),
            (recipient.unsubscribed, "unsubscribed"),
            (recipient.marketing_suspended, "marketing_suspended"),
            (self.suppressed.is_some(), "suppressed"),
        ];
        reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
    }
}

fn address_of(recipient: &Recipient) -> Option<String> {
    crate::deliver::folded_address(recipient.email.as_deref()?)
}

/// What is to be done about one person at one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing, and it stands like this from now on.
    Nothing(Box<Standing>),
    /// Nothing is known of the person there, and nothing shall be.
    Forget,
    /// The destination is to be told.
    Tell,
}

/// Compares what shall stand with what stands. `stale`: the destination will let go of the person soon.
pub(crate) fn due(wanted: Result<&str, &'static str>, standing: &Standing, manner: Manner, stale: bool) -> Due {
    use caravan_store::external_audiences::{FAILED, LEFT_OUT, THERE};
    let stands = standing.element.as_deref();
    let with = |state: &str, reason: Option<&str>| {
        Due::Nothing(Box::new(Standing {
            state: state.to_owned(),
            reason: reason.map(str::to_owned),
            ..standing.clone()
        }))
    };
    match wanted {
        // Told again in vain it would be refused again.
        Ok(element) if standing.state == FAILED && standing.maybes().iter().any(|maybe| maybe == element) => {
            Due::Nothing(Box::new(standing.clone()))
        }
        Ok(element) if stands == Some(element) && standing.maybe.is_none() && !stale => with(THERE, None),
        Ok(_) => Due::Tell,
        Err(_) if (stands.is_some() || standing.maybe.is_some()) && manner.takes_out => Due::Tell,
        Err(_) if stands.is_some() && !stale => with(LEFT_OUT, Some(LAPSES)),
        Err(NO_MEMBER) => Due::Forget,
        Err(reason) => {
            let gone = Standing { element: None, maybe: None, told_at: None, ..standing.clone() };
            Due::Nothing(Box::new(Standing { state: LEFT_OUT.to_owned(), reason: Some(reason.to_owned()), ..gone }))
        }
    }
}

/// Whether a destination is to be told of a person again, or has let go of them: members in half of the time, others when it
/// is over.
pub(crate) fn is_stale(manner: Manner, standing: &Standing, member: bool, now: jiff::Timestamp) -> bool {
    let (Some(told_at), Some(lapses)) = (standing.told_at, manner.lapses_after) else { return false };
    let kept = if member { lapses / 2 } else { lapses };
    let age = now.duration_since(told_at);
    age > jiff::SignedDuration::try_from(kept).unwrap_or(jiff::SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use caravan_store::external_audiences::{FAILED, LEFT_OUT, THERE};

    use super::*;

    const STAYS: Manner = Manner { every: Duration::ZERO, lapses_after: None, takes_out: true };
    const LETS_GO: Manner =
        Manner { every: Duration::ZERO, lapses_after: Some(Duration::from_secs(100)), takes_out: false };

    fn standing(element: Option<&str>, maybe: Option<&str>, state: &str) -> Standing {
        Standing {
            state: state.to_owned(),
            element: element.map(str::to_owned),
            maybe: maybe.map(|maybe| format!("[{maybe:?}]")),
            ..Standing::new(DocumentId(1), DocumentId(2), PersonId(3))
        }
    }

    fn state(due: Due) -> (String, Option<String>) {
        match due {
            Due::Nothing(standing) => (standing.state.clone(), standing.reason.clone()),
            Due::Forget => ("forgotten".to_owned(), None),
            Due::Tell => ("told".to_owned(), None),
        }
    }

    #[test]
    fn a_destination_is_told_when_something_else_shall_stand_there_and_not_otherwise() {
        let told = |wanted, standing, manner, stale| state(due(wanted, &standing, manner, stale)).0;
        assert_eq!(told(Ok("a"), standing(None, None, ""), STAYS, false), "told");
        assert_eq!(told(Ok("a"), standing(Some("a"), None, THERE), STAYS, false), THERE);
        assert_eq!(told(Ok("b"), standing(Some("a"), None, THERE), STAYS, false), "told", "another address");
        assert_eq!(told(Ok("a"), standing(Some("a"), None, THERE), LETS_GO, true), "told", "before it lets go");
        assert_eq!(told(Ok("a"), standing(Some("a"), Some("b"), THERE), STAYS, false), "told", "b may stand there");
        assert_eq!(told(Err(NO_MEMBER), standing(Some("a"), None, THERE), STAYS, false), "told");
        assert_eq!(told(Err(NO_MEMBER), standing(None, Some("a"), FAILED), STAYS, false), "told");
        assert_eq!(told(Ok("a"), standing(None, Some("a"), FAILED), STAYS, false), FAILED, "not in vain");
        assert_eq!(told(Err(NO_MEMBER), standing(None, None, ""), STAYS, false), "forgotten");
    }

    #[test]
    fn whoever_objects_is_taken_out_or_left_to_lapse_and_is_left_out_with_the_reason() {
        let objects = Err("unsubscribed");
        assert_eq!(state(due(objects, &standing(Some("a"), None, THERE), STAYS, false)).0, "told");
        let lapsing = state(due(objects, &standing(Some("a"), None, THERE), LETS_GO, false));
        assert_eq!(lapsing, (LEFT_OUT.to_owned(), Some(LAPSES.to_owned())));
        let gone = state(due(objects, &standing(Some("a"), None, LEFT_OUT), LETS_GO, true));
        assert_eq!(gone, (LEFT_OUT.to_owned(), Some("unsubscribed".to_owned())));
        assert_eq!(state(due(Err(NO_MEMBER), &standing(Some("a"), None, LEFT_OUT), LETS_GO, true)).0, "forgotten");
    }
}
