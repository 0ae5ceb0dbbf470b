//! The language of a message, and what money looks like in it.
//!
//! Digits, groups and words come from Unicode's data (`icu_decimal`, `icu_datetime`). Its data for currencies is not stable
//! yet and weighs 30 MB, so where the sign stands is told here by language, for the currencies that business is done in.

use icu_locale_core::Locale;
use minijinja::State;

use super::of_message;

/// The language that a filter was told, else the message's, else English. `de_DE` is read like `de-DE`.
pub fn locale_of(state: &State<'_, '_>, told: Option<&str>) -> Locale {
    let written = told.map(str::to_owned).or_else(|| of_message(state, "locale"));
    written.and_then(|written| written.trim().replace('_', "-").parse().ok()).unwrap_or(icu_locale_core::locale!("en"))
}

/// How a currency is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    pub code: &'static str,
    /// Its sign at home.
    sign: &'static str,
    /// Its sign elsewhere.
    abroad: &'static str,
    /// Digits behind the point.
    pub decimals: i16,
    /// Countries that pay with it.
    countries: &'static [&'static str],
}

const fn currency(
    code: &'static str,
    sign: &'static str,
    abroad: &'static str,
    decimals: i16,
    countries: &'static [&'static str],
) -> Currency {
    Currency { code, sign, abroad, decimals, countries }
}

/// Signs and digits after Unicode's common locale data.
const CURRENCIES: &[Currency] = &[
    currency(
        "EUR",
        "€",
        "€",
        2,
        &[
            "AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MT", "NL",
            "PT", "SI", "SK",
        ],
    ),
    currency("USD", "$", "$", 2, &["US", "PR", "EC", "SV"]),
    currency("GBP", "£", "£", 2, &["GB"]),
    currency("CHF", "CHF", "CHF", 2, &["CH", "LI"]),
    currency("JPY", "¥", "¥", 0, &["JP"]),
    currency("CNY", "¥", "CN¥", 2, &["CN"]),
    currency("INR", "₹", "₹", 2, &["IN"]),
    currency("KRW", "₩", "₩", 0, &["KR"]),
    currency("BRL", "R$", "R$", 2, &["BR"]),
    currency("CAD", "$", "CA$", 2, &["CA"]),
    currency("AUD", "$", "A$", 2, &["AU"]),
    currency("NZD", "$", "NZ$", 2, &["NZ"]),
    currency("MXN", "$", "MX$", 2, &["MX"]),
    currency("SGD", "$", "SGD", 2, &["SG"]),
    currency("HKD", "HK$", "HK$", 2, &["HK"]),
    currency("TWD", "$", "NT$", 2, &["TW"]),
    currency("ILS", "₪", "₪", 2, &["IL"]),
    currency("SEK", "kr", "SEK", 2, &["SE"]),
    currency("NOK", "kr", "NOK", 2, &["NO"]),
    currency("DKK", "kr.", "DKK", 2, &["DK"]),
    currency("ISK", "kr.", "ISK", 0, &["IS"]),
    currency("PLN", "zł", "PLN", 2, &["PL"]),
    currency("CZK", "Kč", "CZK", 2, &["CZ"]),
    currency("HUF", "Ft", "HUF", 2, &["HU"]),
    currency("RON", "RON", "RON", 2, &["RO"]),
    currency("TRY", "₺", "TRY", 2, &["TR"]),
    currency("UAH", "₴", "UAH", 2, &["UA"]),
    currency("ZAR", "R", "ZAR", 2, &["ZA"]),
    currency("THB", "฿", "THB", 2, &["TH"]),
    currency("IDR", "Rp", "IDR", 2, &["ID"]),
    currency("MYR", "RM", "MYR", 2, &["MY"]),
    currency("PHP", "₱", "₱", 2, &["PH"]),
    currency("VND", "₫", "₫", 0, &["VN"]),
    currency("AED", "AED", "AED", 2, &["AE"]),
    currency("SAR", "SAR", "SAR", 2, &["SA"]),
    currency("EGP", "EGP", "EGP", 2, &["EG"]),
    currency("KWD", "KWD", "KWD", 3, &["KW"]),
    currency("ARS", "$", "ARS", 2, &["AR"]),
    currency("CLP", "$", "CLP", 0, &["CL"]),
    currency("COP", "$", "COP", 2, &["CO"]),
];

/// A currency by its code, or the one of the locale's country.
pub fn currency_of(locale: &Locale, code: Option<&str>) -> Option<&'static Currency> {
    match code {
        Some(code) => CURRENCIES.iter().find(|currency| currency.code.eq_ignore_ascii_case(code.trim())),
        None => {
            let country = locale.id.region?;
            CURRENCIES.iter().find(|currency| currency.countries.contains(&country.as_str()))
        }
    }
}

/// Sign and amount as the language puts them together. `amount` is without its minus.
pub fn priced(locale: &Locale, currency: &Currency, amount: &str, negative: bool) -> String {
    let country = locale.id.region.map(|region| region.as_str().to_owned()).unwrap_or_default();
    let at_home = currency.countries.contains(&country.as_str());
    let sign = if at_home { currency.sign } else { currency.abroad };
    let minus = if negative { "-" } else { "" };
    match place(locale.id.language.as_str(), &country) {
        Place::After => format!("{minus}{amount}\u{a0}{sign}"),
        Place::Apart => format!("{minus}{sign}\u{a0}{amount}"),
        // A sign of letters alone keeps its distance.
        Place::Before if sign.ends_with(char::is_alphabetic) => format!("{minus}{sign}\u{a0}{amount}"),
        Place::Before => format!("{minus}{sign}{amount}"),
    }
}

enum Place {
    /// `€12`
    Before,
    /// `€ 12`
    Apart,
    /// `12 €`
    After,
}

fn place(language: &str, country: &str) -> Place {
    match (language, country) {
        ("de", "AT" | "CH" | "LI")
        | ("it", "CH")
        | ("nl" | "id" | "tr", _)
        | ("pt", "BR" | "")
        | ("es", "AR" | "CO") => match language {
            "tr" => Place::Before,
            _ => Place::Apart,
        },
        ("en" | "ja" | "zh" | "ko" | "hi" | "th" | "ms" | "fil", _) | ("es", "MX" | "US" | "CL") => Place::Before,
        _ => Place::After,
    }
}
