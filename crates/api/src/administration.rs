//! Looking after an installation: who may use it, what was done by hand, what works in the background, what it stores.

mod audit;
mod jobs;
mod storage;
mod tokens;
mod users;

use crate::http::Operations;

const TAG: &str = "Administration";

/// The operations of these files.
pub fn operations() -> Operations {
    [users::operations(), tokens::operations(), audit::operations(), jobs::operations()]
        .into_iter()
        .fold(storage::operations(), Operations::and)
}
