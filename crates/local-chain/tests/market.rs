//! The shipped program on a local chain, from an empty network to a claimed epoch, by the client's own builders and flows.

use local_chain::{GENESIS, LocalChain};
use market_model::{Parameters, credit};
use render_compute_client::{
    Address, Chain, Keypair, Signer, account, address,
    chain::ChainError,
    error::{code_of, code_of_rule},
    event::Event,
    flow,
    instruction::{self, CreditBuy, EngineRegister, JobOrder, NetworkInit, NodeOffer},
    manifest::Digest,
    program::{constants::*, errors::RenderError, state::*},
};

/// Base units of one RENDER.
const RENDER: u64 = 100_000_000;
/// RENDER's price in these tests: 4 USD, known to a cent.
const PRICE: u64 = 400_000_000;
const CONFIDENCE: u64 = 1_000_000;
const SUPPLY: u64 = 1_000_000 * RENDER;

struct World {
    chain: LocalChain,
    authority: Keypair,
    publishers: Vec<Keypair>,
    mint: Address,
    operations: Address,
}

impl World {
    /// A network with a priced RENDER, the render engine, and its first epoch open.
    async fn new(seed: u64) -> Self {
        let chain = LocalChain::with_built_program(seed).unwrap();
        let authority = chain.funded("authority");
        let mint = chain.keypair("mint");
        flow::create_render_mint(&chain, &authority, &mint, SUPPLY).await.unwrap();
        let (key, mint) = (authority.pubkey(), mint.pubkey());
        let treasury = chain.keypair("treasury").pubkey();
        let operations = address::associated_token(&treasury, &mint);
        let init =
            NetworkInit { authority: key, mint, operations, genesis_at: GENESIS + 10, parameters: Parameters::DEFAULT };
        let engine = EngineRegister {
            authority: key,
            id: address::RENDER_ENGINE,
            digest: [1; 32],
            referee: render_referee::ID,
            format: 1,
            class: CLASS_RENDER,
            verification: VERIFICATION_EXACT,
            enabled: true,
        };
        let publishers: Vec<_> = ["one", "two", "three"].map(|name| chain.funded(name)).into();
        let keys: Vec<_> = publishers.iter().map(|publisher| publisher.pubkey()).collect();
        chain.execute(&[instruction::create_associated_token(&key, &treasury, &mint)], &[&authority]).unwrap();
        chain.execute(&[instruction::network_init(&init)], &[&authority]).unwrap();
        chain.execute(&[instruction::engine_register(&engine)], &[&authority]).unwrap();
        chain.execute(&[instruction::oracle_set_publishers(&key, &keys)], &[&authority]).unwrap();
        chain.warp(10);
        let world = Self { chain, authority, publishers, mint, operations };
        world.publish();
        flow::ensure_running_epoch(&world.chain, &world.authority).await.unwrap();
        world
    }

    fn publish(&self) {
        let now = self.chain.now().unix_timestamp;
        for publisher in &self.publishers {
            let report = instruction::oracle_publish(&publisher.pubkey(), PRICE, CONFIDENCE, now);
            self.chain.execute(&[report], &[publisher]).unwrap();
        }
    }

    /// A wallet with SOL and `render` RENDER.
    fn wallet(&self, name: &str, render: u64) -> Keypair {
        let wallet = self.chain.funded(name);
        let payer = self.authority.pubkey();
        let from = address::associated_token(&payer, &self.mint);
        let instructions = [
            instruction::create_associated_token(&payer, &wallet.pubkey(), &self.mint),
            instruction::transfer(&from, &self.tokens(&wallet), &payer, render),
        ];
        self.chain.execute(&instructions, &[&self.authority]).unwrap();
        wallet
    }

    fn tokens(&self, wallet: &Keypair) -> Address {
        address::associated_token(&wallet.pubkey(), &self.mint)
    }

    async fn balance(&self, tokens: &Address) -> u64 {
        account::token_balance(&self.chain, tokens).await.unwrap()
    }
}

