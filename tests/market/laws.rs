//! The laws' mutated twins: a last transaction that was tampered with must break exactly the law that forbids it. That the laws
//! hold for what was not tampered with, every other test shows.

use market_model::{dispute::Verdict, governance::Stage, probe::is_due};
use market_tests::{
    Machine, World,
    dispute::{Court, Lie, Picture, Side},
    governance::{QUORUM, Voter, set},
    laws::{Law, check},
    probe::probe_parameters,
    world::{USD, audited_parameters, order},
};
use render_compute::{
    constants::{EPOCH_SHARDS, TIER_PRIORITY},
    events::*,
    instructions::JobOrder,
    probe::draw,
    state::*,
};
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
fn the_law_of_prices_notices_a_wrong_price_and_use_that_nobody_made() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let order = JobOrder { work_per_unit: 360_000_000, price_per_unit: USD, at_network_price: 1, ..order() };
    world.open(&requester, order);
    breaks(&world, Law::Price, |step| {
        for event in &mut step.events {
            if let Event::JobOpened(opened) = event {
                opened.price_per_unit -= 1;
            }
        }
    });
    breaks(&world, Law::Price, |step| {
        step.after.edit::<Network>(&address::network(), |network| network.price_index_bps[1] += 1);
    });
    let (world, _, machine, ..) = accepted();
    breaks(&world, Law::Price, |step| {
        step.after.edit::<NodeEpoch>(&address::node_epoch(&machine.node, 1), |record| record.busy_seconds += 1);
    });
    breaks(&world, Law::Price, |step| {
        for event in &mut step.events {
            if let Event::LeaseAccepted(accepted) = event {
                accepted.busy_seconds += 1;
            }
        }
    });
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    for shard in 0..EPOCH_SHARDS {
        world.apply(instruction::epoch_sum(1, shard), &[&world.crank]);
    }
    world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    breaks(&world, Law::Price, |step| {
        for event in &mut step.events {
            if let Event::EpochFinalized(finalized) = event {
                finalized.busy_seconds[0] += 1;
                finalized.capacity_seconds[0] += 1;
            }
        }
    });
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
fn l5_notices_more_recycled_than_was_burned() {
    let parameters = market_model::Parameters { recycle_bps: 2_000, ..market_tests::world::short_parameters() };
    let world = World::with(1, 1, parameters);
    world.requester_with("requester", 10 * USD);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let sums: Vec<_> = (0..32).map(|shard| instruction::epoch_sum(1, shard)).collect();
    for group in sums.chunks(8) {
        world.apply_all(group, &[&world.crank]);
    }
    world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    let epoch: Epoch = world.get(&address::epoch(1));
    assert!(epoch.recycled > 0);
    breaks(&world, Law::L5, |step| {
        for event in &mut step.events {
            if let Event::EpochFinalized(finalized) = event {
                finalized.recycled = epoch.burned + 1;
            }
        }
    });
    breaks(&world, Law::L6, |step| {
        for event in &mut step.events {
            if let Event::EpochFinalized(finalized) = event {
                finalized.recycled = 0;
            }
        }
    });
    breaks(&world, Law::L6, |step| {
        step.after.edit::<Network>(&address::network(), |network| network.active_stake += 1);
    });
    breaks(&world, Law::L6, |step| step.after.edit::<Epoch>(&address::epoch(1), |epoch| epoch.spent += 1));
    breaks(&world, Law::L6, |step| step.after.edit::<Epoch>(&address::epoch(1), |epoch| epoch.stake += 1));
}

