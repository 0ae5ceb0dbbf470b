//! Files that are sent whole, as the body of a request.

use std::marker::PhantomData;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use super::problem::Problem;

/// What an operation takes as a file.
pub trait UploadKind {
    /// As what it may be sent, for the API's own document.
    const MEDIA_TYPES: &[&str];
    /// The largest, in bytes.
    const MOST_BYTES: usize;
    /// Code of the refusal of a larger one, and what to do then.
    const TOO_LARGE: (&str, &str);
}

/// A file as it was sent.
pub struct Upload<K>(pub Bytes, PhantomData<K>);

impl<K: UploadKind, S: Send + Sync> FromRequest<S> for Upload<K> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = to_bytes(request.into_body(), K::MOST_BYTES).await;
        bytes.map(|bytes| Self(bytes, PhantomData)).map_err(|_| {
            let ((code, advice), megabytes) = (K::TOO_LARGE, K::MOST_BYTES / 1024 / 1024);
            let detail = format!("The file is larger than {megabytes} MB, or broke off. {advice}");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
        })
    }
}

impl<K: UploadKind> aide::OperationInput for Upload<K> {
    fn operation_input(ctx: &mut aide::generate::GenContext, operation: &mut aide::openapi::Operation) {
        let of = |kind: &&str| ((*kind).to_owned(), aide::openapi::MediaType::default());
        let body = aide::openapi::RequestBody {
            description: Some("The file.".to_owned()),
            content: K::MEDIA_TYPES.iter().map(of).collect(),
            required: true,
            ..Default::default()
        };
        aide::operation::set_body(ctx, operation, body);
    }
}
