//! Commands on the in-process chain with the real program.

mod support;

use kernels::render::{Frame, SceneImage, compile};
use market_model::hardware;
use market_model::tier::Tier;
use render_compute::state::Lease;
use render_compute_cli::amount::{Render, Usd};
use render_compute_cli::gov::{self, ProposeArguments, Side};
use render_compute_cli::job::{
    FetchOptions, RenderOrder, cancel, close, cut, fetch, list, render, request, show, watch,
};
use render_compute_cli::{client, credits, dispute, epoch, network, node, oracle, rebate, reputation};
use render_compute_client::manifest::Digest;
use render_compute_client::market::EarningsRequest;
use render_compute_client::{Signer, account, address, flow, instruction::ClientTerms};
use support::Market;

const FRAME: Frame = Frame { width: 12, height: 8, tile: 4, samples: 1, max_bounces: 2, seed: 1 };

/// Six tiles in three leases for 0.60 USD.
fn order() -> RenderOrder {
    RenderOrder {
        lease_tiles: Some(2),
        lease_seconds: 60,
        open_seconds: 3_600,
        ..RenderOrder::new(FRAME, Usd(600_000))
    }
}

fn scene() -> SceneImage {
    compile(&scene::cornell_box()).expect("the project's own scene")
}

#[tokio::test]
async fn a_purchase_costs_what_the_quote_says() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(0)).await;
    let quote = credits::quote(&context, Usd(4_000_000)).await.expect("a quote");
    let receipt = credits::buy(&context, Usd(4_000_000), Render(quote.total_render_base_units)).await.expect("bought");
    assert_eq!(receipt.burned_render_base_units + receipt.fee_render_base_units, quote.total_render_base_units);
    assert_eq!(receipt.burned_render_base_units, 100_000_000);
    let view = credits::show(&context, &context.owner().expect("a key")).await.expect("shown");
    assert_eq!((view.available_credit_units, view.bought_credit_units), (4_000_000, 4_000_000));
}

#[tokio::test]
async fn a_purchase_above_the_stated_maximum_is_refused() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(0)).await;
    let quote = credits::quote(&context, Usd(4_000_000)).await.expect("a quote");
    let below = Render(quote.total_render_base_units - 1);
    let message = credits::buy(&context, Usd(4_000_000), below).await.expect_err("too dear").to_string();
    assert_eq!(message, "credit_buy: the purchase costs more RENDER than the stated maximum");
}

#[tokio::test]
async fn a_wallet_without_render_is_told_where_to_send_it() {
    let market = Market::new().await;
    market.chain.funded("poor");
    let context = market.as_("poor");
    let error = credits::buy(&context, Usd(1), Render(100)).await.expect_err("no RENDER");
    assert!(error.to_string().contains("holds no RENDER in its account"), "{error}");
    assert_eq!(error.exit_code(), 1);
}

#[tokio::test]
async fn only_a_publisher_reports_a_price() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(0)).await;
    let price = render_compute_cli::amount::Price(1);
    let error = oracle::publish(&context, price, price).await.expect_err("no publisher");
    assert!(error.to_string().contains("is no publisher of"), "{error}");
}

#[tokio::test]
async fn a_price_above_the_balance_is_refused_before_anything_is_uploaded() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(599_999)).await;
    let error = render(&context, &scene(), &order()).await.expect_err("one credit short");
    assert!(error.to_string().contains("`render-compute credits buy 0.000001`"), "{error}");
    assert_eq!(error.exit_code(), 1);
    assert_eq!(list(&context, None).await.expect("jobs").len(), 0);
}

