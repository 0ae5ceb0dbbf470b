//! The live definitions that actions, conditions and plans are checked against and prepared with.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_model::attribute::{Attribute, AttributeNo, AttributeSet, Schema, Subject};
use caravan_model::condition::{Condition, NameKind, Scope};
use caravan_model::document::{Audience, DocumentKind, Found, Fragment, Settings, Weighting};
use caravan_model::journey::Reentry;
use caravan_model::suggest::did_you_mean;
use caravan_model::value::Value;
use caravan_model::{DocumentId, Finding, VersionId};
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::events::EVENTS;
use crate::personas::Personas;

/// A definition as others see it.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its id.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// Unique in its kind.
    pub key: String,
    /// Shown.
    pub name: String,
    /// `draft`, `live` …
    pub state: String,
    /// Its live version.
    pub version: Option<VersionId>,
    /// Its live version's body where it has one, else its draft.
    pub body: Arc<Json>,
}

impl Definition {
    /// A text field of the body.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Json::as_str)
    }

    /// The body in its own type, without the envelope; none when it does not fit (a defect: it was checked when applied).
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        let mut body = (*self.body).clone();
        if let Some(fields) = body.as_object_mut() {
            for envelope in ["kind", "key", "name", "description", "state"] {
                fields.shift_remove(envelope);
            }
        }
        serde_json::from_value(body).ok()
    }
}

/// All definitions of the installation at one revision.
#[derive(Debug, Clone)]
pub struct Definitions {
    /// Standard and declared attributes.
    pub schema: Arc<Schema>,
    /// The organisation's time zone.
    pub zone: TimeZone,
    by_key: HashMap<(DocumentKind, String), Arc<Definition>>,
    registered: Arc<HashMap<String, Arc<Json>>>,
    running: bool,
    tokens: Option<Arc<Map<String, Json>>>,
}

/// A journey that an action points at.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetJourney {
    /// Its id.
    pub id: DocumentId,
    /// It takes somebody in.
    pub live: bool,
    /// Who enters again; without such a rule everybody enters once.
    pub reentry: Option<Reentry>,
    /// The organisation's time zone, in which its delay is counted.
    pub zone: TimeZone,
}

/// A role card of a live roles template.
#[derive(Debug, Clone)]
pub struct RoleCard {
    /// The role.
    pub role: String,
    /// It counts for completeness.
    pub required: bool,
    /// Members that fill it.
    pub members_required: u32,
    /// What the role weighs in the group's engagement: 20 to 100.
    pub weight: u32,
    /// Who gets it by rule; none: by hand or by a journey only.
    pub when: Option<Condition>,
}

/// A solution interest with its live template and stage model.
#[derive(Debug, Clone)]
pub struct Interest {
    /// Its id.
    pub id: DocumentId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Role cards in order of priority.
    pub roles: Vec<RoleCard>,
    /// Its stage model, when it has a live one.
    pub stages: Option<Stages>,
    /// Memberships follow people as they change.
    pub update_existing: bool,
    /// The list or audience whose accounts get a group.
    pub create_for: Option<DocumentId>,
}

impl Interest {
    /// The card of a role.
    pub fn card(&self, role: &str) -> Option<&RoleCard> {
        self.roles.iter().find(|card| card.role == role)
    }
}

/// Stages and the moves between them.
#[derive(Debug, Clone, Default)]
pub struct Stages {
    /// Name, whether it is an entry, and where it may go.
    pub stages: Vec<(String, bool, Vec<String>)>,
}

impl Stages {
    /// Whether there is such a stage.
    pub fn has(&self, name: &str) -> bool {
        self.stages.iter().any(|(stage, _, _)| stage == name)
    }

    /// Whether a group may go from `from` to `to`; from no stage only into an entry.
    pub fn allows(&self, from: Option<&str>, to: &str) -> bool {
        match from {
            None => self.stages.iter().any(|(stage, entry, _)| stage == to && *entry),
            Some(from) => self.stages.iter().any(|(stage, _, next)| stage == from && next.iter().any(|n| n == to)),
        }
    }
}

impl Definitions {
    /// All of them.
    pub fn new(mut schema: Arc<Schema>, zone: TimeZone, all: impl IntoIterator<Item = Definition>) -> Self {
        let by_key: HashMap<_, _> = all.into_iter().map(|d| ((d.kind, d.key.clone()), Arc::new(d))).collect();
        let declared = by_key.values().filter(|d| d.kind == DocumentKind::ActivityType);
        let titles: Vec<_> = declared.map(|d| (d.key.clone(), d.name.clone())).collect();
        let own = EVENTS.iter().map(|event| (event.kind.to_owned(), event.label.to_owned()));
        Arc::make_mut(&mut schema).name_activities(titles.into_iter().chain(own));
        Self { schema, zone, by_key, registered: Arc::default(), running: false, tokens: None }
    }

