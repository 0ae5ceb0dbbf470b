//! A mailbox on a server that says anything: a visit ends with what is wrong, in time, and nothing is taken for a message that is none.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::returned::{BounceMailbox, MailboxTokens};
use caravan_connect::{Secret, Secrets, Surroundings};
use caravan_model::Clock;
use proptest::prelude::*;
use serde_json::json;

const PIECES: &[&str] = &[
    "* OK hello\r\n",
    "A0001 OK done\r\n",
    "A0002 OK [READ-WRITE] selected\r\n",
    "A0003 OK found\r\n",
    "A0004 OK fetched\r\n",
    "A0005 OK stored\r\n",
    "A0001 NO refused\r\n",
    "A0002 BAD what?\r\n",
    "* BYE\r\n",
    "* 3 EXISTS\r\n",
    "* SEARCH 1 2 4294967295\r\n",
    "* SEARCH 99999999999999999999\r\n",
    "* SEARCH \r\n",
    "* 1 FETCH (UID 1 BODY[]<0> {5}\r\nhello)\r\n",
    "* 1 FETCH (UID 1 BODY[] {99999999999}\r\n",
    "* 1 FETCH (UID 1 BODY[] NIL)\r\n",
    "* 1 FETCH (((((\r\n",
    "* 0 FETCH (UID 0)\r\n",
    "* FLAGS (\\Seen)\r\n",
    "* OK [UIDVALIDITY 99999999999999]\r\n",
    "+ \r\n",
    "+ idling\r\n",
    "{3}\r\n",
    "\r\n",
    "\0",
    "é",
    "* LIST (\\a) \"/\" {0}\r\n\r\n",
];

/// A server that greets and then says one piece for each line it hears, the last ones at once before it hangs up.
fn visited(pieces: Vec<String>) -> (Result<usize, String>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let _ = stream.set_read_timeout(Some(Duration::from_millis(150)));
        let mut heard = [0; 4_096];
        for piece in pieces {
            if stream.write_all(piece.as_bytes()).is_err() {
                return;
            }
            let _ = stream.read(&mut heard);
        }
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let settings = json!({"host": "127.0.0.1", "port": port, "security": "none", "username": "ada"});
    let mailbox: BounceMailbox = serde_json::from_value(settings).expect("a mailbox");
    let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]);
    let surroundings =
        Surroundings { clock: Clock::System, runtime: runtime.handle().clone(), outbound: Outbound::new(guard) };
    let secrets = Secrets::from([("bounce_password".to_owned(), Secret::new("secret"))]);
    let how = MailboxTokens::default().sign_in("mail", &mailbox, &secrets, &surroundings).expect("a password");
    let mut taken = 0;
    let done = mailbox.visit(&how, &surroundings, &mut |_| {
        taken += 1;
        true
    });
    drop(runtime);
    let _ = server.join();
    (done, taken)
}

/// What a server says when all goes well, up to the message that it has.
const WELL: [&str; 5] = [
    "* OK hello\r\n",
    "A0001 OK in\r\n",
    "A0002 OK selected\r\n",
    "* SEARCH 1 2\r\nA0003 OK found\r\n",
    "* 1 FETCH (UID 1 BODY[]<0> {5}\r\nhello)\r\nA0004 OK fetched\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, max_shrink_iters: 20, ..Default::default() })]

    #[test]
    fn no_answer_of_a_server_makes_a_visit_panic_or_hang(
        right in 0_usize..5,
        wrong in proptest::collection::vec(prop_oneof![3 => proptest::sample::select(PIECES).prop_map(str::to_owned), 1 => "\\PC{0,12}\r\n".prop_map(|s| s)], 0..4)
    ) {
        // As far as it goes well, and then anything.
        let pieces = WELL.iter().take(right).map(|piece| (*piece).to_owned()).chain(wrong).collect();
        let begun = Instant::now();
        let (done, taken) = visited(pieces);
        prop_assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        prop_assert!(taken <= 5, "{} messages of a server that has two", taken);
        prop_assert!(done.is_err() || taken <= done.unwrap_or_default());
    }
}
