//! `rebate_claim`.

use market_model::epoch::{Rebate, rebate};
use market_tests::{
    Machine, Requester, World,
    world::{RENDER, USD, only_event, order, replaced},
};
use render_compute::{
    constants::PAUSE_ALL, errors::RenderError, events::RebateClaimed, instructions::JobOrder, state::*,
};
use render_compute_client::{
    Address, Keypair, Signer, address,
    chain::RawAccount,
    event::Event,
    instruction::{self, ClientTerms},
};
use solana_instruction_error::InstructionError;

const ID: [u8; 16] = *b"client\0\0\0\0\0\0\0\0\0\0";

/// A requester with a job through a client and another one without, both worked on in epoch 1.
struct Worked {
    world: World,
    requester: Requester,
    other: Requester,
    machine: Machine,
    speaker: Keypair,
    payout: Address,
    through_client: Address,
    direct: Address,
}

fn worked() -> Worked {
    let world = World::new();
    let (requester, other) = (world.requester_with("requester", 100 * USD), world.requester_with("other", 100 * USD));
    let machine = world.machine("machine");
    let (speaker, payout) = world.client(ID);
    let client = address::client(&ID);
    let through_client = world.open_seeded(&requester, JobOrder { price_per_unit: USD, client, ..order() });
    let direct = world.open_seeded(&other, JobOrder { price_per_unit: USD, ..order() });
    for index in [0, 1] {
        world.work(&machine, &through_client, index);
    }
    world.work(&machine, &direct, 0);
    Worked { world, requester, other, machine, speaker, payout, through_client, direct }
}

/// What the rule says for a job's record.
fn due(world: &World, job: &Address, share_bps: u64) -> Rebate {
    let (epoch, record): (Epoch, JobEpoch) = (world.get(&address::epoch(1)), world.get(&address::job_epoch(job, 1)));
    rebate(record.spent, epoch.spent, epoch.creators_pool, share_bps, 2_000).unwrap()
}

