//! What there is to be allowed. Every operation asks for one of these; roles of users hold them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($(#[doc = $about:literal] $name:ident = $key:literal;)*) => {
        /// Something that a role may be allowed.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        pub enum Permission {
            $(#[doc = $about] #[serde(rename = $key)] $name,)*
        }

        impl Permission {
            /// All of them, in the order of this table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As manifests and the OpenAPI document write it.
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
    /// Read definitions, the status of journeys and the catalogue.
    ReadDefinitions = "definitions:read";
    /// Change what journeys are made of, except their emails: journeys, lists, text messages, roles, interests, attributes …
    WriteDefinitions = "definitions:write";
    /// Change emails, send proofs of them and comment on them.
    WriteEmails = "emails:write";
    /// Change email templates, import them and comment on them.
    WriteTemplates = "templates:write";
    /// Change drafts of fragments and comment on them.
    WriteFragments = "fragments:write";
    /// Publish fragments that one may change.
    PublishFragments = "fragments:publish";
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
    /// Send an email by hand to members of buying groups and people of accounts.
    SendMessages = "messages:send";
    /// Send proofs to addresses outside of the organisation's own domains.
    ProofOutside = "proofs:outside";
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
