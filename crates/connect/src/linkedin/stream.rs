//! Companies on their way into a segment or out of it, thousands in a call, each with a verdict of its own.

use indexmap::IndexMap;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::client::{Client, Refusal, Request};
use crate::connector::Outcome;

/// Most elements in one call.
const MOST_ELEMENTS: usize = 5_000;
/// Stands for a segment that LinkedIn does not know, until somebody has looked why.
const MISSING: &str = "linkedin_segment_missing";

/// What LinkedIn says of one element.
#[derive(Debug, Deserialize)]
struct Verdict {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    error: Option<Why>,
}

#[derive(Debug, Deserialize)]
struct Why {
    #[serde(default)]
    message: String,
}

/// Says `action` of elements, each of the change with its number, and writes into `outcomes` what did not work. The same
/// element is said once. Returns whether LinkedIn does not know the segment.
pub async fn send(
    client: &Client,
    segment: &str,
    action: &str,
    elements: Vec<(usize, &Json)>,
    outcomes: &mut [Outcome],
) -> bool {
    let mut once: IndexMap<String, (Json, Vec<usize>)> = IndexMap::new();
    for (n, element) in elements {
        let (_, changes) =
            once.entry(element.to_string()).or_insert_with(|| (with_action(element, action), Vec::new()));
        changes.push(n);
    }
    let all: Vec<(Json, Vec<usize>)> = once.into_values().collect();
    let (mut missing, mut shut): (bool, Option<Outcome>) = (false, None);
    for batch in all.chunks(MOST_ELEMENTS) {
        let said = match &shut {
            Some(shut) => vec![Some(shut.clone()); batch.len()],
            None => call(client, segment, batch).await,
        };
        shut = said.iter().flatten().find(|outcome| matches!(outcome, Outcome::Shut { .. })).cloned();
        missing |= said.iter().flatten().any(is_missing);
        for ((_, changes), outcome) in batch.iter().zip(said) {
            let Some(outcome) = outcome else { continue };
            changes.iter().for_each(|n| outcomes[*n] = outcome.clone());
        }
    }
    missing
}

/// Whether it stands for a segment that LinkedIn does not know.
pub fn is_missing(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { code, .. } if code == MISSING)
}

fn with_action(element: &Json, action: &str) -> Json {
    let mut element = element.clone();
    element["action"] = action.into();
    element
}

/// One call; what did not work of each element.
async fn call(client: &Client, segment: &str, batch: &[(Json, Vec<usize>)]) -> Vec<Option<Outcome>> {
    #[derive(Deserialize)]
    struct Vector {
        #[serde(default)]
        elements: Vec<Json>,
    }
    let elements: Vec<&Json> = batch.iter().map(|(element, _)| element).collect();
    let body = json!({ "elements": elements });
    let request = Request {
        method: Method::POST,
        path: format!("/dmpSegments/{segment}/companies"),
        query: Vec::new(),
        named: Some("BATCH_CREATE"),
        body: Some(&body),
    };
    let all = |outcome: Outcome| vec![Some(outcome); batch.len()];
    match client.call(&request).await {
        Ok(answer) => match answer.json::<Vector>() {
            Ok(vector) => {
                let said: Vec<Option<Outcome>> = vector.elements.into_iter().map(judged).collect();
                // Of whom the answer says nothing, nothing is known.
                (0..batch.len()).map(|n| said.get(n).cloned().unwrap_or_else(|| Some(unsaid()))).collect()
            }
            Err(why) => all(Outcome::retry("linkedin_unexpected", why)),
        },
        Err(Refusal::Missing(message)) => all(Outcome::failed(MISSING, message)),
        Err(refusal) => all(refusal.outcome()),
    }
}

fn judged(said: Json) -> Option<Outcome> {
    let Ok(Verdict { status, error }) = serde_json::from_value(said) else { return Some(unsaid()) };
    let message: String = error.map(|why| why.message).unwrap_or_default();
    let message: String = message.chars().filter(|c| !c.is_control()).take(300).collect();
    match status {
        200..=299 => None,
        408 | 423 | 429 | 500.. => Some(Outcome::retry(format!("linkedin_{status}"), said_of(status, &message))),
        _ => Some(Outcome::failed(format!("linkedin_{status}"), said_of(status, &message))),
    }
}

fn said_of(status: u16, message: &str) -> String {
    format!("LinkedIn says of this company: {message} (status {status}).")
}

fn unsaid() -> Outcome {
    Outcome::retry("linkedin_unexpected", "LinkedIn's answer says nothing of this company.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_told_apart() {
        assert_eq!(judged(json!({"status": 201})), None);
        assert!(matches!(judged(json!({"status": 400, "error": {"message": "no"}})), Some(Outcome::Failed { .. })));
        for passing in [json!({"status": 503}), json!({"status": 429}), json!("surprise")] {
            assert!(matches!(judged(passing.clone()), Some(Outcome::Retry { .. })), "{passing}");
        }
    }
}
