//! What a failure of a text message is about.

/// What a failure of a text message is about, whoever the provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The number is of no use: it is not texted again.
    BadNumber,
    /// The person does not want messages of this sender.
    Consent,
    /// The account or the sender is not set up: nobody's message goes out.
    Config,
    /// Carriers take us for a nuisance.
    Reputation,
    /// The account or the sender has sent as much as it may in a day.
    DailyCap,
    /// Too much at once.
    Throttle,
    /// The other side has a problem for now.
    Transient,
    /// Refused for good, for another reason.
    Permanent,
}

impl FailureClass {
    /// The code under which a failure is counted.
    pub fn key(self) -> &'static str {
        match self {
            Self::BadNumber => "bad_number",
            Self::Consent => "opted_out",
            Self::Config => "sms_not_set_up",
            Self::Reputation => "sms_filtered",
            Self::DailyCap => "sms_daily_cap",
            Self::Throttle => crate::connector::THROTTLED,
            Self::Transient => "sms_deferred",
            Self::Permanent => "sms_refused",
        }
    }
}
