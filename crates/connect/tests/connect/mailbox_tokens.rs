//! A mailbox whose provider takes tokens and no passwords: the whole dialogue with its token server and its IMAP server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::returned::{BounceMailbox, MailboxTokens};
use caravan_connect::{Secret, Secrets, Surroundings};
use caravan_model::Clock;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Answers every connection on a thread of its own; ends with the process.
fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, answer) = (listener.local_addr().expect("an address"), Arc::new(answer));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(stream));
        }
    });
    address
}

/// Grants `token-1`, `token-2` …, and keeps what it was asked.
fn grant(mut stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        let line = line.trim().to_ascii_lowercase();
        if let Some(said) = line.strip_prefix("content-length:") {
            length = said.trim().parse().expect("a length");
        }
        if line.is_empty() {
            break;
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).expect("the form");
    let number = {
        let mut asked = asked.lock();
        asked.push(String::from_utf8(form).expect("text"));
        asked.len()
    };
    let body = json!({"access_token": format!("token-{number}"), "expires_in": 3600}).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("an answer");
}

/// An IMAP server with an empty mailbox, which only `good` opens.
fn open_to(stream: TcpStream, good: &Mutex<String>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let say = |text: String| (&stream).write_all(text.as_bytes()).is_ok();
    let mut hear = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line.trim_end().to_owned())
    };
    say("* OK IMAP4rev1\r\n".to_owned());
    let mut inside = false;
    while let Some(line) = hear() {
        let (tag, command) = line.split_once(' ').expect("a tag");
        let (answer, done) = match command {
            "AUTHENTICATE XOAUTH2" => {
                say("+ \r\n".to_owned());
                let said = STANDARD.decode(hear().expect("who comes")).expect("base64");
                let said = String::from_utf8(said).expect("text");
                inside = said == format!("user=bounces@acme.example\x01auth=Bearer {}\x01\x01", good.lock());
                if !inside {
                    say(format!("+ {}\r\n", STANDARD.encode(r#"{"status":"401","schemes":"bearer"}"#)));
                    assert_eq!(hear().as_deref(), Some(""), "a refusal is answered with nothing");
                }
                (String::new(), if inside { "OK in" } else { "NO AUTHENTICATE failed" })
            }
            "LOGOUT" => ("* BYE\r\n".to_owned(), "OK"),
            _ if !inside => (String::new(), "NO not signed in"),
            "UID SEARCH UNSEEN UNDELETED" => ("* SEARCH\r\n".to_owned(), "OK"),
            _ => ("* FLAGS (\\Seen)\r\n* 0 EXISTS\r\n* 0 RECENT\r\n".to_owned(), "OK"),
        };
        if !say(format!("{answer}{tag} {done}\r\n")) {
            return;
        }
    }
}

struct World {
    runtime: Runtime,
    asked: Arc<Mutex<Vec<String>>>,
    good: Arc<Mutex<String>>,
    tokens: MailboxTokens,
    places: (SocketAddr, SocketAddr),
}

impl World {
    fn new() -> Self {
        let (asked, good) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new("token-1".to_owned())));
        let (heard, opens) = (Arc::clone(&asked), Arc::clone(&good));
        let places = (serve(move |stream| grant(stream, &heard)), serve(move |stream| open_to(stream, &opens)));
        let runtime = Runtime::new().expect("a runtime");
        Self { runtime, asked, good, tokens: MailboxTokens::default(), places }
    }

    fn visit(&self, oauth: Value, secrets: &[(&str, &str)]) -> Result<usize, String> {
        let (tokens, imap) = self.places;
        let mut settings = json!({"host": "127.0.0.1", "port": imap.port(), "security": "none", "username": "bounces@acme.example",
            "oauth": {"token_url": format!("http://{tokens}/token"), "client_id": "caravan"}});
        settings["oauth"].as_object_mut().expect("settings").extend(oauth.as_object().expect("settings").clone());
        let mailbox: BounceMailbox = serde_json::from_value(settings).expect("settings");
        let range = "127.0.0.0/8".parse().expect("a range");
        let outbound = Outbound::new(Guard::new(vec![range]));
        let surroundings = Surroundings { clock: Clock::System, runtime: self.runtime.handle().clone(), outbound };
        let surroundings = surroundings.with_mail_networks(vec![range]);
        let secrets: Secrets = secrets.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect();
        let how = self.tokens.sign_in("mail", &mailbox, &secrets, &surroundings)?;
        mailbox.visit(&how, &surroundings, &mut |_| true)
    }
}

#[test]
fn a_client_of_its_own_signs_in_with_a_token_that_is_kept_until_it_is_refused() {
    let world = World::new();
    let visit = || {
        let oauth = json!({"grant": "client_credentials", "scope": "https://outlook.office365.com/.default"});
        world.visit(oauth, &[("bounce_client_secret", "hush")])
    };
    assert_eq!((visit(), visit()), (Ok(0), Ok(0)));
    let asked = world.asked.lock().clone();
    assert_eq!(asked.len(), 1, "one token for both visits");
    for field in [
        "grant_type=client_credentials",
        "client_id=caravan",
        "client_secret=hush",
        "scope=https%3A%2F%2Foutlook.office365.com%2F.default",
    ] {
        assert!(asked[0].split('&').any(|it| it == field), "{field}: {asked:?}");
    }
    "token-2".clone_into(&mut world.good.lock());
    let refused = visit().expect_err("the token is not good any more");
    assert!(refused.contains("the token is not taken") && refused.contains("\"status\":\"401\""), "{refused}");
    assert!(!refused.contains("token-1"), "{refused}");
    assert_eq!((visit(), world.asked.lock().len()), (Ok(0), 2));
}

#[test]
fn what_the_owner_granted_signs_in_and_a_secret_that_is_missing_is_named() {
    let world = World::new();
    let oauth = json!({"grant": "refresh_token"});
    let refused = world.visit(oauth.clone(), &[]).expect_err("nothing was granted");
    assert_eq!(refused, "the secret `bounce_refresh_token` is not given");
    assert_eq!(world.visit(oauth, &[("bounce_refresh_token", "1//granted")]), Ok(0));
    let asked = world.asked.lock().clone();
    assert!(
        asked[0].contains("grant_type=refresh_token") && asked[0].contains("refresh_token=1%2F%2Fgranted"),
        "{asked:?}"
    );
}
