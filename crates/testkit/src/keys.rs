//! Private keys for signatures in tests, as PEM; they sign nothing else.

/// RSA, 2,048 bits.
pub const RSA_2048: &str = include_str!("../keys/rsa2048.pem");

/// Ed25519.
pub const ED25519: &str = include_str!("../keys/ed25519.pem");
