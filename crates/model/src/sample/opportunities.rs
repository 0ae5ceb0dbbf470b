//! Invented opportunities: few for most accounts, many for some, a third of them over.

use super::companies::{self, sometimes};
use super::random::{SplitMix64, Stream};
use super::{Cell, OpportunityRow, Sample};

/// Stage, probability in percent, forecast category, and how frequent it is.
const OPEN: [(&str, &str, &str, u64); 5] = [
    ("Prospecting", "10", "Pipeline", 30),
    ("Qualification", "20", "Pipeline", 25),
    ("Proposal", "50", "Best case", 22),
    ("Negotiation", "75", "Commit", 15),
    ("Verbal agreement", "90", "Commit", 8),
];

const TYPES: [&str; 4] = ["New business", "Renewal", "Expansion", "Pilot"];
const SOURCES: [&str; 5] = ["Trade fair", "Website", "Referral", "Partner", "Outbound"];
const NEXT_STEPS: [&str; 4] = ["Send offer", "Demo with IT", "Call the buyer", "Überarbeitetes Angebot"];

/// How many an account has: most none or one, one in twenty a dozen.
pub(super) fn count(sample: &Sample, account: u64) -> u64 {
    const COUNTS: [u64; 20] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 6, 12];
    sample.stream(Stream::Opportunities, account, 0).pick(&COUNTS)
}

/// One opportunity of an account, both counted from zero.
pub(super) fn opportunity(sample: &Sample, account: u64, number: u64) -> OpportunityRow {
    let company = companies::company(sample, account);
    let random = &mut sample.stream(Stream::Opportunity, account, number);
    let (stage, probability, forecast, _) = random.pick_weighted(&OPEN, |(.., weight)| *weight);
    let (closed, won) = (random.percent(35), random.percent(40));
    let amount = random.between(2, 400) * 500;
    let kind = random.pick(&TYPES);
    let (year, quarter) = (random.between(2025, 2027), random.between(1, 4));
    let day = date(year, quarter, random);
    let flag = |yes: bool| Cell::from(if yes { "true" } else { "false" });
    OpportunityRow {
        key: format!("OPP-{}-{:02}", company.key, number + 1).into(),
        account_key: company.key.into(),
        name: format!("{kind} {year}").into(),
        stage: match (closed, won) {
            (true, true) => "Closed won".into(),
            (true, false) => "Closed lost".into(),
            (false, _) => (*stage).into(),
        },
        kind: kind.into(),
        amount: sometimes(92, amount.to_string(), random),
        probability: if closed { Cell::default() } else { (*probability).into() },
        forecast_category: if closed { "Closed".into() } else { (*forecast).into() },
        // A missing flag is as good as false.
        is_closed: if closed { flag(true) } else { sometimes(60, "false", random) },
        is_won: if closed { flag(won) } else { Cell::default() },
        expected_close_date: if closed { Cell::default() } else { sometimes(85, day.clone(), random) },
        actual_close_date: if closed { day.into() } else { Cell::default() },
        fiscal_year: year.to_string().into(),
        fiscal_quarter: format!("Q{quarter}").into(),
        lead_source: sometimes(70, random.pick(&SOURCES), random),
        next_step: if closed { Cell::default() } else { sometimes(40, random.pick(&NEXT_STEPS), random) },
    }
}

fn date(year: u64, quarter: u64, random: &mut SplitMix64) -> String {
    format!("{year}-{:02}-{:02}", (quarter - 1) * 3 + random.between(1, 3), random.between(1, 28))
}
