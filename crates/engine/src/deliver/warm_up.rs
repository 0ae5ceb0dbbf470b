//! Senders that make themselves known by plan: so many messages a day, counted over all processes. What is more waits for the
//! next day in its place; nothing is lost.

use std::collections::HashMap;

use caravan_connect::connector::WarmUp;
use caravan_connect::smtp::SmtpSettings;
use caravan_model::document::DocumentKind;
use caravan_store::{Session, StoreError, lane_days};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::doors::Way;
use crate::live::Live;

/// A day of a lane, its count locked.
pub(super) struct WarmDay {
    day: String,
    most: i64,
    handed: i64,
    /// When the next day begins.
    pub ends: Timestamp,
}

impl WarmDay {
    /// Today's; none where the plan is over.
    pub fn locked(
        s: &mut dyn Session,
        lane: &str,
        plan: &WarmUp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Option<Self>, StoreError> {
        let Some((day, most, ends)) = today(plan, now, zone) else { return Ok(None) };
        let handed = lane_days::locked(s, &counted_as(lane), &day)?;
        Ok(Some(Self { day, most, handed, ends }))
    }

    /// How many may still be handed over.
    pub fn left(&self) -> usize {
        usize::try_from(self.most - self.handed).unwrap_or_default()
    }

    /// So many more are handed over.
    pub fn take(&mut self, s: &mut dyn Session, lane: &str, handed: usize) -> Result<(), StoreError> {
        if handed > 0 {
            self.handed += handed as i64;
            lane_days::save(s, &counted_as(lane), &self.day, self.handed)?;
        }
        Ok(())
    }
}

/// All lanes of a connection are one sender.
fn counted_as(lane: &str) -> String {
    Way::of_lane(lane).key
}

/// The day in a zone, the most that may leave on it, and when the next one begins.
fn today(plan: &WarmUp, now: Timestamp, zone: &TimeZone) -> Option<(String, i64, Timestamp)> {
    let local = now.to_zoned(zone.clone());
    let most = plan.most_on(local.date())?;
    let next = local.tomorrow().and_then(|next| next.start_of_day()).ok()?;
    Some((local.date().to_string(), most.into(), next.timestamp()))
}

/// How far a connection has come on a day of its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WarmUpState {
    /// The day, in the organisation's time zone.
    pub day: String,
    /// The most messages that leave on it.
    pub most: i64,
    /// How many left; those that were tried again count each time.
    pub handed: i64,
    /// As many left as may: what waits goes on when the next day begins.
    pub full: bool,
    /// When the next day begins.
    pub next_day_at: Timestamp,
}

/// How far each connection has come today, by key, where it has a plan that is not over.
pub(crate) fn states(s: &mut dyn Session, live: &Live) -> Result<HashMap<String, WarmUpState>, StoreError> {
    let now = s.now()?;
    let mut states = HashMap::new();
    for connection in live.definitions.of_kind(DocumentKind::Connection) {
        let settings = connection.body.get("settings").filter(|_| connection.text("type") == Some("smtp"));
        let plan = settings.and_then(|settings| SmtpSettings::read(settings).ok()).and_then(|it| it.warm_up);
        let Some((day, most, next_day_at)) = plan.and_then(|plan| today(&plan, now, live.zone())) else { continue };
        states.insert(connection.key.clone(), WarmUpState { day, most, handed: 0, full: most <= 0, next_day_at });
    }
    // The day is the same everywhere: it is the organisation's.
    let day = states.values().next().map(|state| state.day.clone());
    for (key, handed) in day.map_or(Ok(Vec::new()), |day| lane_days::handed_on(s, &day))? {
        if let Some(state) = states.get_mut(&key) {
            *state = WarmUpState { handed, full: handed >= state.most, ..state.clone() };
        }
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_calendars_in_the_organisations_zone() {
        let plan = WarmUp { starts: "2026-12-01".parse().expect("a day"), days: vec![5, 10] };
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let on = |at: &str| today(&plan, at.parse().expect("an instant"), &berlin).map(|(day, most, _)| (day, most));
        let is = |day: &str, most| Some((day.to_owned(), most));
        assert_eq!(on("2026-11-20T09:00:00Z"), is("2026-11-20", 5), "until it starts, as on the first day");
        assert_eq!(on("2026-12-01T22:59:59Z"), is("2026-12-01", 5));
        assert_eq!(on("2026-12-01T23:00:00Z"), is("2026-12-02", 10));
        assert_eq!(on("2026-12-02T23:00:00Z"), None, "the plan is over");
    }
}