#[tokio::test]
async fn a_picture_is_ordered_rendered_and_fetched() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    assert_eq!((receipt.quote.units, receipt.quote.leases, receipt.quote.escrow_credit_units), (6, 3, 600_000));
    for index in 0..3 {
        market.claim(&identity, &receipt.address, index).await;
        market.work(&identity, &receipt.address, index, &image, &FRAME).await;
    }
    let details = watch(&context, &receipt.address).await.expect("over");
    assert_eq!((details.job.status, details.progress.accepted), ("done", 6));
    let out = market.folder.path().join("out.png");
    let fetched = fetch(&context, &receipt.address, &out, &FetchOptions::default()).await.expect("fetched");
    assert_eq!((fetched.width, fetched.height, fetched.leases_verified), (12, 8, 3));
    assert!(out.is_file() && out.with_extension("exr").is_file());
    let view = epoch::show(&context, Some(details_epoch(&market).await)).await.expect("the epoch");
    let work: u64 = view.nodes.iter().map(|part| part.work_credit_units.render).sum();
    assert_eq!(work, view.work_credit_units.render);
    let machine = node::show(&context, &identity.pubkey()).await.expect("the node");
    // Six tiles of 90,909 credits; the rest of the price is the premium for audits.
    assert_eq!((machine.leases_accepted, machine.accepted_credit_units), (3, 545_454));
}

#[tokio::test]
async fn a_requester_sees_and_claims_the_rebate_for_what_its_job_spent() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let owner = context.owner().expect("a key");
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    for index in 0..3 {
        market.claim(&identity, &receipt.address, index).await;
        market.work(&identity, &receipt.address, index, &image, &FRAME).await;
    }
    let open = rebate::show(&context, &owner).await.expect("records");
    let spent: u64 = open.records.iter().map(|part| part.spent_credit_units).sum();
    assert_eq!(spent, 600_000);
    // What an epoch that still runs will pay, nobody knows.
    let last = details_epoch(&market).await;
    let running = open.records.iter().filter(|part| part.epoch == last);
    assert!(running.clone().count() > 0 && running.clone().all(|part| part.requester_render_base_units.is_none()));

    let ends_at = account::epoch(&market.chain, last).await.expect("read").expect("there").ends_at;
    market.chain.warp_to(ends_at);
    flow::ensure_running_epoch(&market.chain, &identity).await.expect("opened");
    flow::close_epoch(&market.chain, &identity, last).await.expect("closed");
    let due: u64 = rebate::show(&context, &owner)
        .await
        .expect("records")
        .records
        .iter()
        .map(|part| part.requester_render_base_units.expect("finalized"))
        .sum();
    assert!(due > 0);
    let held = credits::show(&context, &owner).await.expect("shown").wallet_render_base_units;
    let claimed = rebate::claim(&context, &owner).await.expect("claimed");
    assert_eq!((claimed.requester_render_base_units, claimed.client_render_base_units), (due, 0));
    assert_eq!(credits::show(&context, &owner).await.expect("shown").wallet_render_base_units, held + due);
    // The records are closed, and nothing is left to claim.
    assert_eq!(rebate::show(&context, &owner).await.expect("records").records.len(), 0);
    assert_eq!(rebate::claim(&context, &owner).await.expect("nothing").records, 0);
    let view = epoch::show(&context, Some(last)).await.expect("the epoch");
    assert_eq!((view.state, view.spent_credit_units > 0), ("finalized", true));
    assert!(view.mintable_render_base_units > 0);
}

#[tokio::test]
async fn only_the_networks_authority_registers_a_client_and_anyone_sees_it() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(0)).await;
    let (authority, network) = (context.owner().expect("a key"), account::network(&market.chain).await.expect("read"));
    let payout = address::associated_token(&authority, &network.mint);
    let terms = ClientTerms { authority, payout, metadata: [1; 32], share_bps: 700 };
    let error = client::register(&context, "exabits", &terms).await.expect_err("not the authority");
    assert!(error.to_string().contains("only the network's authority registers clients"), "{error}");
    let view = client::register(&market.as_("authority"), "exabits", &terms).await.expect("registered");
    assert_eq!((view.share_bps, view.enabled, view.earned_render_base_units), (700, true, 0));
    assert_eq!(client::show(&context, "exabits").await.expect("shown").payout, payout.to_string());
    let error = client::show(&context, "nobody").await.expect_err("unknown");
    assert!(error.to_string().contains("there is no compute client \"nobody\""), "{error}");
    assert_eq!(client::show(&context, "a name of more than 16").await.expect_err("too long").exit_code(), 2);
}

