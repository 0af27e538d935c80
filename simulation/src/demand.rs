//! Owns the demand: what requesters pay in each week and what RENDER is worth in it. The published weeks first; after them, weeks
//! drawn from the last [`BOOTSTRAP_WEEKS`] of them.

use crate::{SimulationError, random::Random};
use market_model::{Round, amount::mul_div, credit::BASE_UNITS_TIMES_PRICE_PER_CREDIT};

/// Published weeks that later ones are drawn from.
pub const BOOTSTRAP_WEEKS: usize = 26;

const BURNS: &str = include_str!("../data/weekly_burns.csv");
const TIERS: &str = include_str!("../data/weekly_obh.csv");

/// OctaneBench hours of a dollar in the priority and in the economy tier: Render's knowledge base.
const OBH_PER_DOLLAR: [u64; 2] = [100, 200];

/// One week of demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Published epoch that it is or was drawn from.
    pub epoch: u64,
    /// RENDER burned, base units, as published.
    pub burned: u64,
    /// Its value, credit units.
    pub credits: u64,
    /// Mean price of the week, 1e-8 USD per RENDER: value over burn, rounded down.
    pub price: u64,
    /// Dollars of the priority tier, bps of both.
    pub priority_bps: u64,
}

/// A decimal number as a whole number of 10^-digits.
fn fixed(text: &str, digits: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept = fraction.get(..digits).unwrap_or(fraction);
    format!("{whole}{kept:0<digits$}").parse().ok()
}

/// Bps of dollars spent in the priority tier, by the hours of each tier.
fn priority_bps(hours: [u64; 2]) -> Option<u64> {
    let [priority, economy] = [hours[0] / OBH_PER_DOLLAR[0], hours[1] / OBH_PER_DOLLAR[1]];
    mul_div(priority, 10_000, priority + economy, Round::Down).ok()
}

fn row<const N: usize>(line: &str) -> Option<[&str; N]> {
    line.split(',').collect::<Vec<_>>().try_into().ok()
}

/// The published weeks.
pub fn published() -> Result<Vec<Week>, SimulationError> {
    let tiers: Vec<(u64, u64)> = TIERS
        .lines()
        .skip(1)
        .map(|line| {
            let [epoch, priority, economy] = row(line)?;
            Some((epoch.parse().ok()?, priority_bps([priority.parse().ok()?, economy.parse().ok()?])?))
        })
        .collect::<Option<_>>()
        .ok_or(SimulationError::Data("weekly_obh.csv"))?;
    let mean = tiers.iter().map(|(_, share)| share).sum::<u64>() / tiers.len() as u64;
    BURNS
        .lines()
        .skip(1)
        .map(|line| {
            let [epoch, _, render, dollars] = row(line)?;
            let (epoch, burned, credits) = (epoch.parse().ok()?, fixed(render, 8)?, fixed(dollars, 6)?);
            let price = mul_div(credits, BASE_UNITS_TIMES_PRICE_PER_CREDIT, burned, Round::Down).ok()?;
            let priority_bps = tiers.iter().find(|(of, _)| *of == epoch).map_or(mean, |(_, share)| *share);
            Some(Week { epoch, burned, credits, price, priority_bps })
        })
        .collect::<Option<_>>()
        .ok_or(SimulationError::Data("weekly_burns.csv"))
}

/// The first `epochs` weeks. Past the published ones each is one of the last [`BOOTSTRAP_WEEKS`], drawn with `seed`: both its value and
/// its price, so that they stay together.
pub fn weeks(epochs: usize, seed: u64) -> Result<Vec<Week>, SimulationError> {
    let published = published()?;
    let last = published.len().saturating_sub(BOOTSTRAP_WEEKS);
    let random = Random::new(seed);
    Ok((0..epochs)
        .map(|index| match published.get(index) {
            Some(week) => *week,
            None => {
                published
                    [last + random.below(Random::DEMAND, index as u64, 0, (published.len() - last) as u64) as usize]
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_burns_sum_to_the_published_total() {
        let weeks = published().unwrap();
        assert_eq!(weeks.len(), 97);
        let burned: u64 = weeks.iter().map(|week| week.burned).sum();
        // 799,639 RENDER: RENDER_RNP20_Tools.
        assert_eq!((burned + 50_000_000) / 100_000_000, 799_639);
        let last = weeks.last().unwrap();
        // Epoch 97: 10,109.57 RENDER worth 25,142 USD.
        assert_eq!((last.burned, last.credits), (1_010_957_000_000, 25_142_000_000));
    }

    #[test]
    fn a_purchase_at_the_weeks_price_burns_what_was_burned() {
        for week in published().unwrap() {
            let purchase = market_model::credit::purchase(week.credits, week.price, 9_500, u64::MAX).unwrap();
            // The price is rounded down to 1e-8 USD.
            assert!(purchase.burned >= week.burned && purchase.burned - week.burned <= week.burned / week.price + 2);
        }
    }

    #[test]
    fn later_weeks_are_drawn_from_the_last_published_ones() {
        let published = published().unwrap();
        let weeks = weeks(300, 7).unwrap();
        assert_eq!(weeks[..97], published);
        assert!(weeks[97..].iter().all(|week| published[71..].contains(week)));
        assert_ne!(weeks[97..197], super::weeks(300, 8).unwrap()[97..197]);
    }
}
