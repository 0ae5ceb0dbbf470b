//! LinkedIn: accounts are put into matched audiences of companies and taken out of them.
//!
//! LinkedIn never tells who is in an audience, so what was said of each company is kept by the caller and said again when
//! it leaves. Membership is set, not counted: whatever got no answer is said again without harm.

mod client;
mod company;
mod segments;
mod settings;
mod stream;

use caravan_model::Finding;
use jiff::Timestamp;
use schemars::{Schema, schema_for};
use serde_json::{Map, Value as Json};

use self::client::Client;
use self::segments::Segments;
pub use self::settings::{DestinationSettings, LinkedInSettings};
use crate::audiences::{Audience, Audiences, Membership, Standing, by_audience};
use crate::connector::{
    Choice, Connector, ConnectorFacts, ConnectorKind, Outcome, Outgoing, SecretField, Secrets, Surroundings, sentence,
};
use crate::consent::{ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, Terms};

/// Most accounts of one call of [`Connector::deliver`]; LinkedIn takes 5,000 elements, and an account may be several.
const MOST_AT_ONCE: usize = 1_000;

/// Most destinations, as the product that Caravan follows has it.
const MOST_DESTINATIONS: usize = 10;

/// Connections to LinkedIn.
#[derive(Debug)]
pub struct LinkedIn;

impl ConnectorKind for LinkedIn {
    fn key(&self) -> &'static str {
        "linkedin"
    }

    fn label(&self) -> &'static str {
        "LinkedIn"
    }

    fn description(&self) -> &'static str {
        "Puts accounts into matched audiences of companies in LinkedIn Campaign Manager, and takes them out."
    }

    fn settings_schema(&self) -> Schema {
        schema_for!(LinkedInSettings)
    }

    fn secrets(&self) -> &'static [SecretField] {
        &[
            SecretField { key: CLIENT_SECRET, help: "Client secret of the application.", required: false },
            SecretField {
                key: REFRESH_TOKEN,
                help: "The consent of a member of the ad account, which Connect asks for: it holds for a year, and Caravan warns \
                       before it ends.",
                required: false,
            },
            SecretField {
                key: ACCESS_TOKEN,
                help: "Instead of the two, where LinkedIn gives your application no refresh tokens: it holds for 60 days.",
                required: false,
            },
        ]
    }

    fn check_settings(&self, settings: &Json) -> Vec<Finding> {
        LinkedInSettings::read(settings).err().unwrap_or_default()
    }

    fn open(
        &self,
        settings: &Json,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        let settings = LinkedInSettings::read(settings)?;
        let client = Client::new(&settings, secrets, surroundings.outbound.clone(), surroundings.clock.clone());
        let Some(client) = client else {
            let message = "Nobody's consent is given. Set `client_id` and the secret `client_secret`, then press Connect on the \
                           connection's page; or name the tokens under `secrets`.";
            return Err(vec![Finding::error("secret_missing", "/secrets/refresh_token", message)]);
        };
        let runtime = surroundings.runtime.clone();
        Ok(Box::new(LinkedInConnector { client, settings, segments: Segments::default(), runtime }))
    }

    fn consent(&self, settings: &Json) -> Option<Result<Terms, Vec<Finding>>> {
        let terms = LinkedInSettings::read(settings).and_then(|settings| {
            let message = "Set the client id of the application first: LinkedIn asks for a consent to it.";
            settings.consent().ok_or_else(|| vec![Finding::error("client_id_missing", "/settings/client_id", message)])
        });
        Some(terms)
    }

    fn destination_schema(&self) -> Option<Schema> {
        Some(schema_for!(DestinationSettings))
    }

    fn check_destination(&self, settings: &Json) -> Vec<Finding> {
        DestinationSettings::read(settings).err().unwrap_or_default()
    }

    fn most_destinations(&self) -> Option<usize> {
        Some(MOST_DESTINATIONS)
    }

    fn changeable_settings(&self) -> &'static [&'static str] {
        &["fields"]
    }
}

/// An open door to LinkedIn.
struct LinkedInConnector {
    client: Client,
    settings: LinkedInSettings,
    segments: Segments,
    runtime: tokio::runtime::Handle,
}

