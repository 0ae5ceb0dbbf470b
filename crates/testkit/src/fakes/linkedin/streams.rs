//! Streams: a vector of verdicts for a vector of elements, or nothing at all in versions of old.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

use super::elements::{company, person};
use super::segments::missing;
use super::{Call, Inner, Refusal};

const MOST_ELEMENTS: usize = 5_000;
/// Since this version elements succeed and fail one by one.
const ONE_BY_ONE: u32 = 202_502;

impl Inner {
    pub(super) fn stream(&self, call: &Call, id: &str, kind: &str) -> Result<Response, Refusal> {
        let (companies, users) = self.setup.per_minute;
        match kind {
            "COMPANY" => self.within_limit("companies", companies)?,
            _ => self.within_limit("users", users)?,
        }
        let elements = call.body["elements"].as_array().ok_or_else(|| Refusal::new(400, "elements is required"))?;
        if elements.len() > MOST_ELEMENTS {
            return Err(Refusal::new(400, format!("At most {MOST_ELEMENTS} elements")));
        }
        let id = id.parse::<i64>().unwrap_or_default();
        let now = self.now();
        let mut holdings = self.holdings.lock();
        let visible =
            holdings.segments.get(&id).filter(|it| it.kind == kind && now >= it.created + self.setup.visible_after);
        if visible.is_none() {
            return Err(missing(id));
        }
        let verdicts: Vec<Result<(bool, String), (u16, String)>> = elements
            .iter()
            .map(|element| {
                let identity = if kind == "COMPANY" { company(element) } else { person(element) };
                let identity = identity.map_err(|why| (400, why))?;
                let name = element["companyName"].as_str().unwrap_or_default();
                if holdings.refused.contains(name) {
                    return Err((400, "Invalid company".to_owned()));
                }
                if holdings.unlucky.remove(name) {
                    return Err((503, "Try again".to_owned()));
                }
                Ok((element["action"] == "ADD", identity))
            })
            .collect();
        if call.version < ONE_BY_ONE
            && let Some(Err((_, why))) = verdicts.iter().find(|verdict| verdict.is_err())
        {
            return Err(Refusal::new(400, why.clone()));
        }
        let taken: Vec<Json> =
            elements.iter().zip(&verdicts).filter(|(_, v)| v.is_ok()).map(|(e, _)| e.clone()).collect();
        let segment = holdings.segments.get_mut(&id).expect("it is visible");
        for (adds, identity) in verdicts.iter().flatten() {
            match adds {
                true => segment.members.insert(identity.clone()),
                false => segment.members.remove(identity),
            };
        }
        if !taken.is_empty() {
            segment.filled = Some((segment.filled.map_or(now, |(first, _)| first), now));
            segment.inputs.push_back((now, taken.len() as i64));
        }
        holdings.streamed.extend(taken.into_iter().map(|element| (id, element)));
        let said = |verdict: &Result<(bool, String), (u16, String)>| match verdict {
            Ok(_) => json!({"status": 201}),
            Err((status, why)) => json!({"status": status, "error": {"message": why, "status": status}}),
        };
        Ok(axum::Json(json!({"elements": verdicts.iter().map(said).collect::<Vec<_>>()})).into_response())
    }
}

/// What an element says beside its action: whoever takes it out must say the same.
pub(super) fn identity(element: &Map<String, Json>) -> String {
    let facts: BTreeMap<&String, &Json> = element.iter().filter(|(name, _)| *name != "action").collect();
    serde_json::to_string(&facts).expect("facts are JSON")
}
