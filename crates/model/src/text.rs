//! Text as Caravan compares it: NFC, then Unicode case folding.
//!
//! The rule lives here alone. The database never folds: what it compares was folded by [`fold`] at write.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// `text` in the form in which it is compared. ASCII without capitals is borrowed as it is.
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(caseless::Caseless::default_case_fold(text.nfc()).collect());
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

/// A text that was folded once, with the words it was written in.
///
/// Comparing an ASCII text with it allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    written: Box<str>,
    folded: Box<str>,
}

impl Folded {
    /// Folds `text` once.
    pub fn new(text: &str) -> Self {
        Self { written: text.into(), folded: fold(text).into() }
    }

    /// As it was written, for people to read.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// As it is compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether `text` is the same text.
    pub fn is(&self, text: &str) -> bool {
        if text.is_ascii() { text.eq_ignore_ascii_case(&self.folded) } else { fold(text) == *self.folded }
    }

    /// Whether `text` starts with this one.
    pub fn starts(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return fold(text).starts_with(&*self.folded);
        }
        text.as_bytes().get(..self.folded.len()).is_some_and(|head| head.eq_ignore_ascii_case(self.folded.as_bytes()))
    }

    /// Whether `text` contains this one.
    pub fn is_in(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return fold(text).contains(&*self.folded);
        }
        let wanted = self.folded.as_bytes();
        wanted.is_empty() || text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
    }
}

/// The candidate that `word` was most likely meant to be: at most a third of its letters differ.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold(word);
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ` Did you mean "…"?`, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, candidates).map(|close| format!(" Did you mean \"{close}\"?")).unwrap_or_default()
}

/// How many letters must be put in, left out, replaced or swapped with a neighbour to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(x != y);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_do_not_tell_texts_apart() {
        for (a, b) in [("Straße", "STRASSE"), ("Café", "CAFE\u{301}"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("DE", "de")]
        {
            assert_eq!(fold(a), fold(b), "{a} {b}");
            assert!(Folded::new(a).is(b) && Folded::new(b).is(a), "{a} {b}");
        }
        assert_ne!(fold("Cafe"), fold("Café"));
    }

    #[test]
    fn lower_case_ascii_is_borrowed() {
        assert!(matches!(fold("a-1 %_"), Cow::Borrowed(_)));
        assert!(matches!(fold("A"), Cow::Owned(_)));
    }

    #[test]
    fn ascii_and_folded_comparisons_agree() {
        let words = ["", "Chief", "chief executive", "ief", "CHIEF", "Großhändler", "GROSS", "Kelvin \u{212a}", "k"];
        for wanted in words {
            let folded = Folded::new(wanted);
            for text in words {
                let plain = fold(text);
                assert_eq!(folded.is(text), plain == fold(wanted), "{wanted} is {text}");
                assert_eq!(folded.starts(text), plain.starts_with(&*fold(wanted)), "{wanted} starts {text}");
                assert_eq!(folded.is_in(text), plain.contains(&*fold(wanted)), "{wanted} in {text}");
            }
        }
    }

    #[test]
    fn a_slip_of_the_pen_finds_the_word() {
        assert_eq!(closest("employes", ["employees", "email"]), Some("employees"));
        assert_eq!(closest("Industyr", ["industry"]), Some("industry"));
        assert_eq!(closest("turnover", ["employees", "industry"]), None);
    }
}
