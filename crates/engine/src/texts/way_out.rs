//! The page on which one opts out of text messages, for senders that nobody can answer. What is said there is the word of
//! whoever has the number, as a *stop* is, and counts for the message whose link it was.

use caravan_catalog::Changes;
use caravan_connect::texts::{e164, sender_key};
use caravan_connect::tracking::Token;
use caravan_store::{Session, StoreError, ledger, reports};
use jiff::Timestamp;

use super::answers::{OF_LINK, Said, Speaker, says};
use crate::live::Live;
use crate::tracking::{Evidence, Message, write};

/// Who opts out, and from which sender.
pub(crate) struct Out {
    message: Option<Message>,
    /// The recipient, and what they said to text messages in general.
    person: Option<Speaker>,
    /// The number that the message went to; the person's, when nobody knows it any more.
    phone: Option<String>,
    sender: Option<String>,
    /// It is done.
    pub opted_out: bool,
}

impl Out {
    pub fn find(s: &mut dyn Session, live: &Live, token: &Token) -> Result<Self, StoreError> {
        let message = Message::find(s, live, token.effect)?;
        let person = match token.person {
            Some(person) => ledger::recipients(s, &[person.0])?.pop(),
            None => None,
        };
        let written = || e164(person.as_ref()?.mobile_phone.as_deref()?).ok();
        let phone = message.as_ref().and_then(|message| message.address.clone()).or_else(written);
        let sender = message.as_ref().and_then(|message| message.sender.as_deref().map(sender_key));
        let opted_out = match (&phone, &sender) {
            (Some(phone), Some(sender)) => {
                let said = reports::consents(s, std::slice::from_ref(phone), false)?;
                said.iter().any(|row| row.sender == *sender && row.value == "n")
            }
            _ => person.as_ref().is_some_and(|person| person.sms_consent.as_deref() == Some("n")),
        };
        let person = person.map(|person| (person.person, person.sms_consent));
        Ok(Self { message, person, phone, sender, opted_out })
    }

    pub fn opt_out(
        &self,
        s: &mut dyn Session,
        live: &Live,
        mut evidence: Evidence,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(phone) = &self.phone else { return Ok(()) };
        let mut changes = Changes::default();
        if let (Some(message), false) = (&self.message, self.opted_out) {
            changes.activities.extend(message.opted_out_of_texts(s, OF_LINK, now)?);
        }
        let senders: Vec<&str> = self.sender.as_deref().into_iter().collect();
        evidence.extend(self.message.iter().flat_map(Message::as_evidence));
        let said = Said { value: "n", source: OF_LINK, reason: None, evidence };
        says(s, live, said, (phone, &senders), self.person.as_ref(), &mut changes, now)?;
        write(s, live, now, changes)
    }

    /// `+4915112345678` → `••••78`.
    pub fn masked(&self) -> Option<String> {
        let phone = self.phone.as_deref()?;
        let last = phone.len().checked_sub(2).and_then(|at| phone.get(at..)).unwrap_or_default();
        Some(format!("••••{last}"))
    }
}
