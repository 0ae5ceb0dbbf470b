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
}
