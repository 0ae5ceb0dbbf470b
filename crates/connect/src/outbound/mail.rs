//! Mail servers and mailboxes: their names are resolved once, and connections are made to what was judged and to nothing else.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::guard::Guard;

/// Why there is no address for a mail server.
#[derive(Debug, thiserror::Error)]
pub enum NoMailServer {
    /// Its name leads nowhere.
    #[error(transparent)]
    Unknown(#[from] io::Error),
    /// It leads only where no mail server may be reached.
    #[error(
        "{} no public address. An administrator opens its range with --allow-mail-network (for mail servers alone) or \
         --allow-network (for every connection)",
        led(host, *address)
    )]
    NotAllowed {
        /// As it stands in the settings.
        host: String,
        /// The first that was found.
        address: IpAddr,
    },
}

fn led(host: &str, address: IpAddr) -> String {
    match host.parse::<IpAddr>() {
        Ok(_) => format!("`{host}` is"),
        Err(_) => format!("`{host}` leads to {address}, which is"),
    }
}

/// The addresses of a mail server that may be reached.
///
/// # Errors
/// When the name leads nowhere, or only where no mail server may be.
pub async fn mail_server(guard: &Guard, host: &str, port: u16) -> Result<Vec<SocketAddr>, NoMailServer> {
    judged(guard, host, tokio::net::lookup_host((host, port)).await?.collect())
}

fn judged(guard: &Guard, host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NoMailServer> {
    let first = found.first().map(SocketAddr::ip);
    let fit: Vec<SocketAddr> = found.into_iter().filter(|address| guard.allows_mail_server(*address)).collect();
    match first {
        Some(address) if fit.is_empty() => Err(NoMailServer::NotAllowed { host: host.to_owned(), address }),
        _ => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Network;
    use super::*;

    async fn reached(guard: &Guard, host: &str) -> Result<Vec<String>, String> {
        let found = mail_server(guard, host, 25).await.map_err(|error| error.to_string())?;
        Ok(found.iter().map(|address| address.ip().to_string()).collect())
    }

    fn ranges(written: &[&str]) -> Vec<Network> {
        written.iter().map(|range| range.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn mail_servers_are_refused_where_everything_else_is_and_the_error_names_what_opens_it() {
        let guard = Guard::default();
        for refused in [
            "127.0.0.1",
            "::1",
            "localhost",
            "10.1.2.3",
            "172.16.0.9",
            "192.168.1.25",
            "fd12::25",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
        ] {
            let why = reached(&guard, refused).await.unwrap_err();
            assert!(why.starts_with(&format!("`{refused}` ")) && why.contains("no public address."), "{why}");
            assert!(why.contains("--allow-mail-network") && why.contains("--allow-network"), "{why}");
        }
        assert_eq!(reached(&guard, "1.1.1.1").await.unwrap(), ["1.1.1.1"]);
    }

    #[tokio::test]
    async fn either_option_opens_a_range() {
        let everything = Guard::new(ranges(&["10.0.0.0/8", "127.0.0.0/8"]));
        let mail_alone = Guard::default().with_mail_networks(ranges(&["10.0.0.0/8", "127.0.0.0/8"]));
        for guard in [&everything, &mail_alone] {
            assert_eq!(reached(guard, "10.1.2.3").await.unwrap(), ["10.1.2.3"]);
            assert_eq!(reached(guard, "localhost").await.unwrap(), ["127.0.0.1"], "of a name only what is opened");
            assert!(reached(guard, "192.168.1.25").await.is_err());
        }
        assert!(everything.allows("10.1.2.3".parse().unwrap()));
        assert!(!mail_alone.allows("10.1.2.3".parse().unwrap()), "HTTP stays shut");
    }

    #[test]
    fn of_several_addresses_of_a_name_only_those_are_left_that_may_be_reached() {
        let found = |text: &str| text.split(' ').map(|each| each.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let guard = Guard::default();
        let both = found("10.0.0.1:25 1.1.1.1:25 [::1]:25");
        assert_eq!(judged(&guard, "relay.acme.example", both).unwrap(), found("1.1.1.1:25"));
        let why = judged(&guard, "relay.acme.example", found("10.0.0.1:25 [::1]:25")).unwrap_err().to_string();
        assert!(why.starts_with("`relay.acme.example` leads to 10.0.0.1, which is no public address."), "{why}");
    }
}
