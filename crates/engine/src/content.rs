//! Content while it is written: what stands against an email, a fragment, a template or a text message.
//!
//! The same is said when a definition is applied, when a draft is checked and by `caravan validate`; publishing says it
//! again, with the journey's own values and the fragments as they are published.

mod preview;
mod propagate;

use std::collections::HashMap;

use caravan_connect::email::{Attributes, EmailBody, EmailContent, check_text, compile};
use caravan_connect::texts::segments;
use caravan_model::Finding;
use caravan_model::attribute::Schema;
use caravan_model::document::{
    Body, ContentCondition, Document, DocumentKind, Email, Found, Fragment, MailBody, Settings, SmsMessage,
};
use indexmap::IndexMap;

use crate::deliver::email_content;

pub use self::preview::{
    LinkShown, Preview, PreviewRequest, Previewed, TextPreview, preview_email, preview_text, web_view,
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

/// What content is checked against.
pub struct Library<'a> {
    schema: &'a Schema,
    fragments: HashMap<&'a str, &'a Fragment>,
    settings: Option<&'a Settings>,
    domains: Vec<&'a str>,
}

impl<'a> Library<'a> {
    /// The documents that there are, or will be.
    pub fn of(documents: impl IntoIterator<Item = &'a Document>, schema: &'a Schema) -> Self {
        let mut library = Self { schema, fragments: HashMap::new(), settings: None, domains: Vec::new() };
        for document in documents {
            match &document.body {
                Body::Fragment(fragment) => drop(library.fragments.insert(document.key(), fragment)),
                Body::Settings(settings) => library.settings = Some(settings),
                Body::SendingDomain(domain) => library.domains.push(&domain.domain),
                _ => {}
            }
        }
        library
    }

    /// While content is written a draft serves, and one that is not known here is told of as a reference.
    fn fragment(&self, key: &str) -> Found {
        let empty = || Fragment { body: MailBody::Mjml(String::new()), text: None, conditions: IndexMap::new() };
        Found::Published(Box::new(self.fragments.get(key).map_or_else(empty, |fragment| (*fragment).clone())))
    }

    /// What templates may name. The journey's own values are known when it is published.
    fn attributes(&self, email: &Email) -> Attributes {
        let of = |namespace: &'static str, set: &'a caravan_model::attribute::AttributeSet| {
            let seen = set.iter().filter(|(_, attribute)| attribute.visible);
            seen.map(move |(_, attribute)| format!("{namespace}.{}", attribute.key))
        };
        let named = email.paths().unwrap_or_default().into_iter();
        let tokens = named.filter(|path| path.starts_with("my.") && path.len() > 3);
        let conditions = email.conditions.keys().map(|name| format!("condition.{name}"));
        let group = email.solution_interest.iter().flat_map(|_| caravan_catalog::snapshot::OF_GROUP);
        let group = group.map(|name| format!("buying_group.{name}"));
        let all = of("person", &self.schema.person).chain(of("account", &self.schema.account));
        Attributes::new(all.chain(tokens).chain(conditions).chain(group))
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
        _ => Vec::new(),
    };
    document.locate(&mut findings);
    findings
}

/// A template without a subject is none yet, which is no mistake.
fn named_or(subject: &str) -> String {
    if subject.trim().is_empty() { "-".to_owned() } else { subject.to_owned() }
}

fn of_email(email: &Email, library: &Library<'_>) -> Vec<Finding> {
    let whole = match email.whole(&|key: &str| library.fragment(key)) {
        Ok(whole) => whole,
        Err(findings) => return findings,
    };
    let mut findings = match compile(&email_content(&whole), &library.attributes(&whole)) {
        Ok(compiled) => compiled.warnings().to_vec(),
        Err(findings) => findings,
    };
    findings.extend(postal_address_missing(&whole, library));
    findings.extend(foreign_sender(&whole, library));
    findings
}

/// Marketing mail must say where its sender is found.
fn postal_address_missing(email: &Email, library: &Library<'_>) -> Option<Finding> {
    let settings = library.settings?;
    let missing = settings.postal_address.as_deref().is_none_or(|address| address.trim().is_empty());
    let message = "The organisation has no postal address, which marketing mail must carry. Add `postal_address` to the `settings`.";
    (missing && !email.operational).then(|| Finding::warning("postal_address_missing", "", message))
}

/// A sender whose domain none of the sending domains signs for.
fn foreign_sender(email: &Email, library: &Library<'_>) -> Option<Finding> {
    let address = email.from.as_ref().map(|from| from.email.trim())?;
    let (_, domain) = address.rsplit_once('@').filter(|_| !address.contains('{'))?;
    let domain = domain.to_ascii_lowercase();
    let covers = |known: &&str| domain == **known || domain.ends_with(&format!(".{known}"));
    let foreign = !library.domains.is_empty() && !library.domains.iter().any(covers);
    let message =
        format!("No sending domain signs for `{domain}`, so mailboxes may refuse it. Add it as a `sending_domain`.");
    foreign.then(|| Finding::warning("from_domain_unverified", "/from/email", message))
}

/// Codes that a piece of an email cannot help.
const OF_WHOLE_EMAILS: &[&str] = &["opt_out_link_missing", "text_version_empty"];

fn of_fragment(fragment: &Fragment, library: &Library<'_>) -> Vec<Finding> {
    let whole = match fragment.whole(&|key: &str| library.fragment(key)) {
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
