//! Readings: files that were put in a span of time are taken in, one reading of an audience at a time.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::audiences::{Audience, Member};
use super::{Call, Holdings, Inner, Refusal};

/// SHA-256 of nothing: whoever sends that has hashed nobody.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// One reading.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The span of time, in seconds.
    pub window: (i64, i64),
    /// Whether it adds to what is there.
    pub differential: bool,
    /// When it was asked for, and when it is done.
    pub span: (Timestamp, Timestamp),
    /// Files that are read.
    pub files: Vec<String>,
    /// What was found in them, or why it fails.
    pub found: Result<Vec<BTreeMap<String, String>>, String>,
    /// It has come to its end.
    pub settled: bool,
}

impl Run {
    fn shown(&self, id: &str, audience: &Audience) -> Json {
        let status = match (self.settled, &self.found) {
            (false, _) => "PROCESSING",
            (true, Ok(_)) => "SUCCESS",
            (true, Err(_)) => "FAILED",
        };
        let profile = if status == "FAILED" { "NOT_STARTED" } else { status };
        json!({
            "audienceName": audience.name, "audienceId": id, "runId": self.id, "status": status,
            "differentialIngestion": self.differential, "dataFilterStartTime": self.window.0,
            "dataFilterEndTime": self.window.1, "createdAt": self.span.0.as_millisecond(), "createdBy": "caravan",
            "details": [{"stage": "DATASET_INGEST", "status": status}, {"stage": "PROFILE_STORE_INGEST", "status": profile}],
        })
    }
}

impl Inner {
    /// Readings whose time is over come to their end.
    pub(super) fn settle(&self, holdings: &mut Holdings) {
        let now = self.setup.clock.now();
        for audience in holdings.audiences.values_mut() {
            let Audience { runs, members, fields, .. } = audience;
            let identity = fields.iter().find(|field| field.identity).map(|field| field.name.clone());
            for run in runs.iter_mut().filter(|run| !run.settled && run.span.1 <= now) {
                run.settled = true;
                for cells in run.found.iter().flatten() {
                    let who = identity.as_ref().and_then(|name| cells.get(name)).cloned().unwrap_or_default();
                    let readings = members.get(&who).map_or(0, |known: &Member| known.readings) + 1;
                    members.insert(who, Member { cells: cells.clone(), read_at: run.span.1, readings });
                }
            }
        }
    }

    /// Begins a reading.
    pub(super) fn run(&self, audience: &mut Audience, unlucky: &mut usize, call: &Call) -> Result<Response, Refusal> {
        let time = |field: &str| call.body[field].as_i64();
        let from = time("dataFilterStartTime").ok_or_else(|| Refusal::invalid("dataFilterStartTime is required"))?;
        let to = time("dataFilterEndTime").unwrap_or_else(|| call.now.as_second());
        if from > to {
            return Err(Refusal::invalid("The span of time is empty"));
        }
        if audience.runs.iter().any(|run| !run.settled) {
            return Err(Refusal::new(format!("100960-{}", self.setup.busy), "A run is in progress"));
        }
        let objects = self.bucket.objects();
        let files: Vec<String> = objects
            .iter()
            .filter(|(key, file)| key.starts_with(&audience.folder) && (from..=to).contains(&file.put_at.as_second()))
            .map(|(key, _)| key.clone())
            .collect();
        let mut found = match files.is_empty() {
            true => Err("No file was put in this span of time".to_owned()),
            false => files.iter().map(|key| rows(audience, &objects[key].content)).collect::<Result<Vec<_>, _>>(),
        };
        if *unlucky > 0 {
            *unlucky -= 1;
            found = Err("The platform had a bad day".to_owned());
        }
        let run = Run {
            id: format!("run-{}", audience.runs.len() + 1),
            window: (from, to),
            differential: call.body["differentialIngestion"].as_bool().unwrap_or(true),
            span: (call.now, call.now + self.setup.reading),
            files,
            found: found.map(|all| all.into_iter().flatten().collect()),
            settled: false,
        };
        let answer = json!({
            "audienceName": audience.name, "runId": run.id, "differentialIngestion": run.differential,
            "dataFilterStartTime": from, "dataFilterEndTime": to, "createdAt": call.now.as_millisecond(), "createdBy": "caravan",
        });
        audience.runs.push(run);
        Ok(axum::Json(answer).into_response())
    }
}

/// The rows of a file, if its columns are the audience's and everybody can be known.
fn rows(audience: &Audience, content: &[u8]) -> Result<Vec<BTreeMap<String, String>>, String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(content);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let names: Vec<&str> = audience.fields.iter().map(|field| field.name.as_str()).collect();
    if header.iter().collect::<Vec<_>>() != names {
        return Err(format!("The columns are {header:?}, not {names:?}"));
    }
    let identity = audience.fields.iter().position(|field| field.identity).unwrap_or_default();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| error.to_string())?;
        match &record[identity] {
            "" => return Err("A row has no identity".to_owned()),
            "test@email.com" => return Err("The person that the platform makes up itself is in the file".to_owned()),
            _ => {}
        }
        if record.iter().any(|cell| cell == OF_NOTHING) {
            return Err("A cell is the hash of nothing".to_owned());
        }
        Ok(header.iter().zip(record.iter()).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect())
    };
    reader.records().map(row).collect()
}

fn id_of(audience: &Audience) -> &str {
    audience.custom_id.as_deref().unwrap_or_default()
}

/// One reading.
pub(super) fn one(audience: &Audience, run: &str, _: &Call) -> Option<Response> {
    let run = audience.runs.iter().find(|it| it.id == run)?;
    Some(axum::Json(run.shown(id_of(audience), audience)).into_response())
}

/// The readings, the last one first.
pub(super) fn page(audience: &Audience, call: &Call) -> Result<Response, Refusal> {
    let limit = call.query.get("limit").map_or(Some(20), |limit| limit.parse::<usize>().ok());
    let limit = limit.filter(|limit| (1..=40).contains(limit));
    let limit = limit.ok_or_else(|| Refusal::invalid("limit must be between 1 and 40"))?;
    if let Some(odd) = call.query.keys().find(|name| *name != "limit") {
        return Err(Refusal::invalid(format!("{odd} is not what this sandbox sorts by")));
    }
    let (id, total) = (id_of(audience), audience.runs.len());
    let shown: Vec<Json> = audience.runs.iter().rev().take(limit).map(|run| run.shown(id, audience)).collect();
    Ok(axum::Json(json!({"runs": shown, "_page": {"limit": limit, "count": shown.len(), "totalCount": total}}))
        .into_response())
}
