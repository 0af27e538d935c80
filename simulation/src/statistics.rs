//! Owns statistics of finished worlds. Floating point: for people and plots, never for money.

/// The Lorenz curve of amounts in ascending order: shares of people and of the sum.
pub fn lorenz(ascending: &[u64]) -> Vec<(f64, f64)> {
    let sum: u128 = ascending.iter().map(|amount| u128::from(*amount)).sum();
    let mut running = 0_u128;
    let mut curve = vec![(0.0, 0.0)];
    for (index, amount) in ascending.iter().enumerate() {
        running += u128::from(*amount);
        let share = if sum == 0 { 0.0 } else { running as f64 / sum as f64 };
        curve.push(((index + 1) as f64 / ascending.len() as f64, share));
    }
    curve
}

/// Gini coefficient: 0 when all have the same, towards 1 when one has all.
pub fn gini(ascending: &[u64]) -> f64 {
    let curve = lorenz(ascending);
    let area: f64 = curve.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[1].1 + pair[0].1) / 2.0).sum();
    1.0 - 2.0 * area
}

/// Part of the sum that the largest `count` have.
pub fn top_share(ascending: &[u64], count: usize) -> f64 {
    let sum: u128 = ascending.iter().map(|amount| u128::from(*amount)).sum();
    let top: u128 = ascending.iter().rev().take(count).map(|amount| u128::from(*amount)).sum();
    if sum == 0 { 0.0 } else { top as f64 / sum as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_amounts_have_no_concentration_and_one_owner_has_all_of_it() {
        assert!(gini(&[5, 5, 5, 5]).abs() < 1e-12);
        assert!((gini(&[0, 0, 0, 5]) - 0.75).abs() < 1e-12);
        assert!((top_share(&[1, 2, 3, 4], 2) - 0.7).abs() < 1e-12);
    }
}
