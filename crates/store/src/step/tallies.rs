//! Moving counters.

use caravan_model::VersionId;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::session::Session;

/// One counter to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyChange {
    /// The version.
    pub version: VersionId,
    /// The node, or the box action, in its plan.
    pub node: i64,
    /// `reached`, `left`, `ended`, `path:LABEL`, `done`, `skipped:REASON`, `trip:OUTCOME` …
    pub kind: String,
    /// By how much.
    pub n: i64,
}

/// Moves counters. `slot` keeps writers apart: a step gives a shard that it holds, delivery its own.
pub fn add_tallies(s: &mut dyn Session, slot: i64, rows: &[TallyChange]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let version: Vec<i64> = rows.iter().map(|t| t.version.0).collect();
    let node: Vec<i64> = rows.iter().map(|t| t.node).collect();
    let kind: Vec<&str> = rows.iter().map(|t| t.kind.as_str()).collect();
    let slots = vec![slot; rows.len()];
    let n: Vec<i64> = rows.iter().map(|t| t.n).collect();
    s.bulk(
        &Bulk::insert("tally")
            .column("version_id", &version)
            .column("node", &node)
            .column("kind", &kind)
            .column("slot", &slots)
            .column("n", &n)
            .on_conflict("(version_id, node, kind, slot) DO UPDATE SET n = tally.n + excluded.n"),
    )?;
    Ok(())
}
