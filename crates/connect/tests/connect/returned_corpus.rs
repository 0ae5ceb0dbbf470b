//! Reports in the shapes in which mail systems write them, made here: form × what happened × line ends, each with what must
//! be read of it.

mod providers;

use caravan_connect::returned::{Heard, MailReport, Reference, read_mail};

const OURS: &str = "b+aaaabbbbcccc@bounce.acme.example";

/// What happened, as the remote server told it: status, its words, and what must be read.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("5.1.1", "550 5.1.1 User unknown", "bounced_hard"),
    ("5.1.2", "550 5.1.2 Host unknown", "bounced_hard"),
    ("5.1.3", "501 5.1.3 Bad recipient address syntax", "bounced_hard"),
    ("5.1.6", "550 5.1.6 Recipient has moved", "bounced_hard"),
    ("5.1.10", "556 5.1.10 Recipient address has null MX", "bounced_hard"),
    ("5.2.1", "550 5.2.1 The account has been closed", "bounced_hard"),
    ("5.0.0", "550 5.1.1 No such person at this address", "bounced_hard"),
    ("4.2.2", "452 4.2.2 The mailbox holds as much as it may", "mailbox_full"),
    ("5.2.2", "552 5.2.2 Over its quota", "mailbox_full"),
    ("5.2.3", "552 5.2.3 Message exceeds the size that is taken", "refused_content"),
    ("5.3.4", "552 5.3.4 Message too big for the system", "refused_content"),
    ("5.6.0", "554 5.6.0 Malformed content", "refused_content"),
    ("5.7.1", "550 5.7.1 Relaying denied", "refused_by_policy"),
    ("5.7.26", "550 5.7.26 Unauthenticated mail is not accepted from this domain", "refused_by_policy"),
    ("5.7.515", "550 5.7.515 Sending domain does not meet the required level of authentication", "refused_by_policy"),
    ("4.7.0", "421 4.7.0 Try again later, closing connection", "refused_by_policy"),
    ("4.2.1", "450 4.2.1 The account receives mail at a rate that it does not take", "bounced_soft"),
    ("4.1.1", "450 4.1.1 Unverified address: user unknown", "bounced_soft"),
    ("4.1.2", "450 4.1.2 Domain not found for now", "bounced_soft"),
    ("5.1.8", "550 5.1.8 Sender address rejected: Domain not found", "refused_by_policy"),
    ("5.0.0", "550 client host [192.0.2.7] blocked using zen.spamhaus.org", "refused_by_policy"),
    ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", "bounced_hard"),
    ("5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account", "bounced_hard"),
    ("4.4.1", "connection timed out", "bounced_soft"),
    ("4.3.2", "453 4.3.2 System not accepting messages", "bounced_soft"),
    ("5.0.0", "unspecified", "bounced_soft"),
];

/// A way of writing reports.
struct Form {
    name: &'static str,
    write: fn(status: &str, words: &str) -> String,
}

const FORMS: &[Form] = &[
    Form { name: "one that quotes the whole message", write: whole_message },
    Form { name: "one that quotes headers alone, its status folded", write: headers_alone },
    Form { name: "one that quotes nothing", write: nothing_quoted },
    Form { name: "one with a transcript and two groups", write: two_groups },
];

fn report(intro: &str, groups: &str, quoted: &str) -> String {
    format!(
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: {OURS}\nSubject: Undelivered Mail Returned to Sender\n\
         Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\
         \tboundary=\"=_b1\"\n\nThis is a MIME message.\n\n--=_b1\nContent-Type: text/plain; charset=us-ascii\n\n{intro}\n\n\
         --=_b1\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n{groups}\n\n{quoted}--=_b1--\n"
    )
}

fn group(status: &str, words: &str) -> String {
    format!(
        "Reporting-MTA: dns; mx.example\nArrival-Date: Tue, 1 Dec 2026 09:00:00 +0000\n\n\
         Final-Recipient: rfc822; ada@works.example\nOriginal-Recipient: rfc822;ada@works.example\nAction: failed\n\
         Status: {status}\nRemote-MTA: dns; mail.works.example\nDiagnostic-Code: smtp; {words}"
    )
}

