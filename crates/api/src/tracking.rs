//! Where the links in messages lead: the picture that tells of an open, tracked links, and the way out.
//!
//! Nobody signs in here; the token in the address is the proof. A GET never opts anybody out: mail programs and scanners
//! follow every link.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caravan_engine::machines::Visitor;
use caravan_engine::tracking::{self, OptOut, OptOutPage, OptingOut, PREVIEW, PROOF, SigningKeys, TrackingError};
use caravan_engine::{content, texts};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::access::Gate;
use crate::http::{Operations, Path, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Links in messages")
        .get("/t/o/{token}", Gate::Public, opened, "The picture in a message; always answers a picture")
        .get("/t/c/{token}", Gate::Public, clicked, "A link in a message; leads to where the message says")
        .get("/t/v/{token}", Gate::Public, viewed, "A message as a web page; counts nothing")
        .get("/t/u/{token}", Gate::Public, ask, "The page on which one opts out; changes nothing")
        .get("/s/{code}", Gate::Public, followed, "A link in a text message; leads to where the message says")
        .post("/t/u/{token}", Gate::Public, opt_out, "Opt out: the page's button, or a mail program's (RFC 8058)")
}

/// Every text that recipients read here.
mod words {
    pub const ASK_TITLE: &str = "Unsubscribe";
    pub const ASK_BUTTON: &str = "Unsubscribe";
    pub const DONE_TITLE: &str = "You are unsubscribed";
    pub const UNKNOWN_TITLE: &str = "This link does not work";
    pub const UNKNOWN: &str =
        "It may have been cut off on its way. Copy the whole address from the message and try again.";
    pub const PREVIEW_TITLE: &str = "This is a preview";
    pub const PREVIEW: &str =
        "Recipients of the message get here to opt out, or to look at it as a web page. Nothing was changed.";
    pub const BROKEN_TITLE: &str = "This did not work";
    pub const BROKEN: &str = "Something went wrong on our side. Please try again in a moment.";

    /// What one gets no more of.
    pub fn what(texts: bool) -> &'static str {
        if texts { "marketing text messages" } else { "marketing email" }
    }

    /// It is done.
    pub fn done(what: &str) -> String {
        format!("You will get no more {what} from us. What was sent before may still arrive.")
    }

    /// The question, with whom and what for as far as they are known.
    pub fn ask(what: &str, address: Option<&str>, organisation: Option<&str>) -> String {
        match (address, organisation) {
            (Some(address), Some(organisation)) => format!("Shall {address} get no more {what} from {organisation}?"),
            (Some(address), None) => format!("Shall {address} get no more {what}?"),
            (None, Some(organisation)) => format!("Do you want no more {what} from {organisation}?"),
            (None, None) => format!("Do you want no more {what}?"),
        }
    }
}

/// A picture of one transparent point, GIF.
const POINT: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// What no address has in it as it is, besides letters beyond ASCII.
const BESIDE_ADDRESSES: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// Messages are nobody's to find.
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// What a mail program sends that has a button of its own (RFC 8058).
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// Whether a form, of either kind, says what mail programs say.
fn is_one_click(body: &[u8]) -> bool {
    let (name, value) = ONE_CLICK;
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n");
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().trim().to_owned();
    let says = |field: &str| field.split_once('=').is_some_and(|(n, v)| decoded(n) == name && decoded(v) == value);
    let names = |head: &str| {
        let words = head.split([';', '\n']).map(|word| word.trim().replace('"', ""));
        words.into_iter().any(|word| word == format!("name={name}"))
    };
    let part = |part: &str| part.split_once("\n\n").is_some_and(|(head, said)| names(head) && said.trim() == value);
    text.split('&').any(says) || text.split("\n--").any(part)
}

#[derive(Deserialize, JsonSchema)]
struct LinkPath {
    /// Signed by this installation.
    token: String,
}

/// An answer for browsers and mail programs.
struct Shown(Response);

