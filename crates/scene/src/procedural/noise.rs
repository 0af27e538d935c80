//! Seeded value noise on an integer lattice, periodic where asked.

/// A number in 0..1 for a lattice point.
fn lattice(x: i64, y: i64, seed: u32) -> f64 {
    let mut h =
        (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    f64::from(h ^ (h >> 16)) / 4294967296.0
}

/// Smooth noise in 0..1; `period` lattice cells repeat.
pub(super) fn value(x: f64, y: f64, period: i64, seed: u32) -> f64 {
    let (cell_x, cell_y) = (x.floor(), y.floor());
    // A quintic fade: second derivatives are continuous, so that slopes and normals have no creases.
    let fade = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let (fx, fy) = (fade(x - cell_x), fade(y - cell_y));
    let at = |dx: i64, dy: i64| {
        lattice((cell_x as i64 + dx).rem_euclid(period), (cell_y as i64 + dy).rem_euclid(period), seed)
    };
    let low = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
    let high = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
    low * (1.0 - fy) + high * fy
}

/// Octaves of [`value`], each twice as fine and half as strong, scaled to 0..1.
pub(super) fn fractal(x: f64, y: f64, period: i64, octaves: u32, seed: u32) -> f64 {
    let mut sum = 0.0;
    let mut weight = 0.0;
    for octave in 0..octaves {
        let (fine, strength) = (f64::from(1u32 << octave), 0.5f64.powi(octave as i32));
        sum += strength * value(x * fine, y * fine, period << octave, seed.wrapping_add(octave));
        weight += strength;
    }
    sum / weight
}
