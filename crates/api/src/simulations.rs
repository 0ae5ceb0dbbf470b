//! Simulations: a journey runs on a copy of the store, in virtual time.

use axum::extract::State;
use caravan_engine::simulate::{
    ScriptedActivity, ScriptedAnswer, ScriptedReaction, SimulateRequest, Simulated, SimulationReport, TimelineLine,
    simulate,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission;
use crate::http::{Answer, Json, Operations, Path, Problem};

/// Rendered messages of each email that one may ask for.
const MOST_SAMPLES: usize = 20;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Journeys").post(
        "/api/v1/journeys/{key}/simulate",
        Permission::RunJourneys,
        run,
        "Run it on a copy of the store, in virtual time",
    )
}

#[derive(Deserialize, JsonSchema)]
struct JourneyPath {
    /// The journey's key.
    key: String,
}

/// What a simulation runs through.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Simulation {
    /// Where virtual time begins.
    from: Timestamp,
    /// Where it stops, at the latest.
    until: Timestamp,
    /// The seed of whatever is random.
    #[serde(default)]
    seed: u64,
    /// What happens meanwhile.
    #[serde(default)]
    activities: Vec<ScriptedActivity>,
    /// What those do who come to listen nodes: each the first that takes them. Whom none takes does nothing.
    #[serde(default)]
    reactions: Vec<ScriptedReaction>,
    /// What external services answer: to each call the first that fits. A call that none fits is never answered.
    #[serde(default)]
    answers: Vec<ScriptedAnswer>,
    /// How many rendered messages of each email are told, at most 20.
    #[serde(default)]
    #[schemars(range(max = 20))]
    samples: usize,
    /// Key of the account or person whose steps are told.
    #[serde(default)]
    follow: Option<String>,
}

/// What a simulation found, and the steps of the one who was followed.
#[derive(Serialize, JsonSchema)]
struct Outcome {
    #[serde(flatten)]
    report: SimulationReport,
    /// The steps of the traveller to follow, in their order; empty when nobody was named or the traveller never entered.
    timeline: Vec<TimelineLine>,
}

async fn run(
    State(state): State<ApiState>,
    Path(path): Path<JourneyPath>,
    Json(given): Json<Simulation>,
) -> Result<Answer<Outcome>, Problem> {
    // A simulation copies the store: one at a time.
    let _place = state.simulations.clone().acquire_owned().await.map_err(Problem::internal)?;
    let run = state.blocking(move |engine| {
        let mut timeline = Vec::new();
        let mut take = |line: TimelineLine| {
            if given.follow.as_ref() == Some(&line.traveller) {
                timeline.push(line);
            }
        };
        let request = SimulateRequest {
            journey: Simulated::Stored(path.key),
            from: given.from,
            until: given.until,
            seed: given.seed,
            activities: given.activities,
            reactions: given.reactions,
            answers: given.answers,
            timelines: if given.follow.is_some() { Some(&mut take) } else { None },
            samples: given.samples.min(MOST_SAMPLES),
        };
        let report = simulate(engine, request)?;
        Ok(Outcome { report, timeline })
    });
    Ok(Answer::of(run.await?))
}
