//! Rules of our own, for those who have no filter: what filters have in common, with points that are ours. They say nothing
//! about a sender's reputation, and little about words.

use std::net::IpAddr;

use html2text::config;
use html2text::render::TrivialDecorator;

use super::{SpamReport, SpamRule};

/// More links than this look like a list of them.
const MANY_LINKS: usize = 20;
/// Less text than this beside pictures is none, in characters.
const LITTLE_TEXT: usize = 150;
/// HTML that is longer is cut off by some, in bytes.
const LONG_HTML: usize = 100 * 1024;
/// The most that words count.
const MOST_FOR_WORDS: f64 = 2.0;
/// Services that hide where a link leads.
const SHORTENERS: &[&str] =
    &["bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly"];
/// Phrases that filters know.
const PHRASES: &[&str] = &[
    "100% free",
    "act now",
    "apply now",
    "best price",
    "buy now",
    "cash bonus",
    "click below",
    "double your",
    "earn extra",
    "free gift",
    "free money",
    "guaranteed income",
    "increase sales",
    "limited time",
    "lowest price",
    "make money",
    "miracle",
    "money back",
    "no catch",
    "no cost",
    "no obligation",
    "no risk",
    "once in a lifetime",
    "order now",
    "risk-free",
    "risk free",
    "special promotion",
    "this is not spam",
    "urgent",
    "viagra",
    "winner",
    "you have been selected",
    "kostenlos",
    "garantiert",
    "jetzt zugreifen",
    "nur heute",
    "gewinner",
];

/// An email as it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The subject line.
    pub subject: &'a str,
    /// The HTML part.
    pub html: &'a str,
    /// The plain text part.
    pub text: &'a str,
    /// What people read of each link, and where it leads.
    pub links: &'a [(String, String)],
    /// It is no answer to something that the recipient did.
    pub marketing: bool,
    /// The organisation's address, as the settings have it.
    pub postal_address: Option<&'a str>,
}

/// Judges an email by the rules of this file.
pub fn judge(email: &Judged<'_>) -> SpamReport {
    let mut rules = Vec::new();
    let mut rule = |speaks: bool, name: &str, points: f64, description: &str| {
        if speaks {
            rules.push(SpamRule { name: name.to_owned(), points, description: description.to_owned() });
        }
    };
    let read = plain(email.html);
    let seen = read.split_whitespace().collect::<Vec<_>>().join(" ");
    let pictures = email.html.to_ascii_lowercase().matches("<img").count();
    let subject = email.subject.trim();
    rule(subject.is_empty(), "subject_missing", 2.0, "There is no subject. Write one.");
    rule(is_shouted(subject), "subject_capitals", 1.5, "The subject is written in capitals. Write it as a sentence.");
    rule(
        has_cries(subject),
        "subject_marks",
        1.0,
        "The subject has several exclamation or question marks. One is enough.",
    );
    rule(is_shouted(&seen), "text_capitals", 1.0, "Most of the text is written in capitals. Write it as sentences.");
    rule(
        pictures > 0 && seen.chars().count() < LITTLE_TEXT,
        "image_only",
        2.5,
        "Pictures, and hardly any text. Say in words what they show.",
    );
    rule(
        email.text.trim().is_empty(),
        "text_missing",
        1.5,
        "There is no plain text part. Have it made from the design, or write one.",
    );
    rule(
        email.links.len() > MANY_LINKS,
        "many_links",
        1.0,
        "There are more than twenty links. Keep those that matter.",
    );
    rule(
        email.links.iter().any(|(_, target)| is_shortened(target)),
        "link_shortened",
        1.5,
        "A link goes through a service that hides where it leads. Link to the page itself.",
    );
    rule(
        email.links.iter().any(|(_, target)| is_number(target)),
        "link_number",
        2.0,
        "A link leads to a number instead of a name. Give the host a name.",
    );
    rule(
        email.links.iter().any(differs),
        "link_differs",
        2.0,
        "A link reads like an address and leads to another. Make both the same.",
    );
    rule(email.html.len() > LONG_HTML, "html_long", 0.5, "The HTML is longer than 100 KB. Shorten it.");
    rule(runs_something(email.html), "html_active", 2.0, "There is a script, a form or a frame in it. Take it out.");
    if email.marketing {
        let address = email.postal_address.map(str::trim).filter(|address| !address.is_empty());
        let shown = address.is_some_and(|address| same_words(&seen).contains(&same_words(address)));
        rule(
            !shown,
            "postal_address_missing",
            1.5,
            "The organisation's postal address does not stand in it. Add it; the law asks for it in many countries.",
        );
        let way_out = ["unsubscribe", "opt out", "opt-out", "abmelde", "abbestell"];
        let lower = email.html.to_lowercase();
        rule(
            !way_out.iter().any(|word| lower.contains(word)),
            "way_out_missing",
            2.0,
            "Nothing that people see lets them opt out. Add the link.",
        );
    }
    let words = format!("{subject} {seen}").to_lowercase();
    let said: Vec<&str> = PHRASES.iter().copied().filter(|phrase| has_phrase(&words, phrase)).collect();
    if !said.is_empty() {
        let points = (said.len() as f64 * 0.5).min(MOST_FOR_WORDS);
        let named =
            said.iter().take(5).map(|phrase| format!("\u{201c}{phrase}\u{201d}")).collect::<Vec<_>>().join(", ");
        rule(true, "phrases", points, &format!("Filters know these words: {named}. Say it in your own."));
    }
    let score = rules.iter().map(|rule| rule.points).sum();
    SpamReport::new("caravan", score, super::WORRYING, rules)
}

