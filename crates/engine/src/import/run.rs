//! One import from its first byte to its report.

use std::collections::HashSet;
use std::io::Read;

use caravan_store::{Session, Store, StoreError};
use serde_json::{Map, Value as Json};

use crate::Engine;

use super::draft::Draft;
use super::layout::{Layout, Target};
use super::reader::{Cell, CsvReader, JsonReader};
use super::rows::{Kind, Rows};
use super::{
    CHUNK_ROWS, Chunk, FileFormat, ImportError, ImportKind, ImportOptions, ImportReport, Note, Observer, Outcome,
    Progress, REJECTS_KEPT, Reject,
};
use crate::live::Live;

/// Imports a file. Chunks before an error stay imported; repeating the file does no harm.
///
/// # Errors
/// The header is wrong (nothing was imported), the input ends in an error, or the store refuses.
pub fn import(
    engine: &Engine,
    kind: &ImportKind,
    input: impl Read,
    format: FileFormat,
    options: &ImportOptions,
    observer: &mut dyn Observer,
) -> Result<ImportReport, ImportError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let kind = Kind::of(kind, &live)?;
    let layout = Layout::new(kind.columns(&live), &options.map)?;
    let mut run = Run {
        engine,
        live: &live,
        kind: &kind,
        options,
        observer,
        layout: &layout,
        report: ImportReport::default(),
        rows: kind.no_rows(),
        rejects: Vec::new(),
        later: Vec::new(),
        later_keys: HashSet::new(),
        pretended: HashSet::new(),
        bytes: 0,
    };
    match format {
        FileFormat::Csv => run.read_csv(CsvReader::new(input))?,
        FileFormat::JsonLines => run.read_json(JsonReader::new(input))?,
    }
    run.finish()
}

struct Run<'a> {
    engine: &'a Engine,
    live: &'a Live,
    kind: &'a Kind,
    options: &'a ImportOptions,
    observer: &'a mut dyn Observer,
    layout: &'a Layout<'a>,
    report: ImportReport,
    /// Rows of the chunk.
    rows: Rows<'a>,
    /// Rows of the chunk that could not be read.
    rejects: Vec<Reject>,
    /// Accounts that wait for a parent, and all later rows of the same keys: the order of rows holds.
    later: Vec<Draft>,
    later_keys: HashSet<String>,
    /// Dry run: keys that would be there by now.
    pretended: HashSet<String>,
    bytes: u64,
}

