//! What became of messages, in numbers: how many were sent, arrived, were opened and clicked, by the day of sending.
//!
//! *Unique* figures count messages (`opened`, `clicked`), totals count events (`opens`, `clicks`). A click without an open
//! counts as an open. What machines did is kept apart. A bounce that comes late takes its message out of the delivered.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;

use caravan_connect::tracking::HIDDEN_LINK;
use caravan_model::clock::from_micros;
use caravan_model::{EffectId, VersionId};
use caravan_store::uses::{self, Cohort, NodeUse};
use caravan_store::{Session, StoreError, ledger};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::deliver::{Message, Versions, kept_of};
use crate::live::Live;

/// Which messages, by when they were sent.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Key of a journey; none: all.
    pub journey: Option<String>,
    /// Name of a node.
    pub node: Option<String>,
    /// Key of an email or text message.
    pub message: Option<String>,
    /// Sent at this instant or later.
    pub from: Option<Timestamp>,
    /// Sent before this instant.
    pub until: Option<Timestamp>,
}

/// What one row of figures is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A message at a node of a journey.
    #[default]
    Node,
    /// An email or text message, wherever it is sent.
    Message,
    /// A journey.
    Journey,
    /// Everything that was asked for, each channel by itself.
    Total,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Channel {
    Email,
    Sms,
}

/// What figures are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// The channel.
    pub channel: Channel,
    /// Key of the journey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journey: Option<String>,
    /// Name of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Key of the email or text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Place {
    fn cut(mut self, by: By) -> Self {
        if matches!(by, By::Message | By::Journey | By::Total) {
            self.node = None;
        }
        if matches!(by, By::Message | By::Total) {
            self.journey = None;
        }
        if matches!(by, By::Journey | By::Total) {
            self.message = None;
        }
        self
    }
}

/// Figures, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    used: NodeUse,
    /// Delivered messages whose opens nobody can see.
    untracked: i64,
    /// Of these, those that count as opened because a link was followed.
    untracked_opened: i64,
}

impl AddAssign<&Sums> for Sums {
    fn add_assign(&mut self, more: &Self) {
        let (sum, more_used) = (&mut self.used, &more.used);
        sum.first_at = if sum.sent == 0 { more_used.first_at } else { sum.first_at.min(more_used.first_at) };
        sum.last_at = sum.last_at.max(more_used.last_at);
        sum.sent += more_used.sent;
        sum.bounced_hard += more_used.bounced_hard;
        sum.bounced_soft += more_used.bounced_soft;
        sum.complaints += more_used.complaints;
        sum.opened += more_used.opened;
        sum.opens += more_used.opens;
        sum.clicked += more_used.clicked;
        sum.clicks += more_used.clicks;
        sum.opted_out += more_used.opted_out;
        sum.machines += more_used.machines;
        self.untracked += more.untracked;
        self.untracked_opened += more.untracked_opened;
    }
}

/// The figures of messages.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// What they are about.
    #[serde(flatten)]
    pub place: Place,
    /// Messages handed over, those included that the recipient's server refused.
    pub sent: i64,
    /// Of these, without a bounce.
    pub delivered: i64,
    /// Of these, with an open or a click.
    pub opened: i64,
    /// Opens in total.
    pub opens: i64,
    /// Delivered messages with a click.
    pub clicked: i64,
    /// Clicks in total.
    pub clicks: i64,
    /// Messages that came back, for whatever reason.
    pub bounced: i64,
    /// … because the address takes no mail.
    pub bounced_hard: i64,
    /// … for another reason.
    pub bounced_soft: i64,
    /// Messages through which the recipient opted out.
    pub unsubscribes: i64,
    /// Messages reported as spam.
    pub complaints: i64,
    /// Opens and clicks of machines; in none of the other figures.
    pub machines: i64,
    /// Delivered of sent.
    pub delivery_rate: Option<f64>,
    /// Opened of delivered, both without messages whose opens cannot be seen.
    pub open_rate: Option<f64>,
    /// Clicked of delivered.
    pub click_rate: Option<f64>,
    /// Bounced of sent.
    pub bounce_rate: Option<f64>,
    /// Clicked of opened.
    pub click_to_open_rate: Option<f64>,
    /// Unsubscribes of delivered.
    pub unsubscribe_rate: Option<f64>,
    /// Opens in total of delivered, without messages whose opens cannot be seen; may be above 1.
    pub total_open_rate: Option<f64>,
    /// Clicks in total of delivered; may be above 1.
    pub total_click_rate: Option<f64>,
    /// Clicks in total of opens in total.
    pub total_click_to_open_rate: Option<f64>,
    /// The earliest thing that happened.
    pub first_activity: Timestamp,
    /// The latest.
    pub last_activity: Timestamp,
}

