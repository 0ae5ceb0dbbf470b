//! Answers of external services, posted as soon as a call was accepted.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use super::Systems;
use crate::fakes::Service;
use crate::fakes::service::Accepted;
use crate::http::post_json;

/// How often it is looked for calls.
const EVERY: Duration = Duration::from_millis(500);
/// What the services find out, one after the other.
const SECTORS: [(&str, i64, &str); 3] =
    [("Software", 85, "gold"), ("Logistics", 55, "silver"), ("Retail", 20, "bronze")];

/// Answers until it goes.
pub struct Answers {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Answers {
    pub fn start(systems: Arc<Systems>, caravan: String) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            let mut answered = HashSet::new();
            while !told.load(Ordering::Relaxed) {
                answer_all(&systems.enrichment, &caravan, &mut answered);
                answer_all(&systems.routing, &caravan, &mut answered);
                thread::park_timeout(EVERY);
            }
        });
        Self { ends, thread: Some(thread) }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            thread.join().ok();
        }
    }
}

/// What Caravan does not take now is answered again the next time.
fn answer_all(service: &Service, caravan: &str, answered: &mut HashSet<String>) {
    for (n, call) in service.accepted().iter().enumerate() {
        let token = call.token().to_owned();
        if answered.contains(&token) {
            continue;
        }
        let (sector, score, tier) = SECTORS[n % SECTORS.len()];
        let body = service.success(call, json!({"sector": sector}), json!({"score": score, "tier": tier}));
        match post_json(caravan, path_of(call), &[("X-Callback-Token", &token)], &body.to_string()) {
            Ok((status, _)) if status < 500 => {
                answered.insert(token);
            }
            Ok((status, text)) => eprintln!("Caravan does not take an answer now ({status}): {text}"),
            Err(error) => eprintln!("An answer does not reach Caravan at {caravan}: {error}"),
        }
    }
}

/// The callback's path: the host in front of it is the public one, which leads nowhere here.
fn path_of(call: &Accepted) -> &str {
    let url = call.body["callbackUrl"].as_str().unwrap_or_default();
    let after_host = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_host.find('/').map_or("/", |slash| &after_host[slash..])
}
