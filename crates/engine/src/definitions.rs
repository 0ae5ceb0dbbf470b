//! Applying, exporting and deleting definitions: all or nothing, with every mistake named.

use std::collections::{BTreeMap, HashMap, HashSet};

use caravan_catalog::Actions;
use caravan_connect::vault::Vault;
use caravan_model::attribute::Schema;
use caravan_model::document::{
    Body, Document, DocumentKind, DocumentState, LifeCycle, OPPORTUNITY, Reference, declared_attributes, list_circles,
    read_document, read_documents,
};
use caravan_model::suggest::did_you_mean;
use caravan_model::{DocumentId, Finding, Shard, VersionId};
use caravan_store::documents::{self, DocumentRow, VersionRow};
use caravan_store::records::Table;
use caravan_store::{Session, StoreError, accounts, intake, step};
use jiff::Timestamp;
use serde::Serialize;

use crate::content::{self, Library};
use crate::inbox::Command;
use crate::live::Live;
use crate::members::{Change, List, moves};
use crate::uses::{names, used_by};
use crate::{Engine, connections, guards, structure};

/// How documents are applied.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApplyOptions {
    /// Check and say what would happen, but change nothing.
    pub dry_run: bool,
    /// Keep a journey's draft although it cannot be published as it is.
    pub incomplete: bool,
}

/// A definition by kind and key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Named {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
}

/// What applying did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ApplyReport {
    /// New.
    pub created: Vec<Named>,
    /// Different from before.
    pub changed: Vec<Named>,
    /// As they were.
    pub unchanged: Vec<Named>,
    /// What is allowed but may not be meant.
    pub warnings: Vec<Finding>,
}

/// Why nothing was applied.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// Mistakes in what was given.
    #[error("{}", summary(.0))]
    Findings(Vec<Finding>),
    /// There is no such definition.
    #[error("There is no {kind} `{key}`.")]
    Unknown {
        /// Its kind.
        kind: String,
        /// Its key.
        key: String,
    },
    /// Someone else changed it in the meantime.
    #[error("It was changed in the meantime: you have revision {yours}, the store has {stored}. Read it again.")]
    Stale {
        /// The caller's revision.
        yours: i64,
        /// The stored one.
        stored: i64,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn summary(findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|f| f.is_error()).count();
    format!("{errors} mistakes; nothing was changed")
}

impl From<Finding> for DefinitionError {
    fn from(finding: Finding) -> Self {
        Self::Findings(vec![finding])
    }
}

/// Checks manifests without a store: what can be told from the texts alone, and from where recipients reach us, where that
/// is known.
pub fn validate(texts: &[(String, String)], now: Timestamp, public_url: Option<&str>) -> Vec<Finding> {
    let (documents, mut findings) = read_all(texts);
    let (schema, found) = declared_attributes(&documents);
    findings.extend(found);
    for document in &documents {
        findings.extend(document.check_conditions(&schema));
        findings.extend(check_journey(document, now));
        findings.extend(connections::settings_findings(document));
        findings.extend(content::findings(document, &Library::of(&documents, &schema).reached_at(public_url)));
    }
    let all: Vec<&Document> = documents.iter().collect();
    findings.extend(list_circles(&all, &all, &schema, &Actions));
    findings
}

pub(crate) fn read_all(texts: &[(String, String)]) -> (Vec<Document>, Vec<Finding>) {
    let mut documents: Vec<Document> = Vec::new();
    let mut findings = Vec::new();
    for (file, text) in texts {
        let (read, found) = read_documents(text, file);
        findings.extend(found);
        for document in read {
            let twice = documents.iter().find(|d| d.kind() == document.kind() && d.key() == document.key());
            if let Some(first) = twice {
                let elsewhere = first.origin.as_ref().map_or_else(String::new, |o| format!(" in {}", o.file));
                let message = format!(
                    "{} `{}` is defined already{elsewhere}. Keep one of the two.",
                    document.kind().label(),
                    document.key()
                );
                let mut found = [Finding::error("duplicate_document", "/key", message)];
                document.locate(&mut found);
                findings.extend(found);
            } else {
                documents.push(document);
            }
        }
    }
    (documents, findings)
}

