//! The real binary, and the router together with everything behind it.

#[allow(dead_code, reason = "it serves the tests of the API as well")]
#[path = "../../../api/tests/api/support.rs"]
mod api;
mod bench;
mod callbacks;
mod consent;
mod content_over_http;
mod definitions;
mod diff;
mod documentation;
mod imports;
mod moving;
mod scenarios;
mod serving;
mod support;
mod systems;
mod walk;
mod way_out;
