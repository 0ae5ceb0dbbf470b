//! The typed bodies of all kinds, behind one enum.

use serde::de::Error as _;
use serde_json::Value;

use super::{Definition, DocumentKind, Envelope, PlacedCondition, Reference};
use crate::finding::Finding;
use crate::journey::Journey;

macro_rules! bodies {
    ($($kind:ident: $body:ty;)*) => {
        /// What a document says beside its envelope.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each is documented where it is defined")]
        pub enum Body {
            $($kind(Box<$body>),)*
        }

        impl Body {
            /// The kind it belongs to.
            pub fn kind(&self) -> DocumentKind {
                match self { $(Self::$kind(_) => DocumentKind::$kind,)* }
            }

            /// Types a value whose shape was checked.
            pub(super) fn typed(kind: DocumentKind, value: Value) -> Result<Self, serde_json::Error> {
                Ok(match kind { $(DocumentKind::$kind => Self::$kind(Box::new(serde_json::from_value(value)?)),)* })
            }

            /// The fields, in their canonical order.
            pub(super) fn to_value(&self) -> Result<Value, serde_json::Error> {
                match self { $(Self::$kind(body) => serde_json::to_value(body),)* }
            }

            /// The JSON Schema of a kind's body.
            pub(super) fn schema(kind: DocumentKind) -> Value {
                let schema = match kind { $(DocumentKind::$kind => schemars::schema_for!($body),)* };
                super::schema::with_tags_inside(schema.to_value())
            }

            fn definition(&self) -> &dyn Definition {
                match self { $(Self::$kind(body) => body.as_ref(),)* }
            }
        }
    };
}

bodies! {
    Journey: Journey;
    AccountList: super::AccountList;
    Audience: super::Audience;
    PeopleList: super::PeopleList;
    Role: super::Role;
    RolesTemplate: super::RolesTemplate;
    SolutionInterest: super::SolutionInterest;
    StageModel: super::StageModel;
    Attribute: super::Attribute;
    Score: super::Score;
    CustomObject: super::CustomObject;
    ActivityType: super::ActivityType;
    Email: super::Email;
    EmailTemplate: super::EmailTemplate;
    Fragment: super::Fragment;
    SmsMessage: super::SmsMessage;
    ExternalAudience: super::ExternalAudience;
    Destination: super::Destination;
    DataFlow: super::DataFlow;
    Connection: super::Connection;
    ExternalAction: super::ExternalAction;
    SendingDomain: super::SendingDomain;
    RuleSet: super::RuleSet;
    Webhook: super::Webhook;
    WeightingModel: super::WeightingModel;
    Persona: super::Persona;
    AccessRole: super::AccessRole;
    Settings: super::Settings;
}

impl Body {
    /// What is wrong with it, as far as it can tell alone.
    pub fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        self.definition().check(envelope)
    }

    /// The documents it names, those in its conditions and actions aside.
    pub fn references(&self) -> Vec<Reference> {
        self.definition().references()
    }

    /// The conditions in it.
    pub fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        self.definition().conditions()
    }

    /// Every text of it that is a template, with its pointer.
    pub fn templates(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Email(email) => email.templates(),
            Self::EmailTemplate(template) => template.templates(),
            Self::Fragment(fragment) => fragment.templates(),
            Self::SmsMessage(message) => vec![("/body", message.body.as_str())],
            _ => Vec::new(),
        }
    }

    /// The journey, when it is one.
    pub fn journey(&self) -> Option<&Journey> {
        match self {
            Self::Journey(journey) => Some(journey),
            _ => None,
        }
    }

    /// The fields as a map; a body is always one.
    pub(super) fn fields(&self) -> Result<serde_json::Map<String, Value>, serde_json::Error> {
        match self.to_value()? {
            Value::Object(fields) => Ok(fields),
            _ => Err(serde_json::Error::custom("a body is a mapping")),
        }
    }
}
