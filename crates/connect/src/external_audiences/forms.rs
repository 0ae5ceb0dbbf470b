//! The forms in which other systems know people: plain, normalised, or hashed after a normalisation of their own.
//!
//! Systems disagree on what is normal: whoever hashes an address for one has not hashed it for another. So a form says whose
//! rule it follows, and it is applied to the raw value each time. An empty value has no form: its hash would be the same
//! for everybody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How a value is written for another system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As it is, without spaces around it.
    #[default]
    Plain,
    /// In small letters.
    Lower,
    /// SHA-256 of an address in small letters: what most systems take (Meta, LinkedIn).
    Sha256Email,
    /// SHA-256 of an address by Google's rule: no spaces, and no dots before `@gmail.com` and `@googlemail.com`.
    Sha256GoogleEmail,
    /// SHA-256 of a phone number as `+` and digits (Google).
    Sha256Phone,
    /// SHA-256 of a phone number's digits, without `+` and leading zeros (Meta).
    Sha256Digits,
    /// SHA-256 of a name in small letters, without punctuation.
    Sha256Name,
}

impl Form {
    /// The value in this form; none where nothing is left of it.
    pub fn of(self, value: &str) -> Option<String> {
        let trimmed = value.trim();
        let normal = match self {
            Self::Plain => trimmed.to_owned(),
            Self::Lower | Self::Sha256Email => trimmed.to_lowercase(),
            Self::Sha256GoogleEmail => google_email(trimmed),
            Self::Sha256Phone => match digits(trimmed).as_str() {
                "" => String::new(),
                digits => format!("+{digits}"),
            },
            Self::Sha256Digits => digits(trimmed).trim_start_matches('0').to_owned(),
            Self::Sha256Name => {
                let kept = trimmed.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace());
                kept.collect::<String>().to_lowercase().trim().to_owned()
            }
        };
        if normal.is_empty() {
            return None;
        }
        Some(if self.hashes() { sha256(&normal) } else { normal })
    }

    fn hashes(self) -> bool {
        !matches!(self, Self::Plain | Self::Lower)
    }
}

fn google_email(address: &str) -> String {
    let address: String = address.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    match address.split_once('@') {
        Some((local, host @ ("gmail.com" | "googlemail.com"))) => format!("{}@{host}", local.replace('.', "")),
        _ => address,
    }
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = " Test.User@GMAIL.com ";

    #[test]
    fn the_same_person_is_hashed_in_another_way_for_every_system() {
        let vectors = [
            (MIXED, Form::Sha256GoogleEmail, "dae9c7c55697ba170d6b494c458649bd469af525520280d0dcfc98d74d13b17e"),
            (MIXED, Form::Sha256Email, "fcb35d8f0a3b5a1772ed467aeea03b11efeb2f18edac1787398e8c7a97d775f1"),
            (
                "JohnDoe@Example.com",
                Form::Sha256Email,
                "55e79200c1635b37ad31a378c39feb12f120f116625093a19bc32fff15041149",
            ),
            (
                "JohnDoe@Example.com",
                Form::Sha256GoogleEmail,
                "55e79200c1635b37ad31a378c39feb12f120f116625093a19bc32fff15041149",
            ),
            (
                "+1 (800) 555-0100",
                Form::Sha256Phone,
                "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30",
            ),
            (
                "+1 (800) 555-0100",
                Form::Sha256Digits,
                "92cfdc5fbcd4a20fbe5d3857af6c1aba31762105bba7f21a17155e920653046c",
            ),
            (" John ", Form::Sha256Name, "96d9632f363564cc3032521409cf22a852f2032eec099ed5967c0d000cec607a"),
            ("DOE", Form::Sha256Name, "799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f"),
        ];
        for (value, form, expected) in vectors {
            assert_eq!(form.of(value).as_deref(), Some(expected), "{value} {form:?}");
        }
        assert_eq!(Form::Lower.of(MIXED).as_deref(), Some("test.user@gmail.com"));
        assert_eq!(Form::Plain.of(MIXED).as_deref(), Some("Test.User@GMAIL.com"));
    }

    #[test]
    fn nothing_is_never_hashed() {
        let all = [
            Form::Plain,
            Form::Lower,
            Form::Sha256Email,
            Form::Sha256GoogleEmail,
            Form::Sha256Phone,
            Form::Sha256Digits,
            Form::Sha256Name,
        ];
        for (form, nothing) in all.into_iter().flat_map(|form| ["", "  ", "\t"].map(|nothing| (form, nothing))) {
            assert_eq!(form.of(nothing), None, "{form:?}");
        }
        assert_eq!(Form::Sha256Phone.of("none"), None);
        assert_eq!(Form::Sha256Digits.of("+000"), None);
        assert_eq!(Form::Sha256Name.of("---"), None);
    }
}
