//! What two rows of attributes become.

use std::collections::BTreeMap;

use caravan_catalog::changes::NewConsent;
use caravan_model::PersonId;
use caravan_model::attribute::{Attribute, AttributeNo, Subject};
use caravan_model::value::Value;
use caravan_store::records::{self, Table};
use caravan_store::{Session, StoreError};

use super::Scene;
use crate::consent_history;

/// Attributes of one row alone: its key, and whose child it is.
const OWN: &[&str] = &["key", "parent_key"];

/// Flags that hold for the person under either name: an opt-out is never lifted by a merge.
const EITHER: &[&str] = &["unsubscribed", "marketing_suspended"];

/// What is said of an address or a number, with what it is said of: it goes over together with that or not at all.
const SAID_OF: &[(&str, &str)] = &[("email_invalid", "email"), ("email_suspended", "email")];

/// Consent: a no under either name stays a no.
const CONSENT: &str = "sms_consent";

impl Scene {
    /// Fills what the one that stays has no value of; returns the keys of those, and of those in which both differ.
    pub(super) fn unite_values(&self, s: &mut dyn Session, by: &str) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let schema = &self.live.definitions.schema;
        let set = schema.of(self.subject);
        let value = |row: &caravan_store::people::DetailRow, no: AttributeNo| {
            row.values.get(no.index()).cloned().unwrap_or_default()
        };
        let takes = |key: &str| set.no(key).is_some_and(|no| value(&self.keep, no).is_missing());
        let (mut filled, mut kept, mut rows) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut said: Vec<NewConsent> = Vec::new();
        for (no, attribute) in set.iter().filter(|(_, attribute)| !OWN.contains(&attribute.key.as_str())) {
            let (mine, other) = (value(&self.keep, no), value(&self.gone, no));
            match united(attribute, &mine, &other, &takes) {
                Some(new) => {
                    if self.subject == Subject::Person {
                        said.extend(NewConsent::of_attribute(PersonId(self.pair.keep), no, &mine, &new));
                    }
                    filled.push(attribute.key.clone());
                    rows.insert((no, self.pair.keep), new);
                }
                None if !other.is_missing() && other != mine => kept.push(attribute.key.clone()),
                None => {}
            }
        }
        let table = if self.subject == Subject::Account { Table::Account } else { Table::Person };
        records::put_values(s, schema, table, &rows, self.claim.now)?;
        for consent in &mut said {
            consent.source = "merge".to_owned();
            consent.evidence = vec![("by", by.to_owned()), ("merged", self.gone.key.clone())];
        }
        consent_history::keep(s, &said, self.claim.now)?;
        Ok((filled, kept))
    }
}

/// The new value of the one that stays; none where its own holds.
fn united(attribute: &Attribute, mine: &Value, other: &Value, takes: &dyn Fn(&str) -> bool) -> Option<Value> {
    if mine == other {
        return None;
    }
    let key = attribute.key.as_str();
    if EITHER.contains(&key) {
        return (*other == Value::Boolean(true)).then(|| other.clone());
    }
    if let Some((_, of)) = SAID_OF.iter().find(|(said, _)| *said == key) {
        return takes(of).then(|| other.clone());
    }
    if key == CONSENT && other.as_text() == Some("n") {
        return Some(other.clone());
    }
    (mine.is_missing() && !other.is_missing()).then(|| other.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use caravan_model::attribute::Schema;

    fn of(key: &str, mine: Value, other: Value, keep_has_address: bool) -> Option<Value> {
        let schema = Schema::standard();
        united(schema.person.get(key).expect("an attribute"), &mine, &other, &|_| !keep_has_address)
    }

    #[test]
    fn own_values_hold_missing_ones_are_filled_and_nobody_is_opted_in() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(of("city", text("Ulm"), text("Bonn"), true), None);
        assert_eq!(of("city", Value::Null, text("Bonn"), true), Some(text("Bonn")));
        let (yes, no) = (Value::Boolean(true), Value::Boolean(false));
        assert_eq!(of("unsubscribed", no.clone(), yes.clone(), true), Some(yes.clone()));
        assert_eq!(of("unsubscribed", yes.clone(), no.clone(), true), None);
        assert_eq!(of("sms_consent", text("y"), text("n"), true), Some(text("n")));
        assert_eq!(of("sms_consent", text("n"), text("y"), true), None);
        // Whether an address is bad goes with the address.
        assert_eq!(of("email_invalid", no.clone(), yes.clone(), true), None);
        assert_eq!(of("email_invalid", no, yes.clone(), false), Some(yes));
    }
}
