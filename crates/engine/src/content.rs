//! Content while it is written: what stands against an email, a fragment, a template or a text message.
//!
//! The same is said when a definition is applied, when a draft is checked and by `caravan validate`; publishing says it
//! again, with the journey's own values and the fragments as they are published.

mod import;
mod preview;
mod propagate;

use std::collections::HashMap;

use caravan_catalog::Definitions;
use caravan_connect::email::{Attributes, EmailBody, EmailContent, check_text, compile};
use caravan_connect::texts::segments;
use caravan_model::Finding;
use caravan_model::attribute::Schema;
use caravan_model::document::{
    Body, ContentCondition, Document, DocumentKind, Email, Found, Fragment, MailBody, SendingDomain, Settings,
    SmsMessage,
};
use caravan_model::value::ValueType;
use indexmap::IndexMap;

use crate::deliver::email_content;

pub use self::import::{ImportedTemplate, import_template, picture};
pub use self::preview::{
    LinkShown, Preview, PreviewRequest, Previewed, TextPreview, preview_email, preview_text, text_of, web_view,
};
pub use self::propagate::{Propagated, propagate};

/// Longest text message, in characters.
const MOST_CHARS: usize = 1_600;

/// Whether definitions of this kind are content.
pub fn is_content(kind: DocumentKind) -> bool {
    matches!(
        kind,
        DocumentKind::Email | DocumentKind::EmailTemplate | DocumentKind::Fragment | DocumentKind::SmsMessage
    )
}

/// Fragments as content takes them in.
type Take<'a> = Box<dyn Fn(&str) -> Found + 'a>;

/// What content is checked against.
pub struct Library<'a> {
    schema: &'a Schema,
    fragment: Take<'a>,
    settings: Option<Settings>,
    domains: Vec<String>,
    /// The senders of connections, by key.
    senders: HashMap<String, String>,
    public_url: Option<&'a str>,
}

impl<'a> Library<'a> {
    /// The documents that there are, or will be. While content is written a draft of a fragment serves, and one that is not
    /// known here is told of as a reference.
    pub fn of(documents: impl IntoIterator<Item = &'a Document>, schema: &'a Schema) -> Self {
        let mut library = Self {
            schema,
            fragment: Box::new(|_| Found::Unknown),
            settings: None,
            domains: Vec::new(),
            senders: HashMap::new(),
            public_url: None,
        };
        let mut fragments: HashMap<&str, &Fragment> = HashMap::new();
        for document in documents {
            match &document.body {
                Body::Fragment(fragment) => drop(fragments.insert(document.key(), fragment)),
                Body::Settings(settings) => library.settings = Some((**settings).clone()),
                Body::SendingDomain(domain) => library.domains.push(domain.domain.clone()),
                Body::Connection(connection) => {
                    let sender = connection.settings.get("from").and_then(|from| from.get("email")?.as_str());
                    library.senders.extend(sender.map(|sender| (document.key().to_owned(), sender.to_owned())));
                }
                _ => {}
            }
        }
        let empty = || Fragment::new(MailBody::Mjml(String::new()), None);
        library.fragment = Box::new(move |key| {
            Found::Published(Box::new(fragments.get(key).map_or_else(empty, |fragment| (*fragment).clone())))
        });
        library
    }

    /// What is live: for publishing, where fragments must be published too.
    pub fn live(definitions: &'a Definitions) -> Self {
        let domains = definitions.of_kind(DocumentKind::SendingDomain).filter_map(|d| d.read::<SendingDomain>());
        let senders = definitions.of_kind(DocumentKind::Connection).filter_map(|connection| {
            let sender = connection.body.pointer("/settings/from/email")?.as_str()?;
            Some((connection.key.clone(), sender.to_owned()))
        });
        Self {
            schema: &definitions.schema,
            fragment: Box::new(|key| definitions.fragment(key)),
            settings: definitions.of_kind(DocumentKind::Settings).find_map(|d| d.read::<Settings>()),
            domains: domains.map(|domain| domain.domain).collect(),
            senders: senders.collect(),
            public_url: None,
        }
    }

    /// … with the address at which recipients reach this installation.
    #[must_use]
    pub fn reached_at(mut self, public_url: Option<&'a str>) -> Self {
        self.public_url = public_url;
        self
    }

