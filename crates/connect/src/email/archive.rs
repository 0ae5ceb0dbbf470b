//! Designs that were made elsewhere: HTML by itself, or an archive (zip) of HTML, style sheets and pictures in any folders.
//!
//! What comes in is foreign: it is bounded in number and size, names lead to nothing outside of the archive, and scripts, frames and
//! what else no mail program runs is taken out. Pictures get names made from what they hold.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use caravan_model::Finding;
use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str, text};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::packed;
use super::tags::mask;

/// Files of one archive.
const MOST_FILES: usize = 500;
/// Bytes of all its files together, unpacked.
const MOST_BYTES: u64 = 30 * 1024 * 1024;
/// Bytes of one picture.
const LONGEST_PICTURE: usize = 10 * 1024 * 1024;
/// Pictures that mail programs and browsers show, by the end of their names.
const PICTURES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("svg", "image/svg+xml"),
];
/// What no mail program runs or shows, or what may lead away.
const REFUSED: &str = "script, iframe, frame, object, embed, applet, base, meta[http-equiv=refresh], form, input, button, textarea, select";

/// A design as it can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The HTML, its style sheets in it.
    pub html: String,
    /// The manifest of a template of ours, where the archive is one; then nothing else is needed but its pictures.
    pub manifest: Option<Json>,
    /// The pictures that it shows, each once.
    pub pictures: Vec<Picture>,
    /// What was left out, and what is missing.
    pub notes: Vec<Finding>,
}

/// A picture of a design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Made from what it holds: `9f86d081884c7d65….png`.
    pub name: String,
    /// Its content type.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Reads an archive, or HTML by itself. `address` says where a picture of a name will be found.
///
/// # Errors
/// Why it cannot be used: not an archive, too large, without HTML.
pub fn read(bytes: &[u8], address: &dyn Fn(&str) -> String) -> Result<Imported, Finding> {
    let is_archive = bytes.starts_with(b"PK");
    let files = match is_archive {
        true => unpacked(bytes)?,
        false => BTreeMap::from([("index.html".to_owned(), bytes.to_vec())]),
    };
    let ours = packed::unpacked(&files, address)?;
    let page = match page_of(&files) {
        Err(_) if ours.is_some() => String::new(),
        found => found?,
    };
    let source = files.get(&page).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let design = Design {
        files: &files,
        folder: page.rsplit_once('/').map_or("", |(folder, _)| folder),
        address,
        pictures: RefCell::default(),
        notes: RefCell::default(),
    };
    let html =
        design.whole(&source).map_err(|error| refused("html_invalid", format!("The HTML cannot be read: {error}.")))?;
    if let Some((mut manifest, pictures)) = ours {
        // The page beside the manifest is for other tools.
        design.notes.borrow_mut().clear();
        if let Some(page) = manifest.pointer_mut("/body/html") {
            // Whoever packed it: what no mail program runs does not come in this way either.
            let clean = page.as_str().map(|page| design.whole(page)).transpose();
            let clean = clean.map_err(|error| refused("html_invalid", format!("The HTML cannot be read: {error}.")))?;
            *page = clean.unwrap_or_default().into();
        }
        return Ok(Imported { html, manifest: Some(manifest), pictures, notes: design.notes.into_inner() });
    }
    Ok(Imported {
        html,
        manifest: None,
        pictures: design.pictures.into_inner().into_values().collect(),
        notes: design.notes.into_inner(),
    })
}

fn refused(code: &str, message: impl Into<String>) -> Finding {
    Finding::error(code, "", message)
}

/// The files of an archive by their paths, within bounds.
fn unpacked(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Finding> {
    let broken =
        |error: &dyn std::fmt::Display| refused("archive_invalid", format!("The archive cannot be read: {error}."));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    if archive.len() > MOST_FILES {
        return Err(refused("archive_too_large", format!("The archive holds more than {MOST_FILES} files.")));
    }
    let mut left = MOST_BYTES;
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let file = archive.by_index(n).map_err(|error| broken(&error))?;
        if file.is_dir() {
            continue;
        }
        // A name that leads out of the archive leads nowhere.
        let Some(path) = file.name().ok().and_then(|name| within("", &name)) else { continue };
        let mut content = Vec::new();
        // What the archive says about a size is not believed: what comes out is counted.
        file.take(left + 1).read_to_end(&mut content).map_err(|error| broken(&error))?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| {
            let megabytes = MOST_BYTES / 1024 / 1024;
            refused("archive_too_large", format!("The archive holds more than {megabytes} MB when it is unpacked."))
        })?;
        files.insert(path, content);
    }
    Ok(files)
}

