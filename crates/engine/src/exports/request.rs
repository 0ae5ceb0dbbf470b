//! What is exported: of which list, narrowed and ordered how, with which columns.

use caravan_model::document::DocumentKind;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sorting::{AccountOrder, GroupOrder, MemberOrder, PersonOrder, TripOrder};

/// An export as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    /// Of what.
    pub of: ExportOf,
    /// The columns, in their order; all there are when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Write texts exactly as they are, for other programs. Otherwise a text that a spreadsheet would take for a formula begins
    /// with an apostrophe.
    #[serde(default)]
    pub exact: bool,
}

/// What is exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportOf {
    /// Accounts.
    Accounts(ExportedAccounts),
    /// People.
    People(ExportedPeople),
    /// Buying groups, with the attributes of their accounts.
    BuyingGroups(ExportedGroups),
    /// Members of a list or an audience.
    Members(ExportedMembers),
    /// Travellers of a journey: one row for each trip.
    Travellers(ExportedTravellers),
    /// Activities, in the order in which they came in.
    Activities(ExportedActivities),
}

/// Why accounts are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ExportedAccountsPassedOver")]
pub enum AccountsPassedOver {
    /// They have no name.
    NoName,
}

/// Why people are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ExportedPeoplePassedOver")]
pub enum PeoplePassedOver {
    /// They have no address.
    NoEmail,
    /// They are test profiles.
    TestProfile,
}

/// Which accounts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExportedAccounts {
    /// Only those in whose key, name or web site this text occurs.
    pub q: Option<String>,
    /// Only those that journeys and groups pass over for this reason.
    pub passed_over: Option<AccountsPassedOver>,
    /// What they are ordered by.
    pub sort: AccountOrder,
    /// Key of an attribute that they are ordered by, instead of `sort`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_attribute: Option<String>,
    /// The highest first.
    pub descending: bool,
}

/// Which people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExportedPeople {
    /// Only those in whose key, name, address or job title this text occurs.
    pub q: Option<String>,
    /// Only those that messages, lists and journeys pass over for this reason.
    pub passed_over: Option<PeoplePassedOver>,
    /// What they are ordered by.
    pub sort: PersonOrder,
    /// Key of an attribute that they are ordered by, instead of `sort`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_attribute: Option<String>,
    /// The highest first.
    pub descending: bool,
}

/// Which buying groups.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExportedGroups {
    /// Only groups in whose name this text occurs.
    pub q: Option<String>,
    /// Key of the solution interest.
    pub solution_interest: Option<String>,
    /// Key of the account.
    pub account: Option<String>,
    /// The stage; empty: none yet.
    pub stage: Option<String>,
    /// The status; empty: none.
    pub status: Option<String>,
    /// Completeness from, included; the exact value is compared.
    pub completeness_from: Option<f64>,
    /// Completeness up to, included.
    pub completeness_to: Option<f64>,
    /// Engagement from, included; the exact value is compared.
    pub engagement_from: Option<f64>,
    /// Engagement up to, included.
    pub engagement_to: Option<f64>,
    /// A role that nobody in the group has.
    pub missing_role: Option<String>,
    /// A role that somebody in the group has.
    pub present_role: Option<String>,
    /// What they are ordered by; what changed last comes first when left out.
    pub sort: Option<GroupOrder>,
    /// The highest first.
    pub descending: bool,
}

/// What has members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// A list of accounts.
    AccountList,
    /// A list of people.
    PeopleList,
    /// An audience.
    Audience,
    /// An external audience.
    ExternalAudience,
}

impl From<ListKind> for DocumentKind {
    fn from(kind: ListKind) -> Self {
        match kind {
            ListKind::AccountList => Self::AccountList,
            ListKind::PeopleList => Self::PeopleList,
            ListKind::Audience => Self::Audience,
            ListKind::ExternalAudience => Self::ExternalAudience,
        }
    }
}

/// Whose members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedMembers {
    /// What it is.
    pub kind: ListKind,
    /// Its key.
    pub key: String,
    /// Only members in whose key, name or address this text occurs.
    #[serde(default)]
    pub q: Option<String>,
    /// What they are ordered by.
    #[serde(default)]
    pub sort: MemberOrder,
    /// The highest first.
    #[serde(default)]
    pub descending: bool,
}

/// Which travellers of a journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedTravellers {
    /// The journey's key.
    pub journey: String,
    /// Those whose trips have ended; those under way when left out.
    #[serde(default)]
    pub ended: bool,
    /// Only travellers in whose key, name, address, job title or web site this text occurs.
    #[serde(default)]
    pub q: Option<String>,
    /// What they are ordered by.
    #[serde(default)]
    pub sort: TripOrder,
    /// The highest, or what is latest, first.
    #[serde(default)]
    pub descending: bool,
}

/// Which activities.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExportedActivities {
    /// Key of an account: what is about it, and what its people did.
    pub account: Option<String>,
    /// Key of a person: what they did.
    pub person: Option<String>,
    /// Only these types; all when left out.
    pub types: Vec<String>,
    /// From when on, included.
    pub from: Option<Timestamp>,
    /// Until when, not included.
    pub until: Option<Timestamp>,
}

impl ExportOf {
    /// What the file is called, without its ending: letters, digits and signs that need no escaping.
    pub fn name(&self) -> &str {
        match self {
            Self::Accounts(_) => "accounts",
            Self::People(_) => "people",
            Self::BuyingGroups(_) => "buying-groups",
            Self::Members(members) => &members.key,
            Self::Travellers(travellers) => &travellers.journey,
            Self::Activities(_) => "activities",
        }
    }
}