/// Number of the latest epoch.
async fn details_epoch(market: &Market) -> u64 {
    account::network(&market.chain).await.expect("the network").epoch
}

#[tokio::test]
async fn a_result_that_was_exchanged_is_refused_by_its_lease() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 1).await;
    market.work(&identity, &receipt.address, 1, &image, &FRAME).await;
    let lease = &account::leases_of_job(&market.chain, &receipt.address).await.expect("leases")[0].1;
    let name = Digest(lease.result).to_string();
    std::fs::write(market.folder.path().join("blobs").join(&name[..2]).join(&name), [0; 2 * 16 * 24]).expect("written");
    let out = market.folder.path().join("out.png");
    let partial = FetchOptions { partial: true, ..FetchOptions::default() };
    let message = fetch(&context, &receipt.address, &out, &partial).await.expect_err("exchanged").to_string();
    assert!(message.starts_with("the result of lease 1: "), "{message}");
    assert!(!out.exists());
}

#[tokio::test]
async fn a_result_that_was_withheld_is_rendered_here_when_asked_for() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 1).await;
    market.work(&identity, &receipt.address, 1, &image, &FRAME).await;
    let out = market.folder.path().join("out.png");
    let partial = FetchOptions { partial: true, ..FetchOptions::default() };
    fetch(&context, &receipt.address, &out, &partial).await.expect("published");
    let published = std::fs::read(out.with_extension("exr")).expect("the linear picture");

    let lease = &account::leases_of_job(&market.chain, &receipt.address).await.expect("leases")[0].1;
    let name = Digest(lease.result).to_string();
    std::fs::remove_file(market.folder.path().join("blobs").join(&name[..2]).join(&name)).expect("withheld");
    let message = fetch(&context, &receipt.address, &out, &partial).await.expect_err("withheld").to_string();
    assert!(message.contains("--recompute"), "{message}");
    let recompute = FetchOptions { recompute: true, ..partial };
    let fetched = fetch(&context, &receipt.address, &out, &recompute).await.expect("recomputed");
    assert_eq!((fetched.leases_verified, fetched.leases_recomputed), (1, 1));
    assert!(std::fs::read(out.with_extension("exr")).expect("the linear picture") == published);
}

