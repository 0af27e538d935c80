//! What the worker has done and must not forget: an append-only file, synced to disk before anything is sent.
//!
//! Layout: eight bytes of magic, then frames of `length u32 | CRC-32 u32 | JSON`, integers little-endian. A frame that is
//! cut short or does not match its checksum ends the journal: it was being written when the machine stopped, nothing was
//! sent on its strength, and opening truncates it. Opening also drops the leases that are over. The journal knows nothing
//! of the chain; the worker always believes the chain first.

use render_compute_client::address;
use serde::{Deserialize, Serialize};
use solana_address::Address;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"RCWJRNL1";
const HEADER: usize = 8;
/// No record comes near it; a longer frame is rubbish.
const MOST_FRAME: u32 = 1 << 20;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk refused.
    #[error("journal {path}: cannot {action}: {source}")]
    Disk {
        /// The file.
        path: String,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another worker uses it.
    #[error("journal {path}: another worker uses it; give this one its own --home")]
    Busy {
        /// The file.
        path: String,
    },
    /// It is some other file.
    #[error("journal {path}: not a journal of this worker; move it away or choose another --home")]
    Foreign {
        /// The file.
        path: String,
    },
    /// An earlier write failed, so what is on disk is unknown.
    #[error(
        "journal {path}: an earlier write failed, nothing may be sent any more; free the disk and restart the worker"
    )]
    Poisoned {
        /// The file.
        path: String,
    },
}

/// The bytes under a journal. [`FileStorage`] is the one in use; tests put a failing disk around it.
pub trait Storage: Send + Sync {
    /// Everything that was written.
    fn read(&mut self) -> io::Result<Vec<u8>>;
    /// Adds to the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when all that was appended is on disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the end off.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Puts other content in its place, wholly or not at all, and returns when it is on disk.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A file, locked against other workers for as long as it is open.
pub struct FileStorage {
    path: PathBuf,
    file: File,
    // Beside the journal, because replacing the journal would leave a lock on the old file.
    _lock: File,
}

impl FileStorage {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// The disk's, or [`JournalError::Busy`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let disk = |action| {
            let path = path.display().to_string();
            move |source| JournalError::Disk { path, action, source }
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(disk("create its folder"))?;
        }
        let lock_path = path.with_extension("lock");
        let lock = open_file(&lock_path).map_err(disk("open its lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy { path: path.display().to_string() }),
            Err(TryLockError::Error(source)) => return Err(disk("lock it")(source)),
        }
        let file = open_file(path).map_err(disk("open it"))?;
        Ok(Self { path: path.to_owned(), file, _lock: lock })
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Makes a rename or a new file in `folder` last.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Writes a file so that it is there wholly or not at all, also after a power cut.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    sync_folder(path)
}

impl Storage for FileStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.sync_all()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        write_whole(&self.path, bytes)?;
        self.file = open_file(&self.path)?;
        Ok(())
    }
}

/// One attempt at one lease, or an audit of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseKey {
    /// The lease account.
    pub lease: Address,
    /// Attempt number of the lease.
    pub attempt: u16,
    /// Index of the audit; `None` for the lease itself.
    pub audit: Option<u8>,
}

impl LeaseKey {
    /// The work of a lease's holder.
    pub fn of_lease(lease: Address, attempt: u16) -> Self {
        Self { lease, attempt, audit: None }
    }

    /// The work of a lease's auditor.
    pub fn of_audit(lease: Address, attempt: u16, index: u8) -> Self {
        Self { lease, attempt, audit: Some(index) }
    }

    /// The account that holds the work's commitment: the lease or the audit.
    pub fn account(&self) -> Address {
        match self.audit {
            Some(index) => address::audit(&self.lease, self.attempt, index),
            None => self.lease,
        }
    }
}

impl fmt::Display for LeaseKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.audit {
            Some(index) => write!(formatter, "audit {index} of lease {}", self.lease),
            None => write!(formatter, "lease {}", self.lease),
        }
    }
}

/// What a finished lease's result is, and what opens the commitment to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Merkle root over the units.
    #[serde(with = "digest_text")]
    pub root: [u8; 32],
    /// SHA-256 of the result blob.
    #[serde(with = "digest_text")]
    pub result: [u8; 32],
    /// Salt of the commitment.
    #[serde(with = "digest_text")]
    pub salt: [u8; 32],
}

/// What happened to a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Record {
    /// A claim is about to be sent.
    Claiming {
        /// The job account.
        #[serde(with = "address_text")]
        job: Address,
        /// Position in the job.
        index: u32,
    },
    /// The claim stands on chain.
    Claimed {
        /// Latest moment of the commitment, unix seconds.
        deadline: i64,
    },
    /// The result is rendered and kept; nobody knows it yet.
    Rendered(Sealed),
    /// The commitment stands on chain.
    Committed {
        /// Slot of the commitment.
        slot: u64,
    },
    /// The root is public; the result is in the blob store.
    Revealed,
    /// Paid.
    Accepted {
        /// Credits.
        value: u64,
    },
    /// Given back.
    Returned {
        /// Why.
        reason: String,
    },
    /// No longer this worker's: the claim was lost to another node, or a deadline passed.
    Lost {
        /// Why.
        reason: String,
    },
}

