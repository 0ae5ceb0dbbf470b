//! Reports that come as mail.

use mail_parser::{Message, MessagePart, MimeHeaders as _};

use super::{Heard, MailReport, Reference, Status, enhanced, failure_of, parsed};

/// Subjects of letters about what could not be delivered, as mail systems of many languages write them.
const UNDELIVERED: &[&str] = &[
    "undeliver",
    "delivery status",
    "returned mail",
    "delivery fail",
    "failure notice",
    "delivery has failed",
    "unzustellbar",
    "zustellung fehlgeschlagen",
    "non remis",
    "non distribu",
    "no se puede entregar",
    "no entregado",
    "non recapitabile",
    "mancato recapito",
    "onbestelbaar",
    "não entregue",
    "não é possível entregar",
    "niedostarczalne",
    "nedoručiteln",
    "kan inte levereras",
    "kan ikke leveres",
    "не удается доставить",
    "не доставлено",
    "退信",
    "无法传递",
    "配信不能",
];

/// … and of those about what is still tried.
const DELAYED: &[&str] = &["delayed", "could not send message for past", "verzögert", "delivery delay"];

/// Subjects of answers that machines write for people who are away.
const ANSWERS: &[&str] = &[
    "out of office",
    "automatic reply",
    "autoreply",
    "auto-reply",
    "abwesenheit",
    "automatische antwort",
    "réponse automatique",
    "respuesta automática",
    "respuesta automatica",
    "risposta automatica",
    "resposta automática",
    "automatisch antwoord",
    "odpowiedź automatyczna",
    "automatická odpověď",
    "autosvar",
    "автоответ",
    "自动回复",
    "自動返信",
    "自動応答",
];

/// The most that is read of a report.
const LONGEST: usize = 1024 * 1024;

/// What a mail reports: of one message, or of none (a letter from somebody, a report that says nothing).
pub fn read_mail(raw: &[u8]) -> Option<MailReport> {
    let message = parsed(raw.get(..raw.len().min(LONGEST))?)?;
    let about = references(&message);
    let mut recipients = statuses(&message).into_iter();
    if let Some((recipient, what)) = recipients.next() {
        let others = recipients.filter_map(|(recipient, what)| Some((recipient?, what))).collect();
        return Some(MailReport { about, recipient, what, others });
    }
    let (recipient, what) = complaint(&message).or_else(|| letter(&message))?;
    Some(MailReport::new(about, what).of(recipient))
}

/// What a report about delivery says of each recipient.
fn statuses(message: &Message<'_>) -> Vec<(Option<String>, Heard)> {
    let Some(report) = part(message, "delivery-status").and_then(text_of) else { return Vec::new() };
    let report = report.replace("\r\n", "\n");
    // The first group is about the report itself, those behind it each about a recipient.
    let groups = report.split("\n\n").map(fields).filter(|group| field(group, "action").is_some());
    groups.filter_map(|group| Some((recipient_of(&group), status(&group)?))).collect()
}

/// The address as the message was sent to it, before anybody forwarded it.
fn recipient_of(group: &[(String, String)]) -> Option<String> {
    let written = field(group, "original-recipient").or_else(|| field(group, "final-recipient"))?;
    let address = written.split_once(';').map_or(written, |(_, address)| address);
    addresses(address).next()
}

fn status(recipient: &[(String, String)]) -> Option<Heard> {
    let status = field(recipient, "status").unwrap_or_default();
    let diagnostic = field(recipient, "diagnostic-code").unwrap_or_default();
    let words = diagnostic.split_once(';').map_or(diagnostic, |(_, words)| words.trim());
    match field(recipient, "action")?.to_ascii_lowercase().as_str() {
        "failed" => {
            let code = failure_of(telling(status, words), words);
            Some(Heard::Bounced { code, why: format!("{status} {words}").trim().to_owned() })
        }
        "delayed" => Some(Heard::Delayed),
        "delivered" | "relayed" | "expanded" => Some(Heard::Delivered),
        _ => None,
    }
}