#[tokio::test]
async fn an_unfinished_picture_is_written_only_when_asked_for() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 0).await;
    market.work(&identity, &receipt.address, 0, &image, &FRAME).await;
    let out = market.folder.path().join("out.png");
    let error = fetch(&context, &receipt.address, &out, &FetchOptions::default()).await.expect_err("unfinished");
    assert!(error.to_string().starts_with("2 of 3 leases have no accepted result"), "{error}");
    let partial = FetchOptions { partial: true, ..FetchOptions::default() };
    let fetched = fetch(&context, &receipt.address, &out, &partial).await.expect("partial");
    assert_eq!(fetched.missing_units, [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_cancelled_job_gives_back_what_no_node_holds() {
    let market = Market::new().await;
    let (context, identity) = (market.requester("ann", Usd(600_000)).await, market.node().await);
    let receipt = render(&context, &scene(), &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 2).await;
    let cancelled = cancel(&context, &receipt.address).await.expect("cancelled");
    assert_eq!((cancelled.leases_released, cancelled.leases_in_flight), (2, 1));
    assert_eq!((cancelled.refund_credit_units, cancelled.escrow_credit_units), (400_000, 200_000));
    let credits = credits::show(&context, &context.owner().expect("a key")).await.expect("shown");
    assert_eq!(credits.available_credit_units, 400_000);
}

#[tokio::test]
async fn closing_takes_back_a_lease_that_its_node_abandoned() {
    let market = Market::new().await;
    let (context, identity) = (market.requester("ann", Usd(600_000)).await, market.node().await);
    let receipt = render(&context, &scene(), &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 2).await;
    cancel(&context, &receipt.address).await.expect("cancelled");
    let message = close(&context, &receipt.address).await.expect_err("held").to_string();
    assert!(message.starts_with("nodes still hold 1 of the job's leases"), "{message}");
    market.chain.warp(61);
    let closed = close(&context, &receipt.address).await.expect("closed");
    assert_eq!((closed.refund_credit_units, closed.spent_credit_units), (200_000, 0));
    assert!(show(&context, &receipt.address).await.is_err());
}

#[tokio::test]
async fn a_reputation_is_shown_as_of_now_with_what_moved_it() {
    let market = Market::new().await;
    let (context, identity) = (market.requester("ann", Usd(600_000)).await, market.node().await);
    let receipt = render(&context, &scene(), &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 2).await;
    cancel(&context, &receipt.address).await.expect("cancelled");
    market.chain.warp(61);
    close(&context, &receipt.address).await.expect("closed");
    let node = reputation::show(&context, &identity.pubkey()).await.expect("the node");
    assert_eq!((node.role, node.outcomes.len()), ("node", 1));
    assert_eq!((node.outcomes[0].reason_code, node.outcomes[0].reason), (3, "a lease ran past its deadline"));
    assert!(node.last_score_bps < 5_000 && node.outcomes[0].score_bps == node.last_score_bps);
    // After many half-lives nothing of it is left.
    market.chain.warp(31_536_000 * 10);
    let later = reputation::show(&context, &address::node(&identity.pubkey())).await.expect("by its account");
    assert_eq!((later.score_bps, later.last_score_bps), (5_000, node.last_score_bps));
    let owner = context.owner().expect("a key");
    let requester = reputation::show(&context, &owner).await.expect("the requester");
    assert_eq!((requester.role, requester.score_bps, requester.outcomes[0].reason_code), ("requester", 5_000, 13));
    let message = reputation::show(&context, &receipt.address).await.expect_err("a job").to_string();
    assert!(message.contains("neither a node"), "{message}");
}

#[tokio::test]
async fn an_open_job_is_not_closed() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(600_000)).await;
    let receipt = render(&context, &scene(), &order()).await.expect("ordered");
    let message = close(&context, &receipt.address).await.expect_err("open").to_string();
    assert!(message.contains("cancel it first"), "{message}");
    assert_eq!(market.job(&receipt.address).await.escrow, 600_000);
}

#[tokio::test]
async fn somebody_elses_job_is_not_cancelled() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(600_000)).await;
    let receipt = render(&context, &scene(), &order()).await.expect("ordered");
    let stranger = market.requester("bob", Usd(0)).await;
    let message = cancel(&stranger, &receipt.address).await.expect_err("a stranger").to_string();
    assert!(message.contains("can cancel this job, not"), "{message}");
}

#[tokio::test]
async fn the_network_is_shown_with_every_parameter() {
    let market = Market::new().await;
    let view = network::show(&market.as_("ann")).await.expect("shown");
    assert_eq!(view.parameters.len(), market_model::parameters::COUNT);
    assert_eq!((view.oracle_kind, view.epoch, view.paused.len()), ("publishers", 1, 0));
}

#[tokio::test]
async fn a_root_that_is_right_is_not_challenged() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 0).await;
    market.reveal(&identity, &receipt.address, 0, &image, &FRAME).await;
    let lease = address::lease(&receipt.address, 0, 0);
    let message = dispute::open(&context, &lease, false).await.expect_err("right").to_string();
    assert!(message.starts_with("nothing was sent: the root of lease") && message.contains("is right"), "{message}");
    assert_eq!(dispute::list(&context).await.expect("listed").len(), 0);
    assert_eq!(account::fetch::<Lease>(&market.chain, &lease).await.expect("the lease").disputes, 0);
}

