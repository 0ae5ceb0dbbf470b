//! Envelope senders and opt-out addresses that say which message they belong to (VERP): a report that comes back to
//! `b+TOKEN@bounce.acme.example` is about one message, whatever else it says.
//!
//! The token is a key id, the number of the message and ten bytes of a signature over both and the purpose, in letters
//! and digits of one case: some servers change the case of addresses.

use caravan_model::EffectId;

use crate::tracking::SigningKeys;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Reports about delivery.
    Bounce,
    /// Whoever writes to it opts out.
    OptOut,
}

impl Returns {
    fn letter(self) -> char {
        match self {
            Self::Bounce => 'b',
            Self::OptOut => 'u',
        }
    }

    /// The address of a message.
    pub fn address(self, keys: &SigningKeys, effect: EffectId, domain: &str) -> String {
        let (key_id, stamp) = keys.stamp(self.purpose(), effect);
        let bytes: Vec<u8> = std::iter::once(key_id).chain(effect.0.to_be_bytes()).chain(stamp).collect();
        format!("{}+{}@{domain}", self.letter(), encode(&bytes))
    }

    fn purpose(self) -> &'static [u8] {
        match self {
            Self::Bounce => b"verp bounce",
            Self::OptOut => b"verp opt-out",
        }
    }
}

/// Which message an address belongs to; none for one that was not made here.
pub fn read(keys: &SigningKeys, address: &str) -> Option<(Returns, EffectId)> {
    let (local, _) = address.split_once('@')?;
    let (letter, token) = local.split_once('+')?;
    let returns = [Returns::Bounce, Returns::OptOut]
        .into_iter()
        .find(|r| letter.eq_ignore_ascii_case(&r.letter().to_string()))?;
    let bytes = decode(token)?;
    let (key_id, rest) = bytes.split_first()?;
    let (effect, stamp) = rest.split_first_chunk::<8>()?;
    let effect = EffectId(i64::from_be_bytes(*effect));
    keys.stamped(*key_id, returns.purpose(), effect, stamp).then_some((returns, effect))
}

fn encode(bytes: &[u8]) -> String {
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte & (0x80 >> (n % 8)) != 0);
    let five = |n: usize| (0..5).fold(0, |all, i| all << 1 | usize::from(bit(n * 5 + i)));
    (0..(bytes.len() * 8).div_ceil(5)).filter_map(|n| ALPHABET.get(five(n)).map(|&c| char::from(c))).collect()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bits = Vec::with_capacity(text.len() * 5);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|c| *c == character.to_ascii_lowercase())?;
        bits.extend((0..5).rev().map(|i| value >> i & 1 == 1));
    }
    let byte = |bits: &[bool]| bits.iter().fold(0_u8, |all, bit| all << 1 | u8::from(*bit));
    Some(bits.chunks_exact(8).map(byte).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::Secret;

    fn keys() -> SigningKeys {
        SigningKeys::new(7, Secret::new("a secret of this installation"))
    }

    #[test]
    fn an_address_says_which_message_it_belongs_to_in_any_case() {
        for effect in [EffectId(1), EffectId(i64::MAX)] {
            for returns in [Returns::Bounce, Returns::OptOut] {
                let address = returns.address(&keys(), effect, "bounce.acme.example");
                assert!(address.split('@').next().is_some_and(|local| local.len() <= 64), "{address}");
                assert_eq!(read(&keys(), &address), Some((returns, effect)));
                assert_eq!(read(&keys(), &address.to_uppercase()), Some((returns, effect)));
            }
        }
    }

    #[test]
    fn an_address_that_was_changed_or_made_elsewhere_says_nothing() {
        let address = Returns::Bounce.address(&keys(), EffectId(41), "bounce.acme.example");
        assert_eq!(read(&keys(), &address.replacen('b', "u", 1)), None, "for another purpose");
        assert_eq!(read(&SigningKeys::new(7, Secret::new("other")), &address), None);
        for at in 2..address.find('@').expect("an address") - 1 {
            let mut changed = address.clone().into_bytes();
            changed[at] = if changed[at] == b'a' { b'c' } else { b'a' };
            assert_eq!(read(&keys(), &String::from_utf8(changed).expect("text")), None, "at {at}");
        }
        for foreign in ["", "b+@x", "b+!!@x", "news@acme.example", "b+aaaa@x"] {
            assert_eq!(read(&keys(), foreign), None, "{foreign}");
        }
    }
}
