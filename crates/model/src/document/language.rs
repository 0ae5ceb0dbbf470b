//! Languages of content: how they are written (BCP 47), and which way they run.

use crate::finding::Finding;

/// What an email is written in when neither it nor the settings say.
pub const DEFAULT_LANGUAGE: &str = "en";
/// Longest tag; longer ones are no language of anybody's.
const LONGEST: usize = 35;
/// Scripts that run from right to left.
const RIGHT_TO_LEFT_SCRIPTS: &[&str] = &["adlm", "arab", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"];
/// Languages whose usual script does.
const RIGHT_TO_LEFT: &[&str] = &[
    "ar", "arc", "azb", "ckb", "dv", "fa", "he", "iw", "ks", "mzn", "nqo", "pnb", "ps", "sd", "syr", "ug", "ur", "yi",
];

/// Which way text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

impl Direction {
    /// Which way the language of a tag runs: its script says so, or else its language does.
    pub fn of(tag: &str) -> Self {
        let tag = tag.to_ascii_lowercase();
        let mut parts = tag.split('-');
        let language = parts.next().unwrap_or_default();
        let script = parts.find(|part| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
        let turned = match script {
            Some(script) => RIGHT_TO_LEFT_SCRIPTS.contains(&script),
            None => RIGHT_TO_LEFT.contains(&language),
        };
        if turned { Self::RightToLeft } else { Self::LeftToRight }
    }

    /// As `dir` has it.
    pub fn key(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// Whether this is written as a tag of BCP 47: a language of two or three letters, then, if wanted, its script (four letters), its
/// region (two letters or three digits), variants and extensions. Whether anybody speaks it is not asked.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-').peekable();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let alphanumeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let language = parts.next().unwrap_or_default();
    if tag.len() > LONGEST || !matches!(language.len(), 2 | 3) || !letters(language) {
        return false;
    }
    parts.next_if(|part| part.len() == 4 && letters(part));
    parts.next_if(|part| {
        (part.len() == 2 && letters(part)) || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
    });
    let is_variant = |part: &&str| {
        alphanumeric(part)
            && (matches!(part.len(), 5..=8) || (part.len() == 4 && part.starts_with(|c: char| c.is_ascii_digit())))
    };
    while parts.next_if(is_variant).is_some() {}
    // What an extension's letter is followed by is at least one part of its own.
    while parts.next_if(|part| part.len() == 1 && alphanumeric(part)).is_some() {
        let before = parts.clone().count();
        while parts.next_if(|part| matches!(part.len(), 2..=8) && alphanumeric(part)).is_some() {}
        if parts.clone().count() == before {
            return false;
        }
    }
    parts.next().is_none()
}

/// What stands against a language at `pointer`.
pub(super) fn known_language(tag: &str, pointer: &str) -> Option<Finding> {
    let message = format!("`{tag}` is no language. Write its tag, like `en`, `de-AT` or `zh-Hant`.");
    (!is_language(tag)).then(|| Finding::error("language_invalid", pointer, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_other_words() {
        for tag in
            ["en", "de-AT", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "de-1996", "gsw", "en-u-ca-gregory", "en-x-own"]
        {
            assert!(is_language(tag), "{tag}");
        }
        for odd in [
            "",
            "e",
            "english",
            "de_AT",
            "de-",
            "-de",
            "de--AT",
            "de-AUT1234567",
            "en-u",
            "en-x",
            "12",
            "de AT",
            "é",
            "en\"",
            "de-AT-AT",
        ] {
            assert!(!is_language(odd), "{odd}");
        }
        assert!(!is_language(&format!("en-{}", ["abcdefgh"; 9].join("-"))), "endless");
    }

    #[test]
    fn the_script_says_which_way_or_the_language_does() {
        for (tag, dir) in [
            ("en", "ltr"),
            ("ar", "rtl"),
            ("AR-EG", "rtl"),
            ("he-IL", "rtl"),
            ("ar-Latn", "ltr"),
            ("az-Arab", "rtl"),
            ("fr-FR", "ltr"),
            ("", "ltr"),
        ] {
            assert_eq!(Direction::of(tag).key(), dir, "{tag}");
        }
    }
}