fn whole_message(status: &str, words: &str) -> String {
    let quoted = "--=_b1\nContent-Type: message/rfc822\n\nReturn-Path: <b+aaaabbbbcccc@bounce.acme.example>\n\
                  X-Caravan-Key: 7.1.4\nSubject: News\nFrom: news@acme.example\n\nHello Ada\n\n";
    report("I could not deliver your message.", &group(status, words), quoted)
}

fn headers_alone(status: &str, words: &str) -> String {
    let folded = group(status, words).replace("Diagnostic-Code: smtp; ", "Diagnostic-Code: smtp;\n ");
    let quoted = "--=_b1\nContent-Type: text/rfc822-headers\n\nX-Caravan-Key: 7.1.4\nSubject: News\n\n";
    report("The following address failed:", &folded.replace("Action: failed", "ACTION: Failed"), quoted)
}

fn nothing_quoted(status: &str, words: &str) -> String {
    report("", &group(status, words), "")
}

fn two_groups(status: &str, words: &str) -> String {
    let transcript =
        "   ----- Transcript of session follows -----\n... while talking to mail.works.example.:\n>>> DATA";
    let more = "\n\nX-Note: written by the gateway\nX-Queue: 4";
    report(transcript, &(group(status, words) + more), "")
}

fn with_ends(text: &str, ends: &str) -> Vec<u8> {
    text.replace('\n', ends).into_bytes()
}

fn ours(report: &MailReport) -> bool {
    report.about.iter().any(|reference| match reference {
        Reference::Address(address) => address == OURS,
        Reference::Quoted(key) => key == "7.1.4",
        Reference::Key(_) | Reference::MessageId(_) => false,
    })
}

#[test]
fn proof_4_every_report_of_the_corpus_is_read_for_what_it_is() {
    let mut read = 0;
    for (status, words, expected) in REFUSALS {
        for form in FORMS {
            for ends in ["\r\n", "\n"] {
                let raw = with_ends(&(form.write)(status, words), ends);
                let report = read_mail(&raw).unwrap_or_else(|| panic!("{} {status}: unread", form.name));
                let Heard::Bounced { code, .. } = &report.what else { panic!("{} {status}: {report:?}", form.name) };
                assert_eq!(code, expected, "{} {status} {words}", form.name);
                assert!(ours(&report), "{} {status}: {:?}", form.name, report.about);
                read += 1;
            }
        }
    }
    assert!(read >= 100, "a corpus of {read}");
}

#[test]
fn reports_of_what_is_no_bounce_are_none() {
    let with = |action: &str| {
        with_ends(&whole_message("4.4.1", "connection timed out").replace("Action: failed", action), "\r\n")
    };
    let what = |action: &str| read_mail(&with(action)).expect("a report").what;
    assert_eq!(what("Action: delayed"), Heard::Delayed);
    for action in ["delivered", "relayed", "expanded"] {
        assert_eq!(what(&format!("Action: {action}")), Heard::Delivered, "{action}");
    }
}

/// Systems that write a letter instead of a report.
#[test]
fn proof_4_letters_about_bounces_are_read_by_their_words() {
    let letters = [
        (
            "Undeliverable: News",
            "Your message to ada@works.example could not be delivered.\n\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##",
            "bounced_hard",
        ),
        (
            "failure notice",
            "Hi. I wasn't able to deliver your message.\n\n<ada@works.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 No such user here",
            "bounced_hard",
        ),
        ("Returned mail: see transcript for details", "452 mailbox is full", "mailbox_full"),
        (
            "Delivery Status Notification (Failure)",
            "Message blocked: the sender's reputation is too low",
            "refused_by_policy",
        ),
        ("Mail delivery failure", "retry timeout exceeded", "bounced_soft"),
    ];
    for (subject, text, expected) in letters {
        let raw = format!(
            "From: MAILER-DAEMON@mx.example\nTo: {OURS}\nSubject: {subject}\nContent-Type: text/plain\n\n{text}\n"
        );
        for ends in ["\r\n", "\n"] {
            let report = read_mail(&with_ends(&raw, ends)).expect("a report");
            assert!(matches!(&report.what, Heard::Bounced { code, .. } if *code == expected), "{subject}: {report:?}");
            assert!(ours(&report));
        }
    }
}

