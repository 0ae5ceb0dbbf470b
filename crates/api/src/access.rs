//! Who may do what: users, tokens, sessions, roles, and the one door that every request passes.
//!
//! Never a resource; operations only say which [`Permission`] they ask for.

mod accounts;
mod caller;
mod gate;
mod roles;
mod secret;
mod throttle;

pub use accounts::{AccessError, add_user, create_token, ensure_user, reset_user};
pub use caller::Caller;
pub use gate::{Gate, PUBLIC};
pub use roles::{GRANTS, Permission, Rights, Role};

pub(crate) use accounts::{
    Giver, SESSION_LASTS, admit, folded_email, given_role, issue_token, must_cover, reset_password, sign_in,
};
pub(crate) use caller::{SESSION_COOKIE, identify};
pub(crate) use roles::granted_by;
pub(crate) use secret::{fingerprint, new_secret};
pub(crate) use throttle::Throttle;
