//! `engine_register`: adds an engine, or changes one.

use crate::{constants::*, errors::RenderError, events::EngineRegistered, state::*};
use anchor_lang::prelude::*;

/// Accounts of `engine_register`.
#[derive(Accounts)]
#[instruction(id: [u8; 16])]
pub struct EngineRegister {
    /// Governs and pays.
    #[account(mut)]
    pub authority: Signer,
    /// Names the authority.
    #[account(constraint = network.authority == *authority.address() @ RenderError::NotAuthority)]
    pub network: Account<Network>,
    /// Created or changed.
    #[account(init_if_needed, payer = authority, seeds = [SEED_ENGINE, id], bump)]
    pub engine: Account<Engine>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the signer governs. After: the engine is registered as given. Jobs that exist keep the digest in their manifest.
#[allow(clippy::too_many_arguments)]
pub fn engine_register(
    ctx: &mut Context<EngineRegister>,
    id: [u8; 16],
    digest: [u8; 32],
    referee: Address,
    format: u32,
    class: u8,
    verification: u8,
    enabled: bool,
) -> Result<()> {
    require!(id != [0; 16] && digest != [0; 32], RenderError::ZeroValue);
    // Probes, and nothing else, are of the class that nobody pays for.
    let is_known = if id == PROBE_ENGINE { class == CLASS_PROBE } else { usize::from(class) < CLASSES };
    require!(is_known && verification == VERIFICATION_EXACT, RenderError::UnknownKind);
    let bump = ctx.bumps.engine;
    let address = *ctx.accounts.engine.address();
    let engine = &mut ctx.accounts.engine;
    engine.id = id;
    engine.digest = digest;
    engine.referee = referee;
    engine.format = format;
    engine.class = class;
    engine.verification = verification;
    engine.enabled = u8::from(enabled);
    engine.version = LAYOUT_VERSION;
    engine.bump = bump;
    emit!(EngineRegistered {
        engine: address,
        id,
        digest,
        referee,
        format,
        class,
        verification,
        enabled: u8::from(enabled),
        padding: 0
    });
    Ok(())
}
