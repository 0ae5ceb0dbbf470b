//! One trip on its way from node to node.

use super::*;

impl World<'_> {
    pub(super) fn step(&mut self, at: usize, round: &Round) {
        let trip = &self.trips[at];
        if !trip.active() {
            return;
        }
        let n = trip.journey;
        let signal = self.states[n].ends_everybody().map(Signal::End).or_else(|| round.signals.get(&at).cloned());
        let heard = round.heard.get(&at).map(Vec::as_slice).unwrap_or_default();
        let came = round.answers.get(&at).map(Vec::as_slice).unwrap_or_default();
        if self.paused[n] && !matches!(signal, Some(Signal::End(_))) {
            // It moves nobody, but what happens counts.
            if trip.listening {
                let (counted, enough) = self.counted(at, heard);
                self.trips[at].enough |= enough;
                self.trips[at].heard = counted;
                if enough {
                    self.trips[at].due = Some(self.trips[at].due.map_or(self.now, |due| due.min(self.now)));
                }
            }
            if !came.is_empty() {
                self.take_back(at, came);
                if self.all_are_back(at) {
                    self.trips[at].due = self.trips[at].due.map(|due| due.min(self.now));
                }
            }
            return;
        }
        let held_out = !self.has_begun(at) && self.begin(at);
        let flow = match (signal, self.trips[at].node) {
            _ if held_out => Some(Flow::End(HELD_OUT)),
            (Some(Signal::End(outcome)), _) => Some(Flow::End(outcome)),
            (_, None) => Some(Flow::Go(None, Some(self.map(at).entry))),
            (skip, Some(node)) => self.resume(at, node, skip.is_some(), (heard, came)),
        };
        if let Some(flow) = flow {
            self.walk(at, flow);
        }
    }

    /// What the node at which a trip stands does with it; nothing when it stays as it is.
    pub(super) fn resume(
        &mut self,
        at: usize,
        node: usize,
        skip: bool,
        (heard, came): (&[Filled], &[Back]),
    ) -> Option<Flow> {
        match &self.map(at).nodes[node] {
            Node::Wait { next, .. } if skip => Some(Flow::Go(None, *next)),
            Node::Wait { rule, next } => {
                // The traveller's zone may have changed.
                let ends = self.wait_ends(at, rule, self.trips[at].node_at);
                Some(match ends <= self.now {
                    true => Flow::Go(None, *next),
                    false => Flow::Stay { due: Some(ends), listening: false, heard: Vec::new() },
                })
            }
            Node::Listen(Listen { timeout: Some((_, Some(next))), .. }) if skip => {
                Some(Flow::Go(Some("timeout".to_owned()), *next))
            }
            Node::Listen(listen) if skip => Some(Flow::Go(None, listen.next)),
            Node::Listen(_) => self.hear(at, heard),
            Node::Call { .. } | Node::Ask { .. } | Node::AskBox { .. } => Some(self.resume_call(at, node, skip, came)),
            _ => unreachable!("a trip rests at waits and listeners only"),
        }
    }

    pub(super) fn walk(&mut self, at: usize, mut flow: Flow) {
        let map = self.map(at);
        for _ in 0..LONGEST_WALK {
            match flow {
                Flow::Stay { due, listening, heard } => {
                    let trip = &mut self.trips[at];
                    (trip.due, trip.listening, trip.heard, trip.enough) = (due, listening, heard, false);
                    return;
                }
                Flow::End(outcome) => return self.end(at, None, outcome),
                Flow::Go(path, next) => {
                    if let Some(path) = &path {
                        self.count(at, &format!("path {path}"), 1);
                    }
                    let Some(next) = next else { return self.end(at, path, "completed") };
                    self.count(at, "left", 1);
                    self.leave(at, path, None);
                    let trip = &mut self.trips[at];
                    (trip.node, trip.node_at, trip.enough) = (Some(next), self.now, false);
                    self.count(at, "reached", 1);
                    flow = self.arrive(at, next, &map.nodes[next]);
                }
            }
        }
        panic!("the generator made a walk of {LONGEST_WALK} nodes");
    }

    pub(super) fn arrive(&mut self, at: usize, number: usize, node: &Node) -> Flow {
        match node {
            Node::Merge { next } => Flow::Go(None, *next),
            Node::Act { act, next } => {
                let name = self.name(at, Some(number));
                if act.on_people() {
                    for person in self.people_of(at) {
                        self.act_on_person(at, &name, act, person);
                    }
                } else {
                    self.act_on_account(at, &name, act);
                }
                let left = matches!(act, Act::LeaveJourney(n) | Act::LeavePeople(n) if *n == self.trips[at].journey);
                if left {
                    return Flow::End("removed");
                }
                Flow::Go(None, *next)
            }
            Node::Wait { rule, .. } => {
                Flow::Stay { due: Some(self.wait_ends(at, rule, self.now)), listening: false, heard: Vec::new() }
            }
            Node::Listen(listen) => {
                let due = listen.timeout.as_ref().map(|(rule, _)| self.wait_ends(at, rule, self.now));
                Flow::Stay { due, listening: true, heard: Vec::new() }
            }
            Node::Split { paths, other } => {
                let chosen = paths.iter().position(|(test, _)| self.holds(test, at));
                match (chosen, other) {
                    (Some(n), _) => Flow::Go(Some(path_key(n)), paths[n].1),
                    (None, Some(next)) => Flow::Go(Some("other".to_owned()), *next),
                    (None, None) => Flow::End("no_path"),
                }
            }
            Node::Box { paths, other, next } => {
                self.people_box(at, number, paths, other.as_deref());
                Flow::Go(None, *next)
            }
            Node::Call { service, .. } | Node::Ask { service, .. } | Node::AskBox { service, .. } => {
                self.call(at, number, *service)
            }
            Node::Shares { percents, nexts } => self.share_out(at, number, percents, nexts),
            Node::SharesBox { percents, paths, next } => {
                self.shares_box(at, number, percents, paths);
                Flow::Go(None, *next)
            }
        }
    }

    pub(super) fn has_begun(&self, at: usize) -> bool {
        self.trips[at].node.is_some() || !self.trips[at].stays.is_empty()
    }

    /// The trip begins, also when it ends before its first step. Whether its traveller is only counted.
    pub(super) fn begin(&mut self, at: usize) -> bool {
        let n = self.trips[at].journey;
        self.figures[n].add("trips entered", 1);
        self.figures[n].add("audience reached", 1);
        self.tell_trip(at, "journey_entered");
        if self.meets_goal(n, self.trips[at].traveller) {
            self.trips[at].goal = true;
            let group = self.goal_group(at);
            self.figures[n].add(&format!("goal{group} before"), 1);
        }
        self.is_held_out(at)
    }

    pub(super) fn is_held_out(&self, at: usize) -> bool {
        let (trip, journey) = (&self.trips[at], &self.case.journeys[self.trips[at].journey]);
        let key = format!("{}:{}:hold-out", self.traveller_key(at), journey_key(trip.journey));
        trip.invited && murmur3(key.as_bytes()) % 10_000 < journey.hold_out * 100
    }

    /// Whose figures a trip's goal counts among.
    pub(super) fn goal_group(&self, at: usize) -> &'static str {
        if self.is_held_out(at) { " held out" } else { "" }
    }

    pub(super) fn end(&mut self, at: usize, path: Option<String>, outcome: &'static str) {
        self.give_up_calls(at);
        self.count(at, "ended", 1);
        self.leave(at, path, Some(outcome));
        let n = self.trips[at].journey;
        self.figures[n].add(&format!("trips {outcome}"), 1);
        self.tell_trip(at, "journey_left");
        let again = self.case.journeys[n].reentry;
        let trip = &mut self.trips[at];
        trip.ended = Some((self.now, outcome));
        trip.listening = false;
        trip.due = again.filter(|again| trip.entry < again.limit && outcome != HELD_OUT).map(|again| {
            let from = if again.from_end { self.now } else { trip.entered_at };
            (from + again.hours * 3_600).max(self.now)
        });
    }

    pub(super) fn leave(&mut self, at: usize, path: Option<String>, outcome: Option<&'static str>) {
        let node = self.name(at, self.trips[at].node);
        // Which account took which share is not promised.
        let of_people = self.case.journeys[self.trips[at].journey].of_people;
        let path = path.filter(|path| of_people || !path.starts_with("Share"));
        self.trips[at].stays.push(Stay { node, left: self.now, path, outcome: outcome.map(str::to_owned) });
    }

    pub(super) fn count(&mut self, at: usize, what: &str, n: i64) {
        let node = self.name(at, self.trips[at].node);
        self.figures[self.trips[at].journey].add(&format!("{node} {what}"), n);
    }

    pub(super) fn wait_ends(&self, at: usize, rule: &WaitRule, from: Secs) -> Secs {
        let trip = &self.trips[at];
        let own = if self.case.journeys[trip.journey].of_people { None } else { self.accounts[trip.traveller].zone };
        ends_at(rule, from, own)
    }

    pub(super) fn people_of(&self, at: usize) -> Vec<usize> {
        let trip = &self.trips[at];
        if self.case.journeys[trip.journey].of_people {
            return vec![trip.traveller];
        }
        let related = |(_, person): &(usize, &Person)| person.accounts.contains(&trip.traveller);
        self.people.iter().enumerate().filter(related).map(|(n, _)| n).collect()
    }
}
