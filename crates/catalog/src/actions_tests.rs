//! What each action decides, in the words of the domain.

use serde_json::json;

use crate::action::Outcome::{self, Done, NoOp};
use crate::changes::Command;
use crate::testing::{JOURNEY, Scene, account, definitions, now, refused, refused_with, with_definition};
use crate::world::PastActivity;
use crate::world::Source::{Journey, Manual, System};
use caravan_model::document::DocumentKind;
use caravan_model::journey::LastTrip;
use caravan_model::{AccountId, DocumentId, EnrollmentId, PersonId, Shard};
use jiff::SignedDuration;

fn acme() -> Scene {
    account("acme").people(2).world()
}

#[test]
fn an_attribute_is_changed_once_and_told_with_old_and_new() {
    let mut scene = acme();
    let settings = json!({"attribute": "industry", "value": "Software"});
    assert_eq!(scene.run("update_account", settings.clone()), [Done]);
    assert_eq!(scene.run("update_account", settings), [NoOp("unchanged")]);
    let told = r#"account_changed {"attribute":"industry","old":null,"new":"Software","source":"journey:nurture"}"#;
    assert_eq!(scene.told(), [told]);
    assert_eq!(scene.run("update_account", json!({"attribute": "industry", "value": null})), [Done], "and cleared");
}

#[test]
fn a_renamed_account_is_known_by_its_new_name() {
    let mut scene = acme();
    scene.run("update_account", json!({"attribute": "name", "value": "Acme Ltd"}));
    assert_eq!(scene.world.account(0).name, "Acme Ltd");
}

#[test]
fn attributes_that_cannot_be_written_are_refused() {
    let of = |key, value: serde_json::Value| refused("update_account", json!({"attribute": key, "value": value}));
    assert_eq!(of("key", json!("x")), ["attribute_not_updatable /attribute"]);
    assert_eq!(of("industri", json!("x")), ["unknown_attribute /attribute"]);
    assert_eq!(of("employees", json!("many")), ["wrong_value_type /value"]);
    assert_eq!(of("name", json!(null)), ["required /value"]);
    let opt_in = json!({"attribute": "unsubscribed", "value": false});
    assert_eq!(refused("update_person", opt_in), ["attribute_not_updatable /attribute"]);
}

#[test]
fn people_are_changed_one_by_one() {
    let mut scene = acme();
    let settings = json!({"attribute": "status", "value": "Engaged"});
    assert_eq!(scene.run("update_person", settings), [Done, Done]);
    assert_eq!(scene.world.changes.person_values.len(), 2);
    assert_eq!(scene.told().len(), 2);
}

