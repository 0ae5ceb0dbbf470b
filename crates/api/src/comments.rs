//! What people say of emails, templates and fragments while these are made: threads, pinned to a block of the design or about
//! the whole.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::Engine;
use caravan_engine::notices::{Mention, tell_of_mention};
use caravan_model::document::DocumentKind;
use caravan_store::comments::{self as rows, CommentRow};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, access, notifications};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::{Caller, Permission, Rights};
use crate::documents::permission_to_write;
use crate::http::{Answer, Done, Json, Operations, Path, Problem};

/// Definitions of which people talk.
const TALKED_OF: [DocumentKind; 3] = [DocumentKind::Email, DocumentKind::EmailTemplate, DocumentKind::Fragment];
/// Characters of one comment.
const LONGEST: usize = 2_000;
/// Comments of one definition.
const MOST: usize = 500;
/// People who are told of one comment, and who are offered to be.
const MOST_MENTIONED: usize = 20;
const MOST_OFFERED: usize = 200;
/// Characters of a comment in a notification.
const EXCERPT: usize = 140;
/// Characters of a block's id.
const BLOCK: usize = 40;

/// The operations of this file.
pub fn operations() -> Operations {
    TALKED_OF.iter().fold(Operations::of("Definitions"), |operations, &kind| operations.and(of_kind(kind)))
}

fn of_kind(kind: DocumentKind) -> Operations {
    let all = format!("/api/v1/{}/{{key}}/comments", kind.plural());
    let one = format!("{all}/{{comment}}");
    let label = kind.label().to_lowercase();
    Operations::of("Definitions")
        .get(
            &all,
            Permission::ReadDefinitions,
            move |state, caller, path| list(kind, state, caller, path),
            &format!("What people said of this definition ({label}), oldest first"),
        )
        .post(
            &all,
            permission_to_write(kind),
            move |state, caller, path, body| say(kind, state, caller, path, body),
            &format!("Comment on this definition ({label}), or answer; whoever is mentioned (@ADDRESS) is told"),
        )
        .put(
            &one,
            permission_to_write(kind),
            move |state, caller, path, body| set(kind, state, caller, path, body),
            &format!("Pin a thread of this definition ({label}), unpin it, resolve it or open it again"),
        )
        .patch(
            &one,
            Permission::ReadDefinitions,
            move |state, caller, path, body| edit(kind, state, caller, path, body),
            &format!("Write a comment of one's own on this definition ({label}) anew; nobody is told again"),
        )
        .delete(
            &one,
            Permission::ReadDefinitions,
            move |state, caller, path| erase(kind, state, caller, path),
            &format!(
                "Erase a comment on this definition ({label}): one's own, or any for those who may change it; with the first of a \
                 thread, all its answers"
            ),
        )
}

#[derive(Deserialize, JsonSchema)]
struct OfPath {
    /// The definition's key.
    key: String,
}

#[derive(Deserialize, JsonSchema)]
struct CommentPath {
    /// The definition's key.
    key: String,
    /// The comment's id.
    comment: i64,
}

/// Something that somebody said.
#[derive(Debug, Serialize, JsonSchema)]
struct Comment {
    /// Its id.
    id: i64,
    /// The first comment of its thread; none for that one.
    answers: Option<i64>,
    /// Of a thread's first comment: the block that it is pinned to, as the block's `data-comment` names it. One that the design
    /// does not hold (any more) counts as none.
    block: Option<String>,
    /// Who said it.
    by: String,
    /// When.
    at: Timestamp,
    /// What was said.
    text: String,
    /// Of a thread's first comment: who resolved it; none while it is open.
    resolved_by: Option<String>,
    /// When they did; none for what was resolved before this was kept.
    resolved_at: Option<Timestamp>,
    /// When its author last wrote it anew.
    edited_at: Option<Timestamp>,
}

impl From<CommentRow> for Comment {
    fn from(row: CommentRow) -> Self {
        Self {
            id: row.id,
            answers: row.answers,
            block: row.block,
            by: row.written_by,
            at: row.at,
            text: row.text,
            resolved_by: row.resolved_by,
            resolved_at: row.resolved_at,
            edited_at: row.edited_at,
        }
    }
}

/// What was said of a definition.
#[derive(Debug, Serialize, JsonSchema)]
struct Comments {
    /// Oldest first.
    items: Vec<Comment>,
    /// Addresses of users who may be mentioned; none for those who may not comment.
    mentionable: Vec<String>,
}

async fn list(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<OfPath>,
) -> Result<Answer<Comments>, Problem> {
    let comments = state.blocking(move |engine| {
        engine.store().read(|s| {
            let of = documents::get(s, kind.key(), &path.key)?.ok_or_else(|| unknown(kind, &path.key))?;
            let items = rows::all(s, of.id, MOST)?.into_iter().map(Comment::from).collect();
            let offered = caller.rights.may(permission_to_write(kind));
            let mentionable = if offered { mentionable(s)? } else { Vec::new() };
            Ok::<_, Problem>(Comments { items, mentionable })
        })
    });
    Ok(Answer::of(comments.await?))
}

