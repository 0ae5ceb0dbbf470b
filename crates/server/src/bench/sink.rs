//! A mail server that takes everything and keeps nothing: the far end of the delivery benchmark, as cheap as it can be.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::{fs, io, thread};

use anyhow::Context;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::meter::Task;

/// A sink that listens for as long as the process runs, on one thread.
pub struct Sink {
    addr: SocketAddr,
    taken: Arc<Taken>,
    thread: Task,
}

/// What came in.
#[derive(Default)]
struct Taken {
    messages: AtomicU64,
    /// The first message as it was sent, dots stuffed, its end included.
    first: OnceLock<Vec<u8>>,
}

impl Sink {
    /// Listens on a free port of this machine.
    pub fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let taken = Arc::new(Taken::default());
        let (tell, told) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let keeper = Arc::clone(&taken);
        thread::Builder::new().name("sink".to_owned()).spawn(move || {
            _ = tell.send(fs::read_link("/proc/thread-self").unwrap_or_default());
            if let Err(error) = runtime.block_on(serve(listener, keeper)) {
                tracing::error!(%error, "the sink stopped");
            }
        })?;
        let thread: PathBuf = told.recv().context("the sink did not start")?;
        Ok(Self { addr, taken, thread: Task::at(&thread) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Messages taken.
    pub fn messages(&self) -> u64 {
        self.taken.messages.load(Ordering::Relaxed)
    }

    /// The first message as it was sent.
    pub fn first_message(&self) -> Option<&[u8]> {
        self.taken.first.get().map(Vec::as_slice)
    }

    /// Processor time that it has taken, in seconds.
    pub fn cpu(&self) -> f64 {
        self.thread.cpu_seconds()
    }
}

async fn serve(listener: std::net::TcpListener, taken: Arc<Taken>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let taken = Arc::clone(&taken);
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &taken).await {
                tracing::debug!(%error, "a connection to the sink broke");
            }
        });
    }
}

/// Nothing is checked: the other end is ours, and sends nothing behind a message before it is answered.
async fn converse(mut stream: TcpStream, taken: &Taken) -> io::Result<()> {
    const END: &[u8] = b"\r\n.\r\n";
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink\r\n").await?;
    let mut came = Vec::with_capacity(64 * 1024);
    let mut in_message = false;
    while stream.read_buf(&mut came).await? > 0 {
        if in_message {
            if !came.ends_with(END) {
                continue;
            }
            if taken.messages.fetch_add(1, Ordering::Relaxed) == 0 {
                _ = taken.first.set(came.clone());
            }
            came.clear();
            in_message = false;
            stream.write_all(b"250 2.0.0 taken\r\n").await?;
            continue;
        }
        if !came.ends_with(b"\r\n") {
            continue;
        }
        let mut answers = String::new();
        for line in came.split_inclusive(|byte| *byte == b'\n') {
            in_message = line.eq_ignore_ascii_case(b"DATA\r\n");
            answers.push_str(match line.get(..4).unwrap_or_default() {
                b"EHLO" => "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                b"DATA" => "354 go on\r\n",
                b"QUIT" => "221 bye\r\n",
                _ => "250 fine\r\n",
            });
        }
        came.clear();
        stream.write_all(answers.as_bytes()).await?;
    }
    Ok(())
}
