//! Segments: made, found, and in one state after another.

use std::collections::{BTreeSet, VecDeque};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{Call, Inner, Refusal, Setup};

/// How long the first build of a segment takes, and a later change.
const BUILDING: SignedDuration = SignedDuration::from_hours(48);
const UPDATING: SignedDuration = SignedDuration::from_hours(1);
/// How long nobody has used a segment that is put away.
const UNUSED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What counters look back on.
const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A segment of companies or of people.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Shown in Campaign Manager.
    pub name: String,
    /// `COMPANY` or `USER`.
    pub kind: String,
    /// Who made it.
    pub platform: String,
    /// The maker's own id.
    pub source_id: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When its members changed first and last.
    pub filled: Option<(Timestamp, Timestamp)>,
    /// Identities of its members, as JSON.
    pub members: BTreeSet<String>,
    /// Where it can be used.
    pub destinations: Vec<Destination>,
    /// How many elements came when.
    pub inputs: VecDeque<(Timestamp, i64)>,
}

/// Where a segment can be used.
#[derive(Debug, Clone, Default)]
pub struct Destination {
    /// A state that overrides what time makes of it.
    pub status: Option<String>,
}

impl Segment {
    fn status(&self, now: Timestamp) -> &'static str {
        match self.filled {
            None => "BUILDING",
            Some((first, _)) if now < first + BUILDING => "BUILDING",
            Some((_, last)) if now < last + UPDATING => "UPDATING",
            Some((_, last)) if now < last + UNUSED => "READY",
            Some(_) => "ARCHIVED",
        }
    }

    fn shown(&self, id: i64, setup: &Setup) -> Json {
        let now = setup.clock.now();
        let inputs: i64 = self.inputs.iter().filter(|(at, _)| now < *at + WINDOW).map(|(_, n)| n).sum();
        let destinations: Vec<Json> =
            self.destinations.iter().map(|it| self.destination(id, it, inputs, setup)).collect();
        json!({
            "id": id, "name": self.name, "account": format!("urn:li:sponsoredAccount:{}", setup.ad_account),
            "type": self.kind, "sourcePlatform": self.platform, "sourceSegmentId": self.source_id,
            "inputCount": inputs, "created": self.created.as_millisecond(),
            "lastModified": self.filled.map_or(self.created, |(_, last)| last).as_millisecond(),
            "destinations": destinations,
        })
    }

    fn destination(&self, id: i64, destination: &Destination, inputs: i64, setup: &Setup) -> Json {
        let status = destination.status.clone().unwrap_or_else(|| self.status(setup.clock.now()).to_owned());
        let matched = self.members.len() as i64 * setup.match_rate / 100;
        json!({
            "destination": "LINKEDIN", "destinationSegmentId": format!("urn:li:adSegment:{}", 8_000_000 + id),
            "status": status, "matchedCount": inputs * setup.match_rate / 100, "audienceSize": matched * setup.reach,
            "created": self.created.as_millisecond(), "lastModified": self.created.as_millisecond(),
        })
    }
}

impl Inner {
    fn urn(&self) -> String {
        format!("urn:li:sponsoredAccount:{}", self.setup.ad_account)
    }

    pub(super) fn find(&self, call: &Call) -> Result<Response, Refusal> {
        if call.one("q") != Some("account") {
            return Err(Refusal::new(400, "No such finder"));
        }
        if call.one("account") != Some(&self.urn()) {
            return Err(Refusal::new(404, "Could not find the ad account, or no access to it"));
        }
        let number = |name: &str, usual: usize| call.one(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
        let (start, count) = (number("start", 0), number("count", 10).min(100));
        let fits = |wanted: Option<&str>, has: Option<&str>| wanted.is_none() || wanted == has;
        let holdings = self.holdings.lock();
        let found: Vec<Json> = holdings
            .segments
            .iter()
            .filter(|(_, it)| fits(call.one("sourcePlatform"), Some(&it.platform)))
            .filter(|(_, it)| fits(call.one("sourceSegmentId"), it.source_id.as_deref()))
            .map(|(id, it)| it.shown(*id, &self.setup))
            .collect();
        let total = found.len();
        let elements: Vec<Json> = found.into_iter().skip(start).take(count).collect();
        let paging = json!({"start": start, "count": count, "links": [], "total": total});
        Ok(axum::Json(json!({"paging": paging, "elements": elements})).into_response())
    }

    pub(super) fn create(&self, call: &Call) -> Result<Response, Refusal> {
        let body = &call.body;
        let known = ["name", "sourcePlatform", "sourceSegmentId", "account", "type", "destinations", "description"];
        let fields = body.as_object().ok_or_else(|| Refusal::new(400, "The body must be an object"))?;
        if let Some(unknown) = fields.keys().find(|field| !known.contains(&field.as_str())) {
            return Err(Refusal::new(400, format!("Unrecognized field: {unknown}")));
        }
        let text = |field: &str| body[field].as_str().map(str::to_owned).filter(|text| !text.is_empty());
        let required = |field: &str| text(field).ok_or_else(|| Refusal::new(400, format!("{field} is required")));
        let (name, platform, kind) = (required("name")?, required("sourcePlatform")?, required("type")?);
        if required("account")? != self.urn() {
            return Err(Refusal::new(404, "Could not find the ad account, or no access to it"));
        }
        if !self.setup.platforms.contains(&platform) {
            return Err(Refusal::new(403, format!("Unknown sourcePlatform {platform}")));
        }
        if !["COMPANY", "USER"].contains(&kind.as_str()) {
            return Err(Refusal::new(400, format!("Unknown type {kind}")));
        }
        if body["destinations"] != json!([{"destination": "LINKEDIN"}]) {
            return Err(Refusal::new(400, "destinations must name LINKEDIN"));
        }
        let source_id = text("sourceSegmentId");
        let mut holdings = self.holdings.lock();
        let same = |it: &super::Segment| it.kind == kind && it.platform == platform && it.source_id == source_id;
        if source_id.is_some() && holdings.segments.values().any(same) {
            return Err(Refusal::new(409, "A segment with this sourceSegmentId exists"));
        }
        let id = 10_804 + holdings.segments.len() as i64;
        let segment = Segment {
            name,
            kind,
            platform,
            source_id,
            created: self.now(),
            filled: None,
            members: BTreeSet::new(),
            destinations: vec![Destination::default()],
            inputs: VecDeque::new(),
        };
        holdings.segments.insert(id, segment);
        Ok((StatusCode::CREATED, [("x-restli-id", id.to_string())]).into_response())
    }

    pub(super) fn read(&self, id: &str) -> Result<Response, Refusal> {
        let holdings = self.holdings.lock();
        let id = id.parse::<i64>().unwrap_or_default();
        let segment = holdings.segments.get(&id).ok_or_else(|| missing(id))?;
        Ok(axum::Json(segment.shown(id, &self.setup)).into_response())
    }

    pub(super) fn read_destination(&self, id: &str) -> Result<Response, Refusal> {
        let holdings = self.holdings.lock();
        let id = id.parse::<i64>().unwrap_or_default();
        let segment = holdings.segments.get(&id).ok_or_else(|| missing(id))?;
        Ok(axum::Json(segment.shown(id, &self.setup)["destinations"][0].clone()).into_response())
    }
}

pub(super) fn missing(id: i64) -> Refusal {
    Refusal::new(404, format!("Could not find DMP segment with ID {id}"))
}
