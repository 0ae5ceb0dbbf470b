//! Buckets that speak S3, Amazon's or another's: files of imports arrive there, audiences are handed over there.

mod bucket;
mod http;
mod settings;

use caravan_model::Finding;
use schemars::{Schema, schema_for};

pub use self::bucket::{Bucket, Trouble};
pub use self::settings::S3Settings;
use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, Outcome, Outgoing, SecretField, Secrets, Surroundings,
};
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
        Ok(Box::new(S3Connector { bucket, runtime: surroundings.runtime.clone() }))
    }
}

/// An open door to one bucket.
struct S3Connector {
    bucket: Bucket,
    runtime: tokio::runtime::Handle,
}

impl Connector for S3Connector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts { kind: "s3", deduplicates: true, max_batch: 1, parallel: 1, sender: None, per_second: None }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        vec![Outcome::failed("wrong_effect", "A bucket takes no messages."); batch.len()]
    }

    fn check(&self) -> Result<String, String> {
        let found = self.runtime.block_on(self.bucket.objects()).map_err(|trouble| trouble.message().to_owned())?;
        Ok(format!("The bucket answers; {} objects lie in `{}`.", found.len(), self.bucket.place()))
    }

    fn inlet(&self) -> Option<&dyn Inlet> {
        Some(&self.bucket)
    }
}
