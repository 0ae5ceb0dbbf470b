//! What long lists may be ordered by: the columns that are offered, and no others.

use caravan_model::Finding;
use caravan_model::attribute::AttributeSet;
use caravan_store::access::AuditBy;
use caravan_store::documents::DefinitionBy;
use caravan_store::group_pages::{GroupBy, GroupMemberBy};
use caravan_store::members::MemberBy;
use caravan_store::ordered::Sort;
use caravan_store::people::ListedBy;
use caravan_store::trips::TripBy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What definitions, journeys among them, are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefinitionOrder {
    /// The key.
    #[default]
    Key,
    /// The name.
    Name,
    /// The state.
    State,
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// By whom it was last changed.
    UpdatedBy,
    /// When it was last published.
    PublishedAt,
    /// By whom it was last published.
    PublishedBy,
}

impl DefinitionOrder {
    /// As the store knows it.
    pub fn sort(self, descending: bool) -> Sort<DefinitionBy> {
        let by = match self {
            Self::Key => DefinitionBy::Key,
            Self::Name => DefinitionBy::Name,
            Self::State => DefinitionBy::State,
            Self::CreatedAt => DefinitionBy::Created,
            Self::UpdatedAt => DefinitionBy::Updated,
            Self::UpdatedBy => DefinitionBy::UpdatedBy,
            Self::PublishedAt => DefinitionBy::Published,
            Self::PublishedBy => DefinitionBy::PublishedBy,
        };
        Sort { by, descending }
    }
}

/// What the record of what was done by hand is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOrder {
    /// When.
    At,
    /// By whom.
    Actor,
    /// To what.
    Subject,
}

impl AuditOrder {
    /// As the store knows it; what was done last comes first where nothing is said.
    pub fn sort(order: Option<Self>, descending: bool) -> Sort<AuditBy> {
        let by = match order {
            None => return Sort::down(AuditBy::At),
            Some(Self::At) => AuditBy::At,
            Some(Self::Actor) => AuditBy::Actor,
            Some(Self::Subject) => AuditBy::Subject,
        };
        Sort { by, descending }
    }
}

/// What accounts are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountOrder {
    /// The key.
    #[default]
    Key,
    /// The name.
    Name,
    /// The industry.
    Industry,
    /// The country.
    Country,
    /// How many employees.
    Employees,
    /// How many people.
    People,
    /// Who looks after it.
    OwnerEmail,
    /// When it was last changed.
    UpdatedAt,
}

impl AccountOrder {
    /// As the store knows it.
    pub fn sort(self, descending: bool) -> Sort<ListedBy> {
        let by = match self {
            Self::Key => ListedBy::Key,
            Self::Name => ListedBy::Name,
            Self::Industry => ListedBy::Title,
            Self::Country => ListedBy::Country,
            Self::Employees => ListedBy::Employees,
            Self::People => ListedBy::Related,
            Self::OwnerEmail => ListedBy::Owner,
            Self::UpdatedAt => ListedBy::Updated,
        };
        Sort { by, descending }
    }
}

/// By an attribute where one is named, else as the list's own order says.
///
/// # Errors
/// There is no such attribute, or it is not managed; the finding stands at `pointer`.
pub fn by_attribute(
    own: Sort<ListedBy>,
    set: &AttributeSet,
    attribute: Option<&str>,
    pointer: &str,
) -> Result<Sort<ListedBy>, Finding> {
    let Some(key) = attribute.filter(|key| !key.is_empty()) else { return Ok(own) };
    let (no, _) = set.find(key, pointer)?;
    Ok(Sort { by: ListedBy::Attribute(no), ..own })
}

/// What people are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonOrder {
    /// The key.
    #[default]
    Key,
    /// First and last name.
    Name,
    /// The address.
    Email,
    /// The job title.
    JobTitle,
    /// The country.
    Country,
    /// Of how many accounts.
    Accounts,
    /// Whether they get marketing mail; those who do first.
    Unsubscribed,
    /// The engagement.
    Engagement,
    /// When they were last changed.
    UpdatedAt,
}

impl PersonOrder {
    /// As the store knows it.
    pub fn sort(self, descending: bool) -> Sort<ListedBy> {
        let by = match self {
            Self::Key => ListedBy::Key,
            Self::Name => ListedBy::Name,
            Self::Email => ListedBy::Email,
            Self::JobTitle => ListedBy::Title,
            Self::Country => ListedBy::Country,
            Self::Accounts => ListedBy::Related,
            Self::Unsubscribed => ListedBy::Subscribed,
            Self::Engagement => ListedBy::Engagement,
            Self::UpdatedAt => ListedBy::Updated,
        };
        Sort { by, descending }
    }
}

