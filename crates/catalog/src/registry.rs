//! Every action that there is: one line each.

use crate::action::ActionKind;
use crate::actions::*;

/// The actions, in the order in which the palette shows them.
pub static ACTIONS: &[&dyn ActionKind] = &[
    &&update_account::UpdateAccount,
    &&account_interesting_moment::AccountInterestingMoment,
    &&activate_to_destination::ActivateToDestination,
    &&deactivate_from_destination::DeactivateFromDestination,
    &&add_to_journey::AddToJourney,
    &&remove_from_journey::RemoveFromJourney,
    &&add_to_account_list::AddToAccountList,
    &&remove_from_account_list::RemoveFromAccountList,
    &&send_sales_alert::SendSalesAlert,
    &&update_buying_group_stage::UpdateBuyingGroupStage,
    &&update_buying_group_status::UpdateBuyingGroupStatus,
    &&assign_to_buying_group::AssignToBuyingGroup,
    &&remove_from_buying_group::RemoveFromBuyingGroup,
    &&send_email::SendEmail,
    &&send_sms::SendSms,
    &&marketo_request_campaign::MarketoRequestCampaign,
    &&marketo_add_to_list::MarketoAddToList,
    &&marketo_remove_from_list::MarketoRemoveFromList,
    &&add_to_external_audience::AddToExternalAudience,
    &&update_person::UpdatePerson,
    &&change_score::ChangeScore,
    &&person_interesting_moment::PersonInterestingMoment,
    &&add_person_to_journey::AddPersonToJourney,
    &&remove_person_from_journey::RemovePersonFromJourney,
];

/// The action with this key.
pub fn action(key: &str) -> Option<&'static dyn ActionKind> {
    ACTIONS.iter().copied().find(|action| action.facts().key == key)
}
