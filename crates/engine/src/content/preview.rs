//! A message as a person would get it, made by the code that makes the messages which leave: the same values, the same
//! renderer; nothing is sent, counted or tracked.

use std::collections::BTreeMap;

use caravan_catalog::snapshot::{Content, Recipient, Snapshot};
use caravan_catalog::{Definitions, World};
use caravan_connect::email::{Campaign, Compiled, Link, Rendered, Tracking};
use caravan_connect::texts::{self, Segments, TextLinks, TextProblem, segments};
use caravan_connect::tracking::{LinkMaker, Purpose, SigningKeys};
use caravan_connect::{Mailbox, Secret};
use caravan_model::document::{DocumentKind, Email, Fragment, SmsMessage};
use caravan_model::{AccountId, EffectId, Finding, PersonId, template};
use caravan_store::records::Table;
use caravan_store::{Session, StoreError, documents, intake, ledger, people};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{alone, begun};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::deliver::{
    House, TextOf, compile_email, content_of, copies_of, frozen_email, kept_of, link_base, link_parameters,
    needs_way_out,
};
use crate::live::{Live, journey_of};
use crate::load::{self, Wanted};

/// Longest mail that no mail program cuts off, in bytes.
const MOST_BYTES: usize = 100 * 1024;

/// As whom, and from what, a message is made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PreviewRequest {
    /// A manifest that has not been saved, instead of the stored one.
    pub draft: Option<Json>,
    /// Key of the person; left out: a person of whom nothing is known.
    pub person: Option<String>,
    /// Key of the account; left out: the person's first.
    pub account: Option<String>,
    /// Key of the journey whose values `my` names.
    pub journey: Option<String>,
    /// Key of the node that sends it, which campaign parameters may name.
    pub node: Option<String>,
    /// Answers that are forced on conditions, by name.
    pub conditions: BTreeMap<String, bool>,
    /// The message's clock; left out: now.
    pub at: Option<Timestamp>,
    /// Shows values that would be empty by their names (`{{ person.first_name }}`), as a design does.
    pub named: bool,
}

/// What is looked at as an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailKind {
    /// An email.
    Email,
    /// A template, as the email that begins with it.
    Template,
    /// A fragment, as an email that holds nothing else.
    Fragment,
}

impl MailKind {
    /// As which it is kept.
    pub fn document(self) -> DocumentKind {
        match self {
            Self::Email => DocumentKind::Email,
            Self::Template => DocumentKind::EmailTemplate,
            Self::Fragment => DocumentKind::Fragment,
        }
    }
}

/// An email as one person would get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preview {
    /// The subject line.
    pub subject: String,
    /// Who it comes from; none: the connection's sender.
    pub from: Option<String>,
    /// Where answers go, when not to the sender.
    pub reply_to: Option<String>,
    /// Who would get a copy, before opt-outs and the do-not-contact list are asked.
    pub cc: Vec<String>,
    /// The HTML part.
    pub html: String,
    /// The plain text part.
    pub text: String,
    /// Length of the HTML part in bytes as it leaves, tracked links and all.
    pub bytes: usize,
    /// What that would be without `optimize_html`; none where the email does not ask for it.
    pub bytes_unoptimized: Option<usize>,
    /// What is worth a look, for this person too.
    pub findings: Vec<Finding>,
    /// The links, in the order of the design.
    pub links: Vec<LinkShown>,
    /// The conditions that the content depends on, and whether each holds.
    pub conditions: BTreeMap<String, bool>,
    /// Values without fallback that this person does not have.
    pub missing: Vec<String>,
}

/// A link of an email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LinkShown {
    /// Its number, from 0.
    pub number: u16,
    /// What people read of it, as a template.
    pub label: String,
    /// Where it leads, as a template.
    pub target: String,
    /// Whether clicks on it are counted.
    pub tracking: Tracking,
}