#[tokio::test]
async fn a_false_root_is_challenged_with_a_bond_and_its_silent_node_pays() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 0).await;
    market.lie(&identity, &receipt.address, 0, &image, &FRAME).await;
    let lease = address::lease(&receipt.address, 0, 0);
    let before = market.render_of("ann").await;
    // The node does not answer; its time runs out while the challenger waits.
    let chain = market.chain.clone();
    let clock = tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            chain.warp(600);
        }
    });
    let ended = dispute::open(&context, &lease, false).await.expect("played to the end");
    clock.abort();
    assert_ne!(ended.revealed_root, ended.computed_root);
    assert_eq!((ended.dispute.verdict, ended.dispute.stage), ("defender silent", "settled"));
    assert!(ended.dispute.owed_render_base_units > ended.dispute.bond_render_base_units);
    let gained = market.render_of("ann").await - before;
    assert_eq!(gained, ended.dispute.owed_render_base_units - ended.dispute.bond_render_base_units);
    assert!(dispute::show(&context, &address::dispute(&lease, 0)).await.is_err(), "it is closed");
    let details = show(&context, &receipt.address).await.expect("the job");
    assert_eq!((details.lease_list[0].state, details.lease_list[0].attempt), ("expired", 1));
    let machine = node::show(&context, &identity.pubkey()).await.expect("the node");
    assert_eq!((machine.disputes_lost, machine.exposure_render_base_units), (1, 0));
}

#[tokio::test]
async fn a_wrong_pixel_is_proved_on_the_chain_against_a_node_that_defends_it() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let receipt = render(&context, &image, &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 2).await;
    let claim = market.lie(&identity, &receipt.address, 2, &image, &FRAME).await;
    let lease = address::lease(&receipt.address, 2, 0);
    let details = show(&context, &receipt.address).await.expect("the job");
    assert_eq!(details.lease_list[2].account, Some(lease.to_string()));
    let defence = tokio::spawn(Market::defend(market.chain.clone(), identity.insecure_clone(), lease, claim));
    let ended = dispute::open(&context, &lease, false).await.expect("played to the end");
    defence.abort();
    assert_eq!((ended.dispute.verdict, ended.dispute.stage), ("challenger wins", "settled"));
    assert_eq!((ended.dispute.unit, ended.dispute.segment), (4, 5));
    let machine = node::show(&context, &identity.pubkey()).await.expect("the node");
    assert!(machine.slashed_render_base_units > 0);
    assert_eq!(account::evidence_of(&market.chain, &context.owner().expect("a key")).await.expect("listed"), []);
}

#[tokio::test]
async fn what_cannot_be_challenged_is_refused_with_the_reason() {
    let market = Market::new().await;
    let (context, identity) = (market.requester("ann", Usd(600_000)).await, market.node().await);
    let receipt = render(&context, &scene(), &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 0).await;
    let lease = address::lease(&receipt.address, 0, 0);
    let message = dispute::open(&context, &lease, false).await.expect_err("not revealed").to_string();
    assert!(message.contains("its node has not revealed a root"), "{message}");
    let message = dispute::open(&context, &receipt.address, false).await.expect_err("a job").to_string();
    assert!(message.starts_with("LEASE: "), "{message}");
    let message = dispute::show(&context, &lease).await.expect_err("none").to_string();
    assert!(message.starts_with("the account at") || message.contains("is not a dispute"), "{message}");
}

#[tokio::test]
async fn replicas_have_every_lease_audited_out_of_the_same_price() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(600_000)).await;
    let twice = RenderOrder { replicas: 2, ..order() };
    let receipt = render(&context, &scene(), &twice).await.expect("ordered");
    assert_eq!((receipt.quote.price_per_unit_credit_units, receipt.quote.escrow_credit_units), (50_000, 600_000));
    let view = show(&context, &receipt.address).await.expect("shown");
    assert_eq!((view.job.replicas, view.job.premium_per_unit_credit_units), (2, 50_000));
}

fn proposal(text: &[&str]) -> ProposeArguments {
    ProposeArguments {
        set: text.iter().map(|setting| setting.parse().expect("a setting")).collect(),
        year: Vec::new(),
        pause: None,
        guardian: None,
        title: "Longer challenges".to_owned(),
        link: Some("https://example.org/challenges".to_owned()),
        emergency: false,
    }
}

