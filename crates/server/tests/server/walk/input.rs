//! The rows that the walk imports, and what people do: invented, the same every time, and kept as plain Rust for the
//! independent calculation.

use std::fmt::Write as _;

use caravan_model::sample::SplitMix64;
use jiff::{SignedDuration, Timestamp};

const TITLES: [&str; 6] = ["Chief Executive Officer", "VP of Sales", "IT Manager", "Data Analyst", "vp of nothing", ""];
const FIRST_NAMES: [&str; 6] = ["Ann", "Jürgen", "Zoë", "Łucja", "O'Neil", ""];
const COUNTRIES: [&str; 3] = ["US", "DE", "FR"];
/// In the middle one it is another time of day.
const ZONES: [Option<&str>; 3] = [Some("Europe/Berlin"), Some("Asia/Tokyo"), None];
/// Whose clock shows Berlin's time: those in Berlin, and those without a zone, whose organisation is there.
pub const FAR_ZONE: Option<&str> = ZONES[1];

pub struct Account {
    pub key: String,
    pub name: String,
    pub industry: String,
    pub employees: Option<i64>,
    pub owner: Option<&'static str>,
    pub zone: Option<&'static str>,
    /// Places in `World::people`.
    pub people: Vec<usize>,
}

#[derive(Clone)]
pub struct Person {
    pub key: String,
    /// None: cleared by a second file.
    pub email: Option<String>,
    pub first_name: &'static str,
    pub job_title: &'static str,
    pub country: &'static str,
    pub unsubscribed: bool,
    pub email_invalid: bool,
    pub test_profile: bool,
}

impl Person {
    /// As the conditions of the manifest say it: text is compared without regard to case.
    pub fn decides(&self) -> bool {
        let title = self.job_title.to_lowercase();
        title.starts_with("chief") || title.starts_with("vp")
    }

    /// Why no marketing mail goes to the person.
    pub fn excluded(&self) -> Option<&'static str> {
        match self {
            Person { email: None, .. } => Some("email_missing"),
            Person { email_invalid: true, .. } => Some("email_invalid"),
            Person { unsubscribed: true, .. } => Some("unsubscribed"),
            _ => None,
        }
    }
}

/// Something that a person or an account does after the first run.
pub struct Happening {
    pub kind: &'static str,
    pub person: Option<usize>,
    pub account: Option<usize>,
    /// Name and value of its one field.
    pub field: (&'static str, String),
    /// It happened an hour before the journeys began.
    pub long_ago: bool,
}

pub struct World {
    pub companies_csv: String,
    pub accounts: Vec<Account>,
    pub people: Vec<Person>,
    /// Entered by the people list; the first two ask for a trial, the third changes seats, the fourth does nothing.
    pub speakers: Vec<usize>,
    pub happenings: Vec<Happening>,
    /// Clicks the link in its mail for real: account and person.
    pub clicker: Option<(usize, usize)>,
    /// Opts out after its first mail, and asks for a trial then.
    pub leaver: Option<usize>,
    /// Changes the department by import.
    pub mover: usize,
}

impl World {
    pub fn new(companies: u64) -> Self {
        let mut random = SplitMix64::new(7);
        let companies_csv = caravan_testkit::companies_csv(companies, 7);
        let mut people = Vec::new();
        let mut accounts: Vec<Account> = csv::Reader::from_reader(companies_csv.as_bytes())
            .records()
            .map(|record| record.expect("a company"))
            .zip(0..)
            .map(|(record, number)| account(&record, number, &mut random, &mut people))
            .collect();
        let silent = (0..accounts.len()).rev().find(|&a| in_regulated_industry(&accounts[a])).expect("a regulated one");
        accounts[silent].employees = None;
        share_one(&mut accounts, &mut people);
        let speakers = speakers(&accounts, &mut people);
        let mut world = World {
            companies_csv,
            accounts,
            people,
            leaver: Some(speakers[0]),
            mover: speakers[2],
            speakers,
            happenings: Vec::new(),
            clicker: None,
        };
        world.let_things_happen();
        world
    }

    /// The same world, in which nobody follows a link of a mail.
    pub fn without_links(self) -> Self {
        World { clicker: None, leaver: None, ..self }
    }

    pub fn large(&self) -> Vec<usize> {
        let large = |a: &usize| self.accounts[*a].employees.is_some_and(|n| n >= 1_000);
        (0..self.accounts.len()).filter(large).collect()
    }

