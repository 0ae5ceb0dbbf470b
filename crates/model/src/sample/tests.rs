use std::collections::{BTreeMap, BTreeSet};

use super::*;

const SAMPLE: Sample = Sample { accounts: 400, people_per_account: 8, seed: 7 };

fn csv<R>(write: impl Fn(Vec<R>, &mut Vec<u8>) -> std::io::Result<()>, rows: Vec<R>) -> String {
    let mut written = Vec::new();
    write(rows, &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

#[test]
fn splitmix_draws_the_published_numbers() {
    let mut random = SplitMix64::new(1_234_567);
    let drawn: Vec<u64> = (0..3).map(|_| random.next()).collect();
    assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn a_seed_gives_the_same_rows_again_and_another_seed_others() {
    let people: Vec<_> = SAMPLE.people().collect();
    assert_eq!(people, SAMPLE.people().collect::<Vec<_>>());
    let other = Sample { seed: 8, ..SAMPLE };
    assert_ne!(people, other.people().collect::<Vec<_>>());
}

#[test]
fn rows_stay_as_they_are_from_release_to_release() {
    let small = Sample { accounts: 3, people_per_account: 2, seed: 5 };
    let accounts = csv(AccountRow::write_csv, small.accounts().collect());
    insta::assert_snapshot!(accounts, @r#"
    key,name,industry,annual_revenue,employees,sic_code,website,phone,street,city,region,state,postal_code,country,country_code,source_type,description,time_zone,owner_email,parent_key
    ACC-000001,Alderandra Dairy SARL,Food & Beverage,5111000,19,2099,https://www.alderandra-dairy.example,,149 Harbour Street,Lille,,Hauts-de-France,10315,France,FR,Partner,,Europe/Paris,maja.lindqvist@sales.example,
    ACC-000002,Merrorin Education Corp.,Education,107185000,1105,8299,,,86 Bridge Street,Boston,,Massachusetts,90625,United States,US,Partner,,America/New_York,noah.keller@sales.example,
    ACC-000003,Yarrulon Health Inc.,Health Care,133408000,758,,https://www.yarrulon-health.example,,195 Linden Street,Chicago,,Illinois,69130,United States,US,Partner,,America/Chicago,,ACC-000001
    "#);
    let people = csv(PersonRow::write_csv, small.people().collect());
    insta::assert_snapshot!(people, @r#"
    key,email,salutation,first_name,middle_name,last_name,birth_date,job_title,department,phone,mobile_phone,street,city,state,postal_code,country,status,time_zone,locale,unsubscribed,unsubscribed_reason,email_invalid,sms_consent,account_key,account_roles
    ACC-000001-0001,noel.daubigny@alderandra-dairy.example,Mr.,Noël,,d’Aubigny,,Director of Customer Success,Customer Success,+33 506 555 0130,,,,Hauts-de-France,,FR,Working,Europe/Paris,fr-FR,,,,y,ACC-000001,contractor;accountant
    ACC-000001-0002,francois.crevecoeur2@alderandra-dairy.example,Mr.,,,Crèvecœur,,,Engineering,,,,Lille,,65599,FR,Working,Europe/Paris,fr-FR,,,,,ACC-000001,
    ACC-000002-0001,ruth.mcallen@merrorin-education.example,,Ruth,,McAllen,,Director of Customer Success,Customer Success,,,,Seattle,,94097,US,Nurturing,,en-US,,,,,ACC-000002,
    ACC-000002-0002,caleb.whitlock2@merrorin-education.example,Mr.,Caleb,,Whitlock,1994-06-21,Operations Manager,,,,,,,,US,Nurturing,America/New_York,en-US,,,,,ACC-000002,
    ACC-000002-0003,dana.sutter3@merrorin-education.example,,Dana,,Sutter,,Account Executive,Sales,+1 752 555 0178,+1 286 555 0107,,Boston,Massachusetts,33415,US,Working,,en-US,,,,,ACC-000002,
    ACC-000002-0004,marcus.odell4@merrorin-education.example,,Marcus,,O’Dell,,IT Manager,,+1 944 555 0134,,,Boston,,29623,US,Working,America/New_York,en-US,,,,n,ACC-000002,
    ACC-000002-0005,noel.daubigny@alderandra-dairy.example,,Noël,,d’Aubigny,,Head of IT,IT,+1 556 555 0167,+1 440 555 0189,,,,,US,Customer,,en-US,,,,,ACC-000002,
    ACC-000003-0001,dana.park@yarrulon-health.example,,Dana,,Park,,Business Process Consultant,,+1 900 555 0154,,,Chicago,Illinois,,US,Disqualified,America/Chicago,en-US,,,,,ACC-000003,
    "#);
}

#[test]
fn a_larger_sample_begins_with_the_smaller_one() {
    let larger = Sample { accounts: 500, ..SAMPLE };
    assert!(SAMPLE.accounts().eq(larger.accounts().take(400)));
}

#[test]
fn keys_names_and_domains_are_unique() {
    let accounts: Vec<_> = SAMPLE.accounts().collect();
    let keys: BTreeSet<_> = accounts.iter().map(|row| &row.key).collect();
    let names: BTreeSet<_> = accounts.iter().map(|row| &row.name).collect();
    assert_eq!((keys.len(), names.len()), (400, 400));
    let people: Vec<_> = SAMPLE.people().collect();
    let keys: BTreeSet<_> = people.iter().map(|row| &row.key).collect();
    assert_eq!(keys.len(), people.len());
}

#[test]
fn accounts_differ_widely_in_size_around_the_mean() {
    let large = Sample { accounts: 4_000, ..SAMPLE };
    let mut sizes: Vec<u64> = (0..large.accounts).map(|account| large.size_of(account)).collect();
    sizes.sort_unstable();
    let people: u64 = sizes.iter().sum();
    assert!((30_000..34_000).contains(&people), "{people} people");
    let in_largest_fifth: u64 = sizes.iter().rev().take(800).sum();
    assert!(in_largest_fifth * 2 > people, "the largest fifth holds {in_largest_fifth} of {people}");
    assert_eq!(sizes.first(), Some(&0));
}

#[test]
fn some_people_share_an_address_across_accounts_and_nobody_within_one() {
    let mut accounts_of: BTreeMap<Cell, Vec<Cell>> = BTreeMap::new();
    for row in SAMPLE.people() {
        accounts_of.entry(row.email).or_default().push(row.account_key);
    }
    let shared = accounts_of.values().filter(|accounts| accounts.len() > 1).count();
    assert!((20..200).contains(&shared), "{shared} shared addresses");
    for accounts in accounts_of.values() {
        assert_eq!(accounts.iter().collect::<BTreeSet<_>>().len(), accounts.len(), "{accounts:?}");
    }
}

#[test]
fn addresses_are_plain_and_lead_nowhere() {
    for row in SAMPLE.people() {
        let (local, domain) = row.email.split_once('@').unwrap();
        assert!(domain.ends_with(".example"), "{}", row.email);
        assert!(local.split('.').all(|part| !part.is_empty() && part.is_ascii()), "{}", row.email);
    }
}

#[test]
fn every_level_of_the_personas_occurs() {
    let titles: BTreeSet<_> = SAMPLE.people().map(|row| row.job_title).collect();
    for title in [
        "CFO",
        "VP of Sales",
        "Director of Finance",
        "IT Manager",
        "Account Executive",
        "Data Analyst",
        "DevOps Engineer",
        "Legal Counsel",
        "IT Consultant",
        "Subject Matter Expert",
    ] {
        assert!(titles.contains(title), "nobody is {title}");
    }
}

#[test]
fn cells_are_missing_now_and_then_but_never_the_required_ones() {
    for row in SAMPLE.accounts() {
        assert!(!row.key.is_empty() && !row.name.is_empty() && row.name.len() <= 255);
    }
    let people: Vec<_> = SAMPLE.people().collect();
    assert!(people.iter().all(|row| !row.key.is_empty() && !row.email.is_empty() && !row.account_key.is_empty()));
    for optional in ["first_name", "job_title", "country", "time_zone"] {
        let column = PersonRow::HEADER.iter().position(|name| *name == optional).unwrap();
        let missing = people.iter().filter(|row| row.cells()[column].is_empty()).count();
        assert!(missing > 0 && missing < people.len() / 2, "{optional}: {missing} of {}", people.len());
    }
}

#[test]
fn a_parent_is_an_earlier_account() {
    let children = SAMPLE.accounts().filter(|row| !row.parent_key.is_empty()).map(|row| {
        assert!(row.parent_key < row.key, "{} under {}", row.key, row.parent_key);
    });
    assert!(children.count() > 10);
}

#[test]
fn cells_with_commas_and_quotes_are_quoted() {
    let row = AccountRow { key: "A-1".into(), name: "Say \"hello\", Inc.".into(), ..AccountRow::default() };
    let written = csv(AccountRow::write_csv, vec![row]);
    assert_eq!(written.lines().nth(1), Some("A-1,\"Say \"\"hello\"\", Inc.\",,,,,,,,,,,,,,,,,,"));
}

#[test]
fn opportunities_are_few_for_most_accounts_and_many_for_some() {
    let rows: Vec<_> = SAMPLE.opportunities().collect();
    assert_eq!(rows, SAMPLE.opportunities().collect::<Vec<_>>());
    let keys: BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
    assert_eq!(keys.len(), rows.len());
    let mut of_account: BTreeMap<_, u64> = BTreeMap::new();
    rows.iter().for_each(|row| *of_account.entry(&row.account_key).or_default() += 1);
    assert!(of_account.len() < 300 && of_account.values().any(|n| *n == 12), "{of_account:?}");
    let closed = rows.iter().filter(|row| row.is_closed == "true").count();
    assert!((rows.len() / 4..rows.len() / 2).contains(&closed), "{closed} of {}", rows.len());
    assert!(rows.iter().any(|row| !row.next_step.is_ascii()));
    assert_eq!(OpportunityRow::HEADER[4], "type");
}

#[test]
fn names_and_cities_have_letters_beyond_ascii() {
    let beyond = |cells: Vec<Cell>| cells.iter().filter(|cell| !cell.is_ascii()).count();
    let (accounts, people): (Vec<_>, Vec<_>) = (SAMPLE.accounts().collect(), SAMPLE.people().collect());
    let (names, cities): (Vec<_>, Vec<_>) = accounts.into_iter().map(|row| (row.name, row.city)).unzip();
    let columns = people.into_iter().map(|row| (row.first_name, (row.last_name, row.city)));
    let (first, (last, homes)): (Vec<_>, (Vec<_>, Vec<_>)) = columns.unzip();
    for (what, cells) in [("accounts", names), ("cities", cities), ("first", first), ("last", last), ("homes", homes)] {
        let (all, found) = (cells.len(), beyond(cells));
        assert!(found * 50 > all && found * 2 < all, "{what}: {found} of {all}");
    }
}
