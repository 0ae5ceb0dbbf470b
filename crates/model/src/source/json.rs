//! JSON: `serde_json` judges and reads it, a second pass over the valid text finds lines and repeated keys.

use serde_json::Value;

use super::{MAX_DEPTH, MAX_VALUES, Positioned, error_at, escaped};
use crate::finding::Finding;

pub(super) fn read(text: &str) -> (Vec<Positioned>, Vec<Finding>) {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let message = format!("This is not valid JSON: {error}.");
            return (Vec::new(), vec![error_at(error.line(), "bad_json", "", message)]);
        }
    };
    let mut scan = Scan { text: text.as_bytes(), at: 0, line: 1, found: Positioned::default(), findings: Vec::new() };
    match scan.value("", 0) {
        Ok(()) => (vec![Positioned { value, ..scan.found }], scan.findings),
        Err(fatal) => {
            scan.findings.push(fatal);
            (Vec::new(), scan.findings)
        }
    }
}

/// Walks text that is known to be valid JSON.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    found: Positioned,
    findings: Vec<Finding>,
}

impl Scan<'_> {
    fn value(&mut self, pointer: &str, depth: usize) -> Result<(), Finding> {
        self.skip_space();
        if depth > MAX_DEPTH {
            let message = format!("The text is nested deeper than {MAX_DEPTH} levels. Write it flatter.");
            return Err(error_at(self.line, "too_deep", pointer, message));
        }
        if self.found.lines.len() >= MAX_VALUES {
            let message = format!("The text has more than {MAX_VALUES} values. Split it into several files.");
            return Err(error_at(self.line, "too_many_values", pointer, message));
        }
        let line = u32::try_from(self.line).unwrap_or(u32::MAX);
        self.found.lines.entry(pointer.to_owned()).or_insert(line);
        match self.peek() {
            Some(b'{') => self.object(pointer, depth),
            Some(b'[') => self.list(pointer, depth),
            Some(b'"') => {
                self.string();
                Ok(())
            }
            _ => {
                while self.peek().is_some_and(|c| !matches!(c, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r')) {
                    self.at += 1;
                }
                Ok(())
            }
        }
    }

    fn object(&mut self, pointer: &str, depth: usize) -> Result<(), Finding> {
        self.at += 1;
        let mut seen = std::collections::HashSet::new();
        while self.another(b'}') {
            let key = self.string();
            let field = format!("{pointer}/{}", escaped(&key));
            if !seen.insert(key.clone()) {
                let message = format!("`{key}` stands here twice. Keep one of them.");
                self.findings.push(error_at(self.line, "duplicate_key", &field, message));
            }
            self.skip_space();
            self.at += 1; // the colon
            self.value(&field, depth + 1)?;
        }
        Ok(())
    }

    fn list(&mut self, pointer: &str, depth: usize) -> Result<(), Finding> {
        self.at += 1;
        let mut index = 0;
        while self.another(b']') {
            self.value(&format!("{pointer}/{index}"), depth + 1)?;
            index += 1;
        }
        Ok(())
    }

    /// Whether another element follows; passes a comma, or the closing bracket.
    fn another(&mut self, close: u8) -> bool {
        self.skip_space();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.skip_space();
        }
        let more = self.peek().is_some_and(|c| c != close);
        if !more {
            self.at += 1;
        }
        more
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += if c == b'\\' { 2 } else { 1 };
            if c == b'"' {
                break;
            }
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_slice(written).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        while let Some(c) = self.peek().filter(u8::is_ascii_whitespace) {
            self.line += usize::from(c == b'\n');
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}
