//! What is found in the DNS about a sending domain, set beside what must stand there.

use std::cell::RefCell;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::records::{Spf, begins_with, policy_record, tag, tags};
use super::{Dns, NoAnswer, shown};

/// Receivers give up on a record that costs more look-ups (RFC 7208 §4.6.4).
const MOST_SPF_LOOKUPS: usize = 10;
/// How far up a domain's parents are asked for a policy (RFC 9989).
const MOST_PARENTS: usize = 8;

/// The names of a sending domain.
#[derive(Debug, Clone, Copy)]
pub struct SendingDomainNames<'a> {
    /// Its own.
    pub domain: &'a str,
    /// The domain that reports return to, where it has one of its own.
    pub return_path: Option<&'a str>,
    /// The host of links in messages, where it has one of its own.
    pub tracking: Option<&'a str>,
    /// The host at which this installation is reached, where it is known.
    pub public_host: Option<&'a str>,
}

/// A public key that must stand in the DNS: its name, and the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// `c1._domainkey.acme.example`
    pub name: String,
    /// `v=DKIM1; k=rsa; p=…`
    pub record: String,
}

/// Whether what stands in the DNS is as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// It is.
    Good,
    /// Mail works without it, or as it is; it could be better.
    Note,
    /// Nothing stands there.
    Missing,
    /// Something else stands there.
    Wrong,
    /// The DNS did not answer.
    Unknown,
}

/// One name in the DNS: what must stand there, what does, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordCheck {
    /// The name.
    pub name: String,
    /// `TXT`, `MX` …
    #[serde(rename = "type")]
    pub record_type: String,
    /// What it is for: `dkim`, `return_path`, `spf`, `dmarc`, `tracking`, `certificate`, `replies`, `alignment`,
    /// `reverse_name`.
    pub purpose: String,
    /// Whether it is as it must be.
    pub state: RecordState,
    /// What must stand there; what stands in angle brackets is yours to fill in.
    pub expected: String,
    /// What does.
    pub found: Vec<String>,
    /// What that means, and what to do.
    pub message: String,
}

/// A record that is looked for.
pub(super) struct Wanted {
    pub name: String,
    pub record_type: &'static str,
    pub purpose: &'static str,
    pub expected: String,
}

impl Wanted {
    fn texts(name: String, purpose: &'static str, expected: impl Into<String>) -> Self {
        Self { name, record_type: "TXT", purpose, expected: expected.into() }
    }

    pub(super) fn is(self, state: RecordState, found: &[String], message: impl Into<String>) -> RecordCheck {
        let Self { name, record_type, purpose, expected } = self;
        RecordCheck {
            name,
            record_type: record_type.to_owned(),
            purpose: purpose.to_owned(),
            state,
            expected,
            found: found.iter().map(|record| shown(record)).collect(),
            message: message.into(),
        }
    }

    pub(super) fn unanswered(self, why: &NoAnswer) -> RecordCheck {
        self.is(RecordState::Unknown, &[], format!("{why}. Try again, or see which DNS server this machine asks."))
    }
}

/// Questions to the DNS; after one that nobody answered no more are asked.
pub(super) struct Asking<'a> {
    dns: &'a Dns,
    silent: RefCell<Option<NoAnswer>>,
}

impl<'a> Asking<'a> {
    pub(super) fn of(dns: &'a Dns) -> Self {
        Self { dns, silent: RefCell::default() }
    }

    fn ask<T>(&self, question: impl FnOnce(&Dns) -> Result<T, NoAnswer>) -> Result<T, NoAnswer> {
        if let Some(why) = self.silent.borrow().as_ref() {
            return Err(why.clone());
        }
        question(self.dns).inspect_err(|why| {
            if why.silent {
                *self.silent.borrow_mut() = Some(why.clone());
            }
        })
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        self.ask(|dns| dns.texts(name))
    }

    fn mail_servers(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        self.ask(|dns| dns.mail_servers(name))
    }

    pub(super) fn addresses(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        self.ask(|dns| dns.addresses(name))
    }

    pub(super) fn names_of(&self, address: IpAddr) -> Result<Vec<String>, NoAnswer> {
        self.ask(|dns| dns.names_of(address))
    }

