//! One bucket: what lies in its folder, read piece by piece, and new objects put beside it, none ever over another.

use std::io::{self, Read};
use std::time::Duration;

use caravan_model::Finding;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig};
use tokio::runtime::Handle;

use super::http::{Guarded, call_error};
use super::settings::S3Settings;
use crate::connector::{Outcome, Secrets, Surroundings, needed};
use crate::inlet::{Arrived, Inlet};
use crate::outbound::CallError;

/// How long one piece of an object may take.
const PIECE: Duration = Duration::from_secs(60);
/// Tries of one request within a call; what fails for longer is tried again by whoever asked.
const TRIES: usize = 3;
/// … and how long they may take together.
const TRYING: Duration = Duration::from_secs(60);

/// A bucket of a store that speaks S3.
pub struct Bucket {
    store: AmazonS3,
    folder: Path,
    name: String,
    runtime: Handle,
}

/// Why the store does not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing can be done before somebody mends the settings, the keys or the store.
    Shut {
        /// Stable, `snake_case`.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// It may work later.
    Later {
        /// Stable, `snake_case`.
        code: &'static str,
        /// For people.
        message: String,
    },
}

impl Trouble {
    /// What it means for an effect, of which nothing has happened yet.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Shut { code, message } => Outcome::shut(code, message),
            Self::Later { code, message } => Outcome::retry(code, message),
        }
    }

    /// For people.
    pub fn message(&self) -> &str {
        match self {
            Self::Shut { message, .. } | Self::Later { message, .. } => message,
        }
    }
}

impl From<Trouble> for io::Error {
    fn from(trouble: Trouble) -> Self {
        Self::other(trouble.message().trim_end_matches('.').to_owned())
    }
}

impl Bucket {
    /// Makes ready to speak with a bucket; nothing is asked of it yet.
    ///
    /// # Errors
    /// Keys are missing, or the address makes no sense.
    pub fn open(settings: &S3Settings, secrets: &Secrets, surroundings: &Surroundings) -> Result<Self, Vec<Finding>> {
        let (endpoint, in_host) = settings.address();
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(Guarded(surroundings.outbound.clone()))
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(needed(secrets, "access_key_id")?.reveal())
            .with_secret_access_key(needed(secrets, "secret_access_key")?.reveal())
            .with_virtual_hosted_style_request(in_host)
            // The guard decides where unencrypted calls may go.
            .with_allow_http(true)
            .with_retry(RetryConfig { max_retries: TRIES, retry_timeout: TRYING, ..RetryConfig::default() });
        if let Some(token) = secrets.get("session_token") {
            builder = builder.with_token(token.reveal());
        }
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| {
            let message = format!("The bucket `{}` cannot be spoken with: {error}.", settings.bucket);
            vec![Finding::error("bad_connection_settings", "/settings", message)]
        })?;
        let folder = Path::parse(settings.prefix.as_deref().unwrap_or_default()).map_err(|error| {
            let message = format!("The folder within the bucket cannot be used: {error}.");
            vec![Finding::error("bad_connection_settings", "/settings/prefix", message)]
        })?;
        Ok(Self { store, folder, name: settings.bucket.clone(), runtime: surroundings.runtime.clone() })
    }

    /// Where its objects are, for people: `crm-export/out`.
    pub fn place(&self) -> String {
        match self.folder.as_ref() {
            "" => self.name.clone(),
            folder => format!("{}/{folder}", self.name),
        }
    }

    /// What lies in its folder; folders within it are not looked into.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn objects(&self) -> Result<Vec<ObjectMeta>, Trouble> {
        let found = self.store.list_with_delimiter(Some(&self.folder)).await;
        Ok(found.map_err(|error| self.trouble(&error))?.objects)
    }

    /// Puts an object where none of its name is. Doing it twice is the same as doing it once, as long as the name says
    /// what is in it.
    ///
    /// # Errors
    /// [`Trouble`]; then it is not there, as far as the store says.
    pub async fn put(&self, name: &str, content: Vec<u8>) -> Result<(), Trouble> {
        let (path, size) = (self.path(name), content.len() as u64);
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&path, content.into(), create).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => match self.store.head(&path).await {
                // The answer was lost, the object is there.
                Ok(found) if found.size == size => Ok(()),
                _ => Err(self.trouble(&error)),
            },
        }
    }

    /// The key of an object of the folder; keys stay as they are, whatever characters they hold.
    fn path(&self, name: &str) -> Path {
        let key = match self.folder.as_ref() {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        Path::parse(&key).unwrap_or_else(|_| Path::from(key))
    }

    fn trouble(&self, error: &object_store::Error) -> Trouble {
        let place = self.place();
        if let Some(own) = call_error(error) {
            return match own {
                CallError::Refused(why) => Trouble::Shut { code: "address_refused", message: why.clone() },
                CallError::Unreachable(why) | CallError::Lost(why) => {
                    let message = format!("The store of the bucket `{place}` did not answer: {why}");
                    Trouble::Later { code: "bucket_unavailable", message }
                }
            };
        }
        let shut = |code, message: String| Trouble::Shut { code, message };
        match code_of(error).as_deref() {
            Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken") => shut(
                "keys_refused",
                format!(
                    "The store of the bucket `{place}` does not take the keys. Check `access_key_id` and `secret_access_key`."
                ),
            ),
            Some("NoSuchBucket") => {
                shut("no_bucket", format!("There is no bucket `{}` there. Check its name and its region.", self.name))
            }
            Some("RequestTimeTooSkewed") => shut(
                "clock_skewed",
                "The clock of this machine differs too much from the store's. Set it by a time server.".to_owned(),
            ),
            Some("AuthorizationHeaderMalformed" | "PermanentRedirect") => {
                shut("wrong_region", format!("The bucket `{place}` is in another region. Name the right one."))
            }
            Some("AccessDenied") => shut("access_denied", self.denied()),
            _ => match error {
                object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                    shut("access_denied", self.denied())
                }
                other => Trouble::Later {
                    code: "bucket_unavailable",
                    message: format!(
                        "The store of the bucket `{place}` did not do what it was asked for: {}.",
                        brief(other)
                    ),
                },
            },
        }
    }

    fn denied(&self) -> String {
        format!(
            "The keys may not do this in the bucket `{}`. Let them list, read and write there (s3:ListBucket, \
             s3:GetObject, s3:PutObject).",
            self.place()
        )
    }
}

