//! What a program that opened a message or followed a link says of the device it runs on. Programs say what they like: it
//! is good enough for figures and conditions, and nothing else depends on it.

use serde_json::{Map, Value as Json, json};

/// Longest name of a program that is kept, in characters.
const LONGEST: usize = 300;
/// What stands in names of programs, on which device and system they then run; the first that is found holds.
const KNOWN: &[(&str, &str, &str)] = &[
    ("iphone", "iPhone", "iOS"),
    ("ipad", "iPad", "iOS"),
    ("android", "Android", "Android"),
    ("windows phone", "Windows Phone", "Windows"),
    ("windows", "Computer", "Windows"),
    ("cros", "Computer", "ChromeOS"),
    ("macintosh", "Computer", "macOS"),
    ("mac os x", "Computer", "macOS"),
    ("linux", "Computer", "Linux"),
];

/// What a program calls itself, as it is kept; none where it says nothing.
pub fn program(agent: &str) -> Option<String> {
    let agent = agent.trim();
    (!agent.is_empty()).then(|| agent.chars().filter(|c| !c.is_control()).take(LONGEST).collect())
}

/// Adds to the fields of an activity what a program says of itself; nothing where it says nothing.
pub fn described(fields: &mut Map<String, Json>, agent: Option<&str>) {
    let Some(agent) = agent.and_then(program) else { return };
    let lower = agent.to_ascii_lowercase();
    if let Some((_, device, os)) = KNOWN.iter().find(|(word, ..)| lower.contains(word)) {
        fields.insert("mobile".to_owned(), json!(*device != "Computer"));
        fields.insert("device".to_owned(), json!(device));
        fields.insert("os".to_owned(), json!(os));
    }
    fields.insert("user_agent".to_owned(), agent.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_by_what_programs_call_themselves() {
        let said = |agent: &str| {
            let mut fields = Map::new();
            described(&mut fields, Some(agent));
            let text = |name: &str| fields.get(name).and_then(Json::as_str).unwrap_or("-").to_owned();
            (text("device"), text("os"), fields.get("mobile").and_then(Json::as_bool))
        };
        let of = |device: &str, os: &str, mobile| (device.to_owned(), os.to_owned(), mobile);
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
        assert_eq!(said(iphone), of("iPhone", "iOS", Some(true)));
        assert_eq!(said("Mozilla/5.0 (Linux; Android 16; Pixel 9) Mobile"), of("Android", "Android", Some(true)));
        assert_eq!(said("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"), of("Computer", "Windows", Some(false)));
        assert_eq!(said("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1)"), of("Computer", "macOS", Some(false)));
        assert_eq!(said("SomeMail/1.0"), of("-", "-", None));
        let mut nothing = Map::new();
        described(&mut nothing, Some(" "));
        described(&mut nothing, None);
        assert!(nothing.is_empty());
    }
}
