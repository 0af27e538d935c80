//! `probe_enroll`: a node declares ratings that probes may prove.

use crate::{errors::RenderError, events::ProbeEnrolled, state::*};
use anchor_lang::prelude::*;
use market_model::probe::first_slot;

/// What a node declares. Its memory stands in its offer.
#[derive(Clone, Copy, IdlType, AnchorSerialize, AnchorDeserialize)]
pub struct ProbeOffer {
    /// Compute rating, 1e9 int8 operations a second.
    pub compute: u64,
    /// Sequential hash rate of one core, 1e3 a second.
    pub clock: u64,
    /// IPv6 address, or mapped IPv4, that peers measure its bandwidth at; zero for none.
    pub address: [u8; 16],
    /// Port that peers measure its bandwidth at; 0 for none.
    pub port: u16,
}

/// Accounts of `probe_enroll`.
#[derive(Accounts)]
pub struct ProbeEnroll {
    /// The operator's wallet or the machine itself.
    pub signer: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut, constraint = node.operator == *signer.address() || node.identity == *signer.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
}

/// Before: the signer is the operator or the node; no probe of it is open; each rating is at least 1. After: probes of these ratings may be opened from
/// one mean interval later, so that changing them when a probe comes gains nothing.
pub fn probe_enroll(ctx: &mut Context<ProbeEnroll>, offer: ProbeOffer) -> Result<()> {
    let slot = Clock::get()?.slot;
    let rules = ctx.accounts.network.parameters().probe_rules();
    let node = &mut ctx.accounts.node;
    require!(node.is_probed == 0, RenderError::ProbeUnderWay);
    require!(offer.compute > 0 && offer.clock > 0 && node.memory_mib > 0, RenderError::RatingMissing);
    node.rated_compute = offer.compute;
    node.rated_clock = offer.clock;
    node.address = offer.address;
    node.port = offer.port;
    node.probed_slot = node.probed_slot.max(first_slot(slot, &rules));
    node.enrolled = 1;
    emit!(enrolled(node));
    Ok(())
}

/// The event of a node's enrolment as it stands.
pub fn enrolled(node: &Account<Node>) -> ProbeEnrolled {
    ProbeEnrolled {
        node: *node.address(),
        compute: node.rated_compute,
        clock: node.rated_clock,
        probed_slot: node.probed_slot,
        address: node.address,
        memory_mib: node.memory_mib,
        port: node.port,
        enrolled: node.enrolled,
        padding: 0,
    }
}
