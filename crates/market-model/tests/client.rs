//! Compute clients' shares: bounded when agreed, and only ever lowered.

use market_model::MarketError;
use market_model::client::{check_share, check_share_change};

#[test]
fn a_share_is_agreed_up_to_the_most() {
    assert_eq!(check_share(2_000, 2_000), Ok(()));
    assert_eq!(check_share(2_001, 2_000), Err(MarketError::ClientShareTooHigh));
    assert_eq!(check_share(0, 0), Ok(()));
}

#[test]
fn a_client_lowers_its_share_and_never_raises_it() {
    assert_eq!(check_share_change(1_000, 1_000), Ok(()));
    assert_eq!(check_share_change(1_000, 0), Ok(()));
    assert_eq!(check_share_change(1_000, 1_001), Err(MarketError::ClientShareRaised));
}
