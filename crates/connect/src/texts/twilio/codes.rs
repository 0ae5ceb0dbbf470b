//! What Twilio's codes are about.

use crate::texts::FailureClass;

/// What a code is about; an unknown one is permanent.
pub fn class_of(code: i64) -> FailureClass {
    match code {
        21211 | 21614 | 30005 | 30006 => FailureClass::BadNumber,
        21610 => FailureClass::Consent,
        20003
        | 20005
        | 21212
        | 21219
        | 21408
        | 21601
        | 21606
        | 21608
        | 21609
        | 21616
        | 21701
        | 21703
        | 21704
        | 21705
        | 30002
        | 30018
        | 30024
        | 30032..=30035 => FailureClass::Config,
        30007 => FailureClass::Reputation,
        30023 | 30027 | 63038 => FailureClass::DailyCap,
        20429 | 21611 | 30022 => FailureClass::Throttle,
        20500 | 20503 | 30001 | 30003 | 30008 | 30017 | 30410 => FailureClass::Transient,
        _ => FailureClass::Permanent,
    }
}

/// What to do about a code that is about the account or the sender, for people.
pub fn advice(code: i64) -> Option<&'static str> {
    Some(match code {
        30002 => {
            "Twilio has suspended the account. Look into Twilio's console, settle what it asks for, or write to its support."
        }
        30007 => {
            "Carriers take these messages for spam. Look at the texts and their links, send only to whoever agreed, and register the sender with Twilio."
        }
        30018 => {
            "The sender id must be registered in this country. Register it in Twilio's console, or send from a number."
        }
        30023 | 30027 => {
            "Carriers take no more messages of this brand or sender today. Spread the audience over days, or raise the brand's trust score with Twilio."
        }
        30024 => "The sender is not provisioned with the carrier yet. Ask Twilio's support when it is.",
        30032 => "The toll-free number is not verified. Verify it in Twilio's console, or send from another number.",
        30033 => "The 10DLC campaign of this number is suspended. Twilio's console says why; have it reinstated.",
        30034 => {
            "The number belongs to no registered 10DLC campaign. Register brand and campaign in Twilio's console, and add the number to it."
        }
        30035 => "The number is still being set up for its 10DLC campaign. Twilio's console says when it is ready.",
        63038 => {
            "The account has sent as many messages as it may in a day. Ask Twilio to raise the limit, or spread the audience over days."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_about_the_account_say_what_to_do() {
        for code in [30002, 30018, 30024, 30032, 30033, 30034, 30035] {
            assert_eq!((class_of(code), advice(code).is_some()), (FailureClass::Config, true), "{code}");
        }
        for code in [30023, 30027, 63038] {
            assert_eq!((class_of(code), advice(code).is_some()), (FailureClass::DailyCap, true), "{code}");
        }
        assert_eq!((class_of(30007), advice(30007).is_some()), (FailureClass::Reputation, true));
        assert_eq!(
            (class_of(30005), advice(30005)),
            (FailureClass::BadNumber, None),
            "a number's trouble is nobody's account"
        );
    }
}
