//! The registry of document kinds: one line each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a kind's documents live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeCycle {
    /// No states: what is applied holds at once.
    Plain,
    /// `draft` until published, then `live`.
    Publish,
    /// The journey's own states, moved by the runtime; always applied as a draft.
    Journey,
}

/// Form of a kind's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// `enterprise-nurture`.
    Kebab,
    /// `crm_tier`: the key is a name inside conditions and files, so `_` is allowed beside `-`.
    Identifier,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $plural:literal, $label:literal, $cycle:ident, $form:ident;)*) => {
        /// What a document is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum DocumentKind {
            $($(#[$doc])* $name,)*
        }

        /// Every kind, in the order of the interfaces page.
        pub const KINDS: &[DocumentKind] = &[$(DocumentKind::$name),*];

        impl DocumentKind {
            /// As written in `kind:`.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }

            /// As in URLs.
            pub fn plural(self) -> &'static str {
                match self { $(Self::$name => $plural),* }
            }

            /// As people read it.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }

            /// Which states its documents go through.
            pub fn life_cycle(self) -> LifeCycle {
                match self { $(Self::$name => LifeCycle::$cycle),* }
            }

            /// Form of its keys.
            pub fn key_form(self) -> KeyForm {
                match self { $(Self::$name => KeyForm::$form),* }
            }
        }
    };
}

kinds! {
    /// A journey.
    Journey = "journey", "journeys", "Journey", Journey, Kebab;
    /// A list of accounts.
    AccountList = "account_list", "account_lists", "Account list", Publish, Kebab;
    /// A saved filter.
    Audience = "audience", "audiences", "Audience", Plain, Kebab;
    /// A list of people.
    PeopleList = "people_list", "people_lists", "People list", Publish, Kebab;
    /// A role in buying groups beside the built-in ones.
    Role = "role", "roles", "Role", Plain, Kebab;
    /// The roles of a buying group, by priority.
    RolesTemplate = "roles_template", "roles_templates", "Roles template", Publish, Kebab;
    /// What an account may be interested in; one buying group per account and interest.
    SolutionInterest = "solution_interest", "solution_interests", "Solution interest", Plain, Kebab;
    /// Stages of buying groups and the moves between them.
    StageModel = "stage_model", "stage_models", "Stage model", Publish, Kebab;
    /// A custom attribute of accounts or people.
    Attribute = "attribute", "attributes", "Attribute", Plain, Identifier;
    /// A named score of people.
    Score = "score", "scores", "Score", Plain, Identifier;
    /// A kind of records that belong to an account or a person.
    CustomObject = "custom_object", "custom_objects", "Custom object", Plain, Identifier;
    /// A declared type of activity.
    ActivityType = "activity_type", "activity_types", "Activity type", Plain, Identifier;
    /// An email.
    Email = "email", "emails", "Email", Plain, Kebab;
    /// A reusable body of emails.
    EmailTemplate = "email_template", "email_templates", "Email template", Plain, Kebab;
    /// A piece of content used in several emails.
    Fragment = "fragment", "fragments", "Fragment", Publish, Kebab;
    /// A text message.
    SmsMessage = "sms_message", "sms_messages", "SMS message", Plain, Kebab;
    /// A named set of people that is handed to destinations.
    ExternalAudience = "external_audience", "external_audiences", "External audience", Plain, Kebab;
    /// Where audiences and accounts are handed to.
    Destination = "destination", "destinations", "Destination", Plain, Kebab;
    /// Accounts that a destination is kept in step with.
    DataFlow = "data_flow", "data_flows", "Data flow", Publish, Kebab;
    /// Access to another system.
    Connection = "connection", "connections", "Connection", Plain, Kebab;
    /// An external service that journeys call.
    ExternalAction = "external_action", "external_actions", "External action", Plain, Kebab;
    /// A domain that mail is sent from.
    SendingDomain = "sending_domain", "sending_domains", "Sending domain", Plain, Kebab;
    /// Communication limits.
    RuleSet = "rule_set", "rule_sets", "Rule set", Publish, Kebab;
    /// A subscription of another system to activities.
    Webhook = "webhook", "webhooks", "Webhook", Plain, Kebab;
    /// What activities weigh in engagement scores.
    WeightingModel = "weighting_model", "weighting_models", "Weighting model", Publish, Kebab;
    /// A named kind of people.
    Persona = "persona", "personas", "Persona", Plain, Kebab;
    /// What a role of users may do.
    AccessRole = "access_role", "access_roles", "Access role", Plain, Kebab;
    /// The organisation's settings; there is one.
    Settings = "settings", "settings", "Settings", Plain, Kebab;
}

impl DocumentKind {
    /// The kind written as `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.key() == key)
    }

    /// The kind whose URLs carry `plural`.
    pub fn from_plural(plural: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.plural() == plural)
    }
}

impl std::fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}
