use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use caravan_model::Clock;

use super::*;
use crate::catcher::{Catcher, CatcherLimits};
use crate::connector::{EmailMessage, Mailbox};

/// What a scripted mail server does instead of its ordinary answer.
#[derive(Clone, Copy)]
enum Does {
    Says(&'static str),
    HangsUp,
    Nothing,
}

/// A mail server that follows a script: it is asked before every answer, with the number of the connection and the
/// line that came (empty before the greeting, `.` after a message).
struct Scripted {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

impl Scripted {
    fn new(script: impl Fn(usize, &str) -> Option<Does> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let (connections, accepted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (script, counts) = (Arc::new(script), (Arc::clone(&connections), Arc::clone(&accepted)));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let number = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
                let (script, accepted) = (Arc::clone(&script), Arc::clone(&counts.1));
                thread::spawn(move || _ = converse(stream, |line| script(number, line), &accepted));
            }
        });
        Self { addr, connections, accepted }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Messages that it took whole.
    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// A scripted server that takes several commands at once.
fn pipelining(script: impl Fn(usize, &str) -> Option<Does> + Send + Sync + 'static) -> Scripted {
    Scripted::new(move |connection, line| match line.starts_with("EHLO") {
        true => Some(Does::Says("250-scripted\r\n250-PIPELINING\r\n250 8BITMIME")),
        false => script(connection, line),
    })
}

fn converse(stream: TcpStream, script: impl Fn(&str) -> Option<Does>, accepted: &AtomicUsize) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut in_message = false;
    let mut line = String::new();
    loop {
        let ordinary = match line.split_whitespace().next().unwrap_or_default() {
            "." if in_message => "250 2.0.0 taken",
            _ if in_message => "",
            "" => "220 scripted",
            "EHLO" => "250-scripted\r\n250 8BITMIME",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        if !ordinary.is_empty() {
            in_message = line == "DATA";
            match script(&line) {
                Some(Does::HangsUp) => return Ok(()),
                Some(Does::Nothing) => thread::sleep(Duration::from_secs(30)),
                Some(Does::Says(words)) => {
                    in_message = false;
                    reader.get_mut().write_all(format!("{words}\r\n").as_bytes())?;
                }
                None => {
                    accepted.fetch_add(usize::from(line == "."), Ordering::SeqCst);
                    reader.get_mut().write_all(format!("{ordinary}\r\n").as_bytes())?;
                }
            }
        }
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        line.truncate(line.trim_end().len());
        if line.is_empty() {
            line.push('-');
        }
    }
}

struct World {
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { runtime: runtime.expect("a runtime") }
    }

    fn surroundings(&self) -> Surroundings {
        let clock = Clock::manual("2026-03-01T08:30:00Z".parse().expect("an instant"));
        Surroundings::guarded(clock, self.runtime.handle().clone())
            .with_mail_networks(vec!["127.0.0.0/8".parse().expect("a range")])
    }

    fn connector(&self, addr: SocketAddr, more: serde_json::Value) -> SmtpConnector {
        let mut settings = json!({"host": addr.ip().to_string(), "port": addr.port(), "security": "none",
            "from": {"name": "Acme", "email": "news@acme.example"}, "connections": 1});
        for (key, value) in more.as_object().expect("settings") {
            settings[key] = value.clone();
        }
        let settings = SmtpSettings::read(&settings).expect("settings");
        let short = Duration::from_millis(500);
        let patience = Patience { connect: short, command: short, accept: short, ..Patience::default() };
        SmtpConnector::new(settings, None, &self.surroundings(), patience).map_err(|finding| *finding).expect("opens")
    }
}

fn mail(to: &str) -> Outgoing {
    let email = EmailMessage {
        to: Mailbox::bare(to),
        cc: Vec::new(),
        from: None,
        reply_to: None,
        subject: "Hello".into(),
        html: Some("<p>Hello</p>".into()),
        text: "Hello\n.\n..\nend".into(),
        unsubscribe: None,
        list_id: None,
        feedback_id: None,
        return_path: None,
        signer: None,
        auto_submitted: false,
        proof: false,
    };
    Outgoing { key: format!("key of {to}"), body: EffectBody::Email(Box::new(email)) }
}

fn mails(count: usize) -> Vec<Outgoing> {
    (0..count).map(|n| mail(&format!("p{n}@acme.example"))).collect()
}

/// Delivers from several threads at once, as the dispatcher does.
fn together(connector: &SmtpConnector, batch: &[Outgoing], threads: usize) -> Vec<Outcome> {
    thread::scope(|scope| {
        let share = batch.len().div_ceil(threads);
        let at_work: Vec<_> = batch.chunks(share).map(|share| scope.spawn(|| connector.deliver(share))).collect();
        at_work.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
    })
}

fn names(outcomes: &[Outcome]) -> Vec<&str> {
    outcomes.iter().map(name).collect()
}

fn name(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Delivered { .. } => "delivered",
        Outcome::Unknown { .. } => "unknown",
        Outcome::Later { .. } => "later",
        Outcome::Skipped { reason } => reason,
        Outcome::Retry { code, .. } | Outcome::Shut { code, .. } | Outcome::Failed { code, .. } => code,
    }
}

