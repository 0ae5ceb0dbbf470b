//! The walls between the rooms: which crate of ours may depend on which, and which may open a door to the world.
//!
//! The tables here are the law, `cargo metadata` is the fact. A new line in a table is the one kind of change that needs
//! a page in docs/decisions.

use std::collections::BTreeSet;
use std::fmt;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use serde_json::Value;

/// A room and the rooms that its product code may use. Tests of any room may use `testkit` and any room below them.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
}

const ROOMS: &[Room] = &[
    Room { name: "model", may_use: &[] },
    Room { name: "catalog", may_use: &["model"] },
    Room { name: "store", may_use: &["model"] },
    Room { name: "connect", may_use: &["model"] },
    Room { name: "engine", may_use: &["model", "catalog", "store", "connect"] },
    Room { name: "api", may_use: &["model", "catalog", "store", "engine"] },
    Room { name: "server", may_use: &["model", "catalog", "store", "connect", "engine", "api"] },
    Room { name: "testkit", may_use: &["model"] },
    Room { name: "xtask", may_use: &["model", "catalog", "api"] },
];

/// A foreign crate that does I/O, and the only rooms whose product code may hold it.
struct Door {
    package: &'static str,
    rooms: &'static [&'static str],
}

const DOORS: &[Door] = &[
    Door { package: "tokio", rooms: &["store", "connect", "api", "server", "testkit"] },
    Door { package: "rusqlite", rooms: &["store"] },
    Door { package: "tokio-postgres", rooms: &["store", "testkit"] },
    Door { package: "refinery", rooms: &["store"] },
    Door { package: "axum", rooms: &["api", "server", "testkit"] },
    Door { package: "reqwest", rooms: &["connect"] },
    Door { package: "lettre", rooms: &["connect"] },
    Door { package: "rand", rooms: &["server"] },
    Door { package: "getrandom", rooms: &["model"] },
];

/// What one crate of the workspace asks for in its product code and in its tests.
#[derive(Debug, Default, PartialEq)]
struct Package {
    name: String,
    uses: BTreeSet<String>,
    tests_use: BTreeSet<String>,
}

/// A dependency that the tables do not allow.
#[derive(Debug, PartialEq)]
enum Breach {
    UnknownRoom { room: String },
    NewEdge { from: String, to: String },
    TestkitInProduct { room: String },
    UpwardTest { room: String, uses: String },
    ForbiddenDoor { room: String, package: String, rooms: &'static [&'static str] },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Breach::UnknownRoom { room } => write!(f, "{room}: a room that is not in the table of xtask's layers.rs"),
            Breach::NewEdge { from, to } => write!(f, "{from} → {to}: {from} may not know {to}"),
            Breach::TestkitInProduct { room } => {
                write!(f, "{room} → testkit: testkit belongs under [dev-dependencies]")
            }
            Breach::UpwardTest { room, uses } => {
                write!(f, "{room} → {uses} (tests): a room's tests may use only what lies below it, and testkit")
            }
            Breach::ForbiddenDoor { room, package, rooms } => {
                write!(f, "{room} → {package}: only {} may hold {package}", rooms.join(", "))
            }
        }
    }
}

/// Prints the rooms with what they use, then every breach; fails when there is one.
///
/// # Errors
/// When `cargo metadata` fails or answers something else than its documented JSON.
pub fn check() -> anyhow::Result<ExitCode> {
    let packages = read_packages(&metadata()?)?;
    print!("{}", picture(&packages));
    let breaches = breaches(&packages);
    if breaches.is_empty() {
        println!("The walls stand: {} rooms, no edge that is not in the table.", packages.len());
        return Ok(ExitCode::SUCCESS);
    }
    for breach in &breaches {
        eprintln!("error: {breach}");
    }
    eprintln!(
        "\nMove the code to the room it belongs to. If the edge is right, it needs a page in docs/decisions first."
    );
    Ok(ExitCode::FAILURE)
}

fn metadata() -> anyhow::Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(["metadata", "--format-version=1", "--no-deps", "--locked"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata did not answer JSON")
}

fn read_packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    packages.iter().map(read_package).collect()
}

fn read_package(package: &Value) -> anyhow::Result<Package> {
    let name = package["name"].as_str().context("a package without name")?;
    let mut read = Package { name: room_name(name).to_owned(), ..Package::default() };
    for dependency in package["dependencies"].as_array().context("a package without list of dependencies")? {
        let name = dependency["name"].as_str().context("a dependency without name")?;
        let is_for_tests = dependency["kind"].as_str() == Some("dev");
        let list = if is_for_tests { &mut read.tests_use } else { &mut read.uses };
        list.insert(name.to_owned());
    }
    Ok(read)
}

/// `caravan-store` is the room `store`.
fn room_name(package: &str) -> &str {
    package.strip_prefix("caravan-").unwrap_or(package)
}

fn rooms_among(packages: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    packages.iter().filter_map(|name| name.strip_prefix("caravan-"))
}

