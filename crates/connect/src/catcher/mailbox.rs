//! The messages that the catcher keeps, in memory, bounded.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use mail_parser::{Addr, MessageParser};
use parking_lot::Mutex;
use serde::Serialize;

use super::CatcherLimits;
use super::protocol::Envelope;

/// A caught message in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct CaughtSummary {
    /// Its id.
    pub id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Who it says it is from.
    pub from: String,
    /// The addresses it was delivered to.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its length in bytes.
    pub size: usize,
}

impl CaughtSummary {
    /// Whether one of its addresses or its subject holds `text`, which is in small letters.
    fn tells(&self, text: &str) -> bool {
        let told = [&self.from, &self.subject].into_iter().chain(&self.to);
        told.into_iter().any(|told| told.to_lowercase().contains(text))
    }
}

/// A caught message with everything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct CaughtMail {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: CaughtSummary,
    /// The headers in order, unfolded, otherwise as they were written.
    pub headers: Vec<(String, String)>,
    /// The HTML part.
    pub html: Option<String>,
    /// The plain text part.
    pub text: Option<String>,
    /// As it came over the wire.
    pub source: String,
}

/// A page of caught messages, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct CaughtPage {
    /// The messages.
    pub items: Vec<CaughtSummary>,
    /// Where the next page begins; none at the end.
    pub next_cursor: Option<String>,
}

#[derive(Debug)]
struct Kept {
    number: u64,
    summary: CaughtSummary,
    source: Vec<u8>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Oldest first.
    messages: VecDeque<Arc<Kept>>,
    bytes: usize,
    last_number: u64,
}

/// The messages kept.
#[derive(Debug)]
pub struct Mailbox {
    limits: CatcherLimits,
    shelf: Mutex<Shelf>,
}

impl Mailbox {
    pub fn new(limits: CatcherLimits) -> Self {
        Self { limits, shelf: Mutex::default() }
    }

    /// Keeps a message and returns its id.
    pub fn keep(&self, envelope: Envelope, received_at: Timestamp) -> String {
        let parsed = MessageParser::default().parse_headers(&envelope.content);
        let from = parsed.as_ref().and_then(|message| message.from()).and_then(|from| from.first()).map(written);
        let subject = parsed.as_ref().and_then(|message| message.subject()).unwrap_or_default().to_owned();
        let mut shelf = self.shelf.lock();
        shelf.last_number += 1;
        let number = shelf.last_number;
        let id = format!("mail_{number}");
        let summary = CaughtSummary {
            id: id.clone(),
            received_at,
            from: from.unwrap_or(envelope.from),
            to: envelope.to,
            subject,
            size: envelope.content.len(),
        };
        shelf.bytes += summary.size;
        shelf.messages.push_back(Arc::new(Kept { number, summary, source: envelope.content }));
        while shelf.messages.len() > self.limits.messages || shelf.bytes > self.limits.total_bytes {
            let Some(oldest) = shelf.messages.pop_front() else { break };
            shelf.bytes -= oldest.summary.size;
        }
        id
    }

    pub fn list(&self, limit: usize, cursor: Option<&str>, text: Option<&str>) -> CaughtPage {
        let before = cursor.map_or(Some(u64::MAX), number_of).unwrap_or(0);
        let text = text.map(str::to_lowercase);
        let found = |kept: &&Arc<Kept>| text.as_deref().is_none_or(|text| kept.summary.tells(text));
        let shelf = self.shelf.lock();
        let mut older = shelf.messages.iter().rev().skip_while(|kept| kept.number >= before).filter(found);
        let items: Vec<_> = older.by_ref().take(limit).map(|kept| kept.summary.clone()).collect();
        let next_cursor = older.next().and_then(|_| items.last().map(|item| item.id.clone()));
        CaughtPage { items, next_cursor }
    }

    pub fn get(&self, id: &str) -> Option<CaughtMail> {
        let number = number_of(id)?;
        let kept = {
            let shelf = self.shelf.lock();
            let at = shelf.messages.binary_search_by_key(&number, |kept| kept.number).ok()?;
            Arc::clone(shelf.messages.get(at)?)
        };
        Some(whole(&kept))
    }

    pub fn clear(&self) {
        let mut shelf = self.shelf.lock();
        shelf.messages.clear();
        shelf.bytes = 0;
    }
}

fn number_of(id: &str) -> Option<u64> {
    id.strip_prefix("mail_")?.parse().ok()
}

fn written(address: &Addr<'_>) -> String {
    let email = address.address().unwrap_or_default();
    address.name().map_or_else(|| email.to_owned(), |name| format!("{name} <{email}>"))
}

fn whole(kept: &Kept) -> CaughtMail {
    let parsed = MessageParser::default().parse(&kept.source);
    let headers = parsed.as_ref().map_or_else(Vec::new, |message| {
        let raw = message.headers_raw();
        raw.map(|(name, value)| (name.to_owned(), unfolded(value))).collect()
    });
    let html = parsed.as_ref().filter(|message| message.html_body_count() > 0 && has_html(message));
    CaughtMail {
        summary: kept.summary.clone(),
        headers,
        html: html.and_then(|message| message.body_html(0)).map(std::borrow::Cow::into_owned),
        text: parsed.as_ref().and_then(|message| message.body_text(0)).map(std::borrow::Cow::into_owned),
        source: String::from_utf8_lossy(&kept.source).into_owned(),
    }
}

/// The parser makes HTML of plain text where there is none.
fn has_html(message: &mail_parser::Message<'_>) -> bool {
    message.parts.iter().any(|part| matches!(part.body, mail_parser::PartType::Html(_)))
}

fn unfolded(value: &str) -> String {
    value.replace("\r\n", "").trim().to_owned()
}
