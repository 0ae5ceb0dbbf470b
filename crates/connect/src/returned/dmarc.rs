//! Aggregate reports of receivers (DMARC): how much mail of a domain came from which address, and how it fared. Both the
//! older form (RFC 7489) and that of RFC 9990 are read.
//!
//! A report is a stranger's file: what it unpacks to, its depth and its records are bounded, and it brings no entities.

mod xml;

use std::io::{Cursor, Read};
use std::net::IpAddr;

use flate2::read::MultiGzDecoder;
use mail_parser::{Message, MessagePart, MimeHeaders as _};

/// The most that a report may take unpacked.
pub const LONGEST: u64 = 20 * 1024 * 1024;
/// The most records of a report.
pub const MOST_ROWS: usize = 20_000;
/// Files in an archive that are looked at.
const MOST_FILES: usize = 20;

/// Parts of a mail that are unpacked: a report comes alone.
const MOST_PARTS: usize = 5;

/// Why a file is no report that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoReport(String);

impl NoReport {
    fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// What a receiver tells of a domain's mail over a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DmarcReport {
    /// Who reports.
    pub org: String,
    /// The reporter's own number for it.
    pub id: String,
    /// When the time begins, in seconds since 1970.
    pub begin: i64,
    /// When it ends, likewise.
    pub end: i64,
    /// What the receiver found in the DNS.
    pub policy: PublishedPolicy,
    /// What it saw.
    pub rows: Vec<DmarcRow>,
}

/// The policy of a domain as a receiver found it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishedPolicy {
    /// Where it stands.
    pub domain: String,
    /// `none`, `quarantine`, `reject`.
    pub p: String,
    /// What it says for domains below.
    pub sp: Option<String>,
    /// The share of mail that it was meant for; receivers ignore it now.
    pub pct: Option<u8>,
    /// It is only tested (`t=y`).
    pub testing: bool,
}

/// Messages from one address that fared alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcRow {
    /// The address that they came from.
    pub source: IpAddr,
    /// How many.
    pub messages: i64,
    /// What was done with them: `none`, `quarantine`, `reject`.
    pub disposition: String,
    /// A signature of the sender's domain held.
    pub dkim: bool,
    /// The return path was the sender's and allowed the address.
    pub spf: bool,
    /// Domain of the sender that people see.
    pub from: String,
    /// Whose signatures were seen, each with its result.
    pub dkim_seen: Vec<String>,
    /// Whose return path was seen, with its result.
    pub spf_seen: Vec<String>,
}

/// A report that came as mail: none where the mail is something else.
pub fn of_mail(raw: &[u8]) -> Option<Result<DmarcReport, NoReport>> {
    let message = super::parsed(raw)?;
    // A bounce may quote a report, and is none.
    if message.parts.iter().any(|part| ["delivery-status", "feedback-report"].contains(&subtype(part).as_str())) {
        return None;
    }
    let announced = message.subject().is_some_and(|subject| subject.to_lowercase().trim().starts_with("report domain"));
    let mut refused = None;
    for part in packed_parts(&message).take(MOST_PARTS) {
        match of_file(part.contents()) {
            Ok(report) => return Some(Ok(report)),
            Err(why) if announced || file_name(part).matches('!').count() >= 3 => refused = Some(Err(why)),
            Err(_) => {}
        }
    }
    refused
}

fn packed_parts<'a>(message: &'a Message<'a>) -> impl Iterator<Item = &'a MessagePart<'a>> {
    message.parts.iter().filter(|part| {
        let (name, kind) = (file_name(part), subtype(part));
        ["gzip", "x-gzip", "zip", "x-zip", "x-zip-compressed", "xml"].contains(&kind.as_str())
            || [".gz", ".zip", ".xml"].iter().any(|ending| name.ends_with(ending))
    })
}

fn subtype(part: &MessagePart<'_>) -> String {
    part.content_type().and_then(|kind| kind.subtype()).unwrap_or_default().to_ascii_lowercase()
}

fn file_name(part: &MessagePart<'_>) -> String {
    part.attachment_name().unwrap_or_default().to_ascii_lowercase()
}

/// A report as a file: XML, by itself or packed with gzip or zip.
///
/// # Errors
/// It is none, or too large.
pub fn of_file(bytes: &[u8]) -> Result<DmarcReport, NoReport> {
    let text = match bytes {
        [0x1f, 0x8b, ..] => bounded(MultiGzDecoder::new(bytes))?,
        [b'P', b'K', ..] => unzipped(bytes)?,
        _ => bounded(bytes)?,
    };
    xml::read(&String::from_utf8_lossy(&text))
}

fn bounded(source: impl Read) -> Result<Vec<u8>, NoReport> {
    let mut text = Vec::new();
    let broken = |error| NoReport(format!("The file cannot be unpacked: {error}. Fetch it again."));
    source.take(LONGEST + 1).read_to_end(&mut text).map_err(broken)?;
    if text.len() as u64 > LONGEST {
        return Err(NoReport(format!("The report takes more than {} MiB unpacked.", LONGEST / 1024 / 1024)));
    }
    Ok(text)
}

/// The first file of an archive that is XML by its name, else its first.
fn unzipped(bytes: &[u8]) -> Result<Vec<u8>, NoReport> {
    let broken = |error: zip::result::ZipError| NoReport(format!("The archive cannot be opened: {error}."));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut chosen = 0;
    for n in 0..archive.len().min(MOST_FILES) {
        if archive.by_index(n).map_err(broken)?.name().map_err(broken)?.to_ascii_lowercase().ends_with(".xml") {
            chosen = n;
            break;
        }
    }
    bounded(archive.by_index(chosen).map_err(broken)?)
}

#[cfg(test)]
mod tests;
