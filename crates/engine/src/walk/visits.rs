//! What a walk leaves behind: the nodes it passed, as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;
use serde_json::Value as Json;

use super::here::Outcomes;
use super::quoted;
use crate::tallies::Counted;

/// The nodes of one walk: `[{"n":node,"o":{outcome:[person ids]},"b":[…],"w":…,"y":…,"p":path,"e":outcome of the trip}, …]`.
///
/// The first is where the traveller stood, the last where it now stands or ended; `p` is the path by which it left.
/// An account's own outcome has an empty list. What a box did to its people stands in `b`; why the node decided so, in a
/// form of the node's own, in `w`; what brought the traveller in, or who moved it by hand, in `y` of the first.
#[derive(Debug, Default)]
pub struct Visits {
    json: String,
    outcomes: String,
    inside: String,
    why: String,
    cause: String,
    nodes: usize,
    executions: usize,
}

/// A node in a stored walk, read again.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StoredVisit {
    /// The node's number.
    #[serde(rename = "n")]
    pub node: i64,
    /// What was done: outcome as counted → people.
    #[serde(default, rename = "o")]
    pub outcomes: BTreeMap<String, Vec<i64>>,
    /// What a people box did inside.
    #[serde(default, rename = "b")]
    pub inside: Vec<StoredVisit>,
    /// Why the node decided so, in its own form.
    #[serde(default, rename = "w")]
    pub why: Option<Json>,
    /// What brought the traveller in, or who moved it.
    #[serde(default, rename = "y")]
    pub cause: Option<super::Cause>,
    /// The path by which it left.
    #[serde(default, rename = "p")]
    pub path: Option<String>,
    /// How the trip ended here.
    #[serde(default, rename = "e")]
    pub ended: Option<String>,
}

impl StoredVisit {
    /// The nodes of a stored walk.
    ///
    /// # Errors
    /// It is not what [`Visits`] writes.
    pub fn read(visits: &str) -> Result<Vec<Self>, serde_json::Error> {
        serde_json::from_str(visits)
    }
}

impl Visits {
    /// Nodes so far.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Executions so far.
    pub fn executions(&self) -> usize {
        self.executions
    }

    /// Whether there is nothing to tell of the node yet.
    pub fn is_empty(&self) -> bool {
        [&self.json, &self.outcomes, &self.inside, &self.why, &self.cause].iter().all(|part| part.is_empty())
    }

    /// What was done at the node.
    pub fn outcomes(&mut self, outcomes: &[Outcomes]) {
        for group in outcomes {
            self.executions += usize::try_from(group.times).unwrap_or(0);
            let comma = if self.outcomes.is_empty() { "" } else { "," };
            let _ = write!(self.outcomes, "{comma}\"{}\":[", Counted::from(&group.outcome).stored());
            for (place, id) in group.people.iter().enumerate() {
                let _ = write!(self.outcomes, "{}{id}", if place > 0 { "," } else { "" });
            }
            self.outcomes.push(']');
        }
    }

    /// What became of executions that were pending: by the outcome as counted, for these people (none: the account).
    pub fn settled(&mut self, counted: &str, people: &[i64]) {
        let comma = if self.outcomes.is_empty() { "" } else { "," };
        let ids: Vec<String> = people.iter().map(i64::to_string).collect();
        let _ = write!(self.outcomes, "{comma}{}:[{}]", quoted(counted), ids.join(","));
    }

    /// Why the node decides as it does: JSON in its own form.
    pub fn why(&mut self, json: &str) {
        self.why.clear();
        self.why.push_str(json);
    }

    /// What brought the traveller here other than by the map.
    pub fn cause(&mut self, json: &str) {
        self.cause.clear();
        self.cause.push_str(json);
    }

    /// What a box did inside.
    pub fn inside(&mut self, inner: Self) {
        if !self.inside.is_empty() {
            self.inside.push(',');
        }
        self.inside.push_str(&inner.json);
        self.executions += inner.executions;
    }

    /// The node is left, or the trip rests or ends there.
    pub fn close(&mut self, node: usize, path: Option<&str>, ended: Option<&str>) {
        if !self.json.is_empty() {
            self.json.push(',');
        }
        self.nodes += 1;
        let _ = write!(self.json, "{{\"n\":{node}");
        for (key, value, open, close) in [
            ("o", &mut self.outcomes, "{", "}"),
            ("b", &mut self.inside, "[", "]"),
            ("w", &mut self.why, "", ""),
            ("y", &mut self.cause, "", ""),
        ] {
            if !value.is_empty() {
                let _ = write!(self.json, ",\"{key}\":{open}{value}{close}");
                value.clear();
            }
        }
        if let Some(path) = path {
            let _ = write!(self.json, ",\"p\":{}", quoted(path));
        }
        if let Some(ended) = ended {
            let _ = write!(self.json, ",\"e\":\"{ended}\"");
        }
        self.json.push('}');
    }

    /// All of it.
    pub fn into_json(self) -> String {
        format!("[{}]", self.json)
    }
}