/// One line a room, from the lowest up.
fn picture(packages: &[Package]) -> String {
    let mut lines = String::new();
    for room in ROOMS {
        let Some(package) = packages.iter().find(|package| package.name == room.name) else { continue };
        let uses: Vec<&str> = rooms_among(&package.uses).collect();
        let uses = if uses.is_empty() { "–".to_owned() } else { uses.join(", ") };
        lines.push_str(&format!("  {:<8} knows  {uses}\n", room.name));
    }
    lines
}

fn breaches(packages: &[Package]) -> Vec<Breach> {
    packages.iter().flat_map(breaches_of).collect()
}

fn breaches_of(package: &Package) -> Vec<Breach> {
    let Some(room) = ROOMS.iter().find(|room| room.name == package.name) else {
        return vec![Breach::UnknownRoom { room: package.name.clone() }];
    };
    let product = rooms_among(&package.uses).filter_map(|used| product_breach(room, used));
    let tests = rooms_among(&package.tests_use).filter_map(|used| test_breach(room, used));
    let doors = DOORS.iter().filter_map(|door| door_breach(room, door, package));
    product.chain(tests).chain(doors).collect()
}

fn product_breach(room: &Room, used: &str) -> Option<Breach> {
    if room.may_use.contains(&used) {
        return None;
    }
    let room = room.name.to_owned();
    Some(if used == "testkit" {
        Breach::TestkitInProduct { room }
    } else {
        Breach::NewEdge { from: room, to: used.to_owned() }
    })
}

fn test_breach(room: &Room, used: &str) -> Option<Breach> {
    let allowed = used == "testkit" || room.may_use.contains(&used);
    (!allowed).then(|| Breach::UpwardTest { room: room.name.to_owned(), uses: used.to_owned() })
}

fn door_breach(room: &Room, door: &Door, package: &Package) -> Option<Breach> {
    let forbidden = package.uses.contains(door.package) && !door.rooms.contains(&room.name);
    forbidden.then(|| Breach::ForbiddenDoor {
        room: room.name.to_owned(),
        package: door.package.to_owned(),
        rooms: door.rooms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, uses: &[&str], tests_use: &[&str]) -> Package {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Package { name: name.to_owned(), uses: set(uses), tests_use: set(tests_use) }
    }

    #[test]
    fn the_rooms_as_drawn_pass() {
        let packages = [
            package("model", &["serde"], &["caravan-testkit"]),
            package("store", &["caravan-model", "rusqlite", "tokio"], &["caravan-testkit"]),
            package("engine", &["caravan-model", "caravan-store", "caravan-connect"], &[]),
        ];
        assert_eq!(breaches(&packages), []);
    }

    #[test]
    fn a_new_edge_between_rooms_is_a_breach() {
        let found = breaches(&[package("store", &["caravan-model", "caravan-engine"], &[])]);
        assert_eq!(found, [Breach::NewEdge { from: "store".into(), to: "engine".into() }]);
        assert_eq!(found[0].to_string(), "store → engine: store may not know engine");
    }

    #[test]
    fn testkit_is_for_tests_only() {
        let found = breaches(&[package("engine", &["caravan-testkit"], &[])]);
        assert_eq!(found, [Breach::TestkitInProduct { room: "engine".into() }]);
    }

    #[test]
    fn tests_may_not_reach_upwards() {
        let found = breaches(&[package("model", &[], &["caravan-engine"])]);
        assert_eq!(found, [Breach::UpwardTest { room: "model".into(), uses: "engine".into() }]);
    }

    #[test]
    fn sql_stays_in_the_store() {
        let found = breaches(&[package("engine", &["rusqlite"], &["tokio-postgres"])]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "engine → rusqlite: only store may hold rusqlite");
    }

    #[test]
    fn a_room_nobody_knows_is_a_breach() {
        let found = breaches(&[package("cellar", &[], &[])]);
        assert_eq!(found, [Breach::UnknownRoom { room: "cellar".into() }]);
    }

    #[test]
    fn metadata_tells_product_from_tests() {
        let metadata = json!({"packages": [{"name": "caravan-catalog", "dependencies": [
            {"name": "caravan-model", "kind": null},
            {"name": "caravan-testkit", "kind": "dev"},
        ]}]});
        let read = read_packages(&metadata).unwrap();
        assert_eq!(read, [package("catalog", &["caravan-model"], &["caravan-testkit"])]);
    }

    #[test]
    fn no_room_may_use_itself_through_another() {
        for room in ROOMS {
            let mut reached = BTreeSet::new();
            let mut open = room.may_use.to_vec();
            while let Some(next) = open.pop() {
                if reached.insert(next) {
                    open.extend(ROOMS.iter().filter(|room| room.name == next).flat_map(|room| room.may_use));
                }
            }
            assert!(!reached.contains(room.name), "{} is part of a circle", room.name);
        }
    }
}
