//! A case: accounts, people, journeys and what happens to them, as plain values. The engine gets them as manifests and
//! import files, the reference as they stand here.

mod files;
mod manifest;
mod services;

pub use self::services::*;

/// Seconds since [`BASE`].
pub type Secs = i64;

/// A Tuesday.
pub const BASE: &str = "2026-12-01T00:00:00Z";
/// Journeys are published at nine o'clock.
pub const START: Secs = 9 * 3_600;
pub const DAY: Secs = 86_400;

/// Zones without daylight saving, with their distance from UTC: changes of clocks have tests of their own.
pub const ZONES: [(&str, Secs); 3] =
    [("Asia/Tokyo", 9 * 3_600), ("America/Phoenix", -7 * 3_600), ("Asia/Kolkata", 19_800)];

/// The static lists that journeys put accounts in and out of.
pub const SHELVES: [&str; 2] = ["shelf-0", "shelf-1"];

#[derive(Debug, Clone)]
pub struct Case {
    pub seed: u64,
    pub accounts: Vec<Account>,
    pub people: Vec<Person>,
    pub journeys: Vec<Journey>,
    /// By time, no two at the same.
    pub script: Vec<Happening>,
    /// When nothing runs, from and to; by time, apart.
    pub away: Vec<(Secs, Secs)>,
    pub until: Secs,
    /// The mail server tells a message that comes again from a new one.
    pub mail_is_recognised: bool,
    /// What becomes of calls, by service and whom they are about.
    pub replies: Vec<Vec<Reply>>,
    /// How long the mail server has no time for a message to each person, from when it first sees it.
    pub mail_waits: Vec<Secs>,
}

impl Case {
    /// Whether nothing runs at an instant.
    pub fn is_away(&self, at: Secs) -> bool {
        self.away.iter().any(|(from, to)| *from <= at && at < *to)
    }
}

#[derive(Debug, Clone)]
pub struct Account {
    pub employees: Option<i64>,
    pub industry: Option<&'static str>,
    /// Place in [`ZONES`].
    pub zone: Option<usize>,
    /// In which of [`SHELVES`] it stands from the start.
    pub shelved: [bool; 2],
}

#[derive(Debug, Clone)]
pub struct Person {
    pub accounts: Vec<usize>,
    pub title: &'static str,
    pub department: Option<&'static str>,
    pub test_profile: bool,
    pub speaker: bool,
}

#[derive(Debug, Clone)]
pub struct Journey {
    pub of_people: bool,
    pub audience: Audience,
    pub end: Secs,
    pub reentry: Option<Reentry>,
    pub goal: Option<Test>,
    /// Percent of the audience that is only counted.
    pub hold_out: u32,
    /// The map of the first version, and of the second if one is made.
    pub maps: Vec<Chart>,
}

#[derive(Debug, Clone)]
pub struct Chart {
    pub entry: usize,
    pub nodes: Vec<Node>,
}

/// Whom a journey follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Accounts with at least so many employees.
    Large(i64),
    /// Accounts of an industry.
    Industry(&'static str),
    /// A static list.
    Shelf(usize),
    /// People who are named.
    Speakers,
    /// People whose title starts so.
    Titled(&'static str),
    /// People who fill a form so often, or another one once.
    Filling { first: Awaited, second: Option<Awaited> },
}

/// A form that is waited for; none: any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    pub form: Option<&'static str>,
    pub at_least: i64,
}

#[derive(Debug, Clone, Copy)]
pub struct Reentry {
    pub from_end: bool,
    pub hours: i64,
    pub limit: i64,
}

/// Where a path leads; none: the journey ends.
pub type Next = Option<usize>;

#[derive(Debug, Clone)]
pub enum Node {
    Act {
        act: Act,
        next: Next,
    },
    Wait {
        rule: WaitRule,
        next: Next,
    },
    Listen(Listen),
    /// By account, or by person in journeys of people.
    Split {
        paths: Vec<(Test, Next)>,
        other: Option<Next>,
    },
    Box {
        paths: Vec<(Test, Vec<Act>)>,
        other: Option<Vec<Act>>,
        next: Next,
    },
    Merge {
        next: Next,
    },
    /// A variant split: of accounts by quota, where all paths lead to the same place since nothing says who gets which;
    /// of people in journeys of people by their keys.
    Shares {
        percents: Vec<i64>,
        nexts: Vec<Next>,
    },
    /// The people of an account, shared out.
    SharesBox {
        percents: Vec<i64>,
        paths: Vec<Vec<Act>>,
        next: Next,
    },
    /// An external action by the service with this number.
    Call {
        service: usize,
        next: Next,
        failed: Option<Next>,
    },
    /// An external split of accounts, a path for each choice but the last.
    Ask {
        service: usize,
        paths: Vec<Next>,
        other: Option<Next>,
        failed: Option<Next>,
    },
    /// An external split of the account's people.
    AskBox {
        service: usize,
        paths: Vec<Vec<Act>>,
        other: Option<Vec<Act>>,
        failed: Option<Vec<Act>>,
        next: Next,
    },
}

