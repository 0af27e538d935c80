//! `node list | show`.

use clap::Subcommand;
use market_model::region::Named;
use market_model::tier::Tier;
use render_compute::constants::{CLASS_COMPUTE, CLASS_RENDER};
use render_compute::state::Node;
use render_compute_client::{Address, account, address};
use serde::Serialize;

use crate::amount::{Render, Usd};
use crate::output::{facts, table};
use crate::{CliError, Context};

/// Commands of nodes.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Lists every machine
    List,
    /// Shows one machine
    Show {
        /// Its identity key or its account
        node: Address,
    },
}

pub(crate) async fn run(context: &Context<'_>, command: NodeCommand) -> Result<(), CliError> {
    match command {
        NodeCommand::List => context.output.show(&list(context).await?, |nodes| text_of_all(nodes)),
        NodeCommand::Show { node } => context.output.show(&show(context, &node).await?, NodeView::text),
    }
}

/// A machine.
#[derive(Clone, Debug, Serialize)]
pub struct NodeView {
    /// Its account.
    pub node: String,
    /// Its key.
    pub identity: String,
    /// Its operator's wallet.
    pub operator: String,
    /// Accelerator, as declared.
    pub hardware: String,
    /// Accelerator memory, as declared.
    pub memory_mib: u32,
    /// Classes of jobs it works for.
    pub classes: Vec<&'static str>,
    /// Region by the operator's word; `any` where it gave none.
    pub region: String,
    /// Which work it is first for.
    pub tier: &'static str,
    /// Least reputation of the requesters that it works for.
    pub minimum_requester_reputation_bps: u16,
    /// At stake.
    pub stake_render_base_units: u64,
    /// On its way out.
    pub unbonding_render_base_units: u64,
    /// Covers the penalties of what it holds.
    pub exposure_render_base_units: u64,
    /// Ever slashed.
    pub slashed_render_base_units: u64,
    /// Standing as of its last outcome.
    pub reputation_bps: u64,
    /// Share of the time it answered.
    pub uptime_bps: u16,
    /// Least price of a million work measures, by class.
    pub asks_credit_units: [u64; 2],
    /// Leases held.
    pub leases_held: u32,
    /// Leases it may hold.
    pub capacity: u32,
    /// Leases accepted.
    pub leases_accepted: u64,
    /// Leases that ran past a deadline.
    pub leases_expired: u32,
    /// Leases given back.
    pub leases_returned: u32,
    /// Audits that agreed.
    pub audits_accepted: u32,
    /// Disputes lost.
    pub disputes_lost: u32,
    /// Accepted work, all time.
    pub accepted_credit_units: u64,
    /// Whether it takes no new leases.
    pub draining: bool,
}

/// Every machine, by address.
pub async fn list(context: &Context<'_>) -> Result<Vec<NodeView>, CliError> {
    let nodes = account::nodes(context.chain).await?;
    Ok(nodes.iter().map(|(address, node)| NodeView::new(address, node)).collect())
}

/// One machine by its identity or its account.
pub async fn show(context: &Context<'_>, key: &Address) -> Result<NodeView, CliError> {
    for address in [address::node(key), *key] {
        if let Ok(Some(node)) = account::find::<Node>(context.chain, &address).await {
            return Ok(NodeView::new(&address, &node));
        }
    }
    // Told apart from an unreachable network.
    context.chain.clock().await?;
    Err(CliError::operation(format!(
        "NODE: {key} is neither a node nor the identity of one; see `render-compute node list`"
    )))
}

impl NodeView {
    fn new(address: &Address, node: &Node) -> Self {
        let classes = [(CLASS_RENDER, "render"), (CLASS_COMPUTE, "compute")];
        Self {
            node: address.to_string(),
            identity: node.identity.to_string(),
            operator: node.operator.to_string(),
            hardware: printable(&node.hardware),
            memory_mib: node.memory_mib,
            classes: classes.iter().filter(|(class, _)| node.serves(*class)).map(|(_, name)| *name).collect(),
            region: Named(node.region).to_string(),
            tier: Tier::try_from(node.tier).map_or("unknown", Tier::name),
            minimum_requester_reputation_bps: node.minimum_requester_reputation,
            stake_render_base_units: node.stake,
            unbonding_render_base_units: node.unbonding,
            exposure_render_base_units: node.exposure,
            slashed_render_base_units: node.slashed_total,
            reputation_bps: node.reputation_model().bps(),
            uptime_bps: node.uptime_bps,
            asks_credit_units: node.asks,
            leases_held: node.leases_held,
            capacity: node.capacity,
            leases_accepted: node.leases_accepted,
            leases_expired: node.leases_expired,
            leases_returned: node.leases_returned,
            audits_accepted: node.audits_accepted,
            disputes_lost: node.disputes_lost,
            accepted_credit_units: node.credits_accepted,
            draining: node.draining != 0,
        }
    }

    fn text(&self) -> String {
        facts(&[
            ("node", self.node.clone()),
            ("identity", self.identity.clone()),
            ("operator", self.operator.clone()),
            ("hardware", format!("{}, {} MiB", self.hardware, self.memory_mib)),
            ("classes", self.classes.join(", ")),
            ("region", self.region.clone()),
            ("tier", self.tier.to_owned()),
            ("works for", format!("requesters of {} of 10000 and above", self.minimum_requester_reputation_bps)),
            ("stake", Render(self.stake_render_base_units).to_string()),
            ("unbonding", Render(self.unbonding_render_base_units).to_string()),
            ("at risk", Render(self.exposure_render_base_units).to_string()),
            ("slashed", Render(self.slashed_render_base_units).to_string()),
            ("reputation", format!("{} of 10000", self.reputation_bps)),
            ("uptime", format!("{} of 10000", self.uptime_bps)),
            ("ask", format!("{} per million samples", Usd(self.asks_credit_units[0]))),
            ("leases", format!("{} of {} held", self.leases_held, self.capacity)),
            (
                "record",
                format!(
                    "{} leases and {} audits accepted, {} expired, {} returned, {} disputes lost",
                    self.leases_accepted,
                    self.audits_accepted,
                    self.leases_expired,
                    self.leases_returned,
                    self.disputes_lost
                ),
            ),
            ("accepted", Usd(self.accepted_credit_units).to_string()),
            ("draining", if self.draining { "yes" } else { "no" }.to_owned()),
        ])
    }
}

fn text_of_all(nodes: &[NodeView]) -> String {
    let rows: Vec<[String; 7]> = nodes
        .iter()
        .map(|node| {
            [
                node.identity.clone(),
                node.hardware.clone(),
                Render(node.stake_render_base_units).to_string(),
                node.reputation_bps.to_string(),
                format!("{}/{}", node.leases_held, node.capacity),
                node.leases_accepted.to_string(),
                if node.draining { "draining" } else { "" }.to_owned(),
            ]
        })
        .collect();
    table(["identity", "hardware", "stake", "reputation", "held", "accepted", ""], &rows)
}

/// Text from a stranger's account without what could steer a terminal.
pub(crate) fn printable(padded: &[u8]) -> String {
    let text = String::from_utf8_lossy(padded);
    text.trim_end_matches('\0').chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_chain_cannot_steer_the_terminal() {
        assert_eq!(printable(b"H100\x1b[2J\r\n\0\0"), "H100[2J");
    }
}
