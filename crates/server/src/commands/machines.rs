//! `caravan machines`: files of programs and networks by which opens and clicks of machines are told.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use caravan_engine::Engine;
use caravan_engine::machines::{self, Loaded, MOST_BYTES, MachineList};
use caravan_store::{StoreError, access};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{manifests, report, wiring};

/// What is done to them.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Show what was loaded, by whom and when
    Lists,
    /// Load a file in place of the one before: one entry a line, `#` begins a remark
    Load {
        /// Which list
        list: Which,
        /// The file
        file: PathBuf,
    },
    /// Take a list away
    Clear {
        /// Which list
        list: Which,
    },
}

/// What can be loaded.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Which {
    /// Names of programs, or parts of them
    Agents,
    /// Networks that only machines use
    Networks,
    /// Networks of which nothing is taken in at all
    BlockedNetworks,
}

impl From<Which> for MachineList {
    fn from(which: Which) -> Self {
        match which {
            Which::Agents => Self::Agents,
            Which::Networks => Self::Networks,
            Which::BlockedNetworks => Self::BlockedNetworks,
        }
    }
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    let engine = context.engine()?;
    match verb {
        Verb::Lists => show(context, &engine.store().read(machines::loaded)?)?,
        Verb::Load { list, file } => {
            let mut text = Vec::new();
            let opened = File::open(file).map_err(|error| manifests::unreadable(file, &error))?;
            // One byte more than may be tells that there is too much.
            let read = opened.take(MOST_BYTES as u64 + 1).read_to_end(&mut text);
            read.map_err(|error| manifests::unreadable(file, &error))?;
            let loaded = machines::load(&engine, (*list).into(), &text, wiring::ACTOR)?;
            write_down(&engine, "PUT", loaded.list, Some(json!({"entries": loaded.entries})))?;
            show(context, &[loaded])?;
        }
        Verb::Clear { list } => {
            let list = MachineList::from(*list);
            if !machines::clear(&engine, list)? {
                return Err(Failure::usage("no_such_list", format!("There is no loaded list `{}`.", list.key())));
            }
            write_down(&engine, "DELETE", list, None)?;
        }
    }
    Ok(Done::All)
}

/// For whoever reads what was done by hand: the same as over the API.
fn write_down(engine: &Engine, what: &str, list: MachineList, detail: Option<Value>) -> Result<(), StoreError> {
    let subject = format!("/api/v1/machines/lists/{}", list.key());
    let detail = detail.map(|it| it.to_string());
    engine.store().write(|s| {
        let now = s.now()?;
        access::record(s, now, wiring::ACTOR, what, &subject, detail.as_deref())
    })
}

fn show(context: &Context, lists: &[Loaded]) -> std::io::Result<()> {
    if context.json {
        return report::json(&lists);
    }
    let row = |it: &Loaded| {
        vec![it.list.key().to_owned(), it.entries.to_string(), it.loaded_by.clone(), it.loaded_at.to_string()]
    };
    report::table(&["LIST", "ENTRIES", "LOADED BY", "AT"], &lists.iter().map(row).collect::<Vec<_>>())
}
