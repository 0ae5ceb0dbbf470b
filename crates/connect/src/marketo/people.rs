//! Finding the people of Marketo whom an address means. Nobody is ever created there.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::client::{Client, Request, Trouble};
use super::settings::UpdatePolicy;

/// Most values of a filter in one query.
const MOST_VALUES: usize = 300;
/// Marketo refuses a query that more people than this match (1003).
const MOST_MATCHES: usize = 1_000;

/// A person as Marketo knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Lead {
    pub id: i64,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(rename = "createdAt", default)]
    pub created_at: String,
}

/// By folded address: whom of Marketo's people it means under the policy, or why that cannot be said.
pub type Found = HashMap<String, Result<Vec<i64>, Trouble>>;

/// Looks the addresses up, 300 in a call.
pub async fn find(client: &Client, policy: UpdatePolicy, addresses: &[String]) -> Found {
    let mut distinct: Vec<String> = addresses.iter().map(|address| folded(address)).collect();
    distinct.sort_unstable();
    distinct.dedup();
    // A comma separates values; an address that has one cannot be asked for.
    let (odd, plain): (Vec<_>, Vec<_>) = distinct.into_iter().partition(|address| address.contains(','));
    let mut found: Found = odd.into_iter().map(|address| (address, Ok(Vec::new()))).collect();
    let mut open: Vec<Vec<String>> = plain.chunks(MOST_VALUES).rev().map(<[String]>::to_vec).collect();
    while let Some(mut asked) = open.pop() {
        match query(client, &asked).await {
            Ok(leads) => found.extend(by_address(&asked, &leads, policy)),
            // More than a thousand match: half of the addresses at a time.
            Err(trouble) if trouble.is("1003") && asked.len() > 1 => {
                let rest = asked.split_off(asked.len() / 2);
                open.extend([rest, asked]);
            }
            Err(trouble) => found.extend(asked.into_iter().map(|address| (address, Err(trouble.clone())))),
        }
    }
    found
}

async fn query(client: &Client, addresses: &[String]) -> Result<Vec<Lead>, Trouble> {
    let query = vec![
        ("filterType", "email".to_owned()),
        ("filterValues", addresses.join(",")),
        ("fields", "id,email,createdAt".to_owned()),
        ("batchSize", "300".to_owned()),
    ];
    let records = client.all_pages(Request::get("/rest/v1/leads.json", query), MOST_MATCHES).await?;
    Ok(records.into_iter().filter_map(|record| serde_json::from_value(record).ok()).collect())
}

fn by_address(asked: &[String], leads: &[Lead], policy: UpdatePolicy) -> Found {
    let mut by: HashMap<String, Vec<&Lead>> = asked.iter().map(|address| (address.clone(), Vec::new())).collect();
    for lead in leads {
        // Answers come in any order and any case.
        if let Some(group) = lead.email.as_deref().and_then(|email| by.get_mut(&folded(email))) {
            group.push(lead);
        }
    }
    by.into_iter().map(|(address, group)| (address, Ok(chosen(group, policy)))).collect()
}

fn chosen(mut group: Vec<&Lead>, policy: UpdatePolicy) -> Vec<i64> {
    group.sort_by_key(|lead| (instant(&lead.created_at), lead.id));
    let meant = match policy {
        UpdatePolicy::All => group,
        UpdatePolicy::Oldest => group.first().copied().into_iter().collect(),
        UpdatePolicy::Newest => group.last().copied().into_iter().collect(),
    };
    meant.into_iter().map(|lead| lead.id).collect()
}

/// Marketo writes instants in four ways, one of them with both a `Z` and an offset.
fn instant(written: &str) -> Option<jiff::Timestamp> {
    let written = written.strip_suffix("Z+0000").map_or_else(|| written.to_owned(), |plain| format!("{plain}Z"));
    written.parse().ok().or_else(|| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", &written).ok())
}

/// The form in which addresses are compared.
pub fn folded(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Ids as Marketo takes them.
pub fn ids(leads: &[i64]) -> Json {
    leads.iter().map(|id| serde_json::json!({ "id": id })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_chooses_among_several_by_their_age() {
        let lead = |id, created_at: &str| Lead { id, email: None, created_at: created_at.to_owned() };
        let same = "2020-01-01T00:00:00Z";
        let leads =
            [lead(9, "2019-12-31T23:00:00-08:00"), lead(4, same), lead(3, same), lead(7, "2019-01-01T00:00:00Z")];
        let chosen = |policy| chosen(leads.iter().collect(), policy);
        assert_eq!(chosen(UpdatePolicy::Oldest), [7]);
        assert_eq!(chosen(UpdatePolicy::Newest), [9]);
        assert_eq!(chosen(UpdatePolicy::All), [7, 3, 4, 9]);
    }

    #[test]
    fn every_way_in_which_marketo_writes_an_instant_is_read() {
        let expected = "2017-07-27T01:38:33Z".parse().ok();
        for written in [
            "2017-07-27T01:38:33Z",
            "2017-07-26T17:38:33-08:00",
            "2017-07-27T01:38:33+0000",
            "2017-07-27T01:38:33Z+0000",
        ] {
            assert_eq!(instant(written), expected, "{written}");
        }
        assert_eq!(instant("soon"), None);
    }
}