#[test]
fn a_missing_score_counts_as_nothing() {
    let mut scene = acme();
    assert_eq!(scene.run("change_score", json!({"score": "interest", "change": "=0"}))[0], NoOp("unchanged"));
    assert_eq!(scene.run("change_score", json!({"score": "interest", "change": "-10"}))[0], Done);
    assert_eq!(scene.world.score(0, DocumentId(6)), -10);
    assert_eq!(scene.told()[0], r#"score_changed {"score":"interest","old":0,"new":-10}"#);
}

#[test]
fn moments_are_told_every_time() {
    let mut scene = acme();
    let settings = json!({"moment": "web", "description": "Read the price list"});
    scene.run("account_interesting_moment", settings.clone());
    scene.run("person_interesting_moment", settings);
    scene.run("account_interesting_moment", json!({"moment": "email"}));
    let fields = r#"{"moment":"web","description":"Read the price list"}"#;
    assert_eq!(
        scene.told(),
        [
            format!("account_interesting_moment {fields}"),
            format!("interesting_moment {fields}"),
            format!("interesting_moment {fields}"),
            r#"account_interesting_moment {"moment":"email"}"#.to_owned(),
        ]
    );
}

#[test]
fn tv_f6_lists_take_nobody_twice() {
    let mut scene = acme();
    let settings = json!({"list": "hand-picked"});
    assert_eq!(scene.run("remove_from_account_list", settings.clone()), [NoOp("not_in_list")]);
    assert_eq!(scene.run("add_to_account_list", settings.clone()), [Done]);
    assert_eq!(scene.run("add_to_account_list", settings.clone()), [NoOp("already_in_list")]);
    assert_eq!(scene.run("remove_from_account_list", settings), [Done]);
    assert_eq!(refused("add_to_account_list", json!({"list": "enterprise"})), ["list_not_static /list"]);
}

#[test]
fn people_join_the_group_once_and_completeness_follows() {
    let mut scene = account("acme").people(2).group().world();
    let settings = json!({"solution_interest": "crm", "role": "Influencer"});
    assert_eq!(scene.run("assign_to_buying_group", settings.clone()), [Done, Done]);
    assert_eq!(scene.members(), ["1 Influencer journey", "2 Influencer journey"]);
    assert_eq!(scene.run("assign_to_buying_group", settings), [NoOp("already_member"), NoOp("already_member")]);
    let assigned = r#"assigned_to_buying_group {"solution_interest":"crm","role":"Influencer","source":"journey"}"#;
    assert_eq!(
        scene.told(),
        [
            assigned,
            r#"completeness_changed {"solution_interest":"crm","old":null,"new":25.0}"#,
            assigned,
            r#"completeness_changed {"solution_interest":"crm","old":25.0,"new":50.0}"#,
        ]
    );
    assert!(scene.world.changes.activities.iter().all(|told| told.account == Some(AccountId(1))));
}

#[test]
fn what_a_hand_decided_stays() {
    let mut scene = account("acme").people(1).member(1, "Decision Maker", Manual).world();
    let settings = json!({"solution_interest": "crm", "role": "Influencer"});
    assert_eq!(scene.run("assign_to_buying_group", settings), [NoOp("decided_by_hand")]);
    let settings = json!({"solution_interest": "crm"});
    assert_eq!(scene.run("remove_from_buying_group", settings), [NoOp("decided_by_hand")]);
    assert!(scene.told().is_empty());
}

#[test]
fn members_leave_once() {
    let mut scene = account("acme").people(2).member(1, "Decision Maker", System).world();
    let settings = json!({"solution_interest": "crm"});
    assert_eq!(scene.run("remove_from_buying_group", settings.clone()), [Done, NoOp("not_member")]);
    assert_eq!(scene.run("remove_from_buying_group", settings), [NoOp("not_member"), NoOp("not_member")]);
    assert!(scene.group().members[0].removed, "kept, but marked");
}

#[test]
fn without_a_group_nothing_is_done() {
    let mut scene = acme();
    let none: Outcome = NoOp("no_buying_group");
    let crm = "crm";
    let role = json!({"solution_interest": crm, "role": "Influencer"});
    assert_eq!(scene.run("assign_to_buying_group", role)[0], none);
    assert_eq!(scene.run("remove_from_buying_group", json!({"solution_interest": crm}))[0], none);
    let stage = json!({"solution_interest": crm, "stage": "Aware"});
    assert_eq!(scene.run("update_buying_group_stage", stage)[0], none);
    let status = json!({"solution_interest": crm, "status": "Hot"});
    assert_eq!(scene.run("update_buying_group_status", status)[0], none);
}

#[test]
fn a_role_that_the_template_lost_stops_publishing_but_not_what_runs() {
    let settings = json!({"solution_interest": "crm", "role": "Influenser"});
    assert_eq!(refused("assign_to_buying_group", settings.clone()), ["role_not_in_template /role"]);
    let running = definitions().with_frozen("{}");
    let outcomes = account("acme").people(1).group().world().run_with("assign_to_buying_group", settings, &running);
    assert_eq!(outcomes, [NoOp("role_not_in_template")]);
}

#[test]
fn tv_s4_tv_s5_only_allowed_moves_happen() {
    let mut scene = account("acme").group().world();
    let mut to = |stage: &str| {
        scene.run("update_buying_group_stage", json!({"solution_interest": "crm", "stage": stage}))[0].clone()
    };
    assert_eq!(to("Engaged"), NoOp("transition_not_allowed"), "TV-S4");
    assert_eq!(to("Aware"), Done);
    assert_eq!(to("Aware"), NoOp("already_in_stage"));
    assert_eq!(to("Engaged"), Done);
    assert_eq!(to("Aware"), NoOp("transition_not_allowed"), "TV-S5");
    assert_eq!(
        scene.told(),
        [
            r#"buying_group_stage_changed {"solution_interest":"crm","old":null,"new":"Aware"}"#,
            r#"buying_group_stage_changed {"solution_interest":"crm","old":"Aware","new":"Engaged"}"#,
        ]
    );
    let unknown = json!({"solution_interest": "crm", "stage": "Engagd"});
    assert_eq!(refused("update_buying_group_stage", unknown), ["unknown_stage /stage"]);
}

#[test]
fn tv_s15_a_status_has_one_to_fifty_characters() {
    let status =
        |text: &str| refused("update_buying_group_status", json!({"solution_interest": "crm", "status": text}));
    assert_eq!(status(&"é".repeat(51)), ["too_long /status"]);
    assert!(status(&"é".repeat(50)).is_empty());
    assert_eq!(status("  "), ["too_short /status"]);
    let mut scene = account("acme").group().world();
    scene.run("update_buying_group_status", json!({"solution_interest": "crm", "status": " Hot "}));
    assert_eq!(scene.group().status.as_deref(), Some("Hot"));
}

#[test]
fn an_account_enters_another_journey_once() {
    let mut scene = acme();
    let settings = json!({"journey": "win-back"});
    assert_eq!(scene.run("add_to_journey", settings.clone()), [Done]);
    assert_eq!(scene.run("add_to_journey", settings.clone()), [NoOp("already_inside")], "it is on its way");
    let enter = Command::EnterAccount { journey: DocumentId(7), account: AccountId(1), chain: 2 };
    assert_eq!(scene.world.changes.commands, [enter]);
    let inside = account("acme").trip(7, true).world().run("add_to_journey", settings.clone());
    assert_eq!(inside, [NoOp("already_inside")]);
    let was_there = account("acme").trip(7, false).world().run("add_to_journey", settings);
    assert_eq!(was_there, [NoOp("no_reentry")]);
}

#[test]
fn an_account_enters_another_journey_again_by_its_rule() {
    let rule = json!({"subject": "account", "reentry": {"after": "end", "delay": "1h", "limit": 3}});
    let again = with_definition(DocumentKind::Journey, "win-back", rule);
    let ended = |entry, minutes: i64| {
        let ended_at = Some(now() - SignedDuration::from_mins(minutes));
        let last = LastTrip { entry, entered_at: now() - SignedDuration::from_hours(9), ended_at };
        account("acme").last_trip(7, last).world().run_with("add_to_journey", json!({"journey": "win-back"}), &again)
    };
    assert_eq!(ended(1, 60), [Done]);
    assert_eq!(ended(1, 59), [NoOp("reentry_too_early")]);
    assert_eq!(ended(3, 60), [NoOp("no_reentry")]);
}

#[test]
fn a_chain_of_journeys_ends() {
    let mut scene = acme();
    scene.chain = 10;
    assert_eq!(scene.run("add_to_journey", json!({"journey": "win-back"})), [NoOp("journey_chain_too_long")]);
    let people = scene.run("add_person_to_journey", json!({"journey": "onboarding"}));
    assert_eq!(people[0], NoOp("journey_chain_too_long"));
}

#[test]
fn a_target_must_be_live_to_publish_and_may_be_closed_later() {
    let settings = json!({"journey": "old"});
    assert_eq!(refused("add_to_journey", settings.clone()), ["not_live /journey"]);
    assert!(
        refused_with("add_to_journey", settings.clone(), &definitions().as_if_live(&["old".to_owned()])).is_empty()
    );
    let running = definitions().with_frozen("{}");
    assert_eq!(acme().run_with("add_to_journey", settings, &running), [NoOp("target_not_live")]);
    assert_eq!(refused("add_to_journey", json!({"journey": "onboarding"})), ["wrong_subject /journey"]);
    assert_eq!(refused("add_person_to_journey", json!({"journey": "win-back"})), ["wrong_subject /journey"]);
}

#[test]
fn a_trip_ends_itself_and_others() {
    let mut scene = account("acme").trip(7, true).world();
    assert_eq!(scene.run("remove_from_journey", json!({"journey": "win-back"})), [Done]);
    assert_eq!(scene.run("remove_from_journey", json!({"journey": "win-back"})), [NoOp("not_inside")]);
    assert_eq!(scene.run("remove_from_journey", json!({"journey": "nurture"})), [Done]);
    assert_eq!(
        scene.world.changes.commands,
        [
            Command::RemoveAccount { journey: DocumentId(7), account: AccountId(1) },
            Command::EndTrip { enrollment: EnrollmentId(77) },
        ]
    );
    assert_eq!(scene.visit().journey, JOURNEY);
}

#[test]
fn people_are_asked_for_at_their_own_shard() {
    let mut scene = account("acme").people(1).world();
    assert_eq!(scene.run("add_person_to_journey", json!({"journey": "onboarding"})), [Outcome::Pending]);
    assert_eq!(scene.run("remove_person_from_journey", json!({"journey": "onboarding"})), [Outcome::Pending]);
    let (node, journey, person, shard) = (scene.visit().node, DocumentId(8), PersonId(1), Shard::of_key("acme-1"));
    assert_eq!(
        scene.world.changes.commands,
        [
            Command::EnterPerson { node, journey, person, shard, chain: 2 },
            Command::RemovePerson { node, journey, person, shard },
        ]
    );
}

#[test]
fn a_journey_keeps_its_members_from_the_rules() {
    let mut scene = account("acme").people(1).member(1, "Influencer", System).world();
    let settings = json!({"solution_interest": "crm", "role": "Influencer"});
    assert_eq!(scene.run("assign_to_buying_group", settings), [NoOp("already_member")]);
    assert_eq!(scene.group().members[0].source, Journey);
}

#[test]
fn an_email_copies_exactly_what_its_templates_name() {
    let mut scene = account("acme").people(1).with("city", "Bern").world();
    assert_eq!(scene.run("send_email", json!({"email": "welcome"})), [Outcome::Pending]);
    let effect = &scene.world.changes.effects[0];
    assert_eq!((effect.lane.as_str(), effect.kind, effect.key.as_str()), ("email:mail", "email", "enr_77.3.per_1"));
    let body: serde_json::Value = serde_json::from_str(&effect.body).unwrap();
    assert_eq!(
        body,
        json!({
            "email": "welcome", "connection": "mail", "journey": "nurture", "node": 3,
            "to": "p1@acme.example", "person": "acme-1", "account": "acme",
            "values": {
                "person": {"first_name": "First1"},
                "account": {"name": "Acme", "city": "Bern"},
                "system": {"organisation": "Caravan Works", "postal_address": "1 Road, Town"},
            },
        })
    );
    scene.run("update_account", json!({"attribute": "city", "value": "Basel"}));
    assert!(scene.world.changes.effects[0].body.contains("Bern"), "a later change does not reach it");
}

#[test]
fn an_email_that_names_what_there_is_not_is_refused() {
    let with = |subject: &str| {
        let email = json!({"connection": "mail", "subject": subject, "body": {"html": "x"}});
        let all = with_definition(DocumentKind::Email, "welcome", email);
        refused_with("send_email", json!({"email": "welcome"}), &all)
    };
    assert_eq!(with("{{ person.frist_name }}"), ["unknown_attribute /email"]);
    assert_eq!(with("{{ persn.first_name }}"), ["unknown_attribute /email"]);
    assert_eq!(with("{{ person }}"), ["attribute_not_named /email"]);
    assert_eq!(with("{{ system.dat }}"), ["unknown_attribute /email"]);
    assert_eq!(with("{{ person.first_name"), ["template_syntax /email"]);
    assert!(with("{{ person.first_name }} {{ system.unsubscribe_url }} {{ system.date }}").is_empty());
}

#[test]
fn an_email_is_ours_or_of_marketo() {
    let marketo = json!({"connection": "mail", "workspace": "w", "marketo_email": "e"});
    assert_eq!(refused("send_email", marketo), ["wrong_connection_type /connection"]);
    assert_eq!(refused("send_email", json!({})), ["not_exactly_one /email"]);
    assert_eq!(refused("send_email", json!({"email": "welcome", "workspace": "w"})), ["not_exactly_one /email"]);
    assert_eq!(refused("send_email", json!({"email": "welcom"})), ["unknown_reference /email"]);
}

#[test]
fn calls_of_marketo_with_the_same_target_share_a_lane_and_carry_the_address() {
    let mut scene = account("acme").people(2).world();
    let email = json!({"connection": "mkto", "workspace": "EU", "marketo_email": "Hello"});
    assert_eq!(scene.run("send_email", email), [Outcome::Pending, Outcome::Pending]);
    assert_eq!(scene.run("marketo_add_to_list", json!({"connection": "mkto", "list": "VIP"})).len(), 2);
    let effects = &scene.world.changes.effects;
    let lanes: Vec<&str> = effects.iter().map(|effect| effect.lane.as_str()).collect();
    let by_email = r#"marketo_send_email:mkto:{"workspace":"EU","email":"Hello"}"#;
    let by_list = r#"marketo_add_to_list:mkto:{"list":"VIP"}"#;
    assert_eq!(lanes, [by_email, by_email, by_list, by_list]);
    let call: crate::effects::CallEffect = serde_json::from_str(&effects[0].body).unwrap();
    assert_eq!((call.connection.as_str(), call.subject), ("mkto", json!({"email": "p1@acme.example"})));
}

#[test]
fn a_message_tells_the_time_where_its_reader_is() {
    let email =
        json!({"connection": "mail", "subject": "{{ system.date_time }}", "body": {"html": "{{ system.time }}"}});
    let all = with_definition(DocumentKind::Email, "welcome", email);
    let mut scene = account("acme").people(1).with("time_zone", "Asia/Tokyo").world();
    scene.run_with("send_email", json!({"email": "welcome"}), &all);
    let body: serde_json::Value = serde_json::from_str(&scene.world.changes.effects[0].body).unwrap();
    assert_eq!(body["values"]["system"]["date_time"], "2026-12-01T18:00+09:00");
    assert_eq!(body["values"]["system"]["time"], "18:00");
}

#[test]
fn a_sales_alert_shows_the_group_and_its_first_four_members() {
    let built = account("acme").with("owner_email", "owner@seller.example").people(5).person("VP Sales");
    let members = (1..=5).fold(built, |built, no| built.member(no, "Champion", System));
    let mut scene = members.member(6, "Decision Maker", Manual).world();
    let settings = json!({"solution_interest": "crm", "to": ["owner", "desk@example.com", "OWNER@seller.example"]});
    assert_eq!(scene.run("send_sales_alert", settings), [Outcome::Pending]);
    let effect = &scene.world.changes.effects[0];
    assert_eq!((effect.kind, effect.key.as_str(), effect.person), ("sales_alert", "enr_77.3", None));
    let alert: crate::effects::SalesAlertEffect = serde_json::from_str(&effect.body).unwrap();
    assert_eq!(alert.group, "CRM for Acme");
    assert_eq!(alert.to, ["owner@seller.example", "desk@example.com"]);
    assert_eq!(alert.missing_roles, ["Influencer"]);
    let shown: Vec<String> = alert.members.iter().map(|m| format!("{} {}", m.name, m.role)).collect();
    assert_eq!(
        shown,
        ["First6 Last6 Decision Maker", "First1 Last1 Champion", "First2 Last2 Champion", "First3 Last3 Champion"]
    );
    assert_eq!(alert.members[0].title.as_deref(), Some("VP Sales"));
    assert_eq!((alert.group_id.as_deref(), alert.organisation.as_deref()), (Some("grp_1"), Some("Caravan Works")));
}

#[test]
fn a_sales_alert_shows_the_most_engaged_first_and_what_they_read_about() {
    let members = (1..=5).fold(account("acme").people(5), |built, no| built.member(no, "Champion", System));
    let mut scene = members.world();
    for (no, engagement) in [(1, 12.5), (2, 80.0), (3, 80.0), (4, 0.0), (5, 41.4)] {
        let ix = scene.world.person_ix(PersonId(no)).unwrap();
        scene.world.person_mut(ix).engagement = Some(engagement);
    }
    let now = scene.world.now;
    let mut did = |no, kind: &str, fields: serde_json::Value| {
        let ix = scene.world.person_ix(PersonId(no)).unwrap();
        let past = PastActivity { kind: kind.into(), at: now, account: None, fields: fields.into() };
        scene.world.person_mut(ix).history.push(past);
    };
    did(3, "page_viewed", json!({"url": "https://acme.example/pricing/enterprise?utm_source=spring"}));
    did(3, "email_clicked", json!({"email": "spring-webinar", "url": "https://acme.example/pricing"}));
    did(2, "form_filled", json!({"form": "Webinar 2026"}));
    let settings = json!({"solution_interest": "crm", "to": ["desk@example.com"]});
    assert_eq!(scene.run("send_sales_alert", settings), [Outcome::Pending]);
    let alert: crate::effects::SalesAlertEffect = serde_json::from_str(&scene.world.changes.effects[0].body).unwrap();
    let shown: Vec<(&str, Option<f64>)> = alert.members.iter().map(|m| (m.name.as_str(), m.engagement)).collect();
    assert_eq!(
        shown,
        [
            ("First3 Last3", Some(80.0)),
            ("First2 Last2", Some(80.0)),
            ("First5 Last5", Some(41.4)),
            ("First1 Last1", Some(12.5))
        ],
        "among equals who did more"
    );
    assert_eq!(alert.topics, ["pricing", "webinar", "enterprise", "spring"]);
}

#[test]
fn a_sales_alert_needs_a_group_and_somebody_to_read_it() {
    let to_owner = json!({"solution_interest": "crm", "to": ["owner"]});
    assert_eq!(acme().run("send_sales_alert", to_owner.clone()), [NoOp("no_buying_group")]);
    let mut scene = account("acme").group().world();
    assert_eq!(scene.run("send_sales_alert", to_owner), [NoOp("no_recipient")]);
    let wrong = |to| refused("send_sales_alert", json!({"solution_interest": "crm", "to": [to]}));
    assert_eq!(wrong("desk"), ["bad_address /to/0"]);
    assert_eq!(refused("send_sales_alert", json!({"solution_interest": "crm", "to": []})), ["too_few /to"]);
}
