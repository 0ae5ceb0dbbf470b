//! Reports as large providers and common mail systems word them: who wrote it, in which shape, the status that the report
//! gives, what the other side said, and what must be read of it. The shapes are our own; the words are those that matter.

use caravan_connect::returned::{Heard, read_mail};

use super::{OURS, ours, with_ends};

/// A report in the form of the standard: who, action and status as they stand in it, the diagnosis, and what must be read.
type Refusal = (&'static str, &'static str, &'static str, &'static str, &'static str);

const HARD: &str = "bounced_hard";
const SOFT: &str = "bounced_soft";
const FULL: &str = "mailbox_full";
const POLICY: &str = "refused_by_policy";
const CONTENT: &str = "refused_content";

const REFUSALS: &[Refusal] = &[
    // Gmail and Google Workspace
    (
        "Gmail",
        "failed",
        "5.1.1",
        "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n 550-5.1.1 double-checking the recipient's email address. gsmtp",
        HARD,
    ),
    ("Gmail", "failed", "5.2.1", "smtp; 550-5.2.1 The email account that you tried to reach is inactive. gsmtp", HARD),
    (
        "Gmail",
        "failed",
        "5.2.2",
        "smtp; 552-5.2.2 The recipient's inbox is out of storage space and inactive. gsmtp",
        FULL,
    ),
    ("Gmail", "failed", "4.2.2", "smtp; 452-4.2.2 The recipient's inbox is out of storage space. gsmtp", FULL),
    (
        "Gmail",
        "failed",
        "5.7.26",
        "smtp; 550-5.7.26 Your email has been blocked because the sender is unauthenticated. gsmtp",
        POLICY,
    ),
    (
        "Gmail",
        "failed",
        "5.7.1",
        "smtp; 550-5.7.1 [192.0.2.7] Our system has detected that this message is likely unsolicited mail. gsmtp",
        POLICY,
    ),
    (
        "Gmail",
        "failed",
        "4.7.28",
        "smtp; 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail. gsmtp",
        POLICY,
    ),
    ("Gmail", "failed", "5.3.4", "smtp; 552-5.3.4 Your message exceeded Google's message size limits. gsmtp", CONTENT),
    (
        "Gmail",
        "failed",
        "5.7.0",
        "smtp; 552-5.7.0 This message was blocked because its content presents a potential security issue. gsmtp",
        POLICY,
    ),
    (
        "Gmail",
        "failed",
        "4.4.1",
        "smtp; The recipient server did not accept our requests to connect. [mx.works.example: timed out]",
        SOFT,
    ),
    ("Gmail", "failed", "5.1.2", "dns; The domain works.invalid couldn't be found (NXDOMAIN)", HARD),
    // Exchange and Outlook.com
    (
        "Exchange Online",
        "failed",
        "5.1.10",
        "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        HARD,
    ),
    ("Exchange Online", "failed", "5.1.1", "smtp;550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", HARD),
    (
        "Exchange Online",
        "failed",
        "5.4.1",
        "smtp;550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB5EUR01FT030.eop]",
        HARD,
    ),
    (
        "Exchange Online",
        "failed",
        "5.2.2",
        "smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
        FULL,
    ),
    (
        "Exchange Online",
        "failed",
        "5.7.133",
        "smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
        POLICY,
    ),
    ("Exchange Online", "failed", "5.7.606", "smtp;550 5.7.606 Access denied, banned sending IP [192.0.2.7]", POLICY),
    (
        "Exchange Online",
        "failed",
        "5.7.509",
        "smtp;550 5.7.509 Access denied, sending domain ACME.EXAMPLE does not pass DMARC verification",
        POLICY,
    ),
    (
        "Exchange Online",
        "failed",
        "5.7.708",
        "smtp;550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
        POLICY,
    ),
    (
        "Exchange Online",
        "failed",
        "5.4.310",
        "smtp;550 5.4.310 DNS domain works.invalid does not exist [Message=InfoDomainNonexistent]",
        HARD,
    ),
    (
        "Exchange Online",
        "failed",
        "5.4.316",
        "smtp;550 5.4.316 Message expired, connection refused(Socket error code 10061)",
        SOFT,
    ),
    ("Exchange Online", "failed", "5.4.14", "smtp;554 5.4.14 Hop count exceeded - possible mail loop ATTR34", SOFT),
    (
        "Exchange Online",
        "failed",
        "5.2.121",
        "smtp;550 5.2.121 RESOLVER.RST.RecipLimit; recipient's per hour message receive limit exceeded",
        SOFT,
    ),
    (
        "Exchange",
        "failed",
        "5.2.3",
        "smtp;550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient",
        CONTENT,
    ),
    ("Exchange", "failed", "4.4.7", "smtp;400 4.4.7 Message delayed", SOFT),
    (
        "Outlook.com",
        "failed",
        "5.5.0",
        "smtp;550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [AM7EUR03FT012]",
        HARD,
    ),
    (
        "Outlook.com",
        "failed",
        "5.7.1",
        "smtp;550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Part of their network is on our block list (S3150).",
        POLICY,
    ),
    (
        "Outlook.com",
        "failed",
        "5.7.515",
        "smtp;550 5.7.515 Access denied, sending domain acme.example doesn't meet the required authentication level.",
        POLICY,
    ),
    (
        "Outlook.com",
        "failed",
        "5.2.2",
        "smtp;552 5.2.2 Message cannot be delivered because the recipient's mailbox is full",
        FULL,
    ),
    // Yahoo and AOL
    (
        "Yahoo",
        "failed",
        "5.0.0",
        "smtp; 554 delivery error: dd Requested mail action aborted, mailbox not found - mta4.mail.bf1",
        HARD,
    ),
    (
        "Yahoo",
        "failed",
        "5.0.0",
        "smtp; 554 30 Sorry, your message to ada@yahoo.example cannot be delivered. This mailbox is disabled (554.30). - mta",
        HARD,
    ),
    ("Yahoo", "failed", "5.0.0", "smtp; 552 1 Requested mail action aborted, mailbox is full", FULL),
    (
        "Yahoo",
        "failed",
        "5.7.9",
        "smtp; 554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
        POLICY,
    ),
    (
        "Yahoo",
        "failed",
        "4.7.0",
        "smtp; 421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints",
        POLICY,
    ),
    (
        "Yahoo",
        "failed",
        "5.0.0",
        "smtp; 553 5.7.2 [TSS09] All messages from 192.0.2.7 will be permanently deferred",
        POLICY,
    ),
    ("AOL", "failed", "5.1.1", "smtp; 550 5.1.1 <ada@aol.example>: Recipient address rejected: aol.example", HARD),
    // Apple
    ("iCloud", "failed", "5.1.1", "smtp; 550 5.1.1 <ada@icloud.example>: user does not exist", HARD),
    ("iCloud", "failed", "5.2.2", "smtp; 552 5.2.2 <ada@icloud.example>: user is over quota", FULL),
    (
        "iCloud",
        "failed",
        "5.7.1",
        "smtp; 550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
        POLICY,
    ),
    ("iCloud", "failed", "5.7.0", "smtp; 554 5.7.0 [HM08] Message rejected due to DMARC", POLICY),
    // Postfix, and what stands behind it
    (
        "Postfix",
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 <ada@works.example>: Recipient address rejected: User unknown in virtual mailbox table",
        HARD,
    ),
    (
        "Postfix",
        "failed",
        "5.1.0",
        "smtp; 550 5.1.0 <ada@works.example>: Recipient address rejected: User unknown in relay recipient table",
        HARD,
    ),
    (
        "Postfix",
        "failed",
        "5.4.4",
        "X-Postfix; Host or domain name not found. Name service error for name=works.invalid type=AAAA: Host not found",
        HARD,
    ),
    ("Postfix", "failed", "4.4.1", "X-Postfix; connect to mx.works.example[192.0.2.25]:25: Connection timed out", SOFT),
    (
        "Postfix",
        "failed",
        "4.4.3",
        "X-Postfix; Host or domain name not found. Name service error for name=works.example type=MX: try again",
        SOFT,
    ),
    ("Postfix", "failed", "5.4.6", "X-Postfix; mail for works.example loops back to myself", SOFT),
    ("Postfix", "failed", "5.3.0", "x-unix; procmail: Quota exceeded while writing", FULL),
    (
        "Postfix",
        "failed",
        "4.1.1",
        "smtp; 450 4.1.1 <ada@works.example>: Recipient address rejected: unverified address: user unknown",
        SOFT,
    ),
    (
        "Postfix",
        "failed",
        "5.7.1",
        "smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org",
        POLICY,
    ),
    (
        "Postfix",
        "failed",
        "5.1.8",
        "smtp; 550 5.1.8 <news@acme.example>: Sender address rejected: Domain not found",
        POLICY,
    ),
    ("Postfix", "failed", "5.7.1", "smtp; 554 5.7.1 <ada@works.example>: Relay access denied", POLICY),
    (
        "Postfix",
        "failed",
        "5.3.4",
        "X-Postfix; message size 31457280 exceeds size limit 10240000 of server mx.works.example",
        CONTENT,
    ),
    // Exim
    ("Exim", "failed", "5.0.0", "smtp; 550 Unrouteable address", HARD),
    ("Exim", "failed", "5.0.0", "smtp; 550 No Such User Here", HARD),
    (
        "Exim",
        "failed",
        "5.0.0",
        "smtp; 550-Verification failed for <news@acme.example>\n 550 Sender verify failed",
        POLICY,
    ),
    ("Exim", "failed", "5.0.0", "smtp; 550 Mailbox quota exceeded", FULL),
    ("Exim", "failed", "5.0.0", "smtp; 550 This message was classified as SPAM and may not be delivered", POLICY),
    ("Exim", "failed", "4.0.0", "smtp; retry timeout exceeded", SOFT),
    // sendmail
    ("sendmail", "failed", "5.1.1", "SMTP; 550 5.1.1 <ada@works.example>... User unknown", HARD),
    ("sendmail", "failed", "5.1.2", "SMTP; 550 Host unknown", HARD),
    ("sendmail", "failed", "4.4.7", "SMTP; 450 4.4.7 message could not be delivered for 5 days", SOFT),
    ("sendmail", "failed", "5.4.7", "SMTP; 450 4.1.1 <ada@works.example>: user unknown", SOFT),
    ("sendmail", "failed", "5.3.5", "X-Unix; Local configuration error", SOFT),
    // Gateways before other systems
    ("Proofpoint", "failed", "5.1.1", "smtp; 550 5.1.1 User Unknown", HARD),
    (
        "Proofpoint",
        "failed",
        "5.7.0",
        "smtp; 554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.7",
        POLICY,
    ),
    ("Proofpoint", "failed", "5.7.1", "smtp; 550 5.7.1 Command rejected", POLICY),
    ("Proofpoint", "failed", "4.3.2", "smtp; 452 4.3.2 Too many recipients received this hour", POLICY),
    (
        "Mimecast",
        "failed",
        "5.0.0",
        "smtp; 550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550",
        HARD,
    ),
    (
        "Mimecast",
        "failed",
        "5.0.0",
        "smtp; 550 csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550",
        POLICY,
    ),
    ("Mimecast", "failed", "5.0.0", "smtp; 550 Administrative prohibition - envelope blocked", POLICY),
    ("Mimecast", "failed", "5.0.0", "smtp; 554 Email rejected due to security policies", POLICY),
    (
        "Barracuda",
        "failed",
        "5.0.0",
        "smtp; 550 permanent failure for one or more recipients (ada@works.example:blocked)",
        POLICY,
    ),
    (
        "Barracuda",
        "failed",
        "5.0.0",
        "smtp; 550 permanent failure for one or more recipients (ada@works.example:550 5.1.1 User unknown)",
        HARD,
    ),
    ("Barracuda", "failed", "5.0.0", "smtp; 554 rejected due to spam URL in content", POLICY),
    ("Barracuda", "failed", "5.0.0", "smtp; 550 cuda_nsu ada@works.example", HARD),
    ("Cisco", "failed", "5.1.0", "smtp; 550 #5.1.0 Address rejected.", HARD),
    (
        "Cisco",
        "failed",
        "5.0.0",
        "smtp; 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
        POLICY,
    ),
    ("Sophos", "failed", "5.0.0", "smtp; 550 Address lookup failed: no such recipient", HARD),
    (
        "Trend Micro",
        "failed",
        "5.7.1",
        "smtp; 550 5.7.1 <192.0.2.7>: Client host rejected: blocked by email reputation",
        POLICY,
    ),
    // Zimbra, Domino, hosters
    ("Zimbra", "failed", "5.1.1", "smtp; 550 5.1.1 ada@works.example: Recipient address rejected: works.example", HARD),
    ("Zimbra", "failed", "5.2.2", "smtp; 552 5.2.2 Over quota", FULL),
    ("Zimbra", "failed", "5.7.0", "smtp; 554 5.7.0 Reject, id=07423-03 - spam", POLICY),
    ("Domino", "failed", "5.0.0", "smtp; 550 ada@works.example... No such user", HARD),
    ("Domino", "failed", "5.1.1", "X-Notes; User ada (ada@works.example) not listed in Domino Directory", HARD),
    ("Domino", "failed", "5.0.0", "X-Notes; User ada (ada@works.example) not listed in Domino Directory", HARD),
    ("Domino", "failed", "5.7.1", "smtp; 554 5.7.1 Mail rejected for policy reasons.", POLICY),
    ("Zoho", "failed", "5.1.1", "smtp; 553 5.1.1 User does not exist - <ada@zoho.example>", HARD),
    ("Zoho", "failed", "5.7.1", "smtp; 554 5.7.1 Email cannot be delivered. Reason: Email flagged as Spam.", POLICY),
    ("Zoho", "failed", "5.2.2", "smtp; 552 5.2.2 mailbox size limit reached", FULL),
    (
        "Fastmail",
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 <ada@fastmail.example>: Recipient address rejected: User unknown in virtual alias table",
        HARD,
    ),
    (
        "Fastmail",
        "failed",
        "4.7.1",
        "smtp; 451 4.7.1 <mx.acme.example[192.0.2.7]>: Client host rejected: Please try again slower",
        POLICY,
    ),
    (
        "ProtonMail",
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 <ada@proton.example>: Recipient address rejected: Address does not exist",
        HARD,
    ),
    (
        "ProtonMail",
        "failed",
        "5.2.2",
        "smtp; 552 5.2.2 <ada@proton.example>: Recipient address rejected: Mailbox is full",
        FULL,
    ),
    ("OVH", "failed", "5.1.1", "smtp; 550 5.1.1 <ada@ovh.example>: Recipient address rejected: User unknown", HARD),
    ("OVH", "failed", "5.2.2", "smtp; 552 5.2.2 <ada@ovh.example>: Recipient address rejected: Mailbox full", FULL),
    ("Rackspace", "failed", "5.7.1", "smtp; 554 5.7.1 ACL dns_rbl; Client host [192.0.2.7] blocked", POLICY),
    // Germany, France, Russia, China
    (
        "GMX",
        "failed",
        "5.0.0",
        "smtp; 550-Requested action not taken: mailbox unavailable\n 550 For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.7&c=hnu",
        HARD,
    ),
    (
        "GMX",
        "failed",
        "5.0.0",
        "smtp; 552-Requested mail action aborted: exceeded storage allocation\n 552-Quota exceeded. The recipient's mailbox is full.",
        FULL,
    ),
    (
        "web.de",
        "failed",
        "5.0.0",
        "smtp; 554-Transaction failed\n 554-Reject due to policy restrictions.\n 554 For explanation visit https://postmaster.web.de/de/case?c=r0301",
        POLICY,
    ),
    (
        "web.de",
        "failed",
        "5.0.0",
        "smtp; 554-No SMTP service\n 554-Bad DNS PTR resource record.\n 554 For explanation visit https://postmaster.web.de",
        POLICY,
    ),
    ("T-Online", "failed", "5.0.0", "smtp; 550 user unknown", HARD),
    (
        "T-Online",
        "failed",
        "5.0.0",
        "smtp; 554 IP=192.0.2.7 - A problem occurred. (Ask your postmaster for help or to contact tobr@rx.t-online.example to clarify.)",
        POLICY,
    ),
    (
        "Orange",
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]",
        HARD,
    ),
    (
        "Orange",
        "failed",
        "5.2.2",
        "smtp; 552 5.2.2 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]",
        FULL,
    ),
    ("Orange", "failed", "5.0.0", "smtp; 550 Boite du destinataire pleine", FULL),
    ("Free", "failed", "5.2.1", "smtp; 550 5.2.1 This mailbox has been blocked due to inactivity", HARD),
    (
        "Mail.ru",
        "failed",
        "5.0.0",
        "smtp; 550 Message was not accepted -- invalid mailbox. Local mailbox ada@mail.example is unavailable: user not found",
        HARD,
    ),
    (
        "Mail.ru",
        "failed",
        "5.0.0",
        "smtp; 550 Message was not accepted -- invalid mailbox. Local mailbox ada@mail.example is unavailable: account is disabled",
        HARD,
    ),
    (
        "Mail.ru",
        "failed",
        "5.0.0",
        "smtp; 550 spam message rejected. Please visit https://help.mail.ru/notspam-support/id",
        POLICY,
    ),
    ("Yandex", "failed", "5.7.1", "smtp; 550 5.7.1 No such user!", POLICY),
    ("QQ", "failed", "5.0.0", "smtp; 550 Mailbox not found. https://service.mail.qq.com/detail/122/168", HARD),
    ("QQ", "failed", "5.0.0", "smtp; 550 Domain frequency limited. https://service.mail.qq.com", POLICY),
    ("QQ", "failed", "5.0.0", "smtp; 550 Mail content denied. https://service.mail.qq.com", CONTENT),
    ("163", "failed", "5.0.0", "smtp; 550 User not found: ada@163.example", HARD),
    (
        "163",
        "failed",
        "5.0.0",
        "smtp; 554 DT:SPM 163 mx26, please see http://mail.163.com/help/help_spam_16.htm",
        POLICY,
    ),
    ("Comcast", "failed", "5.1.1", "smtp; 550 5.1.1 Not our Customer", HARD),
    (
        "Comcast",
        "failed",
        "5.2.0",
        "smtp; 550 5.2.0 192.0.2.7 blocked for spam. Please see postmaster.comcast.example",
        POLICY,
    ),
    // Action and status do not agree: who gave up for now says nothing for good, who still tries has not given up.
    ("one that gave up for now", "failed", "4.2.2", "smtp; 552 mailbox full", FULL),
    ("one that gave up for now", "failed", "4.1.1", "smtp; 550 5.1.1 user unknown", SOFT),
    ("one that calls a deferral final", "failed", "5.1.1", "smtp; 450 4.2.1 try again later", SOFT),
    ("one that calls success a failure", "failed", "2.0.0", "smtp; 250 ok", SOFT),
    ("one that still tries", "delayed", "5.1.1", "smtp; 550 5.1.1 user unknown", "delayed"),
    ("one that delivered", "delivered", "5.1.1", "smtp; 250 ok", "delivered"),
    ("one that relays", "relayed", "2.1.9", "smtp; 250 ok", "delivered"),
];