/// The words of an HTML part.
fn plain(html: &str) -> String {
    let config = config::with_decorator(TrivialDecorator::new()).allow_width_overflow();
    config.string_from_read(html.as_bytes(), 10_000).unwrap_or_default()
}

/// At least eight letters, and nearly all of them capitals.
fn is_shouted(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_lowercase() || c.is_uppercase());
    let (all, capitals) = (letters().count(), letters().filter(|c| c.is_uppercase()).count());
    all >= 8 && capitals * 5 >= all * 4
}

fn has_cries(subject: &str) -> bool {
    subject.chars().filter(|c| "!?！？".contains(*c)).count() > 1
}

/// The host of a web address.
fn host(address: &str) -> Option<String> {
    let (scheme, rest) = address.trim().split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let authority = rest.split(['/', '?', '#']).next().filter(|_| known)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if host.starts_with('[') { host.split(']').next()? } else { host.split(':').next()? };
    Some(host.trim_start_matches('[').trim_start_matches("www.").to_ascii_lowercase()).filter(|host| !host.is_empty())
}

fn is_shortened(target: &str) -> bool {
    host(target).is_some_and(|host| SHORTENERS.contains(&host.as_str()))
}

fn is_number(target: &str) -> bool {
    host(target).is_some_and(|host| host.parse::<IpAddr>().is_ok())
}

/// A link that reads like an address of another host. Hosts of one domain are one sender's.
fn differs((label, target): &(String, String)) -> bool {
    let label = label.trim();
    if label.contains(char::is_whitespace) || label.contains("{{") || target.contains("{{") {
        return false;
    }
    let read = host(label).or_else(|| label.starts_with("www.").then(|| host(&format!("https://{label}"))).flatten());
    match (read, host(target)) {
        (Some(read), Some(leads)) => {
            let below = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            !below(&read, &leads) && !below(&leads, &read)
        }
        _ => false,
    }
}

fn runs_something(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    ["<script", "<form", "<iframe", "<object", "<embed"].iter().any(|tag| lower.contains(tag))
}

/// A text by its words alone.
fn same_words(text: &str) -> String {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join(" ")
}

