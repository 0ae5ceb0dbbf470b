//! Adobe Experience Platform: people are put into external audiences there.
//!
//! Its API takes no records. Files are handed over in a bucket that the platform reads when it is told to, one reading of
//! an audience at a time; each reading adds to the audience. Nobody can be taken out: whom the platform is not told of
//! again leaves when the audience's time to live has passed.

mod client;
mod places;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use caravan_model::{Clock, Finding};
use jiff::{SignedDuration, Timestamp};
use schemars::{Schema, schema_for};
use serde_json::{Map, Value as Json, json};

use self::client::{Client, Said};
use self::places::Places;
pub use self::settings::{AepDestination, AepSettings};
use crate::audiences::{Asked, Audience, Membership, by_audience};
use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, Outcome, Outgoing, SecretField, Secrets, Surroundings, needed, sentence,
};
use crate::external_audiences::csv::{MOST_IN_A_FILE, name_of, push_row};
use crate::external_audiences::{Element, Manner, TakesPeople, columns};
use crate::s3::{Bucket, Trouble};

/// How long a reading under way is left alone.
const READING: Duration = Duration::from_secs(5 * 60);
/// A reading of which nothing was heard for so long has come to nothing.
const LONGEST_READING: SignedDuration = SignedDuration::from_hours(24);
/// How far the clock of the bucket may be off.
const SKEW_SECONDS: i64 = 60;

/// Connections to Adobe Experience Platform.
#[derive(Debug)]
pub struct Aep;

impl ConnectorKind for Aep {
    fn key(&self) -> &'static str {
        "aep"
    }

    fn label(&self) -> &'static str {
        "Adobe Experience Platform"
    }

    fn description(&self) -> &'static str {
        "Puts people into external audiences of a sandbox, by way of a bucket that the platform reads."
    }

    fn settings_schema(&self) -> Schema {
        schema_for!(AepSettings)
    }

    fn secrets(&self) -> &'static [SecretField] {
        const fn field(key: &'static str, help: &'static str, required: bool) -> SecretField {
            SecretField { key, help, required }
        }
        const FIELDS: [SecretField; 4] = [
            field("client_secret", "Client secret of the OAuth server-to-server credential.", true),
            field("access_key_id", "Id of the bucket's access key.", true),
            field("secret_access_key", "The access key's secret.", true),
            field("session_token", "Session token, where the keys hold for a while only.", false),
        ];
        &FIELDS
    }

    fn check_settings(&self, settings: &Json) -> Vec<Finding> {
        AepSettings::read(settings).err().unwrap_or_default()
    }

    fn open(
        &self,
        settings: &Json,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        let settings = AepSettings::read(settings)?;
        let secret = needed(secrets, "client_secret")?;
        let bucket = Bucket::open(&settings.files, secrets, surroundings)?;
        let Surroundings { clock, runtime, outbound } = surroundings.clone();
        let client = Client::new(&settings, secret.clone(), outbound, clock.clone());
        Ok(Box::new(AepConnector { client, bucket, settings, clock, runtime, places: Places::default() }))
    }

    fn destination_schema(&self) -> Option<Schema> {
        Some(schema_for!(AepDestination))
    }

    fn check_destination(&self, settings: &Json) -> Vec<Finding> {
        AepDestination::read(settings).err().unwrap_or_default()
    }

    fn changeable_settings(&self) -> &'static [&'static str] {
        &["every"]
    }

    fn takes_people(&self) -> Option<&dyn TakesPeople> {
        Some(self)
    }
}

impl TakesPeople for Aep {
    fn attributes(&self, settings: &Json) -> Vec<String> {
        AepDestination::read(settings).map(|settings| columns::attributes(&settings.columns)).unwrap_or_default()
    }

