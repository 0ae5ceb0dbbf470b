//! Who gets a copy of an email: addresses among the values that the step copied, judged one by one when it leaves. A copy
//! is the same message; whoever must not get it is left out, and the recipient gets theirs all the same.

use std::collections::{HashMap, HashSet};

use caravan_catalog::effects::{self, EmailEffect};
use caravan_connect::Mailbox;
use caravan_model::EffectId;
use caravan_store::outbox::OutboxRow;
use caravan_store::{Session, StoreError, ledger};

use super::frozen::{Versions, copies_of};
use super::gates::{UNSUBSCRIBED, folded_address};
use crate::live::Live;

/// The copies that messages ask for.
#[derive(Default)]
pub struct Copies {
    /// As they are written, by message.
    wanted: HashMap<EffectId, Vec<String>>,
    /// Folded addresses whose owners get no marketing.
    opted_out: HashSet<String>,
}

/// What claimed rows ask for; nothing is asked of the store where no email has copies.
pub fn wanted(s: &mut dyn Session, live: &Live, versions: &Versions, rows: &[OutboxRow]) -> Result<Copies, StoreError> {
    let mut wanted = HashMap::new();
    for row in rows.iter().filter(|row| row.kind == effects::EMAIL) {
        let Some(frozen) = versions.get(s, live, row.version)?.filter(|frozen| frozen.has_copies()) else { continue };
        let Ok(effect) = serde_json::from_str::<EmailEffect>(&row.body) else { continue };
        let addresses = frozen.email(&effect.email).map(|mailing| copies_of(&mailing.email, &effect.values));
        wanted.insert(row.id, addresses.unwrap_or_default());
    }
    let mut asked: Vec<String> = wanted.values().flatten().cloned().collect();
    asked.extend(wanted.values().flatten().filter_map(|address| folded_address(address)));
    asked.sort_unstable();
    asked.dedup();
    let opted_out = ledger::opted_out_addresses(s, &asked)?.iter().filter_map(|it| folded_address(it)).collect();
    Ok(Copies { wanted, opted_out })
}

impl Copies {
    /// Every address, as it is written.
    pub fn addresses(&self) -> impl Iterator<Item = &String> {
        self.wanted.values().flatten()
    }

    /// Who gets a copy of a message: each address once, never the recipient's own. `listed` says why a folded address is
    /// on the do-not-contact list; none where nobody may write to it at all.
    pub fn of<'a>(
        &self,
        id: EffectId,
        recipient: &str,
        operational: bool,
        listed: impl Fn(&str) -> Option<Option<&'a str>>,
    ) -> Vec<Mailbox> {
        let mut known = HashSet::from([recipient.to_owned()]);
        let mut may = |written: &&String| {
            let Some(folded) = folded_address(written) else { return false };
            let allowed = match listed(&folded) {
                None => false,
                Some(None) => operational || !self.opted_out.contains(&folded),
                Some(Some(reason)) => operational && reason == UNSUBSCRIBED,
            };
            allowed && known.insert(folded)
        };
        let asked = self.wanted.get(&id).into_iter().flatten();
        asked.filter(|written| may(written)).map(|written| Mailbox::bare(written.clone())).collect()
    }
}
