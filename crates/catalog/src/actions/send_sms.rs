//! Sends a text message of ours to the person. The values that its template names are copied now; whether it may be sent
//! (consent, number, limits) is judged when it leaves. Without a word of the person's a marketing message is not sent.

use std::collections::BTreeSet;

use caravan_model::attribute::person;
use caravan_model::document::DocumentKind;
use caravan_model::{Finding, template};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::changes::NewEffect;
use crate::definitions::Definitions;
use crate::effects::{self, SmsEffect};
use crate::needs::Needs;
use crate::snapshot::{Content, Recipient, Snapshot};
use crate::world::World;

/// Settings of *Send SMS*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The text message.
    #[schemars(extend("x-reference" = "sms_message"))]
    pub sms_message: String,
    /// The number or sender id that it comes from; left out: the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
}

/// The message, found, and what its template names.
pub struct Prepared {
    sms_message: String,
    connection: String,
    sender: Option<String>,
    lane: String,
    snapshot: Snapshot,
}

/// *Send SMS*.
pub struct SendSms;

impl Action for SendSms {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "send_sms",
            label: "Send SMS",
            description: "Sends a text message to the person.",
            subject: Subjects::People,
            category: "messages",
            icon: "phone",
            in_person_journeys: true,
            leaves: true,
            permission: "journeys.publish",
            reasons: &[],
        }
    }

    fn example(&self) -> Settings {
        Settings { sms_message: "ping".to_owned(), sender: None }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let key = &settings.sms_message;
        let one = |finding| vec![finding];
        let message = definitions.find(DocumentKind::SmsMessage, key, "/sms_message").map_err(one)?;
        let connection = message.text("connection").unwrap_or_default();
        let connection = definitions.find(DocumentKind::Connection, connection, "/sms_message").map_err(one)?;
        if connection.text("type").is_none_or(|kind| !PROVIDERS.contains(&kind)) {
            let message = format!(
                "The text message `{key}` leaves by connection `{}`, which sends no texts. Give it one of type `twilio`.",
                connection.key
            );
            return Err(one(Finding::error("wrong_connection_type", "/sms_message", message)));
        }
        let paths: BTreeSet<String> = template::paths(message.text("body").unwrap_or_default()).map_err(one)?;
        let at_message = |finding: Finding| Finding {
            pointer: "/sms_message".to_owned(),
            message: format!("The text message `{key}` cannot be sent. {}", finding.message),
            line: None,
            ..finding
        };
        let snapshot = Snapshot::of(&paths, Content::default(), definitions)
            .map_err(|unknown| unknown.into_iter().map(at_message).collect::<Vec<_>>())?;
        Ok(Prepared {
            sms_message: key.clone(),
            lane: format!("sms:{}", connection.key),
            connection: connection.key.clone(),
            sender: settings.sender.clone(),
            snapshot,
        })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        let mut needs = prepared.snapshot.needs();
        needs.person_attributes.insert(person::MOBILE_PHONE);
        needs.lanes.insert(prepared.lane.clone());
        needs
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Some(ix) = person_of(subject) else { return Outcome::Failed("no_person") };
        let body = SmsEffect {
            sms_message: prepared.sms_message.clone(),
            connection: prepared.connection.clone(),
            sender: prepared.sender.clone(),
            journey: effects::journey_key(&visit.origin.source),
            node: visit.node,
            to: world.person_value(ix, person::MOBILE_PHONE).as_text().map(str::to_owned),
            person: world.person(ix).key.clone(),
            account: visit.account.map(|account| world.account(account).key.clone()),
            values: prepared.snapshot.take(world, Recipient::of(ix, visit)),
        };
        let id = world.person(ix).id;
        let effect = NewEffect {
            lane: prepared.lane.clone(),
            kind: effects::SMS,
            key: format!("{}.{}.{id}", visit.enrollment, visit.node),
            shard: visit.shard,
            enrollment: visit.enrollment,
            version: visit.version,
            node: visit.node,
            account: visit.account.map(|account| world.account(account).id),
            person: Some(id),
            body: serde_json::to_string(&body).unwrap_or_default(),
        };
        world.changes.effects.push(effect);
        Outcome::Pending
    }
}

/// Types of connection that send text messages.
const PROVIDERS: &[&str] = &["twilio"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{account, refused, refused_with, with_definition};

    #[test]
    fn a_text_is_queued_with_the_values_that_it_names() {
        let mut scene = account("acme").people(1).world();
        assert_eq!(scene.run("send_sms", json!({"sms_message": "ping", "sender": "Acme"})), [Outcome::Pending]);
        let effect = &scene.world.changes.effects[0];
        assert_eq!((effect.lane.as_str(), effect.kind), ("sms:twilio", effects::SMS));
        let body: SmsEffect = serde_json::from_str(&effect.body).expect("an effect");
        assert_eq!((body.sms_message.as_str(), body.sender.as_deref()), ("ping", Some("Acme")));
        assert_eq!(body.values["person"], json!({"first_name": "First1"}));
    }

    #[test]
    fn a_text_that_cannot_be_sent_is_refused() {
        assert_eq!(refused("send_sms", json!({"sms_message": "pong"})), ["unknown_reference /sms_message"]);
        let with = |connection: &str, body: &str| {
            let message = json!({"connection": connection, "type": "marketing", "body": body});
            let all = with_definition(DocumentKind::SmsMessage, "ping", message);
            refused_with("send_sms", json!({"sms_message": "ping"}), &all)
        };
        assert_eq!(with("mail", "Hi"), ["wrong_connection_type /sms_message"]);
        assert_eq!(with("twilio", "{{ person.frist_name }}"), ["unknown_attribute /sms_message"]);
    }
}
