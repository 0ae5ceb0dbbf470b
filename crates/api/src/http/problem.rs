//! What every refusal looks like: RFC 9457 `application/problem+json` with a stable code.
//!
//! Handlers return `Result<_, Problem>`; every error of the rooms below becomes one here. The text may change, the
//! code and the status may not.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as ResponseDoc, SchemaObject, StatusCode as StatusDoc};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caravan_model::Finding;
use caravan_store::StoreError;
use schemars::JsonSchema;
use serde::Serialize;

/// A refusal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says what it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable, `snake_case`.
    code: String,
    /// What happened and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What is wrong with the input, place by place.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<InputError>>,
    /// Of a stale write: the revision it was based on, and the one that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Versions>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One thing that is wrong with the input.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct InputError {
    /// JSON pointer into the input.
    pointer: String,
    /// Stable, `snake_case`.
    code: String,
    /// What happened and what to do.
    message: String,
    /// The node of the journey map, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
}

/// The two versions of a stale write.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Versions {
    /// What `If-Match` named.
    pub yours: String,
    /// The ETag of what is stored; none when it is gone.
    pub current: Option<String>,
}

impl Problem {
    /// A problem of this status, code and sentence.
    pub fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: code.into(),
            detail: Some(detail.into()),
            errors: None,
            versions: None,
            headers: Vec::new(),
        }
    }

    /// 400: the request itself cannot be read.
    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: nobody is signed in, or the token is wrong.
    pub fn unauthenticated(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Caravan\""))
    }

    /// 403: known, but not allowed.
    pub fn forbidden(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: `what` (“The journey `x`”) is not there.
    pub fn not_found(code: &str, what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, format!("{what} does not exist."))
    }

    /// 409: it contradicts what is there.
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 412: what was changed had been changed by somebody else before.
    pub fn stale(versions: Versions) -> Self {
        let detail = match &versions.current {
            Some(current) => format!(
                "It was changed meanwhile: you started from {}, it is now {current}. Read it again and repeat your change.",
                versions.yours
            ),
            None => "It does not exist (any more). Leave If-Match out to create it.".to_owned(),
        };
        Self { versions: Some(versions), ..Self::new(StatusCode::PRECONDITION_FAILED, "stale_write", detail) }
    }

    /// 422: read, and wrong in these places.
    pub fn findings(findings: Vec<Finding>) -> Self {
        let errors: Vec<InputError> = findings.into_iter().filter(Finding::is_error).map(InputError::from).collect();
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} things are wrong; each is named in `errors`.", many.len()),
        };
        Self { errors: Some(errors), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", detail) }
    }

    /// The same problem, at one place of the input.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        let message = self.detail.clone().unwrap_or_default();
        let error = InputError { pointer: pointer.into(), code: self.code.clone(), message, node: None };
        self.errors = Some(vec![error]);
        self
    }

    /// The same problem, with a header on its answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same problem, with what another one said at the end of its own sentence.
    #[must_use]
    pub fn because(mut self, other: &Self) -> Self {
        if let (Some(detail), Some(more)) = (&mut self.detail, &other.detail) {
            detail.push(' ');
            detail.push_str(more);
        }
        self
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Our own fault: logged in full, told without the inside.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let detail = "Something went wrong on our side; nothing of this request was saved. The server's log says more.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }
}

impl From<Finding> for InputError {
    fn from(finding: Finding) -> Self {
        Self { pointer: finding.pointer, code: finding.code, message: finding.message, node: finding.node }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the store could not answer a request");
            let detail = "The database cannot be reached or is busy. Try again in a moment.";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), detail)
                .header(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        Self::internal(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

impl OperationOutput for Problem {
    type Inner = Self;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<ResponseDoc> {
        let json_schema = ctx.schema.subschema_for::<Self>();
        let media = MediaType {
            schema: Some(SchemaObject { json_schema, example: None, external_docs: None }),
            ..MediaType::default()
        };
        Some(ResponseDoc {
            description: "Refused; `code` says why.".to_owned(),
            content: [("application/problem+json".to_owned(), media)].into_iter().collect(),
            ..ResponseDoc::default()
        })
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<StatusDoc>, ResponseDoc)> {
        Self::operation_response(ctx, operation).map(|response| vec![(None, response)]).unwrap_or_default()
    }
}
