//! What receivers report of the mail of sending domains (DMARC): each report once, by whoever reports and their own number for
//! it; how mail fared by the address that it came from; and the next policy that follows.

mod step;

use std::collections::{BTreeMap, BTreeSet};

use caravan_connect::dns;
use caravan_connect::returned::dmarc::{self, DmarcReport, DmarcRow, NoReport, PublishedPolicy};
use caravan_model::document::{DocumentKind, SendingDomain};
use caravan_store::dmarc::{self as stored, Fared, FaredAlike, ReportRow};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::step::DmarcStep;
use super::domains::{last_found, reports_to};
use crate::Engine;
use crate::live::Live;

/// How far a reporter's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(48);
/// A report about a longer time is none.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 40);
/// Addresses that are shown one by one.
const MOST_SOURCES: usize = 100;
/// Differing messages that are looked at to say what was seen of those addresses.
const MOST_SEEN: usize = 2_000;
/// Names that are shown for one address.
const MOST_NAMES: usize = 5;
/// Reporters that are named.
const MOST_REPORTERS: usize = 20;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DmarcOutcome {
    /// It is kept.
    Kept,
    /// It was there already.
    Known,
    /// It is about no mail of a sending domain here.
    NotOurs,
    /// It is about a time that lies ahead, that is no longer kept, or that is longer than forty days.
    OutOfTime,
}

/// A report as it was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DmarcTaken {
    /// What became of it.
    pub outcome: DmarcOutcome,
    /// Who reports.
    pub org: String,
    /// The reporter's own number for it.
    pub report_id: String,
    /// The sending domains that it tells of.
    pub sending_domains: Vec<String>,
    /// Messages of theirs that it tells of.
    pub messages: i64,
}

/// The policy of a domain as the last receiver found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DmarcPolicy {
    /// Where it stands; a domain above where it is inherited.
    #[serde(default)]
    pub domain: String,
    /// What is asked for this domain: `none`, `quarantine`, `reject`.
    pub policy: String,
    /// It is only tested (`t=y`).
    pub testing: bool,
    /// The share of mail that an older record names; receivers ignore it now.
    pub pct: Option<u8>,
}

impl DmarcPolicy {
    /// What a published policy asks for mail of a domain.
    fn of(published: &PublishedPolicy, domain: &str) -> Self {
        let below = published.sp.as_ref().filter(|_| published.domain != domain);
        Self {
            domain: published.domain.clone(),
            policy: below.unwrap_or(&published.p).clone(),
            testing: published.testing,
            pct: published.pct.filter(|share| *share < 100),
        }
    }
}

/// Takes a report in as the file that came: XML, by itself or packed with gzip or zip.
///
/// # Errors
/// The store's; inside, why it is no report.
pub fn take_dmarc_file(engine: &Engine, file: &[u8]) -> Result<Result<DmarcTaken, NoReport>, StoreError> {
    match dmarc::of_file(file) {
        Ok(report) => take_dmarc_report(engine, &report).map(Ok),
        Err(why) => Ok(Err(why)),
    }
}

/// Takes a report in.
///
/// # Errors
/// The store's.
pub fn take_dmarc_report(engine: &Engine, report: &DmarcReport) -> Result<DmarcTaken, StoreError> {
    engine.store().write(|s| {
        let (live, now) = (engine.live(s)?, s.now()?);
        let mut taken = DmarcTaken {
            outcome: DmarcOutcome::OutOfTime,
            org: report.org.clone(),
            report_id: report.id.clone(),
            sending_domains: Vec::new(),
            messages: 0,
        };
        let Some((begin, end)) = time_of(report, &live, now) else { return Ok(taken) };
        let rows = ours(&live, &report.rows);
        if rows.is_empty() {
            return Ok(DmarcTaken { outcome: DmarcOutcome::NotOurs, ..taken });
        }
        let row = ReportRow {
            org: report.org.clone(),
            id: report.id.clone(),
            begin,
            end,
            policy_domain: report.policy.domain.clone(),
            policy: kept(&report.policy),
        };
        let news = stored::put(s, &row, &rows, now)?;
        taken.outcome = if news { DmarcOutcome::Kept } else { DmarcOutcome::Known };
        taken.messages = rows.iter().map(|row| row.messages).sum();
        let domains: BTreeSet<String> = rows.into_iter().map(|row| row.sending_domain).collect();
        taken.sending_domains = domains.into_iter().collect();
        Ok(taken)
    })
}