#[test]
fn a_requester_has_its_share_of_the_creators_pool_and_its_client_a_tenth_of_it() {
    let Worked { world, requester, other, payout, through_client, direct, .. } = worked();
    world.end_epoch();
    let pool = world.get::<Epoch>(&address::epoch(1)).creators_pool;
    let paid = due(&world, &through_client, 1_000);
    assert!(paid.requester > 0 && paid.client > 0);
    let (held, clients) = (world.tokens(&requester.render), world.tokens(&payout));
    let confirmed = world.apply(world.claiming_rebate(&through_client, 1), &[&world.crank]);
    let event = RebateClaimed {
        epoch: 1,
        job: through_client,
        requester: requester.key(),
        rebate: requester.render,
        client: address::client(&ID),
        spent: 4 * USD + 4 * USD / 1_000,
        amount: paid.requester,
        client_amount: paid.client,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(
        (world.tokens(&requester.render), world.tokens(&payout)),
        (held + paid.requester, clients + paid.client)
    );
    let client: Client = world.get(&address::client(&ID));
    assert_eq!((client.volume, client.earned), (event.spent, paid.client));
    let record: JobEpoch = world.get(&address::job_epoch(&through_client, 1));
    assert_eq!((record.is_claimed, record.claimed), (1, paid.requester + paid.client));

    let rest = due(&world, &direct, 0);
    let held = world.tokens(&other.render);
    world.apply(world.claiming_rebate(&direct, 1), &[&world.crank]);
    assert_eq!(world.tokens(&other.render), held + rest.requester);
    let all = paid.requester + paid.client + rest.requester;
    assert!(all <= pool && pool - all < 2, "{all} of {pool}");
}

#[test]
fn a_rebate_is_claimed_once() {
    let Worked { world, direct, .. } = worked();
    world.end_epoch();
    let claim = world.claiming_rebate(&direct, 1);
    world.apply(claim.clone(), &[&world.crank]);
    world.refuse(claim, &[&world.crank], RenderError::AlreadyClaimed);
}

#[test]
fn nothing_is_claimed_before_the_epoch_is_finalized() {
    let Worked { world, direct, .. } = worked();
    let claim = world.claiming_rebate(&direct, 1);
    world.refuse(claim.clone(), &[&world.crank], RenderError::EpochNotFinalized);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(claim, &[&world.crank], RenderError::EpochNotFinalized);
}

#[test]
fn a_rebate_outlives_its_job_and_its_leases() {
    let Worked { world, requester, through_client, .. } = worked();
    let key = requester.key();
    let job = world.get(&through_client);
    world.apply(instruction::job_close(&key, &through_client, &job), &[&requester.wallet]);
    for index in [0, 1] {
        let lease: Lease = world.get(&address::lease(&through_client, index, 0));
        world.apply(instruction::lease_close(&lease), &[&world.crank]);
    }
    world.end_epoch();
    let held = world.tokens(&requester.render);
    let paid = due(&world, &through_client, 1_000);
    world.apply(world.claiming_rebate(&through_client, 1), &[&world.crank]);
    assert_eq!(world.tokens(&requester.render), held + paid.requester);
}

#[test]
fn each_epoch_rebates_what_was_spent_in_it() {
    let Worked { world, machine, direct, .. } = worked();
    world.end_epoch();
    // The job's deadline has passed by now; the lease was claimed in time in another job.
    let requester = world.requester_with("late requester", 100 * USD);
    let job = world.open_seeded(&requester, JobOrder { price_per_unit: USD, ..order() });
    let lease = world.attest(&machine, &job, 0);
    world.prepare_accept(&machine);
    world.end_epoch();
    world.accept(&machine, &lease);
    let records = [(2, 0), (3, 2 * USD + 2 * USD / 1_000)];
    for (number, spent) in records {
        assert_eq!(world.get::<JobEpoch>(&address::job_epoch(&job, number)).spent, spent);
    }
    assert_eq!(world.get::<JobEpoch>(&address::job_epoch(&direct, 1)).spent, 2 * USD + 2 * USD / 1_000);
    world.end_epoch();
    world.apply(world.claiming_rebate(&job, 2), &[&world.crank]);
    world.apply(world.claiming_rebate(&job, 3), &[&world.crank]);
}

#[test]
fn a_lower_share_of_the_client_counts_from_the_moment_it_is_set() {
    let Worked { world, requester, speaker, payout, through_client, .. } = worked();
    world.end_epoch();
    let terms = ClientTerms { authority: speaker.pubkey(), payout, metadata: [4; 32], share_bps: 0 };
    world.apply(instruction::client_update(&speaker.pubkey(), &address::client(&ID), &terms), &[&speaker]);
    let (held, clients) = (world.tokens(&requester.render), world.tokens(&payout));
    let paid = due(&world, &through_client, 0);
    world.apply(world.claiming_rebate(&through_client, 1), &[&world.crank]);
    assert_eq!((world.tokens(&requester.render), world.tokens(&payout)), (held + paid.requester, clients));
}

#[test]
fn a_client_that_cannot_be_paid_does_not_hold_up_its_requesters() {
    let Worked { world, requester, payout, through_client, .. } = worked();
    world.end_epoch();
    // Its owner has closed the payout account.
    let raw = world.chain.read(&payout).unwrap();
    world.plant(&payout, RawAccount { owner: address::SYSTEM_PROGRAM, data: Vec::new(), ..raw });
    let held = world.tokens(&requester.render);
    let whole = due(&world, &through_client, 0);
    let confirmed = world.apply(world.claiming_rebate(&through_client, 1), &[&world.crank]);
    let Event::RebateClaimed(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.amount, event.client_amount), (whole.requester, 0));
    assert_eq!(world.tokens(&requester.render), held + whole.requester);
}

#[test]
fn a_client_that_is_its_own_requester_is_paid_twice_into_one_account() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", 100 * USD), world.machine("machine"));
    let (authority, payout) = (requester.key(), requester.render);
    let terms = ClientTerms { authority, payout, metadata: [4; 32], share_bps: 1_000 };
    world.apply(instruction::client_register(&world.authority_key(), ID, &terms), &[&world.authority]);
    let job = world.open_seeded(&requester, JobOrder { price_per_unit: USD, client: address::client(&ID), ..order() });
    world.work(&machine, &job, 0);
    world.end_epoch();
    let held = world.tokens(&requester.render);
    let paid = due(&world, &job, 1_000);
    world.apply(world.claiming_rebate(&job, 1), &[&world.crank]);
    assert_eq!(world.tokens(&requester.render), held + paid.requester + paid.client);
}

