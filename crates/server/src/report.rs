//! What commands print: short tables and counts for people, JSON for programs. Results go to standard output, everything
//! about the way there to standard error.

use std::io::{self, Write};

use caravan_model::{Finding, Severity};
use serde::Serialize;

/// Prints a line.
pub fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_ref().as_bytes())?;
    out.write_all(b"\n")
}

/// Prints text as it is.
pub fn text(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// Prints a value as JSON on lines of its own.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// Prints a value as JSON on one line, for whoever waits for it.
pub fn compact(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string(value)?)?;
    io::stdout().flush()
}

/// Prints rows under a header, columns aligned; numbers to the right.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let widths: Vec<usize> = header
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([title.chars().count()]).max().unwrap_or_default()
        })
        .collect();
    let titles: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    for row in std::iter::once(&titles).chain(rows) {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

fn padded(cell: &str, width: usize) -> String {
    let number = !cell.is_empty() && cell.chars().all(|c| c.is_ascii_digit());
    if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
}

/// Prints findings to standard error, `file:line: error code: sentence`.
pub fn findings(findings: &[Finding]) {
    let mut out = io::stderr().lock();
    for found in findings {
        // Whoever closed standard error does not want to know.
        writeln!(out, "{}", finding(found)).ok();
    }
}

/// A finding on one line.
pub fn finding(finding: &Finding) -> String {
    let weight = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut place = String::new();
    if let Some(file) = &finding.file {
        place = format!("{file}:");
        if let Some(line) = finding.line {
            place += &format!("{line}:");
        }
        place.push(' ');
    } else if let Some(node) = &finding.node {
        place = format!("node {node}: ");
    }
    format!("{place}{weight} {}: {}", finding.code, finding.message)
}

/// `1 error`, `2 errors`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_it_is_as_far_as_it_knows() {
        let mut found = Finding::error("unknown_field", "/nam", "There is no field `nam`.");
        assert_eq!(finding(&found), "error unknown_field: There is no field `nam`.");
        found.node = Some("hello".to_owned());
        assert_eq!(finding(&found), "node hello: error unknown_field: There is no field `nam`.");
        found.file = Some("a.yaml".to_owned());
        assert_eq!(finding(&found), "a.yaml: error unknown_field: There is no field `nam`.");
        found.line = Some(7);
        assert_eq!(finding(&found), "a.yaml:7: error unknown_field: There is no field `nam`.");
    }
}