    /// The same, with what was found of external services when they were registered, by key of the external action.
    #[must_use]
    pub fn with_registered(self, registered: HashMap<String, Arc<Json>>) -> Self {
        Self { registered: Arc::new(registered), ..self }
    }

    /// What was found of an external service; none when it is not registered under the address that it has now.
    pub fn registered(&self, external_action: &str) -> Option<&Arc<Json>> {
        self.registered.get(external_action)
    }

    /// Whether a published version is being made ready to run. What has gone since it was published (a journey that
    /// was closed, a role that was taken away) then refuses nothing: the action does nothing and says why.
    pub fn running(&self) -> bool {
        self.running
    }

    /// The same, but with the content that a published version has frozen: `{KIND: {KEY: body}}` as JSON text.
    /// From then on they are [`running`](Self::running).
    #[must_use]
    pub fn with_frozen(&self, frozen: &str) -> Self {
        let frozen: HashMap<DocumentKind, HashMap<String, Json>> = serde_json::from_str(frozen).unwrap_or_default();
        let mut all = Self { running: true, ..self.clone() };
        // Of the settings a version keeps what goes around its emails, and nothing else.
        let content = frozen.into_iter().filter(|(kind, _)| *kind != DocumentKind::Settings);
        for (kind, bodies) in content {
            for (key, body) in bodies {
                let body = Arc::new(body);
                let known = all.by_key.get(&(kind, key.clone())).map(|known| known.as_ref().clone());
                // What has been taken away since then is still part of the version.
                let gone = || Definition {
                    id: DocumentId(0),
                    kind,
                    key: key.clone(),
                    name: key.clone(),
                    state: "live".to_owned(),
                    version: None,
                    body: Arc::clone(&body),
                };
                let frozen = Definition { body: Arc::clone(&body), ..known.unwrap_or_else(gone) };
                all.by_key.insert((kind, key), Arc::new(frozen));
            }
        }
        all
    }

    /// The same, for the messages of a journey that has these values of its own.
    #[must_use]
    pub fn with_tokens(&self, tokens: impl IntoIterator<Item = (String, Json)>) -> Self {
        Self { tokens: Some(Arc::new(tokens.into_iter().collect())), ..self.clone() }
    }

    /// The values of the journey whose messages are made ready; none outside of journeys.
    pub fn tokens(&self) -> Option<&Map<String, Json>> {
        self.tokens.as_deref()
    }

    /// A saved filter, as content that names it asks.
    ///
    /// # Errors
    /// There is none of that key.
    pub fn saved_condition(&self, key: &str, pointer: &str) -> Result<Audience, Vec<Finding>> {
        let found = self.find(DocumentKind::Audience, key, pointer).map_err(|unknown| vec![unknown])?;
        found.read().ok_or_else(|| {
            let message = format!("The audience `{key}` cannot be read. Apply it again.");
            vec![Finding::error("unreadable", pointer, message)]
        })
    }

    /// The content of a definition with what its saved conditions ask in their place: nothing reaches it from then on.
    pub fn with_saved_conditions(&self, body: &Json) -> Json {
        let mut body = body.clone();
        let conditions = body.get_mut("conditions").and_then(Json::as_object_mut);
        for condition in conditions.into_iter().flat_map(|conditions| conditions.values_mut()) {
            let Some(key) = condition.get("audience").and_then(Json::as_str) else { continue };
            let Some(saved) = self.get(DocumentKind::Audience, key).and_then(|found| found.read::<Audience>()) else {
                continue;
            };
            *condition = serde_json::json!({"subject": saved.subject, "when": saved.when});
        }
        body
    }

    /// A fragment as emails take it in.
    pub fn fragment(&self, key: &str) -> Found {
        let Some(found) = self.get(DocumentKind::Fragment, key) else { return Found::Unknown };
        if found.state != "live" {
            return Found::Draft;
        }
        found.read::<Fragment>().map_or(Found::Unknown, |fragment| Found::Published(Box::new(fragment)))
    }

    /// The same, but with these journeys live: they are being published together.
    #[must_use]
    pub fn as_if_live(&self, journeys: &[String]) -> Self {
        let mut all = self.clone();
        for key in journeys {
            if let Some(known) = all.by_key.get_mut(&(DocumentKind::Journey, key.clone())) {
                *known = Arc::new(Definition { state: "live".to_owned(), ..known.as_ref().clone() });
            }
        }
        all
    }

