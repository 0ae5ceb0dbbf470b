//! What was expected beside what came.

use std::collections::BTreeMap;

use caravan_model::journey::ENTRY;
use caravan_model::value::read_instant;
use serde_json::{Map, Value as Json, json};

use super::{Came, Failure, Scenario, Step, WantedText};
use crate::simulate::TimelineLine;

/// Everything that came otherwise.
pub(super) fn failures(scenario: &Scenario, came: &Came) -> Vec<Failure> {
    let mut judge = Judge { scenario, came, failures: Vec::new() };
    judge.figures();
    judge.ways();
    judge.mails();
    judge.failures
}

struct Judge<'a> {
    scenario: &'a Scenario,
    came: &'a Came,
    failures: Vec<Failure>,
}

impl Judge<'_> {
    fn figures(&mut self) {
        let (expect, report) = (&self.scenario.expect, &self.came.report);
        let travellers = json!(report.travellers);
        for (outcome, wanted) in &expect.travellers {
            self.number(&format!("/expect/travellers/{outcome}"), *wanted, &travellers[outcome.as_str()]);
        }
        self.numbers("/expect/not_entered", &expect.not_entered, &json!(report.not_entered));
        self.numbers("/expect/effects", &expect.effects, &json!(report.effects));
        for (node, wanted) in &expect.nodes {
            let pointer = format!("/expect/nodes/{node}");
            match report.nodes.get(node) {
                Some(found) => self.parts(&pointer, wanted, &json!(found)),
                None => self.fail(&pointer, json!(wanted), Json::Null, format!("the journey has no node `{node}`")),
            }
        }
        let (wanted, found) = (expect.problems, report.problems);
        if wanted != found {
            let message = format!("problems: expected {wanted}, found {found}");
            self.fail("/expect/problems", wanted.into(), found.into(), message);
        }
    }

    fn numbers(&mut self, pointer: &str, wanted: &BTreeMap<String, i64>, found: &Json) {
        for (name, wanted) in wanted {
            self.number(&format!("{pointer}/{name}"), *wanted, &found[name.as_str()]);
        }
    }

    /// Every figure that is named; one that never occurred is 0.
    fn parts(&mut self, pointer: &str, wanted: &Map<String, Json>, found: &Json) {
        for (name, wanted) in wanted {
            let pointer = format!("{pointer}/{name}");
            match (wanted, wanted.as_i64()) {
                (Json::Object(parts), _) => self.parts(&pointer, parts, &found[name.as_str()]),
                (_, Some(n)) => self.number(&pointer, n, &found[name.as_str()]),
                _ => self.fail(&pointer, wanted.clone(), Json::Null, format!("{} is to be a number", words(&pointer))),
            }
        }
    }

    fn number(&mut self, pointer: &str, wanted: i64, found: &Json) {
        let n = found.as_i64().unwrap_or_default();
        if n != wanted {
            self.fail(pointer, wanted.into(), n.into(), format!("{}: expected {wanted}, found {n}", words(pointer)));
        }
    }

    // Ways.

    fn ways(&mut self) {
        let expect = &self.scenario.expect;
        for (traveller, wanted) in &expect.paths {
            let pointer = format!("/expect/paths/{traveller}");
            let found = self.way(traveller);
            if !fits(wanted, &found) {
                let (is, was) = (in_words(&found), wanted.iter().map(step_words).collect::<Vec<_>>().join(" → "));
                let message = format!("the way of {traveller}: expected {was}, found {is}");
                self.fail(&pointer, json!(was), json!(is), message);
            }
        }
        for (traveller, wanted) in &expect.outcomes {
            let last = self.came.timelines.get(traveller).and_then(|lines| lines.last());
            let found = last.map_or("never entered", |line| line.outcome.as_deref().unwrap_or("active"));
            if found != wanted {
                let message = format!("the trip of {traveller}: expected {wanted}, found {found}");
                self.fail(&format!("/expect/outcomes/{traveller}"), json!(wanted), json!(found), message);
            }
        }
        for (traveller, nodes) in &expect.arrivals {
            for (node, wanted) in nodes {
                self.arrival(traveller, node, wanted);
            }
        }
    }

    fn arrival(&mut self, traveller: &str, node: &str, wanted: &str) {
        let lines = self.came.timelines.get(traveller).map(Vec::as_slice).unwrap_or_default();
        let found = lines.iter().find(|line| line.node == *node).map(|line| line.arrived);
        if found.is_none() || found != read_instant(wanted) {
            let shown = found.map_or_else(|| "never".to_owned(), |at| at.to_string());
            let message = format!("{traveller} at {node}: expected to arrive {wanted}, found {shown}");
            self.fail(&format!("/expect/arrivals/{traveller}/{node}"), json!(wanted), json!(shown), message);
        }
    }

    /// The nodes that a traveller came to, of all its trips one after the other.
    fn way(&self, traveller: &str) -> Vec<&TimelineLine> {
        let lines = self.came.timelines.get(traveller).map(Vec::as_slice).unwrap_or_default();
        lines.iter().filter(|line| line.node != ENTRY).collect()
    }

    // Messages.

    fn mails(&mut self) {
        for (email, wanted) in &self.scenario.expect.messages {
            let sent = self.came.messages.get(email).map(Vec::as_slice).unwrap_or_default();
            let mut found: Vec<&str> = sent.iter().map(|message| message.to.as_str()).collect();
            let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            found.sort_unstable();
            wanted.sort_unstable();
            if found != wanted {
                let message = format!("{email} goes to: expected {}, found {}", several(&wanted), several(&found));
                self.fail(&format!("/expect/messages/{email}"), json!(wanted), json!(found), message);
            }
        }
        for (n, wanted) in self.scenario.expect.texts.iter().enumerate() {
            self.text(&format!("/expect/texts/{n}"), wanted);
        }
    }

    fn text(&mut self, pointer: &str, wanted: &WantedText) {
        let sent = self.came.messages.get(&wanted.email).map(Vec::as_slice).unwrap_or_default();
        let Some(message) = sent.iter().find(|message| message.to == wanted.to) else {
            let message = format!("no {} went to {}", wanted.email, wanted.to);
            return self.fail(pointer, json!(wanted.to), Json::Null, message);
        };
        if let Some(subject) = wanted.subject.as_ref().filter(|subject| **subject != message.subject) {
            let told = format!(
                "the subject of {} to {}: expected {subject:?}, found {:?}",
                wanted.email, wanted.to, message.subject
            );
            self.fail(&format!("{pointer}/subject"), json!(subject), json!(message.subject), told);
        }
        for (n, part) in wanted.contains.iter().enumerate().filter(|(_, part)| !message.text.contains(part.as_str())) {
            let told = format!(
                "{} to {} does not say {part:?}; it says: {}",
                wanted.email,
                wanted.to,
                one_line(&message.text)
            );
            self.fail(&format!("{pointer}/contains/{n}"), json!(part), json!(message.text), told);
        }
    }

    fn fail(&mut self, pointer: &str, expected: Json, found: Json, message: String) {
        let line = Some(self.scenario.line(pointer));
        self.failures.push(Failure { pointer: pointer.to_owned(), line, expected, found, message });
    }
}

/// Paths are compared where the scenario names one.
fn fits(wanted: &[Step], found: &[&TimelineLine]) -> bool {
    wanted.len() == found.len()
        && wanted.iter().zip(found).all(|(step, line)| {
            step.node == line.node && step.path.as_ref().is_none_or(|path| line.path.as_ref() == Some(path))
        })
}

fn step_words(step: &Step) -> String {
    way_words(&step.node, step.path.as_deref())
}

fn in_words(lines: &[&TimelineLine]) -> String {
    match lines {
        [] => "none".to_owned(),
        lines => lines.iter().map(|line| way_words(&line.node, line.path.as_deref())).collect::<Vec<_>>().join(" → "),
    }
}

fn way_words(node: &str, path: Option<&str>) -> String {
    path.map_or_else(|| node.to_owned(), |path| format!("{node} ({path})"))
}

fn several(all: &[&str]) -> String {
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}

/// `/expect/nodes/hello/reached` → `nodes hello reached`.
fn words(pointer: &str) -> String {
    pointer.trim_start_matches("/expect/").replace('/', " ")
}

/// The beginning of a text on one line.
fn one_line(text: &str) -> String {
    const SHOWN: usize = 100;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