/// What trips of a journey are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TripOrder {
    /// When they entered.
    #[default]
    EnteredAt,
    /// The name of who travels.
    Name,
    /// When they move next by themselves.
    DueAt,
    /// When they ended.
    EndedAt,
    /// How they ended.
    Outcome,
}

impl TripOrder {
    /// As the store knows it.
    pub fn sort(self, descending: bool) -> Sort<TripBy> {
        let by = match self {
            Self::EnteredAt => TripBy::Entered,
            Self::Name => TripBy::Name,
            Self::DueAt => TripBy::Due,
            Self::EndedAt => TripBy::Ended,
            Self::Outcome => TripBy::Outcome,
        };
        Sort { by, descending }
    }
}

/// What buying groups are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupOrder {
    /// The name: interest and account.
    Name,
    /// The name of the account.
    Account,
    /// The name of the solution interest.
    SolutionInterest,
    /// How many members.
    Members,
    /// How complete, by the exact value.
    Completeness,
    /// How engaged, by the exact value.
    Engagement,
    /// The stage.
    Stage,
    /// The status.
    Status,
    /// When it was created.
    CreatedAt,
    /// When anything about it last changed.
    UpdatedAt,
}

impl GroupOrder {
    /// As the store knows it; what changed last comes first where nothing is said.
    pub fn sort(order: Option<Self>, descending: bool) -> Sort<GroupBy> {
        let by = match order {
            None => return Sort::down(GroupBy::Updated),
            Some(Self::Name) => GroupBy::Name,
            Some(Self::Account) => GroupBy::Account,
            Some(Self::SolutionInterest) => GroupBy::Interest,
            Some(Self::Members) => GroupBy::Members,
            Some(Self::Completeness) => GroupBy::Completeness,
            Some(Self::Engagement) => GroupBy::Engagement,
            Some(Self::Stage) => GroupBy::Stage,
            Some(Self::Status) => GroupBy::Status,
            Some(Self::CreatedAt) => GroupBy::Created,
            Some(Self::UpdatedAt) => GroupBy::Updated,
        };
        Sort { by, descending }
    }
}

/// What members of lists are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberOrder {
    /// The key.
    #[default]
    Key,
    /// The name.
    Name,
    /// A person's address.
    Email,
    /// Who put them in.
    Source,
    /// Since when.
    AddedAt,
    /// Who came last comes first.
    Newest,
}

impl MemberOrder {
    /// As the store knows it.
    pub fn sort(self, descending: bool) -> Sort<MemberBy> {
        let by = match self {
            Self::Newest => return Sort::down(MemberBy::Added),
            Self::Key => MemberBy::Key,
            Self::Name => MemberBy::Name,
            Self::Email => MemberBy::Email,
            Self::Source => MemberBy::Source,
            Self::AddedAt => MemberBy::Added,
        };
        Sort { by, descending }
    }
}

/// What members of a buying group are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupMemberOrder {
    /// The key of the person.
    #[default]
    Key,
    /// First and last name.
    Name,
    /// The role.
    Role,
    /// The job title.
    JobTitle,
    /// The address.
    Email,
    /// The phone number.
    Phone,
    /// The person's engagement, by the exact value.
    Engagement,
    /// Who decided it.
    Source,
    /// Since when.
    AddedAt,
    /// Since when no more.
    RemovedAt,
}

impl GroupMemberOrder {
    /// As the store knows it.
    pub fn sort(self, descending: bool) -> Sort<GroupMemberBy> {
        let by = match self {
            Self::Key => GroupMemberBy::Key,
            Self::Name => GroupMemberBy::Name,
            Self::Role => GroupMemberBy::Role,
            Self::JobTitle => GroupMemberBy::JobTitle,
            Self::Email => GroupMemberBy::Email,
            Self::Phone => GroupMemberBy::Phone,
            Self::Engagement => GroupMemberBy::Engagement,
            Self::Source => GroupMemberBy::Source,
            Self::AddedAt => GroupMemberBy::Added,
            Self::RemovedAt => GroupMemberBy::Removed,
        };
        Sort { by, descending }
    }
}
