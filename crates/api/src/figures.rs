//! What became of messages, in numbers.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use caravan_engine::figures::{self as messages, Asked, By, Figures, LinkFigures};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission::ReadDefinitions;
use crate::http::{Answer, Operations, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Delivery")
        .get(
            "/api/v1/messages/figures",
            ReadDefinitions,
            figures,
            "What became of messages: sent, delivered, opened, clicked, bounced, with rates",
        )
        .get(
            "/api/v1/messages/figures.csv",
            ReadDefinitions,
            figures_csv,
            "The same as a table for other programs (CSV): one line each, rates as fractions",
        )
        .get("/api/v1/messages/links", ReadDefinitions, links, "How often each link of messages was followed")
}

#[derive(Deserialize, JsonSchema)]
struct FiguresQuery {
    /// Key of a journey; left out: all.
    journey: Option<String>,
    /// Name of a node.
    node: Option<String>,
    /// Key of an email or text message.
    message: Option<String>,
    /// Only messages sent at this instant or later.
    from: Option<Timestamp>,
    /// Only messages sent before this instant.
    until: Option<Timestamp>,
    /// What one row is about; left out: a message at a node.
    by: Option<By>,
}

impl FiguresQuery {
    fn asked(self) -> Asked {
        let Self { journey, node, message, from, until, by: _ } = self;
        Asked { journey, node, message, from, until }
    }
}

#[derive(Deserialize, JsonSchema)]
struct LinksQuery {
    /// Key of a journey; left out: all.
    journey: Option<String>,
    /// Name of a node.
    node: Option<String>,
    /// Key of an email or text message.
    message: Option<String>,
    /// Only messages sent at this instant or later.
    from: Option<Timestamp>,
    /// Only messages sent before this instant.
    until: Option<Timestamp>,
}

/// Figures of messages.
#[derive(Debug, Serialize, JsonSchema)]
struct FiguresOf {
    /// One row for each.
    items: Vec<Figures>,
}

/// Figures of links.
#[derive(Debug, Serialize, JsonSchema)]
struct LinksOf {
    /// One row for each link of each message at each node.
    items: Vec<LinkFigures>,
}

async fn figures(
    State(state): State<ApiState>,
    Query(query): Query<FiguresQuery>,
) -> Result<Answer<FiguresOf>, Problem> {
    let by = query.by.unwrap_or_default();
    let items = state.blocking(move |engine| Ok(messages::figures(engine, &query.asked(), by)?)).await?;
    Ok(Answer::of(FiguresOf { items }))
}

/// A table in a file.
struct Table(Vec<u8>);

impl IntoResponse for Table {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"messages.csv\""),
        ];
        (headers, self.0).into_response()
    }
}

impl aide::OperationOutput for Table {
    type Inner = Self;

    fn inferred_responses(
        _: &mut aide::generate::GenContext,
        _: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        let csv = aide::openapi::Response {
            description: "The table, its head in the first line.".to_owned(),
            content: [("text/csv".to_owned(), aide::openapi::MediaType::default())].into_iter().collect(),
            ..Default::default()
        };
        vec![(Some(aide::openapi::StatusCode::Code(200)), csv)]
    }
}

async fn figures_csv(State(state): State<ApiState>, Query(query): Query<FiguresQuery>) -> Result<Table, Problem> {
    let by = query.by.unwrap_or_default();
    let rows = state.blocking(move |engine| Ok(messages::figures(engine, &query.asked(), by)?)).await?;
    messages::csv(&rows).map(Table).map_err(Problem::internal)
}

async fn links(State(state): State<ApiState>, Query(query): Query<LinksQuery>) -> Result<Answer<LinksOf>, Problem> {
    let LinksQuery { journey, node, message, from, until } = query;
    let asked = Asked { journey, node, message, from, until };
    let items = state.blocking(move |engine| Ok(messages::links(engine, &asked)?)).await?;
    Ok(Answer::of(LinksOf { items }))
}
