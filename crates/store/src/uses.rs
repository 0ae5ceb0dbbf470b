//! What recipients do with messages, and the figures made of it.

use caravan_model::{EffectId, VersionId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// What a recipient did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    /// The message was shown.
    Opened,
    /// A link was followed.
    Clicked,
    /// The recipient opted out.
    OptedOut,
    /// Nothing was done: the message left without the picture that tells of opens, for this recipient alone.
    Untracked,
}

impl UseKind {
    /// As the table has it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::OptedOut => "opted_out",
            Self::Untracked => "untracked",
        }
    }
}

/// One thing that was done with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageUse<'a> {
    /// Which message.
    pub effect: EffectId,
    /// What.
    pub kind: UseKind,
    /// Number of the link; 0 where there is none.
    pub link: i64,
    /// Where the link leads, without what is personal behind the `?`.
    pub url: &'a str,
    /// It counts; else it was a machine.
    pub counts: bool,
    /// When.
    pub at: Timestamp,
}

/// Where a link leads, without what may be personal: neither what follows the `?` nor the `#`.
pub fn without_what_is_personal(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

/// Counts a use.
pub fn count(s: &mut dyn Session, used: &MessageUse<'_>) -> Result<(), StoreError> {
    let (counted, machines) = (i64::from(used.counts), i64::from(!used.counts));
    s.execute(
        "INSERT INTO message_use (effect_id, kind, link, url, counted, machines, first_at, last_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (effect_id, kind, link) DO UPDATE SET counted = message_use.counted + excluded.counted,
             machines = message_use.machines + excluded.machines, last_at = excluded.last_at",
        params![used.effect, used.kind.key(), used.link, used.url, counted, machines, used.at],
    )?;
    Ok(())
}

/// Whether a message was shown to somebody since `since`.
pub fn was_opened(s: &mut dyn Session, effect: EffectId, since: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM message_use WHERE effect_id = $1 AND kind = 'opened' AND counted > 0 AND last_at >= $2";
    s.exists(sql, params![effect, since])
}

/// These messages left without the picture that tells of opens.
pub fn untracked(s: &mut dyn Session, effects: &[EffectId], at: Timestamp) -> Result<(), StoreError> {
    if effects.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = effects.iter().map(|id| id.0).collect();
    s.bulk(
        &Bulk::insert("message_use")
            .column("effect_id", &ids)
            .same("kind", UseKind::Untracked.key())
            .same("link", 0)
            .same("url", "")
            .same("counted", 1)
            .same("machines", 0)
            .same("first_at", at)
            .same("last_at", at)
            .on_conflict("(effect_id, kind, link) DO NOTHING"),
    )?;
    Ok(())
}

/// Whether a message was opened or a link of it followed since `since`, counted or not.
pub fn is_used_since(s: &mut dyn Session, effect: EffectId, since: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM message_use WHERE effect_id = $1 AND kind IN ('opened', 'clicked') AND last_at >= $2";
    s.exists(sql, params![effect, since])
}

/// The other links of a message that were followed since `since`, counted or not.
pub fn other_clicks(
    s: &mut dyn Session,
    effect: EffectId,
    link: i64,
    since: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT link FROM message_use WHERE effect_id = $1 AND kind = 'clicked' AND link <> $2 AND last_at >= $3
         ORDER BY link";
    s.query_map(sql, params![effect, link, since], |r| Ok(r.int(0)))
}

/// Which messages figures are made of.
#[derive(Debug, Clone, Copy)]
pub struct Cohort<'a> {
    /// Versions of the journeys.
    pub versions: &'a [i64],
    /// Sent at this instant or later.
    pub from: Timestamp,
    /// Sent before this instant.
    pub until: Timestamp,
}

