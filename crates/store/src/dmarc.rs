//! Aggregate reports of receivers about mail of sending domains (DMARC).

use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// A report, without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// Who reports.
    pub org: String,
    /// The reporter's own number for it.
    pub id: String,
    /// When the time that it is about begins.
    pub begin: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Where the policy stands.
    pub policy_domain: String,
    /// The policy as it was found, JSON.
    pub policy: String,
}

/// Messages from one address that fared alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaredAlike {
    /// Key of the sending domain.
    pub sending_domain: String,
    /// The address that they came from.
    pub source: String,
    /// How many.
    pub messages: i64,
    /// A signature of the sender's domain held.
    pub dkim: bool,
    /// The return path was the sender's and allowed the address.
    pub spf: bool,
    /// `none`, `quarantine`, `reject`.
    pub disposition: String,
    /// Domain of the sender that people see.
    pub from_domain: String,
    /// Whose signatures were seen.
    pub dkim_seen: String,
    /// Whose return path was seen.
    pub spf_seen: String,
}

/// Keeps a report with what it says; false when it is there already.
pub fn put(s: &mut dyn Session, report: &ReportRow, rows: &[FaredAlike], now: Timestamp) -> Result<bool, StoreError> {
    let ReportRow { org, id, begin, end, policy_domain, policy } = report;
    let news = s.execute(
        "INSERT INTO dmarc_report (org, report_id, begin_at, end_at, received_at, policy_domain, policy)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org, report_id) DO NOTHING",
        params![org, id, *begin, *end, now, policy_domain, policy],
    )?;
    if news == 0 || rows.is_empty() {
        return Ok(news > 0);
    }
    let texts = |of: fn(&FaredAlike) -> &String| rows.iter().map(|row| of(row).as_str()).collect::<Vec<&str>>();
    let no: Vec<i64> = (0..rows.len() as i64).collect();
    let messages: Vec<i64> = rows.iter().map(|row| row.messages).collect();
    let dkim: Vec<bool> = rows.iter().map(|row| row.dkim).collect();
    let spf: Vec<bool> = rows.iter().map(|row| row.spf).collect();
    let (domains, sources) = (texts(|row| &row.sending_domain), texts(|row| &row.source));
    let (dispositions, froms) = (texts(|row| &row.disposition), texts(|row| &row.from_domain));
    let (dkim_seen, spf_seen) = (texts(|row| &row.dkim_seen), texts(|row| &row.spf_seen));
    s.bulk(
        &Bulk::insert("dmarc_row")
            .same("org", org)
            .same("report_id", id)
            .same("end_at", *end)
            .column("no", &no)
            .column("sending_domain", &domains)
            .column("source", &sources)
            .column("messages", &messages)
            .column("dkim", &dkim)
            .column("spf", &spf)
            .column("disposition", &dispositions)
            .column("from_domain", &froms)
            .column("dkim_seen", &dkim_seen)
            .column("spf_seen", &spf_seen),
    )?;
    Ok(true)
}

/// How messages fared, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fared {
    /// The address that they came from.
    pub source: String,
    /// How many.
    pub messages: i64,
    /// That passed, by one or both.
    pub passed: i64,
    /// That passed by their signature.
    pub dkim: i64,
    /// That passed by their return path.
    pub spf: i64,
    /// That were put aside as suspicious.
    pub quarantined: i64,
    /// That were refused.
    pub rejected: i64,
}

/// How messages of a sending domain fared since an instant, by the address that they came from, most of them first. Index:
/// `dmarc_row_domain`.
pub fn by_source(s: &mut dyn Session, domain: &str, since: Timestamp) -> Result<Vec<Fared>, StoreError> {
    let count = |what: &str| format!("CAST(SUM(CASE WHEN {what} THEN messages ELSE 0 END) AS BIGINT)");
    let sql = format!(
        "SELECT source, CAST(SUM(messages) AS BIGINT), {}, {}, {}, {}, {} FROM dmarc_row
         WHERE sending_domain = $1 AND end_at > $2 GROUP BY source ORDER BY 2 DESC, source",
        count("dkim OR spf"),
        count("dkim"),
        count("spf"),
        count("disposition = 'quarantine'"),
        count("disposition = 'reject'"),
    );
    s.query_map(&sql, params![domain, since], |r| {
        Ok(Fared {
            source: r.string(0),
            messages: r.int(1),
            passed: r.int(2),
            dkim: r.int(3),
            spf: r.int(4),
            quarantined: r.int(5),
            rejected: r.int(6),
        })
    })
}

/// What was seen of messages from one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The address.
    pub source: String,
    /// Domain of the sender that people see.
    pub from_domain: String,
    /// Whose signatures were seen.
    pub dkim: String,
    /// Whose return path was seen.
    pub spf: String,
}

/// What was seen of messages from these addresses since an instant, up to `most` different ones.
pub fn seen(
    s: &mut dyn Session,
    domain: &str,
    since: Timestamp,
    sources: &[&str],
    most: usize,
) -> Result<Vec<Seen>, StoreError> {
    let sql = "SELECT DISTINCT source, from_domain, dkim_seen, spf_seen FROM dmarc_row
               WHERE sending_domain = $1 AND end_at > $2 AND source {in:3} ORDER BY 1, 2, 3, 4 LIMIT $4";
    s.query_map(sql, params![domain, since, sources, most as i64], |r| {
        Ok(Seen { source: r.string(0), from_domain: r.string(1), dkim: r.string(2), spf: r.string(3) })
    })
}

/// The reports that tell of a sending domain since an instant, the latest first.
pub fn reports_of(s: &mut dyn Session, domain: &str, since: Timestamp) -> Result<Vec<ReportRow>, StoreError> {
    let sql = "SELECT org, report_id, begin_at, end_at, policy_domain, policy FROM dmarc_report AS d
               WHERE end_at > $2 AND EXISTS (SELECT 1 FROM dmarc_row AS r WHERE r.org = d.org AND r.report_id = d.report_id
                   AND r.sending_domain = $1)
               ORDER BY end_at DESC, org, report_id";
    s.query_map(sql, params![domain, since], |r| {
        Ok(ReportRow {
            org: r.string(0),
            id: r.string(1),
            begin: r.instant(2),
            end: r.instant(3),
            policy_domain: r.string(4),
            policy: r.string(5),
        })
    })
}

/// Forgets up to `most` rows of reports about a time that was over before an instant. Index: `dmarc_row_end`.
pub fn forget_rows(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    s.execute(
        "DELETE FROM dmarc_row WHERE (org, report_id, no) IN
         (SELECT org, report_id, no FROM dmarc_row WHERE end_at < $1 ORDER BY end_at LIMIT $2)",
        params![before, most as i64],
    )
}

/// Forgets up to `most` such reports; their rows go first. Index: `dmarc_report_end`.
pub fn forget_reports(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    s.execute(
        "DELETE FROM dmarc_report WHERE (org, report_id) IN
         (SELECT org, report_id FROM dmarc_report WHERE end_at < $1 ORDER BY end_at LIMIT $2)",
        params![before, most as i64],
    )
}
