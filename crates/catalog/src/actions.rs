//! The actions, one file each. To add one: the file, its line here, its line in [`crate::registry`].

pub mod add_to_account_list;
pub mod remove_from_account_list;
