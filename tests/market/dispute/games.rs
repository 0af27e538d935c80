//! Whole disputes: every way to cheat against every way to be caught, with the money at the end.

use super::{Audited, Bonded};
use market_model::{
    dispute::{Party, Stage, Verdict, moves},
    lease::LeaseState,
};
use market_tests::{
    World,
    dispute::{Court, Lie, Picture},
    world::{RENDER, USD, order},
};
use render_compute::{constants::STEP_PARTS, events::*, state::*};
use render_compute_client::{Address, address, chain, event::Event, instruction};

/// What the vault holds for nodes and disputes; the laws have checked that it is what they say.
fn vault(court: &Court) -> u64 {
    court.world.tokens(&address::stake_vault())
}

#[test]
fn a_wrong_pixel_is_found_and_its_node_slashed() {
    let mut game = Bonded::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None);
    game.court.world.vouch(game.challenger.key());
    assert_eq!(game.play(), Verdict::ChallengerWins);
    let state: Dispute = game.court.world.get(&game.dispute);
    // The pixel's segment ends in a wrong state because its last step gives another one.
    assert_eq!((state.unit, state.segment, state.first), (3, 2, state.segment_steps - 1));
    assert!(state.moves <= moves(6, state.segments, state.segment_steps));
}

#[test]
fn a_wrong_step_inside_a_pixel_is_found() {
    let mut game = Bonded::new(Lie::Steps { unit: 0, segment: 1, step: 77 }, Lie::None);
    assert_eq!(game.play(), Verdict::ChallengerWins);
    let state: Dispute = game.court.world.get(&game.dispute);
    assert_eq!((state.unit, state.segment, state.first), (0, 1, 77));
}

#[test]
fn a_wrong_output_is_found_behind_a_right_trace() {
    let mut game = Bonded::new(Lie::Output { unit: 5 }, Lie::None);
    assert_eq!(game.play(), Verdict::ChallengerWins);
    let state: Dispute = game.court.world.get(&game.dispute);
    assert_eq!((state.unit, state.segment, state.first), (5, 3, state.segment_steps - 1));
}

#[test]
fn a_wrong_trace_is_found_in_front_of_a_right_output() {
    for leaf in 0..3 {
        let mut game = Bonded::new(Lie::Trace { unit: 1, leaf }, Lie::None);
        assert_eq!(game.play(), Verdict::ChallengerWins, "leaf {leaf}");
        let state: Dispute = game.court.world.get(&game.dispute);
        assert_eq!((state.unit, state.segment), (1, leaf as u64));
    }
}

#[test]
fn samples_that_were_left_out_are_found() {
    let mut game = Bonded::new(Lie::Samples, Lie::None);
    assert_eq!(game.play(), Verdict::ChallengerWins);
}

#[test]
fn an_honest_result_survives_every_lie_about_it() {
    let court = Court::small();
    let defender = court.world.machine("defender");
    court.world.vouch(defender.node);
    let mut defended = court.claim(0, Lie::None);
    let lease = court.attest(&defender, 0, &mut defended);
    let lies = [
        Lie::Pixel { unit: 2, pixel: 0 },
        Lie::Steps { unit: 2, segment: 3, step: 5 },
        Lie::Output { unit: 0 },
        Lie::Trace { unit: 4, leaf: 1 },
        Lie::Samples,
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let challenger = court.challenger(&format!("challenger {number}"));
        let dispute = court.challenge(&challenger, &lease);
        let mut denied = court.claim(0, lie);
        let verdict = court.play(
            &dispute,
            &mut super::Side { key: &defender.identity, claim: &mut defended },
            &mut super::Side { key: &challenger.wallet, claim: &mut denied },
        );
        assert_eq!(verdict, Verdict::DefenderWins, "{lie:?}");
        court.settle(&dispute);
        court.close(&dispute, None);
    }
    assert_eq!(court.world.get::<Lease>(&lease).disputes, 5);
    // After all that the lease is paid as any other.
    court.world.accept(&defender, &lease);
}

