//! Slowing down where a mailbox provider asks for less: each destination has a pace of its own once it has complained.
//!
//! A refusal of the kind *too much* or *not from you* halves the pace and lets the destination rest, twice as long every time; what it
//! takes makes it faster again, until it is free of any pace. Held in the database, so that processes agree. A destination
//! is whoever runs the servers that take mail for a domain, as far as that is known.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use caravan_connect::connector::THROTTLED;
use caravan_store::pace::{self, Pace};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::mail_servers::MailServers;
use super::parcel::{self, Parcel};
use super::results::{Settled, Verdict};

/// The code of a refusal that is about the sender.
const REFUSED_BY_POLICY: &str = "refused_by_policy";
/// Messages a second with which a destination begins that asked for less for the first time; halved at once.
const FIRST_PACE: f64 = 20.0;
/// It never gets slower than a message in twenty seconds.
const SLOWEST: f64 = 0.05;
/// Beyond this it needs no pace.
const FREE: f64 = 50.0;
/// How much faster each message that was taken makes it.
const GROWTH: f64 = 1.02;
/// The first rest.
const FIRST_REST: SignedDuration = SignedDuration::from_secs(30);
/// The longest rest.
const LONGEST_REST: SignedDuration = SignedDuration::from_mins(30);

/// The destinations of a page that have a pace.
pub struct Destinations<'a> {
    servers: &'a MailServers,
    /// Who takes mail for a domain, the same throughout the page, whatever is found out meanwhile.
    owners: RefCell<HashMap<String, String>>,
    paces: BTreeMap<String, Pace>,
    known: HashSet<String>,
    forgotten: Vec<String>,
    now: Timestamp,
}

impl<'d> Destinations<'d> {
    /// Those of what came back and of what waits.
    pub fn load<'a>(
        s: &mut dyn Session,
        servers: &'d MailServers,
        answered: &[Settled],
        ready: impl IntoIterator<Item = &'a Parcel>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (paces, owners) = (BTreeMap::new(), RefCell::default());
        let mut loaded = Self { servers, owners, paces, known: HashSet::new(), forgotten: Vec::new(), now };
        let answered = answered.iter().filter_map(|settled| loaded.of_settled(settled));
        let names = answered.chain(ready.into_iter().filter_map(|parcel| loaded.of(parcel))).collect();
        loaded.add(s, names)?;
        Ok(loaded)
    }

    fn of(&self, parcel: &Parcel) -> Option<String> {
        self.name(parcel.way().key(), parcel.about.address.as_deref())
    }

    fn of_settled(&self, settled: &Settled) -> Option<String> {
        self.name(&parcel::connection_of(&settled.row), settled.about.address.as_deref())
    }

    /// The bucket of an address behind a connection; none for what has no domain.
    fn name(&self, connection: &str, address: Option<&str>) -> Option<String> {
        let (_, domain) = address?.rsplit_once('@')?;
        let mut owners = self.owners.borrow_mut();
        let owner = owners.entry(domain.to_owned()).or_insert_with(|| self.servers.of(domain));
        Some(format!("to/{connection}/{owner}"))
    }

    /// Those of these parcels too.
    pub fn more(&mut self, s: &mut dyn Session, parcels: &[Parcel]) -> Result<(), StoreError> {
        let names = parcels.iter().filter_map(|parcel| self.of(parcel)).collect();
        self.add(s, names)
    }

    fn add(&mut self, s: &mut dyn Session, mut names: Vec<String>) -> Result<(), StoreError> {
        names.retain(|name| !self.known.contains(name));
        names.sort_unstable();
        names.dedup();
        for mut pace in pace::locked(s, &names)? {
            pace.fill(self.now);
            self.paces.insert(pace.name.clone(), pace);
        }
        self.known.extend(names);
        Ok(())
    }

    /// What the answers say about their destinations.
    pub fn learn(&mut self, answered: &[Settled], now: Timestamp) {
        let mut complained: HashSet<String> = HashSet::new();
        for settled in answered {
            let Some(name) = self.of_settled(settled) else { continue };
            match &settled.verdict {
                // Several refusals in one breath are one. What is refused because of how it is sent goes on to be refused:
                // the others wait, so that somebody can put it right before all of them have failed.
                Verdict::Again { code, .. } | Verdict::Failed { code, .. }
                    if asks_for_less(code) && complained.insert(name.clone()) =>
                {
                    let pace = self.paces.entry(name).or_insert_with_key(|name| Pace::full(name, FIRST_PACE, now));
                    slow_down(pace, now);
                }
                Verdict::Done { .. } => self.speed_up(&name),
                _ => {}
            }
        }
    }

    fn speed_up(&mut self, name: &str) {
        let Some(pace) = self.paces.get_mut(name) else { return };
        pace.refusals = 0;
        pace.per_second *= GROWTH;
        if pace.per_second > FREE {
            self.paces.remove(name);
            self.forgotten.push(name.to_owned());
        }
    }

    /// Until when a parcel's destination takes nothing; none when it may go.
    pub fn holds_back(&self, parcel: &Parcel, now: Timestamp) -> Option<Timestamp> {
        let pace = self.paces.get(&self.of(parcel)?)?;
        let next = if pace.rests_until > now || pace.tokens < 1.0 { pace.next(now) } else { return None };
        Some(next.max(now + SignedDuration::from_millis(1)))
    }

    /// A parcel goes there.
    pub fn takes(&mut self, parcel: &Parcel) {
        if let Some(pace) = self.of(parcel).and_then(|name| self.paces.get_mut(&name)) {
            pace.take(1);
        }
    }

    /// Writes them.
    pub fn save(&self, s: &mut dyn Session) -> Result<(), StoreError> {
        pace::save(s, &self.paces.values().cloned().collect::<Vec<_>>())?;
        pace::forget(s, &self.forgotten)
    }
}

