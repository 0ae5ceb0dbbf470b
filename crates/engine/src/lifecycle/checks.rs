//! What stands against publishing a journey, errors and warnings: what its text decides, what the definitions decide,
//! what the version before and the data decide.

use std::collections::HashMap;

use caravan_catalog::{Actions, Definition, Definitions};
use caravan_model::document::{Document, DocumentKind, Email, Reference};
use caravan_model::journey::{ActionCatalogue, Entry, Journey, Node, PlacedAction};
use caravan_model::{DocumentId, Finding, VersionId};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, journeys, outbox, watched};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::audiences;
use crate::compile::{Identity, compile};
use crate::content;
use crate::content::Library;
use crate::definitions::check_journey;
use crate::deliver::{content_of, domain_of};
use crate::live::journey_of;

/// Nothing could call this service.
pub(super) const NOT_REGISTERED: &str = "service_not_registered";

/// What may not change from one version of a journey to the next: who travels, when it began, how often one may enter.
pub(super) fn against_a_new_version(
    s: &mut dyn Session,
    row: &DocumentRow,
    document: &Document,
) -> Result<Vec<Finding>, StoreError> {
    let published = match row.live_version {
        Some(version) => documents::version(s, version)?.and_then(|version| journey_of(&version.body).ok()),
        None => None,
    };
    let (Some(before), Some(now)) = (published, document.body.journey()) else { return Ok(Vec::new()) };
    let fixed = |code: &str, pointer: &str, what: &str| {
        let message =
            format!("{what} cannot change once a journey has been published. Put it back, or duplicate the journey.");
        Finding::error(code, pointer, message)
    };
    let mut findings = Vec::new();
    if before.subject != now.subject {
        findings.push(fixed("subject_fixed", "/subject", "Who travels"));
    }
    if before.start != now.start {
        findings.push(fixed("start_fixed", "/start", "The start date"));
    }
    if before.reentry != now.reentry {
        findings.push(fixed("reentry_fixed", "/reentry", "Re-entry"));
    }
    document.locate(&mut findings);
    Ok(findings)
}

/// Nodes whose service was never found: nothing could call it.
fn not_registered(journey: &Journey, definitions: &Definitions) -> Vec<Finding> {
    let service = |node: &Node| match node {
        Node::ExternalAction(it) => Some(it.service.clone()),
        Node::ExternalSplit(it) => Some(it.service.clone()),
        _ => None,
    };
    let called = journey.nodes.iter().filter_map(|(id, node)| Some((id, service(node)?)));
    let missing = called.filter(|(_, key)| {
        definitions.get(DocumentKind::ExternalAction, key).is_some() && definitions.registered(key).is_none()
    });
    missing
        .map(|(id, key)| {
            let message = format!(
                "The service `{key}` is not registered: its OpenAPI document has not been read. Register it with \
                 `caravan connection register {key}`, or under its page in the app."
            );
            Finding::error(NOT_REGISTERED, format!("/nodes/{id}/service"), message).at_node(id.as_str())
        })
        .collect()
}

/// Everything that stands against publishing a journey, errors and warnings.
///
/// `public_url`: where recipients reach this installation, where that is known.
pub fn findings_against(
    document: &Document,
    definitions: &Definitions,
    now: Timestamp,
    public_url: Option<&str>,
) -> Vec<Finding> {
    let mut findings = check_journey(document, now);
    findings.extend(document.check_conditions(&definitions.schema));
    if findings.iter().any(Finding::is_error) {
        return findings;
    }
    let Some(journey) = document.body.journey() else { return findings };
    let identity =
        Identity { journey: DocumentId(0), key: document.key().to_owned(), version: VersionId(0), version_no: 0 };
    if let Err(found) = compile(&identity, journey, definitions) {
        findings.extend(found);
    }
    let mut unregistered = not_registered(journey, definitions);
    document.locate(&mut unregistered);
    findings.extend(unregistered);
    for placed in journey.actions() {
        if let Some(action) = caravan_catalog::action(placed.action) {
            let warnings = action.warnings(&Json::Object(placed.settings.clone()), definitions);
            findings.extend(warnings.into_iter().map(|f| f.under(&placed.pointer()).at_node(placed.node.as_str())));
        }
        findings.extend(about_emails(&placed, definitions, public_url));
        findings.extend(content::at_node(&placed, &Library::live(definitions)));
    }
    findings
}

