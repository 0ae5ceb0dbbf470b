//! The values that a message's templates name, found once and copied for every message.

use std::collections::BTreeSet;

use caravan_model::attribute::{AttributeNo, AttributeSet, Subject as About};
use caravan_model::condition::{Condition, Context};
use caravan_model::document::{Asks, ContentCondition, CustomObject, DocumentKind};
use caravan_model::sample::SplitMix64;
use caravan_model::suggest::did_you_mean;
use caravan_model::template::OBJECTS;
use caravan_model::value::Value;
use caravan_model::{DocumentId, Finding, PersonId};
use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::action::{Subject, Visit};
use crate::definitions::{Definitions, Interest};
use crate::groups;
use crate::needs::Needs;
use crate::world::{AccountIx, Group, PersonIx, World};

/// What a message depends on beside the values that its templates name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Content<'a> {
    /// The conditions that templates ask for, by name.
    pub conditions: Option<&'a IndexMap<String, ContentCondition>>,
    /// The solution interest whose buying group `buying_group` tells of.
    pub solution_interest: Option<&'a str>,
}

/// Whom a message is for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recipient {
    /// The person.
    pub person: Option<PersonIx>,
    /// The account on whose trip it is sent.
    pub account: Option<AccountIx>,
    /// When the trip began.
    pub entered_at: Option<Timestamp>,
}

impl Recipient {
    /// The person of a visit.
    pub fn of(person: PersonIx, visit: &Visit) -> Self {
        Self { person: Some(person), account: visit.account, entered_at: Some(visit.entered_at) }
    }
}

/// What a message must have copied.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    person: Vec<(String, AttributeNo)>,
    account: Vec<(String, AttributeNo)>,
    system: Map<String, Json>,
    times: Vec<Time>,
    zone: Option<TimeZone>,
    tells_zone: bool,
    draws: bool,
    own_zones: Option<(AttributeNo, AttributeNo)>,
    locale: Option<Locale>,
    my: Map<String, Json>,
    conditions: Vec<(String, Condition)>,
    group: Option<Interest>,
    of_group: Vec<&'static str>,
    records: Vec<Records>,
    most_records: usize,
}

/// What is copied of the records of one object.
#[derive(Debug, Clone)]
struct Records {
    key: String,
    id: DocumentId,
    subject: About,
    known: CustomObject,
    fields: Vec<String>,
}

/// Records of an object in one message, where the settings do not say otherwise.
const MOST_RECORDS: u64 = 10;

/// A way to tell the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Time {
    name: &'static str,
    format: &'static str,
}

/// What `system` offers beside the organisation's name and postal address: when the message was decided.
const TIMES: [Time; 3] = [
    Time { name: "date", format: "%Y-%m-%d" },
    Time { name: "time", format: "%H:%M" },
    Time { name: "date_time", format: "%Y-%m-%dT%H:%M%:z" },
];
/// What `buying_group` offers.
pub const OF_GROUP: [&str; 6] = ["stage", "status", "completeness", "engagement", "missing_roles", "role"];

fn of_group(field: &str, group: &Group, interest: &Interest, person: Option<PersonId>) -> Option<Json> {
    let role = || {
        let mut members = group.members.iter().filter(|member| member.counts());
        Some(members.find(|member| Some(member.person) == person)?.role.clone())
    };
    match field {
        "stage" => group.stage.clone().map(Json::from),
        "status" => group.status.clone().map(Json::from),
        "completeness" => group.completeness.map(Json::from),
        "engagement" => group.engagement.map(Json::from),
        "missing_roles" => Some(groups::missing_roles(group, interest).into()),
        "role" => role().map(Json::from),
        _ => None,
    }
}

/// The zone in which the message tells the time.
const ZONE: &str = "time_zone";
/// The language in which filters write dates and numbers.
const LOCALE: &str = "locale";
/// A number from 0 up to 1, drawn for each message.
const RANDOM: &str = "random";

/// The language of a message.
#[derive(Debug, Clone)]
struct Locale {
    /// The organisation's first language.
    default: Option<String>,
}

/// Filled in when the message is rendered.
const RENDERED: [&str; 2] = ["unsubscribe_url", "web_view_url"];

