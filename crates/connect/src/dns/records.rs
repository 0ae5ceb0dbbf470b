//! The grammar of the records: tags of DKIM and DMARC, terms of SPF.

/// `name=value` pairs of a record (RFC 6376 §3.2), names in small letters, blanks around both gone.
pub fn tags(record: &str) -> Vec<(String, String)> {
    let pair = |piece: &str| {
        let (name, value) = piece.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    record.split(';').filter_map(pair).collect()
}

/// The value of a tag.
pub fn tag<'a>(tags: &'a [(String, String)], name: &str) -> Option<&'a str> {
    tags.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Whether a text is a record of that kind: it begins with its version.
pub fn begins_with(record: &str, version: &str) -> bool {
    let start: String = record.chars().filter(|c| !c.is_whitespace()).take(version.len()).collect();
    start.eq_ignore_ascii_case(version)
}

/// What a policy record asks for (RFC 9989): the policy, and whether it is only tested; none where it is no such record.
pub fn policy_of(record: &str) -> Option<(String, bool)> {
    let tags = tags(record);
    let policy = tag(&tags, "p").filter(|_| begins_with(record, "v=DMARC1"))?;
    let testing = tag(&tags, "t").is_some_and(|test| test.eq_ignore_ascii_case("y"));
    Some((policy.to_ascii_lowercase(), testing))
}

/// Whether a policy record asks for reports.
pub fn is_reported(record: &str) -> bool {
    tag(&tags(record), "rua").is_some_and(|address| !address.is_empty())
}

/// Tags of a policy record that are said anew, or are not part of the standard any more.
const NOT_KEPT: &[&str] = &["v", "p", "t", "pct", "rf", "ri"];

/// A policy record that asks for `policy`, in test mode or not: what stands in the present one besides is kept; reports
/// go to an address, unless it names one.
pub fn policy_record(present: Option<&str>, policy: &str, test: bool, reports_to: &str) -> String {
    let present = present.filter(|record| begins_with(record, "v=DMARC1")).map(tags).unwrap_or_default();
    let mut record = format!("v=DMARC1; p={policy}");
    if test {
        record.push_str("; t=y");
    }
    let kept: Vec<_> = present.iter().filter(|(name, _)| !NOT_KEPT.contains(&name.as_str())).collect();
    if !kept.iter().any(|(name, value)| name == "rua" && !value.is_empty()) {
        record.push_str(&format!("; rua=mailto:{reports_to}"));
    }
    for (name, value) in kept.into_iter().filter(|(name, value)| name != "rua" || !value.is_empty()) {
        record.push_str(&format!("; {name}={value}"));
    }
    record
}

/// A record that says who may send (RFC 7208).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spf {
    /// Domains whose records are taken in, or go on instead of this one.
    pub taken_in: Vec<String>,
    /// Terms that cost a look-up in the DNS, those included.
    pub lookups: usize,
    /// What is said about everybody else: `-`, `~`, `?`, `+`; none: nothing.
    pub others: Option<char>,
    /// Terms that nobody knows.
    pub unknown: Vec<String>,
}

impl Spf {
    /// Whether a text is such a record.
    pub fn is(record: &str) -> bool {
        let first = record.split_ascii_whitespace().next().unwrap_or_default();
        first.eq_ignore_ascii_case("v=spf1")
    }

    /// Reads one.
    pub fn read(record: &str) -> Self {
        let mut spf = Self::default();
        for term in record.split_ascii_whitespace().skip(1) {
            spf.term(term);
        }
        spf
    }

    fn term(&mut self, term: &str) {
        let (qualifier, mechanism) = match term.strip_prefix(['+', '-', '~', '?']) {
            Some(rest) => (term.chars().next().unwrap_or('+'), rest),
            None => ('+', term),
        };
        let lower = mechanism.to_ascii_lowercase();
        let name = lower.split([':', '/', '=']).next().unwrap_or_default();
        let argument = mechanism.get(name.len() + 1..).unwrap_or_default();
        match name {
            "all" => self.others = Some(qualifier),
            "ip4" | "ip6" | "exp" => {}
            "a" | "mx" | "ptr" | "exists" => self.lookups += 1,
            "include" | "redirect" => {
                self.lookups += 1;
                // A domain with macros depends on the message; it costs its look-up and is not followed.
                self.taken_in.extend(Some(argument.to_owned()).filter(|domain| !domain.contains('%')));
            }
            _ if mechanism.contains('=') => {}
            _ => self.unknown.push(term.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_however_they_are_spaced() {
        let read = tags(" v=DKIM1 ; K = rsa;p= MIIB IjAN ;; t");
        assert_eq!(tag(&read, "k"), Some("rsa"));
        assert_eq!(tag(&read, "p"), Some("MIIB IjAN"));
        assert_eq!(tag(&read, "t"), None);
        assert!(begins_with("V = DMARC1; p=none", "v=DMARC1") && !begins_with("v=spf1 -all", "v=DMARC1"));
    }

    #[test]
    fn terms_of_spf_are_read_and_counted() {
        let spf = Spf::read(
            "v=spf1 a mx/24 ip4:192.0.2.0/24 include:relay.example ?exists:%{i}.x.example redirect=other.example ~all",
        );
        assert_eq!((spf.lookups, spf.others), (5, Some('~')));
        assert_eq!(spf.taken_in, ["relay.example", "other.example"]);
        assert_eq!(Spf::read("v=spf1 ipv4:192.0.2.1 foo=bar").unknown, ["ipv4:192.0.2.1"]);
        assert!(Spf::is("V=SPF1 -all") && !Spf::is("v=spf10 -all") && !Spf::is("hello"));
    }
}
