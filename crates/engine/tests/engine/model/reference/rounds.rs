//! Rounds: who travels when, and who enters.

use super::*;

impl World<'_> {
    pub(super) fn settle(&mut self) {
        loop {
            let ticked = self.tick();
            let mut moved = false;
            while self.has_work() {
                self.round();
                moved = true;
            }
            moved |= self.deliver();
            if !ticked && !moved {
                return;
            }
        }
    }

    pub(super) fn tick(&mut self) -> bool {
        let mut ticked = false;
        for n in 0..self.states.len() {
            let running = matches!(self.states[n], State::Live | State::Closed);
            let empty = !self.trips.iter().any(|trip| trip.journey == n && trip.active());
            if running && self.case.journeys[n].end <= self.now {
                self.states[n] = State::Finished;
                self.paused[n] = false;
                self.end_everybody(n, "expired");
                ticked = true;
            } else if self.states[n] == State::Closed && empty {
                self.states[n] = State::Finished;
                ticked = true;
            }
        }
        ticked
    }

    pub(super) fn has_work(&self) -> bool {
        !self.inbox.is_empty() || self.trips.iter().any(|trip| self.is_due(trip))
    }

    pub(super) fn is_due(&self, trip: &Trip) -> bool {
        trip.due.is_some_and(|due| due <= self.now) && !self.paused[trip.journey]
    }

    pub(super) fn round(&mut self) {
        let mut round = Round::default();
        for message in std::mem::take(&mut self.inbox) {
            self.take(message, &mut round);
        }
        self.reach_goals(&mut round);
        self.enter_followers(&mut round);
        // Whoever is due, hears, or is ended or skipped by hand.
        let mut travelling: Vec<usize> = Vec::new();
        for at in 0..self.trips.len() {
            let trip = &self.trips[at];
            let told = round.heard.contains_key(&at) || round.answers.contains_key(&at);
            let concerned = self.is_due(trip) || told || round.signals.contains_key(&at);
            if trip.active() && concerned {
                travelling.push(at);
            } else if !trip.active() && self.is_due(trip) {
                self.enter_again(at, &mut round);
            }
        }
        let mut left: BTreeSet<usize> = BTreeSet::new();
        for (journey, traveller, request) in std::mem::take(&mut round.leaving) {
            let inside = self.latest(journey, traveller).filter(|at| self.trips[*at].active());
            if let Some(at) = inside {
                round.signals.insert(at, Signal::End("removed"));
                travelling.push(at);
            }
            // Of several who ask, the first takes it out.
            let removed = inside.is_some_and(|at| left.insert(at)) && self.states[journey].ends_everybody().is_none();
            self.answer(request, if removed { "done" } else { "no_op not_inside" });
        }
        for candidate in std::mem::take(&mut round.candidates) {
            travelling.extend(self.admit(candidate, &mut round.admitted));
        }
        travelling.sort_by_key(|at| (self.trips[*at].due.unwrap_or(self.now), *at));
        travelling.dedup();
        for at in travelling {
            self.step(at, &round);
        }
    }

    pub(super) fn take(&mut self, message: Message, round: &mut Round) {
        match message {
            Message::Open(n) => {
                // Whoever changed in this very round is looked at behind it.
                let members: Vec<usize> = (0..self.subjects(n)).filter(|subject| self.member(n, *subject)).collect();
                round.candidates.extend(members.into_iter().map(|traveller| Candidate::of_audience(n, traveller)));
            }
            Message::Enter { journey, traveller, chain, request } => match self.takes_in(journey) {
                true => {
                    let sent = Candidate::of_audience(journey, traveller);
                    round.candidates.push(Candidate { chain, invited: false, request, ..sent });
                }
                false => self.answer(request, "no_op target_not_live"),
            },
            Message::Answered(back) => {
                let trip = &self.trips[back.trip];
                if trip.active() && trip.node == Some(back.node) {
                    round.answers.entry(back.trip).or_default().push(back);
                }
            }
            Message::Leave { journey, traveller, request } => {
                // Whoever enters in this very round leaves in the next one.
                let enters = round.candidates.iter().any(|c| c.journey == journey && c.traveller == traveller);
                match enters {
                    true => self.inbox.push(Message::Leave { journey, traveller, request }),
                    false => round.leaving.push((journey, traveller, request)),
                }
            }
            Message::End { trips, outcome } => {
                for trip in trips {
                    if !matches!(round.signals.get(&trip), Some(Signal::End(_))) {
                        round.signals.insert(trip, Signal::End(outcome));
                    }
                }
            }
            Message::Skip { trip } => {
                round.signals.entry(trip).or_insert(Signal::Skip);
            }
            Message::Heard { of_people, traveller, event } => {
                if of_people {
                    self.enter_on(traveller, &event, round);
                }
                for at in 0..self.trips.len() {
                    let trip = &self.trips[at];
                    let concerned =
                        self.case.journeys[trip.journey].of_people == of_people && trip.traveller == traveller;
                    if concerned && trip.active() && trip.listening {
                        round.heard.entry(at).or_default().push(event.clone());
                    }
                }
            }
            Message::Look { accounts, people } => {
                for n in 0..self.case.journeys.len() {
                    let subjects = if self.case.journeys[n].of_people { &people } else { &accounts };
                    for &subject in subjects {
                        self.look(n, subject, round);
                        self.look_at_goal(n, subject, round);
                    }
                }
            }
            Message::Shelved { shelf, account } => round.joined.push((Audience::Shelf(shelf), None, account)),
        }
    }

    /// Whether a subject belongs to a journey's own list now.
    pub(super) fn look(&mut self, n: usize, subject: usize, round: &mut Round) {
        let audience = self.case.journeys[n].audience;
        if matches!(audience, Audience::Shelf(_) | Audience::Speakers | Audience::Filling { .. }) {
            return;
        }
        if !self.belongs(n, subject) {
            self.audiences[n].remove(&subject);
        } else if self.audiences[n].insert(subject) {
            round.joined.push((audience, Some(n), subject));
        }
    }

    /// Whether a subject meets a journey's goal now; whoever begins to has reached it on its latest trip.
    fn look_at_goal(&mut self, n: usize, subject: usize, round: &mut Round) {
        if !matches!(self.states[n], State::Live | State::Closed) {
            return;
        }
        if !self.meets_goal(n, subject) {
            self.goals[n].remove(&subject);
        } else if self.goals[n].insert(subject) {
            round.reached.push((n, subject));
        }
    }

    fn reach_goals(&mut self, round: &mut Round) {
        for (n, subject) in std::mem::take(&mut round.reached) {
            let Some(at) = self.latest(n, subject).filter(|at| self.has_begun(*at) && !self.trips[*at].goal) else {
                continue;
            };
            self.trips[at].goal = true;
            let group = self.goal_group(at);
            self.figures[n].add(&format!("goal{group} converted"), 1);
        }
    }

    /// A form lets its filler in where it was filled often enough since the journey began.
    fn enter_on(&mut self, person: usize, event: &Filled, round: &mut Round) {
        for n in 0..self.case.journeys.len() {
            let Audience::Filling { first, second } = self.case.journeys[n].audience else { continue };
            let enough = |awaited: Awaited| {
                let is = |filled: &&Filled| awaited.form.is_none_or(|form| form == filled.form) && filled.at >= START;
                is(&event) && self.filled[person].iter().filter(is).count() as i64 >= awaited.at_least
            };
            if self.takes_in(n) && [first].into_iter().chain(second).any(enough) {
                round.candidates.push(Candidate::of_audience(n, person));
            }
        }
    }

    /// Whoever joined a list enters the journeys that follow it.
    pub(super) fn enter_followers(&mut self, round: &mut Round) {
        for (audience, own, subject) in std::mem::take(&mut round.joined) {
            for n in 0..self.case.journeys.len() {
                let follows = own.map_or(self.case.journeys[n].audience == audience, |own| own == n);
                if follows && self.takes_in(n) {
                    round.candidates.push(Candidate::of_audience(n, subject));
                }
            }
        }
    }

    pub(super) fn enter_again(&mut self, at: usize, round: &mut Round) {
        self.trips[at].due = None;
        let (journey, traveller) = (self.trips[at].journey, self.trips[at].traveller);
        if self.takes_in(journey) && self.member(journey, traveller) {
            round.candidates.push(Candidate { again: true, ..Candidate::of_audience(journey, traveller) });
        }
    }

    pub(super) fn takes_in(&self, n: usize) -> bool {
        self.states[n] == State::Live && self.now < self.case.journeys[n].end
    }

    pub(super) fn subjects(&self, n: usize) -> usize {
        if self.case.journeys[n].of_people { self.people.len() } else { self.accounts.len() }
    }

    pub(super) fn member(&self, n: usize, subject: usize) -> bool {
        match self.case.journeys[n].audience {
            Audience::Shelf(shelf) => self.accounts[subject].shelved[shelf],
            _ => self.audiences[n].contains(&subject),
        }
    }

    pub(super) fn belongs(&self, n: usize, subject: usize) -> bool {
        match self.case.journeys[n].audience {
            Audience::Large(least) => self.accounts[subject].employees >= Some(least),
            Audience::Industry(industry) => self.accounts[subject].industry == Some(industry),
            Audience::Shelf(shelf) => self.accounts[subject].shelved[shelf],
            Audience::Speakers => self.people[subject].speaker,
            Audience::Titled(title) => {
                let person = &self.people[subject];
                !person.test_profile && starts_with(person.title, title)
            }
            Audience::Filling { .. } => false,
        }
    }

    pub(super) fn latest(&self, journey: usize, traveller: usize) -> Option<usize> {
        self.trips.iter().rposition(|trip| trip.journey == journey && trip.traveller == traveller)
    }

    pub(super) fn admit(&mut self, candidate: Candidate, admitted: &mut BTreeSet<(usize, usize)>) -> Option<usize> {
        let Candidate { journey, traveller, chain, again, invited, request } = candidate;
        if chain > LONGEST_CHAIN {
            self.answer(request, "no_op journey_chain_too_long");
            return None;
        }
        if admitted.contains(&(journey, traveller)) {
            self.answer(request, "no_op already_inside");
            return None;
        }
        let entry = match self.next_entry(journey, traveller, again) {
            Ok(entry) => entry,
            Err(reason) => {
                if request.is_some() {
                    self.figures[journey].add(&format!("not_entered {reason}"), 1);
                }
                self.answer(request, &format!("no_op {reason}"));
                return None;
            }
        };
        admitted.insert((journey, traveller));
        if self.case.journeys[journey].of_people && self.people[traveller].test_profile {
            self.figures[journey].add("not_entered test_profile", 1);
            self.answer(request, "no_op test_profile");
            return None;
        }
        self.answer(request, "done");
        self.trips.push(Trip {
            journey,
            version: self.versions[journey],
            invited,
            goal: false,
            traveller,
            entry,
            chain,
            entered_at: self.now,
            node: None,
            node_at: self.now,
            due: Some(self.now),
            listening: false,
            heard: Vec::new(),
            enough: false,
            calls: Calls::default(),
            ended: None,
            stays: Vec::new(),
        });
        Some(self.trips.len() - 1)
    }

    /// Which entry it would be, or why the rules refuse it.
    fn next_entry(&self, journey: usize, traveller: usize, again: bool) -> Result<i64, &'static str> {
        let Some(last) = self.latest(journey, traveller).map(|last| &self.trips[last]) else { return Ok(1) };
        let (ended_at, _) = last.ended.ok_or("already_inside")?;
        let rule = self.case.journeys[journey].reentry.filter(|rule| last.entry < rule.limit).ok_or("no_reentry")?;
        let from = if rule.from_end { ended_at } else { last.entered_at };
        match !again && from + rule.hours * 3_600 > self.now {
            true => Err("reentry_too_early"),
            false => Ok(last.entry + 1),
        }
    }

    /// The node that asked counts what came of it.
    fn answer(&mut self, request: Option<Request>, outcome: &str) {
        let Some(Request { journey, node, person }) = request else { return };
        self.figures[journey].add(&format!("{node} pending"), -1);
        self.figures[journey].add(&format!("{node} {outcome}"), 1);
        let kind = format!("journey_request_answered by journey:{}", journey_key(journey));
        *self.told.entry((kind, person_key(person))).or_default() += 1;
    }
}
