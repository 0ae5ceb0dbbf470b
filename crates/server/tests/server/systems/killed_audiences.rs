//! SIGKILL while people of an external audience are handed over: everybody is there at the end, and nobody twice where the
//! far side can tell.

use std::collections::BTreeSet;
use std::time::Duration;

use caravan_engine::Engine;
use caravan_engine::external_audiences::standing;
use caravan_testkit::fakes::aep::Setup as PlatformSetup;
use caravan_testkit::fakes::s3::Setup as BucketSetup;
use caravan_testkit::fakes::{Aep, Fault, S3};
use jiff::SignedDuration;

use crate::support::{eventually_within, terminate};
use crate::systems::place::{ACCOUNTS, Kind, PEOPLE, Place, SETTLED};

const EVERYBODY: usize = ACCOUNTS * PEOPLE;
const KILLS: usize = 3;
const SLOW: Duration = Duration::from_millis(200);
const A_WHILE: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(20);

/// A store with a folder, a bucket, and a platform that reads the bucket.
struct Outside {
    place: Place,
    engine: Engine,
    bucket: S3,
    platform: Aep,
}

impl Outside {
    /// With an audience that goes to these destinations of `files`, `hashed` and `cdp`.
    fn new(kind: Kind, destinations: &str) -> Self {
        let place = Place::new(kind);
        let bucket = S3::start(BucketSetup::default());
        let (making, reading) = (SignedDuration::from_secs(1), SignedDuration::from_secs(1));
        let platform = Aep::start(PlatformSetup { making, reading, ..PlatformSetup::default() }, bucket.shelf());
        let keys = BucketSetup::default();
        let keys = format!(
            "access_key_id: {{file: '{}'}}, secret_access_key: {{file: '{}'}}",
            place.secret(&keys.access_key_id),
            place.secret(&keys.secret_access_key)
        );
        place.apply(&format!(
            "{{kind: connection, key: out, type: folder, settings: {{path: out}}}}\n---\n\
             {{kind: destination, key: files, type: folder, connection: out, settings: {{every: 1m}}}}\n---\n\
             {{kind: connection, key: bucket, type: s3, settings: {{bucket: caravan, region: eu-central-1, prefix: out, \
               endpoint: '{bucket}'}}, secrets: {{{keys}}}}}\n---\n\
             {{kind: destination, key: hashed, type: s3, connection: bucket, settings: {{every: 1m, columns: \
               {{h: {{attribute: email, as: sha256_email}}}}}}}}\n---\n\
             {{kind: connection, key: platform, type: aep, settings: {{client_id: caravan, org_id: ACME@AdobeOrg, \
               base_connection_id: 6b6e0000-bucket, base_url: '{url}', ims_url: '{url}', files: {{bucket: caravan, \
               region: eu-central-1, prefix: activation, endpoint: '{bucket}'}}}}, \
               secrets: {{client_secret: {{file: '{hush}'}}, {keys}}}}}\n---\n\
             {{kind: destination, key: cdp, type: aep, connection: platform, settings: {{every: 1m}}}}\n---\n\
             {{kind: external_audience, key: retarget, name: Retarget, destinations: [{destinations}]}}\n",
            bucket = bucket.url(),
            url = platform.url(),
            hush = place.secret("hush"),
        ));
        let engine = Engine::new(place.store());
        Self { place, engine, bucket, platform }
    }

    fn fills(&self) {
        self.place.publish(
            "fill",
            "  act: {type: action, on: people, action: add_to_external_audience, audience: retarget, next: null}\n",
        );
    }

    /// How many people stand at each destination, and how many are on their way or in doubt.
    fn standing(&self) -> Vec<(i64, i64, i64)> {
        let all = standing(&self.engine, "retarget").expect("a standing").destinations;
        all.into_iter().map(|it| (it.there, it.pending, it.in_doubt)).collect()
    }

    /// A worker works until everybody stands at every destination.
    fn work_to_the_end(&self) {
        let worker = self.place.worker();
        let expected = vec![(EVERYBODY as i64, 0, 0); self.standing().len()];
        eventually_within(SETTLED, "everybody to stand there", || {
            self.place.hurry();
            self.standing() == expected
        });
        terminate(worker).expect_code(0);
    }

