//! How the people of an audience stand at its destinations, in numbers.

use std::collections::BTreeMap;

use caravan_model::document::DocumentKind;
use caravan_store::external_audiences::{self as stored, FAILED, IN_DOUBT, LEFT_OUT, PENDING, THERE};
use caravan_store::members::{self, Wanted};
use caravan_store::records::Table;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::destinations_of;
use crate::Engine;
use crate::definitions::DefinitionError;

/// An external audience in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AudienceStanding {
    /// How many people are in it.
    pub members: i64,
    /// Each destination that it is handed to, or was and still holds people; empty: it is handed to nobody.
    pub destinations: Vec<DestinationStanding>,
}

/// How people stand at a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DestinationStanding {
    /// Its key.
    pub destination: String,
    /// Whether the audience is handed to it now.
    pub current: bool,
    /// People of whom something is on its way there.
    pub pending: i64,
    /// People who stand there: the destination took them. When it uses them is its own affair; some need two days.
    pub there: i64,
    /// Members who are not handed over, by reason.
    pub left_out: BTreeMap<String, i64>,
    /// People whose last change it refused, by reason.
    pub failed: BTreeMap<String, i64>,
    /// People of whom nobody knows whether their last change was heard.
    pub in_doubt: i64,
    /// When somebody last changed there.
    pub changed_at: Option<Timestamp>,
}

/// An external audience in numbers.
///
/// # Errors
/// There is none of this key; or the store's.
pub fn standing(engine: &Engine, key: &str) -> Result<AudienceStanding, DefinitionError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let kind = DocumentKind::ExternalAudience;
        let unknown = || DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() };
        let audience = live.definitions.get(kind, key).ok_or_else(unknown)?;
        let mut by_destination = BTreeMap::new();
        for place in destinations_of(&live.definitions, audience) {
            let standing = DestinationStanding { destination: place.key.clone(), current: true, ..Default::default() };
            by_destination.insert(place.id, standing);
        }
        for count in stored::counts(s, audience.id)? {
            let known = live.definitions.of_kind(DocumentKind::Destination).find(|it| it.id == count.destination);
            let Some(known) = known else { continue };
            let standing = by_destination
                .entry(count.destination)
                .or_insert_with(|| DestinationStanding { destination: known.key.clone(), ..Default::default() });
            let reason = count.reason.unwrap_or_default();
            match count.state.as_str() {
                PENDING => standing.pending += count.people,
                THERE => standing.there += count.people,
                LEFT_OUT => *standing.left_out.entry(reason).or_default() += count.people,
                FAILED => *standing.failed.entry(reason).or_default() += count.people,
                IN_DOUBT => standing.in_doubt += count.people,
                _ => {}
            }
            standing.changed_at = standing.changed_at.max(Some(count.changed_at));
        }
        let members = members::count(s, Wanted { list: audience.id, table: Table::Person, search: "" })?;
        Ok(AudienceStanding { members, destinations: by_destination.into_values().collect() })
    })
}
