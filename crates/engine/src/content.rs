//! Content while it is written: what stands against an email, a fragment, a template or a text message.
//!
//! The same is said when a definition is applied, when a draft is checked and by `caravan validate`; publishing says it
//! again, with the journey's own values and the fragments as they are published.

mod import;
mod longest;
mod made;
mod preview;
mod propagate;
mod texts;

use std::collections::HashMap;

use caravan_catalog::Definitions;
use caravan_connect::email::{Attributes, EmailBody, compile, locks, locks::How};
use caravan_model::Finding;
use caravan_model::attribute::Schema;
use caravan_model::document::{
    AroundEmails, Body, ContentCondition, CrmKind, CustomObject, Document, DocumentKind, DocumentState, Email,
    EmailTemplate, Found, Fragment, MailBody, OPPORTUNITY, RuleSet, SendingDomain, Settings, SmsMessage,
};
use caravan_model::template::OBJECTS;
use caravan_model::value::ValueType;
use indexmap::IndexMap;

use crate::deliver::{House, content_of, email_content};

pub use self::import::{ImportedTemplate, export_template, import_template, picture};
pub use self::longest::{LongestText, longest_text};
pub use self::made::{Made, made_of};
pub use self::preview::{
    LinkShown, MailKind, Preview, PreviewRequest, Previewed, TextPreview, preview_email, preview_mail, preview_text,
    text_of, web_view,
};
pub use self::propagate::{Propagated, propagate};
pub(crate) use self::texts::{at_node, of_text};

/// What `system` offers to emails and to nothing else.
const OF_EMAILS_ALONE: &[&str] = &["system.web_view_url"];
/// What `system` offers to what goes around emails: it is the same for all of them.
const OF_EDGES: &[&str] = &["organisation", "postal_address", "unsubscribe_url", "web_view_url"];

/// Whether definitions of this kind are content.
pub fn is_content(kind: DocumentKind) -> bool {
    matches!(
        kind,
        DocumentKind::Email | DocumentKind::EmailTemplate | DocumentKind::Fragment | DocumentKind::SmsMessage
    )
}

/// Fragments as content takes them in.
type Take<'a> = Box<dyn Fn(&str) -> Found + 'a>;

/// The sender that a connection's `from` names: an address with its name, or a number.
fn sender_in(from: &serde_json::Value) -> Option<String> {
    from.get("email").unwrap_or(from).as_str().map(str::to_owned)
}

/// What content is checked against.
pub struct Library<'a> {
    schema: &'a Schema,
    fragment: Take<'a>,
    settings: Option<Settings>,
    domains: Vec<String>,
    /// Kinds of records, by key.
    objects: HashMap<String, CustomObject>,
    /// The senders of connections, by key.
    senders: HashMap<String, String>,
    /// Text messages, by key.
    texts: HashMap<String, SmsMessage>,
    /// Rule sets in force that name quiet hours: their keys, and whether they hold for every message.
    quiet: HashMap<String, bool>,
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
            objects: HashMap::from([(OPPORTUNITY.to_owned(), CustomObject::opportunity())]),
            senders: HashMap::new(),
            texts: HashMap::new(),
            quiet: HashMap::new(),
            public_url: None,
        };
        let mut fragments: HashMap<&str, &Fragment> = HashMap::new();
        for document in documents {
            match &document.body {
                Body::Fragment(fragment) => drop(fragments.insert(document.key(), fragment)),
                Body::Settings(settings) => library.settings = Some((**settings).clone()),
                Body::SendingDomain(domain) => library.domains.push(domain.domain.clone()),
                Body::CustomObject(object) => {
                    library.objects.insert(document.key().to_owned(), (**object).clone());
                }
                Body::Connection(connection) => {
                    let sender = connection.settings.get("from").and_then(sender_in);
                    library.senders.extend(sender.map(|sender| (document.key().to_owned(), sender)));
                }
                Body::SmsMessage(message) => {
                    library.texts.insert(document.key().to_owned(), (**message).clone());
                }
                Body::RuleSet(rules) if document.envelope.state == Some(DocumentState::Live) => {
                    library.keep_quiet(document.key(), rules);
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
            Some((connection.key.clone(), sender_in(connection.body.pointer("/settings/from")?)?))
        });
        let objects = definitions.of_kind(DocumentKind::CustomObject);
        let objects = objects.filter_map(|object| Some((object.key.clone(), object.read::<CustomObject>()?)));
        let texts = definitions.of_kind(DocumentKind::SmsMessage);
        let rules = definitions.of_kind(DocumentKind::RuleSet).filter(|rules| rules.state == "live");
        let mut library = Self {
            objects: objects.collect(),
            texts: texts.filter_map(|text| Some((text.key.clone(), content_of(&text.body).ok()?))).collect(),
            quiet: HashMap::new(),
            schema: &definitions.schema,
            fragment: Box::new(|key| definitions.fragment(key)),
            settings: definitions.settings(),
            domains: domains.map(|domain| domain.domain).collect(),
            senders: senders.collect(),
            public_url: None,
        };
        for set in rules {
            if let Some(rules) = set.read::<RuleSet>() {
                library.keep_quiet(&set.key, &rules);
            }
        }
        library
    }

    fn keep_quiet(&mut self, key: &str, rules: &RuleSet) {
        if !rules.quiet_hours.is_empty() {
            self.quiet.insert(key.to_owned(), rules.global);
        }
    }

    /// … with the address at which recipients reach this installation.
    #[must_use]
    pub fn reached_at(mut self, public_url: Option<&'a str>) -> Self {
        self.public_url = public_url;
        self
    }

    /// What emails have of the organisation.
    fn house(&self) -> House {
        House::of(self.settings.as_ref())
    }

    /// What templates may name. The journey's own values are known when it is published.
    fn attributes(&self, email: &Email) -> Attributes {
        let named = email.paths().unwrap_or_default().into_iter();
        let tokens = named.filter(|path| path.starts_with("my.") && path.len() > 3);
        let conditions = email.conditions.keys().map(|name| format!("condition.{name}"));
        let group = email.solution_interest.iter().flat_map(|_| caravan_catalog::snapshot::OF_GROUP);
        let group = group.map(|name| format!("buying_group.{name}"));
        let objects = self.objects.keys().map(|key| format!("{OBJECTS}.{key}"));
        let mut attributes = Attributes::new(tokens.chain(conditions).chain(group).chain(objects));
        for (key, object) in &self.objects {
            for (field, value_type) in &object.fields {
                attributes = attributes.typed(format!("{OBJECTS}.{key}.{field}"), *value_type);
            }
        }
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
            let found = of_email(&begun(template), library);
            // An unfinished template hinders nobody.
            let warning = |finding: Finding| Finding { severity: caravan_model::finding::Severity::Warning, ..finding };
            found.into_iter().map(warning).collect()
        }
        Body::SmsMessage(message) => of_text(message, library),
        Body::Journey(journey) => texts::of_senders(journey, library),
        Body::Settings(settings) => {
            let mut found = of_edges(&settings.emails);
            found.extend(open_consent_unknown(settings, library.schema));
            found.extend(CrmKind::ALL.iter().filter_map(|kind| crm_ids_unknown(settings, *kind, library.schema)));
            found
        }
        _ => Vec::new(),
    };
    document.locate(&mut findings);
    findings
}

