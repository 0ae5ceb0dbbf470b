//! The fakes together, for trying the whole app without the real systems: their addresses, the settings that connect Caravan
//! to them, and what they hold.
//!
//! They are the fakes of the tests, as strict; only that Marketo Engage knows whoever is asked for, and that services answer
//! by themselves.

mod answers;
mod desk;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use caravan_model::Clock;
use jiff::SignedDuration;

use self::answers::Answers;
use crate::fakes::server::Server;
use crate::fakes::{Aep, LinkedIn, Marketo, Receiver, S3, Service, aep, linkedin, marketo, s3, service};
use crate::twilio::{ACCOUNT_SID, AUTH_TOKEN, NUMBER, Twilio};

/// How the fakes are started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where Caravan listens, `127.0.0.1:8080`: answers and reports are posted there, whatever public address Caravan names.
    pub caravan: String,
    /// The address under which Caravan says that it is reached.
    pub public_url: String,
    /// The first of the ports, one for each fake; 0: whichever are free.
    pub first_port: u16,
}

/// The running fakes. They forget everything when they end.
pub struct ByHand {
    systems: Arc<Systems>,
    desk: Server,
    _answers: Answers,
}

/// The systems themselves.
struct Systems {
    marketo: Marketo,
    linkedin: LinkedIn,
    enrichment: Service,
    routing: Service,
    bucket: S3,
    twilio: Twilio,
    platform: Aep,
    receiver: Receiver,
}

/// A secret that connections are given as a file.
const SECRETS: [(&str, &str); 4] = [
    ("fake-secret", "hush"),
    ("fake-twilio-token", AUTH_TOKEN),
    ("fake-s3-key", "AKIAFAKEFAKEFAKEFAKE"),
    ("fake-s3-secret", "fake+secret/fake"),
];
const REFRESH_TOKEN: &str = "fake-linkedin-token";
/// What the receiver of webhooks trusts until somebody tells it the secret: nobody knows it.
const UNTOLD: &str = "whsec_bm9ib2R5IHRvbGQgbWUgYW55IHNlY3JldCB5ZXQ=";

impl ByHand {
    /// Starts all of them.
    ///
    /// # Panics
    /// A port is taken, or the Python of the project is missing.
    pub fn start(options: &Options) -> Self {
        let port = |n: u16| if options.first_port == 0 { 0 } else { options.first_port + n };
        let bucket = S3::start_on(s3::Setup::default(), port(5));
        let (making, reading) = (SignedDuration::ZERO, SignedDuration::from_secs(10));
        let platform = aep::Setup { making, reading, ..aep::Setup::default() };
        let systems = Arc::new(Systems {
            marketo: furnished(Marketo::start_on(
                marketo::Setup {
                    workspaces: vec!["Default".into(), "EMEA".into()],
                    knows_everybody: true,
                    ..marketo::Setup::default()
                },
                port(1),
            )),
            linkedin: LinkedIn::start_on(
                linkedin::Setup {
                    visible_after: SignedDuration::from_secs(5),
                    redirects: vec![format!("{}/consent", options.public_url.trim_end_matches('/'))],
                    ..linkedin::Setup::default()
                },
                port(2),
            ),
            enrichment: Service::start_on(service::Setup::default(), port(3)),
            routing: Service::start_on(
                service::Setup { split: true, title: "Routing", ..service::Setup::default() },
                port(4),
            ),
            platform: Aep::start_on(platform, bucket.shelf(), port(7)),
            bucket,
            twilio: Twilio::start_on(port(6), &[format!("{}=http://{}", options.public_url, options.caravan)]),
            receiver: Receiver::start_on(UNTOLD, Clock::System, port(8)),
        });
        let desk = Server::start(desk::router(Arc::clone(&systems)), port(0));
        let answers = Answers::start(Arc::clone(&systems), options.caravan.clone());
        Self { systems, desk, _answers: answers }
    }

    /// Each with its address and what there is to know of it.
    pub fn addresses(&self) -> [(&'static str, String, &'static str); 9] {
        let Systems { marketo, linkedin, enrichment, routing, bucket, twilio, platform, receiver } = &*self.systems;
        [
            ("What they hold", self.desk.url(), "as JSON; POST /faults makes one misbehave"),
            ("Marketo Engage", marketo.url(), "knows every address but those that begin with `nobody`"),
            ("LinkedIn", linkedin.url(), "ad account 512345; a new audience can be filled after 5 s"),
            ("Enrichment", enrichment.document_url(), "external action: answers with a sector"),
            ("Routing", routing.document_url(), "external split: answers with `score` and `tier`"),
            ("S3", bucket.url(), "the bucket `caravan`"),
            ("Twilio", format!("http://127.0.0.1:{}", twilio.port), "+15005550001 is no number, any other takes texts"),
            ("Platform", platform.url(), "Adobe Experience Platform: a file is read in 10 s"),
            ("Receiver", receiver.url(), "of webhooks; POST the secret to /webhook_secret of what they hold"),
        ]
    }

