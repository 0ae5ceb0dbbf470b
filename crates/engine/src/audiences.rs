//! Audiences at destinations, as far as journeys do not fill them: data flows keep them in step with conditions, they are
//! asked how they stand, and consents are watched so that nobody is surprised when one ends.

mod consents;
mod flows;
mod keeping;

use caravan_catalog::Definition;
use caravan_connect::audiences::Audience;
use caravan_model::DocumentId;
use caravan_model::document::{DataFlow, DocumentKind};
use caravan_store::audiences::{self as stored, AudienceRow, Counts};
use caravan_store::{Session, StoreError, meta};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::consents::look as look_at_consent;
pub use self::consents::{Ending, endings};
pub(crate) use self::keeping::{ask_how_all_stand, keep};
use crate::live::Live;

/// An audience as it is known here and over there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AudienceState {
    /// Its name over there.
    pub name: String,
    /// The data flow that keeps it; none: journeys put accounts in and take them out.
    pub data_flow: Option<String>,
    /// Accounts that shall be in it.
    pub accounts: i64,
    /// Accounts of which the other side has not taken the last change yet.
    pub waiting: i64,
    /// Accounts that the other side refused.
    pub refused: i64,
    /// The other side's own word for its state (`BUILDING`, `READY` …); none before it was asked.
    pub status: Option<String>,
    /// Whether campaigns may use it in this state.
    pub usable: Option<bool>,
    /// Members over there who can be reached: people, not accounts.
    pub audience_size: Option<i64>,
    /// Members that a campaign needs.
    pub minimum_size: i64,
    /// Whether it has fewer members than a campaign needs; none before it was asked.
    pub below_minimum: Option<bool>,
    /// What its state means.
    pub note: Option<String>,
    /// Its id over there.
    pub remote_id: Option<String>,
    /// When the other side was asked.
    pub looked_at: Option<Timestamp>,
    /// Why the last change or question did not work.
    pub problem: Option<String>,
}

impl AudienceState {
    fn of(live: &Live, row: AudienceRow, counts: Counts, minimum: i64) -> Self {
        let flow = |id: DocumentId| {
            let flows = live.definitions.of_kind(DocumentKind::DataFlow);
            flows.into_iter().find(|flow| flow.id == id).map(|flow| flow.key.clone())
        };
        Self {
            name: row.name,
            data_flow: row.flow.and_then(flow),
            accounts: counts.accounts,
            waiting: counts.waiting,
            refused: counts.refused,
            below_minimum: row.looked_at.map(|_| row.size.is_none_or(|size| size < minimum)),
            status: row.status,
            usable: row.usable,
            audience_size: row.size,
            minimum_size: minimum,
            note: row.note,
            remote_id: row.remote_id,
            looked_at: row.looked_at,
            problem: row.problem,
        }
    }
}

/// The audiences of a destination, by name.
///
/// # Errors
/// The store's.
pub(crate) fn states(
    s: &mut dyn Session,
    live: &Live,
    destination: &Definition,
    minimum: i64,
) -> Result<Vec<AudienceState>, StoreError> {
    let rows = stored::all(s, Some(destination.id))?;
    Ok(rows.into_iter().map(|(row, counts)| AudienceState::of(live, row, counts, minimum)).collect())
}

/// An audience as connectors know it.
pub(crate) fn audience_at(
    s: &mut dyn Session,
    destination: &Definition,
    row: &AudienceRow,
) -> Result<Audience, StoreError> {
    let installation = meta::get(s, "installation_id")?.unwrap_or_default();
    Ok(Audience {
        settings: crate::deliver::settings_of(destination).to_string(),
        name: row.name.clone(),
        source_id: Audience::source_id(&installation, &destination.key, &row.name),
        remote_id: row.remote_id.clone(),
        ..Audience::default()
    })
}

/// What the audience of a data flow is called over there.
pub(crate) fn name_of(flow: &Definition) -> String {
    format!("{}{}", DataFlow::PREFIX, flow.name)
}