#[test]
fn a_challenger_that_wins_has_its_bond_and_its_fee_and_the_rest_is_burned() {
    let mut game = Bonded::new(Lie::Pixel { unit: 0, pixel: 0 }, Lie::None);
    let (lease, dispute) = (game.lease, game.dispute);
    let world = &game.court.world;
    let parameters = world.network().parameters();
    let bond = parameters.challenge_bond;
    let (node, supply): (Node, u64) = (world.get(&game.defender.node), world.supply());
    assert_eq!(world.tokens(&game.challenger.render), 100 * RENDER - bond);
    game.play();
    let world = &game.court.world;
    let held = vault(&game.court);
    let settled = game.court.settle(&dispute);
    // Half of the stake is more than this lease's penalty.
    let taken = node.stake / 2;
    let fee = taken * parameters.finder_fee_bps / 10_000;
    let after: Node = world.get(&game.defender.node);
    assert_eq!((after.stake, after.slashed, after.slashed_total), (node.stake - taken, taken - fee, taken));
    assert_eq!((after.leases_held, after.exposure, after.disputes_lost), (0, 0, 1));
    assert!(after.reputation < node.reputation);
    let state: Dispute = world.get(&dispute);
    assert_eq!((state.owed, state.forfeited), (bond + fee, 0));
    assert_eq!(vault(&game.court), held, "nothing leaves the vault before the dispute is closed");
    let reopened: Lease = world.get(&lease);
    assert_eq!((world.status(&lease), reopened.attempt, reopened.claimable_at), (LeaseState::Expired, 1, world.time()));
    assert_eq!((reopened.root, reopened.node), ([0; 32], Address::default()));
    assert!(settled.events.contains(&Event::from(StakeSlashed {
        node: game.defender.node,
        evidence: dispute,
        from_stake: taken,
        from_unbonding: 0,
        reason: SLASH_DISPUTE_LOST,
    })));

    game.court.close(&dispute, Some(game.challenger.render));
    assert_eq!(world.tokens(&game.challenger.render), 100 * RENDER + fee);
    assert!(world.find::<Dispute>(&dispute).is_none());
    world.apply(instruction::slash_burn(&world.network(), &game.defender.node), &[&world.crank]);
    assert_eq!(world.supply(), supply - (taken - fee));
    // The lease goes to somebody else.
    let other = world.machine("other");
    let lease = game.court.attest(&other, 0, &mut game.court.claim(0, Lie::None));
    game.court.world.accept(&other, &lease);
}

#[test]
fn a_challenger_that_loses_leaves_its_bond_to_the_defender_and_the_burn() {
    let mut game = Bonded::new(Lie::None, Lie::Output { unit: 1 });
    let world = &game.court.world;
    let parameters = world.network().parameters();
    let (node, supply): (Node, u64) = (world.get(&game.defender.node), world.supply());
    assert_eq!(game.play(), Verdict::DefenderWins);
    let world = &game.court.world;
    game.court.settle(&game.dispute);
    let fee = parameters.challenge_bond * parameters.finder_fee_bps / 10_000;
    let after: Node = world.get(&game.defender.node);
    assert_eq!((after.stake, after.slashed, after.leases_held), (node.stake + fee, 0, 1));
    assert_eq!((after.reputation, after.exposure, after.disputes_lost), (node.reputation, node.exposure, 0));
    let state: Dispute = world.get(&game.dispute);
    assert_eq!((state.owed, state.forfeited), (0, parameters.challenge_bond - fee));
    let lease: Lease = world.get(&game.lease);
    assert_eq!(world.status(&game.lease), LeaseState::Revealed);
    assert_eq!(lease.deadline, world.time() + parameters.challenge_seconds as i64, "the window is a whole new one");
    game.court.close(&game.dispute, None);
    assert_eq!(world.supply(), supply - (parameters.challenge_bond - fee));
    assert_eq!(world.tokens(&game.challenger.render), 100 * RENDER - parameters.challenge_bond);
}

#[test]
fn an_audit_that_is_right_moves_stake_from_the_holder_to_the_auditor() {
    let mut game = Audited::new(Lie::Steps { unit: 2, segment: 0, step: 3 }, Lie::None);
    game.court.world.vouch(game.auditor.node);
    let world = &game.court.world;
    let parameters = world.network().parameters();
    let (holder, auditor): (Node, Node) = (world.get(&game.defender.node), world.get(&game.auditor.node));
    assert_eq!((auditor.leases_held, auditor.exposure > 0), (1, true));
    assert_eq!(game.play(), Verdict::ChallengerWins);
    let world = &game.court.world;
    game.court.settle(&game.dispute);
    let taken = holder.stake / 2;
    let fee = taken * parameters.finder_fee_bps / 10_000;
    let (after, winner): (Node, Node) = (world.get(&game.defender.node), world.get(&game.auditor.node));
    assert_eq!((after.stake, after.slashed), (holder.stake - taken, taken - fee));
    assert_eq!((winner.stake, winner.leases_held, winner.exposure), (auditor.stake + fee, 0, 0));
    assert_eq!((winner.reputation, winner.disputes_lost), (auditor.reputation, 0));
    assert!(world.find::<Audit>(&game.audit).is_none(), "the audit is closed");
    let lease: Lease = world.get(&game.lease);
    assert_eq!((world.status(&game.lease), lease.attempt, lease.audits_owed), (LeaseState::Expired, 1, 0));
    game.court.close(&game.dispute, None);
}

