//! Files of programs and networks that are loaded whole: what may stand in them, and keeping them.
//!
//! One entry a line, `#` begins a remark. A file with anything wrong in it changes nothing; a file that is taken stands in
//! place of the one before.

use std::net::IpAddr;

use caravan_connect::outbound::Network;
use caravan_model::Finding;
use caravan_store::machine_lists::{self as stored, MachineListRow};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::definitions::DefinitionError;

/// The largest file, in bytes.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Mistakes that are told of one file.
const MOST_TOLD: usize = 100;
/// Names this long and longer tell something.
const SHORTEST_NAME: usize = 3;
const LONGEST_NAME: usize = 200;
/// Networks with shorter prefixes hold large parts of the world.
const SHORTEST_PREFIX: (u8, u8) = (8, 16);
/// Signs that no program has in its name, and that patterns are made of.
const OF_PATTERNS: &[char] = &['^', '$', '*', '\\', '|', '['];
/// What programs of people call themselves: a name that stands in one of these would filter people.
const PEOPLE: &[&str] = &[
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/143.0.0.0 safari/537.36 edg/143.0.0.0",
    "mozilla/5.0 (macintosh; intel mac os x 10_15_7) applewebkit/605.1.15 (khtml, like gecko) version/26.1 safari/605.1.15",
    "mozilla/5.0 (x11; linux x86_64; rv:145.0) gecko/20100101 firefox/145.0",
    "mozilla/5.0 (iphone; cpu iphone os 18_7 like mac os x) applewebkit/605.1.15 (khtml, like gecko) version/26.1 mobile/15e148 safari/604.1",
    "mozilla/5.0 (linux; android 10; k) applewebkit/537.36 (khtml, like gecko) chrome/143.0.0.0 mobile safari/537.36",
    "mozilla/5.0 (windows nt 5.1; rv:11.0) gecko firefox/11.0 (via ggpht.com googleimageproxy)",
    "microsoft office/16.0 (windows nt 10.0; microsoft outlook 16.0; pro)",
    "mozilla/5.0 (x11; linux x86_64; rv:140.0) gecko/20100101 thunderbird/140.0",
];

/// What can be loaded, as the settings name what is written there by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MachineList {
    /// Names of programs, or parts of them.
    Agents,
    /// Networks that only machines use.
    Networks,
    /// Networks of which nothing is taken in at all.
    BlockedNetworks,
}

impl MachineList {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Agents, Self::Networks, Self::BlockedNetworks];

    /// As the store and addresses have it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Networks => "networks",
            Self::BlockedNetworks => "blocked_networks",
        }
    }

    /// The list with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|list| list.key() == key)
    }

    /// The most that may stand in one file.
    fn most(self) -> usize {
        match self {
            Self::Agents => 10_000,
            Self::Networks | Self::BlockedNetworks => 100_000,
        }
    }

    /// What is wrong with an entry: a stable code and a sentence.
    fn refuse(self, entry: &str) -> Option<(&'static str, String)> {
        match self {
            Self::Agents => refuse_name(entry),
            Self::Networks | Self::BlockedNetworks => refuse_network(entry),
        }
    }
}

/// A list as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LoadedMachineList")]
pub struct Loaded {
    /// Which.
    pub list: MachineList,
    /// How much stands in it.
    pub entries: i64,
    /// Who loaded it: a user's email, or `token:NAME`.
    pub loaded_by: String,
    /// When.
    pub loaded_at: Timestamp,
}

impl Loaded {
    fn of(row: MachineListRow) -> Option<Self> {
        let MachineListRow { list, entries, loaded_by, loaded_at, .. } = row;
        Some(Self { list: MachineList::from_key(&list)?, entries, loaded_by, loaded_at })
    }
}

/// What was loaded.
///
/// # Errors
/// The store's.
pub fn loaded(s: &mut dyn Session) -> Result<Vec<Loaded>, StoreError> {
    Ok(stored::all(s)?.into_iter().filter_map(Loaded::of).collect())
}

/// The file of a list as it was loaded; none: there is none.
///
/// # Errors
/// The store's.
pub fn file(s: &mut dyn Session, list: MachineList) -> Result<Option<String>, StoreError> {
    stored::file(s, list.key())
}

/// A file in which nothing is wrong.
#[derive(Debug, Clone, Copy)]
pub struct CheckedList<'a> {
    list: MachineList,
    file: &'a str,
}

