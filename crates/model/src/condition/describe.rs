//! A condition in words, for cards and dialogs.

use super::{
    Check, Checks, Condition, Constant, Expr, FieldTest, GroupTest, HasPeople, HistoryTest, MemberTest, Name, NameKind,
    Order, Test, Window,
};
use crate::text::Folded;

impl Condition {
    /// The condition in words: `Employees is at least 1000 and (Country is DE or City is Paris)`.
    pub fn describe(&self) -> String {
        self.root().describe()
    }
}

impl Expr {
    /// This part in words.
    pub fn describe(&self) -> String {
        match self {
            Self::All(parts) if parts.is_empty() => "everything".to_owned(),
            Self::Any(parts) if parts.is_empty() => "nothing".to_owned(),
            Self::All(parts) => joined(parts, " and "),
            Self::Any(parts) => joined(parts, " or "),
            Self::Not(part) => format!("not ({})", part.describe()),
            Self::Test(test) => test.describe(),
        }
    }

    /// Joined parts need brackets inside others.
    fn is_joined(&self) -> bool {
        matches!(self, Self::All(parts) | Self::Any(parts) if parts.len() > 1)
    }
}

fn joined(parts: &[Expr], word: &str) -> String {
    let inside = parts.len() > 1;
    let parts = parts.iter().map(|part| match part.describe() {
        words if inside && part.is_joined() => format!("({words})"),
        words => words,
    });
    parts.collect::<Vec<_>>().join(word)
}

impl Test {
    fn describe(&self) -> String {
        match self {
            Self::Attribute(test) => test.checks.describe(&test.label),
            Self::InList(test) => {
                let what = if test.kind == NameKind::ExternalAudience { "external audience" } else { "list" };
                format!("in {what} {}", or(test.lists.iter().map(|list| list.key.clone())))
            }
            Self::BuyingGroup(test) => format!("has a buying group{}", test.describe()),
            Self::HasPeople(test) => test.describe(),
            Self::HasObject(test) => format!("has {}{}", test.object.key, fields(&test.fields)),
            Self::Score(test) => test.checks.describe(&format!("Score {}", test.score.key)),
            Self::MemberOfGroup(test) => test.describe(),
            Self::RoleInAccount(roles) => {
                format!("role in the account is {}", or(roles.iter().map(|role| role.written().to_owned())))
            }
            Self::Persona(test) => {
                let what = if test.derived { "persona that fits best" } else { "persona" };
                format!("{what} is {}", or(test.personas.iter().map(|persona| persona.key.clone())))
            }
            Self::Did(test) => test.describe(),
        }
    }
}

impl GroupTest {
    fn describe(&self) -> String {
        let mut words = String::new();
        if !self.interests.is_empty() {
            words += &format!(" for {}", or(self.interests.iter().map(|Name { key, .. }| key.clone())));
        }
        let named = [
            ("stage", &self.stage),
            ("status", &self.status),
            ("completeness", &self.completeness),
            ("engagement", &self.engagement),
        ];
        let checks =
            named.into_iter().filter(|(_, checks)| !checks.is_empty()).map(|(name, checks)| checks.describe(name));
        let roles = self.roles.iter().map(|wanted| format!("at least {} × {}", wanted.at_least, wanted.role.written()));
        let all: Vec<_> = checks.chain(roles).collect();
        if !all.is_empty() {
            words += &format!(" whose {}", all.join(" and "));
        }
        words
    }
}

impl MemberTest {
    fn describe(&self) -> String {
        let start = if self.removed { "was removed from a buying group" } else { "is in a buying group" };
        let role = if self.role.is_empty() { String::new() } else { format!(", {}", self.role.describe("role")) };
        format!("{start}{}{role}", self.group.describe())
    }
}

impl HasPeople {
    fn describe(&self) -> String {
        let how_many = match (self.at_least, self.at_most) {
            (0, Some(0)) => "no person".to_owned(),
            (0, Some(most)) => format!("at most {most} people"),
            (least, Some(most)) => format!("{least} to {most} people"),
            (1, None) => "somebody".to_owned(),
            (least, None) => format!("at least {least} people"),
        };
        format!("has {how_many} where {}", self.who.describe())
    }
}

impl HistoryTest {
    fn describe(&self) -> String {
        let verb = if self.negated { "did not" } else { "did" };
        let times = if self.at_least == 1 { String::new() } else { format!(" at least {} times", self.at_least) };
        let when = match self.query.window {
            Window::AllTime => String::new(),
            Window::Within(duration) => format!(" within {}", duration.in_words()),
            Window::SinceEntry => " since journey entry".to_owned(),
        };
        format!("{verb} {}{}{times}{when}", self.title, fields(&self.query.fields))
    }
}

fn fields(tests: &[FieldTest]) -> String {
    if tests.is_empty() {
        return String::new();
    }
    let tests: Vec<_> = tests.iter().map(|test| test.checks.describe(&test.field)).collect();
    format!(" where {}", tests.join(" and "))
}

impl Checks {
    /// What is checked of something with this name, in words.
    pub fn describe(&self, name: &str) -> String {
        self.0.iter().map(|check| format!("{name} {}", check.describe())).collect::<Vec<_>>().join(" and ")
    }
}

impl Check {
    fn describe(&self) -> String {
        let texts = |list: &[Folded]| or(list.iter().map(|text| text.written().to_owned()));
        match self {
            Self::Is { negated, any_of } => {
                format!("{} {}", if *negated { "is not" } else { "is" }, or(any_of.iter().map(Constant::in_words)))
            }
            Self::StartsWith { negated, any_of } => {
                format!("{} {}", if *negated { "does not start with" } else { "starts with" }, texts(any_of))
            }
            Self::Contains { negated, any_of } => {
                format!("{} {}", if *negated { "does not contain" } else { "contains" }, texts(any_of))
            }
            Self::Empty { negated } => if *negated { "is not empty" } else { "is empty" }.to_owned(),
            Self::Compare { order, than } => format!("{} {}", order.in_words(), than.in_words()),
            Self::Between(from, to) => format!("is between {} and {}", from.in_words(), to.in_words()),
            Self::On(days) => format!("is on {}", or(days.iter().map(ToString::to_string))),
            Self::InPast(duration) => format!("is in the past {}", duration.in_words()),
        }
    }
}

impl Order {
    fn in_words(self) -> &'static str {
        match self {
            Self::AtLeast => "is at least",
            Self::GreaterThan => "is greater than",
            Self::AtMost => "is at most",
            Self::LessThan => "is less than",
            Self::Before => "is before",
            Self::After => "is after",
        }
    }
}

/// `A`, `A or B`, `A, B or C`; long lists end in a count.
fn or(words: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let mut words: Vec<String> = words.collect();
    if words.len() > SHOWN + 1 {
        let more = words.len() - SHOWN;
        words.truncate(SHOWN);
        words.push(format!("{more} more"));
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
