//! One HTTP call.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, redirect};

use super::guard::{Guard, Network};
use super::names::{Judged, Names, NotAllowed, OPEN_IT, OfMachine};
use super::turns::{SharedTurns, Turns};

/// The most that is read of an answer: 1 MiB. What is longer is no answer to anything that Caravan asks.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// The longest pause that another system may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// The client of every connector. Cheap to clone; connections are kept and shared.
#[derive(Debug, Clone)]
pub struct Outbound {
    guard: Guard,
    /// For `https`: public addresses and opened ranges.
    encrypted: reqwest::Client,
    /// For `http`: opened ranges alone; nothing leaves for the Internet unencrypted.
    plain: reqwest::Client,
    turns: Turns,
}

/// What the other side answered, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, bounded.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The call was never made: its address is not allowed or not an address. Another try changes nothing.
    #[error("{0}")]
    Refused(String),
    /// No connection was made: nothing happened on the other side.
    #[error("{0}")]
    Unreachable(String),
    /// The connection was lost or took too long behind the call: it may have happened.
    #[error("{0}")]
    Lost(String),
}

impl Outbound {
    /// A client behind this guard.
    pub fn new(guard: Guard) -> Self {
        Self::asking(guard, Arc::new(OfMachine))
    }

    /// The same, with somebody else who knows the addresses of names.
    pub(super) fn asking(guard: Guard, names: Arc<dyn Names>) -> Self {
        // Every connection of the process uses ring; a second call finds it set.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |judge: fn(&Guard, IpAddr) -> bool| {
            reqwest::Client::builder()
                .user_agent(concat!("Caravan/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT)
                .pool_idle_timeout(Duration::from_secs(60))
                .dns_resolver(Arc::new(Judged { names: Arc::clone(&names), guard: guard.clone(), judge }))
                .build()
                .expect("the client's settings are fixed and fit")
        };
        Self { encrypted: client(Guard::allows), plain: client(Guard::is_opened), guard, turns: Turns::default() }
    }

    /// The same, with turns that it shares with other processes.
    #[must_use]
    pub fn sharing(self, turns: Arc<dyn SharedTurns>) -> Self {
        Self { turns: Turns(Some(turns)), ..self }
    }

    /// The same, and mail servers may stand in these private ranges.
    #[must_use]
    pub fn with_mail_networks(self, opened: Vec<Network>) -> Self {
        Self { guard: self.guard.with_mail_networks(opened), ..self }
    }

    /// Turns at doors whose limits hold for all processes.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// What it may reach.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Begins a call; [`Outbound::send`] makes it.
    ///
    /// # Errors
    /// [`CallError::Refused`] for an address that is none, carries a user name, or may not be reached.
    pub fn call(&self, method: Method, address: &str) -> Result<RequestBuilder, CallError> {
        let refused = |why: &str| CallError::Refused(format!("`{address}` {why}"));
        let url = reqwest::Url::parse(address).map_err(|_| refused("is not a web address; write it in full"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(CallError::Refused(
                "The address carries a user name or password. Move them to `secrets`.".into(),
            ));
        }
        let (client, judge): (_, fn(&Guard, IpAddr) -> bool) = match url.scheme() {
            "https" => (&self.encrypted, Guard::allows),
            "http" => (&self.plain, Guard::is_opened),
            _ => return Err(refused("begins with neither https:// nor http://")),
        };
        // A name is judged when it is resolved; an address stands here already.
        if let Some(literal) = literal_address(&url).filter(|literal| !judge(&self.guard, *literal)) {
            return Err(CallError::Refused(not_allowed(literal, url.scheme())));
        }
        Ok(client.request(method, url))
    }

    /// Makes a call that may take `patience` in all, the answer included.
    ///
    /// # Errors
    /// Without an answer. A status that tells of a failure is an answer.
    pub async fn send(&self, call: RequestBuilder, patience: Duration) -> Result<Answer, CallError> {
        let mut response = call.timeout(patience).send().await.map_err(|error| no_answer(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| CallError::Lost(chain(&error)))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(CallError::Lost(format!("The answer is longer than {LONGEST_ANSWER} bytes.")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()), body })
    }

    /// Makes a call whose answer may be of any length: its head has come, its body is the caller's to read and to bound.
    ///
    /// # Errors
    /// Without an answer. A status that tells of a failure is an answer.
    pub async fn begin(&self, call: RequestBuilder, patience: Duration) -> Result<reqwest::Response, CallError> {
        match tokio::time::timeout(patience, call.send()).await {
            Ok(answer) => answer.map_err(|error| no_answer(&error)),
            Err(_) => Err(CallError::Lost("It took too long".to_owned())),
        }
    }
}

impl Outbound {
    /// The file at an address.
    ///
    /// # Errors
    /// Why there is none, for people.
    pub async fn fetch(&self, address: &str, patience: Duration) -> Result<Vec<u8>, String> {
        let call = self.call(Method::GET, address).map_err(|error| error.to_string())?;
        let answer = self.send(call, patience).await.map_err(|error| error.to_string())?;
        match answer.is_success() {
            true => Ok(answer.body),
            false => Err(format!("{address} answers {}", answer.status)),
        }
    }
}

impl Answer {
    /// Whether the other side took it (2xx).
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body read as JSON, or what is wrong with it.
    ///
    /// # Errors
    /// When it is not JSON of this form.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("The answer is not what was expected: {error}."))
    }

    /// The start of the body as text, for people.
    pub fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().filter(|c| !c.is_control()).take(300).collect()
    }

