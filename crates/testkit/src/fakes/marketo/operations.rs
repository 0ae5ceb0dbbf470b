//! What the instance does: people are found and updated, lists changed, campaigns requested, folders listed.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::wire::{Call, Refusal};
use super::{Campaign, Holdings, Inner, Lead, List};

impl Inner {
    pub(super) fn handle(&self, call: &Call) -> Result<Json, Refusal> {
        let parts: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
        match (&call.method, parts.as_slice()) {
            (&Method::GET, ["rest", "v1", "leads.json"]) => self.find_leads(call),
            (&Method::POST, ["rest", "v1", "leads.json"]) => self.sync_leads(call),
            (&Method::GET, ["rest", "v1", "lists.json"]) => Ok(self.named(call, true)),
            (&Method::GET, ["rest", "v1", "campaigns.json"]) => Ok(self.named(call, false)),
            (&Method::POST | &Method::DELETE, ["rest", "v1", "lists", id, "leads.json"]) => self.change_list(call, id),
            (&Method::POST, ["rest", "v1", "campaigns", id, "trigger.json"]) => self.trigger(call, id),
            (&Method::GET, ["rest", "asset", "v1", "emails.json"]) => Ok(self.emails(call)),
            (&Method::GET, ["rest", "asset", "v1", "folder", "byName.json"]) => Ok(json!({
                "result": [{ "id": 14, "name": "Marketing Activities", "workspace": null, "createdAt": "2010-03-27T18:27:45Z+0000" }]
            })),
            (&Method::GET, ["rest", "asset", "v1", "folders.json"]) => Ok(self.folders(call)),
            _ => Err(("610", "Requested resource not found".into())),
        }
    }

    fn find_leads(&self, call: &Call) -> Result<Json, Refusal> {
        let values = call.all("filterValues");
        if call.one("filterType") != Some("email") {
            return Err(("1011", "Field not supported".into()));
        }
        if values.is_empty() || values.len() > 300 {
            return Err(("1003", "filterValues: between 1 and 300 values".into()));
        }
        let wanted: BTreeSet<String> = values.iter().map(|value| value.to_lowercase()).collect();
        let mut holdings = self.holdings.lock();
        if self.setup.knows_everybody {
            holdings.meet(&wanted);
        }
        // In an order of its own: not the order of the values.
        let matching: Vec<Json> = holdings
            .leads
            .iter()
            .rev()
            .filter(|(_, lead)| wanted.contains(&lead.email.to_lowercase()))
            .map(|(id, lead)| json!({ "id": id, "email": lead.email, "createdAt": lead.created_at, "updatedAt": lead.created_at }))
            .collect();
        if matching.len() > 1_000 {
            return Err(("1003", "Too many results match the filter".into()));
        }
        for found in &matching {
            holdings.go(found["id"].as_i64().unwrap_or_default());
        }
        Ok(paged(call, matching, "batchSize", 300))
    }

    fn sync_leads(&self, call: &Call) -> Result<Json, Refusal> {
        let body = &call.body;
        if body["action"] != "updateOnly" || body["lookupField"] != "id" {
            return Err(("1003", "these tests only update by id; nobody may be created".into()));
        }
        let input = records(&body["input"], 300)?;
        let mut holdings = self.holdings.lock();
        let result: Vec<Json> = input
            .iter()
            .map(|record| {
                let id = record["id"].as_i64().unwrap_or_default();
                let Some(lead) = holdings.leads.get_mut(&id) else { return skipped(None, "1004", "Lead not found") };
                let fields = record.as_object().expect("an object").iter().filter(|(name, _)| *name != "id");
                lead.fields.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
                json!({ "id": id, "status": "updated" })
            })
            .collect();
        Ok(json!({ "result": result }))
    }

