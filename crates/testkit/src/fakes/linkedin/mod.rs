//! LinkedIn's matched audiences, as far as Caravan calls them: signing in, segments, streams of companies and people.

mod consent;
mod elements;
mod segments;
mod streams;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use caravan_model::Clock;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use self::consent::Consent;
pub use self::segments::{Destination, Segment};
use super::faults::Faults;
use super::server::Server;
use super::wire::{Asked, System, serve, status_code};
use crate::http::browse;

/// LinkedIn, with one application, one member who consented, and one ad account.
pub struct LinkedIn {
    server: Server,
    inner: Arc<Inner>,
}

/// How it is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What it tells the time by.
    pub clock: Clock,
    /// The application's id.
    pub client_id: String,
    /// And its secret.
    pub client_secret: String,
    /// Whether LinkedIn let the application into the Audiences program.
    pub permitted: bool,
    /// The member's role in the ad account.
    pub role: String,
    /// The redirect addresses that the application registered.
    pub redirects: Vec<String>,
    /// What a consent grants.
    pub scope: String,
    /// Whether the application is given refresh tokens.
    pub refresh_tokens: bool,
    /// Number of the ad account.
    pub ad_account: String,
    /// Source platforms that are known.
    pub platforms: Vec<String>,
    /// The oldest and the newest version that is served.
    pub versions: (u32, u32),
    /// How long an access token lives.
    pub token_life: SignedDuration,
    /// How long the consent holds, however often it is used.
    pub consent_life: SignedDuration,
    /// How long a new segment cannot be filled.
    pub visible_after: SignedDuration,
    /// Calls of `/companies` and of `/users` in a minute.
    pub per_minute: (usize, usize),
    /// Seconds that a refusal asks to wait; LinkedIn promises none.
    pub retry_after: Option<u64>,
    /// Companies of a hundred that are recognised.
    pub match_rate: i64,
    /// Members that a recognised company reaches.
    pub reach: i64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clock: Clock::System,
            client_id: "caravan".into(),
            client_secret: "hush".into(),
            permitted: true,
            role: "CAMPAIGN_MANAGER".into(),
            redirects: Vec::new(),
            scope: "rw_dmp_segments,r_ads".into(),
            refresh_tokens: true,
            ad_account: "512345".into(),
            platforms: vec!["SEGMENT".into()],
            versions: (202_512, 202_611),
            token_life: SignedDuration::from_secs(5_184_000),
            consent_life: SignedDuration::from_hours(365 * 24),
            visible_after: SignedDuration::from_secs(60),
            per_minute: (300, 600),
            retry_after: None,
            match_rate: 75,
            reach: 40,
        }
    }
}

/// Everything that it holds.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// By id.
    pub segments: BTreeMap<i64, Segment>,
    /// Companies (by name) that it refuses though nothing is wrong with them.
    pub refused: BTreeSet<String>,
    /// Companies (by name) of which it cannot say now what became of them: once each.
    pub unlucky: BTreeSet<String>,
    /// Elements that were streamed, with their action, in order.
    pub streamed: Vec<(i64, Json)>,
}

impl Holdings {
    /// The segment with this name.
    pub fn named(&self, name: &str) -> Option<&Segment> {
        self.segments.values().find(|segment| segment.name == name)
    }

    /// Names of the companies of the segment with this name, in order.
    pub fn companies(&self, name: &str) -> Vec<String> {
        let members = self.named(name).into_iter().flat_map(|segment| &segment.members);
        let mut names: Vec<String> = members
            .filter_map(|member| serde_json::from_str::<Json>(member).ok()?["companyName"].as_str().map(str::to_owned))
            .collect();
        names.sort();
        names
    }
}

struct Inner {
    setup: Setup,
    faults: Faults,
    consent: Mutex<Consent>,
    holdings: Mutex<Holdings>,
    /// Calls by endpoint and minute.
    minutes: Mutex<HashMap<(&'static str, i64), usize>>,
    calls: Mutex<Vec<String>>,
}

/// A call as the handlers see it.
struct Call {
    query: Vec<(String, String)>,
    body: Json,
    /// `YYYYMM`.
    version: u32,
}

impl Call {
    fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A status, a number of LinkedIn's own, and words.
struct Refusal(u16, i64, String);

impl Refusal {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self(status, 100, message.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let body = json!({"message": message, "serviceErrorCode": code, "status": status});
        (status_code(status), axum::Json(body)).into_response()
    }
}

impl LinkedIn {
    /// On a port of its own.
    pub fn start(setup: Setup) -> Self {
        Self::start_on(setup, 0)
    }

    /// On this port.
    pub fn start_on(setup: Setup, port: u16) -> Self {
        let consent = Consent::given(&setup);
        let inner = Arc::new(Inner {
            setup,
            faults: Faults::default(),
            consent: Mutex::new(consent),
            holdings: Mutex::default(),
            minutes: Mutex::default(),
            calls: Mutex::default(),
        });
        Self { server: serve(&inner, port), inner }
    }

    /// Its address, for `base_url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What goes wrong. Codes of faults are HTTP statuses.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Looks at, or changes, what it holds.
    pub fn with<T>(&self, look: impl FnOnce(&mut Holdings) -> T) -> T {
        look(&mut self.inner.holdings.lock())
    }

    /// The refresh token of the member's consent.
    pub fn refresh_token(&self) -> String {
        self.inner.consent.lock().refresh_token()
    }

    /// An access token, as the developer portal gives one.
    pub fn access_token(&self) -> String {
        self.inner.consent.lock().grant(&self.inner.setup)
    }

    /// All access tokens end now.
    pub fn expire_tokens(&self) {
        self.inner.consent.lock().expire_tokens();
    }

