//! What one recipient gets.

use caravan_model::template::HTML_PREFIX;
use serde_json::Value as Json;

use super::compile::{Compiled, HTML_FOOTER, HTML_WEB_VIEW};
use super::content::Snapshot;
use super::{html, shape, text};
use crate::connector::{EmailMessage, Mailbox, Unsubscribe};
use crate::tracking::LinkMaker;

/// No part of a mail is longer, in bytes.
const MAX_PART_BYTES: usize = 1024 * 1024;
/// No header value is longer, in characters.
const MAX_HEADER_CHARS: usize = 900;

/// One recipient's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// In one line, without control characters.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The plain text part.
    pub text: String,
    /// The sender, when the email names its own.
    pub from: Option<Mailbox>,
    /// Where answers go, when the email says so.
    pub reply_to: Option<Mailbox>,
    /// The way out, for the headers of the message; none for operational mail.
    pub unsubscribe_url: Option<String>,
}

/// A mail that could not be made; never a part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {part} of the email cannot be made for this recipient: {message}")]
pub struct RenderError {
    /// Stable, `snake_case`: `render_failed` or `render_limit`.
    pub code: &'static str,
    /// Which part.
    pub part: &'static str,
    /// Why.
    pub message: String,
}

impl RenderError {
    fn failed(part: &'static str, why: impl std::fmt::Display) -> Self {
        Self { code: "render_failed", part, message: why.to_string() }
    }

    fn limit(part: &'static str) -> Self {
        Self { code: "render_limit", part, message: "it takes too much work or becomes too long".to_owned() }
    }
}

impl Rendered {
    /// The message to one recipient. List and feedback headers are the sender's to add.
    pub fn into_message(self, to: Mailbox) -> EmailMessage {
        EmailMessage {
            to,
            cc: Vec::new(),
            from: self.from,
            reply_to: self.reply_to,
            subject: self.subject,
            html: Some(self.html),
            text: self.text,
            unsubscribe: self.unsubscribe_url.map(|url| Unsubscribe { url, mailto: None }),
            list_id: None,
            feedback_id: None,
            return_path: None,
            signer: None,
            auto_submitted: false,
            proof: false,
        }
    }
}

impl Compiled {
    /// The mail of one recipient. A value that the snapshot does not have is empty.
    pub fn render(&self, snapshot: &Snapshot, links: &LinkMaker<'_>) -> Result<Rendered, RenderError> {
        let values = minijinja::Value::from(minijinja::value::Serde(values(snapshot, links)));
        let part = |name| self.part(name, &values);
        let (design, shaped) = match self.has.shapes {
            true => shape::read(&part(HTML_PREFIX)?),
            false => (part(HTML_PREFIX)?, None),
        };
        let preheader = self.has.preheader.then(|| part("preheader")).transpose()?;
        let text = match self.has.text {
            true => part("text")?,
            false => match shaped.and_then(|shaped| self.texts.of(&shaped)) {
                Some(text) => text,
                None => text::from_html(&design).map_err(|error| RenderError::failed("text", error))?,
            },
        };
        let edge = |there: bool, name| there.then(|| part(name)).transpose();
        let text = with_text_edges(
            text,
            edge(self.has.web_view, "text_web_view")?.as_deref(),
            edge(self.has.text_footer, "text_footer")?.as_deref(),
        );
        let design = html::with_edges(
            &design,
            edge(self.has.web_view, HTML_WEB_VIEW)?.as_deref(),
            edge(self.has.html_footer, HTML_FOOTER)?.as_deref(),
        );
        let html = html::finish(&design, preheader.as_deref(), links);
        let from = self.sender_of(&values)?;
        let reply_to = self.has.reply_to.then(|| part("reply_to")).transpose()?;
        Ok(Rendered {
            subject: one_line(&part("subject")?),
            html: html.map_err(|error| RenderError::failed("html", error))?,
            text,
            from,
            reply_to: reply_to.map(|email| one_line(&email)).filter(|email| !email.is_empty()).map(Mailbox::bare),
            unsubscribe_url: (!self.is_operational()).then(|| links.unsubscribe()),
        })
    }

    /// The sender that the email names for one recipient, from whose domain its links depend; none: the connection's.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn sender(&self, snapshot: &Snapshot) -> Result<Option<Mailbox>, RenderError> {
        // The sender names no link.
        self.sender_of(&minijinja::Value::from(minijinja::value::Serde(without_nulls(snapshot))))
    }

    fn sender_of(&self, values: &minijinja::Value) -> Result<Option<Mailbox>, RenderError> {
        if !self.has.from {
            return Ok(None);
        }
        let part = |name| self.part(name, values);
        Ok(Some(Mailbox::named(one_line(&part("from_name")?), one_line(&part("from_email")?))))
    }

    fn part(&self, name: &'static str, values: &minijinja::Value) -> Result<String, RenderError> {
        let template = self.env.get_template(name).map_err(|error| RenderError::failed(name, error))?;
        let rendered = template.render(values).map_err(|error| match error.kind() {
            minijinja::ErrorKind::OutOfFuel => RenderError::limit(name),
            _ => RenderError::failed(name, error),
        })?;
        if rendered.len() > MAX_PART_BYTES {
            return Err(RenderError::limit(name));
        }
        Ok(readable(rendered))
    }
}

/// Without characters that no reader shows and no message may hold.
fn readable(text: String) -> String {
    let odd = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.bytes().any(|byte| odd(char::from(byte))) { text.replace(odd, "") } else { text }
}

fn with_text_edges(text: String, above: Option<&str>, under: Option<&str>) -> String {
    let text = match above {
        Some(above) => format!("{}\n\n{text}", above.trim_end()),
        None => text,
    };
    match under {
        Some(under) => format!("{}\n\n{under}", text.trim_end()),
        None => text,
    }
}

/// The snapshot without its nulls, which are missing values, and with the message's own addresses.
fn values(snapshot: &Snapshot, links: &LinkMaker<'_>) -> Json {
    let mut values = without_nulls(snapshot);
    if let Some(system) =
        values.as_object_mut().map(|values| values.entry("system").or_insert_with(|| Json::Object(Default::default())))
        && let Some(system) = system.as_object_mut()
    {
        system.insert("unsubscribe_url".to_owned(), links.unsubscribe().into());
        system.insert("web_view_url".to_owned(), links.web_view().into());
    }
    values
}

fn without_nulls(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            fields.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect()
        }
        Json::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Fit for a header: one line, no control or direction-changing characters, single spaces, of bounded length, and nothing that
/// a mail program would decode once more (`=?utf-8?…?=`).
pub(crate) fn one_line(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{200B}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    let visible = text.chars().filter(|c| !hidden(*c));
    let spaced: String = visible.map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let short: String = words.join(" ").replace("=?", "= ?").chars().take(MAX_HEADER_CHARS).collect();
    short.trim().to_owned()
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
