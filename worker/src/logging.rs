//! Logs: to stderr, for people or as JSON; results go to stdout.

use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging. `RENDER_WORKER_LOG` filters as usual (`debug`, `render_worker=trace`, ...); `default` without it.
pub(crate) fn start(is_json: bool, default: &str) {
    let filter = EnvFilter::try_from_env("RENDER_WORKER_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let base = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever has started logging already keeps it.
    let _ = if is_json {
        base.json().flatten_event(true).with_ansi(false).try_init()
    } else {
        base.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init()
    };
}
