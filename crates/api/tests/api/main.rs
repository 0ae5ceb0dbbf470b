//! The API through its real router, over a real store.

mod access;
mod definitions;
mod documentation;
mod protocol;
mod support;
