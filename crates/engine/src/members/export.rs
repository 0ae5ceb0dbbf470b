//! Members of lists as files.

use std::collections::HashMap;
use std::io::Write;

use caravan_model::attribute::{AttributeNo, Subject};
use caravan_model::document::DocumentKind;
use caravan_model::value::Value;
use caravan_store::members::{self, MemberBy, Wanted};
use caravan_store::ordered::{Place, Sort};
use caravan_store::{Session, StoreError, records};

use super::{List, MembersError};
use crate::Engine;
use crate::live::Live;

/// Members that an export reads at once.
const EXPORTED_AT_ONCE: usize = 1_000;

/// Writes the members of a list as CSV, by key: every managed attribute, then who put them in and since when. It reads page
/// by page, so that a list of any size needs the memory of a page; who joins or leaves meanwhile may or may not be in it.
///
/// # Errors
/// [`MembersError`], or the writer's.
pub fn export(engine: &Engine, kind: DocumentKind, key: &str, out: &mut dyn Write) -> Result<u64, ExportError> {
    let (live, list) = engine.store().read(|s| -> Result<_, MembersError> {
        let live = engine.live(s)?;
        let list = List::find(&live, kind, key)?;
        Ok((live, list))
    })?;
    let attributes: Vec<_> =
        live.definitions.schema.of(list.subject).iter().filter(|(_, attribute)| attribute.visible).collect();
    let columns: Vec<AttributeNo> = attributes.iter().map(|(no, _)| *no).collect();
    let mut csv = csv::Writer::from_writer(out);
    let names = attributes.iter().map(|(_, attribute)| attribute.key.as_str());
    csv.write_record(names.chain(["member_source", "member_since"]))?;
    let (mut after, mut n) = (None::<Place>, 0);
    loop {
        let (page, rows) = engine.store().read(|s| {
            let wanted = Wanted { list: list.id, table: list.table(), search: "" };
            let page = members::page(s, wanted, Sort::up(MemberBy::Key), after.as_ref(), EXPORTED_AT_ONCE)?;
            let ids: Vec<i64> = page.iter().map(|(member, _)| member.id).collect();
            Ok::<_, StoreError>((page, values_of(s, &live, &list, &ids, &columns)?))
        })?;
        let Some((_, last)) = page.last() else { break };
        after = Some(last.clone());
        for (member, _) in page {
            let Some(values) = rows.get(&member.id) else { continue };
            let since = member.added_at.to_string();
            let values = values.iter().map(ToString::to_string);
            csv.write_record(values.chain([member.source, since]))?;
            n += 1;
        }
    }
    csv.flush().map_err(csv::Error::from)?;
    Ok(n)
}

fn values_of(
    s: &mut dyn Session,
    live: &Live,
    list: &List,
    ids: &[i64],
    columns: &[AttributeNo],
) -> Result<HashMap<i64, Vec<Value>>, StoreError> {
    let schema = &live.definitions.schema;
    Ok(match list.subject {
        Subject::Account => {
            records::accounts(s, schema, ids, columns)?.into_iter().map(|row| (row.id.0, row.values)).collect()
        }
        Subject::Person => {
            records::people(s, schema, ids, columns, false)?.into_iter().map(|row| (row.id.0, row.values)).collect()
        }
    })
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The list cannot be read.
    #[error(transparent)]
    Members(#[from] MembersError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody takes what is written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] csv::Error),
}
