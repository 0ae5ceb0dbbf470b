//! How this room speaks HTTP: problems, what is taken from requests, pages, and the registration of operations.
//!
//! Nothing here knows a resource.

pub mod answer;
pub mod extract;
pub mod file;
pub mod operations;
pub mod page;
pub mod problem;
pub mod upload;

pub use answer::{Answer, Done};
pub use extract::{IfMatch, Json, Path, Query};
pub use operations::Operations;
pub use problem::Problem;
