//! Sends those who sell to the account a picture of its buying group: one email per account.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use caravan_model::attribute::{AttributeNo, account, person};
use caravan_model::document::DocumentKind;
use caravan_model::{Finding, PersonId};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::changes::NewEffect;
use crate::definitions::{Definitions, Interest};
use crate::effects::{self, AlertMember, SalesAlertEffect};
use crate::groups;
use crate::mailing::first_mail_connection;
use crate::needs::Needs;
use crate::world::{AccountIx, Group, PastActivity, World};

/// The recipient that stands for the account's owner.
const OWNER: &str = "owner";
/// What counts as doing something, and how an alert puts it.
const DOINGS: &[(&str, &str)] = &[
    ("email_opened", "Opened an email"),
    ("email_clicked", "Clicked in an email"),
    ("sms_clicked", "Clicked in a text message"),
    ("form_filled", "Filled a form"),
    ("page_viewed", "Viewed a page"),
    ("link_clicked", "Followed a link"),
    ("interesting_moment", "Had an interesting moment"),
];
/// How far back an alert looks.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Interesting moments that an alert shows.
const MOMENTS_SHOWN: usize = 3;
/// Doings of a member that an alert shows.
const LATEST_SHOWN: usize = 2;
/// Topics that an alert shows.
const TOPICS_SHOWN: usize = 5;
/// Shorter words say too little.
const SHORTEST_WORD: usize = 4;
/// Words of names and addresses that say nothing about what they are about.
const SAY_NOTHING: &[&str] = &["email", "form", "html", "index", "mail", "news", "page", "site", "with", "your"];
/// Members that an alert shows.
const MEMBERS_SHOWN: usize = 4;

/// Settings of *Send Sales Alert*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose buying group of the account.
    #[schemars(extend("x-reference" = "solution_interest"))]
    pub solution_interest: String,
    /// Addresses, or `owner` for the account's owner.
    #[schemars(length(min = 1, max = 25))]
    pub to: Vec<String>,
}

/// The interest and the connection, found.
pub struct Prepared {
    interest: Interest,
    to: Vec<String>,
    connection: String,
    organisation: Option<String>,
    attributes: Attributes,
}

impl Prepared {
    fn lane(&self) -> String {
        format!("email:{}", self.connection)
    }
}

/// The attributes that an alert shows and that have no number of their own.
#[derive(Debug, Clone, Copy)]
struct Attributes {
    title: Option<AttributeNo>,
    phone: Option<AttributeNo>,
}

/// *Send Sales Alert*.
pub struct SendSalesAlert;

impl Action for SendSalesAlert {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "send_sales_alert",
            label: "Send Sales Alert",
            description: "Sends those who sell to the account a picture of its buying group.",
            subject: Subjects::Account,
            category: "messages",
            icon: "bell",
            in_person_journeys: false,
            leaves: true,
            permission: "journeys.publish",
            reasons: &[
                ("no_buying_group", "The account has no buying group of this solution interest."),
                ("no_recipient", "The account has no owner, and nobody else is named."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { solution_interest: "crm".to_owned(), to: vec![OWNER.to_owned(), "desk@example.com".to_owned()] }
    }

    fn check(&self, settings: &Settings) -> Vec<Finding> {
        let wrong = settings.to.iter().enumerate().filter(|(_, to)| *to != OWNER && !is_address(to));
        let finding = |(n, to): (usize, &String)| {
            let message =
                format!("`{to}` is no email address. Write an address, or `{OWNER}` for the account's owner.");
            Finding::error("bad_address", format!("/to/{n}"), message)
        };
        wrong.map(finding).collect()
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let interest = definitions.interest(&settings.solution_interest, "/solution_interest")?;
        let schema = &definitions.schema.person;
        let organisation = definitions.of_kind(DocumentKind::Settings).next();
        Ok(Prepared {
            interest,
            to: settings.to.clone(),
            connection: mail_connection(definitions).map_err(|finding| vec![finding])?,
            organisation: organisation.and_then(|settings| settings.text("organisation")).map(str::to_owned),
            attributes: Attributes { title: schema.no("job_title"), phone: schema.no("phone") },
        })
    }

    fn writes_to_owner(&self, settings: &Settings) -> bool {
        settings.to.iter().any(|to| to == OWNER)
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        let Attributes { title, phone } = prepared.attributes;
        let shown = [person::EMAIL, person::FIRST_NAME, person::LAST_NAME];
        Needs {
            account_attributes: [account::OWNER_EMAIL].into(),
            person_attributes: shown.into_iter().chain(title).chain(phone).collect(),
            people: true,
            engagement: true,
            interests: [prepared.interest.id].into(),
            history: DOINGS.iter().map(|(kind, _)| (*kind).to_owned()).collect(),
            lanes: [prepared.lane()].into(),
            ..Needs::default()
        }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let group = match subject {
            Subject::Account(ix) => world.group_of(ix, prepared.interest.id).map(|group| (ix, group)),
            Subject::Person(_) => None,
        };
        let Some((account, group)) = group else { return Outcome::NoOp("no_buying_group") };
        let to = recipients(prepared, world, account);
        if to.is_empty() {
            return Outcome::NoOp("no_recipient");
        }
        let body = alert(prepared, visit, world, account, world.group(group), to);
        let effect = NewEffect {
            lane: prepared.lane(),
            kind: effects::SALES_ALERT,
            key: format!("{}.{}", visit.enrollment, visit.node),
            shard: visit.shard,
            enrollment: visit.enrollment,
            version: visit.version,
            node: visit.node,
            account: Some(world.account(account).id),
            person: None,
            body: serde_json::to_string(&body).unwrap_or_default(),
        };
        world.changes.effects.push(effect);
        Outcome::Pending
    }
}

/// Alerts leave by the first mail connection, by key.
fn mail_connection(definitions: &Definitions) -> Result<String, Finding> {
    first_mail_connection(definitions).ok_or_else(|| {
        let message = "There is no connection that sends mail. Apply one of type `smtp`.";
        Finding::error("no_mail_connection", "", message)
    })
}

/// Everyone named, the owner looked up, each address once.
fn recipients(prepared: &Prepared, world: &World, account: AccountIx) -> Vec<String> {
    let owner = world.account_value(account, account::OWNER_EMAIL).as_text().map(str::trim);
    let named = prepared.to.iter().filter_map(|to| if to == OWNER { owner } else { Some(to.as_str()) });
    let mut found: Vec<String> = Vec::new();
    for address in named.filter(|address| is_address(address)) {
        if !found.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            found.push(address.to_owned());
        }
    }
    found
}

