//! Owns decimal amounts as people write them: exact, with no more decimals than the unit has. No floats.

use std::fmt;
use std::str::FromStr;

/// Why an amount was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an amount of {unit}: {reason}")]
pub struct AmountError {
    text: String,
    unit: &'static str,
    reason: String,
}

/// A decimal number as an integer of its last decimal.
pub fn parse_decimal(text: &str, decimals: u32, unit: &'static str) -> Result<u64, AmountError> {
    let refuse = |reason: String| AmountError { text: text.to_owned(), unit, reason };
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) {
        return Err(refuse("write digits, and a point with digits on both sides where there are decimals".into()));
    }
    let fraction = fraction.unwrap_or("");
    let given = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    let Some(missing) = decimals.checked_sub(given) else {
        return Err(refuse(format!("it has {given} decimals, {unit} has {decimals}")));
    };
    let mut value = 0_u64;
    for byte in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', missing as usize)) {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(byte - b'0')))
            .ok_or_else(|| refuse("it is too large".into()))?;
    }
    Ok(value)
}

/// An integer of the last decimal as a decimal number, with at least `shown` and no needless decimals beyond them.
pub fn format_decimal(value: u64, decimals: u32, shown: usize) -> String {
    let one = 10_u64.pow(decimals);
    let mut fraction = format!("{:0width$}", value % one, width = decimals as usize);
    while fraction.len() > shown && fraction.ends_with('0') {
        fraction.pop();
    }
    match fraction.is_empty() {
        true => (value / one).to_string(),
        false => format!("{}.{fraction}", value / one),
    }
}

macro_rules! amounts {
    ($($name:ident, $decimals:literal, $shown:literal, $unit:literal, $doc:literal;)+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl FromStr for $name {
            type Err = AmountError;

            fn from_str(text: &str) -> Result<Self, AmountError> {
                parse_decimal(text, $decimals, $unit).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{} {}", format_decimal(self.0, $decimals, $shown), $unit)
            }
        }
    )+};
}

amounts! {
    Usd, 6, 2, "USD", "Credits: units of 10^-6 USD.";
    Render, 8, 2, "RENDER", "RENDER: base units of 10^-8.";
    Price, 8, 4, "USD", "A price of one RENDER: units of 10^-8 USD.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_integers_exactly() {
        for (text, value) in [("0", 0), ("1", 1_000_000), ("0.000001", 1), ("12.5", 12_500_000), ("007.10", 7_100_000)]
        {
            assert_eq!(text.parse::<Usd>(), Ok(Usd(value)), "{text}");
        }
        assert_eq!("184467440737.09551615".parse(), Ok(Render(u64::MAX)));
    }

    #[test]
    fn more_decimals_than_exist_are_refused() {
        let error = "1.1234567".parse::<Usd>().expect_err("seven decimals").to_string();
        assert_eq!(error, "\"1.1234567\" is not an amount of USD: it has 7 decimals, USD has 6");
        assert!("0.000000000".parse::<Render>().is_err());
    }

    #[test]
    fn what_is_not_a_plain_decimal_is_refused() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1 000", "1_000", "NaN", "inf", "0x10", "1.2.3", "١"]
        {
            assert!(text.parse::<Usd>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_amount_that_does_not_fit_is_refused() {
        assert!("184467440737.09551616".parse::<Render>().is_err());
        assert!("99999999999999999999".parse::<Usd>().is_err());
    }

    #[test]
    fn an_amount_is_shown_with_as_many_decimals_as_it_needs() {
        assert_eq!(Usd(1_500_000).to_string(), "1.50 USD");
        assert_eq!(Usd(1).to_string(), "0.000001 USD");
        assert_eq!(Render(u64::MAX).to_string(), "184467440737.09551615 RENDER");
        assert_eq!(format_decimal(7, 0, 0), "7");
    }

    #[test]
    fn what_is_shown_reads_back_as_itself() {
        for value in [0, 1, 99, 1_000_000, 123_456_789, u64::MAX] {
            let shown = format_decimal(value, 6, 2);
            assert_eq!(parse_decimal(&shown, 6, "USD"), Ok(value), "{shown}");
        }
    }
}