impl LinkedInConnector {
    /// First everything that is taken out, then what is put in: LinkedIn keeps no order within a call.
    async fn change(&self, audience: &Audience, changes: &[&Membership]) -> Vec<Outcome> {
        let all = |outcome: Outcome| vec![outcome; changes.len()];
        let destination = match destination(&audience.settings) {
            Ok(destination) => destination,
            Err(why) => return all(Outcome::failed("bad_destination_settings", why)),
        };
        let platform = &self.settings.source_platform;
        let make = changes.iter().any(|change| change.put.is_some());
        let segment = match self.segments.id(&self.client, platform, audience, &destination, make).await {
            Ok(Some(segment)) => segment,
            Ok(None) => return all(Outcome::skipped("not_in_audience")),
            Err(outcome) => return all(outcome),
        };
        let done = Outcome::Delivered { remote_id: Some(segment.clone()), detail: "accepted".to_owned() };
        let mut outcomes = all(done);
        let taken = changes.iter().enumerate().flat_map(|(n, change)| change.take.iter().map(move |it| (n, it)));
        let mut missing = stream::send(&self.client, &segment, "REMOVE", taken.collect(), &mut outcomes).await;
        let delivered = |outcome: &Outcome| matches!(outcome, Outcome::Delivered { .. });
        let put = changes.iter().enumerate().filter(|(n, _)| delivered(&outcomes[*n]));
        let put: Vec<(usize, &Json)> = put.filter_map(|(n, change)| Some((n, change.put.as_ref()?))).collect();
        missing |= stream::send(&self.client, &segment, "ADD", put, &mut outcomes).await;
        if missing {
            let why = self.segments.missing(&self.client, platform, audience, &destination).await;
            let unknown = |outcome: &&mut Outcome| stream::is_missing(outcome);
            outcomes.iter_mut().filter(unknown).for_each(|outcome| *outcome = why.clone());
        }
        outcomes
    }
}

fn destination(settings: &str) -> Result<DestinationSettings, String> {
    let settings: Json = serde_json::from_str(settings).map_err(|error| error.to_string())?;
    read(&settings)
}

fn read(settings: &Json) -> Result<DestinationSettings, String> {
    DestinationSettings::read(settings)
        .map_err(|findings| findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join(" "))
}

impl Connector for LinkedInConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "linkedin",
            // Membership is set: saying it twice is saying it once.
            deduplicates: true,
            max_batch: MOST_AT_ONCE,
            // One call at a time for each audience, so that what is said later is heard later.
            parallel: 1,
            sender: None,
            per_second: None,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        by_audience(batch, |audience, asked| {
            let changes: Vec<&Membership> = asked.iter().map(|asked| asked.change).collect();
            self.runtime.block_on(self.change(audience, &changes))
        })
    }

    fn check(&self) -> Result<String, String> {
        let ends = self.consent_ends().map_err(|outcome| sentence(&outcome))?;
        let consent =
            ends.map_or_else(String::new, |ends| format!("; the consent holds until {}", ends.strftime("%-d %B %Y")));
        let (version, until) = (&self.settings.api_version, self.settings.served_until());
        Ok(format!("Signed in{consent}. LinkedIn serves version {version} until about {until}."))
    }

    fn audiences(&self) -> Option<&dyn Audiences> {
        Some(self)
    }

    fn consent_ends(&self) -> Result<Option<Timestamp>, Outcome> {
        self.runtime.block_on(self.client.consent_ends())
    }
}

impl Audiences for LinkedInConnector {
    fn element(&self, settings: &Json, account: &Map<String, Json>) -> Result<Json, Outcome> {
        let settings = read(settings).map_err(|why| Outcome::failed("bad_destination_settings", why))?;
        company::element(&settings, account)
    }

    fn standing(&self, audience: &Audience) -> Result<Option<Standing>, String> {
        let destination = destination(&audience.settings)?;
        let asked = segments::standing(&self.client, &self.settings.source_platform, audience, &destination);
        self.runtime.block_on(asked).map_err(|outcome| sentence(&outcome))
    }

    fn existing(&self, settings: &Json) -> Result<Vec<Choice>, String> {
        let destination = read(settings)?;
        let asked = segments::existing(&self.client, &destination);
        self.runtime.block_on(asked).map_err(|outcome| sentence(&outcome))
    }

    fn minimum(&self) -> i64 {
        segments::MINIMUM
    }
}
