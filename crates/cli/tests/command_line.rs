//! The binary as a person runs it, without a network: what is refused, in which words, and with which exit code.

use std::path::Path;
use std::process::{Command, Output};

/// Nothing listens here: port 9 is for discarding.
const NOBODY: &str = "http://127.0.0.1:9";

struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the binary in an empty home.
fn run(home: &Path, arguments: &[&str]) -> Answer {
    Command::new(env!("CARGO_BIN_EXE_render-compute"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("RENDER_COMPUTE_URL", NOBODY)
        .current_dir(home)
        .output()
        .expect("the binary starts")
        .into()
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Refused as the caller's mistake: one sentence, nothing on standard output, no panic.
fn refused(arguments: &[&str], words: &str) {
    let home = home();
    refused_in(home.path(), arguments, words);
}

fn refused_in(home: &Path, arguments: &[&str], words: &str) {
    let answer = run(home, arguments);
    assert_eq!(answer.code, Some(2), "{arguments:?}: {}", answer.stderr);
    assert_eq!(answer.stdout, "", "{arguments:?}");
    assert!(answer.stderr.starts_with("error: "), "{arguments:?}: {}", answer.stderr);
    assert!(answer.stderr.contains(words), "{arguments:?}: {}", answer.stderr);
    assert!(!answer.stderr.contains("panicked"), "{arguments:?}: {}", answer.stderr);
}

/// Stopped by something outside the command line.
fn failed(home: &Path, arguments: &[&str], words: &str) {
    let answer = run(home, arguments);
    assert_eq!(answer.code, Some(1), "{arguments:?}: {}", answer.stderr);
    assert_eq!(answer.stdout, "", "{arguments:?}");
    assert!(answer.stderr.starts_with("error: ") && answer.stderr.contains(words), "{arguments:?}: {}", answer.stderr);
}

/// A .gltf of one triangle whose buffer holds these positions.
fn triangle(positions: [[f32; 3]; 3]) -> String {
    let bytes: Vec<u8> = positions.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    format!(
        r#"{{"asset":{{"version":"2.0"}},"scene":0,"scenes":[{{"nodes":[0]}}],"nodes":[{{"mesh":0}}],
        "meshes":[{{"primitives":[{{"attributes":{{"POSITION":0}}}}]}}],
        "accessors":[{{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3","min":[0,0,0],"max":[1,1,0]}}],
        "bufferViews":[{{"buffer":0,"byteLength":36}}],
        "buffers":[{{"byteLength":36,"uri":"data:application/octet-stream;base64,{}"}}]}}"#,
        base64(&bytes)
    )
}

/// Base64 of 36 bytes, which need no padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sixths = |triple: &[u8]| {
        let word = u32::from(triple[0]) << 16 | u32::from(triple[1]) << 8 | u32::from(triple[2]);
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[(word >> shift & 63) as usize]))
    };
    bytes.chunks_exact(3).flat_map(sixths).collect()
}

const PRICE: [&str; 2] = ["--max-price", "1"];

fn render<'a>(scene: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["job", "render", scene][..], &PRICE, options].concat()
}

#[test]
fn an_unknown_scene_is_refused_with_the_scenes_there_are() {
    refused(&render("teapot", &[]), "give a .glb or .gltf file, `cornell` or `still-life`");
}

#[test]
fn a_scene_file_that_is_missing_is_refused_by_its_name() {
    refused(&render("missing.glb", &[]), "missing.glb");
}

#[test]
fn a_broken_gltf_is_refused() {
    let home = home();
    for (name, content) in [("text.glb", "not a scene"), ("cut.gltf", "{\"asset\":"), ("empty.gltf", "")] {
        std::fs::write(home.path().join(name), content).expect("written");
        refused_in(home.path(), &render(name, &[]), &format!("SCENE: {name}: "));
    }
}

