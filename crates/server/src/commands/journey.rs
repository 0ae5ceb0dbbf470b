//! `caravan journey`: the life of journeys, and what happened to their travellers.

use std::collections::BTreeMap;

use caravan_engine::lifecycle::{self, Duplicate, DuplicateMode, Published};
use caravan_engine::status::{self, Conversion, JourneyStatus, NodeStatus, Outcomes, Travellers};
use caravan_engine::travel;
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::report;
use crate::wiring::ACTOR;

/// What is done to journeys.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Freeze the drafts as new versions and let travellers in; several are published together, all or none
    Publish(Keys),
    /// Move nobody and send nothing; events keep arriving and count
    Pause(Keys),
    /// Go on after a pause; what became due meanwhile is due now
    Resume(Keys),
    /// Take nobody in any more; travellers inside go on
    Close(Keys),
    /// Stop every traveller where it stands, for good
    Abort(Keys),
    /// Say what publishing the drafts would do now: what stands against it, who would enter, who stands where
    Review(Keys),
    /// Move the end date of a live or scheduled journey
    End(End),
    /// Make a new draft like a journey
    Duplicate(Copy),
    /// Let one account or person enter by hand
    Enter(Enter),
    /// Count travellers by node, path and outcome
    Status(Keys),
}

/// Whose end is moved, and to when.
#[derive(Debug, clap::Args)]
pub struct End {
    /// Key of the journey
    key: String,
    /// The new end date, at most three years after the start
    #[arg(value_name = "TIME")]
    end: jiff::Timestamp,
}

/// What is copied, and as what.
#[derive(Debug, clap::Args)]
pub struct Copy {
    /// Key of the journey
    key: String,
    /// Take over nodes and paths only: settings blank, waits at 5 days
    #[arg(long)]
    structure: bool,
    /// Key of the copy; left out: the key and `-copy`
    #[arg(long = "as", value_name = "KEY")]
    copy: Option<String>,
    /// Name of the copy; left out: the name and ` copy`
    #[arg(long)]
    name: Option<String>,
}

/// Who enters what.
#[derive(Debug, clap::Args)]
pub struct Enter {
    /// Key of the journey
    key: String,
    /// Key of the account, or of the person in a person journey
    traveller: String,
}

/// Which journeys.
#[derive(Debug, clap::Args)]
pub struct Keys {
    /// Keys of the journeys
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    match verb {
        Verb::Publish(keys) => publish(context, &keys.keys),
        Verb::Pause(keys) => command(context, &keys.keys, lifecycle::Verb::Pause, "paused"),
        Verb::Resume(keys) => command(context, &keys.keys, lifecycle::Verb::Resume, "resumed"),
        Verb::Close(keys) => command(context, &keys.keys, lifecycle::Verb::Close, "closed to new entries"),
        Verb::Abort(keys) => command(context, &keys.keys, lifecycle::Verb::Abort, "aborted"),
        Verb::Review(keys) => review(context, &keys.keys),
        Verb::End(end) => move_end(context, end),
        Verb::Duplicate(copy) => duplicate(context, copy),
        Verb::Enter(enter) => let_in(context, enter),
        Verb::Status(keys) => status(context, &keys.keys),
    }
}

/// What publishing would do. Errors make the command fail, as they would make publishing fail.
fn review(context: &Context, keys: &[String]) -> Outcome {
    let reviews = lifecycle::review(&context.engine()?, keys).map_err(Failure::refused)?;
    if context.json {
        report::json(&reviews)?;
        return Ok(Done::All);
    }
    for review in &reviews {
        report::findings(&review.findings);
        let may = if review.publishable { "can be published" } else { "cannot be published" };
        report::line(format!("{} {may}; version {} would be {}", review.key, review.version, review.state))?;
        report::line(format!("{} would enter now, with {} people", review.would_enter, review.people))?;
        for (reason, n) in &review.would_not_enter {
            report::line(format!("{n} would not enter: {reason}"))?;
        }
        report::line(format!("up to {} messages in their first 24 hours", review.messages_first_day))?;
        for standing in &review.standing {
            let nodes: Vec<String> = standing.nodes.iter().map(|(node, n)| format!("{n} at {node}")).collect();
            report::line(format!("{} stay on version {}: {}", standing.active, standing.version, nodes.join(", ")))?;
        }
        for feeder in &review.fed_by {
            report::line(format!("{} sends travellers here, at {}", feeder.journey, feeder.nodes.join(", ")))?;
        }
    }
    Ok(Done::All)
}

fn move_end(context: &Context, wanted: &End) -> Outcome {
    lifecycle::move_end(&context.engine()?, &wanted.key, wanted.end, ACTOR).map_err(Failure::refused)?;
    say(context, json!({"key": wanted.key, "end": wanted.end}), format!("{} ends at {}", wanted.key, wanted.end))
}

fn duplicate(context: &Context, wanted: &Copy) -> Outcome {
    let mode = if wanted.structure { DuplicateMode::Structure } else { DuplicateMode::Partial };
    let copy = Duplicate { mode, key: wanted.copy.clone(), name: wanted.name.clone() };
    let made = lifecycle::duplicate(&context.engine()?, &wanted.key, copy, ACTOR).map_err(Failure::refused)?;
    let said = format!("{} is a new draft", made["key"].as_str().unwrap_or_default());
    say(context, made, said)
}

fn let_in(context: &Context, wanted: &Enter) -> Outcome {
    travel::enter(&context.engine()?, &wanted.key, &wanted.traveller, ACTOR).map_err(Failure::refused)?;
    let said = format!("{} enters {} as soon as the runtime runs", wanted.traveller, wanted.key);
    say(context, json!({"key": wanted.key, "traveller": wanted.traveller}), said)
}

