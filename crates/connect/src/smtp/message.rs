//! The message as it goes over the wire (RFC 5322, MIME), the same bytes at every attempt but for the date.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};
use sha2::{Digest as _, Sha256};

use super::dkim::SigningError;
use super::settings::SmtpSettings;
use crate::connector::{EmailMessage, Mailbox, Outcome, Unsubscribe};
use crate::email::{check_address, one_line};

/// No header of ours is longer, in characters.
const MOST_IN_LINE: usize = 900;

/// No name of a mailbox is longer, in characters.
const MOST_IN_NAME: usize = 250;

/// A message and the two addresses on its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: Address,
    pub to: Address,
    pub copies: Vec<Address>,
    /// With its angle brackets.
    pub message_id: String,
    /// By what a report about its delivery may name it (RFC 3461); none where the key cannot be written so.
    pub envelope_id: Option<String>,
    pub content: Vec<u8>,
}

impl Mail {
    /// Whether the server must take addresses beyond ASCII.
    pub fn needs_unicode(&self) -> bool {
        let mut addresses = [&self.from, &self.to].into_iter().chain(&self.copies);
        !self.content.is_ascii() || !addresses.all(|address| address.to_string().is_ascii())
    }
}

/// Puts a message together; what is wrong with its addresses is an outcome of its own.
pub fn compose(key: &str, email: &EmailMessage, settings: &SmtpSettings, now: Timestamp) -> Result<Mail, Outcome> {
    let connection_sender = Mailbox::named(settings.from.name.clone(), settings.from.email.clone());
    let from = mailbox(email.from.as_ref().unwrap_or(&connection_sender), "sender_invalid")?;
    let to = mailbox(&email.to, if email.to.email.trim().is_empty() { "email_missing" } else { "email_invalid" })?;
    // Somebody else's wrong address is no reason to keep a message from its recipient.
    let copies: Vec<_> = email.cc.iter().filter_map(|copy| mailbox(copy, "copy_invalid").ok()).collect();
    let return_path = email.return_path.as_ref().or(settings.return_path.as_ref());
    let return_path = return_path.and_then(|address| check_address(address).ok());
    let hash = key_hash(key);
    let message_id = format!("<{hash}@{}>", from.email.domain());

    let mut builder = Message::builder()
        .message_id(Some(message_id.clone()))
        .date(SystemTime::from(now))
        .from(from.clone())
        .to(to.clone())
        .subject(one_line(&email.subject));
    for copy in &copies {
        builder = builder.cc(copy.clone());
    }
    if let Some(reply_to) = &email.reply_to {
        builder = builder.reply_to(mailbox(reply_to, "reply_to_invalid")?);
    }
    builder = with_own_headers(builder, key, email);
    let message = match &email.html {
        Some(html) => builder.multipart(
            MultiPart::alternative()
                .boundary(format!("=_{hash}"))
                .singlepart(part(ContentType::TEXT_PLAIN, &email.text))
                .singlepart(part(ContentType::TEXT_HTML, html)),
        ),
        None => builder.singlepart(part(ContentType::TEXT_PLAIN, &email.text)),
    }
    .map_err(|error| Outcome::failed("message_invalid", format!("The message cannot be put together: {error}.")))?;
    let mut content = message.formatted();
    if let Some(signer) = &email.signer {
        let mut signed = signer.signatures(&content, now).map_err(|why| unsigned(&why))?.into_bytes();
        signed.append(&mut content);
        content = signed;
    }
    let copies = copies.into_iter().map(|copy| copy.email).collect();
    let envelope_id = Some(key).filter(|key| is_envelope_id(key)).map(str::to_owned);
    Ok(Mail { from: return_path.unwrap_or(from.email), to: to.email, copies, message_id, envelope_id, content })
}

/// What cannot be signed does not leave; it is tried again until somebody has mended the key.
fn unsigned(why: &SigningError) -> Outcome {
    tracing::error!(%why, "a message could not be signed; it is kept and tried again");
    let message = format!(
        "The message was not sent, because it could not be signed: {why}. Let another key of the sending domain sign; \
         the message is tried again."
    );
    Outcome::retry("dkim_signing_failed", message)
}

/// Whether a key is an envelope id as it stands: printable, short, nothing that would have to be encoded.
fn is_envelope_id(key: &str) -> bool {
    (1..=100).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && !b"+=".contains(&byte))
}

fn mailbox(mailbox: &Mailbox, code: &str) -> Result<lettre::message::Mailbox, Outcome> {
    let address = check_address(&mailbox.email)
        .map_err(|problem| Outcome::failed(code, format!("`{}`: {problem}.", one_line(&mailbox.email))))?;
    // The library panics at a line break in a name.
    let name = mailbox.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    // In quotes it is one word, which is never broken.
    let name = name.map(|name| name.chars().take(MOST_IN_NAME).collect::<String>().trim_end().to_owned());
    Ok(lettre::message::Mailbox::new(name, address))
}

/// Whether a `Message-ID`, without its angle brackets, is that of the message with this key.
pub fn is_message_id_of(key: &str, id: &str) -> bool {
    id.split_once('@').is_some_and(|(local, _)| local.eq_ignore_ascii_case(&key_hash(key)))
}

/// 32 hex digits that stand for a key wherever its characters could do harm.
fn key_hash(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn with_own_headers(mut builder: MessageBuilder, key: &str, email: &EmailMessage) -> MessageBuilder {
    if let Some(Unsubscribe { url, mailto }) = &email.unsubscribe {
        let mailto = mailto.as_deref().filter(|address| check_address(address).is_ok());
        let mailto = mailto.map_or_else(String::new, |address| format!(", <mailto:{}>", in_mailto(address)));
        builder = with_header(builder, "List-Unsubscribe", &format!("<{url}>{mailto}"));
        builder = with_header(builder, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    }
    if let Some(list_id) = &email.list_id {
        let list_id = list_id.replace(['<', '>'], "");
        builder = with_header(builder, "List-Id", &format!("<{}>", shortened(&list_id)));
    }
    if let Some(feedback_id) = &email.feedback_id {
        builder = with_header(builder, "Feedback-ID", shortened(feedback_id));
    }
    if email.auto_submitted {
        builder = with_header(builder, "Auto-Submitted", "auto-generated");
    }
    if email.proof {
        builder = with_header(builder, "X-Proof", "1");
    }
    // By it a message is found again in a bounce, a complaint or a mailbox.
    with_header(builder, "X-Caravan-Key", shortened(key))
}

/// What fits into one line (RFC 5322), whatever stands around it.
fn shortened(value: &str) -> &str {
    value.char_indices().nth(MOST_IN_LINE).map_or(value, |(at, _)| value.get(..at).unwrap_or_default())
}

/// An address in a link that writes to it and to nobody else: no field can follow it.
fn in_mailto(address: &str) -> String {
    let special = |c: char| matches!(c, '%' | '?' | '&' | '#');
    address.chars().map(|c| if special(c) { format!("%{:02X}", u32::from(c)) } else { c.to_string() }).collect()
}

/// A header of printable ASCII, written as it is: an address in it must not be encoded or broken.
fn with_header(builder: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    let value: String = value.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let name = HeaderName::new_from_ascii_str(name);
    builder.raw_header(HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value))
}

fn part(content_type: ContentType, text: &str) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // Quoted-printable keeps lines short, survives every relay and can be read in the source.
    let encoded = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable);
    let body = encoded.unwrap_or_else(|text| Body::new(String::from_utf8_lossy(&text).into_owned()));
    SinglePart::builder().content_type(content_type).body(body)
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