#[tokio::test]
async fn locked_render_proposes_votes_and_changes_a_parameter() {
    let market = Market::new().await;
    let context = market.as_("authority");
    let nobody = market.requester("nobody", Usd(0)).await;
    // Ten million RENDER exist: 15 % decide.
    let view = gov::lock(&context, Render(150_000_000_000_000)).await.expect("locked");
    assert_eq!((view.locked_render_base_units, view.locked_until_unix_seconds), (150_000_000_000_000, 0));
    assert!(network::govern(&context).await.expect("governed").is_governed);

    let opened = gov::propose(&context, &proposal(&["challenge_seconds=77"])).await.expect("opened");
    assert_eq!((opened.number, opened.stage, opened.title.as_str()), (0, "initial vote", "Longer challenges"));
    assert_eq!(opened.changes, ["challenge_seconds from 5 to 77 seconds"]);
    assert_eq!(opened.quorum_render_base_units, 150_000_000_000_000);
    let error = gov::vote(&nobody, 0, Side::Yes).await.expect_err("nothing locked").to_string();
    assert!(error.contains("`render-compute gov lock RENDER`"), "{error}");
    for stage in ["final vote", "accepted"] {
        let voted = gov::vote(&context, 0, Side::Yes).await.expect("voted");
        assert!(voted.next.contains("gov vote 0 yes|no"), "{}", voted.next);
        market.chain.warp_to(voted.ends_at_unix_seconds);
        assert_eq!(gov::advance(&nobody, 0).await.expect("counted").stage, stage);
    }
    let error = gov::unlock(&context, None).await.expect_err("held").to_string();
    assert!(error.contains("counts in a vote"), "{error}");
    let view = gov::show(&context, 0).await.expect("shown");
    market.chain.warp_to(view.ends_at_unix_seconds);
    assert_eq!(gov::execute(&nobody, 0).await.expect("executed").stage, "executed");
    let values = network::show(&context).await.expect("the network").parameters;
    assert!(values.iter().any(|parameter| parameter.name == "challenge_seconds" && parameter.value == 77));
    assert_eq!(gov::list(&context).await.expect("proposals").len(), 1);
    assert_eq!(gov::close(&nobody, 0).await.expect("closed").votes, 1);
    assert_eq!(gov::list(&context).await.expect("proposals").len(), 0);
    assert_eq!(gov::unlock(&context, None).await.expect("free").locked_render_base_units, 0);
}

#[tokio::test]
async fn a_proposal_outside_the_bounds_is_refused_with_the_bounds() {
    let market = Market::new().await;
    let context = market.as_("authority");
    let error = gov::propose(&context, &proposal(&["burn_bps=4999"])).await.expect_err("too little");
    assert_eq!(error.to_string(), "--set: burn_bps is 4999 bps, but must lie between 5000 and 10000");
    assert_eq!(error.exit_code(), 2);
    let error = gov::propose(&context, &proposal(&[])).await.expect_err("nothing").to_string();
    assert!(error.contains("either --set"), "{error}");
}

/// The same at the network's price, 0.60 USD at most.
fn priced() -> RenderOrder {
    RenderOrder { at_network_price: true, ..order() }
}

#[tokio::test]
async fn at_the_network_s_price_a_picture_costs_what_the_quote_says_and_the_rest_stays() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(600_000)).await;
    let order = RenderOrder { tier: Tier::Priority, ..priced() };
    let cut = cut(&FRAME, order.lease_tiles).expect("valid");
    let wish = request(&order, &cut, 24, Some(Tier::Priority));
    let answer = render_compute_client::market::quote(&market.chain, &wish).await.expect("quoted");
    let receipt = render(&context, &scene(), &order).await.expect("ordered");
    // A tile of 16 samples is far below a credit: the least price is one, and one for its audits.
    assert_eq!((answer.chosen.price_per_unit_credit_units, answer.chosen.credit_units), (1, 12));
    assert_eq!((receipt.quote.price_per_unit_credit_units, receipt.quote.escrow_credit_units), (1, 12));
    assert_eq!(receipt.tier, "priority");
    let credits = credits::show(&context, &context.owner().expect("a key")).await.expect("shown");
    assert_eq!(credits.available_credit_units, 600_000 - 12);
}

