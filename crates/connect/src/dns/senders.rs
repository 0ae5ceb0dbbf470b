//! What the addresses that send for a domain are called, and whether its return path goes with its senders.

use std::net::IpAddr;

use super::records::Spf;
use super::verdict::{Asking, RecordCheck, RecordState, SendingDomainNames, Wanted};
use super::{Dns, NoAnswer};

/// Addresses that are looked up.
const MOST_ADDRESSES: usize = 10;
/// Names of one address that are looked at.
const MOST_NAMES: usize = 5;

/// Looks up what the addresses that send for a domain are called: those that its SPF record names one by one, and `seen`, which
/// receivers saw. Says too where the return path does not go with the domain.
pub fn check_senders(dns: &Dns, names: SendingDomainNames<'_>, seen: &[IpAddr]) -> Vec<RecordCheck> {
    let dns = &Asking::of(dns);
    let mut checks: Vec<RecordCheck> =
        names.return_path.and_then(|path| strays(path, names.domain)).into_iter().collect();
    let spf = dns.texts(names.return_path.unwrap_or(names.domain)).unwrap_or_default();
    let declared: Vec<IpAddr> =
        spf.iter().filter(|text| Spf::is(text)).flat_map(|text| single_addresses(text)).collect();
    let others: Vec<IpAddr> = seen.iter().copied().filter(|address| !declared.contains(address)).collect();
    let declared = declared.into_iter().map(|address| (address, true));
    let all = declared.chain(others.into_iter().map(|address| (address, false)));
    checks.extend(all.take(MOST_ADDRESSES).map(|(address, ours)| called(dns, address, ours)));
    checks
}

/// The addresses that a record names one by one.
fn single_addresses(record: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for term in record.split_ascii_whitespace().skip(1) {
        let term = term.trim_start_matches('+').to_ascii_lowercase();
        let address = term.strip_prefix("ip4:").or_else(|| term.strip_prefix("ip6:"));
        let address = address.map(|text| text.trim_end_matches("/32").trim_end_matches("/128"));
        let address = address.and_then(|text| text.parse::<IpAddr>().ok());
        found.extend(address.filter(|address| !found.contains(address)));
    }
    found
}

/// A return path whose SPF does not count for the senders of the domain: both lie in different domains.
fn strays(return_path: &str, domain: &str) -> Option<RecordCheck> {
    if aligned(&return_path.to_ascii_lowercase(), &domain.to_ascii_lowercase()) {
        return None;
    }
    let expected = format!("bounce.{domain}");
    let wanted = Wanted { name: return_path.to_owned(), record_type: "TXT", purpose: "alignment", expected };
    let message = format!(
        "The return path lies outside of `{domain}`, so SPF does not count for its senders (DMARC) and the signature alone decides. Choose one below `{domain}`."
    );
    Some(wanted.is(RecordState::Note, &[], message))
}

/// Whether two names lie in one domain that somebody registered, as far as that can be told without a list of the suffixes
/// under which names are registered.
fn aligned(a: &str, b: &str) -> bool {
    let below = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if below(a, b) || below(b, a) {
        return true;
    }
    let same: Vec<&str> = a.rsplit('.').zip(b.rsplit('.')).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    match same.as_slice() {
        // `co.uk`, `com.au`: a suffix by its looks.
        [country, second] => country.len() != 2 || second.len() > 3,
        more => more.len() > 2,
    }
}

fn called(dns: &Asking<'_>, address: IpAddr, ours: bool) -> RecordCheck {
    let wanted = Wanted {
        name: address.to_string(),
        record_type: "PTR",
        purpose: "reverse_name",
        expected: "<name of your mail server>".to_owned(),
    };
    // What a relay calls its addresses is not in one's own hands.
    let state = |state: RecordState| if ours { state } else { RecordState::Note };
    let names = match dns.names_of(address) {
        Ok(names) => names,
        Err(why) => return wanted.unanswered(&why),
    };
    if names.is_empty() {
        let message = "This address, which sends for the domain, has no name, so large mailbox providers refuse its mail. Have whoever gives you the address publish a PTR record.";
        return wanted.is(state(RecordState::Missing), &names, message);
    }
    match leads_back(dns, &names, address) {
        Err(why) => wanted.unanswered(&why),
        Ok(None) => {
            let message = "The name of this address does not lead back to it, so large mailbox providers refuse its mail. Give the name an A or AAAA record with this address.";
            wanted.is(state(RecordState::Wrong), &names, message)
        }
        Ok(Some(name)) if is_generic(name, address) => {
            let message = "The name of this address is made of its numbers, like those of dial-up lines; some providers mistrust it. Have it called like your mail server.";
            wanted.is(RecordState::Note, &names, message)
        }
        Ok(Some(_)) => wanted.is(RecordState::Good, &names, "The address has a name that leads back to it."),
    }
}

/// The first of the names that leads back to the address.
fn leads_back<'a>(dns: &Asking<'_>, names: &'a [String], address: IpAddr) -> Result<Option<&'a String>, NoAnswer> {
    for name in names.iter().take(MOST_NAMES) {
        let found = dns.addresses(name)?;
        if found.iter().any(|text| text.parse::<IpAddr>() == Ok(address)) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Whether a name is written with the numbers of its address: `192-0-2-7.dial.example`, `7.2.0.192.pool.example`.
fn is_generic(name: &str, address: IpAddr) -> bool {
    let IpAddr::V4(address) = address else { return false };
    let name = name.to_ascii_lowercase().replace(['-', '_'], ".");
    let [a, b, c, d] = address.octets();
    let written = [format!("{a}.{b}.{c}.{d}"), format!("{d}.{c}.{b}.{a}")];
    written.iter().any(|numbers| {
        name.match_indices(numbers.as_str()).any(|(at, _)| {
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            !digit(name.get(..at).and_then(|before| before.chars().next_back()))
                && !digit(name.get(at + numbers.len()..).and_then(|behind| behind.chars().next()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_paths_go_with_domains_of_the_same_owner() {
        for (path, domain) in [
            ("bounce.acme.example", "acme.example"),
            ("acme.example", "news.acme.example"),
            ("bounce.acme.example", "news.acme.example"),
            ("bounce.acme.co.uk", "news.acme.co.uk"),
        ] {
            assert!(aligned(path, domain), "{path} {domain}");
        }
        for (path, domain) in [
            ("bounce.relay.example", "acme.example"),
            ("bounce.relay.co.uk", "acme.co.uk"),
            ("bounce.notacme.example", "acme.example"),
        ] {
            assert!(!aligned(path, domain), "{path} {domain}");
        }
    }

    #[test]
    fn addresses_and_names_made_of_numbers_are_told() {
        let record = "v=spf1 ip4:192.0.2.7 ip4:192.0.2.0/24 +ip4:192.0.2.8/32 ip6:2001:db8::1 ip4:192.0.2.7 -all";
        let found: Vec<String> = single_addresses(record).iter().map(IpAddr::to_string).collect();
        assert_eq!(found, ["192.0.2.7", "192.0.2.8", "2001:db8::1"]);
        let address = "192.0.2.7".parse().expect("an address");
        for (name, generic) in [
            ("192-0-2-7.dial.example.", true),
            ("host7.2.0.192.pool.example", true),
            ("17.2.0.192.pool.example", false),
            ("7.2.0.192.pool.example", true),
            ("192.0.2.77.example", false),
            ("mx1.acme.example", false),
        ] {
            assert_eq!(is_generic(name, address), generic, "{name}");
        }
    }
}