fn unknown(kind: DocumentKind, key: &str) -> Problem {
    Problem::not_found("unknown_definition", format!("{} `{key}`", kind.label()))
}

/// Users who would see what they are told of.
fn mentionable(s: &mut dyn Session) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for user in access::users(s, "", MOST_OFFERED)? {
        if !user.disabled && reads(s, &user.role)? {
            found.push(user.email);
        }
    }
    Ok(found)
}

fn reads(s: &mut dyn Session, role: &str) -> Result<bool, StoreError> {
    Ok(Rights::of(s, role)?.is_some_and(|rights| rights.may(Permission::ReadDefinitions)))
}

/// What is to be said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ToSay {
    /// At most 2,000 characters; `@ADDRESS` of a user tells them.
    #[schemars(length(min = 1, max = 2000))]
    text: String,
    /// The comment that it answers; left out: it begins a thread.
    #[serde(default)]
    answers: Option<i64>,
    /// The block that the thread is pinned to, as its `data-comment` names it; left out: it is about the whole.
    #[serde(default)]
    block: Option<String>,
}

async fn say(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<OfPath>,
    Json(said): Json<ToSay>,
) -> Result<Answer<Comment>, Problem> {
    let text = checked_text(&said.text)?;
    check_block(said.block.as_deref())?;
    let made = state.blocking(move |engine| {
        engine.store().write(|s| {
            // Held, so that it is not taken away meanwhile.
            documents::hold(s, kind.key(), &path.key)?;
            let of = documents::get(s, kind.key(), &path.key)?.ok_or_else(|| unknown(kind, &path.key))?;
            let there = rows::all(s, of.id, MOST)?;
            if there.len() >= MOST {
                let detail = format!("There are {MOST} comments already. Erase what is settled first.");
                return Err(Problem::bad_request("too_many_comments", detail));
            }
            // An answer to an answer belongs to the same thread.
            let thread =
                said.answers.map(|id| there.iter().find(|row| row.id == id).map(|row| row.answers.unwrap_or(id)));
            let answers = match thread {
                Some(None) => return Err(Problem::not_found("unknown_comment", "The comment that this answers")),
                thread => thread.flatten(),
            };
            let row = CommentRow {
                id: 0,
                answers,
                block: said.block.clone().filter(|_| answers.is_none()),
                written_by: caller.actor.clone(),
                at: s.now()?,
                text: text.clone(),
                resolved_by: None,
                resolved_at: None,
                edited_at: None,
            };
            let row = rows::add(s, of.id, row)?;
            tell(s, engine, kind, &of, &row)?;
            Ok::<_, Problem>(Comment::from(row))
        })
    });
    Ok(Answer::of(made.await?))
}

/// What is said, without the space around it.
fn checked_text(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST {
        let detail = format!("A comment has 1 to {LONGEST} characters.");
        return Err(Problem::bad_request("invalid_field", detail).at("/text"));
    }
    Ok(text.to_owned())
}

/// Blocks are named by what the designer makes up: short and plain.
fn check_block(block: Option<&str>) -> Result<(), Problem> {
    let plain = |block: &str| {
        (1..=BLOCK).contains(&block.len()) && block.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    if block.is_none_or(plain) {
        return Ok(());
    }
    let detail = format!("A block's id has 1 to {BLOCK} letters, digits, - and _.");
    Err(Problem::bad_request("invalid_field", detail).at("/block"))
}

/// That somebody mentioned you in a comment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MentionNews {
    /// The kind of what was commented on, as addresses have it: `emails`, `email_templates`, `fragments`.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who mentioned you.
    pub by: String,
    /// How the comment begins.
    pub text: String,
    /// The comment's id; none for what was told before that was kept.
    #[serde(default)]
    pub comment: Option<i64>,
}

/// Tells those who are mentioned, once each, in the app and by mail; nobody of what they said themselves.
fn tell(
    s: &mut dyn Session,
    engine: &Engine,
    kind: DocumentKind,
    of: &DocumentRow,
    row: &CommentRow,
) -> Result<(), StoreError> {
    for address in mentioned(&row.text) {
        let user = access::user(s, &address)?.filter(|user| !user.disabled && user.email != row.written_by);
        let Some(user) = user else { continue };
        if !reads(s, &user.role)? {
            continue;
        }
        let news = MentionNews {
            kind: kind.plural().to_owned(),
            key: of.key.clone(),
            name: of.name.clone(),
            by: row.written_by.clone(),
            text: row.text.chars().take(EXCERPT).collect(),
            comment: Some(row.id),
        };
        let detail = serde_json::to_string(&news).unwrap_or_default();
        notifications::tell(s, &user.email, "mention", &detail, row.at)?;
        if user.told_by_mail {
            let (by, text) = (row.written_by.as_str(), row.text.as_str());
            let (key, name) = (of.key.as_str(), of.name.as_str());
            tell_of_mention(s, engine, Mention { comment: row.id, to: &user.email, by, kind, key, name, text })?;
        }
    }
    Ok(())
}

