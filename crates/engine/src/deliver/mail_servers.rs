//! Who takes mail for a domain: mailbox providers host the domains of many companies and count what comes to all of them
//! together.
//!
//! The DNS is asked beside delivery, never in its way: until the answer is there, and where there is none, a domain stands
//! for itself (those of the big providers for their provider). Answers are kept for hours, so many at most.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use caravan_connect::dns::{Dns, NoAnswer};
use parking_lot::Mutex;

/// How long an answer holds; then it is asked for again, and holds until it comes.
const HOLDS: Duration = Duration::from_secs(6 * 60 * 60);
/// How long no answer holds.
const NO_ANSWER_HOLDS: Duration = Duration::from_secs(10 * 60);
/// How long nothing is asked once nobody answers at all.
const SILENCE: Duration = Duration::from_secs(60);
/// Questions under way at the same time.
const MOST_ASKED: usize = 16;
/// Domains kept in mind.
const MOST_KNOWN: usize = 50_000;

/// Domains whose mail goes to the same provider, for as long as the DNS has not said so.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("gmail.com", &["googlemail.com"]),
    ("outlook.com", &["hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "live.co.uk"]),
    ("yahoo.com", &["yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com", "aol.com"]),
    ("icloud.com", &["me.com", "mac.com"]),
];

/// Parts of one provider's domain with limits of their own: mailboxes of consumers, and those of companies.
const APART: &[&str] = &["olc.protection.outlook.com", "mail.protection.outlook.com"];

/// Names below a country's under which others register.
const SECOND: &[&str] = &["ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"];

/// The servers behind domains, as far as they are known.
#[derive(Default)]
pub struct MailServers {
    dns: Option<Dns>,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    known: HashMap<String, Known>,
    asked: HashSet<String>,
    silent_until: Option<Instant>,
}

/// What the DNS said about a domain.
struct Known {
    /// Whose servers they are; none: nothing was said.
    owner: Option<String>,
    until: Instant,
}

impl MailServers {
    /// Asks this DNS; without one every domain stands for itself.
    pub fn new(dns: Option<Dns>) -> Self {
        Self { dns, book: Arc::default() }
    }

    /// Who takes mail for a domain, as far as that is known now. Asks, where it is not, and does not wait.
    pub fn of(&self, domain: &str) -> String {
        let mut book = self.book.lock();
        let now = Instant::now();
        let known = book.known.get(domain);
        let fresh = known.is_some_and(|known| known.until > now);
        let owner = known.and_then(|known| known.owner.clone());
        if !fresh && let Some(dns) = &self.dns {
            self.ask(&mut book, dns, domain);
        }
        owner.unwrap_or_else(|| provider(domain).to_owned())
    }

    fn ask(&self, book: &mut Book, dns: &Dns, domain: &str) {
        let silent = book.silent_until.is_some_and(|until| until > Instant::now());
        if silent || book.asked.len() >= MOST_ASKED || !book.asked.insert(domain.to_owned()) {
            return;
        }
        let (book, domain) = (Arc::clone(&self.book), domain.to_owned());
        dns.beside(move |dns| {
            let found = dns.first_mail_server(&domain);
            book.lock().learn(domain, found);
        });
    }
}

impl Book {
    fn learn(&mut self, domain: String, found: Result<Option<String>, NoAnswer>) {
        let now = Instant::now();
        self.asked.remove(&domain);
        let (owner, holds) = match found {
            Ok(server) => (server.map(|server| owner_of(&server)), HOLDS),
            Err(why) => {
                self.silent_until = why.is_silence().then_some(now + SILENCE);
                tracing::debug!(domain, %why, "who takes mail for a domain cannot be looked up now");
                // What was known holds on.
                (self.known.remove(&domain).and_then(|known| known.owner), NO_ANSWER_HOLDS)
            }
        };
        if self.known.len() >= MOST_KNOWN {
            self.known.retain(|_, known| known.until > now);
        }
        if self.known.len() < MOST_KNOWN {
            self.known.insert(domain, Known { owner, until: now + holds });
        }
    }
}

/// The provider of a domain that everybody knows; else the domain itself.
fn provider(domain: &str) -> &str {
    PROVIDERS.iter().find(|(_, others)| others.contains(&domain)).map_or(domain, |(name, _)| name)
}

/// Whose a server is: the domain under which it was registered, as far as its name tells (`mx1.mail.acme.co.uk` →
/// `acme.co.uk`).
fn owner_of(server: &str) -> String {
    if let Some(part) = APART.iter().find(|part| server.ends_with(*part)) {
        return (*part).to_owned();
    }
    let labels: Vec<&str> = server.split('.').collect();
    // Many countries register below a second name: co.uk, com.au, ne.jp.
    let below_second = matches!(labels.as_slice(), [.., second, last] if last.len() == 2 && SECOND.contains(second));
    let kept = if below_second { 3 } else { 2 };
    labels.get(labels.len().saturating_sub(kept)..).unwrap_or_default().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_one_owner_are_one_destination() {
        for (server, owner) in [
            ("aspmx.l.google.com", "google.com"),
            ("gmail-smtp-in.l.google.com", "google.com"),
            ("mx00.ionos.de", "ionos.de"),
            ("mx-ha02.web.de", "web.de"),
            ("mta5.am0.yahoodns.net", "yahoodns.net"),
            ("mx1.mail.acme.co.uk", "acme.co.uk"),
            ("outlook-com.olc.protection.outlook.com", "olc.protection.outlook.com"),
            ("acme-example.mail.protection.outlook.com", "mail.protection.outlook.com"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(owner_of(server), owner);
        }
    }

    #[test]
    fn without_a_dns_domains_stand_for_themselves_and_known_ones_for_their_provider() {
        let servers = MailServers::default();
        assert_eq!(servers.of("googlemail.com"), "gmail.com");
        assert_eq!(servers.of("acme.example"), "acme.example");
    }

    #[test]
    fn a_domain_that_names_no_mail_server_stands_for_itself() {
        let mut book = Book::default();
        book.learn("acme.example".to_owned(), Ok(Some("aspmx.l.google.com".to_owned())));
        book.learn("none.example".to_owned(), Ok(None));
        let owner = |book: &Book, domain: &str| book.known.get(domain).and_then(|known| known.owner.clone());
        assert_eq!((owner(&book, "acme.example").as_deref(), owner(&book, "none.example")), (Some("google.com"), None));
    }
}
