//! The laws' mutated twins: a last transaction that was tampered with must break exactly the law that forbids it. That the laws
//! hold for what was not tampered with, every other test shows.

use market_model::dispute::Verdict;
use market_tests::{
    Machine, World,
    dispute::{Court, Lie, Picture, Side},
    laws::{Law, check},
    world::{USD, audited_parameters, order},
};
use render_compute::{constants::TIER_PRIORITY, events::*, instructions::JobOrder, state::*};
use render_compute_client::{Address, address, event::Event, instruction};

#[track_caller]
fn breaks(world: &World, law: Law, tamper: impl FnOnce(&mut market_tests::laws::Step)) {
    assert_eq!(world.judge(|_| ()), [], "the laws hold before anything is tampered with");
    let broken: Vec<_> = world.judge(tamper).iter().map(|violation| violation.law).collect();
    assert!(broken.contains(&law), "{law:?} did not notice, {broken:?} did");
}

/// A world whose last transaction accepted a lease.
fn accepted() -> (World, market_tests::Requester, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.work(&machine, &job, 0);
    (world, requester, machine, job, lease)
}

#[test]
fn l1_notices_a_credit_out_of_nothing() {
    let (world, requester, ..) = accepted();
    breaks(&world, Law::L1, |step| {
        step.after.edit::<CreditAccount>(&requester.credit(), |credit| credit.available += 1);
    });
}

#[test]
fn l2_notices_credits_sold_for_too_little() {
    let world = World::new();
    world.requester_with("requester", USD);
    breaks(&world, Law::L2, |step| {
        for event in &mut step.events {
            if let Event::CreditsBought(bought) = event {
                // The burn is rounded up by less than one unit: one unit less is too little.
                bought.burned -= 1;
            }
        }
    });
    breaks(&world, Law::L2, |step| step.after.supply += 1);
}

#[test]
fn l3_notices_a_credit_that_leaves_twice() {
    let (world, _, _, job, _) = accepted();
    breaks(&world, Law::L3, |step| {
        let event = step.events.iter().find(|event| matches!(event, Event::LeaseAccepted(_))).copied();
        step.events.extend(event);
    });
    breaks(&world, Law::L3, |step| step.after.edit::<Job>(&job, |job| job.escrow -= 1));
    breaks(&world, Law::L3, |step| {
        for event in &mut step.events {
            // What the premium loses, the value wins: the sum is right.
            if let Event::LeaseAccepted(accepted) = event {
                accepted.premium -= 1;
                accepted.value += 1;
            }
        }
    });
    breaks(&world, Law::L3, |step| step.after.edit::<Job>(&job, |job| job.settled[0] |= 2));
}

#[test]
fn l4_notices_stake_that_is_not_in_the_vault() {
    let (world, _, machine, ..) = accepted();
    breaks(&world, Law::L4, |step| step.after.vault -= 1);
    breaks(&world, Law::L4, |step| step.after.edit::<Node>(&machine.node, |node| node.unbonding += 1));
}

#[test]
fn l5_notices_render_minted_ahead_of_the_schedule() {
    let world = World::new();
    let number = world.end_epoch();
    assert_eq!(number, 1);
    // The last transaction minted the operations share of epoch 1, which would have been too much a moment after genesis.
    let genesis = world.network().genesis_at;
    breaks(&world, Law::L5, |step| step.after.now = genesis + 60);
}

#[test]
fn l6_notices_claims_above_the_pool() {
    let (world, _, machine, ..) = accepted();
    world.end_epoch();
    world.apply(world.claiming(&machine, 1), &[&world.crank]);
    breaks(&world, Law::L6, |step| {
        step.after.edit::<Epoch>(&address::epoch(1), |epoch| epoch.work_pools[0] -= 1);
    });
    breaks(&world, Law::L6, |step| {
        let record = address::node_epoch(&machine.node, 1);
        step.after.edit::<NodeEpoch>(&record, |record| record.work[0] += 1);
    });
}

#[test]
fn l7_notices_a_unit_that_is_accepted_twice() {
    let (world, ..) = accepted();
    breaks(&world, Law::L7, |step| {
        let event = step.events.iter().find(|event| matches!(event, Event::LeaseAccepted(_))).copied();
        step.events.extend(event);
    });
}