/// A text message as one person would get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TextPreview {
    /// The text, its links shortened to codes of the same length as those that are sent.
    pub text: String,
    /// How long it is for the networks.
    #[serde(flatten)]
    pub length: Segments,
}

/// An email made for somebody, and what it takes to send it.
#[derive(Debug, Clone)]
pub struct Previewed {
    /// As it was rendered.
    pub rendered: Rendered,
    /// Key of the connection that sends it.
    pub connection: String,
    /// As people look at it.
    pub shown: Preview,
}

/// Makes an email for somebody.
///
/// # Errors
/// There is no such email, person, account or journey; or everything that stands against the email.
pub fn preview_email(
    engine: &Engine,
    key: &str,
    request: &PreviewRequest,
    public_url: &str,
) -> Result<Previewed, DefinitionError> {
    preview_mail(engine, MailKind::Email, key, request, public_url)
}

/// Makes an email of an email, a template or a fragment for somebody.
///
/// # Errors
/// As [`preview_email`].
pub fn preview_mail(
    engine: &Engine,
    kind: MailKind,
    key: &str,
    request: &PreviewRequest,
    public_url: &str,
) -> Result<Previewed, DefinitionError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let definitions = of_journey(s, &live.definitions, request)?;
        let email = email_of(&definitions, kind, key, request.draft.as_ref())?;
        let email = email.whole(&|key: &str| definitions.fragment(key)).map_err(DefinitionError::Findings)?;
        let content =
            Content { conditions: Some(&email.conditions), solution_interest: email.solution_interest.as_deref() };
        let paths = email.paths().map_err(DefinitionError::Findings)?;
        let snapshot = Snapshot::of(&paths, content, &definitions).map_err(DefinitionError::Findings)?;
        let settings = definitions.settings();
        let house = House::of(settings.as_ref());
        let compiled = compile_email(&email, &house).map_err(DefinitionError::Findings)?;
        let values = taken(s, &live, &snapshot, request)?;
        let conditions = values.get("condition").cloned().unwrap_or_default();
        let has = |path: &&str| {
            let (namespace, name) = path.split_once('.').unwrap_or((path, ""));
            values.get(namespace).and_then(|values| values.get(name)).is_none()
        };
        let missing: Vec<String> = compiled.without_fallback().filter(has).map(str::to_owned).collect();
        let names = CampaignNames::of(s, &definitions, key, request)?;
        let parameters = link_parameters(&definitions, &email.connection, &names.campaign(key, request));
        let written = Json::Object(values.clone());
        let from = compiled.sender(&written).map_err(|error| Finding::error(error.code, "", error.to_string()))?;
        let sender = (email.connection.as_str(), from.as_ref().map(|from| from.email.as_str()));
        let base = link_base(s, &definitions, sender, public_url)?;
        let links = LinkMaker::preview(&base).with_parameters(&parameters);
        let rendered = match request.named {
            true => compiled.render(&with_names(values.clone(), &missing), &links),
            false => compiled.render(&written, &links),
        };
        let rendered = rendered.map_err(|error| Finding::error(error.code, "", error.to_string()))?;
        let bytes = bytes_as_sent(&compiled, &values, &base, &parameters).unwrap_or(rendered.html.len());
        let unoptimized = Email { optimize_html: false, ..email.clone() };
        let bytes_unoptimized = match email.optimize_html {
            true => {
                compile_email(&unoptimized, &house).ok().and_then(|it| bytes_as_sent(&it, &values, &base, &parameters))
            }
            false => None,
        };
        let mut findings = compiled.warnings().to_vec();
        findings.extend(too_long(bytes));
        let shown = Preview {
            subject: rendered.subject.clone(),
            from: rendered.from.as_ref().map(shown_mailbox),
            reply_to: rendered.reply_to.as_ref().map(shown_mailbox),
            cc: copies_of(&email, &values),
            html: rendered.html.clone(),
            text: rendered.text.clone(),
            bytes,
            bytes_unoptimized,
            findings,
            links: compiled.links().iter().map(LinkShown::from).collect(),
            conditions: serde_json::from_value(conditions).unwrap_or_default(),
            missing,
        };
        Ok(Previewed { rendered, connection: email.connection, shown })
    })
}

