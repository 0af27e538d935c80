//! The error codes and words.

use market_model::MarketError;

#[test]
fn codes_rise_so_that_none_is_used_twice() {
    assert!(MarketError::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
}

#[test]
fn every_message_is_a_sentence_without_a_full_stop() {
    for error in MarketError::ALL {
        let text = error.to_string();
        assert!(text.len() > 10 && !text.ends_with('.'), "{error:?}: {text}");
    }
}
