//! Whether an address can be written to.

use lettre::Address;

/// Why an address cannot be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressProblem {
    /// There is none.
    #[error("there is no address")]
    Missing,
    /// It is not of the form `name@domain`.
    #[error("the address is not of the form name@domain")]
    Invalid,
}

impl AddressProblem {
    /// Stable, `snake_case`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "email_missing",
            Self::Invalid => "email_invalid",
        }
    }
}

/// Reads an address as mail leaves for it: trimmed, the domain in the form that the wire knows (`xn--…`).
///
/// Names before the `@` beyond ASCII are kept; a server that cannot take them refuses them at delivery.
pub fn check_address(written: &str) -> Result<Address, AddressProblem> {
    let written = written.trim();
    if written.is_empty() {
        return Err(AddressProblem::Missing);
    }
    // Names in quotes are legal and nobody has one; refusing them keeps every special character out.
    if written.len() > 320 || written.chars().any(|c| c.is_control() || c.is_whitespace() || "\"<>,;".contains(c)) {
        return Err(AddressProblem::Invalid);
    }
    let address: Address = written.parse().map_err(|_| AddressProblem::Invalid)?;
    let domain = idna::domain_to_ascii(address.domain()).map_err(|_| AddressProblem::Invalid)?;
    Address::new(address.user(), domain).map_err(|_| AddressProblem::Invalid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_or_refused() {
        let read = |written: &str| check_address(written).map(|address| address.to_string());
        assert_eq!(read(" ada@acme.example "), Ok("ada@acme.example".into()));
        assert_eq!(read("ada+x@bücher.example"), Ok("ada+x@xn--bcher-kva.example".into()));
        assert_eq!(read("jürgen@acme.example"), Ok("jürgen@acme.example".into()));
        assert_eq!(read("  "), Err(AddressProblem::Missing));
        for bad in
            ["ada", "@acme.example", "ada@", "a b@acme.example", "ada@acme.example\r\nBcc: x@y.example", "a@@b.example"]
        {
            assert_eq!(read(bad), Err(AddressProblem::Invalid), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_address_that_is_read_can_break_a_line(written in ".{0,60}@.{0,40}") {
            if let Ok(address) = check_address(&written) {
                let bytes = address.to_string();
                prop_assert!(!bytes.contains(['\r', '\n', '\0', '<', '>', ',']), "{}", bytes);
            }
        }
    }
}
