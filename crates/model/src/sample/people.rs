//! Invented people: a name of their country, a job, ways to reach them, what they have consented to.

use super::companies::{self, Company, sometimes};
use super::jobs::{Job, LEVELS};
use super::places;
use super::random::{SplitMix64, Stream};
use super::{Cell, PersonRow, Sample};

/// Who somebody is, apart from where they work.
struct Identity {
    salutation: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    email: String,
}

const STATUSES: [(&str, u64); 6] =
    [("New", 30), ("Working", 22), ("Nurturing", 20), ("Qualified", 12), ("Customer", 10), ("Disqualified", 6)];

const ROLES: [&str; 5] = ["owner", "contractor", "accountant", "contractor;accountant", "board member"];

const REASONS: [&str; 3] = ["too many messages", "not relevant", "asked by phone"];

/// The row of one person of an account, both counted from zero.
pub(super) fn person(sample: &Sample, account: u64, person: u64) -> PersonRow {
    let company = companies::company(sample, account);
    let Identity { salutation, first_name, last_name, email } =
        known_elsewhere(sample, account, person).unwrap_or_else(|| identity(sample, &company, account, person));
    let random = &mut sample.stream(Stream::Person, account, person);
    let country = company.place.country;
    let city = if random.percent(75) { company.place.city } else { places::draw_city(country, random) };
    let job = random.pick_weighted(&LEVELS, |level| level.weight).jobs;
    let job = random.pick_weighted(job, |_| 1);
    let unsubscribed = random.percent(3);
    PersonRow {
        key: format!("{}-{:04}", company.key, person + 1).into(),
        email: email.into(),
        salutation: sometimes(60, salutation, random),
        first_name: sometimes(96, first_name, random),
        middle_name: sometimes(4, "Q.", random),
        last_name: sometimes(98, last_name, random),
        birth_date: birth_date(random),
        job_title: job_title(random, job),
        department: sometimes(80, job.department, random),
        phone: sometimes(65, places::phone(country, random), random),
        mobile_phone: sometimes(30, places::phone(country, random), random),
        street: Cell::default(),
        city: sometimes(80, city.name, random),
        state: sometimes(70, city.state, random),
        postal_code: sometimes(50, places::postal_code(country, random), random),
        country: sometimes(93, country.code, random),
        status: random.pick_weighted(&STATUSES, |(_, weight)| *weight).0.into(),
        time_zone: sometimes(70, city.time_zone, random),
        locale: sometimes(75, country.locale, random),
        unsubscribed: if unsubscribed { "true".into() } else { Cell::default() },
        unsubscribed_reason: if unsubscribed { random.pick(&REASONS).into() } else { Cell::default() },
        email_invalid: sometimes(1, "true", random),
        sms_consent: sms_consent(random),
        account_key: company.key.into(),
        account_roles: account_roles(random),
    }
}

fn identity(sample: &Sample, company: &Company, account: u64, person: u64) -> Identity {
    let random = &mut sample.stream(Stream::Name, account, person);
    let country = company.place.country;
    let (names, salutation) = if random.percent(50) { (country.women, "Ms.") } else { (country.men, "Mr.") };
    let salutation = if random.percent(4) { "Dr." } else { salutation };
    let (first_name, last_name) = (random.pick(names), random.pick(country.last_names));
    let local = format!("{}.{}", places::ascii(first_name), places::ascii(last_name));
    // The number keeps namesakes in one company apart.
    let number = if person == 0 { String::new() } else { (person + 1).to_string() };
    Identity { salutation, first_name, last_name, email: format!("{local}{number}@{}", company.domain) }
}

/// About one person in forty was entered twice, in the books of two accounts: same name and address, another key.
fn known_elsewhere(sample: &Sample, account: u64, person: u64) -> Option<Identity> {
    let random = &mut sample.stream(Stream::Share, account, person);
    if account == 0 || random.below(40) > 0 {
        return None;
    }
    let other = random.below(account);
    (sample.size_of(other) > 0).then(|| identity(sample, &companies::company(sample, other), other, 0))
}

/// One title in a hundred is written in small letters, one person in sixteen has none.
fn job_title(random: &mut SplitMix64, job: &Job) -> Cell {
    match random.below(100) {
        0 => job.title.to_lowercase().into(),
        1..=6 => Cell::default(),
        _ => job.title.into(),
    }
}

fn birth_date(random: &mut SplitMix64) -> Cell {
    let (year, month, day) = (random.between(1958, 2001), random.between(1, 12), random.between(1, 28));
    sometimes(5, format!("{year}-{month:02}-{day:02}"), random)
}

fn sms_consent(random: &mut SplitMix64) -> Cell {
    match random.below(100) {
        0..10 => "y".into(),
        10..15 => "n".into(),
        _ => Cell::default(),
    }
}

fn account_roles(random: &mut SplitMix64) -> Cell {
    let roles = random.pick(&ROLES);
    sometimes(12, roles, random)
}
