//! What handlers answer when all went well.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as ResponseDoc, StatusCode as StatusDoc};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, NoContent, Response};
use schemars::JsonSchema;
use serde::Serialize;

/// A JSON body with its headers.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    body: T,
    status: StatusCode,
    headers: HeaderMap,
    detail: Option<Detail>,
}

/// What the record of what was done by hand says beside who, when and where.
#[derive(Debug, Clone)]
pub struct Detail(pub serde_json::Value);

impl<T> Answer<T> {
    /// 200 with this body.
    pub fn of(body: T) -> Self {
        Self { body, status: StatusCode::OK, headers: HeaderMap::new(), detail: None }
    }

    /// What it says.
    pub fn body(&self) -> &T {
        &self.body
    }

    /// The same with another status that tells success.
    #[must_use]
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same, with more for the record of what was done by hand.
    #[must_use]
    pub fn written_down(self, detail: serde_json::Value) -> Self {
        Self { detail: Some(Detail(detail)), ..self }
    }

    /// The same with the revision that `If-Match` may name.
    #[must_use]
    pub fn revision(self, revision: i64) -> Self {
        match HeaderValue::from_str(&format!("\"{revision}\"")) {
            Ok(tag) => self.header(header::ETAG, tag),
            Err(_) => self,
        }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.headers, axum::Json(self.body)).into_response();
        if let Some(detail) = self.detail {
            response.extensions_mut().insert(detail);
        }
        response
    }
}

impl<T: JsonSchema> OperationOutput for Answer<T> {
    type Inner = T;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<ResponseDoc> {
        axum::Json::<T>::operation_response(ctx, operation)
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<StatusDoc>, ResponseDoc)> {
        axum::Json::<T>::inferred_responses(ctx, operation)
    }
}

/// Done, with nothing to tell: 204.
#[derive(Debug, Clone, Default)]
pub struct Done(pub HeaderMap);

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        (self.0, StatusCode::NO_CONTENT).into_response()
    }
}

impl OperationOutput for Done {
    type Inner = ();

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<ResponseDoc> {
        NoContent::operation_response(ctx, operation)
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<StatusDoc>, ResponseDoc)> {
        NoContent::inferred_responses(ctx, operation)
    }
}
