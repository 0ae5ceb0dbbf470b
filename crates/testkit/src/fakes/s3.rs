//! A store of buckets that speaks S3, as far as Caravan asks it: signed requests (Signature Version 4) that list, read and put
//! objects, with the bucket in the path.
//!
//! Nothing passes that is not signed by the known key for the bucket's region, over the body that came, within fifteen
//! minutes; what stands in a signed header may not differ by a byte.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caravan_model::Clock;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::faults::Faults;
use super::server::Server;
use super::wire::{Asked, System, UnderWay, serve, status_code, text};

/// How far the clock of a caller may be off.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// How the store is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The bucket that there is.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The key that may use it.
    pub access_key_id: String,
    /// And its secret.
    pub secret_access_key: String,
    /// Objects on a page of a listing.
    pub page: usize,
    /// What it tells by when an object was put. Signatures are checked by the clock of the machine.
    pub clock: Clock,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            bucket: "caravan".into(),
            region: "eu-central-1".into(),
            access_key_id: "AKIAFAKEFAKEFAKEFAKE".into(),
            secret_access_key: "fake+secret/fake".into(),
            page: 1_000,
            clock: Clock::System,
        }
    }
}

/// A running store.
pub struct S3 {
    server: Server,
    inner: Arc<Inner>,
}

/// A look into a store from behind: for another system that reads what lies there.
#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

impl Shelf {
    /// Every object by its key.
    pub fn objects(&self) -> BTreeMap<String, Object> {
        self.0.objects.lock().clone()
    }
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What is in it.
    pub content: Vec<u8>,
    /// Differs whenever the content does.
    pub tag: String,
    /// When it was put.
    pub put_at: Timestamp,
}

struct Inner {
    setup: Setup,
    faults: Faults,
    objects: Mutex<BTreeMap<String, Object>>,
    requests: AtomicUsize,
    refused: Mutex<Vec<String>>,
}

impl S3 {
    /// A store with an empty bucket on a port of its own.
    pub fn start(setup: Setup) -> Self {
        Self::start_on(setup, 0)
    }

    /// The same on this port.
    pub fn start_on(setup: Setup, port: u16) -> Self {
        let inner = Arc::new(Inner {
            setup,
            faults: Faults::default(),
            objects: Mutex::default(),
            requests: AtomicUsize::new(0),
            refused: Mutex::default(),
        });
        Self { server: serve(&inner, port), inner }
    }

    /// Its address, for `endpoint`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What goes wrong. The path of a listing is that of the bucket.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Puts an object from behind.
    pub fn put(&self, key: &str, content: impl Into<Vec<u8>>) {
        let object = Object::put(content.into(), self.inner.setup.clock.now());
        self.inner.objects.lock().insert(key.to_owned(), object);
    }

    /// Every object by its key.
    pub fn objects(&self) -> BTreeMap<String, Object> {
        self.shelf().objects()
    }

    /// A look at its objects that may be given away.
    pub fn shelf(&self) -> Shelf {
        Shelf(Arc::clone(&self.inner))
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.inner.requests.load(Ordering::SeqCst)
    }

    /// Codes of the requests that were refused, planned faults left out.
    pub fn refused(&self) -> Vec<String> {
        self.inner.refused.lock().clone()
    }
}

impl Object {
    fn put(content: Vec<u8>, put_at: Timestamp) -> Self {
        let tag = format!("\"{}\"", &hex(&Sha256::digest(&content))[..32]);
        Self { content, tag, put_at }
    }
}

/// A refusal: status, code, message.
type Refusal = (StatusCode, &'static str, String);

fn refuse(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
    (status_code(status), code, message.into())
}

fn refused((status, code, message): Refusal) -> Response {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId></Error>",
        escaped(&message)
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], xml).into_response()
}

impl System for Inner {
    const LARGEST_BODY: usize = 64 * 1024 * 1024;
    const GARBAGE: &'static str = "<ListBucketRes";

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn planned(&self, code: &'static str) -> Response {
        let status = match code {
            "SlowDown" => 503,
            "InternalError" => 500,
            _ => 403,
        };
        refused(refuse(status, code, "a planned fault"))
    }

    fn status(&self, status: u16) -> Response {
        refused(refuse(status, "InternalError", "a planned fault"))
    }

    fn begins(&self, _: &Asked) -> Option<UnderWay> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        None
    }

    async fn answers(&self, asked: Asked) -> Response {
        let Asked { parts, body } = asked;
        let response = self.signed(&parts, &body).and_then(|()| self.handle(&parts, body.to_vec()));
        response.unwrap_or_else(|refusal| {
            self.refused.lock().push(refusal.1.to_owned());
            refused(refusal)
        })
    }
}

