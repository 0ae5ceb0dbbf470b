//! What differs between two documents of the same kind and key, in the terms of whoever designed them.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Body, Document};

use crate::attribute::Schema;
use crate::condition::{Condition, Scope};
use crate::source::escaped;

/// How long a value may be in one line of words, in characters.
const SHOWN: usize = 80;

/// Fields by which the items of a list are told apart, whatever their places.
const NAMES: [&str; 7] = ["id", "label", "name", "role", "key", "selector", "attribute"];

/// What happened to a part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// A node comes at another place of the map.
    Moved,
    /// It says something else.
    Changed,
    /// The same items in another order, where the order counts.
    Reordered,
    /// A condition written in another way that holds for the same.
    Rewritten,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What happened.
    pub fate: Fate,
    /// JSON pointer into the new document, for what is removed into the old one.
    pub pointer: String,
    /// What it was; conditions as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    /// For people, on one line.
    pub words: String,
}

impl Document {
    /// What changes when `new` takes the place of this document, in the order of the fields; journeys node by node.
    /// `schema` reads the conditions of both; times of day are the organisation's, in `zone`.
    ///
    /// # Errors
    /// A value that JSON cannot hold; no document that was read has one.
    pub fn differences(
        &self,
        new: &Self,
        schema: &Schema,
        zone: &TimeZone,
    ) -> Result<Vec<Difference>, serde_json::Error> {
        let comparison =
            Comparison { old: conditions_of(self, schema), new: conditions_of(new, schema), found: Vec::new() };
        let (before, after) = (self.to_value()?, new.to_value()?);
        match (&self.body, &new.body) {
            (Body::Journey(one), Body::Journey(other)) => {
                let mut found = one.map_differences(other, zone);
                found.extend(comparison.of(&one.without_ways(before, other), &other.without_ways(after, one)));
                Ok(found)
            }
            _ => Ok(comparison.of(&before, &after)),
        }
    }
}

/// The conditions of a document, by pointer.
fn conditions_of(document: &Document, schema: &Schema) -> HashMap<String, Option<Condition>> {
    let placed = document.body.conditions().into_iter();
    placed
        .map(|placed| {
            let scope = Scope { subject: placed.subject, schema, in_journey: placed.in_journey };
            (placed.pointer.clone(), Condition::read(placed.json, &placed.pointer, scope).ok())
        })
        .collect()
}

struct Comparison {
    old: HashMap<String, Option<Condition>>,
    new: HashMap<String, Option<Condition>>,
    found: Vec<Difference>,
}

/// A place in both documents, and what people call it.
#[derive(Clone, Default)]
struct Place {
    old: String,
    new: String,
    words: Vec<String>,
}

impl Place {
    fn field(&self, key: &str) -> Self {
        let step = format!("/{}", escaped(key));
        let mut words = self.words.clone();
        // The map's own name says nothing beside its nodes', nor a list's beside its items'.
        if key != "nodes" && key != "paths" && key != "actions" {
            words.push(key.to_owned());
        }
        Self { old: format!("{}{step}", self.old), new: format!("{}{step}", self.new), words }
    }

    fn item(&self, old: usize, new: usize, name: String) -> Self {
        let words = self.words.iter().cloned().chain([name]).collect();
        Self { old: format!("{}/{old}", self.old), new: format!("{}/{new}", self.new), words }
    }

    fn name(&self) -> String {
        if self.words.is_empty() { "order".to_owned() } else { self.words.join(" · ") }
    }
}

impl Comparison {
    fn of(mut self, old: &Value, new: &Value) -> Vec<Difference> {
        self.values(&Place::default(), old, new);
        self.found
    }

