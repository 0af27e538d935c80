//! `render-compute`: the requester's command line.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use render_compute_cli::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match render_compute_cli::arguments::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `eprintln!` would panic where nobody reads.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
