//! Whether a condition holds.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::facts::{Fields, GroupFacts, Membership, PersonFacts, Who};
use super::{
    AttributeTest, Condition, Expr, FieldTest, GroupTest, HasPeople, HistoryQuery, HistoryTest, InList, MemberTest,
    ScoreTest, Test, Window,
};
use crate::attribute::Subject;
use crate::value::ValueRef;

/// When and where a condition is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The deciding instant: the step's time.
    pub now: Timestamp,
    /// When the traveller entered the journey, inside one.
    pub entry: Option<Timestamp>,
    /// The organisation's zone: it says when a day starts.
    pub zone: &'a TimeZone,
}

impl Context<'_> {
    /// The organisation's day of an instant.
    pub fn day(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }
}

/// From when to when activities count, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The beginning of time when left out.
    pub from: Option<Timestamp>,
    /// The end.
    pub to: Timestamp,
}

impl Range {
    /// Whether an instant lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && at <= self.to
    }
}

/// A question about somebody's past, with everything that decides which activities count.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which activities.
    pub query: &'a HistoryQuery,
    /// When they must have happened.
    pub range: Range,
    /// When and where it is asked.
    pub context: &'a Context<'a>,
}

impl Asked<'_> {
    /// Whether an activity counts.
    pub fn counts(&self, activity: &str, at: Timestamp, fields: &dyn Fields) -> bool {
        activity == self.query.activity
            && self.range.contains(at)
            && FieldTest::all_hold(&self.query.fields, fields, self.context)
    }
}

impl HistoryQuery {
    /// When activities must have happened to count; none where the window starts at an entry that there is not.
    pub fn range(&self, context: &Context<'_>) -> Option<Range> {
        match self.window {
            Window::AllTime => Some(Range { from: None, to: context.now }),
            Window::SinceEntry => context.entry.map(|entry| Range { from: Some(entry), to: context.now }),
            Window::Within(duration) => {
                let to = context.entry.unwrap_or(context.now);
                Some(Range { from: Some(duration.before(to, context.zone)), to })
            }
        }
    }
}

impl Condition {
    /// Whether it holds for an account or a person. For the other kind it never does.
    pub fn holds<'a>(&self, who: impl Into<Who<'a>>, context: &Context<'_>) -> bool {
        self.root().holds(who.into(), context)
    }
}

impl FieldTest {
    /// Whether all of them hold of one set of fields.
    pub fn all_hold(tests: &[Self], fields: &dyn Fields, context: &Context<'_>) -> bool {
        tests.iter().all(|test| test.checks.hold(fields.field(&test.field), context))
    }
}

impl Expr {
    pub(super) fn holds(&self, who: Who<'_>, context: &Context<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(who, context)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(who, context)),
            Self::Not(part) => !part.holds(who, context),
            Self::Test(test) => test.holds(who, context),
        }
    }
}

impl Test {
    fn holds(&self, who: Who<'_>, context: &Context<'_>) -> bool {
        match (self, who) {
            (Self::Attribute(test), _) => test.value(who).is_some_and(|value| test.checks.hold(value, context)),
            (Self::InList(test), _) => test.holds(who),
            (Self::BuyingGroup(test), Who::Account(account)) => {
                account.any_group(&mut |group| test.holds(group, context))
            }
            (Self::HasPeople(test), Who::Account(account)) => test.holds(&mut |each| account.any_person(each), context),
            (Self::HasObject(test), Who::Account(account)) => {
                account.any_object(&test.object, &mut |record| FieldTest::all_hold(&test.fields, record, context))
            }
            (Self::HasObject(test), Who::Person(person)) => {
                person.any_object(&test.object, &mut |record| FieldTest::all_hold(&test.fields, record, context))
            }
            (Self::Score(test), Who::Person(person)) => test.holds(person, context),
            (Self::MemberOfGroup(test), Who::Person(person)) => {
                person.any_membership(&mut |membership| test.holds(membership, context))
            }
            (Self::RoleInAccount(roles), Who::Person(person)) => {
                person.any_role_in_account(&mut |role| roles.iter().any(|wanted| wanted.is(role)))
            }
            (Self::Persona(test), Who::Person(_)) => test.who.as_ref().is_some_and(|like| like.holds(who, context)),
            (Self::Did(test), Who::Person(person)) => test.holds(person, context),
            _ => false,
        }
    }
}

impl AttributeTest {
    pub(super) fn value<'a>(&self, who: Who<'a>) -> Option<ValueRef<'a>> {
        match (self.subject, who) {
            (Subject::Account, Who::Account(account)) => Some(account.attribute(self.no)),
            (Subject::Person, Who::Person(person)) => Some(person.attribute(self.no)),
            _ => None,
        }
    }
}

impl InList {
    fn holds(&self, who: Who<'_>) -> bool {
        match (self.subject, who) {
            (Subject::Account, Who::Account(account)) => self.lists.iter().any(|list| account.in_list(list)),
            (Subject::Person, Who::Person(person)) => self.lists.iter().any(|list| person.in_list(list)),
            _ => false,
        }
    }
}

impl GroupTest {
    fn holds(&self, group: &dyn GroupFacts, context: &Context<'_>) -> bool {
        let number = |n: Option<f64>| n.map_or(ValueRef::Null, ValueRef::Number);
        let text = |t| Option::map_or(t, ValueRef::Null, ValueRef::Text);
        (self.interests.is_empty() || self.interests.iter().any(|interest| interest.is(group.interest())))
            && self.stage.hold(text(group.stage()), context)
            && self.status.hold(text(group.status()), context)
            && self.completeness.hold(number(group.completeness()), context)
            && self.engagement.hold(number(group.engagement()), context)
            && self.roles.iter().all(|wanted| group.count_members(&mut |role| wanted.role.is(role)) >= wanted.at_least)
    }
}

/// Shows people to a visitor until it says true.
type EachPerson<'a> = dyn FnMut(&mut dyn FnMut(&dyn PersonFacts) -> bool) -> bool + 'a;

impl HasPeople {
    fn holds(&self, people: &mut EachPerson<'_>, context: &Context<'_>) -> bool {
        // Counting ends as soon as the answer stands.
        let enough = self.at_most.map_or(self.at_least, |most| most.saturating_add(1));
        let mut found = 0;
        people(&mut |person| {
            found += u64::from(self.who.holds(Who::Person(person), context));
            found >= enough
        });
        found >= self.at_least && self.at_most.is_none_or(|most| found <= most)
    }
}

impl ScoreTest {
    fn holds(&self, person: &dyn PersonFacts, context: &Context<'_>) -> bool {
        self.checks.hold(ValueRef::Integer(person.score(&self.score).unwrap_or(0)), context)
    }
}

impl MemberTest {
    fn holds(&self, membership: &Membership<'_>, context: &Context<'_>) -> bool {
        membership.removed == self.removed
            && self.role.hold(ValueRef::Text(membership.role), context)
            && self.group.holds(membership.group, context)
    }
}

impl HistoryTest {
    fn holds(&self, person: &dyn PersonFacts, context: &Context<'_>) -> bool {
        let did = self.query.range(context).is_some_and(|range| {
            let asked = Asked { query: &self.query, range, context };
            person.count_activities(&asked, self.at_least) >= self.at_least
        });
        did != self.negated
    }
}
