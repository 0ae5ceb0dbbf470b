//! Signed tokens in the links of a message, and the addresses they stand in.
//!
//! A token says which message it belongs to, what it is for and, for a click, where it leads. All of it is signed, so
//! a link can neither be turned to another person nor to another target (no open redirect), and it needs no table to
//! be read: links never break. Pure functions; the routes that answer belong to the API.
//!
//! Layout before base64url: version, key id, purpose (one byte each) · effect, person (8 bytes each, big endian) ·
//! link (2 bytes) · of a link with campaign parameters their length (2 bytes) and they themselves · target address in UTF-8 ·
//! the first 16 bytes of HMAC-SHA256 over everything before.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caravan_model::{EffectId, PersonId};
use hmac::{Hmac, Mac as _};
use percent_encoding::percent_decode_str;
use sha2::Sha256;

use crate::connector::Secret;

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 21;
const SIGNATURE_BYTES: usize = 16;
/// Bytes of the whole signature of a seal.
const SEAL_BYTES: usize = 32;
/// Bytes of a signature that fits into an address.
const STAMP_BYTES: usize = 10;
/// Longest target address that is tracked; a longer one is left as it is.
pub const MAX_TARGET_BYTES: usize = 2_000;
/// Stands where a token would, in previews and proofs: whoever follows it is shown what would be there.
pub const PREVIEW: &str = "preview";
/// Name under which an address tells a web site who comes.
pub const VISITOR_PARAMETER: &str = "caravan_visitor";
/// Number of the link that no person sees.
pub const HIDDEN_LINK: u16 = u16::MAX;
/// Number of the link in a text message by which one opts out.
pub const OPT_OUT_LINK: u16 = u16::MAX - 1;
/// No token is longer; anything that is gets refused unread.
const MAX_TOKEN_CHARS: usize = (HEAD_BYTES + MAX_TARGET_BYTES + SIGNATURE_BYTES).div_ceil(3) * 4;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The message it was made for.
    pub effect: EffectId,
    /// The person the message went to; none for mail to somebody outside (a sales alert).
    pub person: Option<PersonId>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The picture of one pixel that is fetched when a message is shown.
    Open,
    /// A link of the message.
    Click {
        /// Number of the link in the email's version.
        link: u16,
        /// Where it leads.
        target: String,
        /// The campaign parameters that are added to it (`utm_source=…&…`), encoded; empty: none.
        parameters: String,
        /// Whether the site is told who comes.
        visitor: bool,
    },
    /// Tells a web site that the recipient came to it; the site hands it on to us, and cannot read it.
    Visitor,
    /// Opting out of emails.
    Unsubscribe,
    /// Opting out of text messages.
    StopTexts,
    /// Looking at the message as a web page.
    View,
    /// Finding out whether the way out is answered; nobody's.
    Trial,
}

impl Purpose {
    fn byte(&self) -> u8 {
        match self {
            Self::Open => b'o',
            Self::Click { visitor: false, parameters, .. } if parameters.is_empty() => b'c',
            Self::Click { visitor: true, parameters, .. } if parameters.is_empty() => b'k',
            Self::Click { visitor: false, .. } => b'p',
            Self::Click { visitor: true, .. } => b'q',
            Self::Visitor => b'r',
            Self::Unsubscribe => b'u',
            Self::StopTexts => b't',
            Self::View => b'v',
            Self::Trial => b'w',
        }
    }
}

/// Why a token is refused. Says nothing about how far the check came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this link is not one of ours, or it was changed on its way")]
pub struct BadToken;

/// The keys that sign. The current one signs; old ones go on verifying, so that links outlive a rotation.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    current: (u8, Secret),
    former: Vec<(u8, Secret)>,
}

impl SigningKeys {
    /// Signs and verifies with `secret`, whose id is `id`.
    pub fn new(id: u8, secret: Secret) -> Self {
        Self { current: (id, secret), former: Vec::new() }
    }

    /// Verifies with a former key too.
    #[must_use]
    pub fn and_former(mut self, id: u8, secret: Secret) -> Self {
        self.former.push((id, secret));
        self
    }

