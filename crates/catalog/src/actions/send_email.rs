//! Sends an email of ours to the person. The values that its templates name are copied now; whether it may be sent
//! (consent, address, limits) is judged when it leaves.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::calls::PreparedCall;
use crate::changes::NewEffect;
use crate::definitions::Definitions;
use crate::effects;
use crate::mailing::Mailing;
use crate::needs::Needs;
use crate::snapshot::Recipient;
use crate::world::World;

/// Where the email comes from, as forms call it: only the fields of one source are asked for.
const OURS: &str = "Our own";
const MARKETO: &str = "Marketo";

/// Settings of *Send email*: an email of ours, or one of Marketo's.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// An email of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "email", "x-source" = OURS))]
    pub email: Option<String>,
    /// Instead of an email of ours: the Marketo connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "connection", "x-connection-type" = "marketo", "x-source" = MARKETO))]
    pub connection: Option<String>,
    /// The Marketo workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-choices" = "workspaces", "x-source" = MARKETO))]
    pub workspace: Option<String>,
    /// The Marketo email, as the connection names it beside the campaign that sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-choices" = "emails", "x-within" = "workspace", "x-source" = MARKETO))]
    pub marketo_email: Option<String>,
}

/// Who sends: we, or Marketo.
pub enum Prepared {
    /// An email of ours.
    Ours(Box<Mailing>),
    /// A campaign of Marketo's sends it.
    Marketo(PreparedCall),
}

/// *Send email*.
pub struct SendEmail;

impl Action for SendEmail {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "send_email",
            label: "Send email",
            description: "Sends an email to the person.",
            subject: Subjects::People,
            category: "messages",
            icon: "mail",
            in_person_journeys: true,
            leaves: true,
            permission: "journeys.publish",
            reasons: &[
                ("email_missing", "The person has no address."),
                ("no_match", "Marketo knows nobody with this address. Nobody is created there."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { email: Some("welcome".to_owned()), connection: None, workspace: None, marketo_email: None }
    }

    fn check(&self, settings: &Settings) -> Vec<Finding> {
        let marketo = [&settings.connection, &settings.workspace, &settings.marketo_email];
        let message = match (&settings.email, marketo.iter().filter(|field| field.is_some()).count()) {
            (Some(_), 0) | (None, 3) => return Vec::new(),
            (Some(_), _) => {
                "It is an email of ours or one of Marketo's. Keep `email`, or `connection`, `workspace` and `marketo_email`."
            }
            (None, _) => "Which email? Name an `email`, or `connection`, `workspace` and `marketo_email`.",
        };
        vec![Finding::error("not_exactly_one", "/email", message)]
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let Some(key) = &settings.email else {
            return marketo_email(settings, definitions).map(Prepared::Marketo);
        };
        Ok(Prepared::Ours(Box::new(Mailing::of(key, definitions)?)))
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        let Prepared::Ours(ours) = prepared else { return PreparedCall::needs_of_people() };
        let mut needs = ours.needs();
        needs.lanes.insert(ours.lane());
        needs
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let prepared = match prepared {
            Prepared::Ours(ours) => ours,
            Prepared::Marketo(call) => return call.queue_for_person(visit, subject, world),
        };
        let Some(ix) = person_of(subject) else { return Outcome::Failed("no_person") };
        let person = world.person(ix);
        let place = (effects::journey_key(&visit.origin.source), visit.node);
        let body = prepared.effect(world, ix, Recipient::of(ix, visit), place);
        let effect = NewEffect {
            lane: prepared.lane(),
            kind: effects::EMAIL,
            key: format!("{}.{}.{}", visit.enrollment, visit.node, person.id),
            shard: visit.shard,
            enrollment: visit.enrollment,
            version: visit.version,
            node: visit.node,
            account: visit.account.map(|account| world.account(account).id),
            person: Some(person.id),
            body: serde_json::to_string(&body).unwrap_or_default(),
        };
        world.changes.effects.push(effect);
        Outcome::Pending
    }
}

fn marketo_email(settings: &Settings, definitions: &Definitions) -> Result<PreparedCall, Vec<Finding>> {
    let Settings { connection, workspace, marketo_email, .. } = settings;
    let target = json!({ "workspace": workspace, "email": marketo_email });
    PreparedCall::new(definitions, (connection.as_deref().unwrap_or_default(), "marketo"), "marketo_send_email", target)
}
