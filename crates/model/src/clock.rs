//! The one place where time comes from.
//!
//! Nothing else in Caravan reads the wall clock (`clippy.toml` refuses it), so that the same code runs a live journey
//! and a simulation years ahead, and every failure can be replayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Instants are stored as microseconds since the epoch.
pub fn to_micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The instant of a stored number of microseconds; clamped to what a timestamp can hold.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// An instant in a sentence for people: RFC 3339 in UTC, to the second. The app tells it in the zone of whoever reads.
pub fn told(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Where time comes from. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock (on PostgreSQL a step uses the database's).
    System,
    /// A clock that is moved by hand: simulations and tests.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(to_micros(at))))
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the wall clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            // Whole microseconds: what is stored reads back as the same instant.
            Self::System => from_micros(Timestamp::now().as_microsecond()),
            Self::Manual(at) => from_micros(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock to `at`, never backwards. A system clock is left alone.
    pub fn advance_to(&self, at: Timestamp) {
        if let Self::Manual(now) = self {
            now.fetch_max(to_micros(at), Ordering::SeqCst);
        }
    }

    /// Whether this clock is moved by hand.
    pub fn is_manual(&self) -> bool {
        matches!(self, Self::Manual(_))
    }
}
