//! The actions, one file each. To add one: the file, its line here, its line in [`crate::registry`].

pub mod account_interesting_moment;
pub mod activate_to_destination;
pub mod add_person_to_journey;
pub mod add_to_account_list;
pub mod add_to_external_audience;
pub mod add_to_journey;
pub mod assign_to_buying_group;
pub mod change_score;
pub mod deactivate_from_destination;
pub mod marketo_add_to_list;
pub mod marketo_remove_from_list;
pub mod marketo_request_campaign;
pub mod person_interesting_moment;
pub mod remove_from_account_list;
pub mod remove_from_buying_group;
pub mod remove_from_journey;
pub mod remove_person_from_journey;
pub mod send_email;
pub mod send_sales_alert;
pub mod send_sms;
pub mod update_account;
pub mod update_buying_group_stage;
pub mod update_buying_group_status;
pub mod update_person;
