//! The plain SQL loop: the rows that the engine wrote, written again into a fresh store by prepared columns alone, in
//! transactions of the same size and by as many connections. Reading them back is not part of the measured time.

use std::time::{Duration, Instant};

use anyhow::Context;
use caravan_model::Clock;
use caravan_store::{Bulk, Session, SessionExt, Store, StoreError, params};
use jiff::Timestamp;

use super::meter::Meter;
use super::{Scratch, book};

/// Chunks prepared at once; then all of them are written.
const WAVE: usize = 16;

/// What the loop took.
pub struct Bare {
    /// Wall time of writing.
    pub seconds: f64,
    /// Processor time of writing.
    pub cpu: f64,
}

/// Writes what `walked` holds beside its book into a fresh store in about `transactions` transactions.
pub fn measure(database: Option<&str>, walked: &Scratch, travellers: u64, transactions: usize) -> anyhow::Result<Bare> {
    let scratch = Scratch::make(database, Clock::manual(Timestamp::UNIX_EPOCH))?;
    book::fill(scratch.store(), travellers)?;
    scratch.settle()?;
    let stages = stages(walked.store())?;
    let per_stage = transactions.div_ceil(stages.len().max(1)).max(1);
    let mut bare = Bare { seconds: 0.0, cpu: 0.0 };
    let mut cursor = Cursor::default();
    for (number, stage) in stages.iter().enumerate() {
        cursor.enrollment = 0;
        for wave in (0..per_stage).step_by(WAVE) {
            let chunks: Vec<Chunk> = (wave..per_stage.min(wave + WAVE))
                .map(|_| read_chunk(walked.store(), stage, number == 0, per_stage, &mut cursor))
                .collect::<Result<_, _>>()?;
            let meter = Meter::start();
            bare.seconds += write_wave(scratch.store(), &chunks, scratch.writers())?.as_secs_f64();
            bare.cpu += meter.cpu();
        }
    }
    Ok(bare)
}

/// Everything that happened at one instant.
struct Stage {
    at: i64,
    moves: i64,
    activities: i64,
}

fn stages(store: &Store) -> Result<Vec<Stage>, StoreError> {
    store.read(|s| {
        let sql =
            "SELECT m.at, m.n, (SELECT COUNT(*) FROM activity WHERE activity.at = m.at AND enrollment_id IS NOT NULL)
                   FROM (SELECT at, COUNT(*) AS n FROM move GROUP BY at) AS m ORDER BY m.at";
        s.query_map(sql, params![], |r| Ok(Stage { at: r.int(0), moves: r.int(1), activities: r.int(2) }))
    })
}

/// How far the engine's rows have been read.
#[derive(Default)]
struct Cursor {
    enrollment: i64,
    activity: i64,
}

/// The rows of one transaction, as columns.
#[derive(Default)]
struct Chunk {
    enters: bool,
    enrollment: Vec<i64>,
    seq: Vec<i64>,
    stored_seq: Vec<i64>,
    at: Vec<i64>,
    visits: Vec<String>,
    shard: Vec<i64>,
    journey: Vec<i64>,
    version: Vec<i64>,
    subject: Vec<i64>,
    activity: Activities,
    scores: Vec<i64>,
    status: Vec<i64>,
    department: Vec<i64>,
}

#[derive(Default)]
struct Activities {
    id: Vec<i64>,
    kind: Vec<String>,
    at: Vec<i64>,
    account: Vec<Option<i64>>,
    person: Vec<Option<i64>>,
    enrollment: Vec<Option<i64>>,
    node: Vec<Option<i64>>,
    source: Vec<String>,
    fields: Vec<String>,
}

fn read_chunk(
    store: &Store,
    stage: &Stage,
    enters: bool,
    parts: usize,
    cursor: &mut Cursor,
) -> Result<Chunk, StoreError> {
    let part = |n: i64| (n + parts as i64 - 1) / parts as i64;
    store.read(|s| {
        let mut chunk = Chunk { enters, ..Chunk::default() };
        read_moves(s, stage.at, cursor.enrollment, part(stage.moves), &mut chunk)?;
        read_activities(s, stage.at, cursor.activity, part(stage.activities), &mut chunk)?;
        cursor.enrollment = chunk.enrollment.last().copied().unwrap_or(cursor.enrollment);
        cursor.activity = chunk.activity.id.last().copied().unwrap_or(cursor.activity);
        Ok(chunk)
    })
}

fn read_moves(s: &mut dyn Session, at: i64, after: i64, most: i64, chunk: &mut Chunk) -> Result<(), StoreError> {
    s.query(
        "SELECT m.enrollment_id, m.seq, m.visits, e.shard, e.journey_id, e.version_id, e.subject_id
         FROM move AS m JOIN enrollment AS e ON e.id = m.enrollment_id
         WHERE m.at = $1 AND m.enrollment_id > $2 ORDER BY m.enrollment_id LIMIT $3",
        params![at, after, most],
        &mut |r| {
            chunk.enrollment.push(r.int(0));
            chunk.seq.push(r.int(1));
            chunk.stored_seq.push(r.int(1) - 1);
            chunk.at.push(at);
            chunk.visits.push(r.string(2));
            chunk.shard.push(r.int(3));
            chunk.journey.push(r.int(4));
            chunk.version.push(r.int(5));
            chunk.subject.push(r.int(6));
            Ok(())
        },
    )
}

