use super::*;
use crate::definitions::RoleCard;
use crate::testing::{account, context, crm, origin};
use crate::world::Source::{Journey, Manual, System};
use caravan_model::{AccountId, DocumentId, GroupId};

fn interest(roles: &[(&str, u32, bool)]) -> Interest {
    let card = |&(role, members_required, required): &(&str, u32, bool)| RoleCard {
        role: role.to_owned(),
        required,
        members_required,
        weight: 60,
        when: None,
    };
    Interest { roles: roles.iter().map(card).collect(), ..crm() }
}

fn group(members: &[(&str, usize)]) -> Group {
    let roles = members.iter().flat_map(|(role, count)| std::iter::repeat_n(*role, *count));
    Group {
        id: GroupId(1),
        account: AccountId(1),
        interest: DocumentId(3),
        stage: None,
        status: None,
        completeness: None,
        engagement: None,
        members: (1..)
            .zip(roles)
            .map(|(no, role)| Member {
                person: PersonId(no),
                role: role.into(),
                source: System,
                removed: false,
                left_account: false,
            })
            .collect(),
    }
}

fn score(members: &[(&str, usize)], roles: &[(&str, u32, bool)]) -> f64 {
    completeness(&group(members), &interest(roles)).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.005, "{found} is not {expected}");
}

#[test]
fn tv_c1_a_role_fills_in_equal_steps_and_stops_at_full() {
    for (members, expected) in [(0, 0.0), (1, 33.33), (2, 66.67), (3, 100.0), (4, 100.0)] {
        near(score(&[("Decision Maker", members)], &[("Decision Maker", 3, true)]), expected);
    }
}

#[test]
fn tv_c2_five_members_make_twenty_each() {
    for (members, expected) in (0..).zip([0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 100.0]) {
        near(score(&[("Influencer", members)], &[("Influencer", 5, true)]), expected);
    }
}

#[test]
fn tv_c4_roles_that_are_not_required_do_not_count_and_nothing_is_rounded() {
    let members = [("Decision Maker", 2), ("Influencer", 2)];
    let roles = [("Decision Maker", 3, true), ("Influencer", 5, true), ("Practitioner", 1, false)];
    near(score(&members, &roles), 53.33);
}

#[test]
fn tv_c5_an_empty_required_role_pulls_the_mean_down() {
    let members = [("Decision Maker", 2), ("Influencer", 2)];
    let roles = [("Decision Maker", 3, true), ("Influencer", 5, true), ("Practitioner", 1, true)];
    near(score(&members, &roles), 35.56);
}

#[test]
fn tv_c6_a_role_that_is_over_full_makes_up_for_nothing() {
    let roles = [("Decision Maker", 1, true), ("Influencer", 1, true)];
    assert_eq!(score(&[("Decision Maker", 9)], &roles), 50.0);
}

#[test]
fn tv_c7_one_member_for_each_required_role_is_complete() {
    let roles = [("Decision Maker", 1, true), ("Influencer", 1, true), ("Practitioner", 1, true)];
    assert_eq!(score(&[("Decision Maker", 1), ("Influencer", 1), ("Practitioner", 1)], &roles), 100.0);
}

#[test]
fn tv_c8_removed_members_do_not_count() {
    let mut group = group(&[("Decision Maker", 1)]);
    group.members[0].removed = true;
    assert_eq!(completeness(&group, &interest(&[("Decision Maker", 1, true)])), Some(0.0));
}

#[test]
fn tv_c9_two_of_one_role_are_needed_and_one_is_there() {
    let members = [("Decision Maker", 1), ("Influencer", 1), ("Practitioner", 1)];
    let roles = [("Decision Maker", 2, true), ("Influencer", 1, true), ("Practitioner", 1, true)];
    near(score(&members, &roles), 83.33);
}

#[test]
fn without_required_roles_there_is_no_completeness() {
    assert_eq!(completeness(&group(&[("Champion", 3)]), &interest(&[("Champion", 1, false)])), None);
}

/// Membership of person 1 after a row of decisions: `+` adds, `-` removes.
fn after(decisions: &[(char, Source)]) -> bool {
    let mut scene = account("acme").people(1).group().world();
    let (group, interest) = (scene.group_ix(), crm());
    for &(what, by) in decisions {
        let world = &mut scene.world;
        let _ = match what {
            '+' => assign(world, group, &interest, PersonId(1), "Influencer", by, &origin()),
            _ => remove(world, group, &interest, PersonId(1), by, &origin()),
        };
    }
    !scene.members().is_empty()
}

