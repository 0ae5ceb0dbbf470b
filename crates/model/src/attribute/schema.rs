//! All attributes of an installation: the standard ones and the declared ones, found by key or by number.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{ACCOUNT, Attribute, AttributeNo, Format, PERSON, Standard, Subject};
use crate::finding::Finding;
use crate::suggest::did_you_mean;
use crate::value::{MAX_TEXT_CHARS, ValueType};

/// Most attributes that one subject may have, standard ones included.
pub const MAX_ATTRIBUTES: usize = 1_000;

/// Most attributes of one subject that may be managed, standard ones included.
pub const MAX_MANAGED: usize = 100;

/// A declared attribute: the manifest of kind `attribute`, beside its kind and state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// In files, conditions and templates.
    pub key: String,
    /// Whose it is.
    pub subject: Subject,
    /// What values it takes.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Journeys may write it.
    #[serde(default)]
    pub updatable: bool,
    /// Conditions, journeys and personalisation see it; imports and pages do in any case.
    #[serde(default = "yes")]
    pub managed: bool,
    /// What marketers read; the key in words when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

fn yes() -> bool {
    true
}

/// What an installation decides about one standard attribute; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether conditions, journeys and personalisation see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<bool>,
    /// Whether journeys may write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updatable: Option<bool>,
    /// What marketers read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What must be so of every attribute: managed before it can be updatable.
fn managed_before_updatable(key: &str, managed: bool, updatable: bool) -> Result<(), Finding> {
    if managed || !updatable {
        return Ok(());
    }
    let message = format!("`{key}` is not managed, so journeys cannot write it. Manage it, or make it not updatable.");
    Err(Finding::error("not_managed", "/updatable", message))
}

impl Declaration {
    /// The attribute that it declares.
    ///
    /// # Errors
    /// The key is not one, or a standard attribute has it already.
    pub fn attribute(&self) -> Result<Attribute, Finding> {
        self.check_key()?;
        managed_before_updatable(&self.key, self.managed, self.updatable)?;
        Ok(Attribute {
            key: self.key.clone(),
            label: self.label.clone().unwrap_or_else(|| in_words(&self.key)),
            subject: self.subject,
            value_type: self.value_type,
            required: false,
            max_chars: MAX_TEXT_CHARS,
            format: Format::Any,
            updatable: self.updatable,
            visible: self.managed,
            custom: true,
            computed: false,
        })
    }

    fn check_key(&self) -> Result<(), Finding> {
        let key = &self.key;
        let starts = key.starts_with(|c: char| c.is_ascii_lowercase());
        let goes_on = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
        if !starts || !goes_on || key.len() > 64 {
            let message = format!(
                "`{key}` cannot be the key of an attribute. Use at most 64 small letters, digits, _ and -, starting with a letter."
            );
            return Err(Finding::error("invalid_key", "/key", message));
        }
        if standard(self.subject).iter().any(|line| line.key == key)
            || RESERVED.iter().chain(TOLD).any(|taken| taken == key)
        {
            let message = format!("`{key}` is taken by a standard attribute. Choose another key.");
            return Err(Finding::error("attribute_taken", "/key", message));
        }
        Ok(())
    }
}

/// Whether an attribute would be seen if the installation had not decided otherwise.
fn is_switched_off(attribute: &Attribute) -> bool {
    let usual = standard(attribute.subject).iter().find(|line| line.key == attribute.key);
    usual.is_none_or(|line| line.attribute(attribute.subject).visible)
}

/// Import columns that are not attributes.
const RESERVED: &[&str] = &["account_key", "account_roles", "relation", "parent_key", "id", "custom"];

/// What pages of accounts and people tell beside their attributes.
const TOLD: &[&str] =
    &["people", "accounts", "journeys", "lists", "records", "open_opportunities", "opted_out", "persona"];

fn standard(subject: Subject) -> &'static [Standard] {
    match subject {
        Subject::Account => ACCOUNT,
        Subject::Person => PERSON,
    }
}