impl Record {
    fn is_last(&self) -> bool {
        matches!(self, Record::Accepted { .. } | Record::Returned { .. } | Record::Lost { .. })
    }
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(with = "address_text")]
    lease: Address,
    attempt: u16,
    /// Absent for leases, as in journals from before there were audits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<u8>,
    #[serde(flatten)]
    record: Record,
}

mod address_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use solana_address::Address;

    pub fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom("not an address"))
    }
}

mod digest_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(digest))
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let mut digest = [0; 32];
        hex::decode_to_slice(String::deserialize(deserializer)?, &mut digest).map_err(D::Error::custom)?;
        Ok(digest)
    }
}

/// The records of the leases that are not over, oldest first, and the file they are in.
pub struct Journal {
    storage: Box<dyn Storage>,
    path: String,
    length: u64,
    poisoned: bool,
    leases: BTreeMap<LeaseKey, Vec<Record>>,
}

impl Journal {
    /// Opens or creates the journal at `path`, drops a torn end and the leases that are over.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Self::on(Box::new(FileStorage::open(path)?), path.display().to_string())
    }

    /// The same on other storage; `path` is its name in errors.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn on(mut storage: Box<dyn Storage>, path: String) -> Result<Self, JournalError> {
        let disk = |action| {
            let path = path.clone();
            move |source| JournalError::Disk { path, action, source }
        };
        let bytes = storage.read().map_err(disk("read it"))?;
        // A file shorter than the magic was being created when the machine stopped.
        let whole_magic = bytes.len() >= MAGIC.len();
        if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) {
            return Err(JournalError::Foreign { path });
        }
        let (lines, good) = if whole_magic { decode(&bytes) } else { (Vec::new(), 0) };
        let mut leases: BTreeMap<LeaseKey, Vec<Record>> = BTreeMap::new();
        let read = lines.len();
        for line in lines {
            let key = LeaseKey { lease: line.lease, attempt: line.attempt, audit: line.audit };
            leases.entry(key).or_default().push(line.record);
        }
        leases.retain(|_, records| !records.last().is_some_and(Record::is_last));
        let kept: usize = leases.values().map(Vec::len).sum();
        let mut journal = Self { storage, path, length: good as u64, poisoned: false, leases };
        if !whole_magic || kept < read {
            journal.compact()?;
        } else if good < bytes.len() {
            journal.storage.truncate(journal.length).map_err(journal.disk("cut off its torn end"))?;
        }
        Ok(journal)
    }

    fn disk(&self, action: &'static str) -> impl FnOnce(io::Error) -> JournalError + use<> {
        let path = self.path.clone();
        move |source| JournalError::Disk { path, action, source }
    }

    fn compact(&mut self) -> Result<(), JournalError> {
        let mut bytes = MAGIC.to_vec();
        for (key, records) in &self.leases {
            for record in records {
                bytes.extend(encode(*key, record));
            }
        }
        self.storage.replace(&bytes).map_err(self.disk("rewrite it"))?;
        self.length = bytes.len() as u64;
        Ok(())
    }

    /// Writes a record and returns when it is on disk: only then may anything be sent on its strength.
    ///
    /// # Errors
    /// [`JournalError`]. After a failed sync nobody knows what is on disk, so every later write is refused.
    pub fn write(&mut self, key: LeaseKey, record: Record) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned { path: self.path.clone() });
        }
        let frame = encode(key, &record);
        if let Err(source) = self.storage.append(&frame) {
            // Part of the frame may be there; the next one must not follow it.
            self.poisoned = self.storage.truncate(self.length).is_err();
            return Err(self.disk("append to it")(source));
        }
        if let Err(source) = self.storage.sync() {
            self.poisoned = true;
            return Err(self.disk("sync it")(source));
        }
        self.length += frame.len() as u64;
        let last = record.is_last();
        self.leases.entry(key).or_default().push(record);
        if last {
            self.leases.remove(&key);
        }
        Ok(())
    }

    /// The leases that are not over.
    pub fn open_leases(&self) -> impl Iterator<Item = LeaseKey> + '_ {
        self.leases.keys().copied()
    }

    /// What happened to a lease, oldest first; nothing for one that is over.
    pub fn records(&self, key: LeaseKey) -> &[Record] {
        self.leases.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The result of a lease, once rendered.
    pub fn sealed(&self, key: LeaseKey) -> Option<Sealed> {
        self.records(key).iter().rev().find_map(|record| match record {
            Record::Rendered(sealed) => Some(*sealed),
            _ => None,
        })
    }

    /// Whether any record of a lease fulfils `test`.
    pub fn has(&self, key: LeaseKey, test: impl Fn(&Record) -> bool) -> bool {
        self.records(key).iter().any(test)
    }
}

