//! `oracle_publish`.

use market_tests::{
    World,
    world::{CONFIDENCE, PRICE, only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::PriceReported, state::Oracle};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_report_replaces_the_publishers_last_one() {
    let world = World::new();
    world.warp(10);
    let (publisher, now) = (&world.publishers[0], world.time());
    let key = publisher.pubkey();
    let confirmed = world.apply(instruction::oracle_publish(&key, PRICE + 1, 2, now), &[publisher]);
    let event = PriceReported { publisher: key, price: PRICE + 1, confidence: 2, published_at: now };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let slot = world.get::<Oracle>(&address::oracle()).publishers[0];
    assert_eq!((slot.key, slot.price, slot.confidence, slot.published_at), (key, PRICE + 1, 2, now));
}

#[test]
fn a_report_is_newer_than_the_last_and_not_from_the_future() {
    let world = World::new();
    world.warp(10);
    let publisher = &world.publishers[0];
    let (key, now) = (publisher.pubkey(), world.time());
    let last = world.get::<Oracle>(&address::oracle()).publishers[0].published_at;
    let publish = |at| instruction::oracle_publish(&key, PRICE, CONFIDENCE, at);
    for wrong in [last - 1, last, now + 1] {
        world.refuse(publish(wrong), &[publisher], RenderError::ReportOutOfOrder);
    }
    world.apply(publish(last + 1), &[publisher]);
    world.apply(publish(now), &[publisher]);
    world.refuse(publish(now), &[publisher], RenderError::ReportOutOfOrder);
}

#[test]
fn a_price_of_zero_is_refused() {
    let world = World::new();
    world.warp(10);
    let publisher = &world.publishers[0];
    let publish = instruction::oracle_publish(&publisher.pubkey(), 0, 0, world.time());
    world.refuse(publish, &[publisher], RenderError::ZeroValue);
}

#[test]
fn only_publishers_report() {
    let world = World::new();
    world.warp(10);
    let publisher = &world.publishers[0];
    let publish = instruction::oracle_publish(&publisher.pubkey(), PRICE, CONFIDENCE, world.time());
    let stranger = replaced(publish.clone(), &publisher.pubkey(), &world.crank.pubkey());
    world.refuse(stranger, &[&world.crank], RenderError::NotPublisher);
    let nobody = unsigned(publish.clone(), &publisher.pubkey());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(publish, &address::oracle(), &world.forge(&address::oracle()));
    world.refuse(forged, &[publisher], InstructionError::IllegalOwner);
}

#[test]
fn a_removed_publisher_reports_no_more() {
    let world = World::new();
    world.warp(10);
    let publisher = &world.publishers[0];
    let set = instruction::oracle_set_publishers(&world.authority.pubkey(), &[world.crank.pubkey()]);
    world.apply(set, &[&world.authority]);
    let publish = instruction::oracle_publish(&publisher.pubkey(), PRICE, CONFIDENCE, world.time());
    world.refuse(publish, &[publisher], RenderError::NotPublisher);
}
