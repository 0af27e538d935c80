//! Owns the RENDER that a wallet locks to vote with.

use render_compute_client::{Address, account, address, instruction};
use serde::Serialize;

use super::{render_of, send};
use crate::amount::Render;
use crate::output::facts;
use crate::{CliError, Context};

/// What a wallet has locked.
#[derive(Clone, Debug, Serialize)]
pub struct LockView {
    /// The wallet.
    pub wallet: String,
    /// Votes with it.
    pub locked_render_base_units: u64,
    /// Nothing comes out before; 0 when nothing holds it.
    pub locked_until_unix_seconds: i64,
    /// No other proposal is opened with it before.
    pub proposing_until_unix_seconds: i64,
    /// RENDER in the wallet's own account.
    pub wallet_render_base_units: u64,
}

/// Locks RENDER of the wallet.
pub async fn lock(context: &Context<'_>, amount: Render) -> Result<LockView, CliError> {
    let (chain, owner) = (context.chain, context.owner()?);
    let network = account::network(chain).await?;
    let source = render_of(&network, &owner);
    let held = account::token_balance(chain, &source).await?;
    if held < amount.0 {
        return Err(CliError::operation(format!(
            "RENDER: {owner} holds {} in its account {source}; send RENDER of the mint {} there, or lock less",
            Render(held),
            network.mint
        )));
    }
    let mut instructions = Vec::new();
    if chain.account(&address::vote_vault()).await?.is_none() {
        instructions.push(instruction::vote_vault_open(&owner, &network));
    }
    instructions.push(instruction::vote_lock_deposit(&owner, &source, amount.0));
    chain.send(&instructions, &[context.wallet()?]).await?;
    locked(context, &owner).await
}

/// Takes RENDER out; all of it when no amount is given.
pub async fn unlock(context: &Context<'_>, amount: Option<Render>) -> Result<LockView, CliError> {
    let owner = context.owner()?;
    let network = account::network(context.chain).await?;
    let view = locked(context, &owner).await?;
    let amount = amount.map_or(view.locked_render_base_units, |amount| amount.0);
    send(context, instruction::vote_lock_withdraw(&owner, &render_of(&network, &owner), amount)).await?;
    locked(context, &owner).await
}

/// What a wallet has locked; a wallet that never locked anything has nothing.
pub async fn locked(context: &Context<'_>, wallet: &Address) -> Result<LockView, CliError> {
    let network = account::network(context.chain).await?;
    let lock = account::vote_lock(context.chain, wallet).await?;
    Ok(LockView {
        wallet: wallet.to_string(),
        locked_render_base_units: lock.map_or(0, |lock| lock.amount),
        locked_until_unix_seconds: lock.map_or(0, |lock| lock.locked_until),
        proposing_until_unix_seconds: lock.map_or(0, |lock| lock.proposing_until),
        wallet_render_base_units: account::token_balance(context.chain, &render_of(&network, wallet)).await?,
    })
}

impl LockView {
    pub(super) fn text(&self) -> String {
        facts(&[
            ("wallet", self.wallet.clone()),
            ("locked", Render(self.locked_render_base_units).to_string()),
            ("locked until", self.locked_until_unix_seconds.to_string()),
            ("next proposal from", self.proposing_until_unix_seconds.to_string()),
            ("in the wallet", Render(self.wallet_render_base_units).to_string()),
        ])
    }
}
