//! What an element must look like.

use serde_json::{Map, Value as Json};

use super::streams::identity;

/// A company: at least one fact to find it by, each in its form.
pub fn company(element: &Json) -> Result<String, String> {
    const IDENTIFIERS: [&str; 5] =
        ["companyName", "companyWebsiteDomain", "companyEmailDomain", "organizationUrn", "companyPageUrl"];
    let fields = checked(element, |name| {
        IDENTIFIERS.contains(&name)
            || ["industries", "city", "state", "country", "postalCode", "stockSymbol"].contains(&name)
    })?;
    if !IDENTIFIERS.iter().any(|name| text(fields, name).is_some_and(|text| !text.trim().is_empty())) {
        return Err("A company needs a name, a domain, a page or an organization".into());
    }
    let fits = |name: &str, test: &dyn Fn(&str) -> bool| {
        let value = text(fields, name);
        match (fields.contains_key(name), value) {
            (false, _) => Ok(()),
            (true, Some(value)) if test(value) => Ok(()),
            _ => Err(format!("Invalid {name}")),
        }
    };
    let at_most = |most: usize| move |value: &str| !value.is_empty() && value.chars().count() <= most;
    let domain =
        |value: &str| value.contains('.') && !value.contains(['/', ':', ' ', '@']) && value == value.to_lowercase();
    fits("companyName", &|value| !value.trim().is_empty())?;
    fits("companyWebsiteDomain", &domain)?;
    fits("companyEmailDomain", &domain)?;
    fits("organizationUrn", &|value| {
        value
            .strip_prefix("urn:li:organization:")
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
    })?;
    fits("companyPageUrl", &|value| {
        let host = value.split('/').next().unwrap_or_default();
        value.chars().count() <= 100 && !value.contains(['?', ':']) && host.ends_with("linkedin.com")
    })?;
    fits("city", &at_most(50))?;
    fits("state", &at_most(50))?;
    fits("postalCode", &at_most(20))?;
    fits("country", &country)?;
    fits("stockSymbol", &|value| at_most(5)(value) && value == value.to_uppercase())?;
    if let Some(industries) = fields.get("industries") {
        let all = industries.as_array().filter(|all| all.len() <= 3).ok_or("Invalid industries")?;
        if !all.iter().all(|it| it.as_str().is_some_and(at_most(50))) {
            return Err("Invalid industries".into());
        }
    }
    Ok(identity(fields))
}

/// A person: an id of theirs, or both names.
pub fn person(element: &Json) -> Result<String, String> {
    let known = ["userIds", "firstName", "lastName", "title", "company", "country"];
    let fields = checked(element, |name| known.contains(&name))?;
    let ids = fields.get("userIds").and_then(Json::as_array).cloned().unwrap_or_default();
    for id in &ids {
        let value = id["idValue"].as_str().unwrap_or_default();
        let hex = |length: usize| value.len() == length && value.bytes().all(|b| b.is_ascii_hexdigit());
        let fits = match id["idType"].as_str() {
            Some("SHA256_EMAIL") => hex(64),
            Some("SHA512_EMAIL") => hex(128),
            Some("GOOGLE_AID") => !value.is_empty(),
            _ => false,
        };
        if !fits {
            return Err("Invalid userIds".into());
        }
    }
    let names = ["firstName", "lastName"].iter().all(|name| text(fields, name).is_some_and(|text| !text.is_empty()));
    if ids.is_empty() && !names {
        return Err("A person needs an id or both names".into());
    }
    for (name, most) in [("firstName", 35), ("lastName", 35), ("title", 50), ("company", 50)] {
        if text(fields, name).is_some_and(|value| value.chars().count() > most) {
            return Err(format!("Invalid {name}"));
        }
    }
    if text(fields, "country").is_some_and(|value| !country(value)) {
        return Err("Invalid country".into());
    }
    Ok(identity(fields))
}

fn checked(element: &Json, known: impl Fn(&str) -> bool) -> Result<&Map<String, Json>, String> {
    let fields = element.as_object().ok_or("An element is an object")?;
    if !matches!(fields.get("action").and_then(Json::as_str), Some("ADD" | "REMOVE")) {
        return Err("Invalid action".into());
    }
    match fields.keys().find(|name| *name != "action" && !known(name)) {
        Some(unknown) => Err(format!("Unrecognized field: {unknown}")),
        None => Ok(fields),
    }
}

fn text<'a>(fields: &'a Map<String, Json>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Json::as_str)
}

fn country(value: &str) -> bool {
    value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase()) && value != "UK"
}