/// Whether a phrase stands in a text between the ends of words.
fn has_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let behind = text.get(at + phrase.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !behind.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "<p>Hello Ada, thank you for coming to our day in Berlin. The slides of all talks are online now, and the recordings \
        follow next week. If you want to talk about your own plans, answer to this mail.</p><img src=x><p>Acme, Hauptstr. 1,<br>Berlin</p>\
        <a href='https://go.acme.example/u'>Unsubscribe</a>";

    fn email<'a>(subject: &'a str, html: &'a str) -> Judged<'a> {
        let postal_address = Some("Hauptstr. 1, Berlin");
        Judged { subject, html, text: "Hello", links: &[], marketing: true, postal_address }
    }

    fn broken(email: &Judged<'_>) -> Vec<String> {
        let mut names: Vec<String> = judge(email).rules.into_iter().map(|rule| rule.name).collect();
        names.sort();
        names
    }

    #[test]
    fn an_ordinary_email_breaks_no_rule() {
        let report = judge(&email("The slides of our day", GOOD));
        assert_eq!((report.by, report.score, report.worrying, report.rules), ("caravan", 0.0, false, vec![]));
    }

    #[test]
    fn each_rule_speaks_for_itself() {
        assert_eq!(broken(&email("THE SLIDES ARE HERE", GOOD)), ["subject_capitals"]);
        assert_eq!(broken(&email("  ", GOOD)), ["subject_missing"]);
        assert_eq!(broken(&email("Slides!! Now?", GOOD)), ["subject_marks"]);
        assert_eq!(broken(&email("IBM!", GOOD)), [""; 0], "a name is no shouting");
        assert_eq!(broken(&Judged { text: " ", ..email("Slides", GOOD) }), ["text_missing"]);
        assert_eq!(
            broken(&Judged { postal_address: Some("Elsewhere 2"), ..email("Slides", GOOD) }),
            ["postal_address_missing"]
        );
        assert_eq!(broken(&email("You are a winner, act now", GOOD)), ["phrases"]);
        assert_eq!(
            broken(&email("Winners of the award, contact nowhere", GOOD)),
            [""; 0],
            "parts of words do not count"
        );
        let little = "<img src=a><p>Acme, Hauptstr. 1, Berlin</p><a href=x>unsubscribe</a>";
        assert_eq!(broken(&email("Slides", little)), ["image_only"]);
        let operational =
            Judged { marketing: false, postal_address: None, ..email("Your invoice", "<p>It is due.</p>") };
        assert_eq!(broken(&operational), [""; 0], "nobody opts out of invoices");
        assert_eq!(broken(&email("Slides", "<p>Hello there</p>")), ["postal_address_missing", "way_out_missing"]);
        assert_eq!(broken(&email("Slides", &format!("{GOOD}<FORM></FORM>"))), ["html_active"]);
    }

    #[test]
    fn links_are_judged_by_where_they_lead() {
        let of = |label: &str, target: &str| {
            let links = [(label.to_owned(), target.to_owned())];
            broken(&Judged { links: &links, ..email("Slides", GOOD) })
        };
        assert_eq!(of("Slides", "https://bit.ly/x"), ["link_shortened"]);
        assert_eq!(of("Slides", "http://192.0.2.1:8080/x"), ["link_number"]);
        assert_eq!(of("Slides", "http://[2001:db8::1]/x"), ["link_number"]);
        assert_eq!(of("https://bank.example", "https://evil.example/"), ["link_differs"]);
        assert_eq!(of("www.bank.example/a", "https://user@evil.example/"), ["link_differs"]);
        assert_eq!(of("https://acme.example", "https://go.acme.example/t"), [""; 0]);
        assert_eq!(of("https://acme.example", "https://evilacme.example/t"), ["link_differs"]);
        let many: Vec<_> = (0..21).map(|n| (format!("l{n}"), "https://acme.example".to_owned())).collect();
        assert_eq!(broken(&Judged { links: &many, ..email("Slides", GOOD) }), ["many_links"]);
    }

    #[test]
    fn much_of_it_worries() {
        let report = judge(&Judged { text: "", ..email("BUY NOW!!! LIMITED TIME", "<img src=x><form>") });
        assert!(report.worrying && report.score > 9.0, "{report:#?}");
        assert!(report.rules.windows(2).all(|pair| pair[0].points >= pair[1].points));
    }
}
