//! Registering an external service: its OpenAPI document is read once, and what was found holds from then on.

use caravan_connect::Surroundings;
use caravan_connect::connector::Secrets;
use caravan_connect::services::{self, EntityType, Registered};
use caravan_model::document::{DocumentKind, ExternalAction};
use caravan_model::{Finding, journey};
use caravan_store::services::{self as rows, ServiceRow};
use caravan_store::{Session, documents};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::secrets::secrets_of;

/// What was found at an address, and a manifest that fits it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// What the document and the service say.
    pub registered: Registered,
    /// A manifest to begin with: the mapping of fields is still to be filled in.
    pub manifest: Json,
}

/// Looks at the service whose OpenAPI document is at `url`, without keeping anything.
///
/// # Errors
/// Everything that stands against registering it.
pub fn inspect(url: &str, secrets: &Secrets, surroundings: &Surroundings) -> Result<Found, DefinitionError> {
    let registered = services::find(url, secrets, surroundings).map_err(DefinitionError::Findings)?;
    Ok(Found { manifest: manifest(url, &registered), registered })
}

/// Reads the document of the external action `key`, checks that the two fit, and keeps what was found.
///
/// # Errors
/// There is no such action, or everything that stands against it.
pub fn register(engine: &Engine, surroundings: &Surroundings, key: &str) -> Result<Registered, DefinitionError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let unknown =
        || DefinitionError::Unknown { kind: DocumentKind::ExternalAction.key().to_owned(), key: key.to_owned() };
    let definition = live.definitions.get(DocumentKind::ExternalAction, key).ok_or_else(unknown)?;
    let secrets = secrets_of(&live, definition, engine.clock().now())
        .map_err(|why| Finding::error("secret_missing", "/secrets", why))?;
    let action: ExternalAction = definition.read().ok_or_else(unknown)?;
    let registered = services::find(&action.url, &secrets, surroundings).map_err(DefinitionError::Findings)?;
    let findings = misfits(&action, &registered);
    if !findings.is_empty() {
        return Err(DefinitionError::Findings(findings));
    }
    engine.store().write(|s| {
        documents::begin_change(s)?;
        refuse_twins(s, definition.id, &action.url, &registered)?;
        let registered_at = s.now()?;
        let body = serde_json::to_string(&registered).unwrap_or_default();
        let title = registered.described.title.clone();
        rows::put(s, &ServiceRow { document: definition.id, url: action.url.clone(), title, registered_at, body })?;
        Ok::<_, DefinitionError>(())
    })?;
    engine.poke();
    Ok(registered)
}

/// An address and a title are registered once.
fn refuse_twins(
    s: &mut dyn Session,
    id: caravan_model::DocumentId,
    url: &str,
    registered: &Registered,
) -> Result<(), DefinitionError> {
    for other in rows::all(s)?.into_iter().filter(|other| other.document != id) {
        if other.url == url {
            let message = "Another external action is registered with this address. Use that one.";
            return Err(Finding::error("url_taken", "/url", message).into());
        }
        if other.title == registered.described.title {
            let message =
                format!("Another external action is registered as `{}`. A service is registered once.", other.title);
            return Err(Finding::error("title_taken", "/url", message).into());
        }
    }
    Ok(())
}

/// Where the action says something else than its service.
fn misfits(action: &ExternalAction, registered: &Registered) -> Vec<Finding> {
    let definition = &registered.definition;
    let mut findings = Vec::new();
    let mut wrong = |code: &str, pointer: &str, message: String| findings.push(Finding::error(code, pointer, message));
    let about_accounts = definition.supported_entity_type == EntityType::Account;
    if about_accounts != (action.on == journey::On::Account) {
        let (is, write) = if about_accounts { ("accounts", "account") } else { ("people", "people") };
        wrong("service_wrong_subject", "/on", format!("The service is about {is}. Write `on: {write}`."));
    }
    if definition.enable_split_paths != action.split {
        let split = definition.enable_split_paths;
        wrong(
            "service_wrong_use",
            "/split",
            format!("The service says that it splits paths: {split}. Write `split: {split}`."),
        );
    }
    let sent = &definition.invocation_payload_def;
    let announced = sent.fields.iter().chain(&sent.account_fields);
    for field in
        announced.clone().filter(|field| field.required && !action.outgoing.contains_key(&field.service_attribute))
    {
        let name = &field.service_attribute;
        wrong(
            "mapping_missing",
            "/outgoing",
            format!("The service wants `{name}`. Say under `outgoing` which attribute is sent as it."),
        );
    }
    for theirs in
        action.outgoing.keys().filter(|theirs| !announced.clone().any(|field| field.service_attribute == **theirs))
    {
        wrong("mapping_unknown", "/outgoing", format!("The service wants nothing called `{theirs}`."));
    }
    let heard = &definition.callback_payload_def;
    let answered = heard.fields.iter().chain(&heard.account_fields);
    for theirs in
        action.incoming.values().filter(|theirs| !answered.clone().any(|field| field.service_attribute == **theirs))
    {
        wrong("mapping_unknown", "/incoming", format!("The service answers nothing called `{theirs}`."));
    }
    for parameter in
        sent.global_attributes.iter().filter(|one| one.required && !action.values.contains_key(&one.api_name))
    {
        let name = &parameter.api_name;
        wrong("value_missing", "/values", format!("The service wants a value for `{name}`. Set it under `values`."));
    }
    findings
}

fn manifest(url: &str, registered: &Registered) -> Json {
    let definition = &registered.definition;
    let sent = &definition.invocation_payload_def;
    let about_accounts = definition.supported_entity_type == EntityType::Account;
    let secrets = registered.described.authentication.secrets().iter();
    let mut manifest = json!({
        "kind": DocumentKind::ExternalAction.key(),
        "key": key_of(&definition.api_name),
        "name": registered.described.title,
        "url": url,
        "on": if about_accounts { "account" } else { "people" },
        "timeout": format!("{}m", definition.timeout),
        "outgoing": sent.fields.iter().chain(&sent.account_fields).map(|f| (f.service_attribute.clone(), json!(""))).collect::<serde_json::Map<_, _>>(),
        "values": sent.global_attributes.iter().map(|p| (p.api_name.clone(), json!(""))).collect::<serde_json::Map<_, _>>(),
        "secrets": secrets.map(|name| ((*name).to_owned(), json!({"env": name.to_uppercase()}))).collect::<serde_json::Map<_, _>>(),
    });
    if definition.enable_split_paths {
        manifest["split"] = json!(true);
    }
    manifest
}

/// A name as keys are written.
fn key_of(name: &str) -> String {
    let plain: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
