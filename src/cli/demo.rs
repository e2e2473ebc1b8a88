//! `canvass demo`: the whole product on this machine, until Ctrl-C.

use super::args::DemoOptions;
use super::{Context, Exit, Failure, progress};
use crate::chain::Chain;
use crate::daemon::lifecycle::Signals;
use crate::daemon::telemetry;
use crate::demo::{self, DemoError};

/// Plays four weeks, then serves until it is told to stop. Prints one line on standard output: where to look.
pub(super) async fn demo(options: &DemoOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    demo::check_listen(options.listen).map_err(|err| failure(&err))?;
    let listener = tokio::net::TcpListener::bind(options.listen).await.map_err(|err| {
        let hint = "is something else running there? `canvass demo --listen 127.0.0.1:0` takes any free port";
        Failure::new(Exit::Unavailable, format!("cannot listen on {}: {err}; {hint}", options.listen))
    })?;
    telemetry::start("warn").map_err(|err| Failure::of(&err))?;
    let mut signals = Signals::listen()?;
    writeln!(context.err, "Playing four weeks of three sample restaurants; no message leaves this machine.")?;
    let bar = progress::things(demo::DAYS.into(), "days");
    let show = |day: u32| bar.set_position(day.into());
    let opened = tokio::select! {
        opened = demo::open(listener, &show) => Some(opened),
        () = signals.next_stop() => None,
    };
    bar.finish_and_clear();
    let Some(opened) = opened else { return Ok(Exit::Ok) };
    let running = opened.map_err(|err| failure(&err))?;
    writeln!(context.out, "{}", running.url())?;
    context.out.flush()?;
    writeln!(context.err, "Open that in a browser. Ctrl-C ends the demo and removes all of it.")?;
    signals.next_stop().await;
    running.stop().await.map_err(|err| failure(&err))?;
    Ok(Exit::Ok)
}

fn failure(err: &DemoError) -> Failure {
    let exit = match err {
        DemoError::NotLoopback { .. } => Exit::Usage,
        DemoError::Machine(_) => Exit::Unavailable,
        DemoError::Shipped(_) | DemoError::Live(_) => Exit::Config,
        DemoError::Store(_) | DemoError::Page { .. } | DemoError::Task(_) => Exit::Failed,
    };
    Failure::new(exit, Chain(err).to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::cli::{Exit, run};

    async fn listen_on(address: &str) -> (Exit, String, String) {
        let arguments = ["canvass", "demo", "--listen", address].map(Into::into).into();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = run(arguments, BTreeMap::new(), (&mut out, &mut err)).await;
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[tokio::test]
    async fn a_port_that_is_in_use_is_said_with_a_way_out() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let (exit, out, err) = listen_on(&address).await;
        assert_eq!((exit, out.as_str()), (Exit::Unavailable, ""));
        assert!(err.contains(&address) && err.contains("--listen 127.0.0.1:0"), "{err}");
    }

    #[tokio::test]
    async fn the_demo_is_for_this_machine_only() {
        let (exit, out, err) = listen_on("0.0.0.0:0").await;
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(err.contains("this machine only"), "{err}");
    }
}
