//! What a spam filter would make of an email: asked of a filter of one's own (SpamAssassin's `spamd`, or Rspamd), or judged by
//! a few rules here where there is none.

mod filter;
mod lint;

pub use filter::{FilterKind, SpamFilter};
pub use lint::{Judged, judge};
use schemars::JsonSchema;
use serde::Serialize;

/// From more points on an email is warned of, whoever counted them.
pub const WORRYING: f64 = 5.0;

/// What a filter makes of an email.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SpamReport {
    /// Who judged: `spamassassin`, `rspamd`, or `caravan` by rules and points of its own.
    #[schemars(extend("enum" = ["spamassassin", "rspamd", "caravan"]))]
    pub by: &'static str,
    /// The points, all together.
    pub score: f64,
    /// From how many on the filter holds it for spam.
    pub threshold: f64,
    /// It has more than five points: mail like this may be kept from people.
    pub worrying: bool,
    /// The rules that it broke or kept, those with the most points first.
    pub rules: Vec<SpamRule>,
    /// Why the connection's filter did not judge, where it should have.
    pub problem: Option<String>,
}

/// A rule that spoke.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SpamRule {
    /// Its name.
    pub name: String,
    /// What it counts; less than nothing speaks for the email.
    pub points: f64,
    /// What it says, and for rules of our own what to do.
    pub description: String,
}

impl SpamReport {
    fn new(by: &'static str, score: f64, threshold: f64, mut rules: Vec<SpamRule>) -> Self {
        rules.sort_by(|a, b| b.points.total_cmp(&a.points).then_with(|| a.name.cmp(&b.name)));
        // No rule at all adds up to less than nothing: -0.
        let score = score + 0.0;
        Self { by, score, threshold, worrying: score > WORRYING, rules, problem: None }
    }
}