    /// The token in its written form.
    pub fn sign(&self, token: &Token) -> String {
        let (key_id, secret) = &self.current;
        let (link, target, parameters) = match &token.purpose {
            Purpose::Click { link, target, parameters, .. } => (*link, target.as_str(), parameters.as_str()),
            _ => (0, "", ""),
        };
        let mut bytes = Vec::with_capacity(HEAD_BYTES + target.len() + parameters.len() + 2 + SIGNATURE_BYTES);
        bytes.extend([VERSION, *key_id, token.purpose.byte()]);
        bytes.extend(token.effect.0.to_be_bytes());
        bytes.extend(token.person.map_or(0, |person| person.0).to_be_bytes());
        bytes.extend(link.to_be_bytes());
        if !parameters.is_empty() {
            bytes.extend(u16::try_from(parameters.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(parameters.as_bytes());
        }
        bytes.extend(target.as_bytes());
        let signature = mac(secret, &bytes).finalize().into_bytes();
        bytes.extend(signature.iter().take(SIGNATURE_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token back. Anything that was not signed by one of the keys, byte for byte, is refused.
    pub fn verify(&self, written: &str) -> Result<Token, BadToken> {
        if written.len() > MAX_TOKEN_CHARS {
            return Err(BadToken);
        }
        let bytes = URL_SAFE_NO_PAD.decode(written).map_err(|_| BadToken)?;
        let (signed, signature) =
            bytes.split_at_checked(bytes.len().saturating_sub(SIGNATURE_BYTES)).ok_or(BadToken)?;
        let [VERSION, key_id, purpose, rest @ ..] = signed else { return Err(BadToken) };
        let secret = self.secret(*key_id).ok_or(BadToken)?;
        mac(secret, signed).verify_truncated_left(signature).map_err(|_| BadToken)?;
        read(*purpose, rest)
    }

    /// A text that only we can have written, for one purpose: what stands in it can be read, not changed.
    pub fn seal(&self, purpose: &str, text: &str) -> String {
        let (key_id, secret) = &self.current;
        let bytes = [&[VERSION, *key_id], text.as_bytes()].concat();
        let code = mac(secret, purpose.as_bytes()).chain_update([0]).chain_update(&bytes).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([bytes.as_slice(), code.as_slice()].concat())
    }

    /// The text of a seal that was made for this purpose.
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Result<String, BadToken> {
        if sealed.len() > MAX_TOKEN_CHARS {
            return Err(BadToken);
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| BadToken)?;
        let (text, code) = bytes.split_at_checked(bytes.len().saturating_sub(SEAL_BYTES)).ok_or(BadToken)?;
        let [VERSION, key_id, written @ ..] = text else { return Err(BadToken) };
        let mac = mac(self.secret(*key_id).ok_or(BadToken)?, purpose.as_bytes()).chain_update([0]).chain_update(text);
        mac.verify_slice(code).map_err(|_| BadToken)?;
        String::from_utf8(written.to_vec()).map_err(|_| BadToken)
    }

    /// What stands for a text that is not kept itself: the same text gives the same, and without the key nobody finds the text.
    pub fn fingerprint(&self, purpose: &str, text: &str) -> String {
        let whole =
            mac(&self.current.1, purpose.as_bytes()).chain_update([0]).chain_update(text).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode(whole)
    }

    /// The current key's id and ten bytes that only it can make of a purpose and a message.
    pub(crate) fn stamp(&self, purpose: &[u8], effect: EffectId) -> (u8, [u8; STAMP_BYTES]) {
        let (key_id, secret) = &self.current;
        (*key_id, stamp_of(secret, purpose, effect))
    }

    /// Ten letters and digits for a link of a text message, the same at every attempt, that nobody can guess.
    pub fn short_code(&self, effect: EffectId, link: u16) -> String {
        let (_, stamp) = self.stamp(format!("short link {link}").as_bytes(), effect);
        URL_SAFE_NO_PAD.encode(stamp).chars().filter(char::is_ascii_alphanumeric).take(10).collect()
    }

    /// Whether such bytes were made by the key of that id.
    pub(crate) fn stamped(&self, key_id: u8, purpose: &[u8], effect: EffectId, stamp: &[u8]) -> bool {
        let made = |secret: &Secret| {
            let mac = mac(secret, purpose).chain_update(effect.0.to_be_bytes());
            stamp.len() == STAMP_BYTES && mac.verify_truncated_left(stamp).is_ok()
        };
        self.secret(key_id).is_some_and(made)
    }

    /// The same for the same address, as long as the key is the same; nobody finds the address by it without the key.
    pub fn address_code(&self, address: IpAddr) -> String {
        let code = mac(&self.current.1, b"address").chain_update([0]).chain_update(address.to_canonical().to_string());
        URL_SAFE_NO_PAD.encode(code.finalize().into_bytes()).chars().take(16).collect()
    }

    fn secret(&self, id: u8) -> Option<&Secret> {
        std::iter::once(&self.current).chain(&self.former).find(|(key, _)| *key == id).map(|(_, secret)| secret)
    }
}

fn stamp_of(secret: &Secret, purpose: &[u8], effect: EffectId) -> [u8; STAMP_BYTES] {
    let whole = mac(secret, purpose).chain_update(effect.0.to_be_bytes()).finalize().into_bytes();
    std::array::from_fn(|n| whole.get(n).copied().unwrap_or_default())
}

fn mac(secret: &Secret, bytes: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes());
    // HMAC takes a key of any length; the type cannot say so.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    mac.expect("HMAC takes a key of any length").chain_update(bytes)
}

fn read(purpose: u8, rest: &[u8]) -> Result<Token, BadToken> {
    let (effect, rest) = rest.split_first_chunk::<8>().ok_or(BadToken)?;
    let (person, rest) = rest.split_first_chunk::<8>().ok_or(BadToken)?;
    let (link, target) = rest.split_first_chunk::<2>().ok_or(BadToken)?;
    let purpose = match purpose {
        b'o' => Purpose::Open,
        b'u' => Purpose::Unsubscribe,
        b't' => Purpose::StopTexts,
        b'v' => Purpose::View,
        b'w' => Purpose::Trial,
        b'r' => Purpose::Visitor,
        b'c' | b'k' | b'p' | b'q' => {
            let (parameters, target) = if matches!(purpose, b'p' | b'q') { parts(target)? } else { (&[][..], target) };
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| BadToken);
            Purpose::Click {
                link: u16::from_be_bytes(*link),
                target: text(target)?,
                parameters: text(parameters)?,
                visitor: matches!(purpose, b'k' | b'q'),
            }
        }
        _ => return Err(BadToken),
    };
    let person = Some(i64::from_be_bytes(*person)).filter(|id| *id != 0).map(PersonId);
    Ok(Token { effect: EffectId(i64::from_be_bytes(*effect)), person, purpose })
}

/// The parameters, of which at least one is there, and what is behind them.
fn parts(bytes: &[u8]) -> Result<(&[u8], &[u8]), BadToken> {
    let (length, rest) = bytes.split_first_chunk::<2>().ok_or(BadToken)?;
    let length = usize::from(u16::from_be_bytes(*length));
    rest.split_at_checked(length).filter(|_| length > 0).ok_or(BadToken)
}

/// The address `target` that tells the site who comes, in front of any fragment.
pub fn with_visitor(target: &str, token: &str) -> String {
    with_parameters(target, &format!("{VISITOR_PARAMETER}={token}"))
}

/// The address `target` with more parameters (`a=1&b=2`) behind its own, in front of any fragment.
pub fn with_parameters(target: &str, parameters: &str) -> String {
    if parameters.is_empty() {
        return target.to_owned();
    }
    let (page, fragment) = target.split_at(target.find('#').unwrap_or(target.len()));
    let sign = match page.rfind('?') {
        Some(at) if at + 1 == page.len() || page.ends_with('&') => "",
        Some(_) => "&",
        None => "?",
    };
    format!("{page}{sign}{parameters}{fragment}")
}

/// Of these parameters, each a name and an encoded value, those that `target` does not have yet (`a=1&b=2`); none where it
/// would become too long.
pub fn parameters_for(target: &str, parameters: &[(String, String)]) -> String {
    let missing = parameters.iter().filter(|(name, _)| !has_parameter(target, name));
    let all = missing.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    if target.len() + all.len() + 2 <= MAX_TARGET_BYTES { all } else { String::new() }
}

/// Whether an address has a parameter of this name, written plainly or encoded.
fn has_parameter(target: &str, name: &str) -> bool {
    let page = target.split('#').next().unwrap_or_default();
    let query = page.split_once('?').map_or("", |(_, query)| query);
    let names = query.split(['&', ';']).map(|pair| pair.split('=').next().unwrap_or_default());
    names.into_iter().any(|written| percent_decode_str(written).decode_utf8_lossy() == name)
}

/// An address as it was before it told who comes, and what it told.
pub fn without_visitor(address: &str) -> (String, Option<String>) {
    let (page, fragment) = address.split_at(address.find('#').unwrap_or(address.len()));
    let Some((path, query)) = page.split_once('?') else { return (address.to_owned(), None) };
    let mut told = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some((VISITOR_PARAMETER, token)) => told = Some(token.to_owned()),
            _ => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    match told {
        Some(_) => (format!("{path}{query}{fragment}"), told),
        None => (address.to_owned(), None),
    }
}

/// The addresses in one message: where its tokens become links.
#[derive(Debug, Clone)]
pub struct LinkMaker<'a> {
    keys: Option<&'a SigningKeys>,
    public_url: &'a str,
    effect: EffectId,
    person: Option<PersonId>,
    /// Name and encoded value of each parameter that tracked links are given.
    parameters: &'a [(String, String)],
    opens: bool,
    clicks: bool,
    hidden: bool,
}

impl<'a> LinkMaker<'a> {
    /// Links of the message `effect` to `person`, below the address at which this installation is reached.
    pub fn new(keys: &'a SigningKeys, public_url: &'a str, effect: EffectId, person: Option<PersonId>) -> Self {
        Self {
            keys: Some(keys),
            public_url: public_url.trim_end_matches('/'),
            effect,
            person,
            parameters: &[],
            opens: true,
            clicks: true,
            hidden: false,
        }
    }

    /// Links of a preview: nothing is tracked and the way out leads to the page of nobody.
    pub fn preview(public_url: &'a str) -> Self {
        let public_url = public_url.trim_end_matches('/');
        Self {
            keys: None,
            public_url,
            effect: EffectId(0),
            person: None,
            parameters: &[],
            opens: false,
            clicks: false,
            hidden: false,
        }
    }

    /// Gives tracked links these parameters, each a name and an encoded value, where they have none of the name.
    #[must_use]
    pub fn with_parameters(mut self, parameters: &'a [(String, String)]) -> Self {
        self.parameters = parameters;
        self
    }

    /// Leaves the picture out: for people who did not agree to it and emails that say so.
    #[must_use]
    pub fn without_opens(mut self) -> Self {
        self.opens = false;
        self
    }

    /// Adds a link that no person sees: whoever follows it is a machine.
    #[must_use]
    pub fn with_hidden_link(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Leaves the links as they are.
    #[must_use]
    pub fn without_clicks(mut self) -> Self {
        self.clicks = false;
        self
    }

    /// Address of the picture, where opens are tracked.
    pub fn open(&self) -> Option<String> {
        self.opens.then(|| self.url('o', Purpose::Open))
    }

    /// Address of the link that no person sees, where there is one.
    pub fn hidden_link(&self) -> Option<String> {
        let leads_to = Purpose::Click {
            link: HIDDEN_LINK,
            target: self.public_url.to_owned(),
            parameters: String::new(),
            visitor: false,
        };
        self.hidden.then(|| self.url('c', leads_to))
    }

    /// Address that stands for `target`, where clicks are tracked and the target is not too long; `visitor`: the site is told
    /// who comes. A preview tracks nothing, and leads straight to where the click would.
    pub fn click(&self, link: u16, target: &str, visitor: bool) -> Option<String> {
        let parameters = self.parameters_for(target);
        if self.keys.is_none() {
            return Some(with_parameters(target, &parameters)).filter(|_| !parameters.is_empty());
        }
        let tracked = self.clicks && target.len() <= MAX_TARGET_BYTES;
        tracked.then(|| self.url('c', Purpose::Click { link, target: target.to_owned(), parameters, visitor }))
    }

    /// What `target` is given; nothing where it would become too long.
    fn parameters_for(&self, target: &str) -> String {
        parameters_for(target, self.parameters)
    }

    /// Address of the way out.
    pub fn unsubscribe(&self) -> String {
        self.url('u', Purpose::Unsubscribe)
    }

    /// Address of the message as a web page.
    pub fn web_view(&self) -> String {
        self.url('v', Purpose::View)
    }

    fn url(&self, route: char, purpose: Purpose) -> String {
        let public_url = self.public_url;
        match self.keys {
            Some(keys) => {
                let token = keys.sign(&Token { effect: self.effect, person: self.person, purpose });
                format!("{public_url}/t/{route}/{token}")
            }
            None => format!("{public_url}/t/{route}/{PREVIEW}"),
        }
    }
}

#[cfg(test)]
#[path = "tracking_tests.rs"]
mod tests;
