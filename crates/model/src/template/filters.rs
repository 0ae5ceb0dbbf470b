//! The filters that we add to the engine's own: one line each, from which the engine, the checks, the reference page and
//! the app's picker follow. Every example is run by a test.
//!
//! A missing value stays missing: filters pass it on, and `default` at the end gives it a text.

mod dates;
mod lists;
mod locale;
mod moment;
mod numbers;
mod text;

use minijinja::value::ValueKind;
use minijinja::{Environment, State, Value};

/// What a filter is for, as the reference page groups them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Text: case, parts, comparison.
    Text,
    /// Dates, times and zones.
    Dates,
    /// Numbers and currency.
    Numbers,
    /// Lists.
    Lists,
}

impl Group {
    /// Every group, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Text, Self::Dates, Self::Numbers, Self::Lists];

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Dates => "Dates and times",
            Self::Numbers => "Numbers and currency",
            Self::Lists => "Lists",
        }
    }
}

/// A filter of ours.
#[derive(Debug)]
pub struct Filter {
    /// As written behind the bar.
    pub name: &'static str,
    /// Its arguments as one writes them: `(days)`, with `=` where one may be left out.
    pub arguments: &'static str,
    /// What it is for.
    pub group: Group,
    /// What it does, one sentence or two.
    pub about: &'static str,
    /// A template, and what it puts out at noon of 1 December 2026 in Berlin, in English.
    pub example: (&'static str, &'static str),
    /// Values of the message that it reads beside its own: the clock, the language, the zone.
    pub reads: &'static [&'static str],
    add: fn(&mut Environment<'static>),
}

impl Filter {
    pub(super) fn add_to(&self, env: &mut Environment<'static>) {
        (self.add)(env);
    }

