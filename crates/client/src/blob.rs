//! The blob store: scenes, manifests and results under their SHA-256. Nobody is trusted: what does not hash to its name is
//! never given out.

use crate::manifest::Digest;
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{
    ObjectStore, PutPayload, aws::AmazonS3Builder, local::LocalFileSystem, path::Path as ObjectPath,
    prefix::PrefixStore,
};
use sha2::{Digest as _, Sha256};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::io::AsyncWriteExt;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The setting does not name a store.
    #[error("store `{location}`: {reason}")]
    Setting {
        /// The setting.
        location: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Nobody has put it there.
    #[error("the store at {location} has no blob {digest}")]
    Missing {
        /// Where.
        location: String,
        /// Name.
        digest: Digest,
    },
    /// The store's content is not what its name says.
    #[error("the blob {digest} in the store at {location} was changed or damaged: its content hashes to {found}")]
    Tampered {
        /// Where.
        location: String,
        /// Name.
        digest: Digest,
        /// What it hashes to.
        found: Digest,
    },
    /// It has another length than expected.
    #[error("the blob {digest} in the store at {location} has {found} bytes, not {expected}")]
    WrongLength {
        /// Where.
        location: String,
        /// Name.
        digest: Digest,
        /// Bytes it should have.
        expected: u64,
        /// Bytes it has.
        found: u64,
    },
    /// Reading or writing failed.
    #[error("the store at {location} failed: {reason}")]
    Failed {
        /// Where.
        location: String,
        /// The store's own words.
        reason: String,
    },
    /// The local file that a blob is copied to or from failed.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        reason: std::io::Error,
    },
}

/// A store of blobs by digest. Cheap to clone.
#[derive(Clone)]
pub struct BlobStore {
    store: Arc<dyn ObjectStore>,
    location: Arc<str>,
}

impl fmt::Debug for BlobStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("BlobStore").field(&self.location).finish()
    }
}

impl BlobStore {
    /// Opens the store that a setting names: a folder (made when missing), `file:///folder`, or `s3://bucket/prefix`.
    ///
    /// Keys, region and endpoint of an S3-compatible store come from the usual environment variables (`AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`).
    pub fn open(location: &str) -> Result<Self, BlobError> {
        let setting = |reason: String| BlobError::Setting { location: location.to_owned(), reason };
        match location.split_once("://") {
            Some(("file", folder)) => Self::open_folder(folder),
            Some(("s3", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(setting("name a bucket: s3://bucket/prefix".to_owned()));
                }
                let bucket = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .build()
                    .map_err(|error| setting(error.to_string()))?;
                let prefix = ObjectPath::parse(prefix).map_err(|error| setting(error.to_string()))?;
                Ok(Self { store: Arc::new(PrefixStore::new(bucket, prefix)), location: location.into() })
            }
            Some((scheme, _)) => {
                Err(setting(format!("`{scheme}` is no kind of store; give a folder or s3://bucket/prefix")))
            }
            None => Self::open_folder(location),
        }
    }