/// The code that a store gives in its answer.
fn code_of(error: &object_store::Error) -> Option<String> {
    let text = error.to_string();
    let (_, after) = text.split_once("<Code>")?;
    Some(after.split_once("</Code>")?.0.to_owned())
}

/// An error of the library in few words: its code, or its first line.
fn brief(error: &object_store::Error) -> String {
    code_of(error).unwrap_or_else(|| error.to_string().lines().next().unwrap_or_default().chars().take(200).collect())
}

impl Inlet for Bucket {
    fn list(&self) -> io::Result<Vec<Arrived>> {
        let mut objects = self.runtime.block_on(self.objects())?;
        // Some tools mark a folder by an empty object of its name.
        objects.retain(|object| object.location != self.folder);
        let arrived = |object: ObjectMeta| {
            let version = object.e_tag.unwrap_or_else(|| object.last_modified.timestamp_micros().to_string());
            Some(Arrived {
                name: object.location.filename()?.to_owned(),
                version: format!("{version}-{}", object.size),
            })
        };
        let mut found: Vec<Arrived> = objects.into_iter().filter_map(arrived).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Read>> {
        let found = self.runtime.block_on(self.store.get(&self.path(name)));
        let stream = found.map_err(|error| self.trouble(&error))?.into_stream();
        Ok(Box::new(Pieces { runtime: self.runtime.clone(), stream, piece: bytes::Bytes::new() }))
    }
}

/// An object as it comes in. What breaks off is asked for again from there on, as long as it is the same object.
struct Pieces {
    runtime: Handle,
    stream: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    piece: bytes::Bytes,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let next = self.runtime.block_on(async { tokio::time::timeout(PIECE, self.stream.next()).await });
            match next {
                Ok(None) => return Ok(0),
                Ok(Some(Ok(piece))) => self.piece = piece,
                Ok(Some(Err(error))) => {
                    return Err(io::Error::other(format!("the object broke off ({})", brief(&error))));
                }
                Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "the store stopped sending the object")),
            }
        }
        let taken = self.piece.split_to(self.piece.len().min(out.len()));
        out[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}
