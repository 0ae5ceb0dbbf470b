//! `caravan demo`: a server on a fresh store that is alive from the first moment.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use caravan_api::{ApiState, access};
use caravan_model::Random;
use caravan_store::{StoreError, documents};
use serde_json::json;

use super::Context;
use crate::config::{Common, Settings};
use crate::demo::Demo;
use crate::failure::{Done, Failure, Outcome};
use crate::mail::Caught;
use crate::wiring::Running;
use crate::{report, web};

/// Who signs in.
const EMAIL: &str = "demo@brightwater.example";
/// How long the first mail may take before the address is printed all the same.
const PATIENCE: Duration = Duration::from_secs(15);

/// What `demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

/// The settings of a demo: the store that the options name, never the one that the environment names.
pub fn settings(common: &Common, args: &Args) -> Result<Settings, Failure> {
    let mut common = common.clone();
    if common.data.is_none() && common.database.is_none() {
        common.data = Some(temporary());
    }
    Settings::read(&common, args.listen.as_deref())
}

fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("caravan-demo-{}", std::process::id()))
}

pub fn run(context: &Context) -> Outcome {
    let outcome = show(context);
    // Only there when no option named another place.
    std::fs::remove_dir_all(temporary()).ok();
    outcome
}

fn show(context: &Context) -> Outcome {
    let settings = &context.settings;
    // Nothing leaves this machine, not even a question.
    let running = Running::begin(settings)?.without_dns();
    if !running.engine.store().read(|s| Ok::<_, StoreError>(documents::all(s)?.is_empty()))? {
        let message = format!("{} is in use already; the demo needs a fresh store. Leave --data out.", settings.place);
        return Err(Failure::usage("store_not_fresh", message));
    }
    let (listener, address) = web::bind(settings.listen)?;
    let url = settings.public_url.clone().unwrap_or_else(|| web::url_of(address));
    let demo = Demo::furnish(&running)?;
    let password = access::add_user(running.engine.store(), &Random::System, EMAIL, "administrator")
        .map_err(anyhow::Error::from)?;
    let mut state = ApiState::new(running.engine.clone(), Random::System, &url);
    state.demo = true;
    state.signing = Some(running.signing.clone());
    state.fetch = Some(running.fetch());
    state.systems = Some(running.systems());
    state.dispatcher = Some(Arc::new(running.dispatcher(&url)));
    state.mail = Some(Arc::new(Caught(Arc::clone(&demo.catcher))));
    state.metrics = Some(web::metrics()?);
    let loops = running.start(&url)?;
    demo.wait_for_mail(PATIENCE);
    announce(context, &demo, &url, &password)?;
    let visitors = demo.visit(&running)?;
    running.sockets.block_on(web::serve(listener, caravan_api::router(state)))?;
    drop(loops);
    // A visitor that panicked has logged why.
    visitors.join().ok();
    Ok(Done::All)
}

fn announce(context: &Context, demo: &Demo, url: &str, password: &str) -> std::io::Result<()> {
    if context.json {
        return report::compact(&json!({ "url": url, "email": EMAIL, "password": password }));
    }
    report::text(&format!(
        "\nThe Caravan demo is at {url}\n\n  email     {EMAIL}\n  password  {password}\n\n\
         {} accounts and {} people travel through three live journeys, and more join.\n\
         Mail is caught (see Caught mail in the app); nothing leaves this machine.\n\
         Ctrl+C stops the demo.\n\n",
        demo.crowd.accounts,
        demo.crowd.people(),
    ))
}