fn lower_bound() -> u64 {
    let rules = Parameters::DEFAULT.oracle_rules();
    let report = market_model::oracle::Report { price: PRICE, confidence: CONFIDENCE, published_at: 0 };
    market_model::oracle::accept(report, 0, &rules).unwrap()
}

#[tokio::test]
async fn a_purchase_burns_what_the_rule_says_and_credits_what_was_asked() {
    let world = World::new(1).await;
    let buyer = world.wallet("buyer", 100 * RENDER);
    let credits = 40_000_000;
    let purchase = credit::purchase(credits, lower_bound(), Parameters::DEFAULT.burn_bps, u64::MAX).unwrap();
    let supply = account::mint(&world.chain, &world.mint).await.unwrap().supply;

    let sent = flow::buy_credits(&world.chain, &buyer, credits, 100 * RENDER).await.unwrap();

    let account = account::credit(&world.chain, &buyer.pubkey()).await.unwrap().unwrap();
    assert_eq!((account.available, account.bought_total, account.burned_total), (credits, credits, purchase.burned));
    assert_eq!(world.balance(&world.tokens(&buyer)).await, 100 * RENDER - purchase.burned - purchase.fee);
    assert_eq!(world.balance(&world.operations).await, purchase.fee);
    assert_eq!(account::mint(&world.chain, &world.mint).await.unwrap().supply, supply - purchase.burned);
    let bought = sent.iter().flat_map(|confirmed| &confirmed.events).find_map(|event| match event {
        Event::CreditsBought(bought) => Some(*bought),
        _ => None,
    });
    let bought = bought.expect("the purchase emits its event");
    assert_eq!((bought.burned, bought.fee, bought.price), (purchase.burned, purchase.fee, lower_bound()));
}

#[tokio::test]
async fn a_purchase_above_the_stated_maximum_is_refused_in_words() {
    let world = World::new(2).await;
    let buyer = world.wallet("buyer", 100 * RENDER);
    let error = flow::buy_credits(&world.chain, &buyer, 40_000_000, 1).await.unwrap_err();
    assert_eq!(error.to_string(), "credit_buy: the purchase costs more RENDER than the stated maximum");
}

#[tokio::test]
async fn a_purchase_beyond_the_wallet_is_refused_by_the_token_program() {
    let world = World::new(3).await;
    let buyer = world.wallet("buyer", 1);
    let error = flow::buy_credits(&world.chain, &buyer, 40_000_000, u64::MAX).await.unwrap_err();
    assert_eq!(error.to_string(), "credit_buy: the token account holds too little");
}

#[tokio::test]
async fn an_old_price_sells_nothing() {
    let world = World::new(4).await;
    let buyer = world.wallet("buyer", 100 * RENDER);
    world.chain.warp(Parameters::DEFAULT.oracle_max_age_seconds + 1);
    let render_compute_client::ClientError::Chain(error) =
        flow::buy_credits(&world.chain, &buyer, 1_000, u64::MAX).await.unwrap_err()
    else {
        panic!("the chain refuses");
    };
    let too_few = error.is(code_of_rule(market_model::MarketError::TooFewReports));
    assert!(too_few || error.is(code_of_rule(market_model::MarketError::PriceStale)), "{error}");
}

#[tokio::test]
async fn only_the_upgrade_authority_can_create_the_network() {
    let chain = LocalChain::with_built_program(5).unwrap();
    let (authority, stranger, mint) = (chain.funded("authority"), chain.funded("stranger"), chain.keypair("mint"));
    flow::create_render_mint(&chain, &authority, &mint, SUPPLY).await.unwrap();
    let mut init = NetworkInit {
        authority: stranger.pubkey(),
        mint: mint.pubkey(),
        operations: address::associated_token(&authority.pubkey(), &mint.pubkey()),
        genesis_at: GENESIS,
        parameters: Parameters::DEFAULT,
    };
    let error = chain.execute(&[instruction::network_init(&init)], &[&stranger]).unwrap_err();
    assert!(error.is(code_of(RenderError::NotUpgradeAuthority)), "{error}");
    init.authority = authority.pubkey();
    chain.execute(&[instruction::network_init(&init)], &[&authority]).unwrap();
    assert_eq!(account::network(&chain).await.unwrap().authority, authority.pubkey());
}

