//! The parameters: bounds, what must hold between them, and their order in accounts.

use market_model::MarketError;
use market_model::parameters::{COUNT, Parameters, SPECS};

fn with(index: usize, value: u64) -> Parameters {
    let mut values = Parameters::DEFAULT.values();
    values[index] = value;
    Parameters::from_values(values)
}

#[test]
fn the_defaults_are_valid() {
    assert_eq!(Parameters::default().validate(), Ok(()));
}

#[test]
fn a_value_is_allowed_up_to_its_bounds_and_named_beyond_them() {
    for (index, spec) in SPECS.iter().enumerate() {
        assert!(spec.min <= spec.default && spec.default <= spec.max, "{}", spec.name);
        assert_eq!(with(index, spec.min).out_of_bounds(), None);
        assert_eq!(with(index, spec.max).out_of_bounds(), None);
        for value in [spec.min.checked_sub(1), spec.max.checked_add(1)].into_iter().flatten() {
            let bad = with(index, value);
            assert_eq!(bad.validate(), Err(MarketError::ParameterOutOfBounds));
            let found = bad.out_of_bounds().unwrap();
            assert_eq!((found.spec.name, found.value), (spec.name, value));
        }
    }
}

#[test]
fn a_refusal_names_the_parameter_and_its_bounds() {
    let bad = Parameters { burn_bps: 4_999, ..Parameters::DEFAULT };
    assert_eq!(bad.out_of_bounds().unwrap().to_string(), "burn_bps is 4999 bps, but must lie between 5000 and 10000");
}

#[test]
fn values_keep_their_order() {
    let mut values = [0; COUNT];
    for (value, slot) in (0..).zip(&mut values) {
        *slot = value;
    }
    assert_eq!(Parameters::from_values(values).values(), values);
    assert_eq!(size_of::<Parameters>(), COUNT * size_of::<u64>());
}

#[test]
fn the_order_of_parameters_is_that_of_the_account() {
    let expected = "oracle_max_age_seconds oracle_max_confidence_bps oracle_confidence_multiple_hundredths burn_bps \
        job_max_seconds lease_seconds reveal_seconds challenge_seconds min_stake unbonding_seconds \
        expiry_penalty_bps reputation_half_life_seconds reputation_credit_scale reputation_max_weight_bps \
        reputation_returned_target_bps race_tau_ms race_delay_cap_ms race_region_min_bps race_region_max_bps \
        race_region_exponent_halves race_price_min_bps race_price_max_bps race_price_exponent_halves \
        race_uptime_min_bps race_uptime_max_bps race_uptime_exponent_halves race_reputation_min_bps \
        race_reputation_max_bps race_reputation_exponent_halves race_capacity_min_bps race_capacity_max_bps \
        race_capacity_exponent_halves race_history_min_bps race_history_max_bps race_history_exponent_halves \
        epoch_seconds availability_numerator availability_denominator \
        usage_weight_bps work_bound_bps creators_bound_bps audit_probability_bps audit_collusion_bps \
        audit_penalty_multiple audit_wait_seconds audit_reveal_seconds stake_valuation fraud_slash_bps \
        finder_fee_bps challenge_bond dispute_turn_seconds burn_weight_bps recycle_bps client_share_max_bps \
        availability_cap concentration_free concentration_rate mint_window_seconds mint_limit probe_interval_slots \
        probe_open_slots probe_work_seconds probe_seconds probe_value probe_penalty probe_opener_bps \
        probe_qualify_bps reference_compute reference_memory_mib reference_clock reference_bandwidth rating_min_bps \
        rating_max_bps uptime_weight_bps maintenance_notice_seconds maintenance_max_seconds obh_per_dollar_priority \
        obh_per_dollar_economy work_per_obh region_surcharge_bps price_target_utilisation_bps price_step_bps \
        price_min_bps price_max_bps race_region_near_bps race_compute_yield_ms tier_spill_seconds \
        tier_promote_reputation_bps tier_promote_uptime_bps tier_promote_epochs tier_demote_reputation_bps \
        tier_demote_uptime_bps tier_demote_epochs gov_initial_seconds gov_final_seconds gov_quorum_bps \
        gov_emergency_quorum_bps gov_timelock_seconds gov_execution_seconds gov_proposer_lock";
    let found: Vec<_> = SPECS.iter().map(|spec| spec.name).collect();
    assert_eq!(found, expected.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn splits_clamps_and_bounds_must_fit_each_other() {
    let default = Parameters::DEFAULT;
    let split = Parameters { availability_numerator: 17_801, ..default };
    assert_eq!(split.validate(), Err(MarketError::SplitsInvalid));
    let clamp = Parameters { race_uptime_min_bps: 9_901, ..default };
    assert_eq!(clamp.validate(), Err(MarketError::ParameterOutOfBounds));
    let wash = Parameters { work_bound_bps: 8_001, ..default };
    assert_eq!(wash.validate(), Err(MarketError::WashBoundTooHigh));
    let moved = Parameters { work_bound_bps: 9_000, creators_bound_bps: 1_000, ..default };
    assert_eq!(moved.validate(), Ok(()));
}
