//! Invented accounts and people as import files, to try things out with.

use axum::extract::State;
use caravan_model::sample::{AccountRow, OpportunityRow, PersonRow, Sample};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::access::Permission::WriteCustomers;
use crate::http::file::CsvFile;
use crate::http::{Operations, Path, Problem, Query};

/// Accounts of a sample at most; the command line makes larger ones.
const MOST: u64 = 500;
/// People for each account on average, at most.
const MOST_PEOPLE: u64 = 20;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Import").get(
        "/api/v1/samples/{kind}",
        WriteCustomers,
        sample,
        "Invented accounts, people or opportunities as a CSV file that can be imported; the same for the same numbers",
    )
}

/// What there are samples of.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SampleKind")]
enum Kind {
    /// Companies.
    Accounts,
    /// Those who work there.
    People,
    /// What is about to be sold to them.
    Opportunities,
}

#[derive(Deserialize, JsonSchema)]
struct SamplePath {
    kind: Kind,
}

#[derive(Deserialize, JsonSchema)]
struct SampleQuery {
    /// How many accounts, 1 to 500; 60 when left out.
    #[schemars(range(min = 1, max = 500))]
    accounts: Option<u64>,
    /// How many people for each on average, 1 to 20; 4 when left out.
    #[schemars(range(min = 1, max = 20))]
    people_per_account: Option<u64>,
}

async fn sample(
    State(_): State<ApiState>,
    Path(path): Path<SamplePath>,
    Query(query): Query<SampleQuery>,
) -> Result<CsvFile, Problem> {
    let (accounts, people_per_account) = (query.accounts.unwrap_or(60), query.people_per_account.unwrap_or(4));
    if !(1..=MOST).contains(&accounts) || !(1..=MOST_PEOPLE).contains(&people_per_account) {
        let detail = format!("A sample has 1 to {MOST} accounts with 1 to {MOST_PEOPLE} people on average.");
        return Err(Problem::bad_request("sample_too_large", detail));
    }
    let sample = Sample { accounts, people_per_account, seed: 1 };
    let mut file = Vec::new();
    let written = match path.kind {
        Kind::Accounts => AccountRow::write_csv(sample.accounts(), &mut file),
        Kind::People => PersonRow::write_csv(sample.people(), &mut file),
        Kind::Opportunities => OpportunityRow::write_csv(sample.opportunities(), &mut file),
    };
    written.map_err(Problem::internal)?;
    Ok(CsvFile::of(file))
}
