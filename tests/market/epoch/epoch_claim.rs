//! `epoch_claim`.

use market_tests::{
    Machine, World,
    world::{USD, only_event, order, replaced},
};
use render_compute::{
    constants::PAUSE_ALL, errors::RenderError, events::EpochClaimed, instructions::JobOrder, state::*,
};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// Two machines that did one and two thirds of an epoch's work.
fn worked() -> (World, Machine, Machine) {
    let world = World::new();
    let requester = world.requester_with("requester", 100 * USD);
    let (one, two) = (world.machine("one"), world.machine("two"));
    let job = world.open_seeded(&requester, JobOrder { units: 6, price_per_unit: USD, ..order() });
    world.work(&one, &job, 0);
    world.work(&two, &job, 1);
    world.work(&two, &job, 2);
    (world, one, two)
}

#[test]
fn each_node_gets_its_share_of_the_pool_rounded_down() {
    let (world, one, two) = worked();
    world.end_epoch();
    let pool = world.get::<Epoch>(&address::epoch(1)).work_pools[0];
    assert!(pool > 0);
    let supply = world.supply();
    for (machine, work) in [(&one, 2 * USD), (&two, 4 * USD)] {
        let held = world.tokens(&machine.payout);
        let confirmed = world.apply(world.claiming(machine, 1), &[&world.crank]);
        let share = u64::try_from(u128::from(pool) * u128::from(work) / u128::from(6 * USD)).unwrap();
        let event = EpochClaimed {
            number: 1,
            node: machine.node,
            operator: machine.operator(),
            payout: machine.payout,
            work: [work, 0],
            points: 0,
            amounts: [share, 0],
            availability_amount: 0,
        };
        assert_eq!(only_event(&confirmed), Event::from(event));
        assert_eq!(world.tokens(&machine.payout), held + share);
        let record: NodeEpoch = world.get(&address::node_epoch(&machine.node, 1));
        assert_eq!((record.is_claimed, record.claimed), (1, share));
    }
    let minted = world.supply() - supply;
    assert!(minted <= pool && pool - minted < 2, "{minted} of {pool}");
}

#[test]
fn a_share_is_claimed_once() {
    let (world, one, _) = worked();
    world.end_epoch();
    world.apply(world.claiming(&one, 1), &[&world.crank]);
    world.refuse(world.claiming(&one, 1), &[&world.crank], RenderError::AlreadyClaimed);
}

#[test]
fn nothing_is_claimed_before_the_epoch_is_finalized() {
    let (world, one, _) = worked();
    world.refuse(world.claiming(&one, 1), &[&world.crank], RenderError::EpochNotFinalized);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(world.claiming(&one, 1), &[&world.crank], RenderError::EpochNotFinalized);
}

#[test]
fn a_share_is_paid_to_the_payout_account_of_the_moment() {
    let (world, one, _) = worked();
    world.end_epoch();
    let claim = world.claiming(&one, 1);
    let elsewhere = world.chain.keypair("elsewhere").pubkey();
    let mint = instruction::create_associated_token(&world.crank.pubkey(), &elsewhere, &world.mint);
    world.apply(mint, &[&world.crank]);
    let other = address::associated_token(&elsewhere, &world.mint);
    world.refuse(replaced(claim.clone(), &one.payout, &other), &[&world.crank], RenderError::WrongTokenAccount);
    world.apply(claim, &[&world.crank]);
}

#[test]
fn no_pause_stops_a_claim() {
    let (world, one, _) = worked();
    world.end_epoch();
    world.apply(instruction::network_pause(&world.authority.pubkey(), PAUSE_ALL), &[&world.authority]);
    world.apply(world.claiming(&one, 1), &[&world.crank]);
}

#[test]
fn another_nodes_record_operator_or_epoch_is_refused() {
    let (world, one, two) = worked();
    world.end_epoch();
    let claim = world.claiming(&one, 1);
    let (own, others) = (address::node_epoch(&one.node, 1), address::node_epoch(&two.node, 1));
    world.refuse(replaced(claim.clone(), &own, &others), &[&world.crank], RenderError::WrongNode);
    world.refuse(replaced(claim.clone(), &one.node, &two.node), &[&world.crank], RenderError::WrongNode);
    let (own, others) = (address::operator(&one.operator()), address::operator(&two.operator()));
    world.refuse(replaced(claim.clone(), &own, &others), &[&world.crank], RenderError::WrongNode);
    world.end_epoch();
    let later = replaced(claim, &address::epoch(1), &address::epoch(2));
    world.refuse(later, &[&world.crank], RenderError::WrongEpoch);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, one, _) = worked();
    world.end_epoch();
    let record = address::node_epoch(&one.node, 1);
    let operator = address::operator(&one.operator());
    for original in [address::network(), address::epoch(1), one.node, operator, record] {
        let forged = replaced(world.claiming(&one, 1), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
    let mint = replaced(world.claiming(&one, 1), &world.mint, &world.forge(&world.mint));
    world.refuse(mint, &[&world.crank], RenderError::WrongMint);
}
