//! Secrets: how they are drawn, and what of them is stored.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caravan_model::Random;
use sha2::{Digest, Sha256};

/// 19 MiB, two passes, one lane: the least that OWASP's password storage sheet asks for Argon2id, about 20 ms here.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Letters and digits that nobody takes for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A token of 256 random bits.
pub fn new_secret(random: &Random) -> String {
    URL_SAFE_NO_PAD.encode(random.bytes::<32>())
}

/// A password of 100 random bits that can be read out: four groups of five.
pub fn new_password(random: &Random) -> String {
    let drawn = random.bytes::<20>();
    let letters: Vec<u8> = drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).copied()).collect();
    letters.chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

/// What is stored of a token. Tokens are random, so a fast hash without salt is enough.
pub fn fingerprint(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

/// What is stored of a password.
pub fn hash_password(random: &Random, password: &str) -> Result<String, argon2::password_hash::Error> {
    let salt = SaltString::encode_b64(&random.bytes::<16>())?;
    Ok(hasher()?.hash_password(password.as_bytes(), &salt)?.to_string())
}

/// Whether this is the password that was hashed. Without a hash (no such user) it takes as long and says no.
pub fn password_matches(password: &str, stored: Option<&str>) -> bool {
    let known = stored.is_some();
    let hash = stored.unwrap_or(NOBODY);
    let (Ok(hash), Ok(hasher)) = (PasswordHash::new(hash), hasher()) else { return false };
    hasher.verify_password(password.as_bytes(), &hash).is_ok() && known
}

fn hasher() -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A hash of the same cost that belongs to nobody.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$lYIuh0aDGCfDIgPd0d3lWfLmQYCe8QFJcF9u4HmgRjM";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_and_no_other() {
        let random = Random::seeded(1);
        let password = new_password(&random);
        let hash = hash_password(&random, &password).expect("it is hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password_matches(&password, Some(&hash)));
        assert!(!password_matches("another", Some(&hash)));
        assert!(!password_matches(&password, None));
        assert!(!password_matches(&password, Some("damaged")));
    }

    #[test]
    fn the_hash_of_nobody_can_be_verified_against_and_so_takes_its_time() {
        assert!(PasswordHash::new(NOBODY).is_ok_and(|hash| hash.hash.is_some() && hash.salt.is_some()));
    }

    #[test]
    fn what_is_stored_of_a_token_is_not_the_token() {
        let token = new_secret(&Random::seeded(2));
        assert_eq!(token.len(), 43);
        assert_ne!(fingerprint(&token), token);
        assert_eq!(fingerprint(&token), fingerprint(&token));
    }
}
