//! Where mail servers and mailboxes may stand: a relay in one's own network is the ordinary case, so private addresses are
//! no reason to refuse one. What never is a mail server (link-local addresses and with them the metadata services of clouds,
//! multicast, reserved ranges) is refused here too, unless an administrator opened it.

use std::io;
use std::net::SocketAddr;

use super::guard::Guard;

/// The addresses of a mail server that may be reached; a connection is made to these and to nothing else.
///
/// # Errors
/// When the name leads nowhere, or only where no mail server may be.
pub async fn mail_server(guard: &Guard, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
    let fit: Vec<SocketAddr> = found.iter().filter(|address| guard.allows_mail_server(address.ip())).copied().collect();
    match (fit.is_empty(), found.first()) {
        (true, Some(first)) => {
            let why = format!(
                "it leads to {}, where no mail server may be reached; an administrator opens a range with --allow-network",
                first.ip()
            );
            Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
        }
        _ => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn judged(guard: &Guard, host: &str) -> Result<usize, String> {
        mail_server(guard, host, 25).await.map(|found| found.len()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn mail_servers_may_stand_in_ones_own_network_and_nowhere_that_is_none() {
        let guard = Guard::default();
        for fit in ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.9", "192.168.1.25", "fd12::25", "1.1.1.1"] {
            assert_eq!(judged(&guard, fit).await, Ok(1), "{fit}");
        }
        for unfit in
            ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255"]
        {
            let why = judged(&guard, unfit).await.unwrap_err();
            assert!(why.contains("no mail server may be reached"), "{unfit}: {why}");
        }
        let opened = Guard::new(vec!["169.254.0.0/16".parse().unwrap()]);
        assert_eq!(judged(&opened, "169.254.10.1").await, Ok(1));
    }
}
