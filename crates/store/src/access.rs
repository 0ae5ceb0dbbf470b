//! Who may use this installation: local users, their sessions, API tokens, and the record of what was done by hand.
//!
//! Secrets never come here in the clear: passwords, session tokens and API tokens are hashed by the caller.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::ordered::{self, Key, Listing, Place, Sort};
use crate::params;
use crate::people;
use crate::session::{Param, Row, Session, SessionExt};

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
    /// Is told by mail who mentions them.
    pub told_by_mail: bool,
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
    UserRow {
        id: r.int(0),
        email: r.string(1),
        role: r.string(2),
        password_hash: r.string(3),
        disabled: r.bool(4),
        told_by_mail: r.bool(5),
    }
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
    let sql = "SELECT id, email, role, password_hash, disabled, told_by_mail FROM app_user WHERE email = $1";
    s.query_opt(sql, params![email], |r| Ok(read_user(r)))
}

/// Says whether a user is told by mail who mentions them. False: there is no such user.
pub fn tell_by_mail(s: &mut dyn Session, email: &str, told: bool) -> Result<bool, StoreError> {
    Ok(s.execute("UPDATE app_user SET told_by_mail = $2 WHERE email = $1", params![email, told])? == 1)
}

/// A user as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    /// Folded; unique.
    pub email: String,
    /// The key of the role.
    pub role: String,
    /// May not sign in.
    pub disabled: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When the latest session that has not ended began.
    pub signed_in_at: Option<Timestamp>,
}

/// Users in the order of their emails, behind `after`. Index: `app_user_email`.
pub fn users(s: &mut dyn Session, after: &str, most: usize) -> Result<Vec<ListedUser>, StoreError> {
    s.query_map(
        "SELECT u.email, u.role, u.disabled, u.created_at,
             (SELECT MAX(a.created_at) FROM app_session a WHERE a.user_id = u.id)
         FROM app_user u WHERE u.email > $1 ORDER BY u.email LIMIT $2",
        params![after, most as i64],
        |r| {
            Ok(ListedUser {
                email: r.string(0),
                role: r.string(1),
                disabled: r.bool(2),
                created_at: r.instant(3),
                signed_in_at: r.opt_instant(4),
            })
        },
    )
}

/// Whether anybody but this user may sign in with this role.
pub fn others_with_role(s: &mut dyn Session, email: &str, role: &str) -> Result<bool, StoreError> {
    // Two administrators who take each other's role away at once must see each other: the rows are locked.
    let sql = "SELECT email FROM app_user WHERE role = $1 AND NOT disabled ORDER BY id {for_update}";
    let emails = s.query_map(sql, params![role], |r| Ok(r.string(0)))?;
    Ok(emails.iter().any(|other| other != email))
}

/// Gives a user another role, and says whether it may sign in; who may not is signed out. False: there is no such user.
pub fn set_user(s: &mut dyn Session, email: &str, role: &str, disabled: bool) -> Result<bool, StoreError> {
    let sql = "UPDATE app_user SET role = $2, disabled = $3 WHERE email = $1";
    let changed = s.execute(sql, params![email, role, disabled])?;
    if disabled {
        end_sessions(s, email)?;
    }
    Ok(changed == 1)
}

/// Takes a user away with its sessions. False: there is no such user.
pub fn delete_user(s: &mut dyn Session, email: &str) -> Result<bool, StoreError> {
    end_sessions(s, email)?;
    Ok(s.execute("DELETE FROM app_user WHERE email = $1", params![email])? == 1)
}

fn end_sessions(s: &mut dyn Session, email: &str) -> Result<(), StoreError> {
    s.execute("DELETE FROM app_session WHERE user_id IN (SELECT id FROM app_user WHERE email = $1)", params![email])?;
    Ok(())
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
    end_sessions(s, email)?;
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

/// An API token as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    /// What it is for; unique.
    pub name: String,
    /// The key of the role.
    pub role: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// API tokens in the order of their names, behind `after`. Index: `api_token_name`.
pub fn tokens(s: &mut dyn Session, after: &str, most: usize) -> Result<Vec<ListedToken>, StoreError> {
    s.query_map(
        "SELECT name, role, created_at, last_used_at FROM api_token WHERE name > $1 ORDER BY name LIMIT $2",
        params![after, most as i64],
        |r| {
            Ok(ListedToken {
                name: r.string(0),
                role: r.string(1),
                created_at: r.instant(2),
                last_used_at: r.opt_instant(3),
            })
        },
    )
}

/// How many API tokens there are.
pub fn count_tokens(s: &mut dyn Session) -> Result<i64, StoreError> {
    s.query_int("SELECT COUNT(*) FROM api_token", &[])
}

/// The key of the role that the token of this name has. Index: `api_token_name`.
pub fn role_of_token(s: &mut dyn Session, name: &str) -> Result<Option<String>, StoreError> {
    s.query_opt("SELECT role FROM api_token WHERE name = $1", params![name], |r| Ok(r.string(0)))
}

/// How many users and API tokens have a role.
pub fn count_holders(s: &mut dyn Session, role: &str) -> Result<(i64, i64), StoreError> {
    let users = s.query_int("SELECT COUNT(*) FROM app_user WHERE role = $1", params![role])?;
    let tokens = s.query_int("SELECT COUNT(*) FROM api_token WHERE role = $1", params![role])?;
    Ok((users, tokens))
}

/// Takes an API token away: whoever carries it is refused from now on. False: there is none of this name.
pub fn delete_token(s: &mut dyn Session, name: &str) -> Result<bool, StoreError> {
    Ok(s.execute("DELETE FROM api_token WHERE name = $1", params![name])? == 1)
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

/// What the record of what was done by hand may be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditBy {
    /// When it was done.
    At,
    /// Who did it.
    Actor,
    /// To what it was done.
    Subject,
}

fn order(s: &dyn Session, by: AuditBy) -> Key {
    match by {
        AuditBy::At => Key::whole("id"),
        AuditBy::Actor => Key::text(s, "actor"),
        AuditBy::Subject => Key::text(s, "subject"),
    }
}

/// The next `most` rows of what was done by hand behind `after`, each with its place; those whose actor, operation, subject or
/// detail holds `search`, all when it is blank.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn records(
    s: &mut dyn Session,
    search: &str,
    sort: Sort<AuditBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(AuditRow, Place)>, StoreError> {
    let pattern = people::pattern(s, search.trim());
    let (from, params) = if search.trim().is_empty() {
        ("audit WHERE TRUE", vec![])
    } else {
        (
            "audit WHERE (LOWER(actor) LIKE $1 ESCAPE '\\' OR LOWER(what) LIKE $1 ESCAPE '\\'
                 OR LOWER(subject) LIKE $1 ESCAPE '\\' OR LOWER(COALESCE(detail, '')) LIKE $1 ESCAPE '\\')",
            vec![Param::Text(&pattern)],
        )
    };
    let listing = Listing { columns: AUDIT, width: AUDIT_WIDTH, from, id: "id", params };
    let sort = Sort { by: order(s, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, after, most, read_audit)
}

const AUDIT: &str = "id, at, actor, what, subject, detail";
const AUDIT_WIDTH: usize = 6;

fn read_audit(r: &dyn Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: r.int(0),
        at: r.instant(1),
        actor: r.string(2),
        what: r.string(3),
        subject: r.string(4),
        detail: r.opt_string(5),
    })
}