/// What is wrong with the emails that an action sends, said at its node.
fn about_emails(placed: &PlacedAction<'_>, definitions: &Definitions, public_url: Option<&str>) -> Vec<Finding> {
    let library = Library::live(definitions).reached_at(public_url);
    let named = Actions.references(placed.action, placed.settings, &placed.pointer());
    let emails = named.into_iter().filter(|reference| reference.kind == DocumentKind::Email);
    let found = emails.filter_map(|reference| Some((definitions.get(reference.kind, &reference.key)?, reference)));
    found
        .flat_map(|(email, reference)| {
            email_findings(email, &library).into_iter().map(move |finding| Finding {
                message: format!("Email `{}`, {}: {}", email.key, finding.pointer, finding.message),
                pointer: reference.pointer.clone(),
                ..finding
            })
        })
        .map(|finding| finding.at_node(placed.node.as_str()))
        .collect()
}

/// What is wrong with an email's content, and what is worth a look. What it names that there is not, the action says.
fn email_findings(email: &Definition, library: &Library<'_>) -> Vec<Finding> {
    let email = match content_of::<Email>(&email.body) {
        Ok(email) => email,
        Err(error) => return vec![Finding::error("unreadable", "", format!("The email cannot be read: {error}."))],
    };
    let said = |finding: &Finding| !matches!(finding.code.as_str(), "attribute_unknown" | "attribute_not_named");
    content::of_email(&email, library).into_iter().filter(said).collect()
}

/// Emails whose sending domain was never looked up in the DNS, or not found well there when it last was: a warning.
pub(super) fn domains_unverified(
    s: &mut dyn Session,
    document: &Document,
    definitions: &Definitions,
) -> Result<Vec<Finding>, StoreError> {
    let Some(journey) = document.body.journey() else { return Ok(Vec::new()) };
    let checks: HashMap<String, bool> =
        watched::domain_checks(s)?.into_iter().map(|check| (check.domain, check.well)).collect();
    let mut findings: Vec<Finding> = Vec::new();
    for placed in journey.actions() {
        let Some(key) = sending_domain(&placed, definitions) else { continue };
        let message = match checks.get(&key) {
            Some(true) => continue,
            Some(false) => format!(
                "The DNS does not hold what it must for the sending domain `{key}`, so mailboxes may refuse its mail. See `caravan domain check {key}`."
            ),
            None => format!(
                "Nobody has looked the sending domain `{key}` up in the DNS. Do it with `caravan domain check {key}`, or in the app."
            ),
        };
        let finding = Finding::warning("sending_domain_unverified", placed.pointer(), message);
        findings.push(finding.at_node(placed.node.as_str()));
    }
    document.locate(&mut findings);
    Ok(findings)
}

/// The sending domain of the email that an action sends, where its sender is fixed.
fn sending_domain(placed: &PlacedAction<'_>, definitions: &Definitions) -> Option<String> {
    let named = Actions.references(placed.action, placed.settings, &placed.pointer());
    let email = named.into_iter().find(|reference| reference.kind == DocumentKind::Email)?;
    let email = definitions.get(email.kind, &email.key)?;
    let connection = || definitions.get(DocumentKind::Connection, email.text("connection")?);
    let sender = |body: &Json, pointer: &str| body.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    let sender = sender(&email.body, "/from/email").or_else(|| sender(&connection()?.body, "/settings/from/email"))?;
    domain_of(definitions, &sender).ok().flatten().map(|(_, key, _)| key)
}