/// The messages of one node of one version, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeUse {
    /// The version.
    pub version: i64,
    /// The node, or the box action.
    pub node: i64,
    /// One of the messages, to look at.
    pub sample: i64,
    /// Handed over, or refused at the door for the recipient.
    pub sent: i64,
    /// Of these, came back for good.
    pub bounced_hard: i64,
    /// Of these, came back for another reason.
    pub bounced_soft: i64,
    /// Reported as spam.
    pub complaints: i64,
    /// Delivered messages that were shown or clicked.
    pub opened: i64,
    /// How often they were shown.
    pub opens: i64,
    /// Delivered messages of which a link was followed.
    pub clicked: i64,
    /// How often links were followed.
    pub clicks: i64,
    /// Messages through which the recipient opted out.
    pub opted_out: i64,
    /// Opens and clicks of machines.
    pub machines: i64,
    /// Delivered messages whose opens cannot be seen, by the recipient's wish.
    pub untracked: i64,
    /// Of these, those that count as opened because a link was followed.
    pub untracked_opened: i64,
    /// The earliest and the latest thing that happened.
    pub first_at: i64,
    /// The latest.
    pub last_at: i64,
}

/// The messages of a cohort. A bounce ends a message; of an SMS, `undelivered`, `failed` and `cancelled` are bounces.
const SENT: &str = "sent AS (
    SELECT l.id, l.version_id, l.node, l.decided_at AS sent_at, r.at AS reported_at,
        CASE WHEN l.reason = 'bounced_hard' OR r.state = 'bounced_hard' THEN 1 ELSE 0 END AS hard,
        CASE WHEN l.outcome = 'failed' AND l.reason <> 'bounced_hard' THEN 1
             WHEN r.state IS NULL OR r.state IN ('bounced_hard', 'accepted', 'sent', 'delivered', 'complained') THEN 0
             ELSE 1 END AS soft,
        CASE WHEN r.state = 'complained' THEN 1 ELSE 0 END AS complained
    FROM ledger AS l LEFT JOIN delivery_report AS r ON r.effect_id = l.id
    WHERE l.version_id {in:1} AND l.decided_at >= $2 AND l.decided_at < $3 AND l.kind IN ('email', 'sms')
        AND (l.outcome = 'done'
             OR l.outcome = 'failed' AND l.reason IN ('bounced_hard', 'bounced_soft', 'mailbox_full')))";

/// The messages of each node, in the order of versions and nodes. Index: `ledger_version`.
pub fn by_node(s: &mut dyn Session, cohort: &Cohort<'_>) -> Result<Vec<NodeUse>, StoreError> {
    let sql = format!(
        "WITH {SENT}, used AS (
             SELECT u.effect_id,
                 SUM(CASE WHEN u.kind = 'opened' THEN u.counted ELSE 0 END) AS opens,
                 SUM(CASE WHEN u.kind = 'clicked' THEN u.counted ELSE 0 END) AS clicks,
                 MAX(CASE WHEN u.kind = 'opted_out' THEN 1 ELSE 0 END) AS opted_out,
                 MAX(CASE WHEN u.kind = 'untracked' THEN 1 ELSE 0 END) AS untracked,
                 SUM(u.machines) AS machines, MAX(u.last_at) AS last_at
             FROM sent JOIN message_use AS u ON u.effect_id = sent.id GROUP BY u.effect_id)
         SELECT sent.version_id, sent.node, MAX(sent.id), COUNT(*), CAST(SUM(hard) AS BIGINT), CAST(SUM(soft) AS BIGINT),
             CAST(SUM(complained) AS BIGINT),
             CAST(SUM(CASE WHEN hard + soft = 0 AND opens + clicks > 0 THEN 1 ELSE 0 END) AS BIGINT),
             CAST(COALESCE(SUM(opens), 0) AS BIGINT),
             CAST(SUM(CASE WHEN hard + soft = 0 AND clicks > 0 THEN 1 ELSE 0 END) AS BIGINT),
             CAST(COALESCE(SUM(clicks), 0) AS BIGINT), CAST(COALESCE(SUM(opted_out), 0) AS BIGINT),
             CAST(COALESCE(SUM(machines), 0) AS BIGINT), MIN(sent.sent_at),
             MAX(CASE WHEN COALESCE(used.last_at, 0) > COALESCE(reported_at, 0)
                      THEN CASE WHEN used.last_at > sent_at THEN used.last_at ELSE sent_at END
                      ELSE CASE WHEN reported_at > sent_at THEN reported_at ELSE sent_at END END),
             CAST(COALESCE(SUM(CASE WHEN hard + soft = 0 THEN untracked ELSE 0 END), 0) AS BIGINT),
             CAST(COALESCE(SUM(CASE WHEN hard + soft = 0 AND opens + clicks > 0 THEN untracked ELSE 0 END), 0) AS BIGINT)
         FROM sent LEFT JOIN used ON used.effect_id = sent.id
         GROUP BY sent.version_id, sent.node ORDER BY sent.version_id, sent.node"
    );
    s.query_map(&sql, params![cohort.versions, cohort.from, cohort.until], read_node)
}

