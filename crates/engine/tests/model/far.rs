//! The other side: takes messages and calls, and remembers what it took whoever dies here. What it answers stands in the case.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caravan_connect::{Connector, ConnectorFacts, EffectBody, Outcome, Outgoing};
use caravan_model::Clock;
use parking_lot::Mutex;

use crate::case::{Case, Secs, person_number, refuses_mail, subject_number};

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

/// The other side of one case.
pub struct Far {
    case: Case,
    clock: Clock,
    taken: Mutex<Vec<Taken>>,
    /// Where it writes down what it took, when the processes here come and go.
    book: Option<PathBuf>,
}

impl Far {
    pub fn of(case: &Case, clock: &Clock) -> Arc<Self> {
        Arc::new(Self { case: case.clone(), clock: clock.clone(), taken: Mutex::default(), book: None })
    }

    /// The same, with what it has written down in a folder.
    pub fn with_book(case: &Case, clock: &Clock, folder: &Path) -> Arc<Self> {
        let book = folder.join("taken");
        let written = std::fs::read_to_string(&book).unwrap_or_default();
        let taken = Mutex::new(written.lines().map(Taken::read).collect());
        Arc::new(Self { case: case.clone(), clock: clock.clone(), taken, book: Some(book) })
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
        let taken = Taken { key: key.to_owned(), at: crate::place::seconds(self.clock.now()), call };
        let mut all = self.taken.lock();
        // It recognises what it has taken before, where it is of that kind.
        if !(self.recognises(call.is_some()) && all.iter().any(|known| known.key == taken.key)) {
            if let Some(book) = &self.book {
                let mut book = std::fs::OpenOptions::new().create(true).append(true).open(book).expect("a book");
                book.write_all(taken.line().as_bytes()).expect("a line");
            }
            all.push(taken);
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
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        let refused = || Outcome::failed("refused", "The other side does not want it.");
        let one = |item: &Outgoing| match &item.body {
            EffectBody::Email(message) if refuses_mail(person_number(&message.to.email)) => refused(),
            EffectBody::Email(_) => self.far.takes(&item.key, None),
            EffectBody::Service(call) => {
                let number = call.values["number"].as_str().expect("its number");
                let service: usize = number.parse().expect("a number");
                let subject = subject_number(call.attributes["who"].as_str().expect("a key"));
                match self.far.case.replies[service][subject].refused {
                    true => refused(),
                    false => self.far.takes(&item.key, Some((service, subject))),
                }
            }
            other => panic!("nothing sends {other:?}"),
        };
        batch.iter().map(one).collect()
    }

    fn check(&self) -> Result<String, String> {
        Ok("it is there".to_owned())
    }
}