    /// What templates may name. The journey's own values are known when it is published.
    fn attributes(&self, email: &Email) -> Attributes {
        let named = email.paths().unwrap_or_default().into_iter();
        let tokens = named.filter(|path| path.starts_with("my.") && path.len() > 3);
        let conditions = email.conditions.keys().map(|name| format!("condition.{name}"));
        let group = email.solution_interest.iter().flat_map(|_| caravan_catalog::snapshot::OF_GROUP);
        let group = group.map(|name| format!("buying_group.{name}"));
        let mut attributes = Attributes::new(tokens.chain(conditions).chain(group));
        for (namespace, set) in [("person", &self.schema.person), ("account", &self.schema.account)] {
            for (_, attribute) in set.iter().filter(|(_, attribute)| attribute.visible) {
                attributes = attributes.typed(format!("{namespace}.{}", attribute.key), attribute.value_type);
            }
        }
        attributes
    }
}

/// What stands against a document's content, errors and warnings; nothing for other kinds.
pub fn findings(document: &Document, library: &Library<'_>) -> Vec<Finding> {
    let mut findings = match &document.body {
        Body::Email(email) => of_email(email, library),
        Body::Fragment(fragment) => of_fragment(fragment, library),
        Body::EmailTemplate(template) => {
            let email = template.email("");
            let found = of_email(&Email { subject: named_or(&email.subject), ..email }, library);
            // An unfinished template hinders nobody.
            let warning = |finding: Finding| Finding { severity: caravan_model::finding::Severity::Warning, ..finding };
            found.into_iter().map(warning).collect()
        }
        Body::SmsMessage(message) => of_text(message, library),
        Body::Settings(settings) => open_consent_unknown(settings, library.schema).into_iter().collect(),
        _ => Vec::new(),
    };
    document.locate(&mut findings);
    findings
}

/// Who agreed to being seen is told by an attribute of people that is true or false.
fn open_consent_unknown(settings: &Settings, schema: &Schema) -> Option<Finding> {
    let key = settings.open_tracking_consent.as_deref()?;
    let attribute = schema.person.iter().map(|(_, attribute)| attribute).find(|attribute| attribute.key == key);
    let fits = attribute.is_some_and(|attribute| attribute.value_type == ValueType::Boolean);
    let message = format!("People have no attribute `{key}` that is true or false. Declare one, or name another.");
    (!fits).then(|| Finding::error("unknown_attribute", "/open_tracking_consent", message))
}

/// A template without a subject is none yet, which is no mistake.
fn named_or(subject: &str) -> String {
    if subject.trim().is_empty() { "-".to_owned() } else { subject.to_owned() }
}

/// What stands against an email, the same while it is written and when it is published.
pub(crate) fn of_email(email: &Email, library: &Library<'_>) -> Vec<Finding> {
    let whole = match email.whole(&|key: &str| (library.fragment)(key)) {
        Ok(whole) => whole,
        Err(findings) => return findings,
    };
    let mut findings = match compile(&email_content(&whole), &library.attributes(&whole)) {
        Ok(compiled) => compiled.warnings().to_vec(),
        Err(findings) => findings,
    };
    findings.extend(email.unknown_fields(&|key: &str| (library.fragment)(key)));
    findings.extend(postal_address_missing(&whole, library));
    findings.extend(one_click_not_possible(&whole, library));
    findings.extend(copies_not_sent(&whole));
    findings.extend(foreign_sender(&whole, library));
    findings
}

/// Marketing mail must say where its sender is found.
fn postal_address_missing(email: &Email, library: &Library<'_>) -> Option<Finding> {
    let settings = library.settings.as_ref()?;
    let missing = settings.postal_address.as_deref().is_none_or(|address| address.trim().is_empty());
    let message = "The organisation has no postal address, which marketing mail must carry. Add `postal_address` to the `settings`.";
    (missing && !email.operational).then(|| Finding::warning("postal_address_missing", "", message))
}

/// Copies are kept in the definition and not sent yet; nobody shall think that they are.
fn copies_not_sent(email: &Email) -> Option<Finding> {
    let message =
        "Copies are not sent yet; only the recipient gets the email. Leave `cc` out, or know that it does nothing.";
    (!email.cc.is_empty()).then(|| Finding::warning("copies_not_sent", "/cc", message))
}

/// Mail programs offer a button of their own only for an address that is encrypted (RFC 8058).
fn one_click_not_possible(email: &Email, library: &Library<'_>) -> Option<Finding> {
    // Whoever tries it on their own machine knows.
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    let url = library
        .public_url
        .filter(|url| !url.starts_with("https://") && !local.iter().any(|local| url.starts_with(local)))?;
    let message = format!(
        "Mail programs offer no button to unsubscribe, because {url} is not encrypted; large mailbox providers ask for one. \
         Reach this installation by https, and set --public-url."
    );
    (!email.operational).then(|| Finding::warning("one_click_not_possible", "", message))
}

