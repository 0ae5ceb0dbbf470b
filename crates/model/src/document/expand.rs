//! Emails made whole: the fragments that they take in, put in place, with the conditions that those name.

use indexmap::IndexMap;

use super::{ContentCondition, DocumentKind, Email, Fragment, MailBody, Reference};
use crate::finding::Finding;
use crate::template::{Include, escaped, included, includes, with_fields};

/// Fragments that one email or template may take in.
const MOST_FRAGMENTS: usize = 30;

/// A fragment as others take it in, or why they cannot.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// As it is published.
    Published(Box<Fragment>),
    /// It has never been published.
    Draft,
    /// There is none of that key.
    Unknown,
}

/// Where fragments come from, by key.
pub type Fragments<'a> = dyn Fn(&str) -> Found + 'a;

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Mjml,
    Html,
    Text,
}

impl Written {
    fn of(body: &MailBody) -> (Self, &str, &'static str) {
        match body {
            MailBody::Mjml(source) => (Self::Mjml, source, "/body/mjml"),
            MailBody::Html(source) => (Self::Html, source, "/body/html"),
        }
    }
}

impl Email {
    /// The email with its fragments in place and their conditions beside its own.
    ///
    /// # Errors
    /// `unknown_reference`, `fragment_unpublished`, `fragment_mismatch`, `fragment_too_deep`, `fragment_too_many`,
    /// `condition_twice`, each with the line within the text.
    pub fn whole(&self, fragments: &Fragments<'_>) -> Result<Self, Vec<Finding>> {
        let mut whole = Whole::new(self.conditions.clone(), fragments);
        let body = whole.body(&self.body);
        let text = self.text.as_deref().map(|text| whole.taken_in(text, Written::Text, "/text"));
        let conditions = whole.finish()?;
        Ok(Self { body, text, conditions, ..self.clone() })
    }
}

impl Fragment {
    /// The fragment with those that it takes in.
    ///
    /// # Errors
    /// As [`Email::whole`].
    pub fn whole(&self, fragments: &Fragments<'_>) -> Result<Self, Vec<Finding>> {
        let mut whole = Whole { depth: 1, ..Whole::new(self.conditions.clone(), fragments) };
        let body = match &self.body {
            MailBody::Mjml(source) => MailBody::Mjml(self.filled(source, &[], Written::Mjml)),
            MailBody::Html(source) => MailBody::Html(self.filled(source, &[], Written::Html)),
        };
        let body = whole.body(&body);
        let text = self.text.as_deref().map(|text| self.filled(text, &[], Written::Text));
        let text = text.map(|text| whole.taken_in(&text, Written::Text, "/text"));
        let conditions = whole.finish()?;
        Ok(Self { body, text, conditions, fields: self.fields.clone() })
    }

    /// A text of it with its fields filled in: with what is given, else with what they say by themselves.
    fn filled(&self, source: &str, given: &[(&str, &str)], written: Written) -> String {
        with_fields(source, |name| {
            let own = || self.fields.get(name).map(|field| field.default.as_str());
            let value = given.iter().find(|(field, _)| *field == name).map(|(_, value)| *value).or_else(own);
            match written {
                Written::Text => value.unwrap_or_default().to_owned(),
                Written::Mjml | Written::Html => without_markup(value.unwrap_or_default()),
            }
        })
    }
}

/// A text in which no markup begins and no quote ends; its template tags stay.
fn without_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag, after)) = first_tag(rest) {
        out.push_str(&escaped(before));
        out.push_str(tag);
        rest = after;
    }
    out.push_str(&escaped(rest));
    out
}

/// The first template tag, with what stands before and behind it.
fn first_tag(text: &str) -> Option<(&str, &str, &str)> {
    let openings = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
    let (start, close) = openings.iter().filter_map(|(open, close)| Some((text.find(open)?, close))).min()?;
    let end = start + text.get(start..)?.find(close)? + close.len();
    Some((text.get(..start)?, text.get(start..end)?, text.get(end..)?))
}

