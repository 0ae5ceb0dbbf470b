//! External audiences: made behind the call, with the checks of the documentation.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::runs::Run;
use super::{Call, Holdings, Inner, Refusal};

const TYPES: [&str; 7] = ["string", "number", "long", "integer", "date", "datetime", "boolean"];
const KNOWN: [&str; 14] = [
    "name",
    "description",
    "customAudienceId",
    "fields",
    "sourceSpec",
    "ttlInDays",
    "labels",
    "tags",
    "audienceType",
    "originName",
    "namespace",
    "expressActivation",
    "dependents",
    "dependencies",
];

/// An external audience.
#[derive(Debug, Clone)]
pub struct Audience {
    /// Its name.
    pub name: String,
    /// The caller's own id of it.
    pub custom_id: Option<String>,
    /// Who made it: `CUSTOM_UPLOAD`, or another way.
    pub origin: String,
    /// Its columns.
    pub fields: Vec<Field>,
    /// The folder of the bucket that is read.
    pub folder: String,
    /// How long a member stays who is not told again.
    pub ttl_days: i64,
    /// The operation that makes it, and when that is done.
    pub operation: (String, Timestamp),
    /// It could not be made.
    pub unmade: bool,
    /// Its readings, oldest first.
    pub runs: Vec<Run>,
    /// Whoever was ever read, by identity.
    pub members: BTreeMap<String, Member>,
}

/// A column of an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether people are known by it.
    pub identity: bool,
}

/// A person as the last file had them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Cells by column.
    pub cells: BTreeMap<String, String>,
    /// When they were last read.
    pub read_at: Timestamp,
    /// In how many readings they were.
    pub readings: usize,
}

impl Audience {
    /// Whether it can be used.
    pub fn is_made(&self, now: Timestamp) -> bool {
        !self.unmade && now >= self.operation.1
    }

    /// Whoever is in it, by identity.
    pub fn present(&self, now: Timestamp) -> impl Iterator<Item = (&str, &Member)> {
        let ttl = SignedDuration::from_hours(24 * self.ttl_days);
        self.members.iter().filter(move |(_, it)| now < it.read_at + ttl).map(|(identity, it)| (identity.as_str(), it))
    }
}

impl Inner {
    /// Begins to make an audience.
    pub(super) fn create(&self, holdings: &mut Holdings, call: &Call) -> Result<Response, Refusal> {
        let body = call.body.as_object().ok_or_else(|| Refusal::invalid("The body must be an object"))?;
        if let Some(odd) = body.keys().find(|field| !KNOWN.contains(&field.as_str())) {
            return Err(Refusal::invalid(format!("Unknown field {odd}")));
        }
        let text = |value: &Json, field: &str| {
            let text = value[field].as_str().map(str::to_owned).filter(|text| !text.trim().is_empty());
            text.ok_or_else(|| Refusal::invalid(format!("{field} is required")))
        };
        let (name, fields) = (text(&call.body, "name")?, fields(&call.body["fields"])?);
        let source = &call.body["sourceSpec"];
        let is = |value: &Json, field: &str, allowed: &[&str]| match value[field].as_str() {
            Some(given) if allowed.contains(&given) => Ok(()),
            given => Err(Refusal::invalid(format!("{field} cannot be {given:?}"))),
        };
        is(source, "type", &["folder"])?;
        is(source, "sourceType", &["Cloud Storage"])?;
        is(source, "cloudType", &["S3"])?;
        is(source, "baseConnectionId", &[&self.setup.base_connection_id])?;
        is(&call.body, "audienceType", &["people"])?;
        is(&call.body, "originName", &["CUSTOM_UPLOAD"])?;
        let ttl_days = call.body.get("ttlInDays").map_or(Some(30), Json::as_i64).unwrap_or_default();
        if !(1..=90).contains(&ttl_days) {
            return Err(Refusal::invalid("ttlInDays must be between 1 and 90"));
        }
        let custom_id = call.body["customAudienceId"].as_str().map(str::to_owned);
        let same = |it: &Audience| it.name == name || (custom_id.is_some() && it.custom_id == custom_id);
        if holdings.audiences.values().any(|it| !it.unmade && same(it)) {
            return Err(Refusal::new("100950-409", "An audience of this name or id exists"));
        }
        let number = holdings.audiences.len() + 1;
        let unmade = holdings.unmade > 0;
        holdings.unmade = holdings.unmade.saturating_sub(1);
        let audience = Audience {
            name,
            custom_id,
            origin: "CUSTOM_UPLOAD".to_owned(),
            fields,
            folder: text(source, "path")?,
            ttl_days,
            operation: (format!("operation-{number}"), call.now + self.setup.making),
            unmade,
            runs: Vec::new(),
            members: BTreeMap::new(),
        };
        let answer = json!({"operationId": audience.operation.0, "operationDetails": call.body});
        holdings.audiences.insert(format!("audience-{number}"), audience);
        Ok((StatusCode::ACCEPTED, axum::Json(answer)).into_response())
    }
}

fn fields(given: &Json) -> Result<Vec<Field>, Refusal> {
    let mut names = BTreeSet::new();
    let given = given.as_array().filter(|all| !all.is_empty()).ok_or_else(|| Refusal::invalid("fields is required"))?;
    let field = |field: &Json| {
        let name = field["name"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Refusal::invalid("A field needs a name"))?.to_owned();
        if !field["type"].as_str().is_some_and(|given| TYPES.contains(&given)) {
            return Err(Refusal::invalid(format!("The field {name} has no type that is known")));
        }
        if !names.insert(name.clone()) {
            return Err(Refusal::invalid(format!("The field {name} is there twice")));
        }
        Ok(Field { name, identity: field["identityNs"].is_string() })
    };
    let fields = given.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    match fields.iter().filter(|field| field.identity).count() {
        1 => Ok(fields),
        n => Err(Refusal::invalid(format!("One field must be the identity, not {n}"))),
    }
}

/// How making an audience fares.
pub(super) fn operation(holdings: &Holdings, operation: &str, now: Timestamp) -> Option<Response> {
    let (id, audience) = holdings.audiences.iter().find(|(_, it)| it.operation.0 == operation)?;
    let status = match (now >= audience.operation.1, audience.unmade) {
        (false, _) => "PROCESSING",
        (true, true) => "FAILED",
        (true, false) => "SUCCESS",
    };
    let made = audience.is_made(now).then_some(id);
    let answer = json!({
        "operationId": operation, "status": status, "operationDetails": {"name": audience.name},
        "audienceName": audience.name, "audienceId": made, "createdAt": now.as_millisecond(),
    });
    Some(axum::Json(answer).into_response())
}
