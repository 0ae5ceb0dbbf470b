//! Simulation: a journey runs on a copy of the data, in virtual time, with its effects recorded instead of delivered.
//!
//! The runtime is the same ([`Engine::step_within`], [`lifecycle::tick`], the dispatcher, the daily run); only the clock is
//! moved by hand, from one instant at which something is due to the next. Nothing here decides what a journey does.

mod answers;
mod course;
mod effects;
mod nights;
mod reactions;
mod script;
mod share;
mod stage;
mod timelines;

use std::collections::BTreeMap;

use caravan_connect::{EmailMessage, TextMessage};
use caravan_model::Finding;
use caravan_model::clock::told;
use caravan_model::duration::Duration;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::status::{NodeStatus, Travellers, status};

pub use share::Share;
pub use timelines::TimelineLine;

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Simulated {
    /// A journey of the store: a draft starts empty, a live one goes on from where its travellers stand.
    Stored(String),
    /// The journey in these texts (file, manifest), which are applied to the copy first. It starts empty.
    Manifests(Vec<(String, String)>),
}

/// Something that happens in a simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedActivity {
    /// When, in virtual time; earlier than the simulation's start: known when it begins.
    pub at: Timestamp,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_key: Option<String>,
    /// The account that it is about or carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_key: Option<String>,
    /// The type's own fields.
    #[serde(default)]
    pub fields: Map<String, Json>,
}

/// What travellers do who come to a listen node of a simulation: what it listens for happens, as often as it asks for.
///
/// In an account journey one of the account's people acts, the first for whom the node's filters hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedReaction {
    /// The listen node.
    pub node: String,
    /// Only this traveller: key of the account or person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traveller: Option<String>,
    /// Only so many of a hundred of these travellers, spread evenly; left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// Which of the events that the node listens for, by type of activity; left out: its first.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How long after they arrive, or after the simulation begins where they stand there before; left out: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// The activity's own fields; left out: the simplest that the node takes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Json>,
}

/// What an external service answers in a simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedAnswer {
    /// Key of the service.
    pub service: String,
    /// Only to calls of this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Only to calls about this account, or people in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_key: Option<String>,
    /// Only to calls about this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_key: Option<String>,
    /// Only to so many of a hundred of these calls, spread evenly; left out: to all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// How long after the call; left out: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// The path of the external split `node` that is to be taken: the simplest variables that it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the conditions of an external split ask for.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Json>,
    /// Attributes, as the service names them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Json>,
    /// The call fails, with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// What a simulation is asked for.
pub struct SimulateRequest<'a> {
    /// Which journey.
    pub journey: Simulated,
    /// Where virtual time begins.
    pub from: Timestamp,
    /// Where it stops, at the latest.
    pub until: Timestamp,
    /// The seed of whatever is random. Steps decide nothing at random today.
    pub seed: u64,
    /// What happens meanwhile.
    pub activities: Vec<ScriptedActivity>,
    /// What those do who come to listen nodes: each the first that takes them. Whom none takes does nothing.
    pub reactions: Vec<ScriptedReaction>,
    /// What external services answer: to each call the first that fits it. A call that none fits is never answered.
    pub answers: Vec<ScriptedAnswer>,
    /// Takes the steps of all travellers at the end, by (traveller key, arrival).
    pub timelines: Option<&'a mut dyn FnMut(TimelineLine)>,
    /// How many rendered messages of each email are kept.
    pub samples: usize,
}

impl SimulateRequest<'_> {
    /// Of a journey to which nothing happens, and nothing is kept beside the figures.
    pub fn new(journey: Simulated, from: Timestamp, until: Timestamp) -> Self {
        Self {
            journey,
            from,
            until,
            seed: 1,
            activities: Vec::new(),
            reactions: Vec::new(),
            answers: Vec::new(),
            timelines: None,
            samples: 0,
        }
    }
}

