//! Names become addresses here, and are judged in the same breath: a connection is made to what was judged and to nothing
//! else, so a name that leads elsewhere a moment later gains nothing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::Guard;

/// The addresses of a name, as soon as they are known.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Who knows the addresses of names.
pub trait Names: Send + Sync {
    /// All addresses of a name.
    fn addresses(&self, name: &str) -> Found;
}

/// Whom this machine asks.
pub struct OfMachine;

impl Names for OfMachine {
    fn addresses(&self, name: &str) -> Found {
        let name = name.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) })
    }
}

/// Lets only those addresses of a name through that may be reached. A client asks it for every connection that it makes.
pub struct Judged {
    pub names: Arc<dyn Names>,
    pub guard: Guard,
    pub judge: fn(&Guard, IpAddr) -> bool,
}

/// A name all of whose addresses are refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(pub String);

/// Why an address may not be reached, and who can change that.
pub const OPEN_IT: &str = ": it is private, or unencrypted outside of an opened range. An administrator opens a range \
                           with --allow-network.";

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, judge, found) = (self.guard.clone(), self.judge, self.names.addresses(name.as_str()));
        Box::pin(async move {
            let found = found.await?;
            let fit: Vec<SocketAddr> =
                found.iter().filter(|address| judge(&guard, **address)).map(|address| (*address, 0).into()).collect();
            match (fit.is_empty(), found.first()) {
                (true, Some(first)) => {
                    let why = format!("`{}` leads to {first}, which may not be reached{OPEN_IT}", name.as_str());
                    Err(Box::new(NotAllowed(why)) as Box<dyn std::error::Error + Send + Sync>)
                }
                _ => Ok(Box::new(fit.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use parking_lot::Mutex;
    use reqwest::Method;

    use super::super::{Answer, CallError, Outbound};
    use super::*;

    /// Somebody else's DNS: what it answers next, the last answer for ever.
    struct Turning(Mutex<VecDeque<Vec<IpAddr>>>, Mutex<usize>);

    impl Turning {
        fn through(answers: &[&[&str]]) -> Arc<Self> {
            let read = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
            Arc::new(Self(Mutex::new(answers.iter().map(read).collect()), Mutex::new(0)))
        }

        fn asked(&self) -> usize {
            *self.1.lock()
        }
    }

    impl Names for Turning {
        fn addresses(&self, _: &str) -> Found {
            *self.1.lock() += 1;
            let mut answers = self.0.lock();
            let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
            Box::pin(async move { Ok(next.unwrap_or_default()) })
        }
    }

    /// A server on every address of this machine, which notes at which of them it was reached.
    struct Everywhere {
        port: u16,
        reached: Arc<Mutex<Vec<IpAddr>>>,
    }

    impl Everywhere {
        /// Answers with these bytes; `PORT` in them is its own.
        fn answering(answer: &str) -> Self {
            let listener = TcpListener::bind("0.0.0.0:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let reached: Arc<Mutex<Vec<IpAddr>>> = Arc::default();
            let (noted, answer) = (Arc::clone(&reached), answer.replace("PORT", &port.to_string()));
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    noted.lock().push(stream.local_addr().unwrap().ip());
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(answer.as_bytes());
                }
            });
            Self { port, reached }
        }

        fn reached(&self) -> Vec<String> {
            self.reached.lock().iter().map(ToString::to_string).collect()
        }
    }

    const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    /// `127.0.0.2` stands for everything that may be reached, `127.0.0.1` for what may not.
    fn outbound(names: &Arc<Turning>) -> Outbound {
        Outbound::asking(Guard::new(vec!["127.0.0.2/32".parse().unwrap()]), Arc::clone(names) as Arc<dyn Names>)
    }

    async fn post(outbound: &Outbound, port: u16) -> Result<Answer, CallError> {
        let call = outbound.call(Method::POST, &format!("http://hooks.acme.example:{port}/in"))?;
        outbound.send(call.body("{}"), Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn a_name_that_turns_to_a_private_address_is_refused_when_the_next_connection_is_made() {
        let (names, server) = (Turning::through(&[&["127.0.0.2"], &["127.0.0.1"]]), Everywhere::answering(FINE));
        let outbound = outbound(&names);
        assert_eq!(post(&outbound, server.port).await.unwrap().status, 200);
        assert_eq!(names.asked(), 1, "judging and connecting share one look-up: nothing can change between them");
        let turned = post(&outbound, server.port).await;
        assert!(matches!(&turned, Err(CallError::Refused(why)) if why.contains("leads to 127.0.0.1")), "{turned:?}");
        assert_eq!((names.asked(), server.reached()), (2, vec!["127.0.0.2".to_owned()]));
    }

    #[tokio::test]
    async fn of_several_addresses_of_a_name_only_those_are_tried_that_may_be_reached() {
        let names = Turning::through(&[&["127.0.0.1", "::1", "127.0.0.2", "169.254.169.254"]]);
        let server = Everywhere::answering(FINE);
        assert_eq!(post(&outbound(&names), server.port).await.unwrap().status, 200);
        assert_eq!(server.reached(), ["127.0.0.2"]);
    }

    #[tokio::test]
    async fn the_internet_turning_into_the_metadata_service_is_seen_at_every_look_up() {
        let names = Turning::through(&[&["93.184.216.34"], &["169.254.169.254"], &["::ffff:10.0.0.1"]]);
        let judged = Judged { names, guard: Guard::default(), judge: Guard::allows };
        let look_up = async || {
            let found = judged.resolve("rebind.example".parse().unwrap()).await;
            found.map(|found| found.map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(look_up().await.unwrap(), ["93.184.216.34"]);
        for private in ["169.254.169.254", "10.0.0.1"] {
            let why = look_up().await.unwrap_err().to_string();
            assert!(why.contains(private) && why.contains("--allow-network"), "{why}");
        }
    }

    #[tokio::test]
    async fn a_redirect_into_a_private_range_is_never_followed_whatever_its_kind_and_however_it_is_written() {
        for status in [301, 302, 303, 307, 308] {
            for to in [
                "http://127.0.0.1:PORT/",
                "http://localhost:PORT/",
                "http://127.0.0.2:PORT/again",
                "//127.0.0.1:PORT/",
                "/again",
            ] {
                let head = format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\n");
                let server = Everywhere::answering(&(head + "Content-Length: 0\r\nConnection: close\r\n\r\n"));
                let names = Turning::through(&[&["127.0.0.2"]]);
                assert_eq!(post(&outbound(&names), server.port).await.unwrap().status, status);
                assert_eq!(server.reached(), ["127.0.0.2"], "{status} {to}");
            }
        }
    }
}
