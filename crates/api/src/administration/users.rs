//! Local users and what their roles allow.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_model::document::DocumentKind;
use caravan_store::access::{self as rows, ListedUser, UserRow};
use caravan_store::{Session, documents};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TAG;
use crate::ApiState;
use crate::access::Permission::ManageAccess;
use crate::access::{
    AccessError, Caller, GRANTS, Gate, Giver, Permission, Rights, Role, admit, folded_email, given_role, granted_by,
    must_cover, reset_password,
};
use crate::http::page::{Page, PageQuery};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

const USER: &str = "/api/v1/users/{email}";

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of(TAG)
        .get(
            "/api/v1/user_roles",
            Gate::SignedIn,
            roles,
            "The roles that users and tokens may have, and what each allows",
        )
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

/// A role that users and tokens may have.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UserRole")]
struct RoleShown {
    /// Its key, as users and tokens carry it.
    role: String,
    /// As people read it.
    name: String,
    /// What it is for; empty where nobody said.
    about: String,
    /// Whether every installation has it; the others are definitions of kind `access_role`.
    built_in: bool,
    /// Whether it grants no more than the caller's own role, so that the caller may give it.
    may_give: bool,
    /// What it allows.
    permissions: Vec<PermissionShown>,
}

/// Something that a role allows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GrantedPermission")]
struct PermissionShown {
    /// As `x-permission` names it.
    key: &'static str,
    /// What it allows, in a sentence.
    about: &'static str,
}

/// Every role.
#[derive(Debug, Serialize, JsonSchema)]
struct Roles {
    /// Those built in, from the one that may most, then the installation's own by key.
    items: Vec<RoleShown>,
}

/// An installation has few roles of its own; nobody looks at more in a list to choose from.
const MOST_OWN: usize = 500;

async fn roles(State(state): State<ApiState>, caller: Caller) -> Result<Answer<Roles>, Problem> {
    let read = state.read(|s| Ok(documents::all_of(s, DocumentKind::AccessRole.key(), MOST_OWN)?));
    let own = read.await?;
    let built_in = GRANTS.iter().map(|(role, granted)| {
        let (name, about) = (role.name().to_owned(), role.about().to_owned());
        (name, about, true, Rights::new(role.key(), granted))
    });
    let own = own.into_iter().filter_map(|row| {
        let (about, granted) = (described(&row.body), granted_by(&row.body)?);
        Some((row.name, about, false, Rights::new(&row.key, &granted)))
    });
    let items = built_in.chain(own).map(|(name, about, built_in, rights)| RoleShown {
        role: rights.role().to_owned(),
        name,
        about,
        built_in,
        may_give: caller.rights.lacks(&rights).is_empty(),
        permissions: Permission::ALL.iter().copied().filter(|it| rights.may(*it)).map(PermissionShown::from).collect(),
    });
    Ok(Answer::of(Roles { items: items.collect() }))
}

impl From<Permission> for PermissionShown {
    fn from(permission: Permission) -> Self {
        Self { key: permission.key(), about: permission.about() }
    }
}

/// What a definition says of itself.
fn described(body: &str) -> String {
    #[derive(Default, Deserialize)]
    struct Told {
        description: Option<String>,
    }
    serde_json::from_str::<Told>(body).unwrap_or_default().description.unwrap_or_default()
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
    /// The key of a role, built in or your own; it may grant no more than the caller's.
    role: String,
    /// May not sign in (any more).
    #[serde(default)]
    disabled: bool,
}

/// What became of a user, with the password of one that is new.
#[derive(Debug, Serialize, JsonSchema)]
struct UserWritten {
    /// The email, in small letters.
    email: String,
    /// The key of the role.
    role: String,
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
        if change_user(store, &caller, &email, &role, disabled)? {
            return Ok(Answer::of(UserWritten { email, role, disabled, password: None }));
        }
        if disabled {
            return Err(unknown(&email));
        }
        let password = admit(store, &random, &email, &role, Giver::Caller(&caller.rights))?;
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
    role: &str,
    disabled: bool,
) -> Result<bool, Problem> {
    store.write(|s| {
        let Some(user) = rows::user(s, email)? else { return Ok(false) };
        if user.role != role || disabled {
            may_take_rights(s, caller, &user)?;
        }
        given_role(s, Giver::Caller(&caller.rights), role)?;
        Ok(rows::set_user(s, email, role, disabled)?)
    })
}

/// Nobody locks themselves out or takes away what they do not have, and somebody who may do everything is always left.
fn may_take_rights(s: &mut dyn Session, caller: &Caller, user: &UserRow) -> Result<(), Problem> {
    let email = &user.email;
    if caller.actor == *email {
        let detail = "You cannot take your own rights away. Ask another administrator.";
        return Err(Problem::conflict("own_user", detail));
    }
    if let Some(rights) = Rights::of(s, &user.role)? {
        must_cover(Giver::Caller(&caller.rights), &rights)?;
    }
    let administrator = Role::Administrator.key();
    if user.role == administrator && !rows::others_with_role(s, email, administrator)? {
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

async fn reset(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Result<Answer<NewPassword>, Problem> {
    let random = state.random.clone();
    let _place = state.passwords.acquire().await.map_err(Problem::internal)?;
    let write = state.blocking(move |engine| {
        Ok(reset_password(engine.store(), &random, &path.email, Giver::Caller(&caller.rights))?)
    });
    Ok(Answer::of(NewPassword { password: write.await? }))
}

async fn delete(State(state): State<ApiState>, caller: Caller, Path(path): Path<UserPath>) -> Result<Done, Problem> {
    let write = state.blocking(move |engine| {
        engine.store().write(|s| {
            let email = folded_email(&path.email).ok_or_else(|| unknown(&path.email))?;
            let user = rows::user(s, &email)?.ok_or_else(|| unknown(&email))?;
            may_take_rights(s, &caller, &user)?;
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
            AccessError::MoreThanOwn { .. } => {
                Self::forbidden(code, format!("{detail}. Ask somebody who may do that too."))
            }
            AccessError::BadEmail(_) | AccessError::BadName(_) | AccessError::UnknownRole(..) => {
                Self::bad_request(code, format!("{detail}."))
            }
        }
    }
}
