//! Secrets at rest: encrypted and authenticated (ChaCha20-Poly1305, RFC 8439) with a key that is never in the store.
//!
//! Each secret is bound to its place: one that is moved to another connection or name does not open. A key is told
//! apart by its id, so that a former key opens what it closed until everything is closed with the current one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caravan_model::Random;
use parking_lot::Mutex;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};

use crate::connector::Secret;

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// An encrypted secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key opens it.
    pub key_id: String,
    /// Nonce, ciphertext and tag in base64.
    pub text: String,
}

/// Why a secret cannot be kept or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no key at all.
    #[error(
        "Secrets cannot be kept here: there is no key to encrypt them with. Make one (`openssl rand -base64 32`) and give it \
         to every process as CARAVAN_SECRET_KEY."
    )]
    NoKey,
    /// A key is not one.
    #[error("{0} is not a key: 32 bytes in base64 are one. `openssl rand -base64 32` makes one.")]
    BadKey(String),
    /// Closed with a key that is not here.
    #[error(
        "It was encrypted with the key {0}, which is not here. Give that key as CARAVAN_FORMER_SECRET_KEYS, or set the \
         secret anew."
    )]
    UnknownKey(String),
    /// Changed, or moved from elsewhere.
    #[error("It cannot be decrypted: it was changed, or comes from elsewhere. Set the secret anew.")]
    Damaged,
    /// The key's file.
    #[error("The key file {path} cannot be used: {why}.")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        why: String,
    },
    /// The key is given by hand, so it is changed by hand.
    #[error(
        "The key is given as CARAVAN_SECRET_KEY: set a new one there and the present one as CARAVAN_FORMER_SECRET_KEYS, \
         start every process again, and repeat this."
    )]
    GivenByHand,
}

/// Closes and opens secrets. Shared by a whole process.
#[derive(Debug)]
pub struct Vault {
    place: Place,
    random: Random,
    keys: Mutex<Keys>,
}

/// Where the keys are.
#[derive(Debug)]
enum Place {
    Nowhere,
    Given,
    /// One key a line, the current one first. Made when the first secret is kept.
    File(PathBuf),
}

