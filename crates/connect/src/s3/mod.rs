//! Buckets that speak S3, Amazon's or another's: files of imports arrive there, audiences are handed over there.

mod bucket;
mod http;
mod settings;

use caravan_model::{Clock, Finding};
use schemars::{Schema, schema_for};

pub use self::bucket::{Bucket, Trouble};
pub use self::settings::S3Settings;
use crate::audiences::by_audience;
use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, Outcome, Outgoing, SecretField, Secrets, Surroundings,
};
use crate::external_audiences::TakesPeople;
use crate::external_audiences::csv::{CHANGEABLE, CSV, FileSettings, MOST_IN_A_FILE, handed_over};
use crate::inlet::Inlet;

/// Connections to buckets.
#[derive(Debug)]
pub struct S3;

/// The secrets of a bucket.
pub const SECRETS: &[SecretField] = &[
    SecretField { key: "access_key_id", help: "Id of the access key.", required: true },
    SecretField { key: "secret_access_key", help: "The access key's secret.", required: true },
    SecretField { key: "session_token", help: "Session token, where the keys hold for a while only.", required: false },
];

impl ConnectorKind for S3 {
    fn key(&self) -> &'static str {
        "s3"
    }

    fn label(&self) -> &'static str {
        "S3 bucket"
    }

    fn description(&self) -> &'static str {
        "A bucket of Amazon S3 or of a store that speaks like it. Files of imports arrive there, audiences are handed over \
         there."
    }

    fn settings_schema(&self) -> Schema {
        schema_for!(S3Settings)
    }

    fn secrets(&self) -> &'static [SecretField] {
        SECRETS
    }

    fn check_settings(&self, settings: &serde_json::Value) -> Vec<Finding> {
        S3Settings::read(settings).err().unwrap_or_default()
    }

    fn open(
        &self,
        settings: &serde_json::Value,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        let settings = S3Settings::read(settings)?;
        let bucket = Bucket::open(&settings, secrets, surroundings)?;
        let Surroundings { clock, runtime, .. } = surroundings.clone();
        Ok(Box::new(S3Connector { bucket, clock, runtime }))
    }

    fn destination_schema(&self) -> Option<Schema> {
        Some(schema_for!(FileSettings))
    }

    fn check_destination(&self, settings: &serde_json::Value) -> Vec<Finding> {
        FileSettings::read(settings).err().unwrap_or_default()
    }

    fn changeable_settings(&self) -> &'static [&'static str] {
        CHANGEABLE
    }

    fn takes_people(&self) -> Option<&dyn TakesPeople> {
        Some(&CSV)
    }
}

/// An open door to one bucket.
struct S3Connector {
    bucket: Bucket,
    clock: Clock,
    runtime: tokio::runtime::Handle,
}

impl Connector for S3Connector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "s3",
            deduplicates: true,
            max_batch: MOST_IN_A_FILE,
            parallel: 1,
            sender: None,
            per_second: None,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        by_audience(batch, |audience, asked| {
            handed_over(audience, asked, self.clock.now(), |folder, name, content| {
                let name = format!("{folder}/{name}");
                self.runtime.block_on(self.bucket.put(&name, content)).map_err(Trouble::outcome)
            })
        })
    }

    fn check(&self) -> Result<String, String> {
        let found = self.runtime.block_on(self.bucket.objects()).map_err(|trouble| trouble.message().to_owned())?;
        Ok(format!("The bucket answers; {} objects lie in `{}`.", found.len(), self.bucket.place()))
    }

    fn inlet(&self) -> Option<&dyn Inlet> {
        Some(&self.bucket)
    }
}