/// The status that says most: the one in the diagnosis is what the server said, where the other one is a general one, or calls
/// final what was refused for now.
fn telling(status: &str, words: &str) -> Option<Status> {
    let said = words.split_whitespace().find_map(enhanced);
    let for_now = words.starts_with('4') && words.get(..3).is_some_and(|code| code.bytes().all(|c| c.is_ascii_digit()));
    match (said, enhanced(status)) {
        (Some(said), given) if said.class == 4 || given.is_none() || status.ends_with(".0.0") => Some(said),
        (_, Some(given)) if for_now => Some(Status { class: 4, ..given }),
        (_, given) => given,
    }
}

/// A complaint. Other kinds of feedback (*not spam*, failed authentication) change nothing for the person.
fn complaint(message: &Message<'_>) -> Option<(Option<String>, Heard)> {
    let Some(part) = part(message, "feedback-report") else { return complaint_of_outlook(message) };
    let report = fields(&text_of(part)?.replace("\r\n", "\n"));
    let kind = field(&report, "feedback-type")?.to_ascii_lowercase();
    let named = ["original-rcpt-to", "removal-recipient"].iter().find_map(|name| field(&report, name));
    let recipient = named.and_then(|written| addresses(written).next()).or_else(|| quoted_recipient(message));
    matches!(kind.as_str(), "abuse" | "fraud" | "virus" | "other").then_some((recipient, Heard::Complained))
}

/// Outlook.com sends the message back in a letter, and says in a header of it whose it was.
fn complaint_of_outlook(message: &Message<'_>) -> Option<(Option<String>, Heard)> {
    let complains = message.subject().is_some_and(|subject| subject.starts_with("complaint about message from "));
    let is_theirs = author(message).is_some_and(|author| author.eq_ignore_ascii_case("staff@hotmail.com"));
    let recipient = || named_by(message, "x-hmxmroriginalrecipient").or_else(|| quoted_recipient(message));
    (complains && is_theirs).then(|| (recipient(), Heard::Complained))
}

/// To whom the message was that a report quotes.
fn quoted_recipient(message: &Message<'_>) -> Option<String> {
    named_by(message, "to")
}

/// The first address in a header that a report quotes.
fn named_by(message: &Message<'_>, header: &str) -> Option<String> {
    quoted_headers(message).into_iter().find(|(name, _)| name == header).and_then(|(_, value)| addresses(&value).next())
}

/// A mail that is no report by its form, and whom it is about.
fn letter(message: &Message<'_>) -> Option<(Option<String>, Heard)> {
    // Bounces of many systems say of themselves that a machine wrote them, which answers of people's machines do too.
    if let Some(undelivered) = undelivered(message) {
        return Some(undelivered);
    }
    if is_answer_of_machine(message) {
        return Some((author(message), Heard::AutoReply));
    }
    // Only a letter to the address for that opts somebody out: what else comes may quote it.
    let opts_out = |address: &String| address.split_once('+').is_some_and(|(local, _)| local.eq_ignore_ascii_case("u"));
    receivers(message).any(|address| opts_out(&address)).then(|| (author(message), Heard::OptedOut))
}

/// A letter of a mail system about a message that it could not deliver, or not yet.
fn undelivered(message: &Message<'_>) -> Option<(Option<String>, Heard)> {
    let from = message.header_raw("From").unwrap_or_default().to_lowercase();
    let is_mail_system = from.contains("mailer-daemon") || from.contains("postmaster");
    let subject = message.subject().unwrap_or_default().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| subject.contains(word));
    let (delayed, failed) = (says(DELAYED), says(UNDELIVERED) || message.header_raw("X-Failed-Recipients").is_some());
    if !is_mail_system || !(delayed || failed) {
        return None;
    }
    let text = message.body_text(0).unwrap_or_default();
    let recipient = failed_recipient(message, &text);
    if delayed {
        return Some((recipient, Heard::Delayed));
    }
    let outside = |c: char| "#()<>,.:;".contains(c);
    let status = text.split_whitespace().find_map(|word| enhanced(word.trim_matches(outside)));
    let why = text.split_whitespace().take(40).collect::<Vec<_>>().join(" ");
    Some((recipient, Heard::Bounced { code: failure_of(status, &text), why }))
}