/// What a simulation found: see the interfaces page, *Simulation report*. All times are virtual, all maps sorted; the
/// same data, request and seed give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SimulationReport {
    /// Key of the journey.
    pub journey: String,
    /// Where virtual time began.
    pub from: Timestamp,
    /// Where it was to stop.
    pub until: Timestamp,
    /// As requested.
    pub seed: u64,
    /// Trips, by how they stand.
    pub travellers: Travellers,
    /// Who would have entered but may not, by reason.
    pub not_entered: BTreeMap<String, i64>,
    /// Trips that failed by a fault of Caravan.
    pub problems: usize,
    /// By node, and by action of a people box.
    pub nodes: BTreeMap<String, NodeStatus>,
    /// Messages that would have been sent.
    pub messages: Messages,
    /// What else would have left, by kind; and what would have been done to other journeys, by `ACTION:JOURNEY`.
    pub effects: BTreeMap<String, i64>,
    /// The first messages of each email, rendered, as many as were asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub samples: BTreeMap<String, Vec<Sample>>,
    /// The first of each text message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sms_samples: BTreeMap<String, Vec<SmsSample>>,
    /// When the journey finished, or `until`.
    pub finished_at: Timestamp,
}

/// Messages by key of what was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Messages {
    /// Emails.
    pub email: BTreeMap<String, i64>,
    /// SMS messages.
    pub sms: BTreeMap<String, i64>,
}

/// A message as it would have left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sample {
    /// The recipient's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The HTML part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The plain text part.
    pub text: String,
}

impl From<EmailMessage> for Sample {
    fn from(message: EmailMessage) -> Self {
        Self { to: message.to.email, subject: message.subject, html: message.html, text: message.text }
    }
}

/// A text message as it would have left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SmsSample {
    /// The recipient's number.
    pub to: String,
    /// The text.
    pub text: String,
}

impl From<TextMessage> for SmsSample {
    fn from(message: TextMessage) -> Self {
        Self { to: message.to, text: message.text }
    }
}

/// Runs a journey on a copy of the engine's store from `from` to `until`. The store itself is only read.
///
/// # Errors
/// Findings: everything that stands against publishing the journey at `from`, times the wrong way round, scripted
/// activities, reactions and answers of people, accounts, types, nodes or services that nobody knows.
pub fn simulate(engine: &Engine, request: SimulateRequest<'_>) -> Result<SimulationReport, DefinitionError> {
    let SimulateRequest { journey, from, until, seed, activities, reactions, answers, timelines, samples } = request;
    if until < from {
        let (end, begin) = (told(until), told(from));
        let message = format!("The simulation is to end at {end}, before it begins at {begin}. Give a later end.");
        return Err(Finding::error("ends_before_start", "/until", message).into());
    }
    let stage = stage::Stage::set(engine, &journey, from)?;
    let script = script::Script::read(&stage.engine, activities, until)?;
    let reactions = reactions::Reactions::read(&stage, reactions)?;
    let answers = answers::Answers::read(&stage, answers)?;
    let before = status(&stage.engine, &stage.key)?;
    let post = course::Post::new(&stage.engine, samples);
    let finished_at = course::run(&stage, course::Outside { script, reactions, answers }, &post, until)?;
    let after = status(&stage.engine, &stage.key)?;
    if let Some(take) = timelines {
        timelines::tell(&stage, from, take)?;
    }
    let mut sent = post.sent();
    sent.effects.extend(effects::on_other_journeys(&stage, &before, &after)?);
    Ok(SimulationReport {
        journey: stage.key.clone(),
        from,
        until,
        seed,
        travellers: after.travellers,
        not_entered: after.not_entered,
        problems: after.problems,
        nodes: after.nodes.into_iter().collect(),
        messages: sent.messages,
        effects: sent.effects,
        samples: sent.samples,
        sms_samples: sent.sms_samples,
        finished_at,
    })
}