#[test]
fn proof_4_complaints_are_found_by_what_providers_leave_in_them() {
    let quotes = [
        "Content-Type: message/rfc822\n\nX-Caravan-Key: 7.1.4\nTo: redacted@provider.example\nSubject: News\n\nHello\n",
        "Content-Type: text/rfc822-headers\n\nReturn-Path: <b+aaaabbbbcccc@bounce.acme.example>\nTo: <x>\n",
    ];
    let complained = |kind: &str, more: &str, quoted: &str| {
        let raw = format!(
            "From: <fbl@provider.example>\nTo: <abuse@acme.example>\nSubject: FW: News\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n--x\nContent-Type: text/plain\n\n\
             This is an email abuse report.\n\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\n\
             User-Agent: Loop/2.1\nVersion: 1\n{more}\n\n--x\n{quoted}\n--x--\n"
        );
        read_mail(&with_ends(&raw, "\r\n"))
    };
    let complaint = |kind: &str, more: &str, quoted: &str| complained(kind, more, quoted).expect("a report");
    for kind in ["abuse", "fraud", "virus", "other", "Abuse"] {
        for quoted in quotes {
            let report = complaint(kind, "Source-IP: 192.0.2.7", quoted);
            assert_eq!(report.what, Heard::Complained, "{kind}");
            assert!(ours(&report), "{kind}: {:?}", report.about);
        }
        let redacted = complaint(
            kind,
            &format!("Original-Mail-From: <{OURS}>\nOriginal-Rcpt-To: <redacted>"),
            "Content-Type: text/plain\n\n(removed)\n",
        );
        assert!(redacted.what == Heard::Complained && ours(&redacted), "{kind}");
    }
    for kind in ["not-spam", "auth-failure"] {
        for quoted in quotes {
            assert!(complained(kind, "", quoted).is_none(), "{kind} is nobody's complaint, and opts nobody out");
        }
    }
}

/// Mail with our own message in it: a gateway's notice, somebody who forwards it, a thank-you.
#[test]
fn mail_that_quotes_the_address_for_opting_out_opts_nobody_out() {
    let original =
        "X-Caravan-Key: 7.1.4\nList-Unsubscribe: <mailto:u+aaaabbbbcccc@bounce.acme.example>\nSubject: News\n\nHello\n";
    for (to, subject, opts_out) in [
        (OURS, "Virus found in a message", false),
        (OURS, "Fwd: News", false),
        ("desk@acme.example", "Thank you", false),
        ("u+aaaabbbbcccc@bounce.acme.example", "unsubscribe", true),
        ("U+aaaabbbbcccc@bounce.acme.example", "", true),
    ] {
        let raw = format!(
            "From: ada@works.example\nTo: {to}\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n\
             --x\nContent-Type: text/plain\n\nSee below.\n\n--x\nContent-Type: message/rfc822\n\n{original}\n--x--\n"
        );
        let read = read_mail(&with_ends(&raw, "\r\n")).map(|report| report.what);
        assert_eq!(read, opts_out.then_some(Heard::OptedOut), "{to} {subject}");
    }
}

#[test]
fn proof_4_answers_of_machines_are_no_bounces() {
    let answers = [
        "Auto-Submitted: auto-replied\nSubject: Re: News",
        "Auto-Submitted: auto-generated; owner=x\nSubject: Away",
        "X-Autoreply: yes\nSubject: Thank you",
        "Subject: Automatic reply: News",
        "Subject: Out of office until Monday",
        "Subject: =?utf-8?q?Abwesenheitsnotiz?=",
    ];
    for headers in answers {
        let raw = format!(
            "From: ada@works.example\nTo: {OURS}\n{headers}\n\nI am away. Your mailbox full of news waits for me.\n"
        );
        assert_eq!(read_mail(&with_ends(&raw, "\r\n")).map(|report| report.what), Some(Heard::AutoReply), "{headers}");
    }
}
