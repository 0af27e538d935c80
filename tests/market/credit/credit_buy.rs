//! `credit_buy`.

use market_model::{MarketError, oracle::FUTURE_TOLERANCE_SECONDS};
use market_tests::{
    Reason, World,
    world::{CONFIDENCE, LOWER_PRICE, PRICE, RENDER, Requester, USD, only_event, replaced, short_parameters, unsigned},
};
use render_compute::{
    constants::{PAUSE_CREDITS, PAUSE_JOBS, PAUSE_LEASES, PAUSE_STAKES},
    errors::RenderError,
    events::CreditsBought,
    state::*,
};
use render_compute_client::{Address, Instruction, Signer, address, chain::RawAccount, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// RENDER burned for credits at the usual price, by the formula of the design: ceil(credits x 10^10 / price).
fn cost(credits: u64) -> (u64, u64) {
    let burned = (u128::from(credits) * 10_000_000_000).div_ceil(u128::from(LOWER_PRICE));
    let fee = (burned * 5).div_ceil(95);
    (u64::try_from(burned).unwrap(), u64::try_from(fee).unwrap())
}

#[test]
fn credits_cost_their_worth_burned_and_a_nineteenth_on_top() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let (supply, held) = (world.supply(), world.tokens(&buyer.render));
    let confirmed = world.buy(&buyer, 10 * USD);
    let (burned, fee) = cost(10 * USD);
    assert_eq!((burned, fee), (502_512_563, 26_448_030));
    assert_eq!(world.supply(), supply - burned);
    assert_eq!(world.tokens(&buyer.render), held - burned - fee);
    assert_eq!(world.tokens(&world.operations), fee);
    let shard = address::shard_of(&buyer.key());
    let event = CreditsBought {
        owner: buyer.key(),
        credits: 10 * USD,
        price: LOWER_PRICE,
        burned,
        fee,
        available_before: 0,
        available_after: 10 * USD,
        epoch: 1,
        shard: u64::from(shard),
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let credit: CreditAccount = world.get(&buyer.credit());
    assert_eq!((credit.available, credit.bought_total, credit.burned_total), (10 * USD, 10 * USD, burned));
    let totals: EpochShard = world.get(&address::epoch_shard(1, shard));
    assert_eq!((totals.burned, totals.bought), (burned, 10 * USD));
}

#[test]
fn the_same_purchase_sent_twice_buys_twice() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.buy(&buyer, USD);
    let second = world.apply(world.purchase(&buyer, USD), &[&buyer.wallet]);
    let Event::CreditsBought(event) = only_event(&second) else { panic!("{second:?}") };
    assert_eq!((event.available_before, event.available_after), (USD, 2 * USD));
}

#[test]
fn one_credit_can_be_bought_and_is_rounded_up() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let Event::CreditsBought(event) = only_event(&world.buy(&buyer, 1)) else { panic!("no purchase") };
    assert_eq!((event.burned, event.fee), (51, 3));
}

#[test]
fn no_credits_cannot_be_bought() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.refuse(world.purchase(&buyer, 0), &[&buyer.wallet], MarketError::NoCredits);
}

#[test]
fn a_purchase_too_large_to_price_is_refused() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.refuse(world.purchase(&buyer, u64::MAX), &[&buyer.wallet], MarketError::Overflow);
}

#[test]
fn the_stated_maximum_covers_burn_and_fee_to_the_last_unit() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let (burned, fee) = cost(USD);
    let at_most = |maximum| instruction::credit_buy(&world.network(), &world.buying(&buyer, USD, maximum));
    world.refuse(at_most(burned + fee - 1), &[&buyer.wallet], MarketError::SlippageExceeded);
    world.apply(at_most(burned + fee), &[&buyer.wallet]);
}

#[test]
fn a_buyer_without_enough_render_is_refused_by_the_token_program() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.refuse(world.purchase(&buyer, 30_000 * USD), &[&buyer.wallet], Reason::Token(1));
}

#[test]
fn only_the_pause_bit_of_credits_stops_purchases() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let key = world.authority.pubkey();
    world.apply(instruction::network_pause(&key, PAUSE_JOBS | PAUSE_LEASES | PAUSE_STAKES), &[&world.authority]);
    world.buy(&buyer, USD);
    world.apply(instruction::network_pause(&key, PAUSE_CREDITS), &[&world.authority]);
    world.refuse(world.purchase(&buyer, USD), &[&buyer.wallet], RenderError::Paused);
}

// The price.

