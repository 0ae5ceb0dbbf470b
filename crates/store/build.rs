//! A new migration file must be embedded even when nothing else changed.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