    /// Announced files of the folder, by their names.
    fn files(&self) -> Vec<String> {
        let folder = self.place.folder.path("handed-over/out/retarget");
        let names = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let names: BTreeSet<String> = names.map(|name| name.into_string().expect("a name")).collect();
        let announced = names.iter().filter(|name| names.contains(&format!("{name}.manifest.json")));
        announced.map(|name| std::fs::read_to_string(folder.join(name)).expect("a file")).collect()
    }

    /// The same of the bucket.
    fn objects(&self) -> Vec<String> {
        let objects = self.bucket.objects();
        let announced = objects.iter().filter(|(key, _)| objects.contains_key(&format!("{key}.manifest.json")));
        announced.map(|(_, object)| String::from_utf8(object.content.clone()).expect("UTF-8")).collect()
    }
}

/// Who is put in by files of changes, none of which takes anybody out.
fn put_in(files: &[String]) -> BTreeSet<String> {
    let rows = files.iter().flat_map(|file| file.lines().skip(1));
    rows.map(|row| row.strip_prefix("A,").expect("a row that puts in").split(',').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn killed_in_the_middle_files_of_a_folder_and_a_bucket_have_everybody_embedded() {
    files_have_everybody(Kind::Embedded);
}

#[test]
fn killed_in_the_middle_files_of_a_folder_and_a_bucket_have_everybody_postgres() {
    files_have_everybody(Kind::Postgres);
}

fn files_have_everybody(kind: Kind) {
    let outside = Outside::new(kind, "files, hashed");
    // Whoever puts a file is killed before the answer comes.
    outside.bucket.faults().plan("/out/retarget", 0, usize::MAX, Fault::Slow(LONG));
    outside.fills();
    outside.place.kill_workers(KILLS, || {
        outside.place.hurry();
        outside.bucket.requests()
    });
    outside.bucket.faults().clear();
    outside.work_to_the_end();
    let people: BTreeSet<String> =
        (0..ACCOUNTS).flat_map(|account| (0..PEOPLE).map(move |n| format!("p-{account}-{n}"))).collect();
    assert_eq!(put_in(&outside.files()), people);
    let hashes = put_in(&outside.objects());
    assert_eq!(hashes.len(), EVERYBODY);
    assert!(hashes.iter().all(|hash| hash.len() == 64), "{hashes:?}");
    let refused = outside.bucket.refused();
    assert!(refused.iter().all(|code| code == "PreconditionFailed"), "no file is put over another: {refused:?}");
}

#[test]
fn killed_in_the_middle_the_platform_has_everybody_once_embedded() {
    the_platform_has_everybody_once(Kind::Embedded);
}

#[test]
fn killed_in_the_middle_the_platform_has_everybody_once_postgres() {
    the_platform_has_everybody_once(Kind::Postgres);
}

fn the_platform_has_everybody_once(kind: Kind) {
    let outside = Outside::new(kind, "cdp");
    let faults = outside.platform.faults();
    let of = |end: &'static str| outside.platform.calls().iter().filter(|call| call.ends_with(end)).count();
    outside.fills();
    // The audience is being made when the first one dies; the others die before they hear that their file is read. Once that
    // is known, a file is not put again.
    faults.plan("/external-audience/", 0, 1, Fault::Slow(SLOW));
    outside.place.kill_workers(1, || {
        outside.place.hurry();
        of("POST /data/core/ais/external-audience/")
    });
    faults.plan("/run", 0, usize::MAX, Fault::Slow(A_WHILE));
    outside.place.kill_workers(KILLS - 1, || {
        outside.place.hurry();
        of("/run")
    });
    faults.clear();
    outside.work_to_the_end();
    let mut emails: Vec<String> =
        (0..ACCOUNTS).flat_map(|account| (0..PEOPLE).map(move |n| format!("p-{account}-{n}@example.com"))).collect();
    emails.sort();
    assert_eq!(outside.platform.members("Retarget"), emails);
    assert_eq!(
        outside.platform.with(|holdings| holdings.audiences.len()),
        1,
        "one audience, however often it was asked for"
    );
    let files = outside.bucket.objects().len();
    assert!(files >= KILLS, "each that was killed had put a file: {files}");
}
