//! What a condition saw when it was evaluated, kept shortly beside the decision and read again later.
//!
//! A note is one JSON value per test that was looked at, in the order of the tree: `1` or `0` for whether it held, or
//! `[1, what it saw]`. The condition itself is in the published version and is not repeated. Parts that could not change
//! the answer any more were not looked at and have no note; reading walks the same way and knows which those are.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::facts::{GroupFacts, Who};
use super::{Asked, Condition, Context, Expr, GroupTest, Test};
use crate::value::ValueRef;

/// Longer texts are cut: a note is for people who ask why.
const LONGEST_TEXT: usize = 80;
/// Buying groups and roles that are noted of one subject.
const MOST_NOTED: usize = 4;

/// A test as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedTest {
    /// The test in words.
    pub text: String,
    /// Whether it held; none: it was not looked at, since it could not change the answer any more.
    pub held: Option<bool>,
    /// What it saw, in words.
    pub saw: Option<String>,
}

/// A condition as it was evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Whether it held.
    pub held: bool,
    /// Its tests, in order.
    pub tests: Vec<NotedTest>,
    /// What would have had to be different for it to hold; none: it held.
    pub lacking: Option<String>,
}

impl Condition {
    /// Whether it holds, like [`holds`](Self::holds); what it saw is appended to `notes`, separated by commas.
    pub fn holds_noting<'a>(&self, who: impl Into<Who<'a>>, context: &Context<'_>, notes: &mut String) -> bool {
        self.root().holds_noting(who.into(), context, notes)
    }

    /// Whether it holds, with every test looked at, also those that could not change the answer any more: for people who
    /// ask why somebody belongs or does not.
    pub fn explain<'a>(&self, who: impl Into<Who<'a>>, context: &Context<'_>) -> Noted {
        let (who, mut tests) = (who.into(), Vec::new());
        let (held, lacking) = self.root().explain(who, context, &mut tests);
        Noted { held, tests, lacking }
    }

    /// Reads the notes of one evaluation again. Notes that do not fit the condition tell what they can.
    pub fn read_notes(&self, notes: &[Json]) -> Noted {
        let mut reader = Reader { notes: notes.iter(), tests: Vec::new() };
        let (held, lacking) = reader.expr(self.root());
        Noted { held: held.unwrap_or(false), tests: reader.tests, lacking }
    }
}

impl Expr {
    fn holds_noting(&self, who: Who<'_>, context: &Context<'_>, notes: &mut String) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds_noting(who, context, notes)),
            Self::Any(parts) => parts.iter().any(|part| part.holds_noting(who, context, notes)),
            Self::Not(part) => !part.holds_noting(who, context, notes),
            Self::Test(test) => {
                let held = self.holds(who, context);
                if !notes.is_empty() {
                    notes.push(',');
                }
                note(test, held, who, context, notes);
                held
            }
        }
    }
}

impl Expr {
    fn explain(&self, who: Who<'_>, context: &Context<'_>, tests: &mut Vec<NotedTest>) -> (bool, Option<String>) {
        let mut each = |parts: &[Self]| -> Vec<(bool, Option<String>)> {
            parts.iter().map(|part| part.explain(who, context, tests)).collect()
        };
        match self {
            Self::All(parts) => {
                let parts = each(parts);
                let lacking: Vec<String> = parts.iter().filter_map(|(_, lacks)| lacks.clone()).collect();
                (parts.iter().all(|(held, _)| *held), joined(lacking, " and "))
            }
            Self::Any(parts) => {
                let parts = each(parts);
                let held = parts.iter().any(|(held, _)| *held);
                let lacking = parts.into_iter().filter_map(|(_, lacks)| lacks).collect();
                (held, joined(lacking, " or ").filter(|_| !held))
            }
            Self::Not(part) => {
                let held = !part.explain(who, context, tests).0;
                (held, (!held).then(|| format!("not ({})", part.describe())))
            }
            Self::Test(test) => {
                let held = self.holds(who, context);
                let saw = saw(test, who, context).map(|saw| saw_in_words(test, &saw));
                let text = self.describe();
                let was = saw.as_ref().map_or_else(String::new, |saw| format!(" (it was {saw})"));
                let lacking = (!held).then(|| format!("{text}{was}"));
                tests.push(NotedTest { text, held: Some(held), saw });
                (held, lacking)
            }
        }
    }
}

fn joined(parts: Vec<String>, by: &str) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(by))
}

/// Writing to a string cannot fail.
fn note(test: &Test, held: bool, who: Who<'_>, context: &Context<'_>, notes: &mut String) {
    let held = u8::from(held);
    match saw(test, who, context) {
        Some(saw) => {
            let _ = write!(notes, "[{held},{saw}]");
        }
        None => {
            let _ = write!(notes, "{held}");
        }
    }
}

