//! The accounts and people of a benchmark, written straight into the tables: filling them is not what is measured.

use std::ops::Range;

use caravan_model::Shard;
use caravan_store::{Bulk, Session, Store, StoreError};

/// People of each account.
pub const PEOPLE: u64 = 10;

/// Accounts in one transaction.
const CHUNK: u64 = 2_000;

const FIRST_NAMES: [&str; 8] = ["Ada", "Ben", "Chiara", "Dmitri", "Emeka", "Fatima", "Goran", "Hana"];
const LAST_NAMES: [&str; 7] = ["Okafor", "Lindqvist", "Marchetti", "Sato", "Novak", "Ferreira", "Haddad"];
const TITLES: [&str; 5] = ["Head of Purchasing", "Clerk", "Chief Financial Officer", "Engineer", "Sales Manager"];
/// Three of four people are in sales already.
const DEPARTMENTS: [&str; 4] = ["Sales", "Sales", "Finance", "Sales"];

/// Where the accounts are that travel.
pub const HERE: &str = "Norway";
/// Where those are that only wait beside them.
pub const ELSEWHERE: &str = "Sweden";

/// Writes `accounts` accounts with [`PEOPLE`] people each.
pub fn fill(store: &Store, accounts: u64) -> Result<(), StoreError> {
    in_chunks(0..accounts, |first, last| {
        store.write(|s| {
            let ids = fill_chunk(s, first, last, HERE)?;
            let people =
                ids.iter().zip(first..last).flat_map(|(&id, n)| (0..PEOPLE).map(move |p| (id, n * PEOPLE + p)));
            fill_people(s, &people.collect::<Vec<_>>())
        })
    })
}

/// Writes the accounts with these numbers, without people.
pub fn fill_accounts(store: &Store, numbers: Range<u64>, country: &str) -> Result<(), StoreError> {
    in_chunks(numbers, |first, last| store.write(|s| fill_chunk(s, first, last, country).map(|_| ())))
}

fn in_chunks(numbers: Range<u64>, mut fill: impl FnMut(u64, u64) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let end = numbers.end;
    numbers.step_by(CHUNK as usize).try_for_each(|first| fill(first, end.min(first + CHUNK)))
}

fn fill_chunk(s: &mut dyn Session, first: u64, last: u64, country: &str) -> Result<Vec<i64>, StoreError> {
    let ids: Vec<i64> = s.reserve_ids("account", (last - first) as usize)?.collect();
    let shards: Vec<i64> = ids.iter().map(|&id| shard_of(id)).collect();
    let keys: Vec<String> = (first..last).map(|n| format!("account-{n}")).collect();
    let names: Vec<String> = (first..last).map(|n| format!("Sample Works {n}")).collect();
    let employees: Vec<i64> = (first..last).map(|n| (n * 7_919 % 5_000) as i64).collect();
    s.bulk(
        &Bulk::insert("account")
            .column("id", &ids)
            .column("shard", &shards)
            .column("key", &keys)
            .column("name", &names)
            .column("employees", &employees)
            .same("industry", "Machinery")
            .same("country", country)
            .same("created_at", 0)
            .same("updated_at", 0),
    )?;
    Ok(ids)
}

/// People given by their account's id and their own number.
fn fill_people(s: &mut dyn Session, people: &[(i64, u64)]) -> Result<(), StoreError> {
    let pick = |from: &[&'static str]| -> Vec<&'static str> {
        people.iter().map(|(_, n)| from[(n % from.len() as u64) as usize]).collect()
    };
    let ids: Vec<i64> = s.reserve_ids("person", people.len())?.collect();
    let accounts: Vec<i64> = people.iter().map(|(account, _)| *account).collect();
    let shards: Vec<i64> = accounts.iter().map(|&id| shard_of(id)).collect();
    let keys: Vec<String> = people.iter().map(|(_, n)| format!("person-{n}")).collect();
    let emails: Vec<String> = people.iter().map(|(_, n)| format!("person{n}@works{}.example", n / PEOPLE)).collect();
    let phones: Vec<String> = people.iter().map(|(_, n)| format!("+47 55 {n:06}")).collect();
    s.bulk(
        &Bulk::insert("person")
            .column("id", &ids)
            .column("shard", &shards)
            .column("key", &keys)
            .column("email", &emails)
            .column("first_name", &pick(&FIRST_NAMES))
            .column("last_name", &pick(&LAST_NAMES))
            .column("job_title", &pick(&TITLES))
            .column("department", &pick(&DEPARTMENTS))
            .column("phone", &phones)
            .same("city", "Bergen")
            .same("country", "Norway")
            .same("status", "New")
            .same("created_at", 0)
            .same("updated_at", 0),
    )?;
    s.bulk(&Bulk::insert("account_person").column("account_id", &accounts).column("person_id", &ids))?;
    Ok(())
}

fn shard_of(account: i64) -> i64 {
    Shard::of_number(account).0
}