    fn element(&self, settings: &Json, person: &Map<String, Json>) -> Result<Json, &'static str> {
        let settings = AepDestination::read(settings).map_err(|_| "bad_destination_settings")?;
        let element = columns::element(&settings.columns, person)?;
        match element[&settings.identity].as_str() {
            Some("") | None => Err("no_identity"),
            Some(_) => Ok(element),
        }
    }

    fn manner(&self, settings: &Json) -> Manner {
        AepDestination::read(settings).unwrap_or_default().manner()
    }
}

/// An open door to one sandbox.
struct AepConnector {
    client: Client,
    bucket: Bucket,
    settings: AepSettings,
    clock: Clock,
    runtime: tokio::runtime::Handle,
    places: Places,
}

impl AepConnector {
    /// Says of each change how it stands: read, being read, or not yet in a file, and then puts them into one.
    async fn tell(&self, audience: &Audience, asked: &[Asked<'_>]) -> Result<Vec<Outcome>, Outcome> {
        if asked.iter().all(|asked| asked.change.put.is_none()) {
            return Ok(vec![nothing_to_add(); asked.len()]);
        }
        let destination = destination_of(audience)?;
        let id = self.places.id(&self.client, audience, &self.creation(audience, &destination)).await?;
        let readings = self.look(audience, &id, asked).await?;
        let known = |change: &Membership| match (&change.put, &change.under_way) {
            (None, _) => Some(nothing_to_add()),
            (Some(_), under_way) => readings.get(under_way.as_deref()?).cloned(),
        };
        let new: Vec<Asked<'_>> = asked.iter().filter(|asked| known(asked.change).is_none()).copied().collect();
        let is_busy = readings.values().any(|reading| matches!(reading, Outcome::Later { .. }));
        let told = match new.is_empty() || is_busy {
            true => still_reading(None),
            false => match self.hand_over(audience, &destination, &id, &new).await {
                Ok(reading) => still_reading(Some(reading)),
                Err(outcome) => outcome,
            },
        };
        Ok(asked.iter().map(|asked| known(asked.change).unwrap_or_else(|| told.clone())).collect())
    }

    /// Asks how the readings fare that changes wait for.
    async fn look(
        &self,
        audience: &Audience,
        id: &str,
        asked: &[Asked<'_>],
    ) -> Result<BTreeMap<String, Outcome>, Outcome> {
        let awaited: BTreeSet<&String> = asked.iter().filter_map(|asked| asked.change.under_way.as_ref()).collect();
        let mut readings = BTreeMap::new();
        for reading in awaited {
            readings.insert(reading.clone(), self.reading(audience, id, reading).await?);
        }
        Ok(readings)
    }

    /// What a reading means for who is in it. Of one that failed people are told, and its people are handed over again.
    async fn reading(&self, audience: &Audience, id: &str, reading: &str) -> Result<Outcome, Outcome> {
        let Reading { run, began } = Reading::read(reading, self.clock.now());
        let said = match self.client.get(&format!("/external-audience/{id}/runs/{run}"), &[]).await {
            Ok(said) => said,
            // Nobody can tell now; that says nothing about the reading.
            Err(Outcome::Retry { .. }) => return Ok(still_reading(Some(reading.to_owned()))),
            Err(outcome) => return Err(outcome),
        };
        let is_late = self.clock.now().duration_since(began) > LONGEST_READING;
        let fares = match &said {
            Said::Done(run) => Run::of(run),
            _ => Run::Failed,
        };
        Ok(match fares {
            Run::Done => Outcome::Delivered { remote_id: Some(run.to_owned()), detail: String::new() },
            Run::UnderWay if !is_late => still_reading(Some(reading.to_owned())),
            Run::UnderWay | Run::Failed => {
                let message = format!(
                    "The platform did not read a file of the audience `{}` (run {run}{}). Its people are handed over again.",
                    audience.name,
                    stage_of(&said)
                );
                Outcome::Retry { after: Some(READING), code: "reading_failed".to_owned(), message }
            }
        })
    }

    /// Puts people into a file and tells the platform to read it: the reading that they wait for. Nothing is put while it
    /// reads.
    async fn hand_over(
        &self,
        audience: &Audience,
        destination: &AepDestination,
        id: &str,
        asked: &[Asked<'_>],
    ) -> Result<String, Outcome> {
        if self.latest_run(id).await?.is_some_and(|run| Run::of(&run) == Run::UnderWay) {
            return Err(still_reading(None));
        }
        let began = self.clock.now();
        let name = format!("{}/{}", audience.file_name(), name_of(audience, "differential", asked, began));
        self.bucket.put(&name, rows(destination, asked)).await.map_err(Trouble::outcome)?;
        let run = self.read(audience, id, began.as_second()).await?;
        Ok(Reading { run: &run, began }.to_string())
    }

    /// Tells the platform to read what was put since `began`; its name for that. Where the answer was lost, the latest reading
    /// shows whether it has begun.
    async fn read(&self, audience: &Audience, id: &str, began: i64) -> Result<String, Outcome> {
        let (from, to) = (began - SKEW_SECONDS, self.clock.now().as_second() + SKEW_SECONDS);
        let window = json!({"dataFilterStartTime": from, "dataFilterEndTime": to, "differentialIngestion": true});
        match self.client.post(&format!("/external-audience/{id}/run"), &window).await {
            Ok(Said::Done(body)) => text(&body, "runId"),
            Ok(Said::Conflict | Said::Unprocessable(_)) => Err(still_reading(None)),
            Ok(Said::NotFound) => {
                self.places.forget(audience);
                let message = format!(
                    "The audience `{}` is no longer in the platform; it is made again. Whoever was in it comes back when \
                     they are next told of, within half of its time to live.",
                    audience.name
                );
                Err(Outcome::retry("aep_audience_gone", message))
            }
            Err(lost @ Outcome::Retry { .. }) => match self.latest_run(id).await? {
                Some(run) if run["dataFilterStartTime"] == from && run["dataFilterEndTime"] == to => {
                    text(&run, "runId")
                }
                _ => Err(lost),
            },
            Err(other) => Err(other),
        }
    }

    /// The last reading that the platform knows of. In which order it lists them is not promised.
    async fn latest_run(&self, id: &str) -> Result<Option<Json>, Outcome> {
        let Said::Done(body) = self.client.get(&format!("/external-audience/{id}/runs"), &[("limit", "40")]).await?
        else {
            return Ok(None);
        };
        let began = |run: &&Json| run["createdAt"].as_i64().or_else(|| run["ingestionTime"].as_i64());
        Ok(body["runs"].as_array().and_then(|runs| runs.iter().max_by_key(began)).cloned())
    }

    fn creation(&self, audience: &Audience, destination: &AepDestination) -> Json {
        let field = |name: &String| match *name == destination.identity {
            true => json!({"name": name, "type": "string", "identityNs": destination.identity_namespace}),
            false => json!({"name": name, "type": "string"}),
        };
        let folder = self.settings.files.prefix.as_deref().unwrap_or_default().trim_matches('/');
        let path = format!("{folder}/{}/", audience.file_name());
        json!({
            "name": audience.name,
            "description": audience.description.as_deref().unwrap_or("Kept by Caravan."),
            "customAudienceId": audience.source_id,
            "fields": destination.columns.keys().map(field).collect::<Vec<_>>(),
            "sourceSpec": {
                "path": path.trim_start_matches('/'), "type": "folder", "sourceType": "Cloud Storage", "cloudType": "S3",
                "baseConnectionId": self.settings.base_connection_id,
            },
            "ttlInDays": destination.ttl_days,
            "audienceType": "people",
            "originName": "CUSTOM_UPLOAD",
            "namespace": "CustomerAudienceUpload",
        })
    }
}

impl Connector for AepConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "aep",
            // Whoever is handed over twice is there once.
            deduplicates: true,
            max_batch: MOST_IN_A_FILE,
            // One reading of an audience at a time.
            parallel: 1,
            sender: None,
            per_second: None,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        by_audience(batch, |audience, asked| {
            let told = self.runtime.block_on(self.tell(audience, asked));
            told.unwrap_or_else(|outcome| vec![outcome; asked.len()])
        })
    }

    fn check(&self) -> Result<String, String> {
        self.runtime.block_on(async {
            self.client.named("Caravan").await.map_err(|outcome| sentence(&outcome))?;
            self.bucket.objects().await.map_err(|trouble| trouble.message().to_owned())?;
            let (sandbox, place) = (&self.settings.sandbox, self.bucket.place());
            Ok(format!(
                "Signed in; the sandbox `{sandbox}` shows its audiences, and the bucket's folder `{place}` can be read."
            ))
        })
    }
}

/// A reading of one file, as changes keep it that wait for it: what the platform calls it, and when it was asked for.
struct Reading<'a> {
    run: &'a str,
    began: Timestamp,
}