/// The page of an archive: `index.html` where there is one, the one nearest to the top; else the only one.
fn page_of(files: &BTreeMap<String, Vec<u8>>) -> Result<String, Finding> {
    let hidden = |path: &str| path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    let mut pages: Vec<&String> =
        files.keys().filter(|path| matches!(ending(path).as_str(), "html" | "htm") && !hidden(path)).collect();
    pages.sort_by_key(|path| (path.matches('/').count(), path.len()));
    let named = pages
        .iter()
        .find(|path| path.rsplit('/').next().is_some_and(|name| name.to_ascii_lowercase().starts_with("index.")));
    match (named, pages.as_slice()) {
        (Some(index), _) => Ok((*index).clone()),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => {
            Err(refused("archive_without_html", "There is no HTML in the archive. Put a file like index.html into it."))
        }
        (None, _) => Err(refused(
            "archive_ambiguous",
            "There are several HTML files in the archive. Call the one that is meant index.html.",
        )),
    }
}

fn ending(path: &str) -> String {
    path.rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or(String::new(), |(_, end)| end.to_ascii_lowercase())
}

/// Where a relative reference from a folder leads inside the archive; none for one that leads out, or elsewhere.
fn within(folder: &str, reference: &str) -> Option<String> {
    let path = reference.split(['?', '#']).next().unwrap_or_default().replace('\\', "/");
    let elsewhere = path.starts_with("//") || path.split('/').next().is_some_and(|first| first.contains(':'));
    if elsewhere || path.trim().is_empty() {
        return None;
    }
    let (from_top, path) = match path.strip_prefix('/') {
        Some(rest) => ("", rest.to_owned()),
        None => (folder, path),
    };
    let mut parts: Vec<&str> = from_top.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/")).filter(|path| !path.is_empty())
}

/// A design under way.
struct Design<'a> {
    files: &'a BTreeMap<String, Vec<u8>>,
    /// In which its page lies.
    folder: &'a str,
    address: &'a dyn Fn(&str) -> String,
    pictures: RefCell<BTreeMap<String, Picture>>,
    notes: RefCell<Vec<Finding>>,
}

