//! What arrived at the mail server, held against what must.

use std::collections::{BTreeMap, HashMap};

use caravan_testkit::Received;

use crate::walk::expected::Mail;
use crate::walk::input::{Person, World};

const ALERT: &str = "Sales alert: CRM for ";

/// What arrived, by what it is.
#[derive(Default)]
pub struct Arrived {
    /// Sorted.
    pub mails: Vec<Mail>,
    /// Address and account's name, sorted.
    pub alerts: Vec<(String, String)>,
    /// `X-Caravan-Key` of each message, and how many times it came.
    pub keys: BTreeMap<String, usize>,
}

/// Checks each message by itself, and sorts them.
pub fn sorted(messages: &[Received], world: &World, port: u16) -> Arrived {
    let people: HashMap<&str, &Person> =
        world.people.iter().filter_map(|person| Some((person.email.as_deref()?, person))).collect();
    let mut arrived = Arrived::default();
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    for message in messages {
        let header = |name: &str| message.header(name).unwrap_or_else(|| panic!("no {name} in\n{}", message.raw));
        let key = header("X-Caravan-Key");
        *arrived.keys.entry(key.to_owned()).or_default() += 1;
        let other = ids.insert(header("Message-ID"), key).filter(|other| *other != key);
        assert_eq!(other, None, "two messages have the id {}", header("Message-ID"));
        let [to] = message.rcpt_to.as_slice() else { panic!("several recipients: {:?}", message.rcpt_to) };
        assert!(header("To").contains(to), "{} is not for {to}", header("To"));
        match header("Subject").strip_prefix(ALERT) {
            Some(account) => {
                check_alert(message);
                arrived.alerts.push((to.clone(), account.to_owned()));
            }
            None => {
                let person = people.get(to.as_str()).unwrap_or_else(|| panic!("mail to a stranger: {to}"));
                arrived.mails.push(checked(message, person, world, port));
            }
        }
    }
    arrived.mails.sort();
    arrived.alerts.sort();
    arrived
}

fn check_alert(message: &Received) {
    assert_eq!(message.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(message.header("List-Unsubscribe"), None, "colleagues do not unsubscribe");
    assert!(message.text.as_deref().is_some_and(|text| text.contains("Stage: Aware") && text.contains("In talks")));
}

fn checked(message: &Received, person: &Person, world: &World, port: u16) -> Mail {
    let header = |name: &str| message.header(name).unwrap_or_else(|| panic!("no {name} in\n{}", message.raw));
    let mut parts = header("Feedback-ID").split(':');
    let (email, journey) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let or = |otherwise: &'static str| if person.first_name.is_empty() { otherwise } else { person.first_name };
    let here = format!("http://127.0.0.1:{port}");
    let (subject, from, in_text) = match email {
        "welcome" => (format!("Hello {}", or("there")), "Acme News <news@acme.example>", or("there")),
        "roi" => (format!("What it pays for {}", or("you")), "Acme Desk <desk@acme.example>", or("dear reader")),
        _ => (format!("On stage, {}", or("dear speaker")), "Acme News <news@acme.example>", or("dear speaker")),
    };
    assert_eq!((header("Subject"), header("From")), (subject.as_str(), from));
    let way_out = header("List-Unsubscribe");
    assert!(way_out.starts_with(&format!("<{here}/t/u/")) && way_out.ends_with('>'), "{way_out}");
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let (text, html) = (message.text.as_deref().unwrap_or_default(), message.html.as_deref().unwrap_or_default());
    assert!(text.contains(in_text) && text.contains("/t/u/"), "the text part:\n{text}");
    assert!(html.contains(&format!("{here}/t/c/")) && html.contains(&format!("{here}/t/o/")), "{html}");
    assert!(!html.contains("href=\"https://acme.example"), "a link is not tracked:\n{html}");
    if email == "welcome" {
        let mut accounts =
            world.accounts.iter().filter(|a| a.people.iter().any(|&p| world.people[p].key == person.key));
        assert!(accounts.any(|account| text.contains(&account.name)), "no account of {} in\n{text}", person.key);
    }
    (email.to_owned(), journey.to_owned(), message.rcpt_to[0].clone())
}

/// What one sorted list has beyond the other.
pub fn beyond<T: Ord + Clone>(one: &[T], other: &[T]) -> Vec<T> {
    let mut left: BTreeMap<&T, usize> = BTreeMap::new();
    other.iter().for_each(|item| *left.entry(item).or_default() += 1);
    let extra = one.iter().filter(|item| match left.get_mut(*item) {
        Some(n) if *n > 0 => {
            *n -= 1;
            false
        }
        _ => true,
    });
    extra.cloned().collect()
}
