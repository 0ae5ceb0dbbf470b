//! What an installation declares beside the standard data: attributes, scores, types of activity.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Definition, DocumentKind, Envelope, Reference};
use crate::attribute::{Declaration, Subject};
use crate::finding::Finding;
use crate::value::ValueType;

/// A custom attribute of accounts or people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Whose it is.
    pub subject: Subject,
    /// What values it takes.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Whether journeys may write it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub updatable: bool,
    /// Whether conditions, journeys and personalisation see it; left out: yes. Imports take it in any case.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    #[schemars(extend("default" = true))]
    pub managed: bool,
}

fn yes() -> bool {
    true
}

fn is_yes(said: &bool) -> bool {
    *said
}

impl Attribute {
    /// The declaration that attribute sets are made of.
    pub fn declaration(&self, envelope: &Envelope) -> Declaration {
        Declaration {
            key: envelope.key.clone(),
            subject: self.subject,
            value_type: self.value_type,
            updatable: self.updatable,
            managed: self.managed,
            label: Some(envelope.name.clone()),
        }
    }
}

impl Definition for Attribute {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        self.declaration(envelope).attribute().err().into_iter().collect()
    }
}

/// A named score of people; missing counts as 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Where every change is written to as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<ScoreMirror>,
}

/// A field of another system that follows a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreMirror {
    /// A connection of type `marketo`.
    #[schemars(extend("x-reference" = "connection", "x-connection-type" = "marketo"))]
    pub connection: String,
    /// REST name of the field over there: it gets the score's value, whatever was added to it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// A campaign that changes a score over there by what it changed here; then nothing that is added there is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<ScoreCampaign>,
}

/// A requestable campaign with a step that changes a score by a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreCampaign {
    /// Workspace of the campaign.
    pub workspace: String,
    /// Its name or id.
    pub campaign: String,
    /// The token that says by how much, without braces; left out: `my.scoreDelta`.
    #[serde(default = "score_delta", skip_serializing_if = "is_score_delta")]
    pub token: String,
}

const SCORE_DELTA: &str = "my.scoreDelta";

fn score_delta() -> String {
    SCORE_DELTA.to_owned()
}

fn is_score_delta(token: &String) -> bool {
    token == SCORE_DELTA
}

impl Definition for Score {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let Some(mirror) = &self.mirror else { return Vec::new() };
        let message =
            "Name either a `field` that gets the value, or a `campaign` that changes a score by the difference.";
        let both_or_none = mirror.field.is_some() == mirror.campaign.is_some();
        both_or_none.then(|| Finding::error("one_of", "/mirror", message)).into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        let mirror = self.mirror.iter();
        mirror.map(|it| Reference::new(DocumentKind::Connection, &it.connection, "/mirror/connection")).collect()
    }
}

/// Most types of activity that an installation may declare.
pub const MAX_ACTIVITY_TYPES: usize = 50;

/// A declared type of activity. Its key is its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityType {
    /// Who does it.
    pub subject: Subject,
    /// Name → type, at most 100.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("maxProperties" = 100))]
    pub fields: IndexMap<String, ValueType>,
}

impl Definition for ActivityType {}
