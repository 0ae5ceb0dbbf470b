//! Phone numbers in one form (E.164): `+` and up to fifteen digits.

/// Why a number cannot be texted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberProblem {
    /// There is none.
    #[error("there is no number")]
    Missing,
    /// Not in international form.
    #[error("it is not in international form, like +49 151 12345678")]
    NotInternational,
}

impl NumberProblem {
    /// Stable, as skips carry it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "phone_missing",
            Self::NotInternational => "phone_invalid",
        }
    }
}

/// The number as written by people, without what people put between digits. A national number says nothing about its
/// country and is refused.
///
/// # Errors
/// None, or not in international form.
pub fn e164(written: &str) -> Result<String, NumberProblem> {
    let written = written.trim();
    if written.is_empty() {
        return Err(NumberProblem::Missing);
    }
    let between = |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}');
    let kept: String = written.replace("(0)", "").chars().filter(|c| !between(*c)).collect();
    let digits = kept.strip_prefix('+').or_else(|| kept.strip_prefix("00")).ok_or(NumberProblem::NotInternational)?;
    let plausible = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
    match plausible && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(format!("+{digits}")),
        false => Err(NumberProblem::NotInternational),
    }
}

/// A sender of ours in one form, however it is written: a number as `+` and digits; sender ids and services as they are.
pub fn sender_key(written: &str) -> String {
    e164(written).unwrap_or_else(|_| written.trim().to_owned())
}

/// Whether somebody who gets a text from this sender can write back: to a number or a messaging service; nobody can to a
/// name in letters.
pub fn can_be_answered(sender: &str) -> bool {
    let service = sender.len() == 34 && sender.starts_with("MG");
    service || !sender.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brought_into_one_form() {
        for written in ["+4915112345678", "+49 151 1234-5678", "0049 (151) 12345678", " +49 (0) 151/12345678 "] {
            assert_eq!(e164(written).as_deref(), Ok("+4915112345678"), "{written}");
        }
        assert_eq!(e164("  "), Err(NumberProblem::Missing));
        for wrong in ["0151 12345678", "+49 151", "+0123456789", "+49151x2345678", "+1234567890123456", "nobody"] {
            assert_eq!(e164(wrong), Err(NumberProblem::NotInternational), "{wrong}");
        }
    }

    #[test]
    fn nobody_answers_a_name() {
        for (sender, can) in
            [("+15005550006", true), ("12345", true), ("MG00000000000000000000000000000001", true), ("Acme 24", false)]
        {
            assert_eq!(can_be_answered(sender), can, "{sender}");
        }
    }
}
