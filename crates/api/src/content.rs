//! Content while it is written: what stands against it, what a person would get, proofs, and bringing it into journeys
//! that run.

use std::sync::Arc;

use axum::extract::State;
use caravan_engine::Engine;
use caravan_engine::content::{
    self, LongestText, Made, MailKind, Preview, PreviewRequest, Propagated, TextPreview, longest_text, preview_email,
    preview_mail, preview_text, text_of,
};
use caravan_engine::definitions;
use caravan_engine::deliver::{Dispatcher, Proofed, SpamReport};
use caravan_model::Finding;
use caravan_model::document::{Body, DocumentKind};
use caravan_model::template::FILTERS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::access::{Caller, Permission};
use crate::documents::permission_to_write;
use crate::http::{Answer, Json, Operations, Path, Problem, Query};

/// Addresses that one proof may go to.
const MOST_PROOFS: usize = 10;

/// Why somebody sends no proof to an address.
const OUTSIDE: &str = "The address lies outside of the organisation's own domains, which takes the permission proofs:outside. Ask an administrator.";

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Content")
        .get("/api/v1/filters", Permission::ReadDefinitions, filters, "The filters of templates, with examples")
        .post(
            "/api/v1/content/findings",
            Permission::ReadDefinitions,
            findings,
            "What stands against a manifest of content, errors and warnings; nothing is saved",
        )
        .and(preview_of(
            MailKind::Email,
            "An email as a person would get it; as a person or account takes customers:read",
        ))
        .and(preview_of(
            MailKind::Template,
            "A template as an email that begins with it would be; takes what that of an email does",
        ))
        .and(preview_of(
            MailKind::Fragment,
            "A fragment as it would be in an email; takes what the preview of an email does",
        ))
        .post(
            "/api/v1/sms_messages/{key}/preview",
            Permission::ReadDefinitions,
            text,
            "A text message as a person would get it; as a person or account takes customers:read",
        )
        .post(
            "/api/v1/sms_messages/{key}/longest",
            Permission::ReadCustomers,
            longest,
            "How long a text message gets with the longest values that people have",
        )
        .post(
            "/api/v1/emails/{key}/spam_report",
            Permission::ReadCustomers,
            spam_report,
            "What a spam filter makes of an email as a person would get it; nothing is sent",
        )
        .post(
            "/api/v1/emails/{key}/proof",
            permission_to_write(DocumentKind::Email),
            proof,
            "Send an email, as a person would get it, to those who look it over; leaves no trace",
        )
        .post(
            "/api/v1/sms_messages/{key}/proof",
            permission_to_write(DocumentKind::SmsMessage),
            proof_text,
            "Send a text message, as a person would get it, to those who look it over; leaves no trace",
        )
        .post(
            "/api/v1/email_templates/{key}/email",
            permission_to_write(DocumentKind::Email),
            begin,
            "The manifest of an email that begins as a template is; nothing is saved",
        )
        .get(
            "/api/v1/email_templates/{key}/emails",
            Permission::ReadDefinitions,
            made,
            "The emails that were made of a template, by key; the template's changes do not reach them",
        )
        .and(of_kind(DocumentKind::Fragment))
        .and(of_kind(DocumentKind::Email))
        .and(of_kind(DocumentKind::SmsMessage))
        .and(of_kind(DocumentKind::Settings))
}

fn of_kind(kind: DocumentKind) -> Operations {
    Operations::of("Content").post(
        &format!("/api/v1/{}/{{key}}/propagate", kind.plural()),
        Permission::RunJourneys,
        move |state, caller, path, query| propagate(kind, state, caller, path, query),
        "Publish new versions of the live journeys that use this content in an older form",
    )
}

#[derive(Deserialize, JsonSchema)]
struct ContentPath {
    /// The definition's key.
    key: String,
}

/// A filter of templates.
#[derive(Debug, Serialize, JsonSchema)]
struct FilterShown {
    /// As written behind the bar.
    name: &'static str,
    /// Its arguments, with `=` where one may be left out.
    arguments: &'static str,
    /// What it is for.
    group: &'static str,
    /// What it does.
    about: &'static str,
    /// A template that uses it.
    example: &'static str,
    /// What the example puts out.
    gives: &'static str,
}

/// Every filter.
#[derive(Debug, Serialize, JsonSchema)]
struct Filters {
    /// In the order of the documentation.
    items: Vec<FilterShown>,
}

async fn filters() -> Result<Answer<Filters>, Problem> {
    let items = FILTERS.iter().map(|filter| FilterShown {
        name: filter.name,
        arguments: filter.arguments,
        group: filter.group.label(),
        about: filter.about,
        example: filter.example.0,
        gives: filter.example.1,
    });
    Ok(Answer::of(Filters { items: items.collect() }))
}

