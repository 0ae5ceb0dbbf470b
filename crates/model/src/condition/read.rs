//! Reads a condition from the manifest's JSON and reports everything that is wrong with it at once.

mod checks;
mod kinds;

use std::fmt::Display;

use serde_json::{Map, Value as Json};

use super::{Condition, Expr, FieldTest, Name, NameKind, Reference};
use crate::attribute::{Schema, Subject};
use crate::finding::Finding;
use crate::suggest::did_you_mean;
use crate::value::shown;

use kinds::TESTS;

/// How deep conditions may lie in each other.
pub const MAX_DEPTH: usize = 20;
/// How many tests one condition may have.
pub const MAX_TESTS: usize = 1_000;
/// How many values one test may list.
pub const MAX_VALUES: usize = 1_000;

/// Where a condition stands, which decides what it may say.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Whom it is about.
    pub subject: Subject,
    /// The attributes there are.
    pub schema: &'a Schema,
    /// Inside a journey, where there is an entry to count from (`since: entry`).
    pub in_journey: bool,
}

impl Condition {
    /// Reads a condition that stands at `pointer` of its document.
    ///
    /// # Errors
    /// Every mistake in it, each with its place and what to do.
    pub fn read(json: &Json, pointer: &str, scope: Scope<'_>) -> Result<Self, Vec<Finding>> {
        let mut reader = Reader::new(scope);
        let root = reader.expr(json, pointer, scope.subject, 0);
        match root {
            Some(root) if !reader.findings.iter().any(Finding::is_error) => Ok(Self {
                subject: scope.subject,
                root,
                references: reader.references,
                warnings: reader.findings,
                source: json.clone(),
            }),
            _ => Err(reader.findings),
        }
    }
}

/// Reads `{FIELD: {OP: VALUE}…}`, the tests on the fields of an activity or an answer, with what they name beside them.
/// `within` is the activity type or object whose fields they are.
///
/// # Errors
/// Every mistake in it.
pub fn read_fields(json: &Json, pointer: &str, within: &str) -> Result<(Vec<FieldTest>, Vec<Reference>), Vec<Finding>> {
    let schema = Schema::standard();
    let mut reader = Reader::new(Scope { subject: Subject::Person, schema: &schema, in_journey: true });
    let fields = reader.fields(json, pointer, NameKind::ActivityField, within);
    if reader.findings.iter().any(Finding::is_error) { Err(reader.findings) } else { Ok((fields, reader.references)) }
}

/// Goes through the JSON and gathers what it finds. Whatever could not be read comes back as none, with a finding.
pub(super) struct Reader<'a> {
    scope: Scope<'a>,
    findings: Vec<Finding>,
    references: Vec<Reference>,
    tests: usize,
}

/// The pointer of a part of what stands at `pointer`.
pub(super) fn at(pointer: &str, part: impl Display) -> String {
    format!("{pointer}/{}", part.to_string().replace('~', "~0").replace('/', "~1"))
}

type Object = Map<String, Json>;

impl<'a> Reader<'a> {
    fn new(scope: Scope<'a>) -> Self {
        Self { scope, findings: Vec::new(), references: Vec::new(), tests: 0 }
    }

    fn error<T>(&mut self, code: &str, pointer: &str, message: impl Into<String>) -> Option<T> {
        self.findings.push(Finding::error(code, pointer, message));
        None
    }

    fn warn(&mut self, code: &str, pointer: &str, message: &str) {
        self.findings.push(Finding::warning(code, pointer, message));
    }

    fn expr(&mut self, json: &Json, pointer: &str, subject: Subject, depth: usize) -> Option<Expr> {
        if depth > MAX_DEPTH {
            let message = format!("Conditions lie more than {MAX_DEPTH} deep in each other. Simplify this one.");
            return self.error("condition_too_deep", pointer, message);
        }
        let Json::Object(object) = json else {
            let message =
                format!("Expected a condition like {{all: […]}} or {{{}}}, not {}.", example(subject), shown(json));
            return self.error("invalid_condition", pointer, message);
        };
        match self.head(object, pointer, subject)? {
            "all" => self.parts(object, "all", pointer, subject, depth).map(Expr::All),
            "any" => self.parts(object, "any", pointer, subject, depth).map(Expr::Any),
            "not" => {
                self.only(object, &["not"], pointer);
                let part = self.expr(object.get("not")?, &at(pointer, "not"), subject, depth + 1)?;
                Some(Expr::Not(Box::new(part)))
            }
            test => self.test(test, object, pointer, subject, depth).map(Expr::Test),
        }
    }

