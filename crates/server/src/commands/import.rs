//! `caravan import`: files of accounts, people, activities, records, suppressions and consents into the store.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use caravan_engine::import::{
    FileFormat, ImportError, ImportKind, ImportOptions, ImportReport, Observer, Progress, Reject,
};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{manifests, report};

/// How many rejects are shown when no file takes them.
const SHOWN: usize = 20;

/// What `import` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the file holds: accounts, people, activities, opportunities, suppressions, consents, or the key of a custom object
    #[arg(value_name = "accounts|people|activities|opportunities|suppressions|consents|OBJECT")]
    kind: String,
    /// CSV or JSON Lines; - reads standard input
    file: PathBuf,
    /// How the file is written [default: by its extension]
    #[arg(long)]
    format: Option<Format>,
    /// Take this column as that attribute, once per column; other unknown columns are then ignored with a note
    #[arg(long, value_name = "COLUMN=ATTRIBUTE", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// Say what would happen, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write each rejected row's line number and reason to this file, as CSV
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// How a file may be written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Comma-separated, a header first
    Csv,
    /// One JSON object a line
    Jsonl,
}

fn mapping(written: &str) -> Result<(String, String), String> {
    match written.rsplit_once('=') {
        Some((column, attribute)) if !column.is_empty() && !attribute.is_empty() => {
            Ok((column.to_owned(), attribute.to_owned()))
        }
        _ => Err("write column=attribute".to_owned()),
    }
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let kind = ImportKind::named(&args.kind);
    let format = format(args)?;
    let (input, bytes) = open(&args.file)?;
    let engine = context.engine()?;
    let options = ImportOptions { map: args.map.clone(), dry_run: args.dry_run, ..ImportOptions::default() };
    let mut watcher = Watcher { bar: bar(bytes), rejects: args.rejects.as_deref().map(Rejects::open).transpose()? };
    let done = caravan_engine::import::import(&engine, &kind, input, format, &options, &mut watcher);
    watcher.bar.finish_and_clear();
    let done = done.map_err(failure)?;
    engine.poke();
    watcher.rejects.map(Rejects::finish).transpose()?;
    if context.json {
        report::json(&done)?;
    } else {
        print(&done, args)?;
    }
    Ok(if done.rejected > 0 { Done::SomeRejected } else { Done::All })
}

fn format(args: &Args) -> Result<FileFormat, Failure> {
    let by_name = || FileFormat::of_name(&args.file.to_string_lossy());
    match args.format {
        Some(Format::Csv) => Ok(FileFormat::Csv),
        Some(Format::Jsonl) => Ok(FileFormat::JsonLines),
        None => by_name().ok_or_else(|| {
            let file = args.file.display();
            let message =
                format!("How {file} is written cannot be told from its name. Say --format csv or --format jsonl.");
            Failure::usage("unknown_format", message)
        }),
    }
}

/// The input, and its length where that is known.
fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path).map_err(|error| manifests::unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| manifests::unreadable(path, &error))?;
    if metadata.is_dir() {
        return Err(Failure::usage("file_unreadable", format!("{} is a folder; name a file in it.", path.display())));
    }
    Ok((Box::new(BufReader::with_capacity(1 << 20, file)), Some(metadata.len()).filter(|_| metadata.is_file())))
}

/// Why a file was not taken.
pub fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::File { code, message } => Failure::usage(code, message),
        ImportError::Store(error) => error.into(),
        read @ ImportError::Read(_) => Failure::Failed(anyhow::anyhow!("{read}")),
    }
}

/// On a terminal a bar, elsewhere nothing.
fn bar(bytes: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let style = match bytes {
        Some(_) => ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}  {msg}  {eta} left"),
        None => ProgressStyle::with_template("{spinner} {bytes}  {msg}"),
    };
    // The templates are ours; a wrong one would only look plain.
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// Moves the bar and writes the rejects down.
struct Watcher {
    bar: ProgressBar,
    rejects: Option<Rejects>,
}

impl Observer for Watcher {
    fn progress(&mut self, progress: Progress) {
        self.bar.set_position(progress.bytes);
        self.bar.set_message(format!("{} rows", progress.rows));
    }

    fn reject(&mut self, reject: &Reject) {
        if let Some(rejects) = &mut self.rejects {
            rejects.write(reject);
        }
    }
}

/// The file of rejected rows; it is there, with its header, also when nothing was rejected.
struct Rejects {
    path: PathBuf,
    to: csv::Writer<BufWriter<File>>,
    failed: Option<csv::Error>,
}

impl Rejects {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        let mut to = csv::Writer::from_writer(BufWriter::new(file));
        to.write_record(["line", "code", "reason"]).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), to, failed: None })
    }

    /// A full disk must not stop the import; it is told at the end.
    fn write(&mut self, reject: &Reject) {
        let line = reject.line.to_string();
        if let Err(error) = self.to.write_record([&*line, reject.code, &reject.message]) {
            self.failed.get_or_insert(error);
        }
    }

    fn finish(mut self) -> Result<(), Failure> {
        if let Some(error) = self.failed {
            return Err(unwritable(&self.path, &error));
        }
        self.to.flush().map_err(|error| unwritable(&self.path, &error))
    }
}

/// A file that was to be written cannot be.
pub fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(anyhow::anyhow!("{} cannot be written: {error}", path.display()))
}

fn print(done: &ImportReport, args: &Args) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for note in &done.notes {
        writeln!(err, "note: {}", note.message).ok();
    }
    if args.rejects.is_none() {
        for reject in done.rejects.iter().take(SHOWN) {
            writeln!(err, "{}:{}: error {}: {}", args.file.display(), reject.line, reject.code, reject.message).ok();
        }
        let more = done.rejected.saturating_sub(SHOWN as u64);
        if more > 0 {
            writeln!(err, "… and {more} more; --rejects FILE takes them all").ok();
        }
    }
    let ImportReport { read, created, updated, unchanged, parked, rejected, .. } = done;
    let parked = if *parked > 0 { format!(", {parked} waiting for their person or account") } else { String::new() };
    let dry = if args.dry_run { " (a dry run: nothing was changed)" } else { "" };
    report::line(format!(
        "{read} read: {created} created, {updated} updated, {unchanged} unchanged{parked}, {rejected} rejected{dry}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_may_hold_an_equals_sign_its_attribute_not() {
        assert_eq!(mapping("Name=name"), Ok(("Name".to_owned(), "name".to_owned())));
        assert_eq!(mapping("a=b=name"), Ok(("a=b".to_owned(), "name".to_owned())));
        for bad in ["name", "=name", "Name="] {
            assert!(mapping(bad).is_err(), "{bad}");
        }
    }
}
