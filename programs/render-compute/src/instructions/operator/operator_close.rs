//! `operator_close`: removes an operator without nodes.

use crate::{errors::RenderError, events::OperatorClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `operator_close`.
#[derive(Accounts)]
pub struct OperatorClose {
    /// The operator; paid the rent and receives it back.
    #[account(mut)]
    pub wallet: Signer,
    /// Closed.
    #[account(mut, close = wallet, constraint = operator.wallet == *wallet.address() @ RenderError::NotOperator)]
    pub operator: Account<Operator>,
}

/// Before: the operator has no nodes. After: the account is gone.
pub fn operator_close(ctx: &mut Context<OperatorClose>) -> Result<()> {
    let operator = &ctx.accounts.operator;
    require!(operator.nodes == 0, RenderError::OperatorBusy);
    emit!(OperatorClosed { wallet: operator.wallet });
    Ok(())
}