impl Design<'_> {
    /// The page with everything in it; template tags stay as they are.
    fn whole(&self, source: &str) -> Result<String, lol_html::errors::RewritingError> {
        let masked = mask(source);
        let style = RefCell::new(String::new());
        let take_out = element!(REFUSED, |el| {
            self.note(
                "content_left_out",
                format!("<{}> was left out: mail programs do not run or show it.", el.tag_name()),
            );
            el.remove();
            Ok(())
        });
        let sheets = element!("link", |el| {
            self.sheet(el);
            Ok(())
        });
        let clean = element!("*", |el| {
            self.attributes(el)?;
            Ok(())
        });
        let styles = text!("style", |chunk| {
            style.borrow_mut().push_str(chunk.as_str());
            if chunk.last_in_text_node() {
                let css = self.css(&style.take(), self.folder);
                chunk.replace(&css, ContentType::Html);
            } else {
                chunk.remove();
            }
            Ok(())
        });
        let settings = RewriteStrSettings::new()
            .append_element_content_handler(take_out)
            .append_element_content_handler(sheets)
            .append_element_content_handler(clean)
            .append_element_content_handler(styles);
        Ok(masked.unmask(&rewrite_str(&masked.text, settings)?))
    }

    fn note(&self, code: &str, message: String) {
        let finding = Finding::warning(code, "", message);
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&finding) {
            notes.push(finding);
        }
    }

    /// A style sheet of the archive comes into the page; mail programs fetch none.
    fn sheet(&self, el: &mut Element<'_, '_>) {
        let href = el.get_attribute("href").unwrap_or_default();
        let is_sheet = el.get_attribute("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet"));
        let path = within(self.folder, &href);
        match path.as_ref().and_then(|path| self.files.get(path)).filter(|_| is_sheet) {
            Some(bytes) => {
                let folder = path.as_deref().and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder);
                let css = self.css(&String::from_utf8_lossy(bytes), folder).replace("</", "<\\/");
                el.replace(&format!("<style>\n{css}\n</style>"), ContentType::Html);
            }
            None => {
                if is_sheet {
                    self.note(
                        "content_left_out",
                        format!("The style sheet `{href}` was left out: mail programs fetch none."),
                    );
                }
                el.remove();
            }
        }
    }

    /// Pictures get their addresses; what runs when something happens is taken out.
    fn attributes(&self, el: &mut Element<'_, '_>) -> Result<(), lol_html::errors::AttributeNameError> {
        let runs: Vec<String> =
            el.attributes().iter().map(|attribute| attribute.name()).filter(|name| name.starts_with("on")).collect();
        for name in runs {
            el.remove_attribute(&name);
        }
        for name in ["src", "background"] {
            if let Some(found) = el.get_attribute(name).and_then(|reference| self.picture(self.folder, &reference)) {
                el.set_attribute(name, &found)?;
            }
        }
        // Sizes for other screens are beyond mail programs.
        el.remove_attribute("srcset");
        if let Some(style) = el.get_attribute("style").filter(|style| style.contains("url(")) {
            el.set_attribute("style", &self.css(&style, self.folder))?;
        }
        Ok(())
    }

    /// A style sheet whose pictures have their addresses, and which takes in no other.
    fn css(&self, css: &str, folder: &str) -> String {
        let mut out = String::with_capacity(css.len());
        let mut rest = css;
        while let Some(at) = [rest.find("url("), rest.find("@import")].into_iter().flatten().min() {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            if from.starts_with("@import") {
                self.note(
                    "content_left_out",
                    "`@import` was left out: mail programs fetch no style sheets.".to_owned(),
                );
                rest = from.split_once(';').map_or("", |(_, after)| after);
                continue;
            }
            let Some((inside, after)) = from.get(4..).and_then(|inside| inside.split_once(')')) else {
                rest = from;
                break;
            };
            let reference = inside.trim().trim_matches(['"', '\'']);
            let found = self.picture(folder, reference).map_or_else(|| Cow::Borrowed(inside), Cow::Owned);
            out.push_str(&format!("url({found})"));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// Where a picture of the archive will be found; none for what lies elsewhere, or is no picture.
    fn picture(&self, folder: &str, reference: &str) -> Option<String> {
        let path = within(folder, &unescaped(reference))?;
        let Some(bytes) = self.files.get(&path) else {
            self.note(
                "image_missing",
                format!("`{reference}` is not in the archive. Add it, or choose another picture."),
            );
            return None;
        };
        let Some(picture) = kept_picture(&path, bytes) else {
            self.note(
                "image_unusable",
                format!("`{reference}` is no picture that mail programs show, or larger than 10 MB."),
            );
            return None;
        };
        let address = (self.address)(&picture.name);
        self.pictures.borrow_mut().entry(picture.name.clone()).or_insert(picture);
        Some(address)
    }
}

/// A file as a picture of ours; none when it is none that mail programs show, or too large.
pub(super) fn kept_picture(path: &str, bytes: &[u8]) -> Option<Picture> {
    let known = PICTURES.iter().find(|(end, _)| *end == ending(path));
    let (end, content_type) = known.filter(|_| bytes.len() <= LONGEST_PICTURE)?;
    let hash: String = Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(Picture { name: format!("{hash}.{end}"), content_type, bytes: bytes.to_vec() })
}

/// Blanks in names, as addresses write them.
fn unescaped(reference: &str) -> String {
    reference.replace("%20", " ").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            zip.start_file(*name, options).expect("a file");
            zip.write_all(bytes).expect("its content");
        }
        zip.finish().expect("an archive").into_inner()
    }

    fn of(files: &[(&str, &[u8])]) -> Result<Imported, String> {
        read(&archive(files), &|name| format!("/p/{name}")).map_err(|finding| finding.code)
    }

    const PIXEL: &[u8] = b"\x89PNG pretended";

    #[test]
    fn a_page_comes_with_its_sheets_and_pictures_wherever_they_lie() {
        let page = r#"<html><head><link rel="stylesheet" href="../css/a.css"><style>p{background:url('my%20dot.png')}</style></head>
            <body background="my dot.png"><img src="./my dot.png?v=1" srcset="x 2x" alt=""><img src="https://a.example/b.png">
            <p style="background: url(my%20dot.png)">{{ person.first_name | default("you") }}</p></body></html>"#;
        let found = of(&[
            ("mail/html/index.html", page.as_bytes()),
            ("mail/css/a.css", b"@import url(b.css); td{background:url(../html/my%20dot.png)}"),
            ("mail/html/my dot.png", PIXEL),
            ("mail/unused.png", b"never shown"),
        ])
        .expect("a design");
        let [picture] = found.pictures.as_slice() else { panic!("{:?}", found.pictures) };
        assert_eq!((picture.content_type, picture.bytes.as_slice()), ("image/png", PIXEL));
        let address = format!("/p/{}", picture.name);
        assert_eq!(found.html.matches(&address).count(), 5, "{}", found.html);
        assert!(found.html.contains(r#"{{ person.first_name | default("you") }}"#), "{}", found.html);
        assert!(found.html.contains("https://a.example/b.png") && !found.html.contains("srcset"), "{}", found.html);
        assert!(!found.html.contains("@import") && !found.html.contains("<link"), "{}", found.html);
        let notes: Vec<_> = found.notes.iter().map(|note| note.code.as_str()).collect();
        assert_eq!(notes, ["content_left_out"]);
    }

    #[test]
    fn what_no_mail_program_runs_is_left_out() {
        let page = r#"<body onload="x()"><script>alert(1)</script><p onclick='y()'>Hi</p><iframe src="z"></iframe><form><input></form>
            <link rel="stylesheet" href="https://cdn.example/x.css"><img src="gone.png"><img src="a.exe"></body>"#;
        let found = of(&[("a.html", page.as_bytes()), ("a.exe", b"MZ")]).expect("a design");
        for gone in ["script", "onload", "onclick", "iframe", "form", "cdn.example"] {
            assert!(!found.html.contains(gone), "{gone}: {}", found.html);
        }
        let codes: Vec<_> = found.notes.iter().map(|note| note.code.as_str()).collect();
        assert!(codes.contains(&"image_missing") && codes.contains(&"image_unusable"), "{codes:?}");
    }

    #[test]
    fn archives_that_cannot_be_used_say_why() {
        assert_eq!(of(&[("a.png", PIXEL)]), Err("archive_without_html".to_owned()));
        assert_eq!(of(&[("a.html", b"a"), ("b.html", b"b")]), Err("archive_ambiguous".to_owned()));
        assert!(
            of(&[("x/index.html", b"a"), ("b.html", b"b"), ("__MACOSX/index.html", b"c")])
                .is_ok_and(|it| it.html == "a")
        );
        let bomb = vec![b'0'; 31 * 1024 * 1024];
        assert_eq!(of(&[("index.html", b"a"), ("big.txt", &bomb)]), Err("archive_too_large".to_owned()));
        let many: Vec<String> = (0..501).map(|n| format!("{n}.txt")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
        assert_eq!(of(&many), Err("archive_too_large".to_owned()));
        assert_eq!(read(b"PK nonsense", &|_| String::new()).map_err(|f| f.code), Err("archive_invalid".to_owned()));
    }

    #[test]
    fn names_lead_to_nothing_outside() {
        assert_eq!(within("a/b", "../c.png").as_deref(), Some("a/c.png"));
        assert_eq!(within("a/b", "/c.png").as_deref(), Some("c.png"));
        for out in
            ["../../../c.png", "//evil.example/x", "https://a.example", "data:image/png;base64,x", "C:\\x", "", "#a"]
        {
            assert_eq!(within("a/b", out), None, "{out}");
        }
        let found =
            of(&[("index.html", b"<img src='../../etc/passwd'>"), ("../../etc/passwd", b"secret")]).expect("a design");
        assert_eq!(found.pictures, []);
    }

    #[test]
    fn html_by_itself_is_a_design_too() {
        let found = read(b"<p>Hi</p><script>x</script>", &|_| String::new()).expect("a design");
        assert_eq!(found.html, "<p>Hi</p>");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..200) {
            let mut archive = archive(&[("index.html", b"<p>Hi</p>"), ("a.png", PIXEL)]);
            for (n, byte) in bytes.iter().take(6).enumerate() {
                let place = (at + n * 7) % archive.len();
                archive[place] = *byte;
            }
            let _ = read(&archive, &|_| String::new());
            let _ = read(&[b"PK".as_slice(), &bytes].concat(), &|_| String::new());
        }
    }
}
