//! The main job on real parts: a requester burns RENDER for credits and orders a picture, four staked nodes win its leases in
//! the race, path-trace them, audit each other, attest and are paid out of an epoch, and the picture lands on the disk. One of the
//! four cheats: its audits differ, the chain executes the step in which they do, and its stake is slashed.
//!
//! Embedded by default: the programs' SBF binaries in an in-process SVM whose time is warped through windows and epoch, with the
//! nodes in this process. With `--validator`: a real validator, and the nodes in processes of their own.

mod cast;
mod disputes;
mod embedded;
mod report;
mod story;
mod validator;

use clap::Parser;
use std::path::PathBuf;

/// What to show.
#[derive(Clone, Debug, Parser)]
#[command(name = "demo", about = "The main job on real parts, shown step by step")]
struct Arguments {
    /// Use a real validator and separate worker processes
    #[arg(long)]
    validator: bool,
    /// Scene to render: a .glb or .gltf file, or `cornell` or `still-life` of the project's own generator
    #[arg(long, default_value = "still-life")]
    scene: String,
    /// Columns of the picture
    #[arg(long, default_value_t = 480)]
    width: u32,
    /// Rows of the picture
    #[arg(long, default_value_t = 360)]
    height: u32,
    /// Camera samples per pixel
    #[arg(long, default_value_t = 32)]
    samples: u32,
    /// Folder for pictures and reports
    #[arg(long, default_value = "target/demo")]
    out: PathBuf,
    /// Seed of keys and chain: the same seed gives the same run
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.out)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        if arguments.validator { validator::run(&arguments).await } else { embedded::run(&arguments).await }
    })
}