fn alert(
    prepared: &Prepared,
    visit: &Visit,
    world: &World,
    account: AccountIx,
    group: &Group,
    to: Vec<String>,
) -> SalesAlertEffect {
    let interest = &prepared.interest;
    let account = world.account(account);
    SalesAlertEffect {
        connection: prepared.connection.clone(),
        journey: effects::journey_key(&visit.origin.source),
        node: visit.node,
        to,
        organisation: prepared.organisation.clone(),
        group_id: Some(group.id.to_string()),
        group: groups::name(&interest.name, &account.name),
        solution_interest: interest.key.clone(),
        interest_name: interest.name.clone(),
        account: account.key.clone(),
        account_name: account.name.clone(),
        engagement: group.engagement,
        completeness: group.completeness,
        stage: group.stage.clone(),
        status: group.status.clone(),
        missing_roles: groups::missing_roles(group, interest).into_iter().map(str::to_owned).collect(),
        doings: doings(world, group),
        topics: topics(world, group),
        moments: moments(prepared, world, group),
        members: members(prepared, world, group),
    }
}

/// What a person did lately, newest first.
fn lately(world: &World, person: PersonId) -> Vec<&PastActivity> {
    let since = world.now.saturating_sub(LOOKS_BACK).unwrap_or(Timestamp::MIN);
    let history = world.person_ix(person).map(|ix| world.person(ix).history.as_slice()).unwrap_or_default();
    history.iter().rev().filter(|past| past.at >= since && put(&past.kind).is_some()).collect()
}

fn put(kind: &str) -> Option<&'static str> {
    DOINGS.iter().find(|(known, _)| *known == kind).map(|(_, words)| *words)
}

fn there(group: &Group) -> impl Iterator<Item = PersonId> {
    group.members.iter().filter(|member| member.counts()).map(|member| member.person)
}

/// How often the members did what, the most frequent first.
fn doings(world: &World, group: &Group) -> Vec<(String, usize)> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for past in there(group).flat_map(|person| lately(world, person)) {
        *counted.entry(put(&past.kind).unwrap_or_default()).or_default() += 1;
    }
    let mut counted: Vec<(String, usize)> = counted.into_iter().map(|(words, n)| (words.to_owned(), n)).collect();
    counted.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    counted
}

/// The words that come up most in what the members read: names of emails and forms, addresses of pages.
fn topics(world: &World, group: &Group) -> Vec<String> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for past in there(group).flat_map(|person| lately(world, person)) {
        for word in words_of(past) {
            *counted.entry(word).or_default() += 1;
        }
    }
    let mut counted: Vec<(String, usize)> = counted.into_iter().collect();
    counted.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    counted.into_iter().map(|(word, _)| word).take(TOPICS_SHOWN).collect()
}