/// What stands against content.
#[derive(Debug, Serialize, JsonSchema)]
struct ContentFindings {
    /// Errors refuse publishing, warnings do not.
    items: Vec<Finding>,
}

async fn findings(
    State(state): State<ApiState>,
    Json(manifest): Json<Value>,
) -> Result<Answer<ContentFindings>, Problem> {
    let found = state.blocking(move |engine| Ok(definitions::content_findings(engine, manifest)?));
    Ok(Answer::of(ContentFindings { items: found.await? }))
}

fn preview_of(kind: MailKind, about: &'static str) -> Operations {
    Operations::of("Content").post(
        &format!("/api/v1/{}/{{key}}/preview", kind.document().plural()),
        Permission::ReadDefinitions,
        move |state, caller, path, request| preview(kind, state, caller, path, request),
        about,
    )
}

async fn preview(
    kind: MailKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<ContentPath>,
    Json(request): Json<PreviewRequest>,
) -> Result<Answer<Preview>, Problem> {
    may_look_as(&caller, &request)?;
    let url = Arc::clone(&state.public_url);
    let made = state.blocking(move |engine| Ok(preview_mail(engine, kind, &path.key, &request, &url)?.shown));
    Ok(Answer::of(made.await?))
}

/// Whoever may not read customers looks at content as nobody in particular: it shows what is written and nothing of anybody.
fn may_look_as(caller: &Caller, request: &PreviewRequest) -> Result<(), Problem> {
    let as_somebody = request.person.is_some() || request.account.is_some();
    if as_somebody { caller.must(Permission::ReadCustomers) } else { Ok(()) }
}

async fn spam_report(
    State(state): State<ApiState>,
    Path(path): Path<ContentPath>,
    Json(request): Json<PreviewRequest>,
) -> Result<Answer<SpamReport>, Problem> {
    let dispatcher = state.dispatcher.clone().ok_or_else(|| Problem::not_found("no_delivery", "Delivery here"))?;
    let url = Arc::clone(&state.public_url);
    let judged = state.blocking(move |engine| {
        let made = preview_email(engine, &path.key, &request, &url)?;
        Ok(dispatcher.spam_report(&made)?)
    });
    Ok(Answer::of(judged.await?))
}

async fn text(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<ContentPath>,
    Json(request): Json<PreviewRequest>,
) -> Result<Answer<TextPreview>, Problem> {
    may_look_as(&caller, &request)?;
    let url = Arc::clone(&state.public_url);
    let made = state.blocking(move |engine| Ok(preview_text(engine, &path.key, &request, &url)?));
    Ok(Answer::of(made.await?))
}

async fn longest(
    State(state): State<ApiState>,
    Path(path): Path<ContentPath>,
    Json(request): Json<PreviewRequest>,
) -> Result<Answer<LongestText>, Problem> {
    let url = Arc::clone(&state.public_url);
    let made = state.blocking(move |engine| Ok(longest_text(engine, &path.key, &request, &url)?));
    Ok(Answer::of(made.await?))
}

/// Who looks an email over, and as whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// The addresses, at most ten, each as a person.
    #[schemars(length(min = 1, max = 10))]
    to: Vec<ProofTo>,
    /// Key of the journey whose values `my` names.
    #[serde(default)]
    journey: Option<String>,
}

/// An address, and as whom it gets the email.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProofTo {
    /// The address.
    email: String,
    /// Key of the person.
    #[serde(default)]
    person: Option<String>,
    /// Key of the account; left out: the person's first.
    #[serde(default)]
    account: Option<String>,
}

/// What became of proofs.
#[derive(Debug, Serialize, JsonSchema)]
struct Proofs {
    /// In the order of the addresses.
    items: Vec<Proofed>,
}

async fn proof(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<ContentPath>,
    Json(proof): Json<Proof>,
) -> Result<Answer<Proofs>, Problem> {
    let dispatcher = proofreading(&state, proof.to.len())?;
    let url = Arc::clone(&state.public_url);
    let sent = state.blocking(move |engine| {
        let send =
            |to: &ProofTo| match caller.rights.may(Permission::ProofOutside) || !dispatcher.is_outside(&to.email)? {
                true => send(engine, &dispatcher, &path.key, &proof.journey, to, &url),
                false => Ok(Proofed::of(&to.email, Err(OUTSIDE.to_owned()))),
            };
        proof.to.iter().map(send).collect::<Result<Vec<_>, Problem>>()
    });
    Ok(Answer::of(Proofs { items: sent.await? }))
}

