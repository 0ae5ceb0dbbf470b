//! What machines are known by: the names of programs and the networks that stand in the settings and in the files that were
//! loaded. All of it is read once, so that a click among fifty thousand networks costs no more than one among two.

use std::net::IpAddr;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use caravan_catalog::Definitions;
use caravan_connect::outbound::Network;
use caravan_model::document::Machines;
use caravan_store::machine_lists::{self, MachineListRow};
use caravan_store::{Session, StoreError};

use super::lists::{self, MachineList};
use super::{Verdict, Visitor, treated};

/// What machines call themselves, in small letters. What merely fetches for a person (the picture proxies of mailbox
/// providers) is not among them.
const KNOWN: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "scan",
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "go-http-client",
    "libwww",
    "okhttp",
    "apache-httpclient",
    "headless",
    "phantomjs",
    "barracuda",
    "mimecast",
    "proofpoint",
    "symantec",
    "forcepoint",
    "messagelabs",
    "fireeye",
    "trendmicro",
    "sophos",
    "facebookexternalhit",
    "whatsapp",
    "skypeuri",
    "monitor",
    "validator",
    "checker",
];

/// What machines are known by.
pub(crate) struct Known {
    settings: Machines,
    by_settings: Marks,
    by_files: Arc<Marks>,
    /// Which files those are.
    files: Vec<MachineListRow>,
}

impl Known {
    /// By what stands in the store. Files that were read before are not read again.
    pub fn read(s: &mut dyn Session, definitions: &Definitions, before: Option<&Self>) -> Result<Self, StoreError> {
        let files = machine_lists::all(s)?;
        let by_files = match before.filter(|before| before.files == files) {
            Some(before) => Arc::clone(&before.by_files),
            None => Arc::new(Marks::of_files(s, &files)?),
        };
        let settings = definitions.settings();
        let settings = settings.map(|settings| settings.machines).unwrap_or_default();
        Ok(Self { by_settings: Marks::of_settings(&settings), settings, by_files, files })
    }

    /// By the settings alone.
    #[cfg(test)]
    fn by(settings: Machines) -> Self {
        Self { by_settings: Marks::of_settings(&settings), settings, by_files: Arc::default(), files: Vec::new() }
    }

    /// What is done with machines.
    pub fn settings(&self) -> &Machines {
        &self.settings
    }

    /// Tells whoever asks by what they call themselves, and where they come from.
    pub fn tell(&self, visitor: &Visitor) -> Verdict {
        let marks = [&self.by_settings, &*self.by_files];
        let address = visitor.address.map(|address| address.to_canonical());
        let lies_in = |networks: fn(&Marks) -> &Networks| {
            address.is_some_and(|address| marks.iter().any(|marks| networks(marks).hold(address)))
        };
        let agent = visitor.agent.as_deref().map(str::to_lowercase).unwrap_or_default();
        match () {
            () if lies_in(|marks| &marks.blocked) => Verdict::Blocked,
            () if marks.iter().any(|marks| marks.programs.is_match(&agent)) => treated(self.settings.known, "agent"),
            () if lies_in(|marks| &marks.networks) => treated(self.settings.known, "network"),
            () => Verdict::Person,
        }
    }
}

/// Names and networks, ready to be looked into.
struct Marks {
    programs: AhoCorasick,
    networks: Networks,
    blocked: Networks,
}

impl Default for Marks {
    fn default() -> Self {
        Self { programs: names(std::iter::empty()), networks: Networks::default(), blocked: Networks::default() }
    }
}

impl Marks {
    fn of_settings(settings: &Machines) -> Self {
        let networks = |written: &[String]| Networks::of(written.iter().filter_map(|network| network.parse().ok()));
        let more = settings.agents.iter().map(|agent| agent.to_lowercase()).filter(|agent| !agent.is_empty());
        Self {
            programs: names(KNOWN.iter().map(|known| (*known).to_owned()).chain(more)),
            networks: networks(&settings.networks),
            blocked: networks(&settings.blocked_networks),
        }
    }

    fn of_files(s: &mut dyn Session, files: &[MachineListRow]) -> Result<Self, StoreError> {
        let mut marks = Self::default();
        for list in files.iter().filter_map(|row| MachineList::from_key(&row.list)) {
            let file = machine_lists::file(s, list.key())?.unwrap_or_default();
            let entries = lists::entries(&file).map(|(_, entry)| entry);
            match list {
                MachineList::Agents => marks.programs = names(entries.map(str::to_lowercase)),
                MachineList::Networks => marks.networks = Networks::of(entries.filter_map(lists::network)),
                MachineList::BlockedNetworks => marks.blocked = Networks::of(entries.filter_map(lists::network)),
            }
        }
        Ok(marks)
    }
}

/// Finds any of these names in a text, in one pass over it.
fn names(all: impl Iterator<Item = String>) -> AhoCorasick {
    AhoCorasick::new(all).unwrap_or_else(|error| {
        // Beyond what four bytes count; no list is that long.
        tracing::error!(%error, "the names of programs cannot be used");
        #[expect(clippy::expect_used, reason = "nothing to find can be found")]
        AhoCorasick::new(std::iter::empty::<&str>()).expect("nothing to find can be found")
    })
}

/// Ranges of addresses in their order, none touching another one.
#[derive(Debug, Default)]
struct Networks(Vec<(IpAddr, IpAddr)>);

