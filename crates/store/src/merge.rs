//! Making one account or person of two: whatever belongs to the one that goes is handed to the one that stays.
//!
//! Whoever calls holds the shards of everything that the two travel in, and has decided what the values of the one that
//! stays are. Rows that only the daily runs write (counts and scores of days) go with the one that goes.

use caravan_model::{AccountId, DocumentId, GroupId, PersonId, Shard};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::records::Table;
use crate::session::{Session, SessionExt};
use crate::visitors;

/// The one that stays and the one that goes, of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Whose table.
    pub table: Table,
    /// The one that stays.
    pub keep: i64,
    /// Its shard.
    pub shard: Shard,
    /// The one that goes.
    pub gone: i64,
}

impl Pair {
    fn column(self) -> &'static str {
        match self.table {
            Table::Account => "account_id",
            Table::Person => "person_id",
        }
    }
}

/// Messages and calls of the one that goes that somebody is just handing over.
pub fn in_flight(s: &mut dyn Session, pair: Pair, now: Timestamp) -> Result<i64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM outbox WHERE {} = $1 AND claim_until > $2", pair.column());
    s.query_int(&sql, params![pair.gone, now])
}

/// Whether anything waits in the inboxes of these shards.
pub fn any_inbox(s: &mut dyn Session, shards: &[i64]) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM inbox WHERE shard {in:1} LIMIT 1", params![shards])
}

/// The shards in which people's accounts travel, by person or account of either.
pub fn shards_of(s: &mut dyn Session, pair: Pair) -> Result<Vec<Shard>, StoreError> {
    let own = match pair.table {
        Table::Account => "SELECT shard FROM account WHERE id {in:1}",
        Table::Person => {
            "SELECT shard FROM person WHERE id {in:1}
             UNION SELECT a.shard FROM account_person AS r JOIN account AS a ON a.id = r.account_id
                   WHERE r.person_id {in:1}
             UNION SELECT g.shard FROM group_member AS m JOIN buying_group AS g ON g.id = m.group_id
                   WHERE m.person_id {in:1}"
        }
    };
    let ids = [pair.keep, pair.gone];
    s.query_map(&format!("SELECT DISTINCT shard FROM ({own}) AS all_shards ORDER BY shard"), params![&ids], |r| {
        Ok(Shard(r.int(0)))
    })
}

/// A trip of either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TripRow {
    /// The enrollment.
    pub id: i64,
    /// The journey.
    pub journey: DocumentId,
    /// Whose.
    pub subject: i64,
    /// Still inside.
    pub active: bool,
    /// When it entered.
    pub entered_at: Timestamp,
}

/// The trips of both in these journeys, by journey, those inside last, then by entry.
pub fn trips(s: &mut dyn Session, pair: Pair, journeys: &[i64]) -> Result<Vec<TripRow>, StoreError> {
    let sql = "SELECT id, journey_id, subject_id, ended_at IS NULL, entered_at FROM enrollment
               WHERE subject_id {in:1} AND journey_id {in:2}
               ORDER BY journey_id, CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END, entered_at, id";
    let ids = [pair.keep, pair.gone];
    s.query_map(sql, params![&ids, journeys], |r| {
        Ok(TripRow {
            id: r.int(0),
            journey: DocumentId(r.int(1)),
            subject: r.int(2),
            active: r.bool(3),
            entered_at: r.instant(4),
        })
    })
}

/// Entries are counted anew from here while they are moved, so that none meets another on its way.
const ASIDE: i64 = 1 << 40;

/// Gives trips to the one that stays, numbered 1, 2, 3 … in the order given per journey, with what they have queued.
pub fn move_trips(s: &mut dyn Session, pair: Pair, trips: &[(i64, i64)]) -> Result<(), StoreError> {
    let mut trips = trips.to_vec();
    trips.sort_unstable();
    let ids: Vec<i64> = trips.iter().map(|(id, _)| *id).collect();
    let entries: Vec<i64> = trips.iter().map(|(_, entry)| *entry).collect();
    for aside in [ASIDE, 0] {
        let entries: Vec<i64> = entries.iter().map(|entry| entry + aside).collect();
        s.bulk(
            &Bulk::update("enrollment")
                .column("id", &ids)
                .column("entry", &entries)
                .same("subject_id", pair.keep)
                .same("shard", pair.shard)
                .set("entry = {entry}, subject_id = {subject_id}, shard = {shard}")
                .matching("id = {id}"),
        )?;
    }
    s.execute("UPDATE outbox SET shard = $2 WHERE enrollment_id {in:1}", params![&ids, pair.shard])?;
    Ok(())
}

/// How many rows of each kind went over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handed {
    /// Relations between accounts and people.
    pub relations: u64,
    /// Memberships of lists and audiences.
    pub lists: u64,
    /// Activities.
    pub activities: u64,
    /// Messages and calls, queued and done.
    pub messages: u64,
    /// Records of objects.
    pub records: u64,
}