    fn named(&self, call: &Call, lists: bool) -> Json {
        let names = call.all("name");
        let workspaces = call.all("workspaceName");
        let requestable = call.one("isTriggerable") == Some("true");
        let fits = |name: &String, workspace: &String| {
            self.setup.workspaces.contains(workspace)
                && (names.is_empty() || names.contains(name))
                && (workspaces.is_empty() || workspaces.contains(workspace))
        };
        let holdings = self.holdings.lock();
        let found: Vec<Json> = if lists {
            let fitting = holdings.lists.iter().filter(|(_, list)| fits(&list.name, &list.workspace));
            let shown = |(id, list): (&i64, &List)| {
                json!({ "id": id, "name": list.name, "programName": list.program, "workspaceName": list.workspace,
                        "createdAt": "2017-07-27T01:38:33Z", "updatedAt": "2017-07-27T01:38:33Z" })
            };
            fitting.map(shown).collect()
        } else {
            let fitting = holdings.campaigns.iter().filter(|(_, campaign)| {
                fits(&campaign.name, &campaign.workspace) && (!requestable || campaign.requestable)
            });
            let shown = |(id, campaign): (&i64, &Campaign)| {
                json!({ "id": id, "name": campaign.name, "type": "trigger", "workspaceName": campaign.workspace,
                        "active": campaign.requestable })
            };
            fitting.map(shown).collect()
        };
        paged(call, found, "batchSize", 300)
    }

    fn change_list(&self, call: &Call, id: &str) -> Result<Json, Refusal> {
        let adding = call.method == Method::POST;
        let mut ids: Vec<i64> = call.all("id").iter().filter_map(|id| id.parse().ok()).collect();
        if ids.is_empty() {
            ids = records(&call.body["input"], 300)?.iter().filter_map(|record| record["id"].as_i64()).collect();
        }
        if ids.is_empty() || ids.len() > 300 {
            return Err(("1003", "between 1 and 300 ids".into()));
        }
        let mut holdings = self.holdings.lock();
        let Holdings { leads, lists, .. } = &mut *holdings;
        let list = id.parse().ok().and_then(|id: i64| lists.get_mut(&id));
        let list = list.filter(|list| self.setup.workspaces.contains(&list.workspace));
        let Some(list) = list else { return Err(("1013", format!("List not found [{id}]"))) };
        let result: Vec<Json> = ids
            .into_iter()
            .map(|id| match (leads.contains_key(&id), adding) {
                (false, _) => skipped(Some(id), "1004", "Lead not found"),
                (true, true) => {
                    list.members.insert(id);
                    json!({ "id": id, "status": "added" })
                }
                (true, false) if !list.members.remove(&id) && self.setup.tells_non_members => {
                    skipped(Some(id), "1015", "Lead not in list")
                }
                (true, false) => json!({ "id": id, "status": "removed" }),
            })
            .collect();
        Ok(json!({ "result": result }))
    }

    fn trigger(&self, call: &Call, id: &str) -> Result<Json, Refusal> {
        let input = &call.body["input"];
        let leads = records(&input["leads"], 100)?;
        let mut tokens = BTreeMap::new();
        for token in input["tokens"].as_array().into_iter().flatten() {
            let name = token["name"].as_str().unwrap_or_default();
            if !(name.starts_with("{{my.") && name.ends_with("}}")) {
                return Err(("1001", format!("Invalid token name '{name}'")));
            }
            tokens.insert(name.to_owned(), token["value"].as_str().unwrap_or_default().to_owned());
        }
        if tokens.len() > 100 {
            return Err(("1003", "at most 100 tokens".into()));
        }
        let mut holdings = self.holdings.lock();
        let Holdings { leads: people, campaigns, .. } = &mut *holdings;
        let (known, unknown): (Vec<i64>, Vec<i64>) =
            leads.iter().filter_map(|lead| lead["id"].as_i64()).partition(|lead| people.contains_key(lead));
        if !unknown.is_empty() && self.setup.refuses_unknown {
            return Err(("1004", format!("Lead not found {unknown:?}")));
        }
        let campaign = id.parse().ok().and_then(|id: i64| campaigns.get_mut(&id));
        let campaign = campaign.filter(|campaign| self.setup.workspaces.contains(&campaign.workspace));
        let Some(campaign) = campaign else { return Err(("1013", format!("Campaign not found [{id}]"))) };
        if !campaign.requestable {
            return Err(("1003", "Trigger campaign is not requestable".into()));
        }
        for lead in known {
            campaign.requested.push((lead, tokens.clone()));
            if !(campaign.once && campaign.ran.contains(&lead)) {
                campaign.ran.push(lead);
            }
        }
        Ok(json!({ "result": [{ "id": id.parse::<i64>().unwrap_or_default() }] }))
    }

