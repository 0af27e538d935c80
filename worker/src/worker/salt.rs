//! Salts of commitments: unknown to everyone else, and the same again after a crash.
//!
//! A salt is a keyed hash of lease, attempt and audit under a key that only the identity's holder can compute. So a worker that lost
//! its journal after a commitment can render again, open the commitment, and keep its stake.

use crate::journal::LeaseKey;
use kernels::merkle::sha256;
use render_compute_client::Keypair;

pub(super) struct SaltKey([u8; 32]);

impl SaltKey {
    pub(super) fn of(identity: &Keypair) -> Self {
        Self(sha256(&[b"render-worker:salt-key", identity.secret_bytes()]))
    }

    pub(super) fn salt(&self, key: LeaseKey) -> [u8; 32] {
        // A lease's input stays as it was before there were audits: an open commitment must be found again.
        let audit = key.audit.map(|index| [index]);
        let audit = audit.as_ref().map_or(&[][..], |index| index);
        sha256(&[&self.0, key.lease.as_ref(), &key.attempt.to_le_bytes(), audit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_address::Address;

    #[test]
    fn salts_differ_by_identity_lease_and_attempt_and_come_again() {
        let key = LeaseKey::of_lease(Address::new_from_array([1; 32]), 0);
        let identity = Keypair::new_from_array([7; 32]);
        let salt = SaltKey::of(&identity).salt(key);
        assert_eq!(SaltKey::of(&identity).salt(key), salt);
        assert_ne!(SaltKey::of(&identity).salt(LeaseKey { attempt: 1, ..key }), salt);
        assert_ne!(SaltKey::of(&identity).salt(LeaseKey { audit: Some(0), ..key }), salt);
        assert_ne!(SaltKey::of(&identity).salt(LeaseKey { lease: Address::default(), ..key }), salt);
        assert_ne!(SaltKey::of(&Keypair::new_from_array([8; 32])).salt(key), salt);
    }
}
