//! The other side: takes messages and calls, and remembers what it took whoever dies here. What it answers stands in the case.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use caravan_connect::{Connector, ConnectorFacts, EffectBody, Outcome, Outgoing};
use caravan_model::Clock;
use caravan_model::sample::SplitMix64;
use parking_lot::Mutex;

use crate::model::Mortal;
use crate::model::case::{ASKED_PAUSE, Case, Secs, person_number, refuses_mail, subject_number};

/// What was handed over: the key of the effect, when, and of calls the service and the number of whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub key: String,
    pub at: Secs,
    pub call: Option<(usize, usize)>,
}

impl Taken {
    fn line(&self) -> String {
        let (service, subject) = self.call.unzip();
        let number = |n: Option<usize>| n.map_or("-".to_owned(), |n| n.to_string());
        format!("{} {} {} {}\n", self.key, self.at, number(service), number(subject))
    }

    fn read(line: &str) -> Self {
        let [key, at, service, subject] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line:?}") };
        let call = service.parse().ok().zip(subject.parse().ok());
        Self { key: key.to_owned(), at: at.parse().expect("a time"), call }
    }
}

/// Books, by name: what it took, and when it first saw what.
const TAKEN: &str = "taken";
const SEEN: &str = "seen";

/// The other side of one case.
pub struct Far {
    case: Case,
    clock: Clock,
    taken: Mutex<Vec<Taken>>,
    /// When it first saw each effect, by key.
    seen: Mutex<BTreeMap<String, Secs>>,
    /// Where it writes down what it took and saw, when the processes here come and go.
    books: Option<PathBuf>,
    deadly: Mutex<Option<Deadly>>,
}

/// Who dies over handing something over: it was taken, and nobody here can write down that it was.
struct Deadly {
    whom: Arc<dyn Mortal>,
    random: SplitMix64,
    /// Hand-overs until the next death, that one included.
    left: u64,
    deaths: u32,
    /// Deaths over mail that the other side would take for new if it came again.
    over_new_mail: u64,
}

impl Deadly {
    fn new(whom: Arc<dyn Mortal>, seed: u64, deaths: u32) -> Self {
        let mut random = SplitMix64::new(seed);
        let left = random.between(1, MOST_BETWEEN);
        Self { whom, random, left, deaths, over_new_mail: 0 }
    }

    /// Something was handed over that the other side would recognise, or not.
    fn was_handed(&mut self, recognised: bool) {
        self.left -= 1;
        if self.left == 0 {
            self.left = self.random.between(1, MOST_BETWEEN);
            self.deaths = self.deaths.saturating_sub(1);
            self.over_new_mail += u64::from(!recognised);
            self.whom.kill();
        }
    }
}

/// The most hand-overs from one death to the next.
const MOST_BETWEEN: u64 = 3;

impl Far {
    pub fn of(case: &Case, clock: &Clock) -> Arc<Self> {
        Arc::new(Self {
            case: case.clone(),
            clock: clock.clone(),
            taken: Mutex::default(),
            seen: Mutex::default(),
            books: None,
            deadly: Mutex::default(),
        })
    }

    /// The same, with what it has written down in a folder.
    pub fn with_books(case: &Case, clock: &Clock, folder: &Path) -> Arc<Self> {
        let written = |book: &str| std::fs::read_to_string(folder.join(book)).unwrap_or_default();
        let taken = Mutex::new(written(TAKEN).lines().map(Taken::read).collect());
        let seen = written(SEEN);
        let seen = seen.lines().map(|line| {
            let (key, at) = line.split_once(' ').expect("a key and a time");
            (key.to_owned(), at.parse().expect("a time"))
        });
        Arc::new(Self {
            case: case.clone(),
            clock: clock.clone(),
            taken,
            seen: Mutex::new(seen.collect()),
            books: Some(folder.to_owned()),
            deadly: Mutex::default(),
        })
    }

    /// From now on whoever hands something over dies so many times before it can write down that it did.
    pub fn kills(&self, whom: Arc<dyn Mortal>, seed: u64, deaths: u32) {
        *self.deadly.lock() = Some(Deadly::new(whom, seed, deaths));
    }

