//! Connectors against real servers, or against fakes that check every request.

mod aep;
mod buckets;
mod consent;
mod dns;
mod hostile_imap_server;
mod linkedin;
mod mailbox_tokens;
mod marketo;
mod real_imap_server;
mod real_smtp_server;
mod returned_corpus;
mod spam_filter;
