//! `dispute_settle`: the loser of a dispute pays, and the lease goes on.

use crate::{constants::*, errors::*, events::*, model::sum, raw::write, state::*};
use anchor_lang::prelude::*;
use market_model::{
    Parameters,
    amount::{Round, bps_of},
    dispute::Party,
    reputation::{Reason, ReputationRules},
};

/// Accounts of `dispute_settle`. Anyone may send it.
#[derive(Accounts)]
pub struct DisputeSettle {
    /// Rules.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut)]
    pub dispute: Account<Dispute>,
    /// Accepted again, or reopened.
    #[account(mut, constraint = dispute.lease == *lease.address() @ RenderError::WrongDispute)]
    pub lease: Account<Lease>,
    /// The node that revealed the root.
    #[account(mut, constraint = dispute.defender == *defender.address() @ RenderError::WrongDispute)]
    pub defender: Account<Node>,
    /// The node that challenged; none where a wallet did.
    #[account(mut, constraint = dispute.challenger == *challenger.address() @ RenderError::WrongDispute)]
    pub challenger: Option<Account<Node>>,
    /// The audit that opened the dispute; none where a wallet did.
    #[account(mut, constraint = dispute.audit == *audit.address() @ RenderError::WrongDispute)]
    pub audit: Option<Account<Audit>>,
    /// Paid the audit's rent and receives it back; none where a wallet challenged. Checked in the handler.
    #[account(mut)]
    pub audit_payer: Option<UncheckedAccount>,
    /// The latest epoch; none before the first.
    #[account(mut, constraint = epoch.number == network.epoch @ RenderError::WrongEpoch)]
    pub epoch: Option<Account<Epoch>>,
    /// The losing node's record of that epoch: its address is derived in the handler, and empty where the node earned nothing. None where a
    /// wallet lost or the epoch is finalized.
    #[account(mut)]
    pub node_epoch: Option<UncheckedAccount>,
    /// The losing node's shard of that epoch, as long as it is not summed. Checked in the handler.
    #[account(mut)]
    pub shard: Option<UncheckedAccount>,
}

/// What the settlement moves, for the event.
#[derive(Default)]
struct Settlement {
    taken: u64,
    fee: u64,
    reputation_before: u32,
    reputation_after: u32,
}

/// Before: there is a verdict. After: a losing node has lost its unpaid work of the latest epoch, then the larger of the lease's penalty and its
/// share of its stake, and is of the economy tier; a losing wallet its bond. The finder's fee is the winner's, the rest waits for the burn. A lease whose holder lost can be claimed
/// again at once; one whose holder won has a whole new challenge window. An audit that opened the dispute is closed and its node free.
pub fn dispute_settle(ctx: &mut Context<DisputeSettle>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let parameters = accounts.network.parameters();
    let game = accounts.dispute.game()?;
    let (next, winner) = game.settle().map_err(refused)?;
    accounts.dispute.set_game(&next);
    let reason = if game.verdict.is_by_silence() { SLASH_TURN_MISSED } else { SLASH_DISPUTE_LOST };
    if winner == Party::Challenger || accounts.dispute.is_by_audit() {
        forfeit_work(accounts, winner)?;
    }
    let settlement = match winner {
        Party::Challenger => defender_pays(accounts, &parameters, reason, now)?,
        Party::Defender if accounts.dispute.is_by_audit() => auditor_pays(accounts, &parameters, reason, now)?,
        Party::Defender => wallet_pays(accounts, &parameters, now)?,
    };
    let by_audit = free_auditor(accounts)?;
    move_lease(accounts, winner, by_audit, &parameters, now)?;
    settled(accounts, winner, reason, &settlement);
    Ok(())
}

/// The defender's stake pays; the fee goes to the auditor's stake, or is owed to the challenger's wallet with its bond.
#[inline(never)]
fn defender_pays(accounts: &mut DisputeSettle, parameters: &Parameters, reason: u64, now: i64) -> Result<Settlement> {
    let (dispute, value) = (*accounts.dispute.address(), accounts.lease.value);
    let penalty = accounts.lease.penalty;
    let settlement = punish(&mut accounts.defender, &dispute, penalty, value, parameters, reason, now)?;
    match &mut accounts.challenger {
        Some(challenger) => reward(challenger, settlement.fee, now, &parameters.reputation_rules())?,
        None => {
            require!(!accounts.dispute.is_by_audit(), RenderError::WrongDispute);
            accounts.dispute.owed = sum(accounts.dispute.bond, settlement.fee)?;
        }
    }
    accounts.defender.release(penalty);
    Ok(settlement)
}

