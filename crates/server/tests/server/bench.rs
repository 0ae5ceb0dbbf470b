//! `caravan bench`: every scenario runs and tells its figures; how large they are is for a quiet machine to say.

use crate::support::Folder;
use serde_json::Value;

fn measured(line: &str) -> Value {
    Folder::new().done(&format!("bench {line} --json")).json()
}

#[test]
fn steps_are_measured_alone_and_beside_those_who_wait() {
    let found = measured("steps --travellers 20 --waiting 0,10,30");
    assert_eq!(
        (&found["scenario"], &found["store"], &found["travellers"]),
        (&"steps".into(), &"embedded".into(), &20.into())
    );
    for figure in ["transitions_per_s", "bare_transitions_per_s", "ratio", "p50_ms", "p99_ms", "bytes_per_traveller"] {
        assert!(found[figure].as_f64().is_some_and(|figure| figure > 0.0), "{figure}: {found}");
    }
    let growth = found["growth"].as_array().expect("growth");
    assert_eq!(growth.iter().map(|it| it["waiting"].as_u64()).collect::<Vec<_>>(), [Some(10), Some(30)]);
    assert!(growth.iter().all(|it| it["transitions_per_s"].as_f64() > Some(0.0)), "{growth:?}");
}

#[test]
fn a_simulation_is_measured() {
    let found = measured("simulate --travellers 12");
    assert_eq!((&found["scenario"], &found["simulated_days"]), (&"simulate".into(), &90.0.into()));
    assert!(found["transitions_per_s"].as_f64() > Some(0.0) && found["messages_per_s"].as_f64() > Some(0.0), "{found}");
}

fn latency(found: &Value, store: &str) {
    assert_eq!(
        (&found["scenario"], &found["store"], &found["travellers"]),
        (&"latency".into(), &store.into(), &60.into())
    );
    let (p50, p99) = (found["p50_ms"].as_f64().expect("p50"), found["p99_ms"].as_f64().expect("p99"));
    assert!(0.0 < p50 && p50 <= p99, "{found}");
    assert!(found["events_per_s"].as_f64() > Some(0.0), "{found}");
}

#[test]
fn the_way_of_an_event_is_measured_on_both_stores() {
    latency(&measured("latency --travellers 60"), "embedded");
    let database = caravan_testkit::scratch_database();
    latency(&measured(&format!("latency --travellers 60 --database {}", database.url)), "postgres");
}