#[test]
fn l8_notices_a_slash_without_a_missed_deadline() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    breaks(&world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::LeaseExpired(_))));
    breaks(&world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::StakeSlashed(_))));
    breaks(&world, Law::L8, |step| {
        step.before.edit::<Lease>(&lease, |lease| lease.deadline += 1_000);
    });
    // For a commitment that was hidden the price would be another, and this was none.
    for reason in [SLASH_REVEAL_MISSED, SLASH_AUDITED_REVEAL_MISSED, SLASH_AUDIT_EXPIRED, SLASH_DISPUTE_LOST, 8] {
        breaks(&world, Law::L8, |step| {
            for event in &mut step.events {
                if let Event::StakeSlashed(slashed) = event {
                    slashed.reason = reason;
                }
            }
        });
    }
    breaks(&world, Law::L8, |step| {
        for event in &mut step.events {
            if let Event::StakeSlashed(slashed) = event {
                slashed.from_stake += 1;
            }
        }
        step.after.edit::<Node>(&machine.node, |node| node.slashed_total += 1);
    });
}

/// A world whose last transaction expired an audit that was hidden.
fn hidden_audit() -> (World, Machine, Address, Address) {
    let world = World::with(1, 1, audited_parameters());
    let requester = world.requester_with("requester", USD);
    let (holder, auditor) = (world.machine("holder"), world.machine("auditor"));
    let job = world.open_seeded(&requester, order());
    let lease = world.picked(&holder, &job, 0);
    let audit = world.audit(&auditor, &lease, 0, &World::root(&lease));
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::audit_expire(&world.get(&audit)), &[&world.crank]);
    (world, auditor, lease, audit)
}

#[test]
fn l8_notices_an_auditor_that_is_slashed_before_its_deadline_or_for_too_much() {
    let (world, _, lease, audit) = hidden_audit();
    breaks(&world, Law::L8, |step| step.before.edit::<Lease>(&lease, |lease| lease.deadline += 1_000));
    breaks(&world, Law::L8, |step| step.before.edit::<Audit>(&audit, |audit| audit.penalty -= 1));
    breaks(&world, Law::L8, |step| step.before.edit::<Audit>(&audit, |audit| audit.status = 2));
    breaks(&world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::AuditExpired(_))));
}

#[test]
fn the_cover_notices_a_node_that_answers_for_too_little() {
    let (world, machine, ..) = hidden_audit();
    breaks(&world, Law::Cover, |step| step.after.edit::<Node>(&machine.node, |node| node.exposure += 1));
    breaks(&world, Law::Cover, |step| step.after.edit::<Node>(&machine.node, |node| node.leases_held += 1));
    let (world, _, machine, job, _) = accepted();
    world.claim(&machine, &job, 1);
    breaks(&world, Law::Cover, |step| step.after.edit::<Node>(&machine.node, |node| node.exposure -= 1));
}

/// A court whose last transaction settled a dispute that the holder lost to a wallet; the holder had earned something before.
fn settled() -> (Court, Machine, Address, Address) {
    let world = World::new();
    let requester = world.requester_with("another requester", USD);
    let defender = world.machine("defender");
    let job = world.open_seeded(&requester, order());
    world.work(&defender, &job, 0);
    let court = Court::new(world, Picture::small(), 6, 1);
    let lease = court.attest(&defender, 0, &mut court.claim(0, Lie::Samples));
    let challenger = court.challenger("challenger");
    let dispute = court.challenge(&challenger, &lease);
    court.time_out(&dispute);
    court.settle(&dispute);
    (court, defender, challenger.key(), dispute)
}

#[test]
fn l4_notices_a_bond_that_is_not_in_the_vault() {
    let (court, _, _, dispute) = settled();
    breaks(&court.world, Law::L4, |step| step.after.edit::<Dispute>(&dispute, |dispute| dispute.owed += 1));
    breaks(&court.world, Law::L4, |step| step.after.edit::<Dispute>(&dispute, |dispute| dispute.forfeited += 1));
    let other = court.challenger("other");
    let lease = court.attest(&court.world.machine("honest"), 0, &mut court.claim(0, Lie::None));
    let dispute = court.challenge(&other, &lease);
    breaks(&court.world, Law::L4, |step| step.after.edit::<Dispute>(&dispute, |dispute| dispute.bond -= 1));
    breaks(&court.world, Law::L4, |step| step.after.vault -= 1);
}

#[test]
fn l6_notices_work_that_is_forfeited_in_part() {
    let (court, defender, ..) = settled();
    breaks(&court.world, Law::L6, |step| {
        for event in &mut step.events {
            if let Event::WorkForfeited(forfeited) = event {
                forfeited.work[0] -= 1;
            }
        }
    });
    breaks(&court.world, Law::L6, |step| step.events.retain(|event| !matches!(event, Event::WorkForfeited(_))));
    let record = address::node_epoch(&defender.node, 1);
    breaks(&court.world, Law::L6, |step| step.after.edit::<NodeEpoch>(&record, |record| record.work[0] = 2_000));
}

