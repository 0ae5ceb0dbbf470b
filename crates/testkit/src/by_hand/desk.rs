//! The desk: shows what the systems hold, and makes them misbehave.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Systems;
use crate::fakes::linkedin::Segment;
use crate::fakes::{Aep, Fault, Faults};

/// Codes that a fault may be made of: Marketo Engage's, and statuses.
const CODES: [&str; 25] = [
    "400", "401", "403", "404", "409", "426", "429", "500", "502", "503", "601", "602", "603", "604", "606", "607",
    "608", "611", "614", "615", "713", "719", "1003", "1013", "1019",
];

/// The longest that an answer may take, in seconds.
const SLOWEST: u64 = 3_600;

/// What shall go wrong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    /// `marketo`, `linkedin`, `enrichment`, `routing`, `s3`, `platform` or `receiver`.
    system: String,
    /// Calls whose path contains this; left out: all.
    #[serde(default)]
    path: String,
    /// How many of them to let through before.
    #[serde(default)]
    after: usize,
    /// How many go wrong.
    #[serde(default = "once")]
    times: usize,
    /// `before:CODE`, `after:CODE`, `status:STATUS`, `slow:SECONDS`, `hang_up_before`, `hang_up_after`, `garbage`,
    /// `truncated` or `short`.
    fault: String,
}

fn once() -> usize {
    1
}

pub fn router(systems: Arc<Systems>) -> Router {
    Router::new()
        .route("/", get(held))
        .route("/faults", post(plan))
        .route("/webhook_secret", post(trust))
        .with_state(systems)
}

/// Everything that the systems hold.
async fn held(State(systems): State<Arc<Systems>>) -> Json<Value> {
    let Systems { marketo, linkedin, enrichment, routing, bucket, twilio, platform, receiver } = &*systems;
    let calls = |service: &crate::fakes::Service| -> Vec<Value> {
        service.accepted().into_iter().map(|call| call.body["objectData"].clone()).collect()
    };
    Json(json!({
        "marketo": marketo.with(|holdings| json!({
            "people": holdings.leads.iter().map(|(id, lead)| json!({"id": id, "email": lead.email, "fields": lead.fields})).collect::<Vec<_>>(),
            "lists": holdings.lists.values().map(|list| json!({"name": list.name, "members": list.members})).collect::<Vec<_>>(),
            "campaigns": holdings.campaigns.values().map(|it| json!({"name": it.name, "requested": it.requested})).collect::<Vec<_>>(),
        })),
        "linkedin": linkedin.with(|holdings| holdings.segments.values().map(audience).collect::<Vec<_>>()),
        "enrichment": calls(enrichment),
        "routing": calls(routing),
        "s3": bucket.objects().keys().collect::<Vec<_>>(),
        "twilio": twilio.messages(),
        "platform": read(platform),
        "receiver": {
            "taken": receiver.taken().into_iter().map(|it| it.body).collect::<Vec<_>>(),
            "refused": receiver.refused(),
        },
    }))
}

fn audience(segment: &Segment) -> Value {
    let companies = segment.members.iter().filter_map(|company| serde_json::from_str::<Value>(company).ok());
    json!({"audience": segment.name, "companies": companies.collect::<Vec<_>>()})
}

/// The audiences of the platform with whom it has read so far.
fn read(platform: &Aep) -> Vec<Value> {
    let names: Vec<String> = platform.with(|holdings| holdings.audiences.values().map(|it| it.name.clone()).collect());
    names.into_iter().map(|name| json!({"audience": name, "people": platform.members(&name)})).collect()
}

/// The receiver of webhooks learns the secret that messages are signed with.
async fn trust(State(systems): State<Arc<Systems>>, secret: String) -> (StatusCode, &'static str) {
    match secret.lines().map(str::trim).find(|line| line.starts_with("whsec_")) {
        Some(secret) => {
            systems.receiver.trusts(secret);
            (StatusCode::OK, "From now on the receiver takes what is signed with it.\n")
        }
        None => (StatusCode::BAD_REQUEST, "A secret begins with `whsec_`.\n"),
    }
}

/// Plans a fault.
async fn plan(State(systems): State<Arc<Systems>>, Json(planned): Json<Planned>) -> (StatusCode, String) {
    let faults: &Faults = match planned.system.as_str() {
        "marketo" => systems.marketo.faults(),
        "linkedin" => systems.linkedin.faults(),
        "enrichment" => systems.enrichment.faults(),
        "routing" => systems.routing.faults(),
        "s3" => systems.bucket.faults(),
        "platform" => systems.platform.faults(),
        "receiver" => systems.receiver.faults(),
        other => return (StatusCode::BAD_REQUEST, format!("No system `{other}` can be made to misbehave.\n")),
    };
    let Some(fault) = fault(&planned.fault) else {
        return (StatusCode::BAD_REQUEST, format!("`{}` is no fault.\n", planned.fault));
    };
    faults.plan(&planned.path, planned.after, planned.times, fault);
    (StatusCode::OK, "Planned.\n".to_owned())
}

fn fault(written: &str) -> Option<Fault> {
    let known = |code: &str| CODES.into_iter().find(|known| *known == code);
    Some(match written.split_once(':') {
        Some(("before", code)) => Fault::CodeBefore(known(code)?),
        Some(("after", code)) => Fault::CodeAfter(known(code)?),
        Some(("status", status)) => Fault::Status(status.parse().ok().filter(|status| (400..600).contains(status))?),
        Some(("slow", seconds)) => Fault::Slow(Duration::from_secs(seconds.parse().ok().filter(|it| *it <= SLOWEST)?)),
        Some(_) => return None,
        None => match written {
            "hang_up_before" => Fault::HangUpBefore,
            "hang_up_after" => Fault::HangUpAfter,
            "garbage" => Fault::Garbage,
            "truncated" => Fault::Truncated,
            "short" => Fault::Short,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_words() {
        assert_eq!(fault("before:606"), Some(Fault::CodeBefore("606")));
        assert_eq!(fault("after:604"), Some(Fault::CodeAfter("604")));
        assert_eq!(fault("status:502"), Some(Fault::Status(502)));
        assert_eq!(fault("hang_up_after"), Some(Fault::HangUpAfter));
        assert_eq!(fault("truncated"), Some(Fault::Truncated));
        assert_eq!(fault("short"), Some(Fault::Short));
        assert_eq!(fault("slow:90"), Some(Fault::Slow(Duration::from_secs(90))));
        for wrong in ["slow:", "slow:86400", "before:999", "status:200", "status:x", "sulk", "sulk:1"] {
            assert_eq!(fault(wrong), None, "{wrong}");
        }
    }
}
