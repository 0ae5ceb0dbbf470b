//! The activity types of our own, one line each: what conditions ask for, listen nodes hear and timelines show.
//!
//! Declared types (kind `activity_type`) come beside them.

use caravan_model::value::ValueType::{self, Boolean, Integer, Number, String as Text};
use schemars::JsonSchema;
use serde::Serialize;

/// Whom an activity is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// An account.
    Account,
    /// A person.
    Person,
    /// The one or the other.
    Either,
}

/// What everyone needs to know of an activity type.
#[derive(Debug, Clone, Copy)]
pub struct EventFacts {
    /// Its name in manifests, `snake_case`.
    pub kind: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Whom it is about.
    pub about: About,
    /// Its own fields.
    pub fields: &'static [(&'static str, ValueType)],
}

const fn person(kind: &'static str, label: &'static str, fields: &'static [(&'static str, ValueType)]) -> EventFacts {
    EventFacts { kind, label, about: About::Person, fields }
}

const fn account(kind: &'static str, label: &'static str, fields: &'static [(&'static str, ValueType)]) -> EventFacts {
    EventFacts { kind, label, about: About::Account, fields }
}

const fn either(kind: &'static str, label: &'static str, fields: &'static [(&'static str, ValueType)]) -> EventFacts {
    EventFacts { kind, label, about: About::Either, fields }
}

const MAIL: &[(&str, ValueType)] = &[("email", Text), ("journey", Text), ("node", Text)];
/// What the program says of the device that it runs on stands at the end, and whether a machine made it that counts all the
/// same: `pattern` says how it was told.
const OPENED: &[(&str, ValueType)] = &[
    ("email", Text),
    ("journey", Text),
    ("node", Text),
    ("mobile", Boolean),
    ("device", Text),
    ("os", Text),
    ("user_agent", Text),
    ("bot", Boolean),
    ("pattern", Text),
];
const CLICKED: &[(&str, ValueType)] = &[
    ("url", Text),
    ("email", Text),
    ("journey", Text),
    ("node", Text),
    ("mobile", Boolean),
    ("device", Text),
    ("os", Text),
    ("user_agent", Text),
    ("bot", Boolean),
    ("pattern", Text),
];
const SMS_CLICKED: &[(&str, ValueType)] = &[
    ("url", Text),
    ("sms_message", Text),
    ("journey", Text),
    ("node", Text),
    ("mobile", Boolean),
    ("device", Text),
    ("os", Text),
    ("user_agent", Text),
    ("bot", Boolean),
    ("pattern", Text),
];
const SMS: &[(&str, ValueType)] = &[("sms_message", Text), ("journey", Text), ("node", Text)];
const CHANGE: &[(&str, ValueType)] =
    &[("attribute", Text), ("old", Text), ("new", Text), ("source", Text), ("reason", Text)];
const MEMBERSHIP: &[(&str, ValueType)] = &[("solution_interest", Text), ("role", Text), ("source", Text)];
const GROUP_TEXT: &[(&str, ValueType)] = &[("solution_interest", Text), ("old", Text), ("new", Text)];
const GROUP_NUMBER: &[(&str, ValueType)] = &[("solution_interest", Text), ("old", Number), ("new", Number)];
const MERGED: &[(&str, ValueType)] = &[("gone", Text)];
const MOMENT: &[(&str, ValueType)] = &[("moment", Text), ("description", Text)];

/// Every type of our own, in the order in which pickers show them.
pub const EVENTS: &[EventFacts] = &[
    person("email_sent", "Email sent", MAIL),
    person("email_delivered", "Email delivered", MAIL),
    person("email_opened", "Email opened", OPENED),
    person("email_clicked", "Link in email clicked", CLICKED),
    person(
        "email_bounced",
        "Email bounced",
        &[("hard", Boolean), ("code", Text), ("email", Text), ("journey", Text), ("node", Text)],
    ),
    person("email_unsubscribed", "Unsubscribed from email", MAIL),
    person("email_skipped", "Email not sent", &[("reason", Text), ("email", Text), ("journey", Text), ("node", Text)]),
    person("email_failed", "Email failed", &[("code", Text), ("email", Text), ("journey", Text), ("node", Text)]),
    person("email_complained", "Email reported as spam", MAIL),
    person("email_auto_replied", "Email answered by a machine", MAIL),
    person("sms_sent", "SMS sent", SMS),
    person("sms_delivered", "SMS delivered", SMS),
    person("sms_failed", "SMS failed", &[("code", Text), ("sms_message", Text), ("journey", Text), ("node", Text)]),
    person("sms_clicked", "Link in SMS clicked", SMS_CLICKED),
    person(
        "sms_opted_out",
        "Opted out of SMS",
        &[("how", Text), ("sms_message", Text), ("journey", Text), ("node", Text)],
    ),
    person("sms_received", "SMS received", &[("text", Text), ("keyword", Text), ("to", Text), ("for_review", Boolean)]),
    person(
        "sms_skipped",
        "SMS not sent",
        &[("reason", Text), ("sms_message", Text), ("journey", Text), ("node", Text)],
    ),
    person("page_viewed", "Page viewed", &[("url", Text)]),
    person("form_filled", "Form filled", &[("form", Text)]),
    person("link_clicked", "Link clicked", &[("url", Text)]),
    person("interesting_moment", "Person had interesting moment", MOMENT),
    account("account_interesting_moment", "Account had interesting moment", MOMENT),
    person("person_changed", "Person value changed", CHANGE),
    account("account_changed", "Account value changed", CHANGE),
    person("score_changed", "Score changed", &[("score", Text), ("old", Integer), ("new", Integer)]),
    person("assigned_to_buying_group", "Assigned to buying group", MEMBERSHIP),
    person("removed_from_buying_group", "Removed from buying group", MEMBERSHIP),
    account("buying_group_stage_changed", "Buying group stage changed", GROUP_TEXT),
    account("buying_group_status_changed", "Buying group status changed", GROUP_TEXT),
    account("completeness_changed", "Completeness score changed", GROUP_NUMBER),
    account("engagement_changed", "Engagement score changed", GROUP_NUMBER),
    account("account_list_joined", "Added to account list", &[("list", Text)]),
    account("account_list_left", "Removed from account list", &[("list", Text)]),
    person("external_audience_joined", "Added to external audience", &[("external_audience", Text)]),
    person("external_audience_left", "Removed from external audience", &[("external_audience", Text)]),
    either("journey_entered", "Journey entered", &[("journey", Text)]),
    either("journey_left", "Journey left", &[("journey", Text), ("outcome", Text)]),
    person(
        "journey_request_answered",
        "Request to another journey answered",
        &[("journey", Text), ("request", Text), ("outcome", Text), ("reason", Text)],
    ),
    account("account_merged", "Merged with another account", MERGED),
    person("person_merged", "Merged with another person", MERGED),
    either("external_answered", "External service answered", &[]),
];

/// The type of our own with this name.
pub fn event(kind: &str) -> Option<&'static EventFacts> {
    EVENTS.iter().find(|event| event.kind == kind)
}