/// An email that was made of a template keeps what that locks. Unlike other mistakes this one is not saved for later either.
pub(crate) fn template_locked(document: &Document) -> Option<Finding> {
    let Body::Email(email) = &document.body else { return None };
    let lock = email.lock.as_ref()?;
    let body = |body: &MailBody| match body {
        MailBody::Mjml(source) => EmailBody::Mjml(source.clone()),
        MailBody::Html(source) => EmailBody::Html(source.clone()),
    };
    let broken = locks::broken(&body(&lock.body), lock.lock, lock.additions, &body(&email.body))?;
    let pointer = if matches!(email.body, MailBody::Mjml(_)) { "/body/mjml" } else { "/body/html" };
    let place = broken.line.map(|line| format!(" (line {line} of this text)")).unwrap_or_default();
    let (template, part) = (&lock.template, &broken.part);
    let message = match broken.how {
        How::Changed => format!(
            "The template `{template}` locks {part}: it stays as it is there{place}. Undo the change, or begin another email."
        ),
        How::Conditional => format!(
            "The template `{template}` locks {part}: no condition of the email decides whether it is shown{place}. Move the condition \
             away from it, or begin another email."
        ),
        How::Added => format!(
            "The template `{template}` lets nothing like {part} be added{place}. Take it out, or begin another email."
        ),
    };
    let mut found = [Finding { line: broken.line, ..Finding::error("template_locked", pointer, message) }];
    document.locate(&mut found);
    let [found] = found;
    Some(found)
}

/// Who agreed to being seen is told by an attribute of people that is true or false.
fn open_consent_unknown(settings: &Settings, schema: &Schema) -> Option<Finding> {
    let key = settings.open_tracking_consent.as_deref()?;
    let attribute = schema.person.iter().map(|(_, attribute)| attribute).find(|attribute| attribute.key == key);
    let fits = attribute.is_some_and(|attribute| attribute.value_type == ValueType::Boolean);
    let message = format!("People have no attribute `{key}` that is true or false. Declare one, or name another.");
    (!fits).then(|| Finding::error("unknown_attribute", "/open_tracking_consent", message))
}

/// The CRM's ids stand in texts.
fn crm_ids_unknown(settings: &Settings, kind: CrmKind, schema: &Schema) -> Option<Finding> {
    let key = settings.crm.id_attribute(kind);
    let fits = schema.of(kind.subject()).get(key).is_some_and(|attribute| attribute.value_type == ValueType::String);
    let (whose, field) = match kind {
        CrmKind::Account => ("Accounts", "account_id"),
        CrmKind::Contact => ("People", "contact_id"),
        CrmKind::Lead => ("People", "lead_id"),
    };
    let message = format!("{whose} have no attribute `{key}` that is a text. Declare one, or name another.");
    (!fits).then(|| Finding::error("unknown_attribute", format!("/crm/{field}"), message))
}

