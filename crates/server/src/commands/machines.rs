//! `caravan machines`: files of programs and networks by which opens and clicks of machines are told.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use caravan_engine::Engine;
use caravan_engine::machines::{self, CheckedList, Loaded, MOST_BYTES, MachineList};
use caravan_store::{Session, StoreError, access};
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
            let checked = CheckedList::read((*list).into(), &text)?;
            show(context, &[load(&engine, &checked)?])?;
        }
        Verb::Clear { list } => {
            let list = MachineList::from(*list);
            if !clear(&engine, list)? {
                return Err(Failure::usage("no_such_list", format!("There is no loaded list `{}`.", list.key())));
            }
        }
    }
    Ok(Done::All)
}

fn load(engine: &Engine, checked: &CheckedList<'_>) -> Result<Loaded, StoreError> {
    engine.store().write(|s| {
        let loaded = checked.load(s, wiring::ACTOR)?;
        write_down(s, "PUT", loaded.list, Some(json!({"entries": loaded.entries})))?;
        Ok(loaded)
    })
}

/// Whether there was one.
fn clear(engine: &Engine, list: MachineList) -> Result<bool, StoreError> {
    engine.store().write(|s| {
        let cleared = machines::clear(s, list)?;
        if cleared {
            write_down(s, "DELETE", list, None)?;
        }
        Ok(cleared)
    })
}

/// For whoever reads what was done by hand: the same as over the API, in the transaction that does it.
fn write_down(s: &mut dyn Session, what: &str, list: MachineList, detail: Option<Value>) -> Result<(), StoreError> {
    let subject = format!("/api/v1/machines/lists/{}", list.key());
    let detail = detail.map(|it| it.to_string());
    let now = s.now()?;
    access::record(s, now, wiring::ACTOR, what, &subject, detail.as_deref())
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

#[cfg(test)]
mod tests {
    use caravan_store::{OpenOptions, SessionExt as _, Store};

    use super::*;

    fn lines(engine: &Engine) -> i64 {
        engine.store().read(|s| s.query_int("SELECT COUNT(*) FROM audit", &[])).unwrap()
    }

    fn tell(store: Store) {
        store.migrate().unwrap();
        let engine = Engine::new(store);
        let checked = CheckedList::read(MachineList::Agents, b"acmegateway\n").unwrap();
        let rename = |from: &str, to: &str| {
            engine.store().write(|s| s.execute(&format!("ALTER TABLE {from} RENAME TO {to}"), &[])).unwrap();
        };
        let loaded = || engine.store().read(machines::loaded).unwrap().len();

        rename("audit", "away");
        assert!(load(&engine, &checked).is_err());
        assert_eq!(loaded(), 0, "what cannot be written down is not done");
        rename("away", "audit");
        load(&engine, &checked).unwrap();
        assert_eq!((loaded(), lines(&engine)), (1, 1));

        rename("audit", "away");
        assert!(clear(&engine, MachineList::Agents).is_err());
        assert_eq!(loaded(), 1, "nor is it taken away");
        rename("away", "audit");
        assert_eq!(clear(&engine, MachineList::Agents), Ok(true));
        assert_eq!(clear(&engine, MachineList::Agents), Ok(false), "there was none");
        assert_eq!((loaded(), lines(&engine)), (0, 2));
    }

    #[test]
    fn a_list_of_machines_and_its_line_in_the_audit_log_are_written_together_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        tell(Store::open_sqlite(directory.path(), OpenOptions::default()).unwrap());
        let database = caravan_testkit::scratch_database();
        tell(Store::open_postgres(&database.url, OpenOptions::default()).unwrap());
    }
}
