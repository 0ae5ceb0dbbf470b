//! The segment that an audience is at LinkedIn: found by our own id of it, made when it is missing, asked how it stands.
//!
//! A segment that was just made cannot be filled yet: for a minute or two LinkedIn answers that it does not know it.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use reqwest::Method;
use serde::{Deserialize, Deserializer};
use serde_json::{Value as Json, json};

use super::client::{Client, Refusal, Request};
use super::settings::DestinationSettings;
use crate::audiences::{Audience, Standing};
use crate::connector::{Choice, Outcome};

/// How long after it was made a segment may stay unknown.
const PREPARING: SignedDuration = SignedDuration::from_mins(10);
/// The first pause before a new segment is filled, and the longest.
const PAUSES_SECS: (i64, i64) = (5, 60);
/// Segments on one page, and the most pages that are read.
const PAGE: usize = 100;
const MOST_PAGES: usize = 50;
/// A campaign needs so many members.
pub const MINIMUM: i64 = 300;
/// What LinkedIn calls a segment of companies, and itself as a destination.
const COMPANY: &str = "COMPANY";
const LINKEDIN: &str = "LINKEDIN";

/// What is known of segments, by our own ids of them.
#[derive(Default)]
pub struct Segments(Mutex<HashMap<String, Known>>);

#[derive(Debug, Clone)]
struct Known {
    id: String,
    /// None where this process did not see it being made.
    made_at: Option<Timestamp>,
    /// Not looked for again before this: it was not there.
    gone_until: Option<Timestamp>,
}

/// A segment as LinkedIn tells of it.
#[derive(Debug, Clone, Deserialize)]
struct Segment {
    #[serde(deserialize_with = "text_or_number")]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(rename = "sourceSegmentId", default)]
    source_id: Option<String>,
    /// Milliseconds.
    #[serde(default)]
    created: Option<i64>,
    #[serde(default)]
    destinations: Vec<Destination>,
}

#[derive(Debug, Clone, Deserialize)]
struct Destination {
    destination: String,
    #[serde(default)]
    status: String,
    #[serde(rename = "audienceSize", default)]
    size: Option<i64>,
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Json::deserialize(deserializer)? {
        Json::String(text) => text,
        other => other.to_string(),
    })
}

impl Segment {
    fn made_at(&self) -> Option<Timestamp> {
        self.created.and_then(|millis| Timestamp::from_millisecond(millis).ok())
    }

    fn standing(&self) -> Standing {
        let here = self.destinations.iter().find(|it| it.destination == LINKEDIN);
        let status = here.map_or("BUILDING", |here| here.status.as_str());
        let size = here.and_then(|here| here.size);
        let (usable, meaning) = meaning(status);
        let below = size.is_none_or(|size| size < MINIMUM);
        let note = match (usable, size, below) {
            (false, ..) => meaning.to_owned(),
            (true, Some(size), true) => {
                format!("{meaning} It reaches {size} members; LinkedIn shows ads to audiences of at least {MINIMUM}.")
            }
            (true, None, _) => format!(
                "{meaning} How many members it reaches is not known yet; LinkedIn shows ads to audiences of at least \
                 {MINIMUM}."
            ),
            (true, Some(size), false) => format!("{meaning} It reaches {size} members."),
        };
        Standing { remote_id: self.id.clone(), status: status.to_owned(), usable, size, note }
    }
}

/// Whether campaigns may use a segment in this state, and what the state means.
fn meaning(status: &str) -> (bool, &'static str) {
    match status {
        "BUILDING" => (true, "LinkedIn is building it for the first time, which takes up to 48 hours."),
        "UPDATING" => (true, "LinkedIn is taking in what changed."),
        "READY" => (true, "It is ready."),
        "ARCHIVED" => (true, "LinkedIn put it away because nobody used it; new members or a campaign bring it back."),
        "EXPIRED" => (false, "LinkedIn let it expire: it can no longer be used."),
        "FAILED" | "ERROR" => {
            (false, "LinkedIn could not build it. Ask LinkedIn's support with the id of the segment.")
        }
        _ => (false, "LinkedIn says nothing of this state that Caravan understands."),
    }
}

