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

/// What a browser makes of an address (`http://127.0.0.1:9402/page?…`): a form posted to it, or none.
///
/// # Errors
/// As `post_json`.
pub fn browse(address: &str, form: Option<&str>) -> io::Result<Page> {
    let rest = address.strip_prefix("http://").unwrap_or(address);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (what, headers) = match form {
        None => ("GET", String::new()),
        Some(form) => {
            let length = form.len();
            ("POST", format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n"))
        }
    };
    let (status, head, text) = whole(host, &format!("{what} {path}"), &headers, form.unwrap_or_default())?;
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    Ok(Page { status, location, text })
}

/// What a browser gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Of the answer.
    pub status: u16,
    /// Where it is sent on to.
    pub location: Option<String>,
    /// The page.
    pub text: String,
}

/// Gets a page from a host; status and text of the answer.
///
/// # Errors
/// As `post_json`.
pub fn get(host: &str, path: &str) -> io::Result<(u16, String)> {
    asked(host, &format!("GET {path}"), "", "")
}

fn asked(host: &str, what: &str, headers: &str, body: &str) -> io::Result<(u16, String)> {
    whole(host, what, headers, body).map(|(status, _, text)| (status, text))
}

/// Status, head and body of an answer.
fn whole(host: &str, what: &str, headers: &str, body: &str) -> io::Result<(u16, String, String)> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{what} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let no_http = || io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP");
    let (head, text) = answer.split_once("\r\n\r\n").ok_or_else(no_http)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(no_http)?;
    Ok((status, head.to_owned(), text.to_owned()))
}