#[derive(Debug, Clone, Default)]
struct Keys {
    current: Option<Key>,
    former: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: String,
    cipher: std::sync::Arc<LessSafeKey>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl Vault {
    /// Keeps nothing and opens nothing.
    pub fn nowhere() -> Self {
        Self { place: Place::Nowhere, random: Random::System, keys: Mutex::default() }
    }

    /// With keys as they were given, in base64: the current one, and former ones.
    ///
    /// # Errors
    /// One of them is no key.
    pub fn given(current: &Secret, former: &[Secret], random: Random) -> Result<Self, VaultError> {
        let current = Some(Key::read(current.reveal(), "The secret key")?);
        let former = former.iter().map(|key| Key::read(key.reveal(), "A former secret key"));
        let keys = Keys { current, former: former.collect::<Result<_, _>>()? };
        Ok(Self { place: Place::Given, random, keys: Mutex::new(keys) })
    }

    /// With the keys of a file, which is made when the first secret is kept.
    pub fn in_file(path: impl Into<PathBuf>, random: Random) -> Self {
        Self { place: Place::File(path.into()), random, keys: Mutex::default() }
    }

    /// Encrypts a secret for its place, `document 7/password` say.
    ///
    /// # Errors
    /// There is no key, or its file cannot be used.
    pub fn seal(&self, place: &str, secret: &Secret) -> Result<Sealed, VaultError> {
        let mut keys = self.keys.lock();
        self.refresh(&mut keys)?;
        if let (None, Place::File(path)) = (&keys.current, &self.place) {
            write_new(path, &self.new_line())?;
            *keys = read_file(path)?;
        }
        let key = keys.current.as_ref().ok_or(VaultError::NoKey)?;
        let nonce: [u8; NONCE_LEN] = self.random.bytes();
        let mut closed = secret.reveal().as_bytes().to_vec();
        let sealed = key.cipher.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.as_bytes()),
            &mut closed,
        );
        sealed.map_err(|_| VaultError::Damaged)?;
        Ok(Sealed { key_id: key.id.clone(), text: STANDARD.encode([nonce.as_slice(), &closed].concat()) })
    }

    /// Decrypts what was sealed for the same place.
    ///
    /// # Errors
    /// Its key is not here, or it was changed.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<Secret, VaultError> {
        let key = self.key(&sealed.key_id)?;
        let bytes = STANDARD.decode(&sealed.text).map_err(|_| VaultError::Damaged)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Damaged)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key.cipher.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text);
        let opened = opened.map_err(|_| VaultError::Damaged)?;
        std::str::from_utf8(opened).map(Secret::new).map_err(|_| VaultError::Damaged)
    }

    /// The id of the key that closes now.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn current_id(&self) -> Result<Option<String>, VaultError> {
        let mut keys = self.keys.lock();
        self.refresh(&mut keys)?;
        Ok(keys.current.as_ref().map(|key| key.id.clone()))
    }

    /// Makes a new current key in the file; the present one becomes a former one. A given key is left as it is.
    ///
    /// # Errors
    /// There is no key, a given one has no former one to come from, or the file cannot be used.
    pub fn change_key(&self) -> Result<(), VaultError> {
        let mut keys = self.keys.lock();
        match &self.place {
            Place::Nowhere => Err(VaultError::NoKey),
            Place::Given if keys.former.is_empty() => Err(VaultError::GivenByHand),
            Place::Given => Ok(()),
            Place::File(path) => {
                let lines = [self.new_line(), present(path)?].concat();
                replace(path, &lines)?;
                *keys = read_file(path)?;
                Ok(())
            }
        }
    }

    /// Nothing is closed with former keys any more: takes them out of the file.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn forget_former(&self) -> Result<(), VaultError> {
        let Place::File(path) = &self.place else { return Ok(()) };
        let mut keys = self.keys.lock();
        let lines = present(path)?;
        let first = lines.lines().next().map(|line| format!("{line}\n")).unwrap_or_default();
        replace(path, &first)?;
        *keys = read_file(path)?;
        Ok(())
    }

    fn new_line(&self) -> String {
        format!("{}\n", STANDARD.encode(self.random.bytes::<KEY_BYTES>()))
    }

    /// A key by its id. Another process may have made a new one meanwhile.
    fn key(&self, id: &str) -> Result<Key, VaultError> {
        let mut keys = self.keys.lock();
        if let Some(key) = keys.get(id) {
            return Ok(key);
        }
        if let Place::File(path) = &self.place {
            *keys = read_file(path)?;
        }
        keys.get(id).ok_or_else(|| VaultError::UnknownKey(id.to_owned()))
    }

    /// The file decides: what another process wrote there holds for this one too.
    fn refresh(&self, keys: &mut Keys) -> Result<(), VaultError> {
        if let Place::File(path) = &self.place {
            *keys = read_file(path)?;
        }
        Ok(())
    }
}

impl Keys {
    fn get(&self, id: &str) -> Option<Key> {
        self.current.iter().chain(&self.former).find(|key| key.id == id).cloned()
    }
}

impl Key {
    fn read(text: &str, what: &str) -> Result<Self, VaultError> {
        let bad = || VaultError::BadKey(what.to_owned());
        let bytes = STANDARD.decode(text.trim()).ok().filter(|bytes| bytes.len() == KEY_BYTES).ok_or_else(bad)?;
        let digest = Sha256::new().chain_update(b"caravan secret key").chain_update(&bytes).finalize();
        let id = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let cipher = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| bad())?;
        Ok(Self { id, cipher: std::sync::Arc::new(LessSafeKey::new(cipher)) })
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> VaultError + '_ {
    |error| VaultError::File { path: path.display().to_string(), why: error.to_string() }
}

/// The lines of the file; none where there is no file.
fn present(path: &Path) -> Result<String, VaultError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(failed(path)),
    }
}

fn read_file(path: &Path) -> Result<Keys, VaultError> {
    let lines = present(path)?;
    let what = format!("A line of {}", path.display());
    let mut keys = lines.lines().filter(|line| !line.trim().is_empty()).map(|line| Key::read(line, &what));
    Ok(Keys { current: keys.next().transpose()?, former: keys.collect::<Result<_, _>>()? })
}

