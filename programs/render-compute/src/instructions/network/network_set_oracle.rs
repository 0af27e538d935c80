//! `network_set_oracle`: chooses where prices are read from.

use super::network_set_parameters::NetworkAuthority;
use crate::{constants::*, errors::RenderError, events::OracleChanged};
use anchor_lang::prelude::*;

/// Before: the signer governs; a Pyth oracle names its program and feed. After: purchases read `oracle`.
/// For a Pyth oracle a zero `oracle` admits any account of `pyth_program` that carries `pyth_feed` (pull updates live at fresh addresses).
pub fn network_set_oracle(
    ctx: &mut Context<NetworkAuthority>,
    kind: u8,
    oracle: Address,
    pyth_program: Address,
    pyth_feed: [u8; 32],
) -> Result<()> {
    let zero = Address::default();
    match kind {
        ORACLE_PUBLISHERS => {
            require!(oracle != zero, RenderError::ZeroValue);
        }
        ORACLE_PYTH => {
            require!(pyth_program != zero && pyth_feed != [0; 32], RenderError::ZeroValue);
        }
        _ => return Err(RenderError::UnknownKind.into()),
    }
    let network = &mut ctx.accounts.network;
    network.oracle_kind = kind;
    network.oracle = oracle;
    network.pyth_program = pyth_program;
    network.pyth_feed = pyth_feed;
    emit!(OracleChanged { oracle, pyth_program, pyth_feed, kind: u64::from(kind) });
    Ok(())
}