impl Figures {
    fn of(place: Place, Sums { used, untracked, untracked_opened }: &Sums) -> Self {
        let bounced = used.bounced_hard + used.bounced_soft;
        let delivered = used.sent - bounced;
        let rate = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
        Self {
            place,
            sent: used.sent,
            delivered,
            opened: used.opened,
            opens: used.opens,
            clicked: used.clicked,
            clicks: used.clicks,
            bounced,
            bounced_hard: used.bounced_hard,
            bounced_soft: used.bounced_soft,
            unsubscribes: used.opted_out,
            complaints: used.complaints,
            machines: used.machines,
            delivery_rate: rate(delivered, used.sent),
            open_rate: rate(used.opened - untracked_opened, delivered - untracked),
            click_rate: rate(used.clicked, delivered),
            bounce_rate: rate(bounced, used.sent),
            click_to_open_rate: rate(used.clicked, used.opened),
            unsubscribe_rate: rate(used.opted_out, delivered),
            total_open_rate: rate(used.opens, delivered - untracked),
            total_click_rate: rate(used.clicks, delivered),
            total_click_to_open_rate: rate(used.clicks, used.opens),
            first_activity: from_micros(used.first_at),
            last_activity: from_micros(used.last_at),
        }
    }
}

/// Figures as a table for other programs: one line each, rates as fractions, nothing where there is no rate.
///
/// # Errors
/// What the writer says; writing into memory does not fail.
pub fn csv(rows: &[Figures]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "channel",
        "journey",
        "node",
        "message",
        "sent",
        "delivered",
        "opened",
        "opens",
        "clicked",
        "clicks",
        "bounced",
        "bounced_hard",
        "bounced_soft",
        "unsubscribes",
        "complaints",
        "machines",
        "delivery_rate",
        "open_rate",
        "click_rate",
        "bounce_rate",
        "click_to_open_rate",
        "unsubscribe_rate",
        "total_open_rate",
        "total_click_rate",
        "total_click_to_open_rate",
        "first_activity",
        "last_activity",
    ])?;
    for row in rows {
        let Place { channel, journey, node, message } = &row.place;
        let channel = match channel {
            Channel::Email => "email",
            Channel::Sms => "sms",
        };
        let counts = [
            row.sent,
            row.delivered,
            row.opened,
            row.opens,
            row.clicked,
            row.clicks,
            row.bounced,
            row.bounced_hard,
            row.bounced_soft,
            row.unsubscribes,
            row.complaints,
            row.machines,
        ];
        let rates = [
            row.delivery_rate,
            row.open_rate,
            row.click_rate,
            row.bounce_rate,
            row.click_to_open_rate,
            row.unsubscribe_rate,
            row.total_open_rate,
            row.total_click_rate,
            row.total_click_to_open_rate,
        ];
        let places = [journey, node, message].map(|part| part.clone().unwrap_or_default());
        let cells = std::iter::once(channel.to_owned())
            .chain(places)
            .chain(counts.map(|count| count.to_string()))
            .chain(rates.map(|rate| rate.map(|rate| format!("{rate:.4}")).unwrap_or_default()))
            .chain([row.first_activity.to_string(), row.last_activity.to_string()]);
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// The figures of a link.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LinkFigures {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Its number in the message.
    pub link: i64,
    /// Where it leads, without what stands behind the `?`.
    pub url: String,
    /// Delivered messages in which it was followed.
    pub clicked: i64,
    /// How often it was followed.
    pub clicks: i64,
    /// … by machines; not among the clicks.
    pub machines: i64,
}

