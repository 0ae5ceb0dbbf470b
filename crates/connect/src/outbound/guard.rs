//! Which addresses may be reached.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::RwLock;

/// A range of addresses, `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no range of addresses.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a range of addresses; write one like 127.0.0.0/8 or 10.1.2.3/32.")]
pub struct BadNetwork(String);

impl Network {
    /// Whether the address lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same_start(own.to_bits().into(), other.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same_start(own.to_bits(), other.to_bits(), 128, self.prefix),
            _ => false,
        }
    }

    /// Its first and its last address.
    pub fn bounds(&self) -> (IpAddr, IpAddr) {
        let behind = |bits: u8| u128::MAX.checked_shr(u32::from(128 - bits + self.prefix)).unwrap_or(0);
        match self.address {
            IpAddr::V4(own) => {
                let rest = behind(32) as u32;
                (Ipv4Addr::from_bits(own.to_bits() & !rest).into(), Ipv4Addr::from_bits(own.to_bits() | rest).into())
            }
            IpAddr::V6(own) => {
                let rest = behind(128);
                (Ipv6Addr::from_bits(own.to_bits() & !rest).into(), Ipv6Addr::from_bits(own.to_bits() | rest).into())
            }
        }
    }

    /// How many bits all its addresses begin with in common.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

impl From<IpAddr> for Network {
    /// One address alone.
    fn from(address: IpAddr) -> Self {
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }
}

/// Whether two numbers of `bits` bits agree in their first `prefix`.
fn same_start(one: u128, other: u128, bits: u8, prefix: u8) -> bool {
    let shift = u32::from(bits - prefix);
    one.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(written: &str) -> Result<Self, BadNetwork> {
        let refuse = || BadNetwork(written.to_owned());
        let (address, prefix) = written.trim().split_once('/').ok_or_else(refuse)?;
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let prefix: u8 = prefix.parse().map_err(|_| refuse())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        if prefix > bits { Err(refuse()) } else { Ok(Self { address, prefix }) }
    }
}

/// Public addresses, the private ranges that the administrator opened, and the folder below which files may be written.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    opened: Arc<[Network]>,
    opened_to_mail: Arc<[Network]>,
    /// Mail servers that this process itself runs, each at its own address and port.
    own_mail_servers: Arc<RwLock<Vec<SocketAddr>>>,
    files: Option<Arc<Path>>,
}

impl Guard {
    /// A guard that lets these private ranges through too.
    pub fn new(opened: Vec<Network>) -> Self {
        Self { opened: opened.into(), ..Self::default() }
    }

    /// The same, and mail servers may stand in these private ranges.
    #[must_use]
    pub fn with_mail_networks(self, opened: Vec<Network>) -> Self {
        Self { opened_to_mail: opened.into(), ..self }
    }

    /// The same, and files may be written below this folder.
    #[must_use]
    pub fn with_files(self, root: Option<&Path>) -> Self {
        Self { files: root.map(Arc::from), ..self }
    }

    /// The folder below which files may be written; none: nowhere.
    pub fn files(&self) -> Option<&Path> {
        self.files.as_deref()
    }

    /// Whether a connection to this address may be made.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.is_opened(address) || is_public(address)
    }

    /// Whether a mail server or mailbox at this address may be reached.
    pub fn allows_mail_server(&self, address: SocketAddr) -> bool {
        let plain = unmapped(address.ip());
        self.allows(address.ip())
            || self.opened_to_mail.iter().any(|range| range.contains(plain))
            || self.own_mail_servers.read().contains(&address)
    }

    /// Lets a mail server through that this process itself has begun; for every clone of the guard.
    pub fn begin_mail_server(&self, address: SocketAddr) {
        self.own_mail_servers.write().push(address);
    }

    /// It is over with that mail server: whoever listens there next is somebody else.
    pub fn end_mail_server(&self, address: SocketAddr) {
        self.own_mail_servers.write().retain(|own| *own != address);
    }

    /// Whether the administrator opened a range that holds this address.
    pub fn is_opened(&self, address: IpAddr) -> bool {
        let plain = unmapped(address);
        self.opened.iter().any(|range| range.contains(plain))
    }
}

