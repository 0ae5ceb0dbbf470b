//! What receivers report of the mail of sending domains (DMARC).

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::deliver::{DmarcFigures, DmarcTaken, dmarc_figures, take_dmarc_file};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::access::Permission;
use crate::http::upload::{Upload, UploadKind};
use crate::http::{Answer, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Delivery")
        .get(
            "/api/v1/delivery/domains/{key}/dmarc",
            Permission::ReadDefinitions,
            figures,
            "How mail of a sending domain fared with receivers that report (DMARC), by the address that it came from, and what to do next",
        )
        .post(
            "/api/v1/delivery/dmarc-reports",
            Permission::WriteChannels,
            take,
            "Take in an aggregate report of a receiver (DMARC): the file as it came, XML, gzip or zip; each is kept once",
        )
}

#[derive(Deserialize, JsonSchema)]
struct DomainPath {
    /// Key of the sending domain.
    key: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Over how many days, back from now.
    #[serde(default = "a_month")]
    #[schemars(range(min = 1, max = 400))]
    days: u32,
}

fn a_month() -> u32 {
    30
}

async fn figures(
    State(state): State<ApiState>,
    Path(path): Path<DomainPath>,
    Query(query): Query<Days>,
) -> Result<Answer<DmarcFigures>, Problem> {
    if !(1..=400).contains(&query.days) {
        return Err(Problem::bad_request("bad_days", "`days` is a number from 1 to 400."));
    }
    let found = state.blocking(move |engine| {
        let unknown = || Problem::not_found("unknown_sending_domain", format!("The sending domain `{}`", path.key));
        dmarc_figures(engine, &path.key, query.days)?.ok_or_else(unknown)
    });
    Ok(Answer::of(found.await?))
}

/// A report as it came.
enum Report {}

impl UploadKind for Report {
    const MEDIA_TYPES: &[&str] = &["application/gzip", "application/zip", "application/xml"];
    const MOST_BYTES: usize = 20 * 1024 * 1024;
    const TOO_LARGE: (&str, &str) = ("report_too_large", "Send it packed, as it came.");
}

async fn take(State(state): State<ApiState>, file: Upload<Report>) -> Result<Answer<DmarcTaken>, Problem> {
    let taken = state.blocking(move |engine| {
        take_dmarc_file(engine, &file.0)?
            .map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "dmarc_report_unreadable", why.to_string()))
    });
    Ok(Answer::of(taken.await?))
}