    /// How often somebody died over mail that may not be sent again.
    pub fn deaths_over_new_mail(&self) -> u64 {
        self.deadly.lock().as_ref().map_or(0, |deadly| deadly.over_new_mail)
    }

    fn writes(&self, book: &str, line: &str) {
        let Some(folder) = &self.books else { return };
        let book = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(book));
        book.expect("a book").write_all(line.as_bytes()).expect("a line");
    }

    /// It has no time for an effect, for so long after it first saw it.
    fn has_no_time(&self, key: &str, waits: Secs) -> bool {
        let now = crate::model::place::seconds(self.clock.now());
        let mut seen = self.seen.lock();
        let first = *seen.entry(key.to_owned()).or_insert_with(|| {
            self.writes(SEEN, &format!("{key} {now}\n"));
            now
        });
        now < first + waits
    }

    /// Each effect that it took, and how often.
    pub fn taken(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for taken in self.taken.lock().iter() {
            *times.entry(taken.key.clone()).or_default() += 1;
        }
        times
    }

    /// Calls in the order in which they came first, each once.
    pub fn calls(&self) -> Vec<Taken> {
        let mut calls: Vec<Taken> = Vec::new();
        for taken in self.taken.lock().iter().filter(|taken| taken.call.is_some()) {
            if !calls.iter().any(|known| known.key == taken.key) {
                calls.push(taken.clone());
            }
        }
        calls
    }

    fn takes(&self, key: &str, call: Option<(usize, usize)>) -> Outcome {
        let taken = Taken { key: key.to_owned(), at: crate::model::place::seconds(self.clock.now()), call };
        let mut all = self.taken.lock();
        // It recognises what it has taken before, where it is of that kind.
        if !(self.recognises(call.is_some()) && all.iter().any(|known| known.key == taken.key)) {
            self.writes(TAKEN, &taken.line());
            all.push(taken);
        }
        drop(all);
        let mut deadly = self.deadly.lock();
        if let Some(deadly) = deadly.as_mut().filter(|deadly| deadly.deaths > 0) {
            deadly.was_handed(self.recognises(call.is_some()));
        }
        Outcome::Delivered { remote_id: None, detail: "taken".to_owned() }
    }

    fn recognises(&self, call: bool) -> bool {
        call || self.case.mail_is_recognised
    }
}

/// A door to the other side.
pub struct Door {
    pub far: Arc<Far>,
    /// To a service, or else to the mail server.
    pub service: bool,
}

impl Connector for Door {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "far",
            deduplicates: self.far.recognises(self.service),
            max_batch: 2,
            parallel: 1,
            sender: Some("desk@acme.example".to_owned()),
            per_second: None,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        let refused = || Outcome::failed("refused", "The other side does not want it.");
        let later = || Outcome::Retry {
            after: Some(Duration::from_secs(ASKED_PAUSE as u64)),
            code: "busy".to_owned(),
            message: "The other side has no time.".to_owned(),
        };
        let one = |item: &Outgoing| {
            let (waits, refuses, call) = match &item.body {
                EffectBody::Email(message) => {
                    let person = person_number(&message.to.email);
                    (self.far.case.mail_waits[person], refuses_mail(person), None)
                }
                EffectBody::Service(call) => {
                    let number = call.values["number"].as_str().expect("its number");
                    let service: usize = number.parse().expect("a number");
                    let subject = subject_number(call.attributes["who"].as_str().expect("a key"));
                    let reply = &self.far.case.replies[service][subject];
                    (reply.waits, reply.refused, Some((service, subject)))
                }
                other => panic!("nothing sends {other:?}"),
            };
            if self.far.has_no_time(&item.key, waits) {
                return later();
            }
            if refuses { refused() } else { self.far.takes(&item.key, call) }
        };
        batch.iter().map(one).collect()
    }

    fn check(&self) -> Result<String, String> {
        Ok("it is there".to_owned())
    }
}
