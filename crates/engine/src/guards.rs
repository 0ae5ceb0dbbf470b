//! What stands against changing or deleting what buying groups, scores and lists stand on: life cycles and limits.

use std::collections::BTreeSet;

use caravan_connect::connector;
use caravan_model::Finding;
use caravan_model::document::{
    BUILT_IN_ROLES, Body, Connection, ConnectionType, DataFlow, Destination, DestinationType, Document, DocumentKind,
    DocumentState, ExternalAudience, ListType, RoleCard, RolesTemplate, Settings, StageModel,
};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, access, audiences, external_audiences, groups};
use serde::Serialize;
use serde_json::Value as Json;

use crate::connections;
use crate::deliver::Way;

/// The most roles that there may be, the built-in ones included.
pub const MAX_ROLES: usize = 20;
/// The most personas.
pub const MAX_PERSONAS: usize = 20;
/// The most attributes that all personas together may ask for.
pub const MAX_PERSONA_ATTRIBUTES: usize = 10;
/// The state of a weighting model that gave way to another.
pub const ARCHIVED: &str = "archived";

/// What is wrong with the installation as it would be: told at each document that is changed.
pub(crate) fn limits(all: &[&Document], changing: &[&Document]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for document in changing {
        let mut found: Vec<Finding> = match &document.body {
            Body::Role(_) => role(all, document),
            Body::StageModel(_) => second_model(all, document).into_iter().collect(),
            Body::WeightingModel(_) => second_live(changing, document).into_iter().collect(),
            Body::Persona(_) => personas(all),
            Body::Destination(it) => {
                let mut found = handed_over(all, it);
                found.extend(destinations_of(all, it.destination_type));
                found
            }
            Body::DataFlow(flow) => flows(all, document, flow),
            Body::ExternalAudience(it) => handed_nowhere(all, it),
            Body::Settings(it) => sends_no_notices(all, it).into_iter().collect(),
            _ => Vec::new(),
        };
        document.locate(&mut found);
        findings.extend(found);
    }
    findings
}

fn of_kind<'a>(all: &'a [&Document], kind: DocumentKind) -> impl Iterator<Item = &'a Document> {
    all.iter().copied().filter(move |document| document.kind() == kind)
}

fn role(all: &[&Document], document: &Document) -> Vec<Finding> {
    let name = &document.envelope.name;
    let mut findings = Vec::new();
    let there = BUILT_IN_ROLES.len() + of_kind(all, DocumentKind::Role).count();
    if there > MAX_ROLES {
        let message = format!(
            "There would be {there} roles with the {} built-in ones; {MAX_ROLES} are allowed. Take another away first.",
            BUILT_IN_ROLES.len()
        );
        findings.push(Finding::error("too_many_roles", "/key", message));
    }
    let same =
        |other: &&Document| other.key() != document.key() && other.envelope.name.to_lowercase() == name.to_lowercase();
    if let Some(other) = of_kind(all, DocumentKind::Role).find(same) {
        let message = format!("The role `{}` is called `{name}` already. Choose another name.", other.key());
        findings.push(Finding::error("duplicate_role", "/name", message));
    }
    findings
}

fn second_model(all: &[&Document], document: &Document) -> Option<Finding> {
    let other = of_kind(all, DocumentKind::StageModel).find(|other| other.key() != document.key())?;
    let message = format!(
        "There is the stage model `{}` already, and there may be one only. Change that one while it is a draft, or delete it.",
        other.key()
    );
    Some(Finding::error("second_stage_model", "/key", message))
}

fn second_live(changing: &[&Document], document: &Document) -> Option<Finding> {
    let goes_live = |document: &Document| document.envelope.state == Some(DocumentState::Live);
    let other = changing.iter().find(|other| {
        other.kind() == DocumentKind::WeightingModel && goes_live(other) && other.key() != document.key()
    });
    let other = other.filter(|_| goes_live(document))?;
    let message =
        format!("`{}` would go live too, and one model is in force. Leave `state` out of one of them.", other.key());
    Some(Finding::error("several_models_live", "/state", message))
}

