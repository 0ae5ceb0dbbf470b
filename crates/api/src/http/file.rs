//! Files as answers: whole ones, and CSV that is written while it is read.

use std::fmt::Display;
use std::io;
use std::marker::PhantomData;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::problem::Problem;

/// Pieces of a file that wait for whoever reads it.
const PIECES: usize = 4;

/// What a file is, for whoever reads it and for the API's own document.
pub trait FileKind {
    const MEDIA_TYPE: &str;
    const ABOUT: &str;
}

pub enum Csv {}

impl FileKind for Csv {
    const MEDIA_TYPE: &str = "text/csv";
    const ABOUT: &str = "A header, then one line for each row.";
}

pub enum Lines {}

impl FileKind for Lines {
    const MEDIA_TYPE: &str = "text/plain";
    const ABOUT: &str = "One entry a line.";
}

/// An answer that is a file.
pub struct File<K>(Response, PhantomData<K>);

pub type CsvFile = File<Csv>;

impl<K: FileKind> File<K> {
    /// A file of this text, in UTF-8.
    pub fn of(text: impl Into<Body>) -> Self {
        let media_type = format!("{}; charset=utf-8", K::MEDIA_TYPE);
        Self(([(header::CONTENT_TYPE, media_type)], text.into()).into_response(), PhantomData)
    }
}

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
        let mut file = Self::of(Body::from_stream(pieces));
        file.0.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        Ok(file)
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

impl<K> IntoResponse for File<K> {
    fn into_response(self) -> Response {
        self.0
    }
}

impl<K: FileKind> aide::OperationOutput for File<K> {
    type Inner = String;

    fn inferred_responses(
        _: &mut aide::generate::GenContext,
        _: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        let file = aide::openapi::Response {
            description: K::ABOUT.to_owned(),
            content: [(K::MEDIA_TYPE.to_owned(), aide::openapi::MediaType::default())].into_iter().collect(),
            ..Default::default()
        };
        vec![(Some(aide::openapi::StatusCode::Code(200)), file)]
    }
}
