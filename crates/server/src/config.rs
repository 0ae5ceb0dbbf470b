//! Where settings come from: flags, then `CARAVAN_…` variables, then `caravan.toml`, then what is usual.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use caravan_connect::Secret;
use caravan_connect::outbound::{BadNetwork, Network};
use clap::Args;
use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

use crate::failure::Failure;
use crate::telemetry::LogFormat;

/// The data directory when nobody names one.
const DATA: &str = "caravan-data";
/// The address when nobody names one: this machine only.
const LISTEN: &str = "127.0.0.1:8080";
/// The key file of a data directory.
const KEY_FILE: &str = "secret.key";
/// Where connections write files in a data directory, when nobody names another place.
const FILES: &str = "files";
/// The settings file that a data directory may hold.
const FILE: &str = "caravan.toml";

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Directory of the embedded store [env: CARAVAN_DATA] [default: ./caravan-data]
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "database")]
    pub data: Option<PathBuf>,
    /// PostgreSQL database, postgres://user:password@host/name, in place of a directory [env: CARAVAN_DATABASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Address that links in messages carry [env: CARAVAN_PUBLIC_URL] [default: the address that the server listens on]
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Private range that connections may reach, several with commas [env: CARAVAN_ALLOW_NETWORK]
    #[arg(long, global = true, value_name = "CIDR", value_delimiter = ',')]
    pub allow_network: Vec<String>,
    /// Private range in which mail servers and mailboxes may stand, several with commas [env: CARAVAN_ALLOW_MAIL_NETWORK]
    #[arg(long, global = true, value_name = "CIDR", value_delimiter = ',')]
    pub allow_mail_network: Vec<String>,
    /// Folder below which connections may write files [env: CARAVAN_FILES] [default: files in the data directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Settings file [env: CARAVAN_CONFIG] [default: caravan.toml in the data directory, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How log lines are written; RUST_LOG says how many [env: CARAVAN_LOG_FORMAT] [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// SQLite in a directory.
    Directory(PathBuf),
    /// PostgreSQL.
    Database(String),
}

impl Place {
    /// A place as one word: an address of PostgreSQL, or else a directory.
    pub fn written(word: &str) -> Self {
        match word.starts_with("postgres://") || word.starts_with("postgresql://") {
            true => Self::Database(word.to_owned()),
            false => Self::Directory(word.into()),
        }
    }
}

impl std::fmt::Display for Place {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "{}", path.display()),
            Self::Database(url) => write!(f, "{}", without_password(url)),
        }
    }
}

/// The part between user and host of a database's address, hidden; also where it is malformed.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "a database".to_owned() };
    let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
    match rest.rsplit_once('@') {
        Some((login, host)) => {
            let user = login.split_once(':').map_or(login, |(user, _)| user);
            format!("{scheme}://{user}@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

/// What encrypts secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretKey {
    /// Given as it is, with former ones that still open what they closed.
    Given { current: Secret, former: Vec<Secret> },
    /// In a file, one a line, the current one first.
    File(PathBuf),
    /// Nowhere: nothing is kept encrypted.
    Nowhere,
}

/// Everything that is set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the store is.
    pub place: Place,
    /// Address that links in messages carry, without `/` at its end.
    pub public_url: Option<String>,
    /// Private ranges that connections may reach.
    pub allow_network: Vec<Network>,
    /// Private ranges in which mail servers and mailboxes may stand beside those.
    pub allow_mail_network: Vec<Network>,
    /// Folder below which connections may write files; none: nowhere.
    pub files: Option<PathBuf>,
    /// What encrypts secrets.
    pub secret_key: SecretKey,
    /// Address of the server.
    pub listen: SocketAddr,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// The settings file that was read.
    pub file: Option<PathBuf>,
}

/// One source of settings. A place is a directory or a database; the higher source's choice holds whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    data: Option<PathBuf>,
    database: Option<String>,
    public_url: Option<String>,
    #[serde(default)]
    allow_network: Vec<String>,
    #[serde(default)]
    allow_mail_network: Vec<String>,
    files: Option<PathBuf>,
    listen: Option<String>,
    log_format: Option<LogFormat>,
    secret_key: Option<String>,
    #[serde(default)]
    former_secret_keys: Vec<String>,
    secret_key_file: Option<PathBuf>,
}

