//! What each built-in role is allowed, and what a role, built in or one's own, comes to.

use std::collections::BTreeSet;

use caravan_model::document::{Body, DocumentKind, read_document};
pub use caravan_model::permission::Permission;
use caravan_store::{Session, StoreError, documents};

/// A built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// May do everything.
    Administrator,
    /// Designs and runs journeys.
    JourneyManager,
    /// Looks after connections, domains and limits.
    ChannelManager,
    /// Looks up accounts and what journeys did with them; says who is in which buying group, and writes to them by hand.
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
            WriteEmails,
            WriteTemplates,
            WriteFragments,
            PublishFragments,
            WriteChannels,
            WriteSettings,
            RunJourneys,
            ReadCustomers,
            WriteCustomers,
            EditGroups,
            SendMessages,
            ProofOutside,
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
            WriteEmails,
            WriteTemplates,
            WriteFragments,
            PublishFragments,
            RunJourneys,
            ReadCustomers,
            WriteCustomers,
            EditGroups,
            SendMessages,
            WriteActivities,
            ReadMail,
            DeleteMail,
        ],
    ),
    (Role::ChannelManager, &[ReadDefinitions, WriteChannels, WriteActivities, ReadMail, DeleteMail]),
    (Role::Sales, &[ReadDefinitions, ReadCustomers, EditGroups, SendMessages]),
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
            Self::Sales => {
                "Looks up accounts and what journeys did with them; says who is in which buying group, and writes to its members and to people of accounts."
            }
            Self::Viewer => "Looks at journeys and their counts, at no customer.",
        }
    }

    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::JourneyManager => "Journey manager",
            Self::ChannelManager => "Channel manager",
            Self::Sales => "Sales",
            Self::Viewer => "Viewer",
        }
    }

    /// What it grants.
    pub fn grants(self) -> &'static [Permission] {
        GRANTS.iter().find(|(role, _)| *role == self).map(|(_, granted)| *granted).unwrap_or_default()
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}

/// What somebody may do: the key of their role and what it grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    role: String,
    granted: BTreeSet<Permission>,
}

impl Rights {
    /// What the role written as `key` grants now; none when there is no such role.
    ///
    /// # Errors
    /// Of the store.
    pub fn of(s: &mut dyn Session, key: &str) -> Result<Option<Self>, StoreError> {
        if let Some(role) = Role::from_key(key) {
            return Ok(Some(Self::new(key, role.grants())));
        }
        let row = documents::get(s, DocumentKind::AccessRole.key(), key)?;
        Ok(row.and_then(|row| granted_by(&row.body)).map(|granted| Self::new(key, &granted)))
    }

    /// The same, for a role that is about to be given: it stays until the transaction ends.
    ///
    /// # Errors
    /// Of the store.
    pub fn held(s: &mut dyn Session, key: &str) -> Result<Option<Self>, StoreError> {
        if Role::from_key(key).is_none() {
            documents::hold(s, DocumentKind::AccessRole.key(), key)?;
        }
        Self::of(s, key)
    }

    /// What these permissions come to under the name of a role.
    pub fn new(role: &str, granted: &[Permission]) -> Self {
        Self { role: role.to_owned(), granted: granted.iter().copied().collect() }
    }

    /// The key of the role.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// Whether it grants a permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.granted.contains(&permission)
    }

    /// What `other` grants and this does not.
    pub fn lacks(&self, other: &Self) -> Vec<Permission> {
        other.granted.difference(&self.granted).copied().collect()
    }
}

/// What a stored role allows; none when this version cannot read it.
pub(crate) fn granted_by(body: &str) -> Option<Vec<Permission>> {
    match read_document(serde_json::from_str(body).ok()?).0?.body {
        Body::AccessRole(role) => Some(role.permissions),
        _ => None,
    }
}
