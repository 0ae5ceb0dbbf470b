//! Sending domains: who may be the sender of mail, how it is signed, where reports about it go.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use caravan_catalog::Definitions;
use caravan_connect::Secrets;
use caravan_connect::dns::{self, Dns, Expected, RecordCheck, RecordState, SendingDomainNames};
use caravan_connect::smtp::Signer;
use caravan_model::DocumentId;
use caravan_model::clock::told;
use caravan_model::document::{DocumentKind, SendingDomain};
use caravan_store::watched::{self, DomainCheckRow};
use caravan_store::{Session, StoreError, dmarc, documents};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::domain_keys::former_keys;
use super::links;
use super::results::Verdict;
use crate::Engine;
use crate::live::Live;
use crate::secrets::secrets_of;

/// How often sending domains are looked up by themselves.
const LOOKED_UP_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How far back those are looked for who were seen sending for a domain, and how many of them.
const SEEN_LATELY: SignedDuration = SignedDuration::from_hours(24 * 30);
const MOST_SEEN: usize = 5;

/// For how long what was found for a host is not looked for again: reading keys for every message would cost as much as
/// rendering it, and keys that were exchanged are noticed soon enough.
const HOLDS: Duration = Duration::from_secs(1);
/// Hosts kept in mind; senders may be templates.
const MOST_HOSTS: usize = 100;

/// Signers by sending domain, made again when its keys change.
#[derive(Default)]
pub struct Domains {
    signers: Mutex<HashMap<DocumentId, Made>>,
    /// By the host of the sender.
    lately: Mutex<HashMap<String, Lately>>,
}

/// What was found for a host a moment ago.
struct Lately {
    revision: i64,
    at: Instant,
    sealed: Option<Sealed>,
}

/// A signer, and what it was made from.
type Made = (Secrets, SendingDomain, Arc<Signer>);

/// What the sending domain of a message says about it.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub signer: Arc<Signer>,
    /// Domain that reports return to.
    pub return_path: Option<String>,
}

impl Domains {
    /// The sending domain of an address; none where there are no sending domains: then the mail server signs.
    ///
    /// # Errors
    /// The address lies in none of them, or its keys cannot be used.
    pub fn of(&self, live: &Live, address: &str, now: Timestamp) -> Result<Option<Sealed>, Verdict> {
        let host = address.rsplit_once('@').map_or("", |(_, host)| host);
        let fresh = |lately: &&Lately| lately.revision == live.revision && lately.at.elapsed() < HOLDS;
        if let Some(lately) = self.lately.lock().get(host).filter(fresh) {
            return Ok(lately.sealed.clone());
        }
        let sealed = self.look_for(live, address, now)?;
        let mut all = self.lately.lock();
        if all.len() >= MOST_HOSTS {
            all.clear();
        }
        let lately = Lately { revision: live.revision, at: Instant::now(), sealed: sealed.clone() };
        all.insert(host.to_owned(), lately);
        Ok(sealed)
    }

    fn look_for(&self, live: &Live, address: &str, now: Timestamp) -> Result<Option<Sealed>, Verdict> {
        let Some((id, key, domain)) = find(live, address)? else { return Ok(None) };
        let shut = |code: &str, message: String| Verdict::Again {
            after: None,
            code: code.to_owned(),
            message,
            body: String::new(),
        };
        let Some(definition) = live.definitions.get(DocumentKind::SendingDomain, &key) else { return Ok(None) };
        let secrets = secrets_of(live, definition, now).map_err(|why| shut("secret_missing", why))?;
        let mut signers = self.signers.lock();
        let known = signers.get(&id).filter(|(had, as_was, _)| *had == secrets && *as_was == domain);
        let signer = match known {
            Some((_, _, signer)) => Arc::clone(signer),
            None => {
                let signer = signer_of(&domain, &secrets).map_err(|why| {
                    shut(
                        "dkim_key_unusable",
                        format!("The sending domain `{key}` cannot sign: {why}. Give it a key that can."),
                    )
                })?;
                signers.insert(id, (secrets, domain.clone(), Arc::clone(&signer)));
                signer
            }
        };
        Ok(Some(Sealed { signer, return_path: domain.return_path }))
    }
}