/// Makes a text message for somebody.
///
/// # Errors
/// As [`preview_email`].
pub fn preview_text(
    engine: &Engine,
    key: &str,
    request: &PreviewRequest,
    public_url: &str,
) -> Result<TextPreview, DefinitionError> {
    let TextOf { message, values } = text_of(engine, key, request)?;
    let appends =
        engine.store().read(|s| Ok::<_, StoreError>(way_out_is_put(&message, &engine.live(s)?.definitions)))?;
    let text = with_links(&message, public_url, appends, |links| texts::render(&message.body, &values, links));
    let text = text.map_err(in_body)?;
    Ok(TextPreview { length: segments(&text), text })
}

/// Whether a way out goes under a text that names none, as far as its connection decides that.
pub(super) fn way_out_is_put(message: &SmsMessage, definitions: &Definitions) -> bool {
    let connection = definitions.get(DocumentKind::Connection, &message.connection);
    let sender = connection.and_then(|it| it.body.pointer("/settings/from")).and_then(Json::as_str);
    sender.is_some_and(|sender| needs_way_out(message, sender))
}

/// Makes a text with links as long as those that are sent.
pub(super) fn with_links<T>(
    message: &SmsMessage,
    public_url: &str,
    appends: bool,
    make: impl FnOnce(&mut TextLinks<'_>) -> T,
) -> T {
    let base = public_url.trim_end_matches('/');
    let (link, way_out) = (format!("{base}/s/preview000"), format!("{base}/s/preview001"));
    let mut short = |_, _: &str| message.shorten_links.then(|| link.clone());
    make(&mut TextLinks { short: &mut short, way_out: &way_out, appends })
}

pub(super) fn in_body(problem: TextProblem) -> Finding {
    Finding::error(problem.code, "/body", problem.message)
}

/// A text message and the values of somebody, to be shown or sent as a proof.
///
/// # Errors
/// As [`preview_email`].
pub fn text_of(engine: &Engine, key: &str, request: &PreviewRequest) -> Result<TextOf, DefinitionError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let (message, snapshot) = message_of(s, &live, key, request)?;
        let values = Json::Object(taken(s, &live, &snapshot, request)?);
        Ok(TextOf { message, values })
    })
}

/// A text message, and what it names of its recipient.
pub(super) fn message_of(
    s: &mut dyn Session,
    live: &Live,
    key: &str,
    request: &PreviewRequest,
) -> Result<(SmsMessage, Snapshot), DefinitionError> {
    let definitions = of_journey(s, &live.definitions, request)?;
    let message: SmsMessage = stored(&definitions, DocumentKind::SmsMessage, key, request.draft.as_ref())?;
    let paths = template::paths(&message.body)?;
    let snapshot = Snapshot::of(&paths, Content::default(), &definitions).map_err(DefinitionError::Findings)?;
    Ok((message, snapshot))
}

