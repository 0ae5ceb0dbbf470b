//! How many messages one traveller may get soon after it entered: an upper bound for the review before publishing.

use std::collections::HashMap;

use super::check::least_stay_secs;
use super::{Journey, NodeId, On};

const DAY_SECS: i64 = 24 * 60 * 60;

/// Messages on the path that has the most of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Messages {
    /// To each person.
    pub to_people: u64,
    /// About the account.
    pub about_account: u64,
}

impl Messages {
    fn and(self, other: Self) -> Self {
        Self { to_people: self.to_people + other.to_people, about_account: self.about_account + other.about_account }
    }

    fn or(self, other: Self) -> Self {
        Self {
            to_people: self.to_people.max(other.to_people),
            about_account: self.about_account.max(other.about_account),
        }
    }
}

impl Journey {
    /// The most messages that one traveller may cause in the first 24 hours of its trip, if nothing holds it up;
    /// `is_message` knows the actions.
    pub fn messages_of_first_day(&self, is_message: &dyn Fn(&str) -> bool) -> Messages {
        let Ok(order) = self.topological_order() else { return Messages::default() };
        let successors = self.successors();
        let mut arrives: HashMap<&NodeId, i64> = HashMap::new();
        arrives.extend(self.entry.iter().map(|entry| (entry, 0)));
        let mut before: HashMap<&NodeId, Messages> = HashMap::new();
        let mut most = Messages::default();
        for id in order {
            let (Some(&at), Some(node)) = (arrives.get(id), self.nodes.get(id)) else { continue };
            if at >= DAY_SECS {
                continue;
            }
            let so_far = before.get(id).copied().unwrap_or_default().and(self.messages_at(id, is_message));
            most = most.or(so_far);
            let leaves = at.saturating_add(least_stay_secs(node));
            for &to in successors.get(id).into_iter().flatten() {
                arrives.entry(to).and_modify(|known| *known = leaves.min(*known)).or_insert(leaves);
                before.entry(to).and_modify(|known| *known = known.or(so_far)).or_insert(so_far);
            }
        }
        most
    }

    /// Messages of one node; of a box, those of the path that has the most.
    fn messages_at(&self, id: &NodeId, is_message: &dyn Fn(&str) -> bool) -> Messages {
        let mut by_path: HashMap<Option<&str>, Messages> = HashMap::new();
        let placed = self.nodes.get(id).map(|node| node.actions(id)).unwrap_or_default();
        for action in placed.iter().filter(|action| is_message(action.action)) {
            let messages = by_path.entry(action.path).or_default();
            match action.on {
                On::People => messages.to_people += 1,
                On::Account => messages.about_account += 1,
            }
        }
        by_path.into_values().fold(Messages::default(), Messages::or)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(nodes: serde_json::Value) -> (u64, u64) {
        let journey = json!({"subject": "account", "entry": "first", "nodes": nodes});
        let journey: Journey = serde_json::from_value(journey).unwrap();
        let found = journey.messages_of_first_day(&|action| action.starts_with("send"));
        (found.to_people, found.about_account)
    }

    #[test]
    fn what_comes_after_a_day_does_not_count() {
        let mail = |next: &str| json!({"type": "action", "on": "people", "action": "send_email", "next": next});
        let wait = |how_long: &str| json!({"type": "wait", "duration": how_long, "next": "second"});
        let last = json!({"type": "action", "on": "people", "action": "send_email", "next": null});
        assert_eq!(messages(json!({"first": mail("pause"), "pause": wait("3h"), "second": last.clone()})), (2, 0));
        assert_eq!(messages(json!({"first": mail("pause"), "pause": wait("1d"), "second": last})), (1, 0));
    }

    #[test]
    fn of_several_paths_the_one_with_the_most_counts() {
        let nodes = json!({
            "first": {"type": "split", "by": "account", "paths": [
                {"label": "A", "when": {"account": "employees", "at_least": 1}, "next": "a1"}], "other": {"next": "b"}},
            "a1": {"type": "action", "on": "people", "action": "send_email", "next": "a2"},
            "a2": {"type": "action", "on": "people", "action": "send_email", "next": "end"},
            "b": {"type": "action", "on": "account", "action": "send_sales_alert", "next": "end"},
            "end": {"type": "merge", "next": "box"},
            "box": {"type": "split", "by": "person", "paths": [
                {"label": "C", "when": {"person": "country", "is": "DE"}, "actions": [{"id": "c", "action": "send_email"}]}],
                "other": {"actions": [{"id": "d", "action": "change_score"}]}, "next": null},
        });
        assert_eq!(messages(nodes), (3, 1));
    }
}