    /// The one key that says what kind of condition an object is.
    fn head(&mut self, object: &Object, pointer: &str, subject: Subject) -> Option<&'static str> {
        let heads: Vec<&'static str> = JOINTS
            .iter()
            .copied()
            .chain(TESTS.iter().map(|test| test.key))
            .filter(|key| object.contains_key(*key))
            .collect();
        match heads.as_slice() {
            [] => self.no_head(object, pointer, subject),
            [one] => Some(one),
            [one, other, ..] => {
                let message = format!(
                    "`{one}` and `{other}` stand in one condition. Write each as its own and join them with `all` or `any`."
                );
                self.error("several_tests", pointer, message)
            }
        }
    }

    fn no_head<T>(&mut self, object: &Object, pointer: &str, subject: Subject) -> Option<T> {
        let allowed: Vec<&str> = JOINTS.iter().copied().chain(kinds::keys_for(subject)).collect();
        let Some(first) = object.keys().next() else {
            return self.error(
                "invalid_condition",
                pointer,
                format!("The condition is empty. Start it with one of: {}.", allowed.join(", ")),
            );
        };
        let hint = object.keys().map(|key| did_you_mean(key, allowed.iter().copied())).find(|hint| !hint.is_empty());
        let hint = hint.unwrap_or_else(|| format!(" Use one of: {}.", allowed.join(", ")));
        self.error("unknown_test", &at(pointer, first), format!("There is no test `{first}`.{hint}"))
    }

    fn parts(
        &mut self,
        object: &Object,
        joint: &'static str,
        pointer: &str,
        subject: Subject,
        depth: usize,
    ) -> Option<Vec<Expr>> {
        self.only(object, &[joint], pointer);
        let pointer = at(pointer, joint);
        let Some(Json::Array(parts)) = object.get(joint) else {
            return self.error("invalid_condition", &pointer, format!("`{joint}` expects a list of conditions."));
        };
        if parts.is_empty() && joint == "any" {
            self.warn("never_matches", &pointer, "An empty `any` never matches. Put a condition in it, or remove it.");
        }
        let read: Vec<_> =
            parts.iter().enumerate().map(|(n, part)| self.expr(part, &at(&pointer, n), subject, depth + 1)).collect();
        read.into_iter().collect()
    }

    /// Reports every key that is not one of these.
    fn only(&mut self, object: &Object, allowed: &[&str], pointer: &str) {
        for key in object.keys().filter(|key| !allowed.contains(&key.as_str())) {
            let hint = did_you_mean(key, allowed.iter().copied());
            let message = format!("`{key}` is not known here; this takes {}.{hint}", allowed.join(", "));
            self.error::<()>("unknown_field", &at(pointer, key), message);
        }
    }

    fn object<'j>(&mut self, json: &'j Json, pointer: &str, expected: &str) -> Option<&'j Object> {
        let object = json.as_object();
        if object.is_none() {
            self.error::<()>("wrong_value_type", pointer, format!("Expected {expected}, not {}.", shown(json)));
        }
        object
    }

    /// A name, or a list of them.
    fn texts(&mut self, json: &Json, pointer: &str, what: &str) -> Option<Vec<String>> {
        let list = match json {
            Json::Array(list) => list.iter().enumerate().map(|(n, one)| (one, at(pointer, n))).collect(),
            one => vec![(one, pointer.to_owned())],
        };
        self.check_length(list.len(), pointer)?;
        let read: Vec<_> = list
            .into_iter()
            .map(|(one, pointer)| match one.as_str() {
                Some(text) if !text.is_empty() && text.len() <= 1_000 => Some(text.to_owned()),
                _ => self.error(
                    "wrong_value_type",
                    &pointer,
                    format!("Expected the {what}, as text, not {}.", shown(one)),
                ),
            })
            .collect();
        read.into_iter().collect()
    }

    fn check_length(&mut self, values: usize, pointer: &str) -> Option<()> {
        match values {
            0 => self.error(
                "empty_list",
                pointer,
                "The list is empty. Put at least one value in it, or remove the test.",
            ),
            1..=MAX_VALUES => Some(()),
            _ => {
                let message =
                    format!("The list has {values} values; at most {MAX_VALUES} are allowed. Use a list instead.");
                self.error("list_too_long", pointer, message)
            }
        }
    }

    /// The names of documents, noted as references.
    fn names(&mut self, kind: NameKind, json: &Json, pointer: &str, what: &str) -> Option<Vec<Name>> {
        let keys = self.texts(json, pointer, what)?;
        for (n, key) in keys.iter().enumerate() {
            let place = if json.is_array() { at(pointer, n) } else { pointer.to_owned() };
            self.refer(kind, key, None, &place);
        }
        Some(keys.into_iter().map(Name::new).collect())
    }

    fn name(&mut self, kind: NameKind, json: &Json, pointer: &str, what: &str) -> Option<Name> {
        let Some(key) = json.as_str().filter(|key| !key.is_empty() && key.len() <= 1_000) else {
            return self.error(
                "wrong_value_type",
                pointer,
                format!("Expected the {what}, as text, not {}.", shown(json)),
            );
        };
        self.refer(kind, key, None, pointer);
        Some(Name::new(key))
    }

    fn refer(&mut self, kind: NameKind, key: &str, within: Option<&str>, pointer: &str) {
        let (key, within, pointer) = (key.to_owned(), within.map(str::to_owned), pointer.to_owned());
        self.references.push(Reference { kind, key, within, pointer });
    }

    /// A count, at least 0.
    fn count(&mut self, object: &Object, key: &str, pointer: &str) -> Option<Option<u64>> {
        let Some(json) = object.get(key) else { return Some(None) };
        match json.as_u64().filter(|n| *n <= 1_000_000) {
            Some(n) => Some(Some(n)),
            None => {
                let message = format!("`{key}` expects a whole number from 0 to 1000000, not {}.", shown(json));
                self.error("wrong_value_type", &at(pointer, key), message)
            }
        }
    }
}

/// What joins conditions.
const JOINTS: [&str; 3] = ["all", "any", "not"];

fn example(subject: Subject) -> &'static str {
    match subject {
        Subject::Account => "account: industry, is: Retail",
        Subject::Person => "person: country, is: DE",
    }
}
