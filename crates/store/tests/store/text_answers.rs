//! Answers to text messages that somebody shall look at, on both databases.

use crate::support::{Scratch, on_both_databases};
use caravan_model::{ActivityId, PersonId};
use caravan_store::records::{ActivityRow, insert_activities};
use caravan_store::retention::{Types, sweep_activities};
use caravan_store::text_answers::{self, AnswerFilter, Answered};
use caravan_store::{Dialect, Session, SessionExt, StoreError, params, people};
use jiff::Timestamp;

on_both_databases! {
    marked_answers_are_listed_searched_settled_and_opened_again
    answers_stand_by_when_they_came_whatever_their_ids
    an_answer_goes_with_its_person_and_with_its_activity
    answers_that_were_marked_before_are_taken_over
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("an instant")
}

fn person(s: &mut dyn Session, id: i64, name: &str) -> Result<PersonId, StoreError> {
    let key = format!("p-{id}");
    s.execute(
        "INSERT INTO person (id, shard, key, first_name, email, created_at, updated_at) VALUES ($1, 0, $2, $3, $4, 0, 0)",
        params![id, &key, name, &format!("{name}@acme.example")],
    )?;
    Ok(PersonId(id))
}

/// What somebody wrote back.
fn wrote(s: &mut dyn Session, person: PersonId, text: &str, seconds: i64) -> Result<ActivityId, StoreError> {
    let fields = format!(r#"{{"text": "{text}", "keyword": "stop", "for_review": true}}"#);
    let row = ActivityRow {
        kind: "sms_received",
        at: at(seconds),
        received_at: at(seconds),
        account: None,
        person: Some(person),
        enrollment: None,
        node: None,
        source: "twilio",
        fields: &fields,
    };
    Ok(insert_activities(s, &[row])?[0])
}

fn answered() -> Answered {
    let (journey, node) = (Some("hello".to_owned()), Some("text".to_owned()));
    Answered { sms_message: "ping".to_owned(), journey, node, sent_at: at(0) }
}

fn marked_answers_are_listed_searched_settled_and_opened_again(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let (ada, ben) = (person(s, 1, "Ada")?, person(s, 2, "Ben")?);
        let first = wrote(s, ada, "Please stop, I moved", 1)?;
        let second = wrote(s, ben, "No 100% stop", 2)?;
        wrote(s, ben, "Not marked", 3)?;
        text_answers::mark(s, &[first], Some(&answered()))?;
        text_answers::mark(s, &[second], None)?;
        let open = AnswerFilter::default();
        let listed = |s: &mut dyn Session, filter: &AnswerFilter| {
            let rows = text_answers::page(s, filter, None, 10)?;
            assert_eq!(text_answers::count(s, filter)?, rows.len() as i64);
            Ok::<_, StoreError>(rows.into_iter().map(|(row, _)| row.id).collect::<Vec<_>>())
        };
        assert_eq!(listed(s, &open)?, [second, first], "newest first, and only what is marked");
        let page = text_answers::page(s, &open, None, 1)?;
        let page = text_answers::page(s, &open, page.first().map(|(_, place)| place), 10)?;
        let [(row, _)] = page.as_slice() else { panic!("one is left: {page:?}") };
        assert_eq!((&row.answered, &row.person.1), (&Some(answered()), &"p-1".to_owned()));
        assert!(row.fields.contains("I moved") && row.at == at(1) && row.source == "twilio");
        for (text, expected) in [
            ("MOVED", vec![first]),
            ("ben", vec![second]),
            ("100%", vec![second]),
            ("a_a", vec![]),
            ("acme", vec![second, first]),
        ] {
            assert_eq!(listed(s, &AnswerFilter { text: Some(text.to_owned()), ..open.clone() })?, expected, "{text}");
        }
        assert_eq!(listed(s, &AnswerFilter { person: Some("p-1".to_owned()), ..open.clone() })?, [first]);

        assert_eq!(
            text_answers::close(s, &[first.0, 999], "carl", at(10))?,
            [first],
            "what is not there is passed over"
        );
        assert_eq!(text_answers::close(s, &[first.0, second.0], "dora", at(20))?, [second], "who came first did it");
        let done = AnswerFilter { done: true, ..open.clone() };
        let by: Vec<_> = text_answers::page(s, &done, None, 10)?.into_iter().map(|(row, _)| row.done).collect();
        assert_eq!(by, [Some(("dora".to_owned(), at(20))), Some(("carl".to_owned(), at(10)))]);
        assert_eq!(text_answers::reopen(s, &[first.0])?, [first]);
        assert_eq!(text_answers::reopen(s, &[first.0])?, []);
        assert_eq!((listed(s, &open)?, listed(s, &done)?), (vec![first], vec![second]));
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("answers are written and read");
}

/// Several processes take ids from blocks of their own: what came last may have the lowest.
fn answers_stand_by_when_they_came_whatever_their_ids(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let ada = person(s, 1, "Ada")?;
        let mut ids = Vec::new();
        for seconds in [30, 10, 20, 20] {
            ids.push(wrote(s, ada, "stop it", seconds)?);
        }
        text_answers::mark(s, &ids, None)?;
        let (mut seen, mut after) = (Vec::new(), None);
        while let Some((row, place)) = text_answers::page(s, &AnswerFilter::default(), after.as_ref(), 1)?.pop() {
            seen.push(row.id);
            after = Some(place);
        }
        assert_eq!(seen, [ids[0], ids[3], ids[2], ids[1]], "newest first; of two at once the one with the higher id");
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("answers are read");
}

fn an_answer_goes_with_its_person_and_with_its_activity(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let (ada, ben) = (person(s, 1, "Ada")?, person(s, 2, "Ben")?);
        let answers = [wrote(s, ada, "stop it", 1)?, wrote(s, ben, "stop this", 2)?, wrote(s, ben, "stop that", 90)?];
        text_answers::mark(s, &answers, None)?;
        people::delete_person(s, ada, &[])?;
        let count = |s: &mut dyn Session| s.query_int("SELECT COUNT(*) FROM text_answer", &[]);
        assert_eq!(count(s)?, 2, "an erased person takes theirs along");
        sweep_activities(s, Types::But(&[]), at(60), 0, 100)?;
        assert_eq!(count(s)?, 1, "and so does the time for which activities are kept");
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("answers go");
}

fn answers_that_were_marked_before_are_taken_over(scratch: &Scratch) {
    let migration = |dialect| match dialect {
        Dialect::Sqlite => include_str!("../../../../migrations/sqlite/V0481__text_answers.sql"),
        Dialect::Postgres => include_str!("../../../../migrations/postgres/V0481__text_answers.sql"),
    };
    let write = |s: &mut dyn Session| {
        let ada = person(s, 1, "Ada")?;
        let marked = wrote(s, ada, "stop it", 1)?;
        s.execute(
            "INSERT INTO activity (id, type, at, received_at, person_id, source, fields)
             SELECT id + 1, type, at, received_at, person_id, source, $1 FROM activity",
            params![caravan_store::Param::Json(r#"{"text": "hello"}"#)],
        )?;
        let (_, taken_over) = migration(s.dialect()).split_once("INSERT INTO").expect("what takes them over");
        s.execute(&format!("INSERT INTO {taken_over}"), &[])?;
        let rows = text_answers::page(s, &AnswerFilter::default(), None, 10)?;
        assert_eq!(rows.into_iter().map(|(row, _)| (row.id, row.answered)).collect::<Vec<_>>(), [(marked, None)]);
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("answers are taken over");
}
