//! What the demo leaves behind besides the picture: `report.json` for programs and `report.html` for people.

use crate::disputes::DisputeRow;
use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _, path::Path};

/// One transaction.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionRow {
    /// Who paid its fee.
    pub who: String,
    /// Its instructions.
    pub instructions: Vec<String>,
    /// Compute units of all of them.
    pub compute_units: u64,
    /// Signature.
    pub signature: String,
}

impl TransactionRow {
    /// The instructions in one line, repeated ones counted.
    pub fn names(&self) -> String {
        let mut parts: Vec<(&str, usize)> = Vec::new();
        for name in &self.instructions {
            match parts.last_mut() {
                Some((last, count)) if last == name => *count += 1,
                _ => parts.push((name, 1)),
            }
        }
        let shown = parts.iter().map(|(name, count)| match count {
            1 => (*name).to_owned(),
            _ => format!("{name} x{count}"),
        });
        shown.collect::<Vec<_>>().join(" + ")
    }
}

/// What a node did and earned.
#[derive(Clone, Debug, Serialize)]
pub struct NodeRow {
    /// Operator's name.
    pub operator: String,
    /// Node account.
    pub node: String,
    /// RENDER at stake.
    pub stake_render_base_units: u64,
    /// Leases paid.
    pub leases_accepted: u64,
    /// N_i, credits.
    pub work_credit_units: u64,
    /// RENDER minted for it.
    pub payout_render_base_units: u64,
    /// Reputation, basis points.
    pub reputation_bps: u32,
}

/// Everything.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `embedded` or `validator`.
    pub network: &'static str,
    /// Seed of keys and chain.
    pub seed: u64,
    /// The order, as `render-compute job render --json` shows it.
    pub order: Value,
    /// The job, as `render-compute job show --json` shows it.
    pub job: Value,
    /// The requester, as `render-compute credits show --json` shows it.
    pub credits: Value,
    /// The picture, as `render-compute job fetch --json` shows it.
    pub picture: Value,
    /// The epoch, as `render-compute epoch show --json` shows it.
    pub epoch: Value,
    /// The nodes.
    pub nodes: Vec<NodeRow>,
    /// The disputes.
    pub disputes: Vec<DisputeRow>,
    /// What this process sent.
    pub transactions: Vec<TransactionRow>,
}

impl Report {
    /// Writes both files.
    pub fn write(&self, folder: &Path) -> Result<()> {
        std::fs::write(folder.join("report.json"), serde_json::to_vec_pretty(self)?)?;
        std::fs::write(folder.join("report.html"), self.html())?;
        Ok(())
    }

    /// Compute units by instruction, for transactions of a single kind: count, least, most.
    fn compute(&self) -> BTreeMap<&str, (usize, u64, u64)> {
        let mut by_name = BTreeMap::new();
        for row in &self.transactions {
            if let [name] = row.instructions.as_slice() {
                let entry = by_name.entry(name.as_str()).or_insert((0, u64::MAX, 0));
                *entry = (entry.0 + 1, entry.1.min(row.compute_units), entry.2.max(row.compute_units));
            }
        }
        by_name
    }

    fn html(&self) -> String {
        let mut page = String::from(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Render Compute: one picture</title><style>\
             body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}\
             img{max-width:100%;border:1px solid #ccc}table{border-collapse:collapse;margin:1rem 0}\
             td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:left}td.n{text-align:right;\
             font-variant-numeric:tabular-nums}code{font-size:.8rem;overflow-wrap:anywhere}</style>\
             <h1>One picture, from escrow to payout</h1><p><img src=frame.png alt=\"the picture\"></p>",
        );
        let epoch = |field: &str| units(self.epoch[field].as_u64().unwrap_or(0));
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "<p>Job <code>{}</code>: {} tiles in {} leases, {} credits units escrowed. Network: {}.</p>\
             <h2>Epoch {}</h2><table><tr><th>RENDER burned for credits<td class=n>{}<tr><th>emitted by the schedule\
             <td class=n>{}<tr><th>operations<td class=n>{}<tr><th>work, render<td class=n>{}\
             <tr><th>carried over<td class=n>{}</table>",
            text(&self.order["job"]),
            self.order["units"],
            self.order["leases"],
            self.order["escrow_credit_units"],
            self.network,
            self.epoch["epoch"],
            epoch("burned_render_base_units"),
            epoch("emission_render_base_units"),
            epoch("operations_pool_render_base_units"),
            units(self.epoch["work_pool_render_base_units"]["render"].as_u64().unwrap_or(0)),
            epoch("carry_render_base_units"),
        );
        page.push_str(
            "<h2>Nodes</h2><table><tr><th>operator<th>stake, RENDER<th>leases<th>N, USD<th>paid, RENDER<th>reputation",
        );
        for node in &self.nodes {
            let _ = write!(
                page,
                "<tr><td>{}<td class=n>{}<td class=n>{}<td class=n>{:.6}<td class=n>{}<td class=n>{:.2} %",
                escape(&node.operator),
                units(node.stake_render_base_units),
                node.leases_accepted,
                node.work_credit_units as f64 / 1e6,
                units(node.payout_render_base_units),
                f64::from(node.reputation_bps) / 100.0,
            );
        }
        page.push_str(
            "</table><h2>Disputes</h2><p>Where an audit found another root, the two were bisected down to one step of the path \
             tracer, which the chain executed.</p><table><tr><th>defender<th>challenger<th>moves<th>unit<th>state before\
             <th>claimed after<th>computed by the chain<th>loser<th>lost, RENDER<th>finder's fee, RENDER",
        );
        for row in &self.disputes {
            let _ = write!(
                page,
                "<tr><td>{}<td>{}<td class=n>{}<td class=n>{}<td><code>{}</code><td><code>{}</code><td><code>{}</code>\
                 <td>{}<td class=n>{}<td class=n>{}",
                escape(&row.defender),
                escape(&row.challenger),
                row.moves,
                row.unit,
                row.before,
                row.claimed,
                row.computed,
                escape(&row.loser),
                units(row.taken_render_base_units),
                units(row.fee_render_base_units),
            );
        }
        page.push_str(
            "</table><h2>Compute units</h2><p>Transactions with one instruction, the token program included.</p>\
             <table><tr><th>instruction<th>times<th>least<th>most",
        );
        for (name, (count, least, most)) in self.compute() {
            let _ = write!(page, "<tr><td>{}<td class=n>{count}<td class=n>{least}<td class=n>{most}", escape(name));
        }
        page.push_str("</table><h2>Transactions</h2><table><tr><th>who<th>what<th>CU<th>signature");
        for row in &self.transactions {
            let _ = write!(
                page,
                "<tr><td>{}<td>{}<td class=n>{}<td><code>{}</code>",
                escape(&row.who),
                escape(&row.names()),
                row.compute_units,
                escape(&row.signature)
            );
        }
        page.push_str("</table></html>\n");
        page
    }
}

fn units(base: u64) -> String {
    format!("{}.{:08}", base / 100_000_000, base % 100_000_000)
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
