use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

const OLDER: &str = r#"<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <report_metadata>
    <org_name>receiver.example &amp; sons</org_name>
    <email>noreply@receiver.example</email>
    <report_id>123456</report_id>
    <date_range><begin>1796083200</begin><end>1796169599</end></date_range>
  </report_metadata>
  <policy_published>
    <domain>Acme.example</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>reject</sp><pct>50</pct>
  </policy_published>
  <record>
    <row>
      <source_ip>192.0.2.7</source_ip><count>12</count>
      <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated>
    </row>
    <identifiers><header_from>news.acme.example</header_from></identifiers>
    <auth_results>
      <dkim><domain>acme.example</domain><result>pass</result><selector>c1</selector></dkim>
      <spf><domain>bounce.relay.example</domain><result>pass</result></spf>
    </auth_results>
  </record>
  <record>
    <row>
      <source_ip>2001:db8::9</source_ip><count>3</count>
      <policy_evaluated>
        <disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf>
        <reason><type>forwarded</type><comment>a <![CDATA[<list>]]></comment></reason>
      </policy_evaluated>
    </row>
    <identifiers><header_from>acme.example</header_from></identifiers>
    <auth_results><spf><domain>evil.example</domain><result>softfail</result></spf></auth_results>
  </record>
</feedback>"#;

const NEWER: &str = r#"<?xml version="1.0"?>
<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:x="urn:x">
  <d:version>1.0</d:version>
  <d:report_metadata>
    <d:org_name>receiver.example</d:org_name><d:email>a@receiver.example</d:email><d:report_id>7@r</d:report_id>
    <d:date_range><d:begin>1796083200</d:begin><d:end>1796169599</d:end></d:date_range><d:generator>g 1</d:generator>
  </d:report_metadata>
  <d:policy_published>
    <d:domain>acme.example</d:domain><d:discovery_method>treewalk</d:discovery_method><d:p>quarantine</d:p>
    <d:np>reject</d:np><d:testing>y</d:testing>
  </d:policy_published>
  <d:extension><x:anything><x:row/></x:anything></d:extension>
  <d:record>
    <d:row><d:source_ip>::ffff:192.0.2.7</d:source_ip><d:count>4</d:count>
      <d:policy_evaluated><d:disposition>pass</d:disposition><d:dkim>pass</d:dkim><d:spf>pass</d:spf></d:policy_evaluated></d:row>
    <d:identifiers><d:header_from>acme.example</d:header_from></d:identifiers>
    <d:auth_results><d:dkim><d:domain>acme.example</d:domain><d:selector>c1</d:selector><d:result>pass</d:result></d:dkim></d:auth_results>
  </d:record>
  <d:record><d:row><d:source_ip>nobody</d:source_ip><d:count>4</d:count></d:row></d:record>
</d:feedback>"#;

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(text).expect("in memory");
    packed.finish().expect("in memory")
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("in memory");
        archive.write_all(text.as_bytes()).expect("in memory");
    }
    archive.finish().expect("in memory").into_inner()
}

/// Packed as tightly as it goes.
fn zipped_well(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        archive.start_file(*name, options).expect("in memory");
        archive.write_all(text.as_bytes()).expect("in memory");
    }
    archive.finish().expect("in memory").into_inner()
}

fn why(bytes: &[u8]) -> String {
    of_file(bytes).expect_err("no report").to_string()
}

/// A mail with an attachment in base64.
fn mail(subject: &str, kind: &str, name: &str, content: &[u8]) -> String {
    use base64::Engine as _;
    let content = base64::engine::general_purpose::STANDARD.encode(content);
    format!(
        "From: noreply@receiver.example\r\nTo: dmarc@acme.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\n\
         Content-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n--b--\r\n"
    )
}

#[test]
fn the_older_form_is_read() {
    let report = of_file(OLDER.as_bytes()).expect("a report");
    assert_eq!((report.org.as_str(), report.id.as_str()), ("receiver.example & sons", "123456"));
    assert_eq!((report.begin, report.end), (1_796_083_200, 1_796_169_599));
    let policy = PublishedPolicy {
        domain: "acme.example".into(),
        p: "none".into(),
        sp: Some("reject".into()),
        pct: Some(50),
        testing: false,
    };
    assert_eq!(report.policy, policy);
    let [first, second] = report.rows.try_into().expect("two rows");
    assert_eq!((first.source.to_string().as_str(), first.messages), ("192.0.2.7", 12));
    assert!(first.dkim && !first.spf);
    assert_eq!(
        (first.dkim_seen.join(", "), first.spf_seen.join(", ")),
        ("acme.example pass".into(), "bounce.relay.example pass".into())
    );
    assert_eq!(first.from, "news.acme.example");
    assert_eq!((second.disposition.as_str(), second.dkim, second.spf), ("quarantine", false, false));
    assert_eq!(
        (second.source.to_string().as_str(), second.spf_seen.join(", ")),
        ("2001:db8::9", "evil.example softfail".into())
    );
}

