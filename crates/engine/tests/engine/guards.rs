//! What may be published, changed and deleted of roles, templates, stage models, interests and personas.

use crate::support::{World, codes, on_both_stores};
use caravan_engine::definitions::delete;
use caravan_model::document::DocumentKind;

const PIPELINE: &str = "
kind: stage_model
key: pipeline
stages:
  - {name: A, entry: true, to: [B, C, D]}
  - {name: B, to: [C]}
  - {name: C, to: [D, No response]}
  - {name: D, destination: success}
  - {name: No response, destination: failure, to: [Resurgence]}
  - {name: Resurgence, to: [D]}
";
const TEMPLATE: &str = "
kind: roles_template
key: crm-roles
roles:
  - {role: Decision Maker, required: true, when: {person: job_title, starts_with: [Chief]}}
  - {role: Champion, required: true}
";
const INTEREST: &str =
    "{kind: solution_interest, key: crm, roles_template: crm-roles, stage_model: pipeline, update_existing: true}";
const LIVE: &str = "state: live\n";

fn live(manifest: &str) -> String {
    format!("{manifest}{LIVE}")
}

/// Everything live, and groups for the two biggest of ten accounts.
fn furnished(world: World) -> World {
    let world = world.with_people(10, 2);
    world.apply(&live(PIPELINE));
    world.apply(&live(TEMPLATE));
    world
        .apply("{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 800}, state: live}");
    world.apply(INTEREST);
    world
}

fn interest(without_stages: bool, create: bool) -> String {
    let mut manifest = INTEREST.to_owned();
    if without_stages {
        manifest = manifest.replace(" stage_model: pipeline,", "");
    }
    if create {
        manifest = manifest.replace("update_existing", "create_for: {account_list: big}, update_existing");
    }
    manifest
}

fn try_apply(world: &World, manifest: &str) -> Vec<String> {
    codes(world.try_apply(manifest))
}

fn try_delete(world: &World, kind: DocumentKind, key: &str) -> Vec<String> {
    codes(delete(&world.engine, kind, key, None))
}

