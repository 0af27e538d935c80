//! `stake`, `unstake`, `withdraw`, `claim` and `drain`.

use super::{Context, registered, render_account};
use crate::{amount, error::WorkerError};
use render_compute::state::{EPOCH_FINALIZED, NodeEpoch};
use render_compute_client::{Chain, Signer, account, address, event::Event, flow, instruction};
use serde_json::json;

pub(super) async fn stake(context: &Context, amount: u64) -> anyhow::Result<()> {
    let (chain, wallet, identity) = (context.chain(), context.wallet()?, context.identity()?.pubkey());
    registered(&chain, &identity).await?;
    let (_, source) = render_account(&chain, &wallet).await?;
    let held = account::token_balance(&chain, &source).await?;
    if held < amount {
        return Err(WorkerError::NotReady(format!(
            "wallet {} holds {} RENDER; staking {} needs more in {source}",
            wallet.pubkey(),
            amount::render(held),
            amount::render(amount)
        ))
        .into());
    }
    let deposit = instruction::stake_deposit(&wallet.pubkey(), &identity, &source, amount);
    let confirmed = chain.send(&[deposit], &[&wallet]).await?;
    let stake = registered(&chain, &identity).await?.stake;
    let text = format!("staked {} RENDER; at stake now: {}", amount::render(amount), amount::render(stake));
    context.print(&text, &json!({ "stake": stake, "signature": confirmed.signature.to_string() }));
    Ok(())
}

pub(super) async fn unstake(context: &Context, amount: u64) -> anyhow::Result<()> {
    let (chain, wallet, identity) = (context.chain(), context.wallet()?, context.identity()?.pubkey());
    registered(&chain, &identity).await?;
    let confirmed = chain.send(&[instruction::stake_unbond(&wallet.pubkey(), &identity, amount)], &[&wallet]).await?;
    let node = registered(&chain, &identity).await?;
    let seconds = node.unbonding_until.saturating_sub(chain.clock().await?.unix_timestamp);
    let text = format!(
        "unbonding {} RENDER in all; render-worker withdraw pays it out in {}",
        amount::render(node.unbonding),
        super::status::duration(seconds)
    );
    let value = json!({
        "unbonding": node.unbonding,
        "unbonding_until": node.unbonding_until,
        "signature": confirmed.signature.to_string(),
    });
    context.print(&text, &value);
    Ok(())
}

pub(super) async fn withdraw(context: &Context) -> anyhow::Result<()> {
    let (chain, wallet, identity) = (context.chain(), context.wallet()?, context.identity()?.pubkey());
    let before = registered(&chain, &identity).await?;
    let (mint, destination) = render_account(&chain, &wallet).await?;
    let instructions = [
        instruction::create_associated_token(&wallet.pubkey(), &wallet.pubkey(), &mint),
        instruction::stake_withdraw(&wallet.pubkey(), &identity, &destination),
    ];
    let confirmed = chain.send(&instructions, &[&wallet]).await?;
    let text = format!("withdrew {} RENDER to {destination}", amount::render(before.unbonding));
    context.print(&text, &json!({ "withdrawn": before.unbonding, "signature": confirmed.signature.to_string() }));
    Ok(())
}

pub(super) async fn claim(context: &Context) -> anyhow::Result<()> {
    let (chain, identity) = (context.chain(), context.identity()?);
    let node = address::node(&identity.pubkey());
    registered(&chain, &identity.pubkey()).await?;
    let filters = [
        (std::mem::offset_of!(NodeEpoch, node), node.to_bytes().to_vec()),
        (std::mem::offset_of!(NodeEpoch, is_claimed), vec![0]),
    ];
    let mut records = account::list::<NodeEpoch>(&chain, &filters).await?;
    records.sort_by_key(|(_, record)| record.epoch);
    let (mut lines, mut values, mut waiting) = (Vec::new(), Vec::new(), 0);
    for (_, record) in records {
        let number = record.epoch;
        if account::epoch(&chain, number).await?.is_none_or(|epoch| epoch.state != EPOCH_FINALIZED) {
            waiting += 1;
            continue;
        }
        for confirmed in flow::claim(&chain, &identity, &node, number).await? {
            let minted: u64 = confirmed
                .events
                .iter()
                .filter_map(|event| match event {
                    Event::EpochClaimed(event) => Some(event.amounts.iter().sum::<u64>() + event.availability_amount),
                    _ => None,
                })
                .sum();
            lines.push(format!("epoch {number}: {} RENDER", amount::render(minted)));
            values.push(json!({ "epoch": number, "amount": minted, "signature": confirmed.signature.to_string() }));
        }
    }
    if lines.is_empty() {
        lines.push("nothing to claim".to_owned());
    }
    if waiting > 0 {
        lines.push(format!("{waiting} more when their epochs are finalized"));
    }
    context.print(&lines.join("\n"), &json!({ "claimed": values, "waiting": waiting }));
    Ok(())
}

pub(super) async fn drain(context: &Context, draining: bool) -> anyhow::Result<()> {
    let (chain, identity) = (context.chain(), context.identity()?);
    let key = identity.pubkey();
    let is_draining = registered(&chain, &key).await?.draining == 1;
    if is_draining != draining {
        chain.send(&[instruction::node_drain(&key, &key, draining)], &[&identity]).await?;
    }
    let text = if draining {
        "the node takes no new leases; what it holds is finished and paid"
    } else {
        "the node takes leases again"
    };
    context.print(text, &json!({ "draining": draining }));
    Ok(())
}
