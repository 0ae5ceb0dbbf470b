//! The language of templates: the engine with our filters, and what a template reads, the values that must be copied for
//! it. Templates are minijinja's. What becomes of their text lives with the messages.

mod engine;
mod filters;
mod include;
mod objects;

use std::collections::BTreeSet;

use minijinja::Environment;

use crate::finding::Finding;

pub use engine::{HTML_PREFIX, environment, escaped, put_out};
pub use filters::{FILTERS, Filter, Group, filter, filters_markdown};
pub use include::{Include, fields, included, includes, with_fields};
pub use objects::{OBJECTS, ObjectRead, object_reads};

/// The values that a template names, as paths (`person.first_name`); what it sets itself and the engine's own names are
/// not among them. What is named in brackets (`person['first_name']`) counts as the whole (`person`). What its filters
/// read beside (the message's clock, language, zone) is, and so is every field that it reads of records
/// (`objects.opportunity.amount`).
///
/// # Errors
/// `template_syntax` or `record_as_value`, with the line within the text.
pub fn paths(source: &str) -> Result<BTreeSet<String>, Finding> {
    let env = Environment::new();
    let template = env.template_from_str(source).map_err(|error| syntax(&error))?;
    let own: Vec<&str> = assigned(source).chain(env.globals().map(|(name, _)| name)).collect();
    let root = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    let named = template.undeclared_variables(true).into_iter();
    let named = named.filter(|path| !own.contains(&root(path).as_str()) && root(path) != OBJECTS);
    let of_records = object_reads(source)?.into_iter().map(|read| read.path());
    let beside = FILTERS.iter().filter(|filter| filter.is_used_in(source)).flat_map(|filter| filter.reads);
    Ok(named.chain(of_records).chain(beside.map(|path| (*path).to_owned())).collect())
}

/// The names that `{% set %}` gives anywhere. The engine's own walk forgets those set inside a condition, which are
/// there after it.
fn assigned(source: &str) -> impl Iterator<Item = &str> {
    let statements = source.split("{%").skip(1).map(|tag| tag.trim_start_matches(['-', '+']).trim_start());
    let targets = statements.filter_map(|tag| tag.strip_prefix("set")?.strip_prefix(char::is_whitespace));
    let ends = |c: char| c == '=' || c == '%' || c == '|';
    let names = targets.flat_map(move |tag| tag.split(ends).next().unwrap_or_default().split([',', '(', ')']));
    names.map(str::trim).filter(|name| !name.is_empty())
}

fn syntax(error: &minijinja::Error) -> Finding {
    let why = error.detail().unwrap_or("it cannot be read");
    let line = error.line().and_then(|line| u32::try_from(line).ok());
    let place = line.map(|line| format!(" (line {line} of this text)")).unwrap_or_default();
    let message = format!("The template is not complete or not valid: {why}{place}.");
    Finding { line, ..Finding::error("template_syntax", "", message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> Vec<String> {
        paths(source).unwrap().into_iter().collect()
    }

    #[test]
    fn names_are_found_in_outputs_conditions_and_loops() {
        assert_eq!(named("Hello {{ person.first_name | default('there') }}"), ["person.first_name"]);
        assert_eq!(
            named("{% if account.employees > 5 %}{{ account.city }}{% endif %}"),
            ["account.city", "account.employees"]
        );
        assert_eq!(named("{% for x in account.list %}{{ x.name }}{{ loop.index }}{% endfor %}"), ["account.list"]);
        assert_eq!(named("plain"), Vec::<String>::new());
    }

    #[test]
    fn what_the_template_sets_itself_is_no_value() {
        assert_eq!(named("{% set x = person.city %}{{ x }}{{ x.y }}{{ range(3) }}"), ["person.city"]);
        assert_eq!(named("{% if my.a %}{%- set x = my.b -%}{% endif %}{{ x }}"), ["my.a", "my.b"]);
        assert_eq!(named("{% set x, y = my.pair %}{{ x }}{{ y }}{% set z %}Hi{% endset %}{{ z }}"), ["my.pair"]);
        assert_eq!(named("{% raw %}{{ nothing.here }}{% endraw %}{# {{ nor.here }} #}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_named_in_brackets_counts_as_the_whole() {
        assert_eq!(named("{{ person['first_name'] }}"), ["person"]);
        assert_eq!(named("{{ person[my.field] }}"), ["my.field", "person"]);
    }

    #[test]
    fn a_broken_template_says_where() {
        let finding = paths("one\n{{ person.first_name").unwrap_err();
        assert_eq!((finding.code.as_str(), finding.line), ("template_syntax", Some(2)));
    }
}