#[test]
fn l8_notices_a_slash_without_a_lost_dispute() {
    let (court, defender, challenger, dispute) = settled();
    let world = &court.world;
    breaks(world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::DisputeSettled(_))));
    breaks(world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::StakeSlashed(_))));
    // The verdict was for the other side, or was none.
    for verdict in [Verdict::None, Verdict::ChallengerSilent, Verdict::DefenderWins] {
        breaks(world, Law::L8, |step| {
            step.before.edit::<Dispute>(&dispute, |dispute| dispute.verdict = verdict.into());
        });
    }
    let settling = |change: &dyn Fn(&mut render_compute::events::DisputeSettled)| {
        breaks(world, Law::L8, |step| {
            for event in &mut step.events {
                if let Event::DisputeSettled(settled) = event {
                    change(settled);
                }
            }
        });
    };
    settling(&|settled| settled.taken += 1);
    settling(&|settled| settled.fee += 1);
    settling(&|settled| settled.owed -= 1);
    settling(&|settled| settled.forfeited += 1);
    settling(&|settled| settled.reason = SLASH_DISPUTE_LOST);
    settling(&|settled| (settled.winner, settled.loser) = (defender.node, challenger));
}

#[test]
fn l8_notices_a_verdict_that_nothing_gave() {
    let court = Court::small();
    let defender = court.world.machine("defender");
    let (mut lied, mut honest) = (court.claim(0, Lie::Samples), court.claim(0, Lie::None));
    let lease = court.attest(&defender, 0, &mut lied);
    let challenger = court.challenger("challenger");
    let dispute = court.challenge(&challenger, &lease);
    let mut sides =
        [Side { key: &defender.identity, claim: &mut lied }, Side { key: &challenger.wallet, claim: &mut honest }];
    let [defending, denying] = &mut sides;
    assert_eq!(court.play(&dispute, defending, denying), Verdict::ChallengerWins);
    let world = &court.world;
    breaks(world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::StepExecuted(_))));
    let executing = |change: &dyn Fn(&mut render_compute::events::StepExecuted)| {
        breaks(world, Law::L8, |step| {
            for event in &mut step.events {
                if let Event::StepExecuted(executed) = event {
                    change(executed);
                }
            }
        });
    };
    executing(&|executed| executed.computed = executed.claimed);
    executing(&|executed| executed.before = [1; 32]);
    executing(&|executed| executed.claimed = [1; 32]);
    breaks(world, Law::L8, |step| {
        for event in &mut step.events {
            if let Event::DisputeDecided(decided) = event {
                decided.verdict = u64::from(u8::from(Verdict::ChallengerSilent));
            }
        }
    });
}

#[test]
fn l8_notices_a_turn_that_was_not_missed() {
    let court = Court::small();
    let defender = court.world.machine("defender");
    let lease = court.attest(&defender, 0, &mut court.claim(0, Lie::None));
    let dispute = court.challenge(&court.challenger("challenger"), &lease);
    court.time_out(&dispute);
    breaks(&court.world, Law::L8, |step| {
        step.before.edit::<Dispute>(&dispute, |dispute| dispute.deadline += 1_000);
    });
    breaks(&court.world, Law::L8, |step| step.before.edit::<Dispute>(&dispute, |dispute| dispute.posted = 6));
}

#[test]
fn l9_notices_an_honest_node_that_loses() {
    let court = Court::small();
    let defender = court.world.machine("defender");
    let lease = court.attest(&defender, 0, &mut court.claim(0, Lie::None));
    let dispute = court.challenge(&court.challenger("challenger"), &lease);
    court.time_out(&dispute);
    court.settle(&dispute);
    let (mut ledger, step) = court.world.last_step();
    assert_eq!(check(&mut ledger.clone(), &step), [], "nobody has vouched for a node that was silent");
    ledger.vouch(defender.node);
    let broken: Vec<_> = check(&mut ledger, &step).iter().map(|violation| violation.law).collect();
    assert_eq!(broken, [Law::L9]);
}

