//! Owns the check of a lease's result against the chain: who fetches a picture believes the root, not the blob store.

use kernels::attestation::lease_root;
use kernels::referee::Statement;
use kernels::render::{Frame, PIXEL_BYTES, trace};

use crate::CliError;

/// A lease as its result is checked.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    /// The lease's position in the job; errors name it.
    pub index: u32,
    /// First unit.
    pub first_unit: u64,
    /// Units in it.
    pub units: u32,
    /// The root that the node revealed.
    pub root: &'a [u8; 32],
}

/// Length of the result of some units.
pub fn result_bytes(frame: &Frame, first_unit: u64, units: u32) -> u64 {
    let pixels = (first_unit..).take(units as usize).map(|unit| u64::from(frame.unit_pixels(unit)));
    pixels.sum::<u64>().saturating_mul(PIXEL_BYTES as u64)
}

/// Recomputes what the node attested about every unit, and the lease's root, from the blob.
pub fn check(statement: &Statement, lease: Claimed<'_>, blob: &[u8]) -> Result<(), CliError> {
    let refuse = |reason: &str| {
        CliError::operation(format!(
            "lease {}: {reason}; the blob store gives something else than what the node attested",
            lease.index
        ))
    };
    let Statement { frame, pairs, triangles, .. } = statement;
    let mut units = Vec::with_capacity(lease.units as usize);
    let mut rest = blob;
    for unit in (lease.first_unit..).take(lease.units as usize) {
        let length = frame.unit_pixels(unit) as usize * PIXEL_BYTES;
        let (bytes, after) =
            rest.split_at_checked(length).ok_or_else(|| refuse("its result is shorter than its tiles"))?;
        let attested = trace::attest_bytes(frame, *pairs, *triangles, unit, bytes);
        units.push(attested.ok_or_else(|| refuse("its units are not those of the job"))?);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(refuse("its result is longer than its tiles"));
    }
    if lease_root(lease.first_unit, &units) != *lease.root {
        return Err(refuse("its result does not give the root on the chain"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: Statement = Statement {
        frame: Frame { width: 5, height: 3, tile: 2, samples: 1, max_bounces: 1, seed: 0 },
        image_root: [0; 32],
        leaf_count: 9,
        pairs: 1,
        triangles: 2,
    };

    fn lease() -> (Vec<u8>, [u8; 32]) {
        // Units 2 and 3: a tile of 1 x 2 pixels, then one of 2 x 1.
        let blob: Vec<u8> = (0..4 * 24).map(|byte| byte as u8).collect();
        let attested = |unit, bytes| trace::attest_bytes(&STATEMENT.frame, 1, 2, unit, bytes).unwrap();
        let units = [attested(2, &blob[..48]), attested(3, &blob[48..])];
        (blob, lease_root(2, &units))
    }

    #[test]
    fn a_result_that_gives_the_root_is_accepted() {
        let (blob, root) = lease();
        let claimed = Claimed { index: 1, first_unit: 2, units: 2, root: &root };
        assert_eq!(check(&STATEMENT, claimed, &blob), Ok(()));
    }

    #[test]
    fn a_changed_byte_is_refused_by_the_number_of_the_lease() {
        let (mut blob, root) = lease();
        blob[95] ^= 1;
        let claimed = Claimed { index: 1, first_unit: 2, units: 2, root: &root };
        let message = check(&STATEMENT, claimed, &blob).expect_err("changed").to_string();
        assert!(message.starts_with("lease 1: its result does not give the root"), "{message}");
    }

    #[test]
    fn a_result_of_another_length_is_refused() {
        let (mut blob, root) = lease();
        let claimed = Claimed { index: 1, first_unit: 2, units: 2, root: &root };
        assert!(check(&STATEMENT, claimed, &blob[..72]).is_err());
        blob.push(0);
        assert!(check(&STATEMENT, claimed, &blob).is_err());
    }
}
