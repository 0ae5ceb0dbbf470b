//! CSV files that are written while they are read.

use std::fmt::Display;
use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::problem::Problem;

/// Pieces of a file that wait for whoever reads it.
const PIECES: usize = 4;

/// A file as it is made.
pub struct CsvFile(Response);

impl CsvFile {
    /// A file of this name (letters, digits and signs that need no escaping) that `write` writes on a thread of its own; when
    /// that fails, the answer breaks off, so that nobody takes half a file for a whole one.
    pub fn stream<E: Display>(
        name: &str,
        write: impl FnOnce(&mut dyn io::Write) -> Result<(), E> + Send + 'static,
    ) -> Result<Self, Problem> {
        let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
        let disposition = disposition.map_err(Problem::internal)?;
        let (sender, receiver) = mpsc::channel(PIECES);
        let name = name.to_owned();
        tokio::task::spawn_blocking(move || {
            let mut pieces = Pieces(sender);
            let mut out = io::BufWriter::with_capacity(64 * 1024, &mut pieces);
            if let Err(error) = write(&mut out) {
                drop(out);
                tracing::warn!(%error, file = %name, "a file ended early");
                pieces.fail(&error);
            }
        });
        let pieces = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
        // Who compresses it asks once more after the end.
        let pieces = pieces.fuse();
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        Ok(Self((headers, Body::from_stream(pieces)).into_response()))
    }
}

/// Hands what is written to whoever reads the answer, and waits while they are slow.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pieces {
    fn fail(&self, error: &dyn Display) {
        let _ = self.0.blocking_send(Err(io::Error::other(error.to_string())));
    }
}

impl IntoResponse for CsvFile {
    fn into_response(self) -> Response {
        self.0
    }
}

impl aide::OperationOutput for CsvFile {
    type Inner = String;

    fn inferred_responses(
        _: &mut aide::generate::GenContext,
        _: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        let file = aide::openapi::Response {
            description: "A header, then one line for each row.".to_owned(),
            content: [("text/csv".to_owned(), aide::openapi::MediaType::default())].into_iter().collect(),
            ..Default::default()
        };
        vec![(Some(aide::openapi::StatusCode::Code(200)), file)]
    }
}
