//! Reading back what has come of a case, in the reference's terms.

use std::collections::{BTreeMap, HashMap};

use caravan_engine::plan::Plan;
use caravan_engine::{status, sweep};
use caravan_store::{SessionExt, StoreError};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Place, seconds};
use crate::model::case::*;
use crate::model::outcome::{Figures, Final, Stay, Trip};
use crate::support::owed;

impl Place {
    /// What has come of the case.
    pub fn outcome(&self, case: &Case, fates: &BTreeMap<String, String>) -> Final {
        assert_eq!(sweep::sweep(&self.by_hand).expect("a sweep"), 0, "nobody would stand for ever");
        assert_eq!(owed::wrongly_pending(&self.by_hand), [""; 0], "case {}: what is pending is under way", case.seed);
        let mut end = Final { trips: self.trips(), ..Final::default() };
        for n in 0..case.journeys.len() {
            end.figures.insert(journey_key(n), self.figures(n, fates));
        }
        end.mails = self.counted(
            "SELECT d.key || ' ' || COALESCE(CASE WHEN d.body LIKE '%\"subject\":\"person\"%' THEN p.key END, a.key)
                    || '/' || e.entry, o.node, ' ' || p.key, o.version_id
             FROM (SELECT enrollment_id, version_id, node, account_id, person_id, kind FROM outbox UNION ALL
                   SELECT enrollment_id, version_id, node, account_id, person_id, kind FROM ledger) AS o JOIN enrollment AS e ON e.id = o.enrollment_id JOIN document AS d ON d.id = e.journey_id
             JOIN person AS p ON p.id = o.person_id LEFT JOIN account AS a ON a.id = o.account_id
             WHERE o.kind = 'email'",
        );
        end.told = self.counted(
            "SELECT t.type || ' by ' || t.source || ' of ' || COALESCE(p.key, a.key), -1, '', 0
             FROM activity AS t LEFT JOIN person AS p ON p.id = t.person_id LEFT JOIN account AS a ON a.id = t.account_id
             WHERE t.source LIKE 'journey:%' AND t.type <> 'external_answered'",
        );
        end.accounts = self.accounts();
        end.people = self.people();
        end
    }

    fn trips(&self) -> BTreeMap<(String, String, i64), Trip> {
        let sql =
            "SELECT e.id, d.key, COALESCE(CASE WHEN d.body LIKE '%\"subject\":\"person\"%' THEN p.key END, a.key),
                          e.entry, e.entered_at, e.node, e.node_at, e.ended_at, e.outcome, e.version_id
                   FROM enrollment AS e JOIN document AS d ON d.id = e.journey_id
                   LEFT JOIN account AS a ON a.id = e.subject_id LEFT JOIN person AS p ON p.id = e.subject_id
                   ORDER BY e.id";
        self.store
            .read(|s| {
                let live = self.engine.live(s)?;
                let rows = s.query_map(sql, &[], |r| {
                    let ended = r.opt_instant(7).map(|at| (seconds(at), r.opt_string(8).unwrap_or_default()));
                    let key = (r.string(1), r.string(2), r.int(3));
                    let entered_at = seconds(r.instant(4));
                    let trip = Trip {
                        entered_at,
                        node: String::new(),
                        node_at: seconds(r.instant(6)),
                        ended,
                        stays: Vec::new(),
                    };
                    Ok((r.int(0), key, r.int(5), caravan_model::VersionId(r.int(9)), trip))
                })?;
                let mut moves: HashMap<i64, Vec<(Timestamp, String)>> = HashMap::new();
                s.query("SELECT enrollment_id, at, visits FROM move ORDER BY enrollment_id, seq", &[], &mut |r| {
                    moves.entry(r.int(0)).or_default().push((r.instant(1), r.string(2)));
                    Ok(())
                })?;
                let mut trips = BTreeMap::new();
                for (id, key, node, version, mut trip) in rows {
                    let plan = live.plan(s, version)?.expect("a plan");
                    trip.node = plan.node(node).id.clone();
                    for (at, visits) in moves.remove(&id).unwrap_or_default() {
                        trip.stays.extend(stays(at, &visits, &plan));
                    }
                    trips.insert(key, trip);
                }
                Ok::<_, StoreError>(trips)
            })
            .expect("trips")
    }