/// Actions that write to the owner of accounts that have none: a warning, since others may have one.
pub(super) fn owners_missing(
    s: &mut dyn Session,
    document: &Document,
    definitions: &Definitions,
) -> Result<Vec<Finding>, StoreError> {
    let Some(journey) = document.body.journey() else { return Ok(Vec::new()) };
    let writes = |placed: &PlacedAction<'_>| {
        caravan_catalog::action(placed.action)
            .is_some_and(|action| action.writes_to_owner(&Json::Object(placed.settings.clone())))
    };
    let actions: Vec<PlacedAction<'_>> = journey.actions().into_iter().filter(writes).collect();
    let audience = if actions.is_empty() { None } else { audience_of(definitions, journey) };
    let Some(list) = audience else { return Ok(Vec::new()) };
    let without = journeys::members_without_owner(s, list)?;
    let mut findings: Vec<Finding> = Vec::new();
    if without > 0 {
        findings.extend(actions.iter().map(|placed| {
            let message = format!("{without} accounts of the audience have no owner to write to. Name an address beside the owner, or give them one.");
            Finding::warning("owner_missing", placed.pointer(), message).at_node(placed.node.as_str())
        }));
    }
    document.locate(&mut findings);
    Ok(findings)
}

/// Actions whose connection does not get anything out now: a warning, since it may be mended before anybody comes there.
pub(super) fn connections_failing(
    s: &mut dyn Session,
    document: &Document,
    definitions: &Definitions,
) -> Result<Vec<Finding>, StoreError> {
    let Some(journey) = document.body.journey() else { return Ok(Vec::new()) };
    let failing = outbox::lane_problems(s)?;
    let mut findings: Vec<Finding> = Vec::new();
    for placed in journey.actions() {
        let connections = connections_of(&placed, definitions);
        // A lane is named by what it does, its connection, and perhaps a target.
        let mut lanes = failing.iter().filter_map(|lane| Some((lane.lane.split(':').nth(1)?, lane)));
        let Some((connection, lane)) = lanes.find(|(key, _)| connections.iter().any(|own| own == key)) else {
            continue;
        };
        let message = format!(
            "The connection `{connection}` failed when it was last used: {} What is sent waits until it works again.",
            lane.message
        );
        let finding = Finding::warning("connection_failing", placed.pointer(), message);
        findings.push(finding.at_node(placed.node.as_str()));
    }
    document.locate(&mut findings);
    Ok(findings)
}

/// Actions whose connection works by a consent that ends soon, or has ended: a warning, since a person can mend it.
pub(super) fn consents_ending(
    s: &mut dyn Session,
    document: &Document,
    definitions: &Definitions,
) -> Result<Vec<Finding>, StoreError> {
    let Some(journey) = document.body.journey() else { return Ok(Vec::new()) };
    let endings = audiences::endings(s, definitions)?;
    let mut findings: Vec<Finding> = Vec::new();
    for placed in journey.actions() {
        let connections = connections_of(&placed, definitions);
        let ending = endings.iter().find(|ending| connections.contains(&ending.connection));
        findings.extend(ending.map(|ending| {
            let code = if ending.over { "consent_ended" } else { "consent_ends_soon" };
            Finding::warning(code, placed.pointer(), ending.message.clone()).at_node(placed.node.as_str())
        }));
    }
    document.locate(&mut findings);
    Ok(findings)
}

/// The connections that an action names, itself or through the message that it sends.
fn connections_of(placed: &PlacedAction<'_>, definitions: &Definitions) -> Vec<String> {
    let named = Actions.references(placed.action, placed.settings, &placed.pointer());
    let connection = |reference: Reference| match reference.kind {
        DocumentKind::Connection => Some(reference.key),
        kind => definitions.get(kind, &reference.key)?.text("connection").map(str::to_owned),
    };
    named.into_iter().filter_map(connection).collect()
}

/// The list or audience whose members enter a journey.
pub(super) fn audience_of(definitions: &Definitions, journey: &Journey) -> Option<DocumentId> {
    let (kind, key) = match journey.audience.as_ref()? {
        Entry::AccountList(key) => (DocumentKind::AccountList, key),
        Entry::Audience(key) => (DocumentKind::Audience, key),
        Entry::PeopleList(key) => (DocumentKind::PeopleList, key),
        Entry::Events(_) => return None,
    };
    definitions.get(kind, key).map(|list| list.id)
}
