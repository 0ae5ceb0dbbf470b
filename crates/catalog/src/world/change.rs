//! How a world is changed: every method records what really changed, and tells of it.

use std::fmt::Write as _;

use caravan_model::attribute::{self, AttributeNo};
use caravan_model::value::Value;
use caravan_model::{AccountId, DocumentId, PersonId};

use super::{AccountIx, Group, GroupIx, Member, Origin, PersonIx, World};
use crate::changes::{
    AudienceChange, Command, GroupChange, ListChange, MemberChange, NewActivity, NewConsent, ScoreChange, StageChange,
    ValueChange,
};

impl World {
    // Changing. Each returns whether anything really changed; only then is it recorded and told.

    /// Sets an account's attribute.
    pub fn set_account_value(&mut self, ix: AccountIx, attribute: AttributeNo, value: Value, origin: &Origin) -> bool {
        let Some(slot) = self.account_slots.of(attribute) else { return false };
        let Some(key) = self.schema.account.at(attribute).map(|a| a.key.clone()) else { return false };
        let account = &mut self.accounts[ix];
        let Some(stored) = account.values.get_mut(slot) else { return false };
        if *stored == value {
            return false;
        }
        let old = std::mem::replace(stored, value.clone());
        if attribute == attribute::account::NAME {
            account.name = value.to_string();
        }
        let id = account.id;
        let fields = change_fields(&key, &old, &value, origin);
        self.changes.account_values.push(ValueChange { id, attribute, value });
        self.tell("account_changed", Some(id), None, fields, origin);
        true
    }

    /// Sets a person's attribute.
    pub fn set_person_value(&mut self, ix: PersonIx, attribute: AttributeNo, value: Value, origin: &Origin) -> bool {
        let Some(slot) = self.person_slots.of(attribute) else { return false };
        let Some(key) = self.schema.person.at(attribute).map(|a| a.key.clone()) else { return false };
        let person = &mut self.people[ix];
        let Some(stored) = person.values.get_mut(slot) else { return false };
        if *stored == value {
            return false;
        }
        let old = std::mem::replace(stored, value.clone());
        let id = person.id;
        let fields = change_fields(&key, &old, &value, origin);
        if let Some(said) = NewConsent::of_attribute(id, attribute, &old, &value) {
            let trip = origin.enrollment.map(|trip| ("trip", trip.to_string()));
            let evidence = trip.into_iter().collect();
            let node = origin.enrollment.zip(origin.node);
            self.changes.consents.push(NewConsent { source: origin.source.to_string(), evidence, node, ..said });
        }
        self.changes.person_values.push(ValueChange { id, attribute, value });
        self.tell("person_changed", None, Some(id), fields, origin);
        true
    }

    /// Sets a named score of a person.
    pub fn set_score(&mut self, ix: PersonIx, score: DocumentId, key: &str, value: i64, origin: &Origin) -> bool {
        let old = self.score(ix, score);
        if old == value {
            return false;
        }
        let person = &mut self.people[ix];
        match person.scores.iter_mut().find(|(id, _)| *id == score) {
            Some((_, stored)) => *stored = value,
            None => person.scores.push((score, value)),
        }
        let id = person.id;
        self.changes.scores.push(ScoreChange { person: id, score, value });
        let mut fields = String::with_capacity(48 + key.len());
        fields.push_str("{\"score\":");
        push_quoted(&mut fields, key);
        // Writing to a string cannot fail.
        let _ = write!(fields, ",\"old\":{old},\"new\":{value}}}");
        self.tell("score_changed", None, Some(id), fields, origin);
        true
    }

    /// Puts an account into a list or takes it out.
    pub fn set_account_list(
        &mut self,
        ix: AccountIx,
        list: DocumentId,
        key: &str,
        member: bool,
        origin: &Origin,
    ) -> bool {
        let account = &mut self.accounts[ix];
        let place = account.lists.iter().position(|&l| l == list);
        match (place, member) {
            (None, true) => account.lists.push(list),
            (Some(at), false) => {
                account.lists.swap_remove(at);
            }
            _ => return false,
        }
        let id = account.id;
        self.changes.lists.push(ListChange { list, subject: id.0, joined: member, source: origin.source.clone() });
        let kind = if member { "account_list_joined" } else { "account_list_left" };
        self.tell(kind, Some(id), None, serde_json::json!({"list": key}).to_string(), origin);
        true
    }

    /// Puts a person into an external audience.
    pub fn join_external_audience(&mut self, ix: PersonIx, audience: DocumentId, key: &str, origin: &Origin) -> bool {
        let person = &mut self.people[ix];
        if person.lists.contains(&audience) {
            return false;
        }
        person.lists.push(audience);
        let (person, source) = (person.id, origin.source.clone());
        self.changes.external_audiences.push(AudienceChange { audience, person, source });
        let fields = serde_json::json!({"external_audience": key}).to_string();
        self.tell("external_audience_joined", None, Some(person), fields, origin);
        true
    }