/// What stands against the manifest of content among what is stored, as if it were applied; nothing is.
///
/// # Errors
/// The store cannot be read.
pub fn content_findings(engine: &Engine, manifest: serde_json::Value) -> Result<Vec<Finding>, DefinitionError> {
    let (document, mut found) = read_document(manifest);
    let Some(document) = document else { return Ok(found) };
    let stored: Vec<Document> = engine.store().read(documents::all)?.iter().filter_map(stored_document).collect();
    let others = stored.iter().filter(|other| other.kind() != document.kind() || other.key() != document.key());
    let all: Vec<&Document> = others.chain([&document]).collect();
    let (schema, _) = declared_attributes(all.iter().copied());
    let names = Names::of(all.clone());
    found.extend(document.check_conditions(&schema));
    found.extend(document.references(&schema, &Actions).iter().filter_map(|reference| names.unknown(reference)));
    found.extend(content::findings(&document, &Library::of(all, &schema).reached_at(engine.public_url())));
    Ok(found)
}

/// Whether definitions of a kind may be kept although they cannot be used as they are.
fn has_drafts(kind: DocumentKind) -> bool {
    kind == DocumentKind::Journey || content::is_content(kind)
}

/// A journey's own checks.
pub(crate) fn check_journey(document: &Document, now: Timestamp) -> Vec<Finding> {
    let Some(journey) = document.body.journey() else { return Vec::new() };
    let mut findings = journey.check(now, &Actions);
    document.locate(&mut findings);
    findings
}

/// Applies manifests: creates or updates what they name, all or nothing.
pub fn apply(
    engine: &Engine,
    texts: &[(String, String)],
    actor: &str,
    options: ApplyOptions,
) -> Result<ApplyReport, DefinitionError> {
    let (documents, findings) = read_all(texts);
    apply_documents(engine, &documents, findings, actor, options, None)
}

/// Applies one document that must still have the revision that the caller has seen, where it says one.
pub fn put(
    engine: &Engine,
    value: serde_json::Value,
    actor: &str,
    options: ApplyOptions,
    if_revision: Option<i64>,
) -> Result<ApplyReport, DefinitionError> {
    let (document, findings) = read_document(value);
    let documents: Vec<Document> = document.into_iter().collect();
    apply_documents(engine, &documents, findings, actor, options, if_revision)
}

/// Applies documents that belong together, all or none. Pointers of unreadable ones begin with their number.
pub fn put_all(
    engine: &Engine,
    values: Vec<serde_json::Value>,
    actor: &str,
    options: ApplyOptions,
) -> Result<ApplyReport, DefinitionError> {
    let mut documents = Vec::with_capacity(values.len());
    let mut findings = Vec::new();
    for (n, value) in values.into_iter().enumerate() {
        let (document, found) = read_document(value);
        documents.extend(document);
        findings.extend(found.into_iter().map(|finding| finding.under(&format!("/manifests/{n}"))));
    }
    apply_documents(engine, &documents, findings, actor, options, None)
}

fn apply_documents(
    engine: &Engine,
    documents: &[Document],
    findings: Vec<Finding>,
    actor: &str,
    options: ApplyOptions,
    if_revision: Option<i64>,
) -> Result<ApplyReport, DefinitionError> {
    if findings.iter().any(Finding::is_error) {
        let mut all = findings;
        let (schema, found) = declared_attributes(documents);
        all.extend(found);
        for document in documents {
            all.extend(document.check_conditions(&schema));
            all.extend(check_journey(document, engine.clock().now()));
        }
        return Err(DefinitionError::Findings(all));
    }
    // A dry run does everything and rolls it back.
    enum Undone {
        Dry(ApplyReport),
        Failed(DefinitionError),
    }
    impl From<StoreError> for Undone {
        fn from(error: StoreError) -> Self {
            Self::Failed(error.into())
        }
    }
    let applied = engine.store().write(|s| -> Result<ApplyReport, Undone> {
        documents::begin_change(s)?;
        let mut apply = Apply::begin(s, documents, actor, options, engine.public_url()).map_err(Undone::Failed)?;
        apply.refuse_stale(if_revision).map_err(Undone::Failed)?;
        apply.check(s, findings.clone()).map_err(Undone::Failed)?;
        let report = apply.write(s).map_err(Undone::Failed)?;
        if options.dry_run { Err(Undone::Dry(report)) } else { Ok(report) }
    });
    match applied {
        Ok(report) => {
            engine.poke();
            Ok(report)
        }
        Err(Undone::Dry(report)) => Ok(report),
        Err(Undone::Failed(error)) => Err(error),
    }
}

/// What a document becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Created,
    Changed,
    Unchanged,
}