on_both_stores! {
    tv_s1_a_model_whose_failure_leads_back_is_published(world at "2026-12-01T09:00:00Z") {
        assert_eq!(try_apply(&world, &live(PIPELINE)), Vec::<String>::new());
        assert_eq!(world.one("SELECT COUNT(*) FROM document WHERE kind = 'stage_model' AND state = 'live'"), 1);
    }

    notices_leave_by_mail_alone(world at "2026-12-01T09:00:00Z") {
        world.apply("
{kind: connection, key: texts, type: twilio, settings: {account_sid: AC00000000000000000000000000000001, from: {messaging_service_sid: MG00000000000000000000000000000001}}}
---
{kind: connection, key: mail, type: smtp, settings: {host: mail.example, port: 587, security: starttls, from: {email: desk@acme.example}}}
");
        let by = |connection: &str| try_apply(&world, &format!("{{kind: settings, key: settings, organisation: Acme, notices: {{connection: {connection}}}}}"));
        assert_eq!(by("texts"), ["wrong_connection_type"]);
        assert_eq!(by("mail"), Vec::<String>::new());
    }

    tv_s2_tv_s3_an_unfinished_model_stays_a_draft(world at "2026-12-01T09:00:00Z") {
        let lost = PIPELINE.replace(", to: [C]", "");
        assert_eq!(try_apply(&world, &live(&lost)), ["stage_without_next"], "TV-S2");
        let closed = PIPELINE.replace(", entry: true", "");
        assert_eq!(try_apply(&world, &live(&closed)), ["no_entry_stage"], "TV-S3");
        let endless = PIPELINE.replace(", destination: success", ", to: [A]");
        assert_eq!(try_apply(&world, &live(&endless)), ["success_stage_count"], "TV-S3");
        assert_eq!(try_apply(&world, &lost), Vec::<String>::new(), "as a draft it is kept");
        assert_eq!(world.one("SELECT COUNT(*) FROM document WHERE kind = 'stage_model' AND state = 'draft'"), 1);
    }

    tv_s6_a_saved_stage_of_a_draft_stays(world at "2026-12-01T09:00:00Z") {
        world.apply(PIPELINE);
        let less = PIPELINE.replace("  - {name: B, to: [C]}\n", "").replace("to: [B, C, D]", "to: [C, D]");
        assert_eq!(try_apply(&world, &less), ["stage_removed"]);
        let renamed = PIPELINE.replace("{name: B,", "{name: Bee,").replace("to: [B, C, D]", "to: [Bee, C, D]");
        assert_eq!(try_apply(&world, &renamed), Vec::<String>::new(), "it may be called something else");
        let other = format!("{renamed}name: Funnel\n");
        assert_eq!(try_apply(&world, &other), ["stage_model_renamed"], "the model keeps its name");
        assert_eq!(try_delete(&world, DocumentKind::StageModel, "pipeline"), Vec::<String>::new(), "a draft may go whole");
    }

    tv_s7_a_live_model_is_fixed_and_goes_only_when_no_interest_uses_it(world at "2026-12-01T09:00:00Z") {
        let world = furnished(world);
        let other = live(&PIPELINE.replace("{name: B, to: [C]}", "{name: B, to: [C, D]}"));
        assert_eq!(try_apply(&world, &other), ["stage_model_is_live"]);
        assert_eq!(try_apply(&world, &live(PIPELINE)), Vec::<String>::new(), "the same again changes nothing");
        assert_eq!(try_delete(&world, DocumentKind::StageModel, "pipeline"), ["in_use"]);
        world.apply(&interest(true, false));
        assert_eq!(try_delete(&world, DocumentKind::StageModel, "pipeline"), Vec::<String>::new());
    }

    a_model_that_is_taken_away_leaves_groups_without_a_stage_and_with_their_history(world at "2026-12-01T09:00:00Z") {
        use caravan_engine::groups::by_hand::{self, Decision, Which};
        let world = furnished(world);
        world.apply(&interest(false, true));
        world.run();
        let which = Which::Of { account: "a-8".to_owned(), interest: "crm".to_owned() };
        by_hand::decide(&world.engine, &which, &Decision::Stage("A".to_owned()), "ada").expect("moved");
        world.apply(&interest(true, true));
        world.run();
        assert_eq!(world.one("SELECT COUNT(*) FROM buying_group WHERE stage IS NOT NULL"), 0);
        let history = "SELECT COALESCE(old_stage, '-'), COALESCE(new_stage, '-') FROM stage_change ORDER BY at, old_stage";
        let mut history = world.rows(history, |r| format!("{} {}", r.text(0), r.text(1)));
        history.sort();
        assert_eq!(history, ["- A", "A -"]);
        assert_eq!(world.one("SELECT COUNT(*) FROM activity WHERE type = 'buying_group_stage_changed'"), 2);
    }

    tv_s8_there_is_one_stage_model(world at "2026-12-01T09:00:00Z") {
        world.apply(PIPELINE);
        assert_eq!(try_apply(&world, &PIPELINE.replace("key: pipeline", "key: second")), ["second_stage_model"]);
    }

    tv_s9_an_interest_keeps_its_template(world at "2026-12-01T09:00:00Z") {
        let world = furnished(world);
        world.apply(&live(&TEMPLATE.replace("key: crm-roles", "key: others")));
        assert_eq!(try_apply(&world, &INTEREST.replace("crm-roles", "others")), ["roles_template_fixed"]);
        assert_eq!(try_apply(&world, &INTEREST.replace("true", "false")), Vec::<String>::new(), "the rest may change");
    }

    tv_s10_an_interest_in_use_stays_and_one_that_goes_keeps_its_groups_for_reports(world at "2026-12-01T09:00:00Z") {
        let world = furnished(world);
        world.apply(&interest(false, true));
        world.run();
        assert_eq!(try_delete(&world, DocumentKind::SolutionInterest, "crm"), ["in_use"], "by its job");
        world.apply(INTEREST);
        world.apply("
kind: journey
key: nurture
subject: account
audience: {account_list: big}
end: 2027-06-30T00:00:00Z
entry: stage
nodes:
  stage: {type: action, on: account, action: update_buying_group_stage, solution_interest: crm, stage: A, next: null}");
        assert_eq!(try_delete(&world, DocumentKind::SolutionInterest, "crm"), ["in_use"], "by the journey");
        assert_eq!(try_delete(&world, DocumentKind::Journey, "nurture"), Vec::<String>::new());
        assert_eq!(try_delete(&world, DocumentKind::SolutionInterest, "crm"), Vec::<String>::new());
        let groups = "SELECT archived_interest FROM buying_group WHERE archived_at IS NOT NULL";
        assert_eq!(world.rows(groups, |r| r.string(0)), ["crm", "crm"]);
        world.run();
    }

    tv_s11_a_template_is_published_with_roles_and_stays_when_live(world at "2026-12-01T09:00:00Z") {
        let empty = "\nkind: roles_template\nkey: crm-roles\nroles: []\n";
        assert_eq!(try_apply(&world, &live(empty)), ["no_roles"]);
        assert_eq!(try_apply(&world, empty), Vec::<String>::new(), "as a draft it is kept");
        world.apply(TEMPLATE);
        world.apply(&live(TEMPLATE));
        assert_eq!(try_delete(&world, DocumentKind::RolesTemplate, "crm-roles"), ["template_is_live"]);
    }

    a_live_template_changes_in_what_its_roles_require_and_in_nothing_else(world at "2026-12-01T09:00:00Z") {
        let world = furnished(world);
        let other = |from: &str, to: &str| try_apply(&world, &live(&TEMPLATE.replace(from, to)));
        assert_eq!(other("{role: Champion, required: true}", "{role: Champion, required: true, members_required: 3}"), Vec::<String>::new());
        assert_eq!(other("{role: Champion, required: true}", "{role: Champion}"), ["template_is_live"]);
        assert_eq!(other("starts_with: [Chief]", "starts_with: [VP]"), ["template_is_live"]);
        assert_eq!(other("Champion", "Influencer"), ["template_is_live"]);
        let bad = try_apply(&world, &TEMPLATE.replace("required: true}", "members_required: 1000}"));
        assert!(bad.contains(&"out_of_range".to_owned()), "{bad:?}");
    }

    tv_s12_there_are_twenty_roles(world at "2026-12-01T09:00:00Z") {
        for n in 1..=14 {
            world.apply(&format!("{{kind: role, key: r-{n}, name: Role {n}}}"));
        }
        assert_eq!(try_apply(&world, "{kind: role, key: r-15, name: Role 15}"), ["too_many_roles"]);
    }

    tv_s13_built_in_roles_stay_as_they_are(world at "2026-12-01T09:00:00Z") {
        assert_eq!(try_apply(&world, "{kind: role, key: champion, name: champion, description: mine}"), ["built_in_role"]);
        assert_eq!(try_delete(&world, DocumentKind::Role, "champion"), ["built_in_role"]);
        assert_eq!(try_delete(&world, DocumentKind::Role, "Champion"), ["built_in_role"]);
    }

    a_role_keeps_its_name_and_stays_while_anything_uses_it(world at "2026-12-01T09:00:00Z") {
        world.apply("{kind: role, key: sponsor, name: Sponsor}");
        assert_eq!(try_apply(&world, "{kind: role, key: other, name: SPONSOR}"), ["duplicate_role"]);
        assert_eq!(try_apply(&world, "{kind: role, key: sponsor, name: Patron}"), Vec::<String>::new(), "nothing uses it");
        world.apply(&live(&TEMPLATE.replace("Champion", "Patron")));
        assert_eq!(try_apply(&world, "{kind: role, key: sponsor, name: Sponsor}"), ["role_in_use"]);
        assert_eq!(try_delete(&world, DocumentKind::Role, "sponsor"), ["in_use"]);
    }

    tv_p2_personas_are_limited(world at "2026-12-01T09:00:00Z") {
        let persona = |key: &str, attributes: &[&str]| {
            let attributes: Vec<String> =
                attributes.iter().map(|attribute| format!("{{attribute: {attribute}, values: [x]}}")).collect();
            format!("{{kind: persona, key: {key}, attributes: [{}]}}", attributes.join(", "))
        };
        let six = ["job_title", "department", "city", "state", "country", "status"];
        assert!(!try_apply(&world, &persona("six", &six)).is_empty(), "a sixth attribute");
        world.apply(&persona("p-1", &six[..5]));
        world.apply(&persona("p-2", &["status", "locale", "salutation", "phone", "fax"]));
        assert_eq!(try_apply(&world, &persona("p-3", &["postal_code"])), ["too_many_persona_attributes"], "an eleventh");
        for n in 3..=20 {
            world.apply(&persona(&format!("p-{n}"), &["job_title"]));
        }
        assert_eq!(try_apply(&world, &persona("p-21", &["job_title"])), ["too_many_personas"]);
    }
}