#[test]
fn an_audit_that_is_wrong_costs_the_auditor_its_stake_and_is_not_repeated() {
    let mut game = Audited::new(Lie::None, Lie::Pixel { unit: 4, pixel: 1 });
    game.court.world.vouch(game.defender.node);
    let world = &game.court.world;
    let parameters = world.network().parameters();
    let (holder, auditor): (Node, Node) = (world.get(&game.defender.node), world.get(&game.auditor.node));
    assert_eq!(game.play(), Verdict::DefenderWins);
    let world = &game.court.world;
    let settled = game.court.settle(&game.dispute);
    let taken = auditor.stake / 2;
    let fee = taken * parameters.finder_fee_bps / 10_000;
    let (winner, after): (Node, Node) = (world.get(&game.defender.node), world.get(&game.auditor.node));
    assert_eq!((after.stake, after.slashed, after.disputes_lost), (auditor.stake - taken, taken - fee, 1));
    assert_eq!((after.leases_held, after.exposure), (0, 0));
    assert!(after.reputation < auditor.reputation);
    assert_eq!((winner.stake, winner.leases_held), (holder.stake + fee, 1));
    assert!(settled.events.contains(&Event::from(StakeSlashed {
        node: game.auditor.node,
        evidence: game.dispute,
        from_stake: taken,
        from_unbonding: 0,
        reason: SLASH_DISPUTE_LOST,
    })));
    let lease: Lease = world.get(&game.lease);
    assert_eq!(world.status(&game.lease), LeaseState::Revealed);
    assert_eq!((lease.audits_owed, lease.audits_revealed, lease.auditors), (0, 0, [Address::default(); 2]));
    assert!(world.find::<Audit>(&game.audit).is_none());
    // Without an audit that is owed the lease is accepted when the new window closes.
    world.accept(&game.defender, &game.lease);
    game.court.close(&game.dispute, None);
}

#[test]
fn work_that_is_not_paid_yet_is_forfeited_before_stake_is_touched() {
    let world = World::new();
    let honest = world.requester_with("another requester", USD);
    let defender = world.machine("defender");
    let job = world.open_seeded(&honest, order());
    world.work(&defender, &job, 0);
    let earned = world.get::<NodeEpoch>(&address::node_epoch(&defender.node, 1)).work;
    assert_eq!(earned, [2_000, 0]);
    let court = Court::new(world, Picture::small(), 6, 1);
    let mut defended = court.claim(0, Lie::Samples);
    let lease = court.attest(&defender, 0, &mut defended);
    let challenger = court.challenger("challenger");
    let dispute = court.challenge(&challenger, &lease);
    court.time_out(&dispute);
    let settled = court.settle(&dispute);
    let (forfeited, slashed) =
        settled.events.iter().enumerate().fold((None, None), |found, (place, event)| match event {
            Event::WorkForfeited(forfeited) => {
                assert_eq!((forfeited.node, forfeited.epoch, forfeited.work), (defender.node, 1, earned));
                (Some(place), found.1)
            }
            Event::StakeSlashed(slash) => {
                assert_eq!(slash.reason, SLASH_TURN_MISSED);
                (found.0, Some(place))
            }
            _ => found,
        });
    assert!(forfeited.unwrap() < slashed.unwrap());
    let world = &court.world;
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&defender.node, 1)).work, [0, 0]);
    let shard: EpochShard = world.get(&address::epoch_shard(1, address::shard_of(&defender.key())));
    assert_eq!(shard.work, [0, 0]);
    // What was accepted stays accepted: the requester has its picture and has paid for it.
    assert_eq!(world.get::<Job>(&job).spent, 2_002);
    world.end_epoch();
    assert_eq!(world.get::<Epoch>(&address::epoch(1)).work, [0, 0]);
}

