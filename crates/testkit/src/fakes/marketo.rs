//! Marketo Engage, as far as Caravan calls it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};

use super::faults::{Fault, Faults};
use super::server::Server;

/// The window of the rate limit.
const WINDOW: Duration = Duration::from_secs(20);
/// Largest body and address.
const LARGEST_BODY: usize = 1024 * 1024;
const LONGEST_ADDRESS: usize = 8 * 1024;

/// A fake instance with one custom service.
pub struct Marketo {
    server: Server,
    inner: Arc<Inner>,
}

/// How the instance is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The custom service's id.
    pub client_id: String,
    /// And its secret.
    pub client_secret: String,
    /// How long a token lives.
    pub token_life: Duration,
    /// Calls in 20 seconds.
    pub rate: usize,
    /// Calls at once.
    pub at_once: usize,
    /// Calls a day.
    pub daily: usize,
    /// Workspaces that the service's role sees.
    pub workspaces: Vec<String>,
    /// Whether removing who is not on a list is told as `skipped` with 1015; else as `removed`.
    pub tells_non_members: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            client_id: "caravan".into(),
            client_secret: "hush".into(),
            token_life: Duration::from_secs(3_600),
            rate: 100,
            at_once: 10,
            daily: 50_000,
            workspaces: vec!["Default".into()],
            tells_non_members: true,
        }
    }
}

/// A person of the instance.
#[derive(Debug, Clone, Default)]
pub struct Lead {
    /// Address.
    pub email: String,
    /// When it was created.
    pub created_at: String,
    /// Further fields that were set.
    pub fields: Map<String, Json>,
}

/// A trigger campaign.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Name.
    pub name: String,
    /// Workspace.
    pub workspace: String,
    /// Active and with the source *Web Service API*.
    pub requestable: bool,
    /// Whether a person goes through it once only.
    pub once: bool,
    /// Each time somebody was requested, with the call's tokens.
    pub requested: Vec<(i64, BTreeMap<String, String>)>,
    /// Who went through it.
    pub ran: Vec<i64>,
}

/// A static list.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Name.
    pub name: String,
    /// Workspace.
    pub workspace: String,
    /// Program.
    pub program: String,
    /// Ids of its members.
    pub members: BTreeSet<i64>,
}

/// Everything that the instance holds.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// People by id.
    pub leads: BTreeMap<i64, Lead>,
    /// Static lists by id.
    pub lists: BTreeMap<i64, List>,
    /// Campaigns by id.
    pub campaigns: BTreeMap<i64, Campaign>,
}

struct Inner {
    setup: Setup,
    faults: Faults,
    holdings: Mutex<Holdings>,
    tokens: Mutex<Tokens>,
    begun: Mutex<VecDeque<Instant>>,
    under_way: AtomicUsize,
    made: AtomicUsize,
    calls: AtomicUsize,
    requests: AtomicUsize,
}

#[derive(Default)]
struct Tokens {
    current: Option<(String, Instant)>,
    granted: usize,
}

impl Marketo {
    /// A fresh instance on a port of its own.
    pub fn start(setup: Setup) -> Self {
        Self::start_on(setup, 0)
    }

