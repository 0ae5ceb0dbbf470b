//! One account or person of two, with everything that belongs to them, on both stores; trips go on.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

use crate::support::{World, on_both_stores};
use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, import};
use caravan_engine::merge::{MergeError, Merged, merge, preview};
use caravan_model::attribute::Subject;

const STAY: &str = "
{kind: account_list, key: everybody, type: static, state: live, accounts: [a-0, a-18, a-19]}
---
kind: journey
key: stay
subject: account
audience: {account_list: everybody}
end: 2027-06-30T00:00:00Z
entry: wait
nodes:
  wait: {type: wait, duration: 7d, next: note}
  note: {type: action, on: account, action: account_interesting_moment, moment: milestone, description: went on, next: null}
";

fn take(world: &World, kind: ImportKind, file: &str) {
    let options = ImportOptions::default();
    let report = import(&world.engine, &kind, file.as_bytes(), FileFormat::Csv, &options, &mut ()).unwrap();
    assert_eq!(report.rejects, []);
}

fn unite(world: &World, subject: Subject, keep: &str, gone: &str) -> Merged {
    let told = preview(&world.engine, subject, keep, gone).unwrap();
    let done = merge(&world.engine, subject, keep, gone, "manual:test").unwrap();
    // Ending a trip is an activity of its own, which the preview cannot count.
    let comparable = |merged: &Merged| Merged { activities: 0, ..merged.clone() };
    assert_eq!(comparable(&told), comparable(&done), "the preview told what was done");
    done
}

fn texts(world: &World, sql: &str) -> Vec<String> {
    world.rows(sql, |row| row.opt_string(0).unwrap_or_else(|| "-".to_owned()))
}

