//! What the links of an email begin with and carry: the same whether it is sent, tried again, shown or looked at in a browser.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use caravan_catalog::{Definition, Definitions};
use caravan_connect::dns::{RecordCheck, RecordState};
use caravan_connect::email::Campaign;
use caravan_model::document::{DocumentKind, SendingDomain};
use caravan_store::watched::{self, DomainCheckRow};
use caravan_store::{Session, StoreError};
use parking_lot::Mutex;
use serde_json::Value as Json;

use super::domains::domain_of;
use super::frozen::{Mailing, Texting};

/// The campaign parameters that a connection gives the tracked links of an email.
pub(crate) fn link_parameters(
    definitions: &Definitions,
    connection: &str,
    campaign: &Campaign<'_>,
) -> Vec<(String, String)> {
    let connection = definitions.get(DocumentKind::Connection, connection);
    let templates = connection.and_then(|it| it.body.pointer("/settings/link_parameters")).and_then(Json::as_object);
    let written = templates.into_iter().flatten();
    campaign.fill(written.filter_map(|(name, template)| Some((name.as_str(), template.as_str()?))))
}

impl Texting {
    /// The campaign to which a text belongs that a journey sends.
    pub(crate) fn campaign<'a>(&'a self, message: &'a str, journey: &'a str, node: &'a str) -> Campaign<'a> {
        Campaign {
            journey_key: journey,
            journey_name: &self.journey_name,
            node_key: node,
            sms_key: message,
            sms_name: &self.name,
            ..Campaign::default()
        }
    }
}

impl Mailing {
    /// The campaign to which an email belongs that a journey sends; one that a hand sent belongs to no journey.
    pub(crate) fn campaign<'a>(&'a self, email: &'a str, journey: &'a str, node: &'a str) -> Campaign<'a> {
        let of_journey = |name: &'a str| if journey.is_empty() { "" } else { name };
        Campaign {
            journey_key: journey,
            journey_name: of_journey(&self.journey_name),
            node_key: of_journey(node),
            email_key: email,
            email_name: &self.name,
            ..Campaign::default()
        }
    }
}

/// Whether any sending domain has a host of its own for links.
pub(crate) fn hosts_differ(definitions: &Definitions) -> bool {
    let mut domains = definitions.of_kind(DocumentKind::SendingDomain);
    domains.any(|domain| domain.body.get("tracking").is_some_and(|host| !host.is_null()))
}

/// What the links of an email begin with: the host of the sending domain in which its sender lies, once the DNS was seen to
/// lead that host here; else the public address. `own` is the sender that the email names, else it is the connection's.
pub(crate) fn link_base<'a>(
    s: &mut dyn Session,
    definitions: &Definitions,
    (connection, own): (&str, Option<&str>),
    public_url: &'a str,
) -> Result<Cow<'a, str>, StoreError> {
    let of_connection = || {
        let connection = definitions.get(DocumentKind::Connection, connection)?;
        connection.body.pointer("/settings/from/email")?.as_str()
    };
    let domain = own.or_else(of_connection).and_then(|sender| domain_of(definitions, sender).ok().flatten());
    let Some((_, key, SendingDomain { tracking: Some(host), .. })) = domain else { return Ok(public_url.into()) };
    let own = base_of(&watched::domain_checks(s)?, &key, &host);
    Ok(own.map_or(public_url.into(), Cow::Owned))
}

/// What links begin with that lead to a sending domain's own host, once the DNS was seen to lead it here.
fn base_of(checks: &[DomainCheckRow], domain: &str, host: &str) -> Option<String> {
    let leads_here = checks.iter().any(|check| check.domain == domain && is_led_here(&check.found, host));
    leads_here.then(|| format!("https://{}", host.to_ascii_lowercase()))
}

/// What links of messages begin with: the public address, and the hosts of sending domains that were seen to lead here.
pub(crate) fn bases_in_use(
    s: &mut dyn Session,
    definitions: &Definitions,
    public_url: &str,
) -> Result<Vec<String>, StoreError> {
    let checks = watched::domain_checks(s)?;
    let of_domain = |d: &Arc<Definition>| base_of(&checks, &d.key, &d.read::<SendingDomain>()?.tracking?);
    let own: BTreeSet<String> = definitions.of_kind(DocumentKind::SendingDomain).filter_map(of_domain).collect();
    let others = own.into_iter().filter(|base| !base.eq_ignore_ascii_case(public_url));
    Ok(std::iter::once(public_url.to_owned()).chain(others).collect())
}

/// For how long what links begin with is not looked for again: it costs a read of the store.
const HOLDS: Duration = Duration::from_secs(1);
/// Senders kept in mind; they may be templates.
const MOST_SENDERS: usize = 100;

/// Of which definitions, when, and what was found.
type Lately = (i64, Instant, String);

/// What the links of messages began with a moment ago, by connection and host of the sender.
#[derive(Default)]
pub(crate) struct Bases {
    lately: Mutex<HashMap<(String, String), Lately>>,
}

impl Bases {
    /// As it was a moment ago with the same definitions, else as it is found now.
    pub fn of(
        &self,
        revision: i64,
        (connection, host): (&str, &str),
        look: impl FnOnce() -> Result<String, StoreError>,
    ) -> Result<String, StoreError> {
        let sender = (connection.to_owned(), host.to_owned());
        let fresh = |(of, at, _): &&Lately| *of == revision && at.elapsed() < HOLDS;
        if let Some((_, _, base)) = self.lately.lock().get(&sender).filter(fresh) {
            return Ok(base.clone());
        }
        let base = look()?;
        let mut all = self.lately.lock();
        if all.len() >= MOST_SENDERS {
            all.clear();
        }
        all.insert(sender, (revision, Instant::now(), base.clone()));
        Ok(base)
    }
}

/// Whether the host was seen to lead here when it was last looked up.
fn is_led_here(found: &str, host: &str) -> bool {
    let records: Vec<RecordCheck> = serde_json::from_str(found).unwrap_or_default();
    let good = |record: &RecordCheck| record.purpose == "tracking" && record.state == RecordState::Good;
    records.iter().any(|record| good(record) && record.name.eq_ignore_ascii_case(host))
}

/// The host in an address, without port and path.
pub(crate) fn host_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address() {
        for (url, host) in [
            ("https://go.acme.example", "go.acme.example"),
            ("http://127.0.0.1:8080/x", "127.0.0.1"),
            ("http://[fd00::1]:80", "fd00::1"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }
}
