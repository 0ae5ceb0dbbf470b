//! What a conversation that went wrong means for the message.

use std::error::Error as _;

use lettre::transport::smtp::Error;

use super::settings::SmtpSettings;
use crate::connector::{Outcome, THROTTLED};
use crate::returned::{about, enhanced, failure_of};

/// How far a conversation had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Opening the connection, encrypting it and saying hello.
    Connect,
    /// Signing in.
    SignIn,
    /// Naming the sender.
    Sender,
    /// Naming the recipient.
    Recipient,
    /// Sending the message; its end has not been sent.
    Content,
    /// The end has been sent, the server's answer is not here.
    Answer,
}

/// A conversation that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server said no.
    Refused {
        /// To what.
        stage: Stage,
        /// The three digits.
        code: u16,
        /// The words.
        text: String,
    },
    /// The connection failed.
    Lost {
        /// Where.
        stage: Stage,
        /// Why.
        why: String,
    },
    /// The server stands where no connection may be made to.
    NotAllowed(String),
    /// The server cannot take an address with characters beyond ASCII.
    NoUnicodeAddresses,
}

impl Failure {
    /// Reads an error of the library.
    pub fn of(stage: Stage, error: &Error) -> Self {
        let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        match error.status() {
            Some(code) => Self::Refused { stage, code: u16::from(code), text: said },
            None => Self::Lost { stage, why: said },
        }
    }

    /// No answer in time.
    pub fn timeout(stage: Stage) -> Self {
        Self::Lost { stage, why: "no answer in time".to_owned() }
    }

    /// Whether the connection is of no use any more.
    pub fn ends_connection(&self) -> bool {
        match self {
            Self::Refused { stage, code, .. } => *code == 421 || *stage <= Stage::SignIn,
            Self::Lost { .. } | Self::NotAllowed(_) => true,
            Self::NoUnicodeAddresses => false,
        }
    }

    /// Whether the server certainly has not got the message.
    pub fn nothing_happened(&self) -> bool {
        match self {
            Self::Lost { stage, .. } => *stage < Stage::Answer,
            Self::Refused { .. } | Self::NotAllowed(_) | Self::NoUnicodeAddresses => true,
        }
    }

    /// What is wrong with a connection that was tried, and what to do about it.
    pub fn advice(&self, settings: &SmtpSettings) -> String {
        let SmtpSettings { host, port, .. } = settings;
        match self {
            Self::Lost { stage: Stage::Connect, why } if why.contains("STARTTLS") => format!(
                "{host} offers no STARTTLS on port {port}. Choose TLS from the beginning (usual on port 465) if the server offers it."
            ),
            Self::Lost { stage: Stage::Connect, why } if speaks_of_tls(why) => format!(
                "No encrypted connection to {host} port {port} came about: {}. Check the encryption, the port and the name in the server's certificate.",
                cause(why)
            ),
            Self::Lost { stage: Stage::Connect, why } => format!(
                "Nothing answers at {host} port {port}: {}. Check the name and the port, and that no firewall is between.",
                cause(why)
            ),
            Self::Refused { stage: Stage::SignIn, code, text } => {
                format!("{host} did not take the user name and password: {code} {text}.")
            }
            Self::NotAllowed(why) => format!("{why}."),
            other => format!("{host}: {other}."),
        }
    }

    /// What it means for the message.
    pub fn outcome(&self, host: &str) -> Outcome {
        let message = format!("{host}: {self}");
        match self {
            Self::NotAllowed(why) => Outcome::shut("address_refused", format!("{why}.")),
            Self::NoUnicodeAddresses => Outcome::failed("address_not_supported", message),
            Self::Lost { stage: Stage::Answer, .. } => Outcome::Unknown { message },
            Self::Lost { stage: Stage::Connect, .. } => Outcome::shut("smtp_unreachable", message),
            Self::Lost { .. } => Outcome::retry("smtp_connection_lost", message),
            Self::Refused { stage: Stage::Connect, .. } => Outcome::shut("smtp_refused", message),
            Self::Refused { stage: Stage::SignIn, .. } => Outcome::shut("smtp_sign_in_failed", message),
            // Not about the recipient: the connection must be mended, and then the message goes out.
            Self::Refused { stage: Stage::Sender, code: 500.., .. } => Outcome::retry("smtp_sender_refused", message),
            Self::Refused { code, text, .. } if *code < 500 && asks_for_less(*code, text) => {
                Outcome::retry(THROTTLED, message)
            }
            Self::Refused { code, .. } if *code < 500 => Outcome::retry("smtp_deferred", message),
            Self::Refused { stage, code, text } => Outcome::failed(permanent(*stage, *code, text), message),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoUnicodeAddresses => write!(f, "the server does not take addresses with characters beyond ASCII"),
            Self::NotAllowed(why) => f.write_str(why),
            Self::Refused { stage, code, text } => write!(f, "the server refused {stage}: {code} {text}"),
            Self::Lost { stage, why } => write!(f, "the connection failed at {stage}: {why}"),
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "the start",
            Self::SignIn => "signing in",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Content => "the message",
            Self::Answer => "the end of the message",
        })
    }
}