impl Segments {
    /// The segment of an audience; it is made where that is wanted. None: there is none.
    pub async fn id(
        &self,
        client: &Client,
        platform: &str,
        audience: &Audience,
        destination: &DestinationSettings,
        make: bool,
    ) -> Result<Option<String>, Outcome> {
        let known = self.0.lock().get(&audience.source_id).cloned();
        if let Some(known) = known {
            return if known.is_gone(client.now()) { Err(gone(audience)) } else { Ok(Some(known.id)) };
        }
        if let Some(id) = &audience.remote_id {
            self.remember(audience, id.clone(), None);
            return Ok(Some(id.clone()));
        }
        if let Some(found) = find(client, platform, audience, destination).await.map_err(about_account)? {
            self.remember(audience, found.id.clone(), found.made_at());
            return Ok(Some(found.id));
        }
        if !make {
            return Ok(None);
        }
        match self.make(client, platform, audience, destination).await {
            Ok(()) => Err(preparing(audience, SignedDuration::ZERO)),
            // Somebody made it at the same time: it is found the next time.
            Err(Refusal::Taken) => Err(preparing(audience, SignedDuration::ZERO)),
            Err(refusal) => Err(about_account(refusal)),
        }
    }

    async fn make(
        &self,
        client: &Client,
        platform: &str,
        audience: &Audience,
        destination: &DestinationSettings,
    ) -> Result<(), Refusal> {
        let body = json!({
            "name": audience.name,
            "sourcePlatform": platform,
            "sourceSegmentId": audience.source_id,
            "account": destination.urn(),
            "type": COMPANY,
            "destinations": [{ "destination": LINKEDIN }],
        });
        let path = "/dmpSegments".to_owned();
        let request = Request { method: Method::POST, path, query: Vec::new(), named: None, body: Some(&body) };
        let answer = client.call(&request).await?;
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // Without an id it is found by ours the next time.
        if let Some(id) = header("x-restli-id").or_else(|| header("x-linkedin-id")) {
            self.remember(audience, id, Some(client.now()));
        }
        Ok(())
    }

    /// LinkedIn does not know the segment that was to be filled: it is not ready yet, or is there no more.
    pub async fn missing(
        &self,
        client: &Client,
        platform: &str,
        audience: &Audience,
        destination: &DestinationSettings,
    ) -> Outcome {
        let now = client.now();
        let known = self.0.lock().get(&audience.source_id).cloned();
        let age = known.as_ref().and_then(|known| known.made_at).map(|made_at| now.duration_since(made_at));
        if let Some(age) = age.filter(|age| *age < PREPARING) {
            return preparing(audience, age);
        }
        match find(client, platform, audience, destination).await {
            Ok(Some(found)) => {
                let age = found.made_at().map_or(PREPARING, |made_at| now.duration_since(made_at));
                let same = known.is_some_and(|known| known.id == found.id);
                self.remember(audience, found.id.clone(), found.made_at());
                if !same || age < PREPARING { preparing(audience, age) } else { self.give_up(audience, found.id, now) }
            }
            Ok(None) => self.give_up(audience, known.map(|known| known.id).unwrap_or_default(), now),
            Err(refusal) => about_account(refusal),
        }
    }

    fn give_up(&self, audience: &Audience, id: String, now: Timestamp) -> Outcome {
        let gone_until = Some(now + PREPARING);
        self.0.lock().insert(audience.source_id.clone(), Known { id, made_at: None, gone_until });
        gone(audience)
    }

    fn remember(&self, audience: &Audience, id: String, made_at: Option<Timestamp>) {
        self.0.lock().insert(audience.source_id.clone(), Known { id, made_at, gone_until: None });
    }
}

impl Known {
    fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_until.is_some_and(|until| now < until)
    }
}

/// Nobody tries it before a moment has passed; longer the longer it takes.
fn preparing(audience: &Audience, age: SignedDuration) -> Outcome {
    let pause = age.as_secs().clamp(PAUSES_SECS.0, PAUSES_SECS.1);
    Outcome::Shut {
        after: Some(Duration::from_secs(pause.unsigned_abs())),
        code: "linkedin_preparing".to_owned(),
        message: format!("LinkedIn is preparing the audience `{}`, which takes a minute or two.", audience.name),
    }
}

fn gone(audience: &Audience) -> Outcome {
    let message = format!(
        "LinkedIn does not know the audience `{}` any more: it was deleted in Campaign Manager. Name another audience.",
        audience.name
    );
    Outcome::failed("linkedin_audience_gone", message)
}

