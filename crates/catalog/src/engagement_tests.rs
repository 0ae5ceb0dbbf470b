use super::*;

fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 0.005, "{found} is not {wanted}");
}

fn weights(all: &[(&str, u32)]) -> BTreeMap<String, u32> {
    all.iter().map(|(kind, weight)| ((*kind).to_owned(), *weight)).collect()
}

fn occurred(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|kind| (*kind).to_owned()).collect()
}

const SHOP: &[(&str, u32)] =
    &[("page_viewed", 40), ("email_clicked", 30), ("interesting_moment", 60), ("event_attended", 60)];

/// What a person did day by day, capped.
fn days(all: &[i64]) -> i64 {
    all.iter().copied().map(counted).sum()
}

/// What scores of groups become when these are all that there are.
fn scores(raw: &[f64]) -> Vec<f64> {
    let largest = raw.iter().copied().fold(0.0, f64::max);
    raw.iter().map(|&raw| scaled(raw, largest)).collect()
}

#[test]
fn tv_c3_tv_e3_scores_are_shown_as_whole_numbers_with_halves_up() {
    assert_eq!(displayed(66.67), 67, "TV-C3");
    assert_eq!(displayed(75.89999), 76, "TV-E3");
    assert_eq!(
        [displayed(0.0), displayed(0.49), displayed(0.5), displayed(99.5), displayed(100.0)],
        [0, 0, 1, 100, 100]
    );
}

#[test]
fn tv_e1_weights_are_shared_among_the_roles_in_use() {
    let members = ["Vital", "Important", "Normal"].map(|role| Engaged { role, score: 0.0 });
    let sum = GroupSum::of(&members, &[("Vital", 100), ("Important", 80), ("Normal", 60), ("Unused", 40)]);
    let shares: Vec<f64> = sum.roles.iter().map(|role| role.share * 100.0).collect();
    assert_eq!(shares.len(), 3, "a role that nobody has weighs nothing");
    for (found, wanted) in shares.into_iter().zip([41.67, 33.33, 25.0]) {
        close(found, wanted);
    }
}

#[test]
fn tv_e2_capped_counts_times_shares_of_roles() {
    let (adam, mark) = (days(&[37, 15]) + days(&[1, 1]), days(&[5, 3]) + days(&[1, 1]) + days(&[3, 2]));
    let john = days(&[19, 9]);
    let (bob, paul) = (days(&[1, 1]), days(&[1, 1]));
    let calvin = days(&[1, 1]) + days(&[1, 7]) + days(&[1, 2]);
    assert_eq!((adam + mark, john, bob + paul + calvin), (52, 28, 17));
    let people = [
        ("Decision Maker", adam),
        ("Decision Maker", mark),
        ("Influencer", john),
        ("Practitioner", bob),
        ("Practitioner", paul),
        ("Practitioner", calvin),
    ];
    let members = people.map(|(role, points)| Engaged { role, score: points as f64 });
    let sum = GroupSum::of(&members, &[("Decision Maker", 100), ("Influencer", 80), ("Practitioner", 60)]);
    let of_role = |role: &str| -> f64 {
        members.iter().zip(&sum.adds).filter(|(member, _)| member.role == role).map(|(_, adds)| adds).sum()
    };
    close(of_role("Decision Maker"), 21.67);
    close(of_role("Influencer"), 9.33);
    close(of_role("Practitioner"), 4.25);
    assert!((sum.raw - 8460.0 / 240.0).abs() < 1e-9, "35.25 exactly, not {}", sum.raw);
}

#[test]
fn tv_e4_twenty_of_a_type_and_day_count() {
    assert_eq!((counted(37), counted(20), counted(19), counted(0)), (20, 20, 19, 0));
}

#[test]
fn tv_e6_five_bands_share_as_their_values() {
    let roles = [("Trivial", 20), ("Minor", 40), ("Normal", 60), ("Important", 80), ("Vital", 100)];
    let members = roles.map(|(role, _)| Engaged { role, score: 0.0 });
    let sum = GroupSum::of(&members, &roles);
    for (role, wanted) in sum.roles.iter().zip([6.67, 13.33, 20.0, 26.67, 33.33]) {
        close(role.share * 100.0, wanted);
    }
}

#[test]
fn tv_e7_people_and_groups_are_scaled_to_the_most_engaged() {
    let weights = normalised(&weights(SHOP), &occurred(&["page_viewed", "email_clicked", "interesting_moment"]));
    close(weights["page_viewed"], 0.6667);
    close(weights["email_clicked"], 0.5);
    close(weights["interesting_moment"], 1.0);
    assert!(!weights.contains_key("event_attended"), "what nobody did is ignored");

    let first = PersonSum::of([("page_viewed", days(&[37, 15])), ("email_clicked", days(&[1, 1]))], &weights);
    let second = PersonSum::of([("interesting_moment", 1)], &weights);
    close(first.raw, 24.3333);
    close(second.raw, 1.0);
    let people = scores(&[first.raw, second.raw, 0.0]);
    for (found, wanted) in people.iter().zip([100.0, 20.272121, 0.0]) {
        assert!((found - wanted).abs() < 1e-6, "{found} is not {wanted}");
    }

    let cards = [("Decision Maker", 100), ("Influencer", 80), ("Practitioner", 60)];
    let member = |role, score| Engaged { role, score };
    let groups = [
        GroupSum::of(&[member("Decision Maker", people[0]), member("Influencer", people[1])], &cards),
        GroupSum::of(&[member("Practitioner", people[1])], &cards),
        GroupSum::of(&[member("Practitioner", people[2])], &cards),
    ];
    assert!((groups[0].raw - 64.565387).abs() < 1e-6, "{}", groups[0].raw);
    assert!((groups[1].raw - 20.272121).abs() < 1e-6, "{}", groups[1].raw);
    let groups = scores(&groups.map(|sum| sum.raw));
    for (found, wanted) in groups.iter().zip([100.0, 56.033754, 0.0]) {
        assert!((found - wanted).abs() < 1e-6, "{found} is not {wanted}");
    }
    assert_eq!(displayed(groups[1]), 56);
}

#[test]
fn tv_e8_a_type_that_did_not_occur_dilutes_nothing() {
    let weights = normalised(&weights(SHOP), &occurred(&["page_viewed", "email_clicked"]));
    assert_eq!((weights["page_viewed"], weights["email_clicked"]), (1.0, 0.75));
    let sum = PersonSum::of([("page_viewed", days(&[37, 15])), ("email_clicked", days(&[1, 1]))], &weights);
    close(sum.raw, 36.5);
}

#[test]
fn tv_e9_without_anything_weighted_every_score_is_0() {
    assert!(normalised(&weights(SHOP), &occurred(&[])).is_empty());
    assert!(normalised(&weights(&[("page_viewed", 0)]), &occurred(&["page_viewed"])).is_empty());
    assert_eq!(PersonSum::of([("page_viewed", 5)], &Weights::new()).raw, 0.0);
    assert_eq!(scores(&[0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(GroupSum::of(&[], &[("Influencer", 60)]).raw, 0.0);
}

#[test]
fn tv_e10_a_single_member_weighs_all_of_the_group() {
    let sum = GroupSum::of(&[Engaged { role: "Other", score: 42.5 }], &[("Other", 20), ("Champion", 100)]);
    assert_eq!((sum.roles[0].share, sum.raw), (1.0, 42.5));
}