/// What an error says without the number that the operating system gives it.
fn cause(why: &str) -> &str {
    why.split(" (os error").next().unwrap_or(why)
}

fn speaks_of_tls(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["tls", "certificate", "handshake", "invalidcontenttype"].iter().any(|word| why.contains(word))
}

/// What a refusal for good is about. A bare code is held against the recipient only where nothing speaks of the sender.
fn permanent(stage: Stage, code: u16, text: &str) -> &'static str {
    let status = enhanced(text);
    let at_the_end = stage >= Stage::Content;
    match (status, about(status, text)) {
        (Some(_), _) => failure_of(status, text),
        // What the message says, not who sends it.
        (None, Some("refused_by_policy")) if at_the_end && text.to_lowercase().contains("spam") => "refused_content",
        (None, Some(known)) => known,
        (None, None) => match (stage, code) {
            (Stage::Recipient, 550 | 551 | 553) => "bounced_hard",
            (_, 552) => "mailbox_full",
            _ if at_the_end => "refused_content",
            _ => "bounced_soft",
        },
    }
}

/// Whether a deferral is about how much we send rather than about this message.
fn asks_for_less(code: u16, text: &str) -> bool {
    code == 421 || enhanced(text).is_some_and(|status| status.subject == 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(stage: Stage, code: u16, text: &str) -> String {
        match (Failure::Refused { stage, code, text: text.to_owned() }).outcome("mail.example") {
            Outcome::Failed { code, .. } => format!("failed {code}"),
            Outcome::Retry { code, .. } => format!("retry {code}"),
            Outcome::Shut { code, .. } => format!("shut {code}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn replies_mean_what_the_reference_says() {
        use Stage::{Answer, Connect, Recipient, Sender, SignIn};
        assert_eq!(refused(Recipient, 550, "5.1.1 no such user"), "failed bounced_hard");
        assert_eq!(refused(Recipient, 550, "no such user here"), "failed bounced_hard");
        assert_eq!(refused(Recipient, 550, "5.7.1 relaying denied"), "failed refused_by_policy");
        assert_eq!(refused(Recipient, 552, "5.2.2 mailbox full"), "failed mailbox_full");
        assert_eq!(refused(Recipient, 554, "5.4.4 no route"), "failed bounced_soft");
        assert_eq!(refused(Recipient, 450, "4.2.0 greylisted"), "retry smtp_deferred");
        assert_eq!(refused(Answer, 554, "this is spam"), "failed refused_content");
        // Listed or misconfigured senders must not burn the addresses that they write to.
        for words in [
            "Service unavailable; client host [192.0.2.7] blocked using zen.spamhaus.org",
            "relay access denied",
            "5.1.8 <news@acme.example>: Sender address rejected: Domain not found",
            "rejected as spam",
        ] {
            assert_eq!(refused(Recipient, 550, words), "failed refused_by_policy", "{words}");
        }
        assert_eq!(refused(Recipient, 550, "Requested action not taken"), "failed bounced_hard");
        assert_eq!(refused(Recipient, 550, "4.2.1 try again later"), "failed bounced_soft");
        assert_eq!(
            refused(Answer, 554, "delivery error: dd This user doesn't have a yahoo.com account"),
            "failed bounced_hard"
        );
        assert_eq!(refused(Answer, 554, "host [192.0.2.7] is listed at dnsbl.example"), "failed refused_by_policy");
        assert_eq!(refused(Answer, 550, "5.7.26 unauthenticated"), "failed refused_by_policy");
        assert_eq!(refused(Answer, 451, "try later"), "retry smtp_deferred");
        assert_eq!(refused(Recipient, 421, "too many messages"), "retry throttled");
        assert_eq!(refused(Answer, 451, "4.7.28 unusual rate"), "retry throttled");
        assert_eq!(refused(Sender, 530, "5.7.0 sign in first"), "retry smtp_sender_refused");
        assert_eq!(refused(SignIn, 535, "5.7.8 wrong password"), "shut smtp_sign_in_failed");
        assert_eq!(refused(Connect, 554, "go away"), "shut smtp_refused");
    }

    #[test]
    fn only_a_connection_lost_after_the_end_leaves_doubt() {
        let lost = |stage| Failure::timeout(stage).outcome("mail.example");
        assert!(matches!(lost(Stage::Content), Outcome::Retry { .. }));
        assert!(matches!(lost(Stage::Answer), Outcome::Unknown { .. }));
    }
}
