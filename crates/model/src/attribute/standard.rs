//! The standard attributes: one line each.
//!
//! `updatable` marks what journeys may write: the profile. Keys, the email address, relations, consent and
//! delivery flags are written by imports, the API and the people concerned, never by *Change Data Value*: an opt-out
//! must not be lifted by a journey, and an address must not be swapped under a consent.

use super::{Attribute, AttributeNo, Format, Subject};
use crate::value::ValueType;

/// One line of a slice. Built by its own methods, so that a line reads as a sentence.
#[derive(Debug, Clone, Copy)]
pub struct Standard {
    /// In files, conditions and templates.
    pub key: &'static str,
    /// What marketers read.
    pub label: &'static str,
    value_type: ValueType,
    required: bool,
    max_chars: usize,
    format: Format,
    updatable: bool,
    visible: bool,
    computed: bool,
}

const fn of(key: &'static str, label: &'static str, value_type: ValueType) -> Standard {
    Standard {
        key,
        label,
        value_type,
        required: false,
        max_chars: 255,
        format: Format::Any,
        updatable: false,
        visible: true,
        computed: false,
    }
}

const fn text(key: &'static str, label: &'static str) -> Standard {
    of(key, label, ValueType::String)
}

const fn flag(key: &'static str, label: &'static str) -> Standard {
    of(key, label, ValueType::Boolean)
}

impl Standard {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn up_to(self, max_chars: usize) -> Self {
        Self { max_chars, ..self }
    }

    const fn format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    const fn updatable(self) -> Self {
        Self { updatable: true, ..self }
    }

    const fn computed(self) -> Self {
        Self { computed: true, ..self }
    }

    /// The attribute of `subject` that this line describes.
    pub fn attribute(&self, subject: Subject) -> Attribute {
        Attribute {
            key: self.key.to_owned(),
            label: self.label.to_owned(),
            subject,
            value_type: self.value_type,
            required: self.required,
            max_chars: self.max_chars,
            format: self.format,
            updatable: self.updatable,
            visible: self.visible,
            custom: false,
            computed: self.computed,
        }
    }
}

/// The attributes of every account.
pub const ACCOUNT: &[Standard] = &[
    text("key", "Key").required(),
    text("name", "Name").required().updatable(),
    text("industry", "Industry").updatable(),
    of("annual_revenue", "Annual revenue", ValueType::Number).updatable(),
    of("employees", "Employees", ValueType::Integer).updatable(),
    text("sic_code", "SIC code").updatable(),
    text("website", "Website").up_to(2_000).updatable(),
    text("logo_url", "Logo URL").up_to(2_000).updatable(),
    text("phone", "Phone number").updatable(),
    text("street", "Street").updatable(),
    text("city", "City").updatable(),
    text("region", "Region").updatable(),
    text("state", "State").updatable(),
    text("postal_code", "Postal code").updatable(),
    text("country", "Country").updatable(),
    text("country_code", "Country code").updatable(),
    text("source_type", "Source type").updatable(),
    text("description", "Description").up_to(4_000).updatable(),
    text("time_zone", "Time zone").format(Format::TimeZone).updatable(),
    text("owner_email", "Owner's email address").updatable(),
    text("parent_key", "Parent account"),
];

