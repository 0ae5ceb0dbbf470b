//! The words of Caravan: ids, clock, attributes, conditions, the journey map, documents, activities, effects, findings.
//!
//! Pure: never tokio, SQL, HTTP, the wall clock or global randomness.

pub mod attribute;
pub mod clock;
pub mod condition;
pub mod document;
pub mod duration;
pub mod finding;
pub mod id;
pub mod journey;
pub mod permission;
pub mod random;
pub mod sample;
pub mod source;
pub mod suggest;
pub mod template;
pub mod text;
pub mod value;
pub mod wait;

pub use clock::Clock;
pub use finding::{Finding, Severity};
pub use id::*;
pub use permission::Permission;
pub use random::Random;