/// Makes the file unless somebody else just did: then theirs holds.
fn write_new(path: &Path, lines: &str) -> Result<(), VaultError> {
    let draft = draft_of(path, lines)?;
    let linked = fs::hard_link(&draft, path);
    // What is left of the draft holds a key that nobody uses.
    let _ = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.map_err(failed(path)),
    }
}

fn replace(path: &Path, lines: &str) -> Result<(), VaultError> {
    let draft = draft_of(path, lines)?;
    fs::rename(&draft, path).map_err(failed(path))
}

/// A whole file beside the one that it becomes, readable by nobody else.
fn draft_of(path: &Path, lines: &str) -> Result<PathBuf, VaultError> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(failed(&draft))?;
    file.write_all(lines.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&draft))?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

    fn given(current: &str, former: &[&str]) -> Vault {
        let former: Vec<Secret> = former.iter().map(|key| Secret::new(*key)).collect();
        Vault::given(&Secret::new(current), &former, Random::seeded(1)).unwrap()
    }

    #[test]
    fn a_secret_opens_in_its_own_place_alone_and_only_unchanged() {
        let vault = given(ONE, &[]);
        let secret = Secret::new("hunter2");
        let sealed = vault.seal("document 7/password", &secret).unwrap();
        let bytes = STANDARD.decode(&sealed.text).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(vault.open("document 7/password", &sealed), Ok(secret.clone()));
        assert_eq!(vault.open("document 8/password", &sealed), Err(VaultError::Damaged));
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            let changed = Sealed { text: STANDARD.encode(bytes), ..sealed.clone() };
            assert_eq!(vault.open("document 7/password", &changed), Err(VaultError::Damaged), "byte {at}");
        }
        let short = Sealed { text: "AAEC".to_owned(), ..sealed.clone() };
        assert_eq!(vault.open("document 7/password", &short), Err(VaultError::Damaged));
        let again = vault.seal("document 7/password", &secret).unwrap();
        assert_ne!(again.text, sealed.text, "the same secret never looks the same");
    }

    #[test]
    fn a_former_key_opens_and_an_unknown_one_is_named() {
        let sealed = given(ONE, &[]).seal("p", &Secret::new("s")).unwrap();
        let rotated = given(TWO, &[ONE]);
        assert_eq!(rotated.open("p", &sealed), Ok(Secret::new("s")));
        assert_ne!(rotated.seal("p", &Secret::new("s")).unwrap().key_id, sealed.key_id);
        let without = given(TWO, &[]);
        assert_eq!(without.open("p", &sealed), Err(VaultError::UnknownKey(sealed.key_id)));
    }

    #[test]
    fn a_file_is_made_for_the_first_secret_and_both_processes_use_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret.key");
        let (one, two) = (Vault::in_file(&path, Random::seeded(1)), Vault::in_file(&path, Random::seeded(99)));
        assert!(!path.exists() && one.current_id() == Ok(None));
        let sealed = one.seal("p", &Secret::new("s")).unwrap();
        assert_eq!(two.open("p", &sealed), Ok(Secret::new("s")));
        assert_eq!(two.seal("p", &Secret::new("t")).unwrap().key_id, sealed.key_id);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        two.change_key().unwrap();
        let newer = two.seal("p", &Secret::new("u")).unwrap();
        assert_ne!(newer.key_id, sealed.key_id);
        assert_eq!(one.open("p", &newer), Ok(Secret::new("u")), "the other process reads the new key");
        assert_eq!(one.open("p", &sealed), Ok(Secret::new("s")));
        two.forget_former().unwrap();
        let third = Vault::in_file(&path, Random::seeded(5));
        assert!(matches!(third.open("p", &sealed), Err(VaultError::UnknownKey(_))));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no drafts are left");
    }

    #[test]
    fn without_a_key_nothing_is_kept_and_a_bad_one_is_refused() {
        assert_eq!(Vault::nowhere().seal("p", &Secret::new("s")), Err(VaultError::NoKey));
        for bad in ["", "short", "AAEC", &format!("{ONE}AAAA")] {
            assert!(Vault::given(&Secret::new(bad), &[], Random::seeded(1)).is_err(), "{bad}");
        }
        assert_eq!(given(ONE, &[]).change_key(), Err(VaultError::GivenByHand));
        assert!(!format!("{:?}", given(ONE, &[])).contains(ONE));
    }
}