/// The attributes of every person. Relations (`account_key`, `account_roles`) are not attributes.
pub const PERSON: &[Standard] = &[
    text("key", "Key").required(),
    text("email", "Email address"),
    text("salutation", "Salutation").updatable(),
    text("first_name", "First name").updatable(),
    text("middle_name", "Middle name").updatable(),
    text("last_name", "Last name").updatable(),
    of("birth_date", "Date of birth", ValueType::Date).updatable(),
    text("job_title", "Job title").updatable(),
    text("department", "Department").updatable(),
    text("phone", "Phone number").updatable(),
    text("mobile_phone", "Mobile phone number").updatable(),
    text("fax", "Fax number").updatable(),
    text("street", "Street").updatable(),
    text("city", "City").updatable(),
    text("state", "State").updatable(),
    text("inferred_state", "Inferred state").updatable(),
    text("postal_code", "Postal code").updatable(),
    text("country", "Country").updatable(),
    text("status", "Lead status").updatable(),
    text("time_zone", "Time zone").format(Format::TimeZone).updatable(),
    text("locale", "Language").updatable(),
    flag("unsubscribed", "Unsubscribed"),
    text("unsubscribed_reason", "Unsubscribed reason"),
    flag("email_invalid", "Email invalid"),
    flag("email_suspended", "Email suspended"),
    flag("marketing_suspended", "Marketing suspended"),
    text("marketing_suspended_cause", "Marketing suspended cause"),
    text("sms_consent", "SMS consent").format(Format::OneOf(&["y", "n"])),
    flag("test_profile", "Test profile"),
    of("engagement", "Engagement", ValueType::Number).computed(),
];

/// The number of a key in its slice; a wrong key does not compile where the number is a constant.
const fn no(slice: &[Standard], key: &str) -> AttributeNo {
    let mut at = 0;
    while at < slice.len() {
        if same(slice[at].key.as_bytes(), key.as_bytes()) {
            return AttributeNo(at as u16);
        }
        at += 1;
    }
    panic!("no standard attribute has this key")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// Numbers of the account attributes that code asks for by name.
pub mod account {
    use super::{ACCOUNT, AttributeNo, no};

    /// The natural key.
    pub const KEY: AttributeNo = no(ACCOUNT, "key");
    /// The name; an account with an empty one never enters.
    pub const NAME: AttributeNo = no(ACCOUNT, "name");
    /// The account's own time zone.
    pub const TIME_ZONE: AttributeNo = no(ACCOUNT, "time_zone");
    /// Where sales alerts for the owner go.
    pub const OWNER_EMAIL: AttributeNo = no(ACCOUNT, "owner_email");
    /// The key of the parent account, joined in by the loader.
    pub const PARENT_KEY: AttributeNo = no(ACCOUNT, "parent_key");
}

/// Numbers of the person attributes that code asks for by name.
pub mod person {
    use super::{AttributeNo, PERSON, no};

    /// The natural key.
    pub const KEY: AttributeNo = no(PERSON, "key");
    /// The address that mail goes to.
    pub const EMAIL: AttributeNo = no(PERSON, "email");
    /// First name.
    pub const FIRST_NAME: AttributeNo = no(PERSON, "first_name");
    /// Last name.
    pub const LAST_NAME: AttributeNo = no(PERSON, "last_name");
    /// Where texts go.
    pub const MOBILE_PHONE: AttributeNo = no(PERSON, "mobile_phone");
    /// The person's own time zone.
    pub const TIME_ZONE: AttributeNo = no(PERSON, "time_zone");
    /// The person's language.
    pub const LOCALE: AttributeNo = no(PERSON, "locale");
    /// Opted out of email.
    pub const UNSUBSCRIBED: AttributeNo = no(PERSON, "unsubscribed");
    /// Why they opted out.
    pub const UNSUBSCRIBED_REASON: AttributeNo = no(PERSON, "unsubscribed_reason");
    /// The address does not take mail.
    pub const EMAIL_INVALID: AttributeNo = no(PERSON, "email_invalid");
    /// The address is resting after bounces.
    pub const EMAIL_SUSPENDED: AttributeNo = no(PERSON, "email_suspended");
    /// No marketing for now.
    pub const MARKETING_SUSPENDED: AttributeNo = no(PERSON, "marketing_suspended");
    /// `y`, `n`, or missing: no consent.
    pub const SMS_CONSENT: AttributeNo = no(PERSON, "sms_consent");
    /// Never enters a journey.
    pub const TEST_PROFILE: AttributeNo = no(PERSON, "test_profile");
}