impl<'a> Reading<'a> {
    fn read(written: &'a str, now: Timestamp) -> Self {
        let parts = written.rsplit_once(' ').and_then(|(run, began)| Some((run, began.parse().ok()?)));
        let (run, began) = parts.unwrap_or((written, now));
        Self { run, began }
    }
}

impl fmt::Display for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.run, self.began)
    }
}

/// How the platform fares with a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    UnderWay,
    Done,
    Failed,
}

impl Run {
    /// Its states are not all documented: what is none of these is still to come to an end.
    fn of(run: &Json) -> Self {
        match run["status"].as_str() {
            Some("SUCCESS" | "COMPLETED") => Self::Done,
            Some("FAILED" | "CANCELLED" | "ABORTED") => Self::Failed,
            _ => Self::UnderWay,
        }
    }
}

/// Where a reading failed, as far as the platform says.
fn stage_of(said: &Said) -> String {
    let Said::Done(run) = said else { return String::new() };
    let stages = run["details"].as_array().into_iter().flatten();
    let failed = stages
        .filter(|stage| Run::of(stage) == Run::Failed)
        .find_map(|it| it["stage"].as_str().or(it["stageName"].as_str()));
    failed.map(|stage| format!(", stage {stage}")).unwrap_or_default()
}

fn still_reading(under_way: Option<String>) -> Outcome {
    Outcome::Later { after: READING, under_way }
}

