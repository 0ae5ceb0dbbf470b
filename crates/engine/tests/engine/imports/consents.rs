//! Consent to text messages of one sender, from files.

use caravan_engine::import::{ImportKind, ImportOptions, ImportReport};

use crate::imports::place::on_both_databases;
use crate::imports::place::{Place, counts, rejected};

on_both_databases! {
    what_a_number_said_to_a_sender_is_kept_in_one_form
    an_opt_out_of_the_person_is_theirs_to_lift
}

fn take(place: &Place, file: &str) -> ImportReport {
    place.file(ImportKind::Consents, file.as_bytes()).unwrap()
}

fn kept(place: &Place) -> Vec<String> {
    let sql = "SELECT phone || ' ' || sender || ' ' || value || ' ' || source FROM text_consent ORDER BY phone, sender";
    place.texts(sql)
}

fn what_a_number_said_to_a_sender_is_kept_in_one_form(place: &Place) {
    let file = "phone,sender,consent\n+49 151 1234-5678,+1 (555) 900-0001,y\n0049 151 12345678,MG123,n\n\
                0151 12345678,MG123,y\n+4915112345678,,y\n+4915112345678,MG123,maybe\n+4915199999999,MG123,\n";
    let report = take(place, file);
    assert_eq!(counts(&report), (6, 2, 0, 1, 0, 3));
    assert_eq!(rejected(&report), ["4 invalid_phone", "5 required", "6 value_not_allowed"]);
    let both = ["+4915112345678 +15559000001 y import", "+4915112345678 MG123 n import"];
    assert_eq!(kept(place), both);
    let again = "phone,sender,consent\n+4915112345678,+15559000001,\\N\n+4915112345678,MG123,y\n";
    let dry = place.with(ImportKind::Consents, again, &ImportOptions { dry_run: true, ..ImportOptions::default() });
    assert_eq!(counts(&dry.unwrap()), (2, 0, 2, 0, 0, 0));
    assert_eq!(kept(place), both, "a dry run keeps nothing");
    assert_eq!(counts(&take(place, again)), (2, 0, 2, 0, 0, 0));
    assert_eq!(
        kept(place),
        ["+4915112345678 MG123 y import"],
        "cleared is forgotten; what a file said, a file takes back"
    );
    let json = "{\"phone\": \"+4915112345678\", \"sender\": \"MG123\", \"consent\": null}\n";
    assert_eq!(counts(&take(place, json)), (1, 0, 1, 0, 0, 0));
    assert_eq!(kept(place), [""; 0]);
}

fn an_opt_out_of_the_person_is_theirs_to_lift(place: &Place) {
    place.execute(
        "INSERT INTO text_consent (phone, sender, value, source, changed_at) VALUES
         ('+4915112345678', 'MG123', 'n', 'keyword', 0), ('+4915112345678', 'MG456', 'y', 'keyword', 0)",
    );
    let report =
        take(place, "phone,sender,consent\n+4915112345678,MG123,y\n+4915112345678,MG123,\\N\n+4915112345678,MG456,n\n");
    assert_eq!((counts(&report), report.opt_outs_kept), ((3, 0, 1, 2, 0, 0), 2));
    assert_eq!(report.notes[0].code, "opt_outs_kept");
    assert_eq!(kept(place), ["+4915112345678 MG123 n keyword", "+4915112345678 MG456 n import"]);
}
