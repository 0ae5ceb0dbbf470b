//! What the other side is like: services that are called, and what they answer.

use serde_json::{Value as Json, json};

use super::*;

/// A service: what it is about, whether its answers choose paths, and how long an answer may take.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub key: &'static str,
    pub on_people: bool,
    pub splits: bool,
    pub minutes: i64,
}

/// Every service that journeys call.
pub const SERVICES: [Service; 4] = [
    Service { key: "grade", on_people: false, splits: false, minutes: 30 },
    Service { key: "vet", on_people: true, splits: false, minutes: 120 },
    Service { key: "tier", on_people: false, splits: true, minutes: 240 },
    Service { key: "persona", on_people: true, splits: true, minutes: 60 },
];

/// How many choices an answer has: each of the first two has a path of its own.
pub const CHOICES: usize = 3;

/// What becomes of every call of a service about somebody.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How long the service has no time for it, from when it is first called.
    pub waits: Secs,
    /// The call is not even taken.
    pub refused: bool,
    /// What is answered, and so long after the call: nothing, once, or once more and otherwise.
    pub answers: Vec<(Secs, Answer)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Chosen(usize),
    Failed,
}

/// How long whoever has no time asks for. Longer than what is waited anyway before so few tries.
pub const ASKED_PAUSE: Secs = 600;

impl Service {
    pub fn document(&self, number: usize) -> Json {
        json!({
            "kind": "external_action", "key": self.key, "url": format!("https://{}.example/openapi.json", self.key),
            "on": if self.on_people { "people" } else { "account" }, "split": self.splits,
            "timeout": format!("{}m", self.minutes), "outgoing": {"who": "key"},
            "values": {"number": number.to_string()},
        })
    }
}

impl Case {
    /// Whether accounts ask for people to enter or leave journeys.
    pub fn asks_for_people(&self) -> bool {
        let asks = |act: &Act| matches!(act, Act::EnterPeople(_) | Act::LeavePeople(_));
        let nodes = self.journeys.iter().flat_map(|journey| &journey.maps).flat_map(|map| &map.nodes);
        nodes.flat_map(Node::acts).any(asks)
    }
}

/// The mail server takes nothing for these people.
pub fn refuses_mail(person: usize) -> bool {
    person % 4 == 3
}

/// Whose address it is.
pub fn person_number(address: &str) -> usize {
    subject_number(address.split('@').next().unwrap_or_default())
}

/// The number in the key of an account or a person.
pub fn subject_number(key: &str) -> usize {
    key[2..].parse().expect("the key of an account or a person")
}
