//! The set-up on the in-process chain with the real program.

use kernels::referee::{Statement, wire};
use kernels::render::Frame;
use local_chain::LocalChain;
use migrations::engine::RENDER;
use migrations::{Config, Keypairs, MigrationError, MintSource, Outcome, local_mint, run, run_observed};
use render_compute_client::program::state::Engine;
use render_compute_client::{Address, Instruction, Signer, account, address};

fn chain() -> (LocalChain, Keypairs) {
    let chain = LocalChain::with_built_program(1).expect("the program is built: cargo xtask build");
    let keypairs = Keypairs { authority: chain.funded("authority") };
    (chain, keypairs)
}

fn local() -> Config {
    Config::load("local").expect("shipped with the crate")
}

#[tokio::test]
async fn a_set_up_makes_everything_that_a_first_purchase_needs() {
    let (chain, keypairs) = chain();
    let report = run(&chain, &keypairs, &local()).await.expect("set up");
    assert!(report.steps.iter().all(|step| matches!(step.outcome, Outcome::Done { .. })));
    let network = account::network(&chain).await.expect("the network");
    assert_eq!((network.mint, network.epoch), (report.mint, 1));
    assert_eq!(network.parameters(), local().parameters);
    let mint = account::mint(&chain, &report.mint).await.expect("the mint");
    assert_eq!((mint.authority, mint.decimals), (Some(address::network()), 8));
    let faucet = address::associated_token(&keypairs.authority(), &report.mint);
    assert_eq!(account::token_balance(&chain, &faucet).await.expect("the faucet"), mint.supply);
    let oracle = account::oracle(&chain).await.expect("the oracle");
    assert_eq!((oracle.count, oracle.publishers[0].key), (1, keypairs.authority()));
}

#[tokio::test]
async fn a_second_run_sends_nothing_and_says_done_before() {
    let (chain, keypairs) = chain();
    let first = run(&chain, &keypairs, &local()).await.expect("set up");
    let sent = chain.records().len();
    let second = run(&chain, &keypairs, &local()).await.expect("again");
    assert!(second.steps.iter().all(|step| step.outcome == Outcome::DoneBefore));
    assert!(second.steps.iter().all(|step| step.to_string().contains("done before")));
    assert_eq!((chain.records().len(), second.mint), (sent, first.mint));
}

#[tokio::test]
async fn a_set_up_interrupted_after_any_step_is_continued() {
    for last in 1..5 {
        let (chain, keypairs) = chain();
        let mut observer = |step: &migrations::StepReport| match step.number == last {
            true => Err(MigrationError::setting("test", "interrupted")),
            false => Ok(()),
        };
        assert!(run_observed(&chain, &keypairs, &local(), &mut observer).await.is_err());
        let report = run(&chain, &keypairs, &local()).await.expect("continued");
        let before = report.steps.iter().filter(|step| step.outcome == Outcome::DoneBefore).count();
        assert_eq!(before, usize::from(last));
    }
}

#[tokio::test]
async fn a_network_with_other_parameters_is_left_as_it_is() {
    let (chain, keypairs) = chain();
    run(&chain, &keypairs, &local()).await.expect("set up");
    let mut config = local();
    config.parameters.reveal_seconds = 30;
    let report = run(&chain, &keypairs, &config).await.expect("again");
    assert_eq!(account::network(&chain).await.expect("the network").parameters(), local().parameters);
    assert!(report.steps[1].detail.contains("reveal_seconds (20, not 30)"), "{}", report.steps[1].detail);
}

#[tokio::test]
async fn a_key_that_is_not_the_upgrade_authority_is_refused_at_the_network_step() {
    let (chain, _) = chain();
    let stranger = Keypairs { authority: chain.funded("stranger") };
    let message = run(&chain, &stranger, &local()).await.expect_err("a stranger").to_string();
    assert!(message.starts_with("step 002 network: "), "{message}");
    assert!(message.contains("upgrade authority"), "{message}");
}

#[tokio::test]
async fn a_mint_that_is_not_there_is_refused_by_its_address() {
    let (chain, keypairs) = chain();
    let mint = Address::new_from_array([9; 32]);
    let config = Config { mint: MintSource::Existing(mint), ..local() };
    let message = run(&chain, &keypairs, &config).await.expect_err("no mint").to_string();
    assert_eq!(message, format!("step 001 mint: there is no mint {mint} on this cluster; check --mint and --url"));
}

#[tokio::test]
async fn another_mint_than_the_networks_is_refused() {
    let (chain, keypairs) = chain();
    let report = run(&chain, &keypairs, &local()).await.expect("set up");
    let config = Config { mint: MintSource::Existing(Address::new_from_array([9; 32])), ..local() };
    let message = run(&chain, &keypairs, &config).await.expect_err("another mint").to_string();
    assert!(message.contains(&format!("the network's mint is {}", report.mint)), "{message}");
}

#[tokio::test]
async fn before_genesis_the_first_epoch_waits() {
    let (chain, keypairs) = chain();
    let genesis = chain.now().unix_timestamp + 100;
    let config = Config { genesis_at: Some(genesis), ..local() };
    let report = run(&chain, &keypairs, &config).await.expect("set up");
    assert_eq!(report.steps[4].outcome, Outcome::Waiting);
    chain.warp_to(genesis);
    let report = run(&chain, &keypairs, &config).await.expect("continued");
    assert!(matches!(report.steps[4].outcome, Outcome::Done { .. }));
}

#[tokio::test]
async fn the_render_engine_has_the_referee_that_is_on_the_chain() {
    let (chain, keypairs) = chain();
    run(&chain, &keypairs, &local()).await.expect("set up");
    let engine: Engine = account::fetch(&chain, &address::engine(&RENDER.id)).await.expect("the engine");
    assert_eq!((engine.referee, engine.format), (render_referee::ID, 1));
    let frame = Frame { width: 4, height: 4, tile: 4, samples: 1, max_bounces: 1, seed: 1 };
    let statement = Statement { frame, image_root: [1; 32], leaf_count: 8, pairs: 1, triangles: 1 };
    let question = Instruction {
        program_id: engine.referee,
        accounts: vec![],
        data: wire::trace_begin(0, &statement.to_bytes()).to_vec(),
    };
    chain.execute(&[question], &[&keypairs.authority]).expect("it answers");
}

#[tokio::test]
async fn the_local_mint_follows_from_the_authority() {
    let (chain, keypairs) = chain();
    let report = run(&chain, &keypairs, &local()).await.expect("set up");
    assert_eq!(report.mint, local_mint(&keypairs.authority.pubkey()));
}