#[test]
fn messages_go_out_over_a_few_connections_and_each_arrives_once() {
    let world = World::new();
    let catcher =
        Catcher::start("127.0.0.1:0".parse().expect("an address"), CatcherLimits::default(), &world.surroundings());
    let catcher = catcher.expect("starts");
    let connector = world.connector(catcher.addr(), json!({"connections": 4}));
    assert_eq!(connector.facts().parallel, 4);
    let outcomes = together(&connector, &mails(100), 4);
    assert!(outcomes.iter().all(|outcome| name(outcome) == "delivered"), "{outcomes:?}");
    let mut to: Vec<_> = catcher.list(200, None, None).items.into_iter().flat_map(|item| item.to).collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 100);
    let caught = catcher.get("mail_1").expect("a message");
    assert_eq!(caught.text.as_deref(), Some("Hello\r\n.\r\n..\r\nend"));
    assert_eq!(caught.html.as_deref(), Some("<p>Hello</p>"));
    let message_id = caught.headers.iter().find(|(name, _)| name == "Message-ID").map(|(_, value)| value.clone());
    let id = |outcome: &Outcome| match outcome {
        Outcome::Delivered { remote_id, .. } => remote_id.clone(),
        _ => None,
    };
    let ids: Vec<_> = outcomes.iter().map(id).collect();
    assert!(ids.contains(&message_id));
    assert_eq!(connector.check().map(|said| said.contains("not encrypted")), Ok(true));
}

#[test]
fn connections_are_kept_for_the_next_batch_and_changed_after_so_many_messages() {
    let world = World::new();
    let server = Scripted::new(|_, _| None);
    let connector = world.connector(server.addr, json!({"messages_per_connection": 5}));
    connector.deliver(&mails(3));
    assert_eq!((server.connections(), server.accepted()), (1, 3));
    connector.deliver(&mails(2));
    assert_eq!((server.connections(), server.accepted()), (1, 5));
    connector.deliver(&mails(1));
    assert_eq!((server.connections(), server.accepted()), (2, 6));
}

#[test]
fn one_refused_recipient_fails_nobody_else() {
    let world = World::new();
    let server = Scripted::new(|_, line| match line {
        "RCPT TO:<p1@acme.example>" => Some(Does::Says("550 5.1.1 no such user")),
        "RCPT TO:<p2@acme.example>" => Some(Does::Says("450 4.2.0 come back")),
        _ => None,
    });
    let connector = world.connector(server.addr, json!({}));
    let mut batch = mails(4);
    batch.push(mail("nobody"));
    batch.push(mail("jürgen@acme.example"));
    let outcomes = connector.deliver(&batch);
    assert_eq!(
        names(&outcomes),
        ["delivered", "bounced_hard", "smtp_deferred", "delivered", "email_invalid", "address_not_supported"]
    );
    assert_eq!((server.connections(), server.accepted()), (1, 2));
    assert!(matches!(&outcomes[1], Outcome::Failed { message, .. } if message.contains("550 5.1.1 no such user")));
}

#[test]
fn who_tries_a_connection_is_told_what_is_wrong_with_it_and_what_to_do() {
    let world = World::new();
    let why = |address, settings| world.connector(address, settings).check().expect_err("it does not work");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let nobody = why(free, json!({}));
    let expected = format!("Nothing answers at 127.0.0.1 port {}: Connection refused. Check", free.port());
    assert!(nobody.starts_with(&expected), "{nobody}");
    let plain = Scripted::new(|_, _| None);
    let no_starttls = why(plain.addr, json!({"security": "starttls"}));
    assert!(no_starttls.contains("offers no STARTTLS on port"), "{no_starttls}");
    let no_tls = why(plain.addr, json!({"security": "tls"}));
    assert!(no_tls.starts_with("No encrypted connection to 127.0.0.1"), "{no_tls}");
    let unwilling = Scripted::new(|_, line| line.is_empty().then_some(Does::Says("554 5.7.1 not you")));
    let refused = why(unwilling.addr, json!({}));
    assert_eq!(refused, "127.0.0.1: the server refused the start: 554 5.7.1 not you.");
    let metadata = why("169.254.169.254:25".parse().expect("an address"), json!({}));
    assert_eq!(
        metadata,
        "`169.254.169.254` is no public address. An administrator opens its range with \
         --allow-mail-network (for mail servers alone) or --allow-network (for every connection)."
    );
}

