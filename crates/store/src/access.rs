//! Who may use this installation: local users, their sessions, API tokens, and the record of what was done by hand.
//!
//! Secrets never come here in the clear: passwords, session tokens and API tokens are hashed by the caller.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// A local user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Its id.
    pub id: i64,
    /// Folded; unique.
    pub email: String,
    /// The key of the role.
    pub role: String,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// May not sign in.
    pub disabled: bool,
}

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose.
    pub email: String,
    /// The user's role now.
    pub role: String,
    /// What writes must carry beside the cookie.
    pub csrf: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub id: i64,
    /// What it is for; unique.
    pub name: String,
    /// The key of the role.
    pub role: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// Something that was done by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// A user's email, or `token:NAME`.
    pub actor: String,
    /// The operation.
    pub what: String,
    /// What it was done to.
    pub subject: String,
    /// JSON.
    pub detail: Option<String>,
}

fn read_user(r: &dyn Row) -> UserRow {
    UserRow { id: r.int(0), email: r.string(1), role: r.string(2), password_hash: r.string(3), disabled: r.bool(4) }
}

/// Adds a user. False: there is one with this email already. Index: `app_user_email`.
pub fn add_user(
    s: &mut dyn Session,
    email: &str,
    role: &str,
    password_hash: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let Some(id) = s.reserve_ids("app_user", 1)?.next() else { return Ok(false) };
    let added = s.execute(
        "INSERT INTO app_user (id, email, role, password_hash, created_at, disabled) VALUES ($1, $2, $3, $4, $5, FALSE)
         ON CONFLICT (email) DO NOTHING",
        params![id, email, role, password_hash, at],
    )?;
    Ok(added == 1)
}

/// The user with this email.
pub fn user(s: &mut dyn Session, email: &str) -> Result<Option<UserRow>, StoreError> {
    s.query_opt("SELECT id, email, role, password_hash, disabled FROM app_user WHERE email = $1", params![email], |r| {
        Ok(read_user(r))
    })
}

/// How many users there are.
pub fn count_users(s: &mut dyn Session) -> Result<i64, StoreError> {
    s.query_int("SELECT COUNT(*) FROM app_user", &[])
}

/// Gives a user another password and ends all their sessions. False: there is no such user.
pub fn set_password(s: &mut dyn Session, email: &str, password_hash: &str) -> Result<bool, StoreError> {
    let changed = s.execute(
        "UPDATE app_user SET password_hash = $2, disabled = FALSE WHERE email = $1",
        params![email, password_hash],
    )?;
    s.execute("DELETE FROM app_session WHERE user_id IN (SELECT id FROM app_user WHERE email = $1)", params![email])?;
    Ok(changed == 1)
}

/// Begins a session, and forgets those that have ended.
pub fn add_session(
    s: &mut dyn Session,
    token_hash: &str,
    user: i64,
    csrf: &str,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    s.execute("DELETE FROM app_session WHERE expires_at <= $1", params![at])?;
    s.execute(
        "INSERT INTO app_session (token_hash, user_id, csrf, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        params![token_hash, user, csrf, at, expires_at],
    )?;
    Ok(())
}

/// The session of this token, unless it has ended or its user was disabled.
pub fn session(s: &mut dyn Session, token_hash: &str, at: Timestamp) -> Result<Option<SessionRow>, StoreError> {
    s.query_opt(
        "SELECT u.email, u.role, a.csrf, a.expires_at FROM app_session a JOIN app_user u ON u.id = a.user_id
         WHERE a.token_hash = $1 AND a.expires_at > $2 AND NOT u.disabled",
        params![token_hash, at],
        |r| Ok(SessionRow { email: r.string(0), role: r.string(1), csrf: r.string(2), expires_at: r.instant(3) }),
    )
}

/// Ends a session.
pub fn delete_session(s: &mut dyn Session, token_hash: &str) -> Result<(), StoreError> {
    s.execute("DELETE FROM app_session WHERE token_hash = $1", params![token_hash])?;
    Ok(())
}

/// Adds an API token. False: there is one of this name already. Index: `api_token_name`.
pub fn add_token(
    s: &mut dyn Session,
    name: &str,
    role: &str,
    token_hash: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let Some(id) = s.reserve_ids("api_token", 1)?.next() else { return Ok(false) };
    let added = s.execute(
        "INSERT INTO api_token (id, name, role, token_hash, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO NOTHING",
        params![id, name, role, token_hash, at],
    )?;
    Ok(added == 1)
}

/// The API token with this hash. Index: `api_token_hash`.
pub fn token(s: &mut dyn Session, token_hash: &str) -> Result<Option<TokenRow>, StoreError> {
    s.query_opt("SELECT id, name, role, last_used_at FROM api_token WHERE token_hash = $1", params![token_hash], |r| {
        Ok(TokenRow { id: r.int(0), name: r.string(1), role: r.string(2), last_used_at: r.opt_instant(3) })
    })
}

/// Remembers when a token was used.
pub fn touch_token(s: &mut dyn Session, id: i64, at: Timestamp) -> Result<(), StoreError> {
    s.execute("UPDATE api_token SET last_used_at = $2 WHERE id = $1", params![id, at])?;
    Ok(())
}

/// Writes down what was done by hand.
pub fn record(
    s: &mut dyn Session,
    at: Timestamp,
    actor: &str,
    what: &str,
    subject: &str,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    let Some(id) = s.reserve_ids("audit", 1)?.next() else { return Ok(()) };
    s.execute(
        "INSERT INTO audit (id, at, actor, what, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        params![id, at, actor, what, subject, detail],
    )?;
    Ok(())
}

/// What was done by hand, newest first, before the id `before`.
pub fn records(s: &mut dyn Session, before: i64, most: i64) -> Result<Vec<AuditRow>, StoreError> {
    s.query_map(
        "SELECT id, at, actor, what, subject, detail FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
        params![before, most],
        |r| {
            Ok(AuditRow {
                id: r.int(0),
                at: r.instant(1),
                actor: r.string(2),
                what: r.string(3),
                subject: r.string(4),
                detail: r.opt_string(5),
            })
        },
    )
}
