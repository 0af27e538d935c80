//! Results that may still be needed: one file per lease attempt or audit, beside the journal.
//!
//! They wait here and not in the blob store, because a store can be read by others and a result must stay unknown until its
//! root may be shown. They stay until the lease or audit is over: a dispute is played from them.

use crate::journal::{LeaseKey, write_whole};
use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
};

/// The folder of the results.
pub struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// Opens or creates the folder that belongs to a journal.
    ///
    /// # Errors
    /// The disk's.
    pub fn beside(journal: &Path) -> io::Result<Self> {
        let folder = journal.with_extension("results");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    fn path(&self, key: LeaseKey) -> PathBuf {
        let audit = key.audit.map(|index| format!("-{index}")).unwrap_or_default();
        self.folder.join(format!("{}-{}{audit}.result", key.lease, key.attempt))
    }

    /// Keeps a result; it is on disk when this returns.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self, key: LeaseKey, bytes: &[u8]) -> io::Result<()> {
        write_whole(&self.path(key), bytes)
    }

    /// Whether a result is here.
    pub fn has(&self, key: LeaseKey) -> bool {
        self.path(key).is_file()
    }

    /// A result's bytes.
    ///
    /// # Errors
    /// The disk's.
    pub fn read(&self, key: LeaseKey) -> io::Result<Vec<u8>> {
        std::fs::read(self.path(key))
    }

    /// Removes a result; one that is not here is no error.
    pub fn remove(&self, key: LeaseKey) {
        let path = self.path(key);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "a result that is no longer needed cannot be removed");
        }
    }

    /// Removes what belongs to no lease in `needed`: results of leases that ended while the worker was down.
    pub fn retain(&self, needed: impl IntoIterator<Item = LeaseKey>) {
        let needed: HashSet<PathBuf> = needed.into_iter().map(|key| self.path(key)).collect();
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if !needed.contains(&path)
                && let Err(error) = std::fs::remove_file(&path)
            {
                tracing::warn!(path = %path.display(), %error, "a result that is no longer needed cannot be removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_address::Address;

    fn key(number: u8) -> LeaseKey {
        LeaseKey::of_lease(Address::new_from_array([number; 32]), 0)
    }

    #[test]
    fn only_results_of_needed_leases_are_retained() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        let spool = Spool::beside(&journal).unwrap();
        for number in 1..=3 {
            spool.keep(key(number), &[number]).unwrap();
        }
        spool.retain([key(2)]);
        assert_eq!((spool.has(key(1)), spool.has(key(2)), spool.has(key(3))), (false, true, false));
        assert_eq!(spool.read(key(2)).unwrap(), [2]);
    }

    #[test]
    fn the_results_of_a_lease_and_of_its_audits_are_different_files() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::beside(&folder.path().join("journal")).unwrap();
        let audits = [0, 1].map(|index| LeaseKey { audit: Some(index), ..key(1) });
        for (content, key) in [key(1), audits[0], audits[1]].into_iter().enumerate() {
            spool.keep(key, &[content as u8]).unwrap();
        }
        assert_eq!(spool.read(key(1)).unwrap(), [0]);
        assert_eq!((spool.read(audits[0]).unwrap(), spool.read(audits[1]).unwrap()), (vec![1], vec![2]));
    }

    #[test]
    fn a_result_is_kept_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::beside(&folder.path().join("journal")).unwrap();
        spool.keep(key(1), b"radiance").unwrap();
        assert!(spool.has(key(1)));
        spool.remove(key(1));
        spool.remove(key(1));
        assert!(!spool.has(key(1)));
    }
}
