//! `credits buy | show`: RENDER is burned for credits, and credits never turn back.

use clap::{Args, Subcommand};
use market_model::amount::{Round, WHOLE_BPS, add, bps_of};
use market_model::{MarketError, credit};
use render_compute::constants::ORACLE_PUBLISHERS;
use render_compute_client::event::Event;
use render_compute_client::instruction::{self, CreditBuy};
use render_compute_client::{Address, account, address, flow, price};
use serde::Serialize;

use crate::amount::{Price, Render, Usd};
use crate::output::facts;
use crate::{CliError, Context};

/// Commands of credits.
#[derive(Debug, Subcommand)]
pub enum CreditsCommand {
    /// Burns RENDER for credits; credits never turn back into RENDER
    Buy(BuyArguments),
    /// Shows the credits of a wallet
    Show {
        /// The wallet; your own when not given
        owner: Option<Address>,
    },
}

/// What to buy and at which most.
#[derive(Debug, Args)]
pub struct BuyArguments {
    /// USD to buy, such as 25 or 12.50
    #[arg(value_name = "AMOUNT_USD")]
    amount: Usd,
    /// Most RENDER to pay, operations share included
    #[arg(long, value_name = "RENDER", conflicts_with = "slippage_bps")]
    max_render: Option<Render>,
    /// How much dearer than now it may become until it is executed, in 1/10,000
    #[arg(long, value_name = "BPS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(..=10_000))]
    slippage_bps: u64,
    /// Account of the price update, where the network reads Pyth
    #[arg(long, value_name = "ADDRESS")]
    price_account: Option<Address>,
    /// Does not ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(context: &Context<'_>, command: CreditsCommand) -> Result<(), CliError> {
    match command {
        CreditsCommand::Buy(arguments) => {
            let maximum = match arguments.max_render {
                Some(most) => most,
                None => quote(context, arguments.amount).await?.with_slippage(arguments.slippage_bps)?,
            };
            let question = format!("Buy {} for at most {maximum}?", arguments.amount);
            context.output.confirm(&question, arguments.yes)?;
            let receipt = buy_from(context, arguments.amount, maximum, arguments.price_account).await?;
            context.output.show(&receipt, PurchaseReceipt::text)
        }
        CreditsCommand::Show { owner } => {
            let owner = owner.map_or_else(|| context.owner(), Ok)?;
            context.output.show(&show(context, &owner).await?, CreditsView::text)
        }
    }
}

/// What a purchase would cost now.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quote {
    /// The price's lower bound, which purchases use.
    pub price_e8_usd: u64,
    /// RENDER to pay, operations share included.
    pub total_render_base_units: u64,
}

impl Quote {
    /// The most to pay when the price may move by `bps` until the purchase is executed; rounded up.
    pub fn with_slippage(&self, bps: u64) -> Result<Render, CliError> {
        let total = self.total_render_base_units;
        let margin = bps_of(total, bps.min(WHOLE_BPS), Round::Up).map_err(rule)?;
        add(total, margin).map(Render).map_err(rule)
    }
}

/// A purchase that the chain has executed.
#[derive(Clone, Debug, Serialize)]
pub struct PurchaseReceipt {
    /// The transaction.
    pub signature: String,
    /// Credits bought.
    pub bought_credit_units: u64,
    /// RENDER burned.
    pub burned_render_base_units: u64,
    /// RENDER to network operations.
    pub fee_render_base_units: u64,
    /// The price it was computed with.
    pub price_e8_usd: u64,
    /// Credits available now.
    pub available_credit_units: u64,
    /// Epoch that the burn counts in.
    pub epoch: u64,
}

/// Credits of a wallet.
#[derive(Clone, Debug, Serialize)]
pub struct CreditsView {
    /// The wallet.
    pub owner: String,
    /// Free to escrow.
    pub available_credit_units: u64,
    /// Held by jobs or spent on accepted work.
    pub in_jobs_or_spent_credit_units: u64,
    /// Ever bought.
    pub bought_credit_units: u64,
    /// Ever burned for them.
    pub burned_render_base_units: u64,
    /// RENDER in the wallet's own account.
    pub wallet_render_base_units: u64,
    /// Jobs opened.
    pub jobs: u64,
}

/// Prices a purchase by the network's rules and the publishers' reports.
pub async fn quote(context: &Context<'_>, amount: Usd) -> Result<Quote, CliError> {
    let network = account::network(context.chain).await?;
    if network.oracle_kind != ORACLE_PUBLISHERS {
        return Err(CliError::usage(
            "--max-render: the network reads Pyth updates that come with each purchase; say what you pay at most, and \
             name the update with --price-account",
        ));
    }
    let oracle = account::oracle(context.chain).await?;
    let now = context.chain.clock().await?.unix_timestamp;
    let price = price::lower_bound(&network, &oracle, now).map_err(rule)?;
    let purchase = credit::purchase(amount.0, price, network.parameters().burn_bps, u64::MAX).map_err(rule)?;
    Ok(Quote { price_e8_usd: price, total_render_base_units: purchase.total })
}

