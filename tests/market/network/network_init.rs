//! `network_init`.

use market_model::{MarketError, Parameters, emission::DEFAULT_SCHEDULE};
use market_tests::{
    World,
    world::{only_event, replaced, short_parameters, unsigned},
};
use render_compute::{constants::ORACLE_PUBLISHERS, errors::RenderError, events::NetworkInitialized, state::*};
use render_compute_client::{Signer, account, address, chain::RawAccount, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn the_network_begins_with_the_default_schedule_and_nothing_open() {
    let world = World::without_network(1, 0);
    let confirmed = world.apply(world.init(short_parameters()), &[&world.authority]);
    let genesis_at = world.time();
    let event = NetworkInitialized {
        authority: world.authority.pubkey(),
        mint: world.mint,
        operations: world.operations,
        oracle: address::oracle(),
        genesis_at,
        parameters: short_parameters().values(),
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let network = world.network();
    assert_eq!((network.epoch, network.paused, network.oracle_kind), (0, 0, ORACLE_PUBLISHERS));
    assert_eq!(network.stake_vault, address::stake_vault());
    let schedule: Schedule = world.get(&address::schedule());
    assert_eq!(schedule.yearly, DEFAULT_SCHEDULE);
    assert_eq!((schedule.operations_bps, schedule.creators_bps), ([5_000; 60], [2_500; 60]));
    let limiter: MintLimiter = world.get(&address::limiter());
    assert_eq!((limiter.used, limiter.at), (0, 0));
    assert_eq!(world.get::<Oracle>(&address::oracle()).count, 0);
    let vault = account::decode_token_account(&world.chain.read(&address::stake_vault()).unwrap()).unwrap();
    assert_eq!((vault.mint, vault.owner, vault.amount), (world.mint, address::network(), 0));
}

#[test]
fn a_network_in_which_faking_results_pays_does_not_begin() {
    let world = World::without_network(1, 0);
    let weak = Parameters { audit_penalty_multiple: 21, ..Parameters::DEFAULT };
    world.refuse(world.init(weak), &[&world.authority], MarketError::PenaltyDoesNotDeter);
    world.apply(world.init(Parameters::DEFAULT), &[&world.authority]);
}

#[test]
fn the_network_begins_once() {
    let world = World::new();
    assert!(world.send(&[world.init(short_parameters())], &[&world.authority]).is_err());
}

#[test]
fn only_the_programs_upgrade_authority_begins_it() {
    let world = World::without_network(1, 0);
    let key = world.authority.pubkey();
    let init = world.init(short_parameters());
    let theirs = replaced(init.clone(), &key, &world.crank.pubkey());
    world.refuse(theirs, &[&world.crank], RenderError::NotUpgradeAuthority);
    let nobody = unsigned(init.clone(), &key);
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    // The right bytes, naming the signer, at another address.
    let mut raw = world.chain.read(&address::program_data()).unwrap();
    raw.data[13..45].copy_from_slice(world.crank.pubkey().as_ref());
    let forged = world.chain.keypair("forged program data").pubkey();
    world.plant(&forged, raw);
    let theirs = replaced(init, &key, &world.crank.pubkey());
    let forged = replaced(theirs, &address::program_data(), &forged);
    world.refuse(forged, &[&world.crank], RenderError::NotUpgradeAuthority);
}

#[test]
fn genesis_must_be_set() {
    let world = World::without_network(1, 0);
    for genesis_at in [0, -1, i64::MIN] {
        let init = instruction::network_init(&instruction::NetworkInit {
            authority: world.authority.pubkey(),
            mint: world.mint,
            operations: world.operations,
            genesis_at,
            parameters: short_parameters(),
        });
        world.refuse(init, &[&world.authority], RenderError::ZeroValue);
    }
}

#[test]
fn parameters_outside_their_bounds_are_refused() {
    let world = World::without_network(1, 0);
    let wrong = Parameters { epoch_seconds: 9, ..short_parameters() };
    world.refuse(world.init(wrong), &[&world.authority], MarketError::ParameterOutOfBounds);
    let wrong = Parameters { availability_numerator: 17_801, ..short_parameters() };
    world.refuse(world.init(wrong), &[&world.authority], MarketError::SplitsInvalid);
    let wrong = Parameters { work_bound_bps: 8_001, ..short_parameters() };
    world.refuse(world.init(wrong), &[&world.authority], MarketError::WashBoundTooHigh);
}

#[test]
fn a_mint_that_the_network_does_not_control_alone_is_refused() {
    let good = World::without_network(1, 0).chain;
    let world = World::without_network(1, 0);
    let raw = good.read(&world.mint).unwrap();
    let change = |at: usize, bytes: &[u8]| {
        let mut data = raw.data.clone();
        data[at..at + bytes.len()].copy_from_slice(bytes);
        RawAccount { data, ..raw.clone() }
    };
    let wrong = [
        change(44, &[9]),
        change(45, &[0]),
        change(0, &[0]),
        change(4, world.crank.pubkey().as_ref()),
        // Somebody may freeze accounts.
        change(46, &[1]),
        RawAccount { owner: address::PROGRAM, ..raw.clone() },
        RawAccount { data: raw.data[..81].to_vec(), ..raw.clone() },
    ];
    for account in wrong {
        world.plant(&world.mint, account);
        world.refuse(world.init(short_parameters()), &[&world.authority], RenderError::WrongMint);
    }
    world.plant(&world.mint, raw);
    world.apply(world.init(short_parameters()), &[&world.authority]);
}

#[test]
fn the_operations_account_is_one_of_the_mint() {
    let world = World::without_network(1, 0);
    let init = world.init(short_parameters());
    for wrong in [world.crank.pubkey(), world.chain.keypair("empty").pubkey()] {
        let moved = replaced(init.clone(), &world.operations, &wrong);
        world.refuse(moved, &[&world.authority], RenderError::WrongTokenAccount);
    }
    let mut raw = world.chain.read(&world.operations).unwrap();
    raw.data[..32].fill(1);
    let other = world.chain.keypair("other mint's account").pubkey();
    world.plant(&other, raw);
    world.refuse(replaced(init, &world.operations, &other), &[&world.authority], RenderError::WrongTokenAccount);
}

#[test]
fn lamports_sent_to_the_networks_addresses_do_not_stop_it() {
    let world = World::without_network(1, 0);
    for target in
        [address::network(), address::schedule(), address::oracle(), address::stake_vault(), address::limiter()]
    {
        world.apply(instruction::transfer_sol(&world.crank.pubkey(), &target, 1_000_000), &[&world.crank]);
    }
    world.apply(world.init(short_parameters()), &[&world.authority]);
}