/// A message that was sent, as its recipient looks at it in a browser: made again from what was kept, without the picture
/// that counts opens. None when it is not ours, was not to be looked at so, or is gone.
pub fn web_view(
    engine: &Engine,
    keys: &SigningKeys,
    public_url: &str,
    token: &str,
) -> Result<Option<String>, StoreError> {
    let Ok(token) = keys.verify(token) else { return Ok(None) };
    if token.purpose != Purpose::View {
        return Ok(None);
    }
    engine.store().read(|s| {
        let Some(row) = ledger::get(s, token.effect, false)? else { return Ok(None) };
        let kept = kept_of(&row);
        let (Some(email), Some(values)) = (kept.email, kept.values) else { return Ok(None) };
        let Some(version) = documents::version(s, row.version)? else { return Ok(None) };
        let Some(mailing) = frozen_email(&version, &email) else { return Ok(None) };
        let Ok(compiled) = mailing.compiled() else { return Ok(None) };
        let definitions = &engine.live(s)?.definitions;
        let campaign = mailing.campaign(&email, &kept.journey, &kept.node);
        let parameters = link_parameters(definitions, &mailing.email.connection, &campaign);
        let values = Json::Object(values);
        let Ok(from) = compiled.sender(&values) else { return Ok(None) };
        let sender = (mailing.email.connection.as_str(), from.as_ref().map(|from| from.email.as_str()));
        let base = link_base(s, definitions, sender, public_url)?;
        let links = LinkMaker::new(keys, &base, token.effect, token.person).without_opens();
        let links = links.with_parameters(&parameters);
        Ok(compiled.render(&values, &links).ok().map(|rendered| rendered.html))
    })
}

/// What campaign parameters may call the email and the journey that was named.
struct CampaignNames {
    journey: String,
    email: String,
}

impl CampaignNames {
    fn of(
        s: &mut dyn Session,
        definitions: &Definitions,
        email: &str,
        request: &PreviewRequest,
    ) -> Result<Self, StoreError> {
        let name_in = |body: &Json| body.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let row = match &request.journey {
            Some(journey) => documents::get(s, DocumentKind::Journey.key(), journey)?,
            None => None,
        };
        let body = row.and_then(|row| serde_json::from_str(&row.body).ok()).unwrap_or_default();
        let stored = definitions.get(DocumentKind::Email, email).map(|email| &*email.body);
        let email = request.draft.as_ref().or(stored).map(name_in).unwrap_or_default();
        Ok(Self { journey: name_in(&body), email })
    }

    fn campaign<'a>(&'a self, email: &'a str, request: &'a PreviewRequest) -> Campaign<'a> {
        Campaign {
            journey_key: request.journey.as_deref().unwrap_or_default(),
            journey_name: &self.journey,
            node_key: request.node.as_deref().unwrap_or_default(),
            email_key: email,
            email_name: &self.email,
            ..Campaign::default()
        }
    }
}

/// The definitions with the values of the journey that was named.
fn of_journey(
    s: &mut dyn Session,
    definitions: &Definitions,
    request: &PreviewRequest,
) -> Result<Definitions, DefinitionError> {
    let Some(key) = &request.journey else { return Ok(definitions.clone()) };
    let row = documents::get(s, DocumentKind::Journey.key(), key)?.ok_or_else(|| unknown("journey", key))?;
    let journey = journey_of(&row.body).map_err(|_| unknown("journey", key))?;
    Ok(definitions.with_tokens(journey.tokens))
}

/// The email as which something is looked at.
fn email_of(
    definitions: &Definitions,
    kind: MailKind,
    key: &str,
    draft: Option<&Json>,
) -> Result<Email, DefinitionError> {
    let document = kind.document();
    Ok(match kind {
        MailKind::Email => stored(definitions, document, key, draft)?,
        MailKind::Template => begun(&stored(definitions, document, key, draft)?),
        MailKind::Fragment => {
            let fragment: Fragment = stored(definitions, document, key, draft)?;
            alone(&fragment.whole(&|key: &str| definitions.fragment(key)).map_err(DefinitionError::Findings)?)
        }
    })
}

/// The values, and the names of those that would be empty.
fn with_names(mut values: Map<String, Json>, missing: &[String]) -> Json {
    for path in missing {
        let Some((namespace, name)) = path.split_once('.') else { continue };
        let held = values.entry(namespace).or_insert_with(|| Json::Object(Map::new()));
        if let Some(held) = held.as_object_mut() {
            held.insert(name.to_owned(), format!("{{{{ {path} }}}}").into());
        }
    }
    Json::Object(values)
}

