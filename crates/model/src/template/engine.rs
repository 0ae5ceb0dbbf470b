//! The template engine as messages use it: what is escaped, what a missing value becomes, how much work is allowed.

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter};

use super::filters::{FILTERS, is_missing};

/// Budget of one part's rendering: about as many instructions, or 64 bytes of output each.
const FUEL: u64 = 100_000;
/// Names of templates that put out HTML start so; every other part is plain text.
pub const HTML_PREFIX: &str = "html";

/// An engine without templates.
pub fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(50);
    env.set_debug(false);
    env.set_undefined_behavior(UndefinedBehavior::Chainable);
    env.set_auto_escape_callback(|name| match name.starts_with(HTML_PREFIX) {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    env.set_formatter(put_out);
    // Each would let a value into the mail unescaped, or show what is inside of us.
    for filter in ["safe", "tojson", "format", "pprint"] {
        env.remove_filter(filter);
    }
    env.remove_global("debug");
    env.add_filter("default", default);
    env.add_filter("d", default);
    env.add_filter("url_part", |value: Value| url_encoded(&shown(&value), "/:@!$&'()*+,;=?"));
    for filter in FILTERS {
        filter.add_to(&mut env);
    }
    env
}

/// Puts out a value as messages do: escaped in HTML; a missing one is nothing.
///
/// # Errors
/// The engine's.
pub fn put_out(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(()),
        _ if *state.auto_escape() == AutoEscape::Html && !value.is_safe() => {
            Ok(out.write_str(&escaped(&value.to_string()))?)
        }
        _ => escape_formatter(out, state, value),
    }
}

/// The fallback for a value that is missing, empty or blank.
fn default(value: Value, fallback: Option<Value>) -> Value {
    if is_missing(&value) { fallback.unwrap_or_else(|| Value::from("")) } else { value }
}

/// Makes a text safe between tags and inside quotes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A value as it is put out; a missing one is empty.
pub(super) fn shown(value: &Value) -> String {
    if value.is_undefined() || value.is_none() { String::new() } else { value.to_string() }
}

/// Percent-encodes everything but letters, digits, `-._~` and `also`.
pub(super) fn url_encoded(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let kept = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(kept) || (byte.is_ascii() && also.contains(kept)) {
            out.push(kept);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn text(template: &str, value: Value) -> String {
        environment().render_named_str("text", template, context! { x => value }).expect(template)
    }

    #[test]
    fn missing_values_are_empty_and_have_fallbacks() {
        for missing in [Value::UNDEFINED, Value::from(()), Value::from("  ")] {
            assert_eq!(text("[{{ x | default('there') }}]", missing), "[there]");
        }
        assert_eq!(text("[{{ x }}{{ x.y.z }}{{ x | upper }}{{ x | trim }}]", Value::UNDEFINED), "[]");
        assert_eq!(text("{{ x | default('there') }}", Value::from("Ada")), "Ada");
        assert_eq!(text("{{ x | default(1) }}", Value::from(0)), "0", "zero is a value");
    }

    #[test]
    fn what_goes_into_an_address_is_encoded() {
        assert_eq!(text("{{ x | url_encode }}", Value::from(1.5)), "1.5");
        assert_eq!(text("{{ x | url_part }}", Value::UNDEFINED), "");
        assert_eq!(text("{{ x | url_encode }}", Value::from("a b&c=ü/")), "a%20b%26c%3D%C3%BC%2F");
        assert_eq!(text("{{ x | url_part }}", Value::from("a b/c#\"")), "a%20b/c%23%22");
    }

    #[test]
    fn a_template_that_never_ends_is_stopped() {
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        let error = environment().render_named_str("text", endless, ()).expect_err("stopped");
        assert_eq!(error.kind(), minijinja::ErrorKind::OutOfFuel);
    }
}
