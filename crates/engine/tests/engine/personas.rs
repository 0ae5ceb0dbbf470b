//! Personas on real stores: whom they take, in roles and lists.

use crate::support::{World, on_both_stores};
use caravan_engine::groups::personas;
use caravan_model::PersonId;

/// The personas that an organisation begins with.
const USUAL: &str = include_str!("../../../server/demo/personas.yaml");

const PRODUCT: &str = "
kind: persona
key: product
name: Product Management
attributes:
  - attribute: job_title
    values: [Product Manager, Sr. Product Manager, Senior Product Manager, PM, Sr. PM, Principal PM, Principal Product Manager]
";

fn titled(world: World, titles: &[&str]) -> World {
    let world = world.with_people(1, titles.len() as i64);
    for (n, title) in titles.iter().enumerate() {
        world.sql(&format!("UPDATE person SET job_title = '{title}' WHERE key = 'p-0-{n}'"));
    }
    world
}

fn derived(world: &World, person: &str) -> Option<String> {
    let id = PersonId(world.one(&format!("SELECT id FROM person WHERE key = '{person}'")));
    let find = |s: &mut dyn caravan_store::Session| {
        let live = world.engine.live(s)?;
        personas::of_person(s, &live, id)
    };
    world.engine.store().read(find).expect("a persona")
}

fn members(world: &World, list: &str) -> Vec<String> {
    world.rows(
        &format!(
            "SELECT p.key FROM list_member AS m JOIN document AS d ON d.id = m.list_id JOIN person AS p ON p.id = m.subject_id
             WHERE d.key = '{list}' ORDER BY p.key"
        ),
        |r| r.string(0),
    )
}

/// The sample as files, imported.
fn sampled(world: World) -> World {
    use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, import};
    use caravan_model::sample::{AccountRow, PersonRow, Sample};
    let sample = Sample { accounts: 120, people_per_account: 8, seed: 1 };
    let (mut accounts, mut people) = (Vec::new(), Vec::new());
    AccountRow::write_csv(sample.accounts(), &mut accounts).expect("accounts");
    PersonRow::write_csv(sample.people(), &mut people).expect("people");
    for (kind, file) in [(ImportKind::Accounts, accounts), (ImportKind::People, people)] {
        let done = import(&world.engine, &kind, file.as_slice(), FileFormat::Csv, &ImportOptions::default(), &mut ());
        assert_eq!(done.expect("an import").rejected, 0);
    }
    world
}

