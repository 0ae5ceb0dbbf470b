//! Names of lists, campaigns and emails, and the ids behind them: for nodes that say a name, and for pickers.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::client::{Client, Request, Trouble};
use crate::connector::Choice;

/// How long a name's id is believed.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// Most choices that a picker gets.
const MOST_CHOICES: usize = 2_000;
/// Assets a page.
const ASSET_PAGE: usize = 200;

/// What kind of thing a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// A static list.
    List,
    /// A requestable campaign.
    Campaign,
}

impl Wanted {
    fn path(self) -> &'static str {
        match self {
            Self::List => "/rest/v1/lists.json",
            Self::Campaign => "/rest/v1/campaigns.json",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::List => "static list",
            Self::Campaign => "requestable campaign",
        }
    }
}

/// A list or a campaign as Marketo tells of it.
#[derive(Debug, Clone, Deserialize)]
struct Named {
    id: i64,
    name: String,
    #[serde(rename = "programName", default)]
    program: Option<String>,
    #[serde(rename = "workspaceName", default)]
    workspace: Option<String>,
}

type Known = HashMap<(Wanted, Option<String>, String), (i64, Instant)>;

/// Ids that were looked up lately.
#[derive(Default)]
pub struct Names(tokio::sync::Mutex<Known>);

impl Names {
    /// The id of what is called so (or has this id), in the workspace where one is named.
    pub async fn id(
        &self,
        client: &Client,
        wanted: Wanted,
        workspace: Option<&str>,
        written: &str,
    ) -> Result<i64, Trouble> {
        if let Ok(id) = written.parse() {
            return Ok(id);
        }
        let key = (wanted, workspace.map(str::to_owned), written.to_owned());
        if let Some((id, _)) = self.0.lock().await.get(&key).filter(|(_, since)| since.elapsed() < KEPT) {
            return Ok(*id);
        }
        let id = look_up(client, wanted, workspace, written).await?;
        self.0.lock().await.insert(key, (id, Instant::now()));
        Ok(id)
    }
}

async fn look_up(client: &Client, wanted: Wanted, workspace: Option<&str>, name: &str) -> Result<i64, Trouble> {
    let mut query = vec![("name", name.to_owned()), ("batchSize", "300".to_owned())];
    query.extend(workspace.map(|workspace| ("workspaceName", workspace.to_owned())));
    let records = client.all_pages(Request::get(wanted.path(), query), MOST_CHOICES).await?;
    let same: Vec<Named> = records.into_iter().filter_map(read).filter(|named: &Named| named.name == name).collect();
    let word = wanted.word();
    match same.as_slice() {
        [one] => Ok(one.id),
        [] => {
            let message = format!("Marketo has no {word} `{name}` that the custom service may see.");
            Err(Trouble::Refused { marketo: "1013".into(), message })
        }
        [first, second, ..] => {
            let message = format!(
                "Marketo has several called `{name}`: a {word} in {} and one in {}. Write the id ({} or {}) instead.",
                place(first),
                place(second),
                first.id,
                second.id
            );
            Err(Trouble::Refused { marketo: "ambiguous_name".into(), message })
        }
    }
}

fn place(named: &Named) -> String {
    named.program.clone().or_else(|| named.workspace.clone()).unwrap_or_else(|| "no program".to_owned())
}

/// What a picker offers: `lists`, `campaigns`, `emails` or `workspaces`; `within` is the workspace that was chosen.
pub async fn choices(client: &Client, what: &str, within: Option<&str>) -> Result<Vec<Choice>, Trouble> {
    match what {
        "lists" => named_choices(client, Wanted::List, within).await,
        "campaigns" => named_choices(client, Wanted::Campaign, within).await,
        "emails" => email_choices(client, within).await,
        "workspaces" => workspace_choices(client).await,
        other => {
            let message = format!("There is nothing called `{other}` to choose from.");
            Err(Trouble::Refused { marketo: "unknown_choice".into(), message })
        }
    }
}

async fn named_choices(client: &Client, wanted: Wanted, workspace: Option<&str>) -> Result<Vec<Choice>, Trouble> {
    let mut query = vec![("batchSize", "300".to_owned())];
    query.extend(workspace.map(|workspace| ("workspaceName", workspace.to_owned())));
    if wanted == Wanted::Campaign {
        query.push(("isTriggerable", "true".to_owned()));
    }
    let records = client.all_pages(Request::get(wanted.path(), query), MOST_CHOICES).await?;
    let choice = |named: Named| Choice {
        value: named.id.to_string(),
        label: named.name.clone(),
        detail: [named.workspace, named.program].into_iter().flatten().collect::<Vec<_>>().join(" / "),
    };
    Ok(records.into_iter().filter_map(read).map(choice).collect())
}

/// Approved emails. Marketo has no filter by workspace for them, so that is done here.
async fn email_choices(client: &Client, workspace: Option<&str>) -> Result<Vec<Choice>, Trouble> {
    #[derive(Deserialize)]
    struct Email {
        id: i64,
        name: String,
        #[serde(default)]
        workspace: Option<String>,
    }
    let records = all_assets(client, "/rest/asset/v1/emails.json", vec![("status", "approved".to_owned())]).await?;
    let emails = records.into_iter().filter_map(read::<Email>);
    let here = emails.filter(|email| workspace.is_none_or(|wanted| email.workspace.as_deref() == Some(wanted)));
    Ok(here
        .map(|email| Choice {
            value: email.id.to_string(),
            label: email.name,
            detail: email.workspace.unwrap_or_default(),
        })
        .collect())
}

/// Nothing lists workspaces: they are those of the top folders of Marketing Activities.
async fn workspace_choices(client: &Client) -> Result<Vec<Choice>, Trouble> {
    #[derive(Deserialize)]
    struct Folder {
        id: i64,
        #[serde(default)]
        workspace: Option<String>,
    }
    let query = vec![("name", "Marketing Activities".to_owned()), ("type", "Folder".to_owned())];
    let roots = client.call(&Request::get("/rest/asset/v1/folder/byName.json", query)).await?.result;
    let mut names: Vec<String> = Vec::new();
    for root in roots.into_iter().filter_map(read::<Folder>) {
        let root = format!(r#"{{"id":{},"type":"Folder"}}"#, root.id);
        let query = vec![("root", root), ("maxDepth", "1".to_owned())];
        let folders = all_assets(client, "/rest/asset/v1/folders.json", query).await?;
        names.extend(folders.into_iter().filter_map(read::<Folder>).filter_map(|folder| folder.workspace));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names.into_iter().map(|name| Choice { value: name.clone(), label: name, detail: String::new() }).collect())
}

/// Assets come by offset, 200 a page; a page that is not full is the last.
async fn all_assets(client: &Client, path: &str, query: Vec<(&'static str, String)>) -> Result<Vec<Json>, Trouble> {
    let mut all = Vec::new();
    loop {
        let mut page = query.clone();
        page.extend([("maxReturn", ASSET_PAGE.to_string()), ("offset", all.len().to_string())]);
        let records = client.call(&Request::get(path, page)).await?.result;
        let last = records.len() < ASSET_PAGE;
        all.extend(records);
        if last || all.len() >= MOST_CHOICES {
            return Ok(all);
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(record: Json) -> Option<T> {
    serde_json::from_value(record).ok()
}