    /// Writes the settings that connect Caravan to them (`fakes.yaml`) and the secrets beside it into a folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write_settings(&self, folder: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let token = self.systems.linkedin.refresh_token();
        for (name, value) in SECRETS.into_iter().chain([(REFRESH_TOKEN, token.as_str())]) {
            fs::write(folder.join(name), format!("{value}\n"))?;
        }
        let manifest = folder.join("fakes.yaml");
        fs::write(&manifest, self.settings(&folder))?;
        Ok(manifest)
    }

    fn settings(&self, folder: &Path) -> String {
        let Systems { marketo, linkedin, enrichment, routing, bucket, twilio, platform, receiver } = &*self.systems;
        let file = |name: &str| folder.join(name).display().to_string();
        let (hush, token) = (file("fake-secret"), file(REFRESH_TOKEN));
        let (marketo, linkedin, bucket, twilio) = (marketo.url(), linkedin.url(), bucket.url(), twilio.port);
        let (platform, receiver) = (platform.url(), receiver.url());
        let (enrichment, routing) = (enrichment.document_url(), routing.document_url());
        let (twilio_token, s3_secret) = (file("fake-twilio-token"), file("fake-s3-secret"));
        format!(
            r#"kind: connection
key: fake-marketo
name: Marketo Engage (fake)
type: marketo
settings:
  munchkin_id: 123-ABC-456
  client_id: caravan
  base_url: {marketo}
  email_campaigns: {{Spring invitation: Send email}}
secrets: {{client_secret: {{file: '{hush}'}}}}
---
kind: connection
key: fake-linkedin
name: LinkedIn (fake)
type: linkedin
settings: {{client_id: caravan, base_url: '{linkedin}'}}
secrets: {{client_secret: {{file: '{hush}'}}, refresh_token: {{file: '{token}'}}}}
---
kind: destination
key: fake-linkedin-ads
name: LinkedIn ads (fake)
type: linkedin
connection: fake-linkedin
settings: {{ad_account: '512345'}}
---
kind: connection
key: fake-bucket
name: Bucket (fake)
type: s3
settings: {{bucket: caravan, region: eu-central-1, endpoint: '{bucket}'}}
secrets: {{access_key_id: {{file: '{access_key}'}}, secret_access_key: {{file: '{s3_secret}'}}}}
---
kind: destination
key: fake-files
name: Files in the bucket (fake)
type: s3
connection: fake-bucket
settings: {{every: 1m}}
---
kind: connection
key: fake-platform
name: Adobe Experience Platform (fake)
type: aep
settings:
  client_id: caravan
  org_id: ACME@AdobeOrg
  base_connection_id: 6b6e0000-bucket
  base_url: {platform}
  ims_url: {platform}
  files: {{bucket: caravan, region: eu-central-1, prefix: platform, endpoint: '{bucket}'}}
secrets:
  client_secret: {{file: '{hush}'}}
  access_key_id: {{file: '{access_key}'}}
  secret_access_key: {{file: '{s3_secret}'}}
---
kind: destination
key: fake-cdp
name: Audiences of the platform (fake)
type: aep
connection: fake-platform
settings: {{every: 1m}}
---
{{kind: external_audience, key: fake-audience, name: Retarget (fake), destinations: [fake-files, fake-cdp]}}
---
kind: webhook
key: fake-receiver
name: Receiver (fake)
url: {receiver}
---
kind: connection
key: fake-twilio
name: Twilio (fake)
type: twilio
settings: {{account_sid: {ACCOUNT_SID}, from: '{NUMBER}', base_url: 'http://127.0.0.1:{twilio}'}}
secrets: {{auth_token: {{file: '{twilio_token}'}}}}
---
kind: external_action
key: fake-enrichment
name: Enrichment (fake)
url: {enrichment}
on: account
timeout: 10m
outgoing: {{company: name}}
incoming: {{industry: sector}}
values: {{region: eu}}
secrets: {{api_key: {{file: '{hush}'}}}}
---
kind: external_action
key: fake-routing
name: Routing (fake)
url: {routing}
on: account
split: true
timeout: 10m
outgoing: {{company: name}}
incoming: {{industry: sector}}
values: {{region: eu}}
secrets: {{api_key: {{file: '{hush}'}}}}
"#,
            access_key = file("fake-s3-key"),
        )
    }
}

/// Lists, campaigns and an email to choose from.
fn furnished(marketo: Marketo) -> Marketo {
    marketo.list(1021, "Event guests");
    marketo.list(1022, "Customers");
    for (id, name) in [(3712, "Welcome"), (3713, "Change score"), (3714, "Send email")] {
        marketo.campaign(id, name);
    }
    marketo.with(|holdings| holdings.emails.insert(2137, ("Spring invitation".into(), "Default".into())));
    marketo
}
