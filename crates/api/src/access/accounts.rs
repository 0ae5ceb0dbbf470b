//! Users and tokens: made, reset and signed in. The command line uses these too.

use caravan_model::Random;
use caravan_model::document::DocumentKind;
use caravan_store::{Session, Store, StoreError, access, documents};
use jiff::{SignedDuration, Timestamp};

use super::secret::{fingerprint, hash_password, new_password, new_secret, password_matches};
use super::{GRANTS, Permission, Rights};

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
    /// The role grants what whoever gives it may not do.
    #[error("the role `{role}` includes what yours does not: {}", keys_of(.lacking))]
    MoreThanOwn {
        /// The key of the role.
        role: String,
        /// What the giver's role does not grant.
        lacking: Vec<Permission>,
    },
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
            Self::MoreThanOwn { .. } => "more_than_own",
            Self::Exists(_) => "exists_already",
            Self::UnknownUser(_) => "unknown_user",
            Self::Hash(_) => "hash_failed",
            Self::Store(error) => error.code(),
        }
    }
}

fn keys_of(permissions: &[Permission]) -> String {
    permissions.iter().map(|it| it.key()).collect::<Vec<_>>().join(", ")
}

/// Who gives rights. Nobody gives what they do not have themselves, and nobody takes more away.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Giver<'a> {
    /// Whoever can run the command line owns the store. It writes down itself what it did.
    CommandLine,
    /// Somebody who called the API, whose router writes down what they did.
    Caller(&'a Rights),
}

impl Giver<'_> {
    fn writes_down(self, s: &mut dyn Session, at: Timestamp, what: &str, subject: &str) -> Result<(), StoreError> {
        match self {
            Self::CommandLine => access::record(s, at, "command line", what, subject, None),
            Self::Caller(_) => Ok(()),
        }
    }
}

/// Refuses whoever lacks something that `rights` grant.
pub(crate) fn must_cover(giver: Giver<'_>, rights: &Rights) -> Result<(), AccessError> {
    let lacking = match giver {
        Giver::CommandLine => Vec::new(),
        Giver::Caller(own) => own.lacks(rights),
    };
    match lacking.is_empty() {
        true => Ok(()),
        false => Err(AccessError::MoreThanOwn { role: rights.role().to_owned(), lacking }),
    }
}

/// The role written as `key`, which `giver` is about to give in this transaction.
pub(crate) fn given_role(s: &mut dyn Session, giver: Giver<'_>, key: &str) -> Result<Rights, AccessError> {
    let Some(rights) = Rights::held(s, key)? else { return Err(unknown_role(s, key)?) };
    must_cover(giver, &rights)?;
    Ok(rights)
}

/// How many access roles a message names.
const NAMED: usize = 20;

fn unknown_role(s: &mut dyn Session, key: &str) -> Result<AccessError, StoreError> {
    let own = documents::all_of(s, DocumentKind::AccessRole.key(), NAMED)?;
    let built_in = GRANTS.iter().map(|(role, _)| role.key().to_owned());
    let all: Vec<String> = built_in.chain(own.into_iter().map(|row| row.key)).collect();
    Ok(AccessError::UnknownRole(key.to_owned(), all.join(", ")))
}

/// Adds a local user and returns the password, which is told this once.
pub fn add_user(store: &Store, random: &Random, email: &str, role: &str) -> Result<String, AccessError> {
    admit(store, random, email, role, Giver::CommandLine)
}

/// The same for somebody else.
pub(crate) fn admit(
    store: &Store,
    random: &Random,
    email: &str,
    role: &str,
    giver: Giver<'_>,
) -> Result<String, AccessError> {
    let password = new_password(random);
    if !insert_user(store, random, email, role, &password, giver)? {
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
    insert_user(store, random, email, role, password, Giver::CommandLine)
}

fn insert_user(
    store: &Store,
    random: &Random,
    email: &str,
    role: &str,
    password: &str,
    giver: Giver<'_>,
) -> Result<bool, AccessError> {
    let email = folded_email(email).ok_or_else(|| AccessError::BadEmail(email.to_owned()))?;
    let hash = hash_password(random, password).map_err(|error| AccessError::Hash(error.to_string()))?;
    store.write(|s| {
        let now = s.now()?;
        let role = given_role(s, giver, role)?;
        let added = access::add_user(s, &email, role.role(), &hash, now)?;
        if added {
            giver.writes_down(s, now, "user added", &email)?;
        }
        Ok(added)
    })
}

/// Gives a user a new password, which is told this once, and ends all their sessions.
pub fn reset_user(store: &Store, random: &Random, email: &str) -> Result<String, AccessError> {
    reset_password(store, random, email, Giver::CommandLine)
}

/// The same for somebody else, who may do all that the user may do: a password is the user's rights.
pub(crate) fn reset_password(
    store: &Store,
    random: &Random,
    email: &str,
    giver: Giver<'_>,
) -> Result<String, AccessError> {
    let email = folded_email(email).ok_or_else(|| AccessError::BadEmail(email.to_owned()))?;
    let password = new_password(random);
    let hash = hash_password(random, &password).map_err(|error| AccessError::Hash(error.to_string()))?;
    store.write(|s| -> Result<(), AccessError> {
        let now = s.now()?;
        let user = access::user(s, &email)?.ok_or_else(|| AccessError::UnknownUser(email.clone()))?;
        if let Some(rights) = Rights::of(s, &user.role)? {
            must_cover(giver, &rights)?;
        }
        access::set_password(s, &email, &hash)?;
        Ok(giver.writes_down(s, now, "password reset", &email)?)
    })?;
    Ok(password)
}

/// Makes an API token, which is told this once.
pub fn create_token(store: &Store, random: &Random, name: &str, role: &str) -> Result<String, AccessError> {
    issue_token(store, random, name, role, Giver::CommandLine)
}

/// The same for somebody else.
pub(crate) fn issue_token(
    store: &Store,
    random: &Random,
    name: &str,
    role: &str,
    giver: Giver<'_>,
) -> Result<String, AccessError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(AccessError::BadName(name.to_owned()));
    }
    let token = new_secret(random);
    let added = store.write(|s| -> Result<bool, AccessError> {
        let now = s.now()?;
        let role = given_role(s, giver, role)?;
        let added = access::add_token(s, name, role.role(), &fingerprint(&token), now)?;
        if added {
            giver.writes_down(s, now, "token created", name)?;
        }
        Ok(added)
    })?;
    if added { Ok(token) } else { Err(AccessError::Exists(name.to_owned())) }
}

/// A session that just began.
pub struct SignedIn {
    /// The user's email, folded.
    pub email: String,
    /// The key of the user's role.
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
