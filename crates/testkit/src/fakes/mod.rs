//! Other systems as they behave on the wire: each checks every request strictly, keeps state, and misbehaves on demand.
//!
//! They stand in for systems that no test can reach. What they do is written from what those systems document; where that
//! leaves something open, the fake can be told to do either.

pub mod aep;
pub mod faults;
pub mod linkedin;
pub mod marketo;
pub mod receiver;
pub mod rspamd;
pub mod s3;
pub(crate) mod server;
pub mod service;
pub mod spamd;
mod wire;

pub use aep::Aep;
pub use faults::{Fault, Faults};
pub use linkedin::LinkedIn;
pub use marketo::Marketo;
pub use receiver::Receiver;
pub use rspamd::Rspamd;
pub use s3::S3;
pub use service::Service;
pub use spamd::{Spamd, SpamdMood};
