//! The documentation is what the binary says and does. `CARAVAN_UPDATE_DOCS=1` writes what is stale anew.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Folder, caravan, repository};

/// Compares a file with what it should be, or writes it.
#[track_caller]
fn check(path: &Path, expected: &str) {
    if std::env::var_os("CARAVAN_UPDATE_DOCS").is_some() {
        std::fs::write(path, expected).expect("the file is written");
        return;
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is stale; CARAVAN_UPDATE_DOCS=1 writes it anew. Expected:\n{expected}",
        path.display()
    );
}

#[test]
fn the_command_line_reference_is_what_help_says() {
    let mut page = String::from(
        "# Command line\n\nWhat `caravan --help` says, command by command. Checked by a test; to write it anew:\n\
         `CARAVAN_UPDATE_DOCS=1 cargo nextest run -p caravan-server documentation`.\n",
    );
    describe(&[], &mut page);
    check(&repository("docs/reference/cli.md"), &page);
}

/// A command, then those below it.
fn describe(command: &[&str], page: &mut String) {
    let help = caravan().args(command).args(["--help"]).run().expect_code(0).stdout;
    let (own, shared) = help.split_once("Options of every command:").unwrap_or((&help, ""));
    let name = [&["caravan"], command].concat().join(" ");
    let shared = if command.is_empty() { format!("Options of every command:{shared}") } else { String::new() };
    let text = format!("{own}{shared}");
    write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", text.trim_end()).expect("text");
    let below = own.split_once("Commands:\n").map_or("", |(_, commands)| commands);
    for line in below.lines().take_while(|line| line.starts_with("  ")) {
        let name = line.split_whitespace().next().unwrap_or_default();
        if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
            describe(&[command, &[name]].concat(), page);
        }
    }
}

/// Runs every command of the tutorial's `console` blocks, in order, in a copy of its folder, and compares what it shows.
#[test]
fn the_tutorial_works_as_it_is_written() {
    let source = repository("docs/tutorial/first-journey");
    let folder = Folder::new();
    for entry in std::fs::read_dir(&source).expect("the tutorial") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), folder.path(&entry.file_name().to_string_lossy())).expect("a copy");
    }
    let page = std::fs::read_to_string(source.join("README.md")).expect("the page");
    let mut written = String::new();
    let mut commands = 0;
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        writeln!(written, "{line}").expect("text");
        if line != "```console" {
            continue;
        }
        while let Some(line) = lines.next_if(|line| *line != "```") {
            let Some(command) = line.strip_prefix("$ ") else { continue };
            writeln!(written, "{line}\n{}", run(command, &folder)).expect("text");
            written.truncate(written.trim_end_matches('\n').len());
            written.push('\n');
            commands += 1;
        }
    }
    assert!(commands >= 8, "the tutorial has commands");
    check(&source.join("README.md"), &written);
}

/// What a reader would see; the command must succeed.
fn run(command: &str, folder: &Folder) -> String {
    if command.contains("$(date") {
        // What happens "now" is told to the second, and must not come before what the command before did: readers type
        // slower than a test.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_caravan"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", binary.parent().expect("a folder").display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(folder.path("")).env("PATH", path);
    let shown = shell.output().expect("a shell");
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.status.success(), "{command}\n{text}");
    text
}
