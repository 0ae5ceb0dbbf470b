//! The grammar of aggregate reports.

use std::net::IpAddr;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::{DmarcReport, DmarcRow, MOST_ROWS, NoReport, PublishedPolicy};

/// How deep elements may lie in each other; a report needs five.
const DEEPEST: usize = 16;
/// The most that is kept of a text, in bytes.
const LONGEST_TEXT: usize = 255;
/// Signatures of one row that are kept.
const MOST_SEEN: usize = 5;
/// More messages than this are no count.
const MOST_MESSAGES: i64 = 1_000_000_000;

/// Reads a report.
pub fn read(text: &str) -> Result<DmarcReport, NoReport> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut reading = Reading::default();
    loop {
        let event = reader.read_event().map_err(|error| NoReport(format!("The report is no XML: {error}.")))?;
        match event {
            Event::Start(element) => reading.open(element.local_name().as_ref())?,
            Event::Empty(element) => {
                reading.open(element.local_name().as_ref())?;
                reading.close()?;
            }
            Event::End(_) => reading.close()?,
            Event::Text(text) => reading.says(&text.decode().unwrap_or_default()),
            Event::CData(text) => reading.says(&text.decode().unwrap_or_default()),
            Event::GeneralRef(reference) => reading.says(&named(&reference)?),
            Event::DocType(_) => return Err(NoReport::because("The report brings a document type, which none does.")),
            Event::Eof => return reading.whole(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// What a reference stands for: a character, or one of the five that every XML knows.
fn named(reference: &BytesRef<'_>) -> Result<String, NoReport> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Ok(character.to_string());
    }
    let name = reference.decode().unwrap_or_default();
    let stands_for = quick_xml::escape::resolve_xml_entity(&name).map(str::to_owned);
    stands_for.ok_or_else(|| NoReport::because("The report names an entity of its own, which none does."))
}

#[derive(Default)]
struct Reading {
    path: Vec<String>,
    text: String,
    report: DmarcReport,
    began: Option<i64>,
    ended: Option<i64>,
    /// The record that is open.
    row: Row,
    /// The result that is open: whose, and what.
    seen: (String, String),
}

#[derive(Default)]
struct Row {
    source: Option<IpAddr>,
    messages: Option<i64>,
    disposition: String,
    dkim: bool,
    spf: bool,
    from: String,
    dkim_seen: Vec<String>,
    spf_seen: Vec<String>,
}

impl Reading {
    fn open(&mut self, name: &[u8]) -> Result<(), NoReport> {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if self.path.is_empty() && name != "feedback" {
            return Err(NoReport::because("The file is XML, but no DMARC report: it does not begin with `feedback`."));
        }
        if self.path.len() == DEEPEST {
            return Err(NoReport(format!("Elements of the report lie more than {DEEPEST} deep in each other.")));
        }
        match name.as_str() {
            "record" => self.row = Row::default(),
            "dkim" | "spf" => self.seen = Default::default(),
            _ => {}
        }
        self.path.push(name);
        self.text.clear();
        Ok(())
    }

    fn says(&mut self, text: &str) {
        let room = LONGEST_TEXT.saturating_sub(self.text.len());
        self.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
    }

    fn close(&mut self) -> Result<(), NoReport> {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let path: Vec<&str> = self.path.iter().skip(1).map(String::as_str).collect();
        match path.as_slice() {
            ["report_metadata", rest @ ..] => {
                Self::metadata(&mut self.report, &mut self.began, &mut self.ended, rest, text)
            }
            ["policy_published", tag] => Self::policy(&mut self.report.policy, tag, text),
            ["record"] => self.row_is_whole()?,
            ["record", "row", rest @ ..] => Self::row(&mut self.row, rest, text),
            ["record", "identifiers", "header_from"] => self.row.from = host(&text),
            ["record", "auth_results", "dkim" | "spf", "domain"] => self.seen.0 = host(&text),
            ["record", "auth_results", "dkim" | "spf", "result"] => self.seen.1 = text.to_ascii_lowercase(),
            ["record", "auth_results", kind @ ("dkim" | "spf")] => {
                let (domain, result) = std::mem::take(&mut self.seen);
                let all = if *kind == "dkim" { &mut self.row.dkim_seen } else { &mut self.row.spf_seen };
                if all.len() < MOST_SEEN && !domain.is_empty() {
                    all.push(format!("{domain} {result}").trim().to_owned());
                }
            }
            _ => {}
        }
        self.path.pop();
        Ok(())
    }

    fn metadata(
        report: &mut DmarcReport,
        began: &mut Option<i64>,
        ended: &mut Option<i64>,
        path: &[&str],
        text: String,
    ) {
        match path {
            ["org_name"] => report.org = text,
            ["report_id"] => report.id = text,
            ["date_range", "begin"] => *began = text.parse().ok(),
            ["date_range", "end"] => *ended = text.parse().ok(),
            _ => {}
        }
    }

    fn policy(policy: &mut PublishedPolicy, tag: &str, text: String) {
        match tag {
            "domain" => policy.domain = host(&text),
            "p" => policy.p = text.to_ascii_lowercase(),
            "sp" => policy.sp = Some(text.to_ascii_lowercase()).filter(|text| !text.is_empty()),
            "pct" => policy.pct = text.parse().ok(),
            "testing" | "t" => policy.testing = text.eq_ignore_ascii_case("y"),
            _ => {}
        }
    }

    fn row(row: &mut Row, path: &[&str], text: String) {
        let passed = || text.eq_ignore_ascii_case("pass");
        match path {
            ["source_ip"] => row.source = text.parse().ok(),
            ["count"] => row.messages = text.parse().ok(),
            ["policy_evaluated", "disposition"] => row.disposition = text.to_ascii_lowercase(),
            ["policy_evaluated", "dkim"] => row.dkim = passed(),
            ["policy_evaluated", "spf"] => row.spf = passed(),
            _ => {}
        }
    }

    /// A record is over. One without an address or a count says nothing.
    fn row_is_whole(&mut self) -> Result<(), NoReport> {
        let row = std::mem::take(&mut self.row);
        let (Some(source), Some(messages)) = (row.source, row.messages) else { return Ok(()) };
        if self.report.rows.len() == MOST_ROWS {
            return Err(NoReport(format!("The report has more than {MOST_ROWS} records.")));
        }
        let disposition = match row.disposition.as_str() {
            known @ ("quarantine" | "reject") => known,
            // The newer form says `pass` where nothing was to be decided.
            _ => "none",
        };
        self.report.rows.push(DmarcRow {
            source: source.to_canonical(),
            messages: messages.clamp(0, MOST_MESSAGES),
            disposition: disposition.to_owned(),
            dkim: row.dkim,
            spf: row.spf,
            from: row.from,
            dkim_seen: row.dkim_seen,
            spf_seen: row.spf_seen,
        });
        Ok(())
    }

    fn whole(self) -> Result<DmarcReport, NoReport> {
        let mut report = self.report;
        let missing = |what: &str| Err(NoReport(format!("The report does not say {what}.")));
        if !self.path.is_empty() {
            return Err(NoReport::because("The report ends in the middle. Fetch it again."));
        }
        match (self.began, self.ended) {
            (Some(begin), Some(end)) if begin <= end => (report.begin, report.end) = (begin, end),
            _ => return missing("which time it is about"),
        }
        if report.org.is_empty() || report.id.is_empty() {
            return missing("whose it is (`org_name`, `report_id`)");
        }
        if report.policy.domain.is_empty() {
            return missing("which domain it is about");
        }
        for row in report.rows.iter_mut().filter(|row| row.from.is_empty()) {
            row.from.clone_from(&report.policy.domain);
        }
        Ok(report)
    }
}

/// The name of a host, as names are compared.
fn host(text: &str) -> String {
    text.trim_end_matches('.').to_ascii_lowercase()
}
