//! The price of RENDER as purchases would have it now.

use crate::{account, address, chain::Chain, error::ClientError};
use market_model::{
    MarketError,
    oracle::{Report, accept, median},
};
use render_compute::{
    constants::ORACLE_PUBLISHERS,
    state::{Network, Oracle},
};

/// Lower bound of the price by a set of publishers: 10^-8 USD per RENDER.
///
/// # Errors
/// The rule by which there is none.
pub fn lower_bound(network: &Network, oracle: &Oracle, now: i64) -> Result<u64, MarketError> {
    let rules = network.parameters().oracle_rules();
    let set = oracle.publishers.iter().take(usize::from(oracle.count));
    let reports: Vec<Report> = set
        .map(|slot| Report { price: slot.price, confidence: slot.confidence, published_at: slot.published_at })
        .collect();
    accept(median(&reports, now, rules.max_age_seconds, reports.len())?, now, &rules)
}

/// The price at `now`, or a sentence that says why there is none.
///
/// # Errors
/// The chain's.
pub async fn current(
    chain: &(impl Chain + ?Sized),
    network: &Network,
    now: i64,
) -> Result<Result<u64, String>, ClientError> {
    if network.oracle_kind != ORACLE_PUBLISHERS {
        return Ok(
            Err("the network reads Pyth updates that come with each purchase, none stands in an account".into()),
        );
    }
    let oracle = account::find::<Oracle>(chain, &address::oracle()).await?;
    Ok(match oracle {
        Some(oracle) => lower_bound(network, &oracle, now).map_err(|error| error.message().to_owned()),
        None => Err("the network has no publishers of a price".into()),
    })
}