#[test]
fn a_server_that_is_not_there_costs_one_try_and_nothing_is_lost() {
    let world = World::new();
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let connector = world.connector(free, json!({"connections": 4}));
    assert_eq!(names(&connector.deliver(&mails(3))), ["smtp_unreachable"; 3]);
    assert!(connector.check().is_err());
    let silent = Scripted::new(|_, line| line.is_empty().then_some(Does::Nothing));
    let connector = world.connector(silent.addr, json!({}));
    let begun = std::time::Instant::now();
    assert_eq!(names(&connector.deliver(&mails(20))), ["smtp_unreachable"; 20]);
    assert!(begun.elapsed() < Duration::from_secs(5), "not one wait for each message");
    let unwilling = Scripted::new(|_, line| line.is_empty().then_some(Does::Says("554 no service")));
    assert_eq!(names(&world.connector(unwilling.addr, json!({})).deliver(&mails(2))), ["smtp_refused"; 2]);
}

#[test]
fn a_connection_lost_before_the_end_is_tried_again_and_after_it_is_in_doubt() {
    let world = World::new();
    for (at, expected) in [
        ("MAIL", "smtp_connection_lost"),
        ("RCPT", "smtp_connection_lost"),
        ("DATA", "smtp_connection_lost"),
        (".", "unknown"),
    ] {
        for does in [Does::HangsUp, Does::Nothing] {
            let script = move |_, line: &str| line.starts_with(at).then_some(does);
            for server in [Scripted::new(script), pipelining(script)] {
                let outcomes = world.connector(server.addr, json!({})).deliver(&mails(1));
                assert_eq!(names(&outcomes), [expected], "at {at}: {outcomes:?}");
                assert_eq!(server.accepted(), 0);
            }
        }
    }
}

#[test]
fn proof_6_doubt_is_never_resolved_by_sending_again() {
    let world = World::new();
    // The second message over a kept connection: the place where a careless client would simply try again.
    let taken = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&taken);
    let server = Scripted::new(move |_, line| {
        (line == "." && seen.fetch_add(1, Ordering::SeqCst) == 1).then_some(Does::HangsUp)
    });
    let connector = world.connector(server.addr, json!({}));
    assert_eq!(names(&connector.deliver(&mails(3))), ["delivered", "unknown", "delivered"]);
    assert_eq!(taken.load(Ordering::SeqCst), 3, "three messages, three ends");
}

#[test]
fn a_kept_connection_that_the_server_closed_is_no_failure() {
    let world = World::new();
    let closing = [Does::HangsUp, Does::Says("421 4.4.2 idle for too long")];
    for does in closing {
        let mails_on_first = AtomicUsize::new(0);
        let server = Scripted::new(move |connection, line| {
            let second =
                connection == 1 && line.starts_with("MAIL") && mails_on_first.fetch_add(1, Ordering::SeqCst) > 0;
            second.then_some(does)
        });
        let connector = world.connector(server.addr, json!({}));
        assert_eq!(names(&connector.deliver(&mails(1))), ["delivered"]);
        assert_eq!(names(&connector.deliver(&mails(1))), ["delivered"]);
        assert_eq!((server.connections(), server.accepted()), (2, 2));
    }
}

#[test]
fn a_server_that_takes_few_connections_gets_few() {
    let world = World::new();
    let server = Scripted::new(|connection, line| {
        (connection > 1 && line.is_empty()).then_some(Does::Says("421 4.3.2 too many connections"))
    });
    let connector = world.connector(server.addr, json!({"connections": 4}));
    assert_eq!(names(&connector.deliver(&mails(1))), ["delivered"]);
    let outcomes = together(&connector, &mails(20), 4);
    assert!(outcomes.iter().all(|outcome| name(outcome) == "delivered"), "{:?}", names(&outcomes));
    assert_eq!(server.accepted(), 21);
}