/// What sends proofs to so many.
fn proofreading(state: &ApiState, readers: usize) -> Result<Arc<Dispatcher>, Problem> {
    if !(1..=MOST_PROOFS).contains(&readers) {
        return Err(Problem::bad_request("invalid_field", format!("Name one to {MOST_PROOFS} addresses.")).at("/to"));
    }
    state.dispatcher.clone().ok_or_else(|| Problem::not_found("no_delivery", "Delivery here"))
}

/// Who looks a text message over, and as whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TextProof {
    /// The numbers, at most ten, each as a person.
    #[schemars(length(min = 1, max = 10))]
    to: Vec<TextProofTo>,
    /// The number or sender id that it comes from; left out: the connection's own.
    #[serde(default)]
    sender: Option<String>,
    /// Key of the journey whose values `my` names.
    #[serde(default)]
    journey: Option<String>,
}

/// A number, and as whom it gets the text message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TextProofTo {
    /// The number, in international form.
    phone: String,
    /// Key of the person.
    #[serde(default)]
    person: Option<String>,
    /// Key of the account; left out: the person's first.
    #[serde(default)]
    account: Option<String>,
}

async fn proof_text(
    State(state): State<ApiState>,
    Path(path): Path<ContentPath>,
    Json(proof): Json<TextProof>,
) -> Result<Answer<Proofs>, Problem> {
    let dispatcher = proofreading(&state, proof.to.len())?;
    let sent = state.blocking(move |engine| {
        let send = |to: &TextProofTo| {
            let request = PreviewRequest {
                person: to.person.clone(),
                account: to.account.clone(),
                journey: proof.journey.clone(),
                ..PreviewRequest::default()
            };
            let made = text_of(engine, &path.key, &request)?;
            Ok(dispatcher.proof_text(&made, proof.sender.as_deref(), &to.phone)?)
        };
        proof.to.iter().map(send).collect::<Result<Vec<_>, Problem>>()
    });
    Ok(Answer::of(Proofs { items: sent.await? }))
}

fn send(
    engine: &Engine,
    dispatcher: &Dispatcher,
    key: &str,
    journey: &Option<String>,
    to: &ProofTo,
    url: &str,
) -> Result<Proofed, Problem> {
    let request = PreviewRequest {
        person: to.person.clone(),
        account: to.account.clone(),
        journey: journey.clone(),
        ..PreviewRequest::default()
    };
    let made = preview_email(engine, key, &request, url)?;
    let proofed = dispatcher.proof(&made.connection, &made.rendered, &to.email)?;
    Ok(proofed.sized(made.shown.bytes, made.shown.bytes_unoptimized))
}

/// What the email is called and by what it leaves.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Beginning {
    /// The email's key.
    key: String,
    /// Key of the connection that sends it.
    connection: String,
}

async fn begin(
    State(state): State<ApiState>,
    Path(path): Path<ContentPath>,
    Json(beginning): Json<Beginning>,
) -> Result<Answer<Value>, Problem> {
    let made = state.blocking(move |engine| {
        let kind = DocumentKind::EmailTemplate;
        let template = definitions::export(engine, Some(kind), Some(&path.key))?.into_iter().next();
        let Some(Body::EmailTemplate(template)) = template.map(|template| template.body) else {
            return Err(Problem::not_found("unknown_definition", format!("{} `{}`", kind.label(), path.key)));
        };
        let email =
            serde_json::to_value(template.begun(&path.key, &beginning.connection)).map_err(Problem::internal)?;
        let mut manifest = serde_json::json!({"kind": "email", "key": beginning.key});
        if let (Some(manifest), Value::Object(email)) = (manifest.as_object_mut(), email) {
            manifest.extend(email);
        }
        Ok(manifest)
    });
    Ok(Answer::of(made.await?))
}

/// The emails that were made of a template.
#[derive(Debug, Serialize, JsonSchema)]
struct AllMade {
    /// By key, the first 500.
    items: Vec<Made>,
}

async fn made(State(state): State<ApiState>, Path(path): Path<ContentPath>) -> Result<Answer<AllMade>, Problem> {
    let items = state.blocking(move |engine| Ok(content::made_of(engine, &path.key)?));
    Ok(Answer::of(AllMade { items: items.await? }))
}

#[derive(Default, Deserialize, JsonSchema)]
struct PropagateQuery {
    /// Say which journeys it concerns, but change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The journeys that content was brought into.
#[derive(Debug, Serialize, JsonSchema)]
struct AllPropagated {
    /// In the order of their keys.
    items: Vec<Propagated>,
}

async fn propagate(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<ContentPath>,
    Query(query): Query<PropagateQuery>,
) -> Result<Answer<AllPropagated>, Problem> {
    let done =
        state.blocking(move |engine| Ok(content::propagate(engine, kind, &path.key, &caller.actor, query.dry_run)?));
    Ok(Answer::of(AllPropagated { items: done.await? }))
}