#[test]
fn a_price_is_good_until_it_is_sixty_seconds_old() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.publish_all(PRICE, CONFIDENCE);
    world.warp(60);
    world.apply(world.purchase(&buyer, USD), &[&buyer.wallet]);
    world.warp(1);
    world.refuse(world.purchase(&buyer, USD), &[&buyer.wallet], MarketError::TooFewReports);
}

#[test]
fn a_price_may_be_uncertain_by_one_and_a_half_percent() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.publish_all(PRICE, PRICE * 15 / 1_000);
    world.apply(world.purchase(&buyer, USD), &[&buyer.wallet]);
    world.publish_all(PRICE, PRICE * 15 / 1_000 + 1);
    world.refuse(world.purchase(&buyer, USD), &[&buyer.wallet], MarketError::PriceConfidenceTooWide);
}

#[test]
fn two_of_three_publishers_make_a_price_and_one_does_not() {
    let world = World::with(1, 3, short_parameters());
    let buyer = world.requester("buyer");
    world.warp(100);
    let report = |number: usize, price| {
        let publisher = &world.publishers[number];
        world.apply(instruction::oracle_publish(&publisher.pubkey(), price, CONFIDENCE, world.time()), &[publisher]);
    };
    report(0, PRICE);
    world.refuse(world.purchase(&buyer, USD), &[&buyer.wallet], MarketError::TooFewReports);
    report(1, PRICE + 100_000);
    let Event::CreditsBought(event) = only_event(&world.apply(world.purchase(&buyer, USD), &[&buyer.wallet])) else {
        panic!("no purchase")
    };
    assert_eq!(event.price, PRICE + 50_000 - 2 * CONFIDENCE);
}

#[test]
fn one_of_three_publishers_cannot_move_the_price() {
    let world = World::with(1, 3, short_parameters());
    let buyer = world.requester("buyer");
    world.publish_all(PRICE, CONFIDENCE);
    world.warp(1);
    let liar = &world.publishers[2];
    world.apply(instruction::oracle_publish(&liar.pubkey(), 1_000 * PRICE, 0, world.time()), &[liar]);
    let Event::CreditsBought(event) = only_event(&world.apply(world.purchase(&buyer, USD), &[&buyer.wallet])) else {
        panic!("no purchase")
    };
    assert_eq!(event.price, LOWER_PRICE);
}

#[test]
fn an_oracle_without_publishers_has_no_price() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.apply(instruction::oracle_set_publishers(&world.authority.pubkey(), &[]), &[&world.authority]);
    world.refuse(world.purchase(&buyer, USD), &[&buyer.wallet], MarketError::PublisherSetInvalid);
}

// Pyth.

const FEED: [u8; 32] = [0xfe; 32];

/// A Pyth `PriceUpdateV2`, as its receiver program writes it.
struct Update {
    verification: u8,
    feed: [u8; 32],
    price: i64,
    confidence: u64,
    exponent: i32,
    published_at: i64,
}

impl Update {
    fn bytes(&self) -> Vec<u8> {
        let mut data = vec![34, 241, 35, 99, 157, 126, 244, 205];
        data.extend([9; 32]);
        data.push(self.verification);
        data.extend(self.feed);
        data.extend(self.price.to_le_bytes());
        data.extend(self.confidence.to_le_bytes());
        data.extend(self.exponent.to_le_bytes());
        data.extend(self.published_at.to_le_bytes());
        // Previous publish time, averages, posted slot: present in the account and not read.
        data.extend([0; 8 + 8 + 8 + 8]);
        data
    }
}

struct Pyth {
    world: World,
    buyer: Requester,
    program: Address,
    account: Address,
}

impl Pyth {
    fn new() -> Self {
        let world = World::new();
        let buyer = world.requester("buyer");
        let (program, account) = (world.chain.keypair("pyth").pubkey(), world.chain.keypair("update").pubkey());
        let key = world.authority.pubkey();
        world.apply(instruction::network_set_oracle_pyth(&key, None, &program, FEED), &[&world.authority]);
        Self { world, buyer, program, account }
    }

    fn good(&self) -> Update {
        Update {
            verification: 1,
            feed: FEED,
            price: 20_000_000,
            confidence: 50_000,
            exponent: -7,
            published_at: self.world.time(),
        }
    }

    fn post(&self, update: &Update) {
        self.put(self.program, update.bytes());
    }

    fn put(&self, owner: Address, data: Vec<u8>) {
        self.world.plant(&self.account, RawAccount { lamports: RENDER, owner, data });
    }

    fn purchase(&self) -> Instruction {
        let mut arguments = self.world.buying(&self.buyer, USD, u64::MAX);
        arguments.price = Some(self.account);
        instruction::credit_buy(&self.world.network(), &arguments)
    }

