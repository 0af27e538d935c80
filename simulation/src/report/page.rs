//! Owns the page: one HTML file without anything outside it.

use super::{
    Report, Summary,
    chart::{Line, bars, escaped, lines},
    dollars, remedy_in_words,
};
use crate::{attack::Verdict, rules::whole, world::Record};
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em;color:#1f2328}\
svg{width:100%;margin:1em 0;font:12px system-ui,sans-serif}svg .title{font-weight:600;font-size:14px}svg .grid{stroke:#d8dee4}\
svg .axis{stroke:#1f2328}svg .y{text-anchor:end}svg .x{text-anchor:middle}polyline{stroke-width:1.4}\
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #d8dee4;padding:.3em .5em;text-align:right}\
td:first-child,th:first-child{text-align:left}.gains{color:#d1242f;font-weight:700}code{background:#f6f8fa;padding:.1em .3em}";

fn path(records: &[Record], value: impl Fn(&Record) -> f64) -> Vec<(f64, f64)> {
    records.iter().map(|record| (record.epoch as f64, value(record))).collect()
}

fn running(records: &[Record], value: impl Fn(&Record) -> u64) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let mut add = |(x, y)| {
        sum += y;
        (x, sum)
    };
    path(records, |record| whole(value(record))).into_iter().map(&mut add).collect()
}

fn charts(report: &Report) -> String {
    let Summary { epochs: honest, concentration } = &report.honest;
    let Summary { epochs: attacked, concentration: spread } = &report.attacked;
    let line = |name, points| Line { name, points };
    [
        lines(
            "Burn and mint, each epoch",
            "epoch",
            "RENDER",
            &[
                line("burned", path(honest, |record| whole(record.burned))),
                line("minted for work", path(honest, |record| whole(record.work))),
                line("for creators", path(honest, |record| whole(record.creators))),
                line("for availability", path(honest, |record| whole(record.availability))),
            ],
        ),
        lines(
            "Burn and mint, cumulative",
            "epoch",
            "RENDER",
            &[
                line("burned", running(honest, |record| record.burned)),
                line("minted", running(honest, |record| record.minted)),
                line("without operations", running(honest, |record| record.minted - record.operations)),
                line("schedule C(t)", running(honest, |record| record.emission)),
            ],
        ),
        lines(
            "Lorenz curve of payouts to operators",
            "operators",
            "payouts",
            &[
                line("honest", concentration.lorenz.clone()),
                line("all attack", spread.lorenz.clone()),
                line("equal", vec![(0.0, 0.0), (1.0, 1.0)]),
            ],
        ),
        lines(
            "Share of the ten operators with most, each epoch",
            "epoch",
            "%",
            &[
                line("honest", path(honest, |record| record.top_ten_bps as f64 / 100.0)),
                line("all attack", path(attacked, |record| record.top_ten_bps as f64 / 100.0)),
            ],
        ),
        lines(
            "Utilisation of cards",
            "epoch",
            "%",
            &[
                line("honest", path(honest, |record| record.utilisation_bps as f64 / 100.0)),
                line("all attack", path(attacked, |record| record.utilisation_bps as f64 / 100.0)),
            ],
        ),
        lines(
            "Price of RENDER",
            "epoch",
            "USD",
            &[line("published, then drawn", path(honest, |record| record.price as f64 / 1e8))],
        ),
        lines(
            "Floating price of work",
            "epoch",
            "% of base",
            &[
                line("render", path(honest, |record| record.index_bps as f64 / 100.0)),
                line("compute", path(honest, |record| record.compute_index_bps as f64 / 100.0)),
                line("going price", path(honest, |record| record.going_bps as f64 / 100.0)),
                line("render, all attack", path(attacked, |record| record.index_bps as f64 / 100.0)),
            ],
        ),
        lines(
            "Stake at work",
            "epoch",
            "RENDER",
            &[
                line("honest", path(honest, |record| whole(record.stake))),
                line("all attack", path(attacked, |record| whole(record.stake))),
            ],
        ),
    ]
    .concat()
}

fn verdicts(report: &Report) -> String {
    let mut rows = String::from(
        "<table><tr><th>attack<th>earned<th>slashed<th>credits<th>hardware<th>capital<th>profit<th>honest profit<th>gain<th>verdict</tr>",
    );
    for outcome in &report.attacks {
        let ledger = &outcome.attacking;
        let class = if outcome.verdict == Verdict::Gains { "gains" } else { "" };
        let _ = write!(rows, "<tr><td>{}", escaped(outcome.attack.name));
        let columns = [
            ledger.earned,
            ledger.slashed,
            ledger.bought,
            ledger.hardware,
            ledger.capital,
            ledger.profit(),
            outcome.honest.profit(),
            outcome.gain,
        ];
        for column in columns {
            let _ = write!(rows, "<td>{:.0}", dollars(column));
        }
        let _ = write!(rows, "<td class=\"{class}\">{}</tr>", outcome.verdict.words());
    }
    rows.push_str("</table>");
    let gaining: Vec<_> = report.attacks.iter().filter(|outcome| outcome.verdict == Verdict::Gains).collect();
    if gaining.is_empty() {
        rows.push_str("<p>No attack earns more than the same resources earn honestly.</p>");
    }
    for outcome in gaining {
        let _ = write!(
            rows,
            "<p class=\"gains\">{} gains {:.0} USD under these parameters.</p><ul>",
            escaped(outcome.attack.name),
            dollars(outcome.gain)
        );
        for remedy in &outcome.remedies {
            let _ = write!(rows, "<li><code>{}</code></li>", escaped(&remedy_in_words(remedy)));
        }
        rows.push_str("</ul>");
    }
    rows
}

/// The page.
pub fn page(report: &Report) -> String {
    let gains: Vec<_> = report.attacks.iter().map(|outcome| (outcome.attack.name, dollars(outcome.gain))).collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>The market under attack</title><style>{STYLE}</style>\
<h1>The market under attack</h1><p>{} epochs, seed {}; the demand of the first {} is as published by the Render Foundation, that of the \
others is drawn from the last {} of them. Made by <code>{}</code>; the model and its assumptions stand in \
<code>docs/economy/simulation.md</code>.</p><h2>Attacks</h2><p>USD over the whole run. Gain is the profit of the attacking group less \
the profit of the same group with the same resources when it is honest.</p>{}{}<h2>The network</h2><p>Honest world: {} operators, Gini \
{:.3}, the ten with most have {:.1} %. With every group attacking: Gini {:.3}.</p>{}</html>",
        report.epochs,
        report.seed,
        report.published,
        crate::demand::BOOTSTRAP_WEEKS,
        escaped(&report.command),
        verdicts(report),
        bars("Gain over honest use, USD", &gains),
        report.honest.concentration.operators,
        report.honest.concentration.gini,
        100.0 * report.honest.concentration.top_ten,
        report.attacked.concentration.gini,
        charts(report),
    )
}