impl<'a> CheckedList<'a> {
    /// Checks a file line by line.
    ///
    /// # Errors
    /// [`DefinitionError::Findings`]: what is wrong, each with the number of its line as its place (`/12`).
    pub fn read(list: MachineList, file: &'a [u8]) -> Result<Self, DefinitionError> {
        Ok(Self { list, file: read(list, file)? })
    }

    /// Puts it in place of the one before.
    ///
    /// # Errors
    /// The store's.
    pub fn load(&self, s: &mut dyn Session, by: &str) -> Result<Loaded, StoreError> {
        let Self { list, file } = *self;
        let row = stored::put(s, list.key(), (file, entries(file).count()), by)?;
        Ok(Loaded { list, entries: row.entries, loaded_by: row.loaded_by, loaded_at: row.loaded_at })
    }
}

/// Takes a list away; false: there was none.
///
/// # Errors
/// The store's.
pub fn clear(s: &mut dyn Session, list: MachineList) -> Result<bool, StoreError> {
    stored::delete(s, list.key())
}

/// The text of a file in which nothing is wrong.
fn read(list: MachineList, file: &[u8]) -> Result<&str, DefinitionError> {
    if file.len() > MOST_BYTES {
        let message = format!("The file is larger than {} MB. Load fewer entries.", MOST_BYTES / 1024 / 1024);
        return Err(Finding::error("list_too_large", "", message).into());
    }
    let text = str::from_utf8(file).ok().filter(|text| !text.contains('\0')).ok_or_else(|| {
        Finding::error("not_text", "", "This is no text in UTF-8. Save it as plain text, one entry a line.")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut wrong: Vec<Finding> = mistakes(list, text).take(MOST_TOLD + 1).collect();
    if wrong.len() > MOST_TOLD {
        wrong.truncate(MOST_TOLD);
        let message = format!("There is more than these {MOST_TOLD}. Mend them and load the file again.");
        wrong.push(Finding::error("more_mistakes", "", message));
    }
    let (count, most) = (entries(text).count(), list.most());
    if count == 0 {
        let message = "No entry stands in the file. Write one a line, or delete the list.";
        wrong.push(Finding::error("empty_list", "", message));
    }
    if count > most {
        let message = format!(
            "{count} entries stand in the file; a list holds {most} at most. Join networks, or leave some out."
        );
        wrong.push(Finding::error("too_many_entries", "", message));
    }
    if wrong.is_empty() { Ok(text) } else { Err(DefinitionError::Findings(wrong)) }
}

fn mistakes(list: MachineList, text: &str) -> impl Iterator<Item = Finding> + '_ {
    entries(text).filter_map(move |(line, entry)| {
        let (code, message) = list.refuse(entry)?;
        Some(Finding::error(code, format!("/{line}"), format!("Line {line}: {message}")))
    })
}

/// What stands in a file, each with the number of its line: without remarks, and the space around it.
pub(super) fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let without_remark = |line: &'_ str| -> usize {
        let begins = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
        line.match_indices('#').map(|(at, _)| at).find(|at| begins(*at)).unwrap_or(line.len())
    };
    let lines = text.lines().enumerate().map(move |(n, line)| (n + 1, line[..without_remark(line)].trim()));
    lines.filter(|(_, entry)| !entry.is_empty())
}

/// A network, or one address.
pub(super) fn network(entry: &str) -> Option<Network> {
    entry.parse::<Network>().ok().or_else(|| entry.parse::<IpAddr>().ok().map(Network::from))
}

fn refuse_network(entry: &str) -> Option<(&'static str, String)> {
    let Some(network) = network(entry) else {
        let message = format!(
            "`{}` is no network. Write one like 203.0.113.0/24 or 2001:db8::/32, or one address.",
            shown(entry)
        );
        return Some(("bad_network", message));
    };
    // What is written as IPv6 and means IPv4 has 96 bits before the address that is asked for.
    let shortest = match network.bounds().0 {
        IpAddr::V4(_) => SHORTEST_PREFIX.0,
        IpAddr::V6(first) if first.to_ipv4_mapped().is_some() => 96 + SHORTEST_PREFIX.0,
        IpAddr::V6(_) => SHORTEST_PREFIX.1,
    };
    (network.prefix() < shortest).then(|| {
        let message = format!("`{entry}` holds a large part of the world. Write networks of /{shortest} or smaller.");
        ("too_broad", message)
    })
}

