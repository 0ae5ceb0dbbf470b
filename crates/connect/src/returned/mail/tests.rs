use super::*;

/// A report about delivery in the shape in which servers write it.
fn report(to: &str, recipient: &str, original: &str) -> Vec<u8> {
    format!(
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\nArrival-Date: Tue, 1 Dec 2026 09:00:00 +0000\r\n\r\n\
         Final-Recipient: rfc822; ada@acme.example\r\n{recipient}\r\n\
         --b\r\nContent-Type: {original}\r\n--b--\r\n"
    )
    .into_bytes()
}

const HEADERS: &str = "text/rfc822-headers\r\n\r\nReturn-Path: <b+token@bounce.acme.example>\r\nX-Caravan-Key: 7.1.3\r\nSubject: Hello\r\n";
const WHOLE: &str = "message/rfc822\r\n\r\nReturn-Path: <b+token@bounce.acme.example>\r\nX-Caravan-Key: 7.1.3\r\nSubject: Hello\r\n\r\nHi\r\n";

fn code(recipient: &str) -> String {
    match read_mail(&report("b+token@bounce.acme.example", recipient, HEADERS)).map(|report| report.what) {
        Some(Heard::Bounced { code, .. }) => code.to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn reports_about_delivery_are_classified_by_what_they_say() {
    for (recipient, expected) in [
        (
            "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <ada@acme.example>: no such user",
            "bounced_hard",
        ),
        ("Action: failed\r\nStatus: 5.1.10\r\nDiagnostic-Code: smtp; 556 5.1.10 null MX", "bounced_hard"),
        ("Action: failed\r\nStatus: 5.2.1\r\nDiagnostic-Code: smtp; 550 mailbox disabled", "bounced_hard"),
        ("Action: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 5.2.2 over quota", "mailbox_full"),
        ("Action: failed\r\nStatus: 4.4.1\r\nDiagnostic-Code: smtp; 451 connection timed out", "bounced_soft"),
        ("Action: failed\r\nStatus: 5.7.26\r\nDiagnostic-Code: smtp; 550 5.7.26 unauthenticated", "refused_by_policy"),
        ("Action: failed\r\nStatus: 5.3.4\r\nDiagnostic-Code: smtp; 552 too big", "refused_content"),
        // A general status beside a telling diagnosis, folded as servers fold it.
        ("Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550\r\n 5.1.1 no such user", "bounced_hard"),
        ("Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: X-Unix; user unknown", "bounced_hard"),
        ("Action: delayed\r\nStatus: 4.4.7", "Some(Delayed)"),
        ("Action: delivered\r\nStatus: 2.0.0", "Some(Delivered)"),
    ] {
        assert_eq!(code(recipient), expected, "{recipient}");
    }
}

#[test]
fn a_report_names_the_message_by_where_it_came_and_by_what_it_quotes() {
    for original in [HEADERS, WHOLE] {
        let raw = report("b+other@bounce.acme.example", "Action: failed\r\nStatus: 5.1.1", original);
        let about = read_mail(&raw).expect("a report").about;
        assert_eq!(about.first(), Some(&Reference::Address("b+other@bounce.acme.example".into())));
        assert!(about.contains(&Reference::Address("b+token@bounce.acme.example".into())), "{about:?}");
        assert!(about.contains(&Reference::Quoted("7.1.3".into())), "{about:?}");
    }
}

#[test]
fn a_report_names_the_envelope_as_we_called_it() {
    let raw = String::from_utf8(report(
        "bounces@acme.example",
        "Action: failed\r\nStatus: 5.1.1",
        "text/plain\r\n\r\nGone.\r\n",
    ));
    let raw = raw.expect("text").replace("Reporting-MTA", "Original-Envelope-Id: 7.1.3\r\nReporting-MTA");
    let report = read_mail(raw.as_bytes()).expect("a report");
    assert!(report.about.contains(&Reference::Quoted("7.1.3".into())), "{report:?}");
    assert_eq!(report.recipient.as_deref(), Some("ada@acme.example"));
}

#[test]
fn complaints_are_told_from_other_feedback() {
    let feedback = |kind: &str| {
        let raw = format!(
            "From: fbl@provider.example\r\nTo: abuse@acme.example\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n\
             --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: P/1.0\r\nVersion: 1\r\n\
             Original-Mail-From: <b+token@bounce.acme.example>\r\nOriginal-Rcpt-To: <redacted@acme.example>\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: news@acme.example\r\nX-Caravan-Key: 7.1.3\r\n\r\nHi\r\n--b--\r\n"
        );
        read_mail(raw.as_bytes())
    };
    let report = feedback("abuse").expect("a report");
    assert_eq!(report.what, Heard::Complained);
    assert!(report.about.contains(&Reference::Address("b+token@bounce.acme.example".into())), "{report:?}");
    assert!(report.about.contains(&Reference::Quoted("7.1.3".into())), "{report:?}");
    assert_ne!(feedback("not-spam").map(|report| report.what), Some(Heard::Complained));
}

#[test]
fn a_machine_that_answers_is_no_bounce_and_a_bounce_without_form_is_one() {
    let what = |raw: &str| read_mail(raw.as_bytes()).map(|report| report.what);
    let away = "From: ada@acme.example\r\nTo: news@acme.example\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nBack on Monday.";
    assert_eq!(what(away), Some(Heard::AutoReply));
    let office =
        "From: ada@acme.example\r\nTo: news@acme.example\r\nSubject: Out of Office: Hello\r\n\r\nBack on Monday.";
    assert_eq!(what(office), Some(Heard::AutoReply));
    let plain = "From: MAILER-DAEMON@mx.example\r\nTo: b+token@bounce.acme.example\r\nSubject: failure notice\r\n\r\n\
                 Hi. This is the qmail-send program.\r\n<ada@acme.example>:\r\n550 #5.1.1 no such user\r\n";
    assert!(matches!(what(plain), Some(Heard::Bounced { code: "bounced_hard", .. })), "{:?}", what(plain));
    let leave = "From: ada@acme.example\r\nTo: u+token@bounce.acme.example\r\nSubject: unsubscribe\r\n\r\n";
    assert_eq!(what(leave), Some(Heard::OptedOut));
}

proptest::proptest! {
    #[test]
    fn whatever_comes_in_is_read_without_a_panic(raw in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let _ = read_mail(&raw);
    }

    #[test]
    fn a_damaged_report_is_read_without_a_panic(at in proptest::prelude::any::<proptest::sample::Index>(), byte in proptest::prelude::any::<u8>()) {
        let mut raw = report("b+token@bounce.acme.example", "Action: failed\r\nStatus: 5.1.1", WHOLE);
        let at = at.index(raw.len());
        raw[at] = byte;
        let _ = read_mail(&raw);
    }
}

/// A piece of a report put in another place, taken out, or repeated so often; then one byte changed.
fn mutated(raw: &[u8], (from, to, length): (usize, usize, usize), times: usize, byte: u8) -> Vec<u8> {
    let (from, to) = (from % raw.len(), to % raw.len());
    let piece = &raw[from..raw.len().min(from + length)];
    let mut made = [&raw[..to], &piece.repeat(times), &raw[raw.len().min(to + length)..]].concat();
    if let Some(last) = made.len().checked_sub(1) {
        made[to.min(last)] = byte;
    }
    made
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn a_report_whose_parts_were_mixed_up_is_read_without_a_panic_and_says_no_more_than_it_holds(
        places in (0_usize..4_000, 0_usize..4_000, 0_usize..300), times in 0_usize..40, byte in proptest::prelude::any::<u8>()
    ) {
        let raw = report("b+token@bounce.acme.example", "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 \u{fc} no", WHOLE);
        let raw = mutated(&raw, places, times, byte);
        if let Some(report) = read_mail(&raw) {
            proptest::prop_assert!(report.about.len() + report.others.len() <= raw.len());
        }
        let _ = crate::returned::dmarc::of_mail(&raw);
    }
}

#[test]
fn messages_within_messages_without_end_are_bounded() {
    let letters = "Content-Type: message/rfc822\r\n\r\n".repeat(30_000);
    let folded = "CONTENT-TYPE:\r\n Message/RFC822\r\n\r\n".repeat(25_000);
    let digests = "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n".repeat(10_000);
    for raw in [letters, folded, digests] {
        assert_eq!(read_mail(raw.as_bytes()), None);
        assert!(crate::returned::dmarc::of_mail(raw.as_bytes()).is_none());
    }
}
