//! One HTTP request at a time over a plain connection: what a fake needs to call back.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// Posts JSON to a host (`127.0.0.1:8080`); status and text of the answer.
///
/// # Errors
/// Nobody is there, or what came back is no HTTP.
pub fn post_json(host: &str, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<(u16, String)> {
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    asked(
        host,
        &format!("POST {path}"),
        &format!("Content-Type: application/json\r\n{more}Content-Length: {length}\r\n"),
        body,
    )
}

/// Gets a page from a host; status and text of the answer.
///
/// # Errors
/// As `post_json`.
pub fn get(host: &str, path: &str) -> io::Result<(u16, String)> {
    asked(host, &format!("GET {path}"), "", "")
}

fn asked(host: &str, what: &str, headers: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{what} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let no_http = || io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP");
    let (head, text) = answer.split_once("\r\n\r\n").ok_or_else(no_http)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(no_http)?;
    Ok((status, text.to_owned()))
}