struct Apply<'a> {
    documents: &'a [Document],
    stored: HashMap<(DocumentKind, String), (DocumentRow, Option<Document>)>,
    fates: Vec<Fate>,
    actor: &'a str,
    options: ApplyOptions,
    now: Timestamp,
    public_url: Option<&'a str>,
    warnings: Vec<Finding>,
}

impl<'a> Apply<'a> {
    fn begin(
        s: &mut dyn Session,
        documents: &'a [Document],
        actor: &'a str,
        options: ApplyOptions,
        public_url: Option<&'a str>,
    ) -> Result<Self, DefinitionError> {
        let mut stored = HashMap::new();
        for row in documents::all(s)? {
            if let Some(kind) = DocumentKind::from_key(&row.kind) {
                let document = stored_document(&row);
                stored.insert((kind, row.key.clone()), (row, document));
            }
        }
        let fates = documents
            .iter()
            .map(|new| match stored.get(&(new.kind(), new.key().to_owned())) {
                None => Fate::Created,
                Some((row, Some(old))) if same(row, old, new) => Fate::Unchanged,
                Some(_) => Fate::Changed,
            })
            .collect();
        let now = s.now()?;
        Ok(Self { documents, stored, fates, actor, options, now, public_url, warnings: Vec::new() })
    }

    fn refuse_stale(&self, if_revision: Option<i64>) -> Result<(), DefinitionError> {
        let Some(yours) = if_revision else { return Ok(()) };
        let stored = self
            .documents
            .first()
            .and_then(|d| self.stored.get(&(d.kind(), d.key().to_owned())))
            .map_or(0, |(row, _)| row.revision);
        if stored == yours { Ok(()) } else { Err(DefinitionError::Stale { yours, stored }) }
    }

    /// Every document as it will be after this.
    fn all(&self) -> Vec<&Document> {
        let given: HashSet<(DocumentKind, &str)> = self.documents.iter().map(|d| (d.kind(), d.key())).collect();
        let kept = self.stored.values().filter_map(|(_, document)| document.as_ref());
        kept.filter(|d| !given.contains(&(d.kind(), d.key()))).chain(self.documents).collect()
    }

