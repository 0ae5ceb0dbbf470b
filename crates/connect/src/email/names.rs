//! The names that templates use, and what was probably meant by one that there is not.

use caravan_model::template::{self, ObjectRead};

use super::content::Attributes;

/// The namespaces that a snapshot has.
const NAMESPACES: [&str; 7] = ["person", "account", "buying_group", template::OBJECTS, "condition", "system", "my"];

/// Why a path cannot be used, if it cannot: a code and a sentence.
pub fn unknown(path: &str, attributes: &Attributes) -> Option<(&'static str, String)> {
    let (namespace, name) = path.split_once('.').unwrap_or((path, ""));
    if attributes.contains(path) {
        return None;
    }
    if !NAMESPACES.contains(&namespace) {
        let known = NAMESPACES.join("`, `");
        return Some(("attribute_unknown", format!("There is no `{path}`; a value begins with one of `{known}`.")));
    }
    if name.is_empty() {
        let why = format!("`{namespace}` as a whole cannot be used; name the attribute, like `{namespace}.name`.");
        return Some(("attribute_not_named", why));
    }
    let why = match nearest(name, attributes.names_in(namespace)) {
        Some(near) => format!("There is no attribute `{path}`; did you mean `{namespace}.{near}`?"),
        None if !attributes.has_namespace(namespace) => {
            format!("There is no attribute `{path}`; `{namespace}` has none here.")
        }
        None => format!("There is no attribute `{path}`; check its spelling or declare it."),
    };
    Some(("attribute_unknown", why))
}

/// Why a field of records cannot be used, if it cannot. An object that is not known at all is told of as a reference.
pub fn unknown_field(read: &ObjectRead, attributes: &Attributes) -> Option<String> {
    let object = format!("{}.{}", template::OBJECTS, read.object);
    let field = read.field.as_deref()?;
    if !attributes.contains(&object) || attributes.contains(&read.path()) {
        return None;
    }
    Some(match nearest(field, attributes.names_in(&object)) {
        Some(near) => format!("Records of `{}` have no field `{field}`; did you mean `{near}`?", read.object),
        None => format!("Records of `{}` have no field `{field}`; check its spelling or declare it.", read.object),
    })
}

/// The known name that differs least, when it is near enough to be meant.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (distance(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, known)| known)
}

/// How many characters must be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(100).enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let (Some(&diagonal), Some(&above), Some(&left)) = (row.get(j), row.get(j + 1), next.last()) else { break };
            next.push((diagonal + usize::from(from != *to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Whether a character may stand in a name.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What follows each use of `path` in an expression; not of something that only begins or ends like it.
pub fn uses<'a>(code: &'a str, path: &str) -> Vec<&'a str> {
    let after = code.match_indices(path).filter_map(|(at, _)| {
        let before = code.get(..at)?.chars().next_back();
        let after = code.get(at + path.len()..)?;
        let whole = !before.is_some_and(|c| is_word(c) || c == '.') && !after.chars().next().is_some_and(is_word);
        whole.then_some(after)
    });
    after.collect()
}

/// The words that follow right after `mark`.
pub fn words_after<'a>(code: &'a str, mark: &str) -> Vec<&'a str> {
    let word = |rest: &'a str| rest.trim_start().split(|c: char| !is_word(c)).next().filter(|word| !word.is_empty());
    let after = code.split(mark).skip(1).map(|rest| rest.trim_start());
    after.map(|rest| rest.strip_prefix("not ").unwrap_or(rest)).filter_map(word).collect()
}
