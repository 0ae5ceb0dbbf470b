//! External services that journeys call: found by their OpenAPI document, asked once per account or person, answering to a
//! callback address.
//!
//! The interface is the one of Adobe's external actions, so that services that were built for it work unchanged. Where its
//! descriptions contradict each other both readings are taken.

mod callback;
mod connector;
mod definition;
mod entity;
mod openapi;
mod register;
mod request;

pub use self::callback::{Answered, BadCallback, read as read_callback, token_in};
pub use self::connector::{Access, open};
pub use self::definition::{Accessor, EntityType, Field, LONGEST_MINUTES, Parameter, ServiceDefinition};
pub use self::entity::Entity;
pub use self::openapi::{Authentication, Described};
pub use self::register::{Registered, find};
pub use self::request::ServiceCall;
