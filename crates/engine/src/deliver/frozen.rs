//! What a published version froze for its messages, read and compiled once: versions never change.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_connect::email::{Attributes, Compiled, Edge, EmailBody, EmailContent, Sender, compile};
use caravan_model::document::{
    AroundEmails, Email, EmailEdge, Found, Fragment, MailBody, Settings, SmsMessage, is_language,
};
use caravan_model::{DocumentId, Finding, VersionId, journey};
use caravan_store::documents::VersionRow;
use caravan_store::{Session, StoreError, documents};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::live::{Live, journey_of};

/// The versions that messages were seen of.
#[derive(Default)]
pub struct Versions {
    known: Mutex<HashMap<VersionId, Arc<Frozen>>>,
}

/// A version as delivery sees it.
pub struct Frozen {
    /// Its journey.
    pub journey: DocumentId,
    /// One message per address and node.
    pub deduplicates: bool,
    names: Vec<String>,
    emails: HashMap<String, Result<Arc<Mailing>, String>>,
    texts: HashMap<String, Arc<Texting>>,
}

/// A text message of a version.
pub struct Texting {
    /// As it was frozen.
    pub message: SmsMessage,
    /// Its name.
    pub name: String,
    /// Name of the journey.
    pub journey_name: Arc<str>,
}

/// An email of a version.
pub struct Mailing {
    /// As it was frozen.
    pub email: Email,
    /// Its name.
    pub name: String,
    /// Name of the journey.
    pub journey_name: Arc<str>,
    house: Arc<House>,
    compiled: Mutex<Option<Result<Arc<Compiled>, String>>>,
}

impl Versions {
    /// A version; none when it was deleted with its journey.
    pub fn get(&self, s: &mut dyn Session, live: &Live, id: VersionId) -> Result<Option<Arc<Frozen>>, StoreError> {
        if let Some(known) = self.known.lock().get(&id) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(row) = documents::version(s, id)? else { return Ok(None) };
        let journey = journey_of(&row.body).ok();
        let names = match live.plan(s, id)? {
            Some(plan) => plan.nodes.iter().map(|node| node.id.clone()).collect(),
            None => {
                let nodes = journey.iter().flat_map(|map| map.nodes.keys()).map(|id| id.as_str().to_owned());
                std::iter::once(journey::ENTRY.to_owned()).chain(nodes).collect()
            }
        };
        let frozen = Arc::new(Frozen {
            journey: row.document,
            deduplicates: journey.is_some_and(|map| map.deduplicate_email),
            names,
            emails: emails_of(&row.frozen, &name_in(&row.body)),
            texts: texts_of(&row.frozen, &name_in(&row.body)),
        });
        self.known.lock().insert(id, Arc::clone(&frozen));
        Ok(Some(frozen))
    }
}

impl Frozen {
    /// The name of a node in the manifest.
    pub fn node_name(&self, node: i64) -> String {
        let name = usize::try_from(node).ok().and_then(|n| self.names.get(n));
        name.cloned().unwrap_or_else(|| node.to_string())
    }

    /// An email by key.
    ///
    /// # Errors
    /// Why it cannot be sent, for people.
    pub fn email(&self, key: &str) -> Result<&Arc<Mailing>, String> {
        match self.emails.get(key) {
            Some(Ok(mailing)) => Ok(mailing),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!("The published version does not hold the email `{key}`. Publish a new version.")),
        }
    }
}

impl Frozen {
    /// Whether copies are sent of any of its emails.
    pub fn has_copies(&self) -> bool {
        self.emails.values().flatten().any(|mailing| !mailing.email.cc.is_empty())
    }

    /// A text message by key.
    ///
    /// # Errors
    /// Why it cannot be sent, for people.
    pub fn text(&self, key: &str) -> Result<&Arc<Texting>, String> {
        let missing =
            || format!("The published version does not hold the text message `{key}`. Publish a new version.");
        self.texts.get(key).ok_or_else(missing)
    }
}

impl Mailing {
    /// Ready to be rendered.
    ///
    /// # Errors
    /// Why it cannot be, for people.
    pub fn compiled(&self) -> Result<Arc<Compiled>, String> {
        let mut compiled = self.compiled.lock();
        let made = || compile_email(&self.email, &self.house).map(Arc::new).map_err(|findings| sentence(&findings));
        compiled.get_or_insert_with(made).clone()
    }
}

