//! A case: accounts, people, journeys and what happens to them, as plain values. The engine gets them as manifests and
//! import files, the reference as they stand here.

use serde_json::{Map, Value as Json, json};

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
}

impl Node {
    /// The journey that it sends accounts into or takes them out of.
    pub fn names(&self) -> Option<usize> {
        match self {
            Self::Act { act: Act::EnterJourney(n) | Act::LeaveJourney(n), .. } => Some(*n),
            _ => None,
        }
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
    Score { change: i64 },
    SetScore { value: i64 },
    Department(&'static str),
    Mail,
    Moment,
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
        matches!(self, Self::Score { .. } | Self::SetScore { .. } | Self::Department(_) | Self::Mail | Self::Moment)
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

impl Case {
    /// Everything that the journeys name, then the journeys.
    pub fn manifest(&self) -> String {
        let mut documents = vec![
            json!({"kind": "settings", "organisation": "Acme", "time_zone": "UTC"}),
            json!({"kind": "score", "key": "interest"}),
            json!({"kind": "connection", "key": "mail", "type": "smtp", "settings": {"host": "mail.example", "port": 587, "security": "starttls", "from": {"email": "desk@acme.example"}}}),
            json!({"kind": "email", "key": "news", "connection": "mail", "subject": "News", "body": {"html": "<p>News.</p>"}}),
        ];
        for (n, shelf) in SHELVES.iter().enumerate() {
            let on_it = self.accounts.iter().enumerate().filter(|(_, account)| account.shelved[n]);
            let accounts: Vec<String> = on_it.map(|(n, _)| account_key(n)).collect();
            documents.push(
                json!({"kind": "account_list", "key": shelf, "type": "static", "accounts": accounts, "state": "live"}),
            );
        }
        documents.extend(self.journeys.iter().enumerate().filter_map(|(n, journey)| self.list_of(n, journey.audience)));
        documents.extend(self.journeys.iter().enumerate().map(|(n, journey)| journey.document(n, 0)));
        documents.iter().map(Json::to_string).collect::<Vec<_>>().join("\n---\n")
    }

    /// The second version of a journey.
    pub fn renewed(&self, n: usize) -> String {
        self.journeys[n].document(n, 1).to_string()
    }

    /// The list that a journey follows, unless it is a shelf. Each has its own.
    fn list_of(&self, n: usize, audience: Audience) -> Option<Json> {
        let key = format!("audience-{n}");
        let speakers = || -> Vec<String> {
            let named = self.people.iter().enumerate().filter(|(_, person)| person.speaker);
            named.map(|(n, _)| person_key(n)).collect()
        };
        let of_accounts =
            |when: Json| json!({"kind": "account_list", "key": key, "type": "dynamic", "when": when, "state": "live"});
        Some(match audience {
            Audience::Large(least) => of_accounts(json!({"account": "employees", "at_least": least})),
            Audience::Industry(industry) => of_accounts(json!({"account": "industry", "is": industry})),
            Audience::Shelf(_) | Audience::Filling { .. } => return None,
            Audience::Speakers => {
                json!({"kind": "people_list", "key": key, "type": "static", "people": speakers(), "state": "live"})
            }
            Audience::Titled(title) => {
                json!({"kind": "people_list", "key": key, "type": "dynamic", "when": {"person": "job_title", "starts_with": title}, "state": "live"})
            }
        })
    }

    /// Every account in a file of its own, so that each may get a shard of its own.
    pub fn account_files(&self) -> Vec<String> {
        let row = |(n, account): (usize, &Account)| {
            let zone = account.zone.map_or("", |zone| ZONES[zone].0);
            let employees = account.employees.map_or(String::new(), |n| n.to_string());
            let industry = account.industry.unwrap_or_default();
            format!(
                "key,name,employees,industry,time_zone\n{},Account {n},{employees},{industry},{zone}\n",
                account_key(n)
            )
        };
        self.accounts.iter().enumerate().map(row).collect()
    }

    pub fn people_file(&self) -> String {
        let mut file = "key,email,job_title,department,test_profile,account_key\n".to_owned();
        for (n, person) in self.people.iter().enumerate() {
            let key = person_key(n);
            for account in &person.accounts {
                let department = person.department.unwrap_or_default();
                file += &format!(
                    "{key},{key}@mail.example,{},{department},{},{}\n",
                    person.title,
                    person.test_profile,
                    account_key(*account)
                );
            }
        }
        file
    }
}

impl Journey {
    fn document(&self, n: usize, version: usize) -> Json {
        let audience = match self.audience {
            Audience::Shelf(shelf) => json!({"account_list": SHELVES[shelf]}),
            Audience::Large(_) | Audience::Industry(_) => json!({"account_list": format!("audience-{n}")}),
            Audience::Speakers | Audience::Titled(_) => json!({"people_list": format!("audience-{n}")}),
            Audience::Filling { first, second } => {
                let events: Vec<Json> = [first].into_iter().chain(second).map(|event| event.document()).collect();
                json!({"events": events})
            }
        };
        let map = &self.maps[version];
        let nodes = map.nodes.iter().enumerate();
        let nodes = nodes.map(|(n, node)| (node_key(version, n), self.node(version, &node_key(version, n), node)));
        let mut document = json!({
            "kind": "journey", "key": journey_key(n), "subject": if self.of_people { "person" } else { "account" },
            "audience": audience, "end": instant(self.end).to_string(), "entry": node_key(version, map.entry),
            "nodes": nodes.collect::<Map<_, _>>(),
        });
        if let Some(again) = &self.reentry {
            let after = if again.from_end { "end" } else { "start" };
            document["reentry"] = json!({"after": after, "delay": format!("{}h", again.hours), "limit": again.limit});
        }
        if let Some(goal) = &self.goal {
            document["goal"] = goal.document();
            if self.hold_out > 0 {
                document["hold_out"] = self.hold_out.into();
            }
        }
        document
    }

    fn node(&self, version: usize, key: &str, node: &Node) -> Json {
        let target = |next: Next| next.map_or(Json::Null, |n| node_key(version, n).into());
        let mut place = 0;
        let mut actions = |acts: &[Act]| -> Vec<Json> {
            let one = |act: &Act| {
                let mut json = act.settings();
                json["id"] = boxed_key(key, place).into();
                place += 1;
                json
            };
            acts.iter().map(one).collect()
        };
        match node {
            Node::Act { act, next } => {
                let mut json = act.settings();
                json["type"] = "action".into();
                json["on"] = if act.on_people() { "people" } else { "account" }.into();
                json["next"] = target(*next);
                json
            }
            Node::Wait { rule, next } => {
                let mut json = rule.settings();
                json["type"] = "wait".into();
                json["next"] = target(*next);
                json
            }
            Node::Listen(listen) => listen.document(&target),
            Node::Split { paths, other } => {
                let paths: Vec<Json> = paths
                    .iter()
                    .enumerate()
                    .map(|(n, (when, next))| json!({"label": path_key(n), "when": when.document(), "next": target(*next)}))
                    .collect();
                let by = if self.of_people { "person" } else { "account" };
                let mut json = json!({"type": "split", "by": by, "paths": paths});
                if let Some(next) = other {
                    json["other"] = json!({"next": target(*next)});
                }
                json
            }
            Node::Box { paths, other, next } => {
                let paths: Vec<Json> = paths
                    .iter()
                    .enumerate()
                    .map(|(n, (when, acts))| json!({"label": path_key(n), "when": when.document(), "actions": actions(acts)}))
                    .collect();
                let mut json = json!({"type": "split", "by": "person", "paths": paths, "next": target(*next)});
                if let Some(acts) = other {
                    json["other"] = json!({"actions": actions(acts)});
                }
                json
            }
            Node::Merge { next } => json!({"type": "merge", "next": target(*next)}),
            Node::Shares { percents, nexts } => {
                let paths = percents.iter().zip(nexts).enumerate();
                let path = |(n, (percent, next)): (usize, (&i64, &Next))| json!({"label": share_key(n), "percent": percent, "next": target(*next)});
                let by = if self.of_people { "person" } else { "account" };
                json!({"type": "variant_split", "by": by, "paths": paths.map(path).collect::<Vec<_>>()})
            }
            Node::SharesBox { percents, paths, next } => {
                let path = |(n, (percent, acts)): (usize, (&i64, &Vec<Act>))| json!({"label": share_key(n), "percent": percent, "actions": actions(acts)});
                let paths: Vec<Json> = percents.iter().zip(paths).enumerate().map(path).collect();
                json!({"type": "variant_split", "by": "person", "paths": paths, "next": target(*next)})
            }
        }
    }
}

impl Awaited {
    fn document(&self) -> Json {
        let mut event = json!({"activity": "form_filled", "at_least": self.at_least});
        if let Some(form) = self.form {
            event["where"] = json!({"form": {"is": form}});
        }
        event
    }
}

impl Listen {
    fn document(&self, target: &dyn Fn(Next) -> Json) -> Json {
        let mut json = json!({"type": "listen", "next": target(self.next)});
        match self.events.as_slice() {
            [event] => json["event"] = event.document(),
            events => json["events"] = events.iter().map(Awaited::document).collect::<Vec<_>>().into(),
        }
        if let Some(filter) = &self.filter {
            json["filters"] = filter.document();
        }
        if let Some((rule, next)) = &self.timeout {
            json["timeout"] = rule.settings();
            if let Some(next) = next {
                json["timeout"]["next"] = target(*next);
            }
        }
        json
    }
}

impl Act {
    fn settings(&self) -> Json {
        match self {
            Self::Score { change } => {
                json!({"action": "change_score", "score": "interest", "change": format!("{change:+}")})
            }
            Self::SetScore { value } => {
                json!({"action": "change_score", "score": "interest", "change": format!("={value}")})
            }
            Self::Department(value) => json!({"action": "update_person", "attribute": "department", "value": value}),
            Self::Mail => json!({"action": "send_email", "email": "news"}),
            Self::Moment => json!({"action": "person_interesting_moment", "moment": "web"}),
            Self::Industry(value) => json!({"action": "update_account", "attribute": "industry", "value": value}),
            Self::Employees(value) => json!({"action": "update_account", "attribute": "employees", "value": value}),
            Self::Shelve(shelf) => json!({"action": "add_to_account_list", "list": SHELVES[*shelf]}),
            Self::Unshelve(shelf) => json!({"action": "remove_from_account_list", "list": SHELVES[*shelf]}),
            Self::AccountMoment => json!({"action": "account_interesting_moment", "moment": "milestone"}),
            Self::EnterJourney(n) => json!({"action": "add_to_journey", "journey": journey_key(*n)}),
            Self::LeaveJourney(n) => json!({"action": "remove_from_journey", "journey": journey_key(*n)}),
        }
    }
}

impl WaitRule {
    fn settings(&self) -> Json {
        let Self::For { amount, unit, must } = self else {
            let Self::Until(at) = self else { unreachable!() };
            return json!({"until": instant(*at).to_string()});
        };
        let unit = match unit {
            Unit::Minutes => "m",
            Unit::Hours => "h",
            Unit::Days => "d",
            Unit::Weeks => "w",
            Unit::Months => "mo",
        };
        let mut json = json!({"duration": format!("{amount}{unit}")});
        if let Some(must) = must {
            let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            let mut on = Map::new();
            if !must.days.is_empty() {
                let days: Vec<&str> = must.days.iter().map(|day| names[*day as usize]).collect();
                on.insert("days".to_owned(), days.into());
            }
            if let Some((hour, minute)) = must.time {
                on.insert("time".to_owned(), format!("{hour:02}:{minute:02}").into());
            }
            match must.zone {
                Zone::Organisation => None,
                Zone::Own => on.insert("zone".to_owned(), "own".into()),
                Zone::Named(zone) => on.insert("zone".to_owned(), ZONES[zone].0.into()),
            };
            json["must_end_on"] = Json::Object(on);
        }
        json
    }
}

impl Test {
    fn document(&self) -> Json {
        let all = |tests: &[Test]| -> Vec<Json> { tests.iter().map(Test::document).collect() };
        match self {
            Self::All(tests) => json!({"all": all(tests)}),
            Self::Any(tests) => json!({"any": all(tests)}),
            Self::Not(test) => json!({"not": test.document()}),
            Self::EmployeesAtLeast(least) => json!({"account": "employees", "at_least": least}),
            Self::EmployeesEmpty => json!({"account": "employees", "is_empty": true}),
            Self::IndustryIs(industry) => json!({"account": "industry", "is": industry}),
            Self::OnShelf(shelf) => json!({"in_account_list": SHELVES[*shelf]}),
            Self::HasPeople(test, least) => json!({"has_people": test.document(), "at_least": least}),
            Self::TitleStarts(title) => json!({"person": "job_title", "starts_with": title}),
            Self::DepartmentIs(department) => json!({"person": "department", "is": department}),
            Self::ScoreAtLeast(least) => json!({"score": "interest", "at_least": least}),
            Self::Filled { form, at_least, window } => {
                let mut json = json!({"did": "form_filled", "at_least": at_least});
                if let Some(form) = form {
                    json["where"] = json!({"form": {"is": form}});
                }
                match window {
                    Window::Ever => {}
                    Window::SinceEntry => json["since"] = "entry".into(),
                    Window::Within(days) => json["within"] = format!("{days}d").into(),
                }
                json
            }
        }
    }
}
