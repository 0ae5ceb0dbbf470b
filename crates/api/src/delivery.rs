//! What leaves the installation as a whole: holding it, letting it go again; the domains that mail is sent from.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::deliver::{self, DnsRecord, DomainCheck};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission;
use crate::http::{Answer, Json, Operations, Path, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Delivery")
        .get("/api/v1/delivery/hold", Permission::ReadDefinitions, held, "Whether everything that would leave is held")
        .put(
            "/api/v1/delivery/hold",
            Permission::WriteChannels,
            hold,
            "Hold everything that would leave, or let it go again; nothing is lost",
        )
        .get(
            "/api/v1/delivery/domains/{key}",
            Permission::ReadDefinitions,
            domain,
            "What must stand in the DNS for a sending domain",
        )
        .get(
            "/api/v1/delivery/domains/{key}/check",
            Permission::ReadDefinitions,
            last_check,
            "What was found when a sending domain was last looked up in the DNS",
        )
        .post(
            "/api/v1/delivery/domains/{key}/check",
            Permission::WriteChannels,
            check,
            "Look a sending domain up in the DNS: signatures, return path, policy; each with what was found and what to do",
        )
}

/// Whether everything that would leave is held: messages and calls stay queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Hold {
    /// True: nothing leaves.
    held: bool,
}

#[derive(Deserialize, JsonSchema)]
struct DomainPath {
    /// Key of the sending domain.
    key: String,
}

/// What must stand in the DNS.
#[derive(Debug, Serialize, JsonSchema)]
struct DnsRecords {
    /// The records.
    records: Vec<DnsRecord>,
}

async fn domain(State(state): State<ApiState>, Path(path): Path<DomainPath>) -> Result<Answer<DnsRecords>, Problem> {
    let key = path.key;
    let records = state.blocking(move |engine| match deliver::dns_records(engine, &key)? {
        None => Err(Problem::not_found("unknown_sending_domain", format!("The sending domain `{key}`"))),
        Some(Err(why)) => Err(Problem::new(StatusCode::CONFLICT, "dkim_key_unusable", why)),
        Some(Ok(records)) => Ok(records),
    });
    Ok(Answer::of(DnsRecords { records: records.await? }))
}

async fn check(State(state): State<ApiState>, Path(path): Path<DomainPath>) -> Result<Answer<DomainCheck>, Problem> {
    let Some(systems) = state.systems.clone() else {
        return Err(Problem::not_found("no_dns", "A DNS to ask from here"));
    };
    Ok(Answer::of(state.blocking(move |_| Ok(systems.check_domain(&path.key)?)).await?))
}

async fn last_check(
    State(state): State<ApiState>,
    Path(path): Path<DomainPath>,
) -> Result<Answer<DomainCheck>, Problem> {
    let key = path.key;
    let found = state.blocking(move |engine| {
        let never = || format!("A check of the sending domain `{key}`");
        deliver::last_check(engine, &key)?.ok_or_else(|| Problem::not_found("never_checked", never()))
    });
    Ok(Answer::of(found.await?))
}

async fn held(State(state): State<ApiState>) -> Result<Answer<Hold>, Problem> {
    state.read(|s| Ok(Answer::of(Hold { held: deliver::is_held(s)? }))).await
}

async fn hold(State(state): State<ApiState>, Json(hold): Json<Hold>) -> Result<Answer<Hold>, Problem> {
    state.blocking(move |engine| Ok(deliver::hold_all(engine, hold.held)?)).await?;
    Ok(Answer::of(hold))
}
