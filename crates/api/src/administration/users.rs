//! Local users and what their roles allow.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_store::access::{self as rows, ListedUser};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TAG;
use crate::ApiState;
use crate::access::Permission::ManageAccess;
use crate::access::{AccessError, Caller, GRANTS, Gate, Permission, Role, admit, folded_email, reset_password};
use crate::http::page::{Page, PageQuery};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

const USER: &str = "/api/v1/users/{email}";

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of(TAG)
        .get("/api/v1/user_roles", Gate::SignedIn, roles, "The built-in roles and what each allows")
        .get("/api/v1/users", ManageAccess, list, "Users, in the order of their emails")
        .put(USER, ManageAccess, put, "Add a user, whose password is told this once, or give one another role")
        .post(
            "/api/v1/users/{email}/password",
            ManageAccess,
            reset,
            "Give a user a new password, told this once; their sessions end",
        )
        .delete(USER, ManageAccess, delete, "Take a user away; their sessions end")
}

/// A built-in role.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BuiltInRole")]
struct RoleShown {
    role: Role,
    /// What it is for.
    about: &'static str,
    /// What it allows.
    permissions: Vec<PermissionShown>,
}

/// Something that a role allows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BuiltInPermission")]
struct PermissionShown {
    /// As `x-permission` names it.
    key: &'static str,
    /// What it allows, in a sentence.
    about: &'static str,
}

/// Every role.
#[derive(Debug, Serialize, JsonSchema)]
struct Roles {
    /// From the one that may most.
    items: Vec<RoleShown>,
}

async fn roles() -> Answer<Roles> {
    let shown = |permission: &Permission| PermissionShown { key: permission.key(), about: permission.about() };
    let items = GRANTS.iter().map(|(role, granted)| RoleShown {
        role: *role,
        about: role.about(),
        permissions: Permission::ALL.iter().filter(|it| granted.contains(it)).map(shown).collect(),
    });
    Answer::of(Roles { items: items.collect() })
}

#[derive(Deserialize, JsonSchema)]
struct UserPath {
    /// The user's email.
    email: String,
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LocalUser")]
struct User {
    /// The email, in small letters.
    email: String,
    /// The key of the role.
    role: String,
    /// May not sign in.
    disabled: bool,
    /// When it was added.
    created_at: Timestamp,
    /// When the latest session that has not ended began; none: nobody is signed in.
    signed_in_at: Option<Timestamp>,
}

impl From<ListedUser> for User {
    fn from(row: ListedUser) -> Self {
        let ListedUser { email, role, disabled, created_at, signed_in_at } = row;
        Self { email, role, disabled, created_at, signed_in_at }
    }
}

async fn list(State(state): State<ApiState>, Query(query): Query<PageQuery>) -> Result<Page<User>, Problem> {
    let (limit, after) = (query.limit()?, query.after()?.unwrap_or_default());
    let read = state.read(move |s| Ok((rows::users(s, &after, limit + 1)?, rows::count_users(s)?)));
    let (found, total) = read.await?;
    Ok(Page::of(found, limit, |row| row.email.clone()).map(User::from).with_total(total))
}

/// What a user may do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LocalUserChange")]
struct Change {
    role: Role,
    /// May not sign in (any more).
    #[serde(default)]
    disabled: bool,
}

/// What became of a user, with the password of one that is new.
#[derive(Debug, Serialize, JsonSchema)]
struct UserWritten {
    /// The email, in small letters.
    email: String,
    role: Role,
    /// May not sign in.
    disabled: bool,
    /// Of a new user: told this once, stored as a hash alone.
    password: Option<String>,
}

async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<UserPath>,
    Json(change): Json<Change>,
) -> Result<Answer<UserWritten>, Problem> {
    let email = folded_email(&path.email).ok_or_else(|| AccessError::BadEmail(path.email.clone()))?;
    let Change { role, disabled } = change;
    let random = state.random.clone();
    let _place = state.passwords.acquire().await.map_err(Problem::internal)?;
    let write = state.blocking(move |engine| {
        let store = engine.store();
        if change_user(store, &caller, &email, role, disabled)? {
            return Ok(Answer::of(UserWritten { email, role, disabled, password: None }));
        }
        if disabled {
            return Err(unknown(&email));
        }
        let password = admit(store, &random, &email, role.key(), None)?;
        let written = UserWritten { email, role, disabled, password: Some(password) };
        Ok(Answer::of(written).status(StatusCode::CREATED))
    });
    write.await
}

/// False: there is no such user.
fn change_user(
    store: &caravan_store::Store,
    caller: &Caller,
    email: &str,
    role: Role,
    disabled: bool,
) -> Result<bool, Problem> {
    store.write(|s| {
        let Some(user) = rows::user(s, email)? else { return Ok(false) };
        if user.role == Role::Administrator.key() && (role != Role::Administrator || disabled) {
            keep_an_administrator(s, caller, email)?;
        }
        Ok(rows::set_user(s, email, role.key(), disabled)?)
    })
}

/// Nobody locks themselves out, and somebody who may do everything is always left.
fn keep_an_administrator(s: &mut dyn caravan_store::Session, caller: &Caller, email: &str) -> Result<(), Problem> {
    if caller.actor == email {
        let detail = "You cannot take your own rights away. Ask another administrator.";
        return Err(Problem::conflict("own_user", detail));
    }
    if !rows::others_with_role(s, email, Role::Administrator.key())? {
        let detail = format!("`{email}` is the last administrator. Make somebody else one first.");
        return Err(Problem::conflict("last_administrator", detail));
    }
    Ok(())
}

/// A new password.
#[derive(Debug, Serialize, JsonSchema)]
struct NewPassword {
    /// Told this once, stored as a hash alone.
    password: String,
}

async fn reset(State(state): State<ApiState>, Path(path): Path<UserPath>) -> Result<Answer<NewPassword>, Problem> {
    let random = state.random.clone();
    let _place = state.passwords.acquire().await.map_err(Problem::internal)?;
    let write = state.blocking(move |engine| Ok(reset_password(engine.store(), &random, &path.email, None)?));
    Ok(Answer::of(NewPassword { password: write.await? }))
}

async fn delete(State(state): State<ApiState>, caller: Caller, Path(path): Path<UserPath>) -> Result<Done, Problem> {
    let write = state.blocking(move |engine| {
        engine.store().write(|s| {
            let email = folded_email(&path.email).ok_or_else(|| unknown(&path.email))?;
            let user = rows::user(s, &email)?.ok_or_else(|| unknown(&email))?;
            if user.role == Role::Administrator.key() {
                keep_an_administrator(s, &caller, &email)?;
            }
            rows::delete_user(s, &email)?;
            Ok(Done::default())
        })
    });
    write.await
}

fn unknown(email: &str) -> Problem {
    Problem::not_found("unknown_user", format!("The user `{email}`"))
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let (code, detail) = (error.code(), error.to_string());
        match error {
            AccessError::Store(error) => error.into(),
            AccessError::Hash(why) => Self::internal(why),
            AccessError::Exists(_) => Self::conflict(code, detail),
            AccessError::UnknownUser(email) => unknown(&email),
            AccessError::BadEmail(_) | AccessError::BadName(_) | AccessError::UnknownRole(..) => {
                Self::bad_request(code, format!("{detail}."))
            }
        }
    }
}
