//! How long things are kept, how much of them there is, and what the last run deleted.

use axum::extract::State;
use caravan_engine::retention::{self, Run};
use caravan_store::retention::Kept;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ApiState;
use crate::access::Permission::ReadDefinitions;
use crate::http::{Answer, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Health").get(
        "/api/v1/retention",
        ReadDefinitions,
        show,
        "How long activities are kept, how many there are, and what the last run deleted",
    )
}

/// What is kept for a time.
#[derive(Debug, Serialize, JsonSchema)]
struct Retention {
    /// The settings' rules over activities; without one they are kept for ever.
    rules: Vec<Rule>,
    /// How long ids refuse repeated activities.
    repeats: String,
    /// How long activities wait for a person or account that is not known.
    unknown: String,
    /// How long settled messages of webhooks are kept.
    messages: String,
    /// How long reports of receivers about mail (DMARC) are kept.
    mail_reports: String,
    /// How much there is.
    sizes: Vec<Size>,
    /// What the last run deleted.
    last_run: Option<Run>,
    /// When the next run is due; none: as soon as a server runs.
    next_run_at: Option<Timestamp>,
}

/// A rule over activities.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RetentionRule")]
struct Rule {
    /// The type of activity; `*`: every type without a rule of its own.
    activity: String,
    /// How long they are kept after they were received.
    keep: String,
}

/// How much of something there is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeptSize")]
struct Size {
    /// `activities`, `repeats` or `unknown`.
    what: &'static str,
    /// Rows; large numbers are estimated on PostgreSQL.
    rows: i64,
    /// Bytes with indexes, where the database tells.
    bytes: Option<i64>,
    /// When the oldest was received.
    oldest: Option<Timestamp>,
}

async fn show(State(state): State<ApiState>) -> Result<Answer<Retention>, Problem> {
    let report = state.blocking(|engine| Ok(retention::report(engine)?)).await?;
    let size = |(table, size): (Kept, caravan_store::retention::Size)| Size {
        what: match table {
            Kept::Activities => "activities",
            Kept::Seen => "repeats",
            Kept::Parked => "unknown",
        },
        rows: size.rows,
        bytes: size.bytes,
        oldest: size.oldest,
    };
    Ok(Answer::of(Retention {
        rules: report.rules.into_iter().map(|rule| Rule { activity: rule.name, keep: rule.keep.to_string() }).collect(),
        repeats: report.retention.repeats().to_string(),
        unknown: report.retention.unknown().to_string(),
        messages: report.retention.messages().to_string(),
        mail_reports: report.retention.mail_reports().to_string(),
        sizes: report.sizes.into_iter().map(size).collect(),
        last_run: report.last,
        next_run_at: report.next_at,
    }))
}