/// How part three looks, if there is one.
const QUOTES: &[&str] = &[
    "",
    "--=_7\nContent-Type: message/rfc822\n\nX-Caravan-Key: 7.1.4\nSubject: News\n\nHello\n\n",
    "--=_7\nContent-Type: text/rfc822-headers; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n\nX-Caravan-Key: 7.1.4\nSubject: News\n\n",
    "--=_7\nContent-Type: message/rfc822-headers\n\nX-Caravan-Key: 7.1.4\n\n",
];

fn written((by, action, status, diagnosis, _): &Refusal, quoted: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: {by} <postmaster@mx.example>\nTo: {OURS}\nSubject: Undeliverable: News\nAuto-Submitted: auto-replied\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=\"delivery-status\"; boundary=\"=_7\"\n\n--=_7\n\
         Content-Type: text/html; charset=utf-8\n\n<p>Your message could not be delivered.</p>\n\n--=_7\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns;mx.example\nX-Queue-ID: 4Z9\n\nFinal-Recipient: rfc822;ada@works.example\nAction: {action}\n\
         Status: {status}\nRemote-MTA: dns;mx.works.example\nDiagnostic-Code: {diagnosis}\n\n{quoted}--=_7--\n"
    )
}

fn said(what: &Heard) -> &'static str {
    match what {
        Heard::Bounced { code, .. } => code,
        Heard::Delayed => "delayed",
        Heard::Delivered => "delivered",
        Heard::AutoReply => "auto_reply",
        Heard::Complained => "complained",
        Heard::OptedOut => "opted_out",
    }
}

