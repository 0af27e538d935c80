//! `run`: the worker with signals and a progress bar around it.

use super::Context;
use crate::{
    backend::{self, Progress},
    bandwidth::server::serve,
    cli::Run,
    error::WorkerError,
    settings::Settings,
    worker::{Worker, WorkerSettings},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal, net::SocketAddr, sync::Arc, time::Duration};
use tokio_util::sync::{CancellationToken, DropGuard};

const REDRAW: Duration = Duration::from_millis(250);

pub(super) async fn run(context: &Context, arguments: Run) -> anyhow::Result<()> {
    let settings = &context.settings;
    let backend = backend::choose(settings.backend, settings.threads, &settings.device).map_err(WorkerError::from)?;
    tracing::info!(backend = backend.name(), on = backend.describe(), "rendering");
    let worker_settings = WorkerSettings::of(settings, context.identity()?);
    let chain = Arc::new(context.chain());
    let mut worker = Worker::new(worker_settings, chain, context.store()?, backend, &settings.journal_path())?;
    tracing::info!(node = %worker.node(), rpc = %settings.url, store = %settings.store, "working");
    // The bar and the log would write into each other's lines unless the log is elsewhere.
    let bar = (std::io::stdout().is_terminal() && !arguments.json_logs).then(|| tokio::spawn(draw(worker.progress())));
    let (shutdown, at_once) = (CancellationToken::new(), CancellationToken::new());
    let _measured = serve_peers(settings, &worker)?;
    let signals = tokio::spawn(listen(shutdown.clone(), at_once.clone()));
    let work = async { if arguments.once { worker.run_once(shutdown).await } else { worker.run(shutdown).await } };
    let outcome = tokio::select! {
        biased;
        () = at_once.cancelled() => Err(WorkerError::NotReady(
            "stopped at once; leases that are begun go on at the next start, if their deadlines allow".into(),
        )),
        outcome = work => outcome,
    };
    signals.abort();
    if let Some(bar) = bar {
        bar.abort();
    }
    outcome?;
    tracing::info!("stopped");
    Ok(())
}

/// Lets peers measure this node's bandwidth while the guard lives, on a thread of its own: sending at full speed must not hold up
/// the chain's side.
fn serve_peers(settings: &Settings, worker: &Worker) -> Result<Option<DropGuard>, WorkerError> {
    if settings.bandwidth_port == 0 {
        return Ok(None);
    }
    let at = SocketAddr::from((settings.bandwidth_listen, settings.bandwidth_port));
    let failed = |source| WorkerError::Machine {
        what: format!(
            "bandwidth_port: cannot listen for peers at {at}; choose a free port, or 0 to be rated with the least"
        ),
        source,
    };
    let listener = std::net::TcpListener::bind(at).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let (node, door, shutdown) = (worker.node(), worker.door(), CancellationToken::new());
    let until = shutdown.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let serve = move || {
        runtime.block_on(async {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => serve(listener, node, door, until).await,
                Err(error) => tracing::error!(%error, "peers cannot measure this node's bandwidth"),
            }
        });
    };
    std::thread::Builder::new().name("bandwidth".into()).spawn(serve).map_err(failed)?;
    tracing::info!(%at, "peers can measure this node's bandwidth");
    Ok(Some(shutdown.drop_guard()))
}

/// The first signal asks to finish, the second to stop at once.
#[cfg(unix)]
async fn listen(shutdown: CancellationToken, at_once: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "signals cannot be received; stop the worker with render-worker drain and wait");
            return;
        }
    };
    for token in [shutdown, at_once] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    }
}

/// The first interruption asks to finish, the second to stop at once.
#[cfg(not(unix))]
async fn listen(shutdown: CancellationToken, at_once: CancellationToken) {
    for token in [shutdown, at_once] {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "signals cannot be received; stop the worker with render-worker drain and wait");
            return;
        }
        token.cancel();
    }
}

/// Shows how far the rendering under way is.
async fn draw(progress: Arc<Progress>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} units, {eta} left") {
        bar.set_style(style);
    }
    loop {
        let (done, units) = progress.get();
        if units == 0 {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        } else {
            bar.set_draw_target(ProgressDrawTarget::stdout());
            bar.set_length(units);
            bar.set_position(done);
        }
        tokio::time::sleep(REDRAW).await;
    }
}
