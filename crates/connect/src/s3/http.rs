//! The HTTP side of buckets: every request goes through the guarded client, whatever the store's library asks for.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};

use crate::outbound::{CallError, Outbound};

/// How long the head of an answer may take; its body is waited for piece by piece.
const PATIENCE: Duration = Duration::from_secs(30);

/// The guarded client as the store's library takes it.
#[derive(Debug, Clone)]
pub struct Guarded(pub Outbound);

impl HttpConnector for Guarded {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Guarded {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let call = self.0.call(parts.method, &parts.uri.to_string()).map_err(unanswered)?;
        // What is stored compressed stays so: its length must be the one that was promised.
        let mut headers = parts.headers;
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = self.0.begin(call.headers(headers).body(body), PATIENCE).await.map_err(unanswered)?;
        let (parts, body) = http::Response::<reqwest::Body>::from(response).into_parts();
        let broken_off = |error: reqwest::Error| HttpError::new(HttpErrorKind::Interrupted, error.without_url());
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body.map_err(broken_off))))
    }
}

fn unanswered(error: CallError) -> HttpError {
    let kind = match error {
        CallError::Refused(_) => HttpErrorKind::Unknown,
        CallError::Unreachable(_) => HttpErrorKind::Connect,
        CallError::Lost(_) => HttpErrorKind::Interrupted,
    };
    HttpError::new(kind, error)
}

/// Why our own client made no call, where that is the cause of an error of the library.
pub fn call_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e CallError> {
    let mut cause: Option<&'e (dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<CallError>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
