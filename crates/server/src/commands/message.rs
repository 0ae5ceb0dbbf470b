//! `caravan message …`: emails and text messages as somebody would get them, shown or sent to those who look them over.

use caravan_engine::content::{PreviewRequest, preview_email, preview_text, text_of};
use caravan_engine::deliver::{Dispatcher, Proofed};
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{report, web, wiring};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Show a message as a person would get it
    Preview(Preview),
    /// Send a message, as a person would get it, to those who look it over; it leaves no trace
    Proof(Proof),
}

/// Which message, and as whom.
#[derive(Debug, clap::Args)]
pub struct Preview {
    /// email or sms
    kind: Kind,
    /// Key of the message
    key: String,
    /// Key of the person; left out: a person of whom nothing is known
    #[arg(long, value_name = "KEY")]
    person: Option<String>,
    /// Key of the account; left out: the person's first
    #[arg(long, value_name = "KEY")]
    account: Option<String>,
    /// Key of the journey whose values `my` names
    #[arg(long, value_name = "KEY")]
    journey: Option<String>,
}

/// Who looks it over.
#[derive(Debug, clap::Args)]
pub struct Proof {
    #[command(flatten)]
    message: Preview,
    /// Address, or number in international form; several times for several
    #[arg(long, required = true, value_name = "ADDRESS")]
    to: Vec<String>,
    /// Number or sender id that a text message comes from; left out: the connection's own
    #[arg(long, value_name = "SENDER")]
    sender: Option<String>,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    Email,
    Sms,
}

impl Preview {
    fn request(&self) -> PreviewRequest {
        PreviewRequest {
            person: self.person.clone(),
            account: self.account.clone(),
            journey: self.journey.clone(),
            ..PreviewRequest::default()
        }
    }
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    match verb {
        Verb::Preview(asked) => preview(context, asked),
        Verb::Proof(asked) => proof(context, asked),
    }
}

fn public_url(context: &Context) -> String {
    context.settings.public_url.clone().unwrap_or_else(|| web::url_of(context.settings.listen))
}

fn preview(context: &Context, asked: &Preview) -> Outcome {
    let engine = context.engine()?;
    match asked.kind {
        Kind::Email => {
            let shown = preview_email(&engine, &asked.key, &asked.request(), &public_url(context))
                .map_err(Failure::refused)?
                .shown;
            match context.json {
                true => report::json(&shown)?,
                false => report::line(format!("Subject: {}\n\n{}", shown.subject, shown.text.trim_end()))?,
            }
        }
        Kind::Sms => {
            let shown =
                preview_text(&engine, &asked.key, &asked.request(), &public_url(context)).map_err(Failure::refused)?;
            match context.json {
                true => report::json(&shown)?,
                false => report::line(&shown.text)?,
            }
        }
    }
    Ok(Done::All)
}

fn proof(context: &Context, asked: &Proof) -> Outcome {
    let engine = context.engine()?;
    let sockets = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    let url = public_url(context);
    let dispatcher = wiring::dispatcher(&engine, &sockets, &context.settings, &url)?;
    let sends = sender_of(&engine, &dispatcher, asked, &url)?;
    let mut all_sent = true;
    for to in &asked.to {
        let Proofed { to, outcome, message, size } = sends(to)?;
        let sent = message.is_none();
        all_sent &= sent;
        match context.json {
            true => report::compact(&json!({"to": to, "outcome": outcome, "message": message, "size": size}))?,
            false => {
                let mark = if sent { "ok  " } else { "BAD " };
                report::line(format!("{mark}  {to:<30}{}", message.as_deref().unwrap_or(outcome)))?;
            }
        }
    }
    if all_sent { Ok(Done::All) } else { Err(Failure::Reported) }
}

/// Sends one proof.
type Sends<'a> = Box<dyn Fn(&str) -> Result<Proofed, Failure> + 'a>;

/// The message, made once for everybody who looks it over.
fn sender_of<'a>(
    engine: &caravan_engine::Engine,
    dispatcher: &'a Dispatcher,
    asked: &'a Proof,
    url: &str,
) -> Result<Sends<'a>, Failure> {
    let Preview { kind, key, .. } = &asked.message;
    Ok(match kind {
        Kind::Email => {
            let made = preview_email(engine, key, &asked.message.request(), url).map_err(Failure::refused)?;
            let (bytes, unoptimized) = (made.shown.bytes, made.shown.bytes_unoptimized);
            Box::new(move |to| Ok(dispatcher.proof(&made.connection, &made.rendered, to)?.sized(bytes, unoptimized)))
        }
        Kind::Sms => {
            let made = text_of(engine, key, &asked.message.request()).map_err(Failure::refused)?;
            Box::new(move |to| Ok(dispatcher.proof_text(&made, asked.sender.as_deref(), to)?))
        }
    })
}