#[tokio::test]
async fn a_job_goes_from_purchase_to_claimed_epoch() {
    let world = World::new(6).await;
    let chain = &world.chain;
    let requester = world.wallet("requester", 100 * RENDER);
    flow::buy_credits(chain, &requester, 40_000_000, u64::MAX).await.unwrap();

    // A node whose stake covers the penalty of a lease.
    let wallet = world.wallet("operator", 1_000 * RENDER);
    let identity = chain.funded("identity");
    let stake = 900 * RENDER;
    let offer = NodeOffer {
        hardware: [0; 32],
        asks: [0, 0],
        capacity: 4,
        memory_mib: 8_192,
        region: 0,
        minimum_requester_reputation: 0,
        classes: 1 << CLASS_RENDER,
    };
    let (wallet_key, identity_key) = (wallet.pubkey(), identity.pubkey());
    let enrolment = [
        instruction::operator_register(&wallet_key, &world.tokens(&wallet)),
        instruction::node_register(&wallet_key, &identity_key, offer),
        instruction::stake_deposit(&wallet_key, &identity_key, &world.tokens(&wallet), stake),
    ];
    chain.execute(&enrolment, &[&wallet, &identity]).unwrap();
    let node_address = address::node(&identity_key);
    assert_eq!(world.balance(&address::stake_vault()).await, stake);

    // A job of two leases, six units and four.
    let mut statement = [0; STATEMENT_BYTES];
    statement[0] = 1;
    let order = JobOrder {
        manifest: [7; 32],
        statement,
        replicas: 1,
        tier: 0,
        bandwidth_tier: 0,
        at_network_price: 0,
        client: Address::default(),
        units: 10,
        price_per_unit: 1_000_000,
        work_per_unit: 1,
        units_per_lease: 6,
        lease_seconds: 600,
        open_seconds: 3_600,
        minimum_memory_mib: 0,
        minimum_reputation: 0,
        region: 0,
    };
    let open = instruction::job_open(&requester.pubkey(), &address::RENDER_ENGINE, 0, order);
    chain.execute(&[open], &[&requester]).unwrap();
    let job_address = address::job(&requester.pubkey(), 0);
    let job: Job = account::fetch(chain, &job_address).await.unwrap();
    let cost = job.price_per_unit + job.premium_per_unit;
    assert_eq!((job.leases, job.escrow), (2, 10 * cost));

    // Nobody knows the seed in the slot of the opening.
    let early = flow::seed_if_needed(chain, &identity, &job_address).await.unwrap_err();
    assert_eq!(early.to_string(), "job_seed: no slot after the job's opening has a hash yet");
    chain.advance_slots(2);
    chain.warp(Parameters::DEFAULT.race_delay_cap_ms / 1_000);

    let record = world.finish_lease(&identity, &job_address, 0).await;
    assert_eq!(record.escrow_after, 4 * cost);
    let again = flow::accept(chain, &identity, &address::lease(&job_address, 0, 0)).await.unwrap();
    assert!(again.is_empty(), "an accepted lease needs no second acceptance");

    // The second lease is called off.
    chain.execute(&[instruction::job_cancel(&requester.pubkey(), &job_address)], &[&requester]).unwrap();
    flow::release_all(chain, &identity, &job_address).await.unwrap();
    let credit = account::credit(chain, &requester.pubkey()).await.unwrap().unwrap();
    assert_eq!((credit.available, credit.refunded_total), (40_000_000 - 6 * cost, 4 * cost));
    flow::close_job(chain, &requester, &job_address).await.unwrap();
    assert!(account::find::<Job>(chain, &job_address).await.unwrap().is_none());

    // The epoch closes and the node's share is minted.
    let early = flow::close_epoch(chain, &identity, 1).await.unwrap_err();
    assert!(early.to_string().starts_with("epoch 1 ends in "), "{early}");
    let epoch = account::epoch(chain, 1).await.unwrap().unwrap();
    chain.warp_to(epoch.ends_at);
    flow::close_epoch(chain, &identity, 1).await.unwrap();
    let epoch = account::epoch(chain, 1).await.unwrap().unwrap();
    assert_eq!((epoch.state, epoch.work[0], epoch.operations_claimed), (EPOCH_FINALIZED, 6_000_000, 1));
    let before = world.balance(&world.tokens(&wallet)).await;
    flow::claim(chain, &requester, &node_address, 1).await.unwrap();
    let minted = world.balance(&world.tokens(&wallet)).await - before;
    assert!(minted > 0);
    assert_eq!(minted, epoch.work_pools[0], "the only node takes the whole pool of its class");
    assert!(flow::claim(chain, &requester, &node_address, 1).await.unwrap().is_empty());
    let (number, _) = flow::ensure_running_epoch(chain, &requester).await.unwrap();
    assert_eq!(number, 2);
}