/// Notices are mail: no other connection can send them.
fn sends_no_notices(all: &[&Document], settings: &Settings) -> Option<Finding> {
    let key = settings.notices.connection.as_ref()?;
    let through = connection_of(all, key)?;
    let through = type_of(&through.connection_type);
    (through != type_of(&ConnectionType::Smtp)).then(|| {
        let message =
            format!("The connection `{key}` is of type {through}, which sends no mail. Name one of type smtp.");
        Finding::error("wrong_connection_type", "/notices/connection", message)
    })
}

fn connection_of<'a>(all: &'a [&Document], key: &str) -> Option<&'a Connection> {
    let named = of_kind(all, DocumentKind::Connection).find(|it| it.key() == key);
    named.and_then(|it| if let Body::Connection(it) = &it.body { Some(&**it) } else { None })
}

/// What is wrong with a destination: its connection must be of its type, and its settings fit for that.
fn handed_over(all: &[&Document], destination: &Destination) -> Vec<Finding> {
    let through = connection_of(all, &destination.connection);
    let wanted = type_of(&destination.destination_type);
    let mut findings = Vec::new();
    if let Some(through) = through.map(|it| type_of(&it.connection_type)).filter(|through| *through != wanted) {
        let message = format!(
            "The connection `{}` is of type {through}, the destination of type {wanted}. Name a connection of that type.",
            destination.connection
        );
        findings.push(Finding::error("wrong_connection_type", "/connection", message));
    }
    let settings = Json::Object(destination.settings.clone());
    findings.extend(connector::kind(&wanted).into_iter().flat_map(|kind| kind.check_destination(&settings)));
    findings
}

