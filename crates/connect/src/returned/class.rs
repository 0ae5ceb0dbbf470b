//! What a refusal for good is about, by its enhanced status code (RFC 3463) and its words.
//!
//! The one mistake that cannot be undone is to take an address for useless that is not. So whatever speaks of the sender
//! goes before whatever speaks of the recipient, and a code of class 4 never says that an address is of no use.

/// An enhanced status code: `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// 4: for now, 5: for good.
    pub class: u16,
    /// What it is about: 1 the address, 2 the mailbox, 7 policy …
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

/// The code under which a refusal is counted. Only `bounced_hard` says that the address is of no use; a refusal by
/// policy is the sender's business.
pub fn failure_of(status: Option<Status>, words: &str) -> &'static str {
    let code = about(status, words).unwrap_or("bounced_soft");
    match status {
        // Somebody gave up; the address may be good tomorrow.
        Some(Status { class: 4, .. }) if code == "bounced_hard" => "bounced_soft",
        _ => code,
    }
}

/// What a deferral is about that was one until nobody tried any more. Nothing of it says that the address is of no use.
pub fn given_up(words: &str) -> &'static str {
    match failure_of(words.split_whitespace().find_map(enhanced), words) {
        "bounced_hard" => "bounced_soft",
        code => code,
    }
}

/// The same where it may have no code that says anything: none where the words say nothing either.
pub(crate) fn about(status: Option<Status>, words: &str) -> Option<&'static str> {
    match status.map(|status| (status.subject, status.detail)) {
        // The sender's address or domain, though it stands among those about addresses.
        Some((1, 7 | 8) | (7, _)) => Some("refused_by_policy"),
        _ if says(words, SENDER) => Some("refused_by_policy"),
        Some((1, 1 | 2 | 3 | 6 | 10) | (2, 1)) => Some("bounced_hard"),
        Some((2, 2)) => Some("mailbox_full"),
        Some((2, 3) | (3, 4) | (6, _)) => Some("refused_content"),
        _ => by_words(words),
    }
}

/// Many systems say it in words alone.
fn by_words(words: &str) -> Option<&'static str> {
    match () {
        () if says(words, NOT_THERE) => Some("bounced_hard"),
        () if says(words, CONTENT) => Some("refused_content"),
        () if says(words, POLICY) => Some("refused_by_policy"),
        () if says(words, FULL) => Some("mailbox_full"),
        () if says(words, HARD) => Some("bounced_hard"),
        () => None,
    }
}

fn says(words: &str, list: &[&str]) -> bool {
    let words = words.to_lowercase();
    list.iter().any(|phrase| words.contains(phrase))
}

/// About the sender, not about whoever should get it.
const SENDER: &[&str] = &[
    "sender address rejected",
    "sender rejected",
    "sender domain",
    "sending domain",
    "domain of sender",
    "sender verify failed",
    "sender verification",
];

/// Words of some systems for a recipient that there is not, which read like a policy: Exchange Online, Domino.
const NOT_THERE: &[&str] =
    &["recipient address rejected: access denied", "not listed in domino directory", "not listed in public name"];

const CONTENT: &[&str] = &["content denied"];

/// About how mail is sent, from where, or what its sender is known for.
const POLICY: &[&str] = &[
    "spam",
    "blocked",
    "blacklist",
    "block list",
    "blocklist",
    "black list",
    "dnsbl",
    " rbl",
    "spamhaus",
    "is listed",
    "listed in",
    "listed at",
    "reputation",
    "dmarc",
    " spf",
    "dkim",
    "reverse dns",
    "ptr record",
    "unauthenticated",
    "not authenticated",
    "authentication required",
    "not authorized",
    "not permitted",
    "access denied",
    "relay access denied",
    "relaying denied",
    "relaying not",
    "unable to relay",
    "rate limit",
    "too many",
    "frequency limited",
    "ptr resource record",
    "tobr@rx.t-online",
    "tosa@rx.t-online",
    "policy",
    "policies",
];

const FULL: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded storage",
    "exceeded their storage",
    "out of storage",
    "not enough space",
    "insufficient storage",
    "destinataire pleine",
    "postfach ist voll",
    "mailbox voll",
];

const HARD: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "user not found",
    "does not exist",
    "doesn't exist",
    "user doesn't have",
    "not have an account",
    "mailbox not found",
    "mailbox unavailable",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "recipnotfound",
    "recipient address rejected: undeliverable",
    "invalid recipient",
    "invalid mailbox",
    "not a valid mailbox",
    "unrouteable address",
    "no mailbox here",
    "account has been disabled",
    "account is disabled",
    "address not found",
    "address unknown",
    "domain not found",
    "host or domain name not found",
    "mailbox is disabled",
    "#5.1.0 address rejected",
    "cuda_nsu",
    "postfach existiert nicht",
];

