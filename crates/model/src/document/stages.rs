//! The stage model: where a buying group may stand, and the moves between the stages.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Definition, Envelope};
use crate::finding::Finding;
use crate::suggest::did_you_mean;

/// Stages of buying groups and the allowed moves; an installation has one at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageModel {
    /// The stages in the order in which they are shown.
    #[schemars(length(max = 100))]
    pub stages: Vec<Stage>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Unique in the model, whatever its case.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a group without a stage may come here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entry: bool,
    /// Whether it is an end, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<StageEnd>,
    /// Names of the stages that a group may move to from here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
}

/// What an end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageEnd {
    /// Won. A model has exactly one, and nothing leads on from it.
    Success,
    /// Lost, for now.
    Failure,
}

impl StageModel {
    /// Whether a group at `from` (none: not yet anywhere) may move to `to`. Names are compared as written.
    pub fn allows(&self, from: Option<&str>, to: &str) -> bool {
        match from {
            None => self.stage(to).is_some_and(|stage| stage.entry),
            Some(from) => self.stage(from).is_some_and(|stage| stage.to.iter().any(|name| name == to)),
        }
    }

    /// The stage of that name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The stages that can be come to along the allowed moves from those given.
    fn reach<'a>(
        &'a self,
        from: impl Iterator<Item = &'a str>,
        moves: &HashMap<&'a str, Vec<&'a str>>,
    ) -> HashSet<&'a str> {
        let mut open: Vec<&str> = from.collect();
        let mut seen: HashSet<&str> = open.iter().copied().collect();
        while let Some(name) = open.pop() {
            open.extend(moves.get(name).into_iter().flatten().copied().filter(|to| seen.insert(to)));
        }
        seen
    }
}

impl Definition for StageModel {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let mut findings = whole(self);
        for (n, stage) in self.stages.iter().enumerate() {
            findings.extend(names(self, n, stage));
            findings.extend(ends(n, stage));
        }
        if findings.iter().all(|finding| !finding.is_error()) {
            findings.extend(lost(self));
        }
        envelope.judged(findings, &["no_entry_stage", "success_stage_count", "stage_without_next"])
    }
}

fn whole(model: &StageModel) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !model.stages.iter().any(|stage| stage.entry) {
        let message = "No stage is an entry, so no group could ever get a stage. Mark at least one with `entry: true`.";
        findings.push(Finding::error("no_entry_stage", "/stages", message));
    }
    let successes = model.stages.iter().filter(|stage| stage.destination == Some(StageEnd::Success)).count();
    if successes != 1 {
        let message =
            format!("The model has {successes} success stages. Mark exactly one with `destination: success`.");
        findings.push(Finding::error("success_stage_count", "/stages", message));
    }
    findings
}

fn names(model: &StageModel, n: usize, stage: &Stage) -> Vec<Finding> {
    let mut findings = Vec::new();
    let same = |other: &&Stage| other.name.to_lowercase() == stage.name.to_lowercase();
    if model.stages.iter().take(n).any(|other| same(&other)) {
        let message = format!("Two stages are called `{}`. Give each its own name.", stage.name);
        findings.push(Finding::error("duplicate_stage", format!("/stages/{n}/name"), message));
    }
    for (m, to) in stage.to.iter().enumerate() {
        let pointer = format!("/stages/{n}/to/{m}");
        if *to == stage.name {
            let message = format!("`{to}` leads to itself. Remove it from `to`.");
            findings.push(Finding::error("stage_to_itself", pointer, message));
        } else if model.stage(to).is_none() {
            let hint = did_you_mean(to, model.stages.iter().map(|stage| stage.name.as_str()));
            let message = format!("There is no stage `{to}` in this model. Name one of its stages.{hint}");
            findings.push(Finding::error("unknown_stage", pointer, message));
        }
    }
    findings
}

fn ends(n: usize, stage: &Stage) -> Vec<Finding> {
    let name = &stage.name;
    let at = format!("/stages/{n}");
    let mut findings = Vec::new();
    match stage.destination {
        None if stage.to.is_empty() => {
            let message =
                format!("Nothing leads on from `{name}`. Name the next stages in `to`, or make it a destination.");
            findings.push(Finding::error("stage_without_next", at, message));
        }
        Some(StageEnd::Success) => {
            if !stage.to.is_empty() {
                let message = format!("`{name}` is the success stage, which is final. Remove its `to`.");
                findings.push(Finding::error("success_with_next", format!("{at}/to"), message));
            }
            if stage.entry {
                let message = format!("`{name}` is both entry and success. Make another stage the entry.");
                findings.push(Finding::error("success_is_entry", format!("{at}/entry"), message));
            }
        }
        Some(StageEnd::Failure) if stage.entry => {
            let message = format!("`{name}` is both entry and failure. Is that meant?");
            findings.push(Finding::warning("failure_is_entry", format!("{at}/entry"), message));
        }
        None | Some(StageEnd::Failure) => {}
    }
    findings
}

/// Stages that cannot be come to, or from which no end is reached.
fn lost(model: &StageModel) -> Vec<Finding> {
    let mut onward: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut back: HashMap<&str, Vec<&str>> = HashMap::new();
    for stage in &model.stages {
        for to in &stage.to {
            onward.entry(stage.name.as_str()).or_default().push(to.as_str());
            back.entry(to.as_str()).or_default().push(stage.name.as_str());
        }
    }
    let named = |wanted: fn(&Stage) -> bool| {
        model.stages.iter().filter(move |stage| wanted(stage)).map(|stage| stage.name.as_str())
    };
    let entered = model.reach(named(|stage| stage.entry), &onward);
    let ending = model.reach(named(|stage| stage.destination.is_some()), &back);
    let mut findings = Vec::new();
    for (n, stage) in model.stages.iter().enumerate() {
        let (name, pointer) = (stage.name.as_str(), format!("/stages/{n}"));
        if !entered.contains(name) {
            let message = format!("No group can come to `{name}`. Lead a stage to it, or make it an entry.");
            findings.push(Finding::warning("unreachable_stage", pointer, message));
        } else if !ending.contains(name) {
            let message = format!("From `{name}` no group can come to a destination. Lead it on to one.");
            findings.push(Finding::warning("endless_stage", pointer, message));
        }
    }
    findings
}