impl Email {
    /// What it says for fields that its fragments do not have (any more): it is left out.
    pub fn unknown_fields(&self, fragments: &Fragments<'_>) -> Vec<Finding> {
        let (_, source, pointer) = Written::of(&self.body);
        let texts = std::iter::once((source, pointer)).chain(self.text.as_deref().map(|text| (text, "/text")));
        let mut findings = Vec::new();
        for (include, pointer) in
            texts.flat_map(|(text, pointer)| includes(text).into_iter().map(move |it| (it, pointer)))
        {
            let Found::Published(fragment) = fragments(include.key) else { continue };
            for (name, _) in include.fields.iter().filter(|(name, _)| !fragment.fields.contains_key(*name)) {
                let message = format!(
                    "The fragment `{}` has no field `{name}`, so what is said for it is left out (line {} of this text).",
                    include.key, include.line
                );
                let finding = Finding::warning("fragment_field_unknown", pointer, message);
                findings.push(Finding { line: Some(include.line), ..finding });
            }
        }
        findings
    }
}

/// The references to the fragments that texts take in.
pub(super) fn fragment_references(body: &MailBody, text: Option<&str>) -> Vec<Reference> {
    let (_, source, pointer) = Written::of(body);
    let texts = std::iter::once((source, pointer)).chain(text.map(|text| (text, "/text")));
    let mut found: Vec<Reference> = Vec::new();
    for (source, pointer) in texts {
        for include in includes(source) {
            let reference = Reference::new(DocumentKind::Fragment, include.key, pointer);
            if !found.contains(&reference) {
                found.push(reference);
            }
        }
    }
    found
}

struct Whole<'a> {
    fragments: &'a Fragments<'a>,
    conditions: IndexMap<String, ContentCondition>,
    findings: Vec<Finding>,
    taken: usize,
    /// How many fragments lie around the text.
    depth: usize,
}

impl<'a> Whole<'a> {
    fn new(conditions: IndexMap<String, ContentCondition>, fragments: &'a Fragments<'a>) -> Self {
        Self { fragments, conditions, findings: Vec::new(), taken: 0, depth: 0 }
    }

    fn body(&mut self, body: &MailBody) -> MailBody {
        let (written, source, pointer) = Written::of(body);
        let source = self.taken_in(source, written, pointer);
        match written {
            Written::Mjml => MailBody::Mjml(source),
            Written::Html | Written::Text => MailBody::Html(source),
        }
    }

    fn taken_in(&mut self, source: &str, host: Written, pointer: &str) -> String {
        self.taken = 0;
        let made: Result<String, Vec<()>> =
            included(source, |include| Ok(self.piece(include, host, pointer).unwrap_or_default()));
        made.unwrap_or_default()
    }

    /// The content of one fragment; none when something stands against it.
    fn piece(&mut self, include: &Include<'_>, host: Written, pointer: &str) -> Option<String> {
        let key = include.key;
        self.taken += 1;
        if self.taken > MOST_FRAGMENTS {
            let message = format!("More than {MOST_FRAGMENTS} fragments are taken in. Put some of them together.");
            return self.refuse("fragment_too_many", include, pointer, message);
        }
        if self.depth > 1 {
            let message = format!(
                "The fragment `{key}` lies in a fragment that lies in another. Fragments may lie one deep in each other."
            );
            return self.refuse("fragment_too_deep", include, pointer, message);
        }
        let fragment = match (self.fragments)(key) {
            Found::Published(fragment) => fragment,
            Found::Draft => {
                let message = format!("The fragment `{key}` has not been published. Publish it with `state: live`.");
                return self.refuse("fragment_unpublished", include, pointer, message);
            }
            Found::Unknown => {
                let message = format!("There is no fragment `{key}`. Define it here or apply it first.");
                return self.refuse("unknown_reference", include, pointer, message);
            }
        };
        self.add_conditions(&fragment, include, pointer);
        let (written, source, _) = Written::of(&fragment.body);
        let as_written = if host == Written::Text { host } else { written };
        let source = match (host, written) {
            (Written::Text, _) => fragment.text.as_deref().unwrap_or_default(),
            (Written::Html, Written::Mjml) => {
                let message = format!("The fragment `{key}` is MJML and cannot stand in HTML. Take one of HTML.");
                return self.refuse("fragment_mismatch", include, pointer, message);
            }
            _ => source,
        };
        let source = fragment.filled(source, &include.fields, as_written);
        self.depth += 1;
        let mut text = self.inside(&source, as_written, key, pointer, include);
        self.depth -= 1;
        if host != Written::Text && !text.contains("<pre") {
            // Lines of the host are counted in findings; markup does not care.
            text = text.trim().replace("\r\n", " ").replace('\n', " ");
        }
        Some(text)
    }