#[test]
fn l6_notices_availability_above_its_pool_or_its_cap() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    world.prove(&machine, None);
    world.end_epoch();
    let confirmed = world.apply(world.claiming(&machine, 1), &[&world.crank]);
    let epoch: Epoch = world.get(&address::epoch(1));
    // One qualified node: the pool is its cap, and all of it is its.
    assert_eq!((epoch.availability_cap, epoch.availability_pool), (230_000_000, 230_000_000));
    let [Event::EpochClaimed(event)] = confirmed.events[..] else { panic!("{confirmed:?}") };
    assert_eq!((event.points, event.availability_amount), (epoch.availability, 230_000_000));
    breaks(&world, Law::L6, |step| {
        for event in &mut step.events {
            if let Event::EpochClaimed(claimed) = event {
                claimed.availability_amount += 1;
            }
        }
    });
    breaks(&world, Law::L6, |step| {
        for event in &mut step.events {
            if let Event::EpochClaimed(claimed) = event {
                claimed.points += 2;
            }
        }
    });
    breaks(&world, Law::L6, |step| {
        step.after.edit::<Epoch>(&address::epoch(1), |epoch| epoch.availability_cap = 1);
    });
}

/// A world whose last transaction claimed the rebate of a job through a client.
fn rebated() -> (World, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let id = *b"client\0\0\0\0\0\0\0\0\0\0";
    world.client(id);
    let job = world.open_seeded(&requester, JobOrder { client: address::client(&id), ..order() });
    world.work(&machine, &job, 0);
    world.end_epoch();
    world.apply(world.claiming_rebate(&job, 1), &[&world.crank]);
    (world, job)
}

#[test]
fn l6_notices_rebates_above_their_pool_and_for_what_was_not_spent() {
    let (world, job) = rebated();
    let claiming = |change: &dyn Fn(&mut RebateClaimed)| {
        breaks(&world, Law::L6, |step| {
            for event in &mut step.events {
                if let Event::RebateClaimed(claimed) = event {
                    change(claimed);
                }
            }
        });
    };
    claiming(&|claimed| claimed.spent += 1);
    claiming(&|claimed| claimed.amount += 1);
    claiming(&|claimed| claimed.client_amount += 1);
    // What the requester loses, the client wins: the sum is right.
    claiming(&|claimed| {
        claimed.amount -= 1;
        claimed.client_amount += 1;
    });
    breaks(&world, Law::L6, |step| step.after.edit::<Epoch>(&address::epoch(1), |epoch| epoch.creators_pool -= 1));
    let record = address::job_epoch(&job, 1);
    breaks(&world, Law::L6, |step| step.after.edit::<JobEpoch>(&record, |record| record.spent += 1));
}

#[test]
fn the_supply_notices_a_rebate_that_no_event_tells() {
    let (world, _) = rebated();
    breaks(&world, Law::L2, |step| step.events.retain(|event| !matches!(event, Event::RebateClaimed(_))));
    breaks(&world, Law::L2, |step| step.after.supply += 1);
}