    fn authorities(&self, name: &str) -> Result<Vec<(String, String)>, NoAnswer> {
        self.ask(|dns| dns.authorities(name))
    }

    fn alias(&self, name: &str) -> Result<Option<String>, NoAnswer> {
        self.ask(|dns| dns.alias(name))
    }
}

/// Looks everything up that matters to mail of a domain. `keys` are the public keys of its signatures.
pub fn check(dns: &Dns, names: SendingDomainNames<'_>, keys: &[Expected]) -> Vec<RecordCheck> {
    let dns = &Asking::of(dns);
    let SendingDomainNames { domain, return_path, tracking, public_host } = names;
    let mut checks: Vec<RecordCheck> = keys.iter().map(|key| dkim(dns, key)).collect();
    checks.extend(return_path.map(|name| reports_come_in(dns, name)));
    checks.push(spf(dns, return_path.unwrap_or(domain)));
    checks.push(dmarc(dns, domain, return_path.unwrap_or(domain)));
    checks.extend(tracking.map(|name| links_lead_here(dns, name, public_host)));
    checks.extend(tracking.map(|name| may_be_certified(dns, name)));
    checks.push(answers_arrive(dns, domain));
    checks
}

/// Looks one public key up.
pub fn check_key(dns: &Dns, key: &Expected) -> RecordCheck {
    dkim(&Asking::of(dns), key)
}

/// Looks the public key up of a key that signs no more, while mail that it signed is under way. `record` is what must stand
/// there, where that is known; `until` is when it may be taken away, for people.
pub fn check_former_key(dns: &Dns, name: &str, record: Option<&str>, until: &str) -> RecordCheck {
    let dns = &Asking::of(dns);
    let check = match record {
        Some(record) => dkim(dns, &Expected { name: name.to_owned(), record: record.to_owned() }),
        None => any_key(dns, name),
    };
    let message = match check.state {
        RecordState::Good => format!(
            "This key signs no more. Mail that it signed is still under way, so leave the record until {until}; then it may be removed."
        ),
        _ => format!(
            "{} This key signs no more, but mail that it signed is still under way, and receivers need the record until {until}.",
            check.message
        ),
    };
    RecordCheck { message, ..check }
}

/// Whether a public key stands under a name, whichever it is.
fn any_key(dns: &Asking<'_>, name: &str) -> RecordCheck {
    let wanted = Wanted::texts(name.to_owned(), "dkim", "<what stood here while the key signed>");
    let found = match dns.texts(name) {
        Ok(found) => found,
        Err(why) => return wanted.unanswered(&why),
    };
    let is_key = |record: &String| tag(&tags(record), "p").is_some_and(|key| !key.trim().is_empty());
    match found.iter().any(is_key) {
        true => wanted.is(RecordState::Good, &found, ""),
        false => wanted.is(RecordState::Missing, &found, "No public key stands here. Publish again what stood here."),
    }
}

/// What is said where no key signs.
pub fn unsigned(domain: &str) -> RecordCheck {
    let wanted = Wanted::texts(format!("<selector>._domainkey.{domain}"), "dkim", "v=DKIM1; k=rsa; p=…");
    wanted.is(RecordState::Missing, &[], "No key signs mail of this domain, and large mailbox providers ask for it. Make a key, publish its record, and let it sign.")
}

fn dkim(dns: &Asking<'_>, key: &Expected) -> RecordCheck {
    let wanted = Wanted::texts(key.name.clone(), "dkim", key.record.clone());
    let found = match dns.texts(&key.name) {
        Ok(found) => found,
        Err(why) => return wanted.unanswered(&why),
    };
    let public =
        |record: &str| -> Option<String> { tag(&tags(record), "p").map(|key| key.split_whitespace().collect()) };
    let keys: Vec<&String> = found.iter().filter(|record| public(record).is_some()).collect();
    match keys.as_slice() {
        [] => wanted.is(RecordState::Missing, &found, "No public key stands here, so nobody can check the signatures. Publish the record."),
        [_, _, ..] => wanted.is(RecordState::Wrong, &found, "Several keys stand here; receivers take any of them. Keep the one record."),
        [record] => match public(record).unwrap_or_default() {
            empty if empty.is_empty() => {
                wanted.is(RecordState::Wrong, &found, "The key was revoked: its `p` is empty. Publish the record, or take another selector.")
            }
            key_there if Some(&key_there) == public(&wanted.expected).as_ref() => {
                wanted.is(RecordState::Good, &found, "The public key of the signatures stands here.")
            }
            _ => wanted.is(RecordState::Wrong, &found, "Another key stands here, so receivers take the signatures for forged. Publish the record; a very long one must be split into pieces without losing any of it."),
        },
    }
}

