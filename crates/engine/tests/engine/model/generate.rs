//! Random cases: every journey is valid, everything else may be as strange as people are.

use caravan_model::sample::SplitMix64;

use crate::model::case::*;

const INDUSTRIES: [&str; 3] = ["Tech", "Retail", "Energy"];
const TITLES: [&str; 4] = ["Chief Officer", "VP Sales", "Clerk", ""];
const STARTS: [&str; 3] = ["Chief", "VP", "C"];
const DEPARTMENTS: [&str; 3] = ["Sales", "Finance", "Legal"];
const FORMS: [&str; 2] = ["demo", "trial"];
const EMPLOYEES: [i64; 4] = [10, 400, 900, 5_000];

/// The case of a seed.
pub fn case(seed: u64) -> Case {
    let mut random = SplitMix64::new(seed);
    let r = &mut random;
    // Between accounts no order is promised: where people are shared, what is done to them must not depend on it.
    let shared = r.percent(20);
    let accounts: Vec<Account> = (0..r.between(1, 5)).map(|_| account(r)).collect();
    let mut people: Vec<Person> =
        (0..r.below(2 * accounts.len() as u64 + 2)).map(|_| person(r, accounts.len(), shared)).collect();
    let count = r.between(1, 3) as usize;
    let until = START + r.between(5, 45) as i64 * DAY;
    // The last one may be of people; the others may lead into each other.
    let of_accounts = count - usize::from(r.percent(40));
    let make =
        |n| Maker { r, n, count, of_accounts, until, shared, nodes: Vec::new(), of_people: n >= of_accounts }.journey();
    let journeys: Vec<Journey> = (0..count).map(make).collect();
    let by_event = |journey: &Journey| matches!(journey.audience, Audience::Filling { .. });
    if journeys.iter().any(by_event) {
        // How often somebody is turned away depends on how many events a batch takes in.
        people.iter_mut().for_each(|person| person.test_profile = false);
    }
    let script = script(r, &accounts, &people, &journeys, until, shared);
    let away = away(r, until);
    let mail_is_recognised = r.percent(40);
    let replies = SERVICES.iter().map(|service| {
        let about = if service.on_people { people.len() } else { accounts.len() };
        (0..about).map(|_| reply(r, service.minutes * 60)).collect()
    });
    let replies: Vec<Vec<Reply>> = replies.collect();
    let mail_waits = people.iter().map(|_| waits(r)).collect();
    Case { seed, accounts, people, journeys, script, away, until, mail_is_recognised, replies, mail_waits }
}

/// How long the other side has no time for something.
fn waits(r: &mut SplitMix64) -> Secs {
    pick(r, &[0, 0, 0, 300, 900, 1_700])
}

/// In time, late, repeated, never, or not even taken. No second of the script's.
fn reply(r: &mut SplitMix64, timeout: Secs) -> Reply {
    let refused = r.percent(10);
    let mut answers: Vec<(Secs, Answer)> = Vec::new();
    for chance in [85, 25] {
        if r.percent(chance) {
            let after = pick(r, &[1, 61, timeout / 2, timeout - 60, timeout + 60, 3 * timeout]);
            let answer = if r.percent(20) { Answer::Failed } else { Answer::Chosen(r.below(CHOICES as u64) as usize) };
            answers.push((after, answer));
        }
    }
    answers.sort_by_key(|(after, _)| *after);
    answers.dedup_by_key(|(after, _)| *after);
    Reply { waits: waits(r), refused, answers }
}

fn pick<T: Copy>(r: &mut SplitMix64, from: &[T]) -> T {
    from[r.below(from.len() as u64) as usize]
}

fn account(r: &mut SplitMix64) -> Account {
    Account {
        employees: r.percent(80).then(|| pick(r, &EMPLOYEES)),
        industry: r.percent(80).then(|| pick(r, &INDUSTRIES)),
        zone: r.percent(60).then(|| r.below(3) as usize),
        shelved: [r.percent(50), r.percent(30)],
    }
}