#[tokio::test]
async fn a_picture_above_its_most_at_the_network_s_price_is_refused_with_what_it_costs() {
    let market = Market::new().await;
    let context = market.requester("ann", Usd(600_000)).await;
    let frame = Frame { samples: 65_536, ..FRAME };
    // A million samples a tile: 0.0029 OBh, 30 credits in priority, and a tenth for audits.
    let order = RenderOrder { frame, max_price: Usd(197), tier: Tier::Priority, ..priced() };
    let error = render(&context, &scene(), &order).await.expect_err("too dear");
    assert!(
        error.to_string().starts_with("--max-price: at the network's price the picture costs 0.000198 USD"),
        "{error}"
    );
    let enough = RenderOrder { max_price: Usd(198), ..order };
    let receipt = render(&context, &scene(), &enough).await.expect("ordered");
    assert_eq!((receipt.quote.price_per_unit_credit_units, receipt.quote.escrow_credit_units), (30, 198));
}

#[tokio::test]
async fn a_quote_knows_the_nodes_and_tells_a_time_only_from_leases() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let order = order();
    let cut = cut(&FRAME, order.lease_tiles).expect("valid");
    let wish = request(&order, &cut, 1, None);
    let before = render_compute_client::market::quote(&market.chain, &wish).await.expect("quoted");
    assert_eq!((before.chosen.tier, before.chosen.nodes, before.chosen.expected_seconds), ("economy", 1, None));
    let receipt = render(&context, &image, &order).await.expect("ordered");
    market.claim(&identity, &receipt.address, 0).await;
    market.chain.warp(7);
    market.reveal(&identity, &receipt.address, 0, &image, &FRAME).await;
    let after = render_compute_client::market::quote(&market.chain, &wish).await.expect("quoted");
    // Three leases like the one seen, on places that one lease takes one of.
    let held = after.chosen.expected_seconds.expect("a lease was seen");
    assert!(
        held >= 7 + account::network(&market.chain).await.expect("the network").parameters().challenge_seconds,
        "{held}"
    );
    let text = serde_json::to_value(&after).expect("it serialises");
    assert_eq!(text["chosen"]["tier"], "economy");
    assert_eq!(text["tiers"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn earnings_are_what_the_last_epochs_paid_and_nothing_before_there_was_one() {
    let market = Market::new().await;
    let (context, identity, image) = (market.requester("ann", Usd(600_000)).await, market.node().await, scene());
    let wish = EarningsRequest {
        model: hardware::find("RTX 4090").expect("published"),
        compute: None,
        clock: None,
        bandwidth: None,
        serves_render: true,
        serves_compute: true,
    };
    let nothing = render_compute_client::market::earnings(&market.chain, &wish).await.expect("estimated");
    assert_eq!((nothing.epochs, nothing.total_render_base_units_per_day, nothing.nodes), (0, 0, 1));
    assert_eq!(nothing.rnp_004_credit_units_per_hour, Some(370_000));
    assert_eq!(nothing.rnp_004_credit_units_per_day, Some(8_883_334));

    let receipt = render(&context, &image, &order()).await.expect("ordered");
    market.claim(&identity, &receipt.address, 0).await;
    market.work(&identity, &receipt.address, 0, &image, &FRAME).await;
    let first = account::epoch(&market.chain, 1).await.expect("read").expect("opened");
    market.chain.warp_to(first.ends_at);
    let crank = context.wallet().expect("a key");
    flow::ensure_running_epoch(&market.chain, crank).await.expect("the next epoch");
    flow::close_epoch(&market.chain, crank, 1).await.expect("closed");
    let epoch = account::epoch(&market.chain, 1).await.expect("read").expect("finalized");
    let answer = render_compute_client::market::earnings(&market.chain, &wish).await.expect("estimated");
    // The one node has no rating and an unknown name: it counts as the reference, so a 4090 takes half.
    let half = u128::from(epoch.work_pools[0] / 2) * 86_400 / u128::from(answer.epochs_seconds);
    assert!(half > 0);
    assert_eq!(u128::from(answer.render_work_render_base_units_per_day), half);
    assert_eq!((answer.epochs, answer.compute_work_render_base_units_per_day), (1, 0));
    // Nobody had availability, so nothing was paid for it.
    assert!(answer.availability_q20 > 0);
    assert_eq!(answer.availability_render_base_units_per_day, 0);
}