fn reports_come_in(dns: &Asking<'_>, name: &str) -> RecordCheck {
    let expected = "10 <your mail server>".to_owned();
    let wanted = Wanted { name: name.to_owned(), record_type: "MX", purpose: "return_path", expected };
    match dns.mail_servers(name) {
        Err(why) => wanted.unanswered(&why),
        Ok(found) if found.is_empty() => wanted.is(
            RecordState::Missing,
            &found,
            "No server takes mail here, so reports about delivery are lost and some receivers refuse the sender. Publish an MX record.",
        ),
        Ok(found) if takes_nothing(&found) => {
            wanted.is(RecordState::Wrong, &found, "This domain says that it takes no mail (RFC 7505), so reports about delivery are lost. Name a server.")
        }
        Ok(found) => wanted.is(RecordState::Good, &found, "Reports about delivery come in here."),
    }
}

/// A null MX: `0 .`
fn takes_nothing(servers: &[String]) -> bool {
    servers.iter().all(|server| server.ends_with(" ."))
}

fn spf(dns: &Asking<'_>, name: &str) -> RecordCheck {
    let wanted = Wanted::texts(name.to_owned(), "spf", "v=spf1 include:<your mail server's SPF> -all");
    let found = match dns.texts(name) {
        Ok(texts) => texts.into_iter().filter(|text| Spf::is(text)).collect::<Vec<_>>(),
        Err(why) => return wanted.unanswered(&why),
    };
    let record = match found.as_slice() {
        [] => {
            return wanted.is(
                RecordState::Missing,
                &found,
                "Nothing says who may send for this domain. Publish a record that names your mail server.",
            );
        }
        [_, _, ..] => {
            return wanted.is(
                RecordState::Wrong,
                &found,
                "Several SPF records stand here, which counts as none. Make one of them.",
            );
        }
        [record] => Spf::read(record),
    };
    if let Some(term) = record.unknown.first() {
        let message = format!("`{}` is no term of SPF, so receivers reject the whole record. Correct it.", shown(term));
        return wanted.is(RecordState::Wrong, &found, message);
    }
    if record.others == Some('+') {
        return wanted.is(
            RecordState::Wrong,
            &found,
            "`+all` lets everybody send for this domain. End it with `-all` or `~all`.",
        );
    }
    match lookups(dns, &record) {
        Err(why) => wanted.unanswered(&why),
        Ok(lookups) if lookups > MOST_SPF_LOOKUPS => {
            let message = format!(
                "The record costs more than {MOST_SPF_LOOKUPS} look-ups, so receivers give up on it. Take out what it does not need."
            );
            wanted.is(RecordState::Wrong, &found, message)
        }
        Ok(_) if record.others.is_none() && record.taken_in.is_empty() => wanted.is(
            RecordState::Note,
            &found,
            "The record does not say what is to be done with mail of others. End it with `-all` or `~all`.",
        ),
        Ok(lookups) => {
            let message = format!(
                "One record says who may send ({lookups} of {MOST_SPF_LOOKUPS} look-ups). See that your mail server is among them."
            );
            wanted.is(RecordState::Good, &found, message)
        }
    }
}

/// Look-ups that a record costs with those that it takes in; no more are counted than decide.
fn lookups(dns: &Asking<'_>, record: &Spf) -> Result<usize, NoAnswer> {
    let mut cost = record.lookups;
    let mut open: Vec<String> = record.taken_in.clone();
    while let Some(domain) = open.pop().filter(|_| cost <= MOST_SPF_LOOKUPS) {
        let found = dns.texts(&domain)?;
        if let Some(record) = found.iter().find(|text| Spf::is(text)).map(|text| Spf::read(text)) {
            cost += record.lookups;
            open.extend(record.taken_in);
        }
    }
    Ok(cost)
}