    fn figures(&self, n: usize, fates: &BTreeMap<String, String>) -> Figures {
        let status = status::status(&self.engine, &journey_key(n)).expect("a status");
        let mut figures = Figures::default();
        let trips = serde_json::to_value(&status.travellers).expect("figures");
        for (what, n) in trips.as_object().into_iter().flatten() {
            if what != "active" {
                figures.add(&format!("trips {what}"), n.as_i64().unwrap_or_default());
            }
        }
        for (group, goal) in status.goal.iter().flat_map(|goal| [("", &goal.travellers), (" held out", &goal.held_out)])
        {
            figures.add(&format!("goal{group} before"), goal.before);
            figures.add(&format!("goal{group} converted"), goal.converted);
        }
        for (reason, n) in &status.not_entered {
            figures.add(&format!("not_entered {reason}"), *n);
        }
        let mut inside = 0;
        for (node, counts) in &status.nodes {
            assert_eq!(counts.reached, counts.left + counts.current + counts.ended, "{node}: {counts:?}");
            inside += counts.current;
            figures.add(&format!("{node} reached"), counts.reached);
            figures.add(&format!("{node} left"), counts.left);
            figures.add(&format!("{node} ended"), counts.ended);
            for (path, n) in &counts.paths {
                figures.add(&format!("{node} path {path}"), *n);
            }
            let Some(outcomes) = &counts.outcomes else { continue };
            figures.add(&format!("{node} pending"), outcomes.pending);
            figures.add(&format!("{node} done"), outcomes.done);
            figures.add(&format!("{node} in_doubt"), outcomes.in_doubt);
            let whys = [("no_op", &outcomes.no_op), ("failed", &outcomes.failed), ("skipped", &outcomes.skipped)];
            for (what, (reason, n)) in whys.into_iter().flat_map(|(what, why)| why.iter().map(move |it| (what, it))) {
                figures.add(&format!("{node} {what} {reason}"), *n);
            }
        }
        // Nobody here can know what became of these.
        for mail in self.in_doubt(&journey_key(n)) {
            let node = mail.split(' ').nth(2).expect("a node");
            let fate = fates.get(&mail).map_or("unknown", String::as_str);
            figures.add(&format!("{node} in_doubt"), -1);
            figures.add(&format!("{node} {fate}"), 1);
        }
        assert_eq!(inside, status.travellers.active, "whoever is inside stands at some node");
        assert_eq!(status.problems, 0);
        figures.without_zeros()
    }

    pub(super) fn counted(&self, sql: &str) -> BTreeMap<String, i64> {
        self.store
            .read(|s| {
                let live = self.engine.live(s)?;
                let rows = s.query_map(sql, &[], |r| {
                    Ok((r.string(0), r.int(1), r.string(2), caravan_model::VersionId(r.int(3))))
                })?;
                let mut counts = BTreeMap::new();
                for (before, node, after, version) in rows {
                    let node = match node {
                        -1 => String::new(),
                        node => format!(" {}", live.plan(s, version)?.expect("a plan").node(node).id),
                    };
                    *counts.entry(format!("{before}{node}{after}")).or_default() += 1;
                }
                Ok::<_, StoreError>(counts)
            })
            .expect("counts")
    }

    fn accounts(&self) -> BTreeMap<String, String> {
        let on = |n: usize| {
            format!(
                "EXISTS (SELECT 1 FROM list_member AS m JOIN document AS d ON d.id = m.list_id
                         WHERE d.kind = 'account_list' AND d.key = '{}' AND m.subject_id = account.id)",
                SHELVES[n]
            )
        };
        let sql = format!("SELECT key, employees, industry, {}, {} FROM account", on(0), on(1));
        let rows = self.store.read(|s| {
            s.query_map(&sql, &[], |r| {
                let shelved = [r.bool(3), r.bool(4)];
                Ok((r.string(0), format!("{:?} {:?} {shelved:?}", r.opt_int(1), r.opt_text(2))))
            })
        });
        rows.map_err(|error: StoreError| error).expect("accounts").into_iter().collect()
    }

    fn people(&self) -> BTreeMap<String, String> {
        let sql = "SELECT p.key, p.department, COALESCE((SELECT value FROM person_score WHERE person_id = p.id), 0)
                   FROM person AS p";
        let rows = self
            .store
            .read(|s| s.query_map(sql, &[], |r| Ok((r.string(0), format!("{:?} {}", r.opt_text(1), r.int(2))))));
        rows.map_err(|error: StoreError| error).expect("people").into_iter().collect()
    }
}

/// The nodes that one walk left.
fn stays(at: Timestamp, visits: &str, plan: &Plan) -> Vec<Stay> {
    #[derive(Deserialize)]
    struct Visit {
        n: i64,
        p: Option<String>,
        e: Option<String>,
    }
    let mut visits: Vec<Visit> = serde_json::from_str(visits).expect("visits");
    // The last one is where it stands from then on, unless its trip ended there.
    if visits.last().is_some_and(|last| last.e.is_none()) {
        visits.pop();
    }
    visits
        .into_iter()
        .map(|v| {
            // Which account took which share is not promised.
            let path = v.p.filter(|path| plan.of_people || !path.starts_with("Share"));
            Stay { node: plan.node(v.n).id.clone(), left: seconds(at), path, outcome: v.e }
        })
        .collect()
}