/// The auditor's stake pays; the fee goes to the defender's.
#[inline(never)]
fn auditor_pays(accounts: &mut DisputeSettle, parameters: &Parameters, reason: u64, now: i64) -> Result<Settlement> {
    let dispute = *accounts.dispute.address();
    let challenger = accounts.challenger.as_mut().ok_or(RenderError::WrongDispute)?;
    let audit = accounts.audit.as_ref().ok_or(RenderError::WrongDispute)?;
    let settlement = punish(challenger, &dispute, audit.penalty, audit.value, parameters, reason, now)?;
    reward(&mut accounts.defender, settlement.fee, now, &parameters.reputation_rules())?;
    Ok(settlement)
}

/// The challenger's bond pays: a fee to the defender's stake, the rest to the burn.
#[inline(never)]
fn wallet_pays(accounts: &mut DisputeSettle, parameters: &Parameters, now: i64) -> Result<Settlement> {
    let taken = accounts.dispute.bond;
    let fee = bps_of(taken, parameters.finder_fee_bps, Round::Down).map_err(refused)?;
    reward(&mut accounts.defender, fee, now, &parameters.reputation_rules())?;
    accounts.dispute.forfeited = taken.checked_sub(fee).ok_or(Error::ArithmeticOverflow)?;
    Ok(Settlement { taken, fee, ..Settlement::default() })
}

/// Slashes a node that lost, and writes it into its record.
#[inline(never)]
fn punish(
    node: &mut Account<Node>,
    dispute: &Address,
    penalty: u64,
    value: u64,
    parameters: &Parameters,
    reason: u64,
    now: i64,
) -> Result<Settlement> {
    let before = node.stake_model();
    let penalty = parameters.audit_rules().fraud_penalty(before.staked, before.unbonding, penalty).map_err(refused)?;
    let (taken, fee) = node.punish(penalty, parameters.finder_fee_bps)?;
    let reputation_before = node.reputation;
    node.lose_dispute(value, now, &parameters.reputation_rules())?;
    emit!(stake_slashed(node, &before, dispute, reason));
    Ok(Settlement { taken, fee, reputation_before, reputation_after: node.reputation })
}

/// Adds the finder's fee to the winning node's stake, and writes into its record that it won. Its reputation stays: it could be bought by
/// losing disputes to oneself.
#[inline(never)]
fn reward(node: &mut Account<Node>, fee: u64, now: i64, rules: &ReputationRules) -> Result<()> {
    node.remember(Reason::DisputeWon, 0, now, rules)?;
    if fee == 0 {
        return Ok(());
    }
    let before = node.stake_model();
    let after = before.deposit(fee).map_err(refused)?;
    node.set_stake(&after);
    emit!(stake_changed(node.address(), &before, &after));
    Ok(())
}

/// Closes the audit that opened the dispute and frees its node; says whether there was one.
#[inline(never)]
fn free_auditor(accounts: &mut DisputeSettle) -> Result<bool> {
    if !accounts.dispute.is_by_audit() {
        return Ok(false);
    }
    let audit = accounts.audit.as_mut().ok_or(RenderError::WrongDispute)?;
    let challenger = accounts.challenger.as_mut().ok_or(RenderError::WrongDispute)?;
    let payer = accounts.audit_payer.as_ref().ok_or(RenderError::WrongDispute)?;
    require!(*payer.address() == audit.payer, RenderError::WrongDispute);
    challenger.release(audit.penalty);
    if let Some(place) = accounts.lease.auditors.get_mut(usize::from(audit.index)) {
        *place = Address::default();
    }
    audit.close(*payer.account())?;
    Ok(true)
}

