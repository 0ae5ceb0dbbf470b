//! What a person means who answers a text message.

use super::words::Meaning;

/// A word with a meaning of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Who is this?
    Help,
}

const STOP: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "stop it",
    "stop stop",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "remove",
    "arret",
];
const START: &[&str] = &["start", "yes", "unstop", "subscribe", "join"];
const HELP: &[&str] = &["help", "info", "aide"];
/// Wordings that mean *stop* wherever they stand.
const PLAINLY_STOP: &[&str] = &[
    "stop texting",
    "stop messaging",
    "stop sending",
    "unsubscribe me",
    "opt me out",
    "do not text",
    "dont text",
    "remove me",
    "stop contacting",
    "stop writing",
    "do not message",
    "dont message",
    "do not contact",
    "dont contact",
    "no more texts",
    "no more messages",
    "take me off",
    "leave me alone",
];
/// What people say around a word that stops: it changes nothing. Only *stop* is read so: a yes has to be plain.
const AROUND: &[&str] = &["please", "pls", "plz", "svp", "now", "thanks", "thank", "you", "ok", "hi", "hello", "just"];

/// What a message means by the standard words, whatever its case and punctuation; any plain wording of *stop* counts as it.
pub fn standard(text: &str) -> Option<Meaning> {
    let words = plainly(text);
    let means = |list: &[&str]| list.contains(&words.as_str());
    let known = |keyword| Some(Meaning { keyword, guessed: false });
    match () {
        () if STOP.contains(&without_manners(&words).as_str()) => known(Keyword::Stop),
        () if PLAINLY_STOP.iter().any(|wording| words.contains(wording)) => {
            Some(Meaning { keyword: Keyword::Stop, guessed: true })
        }
        () if means(START) => known(Keyword::Start),
        () if means(HELP) => known(Keyword::Help),
        () => None,
    }
}

/// The words of a message in small letters, without punctuation.
pub(super) fn plainly(text: &str) -> String {
    let plain: String = text
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'ê' => 'e',
            c if c.is_alphanumeric() => c,
            '\'' | '’' => '\u{0}',
            _ => ' ',
        })
        .filter(|c| *c != '\u{0}')
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is left between the words of politeness at both ends.
fn without_manners(words: &str) -> String {
    let mut left: Vec<&str> = words.split(' ').collect();
    while left.last().is_some_and(|word| AROUND.contains(word)) {
        left.pop();
    }
    left.into_iter().skip_while(|word| AROUND.contains(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyword(text: &str) -> Option<Keyword> {
        standard(text).map(|meaning| meaning.keyword)
    }

    #[test]
    fn the_whole_message_is_the_keyword() {
        for text in ["STOP", " stop. ", "Stop!", "OPT-OUT", "opt out", "ARRÊT", "\"unsubscribe\"", "STOPALL"] {
            assert_eq!(keyword(text), Some(Keyword::Stop), "{text}");
        }
        assert_eq!(keyword("Yes!"), Some(Keyword::Start));
        assert_eq!(keyword("info?"), Some(Keyword::Help));
        for text in ["", "stop by on Monday", "yes please tell me more", "I cannot help it", "weekend"] {
            assert_eq!(keyword(text), None, "{text}");
        }
    }

    #[test]
    fn any_plain_wording_of_stop_counts() {
        for text in [
            "please stop texting me",
            "Don't text me again",
            "Unsubscribe me, thanks",
            "No more texts!",
            "Take me off your list",
        ] {
            let guess = Meaning { keyword: Keyword::Stop, guessed: true };
            assert_eq!(standard(text), Some(guess), "{text}");
        }
    }

    #[test]
    fn politeness_around_it_takes_nothing_from_a_stop_and_makes_no_yes() {
        for text in [
            "Please stop",
            "Stop all!",
            "STOP svp",
            "Leave me alone!!",
            "STOP, thank you!",
            "pls cancel now",
            "Hi, please opt out. Thanks",
        ] {
            assert_eq!(keyword(text), Some(Keyword::Stop), "{text}");
        }
        for text in ["please stop by on Monday", "thanks, the end of May suits me", "please", "thank you", "yes please"]
        {
            assert_eq!(keyword(text), None, "{text}");
        }
    }
}
