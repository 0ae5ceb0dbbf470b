//! The words that a connection understands beside the standard ones, and what it answers.

use std::collections::BTreeSet;

use caravan_model::Finding;
use serde::Deserialize;

use super::keywords::{Keyword, plainly, standard};

/// The most words of a kind.
const MOST_WORDS: usize = 20;
/// The longest word, and the longest answer, in characters.
const LONGEST_WORD: usize = 40;
const LONGEST_REPLY: usize = 1_600;

/// What people may write to a connection beside the standard words, and what they are answered: a part of its settings, which
/// say more of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the settings of connections say it")]
pub struct AnswerWords {
    pub stop_words: Vec<String>,
    pub start_words: Vec<String>,
    pub help_words: Vec<String>,
    #[serde(alias = "stop_text")]
    pub stop_reply: Option<String>,
    #[serde(alias = "start_text")]
    pub start_reply: Option<String>,
    #[serde(alias = "help_text")]
    pub help_reply: Option<String>,
    pub default_reply: Option<String>,
}

/// What a message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The keyword.
    pub keyword: Keyword,
    /// It was understood from a sentence: somebody should look whether it was meant so.
    pub guessed: bool,
}

impl AnswerWords {
    /// From the settings of a connection; none where they cannot be read.
    pub fn of(settings: &serde_json::Value) -> Self {
        serde_json::from_value(settings.clone()).unwrap_or_default()
    }

    /// What a message means: a word of the connection's own, or a standard one.
    pub fn meaning(&self, text: &str) -> Option<Meaning> {
        let written = plainly(text);
        let own = self.all().into_iter().find(|(_, _, words)| words.iter().any(|word| plainly(word) == written));
        own.map(|(keyword, ..)| Meaning { keyword, guessed: false }).or_else(|| standard(text))
    }

    /// What a message is answered with.
    pub fn reply(&self, keyword: Option<Keyword>) -> Option<&str> {
        let reply = match keyword {
            Some(Keyword::Stop) => &self.stop_reply,
            Some(Keyword::Start) => &self.start_reply,
            Some(Keyword::Help) => &self.help_reply,
            None => &self.default_reply,
        };
        reply.as_deref().map(str::trim).filter(|reply| !reply.is_empty())
    }

    fn all(&self) -> [(Keyword, &'static str, &[String]); 3] {
        [
            (Keyword::Stop, "stop_words", &self.stop_words),
            (Keyword::Start, "start_words", &self.start_words),
            (Keyword::Help, "help_words", &self.help_words),
        ]
    }

    /// What is wrong with them, by their places in the settings.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut found = |place: String, message: String| {
            findings.push(Finding::error("connection_settings_invalid", format!("/settings/{place}"), message));
        };
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (keyword, place, words) in self.all() {
            if words.len() > MOST_WORDS {
                found(place.to_owned(), format!("At most {MOST_WORDS} words of a kind are possible."));
            }
            for (n, word) in words.iter().enumerate() {
                let plain = plainly(word);
                let other = standard(word).filter(|meaning| meaning.keyword != keyword);
                let problem = if plain.is_empty() {
                    Some("This is no word. Write one with letters or digits, or take it out.".to_owned())
                } else if word.chars().count() > LONGEST_WORD {
                    Some(format!("The word is too long: at most {LONGEST_WORD} characters are possible."))
                } else if other.is_some() {
                    Some(format!("`{word}` means something else everywhere. Take another word."))
                } else if !seen.insert(plain) {
                    Some(format!("`{word}` stands here twice, case and punctuation aside. Keep it once."))
                } else {
                    None
                };
                problem.into_iter().for_each(|problem| found(format!("{place}/{n}"), problem));
            }
        }
        let replies = [
            ("stop_reply", &self.stop_reply),
            ("start_reply", &self.start_reply),
            ("help_reply", &self.help_reply),
            ("default_reply", &self.default_reply),
        ];
        for (place, reply) in replies {
            if reply.as_ref().is_some_and(|reply| reply.chars().count() > LONGEST_REPLY) {
                found(place.to_owned(), format!("An answer has at most {LONGEST_REPLY} characters. Shorten it."));
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn own_words_count_beside_the_standard_ones() {
        let words = AnswerWords::of(
            &json!({"account_sid": "AC", "stop_words": ["Abmelden", "no más"], "start_words": ["Anmelden"], "help_words": ["hilfe"], "help_text": "old", "default_reply": " "}),
        );
        let meaning = |text: &str| words.meaning(text).map(|meaning| (meaning.keyword, meaning.guessed));
        assert_eq!(meaning(" abmelden! "), Some((Keyword::Stop, false)));
        assert_eq!(meaning("NO MÁS"), Some((Keyword::Stop, false)));
        assert_eq!(meaning("anmelden"), Some((Keyword::Start, false)));
        assert_eq!(meaning("Hilfe?"), Some((Keyword::Help, false)));
        assert_eq!(meaning("Stop"), Some((Keyword::Stop, false)));
        assert_eq!(meaning("please stop texting me"), Some((Keyword::Stop, true)), "from a sentence");
        assert_eq!(meaning("abmelden von was?"), None, "the whole message is the word");
        assert_eq!((words.reply(Some(Keyword::Help)), words.reply(None)), (Some("old"), None));
    }

    #[test]
    fn words_that_cannot_be_are_named() {
        let words = AnswerWords {
            stop_words: vec!["!".into(), "help".into(), "ende".into()],
            start_words: vec!["Ende.".into(), "x".repeat(41)],
            help_words: (0..21).map(|n| format!("hilfe{n}")).collect(),
            default_reply: Some("x".repeat(1_601)),
            ..AnswerWords::default()
        };
        let pointers: Vec<String> = words.findings().into_iter().map(|finding| finding.pointer).collect();
        assert_eq!(
            pointers,
            [
                "/settings/stop_words/0",
                "/settings/stop_words/1",
                "/settings/start_words/0",
                "/settings/start_words/1",
                "/settings/help_words",
                "/settings/default_reply"
            ]
        );
    }
}