#[test]
fn a_vertex_that_is_not_a_number_is_refused() {
    let home = home();
    let scene = triangle([[0.0, 0.0, 0.0], [f32::NAN, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    std::fs::write(home.path().join("nan.gltf"), scene).expect("written");
    refused_in(home.path(), &render("nan.gltf", &[]), "SCENE: nan.gltf: ");
}

#[test]
fn a_sound_scene_passes_the_same_way_up_to_the_missing_key() {
    let home = home();
    let scene = triangle([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    std::fs::write(home.path().join("sound.gltf"), scene).expect("written");
    let answer = run(home.path(), &render("sound.gltf", &[]));
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("error: --keypair: "), "{}", answer.stderr);
    assert!(answer.stderr.contains("solana-keygen new"), "{}", answer.stderr);
}

#[test]
fn a_picture_without_samples_or_pixels_is_refused_by_the_option() {
    refused(&render("cornell", &["--samples", "0"]), "--samples: 0 is outside 1..=65536");
    refused(&render("cornell", &["--width", "0"]), "--width: 0 is outside");
    refused(&render("cornell", &["--height", "99999"]), "--height: 99999 is outside");
    refused(&render("cornell", &["--tile", "129"]), "--tile: 129 is outside");
    refused(&render("cornell", &["--max-bounces", "65"]), "--max-bounces: 65 is outside");
}

#[test]
fn a_number_that_is_none_is_refused() {
    refused(&render("cornell", &["--samples", "many"]), "--samples");
    refused(&render("cornell", &["--seed", "-1"]), "-1");
}

#[test]
fn a_price_is_exact_or_refused() {
    refused(&["job", "render", "cornell", "--max-price", "1.0000001"], "it has 7 decimals, USD has 6");
    refused(&["job", "render", "cornell", "--max-price", "NaN"], "is not an amount of USD");
    refused(&["credits", "buy", "-5"], "-5");
    refused(&["oracle", "publish", "4,2"], "is not an amount of USD");
}

#[test]
fn a_price_too_small_for_the_tiles_is_refused() {
    refused(&["job", "render", "cornell", "--max-price", "0.00001"], "--max-price: ");
}

#[test]
fn a_picture_is_written_as_png_into_a_folder_that_exists() {
    refused(&render("cornell", &["--wait", "out.jpg"]), "OUT.png: out.jpg does not end in .png");
    refused(&render("cornell", &["--wait", "nowhere/out.png"]), "there is no folder nowhere");
    refused(&render("cornell", &["--wait", "out.png", "--exposure", "NaN"]), "--exposure: ");
}

#[test]
fn an_environment_that_cannot_be_read_is_refused() {
    refused(&render("cornell", &["--environment", "missing.hdr"]), "--environment: environment missing.hdr");
}

#[test]
fn a_job_is_named_by_number_or_address() {
    refused(&["job", "show", "teapot"], "neither an address nor a number");
}

#[test]
fn replicas_are_one_to_three() {
    refused(&render("cornell", &["--replicas", "0"]), "--replicas");
    refused(&render("cornell", &["--replicas", "4"]), "--replicas");
}

#[test]
fn a_dispute_is_named_by_an_address() {
    refused(&["dispute", "show", "teapot"], "<LEASE|DISPUTE>");
    refused(&["dispute", "watch", "7"], "<LEASE|DISPUTE>");
    refused(&["dispute", "open", "not-a-lease"], "<LEASE>");
    refused(&["dispute", "open"], "<LEASE>");
}

#[test]
fn a_store_that_is_none_is_refused() {
    let home = home();
    key(home.path());
    let job = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM";
    let fetch = ["job", "fetch", job, "out.png", "--store", "ftp://x"];
    refused_in(home.path(), &fetch, "--store: store `ftp://x`: `ftp` is no kind of store");
}

#[test]
fn a_broken_key_file_is_refused_by_its_path() {
    let home = home();
    std::fs::write(home.path().join("key.json"), "[1,2,3]").expect("written");
    refused_in(home.path(), &["credits", "show", "--keypair", "key.json"], "key.json is not a readable key file");
}

#[test]
fn parameters_of_a_network_are_checked_before_anything_is_sent() {
    let home = home();
    key(home.path());
    std::fs::write(home.path().join("typo.toml"), "[mint]\nfaucet_render = 1\n[parameters]\nlease = 1\n")
        .expect("written");
    refused_in(
        home.path(),
        &["network", "init", "--parameters", "typo.toml"],
        "parameters.lease: there is no such key",
    );
    refused_in(home.path(), &["network", "init", "--parameters", "missing.toml"], "missing.toml cannot be read");
    refused_in(home.path(), &["network", "init", "--publisher", "me"], "is not an address");
}

#[test]
fn a_network_that_does_not_answer_ends_with_code_1() {
    let home = home();
    failed(home.path(), &["network", "show"], "does not answer");
    failed(home.path(), &["node", "list"], "does not answer");
    failed(home.path(), &["epoch", "show", "1"], "does not answer");
    failed(home.path(), &["dispute", "list"], "does not answer");
    failed(home.path(), &["dispute", "show", "11111111111111111111111111111111"], "does not answer");
    key(home.path());
    failed(home.path(), &["--json", "credits", "show"], "does not answer");
}

#[test]
fn completions_need_no_network() {
    let home = home();
    let answer = run(home.path(), &["completions", "bash"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stdout.contains("render-compute"));
}

#[test]
fn the_committed_reference_is_what_the_command_line_says() {
    let home = home();
    let answer = run(home.path(), &["reference"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let committed = include_str!("../../../docs/cli.md");
    assert!(answer.stdout == committed, "run `cargo run -p render-compute-cli -- reference > docs/cli.md`");
}

#[test]
fn the_committed_parameters_are_what_the_program_checks() {
    let home = home();
    let answer = run(home.path(), &["reference", "--parameters"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let committed = include_str!("../../../docs/parameters.md");
    let command = "cargo run -p render-compute-cli -- reference --parameters > docs/parameters.md";
    assert!(answer.stdout == committed, "run `{command}`");
}

/// A key file where it is looked for by default.
fn key(home: &Path) {
    let folder = home.join(".config/solana");
    std::fs::create_dir_all(&folder).expect("a folder");
    let key = solana_keypair::Keypair::new_from_array([7; 32]);
    solana_keypair::write_keypair_file(&key, folder.join("id.json")).expect("written");
}

#[test]
fn a_quote_needs_a_size_and_tiers_that_exist() {
    refused(&["quote"], "--work");
    refused(&["quote", "--work", "0"], "at least one of work");
    refused(&["quote", "--work", "1.5"], "\"1.5\" is not an amount of work");
    refused(&["quote", "--width", "64"], "--height");
    refused(&["quote", "--width", "64", "--height", "0"], "--height: 0 is outside");
    refused(&["quote", "--work", "1", "--tier", "gold"], "there are economy, priority");
    refused(&["quote", "--work", "1", "--bandwidth", "5G"], "there are low-1, low-2, medium-1");
    refused(&render("cornell", &["--tier", "priority", "--hours", "3"]), "cannot be used with");
}

#[test]
fn earnings_are_told_for_published_models() {
    refused(&["earnings"], "--gpu");
    refused(&["earnings", "--gpu", "Voodoo 2"], "none of the published models: RTX 5090, ");
}

#[test]
fn a_quote_and_earnings_need_a_network_and_no_key() {
    let home = home();
    failed(home.path(), &["quote", "--work", "1.2e9", "--hours", "6"], "");
    failed(home.path(), &["earnings", "--gpu", "rtx 4090"], "");
}
