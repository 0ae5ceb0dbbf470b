//! How long a text message is for the networks: its alphabet, its units, its parts.
//!
//! One character outside of GSM-7 turns the whole text into UCS-2. A character of two units is never split over two
//! parts, so that the parts cannot be had by dividing. (3GPP TS 23.038, 23.040.)

use schemars::JsonSchema;
use serde::Serialize;

/// GSM-7 without the extension, letters and digits aside.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Characters that take two units in GSM-7.
const EXTENSION: &str = "^{}\\[]~|€\u{c}";

/// The alphabet of a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Alphabet {
    /// 160 units in one message, 153 in each part of a longer one.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// 70 units in one message, 67 in each part of a longer one.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl std::fmt::Display for Alphabet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        })
    }
}

impl Alphabet {
    /// Units of a single message, and of each part of a longer one.
    fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }
}

/// How long a text is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Segments {
    /// Its alphabet.
    pub alphabet: Alphabet,
    /// Its units.
    pub units: usize,
    /// The parts that are sent and paid for.
    pub parts: usize,
    /// The first character that GSM-7 does not have, and so the reason for UCS-2.
    pub outside: Option<char>,
}

/// Measures a text as it is sent.
pub fn segments(text: &str) -> Segments {
    let outside = text.chars().find(|c| gsm_units(*c).is_none());
    let alphabet = if outside.is_some() { Alphabet::Ucs2 } else { Alphabet::Gsm7 };
    let units_of = |c: char| match alphabet {
        Alphabet::Gsm7 => gsm_units(c).unwrap_or(1),
        Alphabet::Ucs2 => c.len_utf16(),
    };
    let units: usize = text.chars().map(units_of).sum();
    let (single, part) = alphabet.room();
    let parts = if units <= single { usize::from(units > 0) } else { parts_of(text.chars().map(units_of), part) };
    Segments { alphabet, units, parts, outside }
}

/// Fills one part after the other; what does not fit whole goes into the next.
fn parts_of(units: impl Iterator<Item = usize>, room: usize) -> usize {
    let (mut parts, mut filled) = (1, 0);
    for unit in units {
        if filled + unit > room {
            parts += 1;
            filled = 0;
        }
        filled += unit;
    }
    parts
}

fn gsm_units(c: char) -> Option<usize> {
    match c {
        c if c.is_ascii_alphanumeric() || BASIC.contains(c) => Some(1),
        c if EXTENSION.contains(c) => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_long_as_networks_count_them() {
        use Alphabet::{Gsm7, Ucs2};
        let a = |n: usize| "a".repeat(n);
        let short_i = |n: usize| "й".repeat(n);
        let digits = |n: usize| "0123456789".chars().cycle().take(n).collect::<String>();
        let cases = [
            (String::new(), Gsm7, 0, 0),
            (a(160), Gsm7, 160, 1),
            (a(161), Gsm7, 161, 2),
            (a(306), Gsm7, 306, 2),
            (a(307), Gsm7, 307, 3),
            (a(459), Gsm7, 459, 3),
            (a(460), Gsm7, 460, 4),
            ("€".repeat(80), Gsm7, 160, 1),
            ("€".repeat(81), Gsm7, 162, 2),
            (a(158) + "€", Gsm7, 160, 1),
            (a(159) + "€", Gsm7, 161, 2),
            (a(152) + "€" + &a(152), Gsm7, 306, 3),
            (short_i(70), Ucs2, 70, 1),
            (short_i(71), Ucs2, 71, 2),
            (short_i(134), Ucs2, 134, 2),
            (short_i(135), Ucs2, 135, 3),
            ("😜".to_owned() + &digits(68), Ucs2, 70, 1),
            ("😜".to_owned() + &digits(69), Ucs2, 71, 2),
            ("😜".to_owned() + &digits(133), Ucs2, 135, 3),
            ("я".repeat(66) + "😀" + &"я".repeat(66), Ucs2, 134, 3),
            ("🇮🇹".to_owned() + &digits(66), Ucs2, 70, 1),
            ("🇮🇹".to_owned() + &digits(67), Ucs2, 71, 2),
            ("It’s".to_owned(), Ucs2, 4, 1),
            ("Ç".to_owned(), Gsm7, 1, 1),
            ("ç".to_owned(), Ucs2, 1, 1),
            (a(1600), Gsm7, 1600, 11),
            (short_i(1600), Ucs2, 1600, 24),
        ];
        for (text, alphabet, units, parts) in cases {
            let found = segments(&text);
            assert_eq!((found.alphabet, found.units, found.parts), (alphabet, units, parts), "{text}");
        }
    }

    #[test]
    fn the_character_that_makes_a_text_long_is_named() {
        assert_eq!(segments("It’s – `here`").outside, Some('’'));
        assert_eq!(segments("tab\there").outside, Some('\t'));
        assert_eq!(segments("{plain} [text] ^~|\\").outside, None);
    }
}
