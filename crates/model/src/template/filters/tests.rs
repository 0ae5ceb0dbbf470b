use std::collections::BTreeSet;

use minijinja::{Value, context};

use super::*;
use crate::template::environment;

/// At noon of 1 December 2026 in Berlin, in English.
fn made(template: &str, x: Value) -> Result<String, minijinja::Error> {
    let system = context! { date_time => "2026-12-01T12:00+01:00", time_zone => "Europe/Berlin", locale => "en" };
    environment().render_named_str("text", template, context! { system, x })
}

#[test]
fn proof_1_every_filter_gives_what_its_page_says() {
    for filter in FILTERS {
        let (template, gives) = filter.example;
        assert_eq!(
            made(template, Value::UNDEFINED).map_err(|error| error.to_string()).as_deref(),
            Ok(gives),
            "{template}"
        );
        assert!(filter.is_used_in(template), "{template} does not show {}", filter.name);
        assert!(filter.about.ends_with('.'), "{} is not explained in sentences", filter.name);
    }
    let names: BTreeSet<&str> = FILTERS.iter().map(|filter| filter.name).collect();
    assert_eq!(names.len(), FILTERS.len(), "each has a name of its own");
}

#[test]
fn no_filter_fails_on_a_missing_value() {
    for filter in FILTERS {
        let (template, _) = filter.example;
        let tail = template.split(&format!("| {}", filter.name)).nth(1).expect("a use of it");
        // Its own arguments, without what follows.
        let arguments = if tail.starts_with('(') { tail.split_inclusive(')').next().unwrap_or_default() } else { "" };
        for value in [Value::UNDEFINED, Value::from(()), Value::from(""), Value::from(true)] {
            let alone = format!("{{{{ x | {}{arguments} }}}}", filter.name);
            assert!(made(&alone, value.clone()).is_ok(), "{alone} with {value:?}: {:?}", made(&alone, value.clone()));
        }
    }
}

#[test]
fn dates_are_read_in_the_zone_of_the_message() {
    let gives = |template: &str, x: &str| made(template, Value::from(x)).expect(template);
    assert_eq!(gives("{{ x | add_hours(1) }}", "2026-12-01"), "2026-12-01T01:00+01:00[Europe/Berlin]");
    assert_eq!(gives("{{ x | to_utc }}", "2026-07-01T12:00"), "2026-07-01T10:00Z", "summer time");
    assert_eq!(gives("{{ x | add_days(1) | to_utc }}", "2026-10-24T12:00"), "2026-10-25T11:00Z", "a day of 25 hours");
    assert_eq!(gives("{{ x | format_date }}", "2026-12-24"), "December 24, 2026");
    assert_eq!(gives("{{ x | format_date('full', 'fr') }}", "2026-12-24"), "jeudi 24 décembre 2026");
    assert_eq!(gives("{{ x | format_date('dd.MM.yyyy HH:mm') }}", "2026-12-24T17:05:00Z"), "24.12.2026 18:05");
    assert_eq!(gives("{{ x | format_date(\"d 'um\") }}", "2026-12-24"), "2026-12-24", "no pattern");
    for none in ["soon", "2026-13-01", "2026-12-24T25:00"] {
        assert_eq!(gives("[{{ x | add_days(1) }}{{ x | format_date }}{{ x | age }}]", none), "[]");
    }
    assert_eq!(gives("[{{ x | set_day(31) }}{{ x | add_years(99999999999) }}]", "2026-11-01"), "[]");
    assert_eq!(gives("{{ x | age_in_days }}", "2026-12-03T12:00:00Z"), "-2");
    assert_eq!(gives("{{ 1798118700000 | to_utc }}", ""), "2026-12-24T13:25Z", "milliseconds since 1970");
}

#[test]
fn numbers_are_written_as_the_language_does() {
    let gives = |template: &str| made(template, Value::UNDEFINED).expect(template);
    assert_eq!(gives("{{ 1234567.891 | format_number }}"), "1,234,567.891");
    assert_eq!(gives("{{ 1234567 | format_number('en-IN') }}"), "12,34,567");
    assert_eq!(gives("{{ 1234.5 | format_number('ar_EG') }}"), "١٬٢٣٤٫٥");
    assert_eq!(gives("{{ '2.345' | format_number('de', 2) }} {{ 2 | format_number('de', 2) }}"), "2,35 2,00");
    assert_eq!(gives("{{ 1234.5 | format_currency('de-DE') }}"), "1.234,50\u{a0}€");
    assert_eq!(gives("{{ 1234.5 | format_currency('en-US') }}"), "$1,234.50");
    assert_eq!(gives("{{ -5 | format_currency('en-US') }}"), "-$5.00");
    assert_eq!(gives("{{ 1234 | format_currency('ja-JP') }}"), "¥1,234");
    assert_eq!(gives("{{ 5 | format_currency('en', 'chf') }}"), "CHF\u{a0}5.00");
    assert_eq!(gives("{{ 5 | format_currency('nl-NL') }}"), "€\u{a0}5,00");
    assert_eq!(gives("{{ 5 | format_currency }}"), "5.00", "no country, no currency");
    assert_eq!(gives("[{{ 'many' | format_number }}{{ 'x' | to_int }}]{{ 'x' | to_number }}"), "[]x");
    assert_eq!(gives("{{ 1e300 | to_hex }}"), "7fffffffffffffff", "the largest there is");
}

#[test]
fn text_is_counted_in_characters() {
    let gives = |template: &str| made(template, Value::UNDEFINED).expect(template);
    assert_eq!(gives("{{ 'Zoë' | mask(1, 1) }}{{ 'ab' | mask(5, 5) }}"), "ZXëab");
    assert_eq!(gives("{{ 'Zoë Ü' | index_of('Ü') }}{{ 'abc' | substr(2, 1) }}"), "4");
    assert_eq!(
        gives("{{ 'abc' | like('a%c') }} {{ 'abc' | like('_c') }} {{ 'aXbXc' | like('a%X%c') }}"),
        "True False True"
    );
    assert_eq!(gives("{{ 'a%zz%41' | url_decode }}"), "a%zzA");
    assert_eq!(gives("[{{ 'no address' | url_host }}{{ 'nobody' | email_domain }}]"), "[]");
    assert_eq!(gives("{{ 'https://u:p@[::1]:8/x' | url_host }}"), "::1");
}

#[test]
fn what_a_filter_reads_beside_its_value_is_known() {
    let paths = crate::template::paths("{{ person.birth_date | age }} {{ x }}").unwrap();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    assert_eq!(paths, ["person.birth_date", "system.date_time", "system.time_zone", "x"]);
    assert!(crate::template::paths("{{ 'age' }} {{ person.age }}").unwrap().iter().all(|path| path == "person.age"));
}
