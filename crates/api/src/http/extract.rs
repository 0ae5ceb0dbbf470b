//! What handlers take from a request. Everything that cannot be read is a [`Problem`] that names the place.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::problem::{Problem, Versions};

/// A JSON body.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "The body must be JSON: send it with `Content-Type: application/json`.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| body_refused(error.status()))?;
        if holds_zero(&bytes) {
            return Err(zero_character("body"));
        }
        read_json(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Whether a text of JSON has the zero character, which is written as an escape alone.
fn holds_zero(json: &[u8]) -> bool {
    let mut escaped = false;
    json.windows(6).any(|six| {
        let begins = six[0] == b'\\' && !escaped;
        escaped = begins;
        begins && six == br"\u0000"
    })
}

/// PostgreSQL keeps no text with it, so nothing takes it, wherever it is stored.
fn zero_character(place: &str) -> Problem {
    Problem::bad_request(
        "zero_character",
        format!("The {place} holds a zero character (U+0000). Send the text without it."),
    )
}

/// A body that is too large, or broke off.
pub fn body_refused(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            status,
            "body_too_large",
            "The body is larger than this operation takes. Send less at once.",
        );
    }
    Problem::bad_request("body_incomplete", "The body could not be read to its end. Send it again.")
}

/// Reads JSON; what is wrong is named by its pointer.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer_of(error.path());
        json_refused(&error.into_inner()).at(pointer)
    })?;
    reader.end().map_err(|error| json_refused(&error).at(""))?;
    Ok(value)
}

fn json_refused(error: &serde_json::Error) -> Problem {
    let code = if error.is_data() { "invalid_field" } else { "malformed_json" };
    Problem::bad_request(code, format!("The body cannot be read: {error}."))
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

impl<T: JsonSchema> OperationInput for Json<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::Json::<T>::operation_input(ctx, operation);
    }
}

/// The parameters in the path.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().contains("%00") {
            return Err(zero_character("address"));
        }
        <axum::extract::Path<T> as FromRequestParts<S>>::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|error| Problem::bad_request("bad_path", format!("The address cannot be read: {error}.")))
    }
}

impl<T: JsonSchema> OperationInput for Path<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::extract::Path::<T>::operation_input(ctx, operation);
    }
}

/// The parameters after `?`.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(zero_character("address"));
        }
        <axum::extract::Query<T> as FromRequestParts<S>>::from_request_parts(parts, state)
            .await
            .map(|query| Self(query.0))
            .map_err(|error| Problem::bad_request("bad_query", format!("{}.", error.body_text())))
    }
}

impl<T: JsonSchema> OperationInput for Query<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::extract::Query::<T>::operation_input(ctx, operation);
    }
}

/// What `If-Match` names, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(String);

impl IfMatch {
    /// Refuses to go on when what is stored has another tag.
    pub fn check(given: Option<&Self>, current: Option<i64>) -> Result<(), Problem> {
        let Some(Self(yours)) = given else { return Ok(()) };
        let current = current.map(|revision| revision.to_string());
        let same = match &current {
            Some(current) => yours == "*" || yours == current,
            None => false,
        };
        if same {
            return Ok(());
        }
        Err(Problem::stale(Versions { yours: yours.clone(), current }))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(None) };
        let text =
            value.to_str().map_err(|_| Problem::bad_request("bad_if_match", "If-Match is not readable text."))?;
        let tag = text.trim().trim_start_matches("W/").trim_matches('"');
        Ok(Some(Self(tag.to_owned())))
    }
}

impl OperationInput for IfMatch {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is used")]
        struct Headers {
            /// The ETag of what you read; when it has changed meanwhile, nothing is written and the answer is 412.
            #[schemars(rename = "If-Match")]
            if_match: Option<String>,
        }
        let schema = ctx.schema.subschema_for::<Headers>();
        let headers = aide::operation::parameters_from_schema(ctx, schema, aide::operation::ParamLocation::Header);
        aide::operation::add_parameters(ctx, operation, headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_character_is_told_from_a_backslash_before_the_same_digits() {
        for with in [r#"{"a":"\u0000"}"#, r#"["x\\\u0000"]"#, r#"["\n\u0000"]"#] {
            assert!(holds_zero(with.as_bytes()), "{with}");
        }
        for without in [r#"{"a":"\\u0000"}"#, r#"["\u0001"]"#, r#"["u0000"]"#, "[]", ""] {
            assert!(!holds_zero(without.as_bytes()), "{without}");
        }
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read into")]
    struct Body {
        people: Vec<Person>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read into")]
    struct Person {
        age: u8,
    }

    fn refused(text: &str) -> serde_json::Value {
        let problem = read_json::<Body>(text.as_bytes()).expect_err("it is wrong");
        serde_json::to_value(problem).expect("it is JSON")
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named_by_its_pointer() {
        let problem = refused(r#"{"people": [{"age": 3}, {"age": "old"}]}"#);
        assert_eq!((&problem["status"], &problem["code"]), (&400.into(), &"invalid_field".into()));
        assert_eq!(problem["errors"][0]["pointer"], "/people/1/age");
    }

    #[test]
    fn text_that_is_no_json_and_text_after_the_end_are_malformed() {
        for text in ["{", "", "nope", "{\"people\": []} trailing"] {
            assert_eq!(refused(text)["code"], "malformed_json", "{text}");
        }
    }
}
