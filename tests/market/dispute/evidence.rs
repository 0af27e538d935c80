//! `evidence_open`, `evidence_write`, `evidence_close`.

use super::Bonded;
use market_tests::{
    dispute::Lie,
    world::{only_event, replaced, unsigned},
};
use render_compute::{
    constants::{EVIDENCE_AT_ONCE, EVIDENCE_HEADER, MAX_EVIDENCE},
    errors::RenderError,
    events::{EvidenceClosed, EvidenceOpened},
};
use render_compute_client::{Address, Keypair, Signer, account, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A dispute and somebody who writes evidence for it.
fn author() -> (Bonded, Keypair, Address) {
    let game = Bonded::new(Lie::Samples, Lie::None);
    let author = game.court.world.wallet("author");
    let evidence = address::evidence(&game.dispute, &author.pubkey());
    (game, author, evidence)
}

/// The bytes of evidence.
fn bytes(game: &Bonded, evidence: &Address) -> Vec<u8> {
    let raw = game.court.world.chain.read(evidence).expect("the account exists");
    account::evidence(&raw).expect("it is evidence").1.to_vec()
}

#[test]
fn anyone_may_open_evidence_and_write_it_in_pieces() {
    let (game, author, evidence) = author();
    let (world, key) = (&game.court.world, author.pubkey());
    let confirmed = world.apply(instruction::evidence_open(&key, &game.dispute, 1_500), &[&author]);
    let event = EvidenceOpened { evidence, dispute: game.dispute, author: key, size: 1_500 };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(bytes(&game, &evidence), [0; 1_500]);
    world.apply(instruction::evidence_write(&key, &game.dispute, 900, &[2; 600]), &[&author]);
    world.apply(instruction::evidence_write(&key, &game.dispute, 0, &[1; 900]), &[&author]);
    assert_eq!(bytes(&game, &evidence), [vec![1; 900], vec![2; 600]].concat());
    let raw = world.chain.read(&evidence).unwrap();
    assert_eq!(raw.data.len(), EVIDENCE_HEADER + 1_500);
    assert_eq!((&raw.data[8..40], &raw.data[40..72]), (key.as_ref(), game.dispute.as_ref()));
}

#[test]
fn evidence_has_a_size_within_bounds() {
    let (game, author, evidence) = author();
    let (world, key) = (&game.court.world, author.pubkey());
    for size in [0, MAX_EVIDENCE + 1, u32::MAX] {
        let open = instruction::evidence_open(&key, &game.dispute, size);
        world.refuse(open, &[&author], RenderError::EvidenceOutOfBounds);
    }
    world.apply(instruction::evidence_open(&key, &game.dispute, MAX_EVIDENCE), &[&author]);
    assert_eq!(bytes(&game, &evidence).len(), EVIDENCE_AT_ONCE as usize);
    let write = |offset: u32, piece: &[u8]| instruction::evidence_write(&key, &game.dispute, offset, piece);
    // Beyond what can be made at once the account grows with what is written.
    world.apply(write(EVIDENCE_AT_ONCE - 100, &[5; 900]), &[&author]);
    assert_eq!(bytes(&game, &evidence).len(), EVIDENCE_AT_ONCE as usize + 800);
    world.apply(write(MAX_EVIDENCE - 1, &[6]), &[&author]);
    assert_eq!(bytes(&game, &evidence).len(), MAX_EVIDENCE as usize);
    for (offset, piece) in [(MAX_EVIDENCE, &[7][..]), (MAX_EVIDENCE - 1, &[7, 7]), (u32::MAX, &[7])] {
        world.refuse(write(offset, piece), &[&author], RenderError::EvidenceOutOfBounds);
    }
    world.apply(instruction::evidence_close(&key, &key, &game.dispute), &[&author]);
}

#[test]
fn evidence_is_for_a_dispute_and_opened_once() {
    let (game, author, evidence) = author();
    let (world, key) = (&game.court.world, author.pubkey());
    let open = instruction::evidence_open(&key, &game.dispute, 10);
    let forged = world.forge(&game.dispute);
    let wrong = replaced(open.clone(), &game.dispute, &forged);
    world.refuse(wrong, &[&author], InstructionError::IllegalOwner);
    let elsewhere = replaced(open.clone(), &evidence, &address::evidence(&game.lease, &key));
    world.refuse(elsewhere, &[&author], InstructionError::InvalidSeeds);
    let unsigned = unsigned(open.clone(), &key);
    world.refuse(unsigned, &[&world.crank], InstructionError::MissingRequiredSignature);
    world.apply(open.clone(), &[&author]);
    assert!(world.send(&[open], &[&author]).is_err());
}

#[test]
fn only_its_author_writes_evidence() {
    let (game, author, evidence) = author();
    let (world, key) = (&game.court.world, author.pubkey());
    world.apply(instruction::evidence_open(&key, &game.dispute, 10), &[&author]);
    let write = instruction::evidence_write(&key, &game.dispute, 0, &[1]);
    let stranger = world.wallet("stranger");
    let foreign = replaced(write.clone(), &key, &stranger.pubkey());
    world.refuse(foreign, &[&stranger], RenderError::NotAuthor);
    let unsigned = unsigned(write.clone(), &key);
    world.refuse(unsigned, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = world.forge(&evidence);
    world.refuse(replaced(write.clone(), &evidence, &forged), &[&author], InstructionError::IllegalOwner);
    // No other account of the market can be written through it.
    for account in [game.dispute, game.lease, address::network()] {
        assert!(world.send(&[replaced(write.clone(), &evidence, &account)], &[&author]).is_err());
    }
    assert_eq!(bytes(&game, &evidence), [0; 10]);
}

#[test]
fn the_author_closes_evidence_at_any_time_and_has_its_rent_back() {
    let (game, author, evidence) = author();
    let (world, key) = (&game.court.world, author.pubkey());
    world.apply(instruction::evidence_open(&key, &game.dispute, 10), &[&author]);
    let (before, rent) = (world.lamports(&key), world.lamports(&evidence));
    let stranger = world.wallet("stranger");
    let foreign = instruction::evidence_close(&stranger.pubkey(), &key, &game.dispute);
    world.refuse(foreign, &[&stranger], RenderError::EvidenceNeeded);
    let close = instruction::evidence_close(&key, &key, &game.dispute);
    let confirmed = world.apply_all(&[close], &[&world.crank, &author]);
    let event = EvidenceClosed { evidence, dispute: game.dispute, author: key };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.lamports(&key), before + rent);
    assert!(world.chain.read(&evidence).is_none());
}

#[test]
fn anyone_gives_evidence_of_a_closed_dispute_back_to_its_author() {
    let (mut game, author, evidence) = author();
    let key = author.pubkey();
    game.court.world.apply(instruction::evidence_open(&key, &game.dispute, 10), &[&author]);
    game.play();
    game.court.settle(&game.dispute);
    game.court.close(&game.dispute, Some(game.challenger.render));
    let world = &game.court.world;
    let stranger = world.wallet("stranger");
    let close = instruction::evidence_close(&stranger.pubkey(), &key, &game.dispute);
    let thief = replaced(close.clone(), &key, &world.crank.pubkey());
    world.refuse(thief, &[&stranger], RenderError::NotAuthor);
    // Another empty address does not stand for the dispute.
    let nowhere = replaced(close.clone(), &game.dispute, &address::dispute(&game.lease, 9));
    world.refuse(nowhere, &[&stranger], RenderError::WrongDispute);
    let (before, rent) = (world.lamports(&key), world.lamports(&evidence));
    world.apply(close, &[&stranger]);
    assert_eq!(world.lamports(&key), before + rent);
}