/// The most exact sending domain in which an address lies.
fn find(live: &Live, address: &str) -> Result<Option<(DocumentId, String, SendingDomain)>, Verdict> {
    domain_of(&live.definitions, address).map_err(|NoDomain| {
        let message = format!(
            "The sender `{address}` lies in no sending domain. Give the email a sender in one, or declare the domain."
        );
        Verdict::failed("from_domain_not_allowed", message)
    })
}

/// There are sending domains, and an address lies in none of them.
pub struct NoDomain;

/// The most exact sending domain in which an address lies, with its key; none where there are no sending domains at all.
pub fn domain_of(
    definitions: &Definitions,
    address: &str,
) -> Result<Option<(DocumentId, String, SendingDomain)>, NoDomain> {
    let host = address.rsplit_once('@').map_or("", |(_, host)| host).trim().to_ascii_lowercase();
    let mut all = definitions
        .of_kind(DocumentKind::SendingDomain)
        .filter_map(|d| Some((d.id, d.key.clone(), d.read::<SendingDomain>()?)))
        .peekable();
    if all.peek().is_none() {
        return Ok(None);
    }
    let inside = |domain: &str| {
        let domain = domain.to_ascii_lowercase();
        host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
    };
    let best = all.filter(|(_, _, domain)| inside(&domain.domain)).max_by_key(|(_, _, domain)| domain.domain.len());
    best.map(Some).ok_or(NoDomain)
}

fn signer_of(domain: &SendingDomain, secrets: &Secrets) -> Result<Arc<Signer>, String> {
    let mut keys = Vec::new();
    for key in &domain.dkim {
        let name = key.secret_name();
        let secret = secrets.get(name).ok_or_else(|| format!("its secret `{name}` is not given"))?;
        keys.push((key.selector.clone(), secret.clone()));
    }
    let signer = Signer::new(&domain.domain, &keys);
    signer.map(Arc::new).map_err(|(selector, error)| format!("selector `{selector}`: {error}"))
}

/// What must stand in the DNS for a sending domain: name, type and value of each record.
///
/// # Errors
/// Why its keys cannot be used, for people.
pub fn dns_records(engine: &Engine, key: &str) -> Result<Option<Result<Vec<DnsRecord>, String>>, StoreError> {
    let found = engine.store().read(|s| signing_domain(s, engine, key))?;
    let here = engine.public_url().map_or("<this installation>", links::host_of);
    let former = former_keys(engine, key)?.into_iter().filter_map(|key| {
        let value = key.value?;
        let purpose = "Public key of a former key, while mail that it signed is under way";
        Some(DnsRecord { name: key.name, record_type: "TXT", value, purpose })
    });
    Ok(found.map(|signing| {
        signing.map(|(domain, signer)| records(&domain, &signer, here).into_iter().chain(former).collect())
    }))
}

/// A sending domain as it was looked up in the DNS.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct DomainCheck {
    /// Key of the sending domain.
    pub key: String,
    /// When it was looked up.
    pub checked_at: Timestamp,
    /// Whether all stands there that must; notes do not count.
    pub well: bool,
    /// What was looked at.
    pub records: Vec<RecordCheck>,
}

impl DomainCheck {
    /// The names of the records that are not as they must be.
    pub fn wrong(&self) -> Vec<&str> {
        let good = |record: &&RecordCheck| matches!(record.state, RecordState::Good | RecordState::Note);
        self.records.iter().filter(|record| !good(record)).map(|record| record.name.as_str()).collect()
    }

    fn of(row: DomainCheckRow) -> Self {
        let records = serde_json::from_str(&row.found).unwrap_or_default();
        Self { key: row.domain, checked_at: row.checked_at, well: row.well, records }
    }
}