#[test]
fn a_server_that_takes_several_commands_at_once_gets_them_at_once() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let server = thread::spawn(move || -> std::io::Result<Vec<String>> {
        let mut reader = BufReader::new(listener.accept()?.0);
        let say = |reader: &mut BufReader<TcpStream>, words: &str| reader.get_mut().write_all(words.as_bytes());
        let lines = |reader: &mut BufReader<TcpStream>, count: usize| {
            reader.lines().take(count).collect::<std::io::Result<Vec<String>>>()
        };
        say(&mut reader, "220 hello\r\n")?;
        for _ in 0..2 {
            lines(&mut reader, 1)?;
            say(&mut reader, "250-hello\r\n250 PIPELINING\r\n")?;
        }
        // Nothing is answered before all three are here.
        let commands = lines(&mut reader, 3)?;
        say(&mut reader, "250 fine\r\n250 fine\r\n354 go on\r\n")?;
        while lines(&mut reader, 1)? != ["."] {}
        say(&mut reader, "250 taken\r\n")?;
        Ok(commands)
    });
    let outcomes = world.connector(addr, json!({})).deliver(&mails(1));
    assert_eq!(names(&outcomes), ["delivered"], "{outcomes:?}");
    let commands = server.join().expect("it ends").expect("a conversation");
    assert_eq!(commands, ["MAIL FROM:<news@acme.example>", "RCPT TO:<p0@acme.example>", "DATA"]);
}

#[test]
fn a_server_whose_reports_name_messages_is_told_how_ours_are_called() {
    let world = World::new();
    let named = std::sync::Arc::new(Mutex::new(Vec::new()));
    let heard = std::sync::Arc::clone(&named);
    let server = Scripted::new(move |_, line| {
        if line.starts_with("MAIL FROM") {
            heard.lock().push(line.to_owned());
        }
        line.starts_with("EHLO").then_some(Does::Says("250-scripted\r\n250 DSN"))
    });
    let connector = world.connector(server.addr, json!({}));
    let message = |key: &str| Outgoing { key: key.to_owned(), ..mail("p0@acme.example") };
    let outcomes = connector.deliver(&[message("enr_7.1.3"), message("a key with blanks")]);
    assert_eq!(names(&outcomes), ["delivered", "delivered"]);
    assert_eq!(
        *named.lock(),
        ["MAIL FROM:<news@acme.example> ENVID=enr_7.1.3", "MAIL FROM:<news@acme.example>"],
        "what cannot be written as it is, is left out"
    );
}

#[test]
fn a_refusal_among_several_commands_is_that_messages_alone() {
    let world = World::new();
    let server = pipelining(|_, line| match line {
        "RCPT TO:<p1@acme.example>" => Some(Does::Says("550 5.1.1 no such user")),
        _ => None,
    });
    // This one waits for a message to nobody: the connection is left, so that nothing is taken for it.
    let outcomes = world.connector(server.addr, json!({})).deliver(&mails(3));
    assert_eq!(names(&outcomes), ["delivered", "bounced_hard", "delivered"]);
    assert_eq!((server.connections(), server.accepted()), (2, 2));

    let refused = std::sync::atomic::AtomicBool::new(false);
    let server = pipelining(move |_, line| match line {
        "RCPT TO:<p1@acme.example>" => {
            refused.store(true, Ordering::SeqCst);
            Some(Does::Says("550 5.1.1 no such user"))
        }
        "DATA" if refused.swap(false, Ordering::SeqCst) => Some(Does::Says("503 5.5.1 no valid recipients")),
        _ => None,
    });
    let outcomes = world.connector(server.addr, json!({})).deliver(&mails(3));
    assert_eq!(names(&outcomes), ["delivered", "bounced_hard", "delivered"]);
    assert_eq!((server.connections(), server.accepted()), (1, 2), "this one knows what is left of it");
}

#[test]
fn a_kind_opens_from_the_registry_and_names_what_is_missing() {
    let world = World::new();
    let kind = crate::connector::kind("smtp").expect("registered");
    let mut settings = json!({"host": "localhost", "port": 25, "security": "starttls",
        "from": {"name": "Acme", "email": "news@acme.example"}, "username": "acme"});
    assert_eq!(kind.check_settings(&settings), []);
    let missing = kind.open(&settings, &Secrets::new(), &world.surroundings()).err().expect("findings");
    assert_eq!(missing[0].pointer, "/secrets/password");
    let secrets = Secrets::from([("password".to_owned(), crate::connector::Secret::new("x"))]);
    assert_eq!(kind.open(&settings, &secrets, &world.surroundings()).expect("opens").facts().kind, "smtp");
    settings["ca_certificate"] = json!("no certificate");
    let findings = kind.open(&settings, &secrets, &world.surroundings()).err().expect("findings");
    assert_eq!(findings[0].pointer, "/settings/ca_certificate");
}
