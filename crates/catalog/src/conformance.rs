//! What every action must be, over the registry: a new line there is tested here.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::action::{ActionKind, Outcome, Subject};
use crate::changes::Changes;
use crate::needs::Needs;
use crate::registry::ACTIONS;
use crate::testing::{AccountBuilder, Scene, account, definitions};
use crate::world::Source::{Manual, System};

/// Icons that the app draws.
const ICONS: &[&str] = &[
    "building",
    "users",
    "user",
    "mail",
    "phone",
    "list-plus",
    "list-minus",
    "star",
    "pencil",
    "gauge",
    "bell",
    "megaphone",
    "flag",
    "route",
    "user-plus",
    "user-minus",
    "clock",
    "ear",
    "split",
    "merge",
    "webhook",
    "target",
    "tag",
    "share",
];

/// Accounts in several states; between them every action has something to do and something not to do.
fn accounts() -> Vec<AccountBuilder> {
    let owned = || account("acme").with("owner_email", "owner@seller.example");
    vec![
        owned(),
        owned().people(1),
        owned().people(3).group().trip(7, false),
        owned()
            .person("VP Sales")
            .people(2)
            .member(1, "Decision Maker", Manual)
            .member(2, "Influencer", System)
            .trip(7, true),
    ]
}

fn examples(test: impl Fn(&'static dyn ActionKind, Json)) {
    for action in ACTIONS {
        test(*action, action.example());
    }
}

/// Decides for the subjects in the order given, and returns each one's outcome in the order of subjects.
fn decide(action: &dyn ActionKind, scene: &mut Scene, backwards: bool) -> Vec<Outcome> {
    let prepared = action.prepare(&action.example(), &definitions()).ok().unwrap();
    let visit = scene.visit();
    let mut subjects = scene.subjects(action.facts().subject);
    if backwards {
        subjects.reverse();
    }
    let outcomes = subjects.into_iter().map(|subject: Subject| prepared.decide(&visit, subject, &mut scene.world));
    let mut outcomes: Vec<_> = outcomes.collect();
    if backwards {
        outcomes.reverse();
    }
    outcomes
}

/// Every change as a line, sorted.
fn lines(changes: &Changes) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(changes.account_values.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.person_values.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.scores.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.lists.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.members.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.groups.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.activities.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.effects.iter().map(|it| format!("{it:?}")));
    lines.extend(changes.commands.iter().map(|it| format!("{it:?}")));
    lines.sort();
    lines
}

