//! Marketo Engage: people join and leave static lists, are handed to campaigns, get scores.
//!
//! People are found by their address and never created. A person whom Marketo does not know is skipped (`no_match`) and
//! goes on. What Marketo itself says of its wire format, and what it leaves open, stands beside the code that meets it.

mod client;
mod names;
mod operations;
mod people;
mod settings;
mod throttle;

use std::collections::BTreeMap;

use caravan_model::Finding;
use schemars::{Schema, schema_for};

use self::client::{Client, Trouble};
use self::names::Names;
pub use self::operations::{Operation, Subject};
pub use self::settings::{MarketoSettings, UpdatePolicy};
use crate::call::Call;
use crate::connector::{
    Choice, Connector, ConnectorFacts, ConnectorKind, EffectBody, Outcome, Outgoing, Secret, SecretField, Secrets,
    Surroundings, needed,
};

/// Most effects of one call of [`Connector::deliver`]: a full change of a list.
const MOST_AT_ONCE: usize = 300;

/// Connections to Marketo Engage.
#[derive(Debug)]
pub struct Marketo;

impl ConnectorKind for Marketo {
    fn key(&self) -> &'static str {
        "marketo"
    }

    fn label(&self) -> &'static str {
        "Marketo Engage"
    }

    fn description(&self) -> &'static str {
        "Changes static lists, requests campaigns and sets scores in an instance of Marketo Engage."
    }

    fn settings_schema(&self) -> Schema {
        schema_for!(MarketoSettings)
    }

    fn secrets(&self) -> &'static [SecretField] {
        &[SecretField { key: "client_secret", help: "Client secret of the custom service.", required: true }]
    }

    fn check_settings(&self, settings: &serde_json::Value) -> Vec<Finding> {
        MarketoSettings::read(settings).err().unwrap_or_default()
    }

    fn open(
        &self,
        settings: &serde_json::Value,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        let settings = MarketoSettings::read(settings)?;
        let base = settings.base().map_err(|finding| vec![*finding])?;
        let secret = needed(secrets, "client_secret")?;
        Ok(Box::new(MarketoConnector::new(base, settings, secret.clone(), surroundings)))
    }
}

/// An open door to one instance.
struct MarketoConnector {
    client: Client,
    names: Names,
    settings: MarketoSettings,
    runtime: tokio::runtime::Handle,
}

impl MarketoConnector {
    fn new(base: String, settings: MarketoSettings, secret: Secret, surroundings: &Surroundings) -> Self {
        let Surroundings { clock, runtime, outbound } = surroundings.clone();
        let client = Client::new(base, &settings, secret, outbound, clock);
        Self { client, names: Names::default(), settings, runtime }
    }

    /// Everything of the same operation together, each at its place.
    async fn deliver_all(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
        let mut by_operation: BTreeMap<Operation, Vec<(usize, Subject)>> = BTreeMap::new();
        for (n, item) in batch.iter().enumerate() {
            match read(item) {
                Ok((operation, subject)) => by_operation.entry(operation).or_default().push((n, subject)),
                Err(outcome) => outcomes[n] = Some(outcome),
            }
        }
        for (operation, members) in by_operation {
            let (places, subjects): (Vec<usize>, Vec<Subject>) = members.into_iter().unzip();
            let done = operations::carry_out(&self.client, &self.settings, &self.names, &operation, &subjects).await;
            for (n, outcome) in places.into_iter().zip(done) {
                outcomes[n] = Some(outcome);
            }
        }
        let unread = || Outcome::failed("effect_unreadable", "The queued effect cannot be read.");
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unread)).collect()
    }
}

fn read(item: &Outgoing) -> Result<(Operation, Subject), Outcome> {
    let EffectBody::Call(call) = &item.body else {
        return Err(Outcome::failed("wrong_effect", "A connection to Marketo delivers no messages of ours."));
    };
    let unreadable = |error: serde_json::Error| {
        Outcome::failed("effect_unreadable", format!("The queued effect cannot be read: {error}."))
    };
    let operation = operation_of(call).map_err(unreadable)?;
    Ok((operation, serde_json::from_value(call.subject.clone()).map_err(unreadable)?))
}

fn operation_of(call: &Call) -> Result<Operation, serde_json::Error> {
    serde_json::from_value(serde_json::json!({ "operation": call.operation, "target": call.target }))
}

impl Connector for MarketoConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "marketo",
            deduplicates: false,
            max_batch: MOST_AT_ONCE,
            parallel: usize::try_from(self.settings.concurrent_calls).unwrap_or(1),
            sender: None,
            per_second: None,
            warm_up: None,
        }
    }

    fn repeats_safely(&self, body: &EffectBody) -> bool {
        match body {
            EffectBody::Call(call) => operation_of(call).is_ok_and(|operation| operation.repeats_safely()),
            _ => false,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        self.runtime.block_on(self.deliver_all(batch))
    }

    fn check(&self) -> Result<String, String> {
        let checked = self.runtime.block_on(async {
            self.client.sign_in_again().await?;
            names::choices(&self.client, "workspaces", None).await
        });
        match checked {
            Ok(workspaces) => {
                let names: Vec<String> = workspaces.into_iter().map(|choice| choice.label).collect();
                Ok(format!("Signed in; the custom service sees these workspaces: {}.", names.join(", ")))
            }
            Err(trouble) => Err(trouble.message().to_owned()),
        }
    }

    fn choices(&self, what: &str, within: Option<&str>) -> Result<Vec<Choice>, String> {
        let found = self.runtime.block_on(names::choices(&self.client, what, within));
        found.map_err(|trouble: Trouble| trouble.message().to_owned())
    }
}
