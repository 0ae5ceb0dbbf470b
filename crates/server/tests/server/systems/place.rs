//! One store, the real binary over it, and connections to fakes.

use std::time::Duration;

use caravan_store::{OpenOptions, Store};
use caravan_testkit::fakes::linkedin::Setup as LinkedInSetup;
use caravan_testkit::fakes::marketo::Setup as MarketoSetup;
use caravan_testkit::fakes::{LinkedIn, Marketo};
use caravan_testkit::{Finished, Process, Program, ScratchDatabase, scratch_database};
use jiff::SignedDuration;
use serde_json::Value as Json;

use crate::support::{Folder, SOON, caravan, eventually, eventually_within};

/// Which database.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Embedded,
    Postgres,
}

/// Accounts `a-0` …, each with people whom Marketo knows.
pub const ACCOUNTS: usize = 30;
pub const PEOPLE: usize = 4;

/// Long enough for every pause that the other systems ask for, and for what a killed process held to become free.
pub const SETTLED: Duration = Duration::from_secs(480);

pub struct Place {
    pub folder: Folder,
    database: Option<ScratchDatabase>,
    pub linkedin: LinkedIn,
    pub marketo: Marketo,
}

impl Place {
    pub fn new(kind: Kind) -> Self {
        Self::with_consent(kind, LinkedInSetup::default().consent_life)
    }

    /// The same, where the consent that LinkedIn got holds for so long.
    pub fn with_consent(kind: Kind, consent_life: SignedDuration) -> Self {
        let linkedin = LinkedIn::start(LinkedInSetup {
            visible_after: SignedDuration::from_secs(1),
            retry_after: Some(1),
            consent_life,
            ..LinkedInSetup::default()
        });
        let marketo = Marketo::start(MarketoSetup { rate: 1_000, ..MarketoSetup::default() });
        marketo.list(7, "VIP");
        marketo.campaign(70, "Welcome");
        let database = match kind {
            Kind::Embedded => None,
            Kind::Postgres => Some(scratch_database()),
        };
        let place = Self { folder: Folder::new(), database, linkedin, marketo };
        place.furnish();
        place
    }

    fn furnish(&self) {
        let (mut accounts, mut people) = ("key,name,employees\n".to_owned(), "key,email,account_key\n".to_owned());
        for account in 0..ACCOUNTS {
            accounts += &format!("a-{account},Company {account},{}\n", account * 100);
            for person in 0..PEOPLE {
                let email = format!("p-{account}-{person}@example.com");
                people += &format!("p-{account}-{person},{email},a-{account}\n");
                self.marketo.lead((account * 10 + person) as i64, &email, "2020-01-01T00:00:00Z");
            }
        }
        let manifest = format!(
            "{{kind: account_list, key: all, type: dynamic, when: {{not: {{account: name, is_empty: true}}}}, state: live}}\n---\n\
             {{kind: connection, key: mkto, type: marketo, settings: {{munchkin_id: 123-ABC-456, client_id: caravan, \
               base_url: '{}', calls_per_20_seconds: 100, concurrent_calls: 10}}, secrets: {{client_secret: {{file: '{}'}}}}}}\n---\n\
             {{kind: connection, key: linkedin, type: linkedin, settings: {{client_id: caravan, base_url: '{}'}}, \
               secrets: {{client_secret: {{file: '{}'}}, refresh_token: {{file: '{}'}}}}}}\n---\n\
             {{kind: destination, key: li, type: linkedin, connection: linkedin, settings: {{ad_account: '512345'}}}}\n",
            self.marketo.url(),
            self.secret("hush"),
            self.linkedin.url(),
            self.secret("hush"),
            self.secret(&self.linkedin.refresh_token()),
        );
        self.folder.file("systems.yaml", manifest).file("accounts.csv", accounts).file("people.csv", people);
        self.does(&["apply", "-f", "systems.yaml"]);
        self.does(&["import", "accounts", "accounts.csv"]);
        self.does(&["import", "people", "people.csv"]);
    }