#[inline(never)]
fn move_lease(
    accounts: &mut DisputeSettle,
    winner: Party,
    by_audit: bool,
    parameters: &Parameters,
    now: i64,
) -> Result<()> {
    let lease = &mut accounts.lease;
    let state = lease.model()?;
    match winner {
        Party::Defender => {
            lease.enter(&state.uphold(by_audit, now, &parameters.lease_rules()).map_err(refused)?);
        }
        Party::Challenger => lease.reopen(&state.overturn(now).map_err(refused)?),
    }
    Ok(())
}

/// The losing node's work of the latest epoch counts no more: it is not paid before the epoch is finalized.
#[inline(never)]
fn forfeit_work(accounts: &mut DisputeSettle, winner: Party) -> Result<()> {
    if accounts.network.epoch == 0 {
        return Ok(());
    }
    let epoch = accounts.epoch.as_mut().ok_or(RenderError::WrongEpoch)?;
    if epoch.state == EPOCH_FINALIZED {
        return Ok(());
    }
    let (loser, identity) = match winner {
        Party::Challenger => (*accounts.defender.address(), accounts.defender.identity),
        Party::Defender => {
            let challenger = accounts.challenger.as_ref().ok_or(RenderError::WrongDispute)?;
            (*challenger.address(), challenger.identity)
        }
    };
    let record = *accounts.node_epoch.as_ref().ok_or(RenderError::WrongEpoch)?.account();
    let number = epoch.number.to_le_bytes();
    let (expected, _) = find_program_address(&[SEED_NODE_EPOCH, loser.as_ref(), &number], &crate::ID);
    require!(*record.address() == expected, RenderError::WrongEpoch);
    if !record.owned_by(&crate::ID) {
        return Ok(());
    }
    let work = take_work(record)?;
    if work == [0; CLASSES] {
        return Ok(());
    }
    let shard = shard_of(&identity.to_bytes());
    if epoch.shards_summed & 1u32.wrapping_shl(u32::from(shard)) == 0 {
        let view = *accounts.shard.as_ref().ok_or(RenderError::WrongShard)?.account();
        reduce_shard(view, epoch.number, shard, &work)?;
    } else {
        subtract(&mut epoch.work, &work)?;
    }
    emit!(WorkForfeited { node: loser, dispute: *accounts.dispute.address(), epoch: epoch.number, work });
    Ok(())
}

/// Sets a node's work of an epoch to nothing; gives what it was.
fn take_work(mut view: AccountView) -> Result<[u64; CLASSES]> {
    let work = Account::<NodeEpoch>::load(view)?.work;
    write::<NodeEpoch>(&mut view, |record| record.work = [0; CLASSES])?;
    Ok(work)
}

fn reduce_shard(mut view: AccountView, epoch: u64, shard: u8, work: &[u64; CLASSES]) -> Result<()> {
    let mut totals = {
        let account = Account::<EpochShard>::load(view)?;
        require!(account.epoch == epoch && account.shard == shard, RenderError::WrongShard);
        account.work
    };
    subtract(&mut totals, work)?;
    write::<EpochShard>(&mut view, |account| account.work = totals)
}

fn subtract(from: &mut [u64; CLASSES], work: &[u64; CLASSES]) -> Result<()> {
    for (total, work) in from.iter_mut().zip(work) {
        *total = total.checked_sub(*work).ok_or(Error::ArithmeticOverflow)?;
    }
    Ok(())
}

#[inline(never)]
fn settled(accounts: &DisputeSettle, winner: Party, reason: u64, settlement: &Settlement) {
    let (dispute, lease) = (&accounts.dispute, &accounts.lease);
    let (winning, losing) = match winner {
        Party::Defender => (dispute.defender, dispute.challenger),
        Party::Challenger => (dispute.challenger, dispute.defender),
    };
    let defender_won = winner == Party::Defender;
    emit!(DisputeSettled {
        dispute: *dispute.address(),
        lease: dispute.lease,
        winner: winning,
        loser: losing,
        taken: settlement.taken,
        fee: settlement.fee,
        owed: dispute.owed,
        forfeited: dispute.forfeited,
        reason,
        claimable_at: if defender_won { 0 } else { lease.claimable_at },
        challenge_until: if defender_won { lease.deadline } else { 0 },
        reputation_before: settlement.reputation_before,
        reputation_after: settlement.reputation_after,
    });
}
