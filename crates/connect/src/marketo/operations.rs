//! What Caravan does in Marketo: membership of static lists, requests of campaigns, scores.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::client::{Client, Reason, Request, Trouble};
use super::names::{Names, Wanted};
use super::people::{self, Found, folded};
use super::settings::MarketoSettings;
use crate::connector::Outcome;

/// Most people in one change of a list or one sync.
const MOST_RECORDS: usize = 300;
/// Most people in one request of a campaign.
const MOST_REQUESTED: usize = 100;
/// Marketo's code for a record that is not there.
const NO_SUCH_LEAD: &str = "1004";

/// What is done, and to what. Named like the actions that ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "operation", content = "target", rename_all = "snake_case")]
pub enum Operation {
    /// People become members of a static list, by its name or id.
    MarketoAddToList {
        /// Its name or id.
        list: String,
    },
    /// People leave a static list.
    MarketoRemoveFromList {
        /// Its name or id.
        list: String,
    },
    /// People are handed to a requestable campaign of a workspace.
    MarketoRequestCampaign {
        /// Where the campaign stands.
        workspace: String,
        /// Its name or id.
        campaign: String,
    },
    /// People are handed to the campaign that sends an email of a workspace.
    MarketoSendEmail {
        /// Where the email and its campaign stand.
        workspace: String,
        /// Its name or id, as the connection names it beside its campaign.
        email: String,
    },
    /// A score field of people gets a value.
    MarketoSetScore {
        /// REST name of the field.
        field: String,
    },
}

impl Operation {
    /// Whether doing it twice is the same as doing it once.
    pub fn repeats_safely(&self) -> bool {
        !matches!(self, Self::MarketoRequestCampaign { .. } | Self::MarketoSendEmail { .. })
    }
}

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The address by which Marketo finds the person.
    pub email: String,
    /// Values of the campaign's tokens, by name without braces (`my.message`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<String, String>,
    /// The score's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
}

/// Does one operation for many people; one outcome for each, in their order.
pub async fn carry_out(
    client: &Client,
    settings: &MarketoSettings,
    names: &Names,
    operation: &Operation,
    subjects: &[Subject],
) -> Vec<Outcome> {
    let place = match place_of(client, settings, names, operation).await {
        Ok(place) => place,
        Err(trouble) => return vec![trouble.outcome(); subjects.len()],
    };
    let mut outcomes = carry_out_at(client, settings, &place, subjects).await;
    // Merged or deleted between being found and being changed: looked for once more.
    let gone: Vec<usize> = (0..subjects.len()).filter(|n| is_gone(&outcomes[*n])).collect();
    if !gone.is_empty() {
        let again: Vec<Subject> = gone.iter().map(|n| subjects[*n].clone()).collect();
        for (n, outcome) in gone.into_iter().zip(carry_out_at(client, settings, &place, &again).await) {
            outcomes[n] = outcome;
        }
    }
    outcomes
}

async fn carry_out_at(
    client: &Client,
    settings: &MarketoSettings,
    place: &Place,
    subjects: &[Subject],
) -> Vec<Outcome> {
    let addresses: Vec<String> = subjects.iter().map(|subject| subject.email.clone()).collect();
    let found = people::find(client, settings.update_policy, &addresses).await;
    let mut results = Results::default();
    match place {
        Place::List { id, method } => change_list(client, *id, method, &leads_of(&found), &mut results).await,
        Place::Campaign(id) => request_campaign(client, *id, subjects, &found, &mut results).await,
        Place::Field(field) => set_field(client, field, subjects, &found, &mut results).await,
    }
    subjects.iter().map(|subject| outcome_of(subject, &found, &results)).collect()
}

/// Whether Marketo knows no record of the person any more, so that nothing was done.
fn is_gone(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { code, .. } if code.strip_prefix("marketo_") == Some(NO_SUCH_LEAD))
}

/// Where an operation takes place, its names looked up.
enum Place {
    List { id: i64, method: Method },
    Campaign(i64),
    Field(String),
}

