//! `caravan journey`: the life of journeys, and what happened to their travellers.

use std::collections::BTreeMap;

use caravan_engine::lifecycle::{self, Published};
use caravan_engine::status::{self, JourneyStatus, NodeStatus, Outcomes, Travellers};
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
    /// Count travellers by node, path and outcome
    Status(Keys),
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
        Verb::Status(keys) => status(context, &keys.keys),
    }
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
        lifecycle::command(&engine, key, verb, ACTOR).map_err(Failure::refused)?;
        if !context.json {
            report::line(format!("{key} is {done}"))?;
        }
        all.push(json!({ "key": key }));
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
    if status.problems > 0 {
        report::line(format!("{} stand at a problem", status.problems))?;
    }
    table(status.nodes.iter())
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
    let Travellers { entered, active, completed, no_path, timed_out, removed, aborted, expired } = counts;
    let ends = [
        ("completed", completed),
        ("no path", no_path),
        ("timed out", timed_out),
        ("removed", removed),
        ("aborted", aborted),
        ("expired", expired),
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
    let Outcomes { pending, done, no_op, skipped, failed, in_doubt } = outcomes;
    let by_reason = |word: &str, counts: &BTreeMap<String, i64>| -> Vec<String> {
        counts.iter().map(|(reason, n)| format!("{word} ({reason}) {n}")).collect()
    };
    let plain = [("done", done), ("pending", pending), ("in doubt", in_doubt)];
    let mut words: Vec<String> = plain.iter().filter(|(_, n)| **n > 0).map(|(word, n)| format!("{word} {n}")).collect();
    words.extend(by_reason("nothing to do", no_op));
    words.extend(by_reason("skipped", skipped));
    words.extend(by_reason("failed", failed));
    words
}