impl Inner {
    /// Whether the request is what its signature says: AWS Signature Version 4, in its header form.
    fn signed(&self, parts: &Parts, body: &[u8]) -> Result<(), Refusal> {
        let authorization = text(&parts.headers, "authorization")
            .ok_or_else(|| refuse(403, "AccessDenied", "Anonymous requests are not let in."))?;
        let signature = Authorization::read(authorization)
            .ok_or_else(|| refuse(400, "AuthorizationHeaderMalformed", "The header Authorization cannot be read."))?;
        let Setup { region, access_key_id, secret_access_key, .. } = &self.setup;
        if signature.key != access_key_id {
            return Err(refuse(403, "InvalidAccessKeyId", "The key id you provided does not exist in our records."));
        }
        if signature.region != region || signature.service != "s3" {
            return Err(refuse(400, "AuthorizationHeaderMalformed", format!("expecting the region '{region}'")));
        }
        let at = text(&parts.headers, "x-amz-date")
            .ok_or_else(|| refuse(403, "AccessDenied", "A request needs x-amz-date."))?;
        let instant =
            jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", at).and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC));
        let instant = instant.map_err(|_| refuse(403, "AccessDenied", "x-amz-date cannot be read."))?.timestamp();
        if instant.duration_since(Clock::System.now()).abs() > SKEW {
            return Err(refuse(403, "RequestTimeTooSkewed", "The clocks differ too much."));
        }
        if !at.starts_with(signature.day) {
            return Err(refuse(403, "SignatureDoesNotMatch", "The signature is of another day."));
        }
        let declared = text(&parts.headers, "x-amz-content-sha256").unwrap_or_default();
        if declared != hex(&Sha256::digest(body)) {
            return Err(refuse(400, "XAmzContentSHA256Mismatch", "The body is not the one that was signed."));
        }
        let canonical = canonical_request(parts, &signature, declared)?;
        let scope = format!("{}/{region}/s3/aws4_request", signature.day);
        let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
        let key = [signature.day, region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret_access_key}").into_bytes(), |key, part| hmac(&key, part.as_bytes()));
        match hex(&hmac(&key, to_sign.as_bytes())) == signature.signature {
            true => Ok(()),
            false => Err(refuse(403, "SignatureDoesNotMatch", "The signature we calculated is another one.")),
        }
    }