    pub fn picked(&self) -> Vec<usize> {
        (0..self.accounts.len()).step_by(5).collect()
    }

    pub fn regulated(&self) -> Vec<usize> {
        (0..self.accounts.len()).filter(|&a| in_regulated_industry(&self.accounts[a])).collect()
    }

    /// By people of which large accounts the welcome was clicked so that it counts for them.
    pub fn engaged(&self, account: usize) -> bool {
        let counts = |h: &&Happening| {
            h.kind == "email_clicked" && h.field.1 == "welcome" && !h.long_ago && h.account.is_none_or(|a| a == account)
        };
        let mut clickers = self.happenings.iter().filter(counts).filter_map(|h| h.person);
        clickers.any(|p| self.accounts[account].people.contains(&p) && self.people[p].country != "FR")
            || self.clicker.is_some_and(|(clicked, _)| clicked == account)
    }

    /// Which accounts signed two contracts of some size.
    pub fn signed(&self, account: usize) -> bool {
        let contracts = self.happenings.iter().filter(|h| h.kind == "contract_signed" && h.account == Some(account));
        contracts.filter(|h| h.field.1.parse::<i64>().is_ok_and(|value| value >= 1_000)).count() >= 2
    }

    fn let_things_happen(&mut self) {
        let click = |email: &str, person, account| Happening {
            kind: "email_clicked",
            person: Some(person),
            account,
            field: ("email", email.to_owned()),
            long_ago: false,
        };
        let of_country = |world: &World, account: usize, abroad: bool| {
            let fits = |p: &&usize| (world.people[**p].country == "FR") == abroad;
            world.accounts[account].people.iter().find(fits).copied()
        };
        let mut all = Vec::new();
        for (turn, account) in self.large().into_iter().enumerate() {
            let (near, far) = (of_country(self, account, false), of_country(self, account, true));
            match (turn % 5, near, far) {
                (0, Some(person), _) => all.push(click("welcome", person, Some(account))),
                (1, Some(person), _) => all.push(click("welcome", person, None)),
                (2, _, Some(person)) => all.push(click("welcome", person, None)),
                (3, Some(person), _) => all.push(click("roi", person, None)),
                (4, Some(person), _) if self.clicker.is_none() && self.people[person].excluded().is_none() => {
                    self.clicker = Some((account, person));
                }
                (4, Some(person), _) => all.push(Happening { long_ago: true, ..click("welcome", person, None) }),
                _ => {}
            }
        }
        for (turn, account) in
            self.regulated().into_iter().filter(|&a| self.accounts[a].employees >= Some(5_000)).enumerate()
        {
            let contract = |value: &str| Happening {
                kind: "contract_signed",
                person: None,
                account: Some(account),
                field: ("value", value.to_owned()),
                long_ago: false,
            };
            match turn % 3 {
                0 => all.extend([contract("5000"), contract("1000")]),
                1 => all.push(contract("5000")),
                _ => all.extend([contract("999"), contract("10")]),
            }
        }
        for (form, person) in
            [("trial", self.speakers[0]), ("trial", self.speakers[1]), ("newsletter", self.speakers[3])]
        {
            let field = ("form", form.to_owned());
            all.push(Happening { kind: "form_filled", person: Some(person), account: None, field, long_ago: false });
        }
        self.happenings = all;
    }
}

fn account(row: &csv::StringRecord, number: usize, random: &mut SplitMix64, people: &mut Vec<Person>) -> Account {
    let sizes = [(50, 699), (700, 999), (1_000, 1_999), (2_000, 3_999), (4_000, 4_999), (5_000, 20_000)];
    let (least, most) = sizes[number % sizes.len()];
    let employees = random.between(least, most) as i64;
    let key = row[0].to_owned();
    let staff = if number.is_multiple_of(7) { 0 } else { 1 + random.below(3) as usize };
    let first = people.len();
    people.extend((0..staff).map(|n| person(&key, first + n, random)));
    Account {
        name: row[1].to_owned(),
        industry: row[2].to_owned(),
        employees: Some(employees),
        owner: random.percent(80).then_some("ines.falk@sales.example"),
        zone: random.pick(&ZONES),
        people: (first..first + staff).collect(),
        key,
    }
}

fn person(account: &str, number: usize, random: &mut SplitMix64) -> Person {
    let key = format!("{account}-{number}");
    Person {
        email: (number % 17 != 16).then(|| format!("{}@mail.example", key.to_lowercase())),
        key,
        first_name: random.pick(&FIRST_NAMES),
        job_title: random.pick(&TITLES),
        country: random.pick(&COUNTRIES),
        unsubscribed: number % 7 == 3,
        email_invalid: number % 13 == 12,
        test_profile: false,
    }
}

/// Somebody who decides nothing works for two large accounts.
fn share_one(accounts: &mut [Account], people: &mut [Person]) {
    let shared = accounts[2].people[0];
    people[shared].job_title = "IT Manager";
    accounts[3].people.push(shared);
}

/// Four from America and one from elsewhere, all in small accounts; one of a large account; a test profile.
fn speakers(accounts: &[Account], people: &mut Vec<Person>) -> Vec<usize> {
    let small = accounts.iter().filter(|a| a.employees.is_some_and(|n| n < 1_000));
    let mut free: Vec<usize> =
        small.flat_map(|a| &a.people).copied().filter(|&p| people[p].excluded().is_none()).collect();
    let mut take = |countries: &[&str]| {
        let at = free.iter().position(|&p| countries.contains(&people[p].country)).expect("enough speakers");
        free.remove(at)
    };
    let mut speakers: Vec<usize> = (0..4).map(|_| take(&["US"])).collect();
    speakers.push(take(&["DE", "FR"]));
    let large: Vec<&Account> = accounts.iter().filter(|a| a.employees.is_some_and(|n| n >= 1_000)).collect();
    // Every fifth from here clicks in another email only, so that the uninviting path is theirs.
    let uninvited = large.iter().skip(3).step_by(5).find_map(|a| a.people.first()).expect("somebody");
    speakers.push(*uninvited);
    let test = Person { key: "test".to_owned(), test_profile: true, ..people[speakers[0]].clone() };
    people.push(Person { email: Some("test@mail.example".to_owned()), ..test });
    speakers.push(people.len() - 1);
    speakers
}

fn in_regulated_industry(account: &Account) -> bool {
    ["Financials", "Health Care", "Industrials", "Energy", "Information Technology"]
        .contains(&account.industry.as_str())
}

// The files.

/// What the list of companies does not say, as JSON Lines.
pub fn account_facts(world: &World) -> String {
    let line = |account: &Account| {
        let facts = serde_json::json!({
            "key": account.key, "employees": account.employees, "owner_email": account.owner, "time_zone": account.zone,
        });
        format!("{facts}\n")
    };
    world.accounts.iter().map(line).collect()
}

/// One row for each person and account. Whose address is to be missing gets one first.
pub fn people_csv(world: &World) -> String {
    let mut file =
        "key,email,first_name,job_title,country,unsubscribed,email_invalid,test_profile,account_key\n".to_owned();
    let mut row = |person: &Person, account: &str| {
        let Person { key, first_name, job_title, country, unsubscribed, email_invalid, test_profile, .. } = person;
        let email = person.email.clone().unwrap_or_else(|| format!("{}@old.example", key.to_lowercase()));
        writeln!(
            file,
            "{key},{email},{first_name},{job_title},{country},{unsubscribed},{email_invalid},{test_profile},{account}"
        )
        .expect("a text grows");
    };
    for account in &world.accounts {
        account.people.iter().for_each(|&person| row(&world.people[person], &account.key));
    }
    world.people.iter().filter(|person| person.test_profile).for_each(|person| row(person, ""));
    file
}

/// Takes addresses away again.
pub fn lost_addresses_csv(world: &World) -> String {
    let lost = world.people.iter().filter(|person| person.email.is_none());
    lost.fold("key,email\n".to_owned(), |file, person| file + &person.key + ",\\N\n")
}

/// What happens, as an activities file. `began`: when the journeys were published.
pub fn activities_jsonl(world: &World, began: Timestamp, at: Timestamp) -> String {
    let line = |(number, happening): (usize, &Happening)| {
        let (name, value) = &happening.field;
        let value = value.parse::<i64>().map_or_else(|_| value.as_str().into(), serde_json::Value::from);
        let at = if happening.long_ago { began - SignedDuration::from_hours(1) } else { at };
        let mut json = serde_json::json!({"id": format!("h-{number}"), "type": happening.kind, "at": at});
        json[*name] = value;
        if let Some(person) = happening.person {
            json["person_key"] = world.people[person].key.as_str().into();
        }
        if let Some(account) = happening.account {
            json["account_key"] = world.accounts[account].key.as_str().into();
        }
        format!("{json}\n")
    };
    world.happenings.iter().enumerate().map(line).collect()
}
