use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use super::*;

struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn new(catcher: &Catcher) -> Self {
        let stream = TcpStream::connect(catcher.addr()).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let mut client = Self { reader: BufReader::new(stream) };
        assert!(client.answer().starts_with("220 "));
        client
    }

    fn write(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).expect("writes");
    }

    /// The last line of the next reply.
    fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).expect("a reply");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes());
        self.answer()
    }

    fn codes(&mut self, lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| self.say(line).chars().take(3).collect()).collect()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

fn start(runtime: &tokio::runtime::Runtime, limits: CatcherLimits) -> Catcher {
    let clock = Clock::manual("2026-03-01T08:30:00Z".parse().expect("an instant"));
    let surroundings = Surroundings::guarded(clock, runtime.handle().clone());
    Catcher::start("127.0.0.1:0".parse().expect("an address"), limits, &surroundings).expect("starts")
}

const MESSAGE: &str = "From: =?utf-8?q?J=C3=BCrgen?= <j@acme.example>\r\nTo: ada@acme.example\r\nSubject: Hi\r\n there\r\n\r\nline\r\n..dots\r\n";

#[test]
fn a_message_is_caught_with_all_its_parts() {
    let runtime = runtime();
    let catcher = start(&runtime, CatcherLimits::default());
    let mut client = Client::new(&catcher);
    let codes = client.codes(&["EHLO me", "MAIL FROM:<b@acme.example> SIZE=100", "RCPT TO:<ada@acme.example>", "DATA"]);
    assert_eq!(codes, ["250", "250", "250", "354"]);
    client.write(MESSAGE.as_bytes());
    assert_eq!(client.say("."), "250 2.0.0 caught as mail_1");
    assert_eq!(client.say("QUIT"), "221 2.0.0 goodbye");

    let page = catcher.list(10, None, None);
    let summary = page.items.first().expect("one message");
    assert_eq!((summary.from.as_str(), summary.subject.as_str()), ("Jürgen <j@acme.example>", "Hi there"));
    assert_eq!((summary.to.as_slice(), page.next_cursor), (["ada@acme.example".to_owned()].as_slice(), None));
    let mail = catcher.get("mail_1").expect("the message");
    assert_eq!(mail.text.as_deref().map(str::trim_end), Some("line\r\n.dots"));
    assert_eq!(mail.html, None);
    assert_eq!(mail.headers.get(2), Some(&("Subject".to_owned(), "Hi there".to_owned())));
    assert_eq!(mail.source, MESSAGE.replace("..dots", ".dots"));
    assert_eq!(catcher.get("mail_2"), None);
    assert_eq!(catcher.get("nonsense"), None);
    catcher.clear();
    assert_eq!(catcher.list(10, None, None).items, []);
}

#[test]
fn mistakes_are_refused_and_do_not_end_the_conversation() {
    let runtime = runtime();
    let catcher = start(&runtime, CatcherLimits { message_bytes: 2_000, recipients: 1, ..CatcherLimits::default() });
    let mut client = Client::new(&catcher);
    let codes = client.codes(&[
        "MAIL FROM:<b@acme.example>",
        "EHLO",
        "HELO me",
        "DATA",
        "RCPT TO:<ada@acme.example>",
        "MAIL FROM:b@acme.example",
        "MAIL FROM:<not an address>",
        "MAIL FROM:<b@acme.example> SIZE=2001",
        "MAIL FROM:<>",
        "MAIL FROM:<b@acme.example>",
        "RCPT TO:<ada@acme.example>",
        "RCPT TO:<bob@acme.example>",
        "NONSENSE",
        "NOOP",
    ]);
    assert_eq!(
        codes,
        ["503", "501", "250", "503", "503", "501", "553", "552", "250", "503", "250", "452", "500", "250"]
    );
    assert_eq!(client.say(&"x".repeat(3_000)), "500 5.5.2 line too long");
    assert_eq!(client.say("DATA"), "354 end with a dot on a line of its own");
    client.write(format!("{}\r\n", "y".repeat(1_500)).as_bytes());
    assert_eq!(client.say("."), "500 5.6.0 a line of the message is too long");
    assert_eq!(
        client.codes(&["MAIL FROM:<b@acme.example>", "RCPT TO:<ada@acme.example>", "DATA"]),
        ["250", "250", "354"]
    );
    client.write(b"one\ntwo\r\n");
    assert_eq!(client.say("."), "500 5.6.0 lines of the message end in CR LF");
    assert_eq!(
        client.codes(&["MAIL FROM:<b@acme.example>", "RCPT TO:<ada@acme.example>", "DATA"]),
        ["250", "250", "354"]
    );
    client.write("z\r\n".repeat(1_000).as_bytes());
    assert_eq!(client.say("."), "552 5.3.4 message too large");
    assert_eq!(catcher.list(10, None, None).items, []);
    for _ in 0..20 {
        client.write(b"NONSENSE\r\n");
    }
    let mut rest = String::new();
    client.reader.read_to_string(&mut rest).expect("the end");
    assert!(rest.ends_with("421 4.7.0 too many mistakes\r\n"), "{rest}");
}