/// A sender whose domain none of the sending domains signs for: delivery refuses every message of theirs.
fn foreign_sender(email: &Email, library: &Library<'_>) -> Option<Finding> {
    let own = email.from.as_ref().map(|from| (from.email.trim(), "/from/email"));
    let of_connection = || Some((library.senders.get(&email.connection)?.as_str(), "/connection"));
    let (address, pointer) = own.or_else(of_connection)?;
    let (_, domain) = address.rsplit_once('@').filter(|_| !address.contains('{'))?;
    let domain = domain.to_ascii_lowercase();
    let covers = |known: &String| {
        let known = known.to_ascii_lowercase();
        domain == known || domain.strip_suffix(&known).is_some_and(|rest| rest.ends_with('.'))
    };
    let foreign = !library.domains.is_empty() && !library.domains.iter().any(covers);
    let message = format!(
        "No sending domain signs for `{domain}`, so its messages are refused. Give the email a sender in one, or add `{domain}` \
         as a `sending_domain`."
    );
    foreign.then(|| Finding::error("from_domain_unverified", pointer, message))
}

/// Codes that a piece of an email cannot help.
const OF_WHOLE_EMAILS: &[&str] = &["opt_out_link_missing", "text_version_empty"];

fn of_fragment(fragment: &Fragment, library: &Library<'_>) -> Vec<Finding> {
    let whole = match fragment.whole(&|key: &str| (library.fragment)(key)) {
        Ok(whole) => whole,
        Err(findings) => return findings,
    };
    let (pointer, body) = match &whole.body {
        MailBody::Html(html) => ("/body/html", EmailBody::Html(html.clone())),
        MailBody::Mjml(mjml) => ("/body/mjml", EmailBody::Mjml(in_a_mail(mjml))),
    };
    let alone = carrying(whole.body.clone(), whole.text.clone(), &whole.conditions);
    let content = EmailContent { body, text: whole.text.clone(), operational: true, ..email_content(&alone) };
    let found = match compile(&content, &library.attributes(&alone)) {
        Ok(compiled) => compiled.warnings().to_vec(),
        Err(findings) => findings,
    };
    let of_it = |finding: &Finding| {
        (finding.pointer == pointer || finding.pointer == "/text") && !OF_WHOLE_EMAILS.contains(&finding.code.as_str())
    };
    found.into_iter().filter(of_it).collect()
}

/// An email that carries a piece of content and nothing else.
fn carrying(body: MailBody, text: Option<String>, conditions: &IndexMap<String, ContentCondition>) -> Email {
    let template = caravan_model::document::EmailTemplate {
        subject: Some("-".to_owned()),
        body,
        text,
        conditions: conditions.clone(),
    };
    template.email("")
}

/// A piece of MJML where such a piece may stand: sections in the body, anything else in a column. Lines stay.
fn in_a_mail(mjml: &str) -> String {
    let first = mjml.trim_start();
    let of_body = ["<mj-section", "<mj-wrapper", "<mj-hero", "<mj-raw", "{%"];
    if of_body.iter().any(|element| first.starts_with(element)) {
        return format!("<mjml><mj-body>{mjml}</mj-body></mjml>");
    }
    format!("<mjml><mj-body><mj-section><mj-column>{mjml}</mj-column></mj-section></mj-body></mjml>")
}

fn of_text(message: &SmsMessage, library: &Library<'_>) -> Vec<Finding> {
    let as_email = carrying(MailBody::Html(message.body.clone()), None, &IndexMap::new());
    let mut findings = check_text("/body", &message.body, &library.attributes(&as_email));
    let fixed = caravan_connect::email::without_tags(&message.body);
    if message.body.trim().is_empty() {
        findings.push(Finding::error("sms_empty", "/body", "The text is empty; write one."));
    }
    if fixed.chars().count() > MOST_CHARS {
        let message =
            format!("The text has more than {MOST_CHARS} characters, whatever stands for its values. Shorten it.");
        findings.push(Finding::error("sms_too_long", "/body", message));
    }
    if let Some(outside) = segments(&fixed).outside {
        let message = format!(
            "`{outside}` (U+{:04X}) is not in the networks' own alphabet, so the whole text is sent with 70 characters a part instead of 160. Take another character if it is not meant.",
            u32::from(outside)
        );
        findings.push(Finding::warning("sms_alphabet", "/body", message));
    }
    findings
}
