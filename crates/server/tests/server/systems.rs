//! Other systems while the process that speaks to them is killed without warning: what they hold at the end is what the
//! journeys should have caused. The binary, the stores and the kills are real, the other systems are fakes that check every
//! request.

mod by_hand;
mod commands;
mod killed;
mod killed_audiences;
mod killed_calls;
mod killed_webhooks;
mod over_http;
mod place;