impl World {
    /// Claims, commits, reveals and has a lease accepted; returns the event of the acceptance.
    async fn finish_lease(
        &self,
        identity: &Keypair,
        job: &Address,
        index: u32,
    ) -> render_compute_client::program::events::LeaseAccepted {
        let (chain, key) = (&self.chain, identity.pubkey());
        let lease_address = address::lease(job, index, 0);
        let mut claim = flow::prepare_seed(chain, job).await.unwrap();
        claim.push(instruction::lease_claim(&key, job, index));
        chain.send(&claim, &[identity]).await.unwrap();
        let lease: Lease = account::fetch(chain, &lease_address).await.unwrap();
        let node = account::node(chain, &key).await.unwrap().unwrap();
        let (root, result, salt) = ([3; 32], Digest::of(b"result").0, chain.random("salt"));
        let commitment = kernels::attestation::commitment(
            lease_address.as_array(),
            lease.node.as_array(),
            node.registered_slot,
            lease.attempt,
            &root,
            &salt,
        );
        chain.execute(&[instruction::attestation_commit(&key, &lease_address, commitment)], &[identity]).unwrap();
        let reveal = instruction::attestation_reveal(&key, &lease_address, root, result, salt);
        chain.execute(std::slice::from_ref(&reveal), &[identity]).expect_err("the lottery comes first");
        let draw = instruction::audit_draw(&account::fetch(chain, &lease_address).await.unwrap());
        let error = chain.execute(std::slice::from_ref(&draw), &[identity]).unwrap_err();
        assert!(error.is(code_of(RenderError::TooEarlyToDraw)), "{error}");
        chain.advance_slots(LOTTERY_DELAY_SLOTS + 2);
        chain.execute(&[draw], &[identity]).unwrap();
        let lease: Lease = account::fetch(chain, &lease_address).await.unwrap();
        assert_eq!(
            lease.audits_owed, 0,
            "with this seed the lottery does not pick the lease; audits have tests of their own"
        );
        chain.execute(&[reveal], &[identity]).unwrap();
        let early = flow::accept(chain, identity, &lease_address).await.unwrap_err();
        assert!(early.to_string().starts_with("the challenge window closes in "), "{early}");
        let lease: Lease = account::fetch(chain, &lease_address).await.unwrap();
        chain.warp_to(lease.deadline + 1);
        let sent = flow::accept(chain, identity, &lease_address).await.unwrap();
        let accepted = sent.iter().flat_map(|confirmed| &confirmed.events).find_map(|event| match event {
            Event::LeaseAccepted(accepted) => Some(*accepted),
            _ => None,
        });
        accepted.expect("the acceptance emits its event")
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_transactions() {
    let signatures = |world: &World| -> Vec<_> {
        world.chain.records().iter().map(|record| (record.signature, record.slot, record.compute_units)).collect()
    };
    let (first, second, other) = (World::new(7).await, World::new(7).await, World::new(8).await);
    assert_eq!(signatures(&first), signatures(&second));
    assert_ne!(signatures(&first), signatures(&other));
}

#[tokio::test]
async fn observers_see_executed_and_refused_transactions() {
    let world = World::new(9).await;
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = seen.clone();
    world.chain.on_transaction(move |chain, record| {
        assert_eq!(chain.now().slot, record.slot);
        sink.lock().unwrap().push((record.instructions.clone(), record.is_executed()));
    });
    let key = world.authority.pubkey();
    world.chain.execute(&[instruction::network_pause(&key, PAUSE_CREDITS)], &[&world.authority]).unwrap();
    world.chain.execute(&[instruction::network_pause(&key, 1 << 40)], &[&world.authority]).unwrap_err();
    let pause = vec!["network_pause".to_owned()];
    assert_eq!(*seen.lock().unwrap(), [(pause.clone(), true), (pause, false)]);
}

#[tokio::test]
async fn a_follower_hears_of_slots_and_events() {
    let world = World::new(10).await;
    let mut news = world.chain.changes().await.unwrap();
    world.chain.advance_slots(1);
    let change = news.next().await.unwrap();
    assert_eq!((change.slot, change.events.len(), change.missed), (world.chain.now().slot, 0, false));
    let key = world.authority.pubkey();
    world.chain.execute(&[instruction::network_pause(&key, PAUSE_JOBS)], &[&world.authority]).unwrap();
    let change = news.next().await.unwrap();
    assert!(matches!(change.events[..], [Event::PauseChanged(_)]), "{:?}", change.events);
}

#[tokio::test]
async fn a_transaction_that_no_network_would_take_is_refused_before_it_runs() {
    let world = World::new(11).await;
    let key = world.authority.pubkey();
    let many = vec![instruction::network_set_parameters(&key, &Parameters::DEFAULT); 4];
    let error = world.chain.execute(&many, &[&world.authority]).unwrap_err();
    assert!(matches!(error, ChainError::Malformed(_)), "{error}");
    let unsigned = world.chain.execute(&[instruction::network_pause(&key, 0)], &[&world.publishers[0]]).unwrap_err();
    assert!(matches!(unsigned, ChainError::Malformed(_)), "{unsigned}");
}

#[tokio::test]
async fn the_hashes_of_past_slots_follow_the_clock() {
    let world = World::new(12).await;
    let newest = || {
        let data = world.chain.read(&address::SLOT_HASHES).unwrap().data;
        u64::from_le_bytes(data[8..16].try_into().unwrap())
    };
    for step in [1, 3, 1_000] {
        world.chain.advance_slots(step);
        assert_eq!(newest(), world.chain.now().slot - 1);
    }
    world.chain.warp(604_800);
    assert_eq!(newest(), world.chain.now().slot - 1);
}

#[tokio::test]
async fn a_credit_purchase_can_be_built_by_hand() {
    let world = World::new(13).await;
    let buyer = world.wallet("buyer", 100 * RENDER);
    let key = buyer.pubkey();
    let network = account::network(&world.chain).await.unwrap();
    let mut instructions = flow::prepare_purchase(&world.chain, &key, &key, 1).await.unwrap();
    assert_eq!(instructions.len(), 2, "the shard and the credit account are missing");
    instructions.push(instruction::credit_buy(
        &network,
        &CreditBuy {
            owner: key,
            payment: world.tokens(&buyer),
            price: None,
            epoch: 1,
            credits: 5,
            maximum_render: u64::MAX,
        },
    ));
    world.chain.send(&instructions, &[&buyer]).await.unwrap();
    assert!(flow::prepare_purchase(&world.chain, &key, &key, 1).await.unwrap().is_empty());
    assert_eq!(account::credit(&world.chain, &key).await.unwrap().unwrap().available, 5);
}

#[tokio::test(flavor = "current_thread")]
async fn a_flow_can_run_as_a_task_of_its_own() {
    let world = World::new(14).await;
    let chain: std::sync::Arc<dyn Chain> = std::sync::Arc::new(world.chain.clone());
    let buyer = world.wallet("buyer", 100 * RENDER);
    let key = buyer.pubkey();
    tokio::spawn(async move { flow::buy_credits(&chain, &buyer, 7, u64::MAX).await }).await.unwrap().unwrap();
    assert_eq!(account::credit(&world.chain, &key).await.unwrap().unwrap().available, 7);
}
