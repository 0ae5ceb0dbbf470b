//! Custom objects: kinds of records that belong to an account or a person; and the built-in one, opportunities.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Definition, Envelope};
use crate::attribute::Subject;
use crate::finding::Finding;
use crate::id::DocumentId;
use crate::value::ValueType;

/// Most custom objects that an installation may declare.
pub const MAX_CUSTOM_OBJECTS: usize = 20;

/// Key of the built-in object: deals of an account, kept by the CRM and read here.
pub const OPPORTUNITY: &str = "opportunity";

/// The document id under which records of opportunities are stored; documents of people's own begin at 1.
pub const OPPORTUNITY_ID: DocumentId = DocumentId(0);

/// Records that belong to an account or a person: purchases, licences, registrations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomObject {
    /// Whose records they are.
    pub subject: Subject,
    /// Field that tells one record from another.
    pub primary_key: String,
    /// Field by which a later record replaces an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Name → type, at most 50.
    #[schemars(extend("maxProperties" = 50))]
    pub fields: IndexMap<String, ValueType>,
}

/// Names that import commands and addresses give a meaning of their own.
const TAKEN_KEYS: &[&str] = &["account", "person", "suppression", "consent", OPPORTUNITY, "activity"];
const TAKEN_PLURALS: &[&str] = &["accounts", "people", "suppressions", "consents", "opportunities", "activities"];

/// Columns of import files that are not fields.
const TAKEN_FIELDS: &[&str] = &["account_key", "person_key", "record"];

/// The longest name of a field.
const MAX_FIELD_CHARS: usize = 64;

impl CustomObject {
    /// Opportunities. An account has many of them; who is open is whoever is not closed.
    pub fn opportunity() -> Self {
        use ValueType::{Boolean, Date, DateTime, Integer, Number, String as Text};
        let fields = [
            ("key", Text),
            ("name", Text),
            ("description", Text),
            ("stage", Text),
            ("type", Text),
            ("amount", Number),
            ("expected_revenue", Number),
            ("expected_close_date", Date),
            ("actual_close_date", Date),
            ("probability", Number),
            ("is_closed", Boolean),
            ("is_won", Boolean),
            ("fiscal_quarter", Text),
            ("fiscal_year", Integer),
            ("forecast_category", Text),
            ("forecast_category_name", Text),
            ("lead_source", Text),
            ("next_step", Text),
            ("quantity", Number),
            ("last_activity_date", Date),
            ("created_date", DateTime),
        ];
        Self {
            subject: Subject::Account,
            primary_key: "key".to_owned(),
            version: None,
            fields: fields.into_iter().map(|(name, value_type)| (name.to_owned(), value_type)).collect(),
        }
    }

    /// The column of import files that names the account or person of a record.
    pub fn subject_column(&self) -> &'static str {
        match self.subject {
            Subject::Account => "account_key",
            Subject::Person => "person_key",
        }
    }

    fn check_named_fields(&self) -> Vec<Finding> {
        let named = [("/primary_key", Some(&self.primary_key)), ("/version", self.version.as_ref())];
        let named = named.into_iter().filter_map(|(at, field)| Some((at, field?)));
        let mistake = |(at, field): (&'static str, &String)| {
            let Some(value_type) = self.fields.get(field) else {
                let message = format!("`{field}` is none of the object's fields. Declare it in `fields`.");
                return Some(Finding::error("unknown_object_field", at, message));
            };
            let (fits, takes) = match at {
                "/primary_key" => {
                    (matches!(value_type, ValueType::String | ValueType::Integer), "a string or an integer")
                }
                _ => (*value_type != ValueType::Boolean, "something that has an order"),
            };
            let message = format!("`{field}` is of type {}, and this must be {takes}.", value_type.as_str());
            (!fits).then(|| Finding::error("wrong_field_type", at, message))
        };
        named.filter_map(mistake).collect()
    }
}

impl Definition for CustomObject {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let mut findings = self.check_named_fields();
        let key = envelope.key.as_str();
        if TAKEN_KEYS.contains(&key) || TAKEN_PLURALS.contains(&key) {
            let message = format!("`{key}` names something built in. Choose another key.");
            findings.push(Finding::error("key_taken", "/key", message));
        }
        findings.extend(self.fields.keys().filter_map(|field| check_field_name(field)));
        findings
    }
}

/// What is wrong with the name of a field of an object.
fn check_field_name(name: &str) -> Option<Finding> {
    let at = format!("/fields/{}", crate::source::escaped(name));
    if TAKEN_FIELDS.contains(&name) {
        let message = format!("`{name}` is a column of import files by itself. Choose another name.");
        return Some(Finding::error("field_taken", at, message));
    }
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let goes_on = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let message = || {
        format!(
            "`{name}` cannot be the name of a field. Use at most {MAX_FIELD_CHARS} small letters, digits and _, starting with a letter."
        )
    };
    (!starts || !goes_on || name.len() > MAX_FIELD_CHARS).then(|| Finding::error("invalid_field_name", at, message()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{DocumentKind, read_documents};

    fn codes(manifest: &str) -> Vec<(String, String)> {
        let (_, findings) = read_documents(manifest, "test.yaml");
        findings.into_iter().map(|finding| (finding.code.to_string(), finding.pointer)).collect()
    }

    fn with_fields(n: usize) -> String {
        let fields: Vec<String> = (0..n).map(|i| format!("f{i}: string")).collect();
        format!(
            "{{kind: custom_object, key: licence, subject: account, primary_key: f0, fields: {{{}}}}}",
            fields.join(", ")
        )
    }

    #[test]
    fn tv_d2_fifty_fields_are_taken_and_fifty_one_refused() {
        assert_eq!(codes(&with_fields(50)), []);
        assert_eq!(codes(&with_fields(51)), [("too_many".to_owned(), "/fields".to_owned())]);
    }

    #[test]
    fn key_and_version_are_declared_fields_of_fitting_types() {
        let object = "{kind: custom_object, key: licence, subject: person, primary_key: paid, version: paid, fields: {paid: boolean}}";
        let wrong = |at: &str| ("wrong_field_type".to_owned(), at.to_owned());
        assert_eq!(codes(object), [wrong("/primary_key"), wrong("/version")]);
        let unknown = "{kind: custom_object, key: licence, subject: person, primary_key: no, fields: {id: string}}";
        assert_eq!(codes(unknown), [("unknown_object_field".to_owned(), "/primary_key".to_owned())]);
    }

    #[test]
    fn names_that_mean_something_already_are_refused() {
        let object = "{kind: custom_object, key: accounts, subject: account, primary_key: id, fields: {id: string, account_key: string, 'Bad Name': string}}";
        let found: Vec<String> = codes(object).into_iter().map(|(code, _)| code).collect();
        assert_eq!(found, ["key_taken", "field_taken", "invalid_field_name"]);
    }

    #[test]
    fn the_built_in_object_would_pass_its_own_checks() {
        let object = CustomObject::opportunity();
        assert_eq!(object.check_named_fields(), []);
        assert!(object.fields.keys().all(|name| check_field_name(name).is_none()));
        assert!(object.fields.len() <= 50);
        assert_eq!(DocumentKind::CustomObject.key(), "custom_object");
    }
}