    /// Whether a template uses it. A text that only looks like a use counts too, which costs a copied value.
    pub(super) fn is_used_in(&self, source: &str) -> bool {
        source.match_indices(self.name).any(|(at, name)| {
            let before = source.get(..at).unwrap_or_default().trim_end();
            let after = source.get(at + name.len()..).and_then(|after| after.chars().next());
            before.ends_with('|') && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    }
}

/// The filter of that name.
pub fn filter(name: &str) -> Option<&'static Filter> {
    FILTERS.iter().find(|filter| filter.name == name)
}

const NOW: &str = "system.date_time";
const ZONE: &str = "system.time_zone";
const LOCALE: &str = "system.locale";

macro_rules! filters {
    ($($group:ident $name:literal $arguments:literal, $about:literal, $template:literal => $gives:literal, [$($reads:ident),*], $run:path;)*) => {
        /// Every filter of ours.
        pub const FILTERS: &[Filter] = &[$(Filter {
            name: $name,
            arguments: $arguments,
            group: Group::$group,
            about: $about,
            example: ($template, $gives),
            reads: &[$($reads),*],
            add: |env| env.add_filter($name, $run),
        }),*];
    };
}

filters! {
    Text "title_case" "", "Every word with a capital first letter; the rest of each word stays.", "{{ 'chief mcDonald' | title_case }}" => "Chief McDonald", [], text::title_case;
    Text "left_trim" "", "Without white space at the beginning.", "[{{ '  a ' | left_trim }}]" => "[a ]", [], text::left_trim;
    Text "right_trim" "", "Without white space at the end.", "[{{ ' a  ' | right_trim }}]" => "[ a]", [], text::right_trim;
    Text "substr" "(begin, end=)", "The characters from `begin`, counted from 0, up to before `end`; what lies outside is left out.", "{{ 'Caravan' | substr(1, 4) }}" => "ara", [], text::substr;
    Text "index_of" "(part)", "Where the part begins, counted from 0; -1 when it is not there.", "{{ 'banana' | index_of('an') }}" => "1", [], text::index_of;
    Text "last_index_of" "(part)", "Where the part begins for the last time; -1 when it is not there.", "{{ 'banana' | last_index_of('an') }}" => "3", [], text::last_index_of;
    Text "shorten" "(characters)", "At most so many characters, cut at a word and ended with `…`.", "{{ 'Senior Vice President' | shorten(12) }}" => "Senior Vice…", [], text::shorten;
    Text "contains" "(part, case_sensitive=true)", "Whether the part occurs.", "{{ 'VP Sales' | contains('sales', false) }}" => "True", [], text::contains;
    Text "starts_with" "(part, case_sensitive=true)", "Whether the text begins with it.", "{{ 'Chief Officer' | starts_with('Chief') }}" => "True", [], text::starts_with;
    Text "ends_with" "(part, case_sensitive=true)", "Whether the text ends with it.", "{{ 'acme.example' | ends_with('.test') }}" => "False", [], text::ends_with;
    Text "equals_ignore_case" "(other)", "Whether both are the same but for case, in every script.", "{{ 'STRASSE' | equals_ignore_case('Straße') }}" => "True", [], text::equals_ignore_case;
    Text "like" "(pattern)", "Whether the whole text fits: `%` stands for anything, `_` for one character.", "{{ 'VP of Sales' | like('VP%') }}" => "True", [], text::like;
    Text "mask" "(keep_start, keep_end)", "The middle replaced by `X`.", "{{ '123456789' | mask(1, 2) }}" => "1XXXXXX89", [], text::mask;
    Text "email_domain" "", "What stands behind the last `@`, in small letters.", "{{ 'Ada@Acme.example' | email_domain }}" => "acme.example", [], text::email_domain;
    Text "url_host" "", "The host of an address.", "{{ 'https://acme.example:8080/a?b=1' | url_host }}" => "acme.example", [], text::url_host;
    Text "url_path" "", "The path of an address, with its leading slash.", "{{ 'https://acme.example/a/b?c=1' | url_path }}" => "/a/b", [], text::url_path;
    Text "url_protocol" "", "The scheme of an address.", "{{ 'https://acme.example' | url_protocol }}" => "https", [], text::url_protocol;
    Text "url_encode" "", "Percent-encoded as one value of an address. Values inside `href` and `src` are encoded without it.", "{{ 'a b&c' | url_encode }}" => "a%20b%26c", [], text::url_encode;
    Text "url_decode" "", "Percent-encoding undone.", "{{ 'a%20b%26c' | url_decode }}" => "a b&c", [], text::url_decode;
    Text "encode64" "", "Base64 of the UTF-8 text. Anybody can read it: it protects nothing.", "{{ 'Ada' | encode64 }}" => "QWRh", [], text::encode64;
    Text "md5" "", "The MD5 hash in small hexadecimal letters, for addresses of avatars and the like.", "{{ 'ada@acme.example' | md5 }}" => "07a9ba3011f51ae0c2e2d9302e13b31c", [], text::md5;
    Text "sha256" "", "The SHA-256 hash in small hexadecimal letters.", "{{ 'abc' | sha256 }}" => "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", [], text::sha256;
    Dates "format_date" "(pattern=\"long\", locale=)", "The date in words of the recipient's language: `short`, `medium`, `long` or `full`, or a pattern of the letters of Unicode's and Java's date formats (`d MMMM y`, `EEEE`, `HH:mm`). A pattern that is none leaves the date as it is.", "{{ '2026-12-24' | format_date('EEEE, d MMMM y', 'de') }}" => "Donnerstag, 24 Dezember 2026", [ZONE, LOCALE], dates::format_date;
    Dates "format_time" "(locale=)", "The time of day as the recipient's language writes it.", "{{ '2026-12-24T17:05:00Z' | format_time('de') }}" => "18:05", [ZONE, LOCALE], dates::format_time;
    Dates "to_zone" "(zone)", "The same instant in another zone.", "{{ '2026-12-24T17:05:00Z' | to_zone('Asia/Tehran') }}" => "2026-12-24T20:35+03:30[Asia/Tehran]", [ZONE], dates::to_zone;
    Dates "to_utc" "", "The same instant in UTC.", "{{ '2026-12-24T17:05+01:00' | to_utc }}" => "2026-12-24T16:05Z", [ZONE], dates::to_utc;
    Dates "add_seconds" "(n)", "So many seconds later, or earlier.", "{{ '2026-12-24T17:05:00Z' | add_seconds(-5) | to_utc }}" => "2026-12-24T17:04:55Z", [ZONE], dates::add_seconds;
    Dates "add_minutes" "(n)", "So many minutes later, or earlier.", "{{ '2026-12-24T17:05:00Z' | add_minutes(10) | to_utc }}" => "2026-12-24T17:15Z", [ZONE], dates::add_minutes;
    Dates "add_hours" "(n)", "So many hours later, or earlier.", "{{ '2026-12-24T17:05:00Z' | add_hours(8) | to_utc }}" => "2026-12-25T01:05Z", [ZONE], dates::add_hours;
    Dates "add_days" "(n)", "So many days later, or earlier.", "{{ '2026-12-24' | add_days(14) }}" => "2027-01-07", [ZONE], dates::add_days;
    Dates "add_months" "(n)", "So many months later, or earlier; the day is at most the month's last.", "{{ '2026-01-31' | add_months(1) }}" => "2026-02-28", [ZONE], dates::add_months;
    Dates "add_years" "(n)", "So many years later, or earlier; 29 February becomes the 28th.", "{{ '2024-02-29' | add_years(1) }}" => "2025-02-28", [ZONE], dates::add_years;
    Dates "age" "", "Full years from the date until the message's clock.", "{{ '1990-12-02' | age }}" => "35", [NOW, ZONE], dates::age;
    Dates "age_in_days" "", "Full days from the date until the message's clock; negative when it lies ahead.", "{{ '2026-11-24T20:00:00Z' | age_in_days }}" => "6", [NOW, ZONE], dates::age_in_days;
    Dates "age_in_months" "", "Full months from the date until the message's clock; negative when it lies ahead.", "{{ '2026-08-15' | age_in_months }}" => "3", [NOW, ZONE], dates::age_in_months;
    Dates "compare_dates" "(other)", "-1, 0 or 1: before, at or after the other.", "{{ '2026-12-24' | compare_dates('2026-12-25') }}" => "-1", [ZONE], dates::compare_dates;
    Dates "date_diff" "(other)", "Whole days from the other to this one.", "{{ '2026-12-24' | date_diff('2026-12-01') }}" => "23", [ZONE], dates::date_diff;
    Dates "diff_in_seconds" "(start)", "Full seconds from `start` to this one.", "{{ '2026-12-24T10:00:10Z' | diff_in_seconds('2026-12-24T10:00:00Z') }}" => "10", [ZONE], dates::diff_in_seconds;
    Dates "diff_in_minutes" "(start)", "Full minutes from `start` to this one.", "{{ '2026-12-24T11:30:59Z' | diff_in_minutes('2026-12-24T10:00:00Z') }}" => "90", [ZONE], dates::diff_in_minutes;
    Dates "diff_in_hours" "(start)", "Full hours from `start` to this one.", "{{ '2026-12-24T11:30:00Z' | diff_in_hours('2026-12-24T10:00:00Z') }}" => "1", [ZONE], dates::diff_in_hours;
    Dates "diff_in_months" "(start)", "Full months from `start` to this one.", "{{ '2026-12-24' | diff_in_months('2026-09-25') }}" => "2", [ZONE], dates::diff_in_months;
    Dates "diff_in_years" "(start)", "Full years from `start` to this one.", "{{ '2026-12-24' | diff_in_years('2020-12-24') }}" => "6", [ZONE], dates::diff_in_years;
    Dates "day_of_month" "", "1 to 31.", "{{ '2026-12-24' | day_of_month }}" => "24", [ZONE], dates::day_of_month;
    Dates "day_of_week" "", "1 for Monday to 7 for Sunday.", "{{ '2026-12-24' | day_of_week }}" => "4", [ZONE], dates::day_of_week;
    Dates "day_of_year" "", "1 to 366.", "{{ '2026-12-24' | day_of_year }}" => "358", [ZONE], dates::day_of_year;
    Dates "week_of_year" "", "The ISO week.", "{{ '2026-12-31' | week_of_year }}" => "53", [ZONE], dates::week_of_year;
    Dates "extract_years" "", "The year.", "{{ '2026-12-24' | extract_years }}" => "2026", [ZONE], dates::extract_years;
    Dates "extract_months" "", "1 to 12.", "{{ '2026-12-24' | extract_months }}" => "12", [ZONE], dates::extract_months;
    Dates "extract_hours" "", "0 to 23, in the recipient's zone.", "{{ '2026-12-24T17:05:00Z' | extract_hours }}" => "18", [ZONE], dates::extract_hours;
    Dates "extract_minutes" "", "0 to 59.", "{{ '2026-12-24T17:05:00Z' | extract_minutes }}" => "5", [ZONE], dates::extract_minutes;
    Dates "extract_seconds" "", "0 to 59.", "{{ '2026-12-24T17:05:09Z' | extract_seconds }}" => "9", [ZONE], dates::extract_seconds;
    Dates "set_day" "(day)", "On another day of the same month; missing when the month has no such day.", "{{ '2026-12-24' | set_day(1) }}" => "2026-12-01", [ZONE], dates::set_day;
    Dates "set_hour" "(hour)", "At another hour of the same day.", "{{ '2026-12-24T17:05:00Z' | set_hour(9) }}" => "2026-12-24T09:05+01:00[Europe/Berlin]", [ZONE], dates::set_hour;
    Dates "start_of_day" "", "Midnight of the day.", "{{ '2026-12-24T17:05:00Z' | start_of_day }}" => "2026-12-24T00:00+01:00[Europe/Berlin]", [ZONE], dates::start_of_day;
    Dates "start_of_week" "", "Monday of the week.", "{{ '2026-12-24' | start_of_week }}" => "2026-12-21", [ZONE], dates::start_of_week;
    Dates "start_of_month" "", "The first of the month.", "{{ '2026-12-24' | start_of_month }}" => "2026-12-01", [ZONE], dates::start_of_month;
    Dates "start_of_quarter" "", "The first day of January, April, July or October.", "{{ '2026-12-24' | start_of_quarter }}" => "2026-10-01", [ZONE], dates::start_of_quarter;
    Dates "start_of_year" "", "1 January.", "{{ '2026-12-24' | start_of_year }}" => "2026-01-01", [ZONE], dates::start_of_year;
    Numbers "format_number" "(locale=, decimals=)", "Digits, groups and decimals as the language writes them; at most three decimals unless you say how many.", "{{ 1234567.5 | format_number('de') }}" => "1.234.567,5", [LOCALE], numbers::format_number;
    Numbers "format_currency" "(locale=, currency=)", "An amount of money as the language writes it; in the currency of the locale's country unless you name one (`EUR`).", "{{ 56 | format_currency('en-GB') }}" => "£56.00", [LOCALE], numbers::format_currency;
    Numbers "round_up" "", "The next whole number above.", "{{ 42.1 | round_up }}" => "43", [], numbers::round_up;
    Numbers "round_down" "", "The next whole number below.", "{{ 42.9 | round_down }}" => "42", [], numbers::round_down;
    Numbers "to_precision" "(decimals)", "With so many decimals, rounded half up.", "{{ 2.345 | to_precision(2) }}" => "2.35", [], numbers::to_precision;
    Numbers "to_percentage" "", "Times 100, with `%` and at most two decimals.", "{{ 0.4256 | to_percentage }}" => "42.56%", [], numbers::to_percentage;
    Numbers "to_hex" "", "The whole number in hexadecimal.", "{{ 158 | to_hex }}" => "9e", [], numbers::to_hex;
    Numbers "to_int" "", "The whole number in a number, a text or a truth value, cut off; missing when there is none.", "{{ '42.6' | to_int }}" => "42", [], numbers::to_int;
    Numbers "to_number" "", "The number in a text; a text that holds none stays as it is.", "{{ ('1.5' | to_number) + 1 }}" => "2.5", [], numbers::to_number;
    Lists "average" "", "The mean of the numbers in a list, missing ones left out.", "{{ [1, 2, 6] | average }}" => "3", [], lists::average;
    Lists "total" "", "The sum of the numbers in a list, missing ones left out.", "{{ [1, none, 2.5] | total }}" => "3.5", [], lists::total;
    Lists "count_values" "", "How many values of a list are there, missing ones left out.", "{{ [1, none, 3] | count_values }}" => "2", [], lists::count_values;
    Lists "count_missing" "", "How many values of a list are missing.", "{{ [1, none, 3] | count_missing }}" => "1", [], lists::count_missing;
    Lists "distinct" "", "Each value once, in the order of first appearance.", "{{ [10, 2, 10] | distinct | join(', ') }}" => "10, 2", [], lists::distinct;
    Lists "head" "", "The first value.", "{{ ['a', 'b'] | head }}" => "a", [], lists::head;
    Lists "top" "(attribute, n)", "The n entries with the highest attribute.", "{{ [{'v': 1}, {'v': 3}, {'v': 2}] | top('v', 2) | map(attribute='v') | join(' ') }}" => "3 2", [], lists::top;
    Lists "bottom" "(attribute, n)", "The n entries with the lowest attribute.", "{{ [{'v': 1}, {'v': 3}, {'v': 2}] | bottom('v', 2) | map(attribute='v') | join(' ') }}" => "1 2", [], lists::bottom;
    Lists "includes" "(value)", "Whether the list holds the value.", "{{ [1, 2] | includes(2) }}" => "True", [], lists::includes;
    Lists "intersects" "(other)", "Whether the lists share a value.", "{{ [1, 2] | intersects([2, 3]) }}" => "True", [], lists::intersects;
    Lists "subset_of" "(other)", "Whether every value is in the other list.", "{{ [1] | subset_of([1, 2]) }}" => "True", [], lists::subset_of;
    Lists "superset_of" "(other)", "Whether the list holds every value of the other.", "{{ [1, 2] | superset_of([2]) }}" => "True", [], lists::superset_of;
}

/// Missing, empty or blank.
pub(super) fn is_missing(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => true,
        ValueKind::String => value.as_str().is_none_or(|text| text.trim().is_empty()),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => value.len() == Some(0),
        _ => false,
    }
}