/// `crm_tier` → `Crm tier`.
fn in_words(key: &str) -> String {
    let mut words = key.replace(['_', '-'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// The attributes of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeSet {
    subject: Subject,
    list: Vec<Attribute>,
    by_key: HashMap<String, AttributeNo>,
}

impl AttributeSet {
    fn standard(subject: Subject) -> Self {
        let mut set = Self { subject, list: Vec::new(), by_key: HashMap::new() };
        for line in standard(subject) {
            set.push(line.attribute(subject));
        }
        set
    }

    /// Adds an attribute unless its key is taken or the set is full.
    fn push(&mut self, attribute: Attribute) -> bool {
        let Ok(no) = u16::try_from(self.list.len()) else { return false };
        if self.list.len() >= MAX_ATTRIBUTES || self.by_key.contains_key(&attribute.key) {
            return false;
        }
        self.by_key.insert(attribute.key.clone(), AttributeNo(no));
        self.list.push(attribute);
        true
    }

    /// Whose attributes they are.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The number of a key.
    pub fn no(&self, key: &str) -> Option<AttributeNo> {
        self.by_key.get(key).copied()
    }

    /// The attribute with this key.
    pub fn get(&self, key: &str) -> Option<&Attribute> {
        self.no(key).and_then(|no| self.at(no))
    }

    /// The attribute with this number.
    pub fn at(&self, no: AttributeNo) -> Option<&Attribute> {
        self.list.get(no.index())
    }

    /// All attributes, in the order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (AttributeNo, &Attribute)> {
        self.list.iter().enumerate().map(|(no, attribute)| (AttributeNo(no as u16), attribute))
    }

    /// How many of them are managed.
    pub fn managed(&self) -> usize {
        self.list.iter().filter(|attribute| attribute.visible).count()
    }

    /// Whether this is a standard attribute that no installation lets journeys write.
    pub fn never_updatable(&self, key: &str) -> bool {
        let line = standard(self.subject).iter().find(|line| line.key == key);
        line.is_some_and(|line| !line.attribute(self.subject).updatable)
    }

    /// How many there are; every number is below it.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Never: the standard attributes are always there.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The attribute with this key, as a condition or a template asks for it.
    ///
    /// # Errors
    /// `unknown_attribute` at `pointer`, with the key that was probably meant.
    pub fn find(&self, key: &str, pointer: &str) -> Result<(AttributeNo, &Attribute), Finding> {
        let found = self.no(key).and_then(|no| self.at(no).map(|attribute| (no, attribute)));
        if found.is_some_and(|(_, attribute)| !attribute.visible && is_switched_off(attribute)) {
            let message = format!("`{key}` is not managed, so nothing may ask for it. Manage it first.");
            return Err(Finding::error("not_managed", pointer, message));
        }
        found.filter(|(_, attribute)| attribute.visible).ok_or_else(|| {
            let seen = self.list.iter().filter(|attribute| attribute.visible).map(|attribute| attribute.key.as_str());
            let whose = match self.subject {
                Subject::Account => "Accounts have",
                Subject::Person => "People have",
            };
            let hint = did_you_mean(key, seen);
            let hint = if hint.is_empty() { " Declare it with kind `attribute`, or choose another." } else { &hint };
            Finding::error("unknown_attribute", pointer, format!("{whose} no attribute `{key}`.{hint}"))
        })
    }
}

/// The attributes of accounts and of people, and what people call the types of their activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Of accounts.
    pub account: AttributeSet,
    /// Of people.
    pub person: AttributeSet,
    activities: BTreeMap<String, String>,
}

impl Default for Schema {
    fn default() -> Self {
        Self::standard()
    }
}

impl Schema {
    /// The standard attributes alone.
    pub fn standard() -> Self {
        Self {
            account: AttributeSet::standard(Subject::Account),
            person: AttributeSet::standard(Subject::Person),
            activities: BTreeMap::new(),
        }
    }

    /// Types of activities by what people call them.
    pub fn name_activities(&mut self, titles: impl IntoIterator<Item = (String, String)>) {
        self.activities.extend(titles);
    }

    /// What people call a type of activities; one that nobody named by its key in words.
    pub fn activity_title(&self, kind: &str) -> String {
        self.activities.get(kind).cloned().unwrap_or_else(|| in_words(kind))
    }

    /// The standard attributes and the declared ones, these numbered by key whatever order they come in.
    ///
    /// # Errors
    /// Every declaration that cannot be taken; the pointer starts with its place in the order of keys.
    pub fn with(declared: impl IntoIterator<Item = Declaration>) -> Result<Self, Vec<Finding>> {
        let mut schema = Self::standard();
        let mut findings = Vec::new();
        let mut declared: Vec<_> = declared.into_iter().collect();
        declared.sort_by(|a, b| a.key.cmp(&b.key));
        for (place, declaration) in declared.iter().enumerate() {
            if let Err(finding) = schema.declare(declaration) {
                findings.push(finding.under(&format!("/{place}")));
            }
        }
        if findings.is_empty() { Ok(schema) } else { Err(findings) }
    }

