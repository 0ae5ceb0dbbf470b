//! Looking after an installation: who may use it, what was done by hand, what works in the background, what it stores, by what
//! it tells machines.

mod audit;
mod jobs;
mod machines;
mod storage;
mod tokens;
mod users;

use crate::http::Operations;

const TAG: &str = "Administration";

/// The operations of these files.
pub fn operations() -> Operations {
    [users::operations(), tokens::operations(), audit::operations(), jobs::operations(), machines::operations()]
        .into_iter()
        .fold(storage::operations(), Operations::and)
}
