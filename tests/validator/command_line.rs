//! The `render-compute` binary as a person at a terminal uses it.

use super::on_network;
use local_chain::validator::{Process, binary};
use market_tests::real_network::{RealNetwork, last_lines};
use render_compute::state::JOB_DONE;
use serde_json::Value;
use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const MOST_COMMAND: Duration = Duration::from_secs(60);
const MOST_JOB: Duration = Duration::from_secs(90);

struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the binary with a key file; kills it when it does not end.
async fn run(network: &RealNetwork, key_file: &str, arguments: &[&str]) -> Answer {
    let (stdout, stderr) = (network.folder().join("stdout"), network.folder().join("stderr"));
    let mut command = Command::new(binary("render-compute").expect("the command line is built"));
    command.args(arguments).args(["--json", "--keypair", key_file, "--url", network.url(), "--store"]);
    command.arg(network.store_folder()).env("HOME", network.folder()).stdin(Stdio::null());
    command.stdout(fs::File::create(&stdout).expect("a file")).stderr(fs::File::create(&stderr).expect("a file"));
    let mut process = Process::start(&mut command).expect("the command line starts");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = process.ended().expect("it can be asked after") {
            break status;
        }
        assert!(began.elapsed() < MOST_COMMAND, "{arguments:?} has not ended after {MOST_COMMAND:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let read = |path| fs::read_to_string(path).expect("text");
    Answer { code: status.code(), stdout: read(&stdout), stderr: read(&stderr) }
}

/// Runs it and reads the one value that it prints.
async fn value(network: &RealNetwork, key_file: &str, arguments: &[&str]) -> Value {
    let answer = run(network, key_file, arguments).await;
    assert_eq!(answer.code, Some(0), "{arguments:?}: {}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", answer.stdout))
}

/// Refused with one sentence.
async fn refused(network: &RealNetwork, key_file: &str, arguments: &[&str], code: i32, words: &str) {
    let answer = run(network, key_file, arguments).await;
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(code), ""), "{arguments:?}: {}", answer.stderr);
    let sentence = answer.stderr.trim_end();
    assert!(sentence.starts_with("error: ") && sentence.contains(words), "{arguments:?}: {sentence}");
    assert_eq!(sentence.lines().count(), 1, "{arguments:?}: {sentence}");
}

#[test]
fn a_person_buys_credits_orders_a_picture_and_fetches_it_and_mistakes_get_a_sentence() {
    on_network(async |network| {
        let chain = network.chain();
        network.give_render(&chain, "Dan", 100_000_000).await;
        let dan = network.key_file("Dan");
        let dan = dan.to_str().expect("text");
        let order = ["job", "render", "cornell", "--width", "64", "--height", "48", "--samples", "4", "--tile", "16"];
        let more = ["--lease-tiles", "6", "--yes", "--max-price"];
        let render = |price| [&order[..], &more, &[price]].concat();

        let bought = value(network, dan, &["credits", "buy", "0.5", "--yes"]).await;
        assert_eq!(bought["available_credit_units"], 500_000);
        refused(network, dan, &render("60"), 1, "`render-compute credits buy 59.5").await;

        let opened = value(network, dan, &render("0.24")).await;
        assert_eq!((&opened["number"], &opened["escrow_credit_units"]), (&0.into(), &240_000.into()));
        let job = opened["job"].as_str().expect("an address").to_owned();

        let stranger = network.key_file("stranger");
        let stranger = stranger.to_str().expect("text");
        refused(network, stranger, &["job", "cancel", &job], 1, "can cancel this job").await;
        refused(network, stranger, &["credits", "buy", "1", "--yes"], 1, "holds no RENDER").await;
        fs::write(network.folder().join("broken.json"), "[1,2,3]").expect("written");
        let broken = network.folder().join("broken.json");
        let broken = broken.to_str().expect("text");
        refused(network, broken, &["credits", "show"], 2, "broken.json is not a readable key file").await;

        let mut worker = network.worker();
        let address = job.parse().expect("an address");
        network.job_until(&chain, &mut worker, &address, MOST_JOB, "done", |job| job.status == JOB_DONE).await;
        worker.kill().expect("the worker is killed");

        let shown = value(network, dan, &["job", "show", "0"]).await;
        assert_eq!((&shown["job"], &shown["status"]), (&job.as_str().into(), &"done".into()));
        assert_eq!((&shown["spent_credit_units"], &shown["escrow_credit_units"]), (&240_000.into(), &0.into()));
        let listed = value(network, dan, &["job", "list"]).await;
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!(listed[0]["job"], job.as_str());

        let out = network.folder().join("picture.png");
        let fetched = value(network, dan, &["job", "fetch", &job, out.to_str().expect("text")]).await;
        assert_eq!((&fetched["leases_verified"], &fetched["width"]), (&2.into(), &64.into()));
        let picture = fs::read(&out).expect("the picture");
        assert!(picture.starts_with(b"\x89PNG"), "{}", last_lines(&network.worker_log()));
        assert!(out.with_extension("exr").is_file());
    });
}
