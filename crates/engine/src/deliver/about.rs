//! What is known and kept of a message: what activities say about it, and what the ledger holds.

use caravan_model::Shard;
use caravan_store::alerts::AlertRecipient;
use caravan_store::ledger::LedgerRow;
use caravan_store::outbox::OutboxRow;
use caravan_store::subscriptions::WEBHOOK;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::audience::Note;
use super::frozen::Frozen;

/// A message to a person of the journey, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Email(String),
    Sms(String),
}

impl Message {
    pub fn of(email: Option<String>, sms: Option<String>) -> Option<Self> {
        email.map(Self::Email).or(sms.map(Self::Sms))
    }

    /// What its activities say of it.
    pub fn fields(&self, journey: &str, node: &str) -> Json {
        let (field, key) = match self {
            Self::Email(key) => ("email", key),
            Self::Sms(key) => ("sms_message", key),
        };
        // What a hand sent is of no journey.
        if journey.is_empty() { json!({field: key}) } else { json!({field: key, "journey": journey, "node": node}) }
    }

    /// The one word or the other.
    pub fn either(&self, email: &'static str, sms: &'static str) -> &'static str {
        match self {
            Self::Email(_) => email,
            Self::Sms(_) => sms,
        }
    }
}

/// What activities say about a message.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Key of the journey.
    pub journey: String,
    /// Name of the node.
    pub node: String,
    /// The message; none for what goes to no person of the journey.
    pub message: Option<Message>,
    /// The folded address, or the number.
    pub address: Option<String>,
    /// Who sends a text message.
    pub sender: Option<String>,
    /// The folded addresses of those who get a copy.
    pub copies: Vec<String>,
    /// Its recipient has not agreed that their opens are seen.
    pub untracked: bool,
    /// The values of an email that can be looked at as a web page.
    pub values: Option<Map<String, Json>>,
    /// The audience that an account joins or leaves, once that is written down.
    pub audience: Option<i64>,
    /// What became of a sales alert for those of its recipients of whom something is known by now.
    pub recipients: Vec<AlertRecipient>,
    /// What a destination of an external audience is told, once that is written down.
    pub told: Option<Note>,
}

impl About {
    pub fn of(row: &OutboxRow, frozen: Option<&Frozen>) -> Self {
        #[derive(Default, Deserialize)]
        struct Body {
            #[serde(default)]
            journey: String,
            email: Option<String>,
            sms_message: Option<String>,
            #[serde(default)]
            values: Map<String, Json>,
        }
        let body: Body = serde_json::from_str(&row.body).unwrap_or_default();
        let node = match row.enrollment.some() {
            None => String::new(),
            Some(_) => frozen.map_or_else(|| row.node.to_string(), |frozen| frozen.node_name(row.node)),
        };
        let mailing = body.email.as_deref().and_then(|key| frozen?.email(key).ok());
        let viewed = mailing.is_some_and(|mailing| mailing.email.view_as_web_page);
        Self {
            journey: body.journey,
            node,
            values: viewed.then_some(body.values),
            message: Message::of(body.email, body.sms_message),
            address: None,
            audience: None,
            recipients: Vec::new(),
            told: None,
            sender: None,
            copies: Vec::new(),
            untracked: false,
        }
    }
}

/// What the ledger keeps of an effect: enough to tell what a click was about, and to send it again where that may be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Key of the journey.
    pub journey: String,
    /// Name of the node.
    pub node: String,
    /// Key of the email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Key of the text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms_message: Option<String>,
    /// Who sent it, when it was a text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Who got a copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// The values that it was made from, while its recipient may look at it as a web page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Map<String, Json>>,
    /// The effect itself, while somebody may want it sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<KeptEffect>,
}

impl Kept {
    /// The message, where it was one to a person.
    pub fn message(&self) -> Option<Message> {
        Message::of(self.email.clone(), self.sms_message.clone())
    }
}

/// What the outbox needs to have an effect back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptEffect {
    pub lane: String,
    pub shard: Shard,
    pub body: String,
}

/// What the ledger kept of an effect.
pub fn kept_of(row: &LedgerRow) -> Kept {
    let kept = row.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    kept.unwrap_or_else(|| Kept {
        journey: String::new(),
        node: row.node.to_string(),
        email: None,
        sms_message: None,
        sender: None,
        copies: Vec::new(),
        values: None,
        effect: None,
    })
}

/// What is told of a message to a person, and its fields.
pub fn told(about: &About, email: &'static str, sms: &'static str, more: Json) -> Option<(&'static str, Json)> {
    let message = about.message.as_ref()?;
    let mut fields = message.fields(&about.journey, &about.node);
    if let (Some(fields), Json::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    Some((message.either(email, sms), fields))
}

/// The ledger row of an effect that is settled now; its outcome is the caller's to fill in.
pub fn ledger_row(row: &OutboxRow, about: &About, now: Timestamp) -> LedgerRow {
    LedgerRow {
        id: row.id,
        key: row.key.clone(),
        kind: row.kind.clone(),
        enrollment: row.enrollment,
        version: row.version,
        node: row.node,
        account: row.account,
        person: row.person,
        address: about.address.clone(),
        outcome: String::new(),
        reason: None,
        message: None,
        remote_id: None,
        queued_at: row.queued_at,
        decided_at: now,
        // A webhook's log tells what was sent, and sends it again on demand.
        body: kept(about, (row.kind == WEBHOOK).then_some(row)),
    }
}

/// What the ledger keeps; with `row` the effect itself, so that it can be sent again.
pub fn kept(about: &About, row: Option<&OutboxRow>) -> Option<String> {
    let (email, sms_message) = match about.message.clone() {
        Some(Message::Email(key)) => (Some(key), None),
        Some(Message::Sms(key)) => (None, Some(key)),
        None => (None, None),
    };
    let kept = Kept {
        journey: about.journey.clone(),
        node: about.node.clone(),
        email,
        sms_message,
        sender: about.sender.clone(),
        copies: about.copies.clone(),
        values: about.values.clone(),
        effect: row.map(|row| KeptEffect { lane: row.lane.clone(), shard: row.shard, body: row.body.clone() }),
    };
    serde_json::to_string(&kept).ok()
}