async fn place_of(
    client: &Client,
    settings: &MarketoSettings,
    names: &Names,
    operation: &Operation,
) -> Result<Place, Trouble> {
    match operation {
        Operation::MarketoAddToList { list } => {
            Ok(Place::List { id: names.id(client, Wanted::List, None, list).await?, method: Method::POST })
        }
        Operation::MarketoRemoveFromList { list } => {
            Ok(Place::List { id: names.id(client, Wanted::List, None, list).await?, method: Method::DELETE })
        }
        Operation::MarketoRequestCampaign { workspace, campaign } => {
            Ok(Place::Campaign(names.id(client, Wanted::Campaign, Some(workspace), campaign).await?))
        }
        Operation::MarketoSendEmail { workspace, email } => {
            let Some(campaign) = settings.email_campaigns.get(email) else {
                let message = format!(
                    "No campaign is named that sends Marketo's email `{email}`. Name one under `email_campaigns` of the \
                     connection: requestable, with a Send Email step."
                );
                return Err(Trouble::shut("no_email_campaign", message));
            };
            Ok(Place::Campaign(names.id(client, Wanted::Campaign, Some(workspace), campaign).await?))
        }
        Operation::MarketoSetScore { field } => Ok(Place::Field(field.clone())),
    }
}

/// What became of each person of Marketo.
#[derive(Default)]
struct Results(HashMap<i64, Result<String, Trouble>>);

impl Results {
    fn all(&mut self, leads: &[i64], result: &Result<String, Trouble>) {
        self.0.extend(leads.iter().map(|lead| (*lead, result.clone())));
    }
}

fn leads_of(found: &Found) -> Vec<i64> {
    let mut leads: Vec<i64> = found.values().flatten().flatten().copied().collect();
    leads.sort_unstable();
    leads.dedup();
    leads
}

async fn change_list(client: &Client, list: i64, method: &Method, leads: &[i64], results: &mut Results) {
    for chunk in leads.chunks(MOST_RECORDS) {
        let adding = *method == Method::POST;
        let request = Request {
            method: method.clone(),
            path: format!("/rest/v1/lists/{list}/leads.json"),
            query: match adding {
                true => Vec::new(),
                false => chunk.iter().map(|id| ("id", id.to_string())).collect(),
            },
            body: Some(json!({ "input": people::ids(chunk) })),
            repeats_safely: true,
        };
        each_record(client, &request, chunk, results, |reason| match reason.code.as_str() {
            // Whether one who is not on a list is removed or skipped: both mean that they are not on it.
            "1015" if !adding => Ok("not on the list".to_owned()),
            _ => Err(()),
        })
        .await;
    }
}

async fn set_field(client: &Client, field: &str, subjects: &[Subject], found: &Found, results: &mut Results) {
    let mut values: BTreeMap<i64, i64> = BTreeMap::new();
    for subject in subjects {
        let leads = found.get(&folded(&subject.email)).and_then(|found| found.as_ref().ok());
        values.extend(leads.into_iter().flatten().filter_map(|lead| Some((*lead, subject.value?))));
    }
    let all: Vec<(i64, i64)> = values.into_iter().collect();
    for chunk in all.chunks(MOST_RECORDS) {
        let input: Vec<Json> = chunk.iter().map(|(id, value)| json!({ "id": id, field: value })).collect();
        let request = Request {
            method: Method::POST,
            path: "/rest/v1/leads.json".into(),
            query: Vec::new(),
            body: Some(json!({ "action": "updateOnly", "lookupField": "id", "input": input })),
            repeats_safely: true,
        };
        let leads: Vec<i64> = chunk.iter().map(|(id, _)| *id).collect();
        each_record(client, &request, &leads, results, |_| Err(())).await;
    }
}

