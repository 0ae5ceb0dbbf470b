//! The values that a message's templates name, found once and copied for every message.

use std::collections::BTreeSet;

use caravan_model::Finding;
use caravan_model::attribute::{AttributeNo, AttributeSet};
use caravan_model::document::DocumentKind;
use caravan_model::suggest::did_you_mean;
use caravan_model::value::Value;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::action::Subject;
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::{AccountIx, PersonIx, World};

/// What a message must have copied.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    person: Vec<(String, AttributeNo)>,
    account: Vec<(String, AttributeNo)>,
    system: Map<String, Json>,
    times: Vec<Time>,
    zone: Option<TimeZone>,
    tells_zone: bool,
    own_zones: Option<(AttributeNo, AttributeNo)>,
    locale: Option<Locale>,
}

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
/// The zone in which the message tells the time.
const ZONE: &str = "time_zone";
/// The language in which filters write dates and numbers.
const LOCALE: &str = "locale";

/// The language of a message.
#[derive(Debug, Clone)]
struct Locale {
    /// The organisation's first language.
    default: Option<String>,
}

/// Filled in when the message is rendered.
const RENDERED: &str = "unsubscribe_url";

impl Snapshot {
    /// What these paths ask for.
    ///
    /// # Errors
    /// Every path that names no value.
    pub fn of(paths: &BTreeSet<String>, definitions: &Definitions) -> Result<Self, Vec<Finding>> {
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
                _ => Err(unknown_namespace(path)),
            };
            findings.extend(known.err());
        }
        // The way out that is put under a message without one names the address.
        snapshot.system.extend(organisation("postal_address").map(|address| ("postal_address".to_owned(), address)));
        if let Some(locale) = &mut snapshot.locale {
            locale.default =
                settings.and_then(|settings| settings.body.pointer("/languages/0")?.as_str().map(str::to_owned));
        }
        if !snapshot.times.is_empty() || snapshot.tells_zone {
            snapshot.own_zones =
                Some((caravan_model::attribute::person::TIME_ZONE, caravan_model::attribute::account::TIME_ZONE));
        }
        if findings.is_empty() { Ok(snapshot) } else { Err(findings) }
    }

    fn system(&mut self, name: &str, organisation: &dyn Fn(&str) -> Option<Json>) -> Result<(), Finding> {
        match TIMES.iter().find(|time| time.name == name) {
            Some(time) => self.times.push(*time),
            None if matches!(name, "organisation" | "postal_address") => {
                self.system.extend(organisation(name).map(|value| (name.to_owned(), value)));
            }
            None if name == RENDERED => {}
            None if name == ZONE => self.tells_zone = true,
            None if name == LOCALE => self.locale = Some(Locale { default: None }),
            None => {
                let others = ["organisation", "postal_address", ZONE, LOCALE, RENDERED];
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
        needs
    }

    /// The values as they are now, by namespace; missing ones are left out.
    pub fn take(&self, world: &World, person: Option<PersonIx>, account: Option<AccountIx>) -> Map<String, Json> {
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
        if !system.is_empty() {
            values.insert("system".to_owned(), Json::Object(system));
        }
        values
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
    let message = format!("There is no value `{path}`. A value begins with `person`, `account` or `system`.");
    Finding::error("unknown_attribute", "", message)
}
