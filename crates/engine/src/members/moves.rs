//! Members that join or leave by hand, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_model::{AccountId, DocumentId, PersonId, Shard};
use caravan_store::records::{self, ActivityRow};
use caravan_store::{Session, StoreError, step};
use jiff::Timestamp;

use super::{Change, Changed, List};
use crate::inbox::Command;
use crate::listen::HeardActivity;
use crate::live::{Live, list_tag};
use crate::save;

/// Writes who joined or left a list by hand or by a manifest, as far as they were not there, or gone, already.
pub(crate) fn write(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    (change, source): (Change, &str),
    subjects: &[(i64, Shard)],
) -> Result<Changed, StoreError> {
    let ids: Vec<i64> = subjects.iter().map(|(id, _)| *id).collect();
    let inside: BTreeSet<i64> =
        records::memberships(s, &ids, &[list.id.0])?.into_iter().map(|(subject, _)| subject).collect();
    let differs = |id: &i64| inside.contains(id) == (change == Change::Remove);
    let mut moved: Vec<(i64, Shard)> = subjects.iter().copied().filter(|(id, _)| differs(id)).collect();
    moved.sort_unstable();
    let changed = moved.len() as u64;
    let done = Changed { changed, unchanged: subjects.len() as u64 - changed, ..Changed::default() };
    if moved.is_empty() {
        return Ok(done);
    }
    let rows: Vec<(DocumentId, i64)> = moved.iter().map(|(id, _)| (list.id, *id)).collect();
    let now = s.now()?;
    match change {
        Change::Add => records::join_lists(s, &rows, source, now)?,
        Change::Remove => records::leave_lists(s, &rows)?,
    };
    follow(s, live, list, (change, source), &moved, now)?;
    Ok(done)
}

/// What follows: journeys and groups take in who joined, conditions that ask for the list are looked at again, and the
/// accounts' streams tell of it.
fn follow(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    (change, source): (Change, &str),
    moved: &[(i64, Shard)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    if change == Change::Add {
        let mut by_shard: BTreeMap<Shard, Vec<i64>> = BTreeMap::new();
        for &(id, shard) in moved {
            by_shard.entry(shard).or_default().push(id);
        }
        let joined =
            by_shard.into_iter().map(|(shard, subjects)| Command::Joined { list: list.id, subjects }.to(shard, now));
        rows.extend(joined);
    }
    let tag = list_tag(list.id);
    if live.mentioned.contains(&tag) {
        let ids = moved.iter().map(|(id, _)| *id);
        rows.extend(match list.subject {
            Subject::Account => save::mark_accounts(s, &tag, &ids.collect::<Vec<_>>(), now)?,
            Subject::Person => save::mark_people(s, &tag, ids.map(PersonId).collect(), now)?,
        });
    }
    if list.kind == DocumentKind::AccountList {
        rows.extend(tell(s, live, list, (change, source), moved, now)?);
    }
    step::insert_inbox(s, &rows)
}

fn tell(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    (change, source): (Change, &str),
    moved: &[(i64, Shard)],
    now: Timestamp,
) -> Result<Vec<step::NewInbox>, StoreError> {
    let kind = match change {
        Change::Add => "account_list_joined",
        Change::Remove => "account_list_left",
    };
    let fields = serde_json::json!({"list": list.key});
    let text = fields.to_string();
    let row = |id: i64| ActivityRow {
        kind,
        at: now,
        received_at: now,
        account: Some(AccountId(id)),
        person: None,
        enrollment: None,
        node: None,
        source,
        fields: &text,
    };
    let activities: Vec<ActivityRow<'_>> = moved.iter().map(|(id, _)| row(*id)).collect();
    let ids = records::insert_activities(s, &activities)?;
    if !live.heard.contains(kind) {
        return Ok(Vec::new());
    }
    let heard = moved.iter().zip(ids).map(|((account, _), id)| HeardActivity {
        id,
        kind: kind.to_owned(),
        at: now,
        received_at: now,
        account: Some(AccountId(*account)),
        person: None,
        enrollment: None,
        source: source.to_owned(),
        fields: fields.clone(),
    });
    save::address(s, heard.collect())
}
