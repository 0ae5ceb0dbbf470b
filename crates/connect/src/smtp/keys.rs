//! New signing keys. They are only drawn here; what signs is `dkim`.

use caravan_model::Random;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::rand_core::{CryptoRng, Error, RngCore};

use crate::connector::Secret;

/// Mailbox providers ask for at least 1024 and advise 2048; longer public keys do not fit into one piece of a DNS record.
const BITS: usize = 2048;

/// A new RSA key to sign mail with, in PEM form (PKCS #8).
///
/// # Errors
/// Why none could be drawn, for people.
pub fn new_signing_key(random: &Random) -> Result<Secret, String> {
    let why = |error: &dyn std::fmt::Display| format!("no key could be made: {error}");
    let key = RsaPrivateKey::new(&mut Drawn(random), BITS).map_err(|error| why(&error))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| why(&error))?;
    Ok(Secret::new(pem.as_str()))
}

/// Our randomness as the library asks for it.
struct Drawn<'a>(&'a Random);

impl RngCore for Drawn<'_> {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.0.bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.0.bytes())
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for piece in dest.chunks_mut(32) {
            let drawn: [u8; 32] = self.0.bytes();
            piece.copy_from_slice(drawn.split_at(piece.len()).0);
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Drawn<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::Signer;

    #[test]
    fn a_new_key_signs_and_is_never_drawn_twice() {
        let random = Random::seeded(7);
        let record = |key: Secret| {
            let signer = Signer::new("acme.example", &[("c1".to_owned(), key)]).expect("it signs");
            signer.records().remove(0).1
        };
        let (one, other) = (record(new_signing_key(&random).unwrap()), record(new_signing_key(&random).unwrap()));
        assert!(one.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"), "{one}");
        assert_ne!(one, other);
    }
}
