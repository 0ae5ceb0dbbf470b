//! Writing an export piece by piece, and reading its pieces back as one file.

use std::io::{self, Write};

use caravan_store::StoreError;
use caravan_store::exports::{self as stored, ExportRow, Piece};
use caravan_store::ordered::Place;
use jiff::{SignedDuration, Timestamp};

use super::cells::Cell;
use super::source::{Source, Unwritable};
use super::{ExportProblem, ExportRequest, MOST_BYTES, end};
use crate::{Engine, packed};

/// Rows of one piece.
const ROWS: usize = 1_000;
/// Pieces that are written before another export has its turn.
const PIECES_OF_A_TURN: usize = 50;
/// How long whoever writes has an export alone; afterwards it counts as dead. Every piece renews it.
const HELD: SignedDuration = SignedDuration::from_secs(60);

/// What one look at the list gave.
struct Written {
    /// The lines, with the header in front of the first.
    text: Vec<u8>,
    rows: usize,
    place: Option<Place>,
    /// There are no more rows.
    last: bool,
}

/// What became of one piece.
enum Step {
    /// There are more rows; held until then.
    More(Timestamp),
    /// It is over, or somebody else has it.
    Over,
}

/// Writes the next pieces of an export, until it is over or others have their turn. What no repetition mends ends it.
pub(super) fn write_on(engine: &Engine, row: &ExportRow) -> Result<(), StoreError> {
    match write_pieces(engine, row) {
        Err(error) if !error.is_transient() => {
            tracing::error!(%error, export = row.id, "an export cannot be written");
            let message = format!("The file could not be written: {error}. Ask for it again.");
            let problem = ExportProblem { code: error.code().to_owned(), message };
            engine.store().write(|s| {
                let now = s.now()?;
                end(s, row, row.rows, Some(problem.clone()), now)
            })
        }
        written => written,
    }
}

fn write_pieces(engine: &Engine, row: &ExportRow) -> Result<(), StoreError> {
    let held = engine.store().write(|s| {
        let until = s.now()? + HELD;
        Ok::<_, StoreError>(stored::hold(s, row.id, row.due_at, until)?.then_some(until))
    })?;
    let Some(mut held) = held else { return Ok(()) };
    let request: ExportRequest = match serde_json::from_str(&row.request) {
        Ok(request) => request,
        Err(error) => return Err(StoreError::Corrupt(format!("export {}: {error}", row.id))),
    };
    for _ in 0..PIECES_OF_A_TURN {
        if engine.stopping() {
            break;
        }
        match piece(engine, row.id, &request, held)? {
            Step::More(until) => held = until,
            Step::Over => return Ok(()),
        }
    }
    engine.store().write(|s| {
        let now = s.now()?;
        stored::hold(s, row.id, held, now)
    })?;
    Ok(())
}

/// Reads the next rows, and keeps them with how far the file has got. The list is read before the row is held again: whoever
/// cancels, deletes or expires it meanwhile is heard, and nothing is kept.
fn piece(engine: &Engine, id: i64, request: &ExportRequest, held: Timestamp) -> Result<Step, StoreError> {
    let Some(row) = engine.store().read(|s| stored::get(s, id))? else { return Ok(Step::Over) };
    let written = match read(engine, &row, request) {
        Ok(written) => written,
        Err(Unwritable::Store(error)) => return Err(error),
        Err(Unwritable::Findings(findings)) => {
            let first = findings.into_iter().next();
            let problem = first.map(|it| ExportProblem { code: it.code, message: it.message });
            let problem =
                problem.unwrap_or_else(|| ExportProblem { code: "not_written".into(), message: String::new() });
            return fail(engine, &row, problem);
        }
    };
    if row.bytes + written.text.len() as i64 > MOST_BYTES {
        let message = format!(
            "The file would be larger than {} GB. Narrow the list, or ask for fewer columns.",
            MOST_BYTES >> 30
        );
        return fail(engine, &row, ExportProblem { code: "export_too_large".to_owned(), message });
    }
    let bytes = packed::pack(&written.text)?;
    let place = written.place.as_ref().map(ToString::to_string).or_else(|| row.place.clone());
    engine.store().write(|s| {
        let now = s.now()?;
        let until = now + HELD;
        if !stored::hold(s, id, held, until)? {
            return Ok(Step::Over);
        }
        let (plain, rows) = (written.text.len() as i64, written.rows as i64);
        stored::add_piece(s, id, Piece { no: row.pieces, bytes: &bytes, plain, rows, place: place.as_deref() })?;
        if !written.last {
            return Ok(Step::More(until));
        }
        end(s, &row, row.rows + rows, None, now)?;
        Ok(Step::Over)
    })
}

fn fail(engine: &Engine, row: &ExportRow, problem: ExportProblem) -> Result<Step, StoreError> {
    engine.store().write(|s| {
        let now = s.now()?;
        end(s, row, row.rows, Some(problem.clone()), now)?;
        Ok(Step::Over)
    })
}

fn read(engine: &Engine, row: &ExportRow, request: &ExportRequest) -> Result<Written, Unwritable> {
    let after = row.place.as_deref().and_then(|text| text.parse::<Place>().ok());
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let source = Source::of(s, &live, request)?;
        let (rows, place) = source.page(s, after.as_ref(), ROWS)?;
        let refused = |error: csv::Error| StoreError::Other(error.to_string());
        let mut csv = csv::Writer::from_writer(Vec::new());
        if row.pieces == 0 {
            csv.write_record(source.header()).map_err(refused)?;
        }
        for cells in &rows {
            csv.write_record(cells.iter().map(|cell| shown(cell, request.exact))).map_err(refused)?;
        }
        let text = csv.into_inner().map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Written { text, rows: rows.len(), last: place.is_none(), place })
    })
}

/// A text that a spreadsheet would take for a formula begins with an apostrophe; a number stays one.
fn shown(cell: &Cell, exact: bool) -> String {
    match cell {
        Cell::Text(text) if !exact => for_spreadsheets(text),
        Cell::Text(text) | Cell::Plain(text) => text.clone(),
    }
}

/// Somebody's words, so that a spreadsheet takes them for nothing else.
pub(crate) fn for_spreadsheets(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err()
}

/// Why a file ends early.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It was deleted meanwhile.
    #[error("the export was deleted meanwhile")]
    Gone,
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody takes what is written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes the file of a finished export, piece by piece.
///
/// # Errors
/// [`FileError`].
pub fn write_file(engine: &Engine, row: &ExportRow, out: &mut dyn Write) -> Result<(), FileError> {
    for no in 0..row.pieces {
        let piece = engine.store().read(|s| stored::piece(s, row.id, no))?.ok_or(FileError::Gone)?;
        packed::unpack(&piece, out)?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_take_for_a_formula_is_told_from_numbers() {
        for formula in ["=1+1", "+49 30 1234", "-cmd|x", "@SUM(A1)", "\t=1", "\r=1", "+1=HYPERLINK(A1)"] {
            assert!(is_formula(formula), "{formula:?}");
            assert_eq!(shown(&Cell::Text(formula.to_owned()), false), format!("'{formula}"));
            assert_eq!(shown(&Cell::Text(formula.to_owned()), true), formula);
        }
        for plain in ["-5", "+4930123456", "-1.5e3", "a=b", "", "Ämter", "'=1"] {
            assert!(!is_formula(plain), "{plain:?}");
        }
    }
}
