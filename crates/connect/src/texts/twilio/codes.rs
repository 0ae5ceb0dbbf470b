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
        20429 | 21611 | 30022 | 30023 | 30027 | 63038 => FailureClass::Throttle,
        20500 | 20503 | 30001 | 30003 | 30008 | 30017 | 30410 => FailureClass::Transient,
        _ => FailureClass::Permanent,
    }
}