/// The time that a report is about, where that can be and is still kept.
fn time_of(report: &DmarcReport, live: &Live, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let (begin, end) = (Timestamp::from_second(report.begin).ok()?, Timestamp::from_second(report.end).ok()?);
    let keep = crate::retention::rules(&live.definitions).0.mail_reports();
    let fits = end <= now + AHEAD && end.duration_since(begin) <= LONGEST && end >= keep.before(now, live.zone());
    fits.then_some((begin, end))
}

/// A published policy, for keeping.
fn kept(published: &PublishedPolicy) -> String {
    let PublishedPolicy { domain, p, sp, pct, testing } = published;
    serde_json::json!({"domain": domain, "p": p, "sp": sp, "pct": pct, "testing": testing}).to_string()
}

fn read_policy(text: &str, domain: &str) -> Option<DmarcPolicy> {
    #[derive(Deserialize)]
    struct Kept {
        domain: String,
        p: String,
        sp: Option<String>,
        pct: Option<u8>,
        testing: bool,
    }
    let Kept { domain: at, p, sp, pct, testing } = serde_json::from_str(text).ok()?;
    Some(DmarcPolicy::of(&PublishedPolicy { domain: at, p, sp, pct, testing }, domain))
}

/// What is about mail of sending domains, those that fared alike together.
fn ours(live: &Live, rows: &[DmarcRow]) -> Vec<FaredAlike> {
    let mut known: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut together: BTreeMap<FaredAlike, i64> = BTreeMap::new();
    for row in rows {
        let key = known.entry(&row.from).or_insert_with(|| sending_domain(live, &row.from));
        let Some(sending_domain) = key.clone() else { continue };
        let alike = FaredAlike {
            sending_domain,
            source: row.source.to_string(),
            messages: 0,
            dkim: row.dkim,
            spf: row.spf,
            disposition: row.disposition.clone(),
            from_domain: row.from.clone(),
            dkim_seen: row.dkim_seen.join(", "),
            spf_seen: row.spf_seen.join(", "),
        };
        *together.entry(alike).or_default() += row.messages;
    }
    together.into_iter().map(|(alike, messages)| FaredAlike { messages, ..alike }).collect()
}

/// Key of the sending domain in which a host lies.
fn sending_domain(live: &Live, host: &str) -> Option<String> {
    let found = super::domain_of(&live.definitions, &format!("x@{host}")).ok()?;
    found.map(|(_, key, _)| key)
}

/// How mail of a sending domain fared with those who report.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DmarcFigures {
    /// The domain.
    pub domain: String,
    /// Over how many days, back from now.
    pub days: u32,
    /// Reports about that time.
    pub reports: u64,
    /// Who reported, those with the latest reports first; no more than twenty are named.
    pub reporters: Vec<String>,
    /// When the time of the first of them begins.
    pub first_at: Option<Timestamp>,
    /// When the time of the last one ends.
    pub last_at: Option<Timestamp>,
    /// All of it together.
    pub total: DmarcCounts,
    /// By the address that it came from, most of it first; no more than a hundred are listed.
    pub sources: Vec<DmarcSource>,
    /// How many more addresses there are.
    pub more_sources: u64,
    /// The policy as the last receiver found it.
    pub policy: Option<DmarcPolicy>,
    /// What to do next.
    pub next: DmarcStep,
}

/// How messages fared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct DmarcCounts {
    /// How many there were.
    pub messages: i64,
    /// That passed: by their signature, their return path, or both.
    pub passed: i64,
    /// The share that passed, from 0 to 1; none of none.
    pub pass_rate: Option<f64>,
    /// That passed by their signature (DKIM aligns).
    pub dkim_passed: i64,
    /// That passed by their return path (SPF aligns).
    pub spf_passed: i64,
    /// That were put aside as suspicious.
    pub quarantined: i64,
    /// That were refused.
    pub rejected: i64,
}

impl DmarcCounts {
    fn add(mut self, fared: &Fared) -> Self {
        self.messages += fared.messages;
        self.passed += fared.passed;
        self.dkim_passed += fared.dkim;
        self.spf_passed += fared.spf;
        self.quarantined += fared.quarantined;
        self.rejected += fared.rejected;
        self.pass_rate = (self.messages > 0).then(|| self.passed as f64 / self.messages as f64);
        self
    }
}

