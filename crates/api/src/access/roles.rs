//! The permission table: what there is to be allowed, and what each built-in role is allowed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($(#[doc = $about:literal] $name:ident = $key:literal;)*) => {
        /// Something that a role may be allowed. Every operation asks for one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission {
            $(#[doc = $about] $name,)*
        }

        impl Permission {
            /// All of them, in the order of this table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As it stands in the OpenAPI document.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }

            /// What it allows, in a sentence.
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about.trim_ascii()),* }
            }
        }
    };
}

permissions! {
    /// Read definitions, the status of journeys, their travellers and the catalogue.
    ReadDefinitions = "definitions:read";
    /// Change what journeys are made of: journeys, lists, emails, roles, interests, attributes …
    WriteDefinitions = "definitions:write";
    /// Change how other systems are reached: connections, sending domains, destinations, webhooks, communication limits.
    WriteChannels = "channels:write";
    /// Change the organisation's settings and what roles may do.
    WriteSettings = "settings:write";
    /// Publish, pause, resume, close and abort journeys, move travellers, settle problems.
    RunJourneys = "journeys:run";
    /// Read accounts, people and what they did.
    ReadCustomers = "customers:read";
    /// Import and change accounts and people.
    WriteCustomers = "customers:write";
    /// Decide by hand who is in which buying group, and its stage and status.
    EditGroups = "groups:edit";
    /// Take accounts and people away for good.
    DeleteCustomers = "customers:delete";
    /// Hand in what people did (Segment-compatible calls, activities).
    WriteActivities = "activities:write";
    /// Read caught mail.
    ReadMail = "mail:read";
    /// Throw caught mail away.
    DeleteMail = "mail:delete";
    /// Say who may use this installation: users, API tokens; read what was done by hand.
    ManageAccess = "access:manage";
}

/// A built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything.
    Administrator,
    /// Designs and runs journeys.
    JourneyManager,
    /// Looks after connections, domains and limits.
    ChannelManager,
    /// Looks up accounts and what journeys did with them; says who is in which buying group.
    Sales,
    /// Looks at journeys and their counts, at no customer.
    Viewer,
}

use Permission::*;

/// What each role may do.
pub const GRANTS: &[(Role, &[Permission])] = &[
    (
        Role::Administrator,
        &[
            ReadDefinitions,
            WriteDefinitions,
            WriteChannels,
            WriteSettings,
            RunJourneys,
            ReadCustomers,
            WriteCustomers,
            EditGroups,
            DeleteCustomers,
            WriteActivities,
            ReadMail,
            DeleteMail,
            ManageAccess,
        ],
    ),
    (
        Role::JourneyManager,
        &[
            ReadDefinitions,
            WriteDefinitions,
            RunJourneys,
            ReadCustomers,
            WriteCustomers,
            EditGroups,
            WriteActivities,
            ReadMail,
            DeleteMail,
        ],
    ),
    (Role::ChannelManager, &[ReadDefinitions, WriteChannels, WriteActivities, ReadMail, DeleteMail]),
    (Role::Sales, &[ReadDefinitions, ReadCustomers, EditGroups]),
    (Role::Viewer, &[ReadDefinitions]),
];

/// Every role, in the order of [`GRANTS`].
const ROLES: &[Role] = &[Role::Administrator, Role::JourneyManager, Role::ChannelManager, Role::Sales, Role::Viewer];

impl Role {
    /// As users and tokens carry it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::JourneyManager => "journey_manager",
            Self::ChannelManager => "channel_manager",
            Self::Sales => "sales",
            Self::Viewer => "viewer",
        }
    }

    /// The role written as `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        ROLES.iter().copied().find(|role| role.key() == key)
    }

    /// What it is for, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Administrator => "May do everything.",
            Self::JourneyManager => "Designs and runs journeys.",
            Self::ChannelManager => "Looks after connections, domains and limits.",
            Self::Sales => "Looks up accounts and what journeys did with them; says who is in which buying group.",
            Self::Viewer => "Looks at journeys and their counts, at no customer.",
        }
    }

    /// The keys of all roles, for messages.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        ROLES.iter().map(|role| role.key())
    }

    /// Whether it grants a permission.
    pub fn may(self, permission: Permission) -> bool {
        GRANTS.iter().any(|(role, granted)| *role == self && granted.contains(&permission))
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}