#[test]
fn either_side_that_is_silent_at_any_of_its_turns_loses() {
    let turns = [
        (Stage::Units, Party::Defender),
        (Stage::Units, Party::Challenger),
        (Stage::Unit, Party::Defender),
        (Stage::Segments, Party::Defender),
        (Stage::Segments, Party::Challenger),
        (Stage::Segment, Party::Defender),
        (Stage::Steps, Party::Defender),
        (Stage::Steps, Party::Challenger),
        (Stage::Step, Party::Challenger),
    ];
    for (stage, party) in turns {
        let game = Bonded::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None).reach(stage, party);
        let decided = game.court.time_out(&game.dispute);
        let silent = match party {
            Party::Defender => Verdict::DefenderSilent,
            Party::Challenger => Verdict::ChallengerSilent,
        };
        assert_eq!(game.court.verdict(&game.dispute), silent, "{stage:?}");
        let event = DisputeDecided { dispute: game.dispute, verdict: u64::from(u8::from(silent)) };
        assert_eq!(decided.events, [Event::from(event)]);
        let before = game.court.world.get::<Node>(&game.defender.node).stake;
        let settled = game.court.settle(&game.dispute);
        let after = game.court.world.get::<Node>(&game.defender.node).stake;
        assert_eq!(after < before, party == Party::Defender, "{stage:?}");
        let reasons = settled.events.iter().filter_map(|event| match event {
            Event::DisputeSettled(settled) => Some(settled.reason),
            _ => None,
        });
        let reasons: Vec<u64> = reasons.collect();
        assert_eq!(reasons, [SLASH_TURN_MISSED]);
        let paid = (party == Party::Defender).then_some(game.challenger.render);
        game.court.close(&game.dispute, paid);
    }
}

#[test]
fn trees_of_several_levels_come_down_to_the_step() {
    let court = Court::new(World::new(), Picture::large(), 20, 1);
    let lie = Lie::Steps { unit: 18, segment: 23, step: 9 };
    let mut game = Bonded::over(court, lie, Lie::None);
    assert_eq!(game.play(), Verdict::ChallengerWins);
    let state: Dispute = game.court.world.get(&game.dispute);
    assert_eq!((state.unit, state.segment, state.first), (18, 23, 9));
    assert!(state.moves <= moves(20, state.segments, state.segment_steps));
}

#[test]
fn the_last_leaves_of_lopsided_trees_can_be_denied() {
    for lie in [
        Lie::Steps { unit: 19, segment: 0, step: 0 },
        Lie::Trace { unit: 16, leaf: 23 },
        Lie::Output { unit: 19 },
        Lie::Pixel { unit: 0, pixel: 24 },
    ] {
        let court = Court::new(World::new(), Picture::large(), 20, 1);
        let mut game = Bonded::over(court, lie, Lie::None);
        assert_eq!(game.play(), Verdict::ChallengerWins, "{lie:?}");
    }
}

#[test]
fn a_lease_that_begins_in_the_middle_of_the_job_is_disputed_by_its_own_units() {
    let court = Court::new(World::new(), Picture::small(), 2, 1);
    let defender = court.world.machine("defender");
    let mut defended = court.claim(2, Lie::Pixel { unit: 5, pixel: 3 });
    let lease = court.attest(&defender, 2, &mut defended);
    let challenger = court.challenger("challenger");
    let dispute = court.challenge(&challenger, &lease);
    let mut denied = court.claim(2, Lie::None);
    let verdict = court.play(
        &dispute,
        &mut super::Side { key: &defender.identity, claim: &mut defended },
        &mut super::Side { key: &challenger.wallet, claim: &mut denied },
    );
    assert_eq!(verdict, Verdict::ChallengerWins);
    assert_eq!(court.world.get::<Dispute>(&dispute).unit, 5);
}

#[test]
fn a_whole_division_fits_a_transaction() {
    let game =
        Bonded::new(Lie::Steps { unit: 0, segment: 1, step: 77 }, Lie::None).reach(Stage::Steps, Party::Defender);
    let state: Dispute = game.court.world.get(&game.dispute);
    assert_eq!(state.game().unwrap().hashes(), Ok(STEP_PARTS as u64 - 1), "the first division is a whole one");
    let key = game.defender.key();
    let bytes = |hashes: usize| {
        let divide = instruction::dispute_divide(&key, &game.dispute, &vec![[9; 32]; hashes]);
        chain::message(&[divide], &key)
    };
    assert!(bytes(STEP_PARTS - 1).is_ok());
    assert!(bytes(STEP_PARTS).is_err(), "one hash more is too large for a transaction");
    let divide = instruction::dispute_divide(&key, &game.dispute, &[[9; 32]; STEP_PARTS - 1]);
    game.court.world.apply(divide, &[&game.defender.identity]);
}

#[test]
fn the_rules_divide_a_tree_as_the_hashes_do() {
    for count in (1..5_000).chain([1 << 20, (1 << 20) + 1, u64::MAX >> 1]) {
        let most = market_model::dispute::TREE_CHILDREN;
        assert_eq!(market_model::dispute::tree_chunk(count), kernels::merkle::chunk(count, most), "{count} leaves");
    }
}

#[test]
fn the_largest_evidence_fits_its_account() {
    assert!(kernels::referee::MOST_EVIDENCE_BYTES <= render_compute::constants::MAX_EVIDENCE as usize);
}