impl Snapshot {
    /// What these paths ask for.
    ///
    /// # Errors
    /// Every path that names no value.
    pub fn of(paths: &BTreeSet<String>, content: Content<'_>, definitions: &Definitions) -> Result<Self, Vec<Finding>> {
        let mut snapshot = Self { zone: Some(definitions.zone.clone()), ..Self::default() };
        let settings = definitions.of_kind(DocumentKind::Settings).next();
        let organisation = |field: &str| settings.and_then(|settings| settings.text(field)).map(Json::from);
        let mut findings = Vec::new();
        for path in paths {
            let (namespace, name) = path.split_once('.').unwrap_or((path, ""));
            let known = match namespace {
                _ if name.is_empty() => Err(not_named(path)),
                "person" => attribute(&definitions.schema.person, name).map(|found| snapshot.person.push(found)),
                "account" => attribute(&definitions.schema.account, name).map(|found| snapshot.account.push(found)),
                "system" => snapshot.system(name, &organisation),
                "my" => snapshot.token(name, definitions),
                "buying_group" => snapshot.of_group(name, content.solution_interest),
                OBJECTS => snapshot.of_records(name, definitions),
                "condition" => {
                    findings.extend(snapshot.condition(name, content, definitions).err().into_iter().flatten());
                    Ok(())
                }
                _ => Err(unknown_namespace(path)),
            };
            findings.extend(known.err());
        }
        let most = settings.and_then(|settings| settings.body.get("records_in_messages")?.as_u64());
        snapshot.most_records = usize::try_from(most.unwrap_or(MOST_RECORDS)).unwrap_or_default();
        // The way out that is put under a message without one names the address.
        snapshot.system.extend(organisation("postal_address").map(|address| ("postal_address".to_owned(), address)));
        if settings.is_some_and(|settings| settings.body.get("emails").is_some()) {
            snapshot.system.extend(organisation("organisation").map(|name| ("organisation".to_owned(), name)));
        }
        if let Some(locale) = &mut snapshot.locale {
            locale.default =
                settings.and_then(|settings| settings.body.pointer("/languages/0")?.as_str().map(str::to_owned));
        }
        if !snapshot.times.is_empty() || snapshot.tells_zone {
            snapshot.own_zones =
                Some((caravan_model::attribute::person::TIME_ZONE, caravan_model::attribute::account::TIME_ZONE));
        }
        if let Some(key) = content.solution_interest.filter(|_| !snapshot.of_group.is_empty()) {
            match definitions.interest(key, "/solution_interest") {
                Ok(interest) => snapshot.group = Some(interest),
                Err(found) => findings.extend(found),
            }
        }
        if findings.is_empty() { Ok(snapshot) } else { Err(findings) }
    }

    /// A value of the journey; outside of one there is none yet.
    fn token(&mut self, name: &str, definitions: &Definitions) -> Result<(), Finding> {
        let Some(tokens) = definitions.tokens() else { return Ok(()) };
        let Some(value) = tokens.get(name) else {
            let hint = did_you_mean(name, tokens.keys().map(String::as_str));
            let message = format!("The journey has no value `{name}` for `my.{name}`. Add it to its `tokens`.{hint}");
            return Err(Finding::error("my_token_undefined", "", message));
        };
        self.my.insert(name.to_owned(), value.clone());
        Ok(())
    }

    fn of_group(&mut self, name: &str, interest: Option<&str>) -> Result<(), Finding> {
        let Some(field) = OF_GROUP.iter().find(|field| **field == name) else {
            let hint = did_you_mean(name, OF_GROUP.iter().copied());
            let message = format!("There is no value `buying_group.{name}`.{hint}");
            return Err(Finding::error("unknown_attribute", "", message));
        };
        if interest.is_none() {
            let message = format!("`buying_group.{name}` is used, but of which group? Name its `solution_interest`.");
            return Err(Finding::error("no_solution_interest", "/solution_interest", message));
        }
        self.of_group.push(field);
        Ok(())
    }

    /// `KEY` or `KEY.FIELD` of records.
    fn of_records(&mut self, name: &str, definitions: &Definitions) -> Result<(), Finding> {
        let (key, field) = name.split_once('.').map_or((name, None), |(key, field)| (key, Some(field)));
        let at = match self.records.iter().position(|records| records.key == key) {
            Some(at) => at,
            None => {
                let found = definitions.find(DocumentKind::CustomObject, key, "")?;
                let unreadable = || Finding::error("unreadable", "", format!("The object `{key}` cannot be read."));
                let known = found.read::<CustomObject>().ok_or_else(unreadable)?;
                let records =
                    Records { key: key.to_owned(), id: found.id, subject: known.subject, known, fields: Vec::new() };
                self.records.push(records);
                self.records.len() - 1
            }
        };
        let (Some(field), Some(records)) = (field, self.records.get_mut(at)) else { return Ok(()) };
        if !records.known.fields.contains_key(field) {
            let hint = did_you_mean(field, records.known.fields.keys().map(String::as_str));
            let message = format!("Records of `{key}` have no field `{field}`.{hint}");
            return Err(Finding::error("unknown_attribute", "", message));
        }
        if !records.fields.iter().any(|known| known == field) {
            records.fields.push(field.to_owned());
        }
        Ok(())
    }

