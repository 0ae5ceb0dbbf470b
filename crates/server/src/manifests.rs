//! Manifest files from disk: a file, every file of a folder, or standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use caravan_model::Finding;

use crate::failure::Failure;

/// The most that one manifest file may hold; far beyond any real one.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Reads what `-f` names: (name for messages, text).
///
/// # Errors
/// A path that does not exist, a folder without manifests, a file that is too large or not UTF-8.
pub fn read(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let found = expand(path)?;
        if found.is_empty() {
            let message = format!("{} holds no manifests: no file in it ends in .yaml, .yml or .json.", path.display());
            return Err(Failure::usage("no_manifests", message));
        }
        files.extend(found);
    }
    let mut texts = Vec::new();
    let mut findings = Vec::new();
    for file in files {
        let name = file.display().to_string();
        match String::from_utf8(bytes_of(&file)?) {
            Ok(text) => texts.push((name, text)),
            Err(error) => findings.push(not_utf8(name, &error)),
        }
    }
    if findings.is_empty() { Ok(texts) } else { Err(Failure::Invalid(findings)) }
}

fn not_utf8(name: String, error: &std::string::FromUtf8Error) -> Finding {
    let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
    let line = 1 + before.filter(|byte| **byte == b'\n').count();
    let message = "The file is not UTF-8. Save it in that encoding.";
    Finding { file: Some(name), line: u32::try_from(line).ok(), ..Finding::error("not_utf8", "", message) }
}

/// The files that a path stands for, folders walked in the order of names; `-` is standard input.
fn expand(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path == Path::new("-") || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = std::fs::read_dir(path)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(|error| unreadable(path, &error))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // Links are not followed into folders: two that point at each other would never end.
        if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files.extend(expand(&path)?);
        } else if !hidden && is_manifest(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    path.is_file() && extension.is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e == *known))
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > MOST_BYTES {
        let message = format!("{} is larger than {} MB; split it.", path.display(), MOST_BYTES / 1024 / 1024);
        return Err(Failure::usage("file_too_large", message));
    }
    Ok(bytes)
}

/// A file that was named but cannot be read.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("{} cannot be read: {error}. Check the path.", path.display());
    Failure::usage("file_unreadable", message)
}
