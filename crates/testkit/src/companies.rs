//! A list of invented companies in the shape of a well-known stock index's list, with all that makes such files hard:
//! commas inside quoted cells, years such as `2013 (1888)`, footnote marks, letters beyond ASCII.

use caravan_model::sample::{AccountRow, Sample, SplitMix64};

/// The columns, as such a list names them.
pub const HEADER: &str = "Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded";

const SECTORS: [(&str, &[&str]); 11] = [
    ("Industrials", &["Building Products", "Industrial Conglomerates", "Passenger Airlines"]),
    ("Financials", &["Diversified Banks", "Insurance Brokers", "Asset Management & Custody Banks"]),
    (
        "Information Technology",
        &["Application Software", "Semiconductors", "Technology Hardware, Storage & Peripherals"],
    ),
    ("Health Care", &["Biotechnology", "Health Care Equipment", "Managed Health Care"]),
    ("Consumer Discretionary", &["Automotive Retail", "Restaurants", "Hotels, Resorts & Cruise Lines"]),
    ("Consumer Staples", &["Distillers & Vintners", "Food Retail"]),
    ("Utilities", &["Electric Utilities", "Multi-Utilities"]),
    ("Real Estate", &["Data Center REITs", "Office REITs"]),
    ("Materials", &["Specialty Chemicals", "Paper & Plastic Packaging Products & Materials"]),
    ("Communication Services", &["Broadcasting", "Movies & Entertainment"]),
    ("Energy", &["Oil & Gas Storage & Transportation"]),
];

/// The file: a header and this many companies, the same for the same seed. Symbols are unique and serve as keys.
pub fn companies_csv(rows: u64, seed: u64) -> String {
    let sample = Sample { accounts: rows, people_per_account: 0, seed };
    let mut random = SplitMix64::new(seed);
    let mut file = format!("{HEADER}\n");
    for (number, account) in (0..).zip(sample.accounts()) {
        file.push_str(&line(number, &account, &mut random));
    }
    file
}

fn line(number: u64, account: &AccountRow, random: &mut SplitMix64) -> String {
    let (sector, sub_industries) = random.pick(&SECTORS);
    let cells = [
        symbol(number),
        security(number, &account.name),
        sector.to_owned(),
        random.pick(sub_industries).to_owned(),
        headquarters(number, account),
        date_added(random),
        (1_000 + number * 2_999).to_string(),
        founded(number, random),
    ];
    cells.map(quoted).join(",") + "\n"
}

/// `AA`, `AB`, …, and now and then a share class: `CS.B`.
fn symbol(number: u64) -> String {
    let mut letters = Vec::new();
    let mut rest = number + 27;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    let class = if number % 97 == 96 { ".B" } else { "" };
    letters.iter().rev().collect::<String>() + class
}

fn security(number: u64, name: &str) -> String {
    match number % 50 {
        7 => format!("{name} (The)"),
        19 => name.replacen(' ', "–", 1),
        31 => format!("O’{name}"),
        _ => name.to_owned(),
    }
}

fn headquarters(number: u64, account: &AccountRow) -> String {
    let place = format!("{}, {}", account.city, account.state);
    match number % 60 {
        11 => format!("{place}[{}]", number % 9 + 1),
        23 => format!("{place}; Denver, Colorado"),
        35 => format!("{place}, {}", account.country),
        47 => "none".to_owned(),
        _ => place,
    }
}

fn date_added(random: &mut SplitMix64) -> String {
    format!("{}-{:02}-{:02}", random.between(1957, 2025), random.between(1, 12), random.between(1, 28))
}

fn founded(number: u64, random: &mut SplitMix64) -> String {
    let (first, second, later) = (random.between(1802, 1899), random.between(1900, 1979), random.between(1980, 2020));
    match number % 20 {
        3 => format!("{later} ({first})"),
        9 => format!("{later} ({second} / {first})"),
        15 => format!("{later} ({second}, Alderwick Works spinoff)"),
        _ => second.to_string(),
    }
}

fn quoted(cell: String) -> String {
    if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn rows() -> Vec<csv::StringRecord> {
        csv::Reader::from_reader(companies_csv(503, 3).as_bytes()).records().map(Result::unwrap).collect()
    }

    #[test]
    fn every_row_is_whole_and_every_symbol_unique() {
        let rows = rows();
        let symbols: BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
        assert_eq!((rows.len(), symbols.len()), (503, 503));
        assert!(rows.iter().all(|row| row.len() == 8 && row.iter().all(|cell| !cell.is_empty())));
        assert_eq!(companies_csv(503, 3), companies_csv(503, 3));
    }

    #[test]
    fn every_quirk_of_the_real_list_occurs() {
        let rows = rows();
        let occurs = |column: usize, mark: &str| rows.iter().any(|row| row[column].contains(mark));
        assert!(occurs(0, ".B") && occurs(1, "(The)") && occurs(1, "–") && occurs(1, "’") && occurs(1, "&"));
        assert!(occurs(3, ", ") && occurs(4, "[") && occurs(4, "; ") && occurs(4, "none"));
        assert!(occurs(7, " (18") && occurs(7, " / ") && occurs(7, ", "));
    }
}