    fn handle(&self, parts: &Parts, body: Vec<u8>) -> Result<Response, Refusal> {
        let path = decoded(parts.uri.path().trim_start_matches('/'));
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        if bucket != self.setup.bucket {
            return Err(refuse(404, "NoSuchBucket", "The specified bucket does not exist"));
        }
        match (&parts.method, key) {
            (&Method::GET, "") => self.list(parts.uri.query().unwrap_or_default()),
            (&Method::GET, key) => self.get(&parts.headers, key, true),
            (&Method::HEAD, key) if !key.is_empty() => self.get(&parts.headers, key, false),
            (&Method::PUT, key) if !key.is_empty() => self.put(&parts.headers, key, body),
            _ => Err(refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")),
        }
    }

    /// ListObjectsV2.
    fn list(&self, query: &str) -> Result<Response, Refusal> {
        let query: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if query.get("list-type").map(String::as_str) != Some("2") {
            return Err(refuse(400, "InvalidArgument", "list-type must be 2"));
        }
        let known =
            ["list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys", "encoding-type"];
        if let Some(odd) = query.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(refuse(400, "InvalidArgument", format!("unknown parameter {odd}")));
        }
        let prefix = query.get("prefix").map_or("", String::as_str);
        let delimiter = query.get("delimiter").map_or("", String::as_str);
        let after = query.get("continuation-token").or(query.get("start-after")).map_or("", String::as_str);
        let size = query.get("max-keys").and_then(|n| n.parse().ok()).unwrap_or(self.setup.page).min(self.setup.page);
        let objects = self.objects.lock();
        let (mut contents, mut folders, mut last, mut more) = (String::new(), BTreeSet::new(), String::new(), false);
        let mut count = 0;
        for (key, object) in objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after) {
            let folder = key[prefix.len()..].split_once(delimiter).filter(|_| !delimiter.is_empty());
            let folder = folder.map(|(name, _)| format!("{prefix}{name}{delimiter}"));
            if folder.as_ref().is_some_and(|folder| folders.contains(folder) || after.starts_with(folder.as_str())) {
                continue;
            }
            if count == size {
                more = true;
                break;
            }
            count += 1;
            last.clone_from(folder.as_ref().map_or(key, |_| key));
            match folder {
                Some(folder) => {
                    folders.insert(folder);
                }
                None => contents.push_str(&format!(
                    "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>\
                     <StorageClass>STANDARD</StorageClass></Contents>",
                    escaped(key),
                    object.put_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    escaped(&object.tag),
                    object.content.len()
                )),
            }
        }
        let next = match more {
            true => format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(&last)),
            false => String::new(),
        };
        let folders: String = folders
            .iter()
            .map(|folder| format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escaped(folder)))
            .collect();
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>{}</Name><Prefix>{}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{size}</MaxKeys>\
             <IsTruncated>{more}</IsTruncated>{next}{contents}{folders}</ListBucketResult>",
            self.setup.bucket,
            escaped(prefix)
        );
        Ok(([(header::CONTENT_TYPE, "application/xml")], xml).into_response())
    }

    /// GetObject and HeadObject, whole or a range.
    fn get(&self, headers: &HeaderMap, key: &str, body: bool) -> Result<Response, Refusal> {
        let objects = self.objects.lock();
        let object = objects.get(key).ok_or_else(|| refuse(404, "NoSuchKey", "The specified key does not exist."))?;
        let size = object.content.len();
        let asked =
            text(headers, "range").and_then(|range| range.strip_prefix("bytes=")).and_then(|r| r.split_once('-'));
        let (status, from, to) = match asked {
            None => (StatusCode::OK, 0, size),
            Some((from, to)) => {
                let from: usize = from.parse().map_err(|_| refuse(416, "InvalidRange", "no range"))?;
                let to = to.parse::<usize>().map_or(size, |to| (to + 1).min(size));
                if from >= to {
                    return Err(refuse(416, "InvalidRange", "The requested range is not satisfiable"));
                }
                (StatusCode::PARTIAL_CONTENT, from, to)
            }
        };
        let piece = if body { object.content[from..to].to_vec() } else { Vec::new() };
        let mut response = (status, piece).into_response();
        let put = |response: &mut Response, name: header::HeaderName, value: String| {
            response.headers_mut().insert(name, value.parse().expect("a header"));
        };
        put(&mut response, header::ETAG, object.tag.clone());
        put(&mut response, header::LAST_MODIFIED, object.put_at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        put(&mut response, header::CONTENT_LENGTH, (to - from).to_string());
        if status == StatusCode::PARTIAL_CONTENT {
            put(&mut response, header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to - 1));
        }
        Ok(response)
    }

    /// PutObject, over nothing where `If-None-Match: *` says so.
    fn put(&self, headers: &HeaderMap, key: &str, body: Vec<u8>) -> Result<Response, Refusal> {
        let mut objects = self.objects.lock();
        match text(headers, "if-none-match") {
            Some("*") if objects.contains_key(key) => {
                return Err(refuse(
                    412,
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold",
                ));
            }
            Some("*") | None => {}
            Some(_) => return Err(refuse(501, "NotImplemented", "If-None-Match takes * alone")),
        }
        let object = Object::put(body, self.setup.clock.now());
        let tag = object.tag.clone();
        objects.insert(key.to_owned(), object);
        Ok((StatusCode::OK, [(header::ETAG, tag)]).into_response())
    }
}

/// What stands in the header `Authorization`.
struct Authorization<'a> {
    key: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let fields = header.strip_prefix("AWS4-HMAC-SHA256")?.trim().split(',');
        let fields: BTreeMap<&str, &str> = fields.filter_map(|field| field.trim().split_once('=')).collect();
        let credential: Vec<&str> = fields.get("Credential")?.split('/').collect();
        let [key, day, region, service, "aws4_request"] = credential[..] else { return None };
        let signed = fields.get("SignedHeaders")?.split(';').collect();
        Some(Self { key, day, region, service, signed, signature: fields.get("Signature")? })
    }
}

fn canonical_request(parts: &Parts, signature: &Authorization<'_>, body: &str) -> Result<String, Refusal> {
    let mut must = vec!["host".to_owned()];
    must.extend(parts.headers.keys().map(|name| name.as_str().to_owned()).filter(|name| name.starts_with("x-amz-")));
    if let Some(left_out) = must.iter().find(|name| !signature.signed.contains(&name.as_str())) {
        return Err(refuse(403, "AccessDenied", format!("The header {left_out} is not signed.")));
    }
    let mut headers = String::new();
    for name in &signature.signed {
        let value = text(&parts.headers, name).unwrap_or_default();
        headers.push_str(&format!("{name}:{}\n", value.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    let mut query: Vec<(String, String)> =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    query.sort();
    let query: Vec<String> =
        query.iter().map(|(name, value)| format!("{}={}", encoded(name, false), encoded(value, false))).collect();
    let path = encoded(&decoded(parts.uri.path()), true);
    let signed = signature.signed.join(";");
    Ok(format!("{}\n{path}\n{}\n{headers}\n{signed}\n{body}", parts.method, query.join("&")))
}

/// Percent-encoding as signatures want it: everything but unreserved characters.
fn encoded(text: &str, is_path: bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (is_path && byte == b'/');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Percent-decoding of a path; `+` stands for itself.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