    fn condition(&mut self, name: &str, content: Content<'_>, definitions: &Definitions) -> Result<(), Vec<Finding>> {
        let known = content.conditions.and_then(|conditions| conditions.get(name));
        let Some(condition) = known else {
            let names = content.conditions.into_iter().flatten().map(|(name, _)| name.as_str());
            let hint = did_you_mean(name, names);
            let message = format!("There is no condition `{name}`. Add it to `conditions`.{hint}");
            return Err(vec![Finding::error("unknown_attribute", "/conditions", message)]);
        };
        let pointer = format!("/conditions/{name}/when");
        let saved;
        let (subject, when) = match condition.asks() {
            Some(Asks::Own(subject, when)) => (subject, when),
            Some(Asks::Saved(key)) => {
                saved = definitions.saved_condition(key, &format!("/conditions/{name}/audience"))?;
                (saved.subject, &saved.when)
            }
            // Said where the content is checked.
            None => return Err(Vec::new()),
        };
        let condition = match subject {
            About::Account => definitions.account_condition(when, &pointer),
            About::Person => definitions.person_condition(when, &pointer),
        };
        self.conditions.push((name.to_owned(), condition?));
        Ok(())
    }

    fn system(&mut self, name: &str, organisation: &dyn Fn(&str) -> Option<Json>) -> Result<(), Finding> {
        match TIMES.iter().find(|time| time.name == name) {
            Some(time) => self.times.push(*time),
            None if matches!(name, "organisation" | "postal_address") => {
                self.system.extend(organisation(name).map(|value| (name.to_owned(), value)));
            }
            None if RENDERED.contains(&name) => {}
            None if name == ZONE => self.tells_zone = true,
            None if name == RANDOM => self.draws = true,
            None if name == LOCALE => self.locale = Some(Locale { default: None }),
            None => {
                let others = ["organisation", "postal_address", ZONE, LOCALE, RANDOM].into_iter().chain(RENDERED);
                let known = TIMES.iter().map(|time| time.name).chain(others);
                let hint = did_you_mean(name, known);
                let message = format!("There is no value `system.{name}`.{hint}");
                return Err(Finding::error("unknown_attribute", "", message));
            }
        }
        Ok(())
    }

