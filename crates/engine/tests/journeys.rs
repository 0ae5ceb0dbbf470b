//! Journeys on a real store with a clock moved by hand.

mod support;

use support::World;

const BASICS: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
{kind: account_list, key: picked, type: static, accounts: [a-1], state: live}
---
kind: roles_template
key: crm-roles
roles:
  - {role: Decision Maker, weighting: vital, required: true, members_required: 1, when: {person: job_title, starts_with: [Chief]}}
  - {role: Influencer, weighting: normal}
state: live
---
{kind: solution_interest, key: crm, name: CRM, roles_template: crm-roles, update_existing: true, create_for: {account_list: big}}
---
kind: journey
key: first
subject: account
audience: {account_list: big}
end: 2027-06-30T00:00:00Z
entry: score
nodes:
  score: {type: action, on: people, action: change_score, score: interest, change: "+5", next: pause}
  pause: {type: wait, duration: 3d, next: size}
  size:
    type: split
    by: account
    paths:
      - {label: Large, when: {account: employees, at_least: 800}, next: list}
    other: {next: box}
  list: {type: action, on: account, action: add_to_account_list, list: picked, next: join}
  box:
    type: split
    by: person
    paths:
      - {label: Chiefs, when: {person: job_title, starts_with: Chief}, actions: [{id: c1, action: change_score, score: interest, change: "=50"}]}
    next: join
  join: {type: merge, next: role}
  role: {type: action, on: people, action: assign_to_buying_group, solution_interest: crm, role: Influencer, next: null}
"#;

#[test]
fn a_journey_walks_its_accounts_to_the_end_and_counts_every_one() {
    let world = World::embedded("2026-12-01T09:00:00Z").with_people(10, 3);
    world.apply(BASICS);
    world.run();
    assert_eq!(
        world.one("SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = 'big'"),
        5
    );
    assert_eq!(world.one("SELECT COUNT(*) FROM buying_group"), 5);
    assert_eq!(world.one("SELECT COUNT(*) FROM group_member WHERE NOT removed"), 5);
    world.publish("first");
    world.run();
    let counts = world.counts("first");
    assert_eq!(counts["trips entered"], 5);
    assert_eq!(counts["score done"], 15);
    assert_eq!(counts["pause reached"], 5);
    assert_eq!(counts.get("pause left"), None);
    world.run_at("2026-12-04T09:00:00Z");
    let counts = world.counts("first");
    insta::assert_debug_snapshot!(counts, @"");
}
