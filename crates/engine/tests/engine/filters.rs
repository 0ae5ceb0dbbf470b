//! Conditions as SQL and conditions in memory are the same: generated ones over generated data, on both databases.
//!
//! `CARAVAN_FILTER_SEED=N` repeats a run, `CARAVAN_FILTER_CASES=N` makes it longer. What a run found is printed: see it with
//! `cargo nextest run -p caravan-engine sql_and_memory_agree --no-capture`.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod conditions;
mod data;
use std::collections::BTreeSet;

use crate::support::{World, on_both_stores};
use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, import};
use caravan_engine::sets::{Set, Trial, preview};
use caravan_model::attribute::Subject;
use caravan_model::text::fold;
use caravan_store::{SessionExt, StoreError, params};
use serde_json::{Value as Json, json};

use conditions::Generator;

/// Conditions of a normal run, half of them about accounts, half about people.
const CASES: u64 = 1_200;
/// Conditions that meet the same data.
const PER_WORLD: u64 = 300;
const NOW: &str = "2026-12-01T11:00:00Z";

fn trial<'a>(subject: Subject, when: &'a Json, sample: usize, named: Option<&'a str>) -> Trial<'a> {
    Trial { subject, when, entering: false, sample, named }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// What a run found, so that a test that proves nothing shows.
#[derive(Debug, Default)]
struct Tally {
    conditions: u64,
    /// Accounts or people that a condition was asked about, added up over the conditions.
    answers: u64,
    /// Answers that were yes.
    yes: u64,
    /// Conditions that SQL answers alone; for the others it narrows down, and memory decides.
    exact: u64,
    /// Found some and not all.
    telling: u64,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { conditions, answers, yes, exact, telling } = self;
        write!(
            f,
            "{conditions} generated conditions, asked of {answers} rows: SQL and memory agree on every one ({yes} yes, {} no); \
             {exact} conditions are exact in SQL alone, {telling} tell some rows from others",
            answers - yes
        )
    }
}

fn both_evaluators_agree(store: &str, open: &dyn Fn() -> World) {
    let seed = setting("CARAVAN_FILTER_SEED", 1);
    let cases = setting("CARAVAN_FILTER_CASES", CASES);
    let mut tally = Tally::default();
    for first in (0..cases).step_by(PER_WORLD as usize) {
        let world = open();
        data::furnish(&world, seed.wrapping_add(first));
        for case in first..cases.min(first + PER_WORLD) {
            agree(&world, seed, case, &mut tally);
        }
    }
    println!("seed {seed}, {store}: {tally}");
    assert!(tally.telling * 4 > tally.conditions, "too many conditions told nobody apart: {tally:?}");
    assert!(tally.exact * 4 > tally.conditions * 3, "most conditions are exact in SQL: {tally:?}");
}

fn agree(world: &World, seed: u64, case: u64, tally: &mut Tally) {
    let subject = if case.is_multiple_of(2) { Subject::Account } else { Subject::Person };
    let definitions = world.engine.store().read(|s| world.engine.live(s)).unwrap();
    let read = |json: &Json| match subject {
        Subject::Account => definitions.definitions.account_condition(json, ""),
        Subject::Person => definitions.definitions.person_condition(json, ""),
    };
    // A few say what can never hold, or always does, and are refused.
    let mut generator = Generator::new(seed, case);
    let written = std::iter::repeat_with(|| generator.condition(subject)).take(20);
    let (json, condition) = written.filter_map(|json| Some((json.clone(), read(&json).ok()?))).next().unwrap();
    let compared = world.engine.store().read(|s| -> Result<_, StoreError> {
        let live = world.engine.live(s)?;
        let set = Set::new(&live, &condition, s.now()?);
        let ids = format!("SELECT id FROM {} ORDER BY id", subject.as_str());
        let everybody: Vec<i64> = s.query_map(&ids, &[], |row| Ok(row.int(0)))?;
        let memory = set.judged(s, &everybody)?;
        let filter = set.filter(s);
        let raw = filter.next(s, 0, everybody.len())?;
        let among = set.among(s, &everybody)?;
        Ok((memory, filter, raw, among, set.count(s)?, everybody.len()))
    });
    let told = |what: &str| format!("case {case} of seed {seed}, {what}: {json}");
    let (memory, filter, raw, among, count, everybody) =
        compared.unwrap_or_else(|error| panic!("{}", told(&error.to_string())));
    if filter.is_exact() {
        assert_eq!(raw, memory, "{}", told("SQL alone"));
    } else {
        let raw: BTreeSet<i64> = raw.into_iter().collect();
        assert!(memory.iter().all(|id| raw.contains(id)), "{}", told("SQL left somebody out"));
    }
    assert_eq!(among, memory, "{}", told("settled"));
    assert_eq!(count, memory.len() as i64, "{}", told("counted"));
    tally.conditions += 1;
    tally.answers += everybody as u64;
    tally.yes += memory.len() as u64;
    tally.exact += u64::from(filter.is_exact());
    tally.telling += u64::from(!memory.is_empty() && memory.len() < everybody);
}

