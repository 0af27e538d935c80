//! `node_maintenance`: a node announces when it will be away.

use crate::{
    errors::{RenderError, refused},
    events::MaintenanceAnnounced,
    state::*,
};
use anchor_lang::prelude::*;
use market_model::maintenance::{Maintenance, announce};

/// Accounts of `node_maintenance`.
#[derive(Accounts)]
pub struct NodeMaintenance {
    /// The operator's wallet or the machine itself.
    pub signer: Signer,
    /// Rules, and the latest epoch's number.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut, constraint = node.operator == *signer.address() || node.identity == *signer.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
}

/// Before: the signer is the operator or the node; the period begins after the notice and fits what the node may announce in the epoch; or both times are 0.
/// After: in [from, until) no probe of the node is opened and it claims nothing; or no maintenance is announced. What it holds is due all the same.
pub fn node_maintenance(ctx: &mut Context<NodeMaintenance>, from: i64, until: i64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let (network, node) = (&ctx.accounts.network, &mut ctx.accounts.node);
    let used = if node.maintenance_epoch == network.epoch { node.maintenance_used } else { 0 };
    let used = match (from, until) {
        (0, 0) => used,
        _ => {
            let rules = network.parameters().maintenance_rules();
            let after = announce(Maintenance { from, until }, now, i64::from(used), &rules).map_err(refused)?;
            u32::try_from(after).map_err(|_| Error::ArithmeticOverflow)?
        }
    };
    node.maintenance_from = from;
    node.maintenance_until = until;
    node.maintenance_epoch = network.epoch;
    node.maintenance_used = used;
    emit!(MaintenanceAnnounced { node: *node.address(), from, until, epoch: network.epoch, used: u64::from(used) });
    Ok(())
}