    /// The documents that this changes, with their fates.
    fn changing(&self) -> impl Iterator<Item = &'a Document> {
        self.documents.iter().zip(&self.fates).filter(|(_, fate)| **fate != Fate::Unchanged).map(|(d, _)| d)
    }

    fn check(&mut self, s: &mut dyn Session, mut findings: Vec<Finding>) -> Result<(), DefinitionError> {
        let (schema, declared) = declared_attributes(self.all());
        findings.extend(declared);
        findings.extend(self.structure(s, &schema)?);
        let names = Names::of(self.all());
        let library = Library::of(self.all(), &schema).reached_at(self.public_url);
        for document in self.changing() {
            let mut found = document.check_conditions(&schema);
            found.extend(check_journey(document, self.now));
            found.extend(connections::settings_findings(document));
            found.extend(content::findings(document, &library));
            let mut unknown: Vec<Finding> =
                document.references(&schema, &Actions).iter().filter_map(|r| names.unknown(r)).collect();
            document.locate(&mut unknown);
            found.extend(unknown);
            let unfinished = self.options.incomplete && has_drafts(document.kind());
            findings.extend(found.into_iter().filter(|f| !unfinished || !f.is_error()));
            findings.extend(self.not_editable(document));
            let mut members = unknown_members(s, document)?;
            document.locate(&mut members);
            findings.extend(members);
        }
        drop(library);
        let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(Finding::is_error);
        self.warnings = warnings;
        if errors.is_empty() {
            return Ok(());
        }
        Err(DefinitionError::Findings(errors.into_iter().chain(self.warnings.clone()).collect()))
    }

    /// What would break records, values or something published.
    fn structure(&self, s: &mut dyn Session, schema: &Schema) -> Result<Vec<Finding>, StoreError> {
        let changing: Vec<&Document> = self.changing().collect();
        let mut findings = structure::too_many(&self.all(), &changing);
        findings.extend(guards::limits(&self.all(), &changing));
        findings.extend(list_circles(&self.all(), &changing, schema, &Actions));
        let pairs: Vec<(&DocumentRow, &Document, &Document)> = changing
            .iter()
            .filter_map(|new| {
                let (row, old) = self.stored.get(&(new.kind(), new.key().to_owned()))?;
                Some((row, old.as_ref()?, *new))
            })
            .collect();
        for (row, old, new) in &pairs {
            let users = self.named_by(old, schema);
            findings.extend(guards::change(s, row, old, new, &users)?);
        }
        if !pairs.iter().any(|(_, old, _)| structure::has_one(old)) {
            return Ok(findings);
        }
        let stored: Vec<(&DocumentRow, &Document)> =
            self.stored.values().filter_map(|(row, document)| Some((row, document.as_ref()?))).collect();
        let before = declared_attributes(stored.iter().map(|(_, document)| *document)).0;
        let published = structure::Published::of(s, &stored, &before)?;
        for (row, old, new) in pairs {
            let mut found = structure::check(s, &published, (&before, schema), row, old, new)?;
            new.locate(&mut found);
            findings.extend(found);
        }
        Ok(findings)
    }

    /// The stored definitions that name this one, as messages name them.
    fn named_by(&self, named: &Document, schema: &Schema) -> Vec<String> {
        let users = self
            .stored
            .values()
            .filter_map(|(_, document)| document.as_ref())
            .filter(|user| user.references(schema, &Actions).iter().any(|reference| names(reference, named)));
        let mut users: Vec<String> =
            users.map(|user| format!("{} `{}`", user.kind().label().to_lowercase(), user.key())).collect();
        users.sort();
        users
    }

    /// A journey that waits for its start, takes nobody in any more or is over is as it was published.
    fn not_editable(&self, document: &Document) -> Option<Finding> {
        let (row, _) = self.stored.get(&(document.kind(), document.key().to_owned()))?;
        let fixed = matches!(row.state.as_str(), "scheduled" | "closed" | "aborted" | "finished");
        (document.kind() == DocumentKind::Journey && fixed).then(|| {
            let message = format!(
                "Journey `{}` is {} and cannot be changed. Duplicate it, or give this one another key.",
                row.key, row.state
            );
            let mut finding = [Finding::error("journey_not_editable", "", message)];
            document.locate(&mut finding);
            let [finding] = finding;
            finding
        })
    }

    fn write(self, s: &mut dyn Session) -> Result<ApplyReport, DefinitionError> {
        let mut report = ApplyReport { warnings: self.warnings.clone(), ..ApplyReport::default() };
        let mut written = Vec::new();
        for (document, fate) in self.documents.iter().zip(&self.fates) {
            let named = Named { kind: document.kind().key().to_owned(), key: document.key().to_owned() };
            match fate {
                Fate::Created => report.created.push(named),
                Fate::Changed => report.changed.push(named),
                Fate::Unchanged => {
                    report.unchanged.push(named);
                    continue;
                }
            }
            written.push((document, self.write_one(s, document)?));
        }
        follow(s, &written, &self.all(), self.now)?;
        Ok(report)
    }

    fn write_one(&self, s: &mut dyn Session, document: &Document) -> Result<DocumentId, DefinitionError> {
        let known = self.stored.get(&(document.kind(), document.key().to_owned())).map(|(row, _)| row);
        let id = match known {
            Some(row) => row.id,
            None => DocumentId(s.reserve_ids("document", 1)?.next().unwrap_or_default()),
        };
        let goes_live = match document.kind().life_cycle() {
            LifeCycle::Plain => true,
            LifeCycle::Publish if document.kind() == DocumentKind::Fragment => self.fragment_goes_live(document),
            LifeCycle::Publish => {
                document.envelope.state == Some(DocumentState::Live) || known.is_some_and(|row| row.state == "live")
            }
            LifeCycle::Journey => false,
        };
        let state = match document.kind().life_cycle() {
            LifeCycle::Journey => known.map_or("draft", |row| row.state.as_str()),
            _ if goes_live => "live",
            _ => known.map_or("draft", |row| row.state.as_str()),
        };
        let body = match document.kind() {
            // A draft over a published fragment is known by what it says of itself.
            DocumentKind::Fragment => {
                let mut said = document.clone();
                said.envelope.state = Some(if goes_live { DocumentState::Live } else { DocumentState::Draft });
                body_of(&said)?
            }
            _ => body_of(document)?,
        };
        let row = DocumentRow {
            id,
            kind: document.kind().key().to_owned(),
            key: document.key().to_owned(),
            name: document.envelope.name.clone(),
            state: state.to_owned(),
            revision: known.map_or(1, |row| row.revision + 1),
            live_version: known.and_then(|row| row.live_version),
            paused: known.is_some_and(|row| row.paused),
            starts_at: known.and_then(|row| row.starts_at),
            ends_at: known.and_then(|row| row.ends_at),
            body,
            created_at: known.map_or(self.now, |row| row.created_at),
            created_by: known.map_or_else(|| self.actor.to_owned(), |row| row.created_by.clone()),
            updated_at: self.now,
            updated_by: self.actor.to_owned(),
            published_at: known.and_then(|row| row.published_at),
            published_by: known.and_then(|row| row.published_by.clone()),
        };
        documents::put(s, &row)?;
        if goes_live && document.kind() == DocumentKind::WeightingModel {
            self.archive_others(s, document.key())?;
        }
        if goes_live && document.kind().life_cycle() == LifeCycle::Publish {
            let version = add_version(s, id, &row.body, "{}", self.now, self.actor)?;
            let published_by = Some(self.actor.to_owned());
            documents::put(
                s,
                &DocumentRow { live_version: Some(version), published_at: Some(self.now), published_by, ..row },
            )?;
        }
        Ok(id)
    }

    /// A fragment stays what it is unless it says so: a draft over a published one changes nothing of what is published.
    fn fragment_goes_live(&self, document: &Document) -> bool {
        let known = self.stored.get(&(document.kind(), document.key().to_owned()));
        let is_live = known.is_some_and(|(row, old)| row.state == "live" && !old.as_ref().is_some_and(is_draft_over));
        document.envelope.state.map_or(is_live, |state| state == DocumentState::Live)
    }

    /// One weighting model is in force: those that were live give way.
    fn archive_others(&self, s: &mut dyn Session, key: &str) -> Result<(), StoreError> {
        let others = self
            .stored
            .values()
            .map(|(row, _)| row)
            .filter(|row| row.kind == DocumentKind::WeightingModel.key() && row.key != key && row.state == "live");
        for other in others {
            documents::set_state(s, other.id, guards::ARCHIVED)?;
        }
        Ok(())
    }
}

