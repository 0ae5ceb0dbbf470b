//! Where audiences are in the platform: found or made once.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value as Json;

use super::client::{Client, Said};
use super::text;
use crate::audiences::Audience;
use crate::connector::Outcome;

/// How long an audience that is being made is left alone.
const MAKING: Duration = Duration::from_secs(60);
/// How long until an audience is made again that could not be made.
const REFUSED: Duration = Duration::from_secs(60 * 60);

/// What is known of audiences, by our own id. What is forgotten with the process is found again by its name.
#[derive(Debug, Default)]
pub struct Places(Mutex<HashMap<String, Place>>);

#[derive(Debug, Default)]
struct Place {
    /// Its id over there.
    id: Option<String>,
    /// The operation that makes it.
    making: Option<String>,
}

impl Places {
    fn with<T>(&self, audience: &Audience, look: impl FnOnce(&mut Place) -> T) -> T {
        look(self.0.lock().entry(audience.source_id.clone()).or_default())
    }

    /// It is not there any more.
    pub fn forget(&self, audience: &Audience) {
        self.with(audience, |place| *place = Place::default());
    }

    /// The id of an audience over there, which is made as `creation` says where it is not there yet.
    ///
    /// # Errors
    /// It is being made, or why it cannot be.
    pub async fn id(&self, client: &Client, audience: &Audience, creation: &Json) -> Result<String, Outcome> {
        let (known, making) = self.with(audience, |place| (place.id.clone(), place.making.clone()));
        let id = match (known, making) {
            (Some(id), _) => return Ok(id),
            (None, Some(operation)) => self.follow(client, audience, &operation).await?,
            (None, None) => match client.post("/external-audience/", creation).await? {
                Said::Done(body) => {
                    let operation = text(&body, "operationId")?;
                    self.with(audience, |place| place.making = Some(operation.clone()));
                    self.follow(client, audience, &operation).await?
                }
                Said::Conflict => find(client, audience).await?,
                Said::Unprocessable(why) => return Err(refused(why)),
                Said::NotFound => {
                    return Err(refused("The platform has no external audiences at this address.".to_owned()));
                }
            },
        };
        self.with(audience, |place| *place = Place { id: Some(id.clone()), making: None });
        Ok(id)
    }

    /// How making it fares: its id once it is made.
    async fn follow(&self, client: &Client, audience: &Audience, operation: &str) -> Result<String, Outcome> {
        // One page of the documentation spells the path in both ways.
        let mut said = client.get(&format!("/external-audiences/operations/{operation}"), &[]).await?;
        if matches!(said, Said::NotFound) {
            said = client.get(&format!("/external-audience/operations/{operation}"), &[]).await?;
        }
        let Said::Done(body) = said else {
            self.with(audience, |place| place.making = None);
            return Err(Outcome::retry("aep_unexpected", "The platform forgot that it is making the audience."));
        };
        match body["status"].as_str() {
            Some("SUCCESS") => text(&body, "audienceId"),
            Some("FAILED") => {
                self.with(audience, |place| place.making = None);
                let why = body["operationDetails"].to_string();
                Err(refused(format!("The platform could not make the audience `{}`: {why}", audience.name)))
            }
            _ => Err(Outcome::Later { after: MAKING, under_way: None }),
        }
    }
}

/// One that was made before: by us, as its id says, where the list shows that.
async fn find(client: &Client, audience: &Audience) -> Result<String, Outcome> {
    let all = client.named(&audience.name).await?;
    let same_name: Vec<&Json> = all.iter().filter(|found| found["name"] == audience.name.as_str()).collect();
    let is_ours = |found: &&&Json| match &found["customAudienceId"] {
        Json::String(id) => *id == audience.source_id,
        _ => found["originName"] == "CUSTOM_UPLOAD",
    };
    match (same_name.iter().find(is_ours), same_name.is_empty()) {
        (Some(found), _) => text(found, "audienceId"),
        // It was asked for, by a call whose answer was lost, and is not there yet.
        (None, true) => Err(Outcome::Later { after: MAKING, under_way: None }),
        (None, false) => Err(Outcome::Shut {
            after: Some(REFUSED),
            code: "audience_name_taken".to_owned(),
            message: format!(
                "The platform has an audience `{}` that is none of Caravan's. Give this one another name.",
                audience.name
            ),
        }),
    }
}

fn refused(message: String) -> Outcome {
    Outcome::Shut { after: Some(REFUSED), code: "audience_refused".to_owned(), message }
}
