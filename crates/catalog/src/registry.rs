//! Every action that there is: one line each.

use crate::action::ActionKind;
use crate::actions::*;

/// The actions, in the order in which the palette shows them.
pub static ACTIONS: &[&dyn ActionKind] =
    &[&&add_to_account_list::AddToAccountList, &&remove_from_account_list::RemoveFromAccountList];

/// The action with this key.
pub fn action(key: &str) -> Option<&'static dyn ActionKind> {
    ACTIONS.iter().copied().find(|action| action.facts().key == key)
}
