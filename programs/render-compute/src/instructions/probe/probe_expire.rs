//! `probe_expire`: a node did not answer its probe in time.

use crate::{errors::*, events::*, raw, state::*};
use anchor_lang::prelude::*;
use market_model::{MarketError, amount::WHOLE_BPS, lease::LeaseState, probe::Outcome};

/// Accounts of `probe_expire`. Anyone may send it.
#[derive(Accounts)]
pub struct ProbeExpire {
    /// Rules.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut, constraint = probe.node == *node.address() && probe.lease == *lease.address() @ RenderError::WrongProbe)]
    pub probe: Account<Probe>,
    /// Pays.
    #[account(mut)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// The opener's node, or its empty address after it was closed; none where the probe has no opener. Checked in the handler.
    #[account(mut)]
    pub opener: Option<UncheckedAccount>,
}

/// Before: nothing was committed and the deadline has passed (law L8). After: `probe_penalty` has left the node's stake for the opener's, or for the burn where
/// there is no opener; the lease is nobody's, and the probe can be finished as missed.
pub fn probe_expire(ctx: &mut Context<ProbeExpire>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let parameters = accounts.network.parameters();
    let lease = &mut accounts.lease;
    let state = lease.model()?;
    if state.state != LeaseState::Claimed {
        return Err(refused(MarketError::LeaseNotClaimed));
    }
    let (next, _) = state.expire(now, false).map_err(refused)?;
    let held = lease.penalty;
    lease.reopen(&next);
    accounts.probe.outcome = Outcome::NotAnswered.into();

    let opener = opener_of(&accounts.probe, accounts.opener.as_ref())?;
    let node = &mut accounts.node;
    let before = node.stake_model();
    let (taken, fee) = node.punish(parameters.probe_penalty, if opener.is_some() { WHOLE_BPS } else { 0 })?;
    node.release(held);
    emit!(ProbeExpired {
        probe: *accounts.probe.address(),
        lease: *lease.address(),
        node: *node.address(),
        opener: opener.map_or(Address::default(), |view| *view.address()),
        deadline: state.deadline,
        taken,
        fee,
    });
    emit!(stake_slashed(node, &before, lease.address(), SLASH_PROBE_MISSED));
    match opener {
        Some(view) if fee > 0 => reward(view, fee),
        _ => Ok(()),
    }
}

/// The opener's node as long as it exists.
fn opener_of(probe: &Probe, account: Option<&UncheckedAccount>) -> Result<Option<AccountView>> {
    if probe.opener == Address::default() {
        return Ok(None);
    }
    let view = *account.ok_or(RenderError::WrongProbe)?.account();
    require!(*view.address() == probe.opener, RenderError::WrongProbe);
    Ok(view.owned_by(&crate::ID).then_some(view))
}

#[inline(never)]
fn reward(mut view: AccountView, fee: u64) -> Result<()> {
    let before = Account::<Node>::load(view)?.stake_model();
    let after = before.deposit(fee).map_err(refused)?;
    raw::write::<Node>(&mut view, |node| node.set_stake(&after))?;
    emit!(stake_changed(view.address(), &before, &after));
    Ok(())
}
