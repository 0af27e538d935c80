//! RENDER in words: decimal text to base units and back, exactly.

use render_compute::constants::RENDER_DECIMALS;

pub use render_compute_client::amount::render;

/// Base units of decimal text.
///
/// # Errors
/// A sentence that says what is wrong with the text.
pub fn parse_render(text: &str) -> Result<u64, String> {
    let decimals = usize::from(RENDER_DECIMALS);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return Err(format!("{text:?} is not an amount; write it like 100 or 0.5"));
    }
    if part.len() > decimals {
        return Err(format!("RENDER has {decimals} decimals; {text:?} has more"));
    }
    let parsed = format!("{whole}{part:0<decimals$}").parse();
    parsed.map_err(|_| format!("{text:?} is more RENDER than there can be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_survive_their_text() {
        for amount in [0, 1, 10, 99_999_999, 100_000_000, 12_345_678_900_000_000, u64::MAX] {
            assert_eq!(parse_render(&render(amount)), Ok(amount));
        }
        assert_eq!((render(150_000_000), render(1)), ("1.5".to_owned(), "0.00000001".to_owned()));
    }

    #[test]
    fn text_that_is_no_amount_is_refused_with_a_sentence() {
        for text in ["", ".", ".5", "-1", "1e3", "1.000000001", "184467440738", "1,5", "0x1"] {
            assert!(parse_render(text).is_err(), "{text}");
        }
    }
}
