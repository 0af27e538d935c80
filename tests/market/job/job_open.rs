//! `job_open`.

use market_model::{MarketError, Parameters, price::BandwidthTier, quote::Order, tier::Tier};
use market_tests::{
    Reason, Requester, World,
    world::{CONFIDENCE, PRICE, STATEMENT, USD, only_event, order, replaced, unsigned},
};
use render_compute::{constants::*, errors::RenderError, events::JobOpened, instructions::JobOrder, state::*};
use render_compute_client::{
    Address, Instruction, Signer, address,
    event::Event,
    instruction::{self, EngineRegister},
    market::{self, QuoteRequest},
};
use solana_instruction_error::InstructionError;

fn opening(requester: &Requester, nonce: u64, order: JobOrder) -> Instruction {
    instruction::job_open(&requester.key(), &address::RENDER_ENGINE, nonce, order)
}

#[track_caller]
fn refused(order: JobOrder, reason: impl Into<Reason>) {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    world.refuse(opening(&requester, 0, order), &[&requester.wallet], reason);
}

#[track_caller]
fn opened(order: JobOrder) -> Job {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let job = world.open(&requester, order);
    world.get(&job)
}

#[test]
fn an_order_escrows_its_price() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let clock = world.chain.now();
    let id = *b"client\0\0\0\0\0\0\0\0\0\0";
    world.client(id);
    let order = JobOrder { units: 5, client: address::client(&id), region: 3, ..order() };
    let confirmed = world.apply(opening(&requester, 0, order), &[&requester.wallet]);
    let job = address::job(&requester.key(), 0);
    let event = JobOpened {
        job,
        requester: requester.key(),
        manifest: order.manifest,
        engine: address::engine(&address::RENDER_ENGINE),
        client: order.client,
        statement: STATEMENT,
        nonce: 0,
        units: 5,
        price_per_unit: 1_000,
        premium_per_unit: 1,
        network_price_per_unit: 1,
        price_index_bps: 10_000,
        work_per_unit: 4_096,
        escrow: 5_005,
        available_before: 10 * USD,
        available_after: 10 * USD - 5_005,
        opened_slot: clock.slot,
        opened_at: clock.unix_timestamp,
        deadline: clock.unix_timestamp + 3_600,
        units_per_lease: 2,
        leases: 3,
        lease_seconds: 300,
        minimum_memory_mib: 0,
        minimum_reputation: 0,
        region: 3,
        audit_probability_bps: 10,
        requester_reputation: 5_000,
        replicas: 1,
        class: CLASS_RENDER,
        tier: TIER_ECONOMY,
        bandwidth_tier: 0,
        at_network_price: 0,
        padding: [0; 3],
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let state: Job = world.get(&job);
    assert_eq!((state.escrow, state.spent, state.refunded, state.leases), (5_005, 0, 0, 3));
    assert_eq!((state.status, state.seeded, state.leases_settled), (JOB_OPEN, 0, 0));
    let credit: CreditAccount = world.get(&requester.credit());
    assert_eq!((credit.available, credit.escrowed_total, credit.jobs), (10 * USD - 5_005, 5_005, 1));
}

#[test]
fn the_last_credit_can_be_escrowed_and_one_more_cannot() {
    let world = World::new();
    let requester = world.requester_with("requester", 4_004);
    let dear = JobOrder { price_per_unit: 1_001, ..order() };
    world.refuse(opening(&requester, 0, dear), &[&requester.wallet], MarketError::CreditsUnavailable);
    world.open(&requester, order());
    assert_eq!(world.get::<CreditAccount>(&requester.credit()).available, 0);
}

#[test]
fn nonces_are_used_in_order_and_once() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    world.refuse(opening(&requester, 1, order()), &[&requester.wallet], RenderError::WrongNonce);
    world.apply(opening(&requester, 0, order()), &[&requester.wallet]);
    assert!(world.send(&[opening(&requester, 0, order())], &[&requester.wallet]).is_err());
    world.apply(opening(&requester, 1, order()), &[&requester.wallet]);
}

