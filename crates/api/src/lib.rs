//! The counter: axum routes (one file per group of operations), OpenAPI, sign-in, the event stream, the embedded app.
//!
//! Never SQL text, never a rule of the domain: operations read the store, ask the engine and shape the answer.

pub mod access;
mod accounts;
mod activities;
mod administration;
mod app;
mod attribute_columns;
mod catalogue;
mod comments;
mod conditions;
mod connections;
mod consent_records;
mod consents;
mod content;
mod crm;
mod delivery;
mod dmarc;
mod documents;
mod drafts;
mod exports;
mod fields;
mod figures;
mod fronts;
mod groups;
mod health;
mod history;
mod hooks;
mod http;
mod imports;
mod journeys;
mod kinds;
pub mod mail;
mod mail_by_hand;
mod manifests;
mod members;
mod merge;
mod notifications;
mod openapi;
mod people;
mod pictures;
mod problems;
mod records;
mod retention;
mod router;
mod samples;
mod schedules;
mod session;
mod simulations;
mod state;
mod stream;
mod subject;
mod suppressions;
mod systems;
mod text_answers;
mod tracking;
mod webhooks;

pub use http::problem::Problem;
pub use mail::MailCatcher;
pub use router::{openapi_document, router};
pub use state::{ApiState, Fetch};

use http::Operations;

/// Every operation there is, group by group.
fn operations() -> Operations {
    [
        journeys::operations(),
        drafts::operations(),
        simulations::operations(),
        stream::operations(),
        documents::operations(),
        comments::operations(),
        manifests::operations(),
        catalogue::operations(),
        kinds::operations(),
        accounts::operations(),
        people::operations(),
        consent_records::operations(),
        fields::operations(),
        conditions::operations(),
        members::operations(),
        merge::operations(),
        records::operations(),
        suppressions::operations(),
        groups::operations(),
        mail_by_hand::operations(),
        crm::operations(),
        imports::operations(),
        exports::operations(),
        notifications::operations(),
        schedules::operations(),
        samples::operations(),
        activities::operations(),
        tracking::operations(),
        problems::operations(),
        text_answers::operations(),
        content::operations(),
        pictures::operations(),
        delivery::operations(),
        dmarc::operations(),
        figures::operations(),
        hooks::operations(),
        connections::operations(),
        systems::operations(),
        consents::operations(),
        webhooks::operations(),
        mail::operations(),
        administration::operations(),
        retention::operations(),
        health::operations(),
        openapi::own_operations(),
    ]
    .into_iter()
    .fold(session::operations(), Operations::and)
}
