//! Designs from elsewhere, and their pictures.

use serde_json::json;

use crate::support::Api;

/// An archive of a page and a picture.
fn archive() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let files: [(&str, &[u8]); 2] = [
        (
            "mail/index.html",
            b"<p>Hello {{ person.first_name | default('you') }}</p><img src='img/a.png' alt='A'><script>x</script>",
        ),
        ("mail/img/a.png", PICTURE),
    ];
    for (name, bytes) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a file");
        std::io::Write::write_all(&mut zip, bytes).expect("its content");
    }
    zip.finish().expect("an archive").into_inner()
}

const PICTURE: &[u8] = b"\x89PNG as far as a test goes";

#[tokio::test]
async fn a_design_from_elsewhere_becomes_a_template_and_its_pictures_are_shown() {
    let api = Api::new();
    let token = api.token("administrator");
    let path = "/api/v1/email_templates/autumn/import";
    let post = |kind: &'static str, bytes: Vec<u8>| api.post(path).bearer(&token).bytes(kind, bytes).send();
    let made = post("application/zip", archive()).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!((&made.json()["key"], &made.json()["pictures"]), (&json!("autumn"), &json!(1)));
    let template = api.get("/api/v1/email_templates/autumn").bearer(&token).send().await.json();
    let html = template["body"]["html"].as_str().expect("HTML");
    assert!(html.contains("{{ person.first_name") && !html.contains("script"), "{html}");
    let (_, rest) = html.split_once("https://go.acme.example/p/").expect("a picture of ours");
    let name = rest.split('\'').next().and_then(|rest| rest.split('"').next()).expect("its name");
    let shown = api.get(&format!("/p/{name}")).send().await;
    assert_eq!(
        (shown.status.as_u16(), shown.bytes.as_slice(), shown.header("content-type")),
        (200, PICTURE, "image/png")
    );
    assert!(
        shown.header("cache-control").contains("immutable")
            && shown.header("content-security-policy").contains("sandbox")
    );
    assert_eq!(api.get("/p/none.png").send().await.status, 404);
    let plain = post("text/html", b"<p>Plain</p>".to_vec()).await.json();
    assert_eq!(plain["pictures"], 0);
    let broken = post("application/zip", b"PK and nothing more".to_vec()).await;
    assert_eq!(broken.status.as_u16(), 422, "{}", broken.text());
}