    /// The pause that the other side asked for (`Retry-After`: seconds or a date), at most a day.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let asked = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let pause = match asked.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => {
                let until = jiff::fmt::rfc2822::parse(asked).ok()?.timestamp();
                until.duration_since(now).try_into().unwrap_or_default()
            }
        };
        Some(pause.min(LONGEST_PAUSE))
    }
}

fn not_allowed(address: IpAddr, scheme: &str) -> String {
    format!("{address} may not be reached by {scheme}{OPEN_IT}")
}

fn literal_address(url: &reqwest::Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn no_answer(error: &reqwest::Error) -> CallError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(NotAllowed(why)) = cause.downcast_ref() {
            return CallError::Refused(why.clone());
        }
        source = cause.source();
    }
    match () {
        () if error.is_builder() => CallError::Refused(chain(error)),
        () if error.is_connect() => CallError::Unreachable(chain(error)),
        () => CallError::Lost(chain(error)),
    }
}

/// The error and its causes in one sentence, without the address, which may carry a secret in its query.
fn chain(error: &reqwest::Error) -> String {
    let mut text = match () {
        () if error.is_timeout() => "It took too long".to_owned(),
        () if error.is_connect() => "No connection could be made".to_owned(),
        () => "The connection was lost".to_owned(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers every call with these bytes, and counts none.
    fn answering(bytes: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(bytes);
            }
        });
        address
    }

    fn opened() -> Outbound {
        Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().unwrap()]))
    }

    async fn get(outbound: &Outbound, address: &str) -> Result<Answer, CallError> {
        outbound.send(outbound.call(Method::GET, address)?, Duration::from_secs(5)).await
    }

    fn refusal(result: Result<Answer, CallError>) -> String {
        match result {
            Err(CallError::Refused(why)) => why,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[tokio::test]
    async fn an_opened_range_is_reached_and_the_answer_comes_back_whatever_its_status() {
        let address =
            answering(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        let answer = get(&opened(), &address).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (429, b"{}".as_slice()));
        assert_eq!(answer.retry_after(Timestamp::UNIX_EPOCH), Some(Duration::from_secs(7)));
    }

    #[tokio::test]
    async fn loopback_is_refused_by_number_and_by_name() {
        let closed = Outbound::new(Guard::default());
        let address = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert!(refusal(get(&closed, &address).await).contains("--allow-network"));
        let by_name = address.replace("127.0.0.1", "localhost");
        assert!(refusal(get(&closed, &by_name).await).contains("leads to"));
        let encrypted = by_name.replace("http:", "https:");
        assert!(refusal(get(&closed, &encrypted).await).contains("leads to"));
        assert!(refusal(get(&closed, "https://[::ffff:169.254.169.254]/latest").await).contains("may not be reached"));
    }

    #[tokio::test]
    async fn the_internet_is_never_reached_unencrypted() {
        assert!(refusal(get(&opened(), "http://93.184.216.34/").await).contains("unencrypted"));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let address = answering(
            b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
        assert_eq!(get(&opened(), &address).await.unwrap().status, 302);
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        static LONG: [u8; 2 * LONGEST_ANSWER] = [b'x'; 2 * LONGEST_ANSWER];
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(&LONG);
        });
        assert!(matches!(get(&opened(), &address).await, Err(CallError::Lost(why)) if why.contains("longer")));
    }

    #[tokio::test]
    async fn a_shut_door_is_told_apart_from_a_line_that_went_dead() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let nobody = get(&opened(), &format!("http://{free}")).await;
        assert!(matches!(nobody, Err(CallError::Unreachable(_))), "{nobody:?}");
        let dead = get(&opened(), &answering(b"")).await;
        assert!(matches!(dead, Err(CallError::Lost(_))), "{dead:?}");
    }

    #[test]
    fn addresses_with_secrets_in_them_are_refused() {
        let call = |address| opened().call(Method::GET, address).map(|_| ());
        for bad in ["https://ann:pw@example.com", "ftp://example.com", "example.com", "file:///etc/passwd"] {
            assert!(matches!(call(bad), Err(CallError::Refused(_))), "{bad}");
        }
    }

    #[test]
    fn a_pause_is_read_as_seconds_or_as_a_date_and_is_bounded() {
        let pause = |value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            let now = "2026-11-26T10:00:00Z".parse().unwrap();
            Answer { status: 503, headers, body: Vec::new() }.retry_after(now)
        };
        assert_eq!(pause("120"), Some(Duration::from_secs(120)));
        assert_eq!(pause("Thu, 26 Nov 2026 10:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(pause("Thu, 26 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("99999999"), Some(LONGEST_PAUSE));
        assert_eq!(pause("soon"), None);
    }
}
