//! An account as LinkedIn is told of it: whatever helps to find the company, in the form and length that LinkedIn takes.

use std::net::IpAddr;

use serde_json::{Map, Value as Json, json};

use super::settings::DestinationSettings;
use crate::connector::Outcome;

/// What LinkedIn may find a company by beside what every account has, as destinations name it.
pub const FIELDS: [&str; 4] = ["company_page_url", "organization", "email_domain", "stock_symbol"];

/// Hosts of addresses that belong to nobody's company.
const FREE_MAIL: [&str; 16] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "yahoo.com",
    "icloud.com",
    "aol.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "proton.me",
    "protonmail.com",
    "mail.ru",
    "qq.com",
    "163.com",
];

/// The longest name that is sent; LinkedIn names no limit for it.
const LONGEST_NAME: usize = 100;

/// The element of an account. One of the five facts by which LinkedIn finds companies must be in it.
///
/// # Errors
/// There is none of them: [`Outcome::Skipped`].
pub fn element(settings: &DestinationSettings, account: &Map<String, Json>) -> Result<Json, Outcome> {
    let text = |key: &str| account.get(key).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
    let mapped = |field: &str| settings.fields.get(field).and_then(|attribute| text(attribute));
    let website = text("website").and_then(domain);
    let identifiers = [
        ("companyName", text("name").map(|name| cut(name, LONGEST_NAME))),
        ("companyWebsiteDomain", website.clone()),
        ("companyEmailDomain", mapped("email_domain").and_then(domain).or(website)),
        ("organizationUrn", mapped("organization").and_then(organization)),
        ("companyPageUrl", mapped("company_page_url").and_then(page)),
    ];
    let more = [
        ("city", text("city").map(|city| cut(city, 50))),
        ("state", text("state").map(|state| cut(state, 50))),
        ("country", text("country_code").or_else(|| text("country")).and_then(country)),
        ("postalCode", text("postal_code").map(|code| cut(code, 20))),
        ("stockSymbol", mapped("stock_symbol").and_then(stock_symbol)),
    ];
    if identifiers.iter().all(|(_, value)| value.is_none()) {
        return Err(Outcome::skipped("no_company_identifier"));
    }
    let known = identifiers.into_iter().chain(more).filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    let mut element: Map<String, Json> = known.collect();
    if let Some(industry) = text("industry") {
        element.insert("industries".to_owned(), json!([cut(industry, 50)]));
    }
    Ok(Json::Object(element))
}

/// Cut by characters, not by bytes.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect::<String>().trim_end().to_owned()
}

/// The host of an address or domain as people write it; none for what is no company's.
fn domain(written: &str) -> Option<String> {
    let lower = written.to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?.trim().trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    let fits = host.contains('.')
        && host.len() <= 253
        && host.split('.').all(|label| !label.is_empty())
        && !host.contains(char::is_whitespace)
        && host.parse::<IpAddr>().is_err();
    (fits && !FREE_MAIL.contains(&host)).then(|| host.to_owned())
}

/// `urn:li:organization:1035` from the number, or from anything of LinkedIn's that ends with it.
fn organization(written: &str) -> Option<String> {
    let number = written.rsplit(':').next()?.trim();
    let fits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| format!("urn:li:organization:{number}"))
}

/// `www.linkedin.com/company/acme`: LinkedIn's host, without scheme and query, at most 100 characters.
fn page(written: &str) -> Option<String> {
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    let bare = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let (host, path) = bare.split_once('/')?;
    let host = host.to_lowercase();
    let linkedin = host == "linkedin.com" || host.ends_with(".linkedin.com");
    let page = format!("{host}/{path}");
    (linkedin && !path.is_empty() && page.chars().count() <= 100).then_some(page)
}

/// ISO 3166-1 alpha-2. Names of countries are not guessed at; `UK` is what `GB` is called by many.
fn country(written: &str) -> Option<String> {
    let code = written.to_ascii_uppercase();
    let fits = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    fits.then(|| if code == "UK" { "GB".to_owned() } else { code })
}

fn stock_symbol(written: &str) -> Option<String> {
    let symbol = written.to_uppercase();
    (symbol.chars().count() <= 5).then_some(symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(fields: Json) -> DestinationSettings {
        DestinationSettings::read(&json!({"ad_account": "512345", "fields": fields})).expect("settings")
    }

    fn of(account: Json) -> Result<Json, Outcome> {
        let fields =
            json!({"organization": "linkedin_id", "company_page_url": "linkedin_page", "stock_symbol": "ticker"});
        element(&settings(fields), account.as_object().expect("an account"))
    }

    #[test]
    fn everything_that_helps_to_find_the_company_is_told_in_the_form_that_is_taken() {
        let element = of(json!({
            "key": "a-1", "name": "  Acme Räder  ", "website": "HTTPS://www.Acme.example:8443/home?x=1",
            "industry": "Wheels and other round things that turn on their own axis", "city": "Köln", "country": "uk",
            "postal_code": "50667", "linkedin_id": "urn:li:organization:urn:li:organization:1035",
            "linkedin_page": "https://www.linkedin.com/company/acme/?trk=1", "ticker": "acme",
        }));
        assert_eq!(
            element.unwrap(),
            json!({
                "companyName": "Acme Räder", "companyWebsiteDomain": "acme.example", "companyEmailDomain": "acme.example",
                "organizationUrn": "urn:li:organization:1035", "companyPageUrl": "www.linkedin.com/company/acme",
                "city": "Köln", "country": "GB", "postalCode": "50667", "stockSymbol": "ACME",
                "industries": ["Wheels and other round things that turn on their o"],
            })
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_without_an_identifier_there_is_nothing_to_say() {
        let element = of(json!({
            "name": "Acme", "website": "10.0.0.1", "country": "Germany", "linkedin_id": "acme", "ticker": "TOOLONG",
            "linkedin_page": "https://acme.example/company/acme",
        }));
        assert_eq!(element.unwrap(), json!({"companyName": "Acme"}));
        for nobody in [json!({"key": "a-1", "city": "Köln"}), json!({"website": "gmail.com", "name": " "})] {
            assert_eq!(of(nobody), Err(Outcome::skipped("no_company_identifier")));
        }
    }

    #[test]
    fn domains_are_found_in_whatever_is_written() {
        for written in ["acme.example", "www.acme.example.", "http://ann@acme.example/x", "info@acme.example"] {
            assert_eq!(domain(written).as_deref(), Some("acme.example"), "{written}");
        }
        for none in ["acme", "", "..", "a..b", "https://", "[::1]", "web.de", "a b.example"] {
            assert_eq!(domain(none), None, "{none}");
        }
    }

    #[test]
    fn lengths_are_those_of_characters() {
        let long = "ä".repeat(200);
        let element = of(json!({"name": long, "city": long})).unwrap();
        assert_eq!(element["companyName"].as_str().unwrap().chars().count(), LONGEST_NAME);
        assert_eq!(element["city"].as_str().unwrap().chars().count(), 50);
    }
}
