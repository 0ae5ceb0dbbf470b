//! Documents: everything a person designs, as one envelope around a typed body.

mod kind;
mod reference;

pub use kind::{DocumentKind, KINDS};
pub use reference::Reference;