/// Figures of the messages that were asked for.
///
/// # Errors
/// The store's.
pub fn figures(engine: &Engine, asked: &Asked, by: By) -> Result<Vec<Figures>, StoreError> {
    engine.store().read(|s| {
        let mut sums: BTreeMap<Place, Sums> = BTreeMap::new();
        let looked = Looked::up(s, engine, asked)?;
        for (node, (place, untracked)) in &looked.nodes {
            let delivered = node.sent - node.bounced_hard - node.bounced_soft;
            let (untracked, untracked_opened) =
                if *untracked { (delivered, node.opened) } else { (node.untracked, node.untracked_opened) };
            *sums.entry(place.clone().cut(by)).or_default() +=
                &Sums { used: node.clone(), untracked, untracked_opened };
        }
        Ok(sums.into_iter().map(|(place, sums)| Figures::of(place, &sums)).collect())
    })
}

/// Figures of each link in the messages that were asked for.
///
/// # Errors
/// The store's.
pub fn links(engine: &Engine, asked: &Asked) -> Result<Vec<LinkFigures>, StoreError> {
    engine.store().read(|s| {
        let looked = Looked::up(s, engine, asked)?;
        let places: HashMap<(i64, i64), &Place> =
            looked.nodes.iter().map(|(node, (place, _))| ((node.version, node.node), place)).collect();
        let mut sums: BTreeMap<(Place, i64), LinkFigures> = BTreeMap::new();
        for used in uses::by_link(s, &looked.cohort())? {
            let place = places.get(&(used.version, used.node)).filter(|_| used.link != i64::from(HIDDEN_LINK));
            let Some(place) = place else { continue };
            let sum = sums.entry(((*place).clone(), used.link)).or_insert_with(|| LinkFigures {
                place: (*place).clone(),
                link: used.link,
                url: String::new(),
                clicked: 0,
                clicks: 0,
                machines: 0,
            });
            // Versions are in their order: the newest says where the link leads.
            sum.url = used.url;
            sum.clicked += used.clicked;
            sum.clicks += used.clicks;
            sum.machines += used.machines;
        }
        Ok(sums.into_values().collect())
    })
}

/// The nodes that sent something of what was asked for.
struct Looked {
    versions: Vec<i64>,
    from: Timestamp,
    until: Timestamp,
    /// What each sent, where it stands, and whether its opens cannot be seen.
    nodes: Vec<(NodeUse, (Place, bool))>,
}

impl Looked {
    fn up(s: &mut dyn Session, engine: &Engine, asked: &Asked) -> Result<Self, StoreError> {
        let live = engine.live(s)?;
        let versions = uses::versions(s, asked.journey.as_deref())?;
        let mut looked = Self {
            versions: versions.iter().map(|version| version.0).collect(),
            from: asked.from.unwrap_or(Timestamp::UNIX_EPOCH),
            until: asked.until.unwrap_or(from_micros(i64::MAX / 2)),
            nodes: Vec::new(),
        };
        if looked.versions.is_empty() {
            return Ok(looked);
        }
        let frozen = Versions::default();
        for node in uses::by_node(s, &looked.cohort())? {
            let Some((place, untracked)) = place_of(s, &live, &frozen, &node)? else { continue };
            let wanted = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
            if wanted(&asked.node, &place.node) && wanted(&asked.message, &place.message) {
                looked.nodes.push((node, (place, untracked)));
            }
        }
        Ok(looked)
    }

    fn cohort(&self) -> Cohort<'_> {
        Cohort { versions: &self.versions, from: self.from, until: self.until }
    }
}

/// Where a node's messages stand, and whether their opens cannot be seen.
fn place_of(
    s: &mut dyn Session,
    live: &Live,
    versions: &Versions,
    node: &NodeUse,
) -> Result<Option<(Place, bool)>, StoreError> {
    let Some(row) = ledger::get(s, EffectId(node.sample), false)? else { return Ok(None) };
    let kept = kept_of(&row);
    let Some(message) = kept.message() else { return Ok(None) };
    let (channel, key) = match message {
        Message::Email(key) => (Channel::Email, key),
        Message::Sms(key) => (Channel::Sms, key),
    };
    let frozen = versions.get(s, live, VersionId(node.version))?;
    let untracked = frozen.is_some_and(|frozen| frozen.email(&key).is_ok_and(|it| it.email.disable_open_tracking));
    let untracked = untracked || channel == Channel::Sms;
    // What was sent by hand stands in no journey.
    let [journey, node] = [kept.journey, kept.node].map(|place| Some(place).filter(|place| !place.is_empty()));
    Ok(Some((Place { channel, journey, node, message: Some(key) }, untracked)))
}