/// Finding and making segments is refused for the ad account as a whole: whoever waits there waits for somebody to mend it.
fn about_account(refusal: Refusal) -> Outcome {
    let shut = |code: &str, message: String| {
        Outcome::shut(code, format!("{message} Check the number of the ad account, and who consented."))
    };
    match refusal {
        Refusal::Missing(message) => shut("linkedin_ad_account", message),
        Refusal::Invalid(message) => shut("linkedin_400", message),
        other => other.outcome(),
    }
}

/// The segment of companies that has our id, among those of the ad account.
async fn find(
    client: &Client,
    platform: &str,
    audience: &Audience,
    destination: &DestinationSettings,
) -> Result<Option<Segment>, Refusal> {
    let more = vec![("sourcePlatform", platform.to_owned()), ("sourceSegmentId", audience.source_id.clone())];
    let all = companies(client, destination, more).await?;
    Ok(all.into_iter().find(|segment| segment.source_id.as_deref() == Some(audience.source_id.as_str())))
}

/// Segments of companies of an ad account. People may have segments under the same id.
async fn companies(
    client: &Client,
    destination: &DestinationSettings,
    more: Vec<(&'static str, String)>,
) -> Result<Vec<Segment>, Refusal> {
    #[derive(Deserialize)]
    struct Page {
        #[serde(default)]
        elements: Vec<Json>,
    }
    let mut all = Vec::new();
    for page in 0..MOST_PAGES {
        let mut query = vec![("q", "account".to_owned()), ("account", destination.urn())];
        query.extend(more.iter().cloned());
        query.extend([("start", (page * PAGE).to_string()), ("count", PAGE.to_string())]);
        let answer = client.call(&Request::get("/dmpSegments", query)).await?;
        let unexpected = |why| Refusal::Other(Outcome::retry("linkedin_unexpected", why));
        let page: Page = answer.json().map_err(unexpected)?;
        let last = page.elements.len() < PAGE;
        let read = page.elements.into_iter().filter_map(|it| serde_json::from_value::<Segment>(it).ok());
        all.extend(read.filter(|segment| segment.kind == COMPANY));
        if last {
            break;
        }
    }
    Ok(all)
}

/// How an audience stands; none where it is not there yet.
pub async fn standing(
    client: &Client,
    platform: &str,
    audience: &Audience,
    destination: &DestinationSettings,
) -> Result<Option<Standing>, Outcome> {
    let found = find(client, platform, audience, destination).await.map_err(about_account)?;
    Ok(found.map(|segment| segment.standing()))
}

/// The audiences of companies that there are.
pub async fn existing(client: &Client, destination: &DestinationSettings) -> Result<Vec<Choice>, Outcome> {
    let all = companies(client, destination, Vec::new()).await.map_err(about_account)?;
    let choice = |segment: Segment| {
        let Standing { status, note, .. } = segment.standing();
        Choice { value: segment.name.clone(), label: segment.name, detail: format!("{status}: {note}") }
    };
    Ok(all.into_iter().map(choice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(status: &str, size: Option<i64>) -> Segment {
        let destination = json!({"destination": "LINKEDIN", "status": status, "audienceSize": size});
        serde_json::from_value(json!({"id": 10804, "type": "COMPANY", "destinations": [destination]}))
            .expect("a segment")
    }

    #[test]
    fn every_state_says_whether_campaigns_may_use_it() {
        for status in ["BUILDING", "UPDATING", "READY", "ARCHIVED"] {
            assert!(segment(status, Some(300)).standing().usable, "{status}");
        }
        for status in ["EXPIRED", "FAILED", "ERROR", "SURPRISE"] {
            assert!(!segment(status, Some(300)).standing().usable, "{status}");
        }
    }

    #[test]
    fn fewer_members_than_a_campaign_needs_are_told() {
        assert_eq!(segment("READY", Some(300)).standing().note, "It is ready. It reaches 300 members.");
        for size in [Some(299), None] {
            assert!(segment("READY", size).standing().note.contains("at least 300"), "{size:?}");
        }
        assert_eq!(segment("READY", None).standing().remote_id, "10804");
    }

    #[test]
    fn a_new_segment_is_given_longer_and_longer() {
        let audience = Audience {
            settings: "{}".to_owned(),
            name: "A".to_owned(),
            source_id: "s".to_owned(),
            ..Audience::default()
        };
        let pause = |secs: i64| match preparing(&audience, SignedDuration::from_secs(secs)) {
            Outcome::Shut { after, .. } => after.map(|after| after.as_secs()),
            _ => None,
        };
        assert_eq!([pause(0), pause(12), pause(300)], [Some(5), Some(12), Some(60)]);
    }
}