impl Run<'_> {
    fn read_csv(&mut self, mut reader: CsvReader<impl Read>) -> Result<(), ImportError> {
        let targets = match reader.next()? {
            None => return Err(ImportError::file("empty_file", "The file is empty. Give it a header.".to_owned())),
            Some(Err(reject)) => return Err(ImportError::file(reject.code, format!("The header: {}", reject.message))),
            Some(Ok(_)) => self.layout.header(reader.row().cells())?,
        };
        while let Some(next) = reader.next()? {
            self.bytes = reader.bytes();
            let row = reader.row();
            match next {
                Err(reject) => self.refuse(reject),
                Ok(line) if row.len() != targets.len() => {
                    self.refuse(wrong_count(line, row.len(), targets.len()));
                }
                Ok(line) => self.take(line, targets.iter().zip(row.cells().map(Cell::of_text))),
            }
            self.flush_if_full()?;
        }
        self.bytes = reader.bytes();
        self.flush()
    }

    fn read_json(&mut self, mut reader: JsonReader<impl Read>) -> Result<(), ImportError> {
        let mut header = false;
        while let Some(next) = reader.next()? {
            self.bytes = reader.bytes();
            match next {
                Err(reject) => self.refuse(reject),
                Ok((line, object)) => match self.targets(&object) {
                    Ok(targets) => {
                        header = true;
                        self.take(line, targets.iter().zip(object.values().map(Cell::of_json)));
                    }
                    // The first object is what a header is to CSV.
                    Err(error) if !header => return Err(error),
                    Err(error) => self.refuse(Reject::new(line, error.code(), error.to_string())),
                },
            }
            self.flush_if_full()?;
        }
        self.bytes = reader.bytes();
        self.flush()
    }

    fn targets(&self, object: &Map<String, Json>) -> Result<Vec<Target>, ImportError> {
        object.keys().map(|name| self.layout.target(name)).collect()
    }

    fn take<'c>(&mut self, line: u64, cells: impl Iterator<Item = (&'c Target, Cell<'c>)>) {
        self.report.read += 1;
        let taken = self.rows.read(line, cells, self.live, &self.options.source, self.observer);
        if let Err(reject) = taken {
            self.rejects.push(reject);
        }
    }

    fn refuse(&mut self, reject: Reject) {
        self.report.read += 1;
        self.rejects.push(reject);
    }

    fn flush_if_full(&mut self) -> Result<(), ImportError> {
        if self.rows.len() + self.rejects.len() < CHUNK_ROWS {
            return Ok(());
        }
        self.flush()
    }

    /// Commits the chunk and tells the observer.
    fn flush(&mut self) -> Result<(), ImportError> {
        let mut rows = std::mem::replace(&mut self.rows, self.kind.no_rows());
        if let Some(drafts) = rows.profiles() {
            self.hold_back(drafts);
        }
        if rows.len() > 0 {
            let outcome = self.apply(&rows, false)?;
            self.settle(outcome);
        }
        self.tell();
        Ok(())
    }

    /// Rows of keys of which an earlier row waits, wait too.
    fn hold_back(&mut self, drafts: &mut Vec<Draft>) {
        if !self.later_keys.is_empty() {
            self.later.extend(drafts.extract_if(.., |draft| self.later_keys.contains(&draft.key)));
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        self.report.add(&outcome);
        self.rejects.extend(outcome.rejects);
        self.later_keys.extend(outcome.later.iter().map(|draft| draft.key.clone()));
        self.later.extend(outcome.later);
        if self.options.dry_run {
            self.pretended.extend(outcome.new_keys);
        }
    }

    fn tell(&mut self) {
        self.rejects.sort_by_key(|reject| reject.line);
        for reject in self.rejects.drain(..) {
            self.observer.reject(&reject);
            self.report.rejected += 1;
            if self.report.rejects.len() < REJECTS_KEPT {
                self.report.rejects.push(reject);
            }
        }
        let done = self.report.read - self.later.len() as u64;
        self.observer.progress(Progress { bytes: self.bytes, rows: done });
    }

    fn apply(&self, rows: &Rows<'_>, last: bool) -> Result<Outcome, StoreError> {
        let chunk = Chunk {
            engine: self.engine,
            schema: &self.live.definitions.schema,
            source: &self.options.source,
            pretended: &self.pretended,
            last,
            by: self.options.by.as_deref(),
        };
        let work = |s: &mut dyn Session| rows.apply(s, &chunk);
        let transaction = if self.options.dry_run { pretended } else { committed };
        transaction(self.engine.store(), &work)
    }

    /// The end of the file: accounts that waited for a parent go in together, or are refused.
    fn finish(mut self) -> Result<ImportReport, ImportError> {
        let mut waiting = std::mem::take(&mut self.later);
        waiting.sort_by_key(|draft| draft.line);
        if !waiting.is_empty() {
            let outcome = self.apply(&Rows::Accounts(waiting), true)?;
            self.settle(outcome);
            self.tell();
        }
        self.notes();
        Ok(self.report)
    }

    fn notes(&mut self) {
        let unused = self.layout.unused();
        if !unused.is_empty() {
            let message = format!("These columns are not mapped and were ignored: {}.", unused.join(", "));
            self.report.notes.push(Note { code: "columns_ignored", message });
        }
        if self.report.opt_outs_kept > 0 {
            let message = format!(
                "{} rows would have lifted an opt-out that the person made; the people stay unsubscribed.",
                self.report.opt_outs_kept
            );
            self.report.notes.push(Note { code: "opt_outs_kept", message });
        }
        if self.report.older_versions > 0 {
            let message = format!(
                "{} rows were passed over: their records are stored in the same or a later version.",
                self.report.older_versions
            );
            self.report.notes.push(Note { code: "older_versions", message });
        }
    }
}

fn wrong_count(line: u64, cells: usize, columns: usize) -> Reject {
    let message = format!("The row has {cells} cells and the header {columns}. Check its commas and quotes.");
    Reject::new(line, "wrong_cell_count", message)
}

/// How often a transaction is tried when somebody else adds the same keys at the same time.
const ATTEMPTS: usize = 5;

/// Commits `work`. When somebody else added the same keys meanwhile, it is done again and finds them.
pub(super) fn committed<T>(
    store: &Store,
    work: &dyn Fn(&mut dyn Session) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut attempt = 1;
    loop {
        match store.write(|s| work(s)) {
            Err(error) if attempt < ATTEMPTS && came_first(&error) => attempt += 1,
            outcome => return outcome,
        }
    }
}

/// How a transaction ends that was never to be committed.
enum Pretended<T> {
    Done(T),
    Failed(StoreError),
}

impl<T> From<StoreError> for Pretended<T> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Does `work` and rolls it back.
fn pretended<T>(store: &Store, work: &dyn Fn(&mut dyn Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let outcome: Result<(), Pretended<T>> =
        store.write(|s| Err(work(s).map_or_else(Pretended::Failed, Pretended::Done)));
    match outcome {
        Err(Pretended::Done(done)) => Ok(done),
        Err(Pretended::Failed(error)) => Err(error),
        Ok(()) => Err(StoreError::Statement("a dry run was committed".to_owned())),
    }
}

/// Another transaction added what this one wanted to add.
fn came_first(error: &StoreError) -> bool {
    matches!(error, StoreError::Stale(_))
        || matches!(error.constraint(), Some("account_key" | "person_key" | "object_record_key"))
}