impl Node {
    /// The journeys that it sends somebody into or takes somebody out of.
    pub fn names(&self) -> Vec<usize> {
        let named = |act: &Act| match act {
            Act::EnterJourney(n) | Act::LeaveJourney(n) | Act::EnterPeople(n) | Act::LeavePeople(n) => Some(*n),
            _ => None,
        };
        self.acts().filter_map(named).collect()
    }

    /// Everything that it does.
    pub fn acts(&self) -> impl Iterator<Item = &Act> {
        let own: &[Act] = if let Self::Act { act, .. } = self { std::slice::from_ref(act) } else { &[] };
        let boxed: Vec<&Vec<Act>> = match self {
            Self::Box { paths, other, .. } => paths.iter().map(|(_, acts)| acts).chain(other).collect(),
            Self::SharesBox { paths, .. } => paths.iter().collect(),
            Self::AskBox { paths, other, failed, .. } => paths.iter().chain(other).chain(failed).collect(),
            _ => Vec::new(),
        };
        own.iter().chain(boxed.into_iter().flatten())
    }
}

#[derive(Debug, Clone)]
pub struct Listen {
    /// The first that has happened often enough counts.
    pub events: Vec<Awaited>,
    pub filter: Option<Test>,
    /// The second is where it goes on; none: the trip ends.
    pub timeout: Option<(WaitRule, Option<Next>)>,
    pub next: Next,
}

#[derive(Debug, Clone)]
pub enum Act {
    Score {
        change: i64,
    },
    SetScore {
        value: i64,
    },
    Department(&'static str),
    Mail,
    Moment,
    /// They are to enter a journey of people, or to leave it.
    EnterPeople(usize),
    LeavePeople(usize),
    // The rest acts on the account.
    Industry(&'static str),
    Employees(i64),
    Shelve(usize),
    Unshelve(usize),
    AccountMoment,
    EnterJourney(usize),
    LeaveJourney(usize),
}

impl Act {
    pub fn on_people(&self) -> bool {
        matches!(
            self,
            Self::Score { .. }
                | Self::SetScore { .. }
                | Self::Department(_)
                | Self::Mail
                | Self::Moment
                | Self::EnterPeople(_)
                | Self::LeavePeople(_)
        )
    }
}

#[derive(Debug, Clone)]
pub enum WaitRule {
    For { amount: i64, unit: Unit, must: Option<Must> },
    Until(Secs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
}

#[derive(Debug, Clone)]
pub struct Must {
    /// Monday is 0; empty: any day.
    pub days: Vec<i64>,
    pub time: Option<(i64, i64)>,
    pub zone: Zone,
}

#[derive(Debug, Clone, Copy)]
pub enum Zone {
    Organisation,
    Own,
    Named(usize),
}

#[derive(Debug, Clone)]
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    // Of accounts.
    EmployeesAtLeast(i64),
    EmployeesEmpty,
    IndustryIs(&'static str),
    OnShelf(usize),
    HasPeople(Box<Test>, i64),
    // Of people.
    TitleStarts(&'static str),
    DepartmentIs(&'static str),
    ScoreAtLeast(i64),
    Filled { form: Option<&'static str>, at_least: i64, window: Window },
}

#[derive(Debug, Clone, Copy)]
pub enum Window {
    Ever,
    SinceEntry,
    /// Days back from entry.
    Within(i64),
}

#[derive(Debug, Clone)]
pub struct Happening {
    pub at: Secs,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// A form is filled, received now and done `ago` seconds before.
    Filled {
        person: usize,
        form: &'static str,
        ago: Secs,
        account: Option<usize>,
    },
    Employees {
        account: usize,
        value: i64,
    },
    Industry {
        account: usize,
        value: &'static str,
    },
    Zone {
        account: usize,
        value: usize,
    },
    Title {
        person: usize,
        value: &'static str,
    },
    Department {
        person: usize,
        value: &'static str,
    },
    /// A person becomes one of an account, too.
    Joins {
        person: usize,
        account: usize,
    },
    Pause(usize),
    Resume(usize),
    Close(usize),
    Abort(usize),
    /// Of those under way in a journey, the first traveller is taken out by hand, or its wait is skipped.
    Remove(usize),
    Skip(usize),
    /// The second version of a journey is published.
    Renew(usize),
}

pub fn account_key(n: usize) -> String {
    format!("a-{n}")
}

pub fn person_key(n: usize) -> String {
    format!("p-{n}")
}

pub fn journey_key(n: usize) -> String {
    format!("j-{n}")
}

/// Nodes of the second version have names of their own.
pub fn node_key(version: usize, n: usize) -> String {
    format!("{}{n}", ["n", "m"][version])
}

/// Actions of a box, numbered along its paths, `other` last.
pub fn boxed_key(node: &str, place: usize) -> String {
    format!("{node}-b{place}")
}

pub fn path_key(n: usize) -> String {
    format!("Path {n}")
}

/// Paths of a variant split.
pub fn share_key(n: usize) -> String {
    format!("Share {n}")
}

pub fn instant(at: Secs) -> jiff::Timestamp {
    let base: jiff::Timestamp = BASE.parse().expect("a time");
    base + jiff::SignedDuration::from_secs(at)
}
