//! Changes of an audience as a CSV file (RFC 4180): a header, then one row for each element, what is taken out (`D`) before
//! what is put in (`A`).

use caravan_model::Finding;
use caravan_model::duration::Duration;
use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::columns::{self, Columns, Element};
use super::{Manner, TakesPeople};
use crate::audiences::{Asked, Audience};
use crate::connector::Outcome;

/// The most people of one file.
pub const MOST_IN_A_FILE: usize = 10_000;
/// Settings of a destination that may change while files of it are there.
pub const CHANGEABLE: &[&str] = &["every", "line_end", "neutralise_formulas"];
/// How long changes are gathered where nothing is said.
const USUAL: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// Settings of destinations that take files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// Folder below the connection's own, in which each audience has one of its own; left out: the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The columns by their names in the file; left out: the person's key, and the address in small letters. The column
    /// `operation` stands before them.
    #[serde(default = "columns::usual")]
    pub columns: Columns,
    /// How long changes are gathered before they become a file; left out: 15 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// What ends a line.
    #[serde(default)]
    pub line_end: LineEnd,
    /// Whether cells that begin like a formula (`=`, `+`, `-`, `@`) get an apostrophe in front, for people who open files in a
    /// spreadsheet. It changes what programs read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub neutralise_formulas: bool,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// A line feed.
    #[default]
    Lf,
    /// Carriage return and line feed.
    Crlf,
}

impl FileSettings {
    /// Reads settings as a manifest has them. Pointers start at the destination document.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(settings: &Json) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            let message = format!("These settings do not fit a destination of files: {error}.");
            vec![Finding::error("bad_destination_settings", "/settings", message)]
        })?;
        let mut findings = columns::check(&read.columns);
        let part = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && !part.chars().any(|c| c.is_control() || c == '\\')
        };
        if read.folder.as_deref().is_some_and(|folder| !folder.split('/').all(part)) {
            let message = "The folder is named below the connection's own, like `out/retargeting`.";
            findings.push(Finding::error("bad_destination_settings", "/settings/folder", message));
        }
        if findings.is_empty() { Ok(read) } else { Err(findings) }
    }

    /// The folder of an audience.
    pub fn folder_of(&self, audience: &Audience) -> String {
        match &self.folder {
            Some(folder) => format!("{folder}/{}", audience.file_name()),
            None => audience.file_name().to_owned(),
        }
    }

    /// Files are told when their time has come, and take people out.
    pub fn manner(&self) -> Manner {
        Manner { every: Manner::every(self.every, USUAL), lapses_after: None, takes_out: true }
    }

    /// A person's row.
    ///
    /// # Errors
    /// `no_value`.
    pub fn element(&self, person: &Map<String, Json>) -> Result<Json, &'static str> {
        columns::element(&self.columns, person)
    }
}

/// A file that is ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name: never the same for another content.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
    /// What is said about it, once it is there: consumers start on that.
    pub manifest: Vec<u8>,
}

impl File {
    /// Name of what is said about it.
    pub fn manifest_name(&self) -> String {
        format!("{}.manifest.json", self.name)
    }
}

/// The file of some changes of an audience. The same changes make the same content.
pub fn file(settings: &FileSettings, audience: &Audience, asked: &[Asked<'_>], now: Timestamp) -> File {
    let mut rows: Vec<(&str, Element)> = Vec::new();
    let cells =
        |element: &Json| serde_json::from_value::<IndexMap<String, String>>(element.clone()).unwrap_or_default();
    rows.extend(asked.iter().flat_map(|asked| &asked.change.take).map(|element| ("D", cells(element))));
    rows.extend(asked.iter().filter_map(|asked| asked.change.put.as_ref()).map(|element| ("A", cells(element))));
    let end = match settings.line_end {
        LineEnd::Lf => "\n",
        LineEnd::Crlf => "\r\n",
    };
    let mut text = String::new();
    let header = std::iter::once("operation").chain(settings.columns.keys().map(String::as_str));
    push_row(&mut text, header, end);
    for (operation, element) in &rows {
        let cell = |name: &String| element.get(name).map_or("", String::as_str);
        let cells: Vec<String> =
            settings.columns.keys().map(cell).map(|cell| neutral(cell, settings.neutralise_formulas)).collect();
        push_row(&mut text, std::iter::once(*operation).chain(cells.iter().map(String::as_str)), end);
    }
    let content = text.into_bytes();
    let digest: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    let name = name_of(audience, "incremental", asked, now);
    let manifest = json!({
        "file": name, "rows": rows.len(), "bytes": content.len(), "sha256": digest, "mode": "incremental",
        "audience": audience.file_name(), "created_at": now,
    });
    File { name, content, manifest: manifest.to_string().into_bytes() }
}

/// What takes people as files of their changes: folders and buckets.
pub struct Csv;

/// The one of its kind.
pub static CSV: Csv = Csv;

impl TakesPeople for Csv {
    fn attributes(&self, settings: &Json) -> Vec<String> {
        FileSettings::read(settings).map(|settings| columns::attributes(&settings.columns)).unwrap_or_default()
    }

    fn element(&self, settings: &Json, person: &Map<String, Json>) -> Result<Json, &'static str> {
        FileSettings::read(settings).map_err(|_| "bad_destination_settings")?.element(person)
    }

    fn manner(&self, settings: &Json) -> Manner {
        let usual = || Manner { every: USUAL, lapses_after: None, takes_out: true };
        FileSettings::read(settings).map_or_else(|_| usual(), |settings| settings.manner())
    }
}