    /// Opens a folder of the local file system, making it when missing.
    pub fn open_folder(folder: impl AsRef<Path>) -> Result<Self, BlobError> {
        let folder = folder.as_ref();
        let setting = |reason: String| BlobError::Setting { location: folder.display().to_string(), reason };
        if folder.as_os_str().is_empty() {
            return Err(setting("the path is empty; give a folder or s3://bucket/prefix".to_owned()));
        }
        std::fs::create_dir_all(folder).map_err(|error| setting(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| setting(error.to_string()))?;
        Ok(Self { store: Arc::new(store), location: folder.display().to_string().into() })
    }

    /// Where it is, for messages; no secrets.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Stores bytes under their digest. Doing so again changes nothing, and mends a damaged copy.
    pub async fn put(&self, bytes: impl Into<Bytes>) -> Result<Digest, BlobError> {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        self.store.put(&object(&digest), PutPayload::from_bytes(bytes)).await.map_err(|error| self.failed(&error))?;
        Ok(digest)
    }

    /// The blob of a digest, whole.
    pub async fn get(&self, digest: &Digest) -> Result<Bytes, BlobError> {
        self.read(digest, None).await
    }

    /// The blob of a digest if it has `expected` bytes; any other length is refused before it is loaded.
    pub async fn get_sized(&self, digest: &Digest, expected: u64) -> Result<Bytes, BlobError> {
        self.read(digest, Some(expected)).await
    }

    /// Whether the store has a blob of this name. Only reading it shows whether it is intact.
    pub async fn has(&self, digest: &Digest) -> Result<bool, BlobError> {
        match self.store.head(&object(digest)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Copies a blob into a file without holding it in memory. The file appears only when it is whole and intact.
    pub async fn get_to_file(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        let found = self.store.get(&object(digest)).await.map_err(|error| self.missing(digest, &error))?;
        let file_error = |reason| BlobError::File { path: path.to_owned(), reason };
        // Beside the target, so that the last step is a rename; named by the process, so that two do not share it.
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(name);
        let copied = self.copy(digest, found, &part, &file_error).await;
        let placed = match copied {
            Ok(length) => tokio::fs::rename(&part, path).await.map(|()| length).map_err(file_error),
            Err(error) => Err(error),
        };
        if placed.is_err() {
            // What is left of a failed copy is of no use to anybody.
            let _ = tokio::fs::remove_file(&part).await;
        }
        placed
    }

    async fn copy(
        &self,
        digest: &Digest,
        found: object_store::GetResult,
        part: &Path,
        file_error: &(impl Fn(std::io::Error) -> BlobError + Sync),
    ) -> Result<u64, BlobError> {
        let mut file = tokio::fs::File::create(part).await.map_err(file_error)?;
        let mut stream = found.into_stream();
        let (mut hash, mut length) = (Sha256::new(), 0);
        while let Some(chunk) = stream.try_next().await.map_err(|error| self.failed(&error))? {
            hash.update(&chunk);
            length += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(file_error)?;
        }
        file.sync_all().await.map_err(file_error)?;
        self.check(digest, Digest(hash.finalize().into()))?;
        Ok(length)
    }

    async fn read(&self, digest: &Digest, expected: Option<u64>) -> Result<Bytes, BlobError> {
        let found = self.store.get(&object(digest)).await.map_err(|error| self.missing(digest, &error))?;
        if let Some(expected) = expected
            && found.meta.size != expected
        {
            let (location, found) = (self.location.to_string(), found.meta.size);
            return Err(BlobError::WrongLength { location, digest: *digest, expected, found });
        }
        let bytes = found.bytes().await.map_err(|error| self.failed(&error))?;
        self.check(digest, Digest::of(&bytes))?;
        Ok(bytes)
    }

    fn check(&self, digest: &Digest, found: Digest) -> Result<(), BlobError> {
        if *digest == found {
            return Ok(());
        }
        Err(BlobError::Tampered { location: self.location.to_string(), digest: *digest, found })
    }

    fn missing(&self, digest: &Digest, error: &object_store::Error) -> BlobError {
        match error {
            object_store::Error::NotFound { .. } => {
                BlobError::Missing { location: self.location.to_string(), digest: *digest }
            }
            other => self.failed(other),
        }
    }

    fn failed(&self, error: &object_store::Error) -> BlobError {
        BlobError::Failed { location: self.location.to_string(), reason: error.to_string() }
    }
}

/// Name of a blob in the store: two levels, because file systems and people dislike folders of a million files.
fn object(digest: &Digest) -> ObjectPath {
    let name = digest.to_string();
    ObjectPath::from_iter([&name[..2], &name[..]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, BlobStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path().to_str().unwrap()).unwrap();
        (folder, store)
    }

    fn file_of(folder: &tempfile::TempDir, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        folder.path().join(&name[..2]).join(name)
    }

    #[tokio::test]
    async fn what_was_put_comes_back() {
        let (_folder, store) = store();
        for bytes in [&b""[..], b"abc", &[7; 100_000]] {
            let digest = store.put(bytes.to_vec()).await.unwrap();
            assert_eq!(digest, Digest::of(bytes));
            assert_eq!(store.get(&digest).await.unwrap(), bytes);
            assert!(store.has(&digest).await.unwrap());
        }
    }

    #[tokio::test]
    async fn putting_twice_is_putting_once() {
        let (_folder, store) = store();
        let first = store.put(&b"abc"[..]).await.unwrap();
        assert_eq!(store.put(&b"abc"[..]).await.unwrap(), first);
        assert_eq!(store.get(&first).await.unwrap(), &b"abc"[..]);
    }

    #[tokio::test]
    async fn a_changed_blob_is_never_given_out() {
        let (folder, store) = store();
        let digest = store.put(&b"honest result"[..]).await.unwrap();
        std::fs::write(file_of(&folder, &digest), b"forged  result").unwrap();
        assert!(matches!(store.get(&digest).await, Err(BlobError::Tampered { .. })));
        let target = folder.path().join("copy");
        assert!(matches!(store.get_to_file(&digest, &target).await, Err(BlobError::Tampered { .. })));
        assert!(!target.exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no part of the copy may stay");
        store.put(&b"honest result"[..]).await.unwrap();
        assert_eq!(store.get(&digest).await.unwrap(), &b"honest result"[..]);
    }

    #[tokio::test]
    async fn a_blob_nobody_put_is_missing() {
        let (folder, store) = store();
        let digest = Digest([3; 32]);
        assert!(!store.has(&digest).await.unwrap());
        let error = store.get(&digest).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the store at {} has no blob {digest}", folder.path().display()));
    }

    #[tokio::test]
    async fn a_blob_of_another_length_is_refused() {
        let (_folder, store) = store();
        let digest = store.put(&b"abc"[..]).await.unwrap();
        assert!(matches!(store.get_sized(&digest, 4).await, Err(BlobError::WrongLength { found: 3, .. })));
        assert_eq!(store.get_sized(&digest, 3).await.unwrap(), &b"abc"[..]);
    }

    #[tokio::test]
    async fn a_blob_can_be_copied_to_a_file() {
        let (folder, store) = store();
        let bytes = vec![9; 3_000_000];
        let digest = store.put(bytes.clone()).await.unwrap();
        let target = folder.path().join("copy");
        assert_eq!(store.get_to_file(&digest, &target).await.unwrap(), 3_000_000);
        assert_eq!(std::fs::read(target).unwrap(), bytes);
    }

    #[test]
    fn a_setting_that_names_no_store_is_explained() {
        for (location, sentence) in [
            ("ftp://host/x", "store `ftp://host/x`: `ftp` is no kind of store; give a folder or s3://bucket/prefix"),
            ("s3://", "store `s3://`: name a bucket: s3://bucket/prefix"),
            ("", "store ``: the path is empty; give a folder or s3://bucket/prefix"),
        ] {
            assert_eq!(BlobStore::open(location).unwrap_err().to_string(), sentence);
        }
    }
}