macro_rules! precedence {
    ($($vector:ident: $sequence:expr => $member:expr;)*) => {
        $(#[test]
        fn $vector() {
            assert_eq!(after(&$sequence), $member);
        })*
    };
}

precedence! {
    tv_m1_what_a_hand_gave_no_rule_takes: [('+', Manual), ('-', System)] => true;
    tv_m2_what_a_hand_gave_no_journey_takes: [('+', Manual), ('-', Journey)] => true;
    tv_m3_what_a_journey_gave_no_rule_takes: [('+', Journey), ('-', System)] => true;
    tv_m4_what_a_hand_took_no_rule_gives: [('+', Manual), ('-', Manual), ('+', System)] => false;
    tv_m5_what_a_journey_took_no_rule_gives: [('+', System), ('-', Journey), ('+', System)] => false;
    tv_m6_what_a_hand_took_no_journey_gives: [('+', Journey), ('-', Manual), ('+', Journey)] => false;
}

#[test]
fn on_the_same_level_the_last_one_wins() {
    for by in [System, Journey, Manual] {
        assert!(!after(&[('+', by), ('-', by)]));
        assert!(after(&[('+', by), ('-', by), ('+', by)]));
    }
}

#[test]
fn a_journey_that_confirms_a_rule_takes_the_membership_over_without_telling() {
    let mut scene = account("acme").people(1).member(1, "Influencer", System).world();
    let (group, interest) = (scene.group_ix(), crm());
    let kept = assign(&mut scene.world, group, &interest, PersonId(1), "Influencer", Journey, &origin());
    assert_eq!(kept, Err(Kept::AsAsked));
    assert_eq!(scene.members(), ["1 Influencer journey"]);
    assert!(scene.told().is_empty());
}

#[test]
fn tv_m8_the_first_role_that_fits_wins() {
    let mut scene = account("acme").person("Chief Technology Officer").group().world();
    let (group, mut interest) = (scene.group_ix(), crm());
    let context = context(&scene.world);
    assert!(assign_roles(&mut scene.world, group, &interest, &context, &origin()));
    assert_eq!(scene.members(), ["1 Decision Maker system"]);
    interest.roles.reverse();
    assert!(assign_roles(&mut scene.world, group, &interest, &context, &origin()));
    assert_eq!(scene.members(), ["1 Champion system"]);
    assert!(!assign_roles(&mut scene.world, group, &interest, &context, &origin()), "and then nothing changes");
}

#[test]
fn tv_m9_titles_are_matched_at_their_beginning() {
    let when = serde_json::json!({"person": "job_title", "starts_with": ["Director", "Sr Director"]});
    let mut interest = crm();
    interest.roles.truncate(1);
    interest.roles[0].when = Some(crate::testing::definitions().person_condition(&when, "").unwrap());
    let titles = ["Director of IT", "Sr Director, Ops", "Managing Director"];
    let mut scene = titles.iter().fold(account("acme").group(), |account, title| account.person(title)).world();
    let (group, context) = (scene.group_ix(), context(&scene.world));
    assign_roles(&mut scene.world, group, &interest, &context, &origin());
    assert_eq!(scene.members(), ["1 Decision Maker system", "2 Decision Maker system"]);
}

#[test]
fn a_rule_takes_out_whom_it_put_in_and_leaves_the_others() {
    let built = account("acme").people(4).member(1, "Decision Maker", System).member(2, "Influencer", Journey);
    let mut scene = built.member(3, "Influencer", Manual).member(99, "Influencer", System).world();
    let (group, context) = (scene.group_ix(), context(&scene.world));
    assert!(assign_roles(&mut scene.world, group, &crm(), &context, &origin()));
    assert_eq!(scene.members(), ["2 Influencer journey", "3 Influencer manual"], "99 left the account");
}

#[test]
fn completeness_is_settled_once_and_told_with_old_and_new() {
    let mut scene = account("acme").people(1).member(1, "Decision Maker", System).world();
    let (group, interest) = (scene.group_ix(), crm());
    assert!(settle_completeness(&mut scene.world, group, &interest, &origin()));
    assert!(!settle_completeness(&mut scene.world, group, &interest, &origin()));
    assert_eq!(scene.group().completeness, Some(50.0));
    assert_eq!(scene.told(), [r#"completeness_changed {"solution_interest":"crm","old":null,"new":50.0}"#]);
    scene.world.change_group(group, |group| group.completeness = Some(50.004));
    assert!(!settle_completeness(&mut scene.world, group, &interest, &origin()), "too small a change");
}

#[test]
fn tv_s14_a_group_is_named_after_interest_and_account() {
    assert_eq!(name("X", "Acme"), "X for Acme");
}