    /// Gives a person a place in a group, or changes it. Precedence is the caller's; this records.
    pub fn set_member(&mut self, group: GroupIx, member: Member) {
        let Group { id, interest, ref mut members, .. } = self.groups[group];
        let stored = members.iter().find(|m| m.person == member.person);
        self.changes.members.push(MemberChange {
            group: id,
            interest,
            person: member.person,
            role: member.role.clone(),
            source: member.source,
            removed: member.removed,
            acquired: !member.removed && stored.is_none_or(|old| old.removed || old.role != member.role),
        });
        if let Some(stored) = members.iter_mut().find(|m| m.person == member.person) {
            *stored = member;
            return;
        }
        members.push(member);
        let place = members.len() - 1;
        let person = members[place].person;
        if let Some(&ix) = self.person_ix.get(&person) {
            self.people[ix].memberships.push((group, place));
        }
    }

    /// Changes a group's own columns through `change` and records it as it is then.
    pub fn change_group(&mut self, ix: GroupIx, change: impl FnOnce(&mut Group)) {
        let group = &mut self.groups[ix];
        change(group);
        self.changes.groups.push(GroupChange {
            group: group.id,
            stage: group.stage.clone(),
            status: group.status.clone(),
            completeness: group.completeness,
        });
    }

    /// Moves a group to a stage and keeps that it did. Whether the model allows it is the caller's to ask.
    pub fn set_stage(&mut self, ix: GroupIx, stage: Option<String>, origin: &Origin) {
        let group = &self.groups[ix];
        let (id, old) = (group.id, group.stage.clone());
        self.changes.stages.push(StageChange { group: id, old, new: stage.clone(), source: origin.source.clone() });
        self.change_group(ix, |group| group.stage = stage);
    }

    /// Asks for an account to enter a journey as the `chain`th of a row of journeys.
    pub fn enter_account(&mut self, ix: AccountIx, journey: DocumentId, chain: i64) {
        let account = self.accounts[ix].id;
        self.asked.insert((account, journey), true);
        self.changes.commands.push(Command::EnterAccount { journey, account, chain });
    }

    /// Asks for an account's trip through a journey to end.
    pub fn remove_account(&mut self, ix: AccountIx, journey: DocumentId) {
        let account = self.accounts[ix].id;
        self.asked.insert((account, journey), false);
        self.changes.commands.push(Command::RemoveAccount { journey, account });
    }

    /// Writes a fact to the stream.
    pub fn tell(
        &mut self,
        kind: &'static str,
        account: Option<AccountId>,
        person: Option<PersonId>,
        fields: String,
        origin: &Origin,
    ) {
        self.changes.activities.push(NewActivity {
            kind,
            at: self.now,
            account,
            person,
            enrollment: origin.enrollment,
            node: origin.node,
            source: origin.source.clone(),
            fields,
        });
    }
}

/// Built by hand: a step tells of hundreds of thousands of changes, and a tree for each costs more than the change.
fn change_fields(key: &str, old: &Value, new: &Value, origin: &Origin) -> String {
    let mut fields = String::with_capacity(64 + key.len() + origin.source.len());
    fields.push_str("{\"attribute\":");
    push_quoted(&mut fields, key);
    fields.push_str(",\"old\":");
    push_value(&mut fields, old);
    fields.push_str(",\"new\":");
    push_value(&mut fields, new);
    fields.push_str(",\"source\":");
    push_quoted(&mut fields, &origin.source);
    fields.push('}');
    fields
}

fn push_value(json: &mut String, value: &Value) {
    match value {
        Value::Text(text) => push_quoted(json, text),
        other => {
            let _ = write!(json, "{}", other.to_json());
        }
    }
}

/// A JSON string; the escaping of `serde_json` where anything needs it.
fn push_quoted(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let _ = write!(json, "{}", serde_json::Value::from(text));
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_changes_are_json_whatever_the_values_hold() {
        let origin = Origin { source: "journey:\"q\"".into(), enrollment: None, node: None };
        for text in ["plain", "a \"quoted\" \\ one", "line\nbreak\u{1}", "é ✓ \u{7f}", ""] {
            let (old, new) = (Value::Text(text.to_owned()), Value::Integer(-7));
            let expected = serde_json::json!({"attribute": text, "old": text, "new": -7, "source": "journey:\"q\""});
            assert_eq!(change_fields(text, &old, &new, &origin), expected.to_string());
            let expected = serde_json::json!({"attribute": "x", "old": null, "new": 1.5, "source": origin.source});
            assert_eq!(change_fields("x", &Value::Null, &Value::Number(1.5), &origin), expected.to_string());
        }
    }
}
