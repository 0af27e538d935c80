//! `node_register`: adds a machine to an operator.

use crate::{
    constants::*,
    errors::{RenderError, refused},
    events::NodeRegistered,
    state::*,
};
use anchor_lang::prelude::*;
use market_model::{MarketError, amount::WHOLE_BPS};

/// What a node offers.
#[derive(Clone, Copy, IdlType, AnchorSerialize, AnchorDeserialize)]
pub struct NodeOffer {
    /// Accelerator, zero-padded.
    pub hardware: [u8; 32],
    /// Least credits per million work measure, by class.
    pub asks: [u64; 2],
    /// Leases that may be held at once, at least 1.
    pub capacity: u32,
    /// Accelerator memory, MiB.
    pub memory_mib: u32,
    /// Region, see `market_model::region`; 0 unknown.
    pub region: u16,
    /// Least requester's reputation it works for, basis points; at most 10,000.
    pub minimum_requester_reputation: u16,
    /// Bit per class served.
    pub classes: u8,
}

/// Accounts of `node_register`.
#[derive(Accounts)]
pub struct NodeRegister {
    /// The operator; pays the rent.
    #[account(mut)]
    pub wallet: Signer,
    /// The machine's key; signs so that nobody can register a key he does not hold.
    pub identity: Signer,
    /// Says whether registration is paused.
    pub network: Account<Network>,
    /// Counts its nodes.
    #[account(mut, constraint = operator.wallet == *wallet.address() @ RenderError::NotOperator)]
    pub operator: Account<Operator>,
    /// Created.
    #[account(init, payer = wallet, seeds = [SEED_NODE, identity.address().as_ref()], bump)]
    pub node: Account<Node>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the identity is new. After: the node exists without stake and can hold no lease until it has the minimum.
pub fn node_register(ctx: &mut Context<NodeRegister>, offer: NodeOffer) -> Result<()> {
    let bump = ctx.bumps.node;
    let accounts = &mut ctx.accounts;
    require!(!accounts.network.is_paused(PAUSE_STAKES), RenderError::Paused);
    let clock = Clock::get()?;
    let (wallet, identity) = (*accounts.wallet.address(), *accounts.identity.address());
    let node = &mut accounts.node;
    node.identity = identity;
    node.operator = wallet;
    node.registered_slot = clock.slot;
    node.reputation = NEUTRAL_REPUTATION;
    node.reputation_at = clock.unix_timestamp;
    node.uptime_bps = 10_000;
    node.version = LAYOUT_VERSION;
    node.bump = bump;
    set_offer(node, &offer)?;
    accounts.operator.nodes = accounts.operator.nodes.checked_add(1).ok_or(Error::ArithmeticOverflow)?;
    emit!(registered(&accounts.node));
    Ok(())
}

/// Writes an offer after checking it.
pub fn set_offer(node: &mut Node, offer: &NodeOffer) -> Result<()> {
    require!(offer.capacity > 0, RenderError::ZeroValue);
    require!(offer.classes != 0 && offer.classes < 1 << CLASSES, RenderError::UnknownKind);
    require!(u64::from(offer.minimum_requester_reputation) <= WHOLE_BPS, refused(MarketError::ScoreOutOfRange));
    node.hardware = offer.hardware;
    node.asks = offer.asks;
    node.capacity = offer.capacity;
    node.memory_mib = offer.memory_mib;
    node.region = offer.region;
    node.minimum_requester_reputation = offer.minimum_requester_reputation;
    node.classes = offer.classes;
    Ok(())
}

/// The event that carries a node's offer.
pub fn registered(node: &Account<Node>) -> NodeRegistered {
    NodeRegistered {
        node: *node.address(),
        identity: node.identity,
        operator: node.operator,
        hardware: node.hardware,
        asks: node.asks,
        registered_slot: node.registered_slot,
        capacity: node.capacity,
        memory_mib: node.memory_mib,
        region: node.region,
        minimum_requester_reputation: node.minimum_requester_reputation,
        classes: node.classes,
        draining: node.draining,
        padding: [0; 2],
    }
}