/// Adds the next version of a definition.
pub(crate) fn add_version(
    s: &mut dyn Session,
    document: DocumentId,
    body: &str,
    frozen: &str,
    now: Timestamp,
    actor: &str,
) -> Result<VersionId, DefinitionError> {
    let no = documents::versions_of(s, document)?.last().map_or(1, |v| v.no + 1);
    let id = VersionId(s.reserve_ids("document_version", 1)?.next().unwrap_or_default());
    let version = VersionRow {
        id,
        document,
        no,
        body: body.to_owned(),
        frozen: frozen.to_owned(),
        published_at: now,
        published_by: actor.to_owned(),
    };
    documents::insert_version(s, &version)?;
    Ok(id)
}

pub(crate) fn body_of(document: &Document) -> Result<String, DefinitionError> {
    document
        .to_value()
        .map(|value| value.to_string())
        .map_err(|e| Finding::error("not_storable", "", format!("The document cannot be stored: {e}.")).into())
}

/// A stored document, read back. One that this version of Caravan cannot read any more counts as absent.
pub fn stored_document(row: &DocumentRow) -> Option<Document> {
    let value = serde_json::from_str(&row.body).ok()?;
    let (document, findings) = read_document(value);
    if document.is_none() {
        tracing::error!(kind = %row.kind, key = %row.key, ?findings, "a stored definition cannot be read");
    }
    document
}

/// Whether applying `new` would change nothing. A journey's state is not its manifest's to say.
/// Whether a stored definition is a draft that lies over what is published.
fn is_draft_over(stored: &Document) -> bool {
    stored.kind() == DocumentKind::Fragment && stored.envelope.state == Some(DocumentState::Draft)
}

pub(crate) fn same(row: &DocumentRow, old: &Document, new: &Document) -> bool {
    let mut new = new.clone();
    match new.kind().life_cycle() {
        LifeCycle::Publish
            if new.envelope.state == Some(DocumentState::Live) && (row.state != "live" || is_draft_over(old)) =>
        {
            return false;
        }
        _ => new.envelope.state = old.envelope.state,
    }
    *old == new
}

/// The names there are, for telling what is unknown.
struct Names(BTreeMap<DocumentKind, HashSet<String>>);