impl Layer {
    fn flags(common: &Common, listen: Option<&str>) -> Self {
        Self {
            data: common.data.clone(),
            database: common.database.clone(),
            public_url: common.public_url.clone(),
            allow_network: common.allow_network.clone(),
            allow_mail_network: common.allow_mail_network.clone(),
            files: common.files.clone(),
            listen: listen.map(str::to_owned),
            log_format: common.log_format,
            ..Self::default()
        }
    }

    fn environment() -> Result<Self, Failure> {
        Ok(Self {
            data: variable("CARAVAN_DATA").map(PathBuf::from),
            database: variable("CARAVAN_DATABASE_URL"),
            public_url: variable("CARAVAN_PUBLIC_URL"),
            allow_network: several("CARAVAN_ALLOW_NETWORK"),
            allow_mail_network: several("CARAVAN_ALLOW_MAIL_NETWORK"),
            files: variable("CARAVAN_FILES").map(PathBuf::from),
            listen: variable("CARAVAN_LISTEN"),
            secret_key: variable("CARAVAN_SECRET_KEY"),
            former_secret_keys: several("CARAVAN_FORMER_SECRET_KEYS"),
            secret_key_file: variable("CARAVAN_SECRET_KEY_FILE").map(PathBuf::from),
            log_format: match variable("CARAVAN_LOG_FORMAT").as_deref() {
                None => None,
                Some("text") => Some(LogFormat::Text),
                Some("json") => Some(LogFormat::Json),
                Some(other) => return Err(wrong(format!("CARAVAN_LOG_FORMAT is `{other}`; write `text` or `json`."))),
            },
        })
    }

    fn file(path: &Path) -> Result<Self, Failure> {
        if !path.is_file() {
            return Err(wrong(format!("There is no settings file {}.", path.display())));
        }
        Figment::from(Toml::file_exact(path))
            .extract()
            .map_err(|error| wrong(format!("{} cannot be used: {error}.", path.display())))
    }

    fn place(&self, source: &str) -> Result<Option<Place>, Failure> {
        match (&self.data, &self.database) {
            (None, None) => Ok(None),
            (Some(path), None) => Ok(Some(Place::Directory(path.clone()))),
            (None, Some(url)) => match Place::written(url) {
                place @ Place::Database(_) => Ok(Some(place)),
                Place::Directory(_) => {
                    Err(wrong("The address of the database must begin with postgres://.".to_owned()))
                }
            },
            (Some(_), Some(_)) => {
                Err(wrong(format!("{source} name both a data directory and a database; keep one of the two.")))
            }
        }
    }
}

/// A variable of the environment; an empty one counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that holds several words with commas between them.
fn several(name: &str) -> Vec<String> {
    variable(name).iter().flat_map(|words| words.split(',')).map(|word| word.trim().to_owned()).collect()
}

fn wrong(message: String) -> Failure {
    Failure::usage("bad_setting", message)
}

