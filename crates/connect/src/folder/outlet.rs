//! Writing into a folder: only below the root that the administrator set, whole files or none, never over another.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A folder that files are handed over in.
pub struct Outlet {
    folder: PathBuf,
    root: Option<PathBuf>,
}

impl Outlet {
    /// The folder `path`, below the root (if it is relative: from there).
    pub fn new(path: &Path, root: Option<&Path>) -> Self {
        let folder = match root {
            Some(root) if path.is_relative() => root.join(path),
            _ => path.to_owned(),
        };
        Self { folder, root: root.map(Path::to_owned) }
    }

    /// Puts a file where none of its name is. Doing it twice is the same as doing it once, as long as the name says what is
    /// in it.
    ///
    /// # Errors
    /// Why it is not there, for people.
    pub fn put(&self, folder: &str, name: &str, content: &[u8]) -> Result<(), String> {
        let folder = self.made(folder)?;
        let told = |error: io::Error| format!("{} cannot be written: {error}.", folder.join(name).display());
        let place = folder.join(name);
        if place.exists() {
            return Ok(());
        }
        // Whoever watches the folder sees a whole file or none.
        let part = folder.join(format!(".{name}.part"));
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&part, &place)?;
            File::open(&folder)?.sync_all()
        });
        written.map_err(told)
    }

    /// Whether files can be written there now.
    ///
    /// # Errors
    /// Why not, for people.
    pub fn check(&self) -> Result<(), String> {
        self.made("").map(|_| ())
    }

    /// A folder below ours, made where it is not there yet; links that lead out of the root are found out.
    fn made(&self, below: &str) -> Result<PathBuf, String> {
        let Some(root) = &self.root else {
            return Err(
                "Files are written below one folder only, and none is set. An administrator sets it with --files."
                    .to_owned(),
            );
        };
        let told = |path: &Path, error: io::Error| format!("{} cannot be used: {error}.", path.display());
        fs::create_dir_all(root).map_err(|error| told(root, error))?;
        let root = root.canonicalize().map_err(|error| told(root, error))?;
        let folder = match below {
            "" => self.folder.clone(),
            below => self.folder.join(below),
        };
        let outside = || {
            format!(
                "{} does not lie below {}, where files may be written (--files). Name a folder below it.",
                folder.display(),
                root.display()
            )
        };
        // What is there already decides where the rest would be made.
        let there = folder.ancestors().find(|part| part.exists()).ok_or_else(outside)?;
        let real = there.canonicalize().map_err(|error| told(there, error))?;
        let has_steps_back = folder.components().any(|part| part == std::path::Component::ParentDir);
        if has_steps_back || !real.starts_with(&root) {
            return Err(outside());
        }
        fs::create_dir_all(&folder).map_err(|error| told(&folder, error))?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(root: &Path, path: &str) -> Outlet {
        Outlet::new(Path::new(path), Some(root))
    }

    #[test]
    fn a_file_is_there_whole_once_and_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let outlet = files(root.path(), "out");
        outlet.put("retarget", "a.csv", b"one").unwrap();
        outlet.put("retarget", "a.csv", b"two").unwrap();
        assert_eq!(fs::read(root.path().join("out/retarget/a.csv")).unwrap(), b"one");
        let names: Vec<_> =
            fs::read_dir(root.path().join("out/retarget")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["a.csv"], "nothing half is left");
    }

    #[test]
    fn nothing_is_written_outside_of_the_root_however_it_is_named() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("link")).unwrap();
        let absolute = elsewhere.path().to_string_lossy().into_owned();
        for path in ["..", "../x", "a/../../x", "link", "link/deep", &absolute, "/etc"] {
            let why = files(root.path(), path).put("a", "a.csv", b"x").unwrap_err();
            assert!(why.contains("--files"), "{path}: {why}");
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        let below = root.path().join("fine").to_string_lossy().into_owned();
        files(root.path(), &below).put("a", "a.csv", b"x").unwrap();
        assert!(Outlet::new(Path::new("out"), None).check().unwrap_err().contains("none is set"));
    }
}
