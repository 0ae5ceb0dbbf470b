//! Applying: everything is checked as it will be, then written in one transaction.

use std::collections::{HashMap, HashSet};

use caravan_catalog::Actions;
use caravan_model::attribute::Schema;
use caravan_model::document::{
    Body, Document, DocumentKind, DocumentState, LifeCycle, declared_attributes, list_circles, read_document,
};
use caravan_model::{DocumentId, Finding};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::retired_keys::{self, RetiredKey};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;

use super::follow::{follow, unknown_members};
use super::names::Names;
use super::{
    ApplyOptions, ApplyReport, DefinitionError, Named, add_version, body_of, check_journey, is_draft_over, read_all,
    same, stored_document,
};
use crate::content::{self, Library};
use crate::uses::names;
use crate::{Engine, connections, guards, inline, structure};

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
    let made = match options.incomplete || !documents.iter().any(inline::describes) {
        true => documents.to_vec(),
        false => inline::made(documents, &names_of(engine)?)?,
    };
    let documents = made.as_slice();
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

/// Makes what the drafts of these journeys describe in place of naming it.
pub(crate) fn make_inline(engine: &Engine, keys: &[String], actor: &str) -> Result<(), DefinitionError> {
    let drafts: Vec<Document> = engine.store().read(|s| {
        let rows = keys.iter().map(|key| documents::get(s, DocumentKind::Journey.key(), key));
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        Ok::<_, StoreError>(rows.iter().flatten().filter_map(stored_document).filter(inline::describes).collect())
    })?;
    if drafts.is_empty() {
        return Ok(());
    }
    // What else may be wrong with a draft, publishing says.
    let made = inline::made(&drafts, &names_of(engine)?)?;
    apply_documents(engine, &made, Vec::new(), actor, ApplyOptions { dry_run: false, incomplete: true }, None)?;
    Ok(())
}

/// The names of everything that is defined.
fn names_of(engine: &Engine) -> Result<HashMap<(DocumentKind, String), String>, StoreError> {
    let rows = engine.store().read(documents::all)?;
    let named = |row: DocumentRow| Some(((DocumentKind::from_key(&row.kind)?, row.key), row.name));
    Ok(rows.into_iter().filter_map(named).collect())
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
            findings.extend(content::template_locked(document));
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
        findings.extend(structure::hosts_taken(&self.all(), &changing));
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
        self.note_keys(s, id, document)?;
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

    /// Keeps in mind which keys of a sending domain sign no more.
    fn note_keys(&self, s: &mut dyn Session, id: DocumentId, document: &Document) -> Result<(), StoreError> {
        let Body::SendingDomain(now) = &document.body else { return Ok(()) };
        let stored = self.stored.get(&(document.kind(), document.key().to_owned()));
        let old = stored.and_then(|(_, document)| document.as_ref()).map(|document| &document.body);
        let sign: Vec<String> = now.dkim.iter().map(|key| key.selector.clone()).collect();
        retired_keys::forget(s, id, &sign)?;
        let Some(Body::SendingDomain(old)) = old else { return Ok(()) };
        for key in old.dkim.iter().filter(|key| !sign.contains(&key.selector)) {
            let (selector, secret) = (key.selector.clone(), key.secret_name().to_owned());
            retired_keys::put(s, id, &RetiredKey { selector, secret, signed_until: self.now })?;
        }
        Ok(())
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

/// Whether definitions of a kind may be kept although they cannot be used as they are.
fn has_drafts(kind: DocumentKind) -> bool {
    kind == DocumentKind::Journey || content::is_content(kind)
}
