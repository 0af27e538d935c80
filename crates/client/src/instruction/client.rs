//! Builders for compute clients.

use crate::address::{self, SYSTEM_PROGRAM};
use render_compute::{accounts, instruction as data};
use solana_address::Address;
use solana_instruction::Instruction;

/// What a compute client says about itself and where it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTerms {
    /// Key that speaks for it.
    pub authority: Address,
    /// RENDER token account that its share of rebates is minted to.
    pub payout: Address,
    /// SHA-256 of what it publishes about itself.
    pub metadata: [u8; 32],
    /// Its share of rebates, basis points.
    pub share_bps: u16,
}

/// Switches a compute client off and on; `authority` governs the network, `client` is the client account.
pub fn client_enable(authority: &Address, client: &Address, enabled: bool) -> Instruction {
    data::ClientEnable { enabled }.to_instruction(accounts::ClientEnable {
        authority: *authority,
        network: address::network(),
        client: *client,
    })
}

/// Admits an external network under an id (see [`address::engine_id`] for how names become ids); `authority` governs the network.
pub fn client_register(authority: &Address, id: [u8; 16], terms: &ClientTerms) -> Instruction {
    let ClientTerms { authority: speaker, payout, metadata, share_bps } = *terms;
    data::ClientRegister { id, authority: speaker, metadata, share_bps }.to_instruction(accounts::ClientRegister {
        authority: *authority,
        network: address::network(),
        payout,
        client: address::client(&id),
        system_program: SYSTEM_PROGRAM,
    })
}

/// A client changes its terms; `authority` speaks for it until now, `client` is the client account.
pub fn client_update(authority: &Address, client: &Address, terms: &ClientTerms) -> Instruction {
    let ClientTerms { authority: next, payout, metadata, share_bps } = *terms;
    data::ClientUpdate { next, metadata, share_bps }.to_instruction(accounts::ClientUpdate {
        authority: *authority,
        network: address::network(),
        payout,
        client: *client,
    })
}
