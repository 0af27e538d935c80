//! The price of RENDER: read from the network's oracle account, judged by `market_model::oracle`.

use crate::{constants::*, errors::*, state::*};
use anchor_lang::prelude::*;
use market_model::oracle::{self, Report};

/// Discriminator of a Pyth receiver `PriceUpdateV2` account: SHA-256("account:PriceUpdateV2")[..8].
const PRICE_UPDATE_V2: [u8; 8] = [34, 241, 35, 99, 157, 126, 244, 205];
/// Offset of the verification level: after discriminator and write authority. 1 is `Full`, a byte that borsh writes alone.
const VERIFICATION_LEVEL: usize = 40;
const VERIFIED_FULLY: u8 = 1;
/// Offset of the price message of a fully verified update.
const MESSAGE: usize = 41;

/// Lower bound of the price in 10^-8 USD per RENDER, or the reason why there is none.
pub fn lower_bound(network: &Network, account: &AccountView, now: i64) -> Result<u64> {
    let rules = network.parameters().oracle_rules();
    let report = if network.oracle_kind == ORACLE_PYTH {
        pyth_report(network, account)?
    } else {
        require!(*account.address() == network.oracle, RenderError::WrongOracle);
        set_report(&*Account::<Oracle>::load(*account)?, now, rules.max_age_seconds)?
    };
    oracle::accept(report, now, &rules).map_err(refused)
}

fn set_report(set: &Oracle, now: i64, max_age_seconds: i64) -> Result<Report> {
    let mut reports = [Report::default(); MAX_PUBLISHERS];
    for (report, publisher) in reports.iter_mut().zip(&set.publishers) {
        *report =
            Report { price: publisher.price, confidence: publisher.confidence, published_at: publisher.published_at };
    }
    let size = usize::from(set.count);
    let reports = reports.get(..size).ok_or(RenderError::BadPublisherSet)?;
    oracle::median(reports, now, max_age_seconds, size).map_err(refused)
}

/// Reads a `PriceUpdateV2`: write authority 32, verification level 1 (`Full`), feed id 32, price i64, confidence u64,
/// exponent i32, publish time i64, then fields that are not used.
fn pyth_report(network: &Network, account: &AccountView) -> Result<Report> {
    require!(network.oracle == Address::default() || *account.address() == network.oracle, RenderError::WrongOracle);
    require!(account.owned_by(&network.pyth_program), RenderError::WrongOracle);
    let data = account.try_borrow()?;
    let message = data.get(MESSAGE..MESSAGE + 60).ok_or(RenderError::BadPriceUpdate)?;
    require!(
        data[..8] == PRICE_UPDATE_V2
            && data[VERIFICATION_LEVEL] == VERIFIED_FULLY
            && message[..32] == network.pyth_feed,
        RenderError::BadPriceUpdate
    );
    let price = i64::from_le_bytes(word(message, 32));
    let confidence = u64::from_le_bytes(word(message, 40));
    let exponent = i32::from_le_bytes([message[48], message[49], message[50], message[51]]);
    let published_at = i64::from_le_bytes(word(message, 52));
    oracle::from_pyth(price, confidence, exponent, published_at).map_err(refused)
}

fn word(bytes: &[u8], at: usize) -> [u8; 8] {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    word
}