on_both_stores! {
    the_sample_has_somebody_of_every_usual_persona_and_of_none(world at "2026-12-01T09:00:00Z") {
        let world = sampled(world);
        world.apply(USUAL);
        let keys = world.rows("SELECT key FROM document WHERE kind = 'persona' ORDER BY key", |r| r.string(0));
        assert_eq!(keys.len(), 10);
        for key in &keys {
            world.apply(&format!("{{kind: audience, key: of-{key}, subject: person, when: {{derived_persona: {key}}}}}"));
        }
        world.run();
        let counted = |list: &str| world.one(&format!("SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = '{list}'"));
        let found: Vec<i64> = keys.iter().map(|key| counted(&format!("of-{key}"))).collect();
        let people = world.one("SELECT COUNT(*) FROM person");
        assert!(found.iter().all(|n| *n > 0), "{keys:?} {found:?}");
        assert!(found.iter().sum::<i64>() < people, "some titles are nobody's: {found:?} of {people}");
    }

    tv_p1_a_title_that_a_persona_names_is_of_it(world at "2026-12-01T09:00:00Z") {
        let world = titled(world, &["Sr. PM", "sr. pm", "Sr. PM of Sales"]);
        world.apply(PRODUCT);
        world.apply("{kind: audience, key: makers, subject: person, when: {persona: product}}");
        world.run();
        assert_eq!(members(&world, "makers"), ["p-0-0", "p-0-1"], "exactly, whatever the case");
        assert_eq!(derived(&world, "p-0-0").as_deref(), Some("product"));
        assert_eq!(derived(&world, "p-0-2"), None);
    }

    tv_p3_usual_titles_are_of_the_usual_personas(world at "2026-12-01T09:00:00Z") {
        let world = titled(world, &["CMO", "VP of Sales", "DevOps Engineer", "Legal Counsel"]);
        assert_eq!(world.apply(USUAL).created.len(), 10);
        let found: Vec<_> = (0..4).filter_map(|n| derived(&world, &format!("p-0-{n}"))).collect();
        assert_eq!(found, ["cxo-evp", "svp-vp", "developer", "professional-staff"]);
    }

    the_persona_that_asks_for_most_fits_best_and_lists_follow_personas(world at "2026-12-01T09:00:00Z") {
        let world = titled(world, &["PM", "PM"]);
        world.sql("UPDATE person SET department = 'IT' WHERE key = 'p-0-1'");
        world.apply(PRODUCT);
        world.apply("{kind: persona, key: it-product, attributes: [{attribute: job_title, values: [PM]}, {attribute: department, values: [it]}]}");
        world.apply("
{kind: audience, key: like, subject: person, when: {persona: product}}
---
{kind: audience, key: best, subject: person, when: {derived_persona: [product]}}");
        world.run();
        assert_eq!(members(&world, "like"), ["p-0-0", "p-0-1"]);
        assert_eq!(members(&world, "best"), ["p-0-0"], "the other one is of a persona that asks for more");
        world.apply("{kind: persona, key: it-product, attributes: [{attribute: job_title, values: [CIO]}, {attribute: department, values: [it]}]}");
        world.run();
        assert_eq!(members(&world, "best"), ["p-0-0", "p-0-1"], "the personas changed, nobody else");
        world.sql("UPDATE person SET department = NULL WHERE key = 'p-0-1'");
    }

    a_role_is_given_by_persona_and_a_persona_in_use_stays(world at "2026-12-01T09:00:00Z") {
        let world = titled(world, &["PM", "Clerk"]);
        world.apply(PRODUCT);
        world.apply("
{kind: roles_template, key: roles, roles: [{role: Influencer, when: {persona: product}}], state: live}
---
{kind: account_list, key: all, type: dynamic, when: {account: employees, at_least: 0}, state: live}
---
{kind: solution_interest, key: crm, roles_template: roles, update_existing: true, create_for: {account_list: all}}");
        world.run();
        assert_eq!(world.one("SELECT COUNT(*) FROM group_member WHERE NOT removed"), 1);
        world.apply(&PRODUCT.replace("[Product Manager", "[Clerk, Product Manager"));
        world.run();
        assert_eq!(world.one("SELECT COUNT(*) FROM group_member WHERE NOT removed"), 2);
        let deleted = caravan_engine::definitions::delete(&world.engine, caravan_model::document::DocumentKind::Persona, "product", None);
        assert_eq!(crate::support::codes(deleted), ["in_use"]);
    }

    tv_m7_members_who_were_removed_are_asked_for_by_themselves(world at "2026-12-01T09:00:00Z") {
        use caravan_engine::groups::by_hand::{self, Decision, Which};
        let world = titled(world, &["PM", "PM"]);
        world.apply(PRODUCT);
        world.apply("
{kind: roles_template, key: roles, roles: [{role: Influencer, when: {persona: product}}], state: live}
---
{kind: account_list, key: all, type: dynamic, when: {account: employees, at_least: 0}, state: live}
---
{kind: solution_interest, key: crm, roles_template: roles, update_existing: true, create_for: {account_list: all}}
---
{kind: audience, key: active, subject: person, when: {member_of_buying_group: {solution_interest: crm, removed: false}}}
---
{kind: audience, key: gone, subject: person, when: {member_of_buying_group: {solution_interest: crm, removed: true}}}");
        world.run();
        assert_eq!((members(&world, "active").len(), members(&world, "gone").len()), (2, 0));
        let which = Which::Of { account: "a-0".to_owned(), interest: "crm".to_owned() };
        by_hand::decide(&world.engine, &which, &Decision::Remove(vec!["p-0-1".to_owned()]), "ada").expect("removed");
        world.run();
        assert_eq!(members(&world, "active"), ["p-0-0"]);
        assert_eq!(members(&world, "gone"), ["p-0-1"]);
    }
}