/// What stands against what goes around emails, whatever emails there are.
fn of_edges(around: &AroundEmails) -> Vec<Finding> {
    let body = MailBody::Html("<p>-</p>".to_owned());
    let email = Email { view_as_web_page: true, text: Some("-".to_owned()), ..carrying(body, None, &IndexMap::new()) };
    let house = House { around: around.clone(), language: None };
    let found = match compile(&email_content(&email, &house), &Attributes::default().of_system(OF_EDGES)) {
        Ok(_) => return Vec::new(),
        Err(findings) => findings,
    };
    let places = [("/footer", "/emails/opt_out"), ("/view_link", "/emails/view_as_web_page")];
    let placed = |finding: Finding| {
        let place = places.iter().find_map(|(from, to)| Some((finding.pointer.strip_prefix(from)?, to)));
        place.map(|(rest, to)| Finding { pointer: format!("{to}{rest}"), ..finding.clone() })
    };
    found.into_iter().filter(Finding::is_error).filter_map(placed).collect()
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
    let mut findings = match compile(&email_content(&whole, &library.house()), &library.attributes(&whole)) {
        Ok(compiled) => compiled.warnings().to_vec(),
        Err(findings) => findings,
    };
    findings.extend(email.unknown_fields(&|key: &str| (library.fragment)(key)));
    findings.extend(postal_address_missing(&whole, library));
    findings.extend(one_click_not_possible(&whole, library));
    findings.extend(of_copies(&whole, library));
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

/// Copies go to addresses in attributes; whoever gets one acts for the recipient, which nobody shall be surprised by.
fn of_copies(email: &Email, library: &Library<'_>) -> Vec<Finding> {
    let set = |namespace: &str| match namespace {
        "person" => Some(&library.schema.person),
        "account" => Some(&library.schema.account),
        _ => None,
    };
    let bad = email.cc.iter().enumerate().filter(|(_, path)| {
        let found = path.split_once('.').and_then(|(namespace, name)| {
            set(namespace)?.iter().map(|(_, attribute)| attribute).find(|attribute| attribute.key == name)
        });
        found.is_none_or(|attribute| attribute.value_type != ValueType::String)
    });
    let message = |path: &String| {
        format!(
            "`{path}` is no attribute that holds an address. Name one of the person or the account, like `account.owner_email`."
        )
    };
    let mut findings: Vec<Finding> =
        bad.map(|(n, path)| Finding::error("copy_address_unknown", format!("/cc/{n}"), message(path))).collect();
    if !email.cc.is_empty() {
        let message = "Copies carry the recipient's own links: what is opened, clicked or unsubscribed in a copy counts as the recipient's.";
        findings.push(Finding::warning("copies_share_links", "/cc", message));
    }
    findings
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
    let pointer = if matches!(whole.body, MailBody::Mjml(_)) { "/body/mjml" } else { "/body/html" };
    let email = alone(&whole);
    let found = match compile(&email_content(&email, &library.house()), &library.attributes(&email)) {
        Ok(compiled) => compiled.warnings().to_vec(),
        Err(findings) => findings,
    };
    let of_it = |finding: &Finding| {
        (finding.pointer == pointer || finding.pointer == "/text") && !OF_WHOLE_EMAILS.contains(&finding.code.as_str())
    };
    found.into_iter().filter(of_it).collect()
}

/// A fragment, with those that it takes in, as an email that holds nothing else.
fn alone(whole: &Fragment) -> Email {
    let body = match &whole.body {
        MailBody::Html(html) => MailBody::Html(html.clone()),
        MailBody::Mjml(mjml) => MailBody::Mjml(in_a_mail(mjml)),
    };
    Email { operational: true, ..carrying(body, whole.text.clone(), &whole.conditions) }
}

/// An email that begins as a template is, with something to be called by.
fn begun(template: &EmailTemplate) -> Email {
    let email = template.email("");
    Email { subject: named_or(&email.subject), ..email }
}

/// An email that carries a piece of content and nothing else.
fn carrying(body: MailBody, text: Option<String>, conditions: &IndexMap<String, ContentCondition>) -> Email {
    let template = EmailTemplate {
        subject: Some("-".to_owned()),
        body,
        text,
        language: None,
        conditions: conditions.clone(),
        lock: None,
        additions: None,
    };
    template.email("")
}

/// A piece of MJML where such a piece may stand: sections in the body, anything else in a column. Lines stay.
fn in_a_mail(mjml: &str) -> String {
    let first = mjml.find("<mj-").and_then(|at| mjml.get(at..)).unwrap_or_default();
    let of_body = ["<mj-section", "<mj-wrapper", "<mj-hero", "<mj-raw"];
    if of_body.iter().any(|element| first.starts_with(element)) {
        return format!("<mjml><mj-body>{mjml}</mj-body></mjml>");
    }
    format!("<mjml><mj-body><mj-section><mj-column>{mjml}</mj-column></mj-section></mj-body></mjml>")
}