    /// What a fragment takes in itself; what stands against that is said at the host's tag.
    fn inside(&mut self, source: &str, host: Written, key: &str, pointer: &str, at: &Include<'_>) -> String {
        let before = self.findings.len();
        let made: Result<String, Vec<()>> =
            included(source, |include| Ok(self.piece(include, host, pointer).unwrap_or_default()));
        for finding in self.findings.iter_mut().skip(before) {
            finding.line = Some(at.line);
            finding.message = format!("In the fragment `{key}`: {}", finding.message);
        }
        made.unwrap_or_default()
    }

    fn add_conditions(&mut self, fragment: &Fragment, include: &Include<'_>, pointer: &str) {
        for (name, condition) in &fragment.conditions {
            match self.conditions.get(name) {
                Some(known) if known != condition => {
                    let message = format!(
                        "The fragment `{}` has a condition `{name}` that differs from another of the same name here. Give one of them another name.",
                        include.key
                    );
                    self.refuse::<()>("condition_twice", include, pointer, message);
                }
                Some(_) => {}
                None => {
                    self.conditions.insert(name.clone(), condition.clone());
                }
            }
        }
    }

    fn refuse<T>(&mut self, code: &str, include: &Include<'_>, pointer: &str, message: String) -> Option<T> {
        let finding = Finding { line: Some(include.line), ..Finding::error(code, pointer, message) };
        self.findings.push(finding);
        None
    }

