//! The limits beside the delivery benchmark: the bare SMTP dialogue, and the bare RSA-2048 signature.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use caravan_connect::Secret;
use caravan_connect::smtp::Signer;
use jiff::Timestamp;

use super::meter::Meter;

/// For how long signatures are made.
const SIGNING: Duration = Duration::from_secs(2);

/// Messages a second of plain loops that hand over `content` (as it goes over the wire, its end included) again and
/// again, `messages` in all over `connections` connections.
pub fn messages_per_s(addr: SocketAddr, content: &[u8], messages: u64, connections: u64) -> anyhow::Result<f64> {
    let meter = Meter::start();
    thread::scope(|scope| -> anyhow::Result<()> {
        let share = messages.div_ceil(connections.max(1));
        let loops: Vec<_> =
            (0..connections.max(1)).map(|_| scope.spawn(move || converse(addr, content, share))).collect();
        for one in loops {
            one.join().ok().context("a sending thread failed")??;
        }
        Ok(())
    })?;
    Ok(messages as f64 / meter.seconds())
}

fn converse(addr: SocketAddr, content: &[u8], messages: u64) -> anyhow::Result<()> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    expect(&mut answers, "220")?;
    stream.write_all(b"EHLO bench\r\n")?;
    expect(&mut answers, "250")?;
    for _ in 0..messages {
        stream.write_all(b"MAIL FROM:<news@acme.example>\r\nRCPT TO:<ada@works.example>\r\nDATA\r\n")?;
        for code in ["250", "250", "354"] {
            expect(&mut answers, code)?;
        }
        stream.write_all(content)?;
        expect(&mut answers, "250")?;
    }
    Ok(())
}

/// The last line of an answer.
fn expect(answers: &mut impl std::io::BufRead, code: &str) -> anyhow::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        answers.read_line(&mut line)?;
        ensure!(line.starts_with(code), "the sink answered {line:?} instead of {code}");
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}

/// Signatures a second that one core makes with a key, of a message that is nearly empty.
pub fn signatures_per_s(key: &str) -> anyhow::Result<f64> {
    let signer = Signer::new("acme.example", &[("bench".to_owned(), Secret::new(key))])
        .map_err(|(_, error)| anyhow::anyhow!("the benchmark's key: {error}"))?;
    let meter = Meter::start();
    let mut made = 0_u64;
    while meter.seconds() < SIGNING.as_secs_f64() {
        signer.signatures(b"From: a@acme.example\r\n\r\n", Timestamp::UNIX_EPOCH)?;
        made += 1;
    }
    Ok(made as f64 / meter.seconds())
}