    /// The path of a file that holds a secret.
    pub fn secret(&self, secret: &str) -> String {
        self.folder.file(secret, format!("{secret}\n"));
        self.folder.path(secret).to_string_lossy().into_owned()
    }

    /// The binary with the options of this store.
    pub fn caravan(&self, args: &[&str]) -> Program {
        let program = caravan().args(args).dir(self.folder.path("."));
        let program = match &self.database {
            None => program,
            Some(database) => program.args(["--database", &database.url]),
        };
        program.args(["--allow-network", "127.0.0.0/8", "--files", "handed-over"])
    }

    /// A command that does all it is asked for.
    #[track_caller]
    pub fn does(&self, args: &[&str]) -> Finished {
        self.caravan(args).run().expect_code(0)
    }

    /// Applies a manifest.
    #[track_caller]
    pub fn apply(&self, manifest: &str) {
        self.folder.file("manifest.yaml", manifest);
        self.does(&["apply", "-f", "manifest.yaml"]);
    }

    /// The store itself, beside whoever works on it.
    pub fn store(&self) -> Store {
        let opened = match &self.database {
            None => Store::open_sqlite(self.folder.path("caravan-data"), OpenOptions::default()),
            Some(database) => Store::open_postgres(&database.url, OpenOptions::default()),
        };
        opened.expect("the store")
    }

    /// Nothing that is queued waits for its time any more: changes are gathered, and other systems left alone, for minutes.
    pub fn hurry(&self) {
        let sql = "UPDATE outbox SET not_before = 0 WHERE not_before > 0 AND claim IS NULL";
        self.store().write(|s| s.execute(sql, &[])).expect("all is due");
    }

    /// Applies and publishes a journey of all accounts.
    pub fn publish(&self, key: &str, nodes: &str) {
        let journey = format!(
            "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: all}}\nend: 2028-06-30T00:00:00Z\nentry: act\nnodes:\n{nodes}"
        );
        self.folder.file("journey.yaml", journey);
        self.does(&["apply", "-f", "journey.yaml"]);
        self.does(&["journey", "publish", key]);
    }

    /// Starts a worker.
    pub fn worker(&self) -> Process {
        let worker = self.caravan(&["worker", "--listen", "127.0.0.1:0"]).start();
        worker.wait_for_line("works on", SOON);
        worker
    }

    /// Lets workers begin and kills each of them in the middle, so many times: as soon as `calls` says that it has called
    /// again.
    pub fn kill_workers(&self, times: usize, calls: impl Fn() -> usize) {
        for _ in 0..times {
            let mut worker = self.worker();
            let before = calls();
            eventually("the worker calls", || calls() > before || !worker.is_running());
            // A call is slow here: this falls into its middle.
            std::thread::sleep(Duration::from_millis(30));
            worker.kill();
            self.forget_claims();
        }
    }

    /// The dead process has been silent for as long as claims hold; that its calls are over is known sooner. An embedded
    /// store knows both at once.
    pub fn forget_claims(&self) {
        if self.database.is_none() {
            return;
        }
        let sql = "UPDATE outbox SET claim_until = 0 WHERE claim_until IS NOT NULL";
        self.store().write(|s| s.execute(sql, &[])).expect("claims end");
    }

    /// A worker works until all have ended their trips and nothing is pending at a node; the node's outcomes.
    pub fn work_to_the_end(&self, journey: &str, node: &str) -> Json {
        let worker = self.worker();
        let mut outcomes = Json::Null;
        eventually_within(SETTLED, "everything to be settled", || {
            let status = self.does(&["journey", "status", journey, "--json"]).json();
            let status = if status.is_array() { status[0].clone() } else { status };
            outcomes = status["nodes"][node]["outcomes"].clone();
            status["travellers"]["entered"] == ACCOUNTS
                && status["travellers"]["active"] == 0
                && outcomes["pending"] == 0
        });
        crate::support::terminate(worker).expect_code(0);
        outcomes
    }
}
