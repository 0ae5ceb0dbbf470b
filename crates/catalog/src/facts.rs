//! How conditions see a batch's world.

use caravan_model::DocumentId;
use caravan_model::attribute::AttributeNo;
use caravan_model::condition::{
    AccountFacts, Asked, Condition, Context, Fields, GroupFacts, Membership, Name, Noted, PersonFacts,
};
use caravan_model::value::ValueRef;
use jiff::Timestamp;

use crate::action::Subject;
use crate::world::{AccountIx, Group, ObjectRecord, PersonIx, World};

impl World {
    /// Whether a condition holds for a subject. Within an account's trip a person's groups and roles are that account's.
    pub fn holds(
        &self,
        condition: &Condition,
        subject: Subject,
        within: Option<AccountIx>,
        context: &Context<'_>,
    ) -> bool {
        match subject {
            Subject::Account(ix) => condition.holds(&AccountView { world: self, ix } as &dyn AccountFacts, context),
            Subject::Person(ix) => {
                condition.holds(&PersonView { world: self, ix, within } as &dyn PersonFacts, context)
            }
        }
    }

    /// Whether a list or an audience by this condition holds a subject: test profiles are left out.
    pub fn belongs(&self, condition: &Condition, subject: Subject, context: &Context<'_>) -> bool {
        let left_out = matches!(subject, Subject::Person(ix) if self.person(ix).test_profile)
            && condition.leaves_out_test_profiles();
        !left_out && self.holds(condition, subject, None, context)
    }

    /// Like [`holds`](Self::holds), with what the condition saw appended to `notes`.
    pub fn holds_noting(
        &self,
        condition: &Condition,
        subject: Subject,
        within: Option<AccountIx>,
        context: &Context<'_>,
        notes: &mut String,
    ) -> bool {
        match subject {
            Subject::Account(ix) => {
                condition.holds_noting(&AccountView { world: self, ix } as &dyn AccountFacts, context, notes)
            }
            Subject::Person(ix) => {
                condition.holds_noting(&PersonView { world: self, ix, within } as &dyn PersonFacts, context, notes)
            }
        }
    }

    /// Whether a subject [`belongs`](Self::belongs), with every test looked at.
    pub fn explain(&self, condition: &Condition, subject: Subject, context: &Context<'_>) -> Noted {
        let noted = match subject {
            Subject::Account(ix) => condition.explain(&AccountView { world: self, ix } as &dyn AccountFacts, context),
            Subject::Person(ix) => {
                condition.explain(&PersonView { world: self, ix, within: None } as &dyn PersonFacts, context)
            }
        };
        match noted.held && !self.belongs(condition, subject, context) {
            true => Noted { held: false, lacking: Some("Test profile is false (it was true)".to_owned()), ..noted },
            false => noted,
        }
    }

    /// When a condition may flip by itself for a subject.
    pub fn flips_at(&self, condition: &Condition, subject: Subject, context: &Context<'_>) -> Option<Timestamp> {
        match subject {
            Subject::Account(ix) => condition.flips_at(&AccountView { world: self, ix } as &dyn AccountFacts, context),
            Subject::Person(ix) => {
                condition.flips_at(&PersonView { world: self, ix, within: None } as &dyn PersonFacts, context)
            }
        }
    }
}

struct AccountView<'a> {
    world: &'a World,
    ix: AccountIx,
}

impl AccountFacts for AccountView<'_> {
    fn attribute(&self, no: AttributeNo) -> ValueRef<'_> {
        self.world.account_value(self.ix, no).as_ref()
    }

    fn in_list(&self, list: &Name) -> bool {
        list.id.is_some_and(|id| self.world.account(self.ix).lists.contains(&id))
    }

    fn any_group(&self, test: &mut dyn FnMut(&dyn GroupFacts) -> bool) -> bool {
        self.world.account(self.ix).groups.iter().any(|&group| test(self.world.group(group)))
    }

    fn any_person(&self, test: &mut dyn FnMut(&dyn PersonFacts) -> bool) -> bool {
        let people = self.world.account(self.ix).people.iter();
        let mut people = people.filter(|&&ix| !self.world.person(ix).test_profile);
        people.any(|&ix| test(&PersonView { world: self.world, ix, within: Some(self.ix) }))
    }

    fn any_object(&self, object: &Name, test: &mut dyn FnMut(&dyn Fields) -> bool) -> bool {
        any_record(&self.world.account(self.ix).records, object, test)
    }
}

struct PersonView<'a> {
    world: &'a World,
    ix: PersonIx,
    within: Option<AccountIx>,
}

impl PersonFacts for PersonView<'_> {
    fn attribute(&self, no: AttributeNo) -> ValueRef<'_> {
        self.world.person_value(self.ix, no).as_ref()
    }

    fn in_list(&self, list: &Name) -> bool {
        list.id.is_some_and(|id| self.world.person(self.ix).lists.contains(&id))
    }

    fn score(&self, score: &Name) -> Option<i64> {
        let scores = &self.world.person(self.ix).scores;
        scores.iter().find(|(id, _)| score.is(*id)).map(|(_, value)| *value)
    }

    fn any_membership(&self, test: &mut dyn FnMut(&Membership<'_>) -> bool) -> bool {
        let here = self.within.map(|ix| self.world.account(ix).id);
        self.world.person(self.ix).memberships.iter().any(|&(group, place)| {
            let group = self.world.group(group);
            let member = &group.members[place];
            here.is_none_or(|account| group.account == account)
                && test(&Membership { group, role: &member.role, removed: member.removed })
        })
    }

    fn any_role_in_account(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let roles = &self.world.person(self.ix).roles;
        let here = self.within.map(|ix| self.world.account(ix).id);
        roles
            .iter()
            .filter(|(account, _)| here.is_none_or(|here| here == *account))
            .any(|(_, roles)| roles.iter().any(|role| test(role)))
    }

    fn any_object(&self, object: &Name, test: &mut dyn FnMut(&dyn Fields) -> bool) -> bool {
        any_record(&self.world.person(self.ix).records, object, test)
    }

    fn count_activities(&self, asked: &Asked<'_>, enough: u64) -> u64 {
        let history = &self.world.person(self.ix).history;
        let counting = history.iter().filter(|a| asked.counts(&a.kind, a.at, a.fields.as_ref()));
        counting.take(usize::try_from(enough).unwrap_or(usize::MAX)).count() as u64
    }

    fn nth_newest_activity(&self, asked: &Asked<'_>, nth: u64) -> Option<Timestamp> {
        let history = &self.world.person(self.ix).history;
        let mut times: Vec<Timestamp> =
            history.iter().filter(|a| asked.counts(&a.kind, a.at, a.fields.as_ref())).map(|a| a.at).collect();
        times.sort_unstable();
        let back = usize::try_from(nth).ok().filter(|&n| n >= 1 && n <= times.len())?;
        Some(times[times.len() - back])
    }
}

fn any_record(records: &[ObjectRecord], object: &Name, test: &mut dyn FnMut(&dyn Fields) -> bool) -> bool {
    records.iter().any(|record| object.is(record.object) && test(record.fields.as_ref()))
}

impl GroupFacts for Group {
    fn interest(&self) -> DocumentId {
        self.interest
    }

    fn stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }

    fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    fn completeness(&self) -> Option<f64> {
        self.completeness
    }

    fn engagement(&self) -> Option<f64> {
        self.engagement
    }

    fn count_members(&self, test: &mut dyn FnMut(&str) -> bool) -> u64 {
        self.members.iter().filter(|member| !member.removed && test(&member.role)).count() as u64
    }
}