fn encode(key: LeaseKey, record: &Record) -> Vec<u8> {
    let line = Line { lease: key.lease, attempt: key.attempt, audit: key.audit, record: record.clone() };
    let payload = serde_json::to_vec(&line).unwrap_or_default();
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend((payload.len() as u32).to_le_bytes());
    frame.extend(crc32fast::hash(&payload).to_le_bytes());
    frame.extend(payload);
    frame
}

/// The whole records after the magic, and where they end.
fn decode(bytes: &[u8]) -> (Vec<Line>, usize) {
    let mut lines = Vec::new();
    let mut at = MAGIC.len();
    while let Some((line, length)) = decode_frame(&bytes[at..]) {
        lines.push(line);
        at += length;
    }
    (lines, at)
}

fn decode_frame(bytes: &[u8]) -> Option<(Line, usize)> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let checksum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    if length == 0 || length > MOST_FRAME {
        return None;
    }
    let end = HEADER + length as usize;
    let payload = bytes.get(HEADER..end)?;
    if crc32fast::hash(payload) != checksum {
        return None;
    }
    Some((serde_json::from_slice(payload).ok()?, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn key(number: u8) -> LeaseKey {
        LeaseKey::of_lease(Address::new_from_array([number; 32]), u16::from(number))
    }

    fn claiming(number: u8) -> Record {
        Record::Claiming { job: Address::new_from_array([number; 32]), index: 7 }
    }

    const SEALED: Sealed = Sealed { root: [1; 32], result: [2; 32], salt: [3; 32] };

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal");
        (folder, path)
    }

    #[test]
    fn what_was_written_is_there_after_reopening() {
        let (_folder, path) = folder();
        let mut journal = Journal::open(&path).unwrap();
        journal.write(key(1), claiming(1)).unwrap();
        journal.write(key(1), Record::Claimed { deadline: -5 }).unwrap();
        journal.write(key(1), Record::Rendered(SEALED)).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.records(key(1)), [claiming(1), Record::Claimed { deadline: -5 }, Record::Rendered(SEALED)]);
        assert_eq!(journal.sealed(key(1)), Some(SEALED));
    }

    #[test]
    fn a_lease_and_its_audits_are_kept_apart() {
        let (_folder, path) = folder();
        let mut journal = Journal::open(&path).unwrap();
        let audits = [0, 1].map(|index| LeaseKey { audit: Some(index), ..key(1) });
        journal.write(key(1), claiming(1)).unwrap();
        journal.write(audits[0], claiming(2)).unwrap();
        journal.write(audits[1], claiming(3)).unwrap();
        journal.write(audits[0], Record::Lost { reason: "another node was first".into() }).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.open_leases().collect::<Vec<_>>(), [key(1), audits[1]]);
        assert_eq!(journal.records(audits[1]), [claiming(3)]);
    }

    #[test]
    fn a_journal_from_before_there_were_audits_opens_with_its_leases() {
        let (_folder, path) = folder();
        let lease = Address::new_from_array([1; 32]);
        let payload = format!(r#"{{"lease":"{lease}","attempt":1,"what":"claimed","deadline":7}}"#);
        let mut bytes = MAGIC.to_vec();
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(crc32fast::hash(payload.as_bytes()).to_le_bytes());
        bytes.extend(payload.as_bytes());
        std::fs::write(&path, &bytes).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.records(LeaseKey::of_lease(lease, 1)), [Record::Claimed { deadline: 7 }]);
        drop(journal);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing has to be rewritten");
    }

    #[test]
    fn a_tail_torn_at_any_byte_is_cut_off_and_the_records_before_it_stay() {
        let (_folder, path) = folder();
        let mut journal = Journal::open(&path).unwrap();
        journal.write(key(1), claiming(1)).unwrap();
        let good = std::fs::metadata(&path).unwrap().len();
        journal.write(key(2), claiming(2)).unwrap();
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        for length in good as usize..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            assert_eq!(journal.open_leases().collect::<Vec<_>>(), [key(1)], "torn at {length}");
            journal.write(key(3), claiming(3)).unwrap();
            drop(journal);
            let journal = Journal::open(&path).unwrap();
            assert_eq!(journal.open_leases().collect::<Vec<_>>(), [key(1), key(3)], "torn at {length}");
        }
    }

    #[test]
    fn a_file_torn_inside_its_magic_is_an_empty_journal() {
        let (_folder, path) = folder();
        for length in 0..MAGIC.len() {
            std::fs::write(&path, &MAGIC[..length]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            journal.write(key(1), claiming(1)).unwrap();
            drop(journal);
            assert_eq!(Journal::open(&path).unwrap().open_leases().count(), 1);
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_journal_before_the_damaged_record() {
        let (_folder, path) = folder();
        let mut journal = Journal::open(&path).unwrap();
        journal.write(key(1), claiming(1)).unwrap();
        let good = std::fs::metadata(&path).unwrap().len() as usize;
        journal.write(key(2), claiming(2)).unwrap();
        drop(journal);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[good + HEADER + 3] ^= 4;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Journal::open(&path).unwrap().open_leases().collect::<Vec<_>>(), [key(1)]);
    }

    #[test]
    fn leases_that_are_over_are_gone_after_reopening_and_the_file_shrinks() {
        let (_folder, path) = folder();
        let mut journal = Journal::open(&path).unwrap();
        for number in 1..=3 {
            journal.write(key(number), claiming(number)).unwrap();
        }
        journal.write(key(1), Record::Accepted { value: 5 }).unwrap();
        journal.write(key(2), Record::Returned { reason: "blob missing".into() }).unwrap();
        drop(journal);
        let before = std::fs::metadata(&path).unwrap().len();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.open_leases().collect::<Vec<_>>(), [key(3)]);
        assert!(std::fs::metadata(&path).unwrap().len() < before);
    }

    #[test]
    fn a_foreign_file_is_refused_and_left_alone() {
        let (_folder, path) = folder();
        std::fs::write(&path, b"holiday pictures").unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::Foreign { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"holiday pictures");
    }

    #[test]
    fn a_second_worker_cannot_open_the_same_journal() {
        let (_folder, path) = folder();
        let _first = Journal::open(&path).unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::Busy { .. })));
    }

    /// A disk that fails at a chosen operation, around the real file. Says what reached the platter: appended bytes
    /// count only after a sync.
    struct FailingDisk {
        inner: FileStorage,
        log: Arc<Mutex<Vec<&'static str>>>,
        fail: &'static str,
        keep: usize,
    }

    impl FailingDisk {
        fn step(&mut self, name: &'static str) -> io::Result<()> {
            self.log.lock().unwrap().push(name);
            if self.fail == name { Err(io::Error::other("disk full")) } else { Ok(()) }
        }
    }

    impl Storage for FailingDisk {
        fn read(&mut self) -> io::Result<Vec<u8>> {
            self.inner.read()
        }
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            if self.fail == "append" {
                self.inner.append(&bytes[..self.keep])?;
            }
            self.step("append")?;
            self.inner.append(bytes)
        }
        fn sync(&mut self) -> io::Result<()> {
            self.step("sync")?;
            self.inner.sync()
        }
        fn truncate(&mut self, length: u64) -> io::Result<()> {
            self.step("truncate")?;
            self.inner.truncate(length)
        }
        fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.inner.replace(bytes)
        }
    }

    fn failing(path: &Path, fail: &'static str) -> (Journal, Arc<Mutex<Vec<&'static str>>>) {
        let log = Arc::default();
        let disk = FailingDisk { inner: FileStorage::open(path).unwrap(), log: Arc::clone(&log), fail, keep: 5 };
        (Journal::on(Box::new(disk), path.display().to_string()).unwrap(), log)
    }

    #[test]
    fn a_write_returns_only_after_its_bytes_are_appended_and_then_synced() {
        let (_folder, path) = folder();
        let (mut journal, log) = failing(&path, "nothing");
        journal.write(key(1), claiming(1)).unwrap();
        journal.write(key(1), Record::Revealed).unwrap();
        assert_eq!(*log.lock().unwrap(), ["append", "sync", "append", "sync"]);
    }

    #[test]
    fn a_half_written_record_is_taken_back_so_that_the_next_one_is_readable() {
        let (_folder, path) = folder();
        let (mut journal, _) = failing(&path, "append");
        assert!(matches!(journal.write(key(1), claiming(1)), Err(JournalError::Disk { action: "append to it", .. })));
        assert_eq!(journal.records(key(1)), []);
        drop(journal);
        let mut journal = Journal::open(&path).unwrap();
        journal.write(key(2), claiming(2)).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().open_leases().collect::<Vec<_>>(), [key(2)]);
    }

    #[test]
    fn after_a_failed_sync_nothing_is_written_any_more() {
        let (_folder, path) = folder();
        let (mut journal, _) = failing(&path, "sync");
        assert!(matches!(journal.write(key(1), claiming(1)), Err(JournalError::Disk { action: "sync it", .. })));
        assert!(matches!(journal.write(key(2), claiming(2)), Err(JournalError::Poisoned { .. })));
        assert_eq!(journal.records(key(1)), []);
    }
}
