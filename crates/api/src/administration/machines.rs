//! Files of programs and networks by which opens and clicks of machines are told: loaded, looked at, taken away.

use axum::extract::State;
use caravan_engine::machines::{self, CheckedList, Loaded, MachineList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::TAG;
use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadDefinitions, WriteSettings};
use crate::http::file::{File, Lines};
use crate::http::upload::{Upload, UploadKind};
use crate::http::{Answer, Done, Operations, Path, Problem};

const LIST: &str = "/api/v1/machines/lists/{list}";

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of(TAG)
        .get(
            "/api/v1/machines/lists",
            ReadDefinitions,
            list,
            "Files of programs and networks that opens and clicks of machines are told by: how much stands in them, who loaded them",
        )
        .get(LIST, ReadDefinitions, show, "The file of a list of machines as it was loaded")
        .put(
            LIST,
            WriteSettings,
            load,
            "Load a list of machines in place of the one before: one entry a line, `#` begins a remark; a file with any mistake changes nothing",
        )
        .delete(LIST, WriteSettings, clear, "Take a list of machines away")
}

/// What was loaded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MachineLists")]
struct Lists {
    /// Lists that are there.
    items: Vec<Loaded>,
}

async fn list(State(state): State<ApiState>) -> Result<Answer<Lists>, Problem> {
    let items = state.read(|s| Ok(machines::loaded(s)?)).await?;
    Ok(Answer::of(Lists { items }))
}

#[derive(Deserialize, JsonSchema)]
struct ListPath {
    /// Which list.
    list: MachineList,
}

fn unknown(list: MachineList) -> Problem {
    Problem::not_found("no_such_list", format!("A loaded list `{}`", list.key()))
}

async fn show(State(state): State<ApiState>, Path(path): Path<ListPath>) -> Result<File<Lines>, Problem> {
    let file = state.read(move |s| Ok(machines::file(s, path.list)?)).await?;
    file.map(File::of).ok_or_else(|| unknown(path.list))
}

async fn load(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<ListPath>,
    file: Upload<NewList>,
) -> Result<Answer<Loaded>, Problem> {
    let work = state.blocking(move |engine| {
        let checked = CheckedList::read(path.list, &file.0)?;
        Ok(engine.store().write(|s| checked.load(s, &caller.actor))?)
    });
    let loaded = work.await?;
    let written_down = json!({"entries": loaded.entries});
    Ok(Answer::of(loaded).written_down(written_down))
}

async fn clear(State(state): State<ApiState>, Path(path): Path<ListPath>) -> Result<Done, Problem> {
    let work = state.blocking(move |engine| match engine.store().write(|s| machines::clear(s, path.list))? {
        true => Ok(Done::default()),
        false => Err(unknown(path.list)),
    });
    work.await
}

/// A list as it comes.
enum NewList {}

impl UploadKind for NewList {
    const MEDIA_TYPES: &[&str] = &["text/plain"];
    const MOST_BYTES: usize = machines::MOST_BYTES;
    const TOO_LARGE: (&str, &str) = ("list_too_large", "Load fewer entries.");
}