/// Mail from one address.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DmarcSource {
    /// The address.
    pub source: String,
    /// How it fared.
    #[serde(flatten)]
    pub counts: DmarcCounts,
    /// What that says: `both` align, `dkim_alone`, `spf_alone`, `neither`, or `some` of the messages pass.
    #[schemars(extend("enum" = ["both", "dkim_alone", "spf_alone", "neither", "some"]))]
    pub verdict: &'static str,
    /// Domains of the senders that people saw; no more than five, like the lists below.
    pub from: Vec<String>,
    /// Whose signatures were seen, each with its result.
    pub dkim_seen: Vec<String>,
    /// Whose return paths were seen, each with its result.
    pub spf_seen: Vec<String>,
}

fn verdict(fared: &Fared) -> &'static str {
    let all = |n: i64| n == fared.messages;
    match () {
        () if fared.passed == 0 => "neither",
        () if !all(fared.passed) => "some",
        () if all(fared.dkim) && all(fared.spf) => "both",
        () if all(fared.dkim) => "dkim_alone",
        () if all(fared.spf) => "spf_alone",
        () => "both",
    }
}

/// How mail of a sending domain fared in the last days; none when there is no such domain.
///
/// # Errors
/// The store's.
pub fn dmarc_figures(engine: &Engine, key: &str, days: u32) -> Result<Option<DmarcFigures>, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let definition = live.definitions.get(DocumentKind::SendingDomain, key);
        let Some(domain) = definition.and_then(|it| it.read::<SendingDomain>()) else { return Ok(None) };
        figures(s, key, &domain, days).map(Some)
    })
}

fn figures(s: &mut dyn Session, key: &str, domain: &SendingDomain, days: u32) -> Result<DmarcFigures, StoreError> {
    let since = s.now()? - SignedDuration::from_hours(24 * i64::from(days));
    let fared = stored::by_source(s, key, since)?;
    let reports = stored::reports_of(s, key, since)?;
    let shown = fared.get(..fared.len().min(MOST_SOURCES)).unwrap_or_default();
    let sources = sources(s, key, since, shown)?;
    let total = fared.iter().fold(DmarcCounts::default(), DmarcCounts::add);
    let policy = reports.first().and_then(|report| read_policy(&report.policy, &domain.domain));
    let published = last_found(s, key, "dmarc")?;
    let first_at = reports.iter().map(|report| report.begin).min();
    let last_at = reports.first().map(|report| report.end);
    let next = step::next(&step::Standing {
        domain: &domain.domain,
        fared: &fared,
        seen: first_at.zip(last_at).map_or(SignedDuration::ZERO, |(first, last)| last.duration_since(first)),
        policy: policy.as_ref(),
        published: published.as_deref(),
        reports_to: &reports_to(domain),
    });
    let mut reporters: Vec<String> = Vec::new();
    for report in &reports {
        if reporters.len() < MOST_REPORTERS && !reporters.contains(&report.org) {
            reporters.push(report.org.clone());
        }
    }
    Ok(DmarcFigures {
        domain: domain.domain.clone(),
        days,
        reports: reports.len() as u64,
        reporters,
        first_at,
        last_at,
        total,
        more_sources: (fared.len() - sources.len()) as u64,
        sources,
        policy,
        next,
    })
}

fn sources(s: &mut dyn Session, key: &str, since: Timestamp, fared: &[Fared]) -> Result<Vec<DmarcSource>, StoreError> {
    let addresses: Vec<&str> = fared.iter().map(|it| it.source.as_str()).collect();
    let seen = stored::seen(s, key, since, &addresses, MOST_SEEN)?;
    let names = |source: &str, of: fn(&stored::Seen) -> &String| {
        let all = seen.iter().filter(|it| it.source == source).map(of).filter(|name| !name.is_empty());
        all.cloned().collect::<BTreeSet<String>>().into_iter().take(MOST_NAMES).collect::<Vec<String>>()
    };
    let one = |it: &Fared| DmarcSource {
        source: it.source.clone(),
        counts: DmarcCounts::default().add(it),
        verdict: verdict(it),
        from: names(&it.source, |seen| &seen.from_domain),
        dkim_seen: names(&it.source, |seen| &seen.dkim),
        spf_seen: names(&it.source, |seen| &seen.spf),
    };
    Ok(fared.iter().map(one).collect())
}

/// A record for the DNS that says what receivers do with mail that does not pass.
fn policy_record(standing: &step::Standing<'_>, policy: &str, test: bool) -> String {
    dns::policy_record(standing.published, policy, test, standing.reports_to)
}
