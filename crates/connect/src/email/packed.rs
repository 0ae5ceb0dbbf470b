//! Templates as archives: what an installation gives away and another one takes in, or any other tool looks at.
//!
//! `template.json` is the manifest, `index.html` the design as mail programs get it, `pictures/` what it shows. The addresses of our
//! own pictures become places in the archive, and addresses again where it is taken in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write as _};

use caravan_model::Finding;
use serde_json::Value as Json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::EmailBody;
use super::archive::{Picture, kept_picture};
use super::design;

/// The manifest in an archive.
pub(super) const MANIFEST: &str = "template.json";
/// The longest manifest, in bytes.
const LONGEST_MANIFEST: usize = 2 * 1024 * 1024;
/// The folder of pictures, as texts name it.
const PICTURES: &str = "pictures/";

/// The names of our own pictures that a text shows; `shown_at` is the address that their names follow.
pub fn pictures_in(text: &str, shown_at: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let names = text.split(shown_at).skip(1).map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// An archive of a template's manifest, with the pictures that it shows.
///
/// # Errors
/// Why it cannot be made, for people.
pub fn pack(manifest: &Json, shown_at: &str, pictures: &[(String, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let inside = |text: &str| text.replace(shown_at, PICTURES);
    let manifest = in_texts(manifest, &inside);
    let body = manifest.get("body");
    let body = body.and_then(|body| serde_json::from_value::<EmailBody>(body.clone()).ok());
    let page = body.and_then(|body| design::document(&body).ok()).map(|(page, masked)| masked.unmask(&page));
    let written = serde_json::to_string_pretty(&manifest).map_err(|error| error.to_string())?;
    let mut files = vec![(MANIFEST.to_owned(), written.into_bytes())];
    files.extend(page.map(|page| ("index.html".to_owned(), page.into_bytes())));
    files.extend(pictures.iter().map(|(name, bytes)| (format!("{PICTURES}{name}"), bytes.clone())));
    let packed = || -> zip::result::ZipResult<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        // The same template gives the same archive whenever it is asked for.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        for (name, bytes) in &files {
            zip.start_file(name.as_str(), options)?;
            zip.write_all(bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    };
    packed().map_err(|error| format!("The archive cannot be written: {error}."))
}

/// The manifest of an archive, with the pictures that it shows at the addresses that they will have; none where there is no manifest.
///
/// # Errors
/// `archive_invalid`: it cannot be read, or is no template's.
pub(super) fn unpacked(
    files: &BTreeMap<String, Vec<u8>>,
    address: &dyn Fn(&str) -> String,
) -> Result<Option<(Json, Vec<Picture>)>, Finding> {
    let Some(bytes) = files.get(MANIFEST) else { return Ok(None) };
    let invalid = |why: &str| Finding::error("archive_invalid", "", format!("`{MANIFEST}` in the archive {why}."));
    if bytes.len() > LONGEST_MANIFEST {
        return Err(invalid("is longer than 2 MB"));
    }
    let manifest: Json = serde_json::from_slice(bytes).map_err(|error| invalid(&format!("cannot be read: {error}")))?;
    if manifest.get("kind").and_then(Json::as_str) != Some("email_template") {
        return Err(invalid("is not the manifest of an email template"));
    }
    let there =
        files.iter().filter_map(|(path, bytes)| Some((path, kept_picture(path.strip_prefix(PICTURES)?, bytes)?)));
    let (mut pictures, mut addresses) = (Vec::new(), Vec::new());
    for (path, picture) in there {
        addresses.push((path.clone(), address(&picture.name)));
        pictures.push(picture);
    }
    let outside = |text: &str| addresses.iter().fold(text.to_owned(), |text, (path, at)| text.replace(path, at));
    Ok(Some((in_texts(&manifest, &outside), pictures)))
}

/// A value with each of its texts made another.
fn in_texts(value: &Json, made: &dyn Fn(&str) -> String) -> Json {
    match value {
        Json::String(text) => made(text).into(),
        Json::Array(items) => items.iter().map(|item| in_texts(item, made)).collect(),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), in_texts(field, made)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::archive::read;
    use super::*;

    const AT: &str = "https://one.example/p/";

    fn template() -> (Json, Vec<(String, Vec<u8>)>) {
        let bytes = b"\x89PNG pretended".to_vec();
        let picture = kept_picture("a.png", &bytes).expect("a picture");
        let mjml = format!(
            r#"<mjml><mj-body><mj-section><mj-column><mj-image src="{AT}{}" alt="Acme"/><mj-text>Hello {{{{ person.first_name | default("you") }}}}</mj-text></mj-column></mj-section></mj-body></mjml>"#,
            picture.name
        );
        let manifest = json!({"kind": "email_template", "key": "autumn", "name": "Autumn", "lock": "marked", "body": {"mjml": mjml}});
        (manifest, vec![(picture.name, bytes)])
    }

    #[test]
    fn what_was_packed_is_taken_in_elsewhere_as_it_was() {
        let (manifest, pictures) = template();
        assert_eq!(pictures_in(&manifest.to_string(), AT).into_iter().collect::<Vec<_>>(), [pictures[0].0.as_str()]);
        let archive = pack(&manifest, AT, &pictures).expect("an archive");
        assert_eq!(pack(&manifest, AT, &pictures).as_ref(), Ok(&archive), "the same every time");
        let taken = read(&archive, &|name| format!("https://two.example/p/{name}")).expect("a template");
        let text = manifest.to_string().replace("one.example", "two.example");
        assert_eq!(taken.manifest.map(|manifest| manifest.to_string()), Some(text));
        assert_eq!(taken.pictures.iter().map(|it| (it.name.clone(), it.bytes.clone())).collect::<Vec<_>>(), pictures);
        assert_eq!(taken.notes, [], "what other tools look at is not complained of");
        assert!(
            taken.html.contains("Hello {{ person.first_name") && taken.html.contains("https://two.example/p/"),
            "{}",
            taken.html
        );
    }

    #[test]
    fn an_archive_whose_manifest_is_none_says_why() {
        let archive = |manifest: &Json| pack(manifest, AT, &[]).expect("an archive");
        let refused = |bytes: &[u8]| read(bytes, &|name| name.to_owned()).expect_err("refused").code;
        let email = json!({"kind": "email", "key": "x", "body": {"html": "x"}});
        assert_eq!(refused(&archive(&email)), "archive_invalid");
        let long = json!({"kind": "email_template", "body": {"html": "x".repeat(3 * 1024 * 1024)}});
        assert_eq!(refused(&archive(&long)), "archive_invalid");
    }
}