/// The telling words of what somebody did, each once.
fn words_of(past: &PastActivity) -> BTreeSet<String> {
    let text = |field: &str| past.fields.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
    // Of an address only what stands behind the host and before the question mark is about anything.
    let url = text("url").split_once("://").map_or(text("url"), |(_, rest)| rest);
    let path = url.split_once('/').map_or("", |(_, path)| path).split(['?', '#']).next().unwrap_or_default();
    let words = [text("email"), text("sms_message"), text("form"), path].map(str::to_lowercase);
    let words = words.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let telling = |word: &&str| {
        word.chars().count() >= SHORTEST_WORD && !word.chars().all(char::is_numeric) && !SAY_NOTHING.contains(word)
    };
    words.filter(telling).map(str::to_owned).collect()
}

fn is_moment(past: &PastActivity) -> bool {
    &*past.kind == "interesting_moment"
}

/// What an interesting moment was, in the words of whoever told of it.
fn said_of(moment: &PastActivity) -> String {
    let text = |field: &str| moment.fields.get(field).and_then(serde_json::Value::as_str).map(str::to_owned);
    text("description").or_else(|| text("moment")).unwrap_or_default()
}

/// The members' latest interesting moments.
fn moments(prepared: &Prepared, world: &World, group: &Group) -> Vec<(String, String)> {
    let mut found: Vec<(Timestamp, PersonId, String)> = Vec::new();
    for person in there(group) {
        let moments = lately(world, person).into_iter().filter(|past| is_moment(past));
        found.extend(moments.map(|past| (past.at, person, said_of(past))));
    }
    found.sort_by(|a, b| b.cmp(a));
    let named = found
        .into_iter()
        .filter_map(|(_, person, what)| Some((member(prepared.attributes, world, person, "")?.name, what)));
    named.take(MOMENTS_SHOWN).collect()
}

/// The most engaged members; among equals those who did most lately, then those with the most important roles.
fn members(prepared: &Prepared, world: &World, group: &Group) -> Vec<AlertMember> {
    let priority: BTreeMap<&str, usize> =
        (0..).zip(&prepared.interest.roles).map(|(n, card)| (card.role.as_str(), n)).collect();
    let engagement = |person| world.person_ix(person).and_then(|ix| world.person(ix).engagement).unwrap_or_default();
    let mut there: Vec<(f64, Reverse<usize>, usize, PersonId, &str)> = group
        .members
        .iter()
        .filter(|member| !member.removed)
        .map(|member| {
            let role = priority.get(member.role.as_str()).copied().unwrap_or(usize::MAX);
            let did = Reverse(lately(world, member.person).len());
            (engagement(member.person), did, role, member.person, &*member.role)
        })
        .collect();
    let rest = |&(_, did, role, person, _): &(f64, Reverse<usize>, usize, PersonId, &str)| (did, role, person);
    there.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| rest(a).cmp(&rest(b))));
    let shown =
        there.into_iter().filter_map(|(_, _, _, person, role)| member(prepared.attributes, world, person, role));
    shown.take(MEMBERS_SHOWN).collect()
}

fn member(attributes: Attributes, world: &World, person: PersonId, role: &str) -> Option<AlertMember> {
    let ix = world.person_ix(person)?;
    let text = |no| world.person_value(ix, no).as_text().map(str::to_owned);
    let names = [person::FIRST_NAME, person::LAST_NAME].into_iter().filter_map(text).collect::<Vec<_>>().join(" ");
    let key = &world.person(ix).key;
    let email = text(person::EMAIL);
    let lately = lately(world, person);
    let told = |past: &&PastActivity| Some(format!("{}, {}", put(&past.kind)?, past.at.strftime("%Y-%m-%d")));
    Some(AlertMember {
        person: key.clone(),
        name: if names.is_empty() { email.clone().unwrap_or_else(|| key.clone()) } else { names },
        title: attributes.title.and_then(text),
        role: role.to_owned(),
        email,
        phone: attributes.phone.and_then(text),
        engagement: world.person(ix).engagement,
        doings: lately.len(),
        latest: lately.iter().take(LATEST_SHOWN).filter_map(told).collect(),
        moment: lately
            .iter()
            .find(|past| is_moment(past))
            .map(|past| format!("{}, {}", said_of(past), past.at.strftime("%Y-%m-%d"))),
    })
}

/// Something before and after one `@`, without spaces: what a typing mistake usually is not. Delivery checks it fully.
fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    let sound =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control());
    parts.is_some_and(|(name, domain)| sound(name) && sound(domain))
}