fn say(context: &Context, json: serde_json::Value, line: String) -> Outcome {
    match context.json {
        true => report::json(&json)?,
        false => report::line(line)?,
    }
    Ok(Done::All)
}

fn publish(context: &Context, keys: &[String]) -> Outcome {
    let published = lifecycle::publish(&context.engine()?, keys, ACTOR).map_err(Failure::refused)?;
    if context.json {
        report::json(&published)?;
        return Ok(Done::All);
    }
    let mut shown = Vec::new();
    for Published { key, version, state, warnings } in &published {
        // Journeys published together carry each other's warnings.
        let new: Vec<_> = warnings.iter().filter(|warning| !shown.contains(*warning)).cloned().collect();
        report::findings(&new);
        shown.extend(new);
        report::line(format!("{key} version {version} is {state}"))?;
    }
    Ok(Done::All)
}

/// One after another: those before one that is refused stay done, and were said.
fn command(context: &Context, keys: &[String], verb: lifecycle::Verb, done: &str) -> Outcome {
    let engine = context.engine()?;
    let mut all = Vec::new();
    for key in keys {
        let warnings = lifecycle::command(&engine, key, verb, ACTOR).map_err(Failure::refused)?;
        report::findings(&warnings);
        if !context.json {
            report::line(format!("{key} is {done}"))?;
        }
        all.push(json!({ "key": key, "warnings": warnings }));
    }
    if context.json {
        report::json(&all)?;
    }
    Ok(Done::All)
}

/// One journey as an object, several as a list.
fn status(context: &Context, keys: &[String]) -> Outcome {
    let engine = context.engine()?;
    let all = keys.iter().map(|key| status::status(&engine, key)).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(Failure::refused)?;
    match (context.json, all.as_slice()) {
        (true, [one]) => report::json(one)?,
        (true, several) => report::json(&several)?,
        (false, several) => several.iter().try_for_each(print)?,
    }
    Ok(Done::All)
}

fn print(status: &JourneyStatus) -> std::io::Result<()> {
    let paused = if status.paused { ", paused" } else { "" };
    report::line(format!("{} version {} is {}{paused}", status.key, status.version, status.state))?;
    report::line(travellers(&status.travellers))?;
    for (reason, n) in &status.not_entered {
        report::line(format!("{n} did not enter: {reason}"))?;
    }
    if let Some(goal) = &status.goal {
        conversion("travellers", &goal.travellers)?;
        conversion("those held out", &goal.held_out)?;
    }
    if status.problems > 0 {
        report::line(format!("{} stand at a problem", status.problems))?;
    }
    table(status.nodes.iter())
}

fn conversion(who: &str, counts: &Conversion) -> std::io::Result<()> {
    let Some(rate) = counts.rate else { return Ok(()) };
    let (converted, could) = (counts.converted, counts.entered - counts.before);
    report::line(format!("{converted} of {could} {who} reached the goal ({:.1} %)", rate * 100.0))
}

/// The figures of nodes, a line each.
pub fn table<'a>(nodes: impl Iterator<Item = (&'a String, &'a NodeStatus)>) -> std::io::Result<()> {
    let rows: Vec<Vec<String>> = nodes.map(|(id, node)| row(id, node)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    report::table(&["node", "reached", "current", "left", "ended", "what happened"], &rows)
}

/// `12 entered, 3 active, 9 completed`.
pub fn travellers(counts: &Travellers) -> String {
    let Travellers { entered, active, completed, no_path, timed_out, removed, aborted, expired, held_out } = counts;
    let ends = [
        ("completed", completed),
        ("no path", no_path),
        ("timed out", timed_out),
        ("removed", removed),
        ("aborted", aborted),
        ("expired", expired),
        ("held out", held_out),
    ];
    let ends = ends.iter().filter(|(_, n)| **n > 0).map(|(word, n)| format!(", {n} {word}"));
    format!("{entered} entered, {active} active{}", ends.collect::<String>())
}

fn row(id: &str, node: &NodeStatus) -> Vec<String> {
    let mut words: Vec<String> = node.paths.iter().map(|(path, n)| format!("{path} {n}")).collect();
    words.extend(node.outcomes.iter().flat_map(outcomes));
    let counts = [node.reached, node.current, node.left, node.ended].map(|n| n.to_string());
    [vec![id.to_owned()], counts.to_vec(), vec![words.join(", ")]].concat()
}

fn outcomes(outcomes: &Outcomes) -> Vec<String> {
    let Outcomes { pending, held, done, no_op, skipped, failed, in_doubt } = outcomes;
    let by_reason = |word: &str, counts: &BTreeMap<String, i64>| -> Vec<String> {
        counts.iter().map(|(reason, n)| format!("{word} ({reason}) {n}")).collect()
    };
    let plain = [("done", done), ("pending", pending), ("in doubt", in_doubt)];
    let mut words: Vec<String> = plain.iter().filter(|(_, n)| **n > 0).map(|(word, n)| format!("{word} {n}")).collect();
    words.extend(held.iter().map(|held| match held.until {
        Some(until) => format!("held ({}) {}, the next go on {until}", held.reason, held.count),
        None => format!("held ({}) {}", held.reason, held.count),
    }));
    words.extend(by_reason("nothing to do", no_op));
    words.extend(by_reason("skipped", skipped));
    words.extend(by_reason("failed", failed));
    words
}