    /// A definition, when there is one.
    pub fn get(&self, kind: DocumentKind, key: &str) -> Option<&Arc<Definition>> {
        // A tuple of borrowed parts cannot look up a tuple of owned ones; keys are short.
        self.by_key.get(&(kind, key.to_owned()))
    }

    /// All definitions of a kind, in no order.
    pub fn of_kind(&self, kind: DocumentKind) -> impl Iterator<Item = &Arc<Definition>> {
        self.by_key.values().filter(move |d| d.kind == kind)
    }

    /// The organisation's settings, where there are any.
    pub fn settings(&self) -> Option<Settings> {
        self.of_kind(DocumentKind::Settings).find_map(|it| it.read())
    }

    /// A definition that must exist.
    ///
    /// # Errors
    /// `unknown_reference` at `pointer`, with the key that was probably meant.
    pub fn find(&self, kind: DocumentKind, key: &str, pointer: &str) -> Result<&Arc<Definition>, Finding> {
        self.get(kind, key).ok_or_else(|| {
            let hint = did_you_mean(key, self.of_kind(kind).map(|d| d.key.as_str()));
            let what = kind.label().to_lowercase();
            Finding::error("unknown_reference", pointer, format!("There is no {what} `{key}`. Apply it first.{hint}"))
        })
    }

    /// A definition that must exist and be live.
    ///
    /// # Errors
    /// `unknown_reference` or `not_live` at `pointer`.
    pub fn live(&self, kind: DocumentKind, key: &str, pointer: &str) -> Result<&Arc<Definition>, Finding> {
        let found = self.find(kind, key, pointer)?;
        if found.state == "live" {
            return Ok(found);
        }
        let what = kind.label();
        Err(Finding::error(
            "not_live",
            pointer,
            format!("{what} `{key}` is {}, not live. Publish it first.", found.state),
        ))
    }

    /// A journey of this subject that an action points at.
    ///
    /// # Errors
    /// `unknown_reference`, `wrong_subject`, or, unless a published version is made ready, `not_live`.
    pub fn journey(&self, key: &str, of: Subject, pointer: &str) -> Result<TargetJourney, Finding> {
        let found = self.find(DocumentKind::Journey, key, pointer)?;
        if found.text("subject") != Some(of.as_str()) {
            let message =
                format!("`{key}` is not a journey of this kind. Choose a journey whose subject is {}.", of.as_str());
            return Err(Finding::error("wrong_subject", pointer, message));
        }
        if !self.running {
            self.live(DocumentKind::Journey, key, pointer)?;
        }
        Ok(TargetJourney {
            id: found.id,
            live: found.state == "live",
            reentry: found.body.get("reentry").and_then(|rule| serde_json::from_value(rule.clone()).ok()),
            zone: self.zone.clone(),
        })
    }

    /// An attribute that journeys may write, and the value typed.
    ///
    /// # Errors
    /// `unknown_attribute`, `attribute_not_updatable`, `wrong_value_type` …
    pub fn writable(&self, set: &AttributeSet, key: &str, value: &Json) -> Result<(AttributeNo, Value), Vec<Finding>> {
        let (no, attribute) = set.find(key, "/attribute").map_err(|f| vec![f])?;
        if !attribute.updatable {
            return Err(vec![not_updatable(attribute)]);
        }
        let value = attribute
            .read_json(value)
            .map_err(|e| vec![Finding::error(e.code, "/value", format!("The value does not fit: {e}"))])?;
        Ok((no, value))
    }

    /// A solution interest with what it stands on.
    ///
    /// # Errors
    /// `unknown_reference`, or `not_live` for its template or stage model.
    pub fn interest(&self, key: &str, pointer: &str) -> Result<Interest, Vec<Finding>> {
        let found = self.find(DocumentKind::SolutionInterest, key, pointer).map_err(|f| vec![f])?;
        let template = found.text("roles_template").unwrap_or_default();
        let template = self.live(DocumentKind::RolesTemplate, template, pointer).map_err(|f| vec![f])?;
        let stages = match found.text("stage_model") {
            Some(model) => {
                Some(stages_of(&self.live(DocumentKind::StageModel, model, pointer).map_err(|f| vec![f])?.body))
            }
            None => None,
        };
        Ok(Interest {
            id: found.id,
            key: found.key.clone(),
            name: found.name.clone(),
            roles: self.role_cards(&template.body, pointer)?,
            stages,
            update_existing: found.body.get("update_existing").and_then(Json::as_bool).unwrap_or(false),
            create_for: self.create_for(&found.body),
        })
    }