#[test]
fn a_job_carries_its_requesters_reputation_of_the_moment() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let first = world.open(&requester, order());
    assert_eq!(world.get::<Job>(&first).requester_reputation, 5_000);
    let half_life = i64::try_from(world.network().parameters().reputation_half_life_seconds).unwrap();
    let long_ago = world.time() - half_life;
    world.alter(&requester.credit(), |credit: &mut CreditAccount| {
        (credit.reputation, credit.reputation_at) = (9_000 << 16, long_ago);
    });
    let second = world.open(&requester, order());
    assert!(world.get::<Job>(&second).requester_reputation.abs_diff(7_000) <= 1);
}

#[test]
fn the_nonce_of_a_closed_job_is_not_used_again() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let job = world.open(&requester, order());
    let (key, signers) = (requester.key(), [&requester.wallet]);
    world.apply(instruction::job_cancel(&key, &job), &signers);
    for index in 0..2 {
        world.apply(instruction::lease_release(&job, &key, index), &signers);
    }
    world.apply(instruction::job_close(&key, &job, &world.get(&job)), &signers);
    world.refuse(opening(&requester, 0, order()), &signers, RenderError::WrongNonce);
}

#[test]
fn a_job_pays_for_its_audits_what_they_cost_on_average_or_for_each_other_node() {
    for (replicas, premium) in [(1, 1), (2, 1_000), (3, 2_000)] {
        let job = opened(JobOrder { replicas, ..order() });
        assert_eq!((job.premium_per_unit, job.escrow, job.replicas), (premium, 4 * (1_000 + premium), replicas));
        assert_eq!(job.audit_probability_bps, 10);
    }
    // A tenth of a credit is a credit.
    assert_eq!(opened(JobOrder { price_per_unit: 100, ..order() }).premium_per_unit, 1);
    assert_eq!(opened(JobOrder { price_per_unit: 1_001, ..order() }).premium_per_unit, 2);
}

/// Ten OBh a unit: 0.05 USD in economy, 0.10 in priority, before surcharges.
fn priced() -> JobOrder {
    let work_per_unit = 10 * Parameters::DEFAULT.work_per_obh;
    JobOrder { work_per_unit, price_per_unit: USD, at_network_price: 1, ..order() }
}

#[test]
fn at_the_network_s_price_a_job_pays_for_its_tier_bandwidth_and_region() {
    let cases = [
        (TIER_ECONOMY, 0, 0, 50_000),
        (TIER_PRIORITY, 0, 0, 100_000),
        (TIER_PRIORITY, 1, 0, 105_000),
        (TIER_PRIORITY, 7, 0, 150_000),
        (TIER_ECONOMY, 7, 9, 80_000),
    ];
    for (tier, bandwidth_tier, region, price) in cases {
        let job = opened(JobOrder { tier, bandwidth_tier, region, ..priced() });
        assert_eq!((job.tier, job.bandwidth_tier, job.price_per_unit), (tier, bandwidth_tier, price));
        // An audit of every thousandth lease.
        assert_eq!(job.premium_per_unit, price / 1_000);
        assert_eq!(job.escrow, 4 * (price + price / 1_000));
    }
}

#[test]
fn the_network_s_price_is_paid_up_to_the_stated_one() {
    assert_eq!(opened(JobOrder { price_per_unit: 50_000, ..priced() }).price_per_unit, 50_000);
    refused(JobOrder { price_per_unit: 49_999, ..priced() }, MarketError::NetworkPriceAboveCap);
    refused(JobOrder { price_per_unit: 0, ..priced() }, MarketError::NetworkPriceAboveCap);
}

#[test]
fn a_job_that_names_its_price_pays_that_and_says_the_network_s() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let own = JobOrder { price_per_unit: 7, at_network_price: 0, tier: TIER_PRIORITY, ..priced() };
    let confirmed = world.apply(opening(&requester, 0, own), &[&requester.wallet]);
    let Event::JobOpened(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.price_per_unit, event.network_price_per_unit, event.price_index_bps), (7, 100_000, 10_000));
    assert_eq!((event.at_network_price, event.tier), (0, TIER_PRIORITY));
}

