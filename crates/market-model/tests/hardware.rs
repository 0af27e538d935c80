//! Hardware: the vectors of RNP-019 and RNP-021, and RNP-004's breakeven table.

use market_model::hardware::{
    BREAKEVEN_DAYS, CREDITS_PER_CENT, Factors, MODELS, REFERENCE_MULTIPLIER, WEIGHTS, breakeven_per_day,
    credits_per_hour, days_to_break_even, find, memory_score, network_score,
};

fn hours_of_rnp_019(base_render: u64, multiplier: u64, hours: u64) -> u64 {
    // base x CM x hours / 168, in 1e-4 RENDER, to the nearest.
    (base_render * multiplier * hours + 84) / 168
}

#[test]
fn the_weights_are_rnp_019_s_and_sum_to_97_hundredths() {
    assert_eq!(WEIGHTS, [36, 26, 15, 8, 8, 4]);
    assert_eq!(WEIGHTS.iter().sum::<u64>() * 100, REFERENCE_MULTIPLIER);
    assert_eq!(Factors::REFERENCE.multiplier(), Ok(9_700));
}

#[test]
fn the_examples_of_rnp_019_come_out() {
    // Appendix 4, examples 2 and 3.
    let upgraded = Factors {
        gpu: 17_000,
        memory: 13_300,
        network: network_score(1_600).unwrap(),
        clock: 11_200,
        memory_bandwidth: 12_800,
        cpu: 15_000,
    };
    assert_eq!(upgraded.multiplier(), Ok(18_098));
    let low =
        Factors { network: network_score(100).unwrap(), clock: 6_800, memory_bandwidth: 6_600, ..Factors::REFERENCE };
    assert_eq!(low.multiplier(), Ok(8_047));
    // 10 RENDER x 1.8098 x 100/168 = 10.7726, 10 x 0.8047 x 100/168 = 4.79; RNP-021: 25 x 5.0 x 100/168 = 74.4048.
    assert_eq!(hours_of_rnp_019(10, 18_098, 100), 107_726);
    assert_eq!(hours_of_rnp_019(10, 8_047, 100) / 100, 478);
    assert_eq!(hours_of_rnp_019(25, find("H200").unwrap().score.unwrap(), 100), 744_048);
}

#[test]
fn scales_of_memory_and_network_are_linear() {
    assert_eq!((memory_score(24_576), memory_score(32_768), memory_score(12_288)), (Ok(10_000), Ok(13_333), Ok(5_000)));
    let scores = [99, 100, 400, 1_600, 5_000].map(|mbit| network_score(mbit).unwrap());
    assert_eq!(scores, [0, 2_500, 10_000, 40_000, 40_000]);
}

#[test]
fn an_hour_of_the_reference_machine_costs_what_rnp_019_says() {
    assert_eq!(credits_per_hour(REFERENCE_MULTIPLIER), Ok(350_000));
    assert_eq!(find("RTX 4090").unwrap().multiplier(), Ok(Some(9_700)));
    assert_eq!(find("RTX 2080").unwrap().multiplier(), Ok(None));
    // 0.36 x 0.5 + 0.26 x 0.5 + 0.35 = 0.66, so 0.66 / 0.97 of 0.35 USD.
    let small = find("RTX 3060").unwrap().multiplier().unwrap().unwrap();
    assert_eq!((small, credits_per_hour(small)), (6_600, Ok(238_145)));
}

#[test]
fn the_breakeven_table_of_rnp_004_follows_from_prices() {
    let mut checked = 0;
    for model in &MODELS {
        let (Some(cents), Some(published)) = (model.price_cents, model.published_hour) else { continue };
        let hour = cents * CREDITS_PER_CENT;
        // Price / 180 / 24, to the nearest of the published last place.
        let divisor = BREAKEVEN_DAYS * 24 * published.unit;
        assert_eq!((hour + divisor / 2) / divisor, published.digits, "{}", model.name);
        checked += 1;
    }
    assert_eq!(checked, 19);
    // The table's first row in full: 1,599 USD, 8.88 USD a day, 0.37 an hour.
    let day = breakeven_per_day(159_900, BREAKEVEN_DAYS).unwrap();
    assert_eq!(day / CREDITS_PER_CENT, 888);
    assert_eq!(day / 24 / CREDITS_PER_CENT, 37);
}

#[test]
fn who_earns_the_breakeven_s_day_breaks_even_in_its_days() {
    for model in &MODELS {
        let Some(cents) = model.price_cents else { continue };
        for days in [1, 30, BREAKEVEN_DAYS, 365] {
            let day = breakeven_per_day(cents, days).unwrap();
            assert_eq!(days_to_break_even(cents, day), Ok(Some(days)), "{}", model.name);
            // A credit less a day takes a day more where the price divides evenly, and never less.
            assert!(days_to_break_even(cents, day - 1).unwrap().unwrap() >= days);
        }
    }
    assert_eq!(days_to_break_even(100, 0), Ok(None));
}

#[test]
fn a_model_is_found_by_the_names_that_people_and_drivers_use() {
    let named = |name: &str| find(name).map(|model| model.name);
    for (name, model) in [
        ("rtx4090", "RTX 4090"),
        ("RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090 D", "RTX 4090D"),
        ("NVIDIA GeForce RTX 3080 Ti", "RTX 3080 Ti"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA A100-SXM4-80GB", "A100"),
        ("Tesla T4", "T4"),
        ("AMD Instinct MI300X", "MI300X"),
        ("rtx 3080-12g", "RTX 3080-12G"),
    ] {
        assert_eq!(named(name), Some(model), "{name}");
    }
    for name in ["", "RTX", "RTX 4080 SUPER", "nvidia", "4090", "80GB", "none"] {
        assert_eq!(named(name), None, "{name}");
    }
}

#[test]
fn no_two_models_share_a_name_and_a_score_is_a_share_of_the_reference_s_rating() {
    for model in &MODELS {
        assert_eq!(find(model.name), Some(model));
    }
    assert_eq!(find("RTX 4090").unwrap().compute(660_000), Ok(Some(660_000)));
    assert_eq!(find("RTX 5090").unwrap().compute(660_000), Ok(Some(1_122_000)));
    assert_eq!(find("GTX 1660").unwrap().compute(660_000), Ok(None));
}
