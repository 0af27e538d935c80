//! Compute clients.

mod client_enable;
mod client_register;
mod client_update;

use market_tests::World;
use render_compute_client::{Address, Keypair, Signer, instruction::ClientTerms};

/// A name as an id.
pub const ID: [u8; 16] = *b"exabits\0\0\0\0\0\0\0\0\0";

/// Terms with a tenth of the rebates, for a wallet of its own.
pub fn terms(world: &World, name: &str) -> (Keypair, ClientTerms) {
    let wallet = world.wallet(name);
    let payout = world.render(&wallet, 1);
    let terms = ClientTerms { authority: wallet.pubkey(), payout, metadata: [4; 32], share_bps: 1_000 };
    (wallet, terms)
}

/// A token account of another mint: the right bytes with another mint in them.
pub fn of_another_mint(world: &World, payout: &Address) -> Address {
    let mut raw = world.chain.read(payout).unwrap();
    raw.data[..32].fill(1);
    let address = world.chain.keypair("an account of another mint").pubkey();
    world.plant(&address, raw);
    address
}