/// The IPv4 address inside an IPv4-mapped one.
fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Reachable over the Internet, as far as the address itself tells (RFC 6890 and its successors).
fn is_public(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0);
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let segments = v6.segments();
    // Only 2000::/3 is given out; inside it stand documentation, Teredo, and 6to4 and NAT64, which carry IPv4 addresses.
    let special = segments[0] & 0xe000 != 0x2000
        || (segments[0] == 0x2001 && segments[1] < 0x0200)
        || (segments[0] == 0x2001 && segments[1] == 0x0db8)
        || segments[0] == 0x2002
        || segments[0] == 0x3fff;
    !special
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_and_bad_ones_refused() {
        let read = |text: &str| text.parse::<Network>().ok().map(|range| range.to_string());
        assert_eq!(read("10.0.0.0/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(read(" fd00::/8").as_deref(), Some("fd00::/8"));
        for bad in ["", "10.0.0.0", "10.0.0.0/33", "10.0/8", "localhost/8", "::/129", "10.0.0.0/-1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_network_has_a_first_and_a_last_address() {
        for (network, first, last) in [
            ("203.0.113.77/24", "203.0.113.0", "203.0.113.255"),
            ("203.0.113.7/32", "203.0.113.7", "203.0.113.7"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("2001:db8::5/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            let bounds = network.parse::<Network>().unwrap().bounds();
            assert_eq!(bounds, (first.parse().unwrap(), last.parse().unwrap()), "{network}");
        }
    }

    #[test]
    fn private_and_special_addresses_are_refused_however_they_are_written() {
        let guard = Guard::default();
        for refused in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "64:ff9b::7f00:1",
        ] {
            assert!(!guard.allows(refused.parse().unwrap()), "{refused}");
        }
        for allowed in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(guard.allows(allowed.parse().unwrap()), "{allowed}");
        }
    }

    #[test]
    fn an_opened_range_is_reached_and_its_neighbours_are_not() {
        let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap()]);
        assert!(guard.allows("10.1.255.255".parse().unwrap()));
        assert!(guard.allows("::ffff:10.1.0.1".parse().unwrap()));
        assert!(!guard.allows("10.2.0.0".parse().unwrap()));
        assert!(Guard::new(vec!["0.0.0.0/0".parse().unwrap()]).allows("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_range_opened_to_mail_is_opened_to_nothing_else() {
        let guard = Guard::default().with_mail_networks(vec!["10.1.0.0/16".parse().unwrap()]);
        for (address, mail) in [("10.1.2.3:25", true), ("[::ffff:10.1.2.3]:25", true), ("10.2.0.0:25", false)] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!((guard.allows_mail_server(address), guard.allows(address.ip())), (mail, false), "{address}");
        }
    }

    #[test]
    fn a_mail_server_of_this_process_is_reached_at_its_own_port_while_it_lives() {
        let guard = Guard::default();
        let own: SocketAddr = "127.0.0.1:2525".parse().unwrap();
        let before = guard.clone();
        guard.begin_mail_server(own);
        assert!(before.allows_mail_server(own), "every clone knows it");
        assert!(!guard.allows(own.ip()), "it is no door for anything else");
        for other in ["127.0.0.1:2526", "127.0.0.2:2525", "[::1]:2525"] {
            assert!(!guard.allows_mail_server(other.parse().unwrap()), "{other}");
        }
        guard.end_mail_server(own);
        assert!(!before.allows_mail_server(own));
    }

    proptest! {
        #[test]
        fn a_range_holds_what_a_comparison_bit_by_bit_says(own: u32, other: u32, prefix in 0_u8..=32) {
            let range = Network { address: IpAddr::V4(own.into()), prefix };
            let same = (0..prefix).all(|bit| own >> (31 - bit) & 1 == other >> (31 - bit) & 1);
            prop_assert_eq!(range.contains(IpAddr::V4(other.into())), same);
        }
    }
}
