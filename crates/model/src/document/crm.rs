//! Where records stand in the CRM, and where the CRM's ids stand here.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attribute::Subject;
use crate::finding::Finding;

/// What stands in a pattern for the record's key.
const KEY: &str = "{key}";
/// The longest pattern, in bytes.
const LONGEST: usize = 2_000;

/// Where accounts, people and opportunities stand in the CRM. `{key}` stands for the record's key as it was imported:
/// `https://acme.my.example/lightning/r/Account/{key}/view`. What is left out has no link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrmLinks {
    /// Of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Of an opportunity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opportunity: Option<String>,
    /// Key of the attribute of accounts that holds the CRM's id of an account, by which the CRM may lead here; left out: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Key of the attribute of people that holds the CRM's id of a contact; left out: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// Key of the attribute of people that holds the CRM's id of a lead; left out: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<String>,
}

/// What a CRM keeps of accounts and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CrmKind {
    /// An account.
    Account,
    /// A person of an account.
    Contact,
    /// A person of no account yet.
    Lead,
}

impl CrmKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Account, Self::Contact, Self::Lead];

    /// What it is here.
    pub fn subject(self) -> Subject {
        match self {
            Self::Account => Subject::Account,
            Self::Contact | Self::Lead => Subject::Person,
        }
    }
}

impl CrmLinks {
    /// Key of the attribute that holds the CRM's ids of this kind.
    pub fn id_attribute(&self, kind: CrmKind) -> &str {
        let named = match kind {
            CrmKind::Account => &self.account_id,
            CrmKind::Contact => &self.contact_id,
            CrmKind::Lead => &self.lead_id,
        };
        named.as_deref().unwrap_or("key")
    }

    /// Whether there is no link at all.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Every pattern that makes no address.
    pub fn check(&self, pointer: &str) -> Vec<Finding> {
        let all = [("account", &self.account), ("person", &self.person), ("opportunity", &self.opportunity)];
        let wrong = |(field, pattern): (&str, &Option<String>)| {
            let why = pattern.as_deref().and_then(mistake)?;
            Some(Finding::error("bad_crm_link", format!("{pointer}/{field}"), why))
        };
        all.into_iter().filter_map(wrong).collect()
    }
}

/// The address of the record with this key; none where the pattern makes none. The key is one part of the address, whatever
/// it holds: it cannot change where the address leads.
pub fn crm_link(pattern: &str, key: &str) -> Option<String> {
    mistake(pattern).is_none().then(|| pattern.replace(KEY, &encoded(key)))
}

fn mistake(pattern: &str) -> Option<String> {
    let rest = pattern.strip_prefix("https://").or_else(|| pattern.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Some("An address begins with https:// (or http://). Write it so.".to_owned());
    };
    let host_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, place) = rest.split_at(host_ends);
    let good_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c));
    if !good_host {
        return Some(format!("`{host}` is no name of a server. Write the address as your browser shows it."));
    }
    if !place.contains(KEY) {
        return Some(format!("Every record would have the same link. Write `{KEY}` where its key belongs."));
    }
    let foreign = |c: char| c.is_whitespace() || c.is_control() || "\"<>\\^`|".contains(c);
    if place.replace(KEY, "").contains(|c| foreign(c) || "{}".contains(c)) {
        return Some(format!("Only `{KEY}` stands for something, and there are no spaces. Write the address so."));
    }
    (pattern.len() > LONGEST).then(|| format!("The address is longer than {LONGEST} bytes. Shorten it."))
}

/// The ways in which an id of a CRM may stand here, as it was written first. Salesforce shows 15 letters and exports 18, which end in
/// what tells capital letters apart; Dynamics writes its ids with or without braces, in letters of either case.
pub fn crm_ids(written: &str) -> Vec<String> {
    let written = written.trim();
    let mut ids = vec![written.to_owned()];
    let bare = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(written);
    if is_guid(bare) {
        let (small, capital) = (bare.to_ascii_lowercase(), bare.to_ascii_uppercase());
        ids.extend([format!("{{{small}}}"), format!("{{{capital}}}"), small, capital]);
    }
    let alphanumeric = written.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match written.len() {
        15 if alphanumeric => ids.push(format!("{written}{}", capitals(written))),
        // Where the ending belongs to it: any 18 letters are not an id of Salesforce.
        18 if alphanumeric => {
            let (id, ending) = written.split_at(15);
            ids.extend((capitals(id) == ending).then(|| id.to_owned()));
        }
        _ => {}
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| !id.is_empty() && !id.contains(char::is_control) && seen.insert(id.clone()));
    ids
}

fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Three letters that tell which of fifteen are capital, five by five, the first as the lowest bit.
fn capitals(id: &str) -> String {
    let letter = |five: &[u8]| {
        let bits = five.iter().enumerate().map(|(n, byte)| usize::from(byte.is_ascii_uppercase()) << n).sum::<usize>();
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
    };
    id.as_bytes().chunks(5).map(letter).collect()
}

/// A key as one part of an address: all but letters, digits and `-._~` encoded.
fn encoded(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_record_and_nowhere_else() {
        let pattern = "https://acme.my.example/lightning/r/Account/{key}/view?id={key}";
        let link = |key| crm_link(pattern, key);
        assert_eq!(
            link("0015e00000ABCDE").as_deref(),
            Some("https://acme.my.example/lightning/r/Account/0015e00000ABCDE/view?id=0015e00000ABCDE")
        );
        let odd = link("a/../b?x=1#y é").expect("a link");
        assert!(
            odd.starts_with("https://acme.my.example/lightning/r/Account/a%2F..%2Fb%3Fx%3D1%23y%20%C3%A9/view"),
            "{odd}"
        );
        assert_eq!(
            crm_link("http://crm.example:8080?contact={key}", "1").as_deref(),
            Some("http://crm.example:8080?contact=1")
        );
    }

    #[test]
    fn an_id_of_a_crm_is_found_however_it_is_written() {
        assert_eq!(crm_ids(" 001A0000006Vm9r "), ["001A0000006Vm9r", "001A0000006Vm9rIAC"]);
        assert_eq!(crm_ids("001A0000006Vm9rIAC"), ["001A0000006Vm9rIAC", "001A0000006Vm9r"]);
        assert_eq!(crm_ids("001A0000006Vm9rIAX"), ["001A0000006Vm9rIAX"], "its ending belongs to another id");
        let small = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
        let capital = small.to_ascii_uppercase();
        for written in [small.to_owned(), capital.clone(), format!("{{{capital}}}")] {
            let ids = crm_ids(&written);
            assert_eq!(ids[0], written);
            assert_eq!(ids.len(), 4, "{ids:?}");
            assert!(ids.contains(&small.to_owned()) && ids.contains(&format!("{{{small}}}")), "{ids:?}");
        }
        assert_eq!(crm_ids("acme"), ["acme"]);
        assert_eq!(crm_ids("ééééé ééé"), ["ééééé ééé"]);
        assert_eq!(crm_ids("  "), Vec::<String>::new());
        assert_eq!(crm_ids("a\0b"), Vec::<String>::new(), "no id holds what no database takes");
    }

    #[test]
    fn what_is_no_address_of_a_record_is_refused_and_makes_no_link() {
        for bad in [
            "javascript:alert('{key}')",
            "JavaScript://x/%0a{key}",
            " https://crm.example/{key}",
            "data:text/html,{key}",
            "//crm.example/{key}",
            "https://{key}/x",
            "https://user@crm.example/{key}",
            "https:///{key}",
            "https://crm.example/",
            "https://crm.example/{key}/{id}",
            "https://crm.example/{key}\"onclick=x",
            "https://crm.example/a b/{key}",
        ] {
            let links = CrmLinks { person: Some(bad.to_owned()), ..CrmLinks::default() };
            let found: Vec<_> = links.check("/crm").into_iter().map(|it| (it.code, it.pointer)).collect();
            assert_eq!(found, [("bad_crm_link".to_owned(), "/crm/person".to_owned())], "{bad}");
            assert_eq!(crm_link(bad, "1"), None, "{bad}");
        }
    }
}
