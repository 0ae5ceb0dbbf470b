//! The review before publishing: what would happen now, without doing it.

use std::collections::BTreeMap;

use caravan_model::Finding;
use caravan_model::journey::Journey;
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, journeys};
use schemars::JsonSchema;
use serde::Serialize;

use super::checks::{
    against_a_new_version, audience_of, connections_failing, consents_ending, domains_unverified, findings_against,
    owners_missing,
};
use super::draft;
use super::feeders::{Feeder, feeders_of};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::live::{Live, definitions_of};
use crate::tallies::{Counted, TRIPS};

/// What publishing would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Review {
    /// The journey's key.
    pub key: String,
    /// The version that it would become.
    pub version: i64,
    /// `live`, or `scheduled` until its start.
    #[schemars(extend("enum" = ["live", "scheduled"]))]
    pub state: String,
    /// Whether it can be published: no error stands against it.
    pub publishable: bool,
    /// Errors and warnings.
    pub findings: Vec<Finding>,
    /// Who would enter now: members of the audience who were never inside, those held out included.
    pub would_enter: i64,
    /// People that would come with them; in a person journey the same number.
    pub people: i64,
    /// Members of the audience who may not enter, by reason.
    pub would_not_enter: BTreeMap<String, i64>,
    /// The most messages that those who enter now may get in their first 24 hours.
    pub messages_first_day: i64,
    /// Who is inside now, on which version; they stay on it.
    pub standing: Vec<Standing>,
    /// Journeys under way that send travellers here.
    pub fed_by: Vec<Feeder>,
}

/// Who is inside on one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// The version.
    pub version: i64,
    /// Trips under way.
    pub active: i64,
    /// How many stand at each node where anybody stands.
    pub nodes: BTreeMap<String, i64>,
}

/// Says what publishing these drafts together would do.
///
/// # Errors
/// There is no such draft.
pub fn review(engine: &Engine, keys: &[String]) -> Result<Vec<Review>, DefinitionError> {
    engine.store().read(|s| {
        let now = s.now()?;
        let drafts = keys.iter().map(|key| draft(s, key)).collect::<Result<Vec<_>, _>>()?;
        let rows = documents::all(s)?;
        let definitions = definitions_of(s, &rows)?.as_if_live(keys);
        let live = engine.live(s)?;
        let mut reviews = Vec::new();
        for (row, document) in &drafts {
            let mut findings = findings_against(document, &definitions, now, engine.public_url());
            findings.extend(against_a_new_version(s, row, document)?);
            findings.extend(owners_missing(s, document, &definitions)?);
            findings.extend(connections_failing(s, document, &definitions)?);
            findings.extend(domains_unverified(s, document, &definitions)?);
            findings.extend(consents_ending(s, document, &definitions)?);
            let Some(journey) = document.body.journey() else { continue };
            let scheduled = row.state == "draft" && journey.start.is_some_and(|start| start > now);
            let audience = audience_of(&live.definitions, journey);
            let counts = match audience {
                Some(list) => journeys::would_enter(s, row.id, list, of_people(journey))?,
                None => journeys::WouldEnter::default(),
            };
            let (to_each_person, about_each_account) = messages_of(journey);
            let first_day =
                to_each_person.saturating_mul(counts.people) + about_each_account.saturating_mul(counts.enter);
            reviews.push(Review {
                key: row.key.clone(),
                version: documents::versions_of(s, row.id)?.last().map_or(1, |version| version.no + 1),
                state: if scheduled { "scheduled" } else { "live" }.to_owned(),
                publishable: !findings.iter().any(Finding::is_error),
                findings,
                would_enter: counts.enter,
                people: counts.people,
                would_not_enter: not_entering(journey, counts.refused),
                messages_first_day: first_day,
                standing: standing(s, &live, row)?,
                fed_by: feeders_of(s, &row.key)?,
            });
        }
        Ok(reviews)
    })
}

fn of_people(journey: &Journey) -> bool {
    journey.subject == caravan_model::journey::Subject::Person
}

fn not_entering(journey: &Journey, refused: i64) -> BTreeMap<String, i64> {
    let reason = if of_people(journey) { "test_profile" } else { "no_name" };
    if refused > 0 { BTreeMap::from([(reason.to_owned(), refused)]) } else { BTreeMap::new() }
}

/// An action whose effect leaves the system.
fn is_message(action: &str) -> bool {
    caravan_catalog::action(action).is_some_and(|action| action.facts().leaves)
}

/// The most that one traveller may cause on its first day: to each person, and about the account.
fn messages_of(journey: &Journey) -> (i64, i64) {
    let messages = journey.messages_of_first_day(&is_message);
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    (number(messages.to_people), number(messages.about_account))
}

/// Who is inside, by version and node, from the counters.
fn standing(s: &mut dyn Session, live: &Live, row: &DocumentRow) -> Result<Vec<Standing>, StoreError> {
    let mut by_version: BTreeMap<i64, Standing> = BTreeMap::new();
    for tally in journeys::tallies(s, row.id)? {
        let Some(plan) = live.plan(s, tally.version)? else { continue };
        let here = by_version.entry(plan.version_no).or_insert_with(|| Standing {
            version: plan.version_no,
            active: 0,
            nodes: BTreeMap::new(),
        });
        let by = match Counted::from_stored(&tally.kind) {
            Some(Counted::Entered | Counted::Reached) => tally.n,
            Some(Counted::Trip(_) | Counted::Left | Counted::Ended) => -tally.n,
            _ => continue,
        };
        if tally.node == TRIPS {
            here.active += by;
        } else {
            *here.nodes.entry(plan.node(tally.node).id.clone()).or_default() += by;
        }
    }
    let mut all: Vec<Standing> = by_version.into_values().filter(|standing| standing.active > 0).collect();
    all.iter_mut().for_each(|standing| standing.nodes.retain(|_, n| *n != 0));
    Ok(all)
}