fn is_answer_of_machine(message: &Message<'_>) -> bool {
    let header = |name: &'static str| message.header_raw(name).map(|text| text.trim().to_lowercase());
    let subject = message.subject().unwrap_or_default().to_lowercase();
    header("Auto-Submitted").is_some_and(|value| value != "no")
        || header("Precedence").is_some_and(|value| value == "auto_reply")
        || ["X-Autoreply", "X-Autorespond"].iter().any(|name| header(name).is_some())
        || ANSWERS.iter().any(|words| subject.contains(words))
}

fn author(message: &Message<'_>) -> Option<String> {
    message.from().and_then(|from| from.first()).and_then(|from| from.address()).map(str::to_owned)
}

/// Whom a letter says that it could not be delivered to: in a header of its own, or the first address of its text.
fn failed_recipient(message: &Message<'_>, text: &str) -> Option<String> {
    let named = message.header_raw("X-Failed-Recipients").and_then(|value| addresses(value).next());
    let (receivers, author): (Vec<String>, _) = (receivers(message).collect(), author(message));
    let is_other = |address: &String| !receivers.contains(address) && author.as_ref() != Some(address);
    named.or_else(|| addresses(text).find(is_other))
}

/// To whom a mail came.
fn receivers<'a>(message: &'a Message<'a>) -> impl Iterator<Item = String> + 'a {
    const NAMES: &[&str] = &["to", "delivered-to", "x-original-to", "envelope-to", "cc"];
    let named = message.headers_raw().filter(|(name, _)| NAMES.contains(&name.to_ascii_lowercase().as_str()));
    named.flat_map(|(_, value)| addresses(value))
}

/// By what the message in question may be found, the surest first: addresses (where the report came to, then what it
/// quotes), the name of the envelope, the `Message-ID`, our own header.
fn references(message: &Message<'_>) -> Vec<Reference> {
    let quoted = quoted_headers(message);
    let values = |wanted: &'static [&str]| {
        quoted.iter().filter(|(name, _)| wanted.contains(&name.as_str())).map(|(_, value)| value.as_str())
    };
    let returns = values(&["return-path", "original-mail-from", "list-unsubscribe"]).flat_map(addresses);
    let envelopes = values(&["original-envelope-id"]).map(|id| Reference::Quoted(id.trim().to_owned()));
    let ids = values(&["message-id"]).flat_map(addresses).map(Reference::MessageId);
    let keys = values(&["x-caravan-key"]).map(|key| Reference::Quoted(key.trim().to_owned()));
    let proven = receivers(message).chain(returns).map(Reference::Address);
    proven.chain(envelopes).chain(ids).chain(keys).collect()
}

/// The fields of what a report quotes and of its own parts; of a letter, those that stand in its text.
fn quoted_headers(message: &Message<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in &message.parts {
        if let Some(original) = part.message() {
            let headers = original.headers_raw();
            found.extend(headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())));
        } else if is(part, "rfc822-headers") || is(part, "feedback-report") || is(part, "delivery-status") {
            found.extend(fields(&text_of(part).unwrap_or_default().replace("\r\n", "\n")));
        }
    }
    if found.is_empty() {
        found.extend(fields(&message.body_text(0).unwrap_or_default().replace("\r\n", "\n")));
    }
    found
}

fn addresses(text: &str) -> impl Iterator<Item = String> + '_ {
    let outside = |c: char| c.is_whitespace() || "<>,;:\"()".contains(c);
    text.split(outside).filter(|word| word.contains('@')).map(str::to_owned)
}

fn part<'a>(message: &'a Message<'a>, subtype: &str) -> Option<&'a MessagePart<'a>> {
    message.parts.iter().find(|part| is(part, subtype))
}

fn is(part: &MessagePart<'_>, subtype: &str) -> bool {
    part.content_type().and_then(|kind| kind.subtype()).is_some_and(|found| found.eq_ignore_ascii_case(subtype))
}

fn text_of(part: &MessagePart<'_>) -> Option<String> {
    let text = part.text_contents().map(str::to_owned);
    text.or_else(|| Some(String::from_utf8_lossy(part.contents()).into_owned()))
}

/// `Name: value` lines; a line that begins with white space goes on with the one before.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.starts_with([' ', '\t']), found.last_mut()) {
            (true, Some((_, value))) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {
                let pair = line
                    .split_once(':')
                    .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                found.extend(pair);
            }
        }
    }
    found
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