fn refuse_name(entry: &str) -> Option<(&'static str, String)> {
    let length = entry.chars().count();
    if !(SHORTEST_NAME..=LONGEST_NAME).contains(&length) || entry.chars().any(char::is_control) {
        let message = format!(
            "`{}` is no name of a program. Write {SHORTEST_NAME} to {LONGEST_NAME} characters that stand in what it calls itself.",
            shown(entry)
        );
        return Some(("bad_agent", message));
    }
    if entry.contains(OF_PATTERNS) {
        let message =
            format!("`{}` is a pattern. Write a part of the name as it stands, `AcmeGateway` say.", shown(entry));
        return Some(("bad_agent", message));
    }
    let name = entry.to_lowercase();
    PEOPLE.iter().any(|program| program.contains(&name)).then(|| {
        let message =
            format!("`{entry}` stands in the names of programs that people use. Write a longer part of the name.");
        ("too_broad", message)
    })
}

/// The beginning of an entry, for people.
fn shown(entry: &str) -> String {
    entry.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Place and code of everything that is wrong.
    fn wrong(list: MachineList, file: impl AsRef<[u8]>) -> Vec<(String, String)> {
        match read(list, file.as_ref()) {
            Ok(_) => Vec::new(),
            Err(DefinitionError::Findings(found)) => found.into_iter().map(|it| (it.pointer, it.code)).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    fn at(place: &str, code: &str) -> (String, String) {
        (place.to_owned(), code.to_owned())
    }

    #[test]
    fn remarks_empty_lines_and_the_ends_of_lines_of_other_systems_are_no_entries() {
        let text = "\u{feff}# Ours\r\n\r\n  203.0.113.0/24  # the gateway\r\n#198.51.100.0/24\r\n2001:db8::1\r\n";
        let text = read(MachineList::Networks, text.as_bytes()).expect("nothing is wrong");
        assert_eq!(entries(text).collect::<Vec<_>>(), [(3, "203.0.113.0/24"), (5, "2001:db8::1")]);
        let named = read(MachineList::Agents, b"Acme#Gateway\n").expect("nothing is wrong");
        assert_eq!(entries(named).collect::<Vec<_>>(), [(1, "Acme#Gateway")], "a remark begins behind a space");
    }

    #[test]
    fn every_line_that_is_no_network_is_told() {
        let file = "203.0.113.0/24\n203.0.113.0/33\n# fine\nacme.example\n0.0.0.0/0\n10.0.0.0/8\n2001::/15\n192.0.2.1\n203.0.113.0 - 203.0.113.9\n::ffff:0.0.0.0/96\n::ffff:10.0.0.0/103\n::ffff:10.0.0.0/104\n";
        let expected = [
            at("/2", "bad_network"),
            at("/4", "bad_network"),
            at("/5", "too_broad"),
            at("/7", "too_broad"),
            at("/9", "bad_network"),
            at("/10", "too_broad"),
            at("/11", "too_broad"),
        ];
        assert_eq!(wrong(MachineList::Networks, file), expected);
        assert_eq!(wrong(MachineList::BlockedNetworks, file), expected);
    }

    #[test]
    fn every_line_that_is_no_name_or_would_filter_people_is_told() {
        let file = "AcmeGateway\n^curl\nbot\\b\nab\nSafari\nGoogleImageProxy\nMozilla/5.0 (compatible; Acme\n";
        let expected = [
            at("/2", "bad_agent"),
            at("/3", "bad_agent"),
            at("/4", "bad_agent"),
            at("/5", "too_broad"),
            at("/6", "too_broad"),
        ];
        assert_eq!(wrong(MachineList::Agents, file), expected);
        assert_eq!(wrong(MachineList::Agents, "x".repeat(201)), [at("/1", "bad_agent")]);
    }

    #[test]
    fn files_are_bounded_and_neither_empty_nor_anything_else() {
        assert_eq!(wrong(MachineList::Networks, "# nothing\n"), [at("", "empty_list")]);
        assert_eq!(wrong(MachineList::Networks, [0xff, 0xfe, b'1', 0]), [at("", "not_text")]);
        assert_eq!(wrong(MachineList::Networks, "10.1.2.3 # \0\n"), [at("", "not_text")]);
        assert_eq!(wrong(MachineList::Networks, vec![b'#'; MOST_BYTES + 1]), [at("", "list_too_large")]);
        let many: String = (0..10_001).map(|n| format!("acme-{n}\n")).collect();
        assert_eq!(wrong(MachineList::Agents, many), [at("", "too_many_entries")]);
        let bad = wrong(MachineList::Networks, "x\n".repeat(150));
        assert_eq!((bad.len(), bad.last()), (MOST_TOLD + 1, Some(&at("", "more_mistakes"))));
    }
}