impl Settings {
    /// Puts the sources together. `listen` is the flag of commands that listen.
    pub fn read(common: &Common, listen: Option<&str>) -> Result<Self, Failure> {
        let flags = Layer::flags(common, listen);
        let environment = Layer::environment()?;
        let named = match flags.place("The options")? {
            Some(place) => Some(place),
            None => environment.place("The variables CARAVAN_DATA and CARAVAN_DATABASE_URL")?,
        };
        let file = settings_file(common, named.as_ref());
        let written = file.as_deref().map(Layer::file).transpose()?.unwrap_or_default();
        let place = match named {
            Some(place) => place,
            None => written.place("The settings file")?.unwrap_or_else(|| Place::Directory(DATA.into())),
        };
        let layers = [&flags, &environment, &written];
        let listen = layers.iter().find_map(|layer| layer.listen.as_deref()).unwrap_or(LISTEN);
        let secret_key = secret_key(&layers, &place)?;
        let files = layers.iter().find_map(|layer| layer.files.clone()).or_else(|| match &place {
            Place::Directory(data) => Some(data.join(FILES)),
            Place::Database(_) => None,
        });
        Ok(Self {
            place,
            files,
            secret_key,
            public_url: layers.iter().find_map(|layer| layer.public_url.as_deref()).map(public_url).transpose()?,
            allow_network: networks(layers.map(|layer| &layer.allow_network))?,
            allow_mail_network: networks(layers.map(|layer| &layer.allow_mail_network))?,
            listen: listen.parse().map_err(|_| {
                wrong(format!(
                    "`{listen}` is not an address to listen on; write one like 127.0.0.1:8080 or [::1]:8080."
                ))
            })?,
            log_format: layers.iter().find_map(|layer| layer.log_format).unwrap_or_default(),
            file,
        })
    }
}

/// The key as the highest source gives it; an embedded store has a file beside it.
fn secret_key(layers: &[&Layer], place: &Place) -> Result<SecretKey, Failure> {
    let source = layers.iter().find(|layer| layer.secret_key.is_some() || layer.secret_key_file.is_some());
    let Some(source) = source else {
        return Ok(match place {
            Place::Directory(path) => SecretKey::File(path.join(KEY_FILE)),
            Place::Database(_) => SecretKey::Nowhere,
        });
    };
    match (&source.secret_key, &source.secret_key_file) {
        (Some(_), Some(_)) => {
            Err(wrong("The secret key is given twice: as it is and as a file. Keep one of the two.".to_owned()))
        }
        (None, Some(path)) => Ok(SecretKey::File(path.clone())),
        (Some(key), None) => Ok(SecretKey::Given {
            current: Secret::new(key),
            former: source.former_secret_keys.iter().map(Secret::new).collect(),
        }),
        (None, None) => Ok(SecretKey::Nowhere),
    }
}

fn settings_file(common: &Common, place: Option<&Place>) -> Option<PathBuf> {
    if let Some(named) = common.config.clone().or_else(|| variable("CARAVAN_CONFIG").map(PathBuf::from)) {
        return Some(named);
    }
    let directory = match place {
        None => Path::new(DATA),
        Some(Place::Directory(path)) => path,
        Some(Place::Database(_)) => return None,
    };
    Some(directory.join(FILE)).filter(|path| path.is_file())
}

fn public_url(written: &str) -> Result<String, Failure> {
    let url = written.trim().trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let fits = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "?#@".contains(c));
    if fits {
        Ok(url.to_owned())
    } else {
        Err(wrong(format!("`{written}` is not a public address; write one like https://caravan.example.com.")))
    }
}

/// The ranges that the highest source names.
fn networks(sources: [&Vec<String>; 3]) -> Result<Vec<Network>, Failure> {
    let named = sources.into_iter().find(|ranges| !ranges.is_empty());
    let read = |range: &String| range.parse().map_err(|error: BadNetwork| wrong(error.to_string()));
    named.into_iter().flatten().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_shown_without_its_password() {
        let shown = |url: &str| Place::Database(url.to_owned()).to_string();
        assert_eq!(shown("postgres://ann:s3cret@db:5432/caravan"), "postgres://ann@db:5432/caravan");
        assert_eq!(shown("postgres://ann:p@ss@db/caravan?password=s3cret"), "postgres://ann@db/caravan");
        assert_eq!(shown("postgres://db/caravan"), "postgres://db/caravan");
        assert_eq!(shown("s3cret"), "a database");
    }

    #[test]
    fn a_public_address_has_a_scheme_and_a_host_and_no_slash_at_its_end() {
        assert_eq!(public_url("https://a.example/x/").ok().as_deref(), Some("https://a.example/x"));
        for bad in ["a.example", "ftp://a.example", "https://", "http://a b", "https://a?x"] {
            assert!(public_url(bad).is_err(), "{bad}");
        }
    }
}