    /// The attributes that it copies.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs {
            person_attributes: self.person.iter().map(|(_, no)| *no).collect(),
            account_attributes: self.account.iter().map(|(_, no)| *no).collect(),
            ..Needs::default()
        };
        if let Some((person, account)) = self.own_zones {
            needs.person_attributes.insert(person);
            needs.account_attributes.insert(account);
        }
        if self.locale.is_some() {
            needs.person_attributes.insert(caravan_model::attribute::person::LOCALE);
        }
        for (_, condition) in &self.conditions {
            needs.extend(&Needs::from(&condition.needs()));
        }
        needs.objects.extend(self.records.iter().map(|records| records.id));
        needs.interests.extend(self.group.as_ref().map(|interest| interest.id));
        needs
    }

    /// The values as they are now, by namespace; missing ones are left out.
    pub fn take(&self, world: &World, recipient: Recipient) -> Map<String, Json> {
        let Recipient { person, account, .. } = recipient;
        let mut values = Map::new();
        if let Some(ix) = person {
            put(&mut values, "person", &self.person, |no| world.person_value(ix, no));
        }
        if let Some(ix) = account {
            put(&mut values, "account", &self.account, |no| world.account_value(ix, no));
        }
        let mut system = self.system.clone();
        if let Some(locale) = self.locale_of(world, person) {
            system.insert(LOCALE.to_owned(), locale.into());
        }
        if self.draws {
            system.insert(RANDOM.to_owned(), drawn(person.map(|ix| world.person(ix).id), world.now).into());
        }
        if !self.times.is_empty() || self.tells_zone {
            let zone = self.zone_of(world, person, account);
            if self.tells_zone {
                system.extend(zone.iana_name().map(|name| (ZONE.to_owned(), name.into())));
            }
            let local = world.now.to_zoned(zone);
            let told =
                self.times.iter().map(|time| (time.name.to_owned(), local.strftime(time.format).to_string().into()));
            system.extend(told);
        }
        let conditions = self.conditions.iter().map(|(name, condition)| {
            let holds = self.holds(world, condition, recipient);
            (name.clone(), Json::Bool(holds))
        });
        let parts = [
            ("system", system),
            ("my", self.my.clone()),
            ("condition", conditions.collect()),
            ("buying_group", self.group_values(world, recipient)),
            (OBJECTS, self.records.iter().map(|of| (of.key.clone(), self.records_of(of, world, recipient))).collect()),
        ];
        let parts = parts.into_iter().filter(|(_, part)| !part.is_empty());
        values.extend(parts.map(|(name, part)| (name.to_owned(), Json::Object(part))));
        values
    }

    /// Whether a condition holds for whom it is about; without an account none about one does.
    fn holds(&self, world: &World, condition: &Condition, recipient: Recipient) -> bool {
        let subject = match condition.subject() {
            About::Account => recipient.account.map(Subject::Account),
            About::Person => recipient.person.map(Subject::Person),
        };
        let utc = TimeZone::UTC;
        let zone = self.zone.as_ref().unwrap_or(&utc);
        let context = Context { now: world.now, entry: recipient.entered_at, zone };
        subject.is_some_and(|subject| world.holds(condition, subject, recipient.account, &context))
    }

    /// An object's records of the account or the person, the last added first, with the fields that are named.
    fn records_of(&self, of: &Records, world: &World, recipient: Recipient) -> Json {
        let records = match of.subject {
            About::Account => recipient.account.map(|account| world.account(account).records.as_slice()),
            About::Person => recipient.person.map(|person| world.person(person).records.as_slice()),
        };
        let records = records.unwrap_or_default().iter().filter(|record| record.object == of.id);
        let newest = records.rev().take(self.most_records);
        let value = |fields: &Json, name: &String| {
            Some((name.clone(), fields.get(name).filter(|value| !value.is_null())?.clone()))
        };
        newest
            .map(|record| Json::Object(of.fields.iter().filter_map(|name| value(&record.fields, name)).collect()))
            .collect()
    }

    /// What is named of the buying group: the account's, else one of the person's.
    fn group_values(&self, world: &World, recipient: Recipient) -> Map<String, Json> {
        let Some(interest) = &self.group else { return Map::new() };
        let of_account = recipient.account.and_then(|account| world.group_of(account, interest.id));
        let of_person = || {
            let memberships = &world.person(recipient.person?).memberships;
            memberships.iter().map(|(group, _)| *group).find(|&group| world.group(group).interest == interest.id)
        };
        let Some(group) = of_account.or_else(of_person).map(|group| world.group(group)) else { return Map::new() };
        let person = recipient.person.map(|person| world.person(person).id);
        let value = |field: &&'static str| Some(((*field).to_owned(), of_group(field, group, interest, person)?));
        self.of_group.iter().filter_map(value).collect()
    }

    /// The person's own language, else the organisation's first.
    fn locale_of(&self, world: &World, person: Option<PersonIx>) -> Option<String> {
        let locale = self.locale.as_ref()?;
        let own = person.and_then(|ix| world.person_value(ix, caravan_model::attribute::person::LOCALE).as_text());
        own.filter(|own| !own.trim().is_empty()).map(str::to_owned).or_else(|| locale.default.clone())
    }

    /// The person's own time zone, else the account's, else the organisation's.
    fn zone_of(&self, world: &World, person: Option<PersonIx>, account: Option<AccountIx>) -> TimeZone {
        let subjects = [person.map(Subject::Person), account.map(Subject::Account)];
        let own = subjects.into_iter().flatten().find_map(|subject| TimeZone::get(world.time_zone(subject)?).ok());
        own.or_else(|| self.zone.clone()).unwrap_or(TimeZone::UTC)
    }
}

/// The same for the same recipient and moment, so that a preview shows what is sent; with six digits.
fn drawn(person: Option<PersonId>, now: Timestamp) -> f64 {
    let whose = person.map_or(0, |person| person.0.unsigned_abs());
    let drawn = SplitMix64::new(SplitMix64::new(whose).next() ^ now.as_microsecond().unsigned_abs()).next();
    (drawn % 1_000_000) as f64 / 1e6
}

fn put<'a>(
    values: &mut Map<String, Json>,
    namespace: &str,
    wanted: &[(String, AttributeNo)],
    value: impl Fn(AttributeNo) -> &'a Value,
) {
    let there = wanted.iter().map(|(key, no)| (key, value(*no))).filter(|(_, value)| !value.is_missing());
    let there: Map<String, Json> = there.map(|(key, value)| (key.clone(), value.to_json())).collect();
    if !there.is_empty() {
        values.insert(namespace.to_owned(), Json::Object(there));
    }
}

fn attribute(set: &AttributeSet, name: &str) -> Result<(String, AttributeNo), Finding> {
    // Only whole attributes are values: `person.city.name` is a mistake.
    set.find(name, "").map(|(no, attribute)| (attribute.key.clone(), no))
}

fn not_named(path: &str) -> Finding {
    let message = format!("`{path}` as a whole is no value. Name the attribute, like `{path}.name`.");
    Finding::error("attribute_not_named", "", message)
}

fn unknown_namespace(path: &str) -> Finding {
    let message = format!(
        "There is no value `{path}`. A value begins with `person`, `account`, `buying_group`, `objects`, `condition`, `my` or `system`."
    );
    Finding::error("unknown_attribute", "", message)
}
