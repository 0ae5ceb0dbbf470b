//! What comes back about mail: bounces (RFC 3464), complaints (RFC 5965), answers, what providers report,
//! and what receivers report of all mail of a domain (DMARC).
//!
//! Reading is pure; what a report means for a person is decided elsewhere.

mod class;
pub mod dmarc;
mod mail;
mod mailbox;
mod signed;
mod sns;

pub(crate) use class::about;
pub use class::{Status, enhanced, failure_of, given_up, policy_hint};
pub use mail::read_mail;
pub use mailbox::{BounceMailbox, Handled, MailboxGrant, MailboxOauth, MailboxTokens, SignIn};
pub use signed::{SignedReports, SignedReportsRefused, sign_reports};
pub use sns::{SnsRefused, SnsSays};

/// What was heard of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailReport {
    /// By what the message may be found, the surest first: addresses, envelope id, `Message-ID`, our own header.
    pub about: Vec<Reference>,
    /// Whom it did not reach, or who complained; none: it does not say.
    pub recipient: Option<String>,
    /// What became of it.
    pub what: Heard,
    /// What became of copies of the same message that the report tells of too.
    pub others: Vec<(String, Heard)>,
}

impl MailReport {
    /// What was heard of a message and of nobody in particular.
    pub fn new(about: Vec<Reference>, what: Heard) -> Self {
        Self { about, recipient: None, what, others: Vec::new() }
    }

    /// The same, of that recipient.
    #[must_use]
    pub fn of(self, recipient: Option<String>) -> Self {
        Self { recipient, ..self }
    }
}

/// Something by which a message is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// An address that may be one of ours for one message; such an address carries a signature, and proves itself.
    Address(String),
    /// The key of the effect (`X-Caravan-Key`), from somebody who has proved who they are.
    Key(String),
    /// The key of the effect as a mail names it (`Original-Envelope-Id`, `X-Caravan-Key`): anybody may have written it.
    Quoted(String),
    /// The `Message-ID` that a mail quotes, without its angle brackets: anybody may have written it.
    MessageId(String),
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It arrived.
    Delivered,
    /// It is still on its way.
    Delayed,
    /// It came back.
    Bounced {
        /// `bounced_hard`, `mailbox_full`, `refused_by_policy` …
        code: &'static str,
        /// What the other side said.
        why: String,
    },
    /// The recipient called it spam.
    Complained,
    /// The recipient wrote to the address that opts out.
    OptedOut,
    /// A machine answered; nobody bounced.
    AutoReply,
}

/// How often a mail may say that a message lies within it. The parser goes into each by a call of its own, and strangers write
/// to mailboxes of ours.
const MOST_WITHIN: usize = 32;

/// A mail, unless it lies deeper within itself than any report.
pub(crate) fn parsed(raw: &[u8]) -> Option<mail_parser::Message<'_>> {
    let times = |word: &[u8]| raw.windows(word.len()).filter(|window| window.eq_ignore_ascii_case(word)).count();
    let deep = times(b"message/") + times(b"digest") > MOST_WITHIN;
    if deep {
        return None;
    }
    // A debug build of the parser panics at some mails that end in the middle of their parts.
    std::panic::catch_unwind(|| mail_parser::MessageParser::default().parse(raw)).ok().flatten()
}