/// The addresses behind an `@`, each once, as users are kept. What is quoted mentioned them before.
fn mentioned(text: &str) -> Vec<String> {
    let own = text.lines().filter(|line| !line.starts_with('>'));
    let words = own.flat_map(str::split_whitespace).filter_map(|word| word.trim_start_matches('(').strip_prefix('@'));
    let mut found: Vec<String> = Vec::new();
    for word in words {
        let address = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']).to_lowercase();
        if address.contains('@') && !found.contains(&address) {
            found.push(address);
        }
    }
    found.truncate(MOST_MENTIONED);
    found
}

/// Where a thread is pinned, and whether it is settled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Standing {
    /// The block that it is pinned to; null: none, it is about the whole.
    block: Option<String>,
    /// Somebody saw to it.
    resolved: bool,
}

async fn set(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<CommentPath>,
    Json(standing): Json<Standing>,
) -> Result<Answer<Comment>, Problem> {
    check_block(standing.block.as_deref())?;
    let done = state.blocking(move |engine| {
        engine.store().write(|s| {
            let row = found(s, kind, &path)?;
            if row.answers.is_some() {
                let detail = "Only the first comment of a thread is pinned or resolved; name that one.";
                return Err(Problem::bad_request("not_a_thread", detail));
            }
            // Who resolved it first did, and when they did.
            let (resolved_by, resolved_at) = match (standing.resolved, &row.resolved_by) {
                (false, _) => (None, None),
                (true, Some(by)) => (Some(by.clone()), row.resolved_at),
                (true, None) => (Some(caller.actor.clone()), Some(s.now()?)),
            };
            let row = CommentRow { block: standing.block.clone(), resolved_by, resolved_at, ..row };
            rows::set(s, &row)?;
            Ok::<_, Problem>(Comment::from(row))
        })
    });
    Ok(Answer::of(done.await?))
}

/// The comment that a path names.
fn found(s: &mut dyn Session, kind: DocumentKind, path: &CommentPath) -> Result<CommentRow, Problem> {
    let of = documents::get(s, kind.key(), &path.key)?.ok_or_else(|| unknown(kind, &path.key))?;
    let row = rows::get(s, of.id, path.comment)?;
    row.ok_or_else(|| Problem::not_found("unknown_comment", format!("The comment {}", path.comment)))
}

/// A comment, written anew.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rewritten {
    /// At most 2,000 characters.
    #[schemars(length(min = 1, max = 2000))]
    text: String,
}

async fn edit(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<CommentPath>,
    Json(rewritten): Json<Rewritten>,
) -> Result<Answer<Comment>, Problem> {
    let text = checked_text(&rewritten.text)?;
    let done = state.blocking(move |engine| {
        engine.store().write(|s| {
            let row = found(s, kind, &path)?;
            if row.written_by != caller.actor {
                return Err(not_yours("Only its author writes a comment anew. Answer it instead."));
            }
            let at = s.now()?;
            rows::edit(s, row.id, &text, at)?;
            Ok::<_, Problem>(Comment::from(CommentRow { text: text.clone(), edited_at: Some(at), ..row }))
        })
    });
    Ok(Answer::of(done.await?))
}

fn not_yours(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "not_the_author", detail.to_owned())
}

async fn erase(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<CommentPath>,
) -> Result<Done, Problem> {
    let done = state.blocking(move |engine| {
        engine.store().write(|s| {
            let row = found(s, kind, &path)?;
            if row.written_by != caller.actor && !caller.rights.may(permission_to_write(kind)) {
                return Err(not_yours(
                    "Only its author, or who may change what it is about, erases a comment. Ask one of them.",
                ));
            }
            Ok::<_, Problem>(rows::erase(s, row.id)?)
        })
    });
    done.await?;
    Ok(Done::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stands_behind_an_at_is_mentioned_once() {
        let text = "@Ada@acme.example, see (@ben@acme.example) and @ada@acme.example!\n> @cy@acme.example said\nmail me@acme.example or @home";
        assert_eq!(mentioned(text), ["ada@acme.example", "ben@acme.example"]);
    }

    #[test]
    fn blocks_have_plain_names() {
        assert!(check_block(None).is_ok() && check_block(Some("c1-x_9")).is_ok());
        for odd in ["", "a b", "\"><script>", &"x".repeat(41)] {
            assert!(check_block(Some(odd)).is_err(), "{odd}");
        }
    }
}
