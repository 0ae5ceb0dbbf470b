//! What journeys are made of, as the app's palette and forms need it.
