//! `caravan user` and `caravan token`: who may use this installation. Secrets are printed once and stored as hashes.

use caravan_api::access::{self, AccessError};
use caravan_model::Random;
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::report;

/// What is done to users.
#[derive(Debug, clap::Subcommand)]
pub enum UserVerb {
    /// Add a user; prints the password once
    Add {
        /// Signs in with this
        email: String,
        /// administrator, journey_manager, channel_manager, sales, viewer, or the key of an access role
        #[arg(long)]
        role: String,
    },
    /// Give a user a new password and end all their sessions; prints it once
    Reset {
        /// Whose
        email: String,
    },
}

/// What is done to tokens.
#[derive(Debug, clap::Subcommand)]
pub enum TokenVerb {
    /// Make a token for programs; prints it once
    Create {
        /// What it is for
        name: String,
        /// administrator, journey_manager, channel_manager, sales, viewer, or the key of an access role
        #[arg(long)]
        role: String,
    },
}

pub fn user(context: &Context, verb: &UserVerb) -> Outcome {
    let store = context.engine()?.store().clone();
    let (email, password) = match verb {
        UserVerb::Add { email, role } => (email, access::add_user(&store, &Random::System, email, role)),
        UserVerb::Reset { email } => (email, access::reset_user(&store, &Random::System, email)),
    };
    let password = password.map_err(failure)?;
    if context.json {
        report::json(&json!({ "email": email, "password": password }))?;
    } else {
        report::line(format!("{email} signs in with {password}"))?;
        eprintln!("It is shown this once.");
    }
    Ok(Done::All)
}

pub fn token(context: &Context, verb: &TokenVerb) -> Outcome {
    let TokenVerb::Create { name, role } = verb;
    let store = context.engine()?.store().clone();
    let token = access::create_token(&store, &Random::System, name, role).map_err(failure)?;
    if context.json {
        report::json(&json!({ "name": name, "token": token }))?;
    } else {
        report::line(token)?;
        eprintln!("It is shown this once. Send it as `Authorization: Bearer …`.");
    }
    Ok(Done::All)
}

fn failure(error: AccessError) -> Failure {
    match error {
        AccessError::BadEmail(_) | AccessError::BadName(_) | AccessError::UnknownRole(..) => {
            Failure::usage(error.code(), format!("{error}."))
        }
        AccessError::Store(error) => error.into(),
        other => Failure::Failed(anyhow::anyhow!("{other}")),
    }
}