    fn values(&mut self, place: &Place, old: &Value, new: &Value) {
        if old == new {
            return;
        }
        if self.old.contains_key(&place.old) && self.new.contains_key(&place.new) {
            return self.conditions(place, old, new);
        }
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.fields(place, old, new),
            (Value::Array(old), Value::Array(new)) => match (names_of(old), names_of(new)) {
                (Some(before), Some(after)) => self.items(place, (old, &before), (new, &after)),
                _ => self.changed(place, old.clone().into(), new.clone().into()),
            },
            _ => self.changed(place, old.clone(), new.clone()),
        }
    }

    fn fields(&mut self, place: &Place, old: &Map<String, Value>, new: &Map<String, Value>) {
        for (key, after) in new {
            match old.get(key) {
                Some(before) => self.values(&place.field(key), before, after),
                None => self.added(&place.field(key), after),
            }
        }
        for (key, before) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
            self.removed(&place.field(key), before);
        }
    }

    /// Items that have names, wherever they stand; then their order.
    fn items(&mut self, place: &Place, (old, before): (&[Value], &[String]), (new, after): (&[Value], &[String])) {
        for (n, (name, item)) in after.iter().zip(new).enumerate() {
            match before.iter().position(|known| known == name) {
                Some(was) => self.values(&place.item(was, n, name.clone()), &old[was], item),
                None => self.added(&place.item(n, n, name.clone()), item),
            }
        }
        for (n, (name, item)) in before.iter().zip(old).enumerate().filter(|(_, (name, _))| !after.contains(*name)) {
            self.removed(&place.item(n, n, name.clone()), item);
        }
        let kept = |names: &[String], others: &[String]| -> Vec<String> {
            names.iter().filter(|name| others.contains(name)).cloned().collect()
        };
        let (was, is) = (kept(before, after), kept(after, before));
        if was != is {
            let words = format!("{}: order {} → {}", place.name(), was.join(", "), is.join(", "));
            self.tell(Fate::Reordered, &place.new, Some(was.into()), Some(is.into()), words);
        }
    }

    fn conditions(&mut self, place: &Place, old: &Value, new: &Value) {
        let (before, after) = (self.old[&place.old].as_ref(), self.new[&place.new].as_ref());
        let (was, is) = (in_words(before, old), in_words(after, new));
        let same = matches!((before, after), (Some(one), Some(other)) if one.root() == other.root());
        let (fate, words) = match same {
            true => (Fate::Rewritten, format!("{}: written differently, holds for the same: {is}", place.name())),
            false => (Fate::Changed, format!("{}: {was} → {is}", place.name())),
        };
        self.tell(fate, &place.new, Some(old.clone()), Some(new.clone()), words);
    }

    fn changed(&mut self, place: &Place, old: Value, new: Value) {
        let (was, is) = shown_change(&old, &new);
        let words = format!("{}: {was} → {is}", place.name());
        self.tell(Fate::Changed, &place.new, Some(old), Some(new), words);
    }

    fn added(&mut self, place: &Place, value: &Value) {
        let words = format!("{}: {}", place.name(), self.words_of(&self.new, &place.new, value));
        self.tell(Fate::Added, &place.new, None, Some(value.clone()), words);
    }

    fn removed(&mut self, place: &Place, value: &Value) {
        let words = format!("{}: {}", place.name(), self.words_of(&self.old, &place.old, value));
        self.tell(Fate::Removed, &place.old, Some(value.clone()), None, words);
    }

    fn words_of(&self, known: &HashMap<String, Option<Condition>>, pointer: &str, value: &Value) -> String {
        match known.get(pointer) {
            Some(condition) => in_words(condition.as_ref(), value),
            // A new path of a split: its condition says most.
            None => match known.get(&format!("{pointer}/when")) {
                Some(condition) => format!("when {}", in_words(condition.as_ref(), value)),
                None => shown(value),
            },
        }
    }

    fn tell(&mut self, fate: Fate, pointer: &str, old: Option<Value>, new: Option<Value>, words: String) {
        self.found.push(Difference { fate, pointer: pointer.to_owned(), old, new, words });
    }
}

fn in_words(condition: Option<&Condition>, written: &Value) -> String {
    condition.map_or_else(|| shown(written), Condition::describe)
}

/// The names of a list's items, when all have one and no two the same.
fn names_of(items: &[Value]) -> Option<Vec<String>> {
    let name = |item: &Value| NAMES.iter().find_map(|name| item.get(name)?.as_str()).map(str::to_owned);
    let names: Vec<String> = items.iter().map(name).collect::<Option<_>>()?;
    let unique = names.iter().enumerate().all(|(n, name)| !names[..n].contains(name));
    unique.then_some(names)
}

/// A value on one line.
pub(crate) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        _ => super::yaml::flow(value),
    };
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}

/// Of long texts the first lines that differ.
fn shown_change(old: &Value, new: &Value) -> (String, String) {
    if let (Value::String(old), Value::String(new)) = (old, new) {
        let differs = old.lines().zip(new.lines()).find(|(before, after)| before != after);
        if let Some((before, after)) = differs.filter(|_| old.lines().count() > 1) {
            return (shown(&before.into()), shown(&after.into()));
        }
    }
    (shown(old), shown(new))
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
