//! What actions do, on accounts and on people.

use super::*;

impl World<'_> {
    pub(super) fn act_on_person(&mut self, at: usize, node: &str, act: &Act, person: usize) {
        let n = self.trips[at].journey;
        let key = person_key(person);
        let told = match act {
            Act::Score { change } => self.set_score(person, self.scores[person] + change),
            Act::SetScore { value } => self.set_score(person, *value),
            Act::Department(value) => {
                let changed = self.people[person].department.replace(value) != Some(value);
                changed.then_some("person_changed")
            }
            Act::Moment => Some("interesting_moment"),
            Act::Mail => {
                let mail = (n, self.trips[at].traveller, self.trips[at].entry, node.to_owned(), person);
                *self.mails.entry(mail.clone()).or_default() += 1;
                self.fates.insert(mail.clone(), "pending");
                self.figures[n].add(&format!("{node} pending"), 1);
                self.queue(n, Leaving::Mail(mail));
                return;
            }
            Act::EnterPeople(target) | Act::LeavePeople(target) => {
                let enters = matches!(act, Act::EnterPeople(_));
                return self.ask_for_person(at, node, (*target, enters), person);
            }
            _ => unreachable!("an action on the account"),
        };
        self.figures[n].add(&format!("{node} {}", if told.is_some() { "done" } else { "no_op unchanged" }), 1);
        if let Some(kind) = told {
            self.tell_of(at, kind, &key);
        }
    }

    /// The person's own journey answers in the next round.
    fn ask_for_person(&mut self, at: usize, node: &str, (target, enters): (usize, bool), person: usize) {
        let (n, chain) = (self.trips[at].journey, self.trips[at].chain);
        let outcome = match enters {
            true if !self.takes_in(target) => "no_op target_not_live",
            false if target == n => "done",
            _ => "pending",
        };
        self.figures[n].add(&format!("{node} {outcome}"), 1);
        if outcome != "pending" {
            return;
        }
        let request = Some(Request { journey: n, node: node.to_owned(), person });
        let (journey, traveller) = (target, person);
        self.inbox.push(match enters {
            true => Message::Enter { journey, traveller, chain: chain + 1, request },
            false => Message::Leave { journey, traveller, request },
        });
    }

    pub(super) fn set_score(&mut self, person: usize, value: i64) -> Option<&'static str> {
        let changed = std::mem::replace(&mut self.scores[person], value) != value;
        changed.then_some("score_changed")
    }

    pub(super) fn act_on_account(&mut self, at: usize, node: &str, act: &Act) {
        let account = self.trips[at].traveller;
        let key = account_key(account);
        let n = self.trips[at].journey;
        let outcome = match act {
            Act::Industry(value) => {
                let changed = self.accounts[account].industry.replace(value) != Some(value);
                self.changed_account(at, account, changed)
            }
            Act::Employees(value) => {
                let changed = self.accounts[account].employees.replace(*value) != Some(*value);
                self.changed_account(at, account, changed)
            }
            Act::Shelve(shelf) => match std::mem::replace(&mut self.accounts[account].shelved[*shelf], true) {
                true => "no_op already_in_list",
                false => {
                    self.inbox.push(Message::Shelved { shelf: *shelf, account });
                    self.tell_of(at, "account_list_joined", &key);
                    "done"
                }
            },
            Act::Unshelve(shelf) => match std::mem::replace(&mut self.accounts[account].shelved[*shelf], false) {
                true => {
                    self.tell_of(at, "account_list_left", &key);
                    "done"
                }
                false => "no_op not_in_list",
            },
            Act::AccountMoment => {
                self.tell_of(at, "account_interesting_moment", &key);
                "done"
            }
            Act::EnterJourney(target) => self.ask_to_enter(at, *target),
            Act::LeaveJourney(target) => self.ask_to_leave(at, *target),
            _ => unreachable!("an action on people"),
        };
        self.figures[n].add(&format!("{node} {outcome}"), 1);
    }

    pub(super) fn changed_account(&mut self, at: usize, account: usize, changed: bool) -> &'static str {
        if !changed {
            return "no_op unchanged";
        }
        self.look_at_account(account);
        self.tell_of(at, "account_changed", &account_key(account));
        "done"
    }

    pub(super) fn ask_to_enter(&mut self, at: usize, target: usize) -> &'static str {
        let (account, chain) = (self.trips[at].traveller, self.trips[at].chain);
        let (journey, last) = (&self.case.journeys[target], self.latest(target, account));
        if journey.of_people || !self.takes_in(target) {
            return "no_op target_not_live";
        }
        if last.is_some_and(|last| self.trips[last].active()) || self.asked_to_enter(target, account) {
            return "no_op already_inside";
        }
        if let Some(last) = last.map(|last| &self.trips[last]) {
            let Some(rule) = journey.reentry.filter(|rule| last.entry < rule.limit) else { return "no_op no_reentry" };
            let ended_at = last.ended.map_or(self.now, |(ended_at, _)| ended_at);
            let from = if rule.from_end { ended_at } else { last.entered_at };
            if from + rule.hours * 3_600 > self.now {
                return "no_op reentry_too_early";
            }
        }
        if chain >= LONGEST_CHAIN {
            return "no_op journey_chain_too_long";
        }
        self.inbox.push(Message::Enter { journey: target, traveller: account, chain: chain + 1, request: None });
        "done"
    }

    pub(super) fn asked_to_enter(&self, target: usize, account: usize) -> bool {
        let asks = |message: &Message| match message {
            Message::Enter { journey, traveller, .. } | Message::Leave { journey, traveller, .. } => {
                *journey == target && *traveller == account
            }
            _ => false,
        };
        let last = self.inbox.iter().rfind(|message| asks(message));
        matches!(last, Some(Message::Enter { .. }))
    }

    pub(super) fn ask_to_leave(&mut self, at: usize, target: usize) -> &'static str {
        let account = self.trips[at].traveller;
        if target == self.trips[at].journey {
            return "done";
        }
        let inside = self.latest(target, account).filter(|last| self.trips[*last].active());
        match inside {
            Some(last) if !self.case.journeys[target].of_people => {
                let held_out = !self.has_begun(last) && self.begin(last);
                self.end(last, None, if held_out { HELD_OUT } else { "removed" });
                "done"
            }
            None if self.asked_to_enter(target, account) => {
                self.inbox.push(Message::Leave { journey: target, traveller: account, request: None });
                "done"
            }
            _ => "no_op not_inside",
        }
    }

    pub(super) fn tell_of(&mut self, at: usize, kind: &str, subject: &str) {
        let source = format!("journey:{}", journey_key(self.trips[at].journey));
        *self.told.entry((format!("{kind} by {source}"), subject.to_owned())).or_default() += 1;
    }

    pub(super) fn tell_trip(&mut self, at: usize, kind: &str) {
        let key = self.traveller_key(at);
        self.tell_of(at, kind, &key);
    }
}