impl Names {
    fn of(documents: Vec<&Document>) -> Self {
        let mut names: BTreeMap<DocumentKind, HashSet<String>> = BTreeMap::new();
        for document in documents {
            let known = names.entry(document.kind()).or_default();
            known.insert(document.key().to_owned());
            if document.kind() == DocumentKind::Role {
                known.insert(document.envelope.name.clone());
            }
        }
        names
            .entry(DocumentKind::Role)
            .or_default()
            .extend(caravan_model::document::BUILT_IN_ROLES.iter().map(|r| (*r).to_owned()));
        names
            .entry(DocumentKind::ActivityType)
            .or_default()
            .extend(caravan_catalog::events::EVENTS.iter().map(|event| event.kind.to_owned()));
        names.entry(DocumentKind::CustomObject).or_default().insert(OPPORTUNITY.to_owned());
        Self(names)
    }

    fn unknown(&self, reference: &Reference) -> Option<Finding> {
        let known = self.0.get(&reference.kind);
        if known.is_some_and(|names| names.contains(&reference.key)) {
            return None;
        }
        let hint = did_you_mean(&reference.key, known.into_iter().flatten().map(String::as_str));
        let what = reference.kind.label().to_lowercase();
        let message = format!("There is no {what} `{}`. Define it here or apply it first.{hint}", reference.key);
        Some(Finding::error("unknown_reference", &reference.pointer, message))
    }
}

/// Who put the members into a list that its manifest names.
const BY_MANIFEST: &str = "manifest";

/// The members that the manifest of a list names: which table holds them, the field, what one is called, their keys.
fn named_members(body: &Body) -> Option<(Table, &'static str, &'static str, &[String])> {
    match body {
        Body::AccountList(list) => Some((Table::Account, "accounts", "account", &list.accounts)),
        Body::PeopleList(list) => Some((Table::Person, "people", "person", &list.people)),
        _ => None,
    }
}

/// Members of a static list that are not known.
fn unknown_members(s: &mut dyn Session, document: &Document) -> Result<Vec<Finding>, StoreError> {
    let Some((table, field, one, keys)) = named_members(&document.body) else { return Ok(Vec::new()) };
    let known: HashSet<String> = members_of_keys(s, table, keys)?.into_iter().map(|(key, ..)| key).collect();
    Ok(keys
        .iter()
        .enumerate()
        .filter(|(_, key)| !known.contains(*key))
        .map(|(at, key)| {
            let message = format!("There is no {one} `{key}`. Import it first, or take it out of the list.");
            Finding::error(format!("unknown_{one}"), format!("/{field}/{at}"), message)
        })
        .collect())
}

fn members_of_keys(
    s: &mut dyn Session,
    table: Table,
    keys: &[String],
) -> Result<Vec<(String, i64, Shard)>, StoreError> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    if keys.is_empty() { Ok(Vec::new()) } else { intake::ids_of_keys(s, table, &keys) }
}

/// What follows from changed definitions: lists are filled, groups created, activity types heard.
fn follow(
    s: &mut dyn Session,
    written: &[(&Document, DocumentId)],
    all: &[&Document],
    now: Timestamp,
) -> Result<(), DefinitionError> {
    let (schema, _) = declared_attributes(all.iter().copied());
    let mut rows = Vec::new();
    for (document, id) in written {
        if let (Some(list), Some((.., keys))) = (List::named_by(document, *id), named_members(&document.body)) {
            fill_static(s, &list, keys)?;
        }
        match &document.body {
            Body::AccountList(_) | Body::Audience(_) | Body::PeopleList(_) => {
                rows.extend(Command::Evaluate { list: *id, after: 0 }.to_all(now));
            }
            _ => {}
        }
        if matches!(
            document.kind(),
            DocumentKind::AccountList | DocumentKind::Audience | DocumentKind::PeopleList | DocumentKind::RolesTemplate
        ) {
            documents::set_heard(s, *id, VersionId(0), &heard_by(document, &schema))?;
        }
    }
    step::insert_inbox(s, &rows)?;
    let personas: HashSet<&str> =
        written.iter().filter(|(d, _)| d.kind() == DocumentKind::Persona).map(|(d, _)| d.key()).collect();
    if !personas.is_empty() {
        // Which persona fits best depends on all of them.
        let asks = |d: &&&Document| d.references(&schema, &Actions).iter().any(|r| r.kind == DocumentKind::Persona);
        let users: Vec<(DocumentKind, &str)> = all.iter().filter(asks).map(|d| (d.kind(), d.key())).collect();
        crate::groups::personas::follow(s, &users, now)?;
    }
    Ok(crate::groups::follow(s, written, now)?)
}