#[test]
fn the_limiter_notices_a_mint_that_it_does_not_remember_or_should_have_refused() {
    let (world, _) = rebated();
    let limiter = address::limiter();
    breaks(&world, Law::Limiter, |step| step.after.edit::<MintLimiter>(&limiter, |limiter| limiter.used -= 1));
    breaks(&world, Law::Limiter, |step| step.events.retain(|event| !matches!(event, Event::RebateClaimed(_))));
    breaks(&world, Law::Limiter, |step| {
        let full = step.before.parameters().unwrap().mint_limit;
        step.before.edit::<MintLimiter>(&limiter, |limiter| limiter.used = full);
        step.after.edit::<MintLimiter>(&limiter, |limiter| limiter.used += full);
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

/// A world whose last transaction was a vote, the vote's proposal, and who cast it.
fn voted() -> (World, Voter, u64) {
    let world = World::new();
    let voter = world.voter("voter", QUORUM);
    let number = world.propose(&voter, set(&[("challenge_seconds", 77)]));
    world.cast(&voter, number, true);
    (world, voter, number)
}

#[test]
fn l12_notices_votes_without_render() {
    let (world, voter, number) = voted();
    let vote = address::vote(&address::proposal(number), &voter.key());
    breaks(&world, Law::L12, |step| step.after.vote_vault -= 1);
    breaks(&world, Law::L12, |step| step.after.edit::<VoteLock>(&voter.lock(), |lock| lock.amount -= 1));
    breaks(&world, Law::L12, |step| {
        // The RENDER left together with the lock's word for it, while its vote counts.
        step.after.vote_vault -= 1;
        step.after.edit::<VoteLock>(&voter.lock(), |lock| lock.amount -= 1);
    });
    breaks(&world, Law::L12, |step| {
        step.after.edit::<Proposal>(&address::proposal(number), |proposal| proposal.yes[0] += 1);
    });
    breaks(&world, Law::L12, |step| step.after.edit::<Vote>(&vote, |vote| vote.is_yes[0] = 0));
}

#[test]
fn l12_notices_a_count_that_the_votes_do_not_give() {
    let (world, voter, number) = voted();
    let (proposal, vote) = (address::proposal(number), address::vote(&address::proposal(number), &voter.key()));
    assert_eq!(world.count(number), Stage::Final);
    breaks(&world, Law::L12, |step| step.before.edit::<Vote>(&vote, |vote| vote.is_yes[0] = 0));
    breaks(&world, Law::L12, |step| step.before.edit::<Proposal>(&proposal, |proposal| proposal.ends_at += 1));
    world.cast(&voter, number, true);
    assert_eq!(world.count(number), Stage::Queued);
    breaks(&world, Law::L12, |step| step.before.edit::<Vote>(&vote, |vote| vote.weights[1] -= 1));
    breaks(&world, Law::L12, |step| step.before.supply += 10);
}

#[test]
fn l12_notices_an_execution_without_acceptance_or_timelock_and_a_change_without_a_proposal() {
    let (world, voter, number) = voted();
    let proposal = address::proposal(number);
    world.apply(instruction::network_govern(&world.authority_key()), &[&world.authority]);
    world.accept_proposal(&voter, number);
    world.warp_to(world.proposal(number).ends_at);
    world.apply(world.executing(number), &[&world.crank]);
    breaks(&world, Law::L12, |step| step.before.edit::<Proposal>(&proposal, |proposal| proposal.stage = 1));
    breaks(&world, Law::L12, |step| step.before.edit::<Proposal>(&proposal, |proposal| proposal.ends_at += 1));
    breaks(&world, Law::L12, |step| step.events.retain(|event| !matches!(event, Event::ProposalExecuted(_))));
    breaks(&world, Law::L12, |step| step.after.edit::<Network>(&address::network(), |network| network.governed = 0));
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

/// A world whose last transaction finished a probe that was passed, its probe, node and opener.
fn proved() -> (World, Address, Machine, Machine) {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.enrolled("opener"));
    let (probe, lease) = world.asked(&machine, Some(&opener));
    world.answer(&machine, &lease);
    world.finish(&probe);
    (world, probe, machine, opener)
}

#[test]
fn l6_notices_availability_that_no_probe_gave() {
    let (world, probe, machine, opener) = proved();
    for node in [machine.node, opener.node] {
        let record = address::node_epoch(&node, 1);
        breaks(&world, Law::L6, |step| step.after.edit::<NodeEpoch>(&record, |record| record.points += 1));
        breaks(&world, Law::L6, |step| step.after.edit::<NodeEpoch>(&record, |record| record.service_points += 1));
        breaks(&world, Law::L6, |step| step.after.edit::<NodeEpoch>(&record, |record| record.availability += 1));
        breaks(&world, Law::L6, |step| step.after.edit::<NodeEpoch>(&record, |record| record.probes_passed += 1));
    }
    let shard = address::epoch_shard(1, address::shard_of(&machine.key()));
    breaks(&world, Law::L6, |step| step.after.edit::<EpochShard>(&shard, |shard| shard.availability += 1));
    breaks(&world, Law::L6, |step| step.after.edit::<EpochShard>(&shard, |shard| shard.qualified -= 1));
    let ending = |change: &dyn Fn(&mut ProbeFinished)| {
        breaks(&world, Law::L6, |step| {
            for event in &mut step.events {
                if let Event::ProbeFinished(finished) = event {
                    change(finished);
                }
            }
        });
    };
    ending(&|finished| finished.points += 1);
    ending(&|finished| finished.outcome = 2);
    ending(&|finished| finished.opener_points += 1);
    ending(&|finished| finished.bandwidth_after += 1);
    // The window was open, or the answer was not there.
    let lease = world.last_step().1.before.get::<Probe>(&probe).unwrap().lease;
    breaks(&world, Law::L6, |step| step.before.edit::<Lease>(&lease, |lease| lease.deadline += 1_000));
    breaks(&world, Law::L6, |step| step.before.edit::<Lease>(&lease, |lease| lease.status = 2));
    breaks(&world, Law::L6, |step| {
        step.before.edit::<Operator>(&address::operator(&machine.operator()), |operator| operator.nodes = 4);
    });
}

#[test]
fn l8_notices_a_probe_that_is_punished_before_its_deadline_or_for_too_much() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.enrolled("opener"));
    let (probe, lease) = world.asked(&machine, Some(&opener));
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    breaks(&world, Law::L8, |step| step.before.edit::<Lease>(&lease, |lease| lease.deadline += 1_000));
    breaks(&world, Law::L8, |step| step.before.edit::<Lease>(&lease, |lease| lease.status = 2));
    breaks(&world, Law::L8, |step| step.before.edit::<Lease>(&lease, |lease| lease.class = 0));
    breaks(&world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::ProbeExpired(_))));
    breaks(&world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::StakeSlashed(_))));
    breaks(&world, Law::L4, |step| step.after.edit::<Node>(&opener.node, |node| node.stake -= 1));
}