#[test]
fn only_the_last_messages_are_kept_and_paged() {
    let runtime = runtime();
    let catcher = start(&runtime, CatcherLimits { messages: 3, ..CatcherLimits::default() });
    let mut client = Client::new(&catcher);
    client.say("EHLO me");
    for n in 1..=5 {
        client.codes(&["MAIL FROM:<b@acme.example>", "RCPT TO:<ada@acme.example>", "DATA"]);
        client.write(format!("Subject: {n}\r\n\r\n").as_bytes());
        client.say(".");
    }
    let first = catcher.list(2, None, None);
    let subjects = |page: &CaughtPage| page.items.iter().map(|item| item.subject.clone()).collect::<Vec<_>>();
    assert_eq!(subjects(&first), ["5", "4"]);
    let second = catcher.list(2, first.next_cursor.as_deref(), None);
    assert_eq!((subjects(&second), second.next_cursor.clone()), (vec!["3".to_owned()], None));
    assert_eq!(catcher.list(2, Some("nonsense"), None).items, []);
}

#[test]
fn mail_is_found_by_what_its_addresses_and_its_subject_say() {
    let runtime = runtime();
    let catcher = start(&runtime, CatcherLimits::default());
    let mut client = Client::new(&catcher);
    client.say("EHLO me");
    for (to, subject) in [("ada", "Spring news"), ("bob", "Spring news"), ("ada", "Your invoice")] {
        client.codes(&["MAIL FROM:<desk@acme.example>", &format!("RCPT TO:<{to}@globex.example>"), "DATA"]);
        client.write(format!("Subject: {subject}\r\n\r\nA text that mentions initech.\r\n").as_bytes());
        client.say(".");
    }
    let found = |text: &str| {
        let page = catcher.list(10, None, Some(text));
        page.items.into_iter().map(|item| format!("{} {}", item.to.join(","), item.subject)).collect::<Vec<_>>()
    };
    assert_eq!(found("ADA@"), ["ada@globex.example Your invoice", "ada@globex.example Spring news"]);
    assert_eq!(found("spring"), ["bob@globex.example Spring news", "ada@globex.example Spring news"]);
    assert_eq!(found("desk@acme").len(), 3);
    assert!(found("initech").is_empty(), "the text itself is not searched");
    let first = catcher.list(1, None, Some("ada@"));
    let second = catcher.list(1, first.next_cursor.as_deref(), Some("ada@"));
    assert_eq!((second.items[0].subject.as_str(), second.next_cursor), ("Spring news", None));
}

#[test]
fn the_number_of_connections_is_bounded_and_only_this_machine_is_heard() {
    let runtime = runtime();
    let catcher = start(&runtime, CatcherLimits { connections: 1, ..CatcherLimits::default() });
    let mut first = Client::new(&catcher);
    let mut second = BufReader::new(TcpStream::connect(catcher.addr()).expect("connects"));
    let mut line = String::new();
    second.read_line(&mut line).expect("a reply");
    assert!(line.starts_with("421 "), "{line}");
    assert_eq!(first.say("QUIT"), "221 2.0.0 goodbye");
    let surroundings = Surroundings::guarded(Clock::System, runtime.handle().clone());
    let everywhere = "0.0.0.0:0".parse().expect("an address");
    assert!(Catcher::start(everywhere, CatcherLimits::default(), &surroundings).is_err());
}

#[test]
fn what_begins_a_catcher_reaches_it_and_nothing_else_on_this_machine() {
    let runtime = runtime();
    let surroundings = Surroundings::guarded(Clock::System, runtime.handle().clone());
    let begin = || {
        let here = "127.0.0.1:0".parse().expect("an address");
        Catcher::start(here, CatcherLimits::default(), &surroundings).expect("starts")
    };
    let tried = |port: u16, surroundings: &Surroundings| {
        let settings = serde_json::json!({"host": "127.0.0.1", "port": port, "security": "none", "from": {"name": "Acme", "email": "a@acme.example"}});
        let connector = crate::connector::kind("smtp").expect("registered");
        connector.open(&settings, &crate::connector::Secrets::default(), surroundings).expect("opens").check()
    };
    let (own, stopped) = (begin(), begin());
    tried(own.addr().port(), &surroundings).expect("it is reached");
    let elsewhere = Surroundings::guarded(Clock::System, runtime.handle().clone());
    let why = tried(own.addr().port(), &elsewhere).expect_err("another process knows nothing of it");
    assert!(why.contains("--allow-mail-network"), "{why}");
    let others = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let gone = stopped.addr();
    drop(stopped);
    for other in [others, gone] {
        let why = tried(other.port(), &surroundings).expect_err("nothing else is reached");
        assert!(why.contains("--allow-mail-network"), "{why}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_said_the_catcher_answers_and_keeps_its_bounds(
        lines in proptest::collection::vec("(EHLO |MAIL FROM:<|RCPT TO:<|DATA|RSET|\\.|>|a@b\\.example|\r|\n|\0|\\PC){0,6}(\r\n|\n|)", 0..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (here, there) = tokio::io::duplex(1 << 20);
            let said = format!("EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n{}", lines.concat());
            let (mut reader, mut writer) = tokio::io::split(here);
            tokio::io::AsyncWriteExt::write_all(&mut writer, said.as_bytes()).await.expect("writes");
            tokio::io::AsyncWriteExt::shutdown(&mut writer).await.expect("closes");
            let limits = CatcherLimits { message_bytes: 500, ..CatcherLimits::default() };
            let mailbox = Mailbox::new(limits);
            let mut session = Session::new(there, limits);
            // The line may end in the middle of a message; that is the client's loss, not a panic.
            _ = session.run(|envelope| mailbox.keep(envelope, Clock::System.now())).await;
            drop(session);
            let mut answers = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut reader, &mut answers).await.expect("answers");
            assert!(answers.starts_with("220 ") && answers.lines().all(|line| line.len() > 3), "{answers}");
            for item in mailbox.list(1_000, None, None).items {
                assert!(item.size <= 500);
                assert!(mailbox.get(&item.id).is_some());
            }
        });
    }
}
