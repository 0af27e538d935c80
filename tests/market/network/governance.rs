//! `network_pause`, `network_set_parameters`, `network_set_oracle`, `network_offer_authority` and `network_accept_authority`.

use anchor_lang::InstructionData;
use market_model::{MarketError, Parameters, parameters::SPECS};
use market_tests::{
    World,
    world::{only_event, replaced, short_parameters, unsigned},
};
use render_compute::{constants::*, errors::RenderError, events::*};
use render_compute_client::{Address, Instruction, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn exactly_the_given_areas_are_paused() {
    let world = World::new();
    let key = world.authority.pubkey();
    let confirmed = world.apply(instruction::network_pause(&key, PAUSE_ALL), &[&world.authority]);
    assert_eq!(only_event(&confirmed), Event::from(PauseChanged { before: 0, after: PAUSE_ALL }));
    let confirmed = world.apply(instruction::network_pause(&key, PAUSE_JOBS), &[&world.authority]);
    assert_eq!(only_event(&confirmed), Event::from(PauseChanged { before: PAUSE_ALL, after: PAUSE_JOBS }));
    assert_eq!(world.network().paused, PAUSE_JOBS);
}

#[test]
fn an_unknown_pause_bit_is_refused() {
    let world = World::new();
    let key = world.authority.pubkey();
    for bits in [PAUSE_ALL + 1, 1 << 63, u64::MAX] {
        world.refuse(instruction::network_pause(&key, bits), &[&world.authority], RenderError::UnknownPauseBit);
    }
}

#[test]
fn parameters_are_replaced_together() {
    let world = World::new();
    let before = world.network().parameters();
    let after = Parameters { challenge_seconds: 77, min_stake: 12 * 100_000_000, ..before };
    let set = instruction::network_set_parameters(&world.authority.pubkey(), &after);
    let confirmed = world.apply(set, &[&world.authority]);
    let event = ParametersChanged { before: before.values(), after: after.values() };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.network().parameters(), after);
}

#[test]
fn every_parameter_is_refused_outside_its_bounds() {
    let world = World::new();
    let key = world.authority.pubkey();
    for (position, spec) in SPECS.iter().enumerate() {
        let outside = [spec.min.checked_sub(1), spec.max.checked_add(1)];
        for value in outside.into_iter().flatten() {
            let mut values = short_parameters().values();
            values[position] = value;
            let set = instruction::network_set_parameters(&key, &Parameters::from_values(values));
            world.refuse(set, &[&world.authority], MarketError::ParameterOutOfBounds);
        }
    }
}

#[test]
fn numbers_under_which_faking_results_pays_are_refused() {
    let world = World::new();
    let key = world.authority.pubkey();
    // 0.001 x 0.6667 x 0.7 needs a multiple of 2,143.
    let least = Parameters { audit_penalty_multiple: 2_143, ..short_parameters() };
    world.apply(instruction::network_set_parameters(&key, &least), &[&world.authority]);
    for too_weak in [
        Parameters { audit_penalty_multiple: 2_142, ..least },
        Parameters { audit_collusion_bps: 3_400, ..least },
        Parameters { finder_fee_bps: 3_100, ..least },
    ] {
        let set = instruction::network_set_parameters(&key, &too_weak);
        world.refuse(set, &[&world.authority], MarketError::PenaltyDoesNotDeter);
    }
}

#[test]
fn the_authority_changes_hands_in_two_steps() {
    let world = World::new();
    let heir = world.wallet("heir");
    let (key, next) = (world.authority.pubkey(), heir.pubkey());
    let accept = instruction::network_accept_authority(&next);
    world.refuse(accept.clone(), &[&heir], RenderError::NotPendingAuthority);
    let confirmed = world.apply(instruction::network_offer_authority(&key, &next), &[&world.authority]);
    assert_eq!(only_event(&confirmed), Event::from(AuthorityOffered { authority: key, pending: next }));
    // Until it is accepted, nothing has changed.
    world.apply(instruction::network_pause(&key, 0), &[&world.authority]);
    world.refuse(instruction::network_pause(&next, 0), &[&heir], RenderError::NotAuthority);
    let confirmed = world.apply(accept.clone(), &[&heir]);
    assert_eq!(only_event(&confirmed), Event::from(AuthorityAccepted { before: key, after: next }));
    world.refuse(instruction::network_pause(&key, 0), &[&world.authority], RenderError::NotAuthority);
    world.apply(instruction::network_pause(&next, 0), &[&heir]);
    world.refuse(accept, &[&heir], RenderError::NotPendingAuthority);
}

#[test]
fn an_offer_can_be_withdrawn() {
    let world = World::new();
    let heir = world.wallet("heir");
    let key = world.authority.pubkey();
    world.apply(instruction::network_offer_authority(&key, &heir.pubkey()), &[&world.authority]);
    world.apply(instruction::network_offer_authority(&key, &Address::default()), &[&world.authority]);
    let accept = instruction::network_accept_authority(&heir.pubkey());
    world.refuse(accept, &[&heir], RenderError::NotPendingAuthority);
}

#[test]
fn prices_can_be_read_from_pyth_and_from_publishers_again() {
    let world = World::new();
    let (key, program) = (world.authority.pubkey(), Address::new_from_array([3; 32]));
    let set = instruction::network_set_oracle_pyth(&key, None, &program, [4; 32]);
    let confirmed = world.apply(set, &[&world.authority]);
    let event = OracleChanged { oracle: Address::default(), pyth_program: program, pyth_feed: [4; 32], kind: 1 };
    assert_eq!(only_event(&confirmed), Event::from(event));
    world.apply(instruction::network_set_oracle_publishers(&key), &[&world.authority]);
    assert_eq!((world.network().oracle, world.network().oracle_kind), (address::oracle(), ORACLE_PUBLISHERS));
}

#[test]
fn an_oracle_must_be_named_completely() {
    let world = World::new();
    let key = world.authority.pubkey();
    let (program, feed) = (Address::new_from_array([3; 32]), [4; 32]);
    let signers = [&world.authority];
    let nameless = instruction::network_set_oracle_pyth(&key, None, &Address::default(), feed);
    world.refuse(nameless, &signers, RenderError::ZeroValue);
    let feedless = instruction::network_set_oracle_pyth(&key, None, &program, [0; 32]);
    world.refuse(feedless, &signers, RenderError::ZeroValue);
    let raw = |kind, oracle| {
        let data =
            render_compute::instruction::NetworkSetOracle { kind, oracle, pyth_program: program, pyth_feed: feed };
        Instruction { data: data.data(), ..instruction::network_set_oracle_publishers(&key) }
    };
    world.refuse(raw(ORACLE_PUBLISHERS, Address::default()), &signers, RenderError::ZeroValue);
    world.refuse(raw(2, program), &signers, RenderError::UnknownKind);
}

#[test]
fn only_the_authority_governs() {
    let world = World::new();
    let key = world.authority.pubkey();
    let all = [
        instruction::network_pause(&key, 0),
        instruction::network_set_parameters(&key, &short_parameters()),
        instruction::network_set_oracle_publishers(&key),
        instruction::network_offer_authority(&key, &world.crank.pubkey()),
    ];
    for instruction in all {
        let theirs = replaced(instruction.clone(), &key, &world.crank.pubkey());
        world.refuse(theirs, &[&world.crank], RenderError::NotAuthority);
        let nobody = unsigned(instruction.clone(), &key);
        world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
        let forged = replaced(instruction, &address::network(), &world.forge(&address::network()));
        world.refuse(forged, &[&world.authority], InstructionError::IllegalOwner);
    }
}
