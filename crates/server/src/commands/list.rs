//! `caravan list`: who is in lists and audiences, and changing static lists by hand.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use caravan_engine::Engine;
use caravan_engine::members::{self, Change, Changed, ExportError, List, MembersError, Who};
use caravan_model::document::DocumentKind;
use caravan_store::members::MemberBy;
use caravan_store::ordered::Sort;
use clap::ValueEnum;

use super::Context;
use super::import::unwritable;
use crate::failure::{Done, Failure, Outcome};
use crate::{manifests, report};

/// The column of a file that names members.
const KEY_COLUMN: &str = "key";

/// What is done to lists.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Add accounts or people to a static list, by key
    Add(Named),
    /// Take accounts or people out of a static list, by key
    Remove(Named),
    /// Show the first members of a list or an audience, and how many there are
    Members(Shown),
    /// Write all members of a list or an audience as CSV
    Export(Exported),
    /// Evaluate a dynamic list or an audience for everybody again
    Repair(Which),
}

/// Which list.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Key of the list or audience
    list: String,
    /// What it is, where several have the key
    #[arg(long)]
    kind: Option<Kind>,
}

/// What has members.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    /// A list of accounts
    AccountList,
    /// A list of people
    PeopleList,
    /// An audience
    Audience,
}

/// Whom a list gains or loses.
#[derive(Debug, clap::Args)]
pub struct Named {
    #[command(flatten)]
    which: Which,
    /// Keys of accounts or people
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// A CSV file with a column `key`; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "keys", required_unless_present = "keys")]
    file: Option<PathBuf>,
}

/// Which members are shown.
#[derive(Debug, clap::Args)]
pub struct Shown {
    #[command(flatten)]
    which: Which,
    /// Only members in whose key, name or address this text occurs
    #[arg(long, default_value = "")]
    search: String,
    /// How many rows
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

/// What is written where.
#[derive(Debug, clap::Args)]
pub struct Exported {
    #[command(flatten)]
    which: Which,
    /// Where the CSV goes [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    let engine = context.engine()?;
    match verb {
        Verb::Add(named) => change(context, &engine, named, Change::Add),
        Verb::Remove(named) => change(context, &engine, named, Change::Remove),
        Verb::Members(shown) => show(context, &engine, shown),
        Verb::Export(exported) => export(&engine, exported),
        Verb::Repair(which) => {
            members::repair(&engine, which.kind(&engine)?, &which.list).map_err(refused)?;
            report::line(format!("{} is evaluated again; `caravan run` or the server does it", which.list))?;
            Ok(Done::All)
        }
    }
}

impl Which {
    /// The kind that was said, or the first in which there is such a key.
    fn kind(&self, engine: &Engine) -> Result<DocumentKind, Failure> {
        match self.kind {
            Some(Kind::AccountList) => return Ok(DocumentKind::AccountList),
            Some(Kind::PeopleList) => return Ok(DocumentKind::PeopleList),
            Some(Kind::Audience) => return Ok(DocumentKind::Audience),
            None => {}
        }
        let live = engine.store().read(|s| engine.live(s))?;
        let there: Vec<DocumentKind> =
            members::KINDS.into_iter().filter(|&kind| List::find(&live, kind, &self.list).is_ok()).collect();
        match there.as_slice() {
            [one] => Ok(*one),
            [] => {
                let message =
                    format!("There is no list or audience `{}`. `caravan export` names what there is.", self.list);
                Err(Failure::usage("unknown_reference", message))
            }
            _ => {
                let message = format!("Several kinds have the key `{}`. Say which by --kind.", self.list);
                Err(Failure::usage("ambiguous_key", message))
            }
        }
    }
}

fn change(context: &Context, engine: &Engine, named: &Named, change: Change) -> Outcome {
    let keys = match &named.file {
        Some(file) => read_keys(file)?,
        None => named.keys.clone(),
    };
    let kind = named.which.kind(engine)?;
    let done = members::change(engine, kind, &named.which.list, change, Who::Keys(&keys)).map_err(refused)?;
    if context.json {
        report::json(&done)?
    } else {
        print(&done, change)?
    }
    Ok(if done.unknown_count > 0 { Done::SomeRejected } else { Done::All })
}

fn print(done: &Changed, change: Change) -> io::Result<()> {
    for key in &done.unknown {
        writeln!(io::stderr().lock(), "error unknown_key: nobody has the key `{key}`").ok();
    }
    let more = done.unknown_count - done.unknown.len() as u64;
    if more > 0 {
        writeln!(io::stderr().lock(), "… and {more} more").ok();
    }
    let (did, were) = match change {
        Change::Add => ("added", "were in already"),
        Change::Remove => ("taken out", "were not in"),
    };
    report::line(format!("{} {did}, {} {were}, {} unknown", done.changed, done.unchanged, done.unknown_count))
}

/// The keys in a file's column `key`.
fn read_keys(path: &Path) -> Result<Vec<String>, Failure> {
    let input: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(BufReader::new(File::open(path).map_err(|error| manifests::unreadable(path, &error))?)),
    };
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(input);
    let broken = |error: csv::Error| Failure::usage("invalid_csv", format!("{}: {error}.", path.display()));
    let header = csv.headers().map_err(broken)?;
    let column = header.iter().position(|name| name.trim_start_matches('\u{feff}') == KEY_COLUMN).ok_or_else(|| {
        let message =
            format!("{} has no column `{KEY_COLUMN}`. Begin it with a header that names one.", path.display());
        Failure::usage("missing_column", message)
    })?;
    let mut keys = Vec::new();
    for record in csv.records() {
        keys.extend(record.map_err(broken)?.get(column).filter(|key| !key.is_empty()).map(str::to_owned));
    }
    Ok(keys)
}