#[test]
fn sql_and_memory_agree_on_the_embedded_store() {
    both_evaluators_agree("embedded", &|| World::embedded(NOW));
}

#[test]
fn sql_and_memory_agree_on_postgresql() {
    both_evaluators_agree("PostgreSQL", &|| World::postgres(NOW));
}

on_both_stores! {
    every_letter_folds_in_the_database_as_it_does_in_memory(world at "2026-12-01T11:00:00Z") {
        // Each between others, so that whole texts are folded and not letters alone.
        let letters: Vec<char> = (1..=0x0010_FFFF_u32).filter_map(char::from_u32).collect();
        let texts: Vec<String> = letters.chunks(64).map(|some| some.iter().flat_map(|c| [*c, 'X']).collect()).collect();
        let mut wrong = Vec::new();
        for texts in texts.chunks(2_000) {
            let list = serde_json::to_string(texts).unwrap();
            let sql = match world.engine.store().dialect() {
                caravan_store::Dialect::Sqlite => "SELECT caravan_fold(value) FROM json_each(CAST($1 AS TEXT)) ORDER BY key",
                caravan_store::Dialect::Postgres => {
                    "SELECT caravan_fold(value) FROM jsonb_array_elements_text(CAST($1 AS JSONB))
                     WITH ORDINALITY AS each (value, n) ORDER BY n"
                }
            };
            let read = |s: &mut dyn caravan_store::Session| -> Result<Vec<String>, StoreError> {
                s.query_map(sql, params![&list], |row| Ok(row.string(0)))
            };
            let folded = world.engine.store().read(read).unwrap();
            assert_eq!(folded.len(), texts.len());
            wrong.extend(texts.iter().zip(folded).filter(|(text, folded)| *folded != fold(text)).map(|(text, _)| text.clone()));
        }
        assert!(wrong.is_empty(), "{} differ, the first: {:?}", wrong.len(), wrong.first());
    }
    a_preview_counts_and_tells_which_test_failed(world at "2026-12-01T11:00:00Z") {
        let world = world.with_people(5, 2);
        let when = json!({"all": [
            {"account": "employees", "at_least": 200},
            {"any": [{"account": "country", "is": "DE"}, {"has_people": {"person": "job_title", "contains": "CHIEF"}}]},
        ]});
        let shown = preview(&world.engine, trial(Subject::Account, &when, 2, Some("a-1"))).unwrap();
        assert_eq!((shown.count, shown.sample.len()), (3, 2));
        let why = shown.why.unwrap();
        assert!(!why.held);
        let tests: Vec<_> = why.tests.iter().map(|test| (test.text.as_str(), test.held)).collect();
        assert_eq!(tests[0], ("Employees is at least 200", Some(false)));
        assert_eq!((tests[1].1, tests[2].1), (Some(false), Some(true)), "looked at although it changes nothing: {tests:?}");
        assert_eq!(why.lacking.as_deref(), Some("Employees is at least 200 (it was 100)"));
        let nobody = preview(&world.engine, trial(Subject::Account, &when, 2, Some("nobody"))).unwrap_err();
        assert_eq!(nobody.to_string(), "there is no account with the key `nobody`");
        let wrong = preview(&world.engine, trial(Subject::Account, &json!({"account": "employes", "is": 1}), 2, None));
        assert!(matches!(wrong, Err(caravan_engine::sets::PreviewError::Findings(f)) if f[0].code == "unknown_attribute"));
    }
    what_counts_from_an_entry_is_previewed_as_for_somebody_who_enters_now(world at "2026-12-01T11:00:00Z") {
        let world = world.with_people(3, 2);
        let seen = |at: &str, id: &str| {
            let row = format!("{{\"id\": \"{id}\", \"type\": \"page_viewed\", \"person_key\": \"p-1-1\", \"at\": \"{at}\", \"url\": \"/\"}}");
            let options = ImportOptions::default();
            import(&world.engine, &ImportKind::Activities, row.as_bytes(), FileFormat::JsonLines, &options, &mut ()).unwrap()
        };
        assert_eq!(seen("2026-11-20T11:00:00Z", "before").rejected, 0);
        let count = |when: Json, entering: bool| {
            preview(&world.engine, Trial { entering, ..trial(Subject::Person, &when, 1, None) }).unwrap().count
        };
        assert_eq!(count(json!({"did": "page_viewed"}), true), 1);
        assert_eq!(count(json!({"did": "page_viewed", "since": "entry"}), true), 0);
        assert_eq!(count(json!({"did_not": "page_viewed", "since": "entry"}), true), 6);
        assert_eq!(seen("2026-12-01T11:00:00Z", "now").rejected, 0);
        assert_eq!(count(json!({"did": "page_viewed", "since": "entry"}), true), 1, "the entry's own instant counts");
        assert_eq!(count(json!({"did": "page_viewed", "since": "entry"}), false), 0, "without an entry nothing is since it");
    }
    a_thousand_values_and_tests_are_no_matter(world at "2026-12-01T11:00:00Z") {
        let world = world.with_people(40, 1);
        let words: Vec<String> = (0..999).map(|n| format!("word {n}")).chain(["a-1".to_owned()]).collect();
        let parts: Vec<_> = (0..900).map(|n| json!({"account": "employees", "is": n * 100})).collect();
        for (when, count) in [
            (json!({"account": "name", "starts_with": words}), 11),
            (json!({"account": "name", "not_contains": words}), 29),
            (json!({"any": parts}), 40),
        ] {
            assert_eq!(preview(&world.engine, trial(Subject::Account, &when, 1, None)).unwrap().count, count, "{when}");
        }
    }
    a_list_of_companies_is_imported_whole_and_asked_for_by_sector(world at "2026-12-01T11:00:00Z") {
        let file = std::env::var("CARAVAN_COMPANIES").map_or_else(
            |_| caravan_testkit::companies_csv(503, 1),
            |path| std::fs::read_to_string(path).unwrap(),
        );
        let of = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let map = vec![of("Symbol", "key"), of("Security", "name"), of("GICS Sector", "industry"), of("Headquarters Location", "city")];
        let options = ImportOptions { map, ..ImportOptions::default() };
        let report = import(&world.engine, &ImportKind::Accounts, file.as_bytes(), FileFormat::Csv, &options, &mut ()).unwrap();
        assert_eq!((report.created, report.rejected), (503, 0), "{:?}", report.rejects);
        let sector = "Health Care";
        let there = file.lines().filter(|line| line.contains(&format!(",{sector},"))).count() as i64;
        let when = json!({"account": "industry", "is": "HEALTH care"});
        assert_eq!(preview(&world.engine, trial(Subject::Account, &when, 1, None)).unwrap().count, there);
        assert!(there > 10, "{there}");
        world.apply(&format!("{{kind: account_list, key: health, type: dynamic, state: live, when: {when}}}"));
        world.run();
        assert_eq!(world.one("SELECT COUNT(*) FROM list_member"), there);
    }
    records_and_roles_count_in_lists_of_both_kinds(world at "2026-12-01T11:00:00Z") {
        data::furnish(&world, 7);
        for (subject, when) in [
            (Subject::Account, json!({"has": "opportunity", "where": {"is_closed": {"is": true}}})),
            (Subject::Person, json!({"has": "licence", "where": {"seats": {"at_least": 2}}})),
            (Subject::Person, json!({"role_in_account": "Owner"})),
        ] {
            let shown = preview(&world.engine, trial(subject, &when, 3, None)).unwrap();
            assert!(shown.count > 0 && shown.sample.len() == 3, "{when}: {}", shown.count);
        }
    }
}