/// A definition's body, or the draft that was handed in.
fn stored<T: serde::de::DeserializeOwned>(
    definitions: &Definitions,
    kind: DocumentKind,
    key: &str,
    draft: Option<&Json>,
) -> Result<T, DefinitionError> {
    let unreadable =
        |error: serde_json::Error| Finding::error("unreadable", "", format!("It cannot be read: {error}."));
    if let Some(draft) = draft {
        return Ok(content_of(draft).map_err(unreadable)?);
    }
    let found = definitions.get(kind, key).ok_or_else(|| unknown(&kind.label().to_lowercase(), key))?;
    Ok(content_of(&found.body).map_err(unreadable)?)
}

fn unknown(kind: &str, key: &str) -> DefinitionError {
    DefinitionError::Unknown { kind: kind.to_owned(), key: key.to_owned() }
}

/// The values of one recipient, as a step would copy them now.
fn taken(
    s: &mut dyn Session,
    live: &Live,
    snapshot: &Snapshot,
    request: &PreviewRequest,
) -> Result<Map<String, Json>, DefinitionError> {
    let now = match request.at {
        Some(at) => at,
        None => s.now()?,
    };
    let person = request.person.as_deref().map(|key| id_of(s, Table::Person, key)).transpose()?;
    let account = match (&request.account, person) {
        (Some(key), _) => Some(id_of(s, Table::Account, key)?),
        (None, Some(person)) => match people::accounts_of_each(s, &[person])?.into_iter().next() {
            Some((_, key, _)) => Some(id_of(s, Table::Account, &key)?),
            None => None,
        },
        (None, None) => None,
    };
    let mut wanted = Wanted::of(&snapshot.needs());
    wanted.people.extend(person.map(PersonId));
    wanted.accounts.extend(account.map(AccountId));
    let world: World = load::load(s, live, now, &wanted)?;
    let recipient = Recipient {
        person: person.and_then(|id| world.person_ix(PersonId(id))),
        account: account.and_then(|id| world.account_ix(AccountId(id))),
        entered_at: Some(now),
    };
    let mut values = snapshot.take(&world, recipient);
    for (name, holds) in &request.conditions {
        if let Some(conditions) = values.get_mut("condition").and_then(Json::as_object_mut)
            && conditions.contains_key(name)
        {
            conditions.insert(name.clone(), Json::Bool(*holds));
        }
    }
    Ok(values)
}

fn id_of(s: &mut dyn Session, table: Table, key: &str) -> Result<i64, DefinitionError> {
    let what = if table == Table::Person { "person" } else { "account" };
    let found = intake::ids_of_keys(s, table, &[key])?.into_iter().next();
    found.map(|(_, id, _)| id).ok_or_else(|| unknown(what, key))
}

/// Length of the HTML part with links as long as those that are tracked.
fn bytes_as_sent(
    compiled: &Compiled,
    values: &Map<String, Json>,
    public_url: &str,
    parameters: &[(String, String)],
) -> Option<usize> {
    // Tokens are equally long whoever signs them.
    let keys = SigningKeys::new(0, Secret::new("only to measure"));
    let links = LinkMaker::new(&keys, public_url, EffectId(0), Some(PersonId(0))).with_parameters(parameters);
    compiled.render(&Json::Object(values.clone()), &links).ok().map(|rendered| rendered.html.len())
}

fn too_long(bytes: usize) -> Option<Finding> {
    let kilobytes = bytes.div_ceil(1024);
    let message = format!("The HTML is {kilobytes} KB long for this person; some mail programs cut it off at 100 KB.");
    (bytes > MOST_BYTES).then(|| Finding::warning("size_over_100kb", "/body", message))
}

fn shown_mailbox(mailbox: &Mailbox) -> String {
    match &mailbox.name {
        Some(name) => format!("{name} <{}>", mailbox.email),
        None => mailbox.email.clone(),
    }
}

impl From<&Link> for LinkShown {
    fn from(link: &Link) -> Self {
        Self { number: link.number, label: link.label.clone(), target: link.target.clone(), tracking: link.tracking }
    }
}