/// Makes a call whose answer has one record for each person, in their order.
async fn each_record(
    client: &Client,
    request: &Request,
    leads: &[i64],
    results: &mut Results,
    forgiven: impl Fn(&Reason) -> Result<String, ()>,
) {
    #[derive(Default, Deserialize)]
    struct Record {
        #[serde(default)]
        status: String,
        #[serde(default)]
        reasons: Vec<Reason>,
    }
    let records = match client.call(request).await {
        Ok(page) => page.result,
        Err(trouble) => return results.all(leads, &Err(trouble)),
    };
    for (n, lead) in leads.iter().enumerate() {
        let record: Option<Record> = records.get(n).and_then(|record| serde_json::from_value(record.clone()).ok());
        let result = match record {
            Some(Record { status, reasons }) if reasons.is_empty() && status != "skipped" => Ok(status),
            Some(Record { reasons, .. }) => {
                let reason = reasons.into_iter().next().unwrap_or_default();
                forgiven(&reason).map_err(|()| Trouble::Refused {
                    message: format!("Marketo says of this person: {} (code {}).", reason.message, reason.code),
                    marketo: reason.code,
                })
            }
            None => {
                let message = "Marketo's answer has no record for this person.".to_owned();
                Err(Trouble::Later { after: None, code: "marketo_unexpected".into(), message })
            }
        };
        results.0.insert(*lead, result);
    }
}

/// One call for each set of tokens, since the tokens of a call hold for everybody in it.
async fn request_campaign(client: &Client, campaign: i64, subjects: &[Subject], found: &Found, results: &mut Results) {
    let mut by_tokens: IndexMap<&BTreeMap<String, String>, Vec<i64>> = IndexMap::new();
    let mut asked = std::collections::HashSet::new();
    for subject in subjects {
        let leads = found.get(&folded(&subject.email)).and_then(|found| found.as_ref().ok());
        let fresh = leads.into_iter().flatten().copied().filter(|lead| asked.insert(*lead));
        by_tokens.entry(&subject.tokens).or_default().extend(fresh);
    }
    for (tokens, leads) in by_tokens {
        let tokens: Vec<Json> =
            tokens.iter().map(|(name, value)| json!({ "name": format!("{{{{{name}}}}}"), "value": value })).collect();
        let mut open: Vec<&[i64]> = leads.chunks(MOST_REQUESTED).rev().collect();
        while let Some(chunk) = open.pop() {
            let mut input = json!({ "leads": people::ids(chunk) });
            if !tokens.is_empty() {
                input["tokens"] = Json::Array(tokens.clone());
            }
            let request = Request {
                method: Method::POST,
                path: format!("/rest/v1/campaigns/{campaign}/trigger.json"),
                query: Vec::new(),
                body: Some(json!({ "input": input })),
                repeats_safely: false,
            };
            match client.call(&request).await {
                // Whom Marketo knows no more spoils the call for everybody in it: half of them at a time.
                Err(trouble) if trouble.is(NO_SUCH_LEAD) && chunk.len() > 1 => {
                    let (one, other) = chunk.split_at(chunk.len() / 2);
                    open.extend([other, one]);
                }
                answer => results.all(chunk, &answer.map(|_| "requested".to_owned())),
            }
        }
    }
}

/// A person with several records in Marketo has failed when one of them has; a record that is there no more is none.
fn outcome_of(subject: &Subject, found: &Found, results: &Results) -> Outcome {
    let leads = match found.get(&folded(&subject.email)) {
        Some(Ok(leads)) if leads.is_empty() => return Outcome::skipped("no_match"),
        Some(Ok(leads)) => leads,
        Some(Err(trouble)) => return trouble.outcome(),
        None => return Outcome::skipped("no_match"),
    };
    let told: Vec<(i64, &Result<String, Trouble>)> =
        leads.iter().filter_map(|lead| Some((*lead, results.0.get(lead)?))).collect();
    let (gone, there): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, result)| is_no_such_lead(result));
    let there = if there.is_empty() { gone } else { there };
    let trouble = there.iter().find_map(|(_, result)| result.as_ref().err());
    match (trouble, there.first()) {
        (Some(trouble), _) => trouble.outcome(),
        (None, Some((lead, Ok(detail)))) => {
            Outcome::Delivered { remote_id: Some(lead.to_string()), detail: detail.clone() }
        }
        (None, _) => Outcome::failed("no_value", "There is no value to write."),
    }
}

fn is_no_such_lead(result: &Result<String, Trouble>) -> bool {
    result.as_ref().is_err_and(|trouble| trouble.is(NO_SUCH_LEAD))
}