/// Hands over what both kinds have: memberships of `lists` and records of `objects` of their subject, activities, messages.
pub fn hand_over(s: &mut dyn Session, pair: Pair, lists: &[i64], objects: &[i64]) -> Result<Handed, StoreError> {
    let (keep, gone, column) = (pair.keep, pair.gone, pair.column());
    let joined = s.execute(
        "INSERT INTO list_member (list_id, subject_id, source, added_at)
         SELECT list_id, CAST($2 AS BIGINT), source, added_at FROM list_member
         WHERE subject_id = $1 AND list_id {in:3} ON CONFLICT (list_id, subject_id) DO NOTHING",
        params![gone, keep, lists],
    )?;
    s.execute("DELETE FROM list_member WHERE subject_id = $1 AND list_id {in:2}", params![gone, lists])?;
    s.execute("DELETE FROM recheck WHERE subject_id = $1 AND list_id {in:2}", params![gone, lists])?;
    let activities =
        s.execute(&format!("UPDATE activity SET {column} = $2 WHERE {column} = $1"), params![gone, keep])?;
    // What destinations of external audiences are told of the one that goes stays about it: it leaves them.
    let queued = s.execute(
        &format!("UPDATE outbox SET {column} = $2 WHERE {column} = $1 AND kind <> 'external_audience'"),
        params![gone, keep],
    )?;
    let settled = s.execute(&format!("UPDATE ledger SET {column} = $2 WHERE {column} = $1"), params![gone, keep])?;
    let records = s.execute(
        "UPDATE object_record SET subject_id = $2 WHERE subject_id = $1 AND object_id {in:3}",
        params![gone, keep, objects],
    )?;
    s.execute(
        "DELETE FROM score_day WHERE subject_id = $1 AND of_people = $2",
        params![gone, pair.table == Table::Person],
    )?;
    Ok(Handed { relations: 0, lists: joined, activities, messages: queued + settled, records })
}

/// Adds the named scores of the person that goes to those of the one that stays; what remains of it is taken away.
pub fn unite_scores(s: &mut dyn Session, keep: PersonId, gone: PersonId) -> Result<u64, StoreError> {
    let n = s.execute(
        "INSERT INTO person_score (person_id, score_id, value)
         SELECT CAST($2 AS BIGINT), score_id, value FROM person_score WHERE person_id = $1
         ON CONFLICT (person_id, score_id) DO UPDATE SET value = person_score.value + excluded.value",
        params![gone, keep],
    )?;
    s.execute("DELETE FROM person_score WHERE person_id = $1", params![gone])?;
    s.execute("DELETE FROM engagement_count WHERE person_id = $1", params![gone])?;
    Ok(n)
}

/// A person who opted out themselves stays opted out under either name.
pub fn unite_opt_out(s: &mut dyn Session, keep: PersonId, gone: PersonId) -> Result<(), StoreError> {
    s.execute(
        "UPDATE person SET unsubscribed_by_person = TRUE WHERE id = $1
         AND EXISTS (SELECT 1 FROM person AS other WHERE other.id = $2 AND other.unsubscribed_by_person)",
        params![keep, gone],
    )?;
    Ok(())
}

/// A place in a buying group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceRow {
    /// The group.
    pub group: GroupId,
    /// Its shard.
    pub shard: Shard,
    /// Its interest.
    pub interest: DocumentId,
    /// The person.
    pub person: PersonId,
    /// system, journey or manual.
    pub source: String,
    /// Soft delete.
    pub removed: bool,
    /// When it was last decided.
    pub changed_at: Timestamp,
}

const PLACE: &str = "SELECT m.group_id, g.shard, g.interest_id, m.person_id, m.source, m.removed, m.changed_at
    FROM group_member AS m JOIN buying_group AS g ON g.id = m.group_id";

fn read_place(r: &dyn crate::session::Row) -> Result<PlaceRow, StoreError> {
    Ok(PlaceRow {
        group: GroupId(r.int(0)),
        shard: Shard(r.int(1)),
        interest: DocumentId(r.int(2)),
        person: PersonId(r.int(3)),
        source: r.string(4),
        removed: r.bool(5),
        changed_at: r.instant(6),
    })
}

/// The places of these people in buying groups, by group and person.
pub fn places_of_people(s: &mut dyn Session, people: &[i64]) -> Result<Vec<PlaceRow>, StoreError> {
    let sql = format!("{PLACE} WHERE m.person_id {{in:1}} ORDER BY m.group_id, m.person_id");
    s.query_map(&sql, params![people], read_place)
}

/// The places in these groups, by group and person.
pub fn places_in(s: &mut dyn Session, groups: &[i64]) -> Result<Vec<PlaceRow>, StoreError> {
    let sql = format!("{PLACE} WHERE m.group_id {{in:1}} ORDER BY m.group_id, m.person_id");
    s.query_map(&sql, params![groups], read_place)
}

