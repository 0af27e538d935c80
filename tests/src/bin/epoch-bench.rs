//! Measures the end of an epoch with 100 and with 100,000 nodes: what closing it costs, and what each claim costs.
//!
//! The network, its 32 shards and one node of the epoch are made by transactions. The other nodes are planted as copies of that one, under
//! addresses of their own (making 100,000 by transactions takes hours), with the shards' totals planted as their sums. From there on
//! all is real: `epoch_sum`, `epoch_finalize` and `epoch_claim` by the program. [`CLAIMS`] of the nodes, spread evenly over all, claim; an
//! argument is another number of them. Each mints what the rules give it, and what the rules give all nodes together is within the pools.
//!
//! Prints one JSON object a line in the format of `cargo xtask bench`.

use kernels::merkle::sha256;
use local_chain::LocalChain;
use market_model::epoch::{availability_claim, claim_share};
use market_tests::{
    Machine, World,
    world::{USD, order},
};
use render_compute::{constants::EPOCH_SHARDS, instructions::JobOrder, state::*};
use render_compute_client::{
    Address, Instruction, Keypair,
    account::{self, MarketAccount},
    address,
    chain::RawAccount,
    instruction,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Nodes of the large network.
const NODES: u64 = 100_000;
/// Of them, those that claim.
const CLAIMS: u64 = 2_000;
/// Nodes of the small one.
const FEW: u64 = 100;
/// Most compute units of a claim.
const CLAIM_BAR: f64 = 15_000.0;
/// The running epoch of the template.
const EPOCH: u64 = 1;

fn main() {
    let claims = std::env::args().nth(1).map_or(CLAIMS, |count| count.parse().expect("a number of claims"));
    let template = Template::new();
    let few = template.measure(FEW, FEW);
    let many = template.measure(NODES, claims);
    let claimed = many.claims.len() as f64;
    let mut sorted = many.claims.clone();
    sorted.sort_unstable();
    let of = |units: Option<&u64>| units.map_or(0.0, |units| *units as f64);
    for (name, value, unit, bar) in [
        ("epoch_claim_first", of(many.claims.first()), "CU", CLAIM_BAR),
        ("epoch_claim_median", of(sorted.get(sorted.len() / 2)), "CU", CLAIM_BAR),
        ("epoch_claim_largest", of(sorted.last()), "CU", CLAIM_BAR),
        ("epoch_claim_last", of(many.claims.last()), "CU", CLAIM_BAR),
        ("epoch_claim_largest_of_100_nodes", of(few.claims.iter().max()), "CU", CLAIM_BAR),
        // More work by 2 % with a thousand times the nodes would be the first sign of work per node.
        ("epoch_close_growth", many.closing as f64 / few.closing as f64, "x", 1.02),
        ("epoch_shares_over_pools", many.shares as f64 / many.pools as f64, "x", 1.0),
    ] {
        println!("{}", row(name, value, unit, Some(bar), "lower"));
    }
    for (name, value, unit, better) in [
        ("epoch_nodes", NODES as f64, "nodes", "higher"),
        ("epoch_claims", claimed, "claims", "higher"),
        ("epoch_close_of_100_nodes", few.closing as f64, "CU", "lower"),
        ("epoch_close_of_100000_nodes", many.closing as f64, "CU", "lower"),
        ("epoch_claim_time", many.claiming.as_secs_f64() * 1e6 / claimed, "us", "lower"),
        ("epoch_close_time", many.close_time.as_secs_f64() * 1e3, "ms", "lower"),
        ("epoch_close_time_of_100_nodes", few.close_time.as_secs_f64() * 1e3, "ms", "lower"),
    ] {
        println!("{}", row(name, value, unit, None, better));
    }
}

fn row(name: &str, value: f64, unit: &str, bar: Option<f64>, better: &str) -> Value {
    json!({ "area": "economy", "name": name, "value": value, "unit": unit, "bar": bar, "better": better })
}

/// What was measured.
struct Measured {
    /// Compute units of `epoch_sum` for all shards and of `epoch_finalize`.
    closing: u64,
    close_time: Duration,
    /// Compute units of each claim.
    claims: Vec<u64>,
    claiming: Duration,
    /// RENDER of all nodes' shares, and of the pools that they are paid from.
    shares: u64,
    pools: u64,
}

/// A small network made by transactions, whose accounts are copied.
struct Template {
    world: World,
    machine: Machine,
    ends_at: i64,
}

impl Template {
    fn new() -> Self {
        let world = World::new();
        let requester = world.requester_with("requester", 100 * USD);
        let machine = world.machine("machine");
        let job = world.open_seeded(&requester, JobOrder { price_per_unit: USD, ..order() });
        world.work(&machine, &job, 0);
        for shard in 0..EPOCH_SHARDS {
            if world.find::<EpochShard>(&address::epoch_shard(EPOCH, shard)).is_none() {
                world.apply(instruction::epoch_shard_open(&world.crank_key(), EPOCH, shard), &[&world.crank]);
            }
        }
        let ends_at = world.get::<Epoch>(&address::epoch(EPOCH)).ends_at;
        Self { world, machine, ends_at }
    }

    fn raw(&self, address: &Address) -> RawAccount {
        self.world.chain.read(address).expect("the template has the account")
    }

    /// A chain with the template's accounts and nothing that looks at every transaction.
    fn copy(&self) -> (LocalChain, Keypair) {
        let chain = LocalChain::with_built_program(self.world.chain.seed()).expect("the program is built");
        let crank = chain.funded("crank");
        for (address, account) in self.world.chain.read_all(&[]) {
            chain.write(&address, account);
        }
        for address in [self.world.mint, self.world.operations, address::stake_vault(), self.machine.payout] {
            chain.write(&address, self.raw(&address));
        }
        (chain, crank)
    }

    fn measure(&self, nodes: u64, claims: u64) -> Measured {
        let (chain, crank) = self.copy();
        let planted = self.plant(&chain, nodes);
        chain.warp_to(self.ends_at);
        let before = Instant::now();
        let mut closing = 0;
        for shard in 0..EPOCH_SHARDS {
            closing += sent(&chain, instruction::epoch_sum(EPOCH, shard), &crank);
        }
        closing += sent(&chain, instruction::epoch_finalize(EPOCH), &crank);
        let close_time = before.elapsed();
        let epoch: Epoch = read(&chain, &address::epoch(EPOCH));
        let network = self.world.network();
        let shares: Vec<u64> = planted.iter().map(|(node, ..)| share(&chain, node, &epoch)).collect();
        let mut claiming = Duration::ZERO;
        let mut units = Vec::new();
        for index in (0..claims).map(|claim| (claim * nodes / claims) as usize) {
            let (node, wallet, payout) = &planted[index];
            let claim = instruction::epoch_claim(&network, EPOCH, node, wallet, payout);
            let supply = self.supply(&chain);
            let before = Instant::now();
            units.push(sent(&chain, claim, &crank));
            claiming += before.elapsed();
            assert_eq!(self.supply(&chain) - supply, shares[index], "node {index} was paid something else");
        }
        let (shares, pools) = (shares.iter().sum(), epoch.availability_pool + epoch.work_pools.iter().sum::<u64>());
        assert!(0 < shares && shares <= pools, "{shares} of {pools} are claimed");
        Measured { closing, close_time, claims: units, claiming, shares, pools }
    }

    /// Plants nodes that have worked; returns node account, wallet and payout account of each. The first is the template's own.
    fn plant(&self, chain: &LocalChain, nodes: u64) -> Vec<(Address, Address, Address)> {
        let wallet = self.machine.operator();
        let record = address::node_epoch(&self.machine.node, EPOCH);
        let (node, operator): (Node, Operator) =
            (read(chain, &self.machine.node), read(chain, &address::operator(&wallet)));
        let node_epoch: NodeEpoch = read(chain, &record);
        let payout = self.raw(&self.machine.payout);
        let mut shards: Vec<EpochShard> =
            (0..EPOCH_SHARDS).map(|shard| read(chain, &address::epoch_shard(EPOCH, shard))).collect();
        let mut planted = vec![(self.machine.node, wallet, self.machine.payout)];
        for number in 1..nodes {
            let key = |name: &[u8]| Address::from(sha256(&[name, &number.to_le_bytes()]));
            let (identity, wallet, to) = (key(b"identity"), key(b"wallet"), key(b"payout"));
            let address = address::node(&identity);
            // Unequal, so that shares do not come out even.
            let work = [USD + number * 7_919 % USD, number * 104_729 % USD];
            let availability = (1 + number % 28) << 20;
            let shard = &mut shards[usize::from(address::shard_of(&identity))];
            shard.work = [shard.work[0] + work[0], shard.work[1] + work[1]];
            shard.availability += availability;
            shard.qualified += 1;
            shard.stake += node.stake;
            // Bought at two dollars for one RENDER.
            shard.bought += work[0] + work[1];
            shard.burned += (work[0] + work[1]) * 50;
            write(chain, &address, Node { identity, operator: wallet, ..node });
            write(chain, &address::operator(&wallet), Operator { wallet, payout: to, ..operator });
            let value = NodeEpoch { node: address, work, availability, is_qualified: 1, ..node_epoch };
            write(chain, &address::node_epoch(&address, EPOCH), value);
            let mut token = payout.clone();
            token.data[32..64].copy_from_slice(wallet.as_ref());
            chain.write(&to, token);
            planted.push((address, wallet, to));
        }
        for (shard, value) in (0..EPOCH_SHARDS).zip(shards) {
            write(chain, &address::epoch_shard(EPOCH, shard), value);
        }
        planted
    }

    fn supply(&self, chain: &LocalChain) -> u64 {
        chain.read(&self.world.mint).and_then(|raw| account::decode_mint(&raw)).expect("the mint exists").supply
    }
}

/// What the rules give a node.
fn share(chain: &LocalChain, node: &Address, epoch: &Epoch) -> u64 {
    let record: NodeEpoch = read(chain, &address::node_epoch(node, EPOCH));
    let points = record.availability + record.service_points;
    let availability = availability_claim(points, epoch.availability, epoch.availability_pool, epoch.availability_cap);
    let work = |class: usize| claim_share(record.work[class], epoch.work[class], epoch.work_pools[class]);
    availability.and_then(|paid| Ok(paid + work(0)? + work(1)?)).expect("a share fits")
}

fn read<T: MarketAccount>(chain: &LocalChain, address: &Address) -> T {
    chain.read(address).and_then(|raw| account::decode(&raw.data)).expect("the account exists")
}

fn write<T: MarketAccount>(chain: &LocalChain, address: &Address, value: T) {
    // Rent of a kilobyte and more.
    let lamports = 20_000_000;
    let data = [T::DISCRIMINATOR, bytemuck::bytes_of(&value)].concat();
    chain.write(address, RawAccount { lamports, owner: address::PROGRAM, data });
}

/// Sends one instruction; returns its compute units.
fn sent(chain: &LocalChain, instruction: Instruction, signer: &Keypair) -> u64 {
    chain.execute(&[instruction], &[signer]).expect("the transaction is executed").compute_units
}