    /// The same on this port.
    pub fn start_on(setup: Setup, port: u16) -> Self {
        let inner = Arc::new(Inner {
            setup,
            faults: Faults::default(),
            holdings: Mutex::default(),
            tokens: Mutex::default(),
            begun: Mutex::default(),
            under_way: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        Self { server: Server::start(router, port), inner }
    }

    /// Its address, for `base_url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Looks at, or changes, what it holds.
    pub fn with<T>(&self, look: impl FnOnce(&mut Holdings) -> T) -> T {
        look(&mut self.inner.holdings.lock())
    }

    /// Adds a person.
    pub fn lead(&self, id: i64, email: &str, created_at: &str) {
        let lead = Lead { email: email.into(), created_at: created_at.into(), fields: Map::new() };
        self.with(|holdings| holdings.leads.insert(id, lead));
    }

    /// Adds a list of the default workspace.
    pub fn list(&self, id: i64, name: &str) {
        let list = List { name: name.into(), workspace: "Default".into(), program: "P1".into(), ..List::default() };
        self.with(|holdings| holdings.lists.insert(id, list));
    }

    /// Adds a requestable campaign of the default workspace.
    pub fn campaign(&self, id: i64, name: &str) {
        let campaign = Campaign {
            name: name.into(),
            workspace: "Default".into(),
            requestable: true,
            once: false,
            requested: Vec::new(),
            ran: Vec::new(),
        };
        self.with(|holdings| holdings.campaigns.insert(id, campaign));
    }

    /// How many calls it answered, identity left out.
    pub fn calls(&self) -> usize {
        self.inner.calls.load(Ordering::SeqCst)
    }

    /// How many different tokens it granted.
    pub fn tokens_granted(&self) -> usize {
        self.inner.tokens.lock().granted
    }

    /// Ends the current token before its time: the next call with it answers 602.
    pub fn expire_token(&self) {
        if let Some((_, ends)) = &mut self.inner.tokens.lock().current {
            *ends = Instant::now();
        }
    }
}

/// A call as the handlers see it.
struct Call {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Json,
}

impl Call {
    fn all(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        values.flat_map(|(_, value)| value.split(',').map(str::to_owned)).collect()
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A refusal of the whole request.
type Refusal = (&'static str, String);

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.to_string().len() > LONGEST_ADDRESS {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let path = parts.uri.path().to_owned();
    let fault = inner.faults.of(&path);
    match fault {
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, "<html><body>Bad gateway</body></html>").into_response();
        }
        Some(Fault::HangUpBefore) => return hang_up(),
        Some(Fault::CodeBefore(code)) => return inner.refuse(&(code, "a planned fault".into())),
        _ => {}
    }
    let mut query: Vec<(String, String)> = serde_urlencoded(parts.uri.query().unwrap_or_default());
    if path == "/identity/oauth/token" {
        return inner.identity(&query);
    }
    let mut method = parts.method.clone();
    let mut json = Json::Null;
    if query.iter().any(|(name, value)| name == "_method" && value == "GET") {
        if !is_form(&parts.headers) || method != Method::POST {
            return inner.refuse(&("612", "Invalid Content Type".into()));
        }
        method = Method::GET;
        query = serde_urlencoded(&String::from_utf8_lossy(&body));
    } else if !body.is_empty() {
        match serde_json::from_slice(&body) {
            Ok(read) => json = read,
            Err(_) => return inner.refuse(&("609", "Invalid JSON".into())),
        }
    }
    let response = inner.judged(&parts.headers, &Call { method, path, query, body: json });
    match fault {
        Some(Fault::HangUpAfter) => hang_up(),
        Some(Fault::CodeAfter(code)) => inner.refuse(&(code, "a planned fault".into())),
        Some(Fault::Garbage) => "{\"requestId\": ".into_response(),
        Some(Fault::Slow(pause)) => {
            tokio::time::sleep(pause).await;
            response
        }
        _ => response,
    }
}

/// An answer whose body breaks off: the client sees its connection end.
pub(super) fn hang_up() -> Response {
    let broken = futures_stream_error();
    Response::builder().header(header::CONTENT_LENGTH, "100").body(broken).expect("a response")
}

fn futures_stream_error() -> Body {
    Body::from_stream(tokio_stream::once(Err::<Vec<u8>, _>(std::io::Error::other("hung up"))))
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
}

fn serde_urlencoded(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

impl Inner {
    fn identity(&self, query: &[(String, String)]) -> Response {
        let has = |name: &str, value: &str| query.iter().any(|(n, v)| n == name && v == value);
        let known = has("grant_type", "client_credentials")
            && has("client_id", &self.setup.client_id)
            && has("client_secret", &self.setup.client_secret);
        if !known {
            let body = json!({ "error": "unauthorized", "error_description": "Bad client credentials" });
            return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
        }
        let mut tokens = self.tokens.lock();
        let now = Instant::now();
        if tokens.current.as_ref().is_none_or(|(_, ends)| *ends <= now) {
            tokens.granted += 1;
            let token = format!("cdf01657-110d-4155-99a7-{:012}:int", tokens.granted);
            tokens.current = Some((token, now + self.setup.token_life));
        }
        let (token, ends) = tokens.current.clone().expect("just granted");
        let left = ends.duration_since(now).as_secs();
        axum::Json(
            json!({ "access_token": token, "token_type": "bearer", "expires_in": left, "scope": "apis@acme.example" }),
        )
        .into_response()
    }

    fn judged(&self, headers: &HeaderMap, call: &Call) -> Response {
        if let Err(refusal) = self.signed_in(headers) {
            return self.refuse(&refusal);
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let answered = self.within_limits(under_way).and_then(|()| self.handle(call));
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        match answered {
            Ok(mut envelope) => {
                envelope["requestId"] = self.request_id().into();
                envelope["success"] = true.into();
                axum::Json(envelope).into_response()
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }

    fn signed_in(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let tokens = self.tokens.lock();
        let Some((token, ends)) = tokens.current.as_ref().filter(|(token, _)| token == given) else {
            let old = given.starts_with("cdf01657-110d-4155-99a7-");
            return Err(if old {
                ("602", "Access token expired".into())
            } else {
                ("601", "Access token invalid".into())
            });
        };
        let _ = token;
        if *ends <= Instant::now() {
            return Err(("602", "Access token expired".into()));
        }
        Ok(())
    }

    fn within_limits(&self, under_way: usize) -> Result<(), Refusal> {
        let Setup { rate, at_once, daily, .. } = self.setup;
        if self.made.fetch_add(1, Ordering::SeqCst) >= daily {
            return Err(("607", format!("Daily API Request Limit '{daily}' reached")));
        }
        let mut begun = self.begun.lock();
        let now = Instant::now();
        while begun.front().is_some_and(|first| now.duration_since(*first) > WINDOW) {
            begun.pop_front();
        }
        if begun.len() >= rate {
            return Err(("606", format!("Max rate limit '{rate}' exceeded with in '20' secs")));
        }
        begun.push_back(now);
        if under_way > at_once {
            return Err(("615", format!("Concurrent access limit '{at_once}' reached")));
        }
        Ok(())
    }

    fn refuse(&self, (code, message): &Refusal) -> Response {
        let body = json!({
            "requestId": self.request_id(),
            "success": false,
            "errors": [{ "code": code, "message": message }],
        });
        axum::Json(body).into_response()
    }

    fn request_id(&self) -> String {
        format!("{:x}#17061{:06x}", 0x6860, self.requests.fetch_add(1, Ordering::SeqCst))
    }

    fn handle(&self, call: &Call) -> Result<Json, Refusal> {
        let parts: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
        match (&call.method, parts.as_slice()) {
            (&Method::GET, ["rest", "v1", "leads.json"]) => self.find_leads(call),
            (&Method::POST, ["rest", "v1", "leads.json"]) => self.sync_leads(call),
            (&Method::GET, ["rest", "v1", "lists.json"]) => Ok(self.named(call, true)),
            (&Method::GET, ["rest", "v1", "campaigns.json"]) => Ok(self.named(call, false)),
            (&Method::POST | &Method::DELETE, ["rest", "v1", "lists", id, "leads.json"]) => self.change_list(call, id),
            (&Method::POST, ["rest", "v1", "campaigns", id, "trigger.json"]) => self.trigger(call, id),
            (&Method::GET, ["rest", "asset", "v1", "emails.json"]) => Ok(no_assets()),
            (&Method::GET, ["rest", "asset", "v1", "folder", "byName.json"]) => Ok(json!({
                "result": [{ "id": 14, "name": "Marketing Activities", "workspace": null, "createdAt": "2010-03-27T18:27:45Z+0000" }]
            })),
            (&Method::GET, ["rest", "asset", "v1", "folders.json"]) => Ok(self.folders(call)),
            _ => Err(("610", "Requested resource not found".into())),
        }
    }

    fn find_leads(&self, call: &Call) -> Result<Json, Refusal> {
        let values = call.all("filterValues");
        if call.one("filterType") != Some("email") {
            return Err(("1011", "Field not supported".into()));
        }
        if values.is_empty() || values.len() > 300 {
            return Err(("1003", "filterValues: between 1 and 300 values".into()));
        }
        let wanted: BTreeSet<String> = values.iter().map(|value| value.to_lowercase()).collect();
        let holdings = self.holdings.lock();
        // In an order of its own: not the order of the values.
        let matching: Vec<Json> = holdings
            .leads
            .iter()
            .rev()
            .filter(|(_, lead)| wanted.contains(&lead.email.to_lowercase()))
            .map(|(id, lead)| json!({ "id": id, "email": lead.email, "createdAt": lead.created_at, "updatedAt": lead.created_at }))
            .collect();
        if matching.len() > 1_000 {
            return Err(("1003", "Too many results match the filter".into()));
        }
        Ok(paged(call, matching, "batchSize", 300))
    }

    fn sync_leads(&self, call: &Call) -> Result<Json, Refusal> {
        let body = &call.body;
        if body["action"] != "updateOnly" || body["lookupField"] != "id" {
            return Err(("1003", "these tests only update by id; nobody may be created".into()));
        }
        let input = records(&body["input"], 300)?;
        let mut holdings = self.holdings.lock();
        let result: Vec<Json> = input
            .iter()
            .map(|record| {
                let id = record["id"].as_i64().unwrap_or_default();
                let Some(lead) = holdings.leads.get_mut(&id) else { return skipped(None, "1004", "Lead not found") };
                let fields = record.as_object().expect("an object").iter().filter(|(name, _)| *name != "id");
                lead.fields.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
                json!({ "id": id, "status": "updated" })
            })
            .collect();
        Ok(json!({ "result": result }))
    }

    fn named(&self, call: &Call, lists: bool) -> Json {
        let names = call.all("name");
        let workspaces = call.all("workspaceName");
        let requestable = call.one("isTriggerable") == Some("true");
        let fits = |name: &String, workspace: &String| {
            self.setup.workspaces.contains(workspace)
                && (names.is_empty() || names.contains(name))
                && (workspaces.is_empty() || workspaces.contains(workspace))
        };
        let holdings = self.holdings.lock();
        let found: Vec<Json> = if lists {
            let fitting = holdings.lists.iter().filter(|(_, list)| fits(&list.name, &list.workspace));
            let shown = |(id, list): (&i64, &List)| {
                json!({ "id": id, "name": list.name, "programName": list.program, "workspaceName": list.workspace,
                        "createdAt": "2017-07-27T01:38:33Z", "updatedAt": "2017-07-27T01:38:33Z" })
            };
            fitting.map(shown).collect()
        } else {
            let fitting = holdings.campaigns.iter().filter(|(_, campaign)| {
                fits(&campaign.name, &campaign.workspace) && (!requestable || campaign.requestable)
            });
            let shown = |(id, campaign): (&i64, &Campaign)| {
                json!({ "id": id, "name": campaign.name, "type": "trigger", "workspaceName": campaign.workspace,
                        "active": campaign.requestable })
            };
            fitting.map(shown).collect()
        };
        paged(call, found, "batchSize", 300)
    }

    fn change_list(&self, call: &Call, id: &str) -> Result<Json, Refusal> {
        let adding = call.method == Method::POST;
        let mut ids: Vec<i64> = call.all("id").iter().filter_map(|id| id.parse().ok()).collect();
        if ids.is_empty() {
            ids = records(&call.body["input"], 300)?.iter().filter_map(|record| record["id"].as_i64()).collect();
        }
        if ids.is_empty() || ids.len() > 300 {
            return Err(("1003", "between 1 and 300 ids".into()));
        }
        let mut holdings = self.holdings.lock();
        let Holdings { leads, lists, .. } = &mut *holdings;
        let list = id.parse().ok().and_then(|id: i64| lists.get_mut(&id));
        let list = list.filter(|list| self.setup.workspaces.contains(&list.workspace));
        let Some(list) = list else { return Err(("1013", format!("List not found [{id}]"))) };
        let result: Vec<Json> = ids
            .into_iter()
            .map(|id| match (leads.contains_key(&id), adding) {
                (false, _) => skipped(Some(id), "1004", "Lead not found"),
                (true, true) => {
                    list.members.insert(id);
                    json!({ "id": id, "status": "added" })
                }
                (true, false) if !list.members.remove(&id) && self.setup.tells_non_members => {
                    skipped(Some(id), "1015", "Lead not in list")
                }
                (true, false) => json!({ "id": id, "status": "removed" }),
            })
            .collect();
        Ok(json!({ "result": result }))
    }

    fn trigger(&self, call: &Call, id: &str) -> Result<Json, Refusal> {
        let input = &call.body["input"];
        let leads = records(&input["leads"], 100)?;
        let mut tokens = BTreeMap::new();
        for token in input["tokens"].as_array().into_iter().flatten() {
            let name = token["name"].as_str().unwrap_or_default();
            if !(name.starts_with("{{my.") && name.ends_with("}}")) {
                return Err(("1001", format!("Invalid token name '{name}'")));
            }
            tokens.insert(name.to_owned(), token["value"].as_str().unwrap_or_default().to_owned());
        }
        if tokens.len() > 100 {
            return Err(("1003", "at most 100 tokens".into()));
        }
        let mut holdings = self.holdings.lock();
        let campaign = id.parse().ok().and_then(|id: i64| holdings.campaigns.get_mut(&id));
        let campaign = campaign.filter(|campaign| self.setup.workspaces.contains(&campaign.workspace));
        let Some(campaign) = campaign else { return Err(("1013", format!("Campaign not found [{id}]"))) };
        if !campaign.requestable {
            return Err(("1003", "Trigger campaign is not requestable".into()));
        }
        for lead in leads.iter().filter_map(|lead| lead["id"].as_i64()) {
            campaign.requested.push((lead, tokens.clone()));
            if !(campaign.once && campaign.ran.contains(&lead)) {
                campaign.ran.push(lead);
            }
        }
        Ok(json!({ "result": [{ "id": id.parse::<i64>().unwrap_or_default() }] }))
    }

    fn folders(&self, call: &Call) -> Json {
        if !call.one("root").is_some_and(|root| serde_json::from_str::<Json>(root).is_ok_and(|root| root["id"] == 14)) {
            return no_assets();
        }
        let zone = |(n, workspace): (usize, &String)| {
            json!({ "id": 15 + n, "name": workspace, "folderType": "Zone", "workspace": workspace,
                    "path": format!("/Marketing Activities/{workspace}"), "createdAt": "2010-03-27T18:27:45Z+0000" })
        };
        let all: Vec<Json> = self.setup.workspaces.iter().enumerate().map(zone).collect();
        let number = |name: &str, usual| call.one(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
        let page: Vec<Json> =
            all.into_iter().skip(number("offset", 0)).take(number("maxReturn", 20).min(200)).collect();
        if page.is_empty() { no_assets() } else { json!({ "result": page }) }
    }
}

/// Nothing found: no result at all, and a warning.
fn no_assets() -> Json {
    json!({ "warnings": ["No assets found for the given search criteria."] })
}

fn skipped(id: Option<i64>, code: &str, message: &str) -> Json {
    let mut record = json!({ "status": "skipped", "reasons": [{ "code": code, "message": message }] });
    if let Some(id) = id {
        record["id"] = id.into();
    }
    record
}

fn records(input: &Json, most: usize) -> Result<Vec<Json>, Refusal> {
    match input.as_array() {
        Some(records) if (1..=most).contains(&records.len()) => Ok(records.clone()),
        Some(_) => Err(("1003", format!("between 1 and {most} records"))),
        None => Err(("1002", "Missing value for required parameter 'input'".into())),
    }
}

/// A page of records with the token of the next.
fn paged(call: &Call, all: Vec<Json>, size: &str, most: usize) -> Json {
    let size = call.one(size).and_then(|text| text.parse().ok()).unwrap_or(most).clamp(1, most);
    let from: usize = call
        .one("nextPageToken")
        .and_then(|token| token.trim_end_matches('=').rsplit('-').next().and_then(|n| n.parse().ok()))
        .unwrap_or(0);
    let more = all.len() > from + size;
    let page: Vec<Json> = all.into_iter().skip(from).take(size).collect();
    let mut answer = json!({ "result": page });
    if more {
        answer["nextPageToken"] = format!("PAGE-{}====", from + size).into();
        answer["moreResult"] = true.into();
    }
    answer
}
