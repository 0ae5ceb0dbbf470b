//! Users and tokens: made, reset and signed in. The command line uses these too.

use caravan_model::Random;
use caravan_store::{Session, Store, StoreError, access};
use jiff::{SignedDuration, Timestamp};

use super::Role;
use super::secret::{fingerprint, hash_password, new_password, new_secret, password_matches};

/// How long a session lasts.
pub const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Why a user or token was not made.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The text is no address of mail.
    #[error("`{0}` is not an email address")]
    BadEmail(String),
    /// The text is no name of a token.
    #[error("`{0}` is not a name of a token: write 1 to 100 characters on one line")]
    BadName(String),
    /// There is no such role.
    #[error("there is no role `{0}`; there are: {1}")]
    UnknownRole(String, String),
    /// The email or name is taken.
    #[error("`{0}` exists already")]
    Exists(String),
    /// There is no such user.
    #[error("there is no user `{0}`; `caravan user add` makes one")]
    UnknownUser(String),
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccessError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadEmail(_) => "bad_email",
            Self::BadName(_) => "bad_name",
            Self::UnknownRole(..) => "unknown_role",
            Self::Exists(_) => "exists_already",
            Self::UnknownUser(_) => "unknown_user",
            Self::Hash(_) => "hash_failed",
            Self::Store(error) => error.code(),
        }
    }
}

/// Who is written down for what the command line does. What the API does is written down by its router.
const COMMAND_LINE: Option<&str> = Some("command line");

/// Adds a local user and returns the password, which is told this once.
pub fn add_user(store: &Store, random: &Random, email: &str, role: &str) -> Result<String, AccessError> {
    admit(store, random, email, role, COMMAND_LINE)
}

/// The same; `actor` is written down.
pub(crate) fn admit(
    store: &Store,
    random: &Random,
    email: &str,
    role: &str,
    actor: Option<&str>,
) -> Result<String, AccessError> {
    let password = new_password(random);
    if !insert_user(store, random, email, role, &password, actor)? {
        return Err(AccessError::Exists(email.trim().to_owned()));
    }
    Ok(password)
}

/// Sees to it that there is a user with this password (the demo's). Returns whether it was made.
pub fn ensure_user(
    store: &Store,
    random: &Random,
    email: &str,
    role: &str,
    password: &str,
) -> Result<bool, AccessError> {
    insert_user(store, random, email, role, password, COMMAND_LINE)
}

fn insert_user(
    store: &Store,
    random: &Random,
    email: &str,
    role: &str,
    password: &str,
    actor: Option<&str>,
) -> Result<bool, AccessError> {
    let email = folded_email(email).ok_or_else(|| AccessError::BadEmail(email.to_owned()))?;
    let role = known_role(role)?;
    let hash = hash_password(random, password).map_err(|error| AccessError::Hash(error.to_string()))?;
    store.write(|s| {
        let now = s.now()?;
        let added = access::add_user(s, &email, role.key(), &hash, now)?;
        if let Some(actor) = actor.filter(|_| added) {
            access::record(s, now, actor, "user added", &email, None)?;
        }
        Ok(added)
    })
}

/// Gives a user a new password, which is told this once, and ends all their sessions.
pub fn reset_user(store: &Store, random: &Random, email: &str) -> Result<String, AccessError> {
    reset_password(store, random, email, COMMAND_LINE)
}

/// The same; `actor` is written down.
pub(crate) fn reset_password(
    store: &Store,
    random: &Random,
    email: &str,
    actor: Option<&str>,
) -> Result<String, AccessError> {
    let email = folded_email(email).ok_or_else(|| AccessError::BadEmail(email.to_owned()))?;
    let password = new_password(random);
    let hash = hash_password(random, &password).map_err(|error| AccessError::Hash(error.to_string()))?;
    let known = store.write(|s| -> Result<bool, StoreError> {
        let now = s.now()?;
        let known = access::set_password(s, &email, &hash)?;
        if let Some(actor) = actor.filter(|_| known) {
            access::record(s, now, actor, "password reset", &email, None)?;
        }
        Ok(known)
    })?;
    if known { Ok(password) } else { Err(AccessError::UnknownUser(email)) }
}

/// Makes an API token, which is told this once.
pub fn create_token(store: &Store, random: &Random, name: &str, role: &str) -> Result<String, AccessError> {
    issue_token(store, random, name, role, COMMAND_LINE)
}

/// The same; `actor` is written down.
pub(crate) fn issue_token(
    store: &Store,
    random: &Random,
    name: &str,
    role: &str,
    actor: Option<&str>,
) -> Result<String, AccessError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(AccessError::BadName(name.to_owned()));
    }
    let role = known_role(role)?;
    let token = new_secret(random);
    let added = store.write(|s| -> Result<bool, StoreError> {
        let now = s.now()?;
        let added = access::add_token(s, name, role.key(), &fingerprint(&token), now)?;
        if let Some(actor) = actor.filter(|_| added) {
            access::record(s, now, actor, "token created", name, None)?;
        }
        Ok(added)
    })?;
    if added { Ok(token) } else { Err(AccessError::Exists(name.to_owned())) }
}

/// A session that just began.
pub struct SignedIn {
    /// The user's email, folded.
    pub email: String,
    /// The user's role.
    pub role: String,
    /// For the cookie.
    pub token: String,
    /// What writes must carry beside it.
    pub csrf: String,
}

/// Signs a user in; none when email or password is wrong. Takes as long for a user who does not exist.
pub fn sign_in(
    store: &Store,
    random: &Random,
    email: &str,
    password: &str,
    now: Timestamp,
) -> Result<Option<SignedIn>, StoreError> {
    let user = store.read(|s| access::user(s, email))?.filter(|user| !user.disabled);
    if !password_matches(password, user.as_ref().map(|user| user.password_hash.as_str())) {
        return Ok(None);
    }
    let Some(user) = user else { return Ok(None) };
    let (token, csrf) = (new_secret(random), new_secret(random));
    let expires_at = now.checked_add(SESSION_LASTS).unwrap_or(Timestamp::MAX);
    store.write(|s: &mut dyn Session| {
        access::add_session(s, &fingerprint(&token), user.id, &csrf, now, expires_at)?;
        access::record(s, now, &user.email, "signed in", &user.email, None)
    })?;
    Ok(Some(SignedIn { email: user.email, role: user.role, token, csrf }))
}

/// An email as users are found by it; none when it is no address.
pub fn folded_email(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (local, domain) = email.rsplit_once('@')?;
    let good = !local.is_empty()
        && !domain.is_empty()
        && email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    good.then_some(email)
}

fn known_role(role: &str) -> Result<Role, AccessError> {
    Role::from_key(role)
        .ok_or_else(|| AccessError::UnknownRole(role.to_owned(), Role::keys().collect::<Vec<_>>().join(", ")))
}
