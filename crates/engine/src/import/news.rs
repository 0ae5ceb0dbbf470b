//! Telling the shards what came in, so that lists and audiences look again at those whom it concerns.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use caravan_model::{AccountId, PersonId, Shard};
use caravan_store::{Session, StoreError, step};
use jiff::Timestamp;

use crate::inbox::Command;
use crate::live::Live;

/// What anything live wants to hear of.
#[derive(Debug, Default)]
pub(super) struct Interest {
    /// Lists and audiences take in accounts and people as they arrive.
    pub arrivals: bool,
    /// `account.KEY`, `person.KEY` of the attributes that live conditions mention.
    pub attributes: HashSet<String>,
    /// Activity types that anything live listens for.
    pub heard: HashSet<String>,
}

impl Interest {
    /// Of everything live. Asked in each chunk's transaction, so that nothing published meanwhile misses it.
    pub(super) fn of(live: &Live) -> Self {
        Self { arrivals: live.follows_arrivals(), attributes: live.mentioned.clone(), heard: live.heard.clone() }
    }
}

/// Accounts and people of one shard, and what about them is news.
#[derive(Debug, Default)]
struct Told {
    accounts: BTreeSet<AccountId>,
    people: BTreeSet<PersonId>,
    attributes: BTreeSet<String>,
}

/// News of one transaction: at most two rows a shard.
#[derive(Debug, Default)]
pub(super) struct News {
    arrived: BTreeMap<Shard, Told>,
    changed: BTreeMap<Shard, Told>,
}

impl News {
    /// A new account, or one whose people changed.
    pub(super) fn account_arrived(&mut self, shard: Shard, account: AccountId) {
        self.arrived.entry(shard).or_default().accounts.insert(account);
    }

    /// A new person, or one whose accounts changed.
    pub(super) fn person_arrived(&mut self, shard: Shard, person: PersonId) {
        self.arrived.entry(shard).or_default().people.insert(person);
    }

    /// Mentioned attributes of an account changed.
    pub(super) fn account_changed(&mut self, shard: Shard, account: AccountId, attributes: &BTreeSet<String>) {
        let told = self.changed.entry(shard).or_default();
        told.accounts.insert(account);
        told.attributes.extend(attributes.iter().cloned());
    }

    /// Mentioned attributes of a person changed.
    pub(super) fn person_changed(&mut self, shard: Shard, person: PersonId, attributes: &BTreeSet<String>) {
        let told = self.changed.entry(shard).or_default();
        told.people.insert(person);
        told.attributes.extend(attributes.iter().cloned());
    }

    /// Appends them to the inboxes.
    pub(super) fn tell(self, s: &mut dyn Session, now: Timestamp) -> Result<(), StoreError> {
        let arrived = self.arrived.into_iter().map(|(shard, told)| (shard, told.as_news(true)));
        let changed = self.changed.into_iter().map(|(shard, told)| (shard, told.as_news(false)));
        let rows: Vec<_> = arrived.chain(changed).map(|(shard, command)| command.to(shard, now)).collect();
        step::insert_inbox(s, &rows)
    }
}

impl Told {
    /// As the command that has conditions looked at again; of arrivals all of them.
    fn as_news(&self, arrived: bool) -> Command {
        Command::Changed {
            accounts: self.accounts.iter().copied().collect(),
            people: self.people.iter().copied().collect(),
            attributes: if arrived { Vec::new() } else { self.attributes.iter().cloned().collect() },
        }
    }
}