#[test]
fn the_newer_form_is_read_with_its_namespace_and_its_test_mode() {
    let report = of_file(NEWER.as_bytes()).expect("a report");
    assert!(report.policy.testing && report.policy.pct.is_none());
    let [row] = report.rows.try_into().expect("one row; one without an address says nothing");
    assert_eq!((row.source.to_string().as_str(), row.disposition.as_str()), ("192.0.2.7", "none"));
}

#[test]
fn it_may_be_packed_and_come_as_mail() {
    let plain = of_file(OLDER.as_bytes());
    let (gz, zip) = (gzipped(OLDER.as_bytes()), zipped(&[("readme.txt", "hello"), ("a.XML", OLDER)]));
    assert_eq!((of_file(&gz), of_file(&zip)), (plain.clone(), plain.clone()));
    for (kind, name, content) in [
        ("application/gzip", "receiver.example!acme.example!1!2.xml.gz", &gz),
        ("application/octet-stream", "r.zip", &zip),
        ("text/xml", "r.xml", &OLDER.as_bytes().to_vec()),
    ] {
        assert_eq!(of_mail(mail("anything", kind, name, content).as_bytes()), Some(plain.clone()), "{name}");
    }
}

#[test]
fn other_mail_is_no_report_and_a_broken_report_says_so() {
    let invoices = zipped(&[("invoice.xml", "<invoice/>")]);
    assert_eq!(of_mail(mail("Your invoices", "application/zip", "invoices.zip", &invoices).as_bytes()), None);
    let told = of_mail(mail("Report Domain: acme.example", "application/gzip", "r.gz", b"\x1f\x8bnonsense").as_bytes());
    assert!(told.is_some_and(|told| told.is_err()));
    let bounce = "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--\r\n";
    assert_eq!(of_mail(bounce.as_bytes()), None);
}

#[test]
fn what_is_no_report_says_why() {
    let cases: &[(&[u8], &str)] = &[
        (b"<html/>", "no DMARC report"),
        (b"<feedback><report_metadata>", "ends in the middle"),
        (b"<feedback/>", "which time"),
        (b"PK\x03\x04", "archive cannot be opened"),
        (b"<feedback></record></feedback>", "no XML"),
        (b"<!DOCTYPE feedback [<!ENTITY x \"y\">]><feedback/>", "document type"),
        (b"<feedback>&mine;</feedback>", "entity of its own"),
    ];
    for (bytes, part) in cases {
        let why = why(bytes);
        assert!(why.contains(part), "{part}: {why}");
    }
    assert!(why("<feedback>".repeat(17).as_bytes()).contains("deep"));
}

#[test]
fn only_the_first_archives_of_a_mail_are_looked_into() {
    let with_reports_behind = |others: usize| {
        let mail = mail("x", "text/xml", "r.xml", OLDER.as_bytes());
        let at = mail.rfind("--b\r\n").expect("the report");
        let other = "--b\r\nContent-Type: text/xml\r\n\r\n<other/>\r\n".repeat(others);
        of_mail(format!("{}{other}{}", &mail[..at], &mail[at..]).as_bytes())
    };
    assert!(with_reports_behind(MOST_PARTS - 1).is_some_and(|report| report.is_ok()));
    assert_eq!(with_reports_behind(MOST_PARTS), None);
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let bomb = gzipped(&vec![b' '; 3 * LONGEST as usize]);
    assert!(bomb.len() < 100_000 && why(&bomb).contains("more than 20 MiB"));
    let bomb = zipped_well(&[("a.xml", &" ".repeat(LONGEST as usize + 1))]);
    assert!(bomb.len() < 100_000 && why(&bomb).contains("more than 20 MiB"));
    let row = "<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row></record>";
    let many = format!("<feedback>{}</feedback>", row.repeat(MOST_ROWS + 1));
    assert!(why(many.as_bytes()).contains("records"));
}

proptest! {
    #[test]
    fn no_archive_makes_it_panic(at in any::<proptest::sample::Index>(), bytes in proptest::collection::vec(any::<u8>(), 1..6)) {
        for mut packed in [gzipped(OLDER.as_bytes()), zipped(&[("readme.txt", "hello"), ("a.xml", OLDER)])] {
            let at = at.index(packed.len());
            for (place, byte) in packed[at..].iter_mut().zip(&bytes) {
                *place = *byte;
            }
            drop((of_file(&packed), of_file(&packed[..at]), of_mail(mail("x", "application/zip", "r.zip", &packed).as_bytes())));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..1500) {
        let mut broken = OLDER.as_bytes().to_vec();
        for (n, byte) in bytes.iter().take(6).enumerate() {
            if let Some(place) = broken.get_mut(at + n) {
                *place = *byte;
            }
        }
        drop((of_file(&broken), of_file(&bytes), of_mail(&bytes), of_file(&gzipped(&bytes))));
    }
}
