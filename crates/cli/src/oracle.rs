//! `oracle publish`: for publishers of a price, and for local networks, where there is nobody else.

use clap::Subcommand;
use render_compute_client::{account, address, instruction};
use serde::Serialize;

use crate::amount::Price;
use crate::{CliError, Context};

/// Commands of the oracle.
#[derive(Debug, Subcommand)]
pub enum OracleCommand {
    /// Reports the price of one RENDER in USD, signed by a publisher's key
    Publish {
        /// USD for one RENDER, such as 4.25
        #[arg(value_name = "PRICE_USD")]
        price: Price,
        /// Half-width of the interval around the price, in USD
        #[arg(long, value_name = "USD", default_value = "0")]
        confidence: Price,
    },
}

pub(crate) async fn run(context: &Context<'_>, command: OracleCommand) -> Result<(), CliError> {
    let OracleCommand::Publish { price, confidence } = command;
    let receipt = publish(context, price, confidence).await?;
    context.output.show(&receipt, |receipt| format!("published {price} by {}", receipt.signature))
}

/// A report that the chain has taken.
#[derive(Clone, Debug, Serialize)]
pub struct PublishReceipt {
    /// The transaction.
    pub signature: String,
    /// USD per RENDER.
    pub price_e8_usd: u64,
    /// Half-width of the interval.
    pub confidence_e8_usd: u64,
    /// The chain's time of the report.
    pub published_at_unix_seconds: i64,
}

/// Reports a price as of the chain's own time.
pub async fn publish(context: &Context<'_>, price: Price, confidence: Price) -> Result<PublishReceipt, CliError> {
    if price.0 == 0 {
        return Err(CliError::usage(
            "PRICE_USD: a price of zero would make credits free; give the price of one RENDER",
        ));
    }
    let publisher = context.owner()?;
    let oracle = account::oracle(context.chain).await?;
    let known = oracle.publishers.iter().take(usize::from(oracle.count));
    if !known.clone().any(|slot| slot.key == publisher) {
        let keys: Vec<String> = known.map(|slot| slot.key.to_string()).collect();
        return Err(CliError::operation(format!(
            "{publisher} is no publisher of {}; sign with --keypair of one of {}",
            address::oracle(),
            keys.join(", ")
        )));
    }
    let published_at = context.chain.clock().await?.unix_timestamp;
    let report = instruction::oracle_publish(&publisher, price.0, confidence.0, published_at);
    let confirmed = context.chain.send(&[report], &[context.wallet()?]).await?;
    Ok(PublishReceipt {
        signature: confirmed.signature.to_string(),
        price_e8_usd: price.0,
        confidence_e8_usd: confidence.0,
        published_at_unix_seconds: published_at,
    })
}