    /// Adds one declared attribute, with the next number.
    ///
    /// # Errors
    /// Its key is not one or is taken, or there are too many.
    pub fn declare(&mut self, declaration: &Declaration) -> Result<(), Finding> {
        let attribute = declaration.attribute()?;
        let set = match declaration.subject {
            Subject::Account => &mut self.account,
            Subject::Person => &mut self.person,
        };
        if attribute.visible && set.managed() >= MAX_MANAGED {
            let message = format!(
                "`{}` would be more than {MAX_MANAGED} managed attributes. Set `managed: false` on it or on another.",
                declaration.key
            );
            return Err(Finding::error("too_many_managed", "/managed", message));
        }
        if set.push(attribute) {
            return Ok(());
        }
        let message = format!(
            "The attribute `{}` is declared twice, or there are more than {MAX_ATTRIBUTES}. Remove one.",
            declaration.key
        );
        Err(Finding::error("attribute_taken", "/key", message))
    }

    /// Switches a standard attribute.
    ///
    /// # Errors
    /// It is none, or it may not be switched like that; the pointer starts at the switch.
    pub fn switch(&mut self, subject: Subject, key: &str, switch: &Switch) -> Result<(), Finding> {
        let line = standard(subject).iter().find(|line| line.key == key).ok_or_else(|| {
            let hint = did_you_mean(key, standard(subject).iter().map(|line| line.key));
            let whose = subject.as_str();
            let hint = if hint.is_empty() { " Declared ones are switched in their own manifest." } else { &hint };
            let message = format!("There is no standard attribute `{key}` of the {whose}.{hint}");
            Finding::error("unknown_attribute", "", message)
        })?;
        let usual = line.attribute(subject);
        let managed = switch.managed.unwrap_or(usual.visible);
        let updatable = switch.updatable.unwrap_or(usual.updatable && managed);
        managed_before_updatable(key, managed, updatable)?;
        if (updatable && !usual.updatable) || (managed && !usual.visible) {
            let message = format!("`{key}` is written by imports and the people concerned alone, never by journeys.");
            return Err(Finding::error("attribute_fixed", "/updatable", message));
        }
        if !managed && usual.required {
            let message = format!("`{key}` is needed everywhere and stays managed.");
            return Err(Finding::error("attribute_fixed", "/managed", message));
        }
        let set = match subject {
            Subject::Account => &mut self.account,
            Subject::Person => &mut self.person,
        };
        if let Some(attribute) = set.no(key).and_then(|no| set.list.get_mut(no.index())) {
            attribute.visible = managed;
            attribute.updatable = updatable;
            attribute.label = switch.label.clone().unwrap_or(usual.label);
        }
        Ok(())
    }

