//! The invented accounts and people of the demo: those who are there from the start, and those who join later.

use std::collections::HashMap;

use caravan_engine::Engine;
use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, ImportReport, import};
use caravan_model::sample::{AccountRow, PersonRow, Sample};
use serde_json::Value as Json;

/// Accounts that are there from the start.
pub const AT_THE_START: u64 = 240;

/// More than will ever join.
const SAMPLE: Sample = Sample { accounts: 100_000, people_per_account: 8, seed: 7 };

/// Who is there.
#[derive(Debug, Default)]
pub struct Crowd {
    /// Accounts that joined.
    pub accounts: u64,
    /// Key of the person with this address. Some people share an address; then one of them.
    by_email: HashMap<String, String>,
}

impl Crowd {
    /// Brings in everybody who is there from the start.
    pub fn gather(&mut self, engine: &Engine) -> anyhow::Result<()> {
        self.join(engine, AT_THE_START)
    }

    /// The next accounts join, with their people.
    pub fn join(&mut self, engine: &Engine, accounts: u64) -> anyhow::Result<()> {
        let (from, to) = (self.accounts, (self.accounts + accounts).min(SAMPLE.accounts));
        let rows = SAMPLE.accounts().skip(usize::try_from(from)?).take(usize::try_from(to - from)?);
        let mut file = Vec::new();
        AccountRow::write_csv(rows, &mut file)?;
        take(engine, ImportKind::Accounts, &file, FileFormat::Csv)?;
        let people: Vec<PersonRow> = (from..to).flat_map(|account| SAMPLE.people_of(account)).collect();
        for person in &people {
            self.by_email.insert(person.email.to_string(), person.key.to_string());
        }
        let mut file = Vec::new();
        PersonRow::write_csv(people, &mut file)?;
        take(engine, ImportKind::People, &file, FileFormat::Csv)?;
        self.accounts = to;
        Ok(())
    }

    /// How many people there are, those who share an address counted once.
    pub fn people(&self) -> usize {
        self.by_email.len()
    }

    /// Key of the person with this address.
    pub fn person(&self, email: &str) -> Option<&str> {
        self.by_email.get(email).map(String::as_str)
    }
}

/// Somebody did something.
pub fn tell(engine: &Engine, activity: &Json) -> anyhow::Result<()> {
    take(engine, ImportKind::Activities, activity.to_string().as_bytes(), FileFormat::JsonLines)
}

fn take(engine: &Engine, kind: ImportKind, file: &[u8], format: FileFormat) -> anyhow::Result<()> {
    let options = ImportOptions { source: "demo".to_owned(), ..ImportOptions::default() };
    let ImportReport { rejected, rejects, .. } = import(engine, &kind, file, format, &options, &mut ())?;
    match rejects.first() {
        None => Ok(()),
        Some(reject) => anyhow::bail!("{rejected} rows of the demo were rejected: {}", reject.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_enough_people_from_the_start() {
        let people: usize = (0..AT_THE_START).map(|account| SAMPLE.people_of(account).count()).sum();
        assert!(AT_THE_START >= 200 && people >= 1_600, "{people} people");
    }
}