/// A type as manifests write it.
fn type_of(named: &impl Serialize) -> String {
    serde_json::to_value(named).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Destinations of an external audience that take no people.
fn handed_nowhere(all: &[&Document], audience: &ExternalAudience) -> Vec<Finding> {
    let takes_people = |key: &String| {
        let destination = of_kind(all, DocumentKind::Destination).find(|it| it.key() == key)?;
        let Body::Destination(destination) = &destination.body else { return None };
        Some(connector::kind(&type_of(&destination.destination_type)).is_some_and(|it| it.takes_people().is_some()))
    };
    let named = audience.destinations.iter().enumerate().filter(|(_, key)| takes_people(key) == Some(false));
    let refused = named.map(|(n, key)| {
        let message =
            format!("The destination `{key}` takes no people. Name one of a folder, a bucket or a platform that does.");
        Finding::error("wrong_destination_type", format!("/destinations/{n}"), message)
    });
    refused.collect()
}

fn flows(all: &[&Document], document: &Document, flow: &DataFlow) -> Vec<Finding> {
    let mut findings = Vec::new();
    let there = of_kind(all, DocumentKind::DataFlow).count();
    if there > DataFlow::MOST {
        let message =
            format!("There would be {there} data flows; {} are allowed. Delete another one first.", DataFlow::MOST);
        findings.push(Finding::error("too_many_data_flows", "/key", message));
    }
    let same = |other: &&Document| {
        other.key() != document.key()
            && other.envelope.name == document.envelope.name
            && matches!(&other.body, Body::DataFlow(it) if it.destination == flow.destination)
    };
    if let Some(other) = of_kind(all, DocumentKind::DataFlow).find(same) {
        let name = &document.envelope.name;
        let message =
            format!("The data flow `{}` fills an audience `{name}` there already. Choose another name.", other.key());
        findings.push(Finding::error("duplicate_data_flow", "/name", message));
    }
    let destination = of_kind(all, DocumentKind::Destination).find(|other| other.key() == flow.destination);
    if let Some(Body::Destination(destination)) = destination.map(|it| &it.body)
        && !destination.destination_type.takes_accounts()
    {
        let message = format!("The destination `{}` takes no accounts. Choose one of LinkedIn's.", flow.destination);
        findings.push(Finding::error("wrong_destination_type", "/destination", message));
    }
    findings
}

fn personas(all: &[&Document]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let there = of_kind(all, DocumentKind::Persona).count();
    if there > MAX_PERSONAS {
        let message = format!("There would be {there} personas; {MAX_PERSONAS} are allowed. Take another away first.");
        findings.push(Finding::error("too_many_personas", "/key", message));
    }
    let attributes: BTreeSet<&str> = all
        .iter()
        .filter_map(|document| match &document.body {
            Body::Persona(persona) => Some(persona.attributes.iter().map(|asked| asked.attribute.as_str())),
            _ => None,
        })
        .flatten()
        .collect();
    if attributes.len() > MAX_PERSONA_ATTRIBUTES {
        let message = format!(
            "All personas together would ask for {} attributes; {MAX_PERSONA_ATTRIBUTES} are allowed. Use those that others \
             use: {}.",
            attributes.len(),
            attributes.into_iter().collect::<Vec<_>>().join(", ")
        );
        findings.push(Finding::error("too_many_persona_attributes", "/attributes", message));
    }
    findings
}

/// Some systems have a limit of their own.
fn destinations_of(all: &[&Document], system: DestinationType) -> Option<Finding> {
    let key = serde_json::to_value(system).ok()?;
    let kind = connector::kind(key.as_str()?)?;
    let most = kind.most_destinations()?;
    let is_one =
        |document: &&&Document| matches!(&document.body, Body::Destination(it) if it.destination_type == system);
    let there = all.iter().filter(is_one).count();
    let message = format!(
        "There would be {there} destinations at {}; {most} are allowed. Take another away first.",
        kind.label()
    );
    (there > most).then(|| Finding::error("too_many_destinations", "/key", message))
}

/// What stands against changing a stored document into another. `users` are those that name it.
pub(crate) fn change(
    s: &mut dyn Session,
    row: &DocumentRow,
    old: &Document,
    new: &Document,
    users: &[String],
) -> Result<Vec<Finding>, StoreError> {
    let live = row.state == "live";
    let found = match (&old.body, &new.body) {
        (Body::RolesTemplate(was), Body::RolesTemplate(is)) if live => frozen_template(was, is, new.key()),
        (Body::StageModel(was), Body::StageModel(is)) => kept_model((old, was), (new, is), live),
        (Body::SolutionInterest(was), Body::SolutionInterest(is)) if was.roles_template != is.roles_template => {
            let message = format!(
                "The interest stands on the roles template `{}` for good. Create another interest for `{}`.",
                was.roles_template, is.roles_template
            );
            Some(Finding::error("roles_template_fixed", "/roles_template", message))
        }
        (Body::Email(was), Body::Email(is)) if was.lock.is_some() && was.lock != is.lock => {
            let message = "What a template locks stays locked for good. Begin another email where more must change.";
            Some(Finding::error("lock_changed", "/lock", message))
        }
        (Body::Role(_), Body::Role(_)) if old.envelope.name != new.envelope.name => {
            renamed(s, &old.envelope.name, users)?
        }
        (Body::AccountList(was), Body::AccountList(is)) => {
            frozen_list(live, new.key(), (was.list_type, is.list_type), was.when != is.when)
        }
        (Body::PeopleList(was), Body::PeopleList(is)) => {
            frozen_list(live, new.key(), (was.list_type, is.list_type), was.when != is.when)
        }
        (Body::WeightingModel(was), Body::WeightingModel(is)) => {
            let changed = was != is || old.envelope.name != new.envelope.name;
            fixed_weights(row, changed, new.envelope.state)
        }
        (Body::DataFlow(was), Body::DataFlow(is)) if live => {
            frozen_flow(new.key(), was != is || old.envelope.name != new.envelope.name)
        }
        (Body::Destination(was), Body::Destination(is)) => moved(s, row, was, is)?,
        _ => None,
    };
    let mut findings: Vec<Finding> = found.into_iter().collect();
    new.locate(&mut findings);
    Ok(findings)
}

/// Of a live template how many members its roles require may change, and nothing else.
fn frozen_template(was: &RolesTemplate, is: &RolesTemplate, key: &str) -> Option<Finding> {
    let frozen = |template: &RolesTemplate| -> Vec<RoleCard> {
        template.roles.iter().cloned().map(|card| RoleCard { members_required: 1, ..card }).collect()
    };
    let message = format!(
        "The roles template `{key}` is live: only `members_required` of its roles may change. Duplicate it under another \
         key, and create an interest on that."
    );
    (frozen(was) != frozen(is)).then(|| Finding::error("template_is_live", "/roles", message))
}

/// A list is of one type for good, and by what a live one finds its members stays too: who follows it counts on that.
fn frozen_list(live: bool, key: &str, (was, is): (ListType, ListType), other_filter: bool) -> Option<Finding> {
    if was != is {
        let message = format!("The type of the list `{key}` is fixed. Create a list of the other type.");
        return Some(Finding::error("list_type_fixed", "/type", message));
    }
    (live && other_filter).then(|| {
        let message = format!(
            "The list `{key}` is live, and its filter stays as it was published. Put it back, or duplicate the list under \
             another key and change that."
        );
        Finding::error("list_is_live", "/when", message)
    })
}

fn kept_model(
    (old, was): (&Document, &StageModel),
    (new, is): (&Document, &StageModel),
    live: bool,
) -> Option<Finding> {
    let key = new.key();
    if live && was != is {
        let message = format!(
            "The stage model `{key}` is live and cannot be changed. Take it from its interests, delete it, and apply the new \
             one; groups begin without a stage then."
        );
        return Some(Finding::error("stage_model_is_live", "/stages", message));
    }
    if old.envelope.name != new.envelope.name {
        let message = format!("The stage model `{key}` keeps its name, `{}`.", old.envelope.name);
        return Some(Finding::error("stage_model_renamed", "/name", message));
    }
    // A stage that is called something else stands where it stood.
    (is.stages.len() < was.stages.len()).then(|| {
        let gone: Vec<String> = was
            .stages
            .iter()
            .filter(|stage| is.stage(&stage.name).is_none())
            .map(|stage| format!("`{}`", stage.name))
            .collect();
        let message = format!(
            "Stages that were saved stay; {} would be gone. Put it back, or call it something else.",
            gone.join(", ")
        );
        Finding::error("stage_removed", "/stages", message)
    })
}

fn renamed(s: &mut dyn Session, name: &str, users: &[String]) -> Result<Option<Finding>, StoreError> {
    let message = match (users, groups::has_role(s, name)?) {
        ([], false) => return Ok(None),
        ([], true) => format!("Members of buying groups have the role `{name}`. Create another role instead."),
        (users, _) => format!("The role is called `{name}` in {}. Create another role instead.", users.join(", ")),
    };
    Ok(Some(Finding::error("role_in_use", "/name", message)))
}

fn frozen_flow(key: &str, changed: bool) -> Option<Finding> {
    let message = format!(
        "The data flow `{key}` is live: whoever it takes along is decided. Delete it and apply another one under a new name."
    );
    changed.then(|| Finding::error("data_flow_is_live", "", message))
}

/// A destination with audiences stays where they are, and keeps the form in which it was told of their members.
fn moved(
    s: &mut dyn Session,
    row: &DocumentRow,
    was: &Destination,
    is: &Destination,
) -> Result<Option<Finding>, StoreError> {
    let changeable =
        connector::kind(&type_of(&was.destination_type)).map_or(&[][..], |kind| kind.changeable_settings());
    let place = |it: &Destination| {
        let mut settings = it.settings.clone();
        settings.retain(|key, _| !changeable.contains(&key.as_str()));
        (it.destination_type, it.connection.clone(), settings)
    };
    let has_any = |s: &mut dyn Session| -> Result<bool, StoreError> {
        Ok(!audiences::all(s, Some(row.id))?.is_empty() || external_audiences::any_at(s, row.id)?)
    };
    if place(was) == place(is) || !has_any(s)? {
        return Ok(None);
    }
    let message = format!(
        "The destination `{}` has audiences over there, which would be left behind. Apply a destination of another key.",
        row.key
    );
    Ok(Some(Finding::error("destination_has_audiences", "/settings", message)))
}

fn fixed_weights(row: &DocumentRow, changed: bool, state: Option<DocumentState>) -> Option<Finding> {
    let (code, message) = match row.state.as_str() {
        "live" if changed => (
            "model_in_force",
            format!(
                "The weighting model `{}` is in force and cannot be changed. Duplicate it under another key.",
                row.key
            ),
        ),
        ARCHIVED if changed || state == Some(DocumentState::Live) => (
            "model_archived",
            format!("The weighting model `{}` gave way to another. Duplicate it, and activate the copy.", row.key),
        ),
        _ => return None,
    };
    Some(Finding::error(code, "", message))
}

/// What stands against taking a document away, those that name it aside.
pub(crate) fn deletion(
    s: &mut dyn Session,
    row: &DocumentRow,
    document: &Document,
) -> Result<Option<Finding>, StoreError> {
    let key = &row.key;
    let live = row.state == "live";
    Ok(match &document.body {
        Body::RolesTemplate(_) if live => {
            let message = format!("The roles template `{key}` is live and stays. Leave it unused.");
            Some(Finding::error("template_is_live", "", message))
        }
        Body::WeightingModel(_) if live => {
            let message = format!("The weighting model `{key}` is in force. Activate another one first.");
            Some(Finding::error("model_in_force", "", message))
        }
        Body::SolutionInterest(interest) if interest.create_for.is_some() => {
            let message = format!("`{key}` still creates buying groups. Take its `create_for` away first.");
            Some(Finding::error("in_use", "", message))
        }
        Body::Connection(_) => match connections::waiting_for(s, &Way::connection(key.as_str()))? {
            0 => None,
            waiting => {
                let message = format!(
                    "{waiting} effects wait to leave through `{key}`. Let them go, or abort their journeys, first."
                );
                Some(Finding::error("in_use", "", message))
            }
        },
        Body::AccessRole(_) => held_by(s, key)?,
        Body::Role(_) if groups::has_role(s, &document.envelope.name)? => {
            let message = format!("Members of buying groups have the role `{}`.", document.envelope.name);
            Some(Finding::error("in_use", "", message))
        }
        _ => None,
    })
}

/// Whoever has the role would be let in nowhere.
fn held_by(s: &mut dyn Session, key: &str) -> Result<Option<Finding>, StoreError> {
    // Whoever gives the role to somebody holds it too, so that nobody has it when it is gone.
    documents::hold(s, DocumentKind::AccessRole.key(), key)?;
    let (users, tokens) = access::count_holders(s, key)?;
    Ok((users + tokens > 0).then(|| {
        let message = format!(
            "Users with the access role `{key}`: {users}; API tokens: {tokens}. Give them another role, or take them away, first."
        );
        Finding::error("in_use", "", message)
    }))
}

/// A role that came with the installation, by name or key.
pub(crate) fn built_in_role(kind: DocumentKind, key: &str) -> Option<Finding> {
    let named = |name: &&&str| name.eq_ignore_ascii_case(key) || name.to_lowercase().replace(' ', "-") == key;
    let name = BUILT_IN_ROLES.iter().find(named).filter(|_| kind == DocumentKind::Role)?;
    Some(Finding::error("built_in_role", "", format!("`{name}` is a built-in role, which stays as it is.")))
}