/// Hands the file of some changes over by `put(folder, name, content)`, then what is said about it: whoever reads files
/// begins with that, so a file of which the second did not come is none.
pub fn handed_over(
    audience: &Audience,
    asked: &[Asked<'_>],
    now: Timestamp,
    put: impl Fn(&str, &str, Vec<u8>) -> Result<(), Outcome>,
) -> Vec<Outcome> {
    let handed = || -> Result<Outcome, Outcome> {
        let settings = settings_of(audience)?;
        let file = file(&settings, audience, asked, now);
        let (folder, manifest) = (settings.folder_of(audience), file.manifest_name());
        put(&folder, &file.name, file.content)?;
        put(&folder, &manifest, file.manifest)?;
        Ok(Outcome::Delivered { remote_id: Some(file.name), detail: String::new() })
    };
    vec![handed().unwrap_or_else(|outcome| outcome); asked.len()]
}

fn settings_of(audience: &Audience) -> Result<FileSettings, Outcome> {
    let settings: Json = serde_json::from_str(&audience.settings)
        .map_err(|error| Outcome::failed("bad_destination_settings", error.to_string()))?;
    FileSettings::read(&settings).map_err(|findings| {
        let why: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
        Outcome::failed("bad_destination_settings", why.join(" "))
    })
}

/// A name that no other file has: the keys of the effects tell apart files whose rows happen to be the same.
pub fn name_of(audience: &Audience, mode: &str, asked: &[Asked<'_>], now: Timestamp) -> String {
    let of: String = asked.iter().map(|asked| asked.key).collect::<Vec<_>>().join("\n");
    let mark: String = Sha256::digest(of.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{}_{mode}_{}_{mark}.csv", audience.file_name(), now.strftime("%Y%m%dT%H%M%SZ"))
}

fn neutral(cell: &str, wanted: bool) -> String {
    match wanted && cell.starts_with(['=', '+', '-', '@']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

/// Appends a row.
pub fn push_row<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>, end: &str) {
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audiences::Membership;

    fn settings(json: Json) -> FileSettings {
        FileSettings::read(&json).expect("settings")
    }

    fn change(settings: &FileSettings, takes: &[Json], put: Option<Json>) -> Membership {
        let element = |person: &Json| settings.element(person.as_object().expect("a person")).expect("an element");
        let audience = Audience { key: Some("retarget".into()), settings: "{}".into(), ..Audience::default() };
        Membership::new(audience, takes.iter().map(element).collect(), put.as_ref().map(element))
    }

    fn text(settings: &FileSettings, changes: &[Membership]) -> String {
        let asked: Vec<Asked<'_>> = changes.iter().map(|change| Asked { key: "k", change }).collect();
        let content = file(settings, &changes[0].audience, &asked, Timestamp::UNIX_EPOCH).content;
        String::from_utf8(content).expect("UTF-8")
    }

    #[test]
    fn a_file_takes_out_before_it_puts_in_and_quotes_what_needs_it() {
        let settings = settings(json!({"columns": {
            "id": {"attribute": "key"}, "mail": {"attribute": "email", "as": "lower"}, "who": {"attribute": "last_name"}}}));
        let person = |key: &str, email: &str, name: &str| json!({"key": key, "email": email, "last_name": name});
        let changes = [
            change(&settings, &[], Some(person("p1", "Ann@X.example", "O\"Neill, Jr."))),
            change(&settings, &[person("p2", "old@x.example", "-")], Some(person("p2", "new@x.example", ""))),
        ];
        assert_eq!(
            text(&settings, &changes),
            "operation,id,mail,who\nD,p2,old@x.example,-\nA,p1,ann@x.example,\"O\"\"Neill, Jr.\"\nA,p2,new@x.example,\n"
        );
    }

    #[test]
    fn formulas_are_neutral_and_lines_end_as_they_are_told_to() {
        let settings =
            settings(json!({"neutralise_formulas": true, "line_end": "crlf", "columns": {"id": {"attribute": "key"}}}));
        let change = change(&settings, &[], Some(json!({"key": "=1+1"})));
        assert_eq!(text(&settings, &[change]), "operation,id\r\nA,'=1+1\r\n");
    }

    #[test]
    fn a_person_of_whom_nothing_is_known_has_no_row() {
        let hashed = settings(json!({"columns": {"h": {"attribute": "email", "as": "sha256_email"}}}));
        assert_eq!(hashed.element(json!({"email": "  "}).as_object().unwrap()), Err("no_value"));
        assert_eq!(hashed.element(&Map::new()), Err("no_value"));
    }

    #[test]
    fn a_folder_never_leads_out_of_the_connections_own() {
        for bad in ["..", "a/../b", "/etc", "a//b", "a\\b", ""] {
            assert!(FileSettings::read(&json!({"folder": bad})).is_err(), "{bad}");
        }
        assert!(FileSettings::read(&json!({"folder": "out/a"})).is_ok());
        assert!(FileSettings::read(&json!({"columns": {"operation": {"attribute": "key"}}})).is_err());
    }
}