/// Buys credits for at most `maximum` RENDER, at the price that the network names.
pub async fn buy(context: &Context<'_>, amount: Usd, maximum: Render) -> Result<PurchaseReceipt, CliError> {
    buy_from(context, amount, maximum, None).await
}

async fn buy_from(
    context: &Context<'_>,
    amount: Usd,
    maximum: Render,
    price: Option<Address>,
) -> Result<PurchaseReceipt, CliError> {
    if amount.0 == 0 {
        return Err(CliError::usage("AMOUNT_USD: zero credits cannot be bought; give an amount above 0"));
    }
    let (chain, owner) = (context.chain, context.owner()?);
    let network = account::network(chain).await?;
    let payment = address::associated_token(&owner, &network.mint);
    if account::token_balance(chain, &payment).await? == 0 {
        return Err(CliError::operation(format!(
            "{owner} holds no RENDER in its account {payment}; send RENDER of the mint {} there first",
            network.mint
        )));
    }
    let wallet = context.wallet()?;
    let (epoch, _) = flow::ensure_running_epoch(chain, wallet).await?;
    let mut instructions = flow::prepare_purchase(chain, &owner, &owner, epoch).await?;
    let arguments = CreditBuy { owner, payment, price, epoch, credits: amount.0, maximum_render: maximum.0 };
    instructions.push(instruction::credit_buy(&network, &arguments));
    let confirmed = chain.send(&instructions, &[wallet]).await?;
    let bought = confirmed.events.iter().find_map(|event| match event {
        Event::CreditsBought(bought) => Some(*bought),
        _ => None,
    });
    let bought = bought.ok_or_else(|| {
        let signature = confirmed.signature;
        CliError::operation(format!(
            "the purchase {signature} is confirmed, but the node keeps no record of it; see `render-compute credits show`"
        ))
    })?;
    Ok(PurchaseReceipt {
        signature: confirmed.signature.to_string(),
        bought_credit_units: bought.credits,
        burned_render_base_units: bought.burned,
        fee_render_base_units: bought.fee,
        price_e8_usd: bought.price,
        available_credit_units: bought.available_after,
        epoch: bought.epoch,
    })
}

/// Reads a wallet's credits; a wallet that never bought any has none.
pub async fn show(context: &Context<'_>, owner: &Address) -> Result<CreditsView, CliError> {
    let network = account::network(context.chain).await?;
    let credit = account::credit(context.chain, owner).await?;
    let payment = address::associated_token(owner, &network.mint);
    let credit = credit.as_ref();
    Ok(CreditsView {
        owner: owner.to_string(),
        available_credit_units: credit.map_or(0, |credit| credit.available),
        in_jobs_or_spent_credit_units: credit
            .map_or(0, |credit| credit.escrowed_total.saturating_sub(credit.refunded_total)),
        bought_credit_units: credit.map_or(0, |credit| credit.bought_total),
        burned_render_base_units: credit.map_or(0, |credit| credit.burned_total),
        wallet_render_base_units: account::token_balance(context.chain, &payment).await?,
        jobs: credit.map_or(0, |credit| credit.jobs),
    })
}

fn rule(error: MarketError) -> CliError {
    CliError::operation(error.message())
}

impl PurchaseReceipt {
    fn text(&self) -> String {
        facts(&[
            ("bought", Usd(self.bought_credit_units).to_string()),
            ("burned", Render(self.burned_render_base_units).to_string()),
            ("operations", Render(self.fee_render_base_units).to_string()),
            ("price", format!("{} per RENDER", Price(self.price_e8_usd))),
            ("available", Usd(self.available_credit_units).to_string()),
            ("epoch", self.epoch.to_string()),
            ("signature", self.signature.clone()),
        ])
    }
}

impl CreditsView {
    fn text(&self) -> String {
        facts(&[
            ("wallet", self.owner.clone()),
            ("available", Usd(self.available_credit_units).to_string()),
            ("in jobs or spent", Usd(self.in_jobs_or_spent_credit_units).to_string()),
            ("bought", Usd(self.bought_credit_units).to_string()),
            ("burned", Render(self.burned_render_base_units).to_string()),
            ("in the wallet", Render(self.wallet_render_base_units).to_string()),
            ("jobs", self.jobs.to_string()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slippage_is_added_and_rounded_up() {
        let quote = Quote { price_e8_usd: 1, total_render_base_units: 101 };
        assert_eq!(quote.with_slippage(0), Ok(Render(101)));
        assert_eq!(quote.with_slippage(100), Ok(Render(103)));
    }
}
