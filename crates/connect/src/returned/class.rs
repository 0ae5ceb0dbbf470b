//! What a refusal for good is about, by its enhanced status code (RFC 3463) and its words.

/// The code under which a refusal is counted. Only `bounced_hard` says that the address is of no use; a refusal by
/// policy is the sender's business.
pub fn failure_of(status: Option<(u16, u16)>, words: &str) -> &'static str {
    match status {
        Some((1, 1 | 2 | 3 | 6 | 10) | (2, 1)) => "bounced_hard",
        Some((2, 2)) => "mailbox_full",
        Some((2, 3) | (3, 4) | (6, _)) => "refused_content",
        Some((7, _)) => "refused_by_policy",
        Some(_) => by_words(words).unwrap_or("bounced_soft"),
        None => by_words(words).unwrap_or("bounced_soft"),
    }
}

/// Many systems say it in words alone.
fn by_words(words: &str) -> Option<&'static str> {
    const HARD: &[&str] = &[
        "user unknown",
        "unknown user",
        "no such user",
        "does not exist",
        "mailbox not found",
        "unknown recipient",
        "recipient address rejected: undeliverable",
        "invalid recipient",
        "no mailbox here",
        "account has been disabled",
        "address not found",
        "domain not found",
        "host or domain name not found",
    ];
    const FULL: &[&str] = &["mailbox full", "mailbox is full", "over quota", "quota exceeded", "exceeded storage"];
    const POLICY: &[&str] =
        &["spam", "blocked", "blacklist", "block list", "blocklist", "reputation", "dmarc", "not authorized", "policy"];
    let words = words.to_lowercase();
    let says = |list: &[&str]| list.iter().any(|phrase| words.contains(phrase));
    match () {
        () if says(HARD) => Some("bounced_hard"),
        () if says(FULL) => Some("mailbox_full"),
        () if says(POLICY) => Some("refused_by_policy"),
        () => None,
    }
}

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
    let (_, detail) = words.split([' ', '-', '\n']).filter_map(numbered).find(|(subject, _)| *subject == 7)?;
    POLICIES.iter().find(|(known, _)| *known == detail).map(|(_, hint)| *hint)
}

/// Subject and detail of an enhanced status code (`5.1.1`) at the beginning of a text.
pub fn enhanced(text: &str) -> Option<(u16, u16)> {
    let mut numbers = text.split_whitespace().next()?.split('.');
    let class = numbers.next()?;
    let subject = numbers.next()?.parse().ok()?;
    let detail = numbers.next()?.parse().ok()?;
    (matches!(class, "4" | "5") && numbers.next().is_none()).then_some((subject, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

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
