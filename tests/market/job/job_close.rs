//! `job_close`.

use market_model::reputation::Reason;
use market_tests::{
    World,
    world::{RENDER, USD, only_event, order, replaced},
};
use render_compute::{
    constants::NEUTRAL_REPUTATION, errors::RenderError, events::JobClosed, instructions::JobOrder, state::*,
};
use render_compute_client::{Address, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn settled(world: &World) -> (market_tests::Requester, Address) {
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    for index in 0..2 {
        world.apply(instruction::lease_release(&job, &requester.key(), index), &[&world.crank]);
    }
    (requester, job)
}

#[test]
fn the_requester_closes_a_settled_job_and_gets_its_rent_back() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let (rent, before) = (world.lamports(&job), world.lamports(&requester.key()));
    let close = world.closing(&requester, &job);
    let confirmed = world.apply_all(&[close], &[&world.crank, &requester.wallet]);
    assert_eq!(
        only_event(&confirmed),
        Event::from(JobClosed {
            job,
            spent: 0,
            refunded: 4_004,
            reputation_before: NEUTRAL_REPUTATION,
            reputation_after: NEUTRAL_REPUTATION,
            closed_at: world.time(),
            input_faults: 0,
            reason: Reason::JobCancelled.code(),
            padding: [0; 3],
        })
    );
    assert_eq!(world.lamports(&requester.key()), before + rent);
    assert!(world.find::<Job>(&job).is_none());
}

#[test]
fn anyone_closes_a_settled_job_after_its_deadline() {
    let world = World::new();
    let (_, job) = settled(&world);
    let close = instruction::job_close(&world.crank.pubkey(), &job, &world.get(&job));
    world.warp_to(world.get::<Job>(&job).deadline);
    world.refuse(close.clone(), &[&world.crank], RenderError::NotRequester);
    world.warp(1);
    world.apply(close, &[&world.crank]);
}

#[test]
fn a_job_with_unsettled_leases_stays() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let job = world.open(&requester, order());
    let close = world.closing(&requester, &job);
    world.refuse(close.clone(), &[&requester.wallet], RenderError::JobNotSettled);
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    world.refuse(close.clone(), &[&requester.wallet], RenderError::JobNotSettled);
    world.apply(instruction::lease_release(&job, &requester.key(), 0), &[&world.crank]);
    world.refuse(close, &[&requester.wallet], RenderError::JobNotSettled);
}

#[test]
fn the_rent_goes_to_nobody_else() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let state = Job { payer: world.crank.pubkey(), ..world.get(&job) };
    let close = instruction::job_close(&requester.key(), &job, &state);
    world.refuse(close, &[&requester.wallet], RenderError::NotRequester);
}

#[test]
fn a_closed_job_cannot_be_closed_again() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let close = world.closing(&requester, &job);
    world.apply(close.clone(), &[&requester.wallet]);
    world.refuse(close, &[&requester.wallet], InstructionError::AccountDataTooSmall);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let close = world.closing(&requester, &job);
    for original in [address::network(), job, requester.credit()] {
        let forged = replaced(close.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&requester.wallet], InstructionError::IllegalOwner);
    }
}

/// The requester's reputation before and after a job that it closes, and what is remembered of it.
fn judged(world: &World, requester: &market_tests::Requester, job: &Address) -> (u32, CreditAccount) {
    let before: CreditAccount = world.get(&requester.credit());
    world.apply(world.closing(requester, job), &[&requester.wallet]);
    (before.reputation, world.get(&requester.credit()))
}

#[test]
fn a_finished_job_raises_its_requesters_reputation_by_what_it_spent() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", 1_000 * USD), world.machine("machine"));
    // Four units of 50 USD and the premium for audits: 200.2 USD, of which the weight of one job is bounded.
    let dear = JobOrder { price_per_unit: 50 * USD, ..order() };
    world.apply(
        instruction::stake_deposit(&machine.operator(), &machine.key(), &machine.payout, 500 * RENDER),
        &[&machine.wallet],
    );
    let job = world.open_seeded(&requester, dear);
    world.work(&machine, &job, 0);
    world.work(&machine, &job, 1);
    let (_, credit) = judged(&world, &requester, &job);
    assert_eq!(credit.reputation, 5_500 << 16);
    assert_eq!(credit.reputation_at, world.time());
    let [latest, rest @ ..] = credit.outcomes;
    assert_eq!((latest.reason, latest.reputation, latest.at), (Reason::JobFinished.code(), 5_500 << 16, world.time()));
    assert!(rest.iter().all(|place| *place == Remembered::default()));
}

/// A job of two leases that machines give back for their inputs, which is then called off.
fn given_back(operators: usize) -> (World, market_tests::Requester, Address) {
    let world = World::new();
    let requester = world.requester_with("requester", 1_000 * USD);
    let machines: Vec<_> = (0..2).map(|number| world.machine(&format!("machine {number}"))).collect();
    let job = world.open_seeded(&requester, JobOrder { price_per_unit: 20 * USD, ..order() });
    for index in 0..2 {
        let machine = &machines[usize::try_from(index).unwrap() % operators];
        let lease = world.claim(machine, &job, index);
        world.apply(world.finding_fault(machine, &lease), &[&machine.identity]);
    }
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    for index in 0..2 {
        world.apply(instruction::lease_release(&job, &requester.key(), index), &[&world.crank]);
    }
    (world, requester, job)
}

#[test]
fn a_job_whose_inputs_two_operators_could_not_use_lowers_its_requesters_reputation() {
    let (world, requester, job) = given_back(2);
    let (before, credit) = judged(&world, &requester, &job);
    // 80 USD weigh 80 / 180, bounded to a tenth; the target is 0.
    assert_eq!((before, credit.reputation), (NEUTRAL_REPUTATION, 4_500 << 16));
    assert_eq!(credit.outcomes[0].reason, Reason::InputsUnusable.code());
}

#[test]
fn one_operator_alone_lowers_nobodys_reputation() {
    let (world, requester, job) = given_back(1);
    let (before, credit) = judged(&world, &requester, &job);
    assert_eq!((before, credit.reputation), (NEUTRAL_REPUTATION, NEUTRAL_REPUTATION));
    assert_eq!(credit.outcomes[0].reason, Reason::JobCancelled.code());
}

#[test]
fn no_other_requester_is_judged_by_the_job() {
    let world = World::new();
    let (requester, job) = settled(&world);
    let other = world.requester("other");
    let close = replaced(world.closing(&requester, &job), &requester.credit(), &other.credit());
    world.refuse(close, &[&requester.wallet], RenderError::WrongCreditAccount);
}

#[test]
fn the_last_eight_jobs_are_remembered_the_latest_first() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let mut closed = Vec::new();
    for _ in 0..9 {
        let job = world.open(&requester, order());
        world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
        for index in 0..2 {
            world.apply(instruction::lease_release(&job, &requester.key(), index), &[&world.crank]);
        }
        world.warp(10);
        world.apply(world.closing(&requester, &job), &[&requester.wallet]);
        closed.push(world.time());
    }
    let remembered = world.get::<CreditAccount>(&requester.credit()).outcomes.map(|outcome| outcome.at);
    let latest: Vec<i64> = closed.into_iter().rev().take(8).collect();
    assert_eq!(remembered.to_vec(), latest);
}
