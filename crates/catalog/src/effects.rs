//! What actions hand over for delivery: the bodies of effects, copied when the action decides, so that nothing that
//! changes later changes a message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Kind of an effect that is one email to one person.
pub const EMAIL: &str = "email";
/// Kind of an effect that is one sales alert about one account.
pub const SALES_ALERT: &str = "sales_alert";

/// Kind of an effect that is one notice to a user of this installation. It is of no journey.
pub const NOTICE: &str = "notice";

/// What a user of this installation is told by mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoticeEffect {
    /// Key of the connection that sends it.
    pub connection: String,
    /// The user's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The whole text.
    pub text: String,
}

/// Kind of an effect that is one call of another system's operation.
pub const CALL: &str = "call";

/// One call of an operation of another system, for one account or person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallEffect {
    /// Key of the connection.
    pub connection: String,
    /// Key of the journey.
    pub journey: String,
    /// The node, or the box action, in the version's plan.
    pub node: i64,
    /// What is done; the connection's connector knows it. Simulations count by it.
    pub operation: String,
    /// To what: the list, the campaign, the audience.
    pub target: Json,
    /// For whom, with what the operation needs to know of them.
    pub subject: Json,
}

/// Kind of an effect that tells another system a person's score. It is no execution of its own: the score has changed here
/// already.
pub const MIRROR: &str = "score_mirror";

/// One call that tells another system a person's score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MirrorEffect {
    /// The call. A `value` of its subject is replaced by what the score is when it leaves, so that none overtakes another.
    #[serde(flatten)]
    pub call: CallEffect,
    /// The score.
    pub score: i64,
}

/// Kind of an effect by which one account joins or leaves an audience at a destination.
pub const MEMBERSHIP: &str = "membership";

/// One account joins or leaves an audience.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MembershipEffect {
    /// Key of the connection.
    pub connection: String,
    /// Key of the destination.
    pub destination: String,
    /// Name of the audience.
    pub audience: String,
    /// Key of the journey.
    pub journey: String,
    /// The node in the version's plan.
    pub node: i64,
    /// The action that asks for it. Simulations count by it.
    pub operation: String,
    /// It joins; else it leaves.
    pub joins: bool,
    /// What the destination may know of the account, by attribute; missing values are left out.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub account: Map<String, Json>,
}

/// Kind of an effect that is one text message to one person.
pub const SMS: &str = "sms";

/// One text message of ours to one person. Whether it may be sent is judged at delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SmsEffect {
    /// Key of the text message; its content is the one that the journey's version froze.
    pub sms_message: String,
    /// Key of the connection that sends it.
    pub connection: String,
    /// The number or sender id that it comes from; none: the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Key of the journey.
    pub journey: String,
    /// The node, or the box action, in the version's plan.
    pub node: i64,
    /// The number; none when the person has none.
    pub to: Option<String>,
    /// Key of the person.
    pub person: String,
    /// Key of the account on whose trip it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What the template names, by namespace; missing values are left out.
    pub values: Map<String, Json>,
}

/// One email of ours to one person. Whether it may be sent is judged at delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmailEffect {
    /// Key of the email; its content is the one that the journey's version froze.
    pub email: String,
    /// Key of the connection that sends it.
    pub connection: String,
    /// Key of the journey.
    pub journey: String,
    /// The node, or the box action, in the version's plan.
    pub node: i64,
    /// The address; none when the person has none.
    pub to: Option<String>,
    /// Key of the person.
    pub person: String,
    /// Key of the account on whose trip it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What the templates name, by namespace (`person`, `account`, `system`); missing values are left out.
    pub values: Map<String, Json>,
}

/// A picture of an account's buying group for those who sell to it, taken when the action decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SalesAlertEffect {
    /// Key of the connection that sends it.
    pub connection: String,
    /// Key of the journey.
    pub journey: String,
    /// The node in the version's plan.
    pub node: i64,
    /// The addresses, each once.
    pub to: Vec<String>,
    /// Name of the organisation, which heads the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Name of the group.
    pub group: String,
    /// Id of the group, `grp_…`: the alert leads to its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Key of the solution interest.
    pub solution_interest: String,
    /// Name of the solution interest.
    pub interest_name: String,
    /// Key of the account.
    pub account: String,
    /// Name of the account.
    pub account_name: String,
    /// 0 to 100, exact; shown as whole percent.
    pub engagement: Option<f64>,
    /// 0 to 100, exact; shown as whole percent.
    pub completeness: Option<f64>,
    /// The group's stage.
    pub stage: Option<String>,
    /// The group's status.
    pub status: Option<String>,
    /// Required roles that nobody has.
    pub missing_roles: Vec<String>,
    /// What the group's people did in the last 30 days, by what it was, the most frequent first.
    #[serde(default)]
    pub doings: Vec<(String, usize)>,
    /// The words that come up most in what they read, at most five.
    #[serde(default)]
    pub topics: Vec<String>,
    /// The latest interesting moments of its people, newest first, at most three: who, and what.
    #[serde(default)]
    pub moments: Vec<(String, String)>,
    /// Its members, the most engaged first, at most four.
    pub members: Vec<AlertMember>,
}

/// A member of the group as the alert shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertMember {
    /// Key of the person.
    pub person: String,
    /// First and last name, or what else is known.
    pub name: String,
    /// Job title.
    pub title: Option<String>,
    /// Role in the group.
    pub role: String,
    /// Address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Engagement, 0 to 100, exact; shown as whole percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement: Option<f64>,
    /// How much they did in the last 30 days.
    #[serde(default)]
    pub doings: usize,
    /// The latest two, newest first, with their days.
    #[serde(default)]
    pub latest: Vec<String>,
    /// The last interesting moment, with its day.
    #[serde(default)]
    pub moment: Option<String>,
}

/// The journey's key, from the source that its activities name.
pub(crate) fn journey_key(source: &str) -> String {
    source.strip_prefix("journey:").unwrap_or(source).to_owned()
}