/// The connection that a request came over, where the server says so.
type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Who asks, as far as it tells.
fn visitor(peer: Peer, headers: &HeaderMap) -> Visitor {
    let agent = headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    Visitor { agent, address: peer.map(|Extension(ConnectInfo(peer))| origin(peer.ip(), headers)) }
}

/// Where a request comes from: a proxy on this machine or network says for whom it asks, others are not believed.
fn origin(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let near = match peer.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    };
    let said = headers.get("x-forwarded-for").filter(|_| near).and_then(|value| value.to_str().ok());
    said.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
}

async fn opened(
    State(state): State<ApiState>,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
    Path(path): Path<LinkPath>,
) -> Shown {
    if method == Method::HEAD {
        return Shown(([(header::CONTENT_TYPE, "image/gif")], POINT).into_response());
    }
    let visitor = visitor(peer, &headers);
    let written = with_keys(&state, move |engine, keys| tracking::opened(engine, keys, &path.token, &visitor)).await;
    if let Err(Refused::Broken) = written {
        tracing::warn!("an open could not be written down");
    }
    Shown(([(header::CONTENT_TYPE, "image/gif")], POINT).into_response())
}

async fn clicked(
    State(state): State<ApiState>,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
    Path(path): Path<LinkPath>,
) -> Shown {
    // Whoever only asks where a link leads is a machine.
    let counts = method != Method::HEAD;
    let visitor = visitor(peer, &headers);
    let follow = move |engine: &_, keys: &_| match counts {
        true => tracking::clicked(engine, keys, &path.token, &visitor).map_err(TrackingError::from),
        false => tracking::leads_to(keys, &path.token).map_err(TrackingError::from),
    };
    let target = match with_keys(&state, follow).await {
        Ok(target) => target,
        Err(refused) => return refused.page(),
    };
    leads_on(&target)
}

/// A redirect. Letters beyond ASCII are written as addresses have them; browsers read names of hosts so, too.
fn leads_on(target: &str) -> Shown {
    let written: String = target.chars().filter(|c| !c.is_control()).collect();
    let written = utf8_percent_encode(written.trim(), BESIDE_ADDRESSES).to_string();
    match HeaderValue::from_str(&written) {
        Ok(location) => Shown((StatusCode::FOUND, [(header::LOCATION, location)]).into_response()),
        Err(_) => Refused::Unknown.page(),
    }
}

#[derive(Deserialize, JsonSchema)]
struct ShortPath {
    /// Made by this installation.
    code: String,
}

async fn followed(
    State(state): State<ApiState>,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
    Path(path): Path<ShortPath>,
) -> Shown {
    let visitor = Some(visitor(peer, &headers)).filter(|_| method != Method::HEAD);
    let follow =
        move |engine: &_, keys: &_| texts::followed(engine, keys, &path.code, visitor.as_ref()).map_err(Into::into);
    match with_keys(&state, follow).await {
        Ok(Some(target)) => leads_on(&target),
        Ok(None) => Refused::Unknown.page(),
        Err(refused) => refused.page(),
    }
}

async fn viewed(State(state): State<ApiState>, Path(path): Path<LinkPath>) -> Shown {
    if path.token == PREVIEW {
        return preview_page();
    }
    let url = std::sync::Arc::clone(&state.public_url);
    let look = move |engine: &_, keys: &_| Ok(content::web_view(engine, keys, &url, &path.token)?);
    let html = match with_keys(&state, look).await {
        Ok(Some(html)) => html,
        Ok(None) => return Refused::Unknown.page(),
        Err(refused) => return refused.page(),
    };
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (ROBOTS, "noindex")];
    Shown((StatusCode::OK, headers, html).into_response())
}

async fn ask(State(state): State<ApiState>, Path(path): Path<LinkPath>) -> Shown {
    if path.token == PREVIEW {
        return preview_page();
    }
    let look = move |engine: &_, keys: &_| tracking::opt_out_page(engine, keys, &path.token);
    with_keys(&state, look).await.map_or_else(Refused::page, |page| opt_out_page(&page))
}

