//! What leaves the installation as a whole: holding it, letting it go again; the domains that mail is sent from.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::deliver::{self, DnsRecord, DomainCheck, DomainKey, RecordCheck};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::{Caller, Permission};
use crate::http::{Answer, Done, Json, Operations, Path, Problem};

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
        .get(
            "/api/v1/delivery/domains/{key}/keys",
            Permission::ReadDefinitions,
            keys,
            "The signing keys of a sending domain, with what must stand in the DNS for each",
        )
        .post(
            "/api/v1/delivery/domains/{key}/keys",
            Permission::WriteChannels,
            make_key,
            "Make a new signing key; it does not sign yet",
        )
        .post(
            "/api/v1/delivery/domains/{key}/keys/{selector}/sign",
            Permission::WriteChannels,
            sign,
            "Let a signing key sign from now on; refused as long as it is not found in the DNS",
        )
        .delete(
            "/api/v1/delivery/domains/{key}/keys/{selector}",
            Permission::WriteChannels,
            forget_key,
            "Forget a signing key that was made here and does not sign",
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

/// The signing keys of a sending domain.
#[derive(Debug, Serialize, JsonSchema)]
struct DomainKeys {
    /// Those that sign, then those that wait.
    items: Vec<DomainKey>,
}

/// A signing key to be made.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct NewDomainKey {
    /// Under which receivers find it; left out: the next free one, `c1`, `c2` …
    #[schemars(length(min = 1, max = 40))]
    selector: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct DomainKeyPath {
    /// Key of the sending domain.
    key: String,
    /// Selector of the signing key.
    selector: String,
}

async fn keys(State(state): State<ApiState>, Path(path): Path<DomainPath>) -> Result<Answer<DomainKeys>, Problem> {
    let items = state.blocking(move |engine| Ok(deliver::domain_keys(engine, &path.key)?)).await?;
    Ok(Answer::of(DomainKeys { items }))
}

async fn make_key(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<DomainPath>,
    Json(new): Json<NewDomainKey>,
) -> Result<Answer<DomainKey>, Problem> {
    let random = state.random.clone();
    let made = state.blocking(move |engine| {
        Ok(deliver::make_domain_key(engine, &random, &path.key, new.selector.as_deref(), &caller.actor)?)
    });
    Ok(Answer::of(made.await?))
}

async fn sign(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<DomainKeyPath>,
) -> Result<Answer<RecordCheck>, Problem> {
    let Some(systems) = state.systems.clone() else {
        return Err(Problem::not_found("no_dns", "A DNS to ask from here"));
    };
    let signs = state.blocking(move |_| Ok(systems.sign_with(&path.key, &path.selector, &caller.actor)?));
    Ok(Answer::of(signs.await?))
}

async fn forget_key(State(state): State<ApiState>, Path(path): Path<DomainKeyPath>) -> Result<Done, Problem> {
    state.blocking(move |engine| Ok(deliver::forget_domain_key(engine, &path.key, &path.selector)?)).await?;
    Ok(Done::default())
}

async fn held(State(state): State<ApiState>) -> Result<Answer<Hold>, Problem> {
    state.read(|s| Ok(Answer::of(Hold { held: deliver::is_held(s)? }))).await
}

async fn hold(State(state): State<ApiState>, Json(hold): Json<Hold>) -> Result<Answer<Hold>, Problem> {
    state.blocking(move |engine| Ok(deliver::hold_all(engine, hold.held)?)).await?;
    Ok(Answer::of(hold))
}
