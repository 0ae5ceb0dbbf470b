//! YAML, from the parser's events: no recursion, no alias ever expanded.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

use super::{MAX_DEPTH, MAX_VALUES, Positioned, error_at, escaped};
use crate::finding::Finding;

pub(super) fn read(text: &str) -> (Vec<Positioned>, Vec<Finding>) {
    let mut builder = Builder::default();
    for step in Parser::new_from_str(text) {
        let taken = match step {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => {
                let message = format!("This is not valid YAML: {}.", error.info().trim_end_matches('.'));
                Err(error_at(error.marker().line(), "bad_yaml", "", message))
            }
        };
        if let Err(fatal) = taken {
            builder.findings.push(fatal);
            break;
        }
    }
    (builder.done, builder.findings)
}

/// A mapping or a list that is still open.
struct Open {
    pointer: String,
    line: usize,
    content: Content,
}

enum Content {
    Mapping { fields: Map<String, Value>, key: Option<(String, usize)> },
    List(Vec<Value>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    current: Positioned,
    done: Vec<Positioned>,
    findings: Vec<Finding>,
    values: usize,
}

impl Builder {
    /// Takes one event. An error ends the reading, since what follows would only confuse.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Finding> {
        let line = span.start.line();
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(_) => self.current = Positioned::default(),
            Event::DocumentEnd => self.close_document(),
            Event::Alias(_) => {
                let message = "Aliases (`*name`) are not read. Write the value out.";
                return Err(error_at(line, "yaml_alias", &self.pointer(), message));
            }
            Event::Scalar(text, style, _, tag) => self.scalar(&text, style, tag.as_deref(), line)?,
            Event::SequenceStart(..) => self.begin(Content::List(Vec::new()), line)?,
            Event::MappingStart(..) => self.begin(Content::Mapping { fields: Map::new(), key: None }, line)?,
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
        Ok(())
    }

    /// Documents without content, such as the one after a last `---`, are no documents.
    fn close_document(&mut self) {
        let document = std::mem::take(&mut self.current);
        if !document.value.is_null() {
            self.done.push(document);
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, line: usize) -> Result<(), Finding> {
        if let Some(Open { content: Content::Mapping { key: key @ None, .. }, .. }) = self.open.last_mut() {
            *key = Some((text.to_owned(), line));
            return Ok(());
        }
        let value = match tag {
            None if style == ScalarStyle::Plain => plain(text),
            None => Value::String(text.to_owned()),
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Value::String(text.to_owned()),
            Some(tag) => {
                let message = format!("The tag `{}{}` is not read. Remove it.", tag.handle, tag.suffix);
                return Err(error_at(line, "yaml_tag", &self.pointer(), message));
            }
        };
        let pointer = self.place(line)?;
        self.put(value, &pointer, line);
        Ok(())
    }

    fn begin(&mut self, content: Content, line: usize) -> Result<(), Finding> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("The text is nested deeper than {MAX_DEPTH} levels. Write it flatter.");
            return Err(error_at(line, "too_deep", &self.pointer(), message));
        }
        if let Some(Open { content: Content::Mapping { key: None, .. }, pointer, .. }) = self.open.last() {
            return Err(error_at(line, "bad_yaml", pointer, "A key must be text, not a mapping or a list."));
        }
        let pointer = self.place(line)?;
        self.open.push(Open { pointer, line, content });
        Ok(())
    }

    fn end(&mut self) {
        let Some(Open { pointer, line, content }) = self.open.pop() else { return };
        let value = match content {
            Content::Mapping { fields, .. } => Value::Object(fields),
            Content::List(items) => Value::Array(items),
        };
        self.put(value, &pointer, line);
    }

    /// The pointer of the value that begins now; remembers its line (for a field, the line of its key).
    fn place(&mut self, line: usize) -> Result<String, Finding> {
        self.values += 1;
        if self.values > MAX_VALUES {
            let message = format!("The text has more than {MAX_VALUES} values. Split it into several files.");
            return Err(error_at(line, "too_many_values", &self.pointer(), message));
        }
        let (pointer, line) = match self.open.last() {
            None => (String::new(), line),
            Some(Open { pointer, content: Content::List(items), .. }) => (format!("{pointer}/{}", items.len()), line),
            Some(Open { pointer, content: Content::Mapping { key, .. }, .. }) => {
                let (key, line) = key.as_ref().map_or(("", line), |(key, line)| (key.as_str(), *line));
                (format!("{pointer}/{}", escaped(key)), line)
            }
        };
        self.current.lines.entry(pointer.clone()).or_insert(u32::try_from(line).unwrap_or(u32::MAX));
        Ok(pointer)
    }

    fn put(&mut self, value: Value, pointer: &str, line: usize) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.current.value = value,
            Some(Content::List(items)) => items.push(value),
            Some(Content::Mapping { fields, key }) => {
                let (key, line) = key.take().unwrap_or((String::new(), line));
                if fields.contains_key(&key) {
                    let message = format!("`{key}` stands here twice. Keep one of them.");
                    self.findings.push(error_at(line, "duplicate_key", pointer, message));
                } else {
                    fields.insert(key, value);
                }
            }
        }
    }

    fn pointer(&self) -> String {
        self.open.last().map(|open| open.pointer.clone()).unwrap_or_default()
    }
}

/// What an unquoted word means in the YAML 1.2 core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+')).map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')).map(Number::from);
    }
    // Rust reads `inf`, `nan` and `1_000` differently from YAML; only these characters can make a number.
    let numeric = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    if !numeric || !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}