impl Networks {
    fn of(all: impl Iterator<Item = Network>) -> Self {
        let mut ranges: Vec<(IpAddr, IpAddr)> = all.map(|network| network.bounds()).map(as_they_come).collect();
        ranges.sort_unstable();
        let mut apart: Vec<(IpAddr, IpAddr)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match apart.last_mut() {
                Some((_, reaches)) if first <= *reaches => *reaches = last.max(*reaches),
                _ => apart.push((first, last)),
            }
        }
        Self(apart)
    }

    fn hold(&self, address: IpAddr) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= address);
        let nearest = behind.checked_sub(1).and_then(|n| self.0.get(n));
        nearest.is_some_and(|(_, last)| address <= *last)
    }
}

/// What is written as IPv6 and means IPv4 (`::ffff:…`) asks as IPv4.
fn as_they_come((first, last): (IpAddr, IpAddr)) -> (IpAddr, IpAddr) {
    match first.to_canonical() {
        v4 @ IpAddr::V4(_) => (v4, last.to_canonical()),
        IpAddr::V6(_) => (first, last),
    }
}

#[cfg(test)]
mod tests {
    use caravan_model::document::Treatment;

    use super::*;

    fn by_itself(settings: &Machines, visitor: &Visitor) -> Verdict {
        Known::by(settings.clone()).tell(visitor)
    }

    fn named(agent: &str) -> Visitor {
        Visitor { agent: Some(agent.to_owned()), address: None }
    }

    #[test]
    fn machines_are_told_by_their_names_and_people_are_not() {
        let machines = Machines { agents: vec!["AcmeGateway".to_owned()], ..Machines::default() };
        for agent in
            ["Mozilla/5.0 (compatible; Googlebot/2.1)", "curl/8.5.0", "Slackbot-LinkExpanding 1.0", "acmegateway 7"]
        {
            assert_eq!(by_itself(&machines, &named(agent)), Verdict::Machine("agent"), "{agent}");
        }
        let people = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0; Pro)",
        ];
        for agent in people {
            assert_eq!(by_itself(&machines, &named(agent)), Verdict::Person, "{agent}");
        }
        assert_eq!(by_itself(&machines, &Visitor::default()), Verdict::Person);
        let logs = Machines { known: Treatment::Log, ..Machines::default() };
        assert_eq!(by_itself(&logs, &named("curl/8.5.0")), Verdict::Logged("agent"));
        let off = Machines { known: Treatment::Off, ..Machines::default() };
        assert_eq!(by_itself(&off, &named("curl/8.5.0")), Verdict::Person);
    }

    #[test]
    fn machines_are_told_by_where_they_come_from() {
        let networks = |list: &[&str]| list.iter().map(|network| (*network).to_owned()).collect();
        let machines = Machines {
            networks: networks(&["203.0.113.0/24", "2001:db8::/32"]),
            blocked_networks: networks(&["198.51.100.7/32"]),
            ..Machines::default()
        };
        for address in ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1"] {
            assert_eq!(by_itself(&machines, &from(address)), Verdict::Machine("network"), "{address}");
        }
        assert_eq!(by_itself(&machines, &from("203.0.114.1")), Verdict::Person);
        assert_eq!(by_itself(&machines, &from("198.51.100.7")), Verdict::Blocked);
        assert!(!Verdict::Blocked.counts());
    }

    fn from(address: &str) -> Visitor {
        Visitor { agent: Some("Mozilla/5.0 (X11)".to_owned()), address: address.parse().ok() }
    }

    #[test]
    fn an_address_is_looked_for_in_ranges_that_overlap_lie_in_each_other_and_begin_alike() {
        let all = [
            "10.0.0.0/8",
            "10.1.0.0/16",
            "192.0.2.0/25",
            "192.0.2.64/26",
            "192.0.2.128/32",
            "::ffff:198.51.100.0/120",
            "2001:db8::/32",
        ];
        let networks: Vec<Network> = all.iter().map(|it| it.parse().expect("a network")).collect();
        let ranges = Networks::of(networks.iter().copied());
        assert_eq!(ranges.0.len(), 5, "{ranges:?}");
        for (address, inside) in [
            ("9.255.255.255", false),
            ("10.0.0.0", true),
            ("10.1.2.3", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("192.0.2.127", true),
            ("192.0.2.128", true),
            ("192.0.2.129", false),
            ("198.51.100.255", true),
            ("198.51.101.0", false),
            ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false),
            ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(ranges.hold(address.parse().expect("an address")), inside, "{address}");
        }
        assert!(!Networks::default().hold("10.0.0.1".parse().expect("an address")));
    }

    proptest::proptest! {
        #[test]
        fn ranges_hold_what_one_of_their_networks_contains(
            written in proptest::collection::vec((proptest::prelude::any::<u32>(), 4_u8..=32), 0..40),
            asked in proptest::collection::vec(proptest::prelude::any::<u32>(), 40),
        ) {
            let network = |(bits, prefix): &(u32, u8)| format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(*bits)).parse().expect("a network");
            let networks: Vec<Network> = written.iter().map(network).collect();
            let ranges = Networks::of(networks.iter().copied());
            // Beside any address those at the edges of the networks.
            let edges = networks.iter().flat_map(|it| [it.bounds().0, it.bounds().1]);
            let asked = asked.into_iter().map(|bits| IpAddr::V4(std::net::Ipv4Addr::from_bits(bits)));
            for address in asked.chain(edges) {
                proptest::prop_assert_eq!(ranges.hold(address), networks.iter().any(|it| it.contains(address)), "{}", address);
            }
        }
    }
}
