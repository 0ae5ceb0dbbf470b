//! What comes back from a provider of text messages: reports about messages of ours, and what people write.

use super::failure::FailureClass;
use super::keywords::Keyword;
use super::twilio::Twilio;
use crate::connector::Secrets;

/// A provider's way of telling us something, and of being answered.
pub trait TextProvider: Send + Sync {
    /// `type` of its connections.
    fn key(&self) -> &'static str;

    /// Checks that a call comes from the provider and reads everything that it says: some report on many messages in one
    /// call.
    ///
    /// # Errors
    /// It does not come from it, or cannot be read.
    fn read(
        &self,
        settings: &serde_json::Value,
        secrets: &Secrets,
        call: &Call<'_>,
    ) -> Result<Vec<Returned>, CallRefused>;

    /// What a code of its reports is about; none for one that means nothing.
    fn class_of(&self, code: &str) -> Option<FailureClass>;

    /// What somebody should do about a code that is about the account or the sender; none where there is nothing to say.
    fn advice(&self, code: &str) -> Option<&'static str>;

    /// What its call is answered with; `text` is what the person who wrote is to get.
    fn reply(&self, text: Option<&str>) -> Reply;
}

/// The answer to a call of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its content type.
    pub content_type: &'static str,
    /// Its body.
    pub body: String,
}

/// Every provider there is.
pub const PROVIDERS: &[&dyn TextProvider] = &[&Twilio];

/// The provider of that key.
pub fn provider(key: &str) -> Option<&'static dyn TextProvider> {
    PROVIDERS.iter().copied().find(|provider| provider.key() == key)
}

/// A call as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The public address that was called, with its query.
    pub url: &'a str,
    /// The headers: names in small letters, and values.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Call<'a> {
    /// The first header of that name, which is written in small letters.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Why a call is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallRefused {
    /// Nobody can say that it comes from the provider.
    #[error("the signature does not fit")]
    NotSigned,
    /// Not what the provider sends.
    #[error("it cannot be read")]
    Unreadable,
}

/// What a call says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// How a message of ours fares.
    Report(Report),
    /// Somebody wrote.
    Inbound(Inbound),
}

/// How a message of ours fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Our own number of the message, where the call carries it: known even if the answer to the sending was lost.
    pub message: Option<i64>,
    /// The provider's id of it.
    pub remote_id: String,
    /// Where it stands.
    pub state: State,
    /// The provider's code, as it came.
    pub code: Option<String>,
    /// What that code is about.
    pub class: Option<FailureClass>,
}

/// Where a message stands with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The provider has it.
    Accepted,
    /// It is on its way.
    Sent,
    /// It arrived.
    Delivered,
    /// The carrier refused it.
    Undelivered,
    /// It never left the provider.
    Failed,
    /// It was called back.
    Cancelled,
}

impl State {
    /// Reports come out of order: a lower rank never overwrites a higher one.
    pub fn rank(self) -> i64 {
        match self {
            Self::Accepted => 0,
            Self::Sent => 1,
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Cancelled => 3,
        }
    }

    /// Whether nothing more is to come.
    pub fn is_final(self) -> bool {
        self.rank() >= Self::Delivered.rank()
    }

    /// As it is stored.
    pub fn key(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The provider's id of it.
    pub remote_id: String,
    /// Who, E.164.
    pub from: String,
    /// To which senders of ours: a number, and the messaging service that it belongs to.
    pub to: Vec<String>,
    /// The text.
    pub text: String,
    /// What it means.
    pub keyword: Option<Keyword>,
    /// That was understood from a sentence.
    pub guessed: bool,
    /// What it is to be answered with; none where the provider has answered it, or there is nothing to say.
    pub reply: Option<String>,
}