    #[track_caller]
    fn refused(&self, reason: impl Into<Reason>) {
        self.world.refuse(self.purchase(), &[&self.buyer.wallet], reason);
    }

    #[track_caller]
    fn price(&self) -> u64 {
        let confirmed = self.world.apply(self.purchase(), &[&self.buyer.wallet]);
        let Event::CreditsBought(event) = only_event(&confirmed) else { panic!("no purchase") };
        event.price
    }
}

#[test]
fn a_fully_verified_pyth_update_is_a_price() {
    let pyth = Pyth::new();
    pyth.post(&pyth.good());
    assert_eq!(pyth.price(), LOWER_PRICE);
}

#[test]
fn a_pyth_exponent_below_eight_decimals_rounds_against_the_buyer() {
    let pyth = Pyth::new();
    pyth.post(&Update { price: 20_000_000_099, confidence: 50_000_001, exponent: -10, ..pyth.good() });
    assert_eq!(pyth.price(), 200_000_000 - 2 * 500_001);
}

#[test]
fn a_pyth_update_that_is_not_fully_verified_is_refused() {
    let pyth = Pyth::new();
    pyth.post(&Update { verification: 0, ..pyth.good() });
    pyth.refused(RenderError::BadPriceUpdate);
}

#[test]
fn a_pyth_update_of_another_feed_is_refused() {
    let pyth = Pyth::new();
    pyth.post(&Update { feed: [1; 32], ..pyth.good() });
    pyth.refused(RenderError::BadPriceUpdate);
}

#[test]
fn a_pyth_update_of_another_program_is_refused() {
    let pyth = Pyth::new();
    pyth.put(address::TOKEN_PROGRAM, pyth.good().bytes());
    pyth.refused(RenderError::WrongOracle);
}

#[test]
fn a_pyth_account_of_another_kind_or_length_is_refused() {
    let pyth = Pyth::new();
    let mut other = pyth.good().bytes();
    other[0] ^= 1;
    pyth.put(pyth.program, other);
    pyth.refused(RenderError::BadPriceUpdate);
    pyth.put(pyth.program, pyth.good().bytes()[..100].to_vec());
    pyth.refused(RenderError::BadPriceUpdate);
    pyth.put(pyth.program, Vec::new());
    pyth.refused(RenderError::BadPriceUpdate);
}

#[test]
fn a_pyth_price_that_is_not_positive_is_refused() {
    let pyth = Pyth::new();
    for price in [0, -1, i64::MIN] {
        pyth.post(&Update { price, ..pyth.good() });
        pyth.refused(MarketError::PriceNotPositive);
    }
}

#[test]
fn a_pyth_price_ages_like_any_other() {
    let pyth = Pyth::new();
    let now = pyth.world.time();
    pyth.post(&Update { published_at: now - 60, ..pyth.good() });
    pyth.price();
    pyth.post(&Update { published_at: now - 61, ..pyth.good() });
    pyth.refused(MarketError::PriceStale);
    pyth.post(&Update { published_at: now + FUTURE_TOLERANCE_SECONDS, ..pyth.good() });
    pyth.price();
    pyth.post(&Update { published_at: now + FUTURE_TOLERANCE_SECONDS + 1, ..pyth.good() });
    pyth.refused(MarketError::PriceFromTheFuture);
}

#[test]
fn a_pyth_price_can_be_too_uncertain() {
    let pyth = Pyth::new();
    pyth.post(&Update { confidence: 300_000, ..pyth.good() });
    pyth.price();
    pyth.post(&Update { confidence: 300_001, ..pyth.good() });
    pyth.refused(MarketError::PriceConfidenceTooWide);
}

#[test]
fn a_pyth_exponent_that_no_price_fits_is_refused() {
    let pyth = Pyth::new();
    pyth.post(&Update { exponent: 12, ..pyth.good() });
    pyth.refused(MarketError::Overflow);
    pyth.post(&Update { exponent: i32::MAX, ..pyth.good() });
    pyth.refused(MarketError::Overflow);
    pyth.post(&Update { exponent: i32::MIN, ..pyth.good() });
    pyth.refused(MarketError::PriceNotPositive);
}

#[test]
fn a_pinned_pyth_account_cannot_be_replaced_by_another_update() {
    let pyth = Pyth::new();
    let pinned = pyth.world.chain.keypair("pinned").pubkey();
    let key = pyth.world.authority.pubkey();
    let pin = instruction::network_set_oracle_pyth(&key, Some(pinned), &pyth.program, FEED);
    pyth.world.apply(pin, &[&pyth.world.authority]);
    pyth.post(&pyth.good());
    pyth.refused(RenderError::WrongOracle);
}

