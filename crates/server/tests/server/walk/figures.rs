//! The figures of a journey, flat, so that two of them can be compared line by line.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// `node reached`, `node path LABEL`, `node skipped REASON`, `trips completed` → n. What is 0 is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(BTreeMap<String, i64>);

impl Figures {
    fn add(&mut self, what: String) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn enters(&mut self, entry: &str) {
        self.add("trips entered".to_owned());
        self.passes(entry);
    }

    pub fn refused(&mut self, reason: &str) {
        self.add(format!("not entered {reason}"));
    }

    pub fn passes(&mut self, node: &str) {
        self.add(format!("{node} reached"));
        self.add(format!("{node} left"));
    }

    pub fn passes_all(&mut self, nodes: &[&str]) {
        nodes.iter().for_each(|node| self.passes(node));
    }

    pub fn path(&mut self, node: &str, label: &str) {
        self.add(format!("{node} path {label}"));
    }

    pub fn act(&mut self, node: &str, outcome: &str) {
        self.add(format!("{node} {outcome}"));
    }

    pub fn stays(&mut self, node: &str) {
        self.add("trips active".to_owned());
        self.add(format!("{node} reached"));
        self.add(format!("{node} current"));
    }

    pub fn ends(&mut self, node: &str, outcome: &str) {
        self.add(format!("trips {outcome}"));
        self.add(format!("{node} reached"));
        self.add(format!("{node} ended"));
    }

    /// The figures of a status or of a simulation's report.
    pub fn read(status: &Json) -> Self {
        let mut read = Figures::default();
        read.take("trips", &status["travellers"]);
        read.take("not entered", &status["not_entered"]);
        for (node, figures) in status["nodes"].as_object().expect("nodes") {
            for (name, value) in figures.as_object().expect("figures") {
                match name.as_str() {
                    "paths" => read.take(&format!("{node} path"), value),
                    "outcomes" => read.take(node, value),
                    name => read.put(format!("{node} {name}"), value),
                }
            }
        }
        read
    }

    fn take(&mut self, prefix: &str, object: &Json) {
        for (name, value) in object.as_object().into_iter().flatten() {
            match value {
                Json::Object(_) => self.take(&format!("{prefix} {name}"), value),
                value => self.put(format!("{prefix} {name}"), value),
            }
        }
    }

    fn put(&mut self, what: String, value: &Json) {
        match value.as_i64() {
            Some(0) => {}
            Some(n) => _ = self.0.insert(what, n),
            None => panic!("`{what}` is no number: {value}"),
        }
    }

    pub fn get(&self, what: &str) -> i64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// The sum of everything whose name fits.
    pub fn sum(&self, fits: impl Fn(&str) -> bool) -> i64 {
        self.0.iter().filter(|(what, _)| fits(what)).map(|(_, n)| n).sum()
    }

    /// Without the lines whose name fits.
    pub fn without(mut self, fits: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|what, _| !fits(what));
        self
    }

    /// With messages in doubt counted as done; how many there are of each is not known beforehand.
    pub fn undoubted(&self) -> Self {
        let mut all = Self::default();
        for (what, n) in &self.0 {
            let what = what.strip_suffix(" in_doubt").map_or(what.clone(), |node| format!("{node} done"));
            *all.0.entry(what).or_default() += n;
        }
        all
    }

    /// Everything in which two of them differ, a line each.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut names: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        names.sort();
        names.dedup();
        let differs = names.into_iter().filter(|name| self.get(name) != other.get(name));
        differs.map(|name| format!("{name}: {} expected, {} found", self.get(name), other.get(name))).collect()
    }

    /// What does not close: reached = left + current + ended for every node, and the trips.
    pub fn leaks(&self) -> Vec<String> {
        let nodes = self.0.keys().filter_map(|what| what.strip_suffix(" reached"));
        let of = |node: &str, what: &str| self.get(&format!("{node} {what}"));
        let sum = |node: &str| of(node, "left") + of(node, "current") + of(node, "ended");
        let mut leaks: Vec<String> = nodes
            .filter(|node| of(node, "reached") != sum(node))
            .map(|node| format!("{node}: {} reached, {} accounted for", of(node, "reached"), sum(node)))
            .collect();
        let ended = self.sum(|what| what.starts_with("trips ") && what != "trips entered");
        if self.get("trips entered") != ended {
            leaks.push(format!("trips: {} entered, {ended} accounted for", self.get("trips entered")));
        }
        leaks
    }
}
