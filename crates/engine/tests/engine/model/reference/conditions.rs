//! Conditions, asked of the world as it is.

use super::*;

impl World<'_> {
    pub(super) fn holds(&self, test: &Test, at: usize) -> bool {
        let trip = &self.trips[at];
        match self.case.journeys[trip.journey].of_people {
            true => self.holds_person(test, trip.traveller, trip),
            false => self.holds_account(test, trip.traveller, trip),
        }
    }

    /// Goals ask of the subject alone, not of its trip.
    pub(super) fn meets_goal(&self, n: usize, subject: usize) -> bool {
        match &self.case.journeys[n].goal {
            Some(Test::EmployeesAtLeast(least)) => self.accounts[subject].employees >= Some(*least),
            Some(Test::IndustryIs(industry)) => self.accounts[subject].industry == Some(industry),
            Some(Test::TitleStarts(start)) => starts_with(self.people[subject].title, start),
            Some(other) => unreachable!("no goal is generated like {other:?}"),
            None => false,
        }
    }

    pub(super) fn holds_account(&self, test: &Test, account: usize, trip: &Trip) -> bool {
        let known = &self.accounts[account];
        match test {
            Test::All(tests) => tests.iter().all(|test| self.holds_account(test, account, trip)),
            Test::Any(tests) => tests.iter().any(|test| self.holds_account(test, account, trip)),
            Test::Not(test) => !self.holds_account(test, account, trip),
            Test::EmployeesAtLeast(least) => known.employees >= Some(*least),
            Test::EmployeesEmpty => known.employees.is_none(),
            Test::IndustryIs(industry) => known.industry == Some(industry),
            Test::OnShelf(shelf) => known.shelved[*shelf],
            Test::HasPeople(test, least) => {
                let counts = |n: &usize| self.people[*n].accounts.contains(&account) && !self.people[*n].test_profile;
                let fits = |n: &usize| counts(n) && self.holds_person(test, *n, trip);
                (0..self.people.len()).filter(fits).count() as i64 >= *least
            }
            _ => unreachable!("a test of people"),
        }
    }

    pub(super) fn holds_person(&self, test: &Test, person: usize, trip: &Trip) -> bool {
        let known = &self.people[person];
        match test {
            Test::All(tests) => tests.iter().all(|test| self.holds_person(test, person, trip)),
            Test::Any(tests) => tests.iter().any(|test| self.holds_person(test, person, trip)),
            Test::Not(test) => !self.holds_person(test, person, trip),
            Test::TitleStarts(title) => starts_with(known.title, title),
            Test::DepartmentIs(department) => known.department == Some(department),
            Test::ScoreAtLeast(least) => self.scores[person] >= *least,
            Test::Filled { form, at_least, window } => {
                let (from, to) = match window {
                    Window::Ever => (Secs::MIN, self.now),
                    Window::SinceEntry => (trip.entered_at, self.now),
                    Window::Within(days) => (trip.entered_at - days * DAY, trip.entered_at),
                };
                let fits =
                    |event: &&Filled| form.is_none_or(|form| form == event.form) && (from..=to).contains(&event.at);
                self.filled[person].iter().filter(fits).count() as i64 >= *at_least
            }
            _ => unreachable!("a test of accounts"),
        }
    }
}
