//! Lists whose conditions ask for each other's members: nobody could say who belongs to them.

use std::collections::{HashMap, HashSet};

use super::{Document, DocumentKind};
use crate::attribute::Schema;
use crate::finding::Finding;
use crate::journey::ActionCatalogue;

type Name<'a> = (DocumentKind, &'a str);

/// An error for each of `changing` that is a list and refers to itself, at once or by way of others of `all`.
pub fn list_circles(
    all: &[&Document],
    changing: &[&Document],
    schema: &Schema,
    catalogue: &dyn ActionCatalogue,
) -> Vec<Finding> {
    let is_list = |it: &&Document| matches!(it.kind(), DocumentKind::AccountList | DocumentKind::PeopleList);
    let lists: Vec<&Document> = all.iter().copied().filter(is_list).collect();
    let names: HashMap<(DocumentKind, String), Name<'_>> =
        lists.iter().map(|it| ((it.kind(), it.key().to_owned()), (it.kind(), it.key()))).collect();
    let mut asks: HashMap<Name<'_>, Vec<Name<'_>>> = HashMap::new();
    for list in &lists {
        for reference in list.references(schema, catalogue) {
            let asked = names.get(&(reference.kind, reference.key)).copied();
            asks.entry((list.kind(), list.key())).or_default().extend(asked);
        }
    }
    let mut findings = Vec::new();
    let told = changing.iter().copied().filter(is_list);
    for list in told.filter(|list| comes_back((list.kind(), list.key()), &asks)) {
        let message = format!(
            "The members of the list `{}` depend on themselves, by way of other lists. Take one of these tests out.",
            list.key()
        );
        let mut found = [Finding::error("list_circle", "/when", message)];
        list.locate(&mut found);
        findings.extend(found);
    }
    findings
}

fn comes_back<'a>(start: Name<'a>, asks: &HashMap<Name<'a>, Vec<Name<'a>>>) -> bool {
    let mut open: Vec<Name<'a>> = vec![start];
    let mut seen = HashSet::new();
    while let Some(name) = open.pop() {
        for &next in asks.get(&name).into_iter().flatten() {
            if next == start {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}
