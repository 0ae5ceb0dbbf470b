//! Invented companies: a name in two syllables, an industry, a size that revenue follows, a place.

use super::places::{self, Place};
use super::random::{SplitMix64, Stream};
use super::{AccountRow, Cell, Sample};

/// The first half of a name. With `ENDINGS` 1,024 names; beyond those the names repeat, the addresses do not.
const BEGINNINGS: [&str; 32] = [
    "Alder", "Bren", "Cor", "Dorv", "Elm", "Fenn", "Gral", "Hask", "Ivar", "Jarn", "Kest", "Lum", "Merr", "Nyx", "Ost",
    "Pell", "Quor", "Rhed", "Sten", "Tarv", "Ulm", "Vex", "Wend", "Xan", "Yarr", "Zel", "Åkr", "Brück", "Größ", "Łuk",
    "Ñand", "Çel",
];
const ENDINGS: [&str; 32] = [
    "wick", "moor", "veth", "holm", "quist", "andra", "ovik", "istan", "umbra", "eska", "orin", "alto", "ivane",
    "entis", "oque", "ulon", "arvo", "elio", "idex", "omar", "usk", "adell", "ethra", "ilund", "onde", "urel", "avia",
    "erno", "irath", "oleen", "ymar", "österra",
];

struct Industry {
    name: &'static str,
    /// Four-digit industry code.
    sic_code: &'static str,
    /// What such companies call themselves after their own name.
    words: [&'static str; 4],
    /// Yearly revenue per employee in thousands.
    revenue_per_employee: (u64, u64),
    weight: u64,
}

#[rustfmt::skip]
const INDUSTRIES: [Industry; 12] = [
    Industry { name: "Software", sic_code: "7372", words: ["Systems", "Software", "Cloud", "Labs"], revenue_per_employee: (120, 400), weight: 18 },
    Industry { name: "Manufacturing", sic_code: "3599", words: ["Works", "Machines", "Industries", "Tools"], revenue_per_employee: (110, 320), weight: 16 },
    Industry { name: "Financial Services", sic_code: "6199", words: ["Capital", "Finance", "Partners", "Trust"], revenue_per_employee: (180, 600), weight: 12 },
    Industry { name: "Health Care", sic_code: "8099", words: ["Health", "Medical", "Care", "Clinics"], revenue_per_employee: (70, 260), weight: 10 },
    Industry { name: "Retail", sic_code: "5399", words: ["Stores", "Retail", "Market", "Trading"], revenue_per_employee: (60, 220), weight: 9 },
    Industry { name: "Logistics", sic_code: "4731", words: ["Logistics", "Freight", "Shipping", "Lines"], revenue_per_employee: (70, 240), weight: 8 },
    Industry { name: "Energy", sic_code: "4911", words: ["Energy", "Power", "Renewables", "Grid"], revenue_per_employee: (300, 900), weight: 6 },
    Industry { name: "Telecommunications", sic_code: "4899", words: ["Telecom", "Networks", "Mobile", "Link"], revenue_per_employee: (200, 500), weight: 5 },
    Industry { name: "Food & Beverage", sic_code: "2099", words: ["Foods", "Brewing", "Dairy", "Mills"], revenue_per_employee: (80, 300), weight: 5 },
    Industry { name: "Education", sic_code: "8299", words: ["Academy", "Learning", "Press", "Education"], revenue_per_employee: (40, 120), weight: 4 },
    Industry { name: "Construction", sic_code: "1623", words: ["Build", "Engineering", "Construction", "Concrete"], revenue_per_employee: (90, 280), weight: 4 },
    Industry { name: "Professional Services", sic_code: "8742", words: ["Consulting", "Advisory", "Services", "Group"], revenue_per_employee: (80, 260), weight: 3 },
];

/// Least and most employees of the kinds of company, and how frequent each kind is.
const EMPLOYEES: [(u64, u64, u64); 7] = [
    (4, 19, 14),
    (20, 99, 26),
    (100, 499, 27),
    (500, 999, 12),
    (1_000, 4_999, 13),
    (5_000, 19_999, 6),
    (20_000, 180_000, 2),
];

/// The salespeople who own accounts; all at one invented company.
const OWNERS: [&str; 6] = [
    "ines.falk@sales.example",
    "tom.okafor@sales.example",
    "maja.lindqvist@sales.example",
    "luis.ferrer@sales.example",
    "priya.raman@sales.example",
    "noah.keller@sales.example",
];

const SOURCES: [&str; 4] = ["CRM", "Partner", "Trade fair", "Website"];

const STREETS: [&str; 8] = ["Harbour", "Station", "Mill", "Garden", "Bridge", "Market", "Linden", "Observatory"];

/// What an account's people need to know of it.
pub(super) struct Company {
    pub key: String,
    pub name: String,
    /// Mail domain, of this account alone.
    pub domain: String,
    pub place: Place,
    industry: &'static Industry,
    random: SplitMix64,
}

pub(super) fn key(account: u64) -> String {
    format!("ACC-{:06}", account + 1)
}

/// The part of an account that its people depend on.
pub(super) fn company(sample: &Sample, account: u64) -> Company {
    let mut random = sample.stream(Stream::Account, account, 0);
    let industry = random.pick_weighted(&INDUSTRIES, |industry| industry.weight);
    let place = places::draw(&mut random);
    let root = root(sample.seed, account);
    let word = random.pick(&industry.words);
    let legal_form = random.pick(place.country.legal_forms);
    Company {
        key: key(account),
        name: format!("{root} {word}{legal_form}"),
        domain: domain(&root, word, account),
        place,
        industry,
        random,
    }
}

/// Walks through all names before one comes again: 389 is coprime to their number.
fn root(seed: u64, account: u64) -> String {
    let names = (BEGINNINGS.len() * ENDINGS.len()) as u64;
    let place = ((account % names) * 389 + seed % names) % names;
    let (beginning, ending) = (place as usize / ENDINGS.len(), place as usize % ENDINGS.len());
    format!("{}{}", BEGINNINGS[beginning], ENDINGS[ending])
}

fn domain(root: &str, word: &str, account: u64) -> String {
    let again = account / (BEGINNINGS.len() * ENDINGS.len()) as u64;
    let number = if again == 0 { String::new() } else { (again + 1).to_string() };
    format!("{}-{}{number}.example", places::ascii(root), places::ascii(word))
}

/// The row of an account; about every eighth optional cell is empty, as real files are.
pub(super) fn account(sample: &Sample, account: u64) -> AccountRow {
    let Company { key, name, domain, place, industry, mut random } = company(sample, account);
    let random = &mut random;
    let (least, most, _) = *random.pick_weighted(&EMPLOYEES, |(_, _, weight)| *weight);
    let employees = random.between(least, most);
    let (low, high) = industry.revenue_per_employee;
    let revenue = employees * random.between(low, high) * 1_000;
    let description = format!("{} of \"{name}\", founded {}", industry.name, random.between(1871, 2023));
    AccountRow {
        key: key.into(),
        name: name.into(),
        industry: sometimes(95, industry.name, random),
        annual_revenue: sometimes(85, revenue.to_string(), random),
        employees: sometimes(92, employees.to_string(), random),
        sic_code: sometimes(60, industry.sic_code, random),
        website: sometimes(90, format!("https://www.{domain}"), random),
        phone: sometimes(70, places::phone(place.country, random), random),
        street: sometimes(80, street(random), random),
        city: place.city.name.into(),
        region: sometimes(40, place.city.region, random),
        state: place.city.state.into(),
        postal_code: sometimes(85, places::postal_code(place.country, random), random),
        country: place.country.name.into(),
        country_code: place.country.code.into(),
        source_type: random.pick(&SOURCES).into(),
        description: sometimes(30, description, random),
        time_zone: sometimes(90, place.city.time_zone, random),
        owner_email: sometimes(90, random_owner(sample, account), random),
        parent_key: parent(random, account),
    }
}

fn street(random: &mut SplitMix64) -> String {
    format!("{} {} Street", random.between(1, 240), random.pick(&STREETS))
}

fn random_owner(sample: &Sample, account: u64) -> &'static str {
    sample.stream(Stream::Share, account, u64::MAX).pick(&OWNERS)
}

/// One account in twelve belongs to an earlier one.
fn parent(random: &mut SplitMix64, account: u64) -> Cell {
    if account > 0 && random.percent(8) { key(random.below(account)).into() } else { Cell::default() }
}

/// The value so many times in a hundred, else an empty cell.
pub(super) fn sometimes(percent: u64, value: impl Into<Cell>, random: &mut SplitMix64) -> Cell {
    if random.percent(percent) { value.into() } else { Cell::default() }
}