/// Activity types that the conditions of a list or a roles template ask for.
fn heard_by(document: &Document, schema: &caravan_model::attribute::Schema) -> Vec<String> {
    use caravan_model::condition::{Condition, Scope};
    let mut types: Vec<String> = document
        .body
        .conditions()
        .iter()
        .filter_map(|placed| {
            let scope = Scope { subject: placed.subject, schema, in_journey: placed.in_journey };
            Condition::read(placed.json, &placed.pointer, scope).ok()
        })
        .flat_map(|condition| condition.needs().activities().into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    types.sort();
    types.dedup();
    types
}

/// The manifest's members of a static list: who is named joins; whom an earlier manifest named and this does not leaves.
fn fill_static(s: &mut dyn Session, list: &List, keys: &[String]) -> Result<(), DefinitionError> {
    let named = members_of_keys(s, list.table(), keys)?;
    let named: Vec<(i64, Shard)> = named.into_iter().map(|(_, id, shard)| (id, shard)).collect();
    let ids: HashSet<i64> = named.iter().map(|(id, _)| *id).collect();
    let gone = accounts::members_by_source(s, list.id, BY_MANIFEST)?.into_iter().filter(|id| !ids.contains(id));
    let gone = list.places(s, &gone.collect::<Vec<_>>())?;
    if named.is_empty() && gone.is_empty() {
        return Ok(());
    }
    // Not the engine's: this one may be rolled back. Members need no secrets.
    let live = Live::load(s, &Vault::nowhere())?;
    moves::write(s, &live, list, (Change::Remove, BY_MANIFEST), &gone)?;
    moves::write(s, &live, list, (Change::Add, BY_MANIFEST), &named)?;
    Ok(())
}

/// Documents as manifests, of one kind and key where given; in the order in which they can be applied.
pub fn export(
    engine: &Engine,
    kind: Option<DocumentKind>,
    key: Option<&str>,
) -> Result<Vec<Document>, DefinitionError> {
    let rows = engine.store().read(|s| documents::all(s))?;
    let found: Vec<Document> = rows
        .iter()
        .filter(|row| kind.is_none_or(|kind| kind.key() == row.kind) && key.is_none_or(|key| key == row.key))
        .filter_map(|row| {
            let mut document = stored_document(row)?;
            let is_live = row.state == "live";
            if document.kind().life_cycle() == LifeCycle::Publish && !(is_live && is_draft_over(&document)) {
                document.envelope.state = is_live.then_some(DocumentState::Live);
            }
            Some(document)
        })
        .collect();
    match (found.is_empty(), kind, key) {
        (true, Some(kind), Some(key)) => {
            Err(DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() })
        }
        _ => Ok(found),
    }
}

/// Takes a definition away, unless it runs or something else names it.
pub fn delete(engine: &Engine, kind: DocumentKind, key: &str, if_revision: Option<i64>) -> Result<(), DefinitionError> {
    engine.store().write(|s| {
        documents::begin_change(s)?;
        let row = documents::get(s, kind.key(), key)?;
        if let (None, Some(finding)) = (&row, guards::built_in_role(kind, key)) {
            return Err(finding.into());
        }
        let row =
            row.ok_or_else(|| DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() })?;
        if let Some(yours) = if_revision.filter(|&yours| yours != row.revision) {
            return Err(DefinitionError::Stale { yours, stored: row.revision });
        }
        if kind == DocumentKind::Journey && matches!(row.state.as_str(), "live" | "scheduled" | "closed") {
            let message = format!("Journey `{key}` is {}. Abort it before you delete it.", row.state);
            return Err(Finding::error("journey_running", "", message).into());
        }
        let users = used_by(s, kind, key)?;
        if !users.is_empty() {
            let users: Vec<String> = users.iter().map(|u| format!("{} `{}`", u.kind, u.key)).collect();
            let message = format!("{} `{key}` is used by {}. Change them first.", kind.label(), users.join(", "));
            return Err(Finding::error("in_use", "", message).into());
        }
        if let Some(document) = stored_document(&row)
            && let Some(finding) = guards::deletion(s, &row, &document)?
        {
            return Err(finding.into());
        }
        if kind == DocumentKind::SolutionInterest {
            crate::groups::archive_all(s, row.id, key)?;
        }
        documents::delete(s, row.id)?;
        Ok(())
    })
}
