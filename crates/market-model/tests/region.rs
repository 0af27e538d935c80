//! Regions: names, numbers, and how well they fit.

use std::collections::BTreeSet;

use market_model::region::{Named, all, fit_bps, parse};

const NEAR: u64 = 6_000;

fn region(name: &str) -> u16 {
    parse(name).unwrap()
}

#[test]
fn every_region_is_read_by_the_name_it_shows() {
    let mut seen = BTreeSet::new();
    for code in all() {
        assert_eq!(parse(&Named(code).to_string()), Some(code));
        assert_eq!(parse(&code.to_string()), Some(code));
        assert!(seen.insert(code) && code >= 256);
    }
    assert_eq!(seen.len(), 7 + 57);
}

#[test]
fn regions_keep_their_numbers() {
    let expected = [
        ("any", 0),
        ("north-america", 0x0100),
        ("north-america/us-east", 0x0103),
        ("south-america/brazil", 0x0201),
        ("europe/germany", 0x0301),
        ("europe/slovenia", 0x0312),
        ("africa/south-africa", 0x0401),
        ("middle-east/israel", 0x0501),
        ("asia/japan", 0x0601),
        ("asia/kazakhstan", 0x060d),
        ("oceania/new-zealand", 0x0702),
    ];
    for (name, code) in expected {
        assert_eq!((parse(name), Named(code).to_string()), (Some(code), name.to_owned()));
    }
}

#[test]
fn what_has_no_name_is_shown_and_read_as_a_number() {
    for code in [1_u16, 255, 0x0363, 0xff00] {
        assert_eq!((Named(code).to_string(), parse(&code.to_string())), (code.to_string(), Some(code)));
    }
    for wrong in ["", "atlantis", "europe/", "europe/japan", "germany", "65536", "-1", "Europe"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_same_place_fits_whole_the_same_area_nearly_and_elsewhere_not() {
    let fit = |asked, offered| fit_bps(region(asked), region(offered), NEAR);
    assert_eq!(fit("any", "asia/japan"), 10_000);
    assert_eq!(fit("any", "any"), 10_000);
    assert_eq!(fit("europe/germany", "europe/germany"), 10_000);
    assert_eq!(fit("europe/germany", "europe/poland"), NEAR);
    assert_eq!(fit("europe/germany", "europe"), NEAR);
    assert_eq!(fit("europe/germany", "asia/japan"), 0);
    assert_eq!(fit("europe/germany", "any"), 0);
    assert_eq!(fit("europe", "europe/poland"), 10_000);
    assert_eq!(fit("europe", "europe"), 10_000);
    assert_eq!(fit("europe", "africa/kenya"), 0);
}

#[test]
fn numbers_without_an_area_are_near_to_nothing() {
    assert_eq!((fit_bps(3, 3, NEAR), fit_bps(3, 4, NEAR), fit_bps(3, 0, NEAR)), (10_000, 0, 0));
}

#[test]
fn a_fit_is_never_more_than_whole() {
    assert_eq!(fit_bps(region("europe/germany"), region("europe/spain"), u64::MAX), 10_000);
}