#[test]
fn proof_4_reports_of_providers_and_mail_systems_are_read_for_what_they_are() {
    let mut wrong = Vec::new();
    for (n, refusal) in REFUSALS.iter().enumerate() {
        for (quoted, ends) in QUOTES.iter().cycle().skip(n).zip(["\r\n", "\n"]) {
            let report = read_mail(&with_ends(&written(refusal, quoted), ends));
            let report = report.unwrap_or_else(|| panic!("{refusal:?} is no report"));
            assert_eq!(report.recipient.as_deref(), Some("ada@works.example"), "{refusal:?}");
            assert!(ours(&report), "{refusal:?}");
            if said(&report.what) != refusal.4 {
                wrong.push(format!("{refusal:?}: {}", said(&report.what)));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(REFUSALS.len() >= 100, "{} of them", REFUSALS.len());
}

/// What systems write that know no such form: from whom, more headers, the text, and what must be read of it.
const LETTERS: &[(&str, &str, &str, &str)] = &[
    (
        "MAILER-DAEMON@mx.example",
        "Subject: failure notice",
        "Hi. This is the qmail-send program at mx.example.\n\n<ada@works.example>:\n192.0.2.25 does not like recipient.\nRemote host said: 550 5.1.1 no such user\nGiving up on 192.0.2.25.",
        HARD,
    ),
    (
        "MAILER-DAEMON@mx.example",
        "Subject: failure notice",
        "Hi. This is the qmail-send program at mx.example.\n\n<ada@works.invalid>:\nSorry, I couldn't find any host named works.invalid. (#5.1.2)",
        HARD,
    ),
    (
        "MAILER-DAEMON@mx.example",
        "Subject: failure notice",
        "<ada@works.example>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)",
        SOFT,
    ),
    (
        "MAILER-DAEMON@mx.example",
        "Subject: failure notice",
        "<ada@works.example>:\nSorry, no mailbox here by that name. (#5.1.1)",
        HARD,
    ),
    (
        "MAILER-DAEMON@mx.example",
        "Subject: failure notice",
        "<ada@works.example>:\nThe users mailfolder is over the allowed quota (size). (#5.2.2)",
        FULL,
    ),
    (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Subject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: ada@works.example\nAuto-Submitted: auto-replied",
        "This message was created automatically by mail delivery software.\n\n  ada@works.example\n    host mx.works.example [192.0.2.25]\n    SMTP error from remote mail server after RCPT TO:<ada@works.example>:\n    550 5.1.1 User unknown",
        HARD,
    ),
    (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Subject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: ada@works.example\nAuto-Submitted: auto-replied",
        "  ada@works.example\n    Unrouteable address",
        HARD,
    ),
    (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Subject: Warning: message 1rQ delayed 24 hours\nX-Failed-Recipients: ada@works.example\nAuto-Submitted: auto-replied",
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered. No action is required on your part. Delivery attempts will continue.",
        "delayed",
    ),
    (
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Subject: Returned mail: see transcript for details\nAuto-Submitted: auto-generated (failure)",
        "   ----- The following addresses had permanent fatal errors -----\n<ada@works.example>\n    (reason: 550 5.1.1 <ada@works.example>... User unknown)",
        HARD,
    ),
    (
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Subject: Warning: could not send message for past 4 hours",
        "    ** THIS IS A WARNING MESSAGE ONLY **\n    ** YOU DO NOT NEED TO RESEND YOUR MESSAGE **\n<ada@works.example>",
        "delayed",
    ),
    (
        "Postmaster <postmaster@works.example>",
        "Subject: DELIVERY FAILURE: User ada (ada@works.example) not listed in Domino Directory",
        "Your document: News could not be delivered because:\n\nUser ada (ada@works.example) not listed in Domino Directory\n<ada@works.example>",
        HARD,
    ),
    (
        "postmaster@works.example",
        "Subject: Unzustellbar: News",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger:\n\nada@works.example\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##",
        HARD,
    ),
    (
        "postmaster@works.example",
        "Subject: Non remis : News",
        "Échec de la remise à ces destinataires :\nada@works.example\n5.1.1 RESOLVER.ADR.RecipNotFound",
        HARD,
    ),
    (
        "postmaster@works.example",
        "Subject: No se puede entregar: News",
        "Error de entrega a estos destinatarios:\nada@works.example\nLa dirección no existe. 5.1.10",
        HARD,
    ),
    (
        "postmaster@works.example",
        "Subject: Non recapitabile: News",
        "Recapito non riuscito: ada@works.example\nLa casella di posta è piena. 5.2.2",
        FULL,
    ),
    (
        "postmaster@works.example",
        "Subject: Onbestelbaar: News",
        "Bezorging mislukt voor ada@works.example. 5.1.1",
        HARD,
    ),
    (
        "postmaster@works.example",
        "Subject: =?utf-8?B?TmllZG9zdGFyY3phbG5lOiBOZXdz?=",
        "Dostarczenie nie powiodło się: ada@works.example 5.1.1",
        HARD,
    ),
    (
        "postmaster@works.example",
        "Subject: =?utf-8?B?0J3QtSDRg9C00LDQtdGC0YHRjyDQtNC+0YHRgtCw0LLQuNGC0Yw6IE5ld3M=?=",
        "ada@works.example: 5.7.1 message refused",
        POLICY,
    ),
    (
        "PostMaster@qq.example",
        "Subject: =?utf-8?B?57O757uf6YCA5L+h?=",
        "ada@works.example: 550 5.1.1 user not found",
        HARD,
    ),
    ("MAILER-DAEMON@mx.example", "Subject: =?utf-8?B?6YWN5L+h5LiN6IO9?=", "ada@works.example 5.2.2 mailbox full", FULL),
    (
        "mailer-daemon@gmx.example",
        "Subject: Mail delivery failed: returning message to sender",
        "Die folgende Adresse konnte nicht erreicht werden:\n\nada@works.example:\nPostfach existiert nicht",
        HARD,
    ),
    (
        "mailer-daemon@web.example",
        "Subject: Mail delivery failed: returning message to sender",
        "ada@works.example:\nDas Postfach ist voll",
        FULL,
    ),
    (
        "MAILER-DAEMON@mx.example",
        "Subject: Undelivered Mail Returned to Sender",
        "ada@works.example: cannot be told apart",
        SOFT,
    ),
    ("ada@works.example", "Subject: Automatische Antwort: News", "Ich bin bis Montag nicht im Haus.", "auto_reply"),
    ("ada@works.example", "Subject: =?utf-8?Q?R=C3=A9ponse_automatique_=3A_News?=", "Je suis absente.", "auto_reply"),
    (
        "ada@works.example",
        "Subject: Respuesta automatica: News\nX-Autorespond: News",
        "Fuera de la oficina",
        "auto_reply",
    ),
    ("ada@works.example", "Subject: Risposta automatica: News", "Sono fuori ufficio.", "auto_reply"),
    ("ada@works.example", "Subject: Automatisch antwoord: News", "Ik ben afwezig.", "auto_reply"),
    ("ada@works.example", "Subject: =?utf-8?B?6Ieq5YqL5Zue5aSNOiBOZXdz?=\nPrecedence: auto_reply", "...", "auto_reply"),
    (
        "ada@works.example",
        "Subject: Re: News\nAuto-Submitted: auto-replied (vacation)",
        "Your mailbox full of news waits. 5.1.1",
        "auto_reply",
    ),
];

#[test]
fn proof_4_letters_in_other_forms_and_languages_are_read_for_what_they_are() {
    let mut wrong = Vec::new();
    for (from, headers, text, expected) in LETTERS {
        let raw = format!(
            "Return-Path: <>\nFrom: {from}\nTo: {OURS}\n{headers}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n\n\
             --- The header of the message:\n\nMessage-ID: <0123@acme.example>\nX-Caravan-Key: 7.1.4\nSubject: News\n"
        );
        for ends in ["\r\n", "\n"] {
            let Some(report) = read_mail(&with_ends(&raw, ends)) else {
                wrong.push(format!("{headers}: nothing"));
                continue;
            };
            if said(&report.what) != *expected {
                wrong.push(format!("{headers} {text}: {}", said(&report.what)));
            }
            let about = report.recipient.as_deref().unwrap_or_default();
            if !about.starts_with("ada@works.") && *expected != "delayed" {
                wrong.push(format!("{headers}: about {about}"));
            }
            assert!(ours(&report), "{headers}");
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn proof_4_each_recipient_of_a_report_has_its_own_say() {
    let group = |to: &str, action: &str, status: &str| {
        format!("Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\n\n")
    };
    let groups = [
        group("one@works.example", "delivered", "2.1.5"),
        group("two@works.example", "failed", "5.1.1"),
        group("three@works.example", "failed", "4.2.2"),
        group("four@works.example", "delayed", "4.4.1"),
        group("five@works.example", "failed", "5.7.1"),
    ];
    let raw = format!(
        "From: MAILER-DAEMON@mx.example\nTo: {OURS}\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n\
         --x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{}--x--\n",
        groups.concat()
    );
    for ends in ["\r\n", "\n"] {
        let report = read_mail(&with_ends(&raw, ends)).expect("a report");
        let mut all = vec![(report.recipient.clone().expect("one"), said(&report.what))];
        all.extend(report.others.iter().map(|(to, what)| (to.clone(), said(what))));
        let all: Vec<_> = all.iter().map(|(to, what)| (to.split('@').next().unwrap_or_default(), *what)).collect();
        assert_eq!(all, [("one", "delivered"), ("two", HARD), ("three", FULL), ("four", "delayed"), ("five", POLICY)]);
    }
}

/// Complaints as providers send them: the kind of feedback, its fields, what is quoted, whose it is, and whether it is one.
const FEEDBACK: &[(&str, &str, &str, &str, bool)] = &[
    (
        "Yahoo",
        "abuse",
        "Original-Mail-From: <b+aaaabbbbcccc@bounce.acme.example>\nOriginal-Rcpt-To: ada@yahoo.example\nReported-Domain: acme.example",
        "message/rfc822\n\nTo: ada@yahoo.example\nX-Caravan-Key: 7.1.4\n\nHello",
        true,
    ),
    (
        "one that redacts",
        "abuse",
        "Original-Rcpt-To: redacted",
        "message/rfc822\n\nReturn-Path: <b+aaaabbbbcccc@bounce.acme.example>\nTo: <redacted>\n\nHello",
        true,
    ),
    (
        "one that hashes",
        "abuse",
        "Original-Rcpt-To: 5d41402abc4b2a76b9719d911017c592@redacted.example",
        "text/rfc822-headers\n\nX-Caravan-Key: 7.1.4",
        true,
    ),
    (
        "one that quotes headers",
        "fraud",
        "Source-IP: 192.0.2.7",
        "text/rfc822-headers\n\nReturn-Path: <b+aaaabbbbcccc@bounce.acme.example>",
        true,
    ),
    ("one of a scanner", "virus", "Source-IP: 192.0.2.7", "message/rfc822\n\nX-Caravan-Key: 7.1.4\n\nHello", true),
    ("one of another kind", "other", "Source-IP: 192.0.2.7", "message/rfc822\n\nX-Caravan-Key: 7.1.4\n\nHello", true),
    (
        "who takes it back",
        "not-spam",
        "Original-Rcpt-To: ada@yahoo.example",
        "message/rfc822\n\nX-Caravan-Key: 7.1.4\n\nHello",
        false,
    ),
    (
        "who checks signatures",
        "auth-failure",
        "Auth-Failure: dmarc\nDelivery-Result: reject\nIdentity-Alignment: none",
        "message/rfc822\n\nX-Caravan-Key: 7.1.4\n\nHello",
        false,
    ),
    (
        "who checks signatures",
        "auth-failure",
        "Auth-Failure: bodyhash\nDKIM-Domain: acme.example\nDKIM-Selector: c1",
        "text/rfc822-headers\n\nX-Caravan-Key: 7.1.4",
        false,
    ),
    (
        "one nobody knows",
        "miscategorized",
        "Source-IP: 192.0.2.7",
        "message/rfc822\n\nX-Caravan-Key: 7.1.4\n\nHello",
        false,
    ),
];

#[test]
fn proof_4_feedback_of_providers_is_a_complaint_or_none() {
    for (by, kind, fields, quoted, complains) in FEEDBACK {
        let raw = format!(
            "From: <feedback@provider.example>\nTo: <fbl@acme.example>\nSubject: FW: News\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=\"z\"\n\n--z\nContent-Type: text/plain\n\nA report about abuse.\n\n\
             --z\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: Loop/1.0\nVersion: 0.1\n{fields}\n\n\
             --z\nContent-Type: {quoted}\n\n--z--\n"
        );
        for ends in ["\r\n", "\n"] {
            let report = read_mail(&with_ends(&raw, ends));
            assert_eq!(report.as_ref().map(|it| said(&it.what)), complains.then_some("complained"), "{by}: {report:?}");
            assert!(report.is_none_or(|report| ours(&report)), "{by}");
        }
    }
}

/// Outlook.com sends no feedback report, but the message itself in a letter that says so.
#[test]
fn proof_4_a_complaint_of_outlook_is_one_without_its_form() {
    let raw = format!(
        "From: staff@hotmail.com\nTo: fbl@acme.example\nSubject: complaint about message from 192.0.2.7\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=z\n\n--z\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: ada@outlook.example\n\
         Return-Path: <{OURS}>\nTo: hidden\nX-Caravan-Key: 7.1.4\n\nHello\n\n--z--\n"
    );
    let report = read_mail(&with_ends(&raw, "\r\n")).expect("a report");
    assert_eq!((said(&report.what), report.recipient.as_deref()), ("complained", Some("ada@outlook.example")));
    assert!(ours(&report));
    let letter = raw.replace("complaint about message from", "a thought about").replace("staff@", "ada@");
    assert_eq!(read_mail(&with_ends(&letter, "\r\n")), None);
}
