//! End to end on a real validator, with the worker and the command line in processes of their own.
//!
//! `cargo xtask test` names the validator in `RENDER_COMPUTE_VALIDATOR`; without it every test here says that it was skipped.
//! The tests share one network and run one after the other: they share its node.

mod command_line;
mod disputed_worker;
mod killed_worker;

use local_chain::validator::{VALIDATOR, validator};
use market_tests::real_network::RealNetwork;
use std::{
    io::Write,
    path::Path,
    sync::{Mutex, Once, PoisonError},
};

/// The network of the tests; its validator ends with this process.
static NETWORK: Mutex<Option<RealNetwork>> = Mutex::new(None);
static SKIPPED: Once = Once::new();

/// Runs a test on the network, which the first one starts. A test that fails leaves it to the next one.
fn on_network(test: impl AsyncFnOnce(&RealNetwork)) {
    if validator().is_none() {
        // Past the test harness, which shows only what failing tests print.
        SKIPPED.call_once(|| {
            let _ = writeln!(std::io::stderr(), "skipped: {VALIDATOR} is not set; run cargo xtask test");
        });
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut network = NETWORK.lock().unwrap_or_else(PoisonError::into_inner);
    runtime.block_on(async {
        if network.is_none() {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validator");
            if folder.exists() {
                std::fs::remove_dir_all(&folder).expect("the folder of an earlier run is removed");
            }
            *network = Some(RealNetwork::start(&folder).await);
        }
        test(network.as_ref().expect("started above")).await;
    });
}