fn read_node(r: &dyn Row) -> Result<NodeUse, StoreError> {
    Ok(NodeUse {
        version: r.int(0),
        node: r.int(1),
        sample: r.int(2),
        sent: r.int(3),
        bounced_hard: r.int(4),
        bounced_soft: r.int(5),
        complaints: r.int(6),
        opened: r.int(7),
        opens: r.int(8),
        clicked: r.int(9),
        clicks: r.int(10),
        opted_out: r.int(11),
        machines: r.int(12),
        first_at: r.int(13),
        last_at: r.int(14),
        untracked: r.int(15),
        untracked_opened: r.int(16),
    })
}

/// One link of the messages of one node, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkUse {
    /// The version.
    pub version: i64,
    /// The node.
    pub node: i64,
    /// Number of the link.
    pub link: i64,
    /// Where it leads in one of them.
    pub url: String,
    /// Delivered messages in which it was followed.
    pub clicked: i64,
    /// How often it was followed.
    pub clicks: i64,
    /// … by machines.
    pub machines: i64,
}

/// The links of each node's messages, in the order of versions, nodes and links.
pub fn by_link(s: &mut dyn Session, cohort: &Cohort<'_>) -> Result<Vec<LinkUse>, StoreError> {
    let sql = format!(
        "WITH {SENT}
         SELECT sent.version_id, sent.node, u.link, MAX(u.url),
             CAST(SUM(CASE WHEN hard + soft = 0 AND u.counted > 0 THEN 1 ELSE 0 END) AS BIGINT),
             CAST(SUM(u.counted) AS BIGINT), CAST(SUM(u.machines) AS BIGINT)
         FROM sent JOIN message_use AS u ON u.effect_id = sent.id AND u.kind = 'clicked'
         GROUP BY sent.version_id, sent.node, u.link ORDER BY sent.version_id, sent.node, u.link"
    );
    s.query_map(&sql, params![cohort.versions, cohort.from, cohort.until], |r| {
        Ok(LinkUse {
            version: r.int(0),
            node: r.int(1),
            link: r.int(2),
            url: r.string(3),
            clicked: r.int(4),
            clicks: r.int(5),
            machines: r.int(6),
        })
    })
}

/// The ids of what messages were sent from: all versions of one journey, or those of all journeys and of emails that
/// were sent by hand.
pub fn versions(s: &mut dyn Session, journey: Option<&str>) -> Result<Vec<VersionId>, StoreError> {
    let only = if journey.is_some() { "d.kind = 'journey' AND d.key = $1" } else { "d.kind IN ('journey', 'email')" };
    let sql = format!(
        "SELECT v.id FROM document_version AS v JOIN document AS d ON d.id = v.document_id WHERE {only} ORDER BY v.id"
    );
    let read = |r: &dyn Row| Ok(VersionId(r.int(0)));
    match journey {
        Some(key) => s.query_map(&sql, params![key], read),
        None => s.query_map(&sql, &[], read),
    }
}