fn asks_for_less(code: &str) -> bool {
    code == THROTTLED || code == REFUSED_BY_POLICY
}

fn slow_down(pace: &mut Pace, now: Timestamp) {
    let rest = FIRST_REST * 2_i32.pow(u32::try_from(pace.refusals.clamp(0, 10)).unwrap_or(10));
    pace.refusals += 1;
    pace.per_second = (pace.per_second / 2.0).max(SLOWEST);
    pace.tokens = pace.tokens.min(1.0);
    pace.rests_until = now + rest.min(LONGEST_REST);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_one_provider_share_a_pace() {
        let servers = MailServers::default();
        let destinations = Destinations {
            servers: &servers,
            owners: RefCell::default(),
            paces: BTreeMap::new(),
            known: HashSet::new(),
            forgotten: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
        };
        let name = |connection: &str, address: &str| destinations.name(connection, Some(address));
        assert_eq!(name("mail", "ada@googlemail.com"), name("mail", "ben@gmail.com"));
        assert_ne!(name("mail", "ada@gmail.com"), name("other", "ada@gmail.com"));
        assert_eq!(name("mail", "ada@acme.example").as_deref(), Some("to/mail/acme.example"));
        assert_eq!(name("texts", "+4915112345678"), None);
    }

    #[test]
    fn a_destination_that_asks_for_less_gets_half_and_a_longer_rest_every_time() {
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().expect("an instant");
        let mut pace = Pace::full("to/mail/acme.example", FIRST_PACE, now);
        let mut seen = Vec::new();
        for _ in 0..10 {
            slow_down(&mut pace, now);
            seen.push((pace.per_second, pace.rests_until.duration_since(now).as_secs()));
        }
        assert_eq!(&seen[..3], [(10.0, 30), (5.0, 60), (2.5, 120)]);
        assert_eq!(seen.last(), Some(&(SLOWEST, LONGEST_REST.as_secs())));
    }
}
