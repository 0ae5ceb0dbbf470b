//! The numbered examples of the domain that concern imports; `docs/reference/test-vectors.md` lists them.

use crate::imports::place::on_both_databases;
use crate::imports::place::{Place, counts, rejected};

on_both_databases! {
    tv_d1_an_unknown_person_without_an_address_is_refused_and_a_known_one_loses_it
    tv_n3_an_opt_out_is_stored_and_its_opposite_clears_it
}

fn tv_d1_an_unknown_person_without_an_address_is_refused_and_a_known_one_loses_it(place: &Place) {
    let report = place.people("key,email\nada,ada@a.example\nbob,\ncy,\\N\n");
    assert_eq!(
        (counts(&report), rejected(&report)),
        ((3, 1, 0, 0, 0, 2), vec!["3 email_required".to_owned(), "4 email_required".to_owned()])
    );
    let report = place.people("key,email\nada,\\N\n");
    assert_eq!(counts(&report), (1, 0, 1, 0, 0, 0));
    assert_eq!(place.texts("SELECT key || COALESCE(email, ' nobody') FROM person"), ["ada nobody"]);
}

fn tv_n3_an_opt_out_is_stored_and_its_opposite_clears_it(place: &Place) {
    let stored = || place.one("SELECT COUNT(*) FROM person WHERE unsubscribed");
    place.people("key,email,unsubscribed\nada,ada@a.example,true\nbob,bob@a.example,\n");
    assert_eq!(stored(), 1);
    place.people("key,unsubscribed\nada,false\nbob,false\n");
    assert_eq!(stored(), 0);
}