    /// The attributes of one subject.
    pub fn of(&self, subject: Subject) -> &AttributeSet {
        match subject {
            Subject::Account => &self.account,
            Subject::Person => &self.person,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::{account, person};
    use crate::value::Value;
    use serde_json::json;

    fn tier() -> Declaration {
        serde_json::from_value(json!({"key": "crm_tier", "subject": "account", "type": "string", "updatable": true}))
            .unwrap()
    }

    #[test]
    fn standard_attributes_keep_the_order_of_their_slice() {
        let schema = Schema::standard();
        assert_eq!(schema.account.len(), 21);
        assert_eq!(schema.person.len(), 30);
        assert_eq!(schema.account.no("name"), Some(account::NAME));
        assert_eq!(schema.account.no("parent_key"), Some(account::PARENT_KEY));
        assert_eq!(schema.person.no("email"), Some(person::EMAIL));
        assert_eq!(schema.person.no("test_profile"), Some(person::TEST_PROFILE));
    }

    #[test]
    fn journeys_never_write_keys_consent_or_delivery_flags() {
        let schema = Schema::standard();
        let fixed = |set: &AttributeSet| -> Vec<String> {
            set.iter().filter(|(_, a)| !a.updatable).map(|(_, a)| a.key.clone()).collect()
        };
        assert_eq!(fixed(&schema.account), ["key", "parent_key"]);
        assert_eq!(
            fixed(&schema.person),
            [
                "key",
                "email",
                "unsubscribed",
                "unsubscribed_reason",
                "email_invalid",
                "email_suspended",
                "marketing_suspended",
                "marketing_suspended_cause",
                "sms_consent",
                "test_profile",
                "engagement"
            ]
        );
    }

    #[test]
    fn declared_attributes_follow_by_key() {
        let other = Declaration { key: "a_first".into(), ..tier() };
        let schema = Schema::with([tier(), other]).unwrap();
        assert_eq!(schema.account.no("a_first"), Some(AttributeNo(21)));
        assert_eq!(schema.account.no("crm_tier"), Some(AttributeNo(22)));
        let tier = schema.account.get("crm_tier").unwrap();
        assert_eq!((tier.label.as_str(), tier.custom, tier.updatable), ("Crm tier", true, true));
    }

    #[test]
    fn declarations_that_clash_are_all_reported() {
        let named = |key: &str| Declaration { key: key.into(), ..tier() };
        let findings = Schema::with([named("name"), named("Bad Key"), tier(), tier()]).unwrap_err();
        let found: Vec<_> = findings.iter().map(|f| (f.code.as_str(), f.pointer.as_str())).collect();
        assert_eq!(found, [("invalid_key", "/0/key"), ("attribute_taken", "/2/key"), ("attribute_taken", "/3/key")]);
    }

    #[test]
    fn tv_d2_a_hundred_managed_attributes_are_taken_and_one_more_refused() {
        let mut schema = Schema::standard();
        let standard = schema.account.managed();
        let field = |n: usize| Declaration { key: format!("field_{n}"), ..tier() };
        for n in standard..MAX_MANAGED {
            schema.declare(&field(n)).unwrap();
        }
        let refused = schema.declare(&field(MAX_MANAGED)).unwrap_err();
        assert_eq!(refused.code, "too_many_managed");
        let quiet = Declaration { managed: false, updatable: false, ..field(MAX_MANAGED) };
        schema.declare(&quiet).unwrap();
        assert_eq!((schema.account.managed(), schema.account.len()), (MAX_MANAGED, MAX_MANAGED + 1));
    }

    #[test]
    fn tv_d3_an_attribute_is_managed_before_it_is_updatable() {
        let unmanaged = Declaration { managed: false, ..tier() };
        let refused = unmanaged.attribute().unwrap_err();
        assert_eq!((refused.code.as_str(), refused.pointer.as_str()), ("not_managed", "/updatable"));
        let mut schema = Schema::standard();
        let switch = Switch { managed: Some(false), updatable: Some(true), label: None };
        assert_eq!(schema.switch(Subject::Account, "industry", &switch).unwrap_err().code, "not_managed");
        let off = Switch { managed: Some(false), ..Switch::default() };
        schema.switch(Subject::Account, "industry", &off).unwrap();
        let industry = schema.account.get("industry").unwrap();
        assert_eq!((industry.visible, industry.updatable), (false, false));
    }

    #[test]
    fn standard_attributes_are_switched_within_what_they_allow() {
        let mut schema = Schema::standard();
        let code = |schema: &mut Schema, key: &str, switch: Switch| {
            schema.switch(Subject::Person, key, &switch).map_err(|finding| finding.code.to_string())
        };
        let updatable = |yes| Switch { updatable: Some(yes), ..Switch::default() };
        assert_eq!(code(&mut schema, "email", updatable(true)), Err("attribute_fixed".to_owned()));
        assert_eq!(code(&mut schema, "tier", updatable(true)), Err("unknown_attribute".to_owned()));
        let hidden = Switch { managed: Some(false), ..Switch::default() };
        assert_eq!(code(&mut schema, "key", hidden), Err("attribute_fixed".to_owned()));
        let renamed = Switch { updatable: Some(false), label: Some("Funktion".to_owned()), managed: None };
        assert_eq!(code(&mut schema, "job_title", renamed), Ok(()));
        let title = schema.person.get("job_title").unwrap();
        assert_eq!((title.label.as_str(), title.updatable, title.visible), ("Funktion", false, true));
    }

    #[test]
    fn a_value_is_checked_by_its_attribute() {
        let schema = Schema::standard();
        let code = |subject, key: &str, json| {
            schema.of(subject).get(key).unwrap().read_json(&json).map_err(|e| (e.code, e.message))
        };
        let at_account = |key: &str, json| code(Subject::Account, key, json).map_err(|(code, _)| code);
        assert_eq!(at_account("name", json!(null)), Err("required"));
        assert_eq!(at_account("name", json!("  ")), Err("required"));
        assert_eq!(at_account("name", json!("é".repeat(256))), Err("text_too_long"));
        assert_eq!(at_account("name", json!("é".repeat(255))).map(|_| ()), Ok(()));
        assert_eq!(at_account("industry", json!(null)), Ok(Value::Null));
        assert_eq!(at_account("time_zone", json!("Europe/Berlin")).map(|_| ()), Ok(()));
        assert_eq!(at_account("time_zone", json!("Berlin")), Err("unknown_time_zone"));
        assert_eq!(
            code(Subject::Account, "employees", json!("many")),
            Err(("wrong_value_type", "`employees` expects a whole number, not \"many\".".to_owned()))
        );
        assert_eq!(
            code(Subject::Person, "sms_consent", json!("x")).map_err(|(code, _)| code),
            Err("value_not_allowed")
        );
    }

    #[test]
    fn an_unknown_key_names_the_one_that_was_meant() {
        let schema = Schema::standard();
        let finding = schema.account.find("employes", "/when/account").unwrap_err();
        assert_eq!(finding.code, "unknown_attribute");
        assert_eq!(finding.message, "Accounts have no attribute `employes`. Did you mean `employees`?");
    }
}
