//! The program that is run by hand: it says where everything is, writes settings, shows what its systems hold and ends when
//! it is told to.

use std::process::Command;
use std::time::Duration;

use caravan_testkit::{Program, http};
use serde_json::Value as Json;

const SOON: Duration = Duration::from_secs(30);

#[test]
fn the_fakes_say_where_they_are_write_settings_show_what_they_hold_and_end_when_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let fakes = Program::new(env!("CARGO_BIN_EXE_caravan-fakes"))
        .args(["--first-port", "0", "--folder", "here"])
        .dir(folder.path())
        .start();
    fakes.wait_for_line("Stop with Ctrl-C", SOON);
    let said = fakes.stdout();
    for system in ["Marketo Engage", "LinkedIn", "Enrichment", "Routing", "S3", "Twilio", "Platform", "Receiver"] {
        let line = said.lines().find(|line| line.starts_with(system)).unwrap_or_else(|| panic!("{system}: {said}"));
        assert!(line.contains("http://127.0.0.1:"), "{line}");
    }
    let settings = std::fs::read_to_string(folder.path().join("here/fakes.yaml")).expect("settings");
    let secret = settings.split("file: '").nth(1).and_then(|rest| rest.split('\'').next()).expect("a secret's file");
    assert_eq!(std::fs::read_to_string(secret).expect("the secret"), "hush\n");

    let desk = said.lines().next().and_then(|line| line.split("http://").nth(1)).expect("the desk");
    let desk = desk.split_whitespace().next().expect("an address");
    let (status, held) = http::get(desk, "/").expect("an answer");
    let held: Json = serde_json::from_str(&held).expect("JSON");
    assert_eq!((status, &held["marketo"]["lists"][0]["name"]), (200, &"Event guests".into()), "{held}");
    let plan = |body: &str| http::post_json(desk, "/faults", &[], body).expect("an answer").0;
    assert_eq!(plan(r#"{"system": "marketo", "path": "/lists/", "fault": "before:606"}"#), 200);
    assert_eq!(plan(r#"{"system": "marketo", "fault": "sulk"}"#), 400);

    let told = Command::new("kill").args(["-TERM", &fakes.id().to_string()]).status();
    assert!(told.is_ok_and(|status| status.success()));
    fakes.finish(SOON).expect_code(0);
}