fn person(r: &mut SplitMix64, accounts: usize, shared: bool) -> Person {
    let first = r.below(accounts as u64) as usize;
    let mut all = vec![first];
    let second = r.below(accounts as u64) as usize;
    if shared && second != first && r.percent(60) {
        all.push(second);
    }
    Person {
        accounts: all,
        title: pick(r, &TITLES),
        department: r.percent(60).then(|| pick(r, &DEPARTMENTS)),
        test_profile: r.percent(5),
        speaker: r.percent(50),
    }
}

/// Makes one journey, its map from the end to the beginning.
struct Maker<'a> {
    r: &'a mut SplitMix64,
    n: usize,
    /// How many journeys there are, and how many of them are of accounts.
    count: usize,
    of_accounts: usize,
    until: Secs,
    shared: bool,
    nodes: Vec<Node>,
    of_people: bool,
}

impl Maker<'_> {
    fn journey(mut self) -> Journey {
        let audience = self.audience();
        let reentry = (!self.of_people && self.r.percent(40)).then(|| Reentry {
            from_end: self.r.percent(50),
            hours: self.r.between(1, 200) as i64,
            limit: self.r.between(2, 4) as i64,
        });
        // Some end within the case, on a second of their own.
        let end = match self.r.percent(30) {
            true => START + self.r.between(2, 30) as i64 * DAY + 17 + self.n as i64,
            false => self.until + 100 * DAY,
        };
        let mut maps = vec![self.map()];
        if self.r.percent(25) {
            maps.push(self.map());
        }
        let goal = self.r.percent(30).then(|| self.goal());
        let hold_out = if goal.is_some() && self.r.percent(60) { self.r.between(10, 50) as u32 } else { 0 };
        Journey { of_people: self.of_people, audience, end, reentry, goal, hold_out, maps }
    }

    fn map(&mut self) -> Chart {
        loop {
            self.nodes.clear();
            if let Some(entry) = self.chain(2, None) {
                return Chart { entry, nodes: std::mem::take(&mut self.nodes) };
            }
        }
    }

    /// What changes during a case, and of which the engine is told.
    fn goal(&mut self) -> Test {
        match (self.of_people, self.r.percent(50)) {
            (true, _) => Test::TitleStarts(pick(self.r, &STARTS)),
            (false, true) => Test::IndustryIs(pick(self.r, &INDUSTRIES)),
            (false, false) => Test::EmployeesAtLeast(pick(self.r, &EMPLOYEES)),
        }
    }

    fn audience(&mut self) -> Audience {
        let r = &mut *self.r;
        match (self.of_people, r.below(4)) {
            (true, 0) => Audience::Speakers,
            (true, 1) => Audience::Filling {
                first: awaited(r),
                second: r.percent(40).then(|| Awaited { form: Some(pick(r, &FORMS)), at_least: 1 }),
            },
            (true, _) => Audience::Titled(pick(r, &STARTS)),
            (false, 0) => Audience::Industry(pick(r, &INDUSTRIES)),
            (false, 1) => Audience::Shelf(r.below(2) as usize),
            (false, _) => Audience::Large(pick(r, &EMPLOYEES)),
        }
    }

    fn add(&mut self, node: Node) -> Next {
        self.nodes.push(node);
        Some(self.nodes.len() - 1)
    }

    /// A few nodes in a row, the last of which leads to `tail`.
    fn chain(&mut self, depth: u32, tail: Next) -> Next {
        let length = self.r.below(if depth == 2 { 6 } else { 3 });
        (0..length).fold(tail, |next, _| self.block(depth, next))
    }

    fn block(&mut self, depth: u32, next: Next) -> Next {
        if !self.of_people && self.r.percent(10) {
            return self.external(depth, next);
        }
        match self.r.below(if depth > 0 { 12 } else { 7 }) {
            0..=2 => {
                let act = self.act();
                self.add(Node::Act { act, next })
            }
            3 | 4 => {
                let rule = self.wait();
                self.add(Node::Wait { rule, next })
            }
            5 if !self.of_people => self.people_box(next),
            6 if !self.of_people => self.shares_box(next),
            7 | 8 => self.listen(depth, next),
            9 | 6 if !self.of_people || depth > 0 => self.shares(depth, next),
            _ if depth == 0 => {
                let act = self.act();
                self.add(Node::Act { act, next })
            }
            _ => self.split(depth, next),
        }
    }

    /// Branches that all come together again before `next`, or end.
    fn join(&mut self, next: Next, ways: usize) -> Next {
        if ways > 1 && next.is_some() { self.add(Node::Merge { next }) } else { next }
    }

    fn branch(&mut self, depth: u32, joined: bool, tail: Next) -> Next {
        self.chain(depth.saturating_sub(1), if joined { tail } else { None })
    }

    fn split(&mut self, depth: u32, next: Next) -> Next {
        let paths = self.r.between(1, 3) as usize;
        let has_other = self.r.percent(60);
        // The first way always goes on: what follows must be reachable.
        let joined: Vec<bool> = (0..paths + usize::from(has_other)).map(|n| n == 0 || self.r.percent(60)).collect();
        let tail = self.join(next, joined.iter().filter(|joined| **joined).count());
        let mut made = Vec::new();
        for joined in joined.iter().take(paths) {
            let when = if self.of_people { self.person_test(1) } else { self.account_test(1) };
            made.push((when, self.branch(depth, *joined, tail)));
        }
        let other = has_other.then(|| self.branch(depth, joined[paths], tail));
        self.add(Node::Split { paths: made, other })
    }

    fn listen(&mut self, depth: u32, next: Next) -> Next {
        let timeout = self.r.percent(85).then(|| (self.wait(), self.r.percent(60), self.r.percent(60)));
        let joins = matches!(timeout, Some((_, true, true)));
        let tail = self.join(next, 1 + usize::from(joins));
        let timeout = timeout.map(|(rule, goes_on, joined)| (rule, goes_on.then(|| self.branch(depth, joined, tail))));
        let filter = self.r.percent(30).then(|| self.person_test(0));
        let several = if self.of_people { self.r.between(1, 2) } else { 1 };
        let events = (0..several).map(|_| awaited(self.r)).collect();
        let next = self.branch(depth, true, tail);
        self.add(Node::Listen(Listen { events, filter, timeout, next }))
    }

    /// A node that calls a service.
    fn external(&mut self, depth: u32, next: Next) -> Next {
        let service = self.r.below(SERVICES.len() as u64) as usize;
        match (SERVICES[service].splits, SERVICES[service].on_people) {
            (true, true) => {
                let paths = (1..CHOICES).map(|_| self.boxed()).collect();
                let [other, failed] = [50, 50].map(|chance| self.r.percent(chance).then(|| self.boxed()));
                self.add(Node::AskBox { service, paths, other, failed, next })
            }
            (true, false) => {
                let [has_other, has_failed] = [60, 60].map(|chance| self.r.percent(chance));
                let ways = CHOICES - 1 + usize::from(has_other) + usize::from(has_failed);
                let joined: Vec<bool> = (0..ways).map(|n| n == 0 || self.r.percent(60)).collect();
                let tail = self.join(next, joined.iter().filter(|joined| **joined).count());
                let mut ways: Vec<Next> = joined.into_iter().map(|joined| self.branch(depth, joined, tail)).collect();
                let failed = if has_failed { ways.pop() } else { None };
                let other = if has_other { ways.pop() } else { None };
                self.add(Node::Ask { service, paths: ways, other, failed })
            }
            (false, _) => {
                let failed = self.r.percent(60).then(|| self.r.percent(60));
                let tail = self.join(next, 1 + usize::from(failed == Some(true)));
                let failed = failed.map(|joined| self.branch(depth, joined, tail));
                let next = self.branch(depth, true, tail);
                self.add(Node::Call { service, next, failed })
            }
        }
    }

    fn people_box(&mut self, next: Next) -> Next {
        let paths = (0..self.r.between(1, 2)).map(|_| (self.person_test(1), self.boxed())).collect();
        let other = self.r.percent(50).then(|| self.boxed());
        self.add(Node::Box { paths, other, next })
    }

    fn percents(&mut self) -> Vec<i64> {
        pick(self.r, &[&[50, 50][..], &[1, 99], &[33, 33, 34], &[1, 2, 5, 74, 18]]).to_vec()
    }

    fn shares_box(&mut self, next: Next) -> Next {
        let percents = self.percents();
        let paths = percents.iter().map(|_| self.boxed()).collect();
        self.add(Node::SharesBox { percents, paths, next })
    }

    fn shares(&mut self, depth: u32, next: Next) -> Next {
        let percents = self.percents();
        // Which account takes which path depends on the order between accounts, and that is not promised.
        let joined: Vec<bool> = (0..percents.len()).map(|n| n == 0 || !self.of_people || self.r.percent(60)).collect();
        let tail = self.join(next, joined.iter().filter(|joined| **joined).count());
        let mut branch = |joined: bool| if self.of_people { self.branch(depth, joined, tail) } else { tail };
        let nexts = joined.into_iter().map(&mut branch).collect();
        self.add(Node::Shares { percents, nexts })
    }

    fn boxed(&mut self) -> Vec<Act> {
        (0..self.r.below(3)).map(|_| self.people_act()).collect()
    }

    fn people_act(&mut self) -> Act {
        // Two accounts that ask for the same person: which comes first is not promised.
        if !self.shared && self.of_accounts < self.count && self.r.percent(8) {
            return match self.r.percent(60) {
                true => Act::EnterPeople(self.of_accounts),
                false => Act::LeavePeople(self.of_accounts),
            };
        }
        match (self.shared, self.r.below(5)) {
            (true, 0 | 1) | (false, 0) => Act::Score { change: pick(self.r, &[5, -3, 10]) },
            (false, 1) => Act::SetScore { value: pick(self.r, &[0, 20]) },
            (false, 2) => Act::Department(pick(self.r, &DEPARTMENTS)),
            (_, 3) => Act::Moment,
            _ => Act::Mail,
        }
    }

    fn act(&mut self) -> Act {
        if self.of_people || self.r.percent(50) {
            return self.people_act();
        }
        match self.r.below(8) {
            0 => Act::Industry(pick(self.r, &INDUSTRIES)),
            1 => Act::Employees(pick(self.r, &EMPLOYEES)),
            2 => Act::Shelve(self.r.below(2) as usize),
            3 => Act::Unshelve(self.r.below(2) as usize),
            4 | 5 => Act::EnterJourney(self.r.below(self.of_accounts as u64) as usize),
            6 => Act::LeaveJourney(self.r.below(self.of_accounts as u64) as usize),
            _ => Act::AccountMoment,
        }
    }

    fn wait(&mut self) -> WaitRule {
        let r = &mut *self.r;
        if r.percent(8) {
            return WaitRule::Until(START + r.between(0, 20) as i64 * DAY - 7_200);
        }
        let (unit, most) = match r.below(10) {
            0 | 1 => (Unit::Minutes, 300),
            2..=4 => (Unit::Hours, 50),
            5..=7 => (Unit::Days, 6),
            8 => (Unit::Weeks, 2),
            _ => (Unit::Months, 1),
        };
        let amount = if r.percent(10) { 0 } else { r.between(0, most) as i64 };
        let must = r.percent(30).then(|| {
            let days: Vec<i64> = (0..7).filter(|_| r.percent(40)).collect();
            let time = (days.is_empty() || r.percent(60)).then(|| (r.below(24) as i64, pick(r, &[0, 15, 59])));
            let zone = match r.below(3) {
                0 => Zone::Organisation,
                1 => Zone::Own,
                _ => Zone::Named(r.below(3) as usize),
            };
            Must { days, time, zone }
        });
        WaitRule::For { amount, unit, must }
    }

    fn account_test(&mut self, depth: u32) -> Test {
        if depth > 0 && self.r.percent(30) {
            return self.joined(|maker| maker.account_test(depth - 1));
        }
        match self.r.below(6) {
            0 | 1 => Test::EmployeesAtLeast(pick(self.r, &EMPLOYEES)),
            2 => Test::EmployeesEmpty,
            3 => Test::IndustryIs(pick(self.r, &INDUSTRIES)),
            4 => Test::OnShelf(self.r.below(2) as usize),
            _ => Test::HasPeople(Box::new(self.person_test(0)), self.r.between(1, 2) as i64),
        }
    }

    fn person_test(&mut self, depth: u32) -> Test {
        if depth > 0 && self.r.percent(30) {
            return self.joined(|maker| maker.person_test(depth - 1));
        }
        match self.r.below(5) {
            0 => Test::DepartmentIs(pick(self.r, &DEPARTMENTS)),
            1 if !self.shared => Test::ScoreAtLeast(pick(self.r, &[5, 10, 20])),
            2 => Test::Filled {
                form: self.r.percent(50).then(|| pick(self.r, &FORMS)),
                at_least: self.r.between(1, 2) as i64,
                window: match self.r.below(3) {
                    0 => Window::Ever,
                    1 => Window::SinceEntry,
                    _ => Window::Within(self.r.between(1, 10) as i64),
                },
            },
            _ => Test::TitleStarts(pick(self.r, &STARTS)),
        }
    }

    fn joined(&mut self, mut one: impl FnMut(&mut Self) -> Test) -> Test {
        match self.r.below(3) {
            0 => Test::All(vec![one(self), one(self)]),
            1 => Test::Any(vec![one(self), one(self)]),
            _ => Test::Not(Box::new(one(self))),
        }
    }
}

