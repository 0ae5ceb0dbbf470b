//! What both walks do: bring everything in, wait for the end, look at what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use caravan_model::Clock;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};

use crate::walk::expected::Expected;
use crate::walk::figures::Figures;
use crate::walk::input::{self, World};
use crate::walk::place::{Place, text};

pub const MANIFEST: &str = include_str!("manifest.yaml");
pub const JOURNEYS: [&str; 5] = ["nurture", "follow-up", "clock", "handed", "onboarding"];
/// Longer than everything before the timeouts takes on a busy machine.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// The instants that the manifest names.
pub struct Times {
    clock: Clock,
    instant: Timestamp,
    minute: Timestamp,
    listen_ends: Timestamp,
    end: Timestamp,
}

impl Times {
    pub fn from_now() -> Self {
        let clock = Clock::System;
        let now = clock.now();
        let berlin = TimeZone::get("Europe/Berlin").expect("a time zone");
        let minute = (now + SignedDuration::from_secs(40)).to_zoned(berlin);
        let round = jiff::ZonedRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil);
        Times {
            clock,
            instant: now + SignedDuration::from_secs(20),
            minute: minute.round(round).expect("a minute").timestamp(),
            listen_ends: now + PATIENCE,
            end: now + SignedDuration::from_hours(24 * 300),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn minute(&self) -> String {
        let berlin = TimeZone::get("Europe/Berlin").expect("a time zone");
        self.minute.to_zoned(berlin).strftime("%H:%M").to_string()
    }
}

/// The manifest with everything filled in.
pub fn manifest(world: &World, port: u16, times: &Times) -> String {
    let accounts: Vec<&str> = world.picked().into_iter().map(|a| world.accounts[a].key.as_str()).collect();
    let people: Vec<&str> = world.speakers.iter().map(|&p| world.people[p].key.as_str()).collect();
    let fills = [
        ("@PORT@", port.to_string()),
        ("@PICKED@", accounts.join(", ")),
        ("@SPEAKERS@", people.join(", ")),
        ("@LISTEN_ENDS@", times.listen_ends.to_string()),
        ("@INSTANT@", times.instant.to_string()),
        ("@MINUTE@", times.minute()),
        ("@END@", times.end.to_string()),
    ];
    fills.iter().fold(MANIFEST.to_owned(), |manifest, (name, value)| manifest.replace(name, value))
}

/// Imports everything, applies the manifest and lets lists and groups settle.
pub fn set(place: &Place, world: &World, port: u16, times: &Times) {
    let companies = place.file("companies.csv", &world.companies_csv);
    let map = ["--map", "Symbol=key", "--map", "Security=name", "--map", "GICS Sector=industry"];
    let more = ["--map", "Headquarters Location=city", "--map", "GICS Sub-Industry=description"];
    let report = place.imports("accounts", &companies, &[map.as_slice(), more.as_slice()].concat());
    assert_eq!(report["created"], world.accounts.len(), "{report:#}");
    place.imports("accounts", &place.file("facts.jsonl", input::account_facts(world)), &[]);
    place.imports("people", &place.file("people.csv", input::people_csv(world)), &[]);
    place.imports("people", &place.file("lost.csv", input::lost_addresses_csv(world)), &[]);
    let manifest = place.file("manifest.yaml", manifest(world, port, times));
    place.does(&["apply", "-f", text(&manifest)]);
    place.runs();
}

/// Imports what people and accounts do now; the activities file.
pub fn let_things_happen(place: &Place, world: &World, times: &Times, began: Timestamp) -> PathBuf {
    let now = times.now();
    assert!(now < times.listen_ends, "this machine took more than {PATIENCE:#} to come so far");
    let activities = place.file("activities.jsonl", input::activities_jsonl(world, began, now));
    place.imports("activities", &activities, &[]);
    let moved = format!("key,department\n{},Front row\n", world.people[world.mover].key);
    place.imports("people", &place.file("moved.csv", moved), &[]);
    activities
}

/// Runs again and again until every journey has the figures that it must have; the differences, when the time is over.
pub fn run_to(place: &Place, expected: &Expected, differences: impl Fn(&Figures, &Figures) -> Vec<String>) {
    let (limit, mut left) = (Duration::from_secs(120), Vec::new());
    let start = Instant::now();
    while start.elapsed() < limit {
        place.runs();
        let differences = |(journey, figures): (&&str, &Figures)| {
            let found = differences(figures, &place.figures(journey));
            found.into_iter().map(|line| format!("{journey}: {line}")).collect::<Vec<_>>()
        };
        left = expected.journeys.iter().flat_map(differences).collect();
        if left.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(200));
    }
    panic!("after {limit:?} these figures are not what they must be:\n{}", left.join("\n"));
}

/// Asks until it is so.
#[track_caller]
pub fn poll(limit: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < limit, "waited {limit:?} for {what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Scores, attributes, lists and groups as they are stored.
pub fn check_data(place: &Place, world: &World, expected: &Expected) {
    let scores: BTreeMap<String, i64> = place
        .pairs(
            "SELECT p.key, s.value FROM person_score AS s JOIN person AS p ON p.id = s.person_id \
             JOIN document AS d ON d.id = s.score_id WHERE d.key = 'interest' AND s.value <> 0",
        )
        .into_iter()
        .collect();
    let wanted = expected.interest.iter().map(|(&p, &score)| (world.people[p].key.as_str(), score));
    let wanted: BTreeMap<&str, i64> = wanted.collect();
    let strangers: Vec<&String> = scores.keys().filter(|key| !wanted.contains_key(key.as_str())).collect();
    assert_eq!(strangers, Vec::<&String>::new(), "scores of people who should have none");
    for (person, score) in wanted {
        assert_eq!(scores.get(person), Some(&score), "score of {person}");
    }
    let accounts = |sql: &str| place.pairs(sql).into_iter().map(|(key, _)| key).collect::<BTreeSet<String>>();
    let members = |list: &str| {
        accounts(&format!(
            "SELECT a.key, a.id FROM list_member AS m JOIN account AS a ON a.id = m.subject_id \
             JOIN document AS d ON d.id = m.list_id WHERE d.kind = 'account_list' AND d.key = '{list}'"
        ))
    };
    assert_eq!((members("nurtured"), members("picked")), (expected.nurtured.clone(), expected.picked.clone()));
    let gold = accounts("SELECT key, id FROM account WHERE CAST(custom AS TEXT) LIKE '%gold%'");
    assert_eq!(gold, expected.nurtured);
    let groups = "SELECT a.key || ' ' || g.stage, g.id FROM buying_group AS g JOIN account AS a ON a.id = g.account_id \
                  WHERE g.status = 'In talks'";
    let stages: BTreeSet<String> = expected.stages.iter().map(|(key, stage)| format!("{key} {stage}")).collect();
    assert_eq!(accounts(groups), stages);
    let roles = place.pairs("SELECT role, COUNT(*) FROM group_member WHERE NOT removed GROUP BY role ORDER BY role");
    let wanted: Vec<(String, i64)> = expected.members.iter().map(|(role, n)| ((*role).to_owned(), *n)).collect();
    assert_eq!(roles, wanted);
    let removed = place.pairs("SELECT 'removed', COUNT(*) FROM group_member WHERE removed");
    assert_eq!(removed, [("removed".to_owned(), expected.members_removed)]);
}
