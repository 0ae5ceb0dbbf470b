//! What leaves: messages, and calls of services; and what comes back.

use super::*;

/// What a trip that waits for answers knows of them: about whom, and what they chose.
#[derive(Clone, Default)]
pub(super) struct Calls {
    waiting: Vec<usize>,
    done: Vec<(usize, usize)>,
    failed: Vec<usize>,
}

/// What came back of a call.
#[derive(Clone, Copy)]
pub(super) enum Came {
    Answered(Answer),
    /// The other side took it: it may be answered until then.
    Accepted(Secs),
    /// The other side did not even take it.
    Refused,
    /// The other side had no time for it for too long.
    Busy,
}

/// Something that came back, and when.
#[derive(Clone)]
pub(super) struct Back {
    pub trip: usize,
    pub node: usize,
    pub subject: usize,
    pub came: Came,
    pub at: Secs,
}

/// A message or a call on its way out.
pub(super) struct Outgoing {
    journey: usize,
    queued_at: Secs,
    /// When the other side first saw it.
    first_try: Option<Secs>,
    pub not_before: Secs,
    what: Leaving,
}

#[derive(Clone)]
pub(super) enum Leaving {
    Mail(Mail),
    Call { trip: usize, node: usize, service: usize, subject: usize },
}

impl World<'_> {
    /// Calls a service for the account, or for everybody in it.
    pub(super) fn call(&mut self, at: usize, node: usize, service: usize) -> Flow {
        let subjects = match SERVICES[service].on_people {
            true => self.people_of(at),
            false => vec![self.trips[at].traveller],
        };
        for &subject in &subjects {
            self.queue(self.trips[at].journey, Leaving::Call { trip: at, node, service, subject });
        }
        self.count(at, "pending", subjects.len() as i64);
        let time = if subjects.is_empty() { 0 } else { SERVICES[service].minutes * 60 };
        self.trips[at].calls = Calls { waiting: subjects, ..Calls::default() };
        Flow::Stay { due: Some(self.now + time), listening: false, heard: Vec::new() }
    }

    pub(super) fn queue(&mut self, journey: usize, what: Leaving) {
        let now = self.now;
        self.queued.push(Outgoing { journey, queued_at: now, first_try: None, not_before: now, what });
    }

    /// What may leave does; what will be answered is known from then on. Whether there was anything.
    pub(super) fn deliver(&mut self) -> bool {
        let (now, paused) = (self.now, self.paused.clone());
        let may = |outgoing: &Outgoing| outgoing.not_before <= now && !paused[outgoing.journey];
        let (leaving, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.queued).into_iter().partition(may);
        self.queued = waiting;
        let any = !leaving.is_empty();
        for outgoing in leaving {
            self.hand_over(outgoing);
        }
        any
    }

    fn hand_over(&mut self, outgoing: Outgoing) {
        if !self.is_wanted(&outgoing) {
            return;
        }
        let (now, case) = (self.now, self.case);
        let waits = match &outgoing.what {
            Leaving::Mail((.., person)) => case.mail_waits[*person],
            Leaving::Call { service, subject, .. } => case.replies[*service][*subject].waits,
        };
        let first_try = outgoing.first_try.unwrap_or(now);
        let busy = now < first_try + waits;
        match outgoing.what.clone() {
            Leaving::Call { service, .. } if busy && !is_worth_it(&outgoing, service, now + ASKED_PAUSE) => {
                self.hears(&outgoing.what, now, Came::Busy);
            }
            _ if busy => {
                let (first_try, not_before) = (Some(first_try), now + ASKED_PAUSE);
                self.queued.push(Outgoing { first_try, not_before, ..outgoing });
            }
            Leaving::Mail(mail) => {
                let refused = refuses_mail(mail.4);
                self.settle_mail(mail, if refused { "failed refused" } else { "done" });
            }
            Leaving::Call { service, subject, .. } => {
                let reply = &case.replies[service][subject];
                if reply.refused {
                    return self.hears(&outgoing.what, now, Came::Refused);
                }
                self.hears(&outgoing.what, now, Came::Accepted(now + SERVICES[service].minutes * 60));
                for (after, it) in &reply.answers {
                    self.coming.extend(back(&outgoing.what, now + after, Came::Answered(*it)));
                }
            }
        }
    }

    /// Nothing leaves for a journey that was aborted, and nobody calls for whoever has left.
    fn is_wanted(&mut self, outgoing: &Outgoing) -> bool {
        match &outgoing.what {
            Leaving::Mail(mail) if self.states[outgoing.journey] == State::Aborted => {
                self.settle_mail(mail.clone(), "skipped journey_aborted");
                false
            }
            Leaving::Mail(_) => true,
            Leaving::Call { trip, node, .. } => self.trips[*trip].active() && self.trips[*trip].node == Some(*node),
        }
    }

    fn settle_mail(&mut self, mail: Mail, fate: &'static str) {
        let (journey, _, _, node, _) = &mail;
        self.figures[*journey].add(&format!("{node} pending"), -1);
        self.figures[*journey].add(&format!("{node} {fate}"), 1);
        self.fates.insert(mail, fate);
    }

    /// The trip that waits for a call hears of it in the next round.
    fn hears(&mut self, what: &Leaving, at: Secs, came: Came) {
        self.inbox.extend(back(what, at, came).map(Message::Answered));
    }

    /// What is answered now.
    pub(super) fn receive(&mut self) {
        let now = self.now;
        let all = std::mem::take(&mut self.coming).into_iter();
        let (come, coming): (Vec<Back>, Vec<Back>) = all.partition(|back| back.at <= now);
        self.coming = coming;
        self.inbox.extend(come.into_iter().map(Message::Answered));
    }

    /// Takes in what came back in time for whoever is waited for.
    pub(super) fn take_back(&mut self, at: usize, came: &[Back]) {
        for back in came {
            let in_time = self.trips[at].due.is_none_or(|due| back.at <= due);
            let calls = &mut self.trips[at].calls;
            let Some(place) = calls.waiting.iter().position(|it| *it == back.subject).filter(|_| in_time) else {
                continue;
            };
            if let Came::Accepted(until) = back.came {
                self.trips[at].due = self.trips[at].due.map(|due| due.max(until));
                continue;
            }
            calls.waiting.remove(place);
            let what = match back.came {
                Came::Answered(Answer::Chosen(choice)) => {
                    calls.done.push((back.subject, choice));
                    "done"
                }
                Came::Answered(Answer::Failed) => {
                    calls.failed.push(back.subject);
                    "failed NO"
                }
                Came::Refused => {
                    calls.failed.push(back.subject);
                    "failed refused"
                }
                Came::Busy => {
                    calls.failed.push(back.subject);
                    "failed busy"
                }
                Came::Accepted(_) => unreachable!("that is no answer yet"),
            };
            self.count(at, "pending", -1);
            self.count(at, what, 1);
        }
    }

    /// Whoever has not answered is not waited for any more.
    pub(super) fn give_up_calls(&mut self, at: usize) {
        let silent = std::mem::take(&mut self.trips[at].calls.waiting).len() as i64;
        self.count(at, "pending", -silent);
        self.count(at, "skipped no_longer_awaited", silent);
    }

    /// Everybody is back.
    pub(super) fn all_are_back(&self, at: usize) -> bool {
        self.trips[at].calls.waiting.is_empty()
    }

    /// What a node that has called does with a trip.
    pub(super) fn resume_call(&mut self, at: usize, number: usize, skip: bool, came: &[Back]) -> Flow {
        let node = &self.map(at).nodes[number];
        self.take_back(at, came);
        let due = self.trips[at].due;
        if due.is_some_and(|due| due <= self.now) {
            let silent = std::mem::take(&mut self.trips[at].calls.waiting);
            self.count(at, "pending", -(silent.len() as i64));
            self.count(at, "failed timed_out", silent.len() as i64);
            self.trips[at].calls.failed.extend(silent);
        }
        let skipped = skip && !self.all_are_back(at);
        if skipped {
            self.give_up_calls(at);
        }
        if !self.all_are_back(at) {
            return Flow::Stay { due, listening: false, heard: Vec::new() };
        }
        let calls = std::mem::take(&mut self.trips[at].calls);
        let failed_path = |failed: &Option<Next>| match failed {
            Some(next) => Flow::Go(Some("failed".to_owned()), *next),
            None => Flow::End("timed_out"),
        };
        match node {
            Node::Call { next, .. } if skipped => Flow::Go(None, *next),
            Node::Ask { other: Some(next), .. } if skipped => Flow::Go(Some("other".to_owned()), *next),
            Node::Call { next, failed, .. } => match calls.done.is_empty() && !calls.failed.is_empty() {
                true => failed_path(failed),
                false => Flow::Go(None, *next),
            },
            Node::Ask { paths, other, failed, .. } => match (calls.done.first(), other) {
                (None, _) => failed_path(failed),
                (Some((_, choice)), _) if *choice < paths.len() => Flow::Go(Some(path_key(*choice)), paths[*choice]),
                (Some(_), Some(next)) => Flow::Go(Some("other".to_owned()), *next),
                (Some(_), None) => Flow::End("no_path"),
            },
            Node::AskBox { paths, other, failed, next, .. } => {
                let labels = (0..paths.len()).map(path_key).chain(["other".to_owned(), "failed".to_owned()]);
                let acts = paths.iter().map(Some).chain([other.as_ref(), failed.as_ref()]);
                let who = |way: usize| -> Vec<usize> {
                    let chose = |choice: usize| choice.min(paths.len()) == way;
                    calls.done.iter().filter(|(_, choice)| chose(*choice)).map(|(person, _)| *person).collect()
                };
                let people = (0..=paths.len()).map(who).chain([calls.failed.clone()]);
                let ways = labels.zip(acts).zip(people);
                let ways = ways.filter_map(|((label, acts), people)| Some((label, acts?.as_slice(), people)));
                self.take_ways(at, number, ways.collect());
                Flow::Go(None, *next)
            }
            _ => unreachable!("nobody is called there"),
        }
    }
}

/// Another try of a call is worth it while half of its time is left.
fn is_worth_it(outgoing: &Outgoing, service: usize, next: Secs) -> bool {
    next <= outgoing.queued_at + SERVICES[service].minutes * 60 / 2
}

fn back(what: &Leaving, at: Secs, came: Came) -> Option<Back> {
    let Leaving::Call { trip, node, subject, .. } = *what else { return None };
    Some(Back { trip, node, subject, came, at })
}