    /// The member takes the consent back.
    pub fn withdraw_consent(&self) {
        self.inner.consent.lock().withdraw();
    }

    /// How many access tokens it gave.
    pub fn tokens_granted(&self) -> usize {
        self.inner.consent.lock().granted()
    }

    /// Method and path of the calls that it got, in order, tokens left out.
    pub fn calls(&self) -> Vec<String> {
        self.inner.calls.lock().clone()
    }
}

/// What a member's browser does at the page that an application sends it to: it reads the page and presses `allow` or
/// `cancel`. Where it is sent back to, or what the page says instead.
///
/// # Errors
/// The member stays on the page.
///
/// # Panics
/// Nobody is there.
pub fn answer_page(address: &str, answer: &str) -> Result<String, String> {
    let shown = browse(address, None).expect("the page");
    let (page, query) = address.split_once('?').expect("a question");
    let done = match shown.status {
        200 => browse(page, Some(&format!("{query}&answer={answer}"))).expect("an answer"),
        _ => shown,
    };
    done.location.ok_or(done.text)
}

impl System for Inner {
    const LARGEST_BODY: usize = 16 * 1024 * 1024;
    const GARBAGE: &'static str = "{\"elements\": ";
    const LIST: &'static str = "elements";

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn planned(&self, code: &'static str) -> Response {
        self.refuse(Refusal::new(code.parse().expect("codes are statuses"), "a planned fault"))
    }

    async fn answers(&self, asked: Asked) -> Response {
        match (asked.parts.method.as_str(), asked.path()) {
            ("GET", consent::PAGE) => return self.authorisation_page(&asked),
            ("POST", consent::PAGE) => return self.answered(&asked),
            ("POST", "/oauth/v2/accessToken") => return self.exchange(&asked),
            (method, path) => self.calls.lock().push(format!("{method} {path}")),
        }
        self.handle(&asked).unwrap_or_else(|refusal| self.refuse(refusal))
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// LinkedIn asks for a pause after too many calls, if it is set up to.
    fn refuse(&self, refusal: Refusal) -> Response {
        match (refusal.0, self.setup.retry_after) {
            (429, Some(seconds)) => ([(header::RETRY_AFTER, seconds.to_string())], refusal).into_response(),
            _ => refusal.into_response(),
        }
    }

    fn handle(&self, asked: &Asked) -> Result<Response, Refusal> {
        let nothing = || Refusal::new(404, "No such resource");
        let path = asked.path().strip_prefix("/rest/").ok_or_else(nothing)?;
        let call = self.checked(asked)?;
        let parts: Vec<&str> = path.split('/').collect();
        match (asked.parts.method.as_str(), parts.as_slice()) {
            ("GET", ["dmpSegments"]) => self.find(&call),
            ("POST", ["dmpSegments"]) => self.create(&call),
            ("GET", ["dmpSegments", id]) => self.read(id),
            ("GET", ["dmpSegments", id, "destinations", "LINKEDIN"]) => self.read_destination(id),
            ("POST", ["dmpSegments", id, "companies"]) => self.stream(&call, id, "COMPANY"),
            ("POST", ["dmpSegments", id, "users"]) => self.stream(&call, id, "USER"),
            _ => Err(nothing()),
        }
    }

    /// What every call must bring along.
    fn checked(&self, asked: &Asked) -> Result<Call, Refusal> {
        let (header, query) = (|name: &str| asked.header(name), asked.query());
        let token = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        if !self.consent.lock().takes(token, self.now()) {
            return Err(Refusal(401, 65_600, "Invalid access token".into()));
        }
        let (oldest, newest) = self.setup.versions;
        let version = header("linkedin-version").parse::<u32>().ok().filter(|_| header("linkedin-version").len() == 6);
        let version =
            version.ok_or_else(|| Refusal::new(400, "A version must be present. Please specify a version."))?;
        if !(oldest..=newest).contains(&version) {
            return Err(Refusal::new(426, format!("Requested version {version} is not active")));
        }
        if header("x-restli-protocol-version") != "2.0.0" {
            return Err(Refusal::new(400, "Invalid query parameters: URNs are encoded as in protocol 2.0.0"));
        }
        if query
            .split('&')
            .any(|part| part.split_once('=').is_some_and(|(_, value)| value.contains([':', '(', ')', ','])))
        {
            return Err(Refusal::new(400, "Invalid query parameters: reserved characters must be encoded"));
        }
        if asked.parts.method == Method::POST && !header("content-type").starts_with("application/json") {
            return Err(Refusal::new(415, "Content-Type must be application/json"));
        }
        let streams = ["/companies", "/users"].iter().any(|end| asked.path().ends_with(end));
        if streams && header("x-restli-method") != "BATCH_CREATE" {
            return Err(Refusal::new(400, "X-RestLi-Method: BATCH_CREATE is required"));
        }
        if !self.setup.permitted {
            return Err(Refusal::new(403, "Not enough permissions to access: dmpSegments"));
        }
        if self.setup.role == "VIEWER" {
            return Err(Refusal::new(403, "The member's role does not allow this"));
        }
        let body = asked.json().map_err(|_| Refusal::new(400, "The body is not JSON"))?;
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Call { query, body, version })
    }

    /// Counts a call of an endpoint against its limit of this minute.
    fn within_limit(&self, endpoint: &'static str, most: usize) -> Result<(), Refusal> {
        let minute = self.now().as_second().div_euclid(60);
        let mut minutes = self.minutes.lock();
        minutes.retain(|(_, counted), _| *counted >= minute);
        let made = minutes.entry((endpoint, minute)).or_default();
        *made += 1;
        if *made > most {
            return Err(Refusal::new(429, "Resource level throttle limit for calls to this resource is reached."));
        }
        Ok(())
    }
}