/// Looks a sending domain up in the DNS, and keeps what was found.
///
/// # Errors
/// Why its keys cannot be used, for people; none when there is no such domain.
pub fn check_domain(engine: &Engine, dns: &Dns, key: &str) -> Result<Option<Result<DomainCheck, String>>, StoreError> {
    let Some(domain) = engine.store().read(|s| signing_domain(s, engine, key))? else { return Ok(None) };
    let (domain, signer) = match domain {
        Ok(domain) => domain,
        Err(why) => return Ok(Some(Err(why))),
    };
    let keys: Vec<Expected> = signer.records().into_iter().map(|(name, record)| Expected { name, record }).collect();
    let names = SendingDomainNames {
        domain: &domain.domain,
        return_path: domain.return_path.as_deref(),
        tracking: domain.tracking.as_deref(),
        public_host: engine.public_url().map(links::host_of),
    };
    let mut records = dns::check(dns, names, &keys);
    let seen = engine.store().read(|s| senders_seen(s, key))?;
    records.extend(dns::check_senders(dns, names, &seen));
    if keys.is_empty() {
        records.insert(0, dns::unsigned(&domain.domain));
    }
    let former = former_keys(engine, key)?.into_iter().filter_map(|key| Some((key.needed_until?, key)));
    for (n, (until, former)) in former.enumerate() {
        let check = dns::check_former_key(dns, &former.name, former.value.as_deref(), &told(until));
        records.insert(keys.len().max(1) + n, check);
    }
    let well = records.iter().all(|record| matches!(record.state, RecordState::Good | RecordState::Note));
    let found = serde_json::to_string(&records).unwrap_or_default();
    let row = engine.store().write(|s| {
        let row = DomainCheckRow { domain: key.to_owned(), checked_at: s.now()?, well, found: found.clone() };
        watched::put_domain_check(s, &row)?;
        Ok::<_, StoreError>(row)
    })?;
    Ok(Some(Ok(DomainCheck::of(row))))
}

/// Looks up once more what was last looked up a day ago or longer, so that a record that has gone since is noticed. What
/// nobody has ever looked up is left alone. Returns how many were looked up.
///
/// # Errors
/// The store's.
pub fn look_up_again(engine: &Engine, dns: impl Fn() -> Result<Dns, String>) -> Result<usize, StoreError> {
    let due: Vec<String> = engine.store().read(|s| -> Result<_, StoreError> {
        let (now, live) = (s.now()?, engine.live(s)?);
        let there = |key: &str| live.definitions.get(DocumentKind::SendingDomain, key).is_some();
        let checks = watched::domain_checks(s)?.into_iter();
        let old = checks.filter(|row| row.checked_at <= now - LOOKED_UP_EVERY && there(&row.domain));
        Ok(old.map(|row| row.domain).collect())
    })?;
    if due.is_empty() {
        return Ok(0);
    }
    let dns = match dns() {
        Ok(dns) => dns,
        Err(why) => {
            tracing::warn!(why, "sending domains cannot be looked up; it is tried again");
            return Ok(0);
        }
    };
    for key in &due {
        check_domain(engine, &dns, key)?;
    }
    Ok(due.len())
}

/// Sending domains of which not all stands in the DNS that must, as they were last looked up.
///
/// # Errors
/// The store's.
pub fn domains_not_well(engine: &Engine) -> Result<Vec<DomainCheck>, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let there = |row: &DomainCheckRow| live.definitions.get(DocumentKind::SendingDomain, &row.domain).is_some();
        let bad = watched::domain_checks(s)?.into_iter().filter(|row| !row.well && there(row));
        Ok(bad.map(DomainCheck::of).collect())
    })
}

