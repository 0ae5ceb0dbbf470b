//! Files of programs and networks by which opens and clicks of machines are told: loaded, looked at, taken away.

use axum::body::{Bytes, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::machines::{self, Loaded, MOST_BYTES, MachineList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::TAG;
use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadDefinitions, WriteSettings};
use crate::http::file::{File, Lines};
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
    file: NewFile,
) -> Result<Answer<Loaded>, Problem> {
    let work = state.blocking(move |engine| Ok(machines::load(engine, path.list, &file.0, &caller.actor)?));
    let loaded = work.await?;
    let written_down = json!({"entries": loaded.entries});
    Ok(Answer::of(loaded).written_down(written_down))
}

async fn clear(State(state): State<ApiState>, Path(path): Path<ListPath>) -> Result<Done, Problem> {
    let work = state.blocking(move |engine| match machines::clear(engine, path.list)? {
        true => Ok(Done::default()),
        false => Err(unknown(path.list)),
    });
    work.await
}

/// A file as it comes.
struct NewFile(Bytes);

impl<S: Send + Sync> axum::extract::FromRequest<S> for NewFile {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, _: &S) -> Result<Self, Problem> {
        let megabytes = MOST_BYTES / 1024 / 1024;
        let detail = format!("The file is larger than {megabytes} MB, or broke off. Load fewer entries.");
        let bytes = to_bytes(request.into_body(), MOST_BYTES).await;
        bytes.map(Self).map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "list_too_large", detail))
    }
}

impl aide::OperationInput for NewFile {
    fn operation_input(ctx: &mut aide::generate::GenContext, operation: &mut aide::openapi::Operation) {
        let body = aide::openapi::RequestBody {
            description: Some("The file.".to_owned()),
            content: [("text/plain".to_owned(), aide::openapi::MediaType::default())].into_iter().collect(),
            required: true,
            ..Default::default()
        };
        aide::operation::set_body(ctx, operation, body);
    }
}
