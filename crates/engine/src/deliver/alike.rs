//! Accounts of which the other side is told exactly alike are one there: it leaves with the last of them.

use std::collections::{HashMap, HashSet};

use caravan_connect::audiences::{Audience, Membership};
use caravan_store::audiences::{self as stored, MemberRow, NOTHING};
use caravan_store::{Session, StoreError};
use serde_json::Value as Json;

/// What shall stand there for others, while it is decided what is said of some accounts of an audience.
#[derive(Debug, Default)]
pub struct Alike {
    /// For accounts that nothing is decided about now.
    elsewhere: HashSet<String>,
    /// For how many of those that something is decided about.
    here: HashMap<String, usize>,
}

impl Alike {
    /// Reads what others hold of what stands there, or may, for these members. The audience is locked, and so are they.
    pub fn read(s: &mut dyn Session, audience: i64, members: &[MemberRow]) -> Result<Self, StoreError> {
        let mut here: HashMap<String, usize> = HashMap::new();
        for element in members.iter().filter_map(|member| member.element.clone()) {
            *here.entry(element).or_default() += 1;
        }
        let stale = members.iter().flat_map(|member| elements_of(&member.stale));
        let elements: HashSet<String> = stale.chain(here.keys().cloned()).collect();
        let elements: Vec<String> = elements.into_iter().collect();
        let accounts: Vec<i64> = members.iter().map(|member| member.account.0).collect();
        Ok(Self { elsewhere: stored::held_by_others(s, audience, &elements, &accounts)?, here })
    }

    /// The member's row as it is once `put` stands there (or nothing), and what is said to get there. What shall stand there
    /// for another account too is not taken out.
    pub fn changed(&mut self, member: &mut MemberRow, audience: &Audience, put: Option<Json>) -> Membership {
        let former = member.element.take();
        if let Some(count) = former.as_ref().and_then(|former| self.here.get_mut(former)) {
            *count = count.saturating_sub(1);
        }
        let new = put.as_ref().map(Json::to_string);
        let mut take: Vec<String> = elements_of(&member.stale).into_iter().chain(former).collect();
        let mut seen: HashSet<String> = new.iter().cloned().collect();
        take.retain(|element| seen.insert(element.clone()) && !self.is_held(element));
        if let Some(new) = &new {
            *self.here.entry(new.clone()).or_default() += 1;
        }
        member.stale = serde_json::to_string(&take).unwrap_or_else(|_| NOTHING.to_owned());
        member.element = new;
        let take = take.iter().filter_map(|element| serde_json::from_str(element).ok()).collect();
        Membership::new(audience.clone(), take, put)
    }

    fn is_held(&self, element: &str) -> bool {
        self.elsewhere.contains(element) || self.here.get(element).is_some_and(|count| *count > 0)
    }
}

/// The elements of a row's `stale`.
pub fn elements_of(stale: &str) -> Vec<String> {
    serde_json::from_str(stale).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use caravan_model::{AccountId, EffectId};
    use serde_json::json;

    use super::*;

    fn audience() -> Audience {
        Audience { settings: "{}".into(), name: "A".into(), source_id: "s".into(), ..Audience::default() }
    }

    fn element(name: &str) -> String {
        json!({"companyName": name}).to_string()
    }

    fn member(stands: Option<&str>, stale: &[&str]) -> MemberRow {
        MemberRow {
            account: AccountId(1),
            element: stands.map(element),
            stale: serde_json::to_string(&stale.iter().map(|name| element(name)).collect::<Vec<_>>()).expect("JSON"),
            last_effect: EffectId(0),
            taken_at: None,
            problem: None,
        }
    }

    /// Nobody else is in the audience.
    fn alone(member: &MemberRow) -> Alike {
        Alike { elsewhere: HashSet::new(), here: member.element.iter().map(|it| (it.clone(), 1)).collect() }
    }

    fn names(elements: &[Json]) -> Vec<&str> {
        elements.iter().filter_map(|element| element["companyName"].as_str()).collect()
    }

    #[test]
    fn whatever_stood_there_is_taken_out_and_what_is_put_in_is_not() {
        let mut it = member(Some("Old"), &["Older", "New"]);
        let said = alone(&it).changed(&mut it, &audience(), Some(json!({"companyName": "New"})));
        assert_eq!(names(&said.take), ["Older", "Old"]);
        assert_eq!(said.put, Some(json!({"companyName": "New"})));
        assert_eq!(it, MemberRow { ..member(Some("New"), &["Older", "Old"]) });
    }

    #[test]
    fn the_same_again_takes_nothing_out() {
        let mut it = member(Some("Same"), &[]);
        let said = alone(&it).changed(&mut it, &audience(), Some(json!({"companyName": "Same"})));
        assert_eq!((said.take.len(), it), (0, member(Some("Same"), &[])));
    }

    #[test]
    fn whoever_leaves_takes_everything_along_that_may_stand_there() {
        let mut it = member(Some("Now"), &["Before"]);
        let said = alone(&it).changed(&mut it, &audience(), None);
        assert_eq!((names(&said.take), said.put), (vec!["Before", "Now"], None));
        assert_eq!(it, member(None, &["Before", "Now"]));
    }

    #[test]
    fn what_stands_there_for_another_too_stays_until_the_last_one_leaves() {
        let (mut first, mut last) = (member(Some("Same"), &[]), member(Some("Same"), &["Held elsewhere"]));
        let elsewhere = HashSet::from([element("Held elsewhere")]);
        let mut alike = Alike { elsewhere, here: HashMap::from([(element("Same"), 2)]) };
        let said = alike.changed(&mut first, &audience(), None);
        assert_eq!((said.take.len(), &first), (0, &member(None, &[])));
        let said = alike.changed(&mut last, &audience(), None);
        assert_eq!((names(&said.take), &last), (vec!["Same"], &member(None, &["Same"])));
    }

    #[test]
    fn whoever_becomes_alike_within_a_batch_keeps_what_another_leaves() {
        let (mut comes, mut goes) = (member(Some("Other"), &[]), member(Some("Same"), &[]));
        let mut alike =
            Alike { here: HashMap::from([(element("Same"), 1), (element("Other"), 1)]), ..Alike::default() };
        let said = alike.changed(&mut comes, &audience(), Some(json!({"companyName": "Same"})));
        assert_eq!(names(&said.take), ["Other"]);
        assert_eq!(alike.changed(&mut goes, &audience(), None).take.len(), 0);
    }
}