#[test]
fn no_pause_stops_a_rebate() {
    let Worked { world, direct, .. } = worked();
    world.end_epoch();
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_ALL), &[&world.authority]);
    world.apply(world.claiming_rebate(&direct, 1), &[&world.crank]);
}

#[test]
fn a_rebate_goes_to_the_requesters_associated_account_only() {
    let Worked { world, requester, other, direct, .. } = worked();
    world.end_epoch();
    let claim = world.claiming_rebate(&direct, 1);
    let stolen = replaced(claim.clone(), &other.render, &requester.render);
    world.refuse(stolen, &[&world.crank], RenderError::WrongRebateAccount);
    // Another account of the requester's, with the right bytes and owner.
    let raw = world.chain.read(&other.render).unwrap();
    let second = world.chain.keypair("a second account").pubkey();
    world.plant(&second, raw.clone());
    world.refuse(replaced(claim.clone(), &other.render, &second), &[&world.crank], RenderError::WrongRebateAccount);
    // The associated account was given away.
    let mut given = raw;
    given.data[32..64].fill(1);
    world.plant(&other.render, given);
    world.refuse(claim, &[&world.crank], RenderError::WrongTokenAccount);
}

#[test]
fn the_client_and_its_payout_account_are_those_that_the_job_names() {
    let Worked { world, through_client, direct, payout, requester, .. } = worked();
    world.end_epoch();
    let second = *b"second\0\0\0\0\0\0\0\0\0\0";
    let (_, elsewhere) = world.client(second);
    let (first, other) = (address::client(&ID), address::client(&second));
    let claim = world.claiming_rebate(&through_client, 1);
    let wrong = RenderError::WrongClient;
    world.refuse(replaced(claim.clone(), &first, &other), &[&world.crank], wrong);
    world.refuse(replaced(claim.clone(), &payout, &elsewhere), &[&world.crank], RenderError::WrongClient);
    world.refuse(replaced(claim.clone(), &payout, &requester.render), &[&world.crank], RenderError::WrongClient);
    // Left out, whole or in part.
    let none = address::PROGRAM;
    world.refuse(replaced(claim.clone(), &first, &none), &[&world.crank], RenderError::WrongClient);
    world.refuse(replaced(claim.clone(), &payout, &none), &[&world.crank], RenderError::WrongClient);
    let neither = replaced(replaced(claim, &first, &none), &payout, &none);
    world.refuse(neither, &[&world.crank], RenderError::WrongClient);
    // A client where the job has none.
    let record: JobEpoch = world.get(&address::job_epoch(&direct, 1));
    let mut with = instruction::rebate_claim(&world.network(), &JobEpoch { client: first, ..record }, Some(payout));
    world.refuse(with.clone(), &[&world.crank], RenderError::WrongClient);
    with = instruction::rebate_claim(&world.network(), &record, Some(payout));
    world.refuse(with, &[&world.crank], RenderError::WrongClient);
}

#[test]
fn another_epochs_record_or_a_foreign_account_is_refused() {
    let Worked { world, direct, through_client, .. } = worked();
    world.end_epoch();
    let claim = world.claiming_rebate(&direct, 1);
    world.end_epoch();
    let later = replaced(claim.clone(), &address::epoch(1), &address::epoch(2));
    world.refuse(later, &[&world.crank], RenderError::WrongEpoch);
    let record = address::job_epoch(&direct, 1);
    for original in [address::network(), address::limiter(), address::epoch(1), record] {
        let forged = replaced(claim.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
    let client = address::client(&ID);
    let forged = replaced(world.claiming_rebate(&through_client, 1), &client, &world.forge(&client));
    world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    let mint = replaced(claim, &world.mint, &world.forge(&world.mint));
    world.refuse(mint, &[&world.crank], RenderError::WrongMint);
    assert!(world.tokens(&world.operations) > RENDER);
}