    fn folders(&self, call: &Call) -> Json {
        if !call.one("root").is_some_and(|root| serde_json::from_str::<Json>(root).is_ok_and(|root| root["id"] == 14)) {
            return no_assets();
        }
        let zone = |(n, workspace): (usize, &String)| {
            json!({ "id": 15 + n, "name": workspace, "folderType": "Zone", "workspace": workspace,
                    "path": format!("/Marketing Activities/{workspace}"), "createdAt": "2010-03-27T18:27:45Z+0000" })
        };
        let all: Vec<Json> = self.setup.workspaces.iter().enumerate().map(zone).collect();
        asset_page(call, all)
    }

    /// Approved emails of the workspaces that the service sees.
    fn emails(&self, call: &Call) -> Json {
        let holdings = self.holdings.lock();
        let seen = holdings.emails.iter().filter(|(_, (_, workspace))| self.setup.workspaces.contains(workspace));
        let shown = |(id, (name, workspace)): (&i64, &(String, String))| {
            json!({ "id": id, "name": name, "status": "approved", "workspace": workspace, "operational": false,
                    "folder": { "type": "Folder", "value": 15, "folderName": workspace },
                    "createdAt": "2011-03-04T17:12:42Z+0000", "updatedAt": "2011-03-04T17:12:42Z+0000" })
        };
        let all = seen.map(shown).collect();
        asset_page(call, all)
    }
}

impl Holdings {
    /// Gets to know whoever is asked for and not there yet.
    fn meet(&mut self, addresses: &BTreeSet<String>) {
        let known: BTreeSet<String> = self.leads.values().map(|lead| lead.email.to_lowercase()).collect();
        for address in addresses.iter().filter(|it| !it.starts_with("nobody") && !known.contains(*it)) {
            let id = self.leads.last_key_value().map_or(318_000, |(id, _)| id + 1);
            let lead = Lead { email: address.clone(), created_at: "2020-01-01T00:00:00Z".into(), ..Lead::default() };
            self.leads.insert(id, lead);
        }
    }

    /// Somebody who was found goes, perhaps into another.
    fn go(&mut self, id: i64) {
        let Some(into) = self.going.remove(&id) else { return };
        let lead = self.leads.remove(&id);
        if let (Some(into), Some(lead)) = (into, lead) {
            self.leads.insert(into, lead);
        }
    }
}

/// A page of assets by offset; nothing where there are no more.
fn asset_page(call: &Call, all: Vec<Json>) -> Json {
    let number = |name: &str, usual| call.one(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let page: Vec<Json> = all.into_iter().skip(number("offset", 0)).take(number("maxReturn", 20).min(200)).collect();
    if page.is_empty() { no_assets() } else { json!({ "result": page }) }
}

/// Nothing found: no result at all, and a warning.
fn no_assets() -> Json {
    json!({ "warnings": ["No assets found for the given search criteria."] })
}

fn skipped(id: Option<i64>, code: &str, message: &str) -> Json {
    let mut record = json!({ "status": "skipped", "reasons": [{ "code": code, "message": message }] });
    if let Some(id) = id {
        record["id"] = id.into();
    }
    record
}

fn records(input: &Json, most: usize) -> Result<Vec<Json>, Refusal> {
    match input.as_array() {
        Some(records) if (1..=most).contains(&records.len()) => Ok(records.clone()),
        Some(_) => Err(("1003", format!("between 1 and {most} records"))),
        None => Err(("1002", "Missing value for required parameter 'input'".into())),
    }
}

/// A page of records with the token of the next.
fn paged(call: &Call, all: Vec<Json>, size: &str, most: usize) -> Json {
    let size = call.one(size).and_then(|text| text.parse().ok()).unwrap_or(most).clamp(1, most);
    let from: usize = call
        .one("nextPageToken")
        .and_then(|token| token.trim_end_matches('=').rsplit('-').next().and_then(|n| n.parse().ok()))
        .unwrap_or(0);
    let more = all.len() > from + size;
    let page: Vec<Json> = all.into_iter().skip(from).take(size).collect();
    let mut answer = json!({ "result": page });
    if more {
        answer["nextPageToken"] = format!("PAGE-{}====", from + size).into();
        answer["moreResult"] = true.into();
    }
    answer
}