#[test]
fn a_price_floats_with_the_index_of_its_class_and_tier() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    world.alter::<Network>(&address::network(), |network| network.price_index_bps = [12_345, 20_000, 1, 1]);
    let economy: Job = world.get(&world.open(&requester, priced()));
    let priority: Job = world.get(&world.open(&requester, JobOrder { tier: TIER_PRIORITY, ..priced() }));
    assert_eq!((economy.price_per_unit, priority.price_per_unit), (61_725, 200_000));
}

#[test]
fn a_work_measure_beyond_any_price_stops_only_who_asks_for_the_network_s() {
    let endless = JobOrder { work_per_unit: u64::MAX, ..priced() };
    refused(JobOrder { tier: TIER_PRIORITY, ..endless }, MarketError::NetworkPriceAboveCap);
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let cheap = Parameters { work_per_obh: 1, obh_per_dollar_economy: 1, ..world.network().parameters() };
    world.apply(instruction::network_set_parameters(&world.authority_key(), &cheap), &[&world.authority]);
    world.refuse(opening(&requester, 0, endless), &[&requester.wallet], MarketError::Overflow);
    let own = JobOrder { at_network_price: 0, ..endless };
    let confirmed = world.apply(opening(&requester, 0, own), &[&requester.wallet]);
    let Event::JobOpened(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.network_price_per_unit, event.price_per_unit), (u64::MAX, USD));
}

#[test]
fn tiers_bandwidths_and_ways_of_pricing_that_do_not_exist_are_refused() {
    refused(JobOrder { tier: 2, ..order() }, MarketError::UnknownTier);
    refused(JobOrder { bandwidth_tier: 8, ..order() }, MarketError::BandwidthTierUnknown);
    refused(JobOrder { at_network_price: 2, ..order() }, RenderError::BadPricing);
    assert_eq!(opened(JobOrder { bandwidth_tier: 7, ..order() }).bandwidth_tier, 7);
}

#[test]
fn a_quote_is_what_is_charged() {
    let world = World::new();
    let requester = world.requester_with("requester", 1_000 * USD);
    let obh = Parameters::DEFAULT.work_per_obh;
    for (number, index) in [(1, 10_000), (2, 2_500), (3, 39_999), (4, 12_321), (5, 9_999)] {
        world.alter::<Network>(&address::network(), |network| network.price_index_bps = [index, index + 1, 1, 1]);
        let order = JobOrder {
            units: 7 * number,
            units_per_lease: 3,
            work_per_unit: obh / number + number,
            bandwidth_tier: (number % 8) as u8,
            region: (number % 2) as u16,
            replicas: (number % 3) as u8 + 1,
            tier: (number % 2) as u8,
            ..priced()
        };
        let request = QuoteRequest {
            order: Order {
                units: order.units,
                units_per_lease: 3,
                work_per_unit: order.work_per_unit,
                replicas: order.replicas,
                bandwidth: BandwidthTier::try_from(order.bandwidth_tier).unwrap(),
                has_region: order.region != 0,
            },
            class: CLASS_RENDER,
            minimum_memory_mib: 0,
            minimum_reputation: 0,
            hours: 1,
            tier: Some(Tier::try_from(order.tier).unwrap()),
        };
        world.publish_all(PRICE, CONFIDENCE);
        let quote = world.flow(market::quote(&world.chain, &request)).chosen;
        let job: Job = world.get(&world.open(&requester, order));
        assert_eq!((quote.price_per_unit_credit_units, quote.credit_units), (job.price_per_unit, job.escrow));
        assert_eq!(quote.premium_per_unit_credit_units, job.premium_per_unit);
        // And the RENDER is what a purchase of those credits takes.
        let before = world.tokens(&requester.render);
        world.publish_all(PRICE, CONFIDENCE);
        world.apply(world.purchase(&requester, job.escrow), &[&requester.wallet]);
        assert_eq!(quote.render_base_units, Some(before - world.tokens(&requester.render)));
    }
}