fn awaited(r: &mut SplitMix64) -> Awaited {
    Awaited { form: r.percent(60).then(|| pick(r, &FORMS)), at_least: r.between(1, 2) as i64 }
}

fn script(
    r: &mut SplitMix64,
    accounts: &[Account],
    people: &[Person],
    journeys: &[Journey],
    until: Secs,
    shared: bool,
) -> Vec<Happening> {
    let mut script: Vec<Happening> = Vec::new();
    let hour = |r: &mut SplitMix64| r.between(0, ((until - START) / 3_600 - 1) as u64) as i64;
    for n in 0..r.below(25) as i64 {
        // Seconds that no wait ends on, and each its own.
        let at = START + hour(r) * 3_600 + 60 * r.between(1, 59) as i64 + 1 + n % 50;
        let account = r.below(accounts.len() as u64) as usize;
        let person = (!people.is_empty()).then(|| r.below(people.len() as u64) as usize);
        let journey = r.below(journeys.len() as u64) as usize;
        let what = match (r.below(20), person) {
            (0..=8, Some(person)) => What::Filled {
                person,
                form: pick(r, &FORMS),
                ago: if r.percent(70) { 0 } else { r.between(60, 200_000) as i64 },
                account: r.percent(20).then(|| pick(r, &people[person].accounts)),
            },
            (9, Some(person)) => What::Title { person, value: pick(r, &TITLES[..3]) },
            (10, Some(person)) => What::Department { person, value: pick(r, &DEPARTMENTS) },
            (11, Some(person)) if shared => What::Joins { person, account },
            (12 | 13, _) => What::Employees { account, value: pick(r, &EMPLOYEES) },
            (14, _) => What::Industry { account, value: pick(r, &INDUSTRIES) },
            (15, _) => What::Zone { account, value: r.below(3) as usize },
            (16, _) => What::Pause(journey),
            (17, _) => What::Remove(journey),
            (18, _) => What::Skip(journey),
            (19, _) if r.percent(50) => What::Close(journey),
            (19, _) => What::Abort(journey),
            _ => continue,
        };
        if let What::Pause(journey) = what {
            // It ends in any case: what a pause holds back is counted when it is over.
            let over = (at + r.between(1, 100) as i64 * 3_600).min(until - 1 - n);
            script.push(Happening { at: over, what: What::Resume(journey) });
        }
        script.push(Happening { at, what });
    }
    for (n, _) in journeys.iter().enumerate().filter(|(_, journey)| journey.maps.len() > 1) {
        script.push(Happening { at: START + hour(r) * 3_600 + 59, what: What::Renew(n) });
    }
    script.sort_by_key(|happening| happening.at);
    script.dedup_by_key(|happening| happening.at);
    script.retain(|happening| happening.at < until);
    script
}

fn away(r: &mut SplitMix64, until: Secs) -> Vec<(Secs, Secs)> {
    let mut from = START + 3_600;
    let mut all = Vec::new();
    for _ in 0..r.below(3) {
        from += r.between(1, 15) as i64 * DAY + 31;
        let to = from + r.between(600, 5 * DAY as u64) as i64;
        if to >= until {
            break;
        }
        all.push((from, to));
        from = to;
    }
    all
}
