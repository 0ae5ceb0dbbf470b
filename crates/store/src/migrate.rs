//! Bringing the schema up to date, and what every database holds from the first day.
//!
//! The SQL is in `migrations/sqlite` and `migrations/postgres`; the same number means the same thing.

use crate::error::StoreError;
use crate::ids::{BLOCK, FAMILIES};
use crate::params;
use crate::session::{Dialect, Session};

/// Migrations of SQLite.
pub(crate) mod sqlite {
    refinery::embed_migrations!("../../migrations/sqlite");
}

/// Migrations of PostgreSQL.
pub(crate) mod postgres {
    refinery::embed_migrations!("../../migrations/postgres");
}

/// Says what a failed migration means for the user.
pub(crate) fn failure(error: &refinery::Error) -> StoreError {
    let why = match error.kind() {
        refinery::error::Kind::MissingVersion(migration) => format!(
            "it already has the change {migration}, which this version of Caravan does not know. Use the newer Caravan that made it, or restore a backup"
        ),
        refinery::error::Kind::DivergentVersion(mine, theirs) => {
            format!("its change {theirs} is not the {mine} of this version. It was made by another build of Caravan")
        }
        _ => format!("{}. Nothing of this step was kept", chain(error)),
    };
    StoreError::Migration(why)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Counters of every id family and the facts about this installation; repeating it changes nothing.
pub(crate) fn furnish(s: &mut dyn Session) -> Result<(), StoreError> {
    for family in FAMILIES {
        match s.dialect() {
            Dialect::Sqlite => s.execute(
                "INSERT INTO id_counter (family, next) VALUES ($1, 1) ON CONFLICT (family) DO NOTHING",
                params![*family],
            )?,
            Dialect::Postgres => s.execute(
                &format!("CREATE SEQUENCE IF NOT EXISTS id_{family} AS BIGINT INCREMENT BY {BLOCK} START WITH 1"),
                &[],
            )?,
        };
    }
    // The database's own randomness: an installation id is made once and copied with the data.
    let random = match s.dialect() {
        Dialect::Sqlite => "lower(hex(randomblob(16)))",
        Dialect::Postgres => "replace(CAST(gen_random_uuid() AS TEXT), '-', '')",
    };
    s.execute(
        &format!("INSERT INTO meta (key, value) VALUES ('installation_id', {random}) ON CONFLICT (key) DO NOTHING"),
        &[],
    )?;
    let now = s.now()?.to_string();
    s.execute("INSERT INTO meta (key, value) VALUES ('created_at', $1) ON CONFLICT (key) DO NOTHING", params![&now])?;
    Ok(())
}