fn dmarc(dns: &Asking<'_>, domain: &str, reports_to: &str) -> RecordCheck {
    let name = format!("_dmarc.{domain}");
    let wanted = Wanted::texts(name, "dmarc", policy_record(None, "none", false, &format!("dmarc@{reports_to}")));
    let (at, found) = match policies(dns, domain) {
        Ok(found) => found,
        Err(why) => return wanted.unanswered(&why),
    };
    let record = match found.as_slice() {
        [] => return wanted.is(RecordState::Missing, &found, "There is no policy, so large mailbox providers refuse bulk mail. Publish the record; `p=none` only watches."),
        [_, _, ..] => return wanted.is(RecordState::Wrong, &found, "Several policies stand here, which counts as none. Keep one."),
        [record] => tags(record),
    };
    let inherited = if at == domain { String::new() } else { format!(" It is inherited from `{at}`.") };
    let policy = tag(&record, "p").unwrap_or_default().to_ascii_lowercase();
    if !["none", "quarantine", "reject"].contains(&policy.as_str()) {
        return wanted.is(
            RecordState::Wrong,
            &found,
            "The policy `p` must be `none`, `quarantine` or `reject`. Correct it.",
        );
    }
    let strict =
        ["adkim", "aspf"].iter().any(|name| tag(&record, name).is_some_and(|way| way.eq_ignore_ascii_case("s")));
    let (state, advice) = match () {
        () if strict => (
            RecordState::Note,
            " It asks for strict alignment: senders below this domain, and return paths of their own, do not align. Take `adkim=s` and `aspf=s` out unless they are meant.",
        ),
        () if tag(&record, "pct").is_some() => {
            (RecordState::Note, " `pct` is not part of the standard any more; take it out.")
        }
        () if tag(&record, "rua").is_none() => {
            (RecordState::Note, " Nobody gets the reports about it; name an address in `rua`.")
        }
        () => (RecordState::Good, ""),
    };
    wanted.is(state, &found, format!("The policy is `{policy}`.{inherited}{advice}"))
}

/// The policies that hold for a domain: its own, else those of the nearest parent that has any; and whose they are.
fn policies(dns: &Asking<'_>, domain: &str) -> Result<(String, Vec<String>), NoAnswer> {
    let labels: Vec<&str> = domain.split('.').collect();
    for from in 0..labels.len().saturating_sub(1).min(MOST_PARENTS) {
        let at = labels.get(from..).unwrap_or_default().join(".");
        let texts = dns.texts(&format!("_dmarc.{at}"))?;
        let found: Vec<String> = texts.into_iter().filter(|text| begins_with(text, "v=DMARC1")).collect();
        if !found.is_empty() {
            return Ok((at, found));
        }
    }
    Ok((domain.to_owned(), Vec::new()))
}

/// Good where the host stands for the public one, or has an address of it.
fn links_lead_here(dns: &Asking<'_>, name: &str, public_host: Option<&str>) -> RecordCheck {
    let expected = public_host.unwrap_or("<this installation>").to_owned();
    let wanted = Wanted { name: name.to_owned(), record_type: "CNAME", purpose: "tracking", expected };
    let (alias, found) = match alias_and_addresses(dns, name) {
        Ok(found) => found,
        Err(why) => return wanted.unanswered(&why),
    };
    match found {
        found if found.is_empty() => wanted.is(
            RecordState::Missing,
            &found,
            "This host has no address, so links begin with the public address. Publish a CNAME record to this installation.",
        ),
        found => match public_host.map(|host| leads_to(dns, (name, alias.as_deref()), &found, host)) {
            None => wanted.is(
                RecordState::Note,
                &found,
                "The host has an address; whether it is this installation's cannot be told. Set --public-url; until then links begin with the address of the installation.",
            ),
            Some(Err(why)) => wanted.unanswered(&why),
            Some(Ok(true)) => wanted.is(RecordState::Good, &found, "Links in messages lead here."),
            Some(Ok(false)) => {
                let message = format!(
                    "This host leads elsewhere, so links begin with the public address. Point a CNAME record at `{}`.",
                    wanted.expected
                );
                wanted.is(RecordState::Wrong, &found, message)
            }
        },
    }
}

