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

/// Subject and detail of an enhanced status code (`5.1.1`) at the beginning of a text.
pub fn enhanced(text: &str) -> Option<(u16, u16)> {
    let mut numbers = text.split_whitespace().next()?.split('.');
    let class = numbers.next()?;
    let subject = numbers.next()?.parse().ok()?;
    let detail = numbers.next()?.parse().ok()?;
    (matches!(class, "4" | "5") && numbers.next().is_none()).then_some((subject, detail))
}
