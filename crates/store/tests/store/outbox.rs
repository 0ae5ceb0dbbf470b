//! Claims on the outbox, on both databases.

use crate::support::Scratch;
use caravan_model::clock::from_micros;
use caravan_model::{EffectId, EnrollmentId, Shard, VersionId};
use caravan_store::outbox::{self, Again};
use caravan_store::step::{EffectRow, insert_effects};
use caravan_store::{Session, StoreError};

const LANES: [&str; 3] = ["a", "b", "b"];

fn queue(s: &mut dyn Session) -> Result<(), StoreError> {
    let keys: Vec<String> = (0..LANES.len()).map(|n| format!("k-{n}")).collect();
    let effect = |(lane, key)| EffectRow {
        lane,
        key,
        kind: "email",
        shard: Shard(1),
        enrollment: EnrollmentId(1),
        version: VersionId(1),
        node: 1,
        account: None,
        person: None,
        body: "{}",
    };
    let rows: Vec<EffectRow<'_>> = LANES.into_iter().zip(keys.iter().map(String::as_str)).map(effect).collect();
    insert_effects(s, &rows, from_micros(100))
}

fn claims_end_when_their_time_is_up(scratch: &Scratch) {
    let done = scratch.store.write(|s| -> Result<(), StoreError> {
        queue(s)?;
        let at = from_micros;
        assert_eq!(outbox::lanes(s)?, [("a".to_owned(), Some(at(100))), ("b".to_owned(), Some(at(100)))]);
        assert!(outbox::claim(s, "b", "one", at(99), at(200), 10)?.is_empty(), "not yet");
        let ids: Vec<EffectId> = outbox::claim(s, "b", "one", at(100), at(200), 10)?.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), 2);
        assert!(outbox::claim(s, "b", "two", at(150), at(250), 10)?.is_empty(), "claimed");
        assert_eq!(outbox::lanes(s)?[1], ("b".to_owned(), None));
        outbox::mark_intents(s, "one", &ids[..1])?;
        assert_eq!(outbox::extend_claim(s, "one", &ids, at(300))?, 2);
        assert!(outbox::take_over(s, "two", at(250), at(400), 10)?.is_empty(), "it was extended");

        let called = outbox::take_over(s, "two", at(301), at(400), 10)?;
        assert_eq!(
            called.iter().map(|row| row.id).collect::<Vec<_>>(),
            ids[..1],
            "only what may have left is in doubt"
        );
        assert!(outbox::held(s, "one", &ids)?.is_empty(), "the former holder holds nothing");
        assert_eq!(outbox::extend_claim(s, "one", &ids, at(900))?, 0);
        assert_eq!(outbox::held(s, "two", &ids)?.len(), 1);
        let again = outbox::claim(s, "b", "three", at(301), at(400), 10)?;
        assert_eq!(again.iter().map(|row| row.id).collect::<Vec<_>>(), ids[1..], "what was never begun is free again");
        Ok(())
    });
    done.expect("it holds");
}

fn what_is_put_back_waits_and_shows_why(scratch: &Scratch) {
    let done = scratch.store.write(|s| -> Result<(), StoreError> {
        queue(s)?;
        let at = from_micros;
        let row = outbox::claim(s, "a", "one", at(100), at(200), 10)?.remove(0);
        let (code, message) = ("later".to_owned(), "The server asks for patience.".to_owned());
        outbox::put_back(
            s,
            &[Again {
                id: row.id,
                attempt: 1,
                not_before: at(500),
                held: None,
                quiet_for: jiff::SignedDuration::ZERO,
                code: Some(code),
                message: Some(message),
                body: "{\"x\": 1}".to_owned(),
            }],
        )?;
        assert_eq!(outbox::lanes(s)?[0], ("a".to_owned(), Some(at(500))));
        let [problem] = outbox::lane_problems(s)?.try_into().expect("one lane");
        assert_eq!((problem.lane.as_str(), problem.code.as_str(), problem.pending), ("a", "later", 1));
        assert_eq!((problem.since, problem.next_try), (at(100), at(500)));
        let row = outbox::claim(s, "a", "two", at(500), at(600), 10)?.remove(0);
        assert_eq!((row.attempt, row.body.as_str()), (1, "{\"x\": 1}"));
        Ok(())
    });
    done.expect("it holds");
}

macro_rules! on_both_stores {
    ($($name:ident),*) => {$(
        mod $name {
            #[test]
            fn embedded() { super::$name(&super::Scratch::sqlite()) }
            #[test]
            fn postgres() { super::$name(&super::Scratch::postgres()) }
        }
    )*};
}

on_both_stores!(claims_end_when_their_time_is_up, what_is_put_back_waits_and_shows_why);