#[test]
fn a_lease_is_computed_by_one_to_three_nodes() {
    for replicas in [0, 4, u8::MAX] {
        refused(JobOrder { replicas, ..order() }, MarketError::ReplicasInvalid);
    }
}

#[test]
fn a_job_carries_a_statement_in_the_engines_format() {
    assert_eq!(opened(order()).statement, STATEMENT);
    let mut other = STATEMENT;
    other[0] = 2;
    refused(JobOrder { statement: other, ..order() }, RenderError::WrongFormat);
    let mut high = STATEMENT;
    high[3] = 1;
    refused(JobOrder { statement: high, ..order() }, RenderError::WrongFormat);
    refused(JobOrder { statement: [0; STATEMENT_BYTES], ..order() }, RenderError::WrongFormat);
}

#[test]
fn an_empty_statement_is_refused_also_where_the_format_is_zero() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let engine = EngineRegister { format: 0, ..world.engine() };
    world.apply(instruction::engine_register(&engine), &[&world.authority]);
    let empty = JobOrder { statement: [0; STATEMENT_BYTES], ..order() };
    world.refuse(opening(&requester, 0, empty), &[&requester.wallet], RenderError::ZeroValue);
}

#[test]
fn an_exact_engine_without_a_referee_has_no_jobs() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let engine = EngineRegister { referee: Address::default(), ..world.engine() };
    world.apply(instruction::engine_register(&engine), &[&world.authority]);
    world.refuse(opening(&requester, 0, order()), &[&requester.wallet], RenderError::NoReferee);
}

#[test]
fn a_job_has_at_least_one_unit() {
    refused(JobOrder { units: 0, ..order() }, MarketError::JobWithoutUnits);
}

#[test]
fn a_unit_has_a_price() {
    refused(JobOrder { price_per_unit: 0, ..order() }, MarketError::JobWithoutPrice);
}

#[test]
fn a_lease_has_at_least_one_unit() {
    refused(JobOrder { units_per_lease: 0, ..order() }, MarketError::LeaseWithoutUnits);
}

#[test]
fn a_job_has_at_most_1024_leases() {
    assert_eq!(opened(JobOrder { units: 1_024, units_per_lease: 1, ..order() }).leases, 1_024);
    refused(JobOrder { units: 1_025, units_per_lease: 1, ..order() }, MarketError::TooManyLeases);
}

#[test]
fn a_price_that_overflows_is_refused() {
    refused(JobOrder { units: 2, price_per_unit: u64::MAX, ..order() }, MarketError::Overflow);
}

#[test]
fn manifest_and_work_measure_must_be_set() {
    refused(JobOrder { manifest: [0; 32], ..order() }, RenderError::ZeroValue);
    refused(JobOrder { work_per_unit: 0, ..order() }, RenderError::ZeroValue);
}

#[test]
fn a_job_is_open_for_at_least_a_second_and_at_most_the_longest_time() {
    let longest = 86_400;
    opened(JobOrder { open_seconds: 1, ..order() });
    opened(JobOrder { open_seconds: longest, ..order() });
    refused(JobOrder { open_seconds: 0, ..order() }, MarketError::JobDeadlineInvalid);
    refused(JobOrder { open_seconds: longest + 1, ..order() }, MarketError::JobDeadlineInvalid);
}

#[test]
fn a_lease_lasts_from_five_seconds_to_the_longest_time_of_a_job() {
    let longest = 86_400;
    assert_eq!(opened(JobOrder { lease_seconds: 5, ..order() }).lease_seconds, 5);
    opened(JobOrder { lease_seconds: longest, ..order() });
    refused(JobOrder { lease_seconds: 4, ..order() }, RenderError::BadLeaseSeconds);
    refused(JobOrder { lease_seconds: longest + 1, ..order() }, RenderError::BadLeaseSeconds);
}

#[test]
fn a_lease_lasts_as_long_as_the_network_says_when_the_order_does_not() {
    assert_eq!(opened(JobOrder { lease_seconds: 0, ..order() }).lease_seconds, 600);
}

