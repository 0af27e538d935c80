//! `render-compute`: the requester's command line.

use std::process::ExitCode;

use clap::Parser;
use render_compute_cli::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match render_compute_cli::arguments::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