#[test]
fn keys_are_unique_words_in_snake_case() {
    let mut seen = BTreeSet::new();
    for action in ACTIONS {
        let key = action.facts().key;
        assert!(seen.insert(key), "{key} twice");
        assert!(key.starts_with(|c: char| c.is_ascii_lowercase()), "{key}");
        assert!(key.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{key}");
    }
}

#[test]
fn every_action_is_documented() {
    for action in ACTIONS {
        let facts = action.facts();
        assert!(!facts.label.is_empty() && facts.description.ends_with('.'), "{}", facts.key);
        assert!(ICONS.contains(&facts.icon), "{}: the app does not draw {}", facts.key, facts.icon);
        for (code, sentence) in facts.reasons {
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_') && sentence.ends_with('.'), "{code}");
        }
        for (name, field) in crate::settings::fields(action.schema().as_value()) {
            let help = field.get("description").and_then(Json::as_str).unwrap_or_default();
            assert!(help.ends_with('.'), "{}.{name} has no help", facts.key);
        }
    }
}

#[test]
fn examples_are_right_and_say_all_that_is_required() {
    let definitions = definitions();
    examples(|action, example| {
        let key = action.facts().key;
        assert!(action.check(&example).is_empty(), "{key}");
        let found = action.prepare(&example, &definitions).err();
        assert!(found.is_none(), "{key}: {found:?}");
        for name in crate::settings::required(action.schema().as_value()) {
            let mut without = example.clone();
            without.as_object_mut().unwrap().remove(name);
            let found = action.check(&without);
            assert!(found.iter().any(|f| f.code == "missing_field" && f.pointer == format!("/{name}")), "{key}.{name}");
        }
    });
}

#[test]
fn unknown_settings_are_refused() {
    examples(|action, mut example| {
        example["surprise"] = json!(1);
        let found: Vec<String> = action.check(&example).iter().map(|f| format!("{} {}", f.code, f.pointer)).collect();
        assert_eq!(found, ["unknown_field /surprise"], "{}", action.facts().key);
    });
}

#[test]
fn wrong_settings_are_refused_and_never_a_panic() {
    let definitions = definitions();
    let long = "x".repeat(10_000);
    let wrong =
        [json!(null), json!(-1.5), json!(true), json!([[]]), json!({"a": []}), json!("\u{0}é"), json!(""), json!(long)];
    examples(|action, example| {
        for whole in &wrong {
            assert!(!action.check(whole).is_empty(), "{}: {whole}", action.facts().key);
        }
        for name in example.as_object().unwrap().keys().cloned().collect::<Vec<_>>() {
            for value in &wrong {
                let mut changed = example.clone();
                changed[&name] = value.clone();
                for finding in action.prepare(&changed, &definitions).err().unwrap_or_default() {
                    assert!(!finding.message.is_empty() && !finding.code.is_empty());
                }
            }
        }
    });
}

#[test]
fn references_lead_to_documents() {
    let definitions = definitions();
    examples(|action, example| {
        for reference in crate::settings::references(action.schema().as_value(), example.as_object().unwrap()) {
            // Roles live in their template.
            let there = reference.kind == caravan_model::document::DocumentKind::Role
                || definitions.get(reference.kind, &reference.key).is_some();
            assert!(there, "{}: {reference:?}", action.facts().key);
        }
    });
}

#[test]
fn the_same_world_gives_the_same_changes_whatever_the_order_of_people() {
    examples(|action, _| {
        for built in accounts() {
            let (mut one, mut two, mut back) = (built.clone().world(), built.clone().world(), built.world());
            let outcomes = decide(action, &mut one, false);
            assert_eq!(outcomes, decide(action, &mut two, false));
            assert_eq!(one.world.changes, two.world.changes);
            assert_eq!(outcomes, decide(action, &mut back, true), "{}", action.facts().key);
            assert_eq!(lines(&one.world.changes), lines(&back.world.changes), "{}", action.facts().key);
        }
    });
}

#[test]
fn the_second_time_nothing_is_left_to_do_or_the_same_is_done() {
    examples(|action, _| {
        for built in accounts() {
            let mut scene = built.world();
            let first = decide(action, &mut scene, false);
            let done = lines(&std::mem::take(&mut scene.world.changes)).len();
            let second = decide(action, &mut scene, false);
            let again = lines(&scene.world.changes).len();
            let nothing = second.iter().all(|outcome| matches!(outcome, Outcome::NoOp(_))) && again == 0;
            assert!(nothing || (first == second && again == done), "{}: {first:?} {second:?}", action.facts().key);
        }
    });
}

#[test]
fn every_reason_is_explained() {
    examples(|action, _| {
        for built in accounts() {
            let mut scene = built.world();
            for _ in 0..2 {
                for outcome in decide(action, &mut scene, false) {
                    if let Outcome::NoOp(reason) = outcome {
                        assert!(action.facts().reasons.iter().any(|(code, _)| *code == reason), "{reason}");
                    }
                }
            }
        }
    });
}

#[test]
fn what_was_asked_for_is_enough() {
    examples(|action, example| {
        let needs: Needs = action.prepare(&example, &definitions()).ok().unwrap().needs();
        for built in accounts() {
            let mut whole = built.clone().world();
            let mut asked = built.world_of(&needs);
            assert_eq!(decide(action, &mut whole, false), decide(action, &mut asked, false), "{}", action.facts().key);
            assert_eq!(whole.world.changes, asked.world.changes, "{}", action.facts().key);
        }
    });
}
