//! SIGKILL while a receiver of webhooks is told, and while it is in trouble: it hears of everything that happened, of each
//! once.

use std::collections::BTreeSet;
use std::time::Duration;

use caravan_model::Clock;
use caravan_store::SessionExt;
use caravan_testkit::fakes::{Fault, Receiver};

use crate::support::{eventually_within, terminate};
use crate::systems::place::{ACCOUNTS, Kind, Place, SETTLED};

const KILLS: usize = 3;
/// Each account joins the list of all, and the one that the journey puts it into.
const HAPPENED: usize = 2 * ACCOUNTS;
const SIGNING: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SLOW: Duration = Duration::from_millis(120);

#[test]
fn killed_in_the_middle_a_receiver_hears_of_everything_once_embedded() {
    a_receiver_hears_of_everything_once(Kind::Embedded);
}

#[test]
fn killed_in_the_middle_a_receiver_hears_of_everything_once_postgres() {
    a_receiver_hears_of_everything_once(Kind::Postgres);
}

fn a_receiver_hears_of_everything_once(kind: Kind) {
    let place = Place::new(kind);
    let receiver = Receiver::start(SIGNING, Clock::System);
    place.apply(&format!(
        "{{kind: account_list, key: vip, type: static, state: live}}\n---\n\
         {{kind: webhook, key: crm, url: '{}', activities: [account_list_joined], secrets: {{signing_secret: {{file: '{}'}}}}}}\n",
        receiver.url(),
        place.secret(SIGNING),
    ));
    let faults = receiver.faults();
    faults.plan("/hooks", 0, 8, Fault::Slow(SLOW));
    faults.plan("/hooks", 2, 1, Fault::HangUpAfter);
    faults.plan("/hooks", 0, 1, Fault::Garbage);
    faults.plan("/hooks", 0, 2, Fault::CodeBefore("503"));
    faults.plan("/hooks", 0, 1, Fault::HangUpBefore);
    place.publish("join", "  act: {type: action, on: account, action: add_to_account_list, list: vip, next: null}\n");
    let calls = || receiver.attempts().into_values().sum::<usize>();
    place.kill_workers(KILLS, calls);
    let worker = place.worker();
    let waiting = || place.store().read(|s| s.query_int("SELECT COUNT(*) FROM outbox", &[])).expect("a count");
    eventually_within(SETTLED, "everything to be told", || {
        place.hurry();
        receiver.taken().len() >= HAPPENED && waiting() == 0
    });
    terminate(worker).expect_code(0);
    let taken = receiver.taken();
    let told: BTreeSet<(String, String)> = taken
        .iter()
        .map(|one| (one.body["data"]["account"].to_string(), one.body["data"]["fields"]["list"].to_string()))
        .collect();
    assert_eq!((taken.len(), told.len()), (HAPPENED, HAPPENED), "each has one message, with one id");
    assert!(calls() > HAPPENED, "some were told again, with the same id");
    assert_eq!(receiver.refused(), Vec::<String>::new());
    let outcomes = "SELECT COUNT(*) FROM ledger WHERE kind = 'webhook' AND outcome = 'done'";
    let done = place.store().read(|s| s.query_int(outcomes, &[])).expect("a count");
    assert_eq!(done, HAPPENED as i64, "and the log says so");
}