/// What refusals by policy are about that large mailbox providers number: status as in `5.7.26`, what is wrong, and what to do.
const POLICIES: &[(u16, &str)] = &[
    (23, "The address that mail leaves from has no name that leads back to it. Have its PTR record published."),
    (25, "The address that mail leaves from has no name that leads back to it. Have its PTR record published."),
    (26, "Mail is not authenticated. Let it be signed by a sending domain, and see that SPF allows your mail server."),
    (27, "SPF does not pass. See that the record of the return path names your mail server."),
    (28, "Too much mail was sent at once, or too much of it is unwanted. Send less a second, to those who read it."),
    (29, "Your mail server did not encrypt the connection. Switch TLS on there."),
    (30, "The signature (DKIM) does not hold. Look the sending domain up in the DNS."),
    (31, "There is no DMARC policy. Publish one; `p=none` only watches."),
    (
        32,
        "The sender's domain is neither that of the signature nor that of the return path. Make one of them the sender's.",
    ),
    (40, "There is no DMARC policy. Publish one; `p=none` only watches."),
    (
        515,
        "The sending domain does not meet what Outlook.com asks of those who send much: SPF, DKIM and DMARC must pass.",
    ),
];

/// What a refusal by policy is about, where its words carry a number that is known.
pub fn policy_hint(words: &str) -> Option<&'static str> {
    let numbered = |word: &str| enhanced(word.trim_matches(|c: char| !c.is_ascii_digit()));
    let Status { detail, .. } =
        words.split([' ', '-', '\n']).filter_map(numbered).find(|status| status.subject == 7)?;
    POLICIES.iter().find(|(known, _)| *known == detail).map(|(_, hint)| *hint)
}

/// The enhanced status code (`5.1.1`) at the beginning of a text.
pub fn enhanced(text: &str) -> Option<Status> {
    let mut numbers = text.split_whitespace().next()?.split('.');
    let class = numbers.next().filter(|class| matches!(*class, "4" | "5"))?.parse().ok()?;
    let subject = numbers.next()?.parse().ok()?;
    let detail = numbers.next()?.parse().ok()?;
    numbers.next().is_none().then_some(Status { class, subject, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As servers of large providers and common programs word it.
    #[test]
    fn only_what_is_about_the_address_says_that_it_is_of_no_use() {
        for (text, expected) in [
            ("5.1.1 The email account that you tried to reach does not exist.", "bounced_hard"),
            ("5.2.1 The email account that you tried to reach is disabled.", "bounced_hard"),
            ("5.5.0 Requested action not taken: mailbox unavailable (S2017062302)", "bounced_hard"),
            ("delivery error: dd This user doesn't have a yahoo.com account (ada@yahoo.com) [0]", "bounced_hard"),
            ("5.4.1 Recipient address rejected: Access denied. [AM0EUR02FT012.eop]", "bounced_hard"),
            ("5.7.1 <ada@works.example>: Recipient address rejected: Access denied", "refused_by_policy"),
            ("Unrouteable address", "bounced_hard"),
            ("5.1.8 <news@acme.example>: Sender address rejected: Domain not found", "refused_by_policy"),
            ("5.1.7 The sender's address was syntactically invalid", "refused_by_policy"),
            ("<news@acme.example>: Sender address rejected: Domain not found", "refused_by_policy"),
            ("Service unavailable; client host [192.0.2.7] blocked using zen.spamhaus.org", "refused_by_policy"),
            ("relay access denied", "refused_by_policy"),
            ("5.0.0 rejected as spam", "refused_by_policy"),
            ("Mailbox unavailable due to policy reasons", "refused_by_policy"),
            ("5.7.1 Recipient address rejected: user unknown in local table", "refused_by_policy"),
            ("5.2.2 The email account that you tried to reach is over quota", "mailbox_full"),
            ("sorry, that mailbox is full", "mailbox_full"),
            ("4.2.1 The user you are trying to contact is receiving mail at a rate that", "bounced_soft"),
            ("4.1.1 user unknown", "bounced_soft"),
            ("4.1.2 host or domain name not found", "bounced_soft"),
            ("4.2.2 over quota", "mailbox_full"),
            ("5.4.4 no route to host", "bounced_soft"),
            ("unspecified", "bounced_soft"),
        ] {
            assert_eq!(failure_of(enhanced(text), text), expected, "{text}");
        }
    }

    #[test]
    fn a_deferral_without_end_is_a_soft_bounce_whatever_it_said() {
        for (words, expected) in [
            ("mx: the server refused the recipient: 452 4.2.2 mailbox full", "mailbox_full"),
            ("mx: the server refused the recipient: 450 4.1.1 user unknown", "bounced_soft"),
            ("mx: the server refused the recipient: 450 no such user, try later", "bounced_soft"),
            ("mx: the server refused the message: 451 4.7.1 greylisted", "refused_by_policy"),
            ("mx: the server refused the message: 451 4.3.0 later", "bounced_soft"),
        ] {
            assert_eq!(given_up(words), expected, "{words}");
        }
    }

    #[test]
    fn numbered_refusals_say_what_to_do() {
        let hint = |words: &str| policy_hint(words).unwrap_or_default();
        assert!(hint("mx: the server refused the message: 550 5.7.26 Unauthenticated").contains("not authenticated"));
        assert!(hint("421-4.7.28 Our system has detected").contains("Too much mail"));
        assert!(hint("550 5.7.515 Access denied").contains("Outlook.com"));
        assert_eq!(hint("550 5.7.1 Relaying denied; see 5.1.1"), "");
        assert_eq!(hint("connection to 10.7.26.1 lost"), "");
    }
}
