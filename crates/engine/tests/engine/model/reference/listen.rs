//! Listeners.

use super::*;

impl World<'_> {
    pub(super) fn hear(&self, at: usize, heard: &[Filled]) -> Option<Flow> {
        let trip = &self.trips[at];
        let Node::Listen(listen) = &self.map(at).nodes[trip.node?] else { return None };
        let (counts, enough) = self.counted(at, heard);
        if trip.enough || enough {
            return Some(Flow::Go(None, listen.next));
        }
        let over = trip.due.is_some_and(|due| due <= self.now);
        Some(match &listen.timeout {
            Some((_, Some(next))) if over => Flow::Go(Some("timeout".to_owned()), *next),
            Some((_, None)) if over => Flow::End("timed_out"),
            _ => Flow::Stay { due: trip.due, listening: true, heard: counts },
        })
    }

    /// How often each event has counted, with what happened before, and whether that is enough for one of them.
    pub(super) fn counted(&self, at: usize, heard: &[Filled]) -> (Vec<i64>, bool) {
        let trip = &self.trips[at];
        let Some(Node::Listen(listen)) = trip.node.map(|node| &self.map(at).nodes[node]) else {
            return (Vec::new(), false);
        };
        let counts = |event: &&Filled| {
            let in_time = trip.due.is_none_or(|due| event.at <= due) && event.at >= trip.node_at;
            let filter = listen.filter.as_ref().is_none_or(|filter| self.holds_person(filter, event.person, trip));
            in_time && filter
        };
        let heard: Vec<&Filled> = heard.iter().filter(counts).collect();
        let often = |(n, awaited): (usize, &Awaited)| {
            let meant = heard.iter().filter(|event| awaited.form.is_none_or(|form| form == event.form)).count();
            trip.heard.get(n).copied().unwrap_or(0) + meant as i64
        };
        let often: Vec<i64> = listen.events.iter().enumerate().map(often).collect();
        let enough = often.iter().zip(&listen.events).any(|(often, awaited)| *often >= awaited.at_least);
        (often, enough)
    }
}