#[test]
fn l10_notices_the_rent_of_a_probe_that_went_elsewhere() {
    let (world, ..) = proved();
    breaks(&world, Law::L10, |step| *step.after.wallets.get_mut(&world.crank_key()).unwrap() -= 1);
}

#[test]
fn l11_notices_a_probe_that_was_not_due() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.enrolled("opener"));
    world.open_probe(&machine, Some(&opener));
    let opening = |change: &dyn Fn(&mut ProbeOpened)| {
        breaks(&world, Law::L11, |step| {
            for event in &mut step.events {
                if let Event::ProbeOpened(opened) = event {
                    change(opened);
                }
            }
        });
    };
    let undue = (0..=u8::MAX).map(|byte| [byte; 32]).find(|hash| !is_due(draw(hash, &machine.node), 8)).unwrap();
    opening(&|opened| opened.hash = undue);
    opening(&|opened| opened.slot = 0);
    opening(&|opened| opened.opened_slot += 1_000);
    opening(&|opened| opened.opener = machine.node);
    breaks(&world, Law::L11, |step| step.before.edit::<Node>(&machine.node, |node| node.enrolled = 0));
    breaks(&world, Law::L11, |step| {
        step.before.edit::<Node>(&machine.node, |node| node.maintenance_until = i64::MAX);
    });
}

#[test]
fn l11_notices_a_peer_whose_turn_had_not_come_or_who_measures_itself() {
    let world = World::with_probes(probe_parameters());
    let (machine, peer) = (world.enrolled("machine"), world.enrolled("peer"));
    let (probe, _) = world.asked(&machine, None);
    world.warp_to(world.get::<Probe>(&probe).deadline.min(world.peer_turn(&peer, &probe)));
    world.apply(world.measuring(&peer, &probe, 0, 1), &[&peer.identity]);
    breaks(&world, Law::L11, |step| step.before.edit::<Node>(&peer.node, |node| node.operator = machine.operator()));
    breaks(&world, Law::L11, |step| step.before.edit::<Probe>(&probe, |probe| probe.opened_at += 1_000));
    breaks(&world, Law::L11, |step| {
        step.before.edit::<Probe>(&probe, |probe| probe.peers[4].operator = peer.operator());
    });
}
