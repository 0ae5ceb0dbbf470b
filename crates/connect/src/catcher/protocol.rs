//! The server's side of SMTP (RFC 5321), as much as a mail catcher needs, strictly.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::time::timeout;

use super::CatcherLimits;
use crate::email::check_address;

/// Longest command with its line end (RFC 5321 §4.5.3.1.4, with room for extensions).
const COMMAND_BYTES: usize = 1_024;
/// Longest line of a message with its line end (§4.5.3.1.6).
const TEXT_LINE_BYTES: usize = 1_000;
/// A client that goes on making mistakes is let go.
const MISTAKES: u32 = 20;

/// A message as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub from: String,
    pub to: Vec<String>,
    pub content: Vec<u8>,
}

/// One connection.
#[derive(Debug)]
pub struct Session<S> {
    stream: BufStream<S>,
    limits: CatcherLimits,
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
    mistakes: u32,
}

/// What became of reading a line.
enum Line {
    Text(Vec<u8>),
    TooLong,
    /// Ends in a line feed alone.
    Bare,
    End,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub fn new(stream: S, limits: CatcherLimits) -> Self {
        Self { stream: BufStream::new(stream), limits, greeted: false, from: None, to: Vec::new(), mistakes: 0 }
    }

    /// Says that there are too many others.
    pub async fn turn_away(&mut self) -> io::Result<()> {
        self.say("421 4.3.2 too many connections, come back later").await
    }

    /// Talks until the client leaves; `keep` takes each message and returns its id.
    pub async fn run(&mut self, keep: impl Fn(Envelope) -> String) -> io::Result<()> {
        self.say("220 localhost ESMTP Caravan mail catcher").await?;
        loop {
            let command = match self.line(COMMAND_BYTES).await? {
                Line::Text(line) => line,
                Line::End => return Ok(()),
                Line::TooLong => {
                    self.mistake("500 5.5.2 line too long").await?;
                    continue;
                }
                Line::Bare => {
                    self.mistake("500 5.5.2 lines end in CR LF").await?;
                    continue;
                }
            };
            if self.mistakes > MISTAKES {
                return self.say("421 4.7.0 too many mistakes").await;
            }
            let Ok(command) = String::from_utf8(command) else {
                self.mistake("500 5.5.2 not UTF-8").await?;
                continue;
            };
            let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
            match (verb.to_ascii_uppercase().as_str(), rest.trim()) {
                ("QUIT", "") => return self.say("221 2.0.0 goodbye").await,
                ("DATA", "") => self.data(&keep).await?,
                (verb, rest) => self.command(verb, rest).await?,
            }
        }
    }

    async fn command(&mut self, verb: &str, rest: &str) -> io::Result<()> {
        match verb {
            "HELO" | "EHLO" if rest.is_empty() => self.mistake("501 5.5.4 say who you are").await,
            "HELO" => {
                self.reset();
                self.greeted = true;
                self.say("250 localhost").await
            }
            "EHLO" => {
                self.reset();
                self.greeted = true;
                let size = self.limits.message_bytes;
                let features = format!(
                    "250-localhost\r\n250-SIZE {size}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES"
                );
                self.say(&features).await
            }
            "MAIL" => self.mail(rest).await,
            "RCPT" => self.rcpt(rest).await,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 forgotten").await
            }
            "NOOP" => self.say("250 2.0.0 still here").await,
            "VRFY" => self.say("252 2.5.2 send it and see").await,
            _ => self.mistake("500 5.5.1 no such command").await,
        }
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        if !self.greeted {
            return self.mistake("503 5.5.1 say hello first").await;
        }
        if self.from.is_some() {
            return self.mistake("503 5.5.1 one message after the other").await;
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return self.mistake("501 5.5.4 MAIL FROM:<address>").await;
        };
        let declared =
            parameters.split_whitespace().find_map(|parameter| parameter.strip_prefix("SIZE=")?.parse().ok());
        if declared.is_some_and(|size: usize| size > self.limits.message_bytes) {
            return self.mistake("552 5.3.4 message too large").await;
        }
        if !address.is_empty() && check_address(address).is_err() {
            return self.mistake("553 5.1.7 not an address").await;
        }
        self.from = Some(address.to_owned());
        self.say("250 2.1.0 sender noted").await
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<()> {
        if self.from.is_none() {
            return self.mistake("503 5.5.1 name the sender first").await;
        }
        let Some((address, _)) = path(rest, "TO:") else {
            return self.mistake("501 5.5.4 RCPT TO:<address>").await;
        };
        if check_address(address).is_err() {
            return self.mistake("553 5.1.3 not an address").await;
        }
        if self.to.len() >= self.limits.recipients {
            return self.mistake("452 4.5.3 too many recipients").await;
        }
        self.to.push(address.to_owned());
        self.say("250 2.1.5 recipient noted").await
    }

    async fn data(&mut self, keep: &impl Fn(Envelope) -> String) -> io::Result<()> {
        if self.to.is_empty() {
            return self.mistake("503 5.5.1 name a recipient first").await;
        }
        self.say("354 end with a dot on a line of its own").await?;
        let content = self.content().await?;
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        match content {
            Ok(content) => {
                let id = keep(Envelope { from, to, content });
                self.say(&format!("250 2.0.0 caught as {id}")).await
            }
            Err(refusal) => self.mistake(refusal).await,
        }
    }

    /// The message without the dots that were stuffed in, or why it is refused; read to its end either way.
    async fn content(&mut self) -> io::Result<Result<Vec<u8>, &'static str>> {
        let mut content = Vec::new();
        let mut refusal = None;
        loop {
            match self.line(TEXT_LINE_BYTES).await? {
                Line::Text(line) if line == b"." => break,
                Line::Text(line) if refusal.is_none() => {
                    content.extend(line.strip_prefix(b".").unwrap_or(&line));
                    content.extend(b"\r\n");
                }
                Line::Text(_) => {}
                Line::TooLong => refusal = refusal.or(Some("500 5.6.0 a line of the message is too long")),
                Line::Bare => refusal = refusal.or(Some("500 5.6.0 lines of the message end in CR LF")),
                Line::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
            if content.len() > self.limits.message_bytes {
                content = Vec::new();
                refusal = Some("552 5.3.4 message too large");
            }
        }
        Ok(refusal.map_or(Ok(content), Err))
    }

    /// The next line without its end, at most `longest` bytes with it.
    async fn line(&mut self, longest: usize) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let before = line.len();
            let mut bounded = (&mut self.stream).take((longest - before) as u64);
            let silence = || io::Error::from(io::ErrorKind::TimedOut);
            let read =
                timeout(self.limits.silence, bounded.read_until(b'\n', &mut line)).await.map_err(|_| silence())??;
            if read == 0 {
                return Ok(Line::End);
            }
            if line.last() == Some(&b'\n') {
                break;
            }
            if line.len() == longest {
                too_long = true;
                line.clear();
            }
        }
        line.pop();
        Ok(match line.pop() {
            _ if too_long => Line::TooLong,
            Some(b'\r') => Line::Text(line),
            _ => Line::Bare,
        })
    }

    async fn say(&mut self, words: &str) -> io::Result<()> {
        self.stream.write_all(words.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await?;
        self.stream.flush().await
    }

    async fn mistake(&mut self, words: &str) -> io::Result<()> {
        self.mistakes += 1;
        self.say(words).await
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

/// The address between the angle brackets after `word`, and what follows.
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let named = rest.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word))?;
    rest.get(named.len()..)?.trim_start().strip_prefix('<')?.split_once('>')
}