    fn create_for(&self, interest: &Json) -> Option<DocumentId> {
        let create_for = interest.get("create_for")?;
        let of = |field: &str, kind| self.get(kind, create_for.get(field)?.as_str()?).map(|d| d.id);
        of("account_list", DocumentKind::AccountList).or_else(|| of("audience", DocumentKind::Audience))
    }

    fn role_cards(&self, template: &Json, pointer: &str) -> Result<Vec<RoleCard>, Vec<Finding>> {
        let cards = template.get("roles").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        cards
            .iter()
            .map(|card| {
                Ok(RoleCard {
                    role: card.get("role").and_then(Json::as_str).unwrap_or_default().to_owned(),
                    required: card.get("required").and_then(Json::as_bool).unwrap_or(false),
                    members_required: card
                        .get("members_required")
                        .and_then(Json::as_u64)
                        .and_then(|n| u32::try_from(n).ok())
                        .unwrap_or(1)
                        .max(1),
                    weight: card
                        .get("weighting")
                        .and_then(|weighting| serde_json::from_value::<Weighting>(weighting.clone()).ok())
                        .unwrap_or_default()
                        .points(),
                    when: match card.get("when") {
                        Some(when) => Some(self.person_condition(when, pointer)?),
                        None => None,
                    },
                })
            })
            .collect()
    }

    /// A condition about an account, its names bound.
    ///
    /// # Errors
    /// What is wrong with it, and every name that does not exist.
    pub fn account_condition(&self, json: &Json, pointer: &str) -> Result<Condition, Vec<Finding>> {
        self.bound(Condition::read(
            json,
            pointer,
            Scope { subject: Subject::Account, schema: &self.schema, in_journey: true },
        )?)
    }

    /// A condition about a person, its names bound.
    ///
    /// # Errors
    /// What is wrong with it, and every name that does not exist.
    pub fn person_condition(&self, json: &Json, pointer: &str) -> Result<Condition, Vec<Finding>> {
        self.bound(Condition::read(
            json,
            pointer,
            Scope { subject: Subject::Person, schema: &self.schema, in_journey: true },
        )?)
    }

    fn bound(&self, mut condition: Condition) -> Result<Condition, Vec<Finding>> {
        let unknown: Vec<Finding> = condition
            .references()
            .iter()
            .filter_map(|r| self.find(document_kind(r.kind)?, &r.key, &r.pointer).err())
            .collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        condition.bind(|kind, key| self.get(document_kind(kind)?, key).map(|d| d.id));
        if condition.references().iter().any(|reference| reference.kind == NameKind::Persona) {
            let personas = Personas::of(self);
            condition.know_personas(|key, derived| personas.like(key, derived));
        }
        Ok(condition)
    }
}

fn document_kind(name: NameKind) -> Option<DocumentKind> {
    Some(match name {
        NameKind::AccountList => DocumentKind::AccountList,
        NameKind::PeopleList => DocumentKind::PeopleList,
        NameKind::ExternalAudience => DocumentKind::ExternalAudience,
        NameKind::SolutionInterest => DocumentKind::SolutionInterest,
        NameKind::Score => DocumentKind::Score,
        NameKind::CustomObject => DocumentKind::CustomObject,
        NameKind::Persona => DocumentKind::Persona,
        NameKind::ActivityType | NameKind::Stage | NameKind::Role | NameKind::ActivityField | NameKind::ObjectField => {
            return None;
        }
    })
}

fn stages_of(model: &Json) -> Stages {
    let stages = model.get("stages").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts = |list: Option<&Json>| -> Vec<String> {
        list.and_then(Json::as_array)
            .map(|all| all.iter().filter_map(|t| t.as_str().map(str::to_owned)).collect())
            .unwrap_or_default()
    };
    Stages {
        stages: stages
            .iter()
            .map(|stage| {
                let name = stage.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
                let entry = stage.get("entry").and_then(Json::as_bool).unwrap_or(false);
                (name, entry, texts(stage.get("to")))
            })
            .collect(),
    }
}

fn not_updatable(attribute: &Attribute) -> Finding {
    let message = format!(
        "Journeys may not write `{}`. Choose an updatable attribute, or make a declared one updatable.",
        attribute.key
    );
    Finding::error("attribute_not_updatable", "/attribute", message)
}
