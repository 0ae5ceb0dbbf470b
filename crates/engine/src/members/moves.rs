//! Members that join or leave by hand, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_model::{AccountId, DocumentId, PersonId, Shard};
use caravan_store::records::{self, ActivityRow};
use caravan_store::{Session, StoreError, external_audiences, step};
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

/// What follows: journeys and groups take in who joined, conditions that ask for the list are looked at again, destinations
/// of external audiences are told, and the stream tells of it.
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
    if list.kind == DocumentKind::ExternalAudience {
        external_audiences::mark(s, list.id, &moved.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    }
    if let Some(told) = told(list, change) {
        rows.extend(tell(s, live, list, told, source, moved, now)?);
    }
    step::insert_inbox(s, &rows)
}

/// The activity that tells of it, with the field that names the list; none where the stream does not tell of it.
fn told(list: &List, change: Change) -> Option<(&'static str, &'static str)> {
    match (list.kind, change) {
        (DocumentKind::AccountList, Change::Add) => Some(("account_list_joined", "list")),
        (DocumentKind::AccountList, Change::Remove) => Some(("account_list_left", "list")),
        (DocumentKind::ExternalAudience, Change::Add) => Some(("external_audience_joined", "external_audience")),
        (DocumentKind::ExternalAudience, Change::Remove) => Some(("external_audience_left", "external_audience")),
        _ => None,
    }
}

fn tell(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    (kind, field): (&'static str, &str),
    source: &str,
    moved: &[(i64, Shard)],
    now: Timestamp,
) -> Result<Vec<step::NewInbox>, StoreError> {
    let fields = serde_json::json!({field: list.key});
    let text = fields.to_string();
    let account = |id: i64| (list.subject == Subject::Account).then_some(AccountId(id));
    let person = |id: i64| (list.subject == Subject::Person).then_some(PersonId(id));
    let row = |id: i64| ActivityRow {
        kind,
        at: now,
        received_at: now,
        account: account(id),
        person: person(id),
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
    let heard = moved.iter().zip(ids).map(|((subject, _), id)| HeardActivity {
        id,
        kind: kind.to_owned(),
        at: now,
        received_at: now,
        account: account(*subject),
        person: person(*subject),
        enrollment: None,
        source: source.to_owned(),
        fields: fields.clone(),
    });
    save::address(s, heard.collect())
}