fn show(context: &Context, engine: &Engine, shown: &Shown) -> Outcome {
    let kind = shown.which.kind(engine)?;
    let most = usize::from(shown.limit);
    let page = members::page(engine, kind, &shown.which.list, &shown.search, Sort::up(MemberBy::Key), None, most);
    let (rows, total) = page.map_err(refused)?;
    if context.json {
        let items = rows.iter().map(|(row, _)| {
            let (name, email, source) = (&row.name, &row.email, &row.source);
            serde_json::json!({"key": row.key, "name": name, "email": email, "source": source, "added_at": row.added_at})
        });
        report::json(&serde_json::json!({"total": total, "members": items.collect::<Vec<_>>()}))?;
        return Ok(Done::All);
    }
    let lines: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(row, _)| vec![row.key, row.name, row.email.unwrap_or_default(), row.source, row.added_at.to_string()])
        .collect();
    let told = lines.len();
    report::table(&["key", "name", "email", "source", "since"], &lines)?;
    report::line(format!("{told} of {total}"))?;
    Ok(Done::All)
}

fn export(engine: &Engine, exported: &Exported) -> Outcome {
    let kind = exported.which.kind(engine)?;
    let list = &exported.which.list;
    let done = match &exported.output {
        Some(path) => {
            let mut file = File::create(path).map_err(|error| unwritable(path, &error))?;
            members::export(engine, kind, list, &mut file)
        }
        None => members::export(engine, kind, list, &mut io::stdout().lock()),
    };
    done.map_err(|error| match error {
        ExportError::Members(error) => refused(error),
        ExportError::Store(error) => error.into(),
        ExportError::Write(error) => Failure::Failed(error.into()),
    })?;
    Ok(Done::All)
}

fn refused(error: MembersError) -> Failure {
    match error {
        MembersError::Store(error) => error.into(),
        MembersError::Unknown(..) => Failure::usage("unknown_reference", format!("{error}.")),
        MembersError::NotStatic(_) => Failure::usage("list_not_static", format!("{error}.")),
        MembersError::NoCondition(_) => Failure::usage("list_not_dynamic", format!("{error}.")),
        MembersError::Findings(_) => Failure::usage("invalid_input", format!("{error}.")),
    }
}
