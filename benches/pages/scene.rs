//! A daemon with invitations that were sent and can be answered.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use canvass::{
    config,
    daemon::run::open_store,
    domain::seal::{LinkTarget, Purpose},
    entropy::Entropy,
};
use serde_json::json;
use tokio::runtime::Builder;

use crate::{
    port,
    process::Process,
    product::{Installation, MAIL_AT_ONCE, now, present},
};

/// Flushes that are timed.
const N_FLUSHES: usize = 500;

/// An installation whose invitations were sent.
pub(crate) struct Scene {
    installation: Installation,
    /// A token a line.
    tokens: PathBuf,
}

impl Scene {
    /// Imports visits, sends their mails into files, and gathers the links.
    pub(crate) fn prepare(n_invitations: usize) -> Self {
        let installation = Installation::with(MAIL_AT_ONCE, "[email]\ntransport = \"file\"\n");
        let (mut lines, at) = (String::new(), now());
        for n in 0..n_invitations {
            let email = format!("g{n}@guests.example");
            let contact = json!({ "id": format!("g-{n}"), "name": format!("Guest {n}"), "email": email });
            let event = json!({ "id": format!("visit-{n}"), "type": "visit.completed", "at": at, "contact": contact });
            writeln!(lines, "{event}").unwrap();
        }
        let file = installation.write("events.jsonl", &lines);
        installation.ok(&["events", "import", file.to_str().unwrap()]);
        let daemon = installation.start();
        let series = "canvass_invitations_total{channel=\"email\",outcome=\"accepted\"}";
        let n_wanted = u64::try_from(n_invitations).unwrap();
        let begun = Instant::now();
        while installation.metric(series) < n_wanted {
            assert!(begun.elapsed() < Duration::from_mins(10), "not everything was sent");
            std::thread::sleep(Duration::from_millis(200));
        }
        daemon.stop();
        let tokens = tokens(&installation, n_invitations);
        Self { installation, tokens }
    }

    /// Starts the daemon, and waits until it serves.
    pub(crate) fn start(&self) -> Process {
        let mut daemon = self.installation.begin();
        daemon.wait_for_port(self.port());
        daemon
    }

    pub(crate) fn port(&self) -> u16 {
        self.installation.public_port()
    }

    pub(crate) fn tokens(&self) -> &Path {
        &self.tokens
    }

    /// The path of the first invitation's page.
    pub(crate) fn path(&self) -> String {
        let tokens = fs::read_to_string(&self.tokens).unwrap();
        format!("/s/{}?overall=4", tokens.lines().next().unwrap())
    }

    /// How long the disk takes to have written a page, where the store lies: the median.
    pub(crate) fn flush(&self) -> Duration {
        let mut file = fs::File::create(self.installation.path("state/flush")).unwrap();
        let mut times: Vec<_> = (0..N_FLUSHES)
            .map(|_| {
                file.write_all(&[7; 4096]).unwrap();
                let begun = Instant::now();
                file.sync_data().unwrap();
                begun.elapsed()
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    }
}

fn tokens(installation: &Installation, n_wanted: usize) -> PathBuf {
    assert!(!port::is_open(installation.admin_port()));
    let loaded = config::load(&installation.path("config"), &BTreeMap::new(), present()).unwrap();
    let mut settings = loaded.config.settings;
    settings.daemon.state_dir = installation.path("state");
    let read = async {
        let store = open_store(&settings, &Entropy::of_system()).await.unwrap();
        let (mut tokens, mut n, mut after) = (String::new(), 0, None);
        loop {
            let page = store.invitations_after(after, 1_000).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for invitation in &page {
                let target = LinkTarget { invitation: invitation.id, attempt: 1 };
                writeln!(tokens, "{}", store.seal().token(Purpose::Survey, target)).unwrap();
                n += 1;
            }
        }
        store.close().await.unwrap();
        assert_eq!(n, n_wanted);
        tokens
    };
    let tokens = Builder::new_current_thread().enable_all().build().unwrap().block_on(read);
    installation.write("tokens", &tokens)
}