#[test]
fn jobs_are_not_opened_while_paused() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let key = world.authority.pubkey();
    world.apply(instruction::network_pause(&key, PAUSE_JOBS), &[&world.authority]);
    world.refuse(opening(&requester, 0, order()), &[&requester.wallet], RenderError::Paused);
    world.apply(instruction::network_pause(&key, PAUSE_ALL & !PAUSE_JOBS), &[&world.authority]);
    world.apply(opening(&requester, 0, order()), &[&requester.wallet]);
}

#[test]
fn a_disabled_engine_takes_no_jobs() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let disabled = instruction::EngineRegister { enabled: false, ..world.engine() };
    world.apply(instruction::engine_register(&disabled), &[&world.authority]);
    world.refuse(opening(&requester, 0, order()), &[&requester.wallet], RenderError::EngineDisabled);
}

#[test]
fn the_client_of_an_order_is_one_that_exists() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let ids = [*b"one\0\0\0\0\0\0\0\0\0\0\0\0\0", *b"two\0\0\0\0\0\0\0\0\0\0\0\0\0"];
    for id in ids {
        world.client(id);
    }
    let [one, two] = ids.map(|id| address::client(&id));
    let open = opening(&requester, 0, JobOrder { client: one, ..order() });
    let wallet = [&requester.wallet];
    world.refuse(replaced(open.clone(), &one, &two), &wallet, RenderError::WrongClient);
    world.refuse(replaced(open.clone(), &one, &address::PROGRAM), &wallet, RenderError::WrongClient);
    world.refuse(replaced(open.clone(), &one, &world.forge(&one)), &wallet, InstructionError::IllegalOwner);
    // An account that is none: another one of the market's, and an empty address.
    for client in [address::network(), address::client(&[9; 16])] {
        let open = opening(&requester, 0, JobOrder { client, ..order() });
        assert!(world.send(&[open], &wallet).is_err());
    }
    // A client that the order does not name.
    let mut uncalled = opening(&requester, 0, order());
    let last = uncalled.accounts.len() - 1;
    uncalled.accounts[last].pubkey = one;
    world.refuse(uncalled, &wallet, RenderError::WrongClient);
    world.apply(open, &wallet);
}

#[test]
fn an_engine_that_is_not_registered_takes_no_jobs() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let unknown = address::engine_id("unknown").unwrap();
    let open = instruction::job_open(&requester.key(), &unknown, 0, order());
    world.refuse(open, &[&requester.wallet], InstructionError::UninitializedAccount);
}

#[test]
fn another_wallets_credits_cannot_be_escrowed() {
    let world = World::new();
    let (requester, rich) = (world.requester("requester"), world.requester_with("rich", 10 * USD));
    let open = replaced(opening(&requester, 0, order()), &requester.credit(), &rich.credit());
    world.refuse(open, &[&requester.wallet], RenderError::WrongCreditAccount);
}

#[test]
fn a_job_without_its_requesters_signature_is_refused() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let open = unsigned(opening(&requester, 0, order()), &requester.key());
    world.refuse(open, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let open = opening(&requester, 0, order());
    for original in [address::network(), address::engine(&address::RENDER_ENGINE), requester.credit()] {
        let forged = replaced(open.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&requester.wallet], InstructionError::IllegalOwner);
    }
}

#[test]
fn another_jobs_address_is_refused() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let (own, next) = (address::job(&requester.key(), 0), address::job(&requester.key(), 1));
    let open = replaced(opening(&requester, 0, order()), &own, &next);
    world.refuse(open, &[&requester.wallet], InstructionError::InvalidSeeds);
}

#[test]
fn lamports_sent_to_a_jobs_address_do_not_stop_it() {
    let world = World::new();
    let requester = world.requester_with("requester", 10 * USD);
    let job = address::job(&requester.key(), 0);
    world.apply(instruction::transfer_sol(&world.crank.pubkey(), &job, 1_000_000), &[&world.crank]);
    world.open(&requester, order());
    assert_eq!(world.get::<Job>(&job).escrow, 4_004);
}