/// The platform cannot take anybody out.
fn nothing_to_add() -> Outcome {
    Outcome::Delivered { remote_id: None, detail: "nothing to add".to_owned() }
}

/// A text field of an answer.
fn text(body: &Json, field: &str) -> Result<String, Outcome> {
    let found = body[field].as_str().map(str::to_owned);
    found.ok_or_else(|| Outcome::retry("aep_unexpected", format!("The platform's answer has no `{field}`.")))
}

fn destination_of(audience: &Audience) -> Result<AepDestination, Outcome> {
    let settings: Json = serde_json::from_str(&audience.settings)
        .map_err(|error| Outcome::failed("bad_destination_settings", error.to_string()))?;
    AepDestination::read(&settings).map_err(|findings| {
        let why: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
        Outcome::failed("bad_destination_settings", why.join(" "))
    })
}

/// A file of people to add: a header, then their cells.
fn rows(destination: &AepDestination, asked: &[Asked<'_>]) -> Vec<u8> {
    let mut text = String::new();
    let names = || destination.columns.keys();
    push_row(&mut text, names().map(String::as_str), "\n");
    for person in asked.iter().filter_map(|asked| asked.change.put.as_ref()) {
        let cells: Element = serde_json::from_value(person.clone()).unwrap_or_default();
        push_row(&mut text, names().map(|name| cells.get(name).map_or("", String::as_str)), "\n");
    }
    text.into_bytes()
}