// Signers and look-alikes.

#[test]
fn a_purchase_without_the_buyers_signature_is_refused() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let purchase = unsigned(world.purchase(&buyer, USD), &buyer.key());
    world.refuse(purchase, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn credits_cannot_be_bought_into_another_wallets_account() {
    let world = World::new();
    let (buyer, other) = (world.requester("buyer"), world.requester("other"));
    let purchase = replaced(world.purchase(&buyer, USD), &buyer.credit(), &other.credit());
    world.refuse(purchase, &[&buyer.wallet], RenderError::WrongCreditAccount);
}

#[test]
fn another_wallets_render_cannot_pay() {
    let world = World::new();
    let (buyer, other) = (world.requester("buyer"), world.requester("other"));
    let purchase = replaced(world.purchase(&buyer, USD), &buyer.render, &other.render);
    world.refuse(purchase, &[&buyer.wallet], Reason::Token(4));
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let purchase = world.purchase(&buyer, USD);
    let shard = address::epoch_shard(1, address::shard_of(&buyer.key()));
    for original in [buyer.credit(), address::network(), address::epoch(1), shard] {
        let forged = world.forge(&original);
        let purchase = replaced(purchase.clone(), &original, &forged);
        world.refuse(purchase, &[&buyer.wallet], InstructionError::IllegalOwner);
    }
}

#[test]
fn accounts_of_another_type_are_refused() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let purchase = world.purchase(&buyer, USD);
    let by = replaced(purchase.clone(), &address::epoch(1), &address::network());
    world.refuse(by, &[&buyer.wallet], InstructionError::InvalidAccountData);
    let by = replaced(purchase, &buyer.credit(), &address::schedule());
    world.refuse(by, &[&buyer.wallet], InstructionError::InvalidAccountData);
}

#[test]
fn another_oracle_mint_or_operations_account_is_refused() {
    let world = World::new();
    let (buyer, other) = (world.requester("buyer"), world.requester("other"));
    let purchase = world.purchase(&buyer, USD);
    let forged = world.forge(&address::oracle());
    let signers = [&buyer.wallet];
    world.refuse(replaced(purchase.clone(), &address::oracle(), &forged), &signers, RenderError::WrongOracle);
    world.refuse(replaced(purchase.clone(), &world.mint, &forged), &signers, RenderError::WrongMint);
    world.refuse(replaced(purchase, &world.operations, &other.render), &signers, RenderError::WrongTokenAccount);
}

#[test]
fn paying_operations_with_its_own_account_is_refused() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let purchase = replaced(world.purchase(&buyer, USD), &world.operations, &buyer.render);
    // Anchor's code for an account that is passed twice to be changed.
    world.refuse(purchase, &[&buyer.wallet], Reason::Market(2_040));
}

#[test]
fn another_shard_of_the_epoch_is_refused() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let own = address::shard_of(&buyer.key());
    let next = (own + 1) % render_compute::constants::EPOCH_SHARDS;
    let missing = world.find::<EpochShard>(&address::epoch_shard(1, next)).is_none();
    if missing {
        world.apply(instruction::epoch_shard_open(&world.crank.pubkey(), 1, next), &[&world.crank]);
    }
    let purchase = replaced(world.purchase(&buyer, USD), &address::epoch_shard(1, own), &address::epoch_shard(1, next));
    world.refuse(purchase, &[&buyer.wallet], RenderError::WrongShard);
}

#[test]
fn a_purchase_belongs_to_the_epoch_that_runs() {
    let world = World::new();
    let buyer = world.requester("buyer");
    let end = world.get::<Epoch>(&address::epoch(1)).ends_at;
    world.warp_to(end - 2);
    world.publish_all(PRICE, CONFIDENCE);
    world.warp_to(end - 1);
    world.apply(world.purchase(&buyer, USD), &[&buyer.wallet]);
    world.warp_to(end);
    world.refuse(world.purchase(&buyer, USD), &[&buyer.wallet], RenderError::OutsideEpoch);
}

#[test]
fn the_shard_of_an_earlier_epoch_is_refused() {
    let world = World::new();
    let buyer = world.requester("buyer");
    world.end_epoch();
    world.publish_all(PRICE, CONFIDENCE);
    world.ensure_shard(&buyer.key());
    let own = address::shard_of(&buyer.key());
    let purchase = replaced(world.purchase(&buyer, USD), &address::epoch_shard(2, own), &address::epoch_shard(1, own));
    world.refuse(purchase, &[&buyer.wallet], RenderError::WrongShard);
}