async fn opt_out(
    State(state): State<ApiState>,
    peer: Peer,
    headers: HeaderMap,
    Path(path): Path<LinkPath>,
    body: Bytes,
) -> Shown {
    let one_click = is_one_click(&body);
    let visitor = visitor(peer, &headers);
    let how = match one_click {
        true => OptingOut { how: OptOut::OneClick, visitor, words: |_| format!("{}={}", ONE_CLICK.0, ONE_CLICK.1) },
        false => OptingOut { how: OptOut::Page, visitor, words: question },
    };
    let go = move |engine: &_, keys: &_| match tracking::tried(engine, keys, &path.token)? {
        Some(proof) if one_click => Ok(Done::Tried(proof)),
        _ => tracking::opt_out(engine, keys, &path.token, how).map(Done::OptedOut),
    };
    match with_keys(&state, go).await {
        Ok(Done::Tried(proof)) => Shown((StatusCode::OK, [(PROOF, proof)]).into_response()),
        // Nobody reads what a mail program is answered; one that is refused marks the sender down.
        Ok(_) | Err(Refused::Unknown) if one_click => Shown(StatusCode::OK.into_response()),
        Ok(Done::OptedOut(page)) => opt_out_page(&page),
        Err(refused) => refused.page(),
    }
}

/// What came of a way out that was taken.
enum Done {
    OptedOut(OptOutPage),
    /// It was our own trial: what shows that we answered.
    Tried(String),
}

/// Why a link does nothing.
enum Refused {
    Unknown,
    Broken,
}

async fn with_keys<T: Send + 'static>(
    state: &ApiState,
    work: impl FnOnce(&caravan_engine::Engine, &SigningKeys) -> Result<T, TrackingError> + Send + 'static,
) -> Result<T, Refused> {
    let Some(keys) = state.signing.clone() else { return Err(Refused::Unknown) };
    let done = state.blocking(move |engine| match work(engine, &keys) {
        Ok(done) => Ok(Ok(done)),
        Err(TrackingError::BadToken(_)) => Ok(Err(Refused::Unknown)),
        Err(TrackingError::Store(error)) => Err(Problem::from(error)),
    });
    done.await.unwrap_or(Err(Refused::Broken))
}

impl Refused {
    fn page(self) -> Shown {
        match self {
            Self::Unknown => page(StatusCode::NOT_FOUND, words::UNKNOWN_TITLE, words::UNKNOWN, false),
            Self::Broken => page(StatusCode::SERVICE_UNAVAILABLE, words::BROKEN_TITLE, words::BROKEN, false),
        }
    }
}

/// Where links of previews and proofs lead: nobody's way out.
fn preview_page() -> Shown {
    page(StatusCode::OK, words::PREVIEW_TITLE, words::PREVIEW, false)
}

fn opt_out_page(of: &OptOutPage) -> Shown {
    if of.opted_out {
        return page(StatusCode::OK, words::DONE_TITLE, &words::done(words::what(of.texts)), false);
    }
    page(StatusCode::OK, words::ASK_TITLE, &question(of), true)
}

/// What is asked on the page.
fn question(of: &OptOutPage) -> String {
    words::ask(words::what(of.texts), of.address.as_deref(), of.organisation.as_deref())
}

fn page(status: StatusCode, title: &str, text: &str, with_button: bool) -> Shown {
    let (title, text) = (escaped(title), escaped(text));
    let button = if with_button {
        format!("<form method=\"post\"><button>{}</button></form>", words::ASK_BUTTON)
    } else {
        String::new()
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>body{{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;color-scheme:light dark}}\
         button{{font:inherit;padding:.6rem 1.4rem;border-radius:6px;border:1px solid;cursor:pointer}}</style>\
         <main><h1>{title}</h1><p>{text}</p>{button}</main></html>"
    );
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Shown((status, kind, html).into_response())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        self.0
    }
}

impl aide::OperationOutput for Shown {
    type Inner = ();
}
