//! `dispute_settle`. Who receives what stands in `games`.

use super::{Audited, Bonded};
use market_model::{
    MarketError,
    dispute::{Stage, Verdict},
    reputation::Reason,
};
use market_tests::{
    World,
    dispute::{Court, Lie, Picture},
    world::{USD, order, replaced},
};
use render_compute::{
    constants::{TIER_ECONOMY, TIER_PRIORITY},
    errors::RenderError,
    events::*,
    state::*,
};
use render_compute_client::{Address, Instruction, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A decided dispute that the holder lost to a wallet.
fn lost() -> Bonded {
    let mut game = Bonded::new(Lie::Samples, Lie::None);
    game.play();
    game
}

/// A decided dispute that the auditor lost.
fn audit_lost() -> Audited {
    let mut game = Audited::new(Lie::None, Lie::Samples);
    assert_eq!(game.play(), Verdict::DefenderWins);
    game
}

/// The instruction with an account left out, as if it were none.
fn without(instruction: Instruction, account: &Address) -> Instruction {
    replaced(instruction, account, &address::PROGRAM)
}

#[test]
fn a_dispute_is_settled_once_and_not_before_its_verdict() {
    let mut game = Bonded::new(Lie::Samples, Lie::None);
    let world = &game.court.world;
    let epoch = Some(world.epoch());
    let early = instruction::dispute_settle(&game.dispute, &world.get(&game.dispute), None, epoch, None);
    world.refuse(early, &[&world.crank], MarketError::NotDecided);
    game.play();
    let settle = game.court.settling(&game.dispute);
    let world = &game.court.world;
    world.apply(settle.clone(), &[&world.crank]);
    assert_eq!(game.court.stage(&game.dispute), Stage::Settled);
    world.refuse(settle, &[&world.crank], MarketError::NotDecided);
}

#[test]
fn the_settlement_says_who_lost_what() {
    let game = lost();
    let world = &game.court.world;
    let (node, parameters): (Node, _) = (world.get(&game.defender.node), world.network().parameters());
    let settled = game.court.settle(&game.dispute);
    let after: Node = world.get(&game.defender.node);
    let (taken, fee) = (node.stake / 2, node.stake / 2 * parameters.finder_fee_bps / 10_000);
    let event = DisputeSettled {
        dispute: game.dispute,
        lease: game.lease,
        winner: game.challenger.key(),
        loser: game.defender.node,
        taken,
        fee,
        owed: parameters.challenge_bond + fee,
        forfeited: 0,
        reason: SLASH_DISPUTE_LOST,
        claimable_at: world.time(),
        challenge_until: 0,
        reputation_before: node.reputation,
        reputation_after: after.reputation,
    };
    assert_eq!(settled.events.last(), Some(&Event::from(event)));
}

#[test]
fn the_loser_falls_to_the_economy_tier_and_both_remember_how_it_ended() {
    let game = audit_lost();
    let world = &game.court.world;
    world.alter(&game.auditor.node, |node: &mut Node| {
        (node.tier, node.good_epochs, node.bad_epochs) = (TIER_PRIORITY, 2, 1);
    });
    let winner: Node = world.get(&game.defender.node);
    game.court.settle(&game.dispute);
    let loser: Node = world.get(&game.auditor.node);
    assert_eq!((loser.tier, loser.good_epochs, loser.bad_epochs), (TIER_ECONOMY, 0, 1));
    let [latest, ..] = loser.outcomes;
    assert_eq!(
        (latest.reason, latest.reputation, latest.at),
        (Reason::DisputeLost.code(), loser.reputation, world.time())
    );
    // A won dispute is remembered and moves nothing: it could be bought by losing one to oneself.
    let after: Node = world.get(&game.defender.node);
    assert_eq!((after.reputation, after.reputation_at), (winner.reputation, winner.reputation_at));
    assert_eq!((after.outcomes[0].reason, after.outcomes[0].reputation), (Reason::DisputeWon.code(), after.reputation));
}

#[test]
fn a_penalty_above_the_share_of_the_stake_is_taken_whole() {
    let game = lost();
    let world = &game.court.world;
    let stake = world.get::<Node>(&game.defender.node).stake;
    let penalty = stake - 5;
    // As if the lease had been worth that much: what a node holds may be worth its whole stake.
    world.alter(&game.lease, |lease: &mut Lease| lease.penalty = penalty);
    world.alter(&game.defender.node, |node: &mut Node| node.exposure = penalty);
    game.court.settle(&game.dispute);
    assert_eq!(world.get::<Node>(&game.defender.node).stake, 5);
}

#[test]
fn what_is_unbonding_answers_too() {
    let game = lost();
    let world = &game.court.world;
    let before: Node = world.get(&game.defender.node);
    let unbond = instruction::stake_unbond(&game.defender.operator(), &game.defender.key(), before.stake);
    world.apply(unbond, &[&game.defender.wallet]);
    let settled = game.court.settle(&game.dispute);
    let after: Node = world.get(&game.defender.node);
    assert_eq!((after.stake, after.unbonding), (0, before.stake - before.stake / 2));
    assert!(settled.events.contains(&Event::from(StakeSlashed {
        node: game.defender.node,
        evidence: game.dispute,
        from_stake: 0,
        from_unbonding: before.stake / 2,
        reason: SLASH_DISPUTE_LOST,
    })));
}

#[test]
fn no_account_can_be_replaced_by_a_look_alike() {
    let game = audit_lost();
    let world = &game.court.world;
    let settle = game.court.settling(&game.dispute);
    let epoch = address::epoch(world.epoch());
    for account in
        [address::network(), game.dispute, game.lease, game.defender.node, game.auditor.node, game.audit, epoch]
    {
        let forged = world.forge(&account);
        let wrong = replaced(settle.clone(), &account, &forged);
        world.refuse(wrong, &[&world.crank], InstructionError::IllegalOwner);
    }
    let other = world.machine("other");
    for node in [game.defender.node, game.auditor.node] {
        let wrong = replaced(settle.clone(), &node, &other.node);
        world.refuse(wrong, &[&world.crank], RenderError::WrongDispute);
    }
    let payer = replaced(settle, &game.auditor.key(), &other.key());
    world.refuse(payer, &[&world.crank], RenderError::WrongDispute);
}

#[test]
fn nothing_that_the_settlement_needs_can_be_left_out() {
    let game = audit_lost();
    let world = &game.court.world;
    let settle = game.court.settling(&game.dispute);
    let record = address::node_epoch(&game.auditor.node, world.epoch());
    for account in [game.auditor.node, game.audit, game.auditor.key()] {
        world.refuse(without(settle.clone(), &account), &[&world.crank], RenderError::WrongDispute);
    }
    for account in [address::epoch(world.epoch()), record] {
        world.refuse(without(settle.clone(), &account), &[&world.crank], RenderError::WrongEpoch);
    }
    world.apply(settle, &[&world.crank]);
}

#[test]
fn a_lost_audit_dispute_pays_no_wallet() {
    let mut game = Audited::new(Lie::Samples, Lie::None);
    assert_eq!(game.play(), Verdict::ChallengerWins);
    let world = &game.court.world;
    let settle = game.court.settling(&game.dispute);
    world.refuse(without(settle, &game.auditor.node), &[&world.crank], RenderError::WrongDispute);
}

/// A node that has been paid for work in epoch 1 and is about to lose a dispute there.
fn with_work() -> (Court, market_tests::Machine, Address) {
    let world = World::new();
    let requester = world.requester_with("another requester", USD);
    let defender = world.machine("defender");
    let job = world.open_seeded(&requester, order());
    world.work(&defender, &job, 0);
    let court = Court::new(world, Picture::small(), 6, 1);
    let lease = court.attest(&defender, 0, &mut court.claim(0, Lie::Samples));
    let dispute = court.challenge(&court.challenger("challenger"), &lease);
    court.time_out(&dispute);
    (court, defender, dispute)
}

#[test]
fn the_losers_work_cannot_be_hidden_behind_another_record() {
    let (court, defender, dispute) = with_work();
    let world = &court.world;
    let settle = court.settling(&dispute);
    let record = address::node_epoch(&defender.node, 1);
    let other = world.machine("other");
    world.prepare_accept(&other);
    for wrong in [address::node_epoch(&other.node, 1), address::node_epoch(&defender.node, 2), world.forge(&record)] {
        let hidden = replaced(settle.clone(), &record, &wrong);
        world.refuse(hidden, &[&world.crank], RenderError::WrongEpoch);
    }
    world.refuse(without(settle.clone(), &record), &[&world.crank], RenderError::WrongEpoch);
    let shard = address::epoch_shard(1, address::shard_of(&defender.key()));
    world.refuse(without(settle.clone(), &shard), &[&world.crank], RenderError::WrongShard);
    world.apply(settle, &[&world.crank]);
    assert_eq!(world.get::<NodeEpoch>(&record).work, [0, 0]);
}

#[test]
fn work_of_an_ended_epoch_is_forfeited_until_it_is_finalized() {
    let (court, defender, dispute) = with_work();
    let world = &court.world;
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let shard = address::shard_of(&defender.key());
    world.apply(instruction::epoch_sum(1, shard), &[&world.crank]);
    assert_eq!(world.get::<Epoch>(&address::epoch(1)).work, [2_000, 0]);
    court.settle(&dispute);
    assert_eq!(world.get::<Epoch>(&address::epoch(1)).work, [0, 0], "the sum is reduced where the shard is summed");
    world.end_epoch();
    assert_eq!(world.get::<Epoch>(&address::epoch(1)).work, [0, 0]);
}

#[test]
fn work_of_a_finalized_epoch_is_paid() {
    let (court, defender, dispute) = with_work();
    let world = &court.world;
    world.end_epoch();
    let settled = court.settle(&dispute);
    assert!(!settled.events.iter().any(|event| matches!(event, Event::WorkForfeited(_))));
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&defender.node, 1)).work, [2_000, 0]);
}

#[test]
fn a_node_that_lost_can_leave_with_the_rest_of_its_stake() {
    let game = lost();
    game.court.settle(&game.dispute);
    let world = &game.court.world;
    let (wallet, key) = (game.defender.operator(), game.defender.key());
    let rest = world.get::<Node>(&game.defender.node).stake;
    world.apply(instruction::stake_unbond(&wallet, &key, rest), &[&game.defender.wallet]);
    world.warp(world.network().parameters().unbonding_seconds);
    world.apply(instruction::stake_withdraw(&wallet, &key, &game.defender.payout), &[&game.defender.wallet]);
    world.apply(instruction::slash_burn(&world.network(), &game.defender.node), &[&world.crank]);
    world.apply(instruction::node_close(&wallet, &key), &[&game.defender.wallet]);
    // The dispute outlives the node; its bond and fee are still there for the challenger.
    game.court.close(&game.dispute, Some(game.challenger.render));
}