    fn finish(self) -> Result<IndexMap<String, ContentCondition>, Vec<Finding>> {
        if self.findings.is_empty() { Ok(self.conditions) } else { Err(self.findings) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Definition as _;
    use super::*;

    fn fragment(body: MailBody) -> Found {
        Found::Published(Box::new(Fragment::new(body, Some("in text".into()))))
    }

    fn library(key: &str) -> Found {
        let html = |source: &str| fragment(MailBody::Html(source.to_owned()));
        match key {
            "plain" => html("<p>\nplain\n</p>"),
            "outer" => html("({% include 'plain' %})"),
            "outermost" => html("({% include 'outer' %})"),
            "section" => fragment(MailBody::Mjml("<mj-section/>".to_owned())),
            "draft" => Found::Draft,
            _ => Found::Unknown,
        }
    }

    fn email(html: &str) -> Email {
        let body = serde_json::json!({"connection": "mail", "subject": "x", "body": {"html": html}, "text": "{% include 'plain' %}"});
        serde_json::from_value(body).unwrap()
    }

    fn codes(html: &str) -> Vec<(String, Option<u32>)> {
        let findings = email(html).whole(&library).unwrap_err();
        findings.into_iter().map(|finding| (finding.code, finding.line)).collect()
    }

    #[test]
    fn fragments_come_into_both_parts() {
        let whole = email("a\n{% include \"outer\" %}\nb").whole(&library).unwrap();
        assert_eq!(whole.body, MailBody::Html("a\n(<p> plain </p>)\nb".to_owned()), "lines are as before");
        assert_eq!(whole.text.as_deref(), Some("in text"));
    }

    #[test]
    fn fields_of_a_fragment_say_what_the_email_gives_them() {
        let button: Fragment = serde_json::from_value(serde_json::json!({
            "body": {"html": r#"<a href="{{ field.url }}">{{ field.label }}</a>"#}, "text": "{{ field.label }}: {{ field.url }}",
            "fields": {"url": {"default": "https://acme.example"}, "label": {"default": "Read on"}}
        }))
        .unwrap();
        let library = |_: &str| Found::Published(Box::new(button.clone()));
        let made = |tag: &str| {
            let mut email = email(tag);
            email.text = Some(tag.to_owned());
            let whole = email.whole(&library).unwrap();
            let MailBody::Html(html) = whole.body else { panic!("HTML") };
            (html, whole.text.unwrap())
        };
        assert_eq!(
            made("{% include 'b' %}"),
            (r#"<a href="https://acme.example">Read on</a>"#.to_owned(), "Read on: https://acme.example".to_owned())
        );
        assert_eq!(
            made(r#"{% include 'b' with url='https://a.example/?x=1&y={{ my.y }}', label='"Go" <now>' %}"#),
            (
                r#"<a href="https://a.example/?x=1&amp;y={{ my.y }}">&quot;Go&quot; &lt;now&gt;</a>"#.to_owned(),
                r#""Go" <now>: https://a.example/?x=1&y={{ my.y }}"#.to_owned()
            )
        );
        let gone = email("\n{% include 'b' with color='red' %}").unknown_fields(&library);
        let told: Vec<_> = gone.iter().map(|f| (f.code.as_str(), f.is_error(), f.line)).collect();
        assert_eq!(told, [("fragment_field_unknown", false, Some(2))]);
        let asks = Fragment { fields: IndexMap::new(), ..button.clone() };
        assert_eq!(asks.undeclared().len(), 4, "in the body and in the text");
    }

    #[test]
    fn what_cannot_be_taken_in_says_why_and_where() {
        assert_eq!(codes("\n{% include 'draft' %}"), [("fragment_unpublished".to_owned(), Some(2))]);
        assert_eq!(codes("{% include 'none' %}"), [("unknown_reference".to_owned(), Some(1))]);
        assert_eq!(codes("{% include 'section' %}"), [("fragment_mismatch".to_owned(), Some(1))]);
        assert_eq!(codes("\n\n{% include 'outermost' %}"), [("fragment_too_deep".to_owned(), Some(3))]);
        assert_eq!(codes(&"{% include 'plain' %}".repeat(31)), [("fragment_too_many".to_owned(), Some(1))]);
    }

    #[test]
    fn two_conditions_of_one_name_are_refused_unless_they_are_the_same() {
        let condition = |country: &str| {
            let when = serde_json::json!({"person": "country", "is": country});
            ContentCondition::own(crate::attribute::Subject::Person, when)
        };
        let with = |country: &str| {
            let mut email = email("{% include 'plain' %}");
            email.conditions.insert("local".into(), condition(country));
            email.whole(&|_: &str| {
                let conditions = IndexMap::from([("local".to_owned(), condition("DE"))]);
                Found::Published(Box::new(Fragment { conditions, ..Fragment::new(MailBody::Html("x".into()), None) }))
            })
        };
        assert!(with("DE").is_ok());
        // In the body and in the text.
        assert_eq!(with("US").unwrap_err().len(), 2);
    }

    #[test]
    fn an_email_names_its_fragments() {
        let references = email("{% include 'outer' %}{% include 'outer' %}").references();
        let fragments: Vec<_> = references.iter().filter(|r| r.kind == DocumentKind::Fragment).collect();
        assert_eq!(fragments.len(), 2, "{fragments:?}");
        assert_eq!((fragments[0].key.as_str(), fragments[1].pointer.as_str()), ("outer", "/text"));
    }
}
