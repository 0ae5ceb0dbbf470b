//! `caravan simulate`: a journey in virtual time on a copy of the store; nothing is changed and nothing leaves.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use caravan_engine::Engine;
use caravan_engine::import::{
    FileFormat, ImportKind, ImportOptions, IncomingActivity, Observer, Reject, import as import_file,
};
use caravan_engine::simulate::{
    ScriptedActivity, SimulateRequest, Simulated, SimulationReport, TimelineLine, simulate,
};
use caravan_model::value::read_instant;
use caravan_model::{Finding, source};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{Context, import, journey};
use crate::failure::{Done, Failure, Outcome};
use crate::{manifests, report};

/// What `simulate` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Journey of the store; a live one goes on from where its travellers stand
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    key: Option<String>,
    /// Manifest with the journey, in place of one of the store
    #[arg(short, long = "file", value_name = "FILE|DIR")]
    file: Vec<PathBuf>,
    /// Where virtual time begins: 2026-12-01T09:00:00Z, or a date
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Timestamp,
    /// Where it stops at the latest
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Timestamp,
    /// What people and accounts do meanwhile: an import file of activities
    #[arg(long, value_name = "FILE")]
    activities: Option<PathBuf>,
    /// What those do who come to listen nodes: a YAML or JSON file with a list
    #[arg(long, value_name = "FILE")]
    reactions: Option<PathBuf>,
    /// What external services answer: a YAML or JSON file with a list
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Seed of whatever is random
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write each step of each traveller to this file, one line of JSON each
    #[arg(long, value_name = "FILE")]
    timelines: Option<PathBuf>,
}

fn instant(written: &str) -> Result<Timestamp, String> {
    read_instant(written).ok_or_else(|| "write a time like 2026-12-01T09:00:00Z, or a date".to_owned())
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let journey = match &args.key {
        Some(key) => Simulated::Stored(key.clone()),
        None => Simulated::Manifests(manifests::read(&args.file)?),
    };
    let engine = context.engine()?;
    let activities = args.activities.as_deref().map(|file| script(&engine, file)).transpose()?.unwrap_or_default();
    let mut timelines = args.timelines.as_deref().map(Lines::open).transpose()?;
    let mut each = |line: TimelineLine| {
        if let Some(lines) = &mut timelines {
            lines.write(&line);
        }
    };
    let request = SimulateRequest {
        journey,
        from: args.from,
        until: args.until,
        seed: args.seed,
        activities,
        reactions: args.reactions.as_deref().map(|file| list(file, "reaction")).transpose()?.unwrap_or_default(),
        answers: args.answers.as_deref().map(|file| list(file, "answer")).transpose()?.unwrap_or_default(),
        timelines: args.timelines.is_some().then_some(&mut each),
        samples: 0,
    };
    let done = simulate(&engine, request)?;
    timelines.map(Lines::finish).transpose()?;
    if let Some(file) = &args.report {
        let text = serde_json::to_string_pretty(&done).map_err(anyhow::Error::from)? + "\n";
        std::fs::write(file, text).map_err(|error| import::unwritable(file, &error))?;
    }
    if context.json {
        report::json(&done)?
    } else {
        print(&done)?
    }
    Ok(Done::All)
}

fn print(done: &SimulationReport) -> std::io::Result<()> {
    report::line(format!("{} from {} to {}", done.journey, done.from, done.finished_at))?;
    report::line(journey::travellers(&done.travellers))?;
    journey::table(done.nodes.iter())?;
    for (email, n) in &done.messages.email {
        report::line(format!("{n} of email {email}"))?;
    }
    Ok(())
}

/// Reads an import file of activities without taking it in.
fn script(engine: &Engine, file: &Path) -> Result<Vec<ScriptedActivity>, Failure> {
    let format = FileFormat::of_name(&file.to_string_lossy()).unwrap_or(FileFormat::JsonLines);
    let input = BufReader::new(File::open(file).map_err(|error| manifests::unreadable(file, &error))?);
    let mut read = Script { file: file.display().to_string(), activities: Vec::new(), findings: Vec::new() };
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    import_file(engine, &ImportKind::Activities, input, format, &options, &mut read).map_err(import::failure)?;
    if read.findings.is_empty() { Ok(read.activities) } else { Err(Failure::Invalid(read.findings)) }
}

/// Reads a file of what is called `what`: a list, or one for each document.
fn list<T: DeserializeOwned>(file: &Path, what: &str) -> Result<Vec<T>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| manifests::unreadable(file, &error))?;
    let name = file.display().to_string();
    let (documents, mut findings) = source::read(&text, &name);
    let mut all = Vec::new();
    for document in documents {
        let (given, list) = match document.value.clone() {
            serde_json::Value::Array(given) => (given, true),
            one => (vec![one], false),
        };
        for (at, one) in given.into_iter().enumerate() {
            match serde_json::from_value(one) {
                Ok(one) => all.push(one),
                Err(error) => {
                    let pointer = if list { format!("/{at}") } else { String::new() };
                    let message = format!("This is no {what} as it stands: {error}.");
                    let mut found = [Finding::error(format!("invalid_{what}"), pointer, message)];
                    source::attach_lines(&mut found, &document, &name);
                    findings.extend(found);
                }
            }
        }
    }
    if findings.iter().any(Finding::is_error) { Err(Failure::Invalid(findings)) } else { Ok(all) }
}

struct Script {
    file: String,
    activities: Vec<ScriptedActivity>,
    findings: Vec<Finding>,
}

impl Observer for Script {
    fn activity(&mut self, activity: &IncomingActivity) {
        let IncomingActivity { kind, at, person_key, account_key, fields, .. } = activity.clone();
        self.activities.push(ScriptedActivity { at, kind, person_key, account_key, fields });
    }

    fn reject(&mut self, reject: &Reject) {
        let (file, line) = (Some(self.file.clone()), u32::try_from(reject.line).ok());
        self.findings.push(Finding { file, line, ..Finding::error(reject.code, "", &reject.message) });
    }
}

/// A file of timelines.
struct Lines {
    path: PathBuf,
    to: BufWriter<File>,
    failed: Option<std::io::Error>,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| import::unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), to: BufWriter::new(file), failed: None })
    }

    /// A full disk is told at the end.
    fn write(&mut self, line: &TimelineLine) {
        let written = serde_json::to_writer(&mut self.to, line)
            .map_err(std::io::Error::from)
            .and_then(|()| self.to.write_all(b"\n"));
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }

    fn finish(mut self) -> Result<(), Failure> {
        let done = self.failed.take().map_or(Ok(()), Err).and_then(|()| self.to.flush());
        done.map_err(|error| import::unwritable(&self.path, &error))
    }
}