#[test]
fn l10_notices_rent_that_went_elsewhere() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, JobOrder { units: 2, ..order() });
    let lease = world.work(&machine, &job, 0);
    world.warp_to(world.get::<Job>(&job).deadline + 1);
    world.apply(instruction::lease_close(&world.get(&lease)), &[&world.crank]);
    breaks(&world, Law::L10, |step| {
        *step.after.wallets.get_mut(&machine.key()).unwrap() -= 1;
    });
    breaks(&world, Law::L10, |step| {
        step.after.wallets.remove(&machine.key());
    });
}

#[test]
fn l11_notices_a_winner_whose_turn_had_not_come() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let index = (0..2).max_by_key(|index| world.turn(&machine, &job, *index)).unwrap();
    world.claim(&machine, &job, index);
    breaks(&world, Law::L11, |step| {
        for event in &mut step.events {
            if let Event::LeaseClaimed(claimed) = event {
                claimed.claimed_at -= 1;
            }
        }
    });
    breaks(&world, Law::L11, |step| step.before.edit::<Node>(&machine.node, |node| node.stake /= 2));
    breaks(&world, Law::L11, |step| step.before.edit::<Node>(&machine.node, |node| node.draining = 1));
    breaks(&world, Law::L11, |step| {
        step.before.edit::<Network>(&address::network(), |network| network.active_stake = 1 << 60);
    });
    // As if the lease had been priority work, which a priority node needs not wait for.
    breaks(&world, Law::L11, |step| {
        step.before.edit::<Node>(&machine.node, |node| node.tier = TIER_PRIORITY);
        step.after.edit::<Job>(&job, |job| job.tier = TIER_PRIORITY);
    });
    breaks(&world, Law::L11, |step| {
        step.before.edit::<Node>(&machine.node, |node| node.minimum_requester_reputation = 5_001);
    });
}

#[test]
fn a_reputation_or_a_tier_that_moves_without_an_event_is_noticed() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    for index in 0..2 {
        world.work(&machine, &job, index);
    }
    breaks(&world, Law::Standing, |step| step.after.edit::<Node>(&machine.node, |node| node.tier = TIER_PRIORITY));
    world.apply(world.closing(&requester, &job), &[&requester.wallet]);
    breaks(&world, Law::Standing, |step| {
        step.after.edit::<CreditAccount>(&requester.credit(), |credit| credit.reputation += 1);
    });
    breaks(&world, Law::Standing, |step| {
        for event in &mut step.events {
            if let Event::JobClosed(closed) = event {
                closed.reputation_before -= 1;
            }
        }
    });
}

#[test]
fn l11_notices_an_auditor_whose_turn_had_not_come_or_who_audits_itself() {
    let world = World::with(1, 1, audited_parameters());
    let requester = world.requester_with("requester", USD);
    let (holder, auditor) = (world.machine("holder"), world.machine("auditor"));
    let job = world.open_seeded(&requester, JobOrder { replicas: 3, ..order() });
    let lease = world.picked(&holder, &job, 0);
    let index = (0..2).max_by_key(|index| world.audit_turn(&auditor, &lease, *index)).unwrap();
    world.claim_audit(&auditor, &lease, index);
    breaks(&world, Law::L11, |step| {
        for event in &mut step.events {
            if let Event::AuditClaimed(claimed) = event {
                claimed.claimed_at -= 1;
            }
        }
    });
    breaks(&world, Law::L11, |step| step.before.edit::<Node>(&auditor.node, |node| node.stake /= 2));
    let operator = auditor.operator();
    breaks(&world, Law::L11, |step| step.after.edit::<Node>(&holder.node, |node| node.operator = operator));
    breaks(&world, Law::L11, |step| step.after.edit::<Lease>(&lease, |lease| lease.auditors = [operator; 2]));
}

#[test]
fn l11_notices_a_draw_that_does_not_say_what_its_number_says() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.commit(&machine, &lease);
    breaks(&world, Law::L11, |step| {
        for event in &mut step.events {
            if let Event::AuditDrawn(drawn) = event {
                drawn.picked = 1;
            }
        }
    });
}

#[test]
fn a_trace_of_a_refused_transaction_is_noticed() {
    let (world, requester, machine, job, _) = accepted();
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    assert!(world.send(&[claim], &[&machine.identity]).is_err());
    breaks(&world, Law::Atomic, |step| {
        step.after.edit::<CreditAccount>(&requester.credit(), |credit| credit.reputation += 1);
    });
    breaks(&world, Law::Atomic, |step| {
        *step.after.tokens.get_mut(&machine.payout).unwrap() += 1;
    });
    breaks(&world, Law::Atomic, |step| {
        *step.after.wallets.get_mut(&machine.key()).unwrap() -= 1;
    });
}
