//! Looking up what stands in the DNS about a sending domain. Asks the servers that this machine asks, nobody else; bounded
//! in time, number and length of records.

mod records;
mod senders;
mod verdict;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use tokio::runtime::Handle;

pub use self::records::{is_reported, policy_of, policy_record};
pub use self::senders::check_senders;
pub use self::verdict::{
    Expected, RecordCheck, RecordState, SendingDomainNames, check, check_former_key, check_key, unsigned,
};

/// How long one server may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is asked again.
const ATTEMPTS: usize = 1;
/// Records of one name that are looked at.
const MOST_RECORDS: usize = 50;
/// The longest record that is looked at, in characters; the longest keys have about eight hundred.
const LONGEST_RECORD: usize = 4_096;

/// Why nothing can be said about a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoAnswer {
    message: String,
    /// Nobody answers at all, so that the next question would wait as long.
    silent: bool,
}

impl NoAnswer {
    /// Whether nobody answers at all, so that the next question would wait as long.
    pub fn is_silence(&self) -> bool {
        self.silent
    }
}

/// The DNS, as this machine sees it. Cheap to clone. Every look-up blocks.
#[derive(Debug, Clone)]
pub struct Dns {
    resolver: TokioResolver,
    runtime: Handle,
}

impl Dns {
    /// Asks the servers that the machine is set to.
    ///
    /// # Errors
    /// It is set to none, or its settings cannot be read.
    pub fn of_machine(runtime: &Handle) -> Result<Self, NoAnswer> {
        Self::made(
            TokioResolver::builder_tokio().map_err(|error| no_answer("this machine's settings", &error))?,
            runtime,
        )
    }

    /// Asks one server.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn at(server: SocketAddr, runtime: &Handle) -> Result<Self, NoAnswer> {
        let at_port = |mut connection: ConnectionConfig| {
            connection.port = server.port();
            connection
        };
        let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
        let config = ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, connections)]);
        Self::made(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()), runtime)
    }

    fn made(mut builder: ResolverBuilder<TokioRuntimeProvider>, runtime: &Handle) -> Result<Self, NoAnswer> {
        let options = builder.options_mut();
        options.timeout = PATIENCE;
        options.attempts = ATTEMPTS;
        // Somebody who has just published a record wants to know what stands there now.
        options.cache_size = 0;
        let _entered = runtime.enter();
        let resolver = builder.build().map_err(|error| no_answer("this machine's settings", &error))?;
        Ok(Self { resolver, runtime: runtime.clone() })
    }

    /// The texts at a name, each in one piece; empty where none stands.
    ///
    /// # Errors
    /// No server answers.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        self.look_up(name, RecordType::TXT, |data| match data {
            RData::TXT(text) => {
                let bytes: Vec<u8> = text.txt_data.iter().flat_map(|piece| piece.iter().copied()).collect();
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        })
    }

    /// The servers that take mail for a name, the preferred first.
    ///
    /// # Errors
    /// No server answers.
    pub fn mail_servers(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let found = self.exchanges(name)?;
        Ok(found.into_iter().map(|(preference, server)| format!("{preference} {server}")).collect())
    }

    /// The name of the server that is asked first to take mail for a name, in small letters; none where none is named.
    ///
    /// # Errors
    /// No server answers.
    pub fn first_mail_server(&self, name: &str) -> Result<Option<String>, NoAnswer> {
        let first = self.exchanges(name)?.into_iter().next();
        let server = first.map(|(_, server)| server.trim_end_matches('.').to_lowercase());
        // A single dot says that nobody takes mail there (RFC 7505).
        Ok(server.filter(|server| !server.is_empty()))
    }

    /// Asks beside the caller, who goes on at once.
    pub fn beside(&self, ask: impl FnOnce(&Self) + Send + 'static) {
        let dns = self.clone();
        // What is found is the asker's to keep.
        drop(self.runtime.spawn_blocking(move || ask(&dns)));
    }

    fn exchanges(&self, name: &str) -> Result<Vec<(u16, String)>, NoAnswer> {
        let mut found = self.look_up(name, RecordType::MX, |data| match data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.to_utf8())),
            _ => None,
        })?;
        found.sort();
        Ok(found)
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// No server answers.
    pub fn addresses(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let mut found = self.look_up(name, RecordType::A, |data| match data {
            RData::A(address) => Some(address.to_string()),
            _ => None,
        })?;
        found.extend(self.look_up(name, RecordType::AAAA, |data| match data {
            RData::AAAA(address) => Some(address.to_string()),
            _ => None,
        })?);
        Ok(found)
    }

    /// The names that an address has.
    ///
    /// # Errors
    /// No server answers.
    pub fn names_of(&self, address: IpAddr) -> Result<Vec<String>, NoAnswer> {
        self.look_up(&reverse(address), RecordType::PTR, |data| match data {
            RData::PTR(name) => Some(name.0.to_utf8()),
            _ => None,
        })
    }

    /// What is said at a name about who may sign certificates (RFC 8659): tags in small letters, with their values.
    ///
    /// # Errors
    /// No server answers.
    pub fn authorities(&self, name: &str) -> Result<Vec<(String, String)>, NoAnswer> {
        let mut found = self.look_up(name, RecordType::CAA, |data| match data {
            RData::CAA(caa) => Some((caa.tag.to_ascii_lowercase(), String::from_utf8_lossy(&caa.value).into_owned())),
            _ => None,
        })?;
        found.sort();
        Ok(found)
    }

    /// The name that a name is another one for, in small letters; none where it is none.
    ///
    /// # Errors
    /// No server answers.
    pub fn alias(&self, name: &str) -> Result<Option<String>, NoAnswer> {
        let found = self.look_up(name, RecordType::CNAME, |data| match data {
            RData::CNAME(alias) => Some(alias.0.to_utf8().trim_end_matches('.').to_lowercase()),
            _ => None,
        })?;
        Ok(found.into_iter().next())
    }

    fn look_up<T>(&self, name: &str, kind: RecordType, read: impl Fn(&RData) -> Option<T>) -> Result<Vec<T>, NoAnswer> {
        // With the dot at its end nobody's search list is tried.
        let whole = format!("{}.", name.trim_end_matches('.'));
        match self.runtime.block_on(self.resolver.lookup(whole, kind)) {
            Ok(answer) => {
                Ok(answer.answers().iter().filter_map(|record| read(&record.data)).take(MOST_RECORDS).collect())
            }
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(no_answer(name, &error)),
        }
    }
}

fn no_answer(what: &str, error: &NetError) -> NoAnswer {
    let silent = matches!(error, NetError::Timeout | NetError::NoConnections | NetError::Io(_));
    NoAnswer { message: format!("The DNS does not answer for {what}: {error}"), silent }
}

/// Under what the names of an address stand.
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits: Vec<String> =
                address.octets().iter().rev().map(|byte| format!("{:x}.{:x}", byte & 15, byte >> 4)).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

/// What is shown of a record.
fn shown(record: &str) -> String {
    record.chars().filter(|c| !c.is_control()).take(LONGEST_RECORD).collect()
}