/// The name that a document's body gives it.
fn name_in(body: &str) -> String {
    let body: Json = serde_json::from_str(body).unwrap_or_default();
    body.get("name").and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn emails_of(frozen: &str, journey_name: &str) -> HashMap<String, Result<Arc<Mailing>, String>> {
    let mut frozen: Json = serde_json::from_str(frozen).unwrap_or_default();
    let fragments = frozen.get_mut("fragment").map(Json::take).unwrap_or_default();
    let emails = match frozen.get_mut("email").map(Json::take) {
        Some(Json::Object(emails)) => emails,
        _ => return HashMap::new(),
    };
    let house = Arc::new(House::frozen(frozen.pointer("/settings/settings").unwrap_or(&Json::Null)));
    let journey_name: Arc<str> = Arc::from(journey_name);
    let read = |(key, body): (String, Json)| {
        let name = body.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let read = content_of::<Email>(&body).map_err(|error| format!("The email `{key}` cannot be read: {error}."));
        let email = read.and_then(|email| {
            email.whole(&|key: &str| fragment_in(&fragments, key)).map_err(|findings| sentence(&findings))
        });
        let mailing = |email| {
            let (house, journey_name) = (Arc::clone(&house), Arc::clone(&journey_name));
            Arc::new(Mailing { email, name, journey_name, house, compiled: Mutex::new(None) })
        };
        (key, email.map(mailing))
    };
    emails.into_iter().map(read).collect()
}

/// A fragment among frozen ones; what was frozen was published.
fn fragment_in(fragments: &Json, key: &str) -> Found {
    let fragment = fragments.get(key).and_then(|body| content_of::<Fragment>(body).ok());
    fragment.map_or(Found::Unknown, |fragment| Found::Published(Box::new(fragment)))
}

fn texts_of(frozen: &str, journey_name: &str) -> HashMap<String, Arc<Texting>> {
    let journey_name: Arc<str> = Arc::from(journey_name);
    let frozen: Json = serde_json::from_str(frozen).unwrap_or_default();
    let texts = frozen.get("sms_message").and_then(Json::as_object).into_iter().flatten();
    let read = |(key, body): (&String, &Json)| {
        let name = body.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let texting = Texting { message: content_of(body).ok()?, name, journey_name: Arc::clone(&journey_name) };
        Some((key.clone(), Arc::new(texting)))
    };
    texts.filter_map(read).collect()
}

/// The content in a document's body.
pub(crate) fn content_of<T: serde::de::DeserializeOwned>(body: &Json) -> Result<T, serde_json::Error> {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut() {
        for envelope in ["kind", "key", "name", "description", "state"] {
            fields.shift_remove(envelope);
        }
    }
    serde_json::from_value(body)
}

/// What every email has of the organisation's settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct House {
    /// What goes around it.
    pub around: AroundEmails,
    /// The language of those that do not say theirs.
    pub language: Option<String>,
}

impl House {
    /// As the settings are.
    pub fn of(settings: Option<&Settings>) -> Self {
        settings.map_or_else(Self::default, |settings| Self {
            around: settings.emails.clone(),
            language: Some(settings.language().to_owned()),
        })
    }

    /// As a version froze them; what cannot be read (any more) is as nobody said it.
    fn frozen(settings: &Json) -> Self {
        let around = settings.get("emails").and_then(|around| AroundEmails::deserialize(around).ok());
        let language = settings.pointer("/languages/0").and_then(Json::as_str).filter(|tag| is_language(tag));
        Self { around: around.unwrap_or_default(), language: language.map(str::to_owned) }
    }
}

/// The content of an email document, with what it has of the organisation, as the renderer takes it.
pub fn email_content(email: &Email, house: &House) -> EmailContent {
    let around = &house.around;
    let edge = |edge: &EmailEdge| Edge { html: edge.html.clone(), text: edge.text.clone() };
    EmailContent {
        subject: email.subject.clone(),
        preheader: email.preheader.clone(),
        body: match &email.body {
            MailBody::Mjml(source) => EmailBody::Mjml(source.clone()),
            MailBody::Html(source) => EmailBody::Html(source.clone()),
        },
        text: email.text.clone(),
        language: email.language.clone(),
        default_language: house.language.clone(),
        from: email.from.as_ref().map(|from| Sender {
            name: from.name.clone().unwrap_or_else(|| from.email.clone()),
            email: from.email.clone(),
        }),
        reply_to: email.reply_to.as_ref().map(|reply_to| reply_to.email.clone()),
        operational: email.operational,
        optimize_html: email.optimize_html,
        web_view: email.view_as_web_page,
        view_link: around.view_as_web_page.as_ref().map(edge),
        footer: around.opt_out.as_ref().map(edge),
        links: email.links.iter().map(|(target, tracking)| (target.clone(), *tracking)).collect(),
    }
}

/// The addresses for copies of an email among the values that a step copied, as they are written.
pub(crate) fn copies_of(email: &Email, values: &Map<String, Json>) -> Vec<String> {
    let value = |path: &String| {
        let (namespace, name) = path.split_once('.')?;
        values.get(namespace)?.get(name)?.as_str().map(|address| address.trim().to_owned())
    };
    email.cc.iter().filter_map(value).filter(|address| !address.is_empty()).collect()
}

/// Compiles what was published: the attributes it names were checked then, and one that has gone since is empty.
pub(crate) fn compile_email(email: &Email, house: &House) -> Result<Compiled, Vec<Finding>> {
    compile(&email_content(email, house), &Attributes::new(email.paths().unwrap_or_default()))
}

/// An email of a version; none when it is not in it or cannot be read.
pub(crate) fn frozen_email(version: &VersionRow, key: &str) -> Option<Arc<Mailing>> {
    emails_of(&version.frozen, &name_in(&version.body)).remove(key)?.ok()
}

/// What stands against the emails that a version would freeze.
pub(crate) fn frozen_findings(frozen: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (key, mailing) in emails_of(frozen, "") {
        if let Err(why) = mailing.and_then(|mailing| mailing.compiled().map(|_| ())) {
            found.push(Finding::error("email_invalid_content", "", format!("Email `{key}`: {why}")));
        }
    }
    found
}

fn sentence(findings: &[Finding]) -> String {
    findings.iter().filter(|f| f.is_error()).map(|f| f.message.as_str()).collect::<Vec<_>>().join(" ")
}
