//! `canvass run`: the daemon, from its configuration to its last flush.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::net::{TcpListener, UnixListener};

use super::check;
use super::collector::Collector;
use super::core::{Core, Live, LiveError};
use super::dispatcher::Dispatcher;
use super::housekeeper::Housekeeper;
use super::lifecycle::{Lifecycle, Request, Signals, tell_systemd};
use super::reconciler::Reconciler;
use super::status::Watch;
use super::telemetry::{self, LogFilter};
use super::ticker::Ticker;
use crate::chain::Chain;
use crate::clock::{Clock, SystemClock};
use crate::config::Problem;
use crate::config::settings::Settings;
use crate::domain::journey::Channel;
use crate::entropy::Entropy;
use crate::store::{self, Health, StoreError};
use crate::web;

/// The pause between two rounds of the ticker and of the housekeeper.
const ROUND: Duration = Duration::from_secs(1);
/// How often the status line is written.
const STATUS: Duration = Duration::from_secs(10);
/// How often it is seen whose turn it is to be asked about at its gateway.
const INQUIRY: Duration = Duration::from_secs(30);

/// Why the daemon did not start or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration has problems.
    #[error("the configuration has {} problems", .0.len())]
    Config(Vec<Problem>),
    /// The configuration cannot be put in force.
    #[error("the configuration cannot be put in force")]
    Live(#[from] LiveError),
    /// Logging cannot be set up.
    #[error("logging cannot be set up")]
    Telemetry(#[from] telemetry::TelemetryError),
    /// The store cannot be used.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// A listener cannot be opened.
    #[error("cannot listen on {place}")]
    Listen {
        /// Where.
        place: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The state folder cannot be made.
    #[error("cannot use the state folder `{}`", path.display())]
    StateDir {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The sockets of the daemon.
struct Listeners {
    public: TcpListener,
    admin: Option<TcpListener>,
    socket: UnixListener,
    bounces: Option<UnixListener>,
}

/// Opens the store that the settings name, and says what stands in the way.
pub async fn open_store(settings: &Settings, entropy: &Entropy) -> Result<Arc<dyn store::Store>, RunError> {
    Ok(store::sled::open(store_options(settings)?, entropy.bytes()).await?)
}

/// Where the store that the settings name lies. Makes the folder that it is to lie in.
pub fn store_options(settings: &Settings) -> Result<store::sled::SledOptions, RunError> {
    let folder = settings.daemon.state_dir.clone();
    let path = folder.join("store");
    let cannot = |source| RunError::StateDir { path: folder.clone(), source };
    // Folders that are made are nobody else's business; one that was there keeps the mode that its owner gave it. The
    // store's own is for the store to make, which may have to put another in its place first.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(cannot)?;
    // sled does not count what it keeps around its pages, and takes nearly twice the memory that it is told. What
    // operations write is what they mean to spend.
    let cache_bytes = settings.store.cache_bytes / 2;
    Ok(store::sled::SledOptions { path, cache_bytes })
}

/// Runs until a signal says stop.
pub async fn run(folder: &Path, env: &BTreeMap<String, String>) -> Result<(), RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let loaded = check::whole(folder, env, clock.now()).map_err(RunError::Config)?;
    let settings = loaded.config.settings.clone();
    let log = telemetry::start(&settings.daemon.log)?;
    let mut signals = Signals::listen().map_err(|source| listen_error("signals", source))?;
    let entropy = Arc::new(Entropy::of_system());
    let store = open_store(&settings, &entropy).await?;
    let live = Live::of(loaded.config, &clock)?;
    store.keep_surveys(live.config.surveys.values().cloned().collect()).await?;
    let core = Arc::new(Core::new(store, live, clock, entropy).in_environment(env));
    core.metrics.reloaded(Some(core.clock.now()));
    Housekeeper::new(Arc::clone(&core)).recover().await?;
    let listeners = listen(&settings).await?;
    let lifecycle = Lifecycle::default();
    core.pulse.begin(core.clock.now());
    start(&core, &lifecycle, listeners, &settings);
    tell_systemd(&[NotifyState::Ready, NotifyState::Status("serving")]);
    tracing::info!(public = %settings.public.listen, "canvass {} is ready", env!("CARGO_PKG_VERSION"));
    while signals.next().await == Request::Reload {
        reload(&core, folder, env, &log).await;
    }
    tell_systemd(&[NotifyState::Stopping, NotifyState::Status("finishing what is on its way")]);
    tracing::info!("stopping: no new messages; those on their way finish");
    let drained = lifecycle.stop(settings.daemon.grace, signals.next_stop()).await;
    if !drained {
        tracing::warn!("stopped before everything had finished; the outcome of what was on its way is unknown");
    }
    core.store.close().await?;
    for socket in [Some(&settings.admin.socket), bounce_socket(&settings)].into_iter().flatten() {
        if let Err(err) = std::fs::remove_file(socket) {
            tracing::debug!("cannot remove the socket {}: {err}", socket.display());
        }
    }
    tracing::info!("stopped");
    Ok(())
}

fn listen_error(place: impl Into<String>, source: std::io::Error) -> RunError {
    RunError::Listen { place: place.into(), source }
}

async fn listen(settings: &Settings) -> Result<Listeners, RunError> {
    let passed = ListenFd::from_env().take_tcp_listener(0);
    let public = match passed.map_err(|source| listen_error("the socket that systemd passed", source))? {
        Some(listener) => {
            let usable = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
            usable.map_err(|source| listen_error("the socket that systemd passed", source))?
        }
        None => bind(settings.public.listen).await?,
    };
    let admin = match settings.admin.listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let socket = bind_socket(&settings.admin.socket, 0o600)?;
    // A mail server is another user. It can tell us no more than whoever sends mail to the bounce address.
    let bounces = bounce_socket(settings).map(|path| bind_socket(path, 0o666)).transpose()?;
    Ok(Listeners { public, admin, socket, bounces })
}

fn bounce_socket(settings: &Settings) -> Option<&PathBuf> {
    settings.email.as_ref().and_then(|email| email.bounce_socket.as_ref())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|source| listen_error(address.to_string(), source))
}

/// The store's lock says that no other daemon runs on this state, so a socket that is still there is a left-over.
fn bind_socket(path: &Path, mode: u32) -> Result<UnixListener, RunError> {
    let failed = |source| listen_error(path.display().to_string(), source);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path).map_err(failed)?,
        Ok(_) => return Err(failed(std::io::Error::other("something that is no socket is in the way"))),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => (),
        Err(err) => return Err(failed(err)),
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    Ok(listener)
}

fn start(core: &Arc<Core>, lifecycle: &Lifecycle, listeners: Listeners, settings: &Settings) {
    let Listeners { public, admin, socket, bounces } = listeners;
    let stop = || lifecycle.soft.clone().cancelled_owned();
    // Who asks is told apart by their networks.
    let customers = web::public(Arc::clone(core)).into_make_service_with_connect_info::<SocketAddr>();
    serve(lifecycle, axum::serve(public, customers).with_graceful_shutdown(stop()).into_future());
    serve(lifecycle, axum::serve(socket, web::admin(Arc::clone(core))).with_graceful_shutdown(stop()).into_future());
    if let Some(admin) = admin {
        let door = web::admin_over_tcp(Arc::clone(core), settings.admin.token.clone());
        serve(lifecycle, axum::serve(admin, door).with_graceful_shutdown(stop()).into_future());
    }
    if let Some(bounces) = bounces {
        lifecycle.spawn(web::lmtp::serve(bounces, Arc::clone(core), lifecycle.clone()));
    }
    for channel in Channel::ALL {
        let dispatcher = Dispatcher::new(Arc::clone(core), channel, lifecycle.tasks.clone());
        let stop = lifecycle.soft.clone();
        lifecycle.spawn(async move { dispatcher.run(stop).await });
    }
    let ticker = Arc::new(Ticker::new(Arc::clone(core)));
    every(lifecycle, ROUND, move || {
        let ticker = Arc::clone(&ticker);
        async move { ticker.step().await.map(drop) }
    });
    let housekeeper = Arc::new(Housekeeper::new(Arc::clone(core)));
    every(lifecycle, ROUND, move || {
        let housekeeper = Arc::clone(&housekeeper);
        async move { housekeeper.step().await.map(drop) }
    });
    let collector = Arc::new(Collector::new(Arc::clone(core), lifecycle.soft.clone()));
    every(lifecycle, ROUND, move || {
        let collector = Arc::clone(&collector);
        async move { collector.step().await }
    });
    let reconciler = Arc::new(Reconciler::new(Arc::clone(core), lifecycle.soft.clone()));
    every(lifecycle, INQUIRY, move || {
        let reconciler = Arc::clone(&reconciler);
        async move { reconciler.step().await.map(drop) }
    });
    let watch = Arc::new(Watch::new(Arc::clone(core)));
    every(lifecycle, STATUS, move || {
        let watch = Arc::clone(&watch);
        async move { watch.step().await.map(drop) }
    });
    let watched = Arc::clone(core);
    let pause = sd_notify::watchdog_enabled().map_or(STATUS, |limit| (limit / 3).min(STATUS));
    every(lifecycle, pause, move || status(Arc::clone(&watched)));
}

fn serve(lifecycle: &Lifecycle, served: impl Future<Output = std::io::Result<()>> + Send + 'static) {
    lifecycle.spawn(async move {
        if let Err(err) = served.await {
            tracing::error!("a listener stopped: {}", Chain(&err));
        }
    });
}

/// Runs a step again and again, with a pause between, until the daemon stops.
fn every<F>(lifecycle: &Lifecycle, pause: Duration, step: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = Result<(), StoreError>> + Send,
{
    let stop = lifecycle.soft.clone();
    lifecycle.spawn(async move {
        while !stop.is_cancelled() {
            match step().await {
                Ok(()) => (),
                Err(err) if err.is_read_only() => (),
                Err(err) => tracing::error!("a round failed: {}", Chain(&err)),
            }
            tokio::select! { () = tokio::time::sleep(pause) => (), () = stop.cancelled() => () }
        }
    });
}

/// Writes the status line and pets the watchdog: only when the store answers, so a hung store is noticed. One that says
/// that it is read-only does not hang, even if it cannot be read.
async fn status(core: Arc<Core>) -> Result<(), StoreError> {
    let health = *core.store.health().borrow();
    core.metrics.store(health);
    let queue = match (core.store.queue().await, health) {
        (Ok(lengths), _) => {
            core.metrics.queue(lengths);
            let [closing, sending, email, sms] = lengths;
            format!("{email} mails and {sms} text messages to send, {sending} on their way, {closing} windows open")
        }
        (Err(_), Health::ReadOnly(_)) => "what is to be sent cannot be read".to_owned(),
        (Err(err), Health::Writable) => return Err(err),
    };
    let health = match health {
        Health::Writable => String::new(),
        Health::ReadOnly(reason) => format!("the store is read-only, because {reason}; "),
    };
    let refused = core.reload_refused.load(Ordering::Relaxed);
    let reload = if refused { "the last reload was refused, see the log; " } else { "" };
    let line = format!("{health}{reload}{queue}");
    tell_systemd(&[NotifyState::Status(&line), NotifyState::Watchdog]);
    Ok(())
}

/// Puts what is in the folder now in force, or keeps what is and says why.
async fn reload(core: &Core, folder: &Path, env: &BTreeMap<String, String>, log: &LogFilter) {
    let mut begun = vec![NotifyState::Reloading];
    begun.extend(NotifyState::monotonic_usec_now().ok());
    tell_systemd(&begun);
    let failed = match adopt(core, folder, env, log).await {
        Ok(()) => None,
        Err(RunError::Config(problems)) => {
            for problem in &problems {
                tracing::error!("configuration: {problem}");
            }
            Some(format!("{} problems", problems.len()))
        }
        Err(err) => {
            tracing::error!("configuration: {}", Chain(&err));
            Some(Chain(&err).to_string())
        }
    };
    core.reload_refused.store(failed.is_some(), Ordering::Relaxed);
    core.metrics.reloaded(failed.is_none().then(|| core.clock.now()));
    let line = match failed {
        None => "serving with the new configuration".to_owned(),
        Some(why) => format!("reload refused ({why}); serving with the configuration from before"),
    };
    tracing::info!("{line}");
    tell_systemd(&[NotifyState::Ready, NotifyState::Status(&line)]);
}

async fn adopt(core: &Core, folder: &Path, env: &BTreeMap<String, String>, log: &LogFilter) -> Result<(), RunError> {
    let loaded = check::whole(folder, env, core.clock.now()).map_err(RunError::Config)?;
    let live = Live::of(loaded.config, &core.clock)?;
    log.change(&live.config.settings.daemon.log)?;
    Ok(core.adopt(live).await?)
}