/// What was found when a sending domain was last looked up; none when it never was, or when that was another of the same key.
///
/// # Errors
/// The store's.
pub fn last_check(engine: &Engine, key: &str) -> Result<Option<DomainCheck>, StoreError> {
    engine.store().read(|s| {
        let Some(domain) = documents::get(s, DocumentKind::SendingDomain.key(), key)? else { return Ok(None) };
        let rows = watched::domain_checks(s)?;
        let own = rows.into_iter().find(|row| row.domain == key && row.checked_at >= domain.created_at);
        Ok(own.map(DomainCheck::of))
    })
}

/// The addresses that receivers saw sending most for a domain lately, with its own return path.
fn senders_seen(s: &mut dyn Session, key: &str) -> Result<Vec<IpAddr>, StoreError> {
    let since = s.now()? - SEEN_LATELY;
    let fared = dmarc::by_source(s, key, since)?.into_iter().filter(|fared| fared.spf > 0);
    Ok(fared.filter_map(|fared| fared.source.parse().ok()).take(MOST_SEEN).collect())
}

/// What was last found in the DNS for a purpose, where one record stood there.
pub fn last_found(s: &mut dyn Session, key: &str, purpose: &str) -> Result<Option<String>, StoreError> {
    let row = watched::domain_checks(s)?.into_iter().find(|row| row.domain == key);
    let records = row.map(|row| DomainCheck::of(row).records).unwrap_or_default();
    let found = records.into_iter().find(|record| record.purpose == purpose).map(|record| record.found);
    Ok(found.filter(|found| found.len() == 1).and_then(|mut found| found.pop()))
}

/// Where reports about the policy of a domain come in, unless its record says otherwise: where bounces do, if they do.
pub fn reports_to(domain: &SendingDomain) -> String {
    format!("dmarc@{}", domain.return_path.as_ref().unwrap_or(&domain.domain))
}

/// A sending domain with what signs for it, or why it cannot.
type Signing = Result<(SendingDomain, Arc<Signer>), String>;

fn signing_domain(s: &mut dyn Session, engine: &Engine, key: &str) -> Result<Option<Signing>, StoreError> {
    let live = engine.live(s)?;
    let Some(definition) = live.definitions.get(DocumentKind::SendingDomain, key) else { return Ok(None) };
    let Some(domain) = definition.read::<SendingDomain>() else { return Ok(None) };
    let secrets = secrets_of(&live, definition, engine.clock().now());
    Ok(Some(secrets.and_then(|secrets| signer_of(&domain, &secrets)).map(|signer| (domain, signer))))
}

/// A record that must stand in the DNS.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct DnsRecord {
    /// Its full name.
    pub name: String,
    /// `TXT`, `MX` …
    #[serde(rename = "type")]
    pub record_type: &'static str,
    /// Its value; what stands in angle brackets is yours to fill in.
    pub value: String,
    /// What it is for.
    pub purpose: &'static str,
}

fn records(domain: &SendingDomain, signer: &Signer, here: &str) -> Vec<DnsRecord> {
    let record = |name: String, record_type, value: String, purpose| DnsRecord { name, record_type, value, purpose };
    let keys = signer.records().into_iter();
    let mut all: Vec<DnsRecord> =
        keys.map(|(name, value)| record(name, "TXT", value, "Public key of the signatures (DKIM)")).collect();
    if let Some(bounce) = &domain.return_path {
        all.push(record(bounce.clone(), "MX", "10 <your mail server>".into(), "Reports about delivery come in"));
        let spf = "v=spf1 include:<your mail server's SPF> -all".to_owned();
        all.push(record(bounce.clone(), "TXT", spf, "Who may send with this return path (SPF)"));
    }
    if let Some(tracking) = &domain.tracking {
        all.push(record(tracking.clone(), "CNAME", here.to_owned(), "Links in messages"));
    }
    let dmarc = dns::policy_record(None, "none", false, &reports_to(domain));
    all.push(record(
        format!("_dmarc.{}", domain.domain),
        "TXT",
        dmarc,
        "What receivers do with mail that is not ours (DMARC)",
    ));
    all
}