/// Who may sign a certificate for the host of links: without one browsers refuse to follow them.
fn may_be_certified(dns: &Asking<'_>, host: &str) -> RecordCheck {
    let (at, said) = match authorities(dns, host) {
        Ok(found) => found,
        Err(why) => return certificate(host.to_owned()).unanswered(&why),
    };
    let found: Vec<String> = said.iter().map(|(tag, value)| format!("{tag} \"{value}\"")).collect();
    let wanted = certificate(at);
    let issuers = said.iter().filter(|(tag, _)| tag == "issue");
    let issuers: Vec<&str> = issuers.map(|(_, value)| value.split(';').next().unwrap_or_default().trim()).collect();
    let allowed: Vec<String> =
        issuers.iter().filter(|it| !it.is_empty()).map(|it| format!("`{}`", shown(it))).collect();
    match (issuers.is_empty(), allowed.is_empty()) {
        (true, _) => wanted.is(
            RecordState::Good,
            &found,
            "No CAA record limits who may sign a certificate for the host of links.",
        ),
        (false, true) => {
            let message = format!(
                "The CAA record at `{}` forbids every authority to sign a certificate for the host of links, so none can be issued or renewed, and links over https fail. Name your authority in it.",
                wanted.name
            );
            wanted.is(RecordState::Note, &found, message)
        }
        (false, false) => {
            let message = format!(
                "Certificates for the host of links may be signed by {} alone. See that yours is among them.",
                allowed.join(", ")
            );
            wanted.is(RecordState::Good, &found, message)
        }
    }
}

fn certificate(name: String) -> Wanted {
    let expected = "0 issue \"<your certificate authority>\"".to_owned();
    Wanted { name, record_type: "CAA", purpose: "certificate", expected }
}

/// The records that hold for a host: its own, else those of the nearest parent that has any; and whose they are.
fn authorities(dns: &Asking<'_>, host: &str) -> Result<(String, Vec<(String, String)>), NoAnswer> {
    let labels: Vec<&str> = host.split('.').collect();
    for from in 0..labels.len().min(MOST_PARENTS) {
        let at = labels.get(from..).unwrap_or_default().join(".");
        let found = dns.authorities(&at)?;
        if !found.is_empty() {
            return Ok((at, found));
        }
    }
    Ok((host.to_owned(), Vec::new()))
}

/// What a host is another name for, and its addresses.
fn alias_and_addresses(dns: &Asking<'_>, name: &str) -> Result<(Option<String>, Vec<String>), NoAnswer> {
    let alias = dns.alias(name)?;
    let mut found = dns.addresses(name)?;
    if let (true, Some(alias)) = (found.is_empty(), &alias) {
        found = dns.addresses(alias)?;
    }
    Ok((alias, found))
}

/// Whether a host with these addresses is `host`: another name of it, or at one of its addresses.
fn leads_to(
    dns: &Asking<'_>,
    (name, alias): (&str, Option<&str>),
    addresses: &[String],
    host: &str,
) -> Result<bool, NoAnswer> {
    let named = [Some(name), alias].into_iter().flatten().any(|name| name.eq_ignore_ascii_case(host));
    let same = named || addresses.iter().any(|address| address == host);
    if same || host.parse::<std::net::IpAddr>().is_ok() {
        return Ok(same);
    }
    Ok(dns.addresses(host)?.iter().any(|address| addresses.contains(address)))
}

fn answers_arrive(dns: &Asking<'_>, domain: &str) -> RecordCheck {
    let expected = "10 <your mail server>".to_owned();
    let wanted = Wanted { name: domain.to_owned(), record_type: "MX", purpose: "replies", expected };
    match dns.mail_servers(domain) {
        Err(why) => wanted.unanswered(&why),
        Ok(found) if found.is_empty() || takes_nothing(&found) => wanted.is(
            RecordState::Note,
            &found,
            "No server takes mail for this domain, so answers to a sender in it are lost. Publish an MX record, or set `reply_to`.",
        ),
        Ok(found) => wanted.is(RecordState::Good, &found, "Answers to senders of this domain arrive."),
    }
}
