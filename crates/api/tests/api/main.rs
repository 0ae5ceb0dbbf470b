//! The API through its real router, over a real store.

mod access;
mod activities;
mod administration;
mod columns;
mod comments;
mod connections;
mod consent;
mod content_rights;
mod customers;
mod definitions;
mod documentation;
mod exports;
mod groups;
mod journeys;
mod links;
mod mailing;
mod members;
mod pictures;
mod problems;
mod protocol;
mod records;
mod sorting;
mod support;
mod text_answers;