fn read_activities(s: &mut dyn Session, at: i64, after: i64, most: i64, chunk: &mut Chunk) -> Result<(), StoreError> {
    s.query(
        "SELECT id, type, account_id, person_id, enrollment_id, node, source, fields FROM activity
         WHERE at = $1 AND id > $2 AND enrollment_id IS NOT NULL ORDER BY id LIMIT $3",
        params![at, after, most],
        &mut |r| {
            let person = r.opt_int(3);
            match (r.text(1), person, r.text(7).contains("department")) {
                ("score_changed", Some(person), _) => chunk.scores.push(person),
                ("person_changed", Some(person), false) => chunk.status.push(person),
                ("person_changed", Some(person), true) => chunk.department.push(person),
                _ => {}
            }
            let activity = &mut chunk.activity;
            activity.id.push(r.int(0));
            activity.kind.push(r.string(1));
            activity.at.push(at);
            activity.account.push(r.opt_int(2));
            activity.person.push(person);
            activity.enrollment.push(r.opt_int(4));
            activity.node.push(r.opt_int(5));
            activity.source.push(r.string(6));
            activity.fields.push(r.string(7));
            Ok(())
        },
    )?;
    for people in [&mut chunk.scores, &mut chunk.status, &mut chunk.department] {
        people.sort_unstable();
    }
    Ok(())
}

fn write_wave(store: &Store, chunks: &[Chunk], writers: usize) -> anyhow::Result<Duration> {
    let started = Instant::now();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                scope.spawn(move || {
                    let own = chunks.iter().skip(writer).step_by(writers);
                    own.into_iter().try_for_each(|chunk| store.write(|s| write_chunk(s, chunk, writer as i64)))
                })
            })
            .collect();
        for thread in threads {
            thread.join().ok().context("a writing thread failed")??;
        }
        Ok(())
    })?;
    Ok(started.elapsed())
}

fn write_chunk(s: &mut dyn Session, c: &Chunk, writer: i64) -> Result<(), StoreError> {
    s.query("SELECT id FROM shard WHERE id = $1 {for_update}", params![writer], &mut |_| Ok(()))?;
    if c.enters {
        enter(s, c)?
    } else {
        go_on(s, c)?
    }
    s.bulk(
        &Bulk::insert("move")
            .column("enrollment_id", &c.enrollment)
            .column("seq", &c.seq)
            .column("at", &c.at)
            .column("visits", &c.visits),
    )?;
    if !c.scores.is_empty() {
        s.bulk(
            &Bulk::insert("person_score")
                .column("person_id", &c.scores)
                .same("score_id", 1)
                .same("value", 5)
                .on_conflict("(person_id, score_id) DO UPDATE SET value = excluded.value"),
        )?;
    }
    set_person(s, "status", &c.status, "Engaged")?;
    set_person(s, "department", &c.department, "Sales")?;
    append_activities(s, &c.activity)?;
    s.execute(
        "INSERT INTO tally (version_id, node, kind, slot, n) VALUES (1, 1, 'reached', $1, $2)
         ON CONFLICT (version_id, node, kind, slot) DO UPDATE SET n = tally.n + excluded.n",
        params![writer, c.enrollment.len() as i64],
    )?;
    s.execute("UPDATE shard SET last_step_at = $2 WHERE id = $1", params![writer, c.at.first().copied()])?;
    Ok(())
}

fn enter(s: &mut dyn Session, c: &Chunk) -> Result<(), StoreError> {
    s.bulk(
        &Bulk::insert("enrollment")
            .column("id", &c.enrollment)
            .column("shard", &c.shard)
            .column("journey_id", &c.journey)
            .column("version_id", &c.version)
            .column("subject_id", &c.subject)
            .same("entry", 1)
            .same("node", 2)
            .column("seq", &c.seq)
            .column("due_at", &c.at)
            .same("listening", false)
            .same("chain", 1)
            .column("entered_at", &c.at)
            .column("node_at", &c.at),
    )?;
    Ok(())
}

fn go_on(s: &mut dyn Session, c: &Chunk) -> Result<(), StoreError> {
    s.bulk(
        &Bulk::update("enrollment")
            .column("id", &c.enrollment)
            .column("stored_seq", &c.stored_seq)
            .same("node", 4)
            .column("seq", &c.seq)
            .column("due_at", &c.at)
            .same("listening", false)
            .column("node_at", &c.at)
            .set(
                "node = {node}, seq = {seq}, due_at = {due_at}, listening = {listening}, \
                 node_at = {node_at}",
            )
            .matching("id = {id} AND seq = {stored_seq}"),
    )?;
    Ok(())
}

fn set_person(s: &mut dyn Session, attribute: &str, people: &[i64], value: &str) -> Result<(), StoreError> {
    if people.is_empty() {
        return Ok(());
    }
    let values = vec![value; people.len()];
    s.bulk(
        &Bulk::update("person")
            .column("id", people)
            .column("value", &values)
            .same("updated_at", 1)
            .set(&format!("{attribute} = {{value}}, updated_at = {{updated_at}}"))
            .matching("id = {id}"),
    )?;
    Ok(())
}

fn append_activities(s: &mut dyn Session, a: &Activities) -> Result<(), StoreError> {
    s.bulk(
        &Bulk::insert("activity")
            .column("id", &a.id)
            .column("type", &a.kind)
            .column("at", &a.at)
            .column("received_at", &a.at)
            .column("account_id", &a.account)
            .column("person_id", &a.person)
            .column("enrollment_id", &a.enrollment)
            .column("node", &a.node)
            .column("source", &a.source)
            .json("fields", &a.fields),
    )?;
    Ok(())
}
