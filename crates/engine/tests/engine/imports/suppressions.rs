//! Do-not-contact addresses from files.

use caravan_engine::import::{ImportKind, ImportReport};

use crate::imports::place::on_both_databases;
use crate::imports::place::{Place, counts, rejected};

on_both_databases! {
    addresses_are_listed_once_in_one_form
    an_opt_out_of_the_person_is_kept
    what_was_learnt_about_an_address_stays_behind_when_a_person_gets_another
    what_the_person_said_stays_beneath_a_harder_reason_and_stands_alone_when_that_is_lifted
}

fn take(place: &Place, file: &str) -> ImportReport {
    place.file(ImportKind::Suppressions, file.as_bytes()).unwrap()
}

fn listed(place: &Place) -> Vec<String> {
    place.texts("SELECT address || ' ' || reason || ' ' || source FROM suppression ORDER BY address")
}

fn addresses_are_listed_once_in_one_form(place: &Place) {
    let file = "address,reason\nAnn@Acme.example,competitor\nann@acme.example,\n+49 30 123-456,\nnobody,\n,why\n";
    let report = take(place, file);
    assert_eq!(counts(&report), (5, 2, 0, 1, 0, 2));
    assert_eq!(rejected(&report), ["5 invalid_address", "6 required"]);
    assert_eq!(listed(place), ["+4930123456 manual import", "ann@acme.example competitor import"]);
    let report = take(
        place,
        "address,reason,suppression\nann@acme.example,legal,\n+4930123456,,remove\nnew@a.example,,remove\n",
    );
    assert_eq!(counts(&report), (3, 0, 2, 1, 0, 0));
    assert_eq!(listed(place), ["ann@acme.example legal import"]);
}

fn an_opt_out_of_the_person_is_kept(place: &Place) {
    take(place, "address,reason\nann@acme.example,unsubscribed\nbob@acme.example,bounced_hard\n");
    let report = take(place, "address,reason,suppression\nann@acme.example,,remove\nbob@acme.example,unsubscribed,\n");
    assert_eq!((counts(&report), report.opt_outs_kept), ((2, 0, 1, 1, 0, 0), 1));
    assert_eq!(report.notes[0].code, "opt_outs_kept");
    assert_eq!(listed(place), ["ann@acme.example unsubscribed import", "bob@acme.example bounced_hard import"]);
}

fn what_the_person_said_stays_beneath_a_harder_reason_and_stands_alone_when_that_is_lifted(place: &Place) {
    let orders = [("a@x.example", ["unsubscribed", "bounced_hard"]), ("b@x.example", ["bounced_hard", "unsubscribed"])];
    for n in 0..2 {
        for (address, reasons) in orders {
            take(place, &format!("address,reason\n{address},{}\n", reasons[n]));
        }
    }
    take(
        place,
        "address,reason\nc@x.example,complained\nc@x.example,unsubscribed\nc@x.example,legal\nd@x.example,manual\n",
    );
    assert_eq!(
        listed(place),
        [
            "a@x.example bounced_hard import",
            "b@x.example bounced_hard import",
            "c@x.example legal import",
            "d@x.example manual import"
        ],
        "the hardest reason is the one that bars everything"
    );
    let lift = "address,suppression\na@x.example,remove\nb@x.example,remove\nc@x.example,remove\nd@x.example,remove\n";
    let report = take(place, lift);
    assert_eq!((counts(&report), report.opt_outs_kept), ((4, 0, 4, 0, 0, 0), 3));
    let said = ["a@x.example unsubscribed person", "b@x.example unsubscribed person", "c@x.example complained person"];
    assert_eq!(listed(place), said, "what the person said is theirs to lift");
    assert_eq!(take(place, lift).opt_outs_kept, 3);
    assert_eq!(listed(place), said);
}

fn what_was_learnt_about_an_address_stays_behind_when_a_person_gets_another(place: &Place) {
    place.people("key,email\na,a@x.example\nb,b@x.example\nc,c@x.example\n");
    place.execute("UPDATE person SET email_invalid = TRUE, email_suspended = TRUE");
    let flagged = || place.texts("SELECT key FROM person WHERE email_invalid AND email_suspended ORDER BY key");
    place.people("key,email\na,A@X.example\nb,\nc,new@x.example\n");
    assert_eq!(flagged(), ["a", "b"], "another case is no other address, and an empty cell says nothing");
    assert_eq!(
        place.one("SELECT COUNT(*) FROM person WHERE key = 'c' AND NOT email_invalid AND NOT email_suspended"),
        1
    );
    place.people("key,email,email_invalid\na,other@x.example,true\n");
    assert_eq!(place.one("SELECT COUNT(*) FROM person WHERE key = 'a' AND email_invalid AND NOT email_suspended"), 1);
}