fn saw(test: &Test, who: Who<'_>, context: &Context<'_>) -> Option<Json> {
    match (test, who) {
        (Test::Attribute(test), _) => test.value(who).map(value_json),
        (Test::Score(test), Who::Person(person)) => Some(Json::from(person.score(&test.score).unwrap_or(0))),
        (Test::HasPeople(test), Who::Account(account)) => {
            let mut found = 0_u64;
            account.any_person(&mut |person| {
                found += u64::from(test.who.holds(Who::Person(person), context));
                false
            });
            Some(Json::from(found))
        }
        (Test::Did(test), Who::Person(person)) => {
            let range = test.query.range(context)?;
            let asked = Asked { query: &test.query, range, context };
            Some(Json::from(person.count_activities(&asked, test.at_least.max(1_000))))
        }
        (Test::BuyingGroup(test), Who::Account(account)) => {
            let mut groups = Vec::new();
            account.any_group(&mut |group| {
                groups.extend(of_interest(test, group).then(|| group_json(group, None)));
                groups.len() >= MOST_NOTED
            });
            Some(Json::Array(groups))
        }
        (Test::MemberOfGroup(test), Who::Person(person)) => {
            let mut groups = Vec::new();
            person.any_membership(&mut |membership| {
                let matters = membership.removed == test.removed && of_interest(&test.group, membership.group);
                groups.extend(matters.then(|| group_json(membership.group, Some(membership.role))));
                groups.len() >= MOST_NOTED
            });
            Some(Json::Array(groups))
        }
        (Test::RoleInAccount(_), Who::Person(person)) => {
            let mut roles = Vec::new();
            person.any_role_in_account(&mut |role| {
                roles.push(Json::from(role));
                roles.len() >= MOST_NOTED
            });
            Some(Json::Array(roles))
        }
        _ => None,
    }
}

fn of_interest(test: &GroupTest, group: &dyn GroupFacts) -> bool {
    test.interests.is_empty() || test.interests.iter().any(|interest| interest.is(group.interest()))
}

/// `[stage, status, completeness, engagement, role]`.
fn group_json(group: &dyn GroupFacts, role: Option<&str>) -> Json {
    serde_json::json!([group.stage(), group.status(), group.completeness(), group.engagement(), role])
}

fn value_json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Text(text) if text.chars().count() > LONGEST_TEXT => {
            Json::from(text.chars().take(LONGEST_TEXT).chain(['…']).collect::<String>())
        }
        ValueRef::Text(text) => Json::from(text),
        ValueRef::Null => Json::Null,
        ValueRef::Integer(n) => Json::from(n),
        ValueRef::Number(n) => Json::from(n),
        ValueRef::Boolean(yes) => Json::from(yes),
        ValueRef::Date(date) => Json::from(date.to_string()),
        ValueRef::Instant(at) => Json::from(at.to_string()),
    }
}

/// Walks the tree as the evaluation did.
struct Reader<'a> {
    notes: std::slice::Iter<'a, Json>,
    tests: Vec<NotedTest>,
}

impl Reader<'_> {
    /// Whether the part held, and what it lacked to hold.
    fn expr(&mut self, expr: &Expr) -> (Option<bool>, Option<String>) {
        match expr {
            Expr::All(parts) => {
                let mut lacking = Vec::new();
                let mut held = true;
                for part in parts {
                    if held {
                        let (part_held, lacks) = self.expr(part);
                        held = part_held.unwrap_or(false);
                        lacking.extend(lacks);
                    } else {
                        self.unseen(part);
                        lacking.push(format!("{} (not looked at)", part.describe()));
                    }
                }
                (Some(held), (!held).then(|| lacking.join(" and ")))
            }
            Expr::Any(parts) => {
                let mut lacking = Vec::new();
                let mut held = false;
                for part in parts {
                    if held {
                        self.unseen(part);
                    } else {
                        let (part_held, lacks) = self.expr(part);
                        held = part_held.unwrap_or(false);
                        lacking.extend(lacks);
                    }
                }
                (Some(held), (!held).then(|| lacking.join(" or ")))
            }
            Expr::Not(part) => {
                let held = !self.expr(part).0.unwrap_or(true);
                (Some(held), (!held).then(|| format!("not ({})", part.describe())))
            }
            Expr::Test(test) => self.test(test, expr),
        }
    }

    fn test(&mut self, test: &Test, expr: &Expr) -> (Option<bool>, Option<String>) {
        let (held, saw) = match self.notes.next() {
            Some(Json::Array(note)) => (note.first().and_then(Json::as_i64), note.get(1)),
            Some(note) => (note.as_i64(), None),
            None => (None, None),
        };
        let held = held.map(|held| held == 1);
        let saw = saw.map(|saw| saw_in_words(test, saw));
        let text = expr.describe();
        let was = saw.as_ref().map_or_else(String::new, |saw| format!(" (it was {saw})"));
        let lacking = (held != Some(true)).then(|| format!("{text}{was}"));
        self.tests.push(NotedTest { text, held, saw });
        (held, lacking)
    }

    fn unseen(&mut self, expr: &Expr) {
        match expr {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| self.unseen(part)),
            Expr::Not(part) => self.unseen(part),
            Expr::Test(_) => self.tests.push(NotedTest { text: expr.describe(), held: None, saw: None }),
        }
    }
}

fn saw_in_words(test: &Test, saw: &Json) -> String {
    let listed = |json: &Json, one: &dyn Fn(&Json) -> String| match json.as_array() {
        Some(all) if all.is_empty() => "none".to_owned(),
        Some(all) => all.iter().map(one).collect::<Vec<_>>().join("; "),
        None => plain(json),
    };
    match test {
        Test::HasPeople(_) => format!("{} people", plain(saw)),
        Test::Did(_) => format!("{} times", plain(saw)),
        Test::BuyingGroup(_) | Test::MemberOfGroup(_) => listed(saw, &group_in_words),
        Test::RoleInAccount(_) => listed(saw, &plain),
        _ => plain(saw),
    }
}

fn group_in_words(group: &Json) -> String {
    let names = ["stage", "status", "completeness", "engagement", "role"];
    let known = names.iter().enumerate().filter_map(|(at, name)| {
        let value = group.get(at).filter(|value| !value.is_null())?;
        Some(format!("{name} {}", plain(value)))
    });
    let words: Vec<String> = known.collect();
    if words.is_empty() { "a group".to_owned() } else { words.join(", ") }
}

fn plain(json: &Json) -> String {
    match json {
        Json::Null => "empty".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
