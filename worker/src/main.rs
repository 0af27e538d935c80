//! `render-worker`: reads the command line, runs the command, maps its outcome to an exit code.

use clap::Parser;
use render_worker::{EXIT_FAILED, EXIT_OK, cli::Cli, dispatch, exit_code};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One thread for the chain side; rendering has its own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the system gives no event loop: {error}");
            return EXIT_FAILED.into();
        }
    };
    let outcome = runtime.block_on(dispatch(cli));
    // Whatever still waits in the background has nothing left to say.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => EXIT_OK.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            exit_code(&error).into()
        }
    }
}
