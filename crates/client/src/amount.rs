//! RENDER in words.

use render_compute::constants::RENDER_DECIMALS;

/// Base units of one RENDER.
pub const RENDER_UNIT: u64 = 10_u64.pow(RENDER_DECIMALS as u32);

/// Base units as decimal text without needless zeros.
pub fn render(base_units: u64) -> String {
    let (whole, part) = (base_units / RENDER_UNIT, base_units % RENDER_UNIT);
    if part == 0 {
        return whole.to_string();
    }
    let digits = format!("{part:0width$}", width = usize::from(RENDER_DECIMALS));
    format!("{whole}.{}", digits.trim_end_matches('0'))
}