/// Nothing, as filters pass it on.
fn missing() -> Value {
    Value::from(())
}

/// A value of the message: `system.NAME`.
fn of_message(state: &State<'_, '_>, name: &str) -> Option<String> {
    let value = state.lookup("system")?.get_attr(name).ok()?;
    value.as_str().map(str::to_owned)
}

/// The reference page of the filters.
pub fn filters_markdown() -> String {
    let mut page = String::from(concat!(
        "# Template filters\n\nGenerated by `cargo xtask gen` from the code. Templates are Jinja's: `{{ person.first_name | default(\"there\") }}`. ",
        "Beside the filters below there are the engine's own: `abs`, `attr`, `batch`, `bool`, `capitalize`, `chain`, `count`, `default`, `dictsort`, ",
        "`escape`, `first`, `float`, `groupby`, `indent`, `int`, `items`, `join`, `last`, `length`, `lines`, `list`, `lower`, `map`, `max`, `min`, ",
        "`reject`, `rejectattr`, `replace`, `reverse`, `round`, `select`, `selectattr`, `slice`, `sort`, `split`, `string`, `sum`, `title`, `trim`, ",
        "`unique`, `upper`, `zip`.\n\nA missing value stays missing through every filter; `default` gives it a text. Languages, zones and the clock are the ",
        "message's own: `system.locale` (the person's, else the organisation's first language), `system.time_zone` (the person's, else the ",
        "account's, else the organisation's) and `system.date_time`, the instant at which the step decided on the message.\n",
    ));
    for group in Group::ALL {
        page.push_str(&format!("\n## {}\n\n| Filter | Does | Example | Gives |\n|---|---|---|---|\n", group.label()));
        for filter in FILTERS.iter().filter(|filter| filter.group == group) {
            let cell = |text: &str| text.replace('|', "\\|");
            let (template, gives) = filter.example;
            page.push_str(&format!(
                "| `{}{}` | {} | `{}` | `{}` |\n",
                filter.name,
                filter.arguments,
                cell(filter.about),
                cell(template),
                cell(gives)
            ));
        }
    }
    page
}

#[cfg(test)]
mod tests;
