//! Regions as people write them.

use market_model::region::{Named, all};

/// The number of a region: `any`, an area like `europe`, a place like `europe/germany`, or the number itself.
///
/// # Errors
/// A sentence with the names that there are.
pub fn parse(text: &str) -> Result<u16, String> {
    market_model::region::parse(text).ok_or_else(|| {
        let names: Vec<String> = all().map(|code| Named(code).to_string()).collect();
        format!("there is no region {text:?}; say any, or one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_by_name_or_number_and_a_wrong_one_is_answered_with_the_names() {
        assert_eq!((parse("any"), parse("europe/germany"), parse("769")), (Ok(0), Ok(0x0301), Ok(0x0301)));
        let sentence = parse("atlantis").unwrap_err();
        assert!(sentence.contains("europe/germany") && sentence.contains("oceania"), "{sentence}");
    }
}