/// Moves a place to another group or another person, in the stead of the one that is there.
pub fn move_place(s: &mut dyn Session, from: (GroupId, PersonId), to: (GroupId, PersonId)) -> Result<(), StoreError> {
    drop_place(s, to)?;
    s.execute(
        "UPDATE group_member SET group_id = $3, person_id = $4 WHERE group_id = $1 AND person_id = $2",
        params![from.0, from.1, to.0, to.1],
    )?;
    Ok(())
}

/// Takes a place away.
pub fn drop_place(s: &mut dyn Session, place: (GroupId, PersonId)) -> Result<(), StoreError> {
    s.execute("DELETE FROM group_member WHERE group_id = $1 AND person_id = $2", params![place.0, place.1])?;
    Ok(())
}

/// A buying group of either account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupOfPair {
    /// The group.
    pub id: GroupId,
    /// Whose.
    pub account: i64,
    /// Its interest.
    pub interest: DocumentId,
}

/// The groups of both accounts, those put away included, by interest.
pub fn groups_of(s: &mut dyn Session, pair: Pair) -> Result<Vec<GroupOfPair>, StoreError> {
    let ids = [pair.keep, pair.gone];
    let sql = "SELECT id, account_id, interest_id FROM buying_group WHERE account_id {in:1} ORDER BY interest_id, id";
    s.query_map(sql, params![&ids], |r| {
        Ok(GroupOfPair { id: GroupId(r.int(0)), account: r.int(1), interest: DocumentId(r.int(2)) })
    })
}

/// Gives a whole group to the account that stays.
pub fn move_group(s: &mut dyn Session, pair: Pair, group: GroupId) -> Result<(), StoreError> {
    s.execute(
        "UPDATE buying_group SET account_id = $2, shard = $3 WHERE id = $1",
        params![group, pair.keep, pair.shard],
    )?;
    s.execute(
        "UPDATE score_day SET shard = $2 WHERE subject_id = $1 AND of_people = $3",
        params![group, pair.shard, false],
    )?;
    Ok(())
}

/// Puts one emptied group into another of the same interest: stage and status where the other has none, its history of
/// stages; the other is put away no more where this one is not.
pub fn unite_groups(s: &mut dyn Session, keep: GroupId, gone: GroupId) -> Result<(), StoreError> {
    for column in ["stage", "status"] {
        s.execute(
            &format!(
                "UPDATE buying_group SET {column} =
                 COALESCE({column}, (SELECT other.{column} FROM buying_group AS other WHERE other.id = $2)) WHERE id = $1"
            ),
            params![keep, gone],
        )?;
    }
    s.execute(
        "UPDATE buying_group SET archived_at = NULL, archived_interest = NULL WHERE id = $1
         AND EXISTS (SELECT 1 FROM buying_group AS other WHERE other.id = $2 AND other.archived_at IS NULL)",
        params![keep, gone],
    )?;
    s.execute("UPDATE stage_change SET group_id = $2 WHERE group_id = $1", params![gone, keep])?;
    s.execute("DELETE FROM score_day WHERE subject_id = $1 AND of_people = $2", params![gone, false])?;
    s.execute("DELETE FROM group_member WHERE group_id = $1", params![gone])?;
    s.execute("DELETE FROM buying_group WHERE id = $1", params![gone])?;
    Ok(())
}

/// The relations of an account to people, or of a person to accounts: the other side, and the roles as JSON.
pub fn relations(s: &mut dyn Session, table: Table, id: i64) -> Result<Vec<(i64, Option<String>)>, StoreError> {
    let sql = match table {
        Table::Account => "SELECT person_id, roles FROM account_person WHERE account_id = $1 ORDER BY person_id",
        Table::Person => "SELECT account_id, roles FROM account_person WHERE person_id = $1 ORDER BY account_id",
    };
    s.query_map(sql, params![id], |r| Ok((r.int(0), r.opt_string(1))))
}

/// Takes the account away that has nothing any more; what was below it is below the one that stays.
pub fn drop_account(s: &mut dyn Session, keep: AccountId, gone: AccountId) -> Result<(), StoreError> {
    s.execute("UPDATE account SET parent_id = $2 WHERE parent_id = $1 AND id <> $2", params![gone, keep])?;
    // Nobody is below itself.
    s.execute(
        "UPDATE account SET parent_id = (SELECT other.parent_id FROM account AS other WHERE other.id = $2
                                         AND other.parent_id <> $1)
         WHERE id = $1 AND parent_id = $2",
        params![keep, gone],
    )?;
    s.execute("DELETE FROM account_person WHERE account_id = $1", params![gone])?;
    s.execute("DELETE FROM account WHERE id = $1", params![gone])?;
    Ok(())
}

/// Takes the person away who has nothing any more; whoever is recognised as them is the one who stays.
pub fn drop_person(s: &mut dyn Session, keep: PersonId, gone: PersonId) -> Result<(), StoreError> {
    visitors::hand_over(s, keep, gone)?;
    s.execute("DELETE FROM account_person WHERE person_id = $1", params![gone])?;
    s.execute("DELETE FROM person WHERE id = $1", params![gone])?;
    Ok(())
}