on_both_stores! {
    trips_of_an_account_go_over_and_go_on(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(20, 1);
        world.apply(STAY);
        world.publish("stay");
        world.run();
        assert_eq!(world.status("stay").travellers.active, 3);
        let apart = world.one("SELECT COUNT(DISTINCT shard) FROM account WHERE key IN ('a-1', 'a-18', 'a-0', 'a-19')");
        assert!(apart > 1, "they stand in different shards");
        // a-1 never entered: the trip of a-18 goes over as it is.
        let moved = unite(&world, Subject::Account, "a-1", "a-18");
        assert_eq!((moved.trips_moved, moved.trips_ended, moved.relations, moved.lists), (1, 0, 1, 1));
        // a-0 is inside: the trip of a-19 ends, its history goes over.
        let ended = unite(&world, Subject::Account, "a-0", "a-19");
        assert_eq!((ended.trips_moved, ended.trips_ended), (1, 1));
        assert_eq!(world.status("stay").travellers.active, 2);
        world.run_at("2026-12-08T09:00:01Z");
        let status = world.status("stay");
        assert_eq!((status.travellers.active, status.nodes["note"].reached), (0, 2));
        let told = "SELECT a.key FROM activity AS v JOIN account AS a ON a.id = v.account_id
                    WHERE v.type = 'account_interesting_moment' ORDER BY a.key";
        assert_eq!(texts(&world, told), ["a-0", "a-1"]);
        assert_eq!(world.one("SELECT COUNT(*) FROM account WHERE key IN ('a-18', 'a-19')"), 0);
        assert_eq!(world.one("SELECT COUNT(*) FROM enrollment WHERE subject_id NOT IN (SELECT id FROM account)"), 0);
        // The one inside is the latest trip.
        let entries = "SELECT a.key || ' ' || CAST(e.entry AS TEXT) || ' ' || COALESCE(e.outcome, '-')
                       FROM enrollment AS e JOIN account AS a ON a.id = e.subject_id ORDER BY a.key, e.entry";
        assert_eq!(texts(&world, entries), ["a-0 1 removed", "a-0 2 completed", "a-1 1 completed"]);
    }
    values_people_children_and_streams_of_accounts_are_united(world at "2026-12-01T09:00:00Z") {
        take(&world, ImportKind::Accounts, "key,name,industry,city,parent_key\nacme,Acme,Retail,,\nacme2,ACME Inc.,Trade,Ulm,acme\nchild,Child,,,acme2\n");
        take(&world, ImportKind::People, "key,email,account_key,account_roles\nada,ada@x.example,acme,owner\nada,,acme2,owner;buyer\nbob,bob@x.example,acme2,\n");
        take(&world, ImportKind::named("opportunities"), "key,account_key,name\no1,acme2,Deal\n");
        let done = unite(&world, Subject::Account, "acme", "acme2");
        assert_eq!((done.filled.clone(), done.kept.clone()), (vec!["city".to_owned()], vec!["name".to_owned(), "industry".to_owned()]));
        assert_eq!((done.relations, done.records), (1, 1));
        let account = "SELECT a.name || '/' || a.industry || '/' || a.city || '/' || COALESCE(p.key, '-')
                       FROM account AS a LEFT JOIN account AS p ON p.id = a.parent_id ORDER BY a.key";
        assert_eq!(texts(&world, account), ["Acme/Retail/Ulm/-", "-"], "the second is the child without an industry");
        assert_eq!(texts(&world, "SELECT p.key FROM account AS a JOIN account AS p ON p.id = a.parent_id"), ["acme"]);
        let ties = "SELECT p.key || ' ' || COALESCE(CAST(r.roles AS TEXT), '-') FROM account_person AS r
                    JOIN person AS p ON p.id = r.person_id ORDER BY p.key";
        let ties: Vec<String> = texts(&world, ties).into_iter().map(|text| text.replace("\", \"", "\",\"")).collect();
        assert_eq!(ties, ["ada [\"owner\",\"buyer\"]", "bob -"]);
        assert_eq!(world.one("SELECT COUNT(*) FROM activity WHERE type = 'account_merged'"), 1);
    }
    people_are_united_and_nobody_is_opted_in(world at "2026-12-01T09:00:00Z") {
        world.apply("{kind: score, key: heat}\n---\n{kind: people_list, key: friends, type: static, state: live}\n---\n\
                     {kind: audience, key: ulm, subject: person, when: {person: city, is: Ulm}}");
        take(&world, ImportKind::Accounts, "key,name\nacme,Acme\nbeta,Beta\n");
        take(&world, ImportKind::People, "key,email,city,unsubscribed,account_key\nada,ada@x.example,,,acme\nada2,a.l@x.example,Ulm,yes,beta\n");
        world.run();
        world.happened("page_viewed", "ada2", "{}", world.clock.now());
        world.sql("INSERT INTO person_score SELECT p.id, d.id, 5 FROM person AS p CROSS JOIN document AS d WHERE d.key = 'heat'");
        world.sql("INSERT INTO list_member SELECT d.id, p.id, 'manual', 0 FROM person AS p CROSS JOIN document AS d WHERE d.key = 'friends' AND p.key = 'ada2'");
        let done = unite(&world, Subject::Person, "ada", "ada2");
        assert_eq!((done.filled.as_slice(), done.kept.as_slice()), (["city".to_owned(), "unsubscribed".to_owned()].as_slice(), ["email".to_owned()].as_slice()));
        assert_eq!((done.relations, done.scores, done.activities), (1, 1, 1));
        world.run();
        assert_eq!(texts(&world, "SELECT email || ' ' || city || CASE WHEN unsubscribed THEN ' out' ELSE '' END FROM person"), ["ada@x.example Ulm out"]);
        assert_eq!(world.one("SELECT value FROM person_score"), 10);
        let lists = "SELECT d.key FROM list_member AS m JOIN document AS d ON d.id = m.list_id
                     JOIN person AS p ON p.id = m.subject_id ORDER BY d.key";
        assert_eq!(texts(&world, lists), ["friends", "ulm"], "by hand it went over, by condition it was found");
        assert_eq!(world.one("SELECT COUNT(*) FROM activity WHERE person_id NOT IN (SELECT id FROM person)"), 0);
    }
    of_two_places_in_a_group_the_higher_source_decides(world at "2026-12-01T09:00:00Z") {
        world.apply("{kind: roles_template, key: buyers, roles: [{role: Champion, required: true}, {role: Influencer}], state: live}\n---\n\
                     {kind: solution_interest, key: crm, roles_template: buyers}\n---\n{kind: solution_interest, key: erp, roles_template: buyers}");
        take(&world, ImportKind::Accounts, "key,name\nacme,Acme\nbeta,Beta\n");
        take(&world, ImportKind::People, "key,email,account_key\nada,ada@x.example,acme\nada2,b@x.example,acme\n");
        let place = |group: i64, person: &str, role: &str, source: &str, removed: bool, at: i64| {
            world.sql(&format!("INSERT INTO group_member (group_id, person_id, role, source, removed, changed_at)
                SELECT {group}, id, '{role}', '{source}', {removed}, {at} FROM person WHERE key = '{person}'"));
        };
        for (group, account, interest) in [(1, "acme", "crm"), (2, "acme", "erp"), (3, "beta", "crm")] {
            world.sql(&format!("INSERT INTO buying_group (id, shard, account_id, interest_id, created_at, updated_at)
                SELECT {group}, a.shard, a.id, d.id, 0, 0 FROM account AS a CROSS JOIN document AS d
                WHERE a.key = '{account}' AND d.key = '{interest}'"));
        }
        place(1, "ada", "Champion", "system", false, 9);
        place(1, "ada2", "Influencer", "manual", true, 1);
        place(2, "ada", "Champion", "journey", false, 9);
        place(2, "ada2", "Influencer", "journey", false, 1);
        place(3, "ada2", "Champion", "system", false, 1);
        let done = unite(&world, Subject::Person, "ada", "ada2");
        assert_eq!((done.members_moved, done.members_decided), (1, 2));
        let places = "SELECT CAST(group_id AS TEXT) || ' ' || role || ' ' || source || CASE WHEN removed THEN ' out' ELSE '' END
                      FROM group_member ORDER BY group_id";
        assert_eq!(texts(&world, places), ["1 Influencer manual out", "2 Champion journey", "3 Champion system"]);
        // The accounts: the group of crm is united (a hand's removal stands), that of erp stays.
        let done = unite(&world, Subject::Account, "acme", "beta");
        assert_eq!((done.groups_united, done.groups_moved, done.members_decided), (1, 0, 1));
        assert_eq!(texts(&world, places), ["1 Influencer manual out", "2 Champion journey"]);
        world.run();
        assert_eq!(world.one("SELECT COUNT(*) FROM buying_group WHERE id = 2 AND completeness = 100"), 1);
    }
    what_cannot_be_merged_is_told(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(2, 1);
        let refused = |keep: &str, gone: &str| merge(&world.engine, Subject::Account, keep, gone, "manual:test").unwrap_err();
        assert!(matches!(refused("a-0", "a-0"), MergeError::Same(_)));
        assert_eq!(refused("a-0", "nobody").to_string(), "there is no account `nobody`");
        assert_eq!(world.one("SELECT COUNT(*) FROM account"), 2);
    }
}
