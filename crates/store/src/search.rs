//! Texts that are searched for in long lists, and how far one look goes.
//!
//! A text that nobody has would lead through a whole list. A look ends after [`LOOKED_AT`] rows, whatever it found, and tells
//! where it ended: whoever asks goes on from there, or leaves it.

use crate::people::pattern;
use crate::session::Session;

/// How many rows one look goes through.
pub const LOOKED_AT: usize = 5_000;

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked<T, P> {
    /// The rows, in the order of the list.
    pub found: Vec<T>,
    /// The last row that was looked at, where there may be more behind it.
    pub end: Option<P>,
}

/// A text that is searched for, and how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Search<'a> {
    /// The text; blank: everything is found.
    pub text: &'a str,
    /// It is looked for in customers too: keys, names, addresses. Only for whoever may read them, who else would find them out
    /// letter by letter.
    pub in_customers: bool,
}

impl Search<'_> {
    /// Nothing is searched for.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The pattern of the text.
    pub(crate) fn pattern(&self, s: &dyn Session) -> String {
        pattern(s, self.text.trim())
    }

    /// Whether the text occurs in one of these columns of ours, or, as far as customers are looked at, in one of `theirs`; `at` is
    /// the number of the pattern.
    pub(crate) fn found(&self, ours: &[&str], theirs: &[String], at: usize) -> String {
        let ours = ours.iter().map(|column| like(column, at));
        let theirs = theirs.iter().filter(|_| self.in_customers).cloned();
        format!("({})", ours.chain(theirs).collect::<Vec<_>>().join(" OR "))
    }
}

/// Whether a pattern fits a column.
pub(crate) fn like(column: &str, at: usize) -> String {
    format!("LOWER({column}) LIKE ${at} ESCAPE '\\'")
}
