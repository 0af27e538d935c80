//! The operator's settings: defaults, then the file, then RENDER_WORKER_* variables, then flags; the later wins.
//!
//! Keys themselves are never settings, only the paths of their files. Addresses of services may hold credentials, so they
//! are shown without them.

use crate::backend::{BackendChoice, DeviceChoice};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    path::{Path, PathBuf},
};

/// Name of the settings file in the worker's home.
pub const SETTINGS_FILE: &str = "worker.toml";
/// Prefix of the environment variables.
pub const PREFIX: &str = "RENDER_WORKER_";
/// Read when `RENDER_WORKER_URL` is not set: the address that the project's other tools use.
pub const SHARED_URL: &str = "RENDER_COMPUTE_URL";

const HEADING: &str = "# Settings of render-worker. RENDER_WORKER_* variables and flags go before this file.\n";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read or written.
    #[error("{what} {path}: {reason}")]
    File {
        /// What it is.
        what: &'static str,
        /// Where.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A setting has a value that cannot be used.
    #[error("{field} ({origin}): {reason}")]
    Value {
        /// The setting.
        field: &'static str,
        /// Where the value came from.
        origin: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A variable that starts like a setting is none.
    #[error("{name}: there is no such setting; known are {known}")]
    Unknown {
        /// The variable.
        name: String,
        /// All settings.
        known: String,
    },
}

/// The address of a service, shown without user, password, path and query: those can be credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Endpoint(String);

impl Endpoint {
    /// Takes an address.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole address.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            // A path of this machine.
            return formatter.write_str(&self.0);
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, hidden) = rest.split_at(end);
        let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
        let ending = match hidden {
            "" | "/" => hidden,
            // A bucket's prefix is no secret; a path of an RPC node often is its key.
            path if scheme == "s3" || scheme == "file" => path.split(['?', '#']).next().unwrap_or_default(),
            _ => "/…",
        };
        write!(formatter, "{scheme}://{}{host}{ending}", if user.is_empty() { "" } else { "…@" })
    }
}

impl From<String> for Endpoint {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

macro_rules! settings {
    ($home:ident => $($field:ident : $type:ty = $default:expr, $doc:literal;)+) => {
        /// What an operator can set.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct Settings {
            $(#[doc = $doc] pub $field: $type,)+
        }

        /// Some of the settings: what one source says. `None` leaves a setting to the sources before.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, clap::Args)]
        #[serde(deny_unknown_fields, default)]
        pub struct Partial {
            $(#[doc = $doc] #[arg(long, global = true)] pub $field: Option<$type>,)+
        }

        /// Names of all settings.
        pub const NAMES: &[&str] = &[$(stringify!($field)),+];

        impl Settings {
            /// The settings of a worker whose files are in `home`.
            pub fn defaults($home: &Path) -> Self {
                Self { $($field: $default,)+ }
            }

            /// Replaces what `partial` says.
            pub fn apply(&mut self, partial: Partial) {
                $(if let Some(value) = partial.$field { self.$field = value; })+
            }
        }

        impl Partial {
            /// What the variables say: `RENDER_WORKER_` and the setting's name in capitals.
            ///
            /// # Errors
            /// A variable that is no setting, or a value that is not of its kind.
            pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, SettingsError> {
                let mut partial = Self::default();
                let mut shared = None;
                for (name, value) in variables {
                    if name == SHARED_URL {
                        shared = Some(Endpoint::new(value));
                        continue;
                    }
                    let Some(field) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
                    match field.as_str() {
                        // Where the file is cannot stand in the file.
                        "home" | "log" => {}
                        $(stringify!($field) => partial.$field = Some(read(stringify!($field), &name, &value)?),)+
                        _ => return Err(SettingsError::Unknown { name, known: NAMES.join(", ") }),
                    }
                }
                partial.url = partial.url.or(shared);
                Ok(partial)
            }
        }
    };
}

settings! {
    home =>
    url: Endpoint = Endpoint::new("http://127.0.0.1:8899"), "Address of the RPC node";
    ws: Endpoint = Endpoint::new(""), "Address of its websocket; derived from the RPC address when empty";
    store: Endpoint = Endpoint::new(home.join("blobs").display().to_string()), "Blob store: a folder or s3://bucket/prefix";
    identity: PathBuf = home.join("identity.json"), "Key file of this node, signs its work";
    keypair: PathBuf = wallet_path(), "Key file of the operator's wallet, owns the stake; not needed to run";
    data: PathBuf = home.join("data"), "Folder of the journal and of results that wait to be published";
    backend: BackendChoice = BackendChoice::Auto, "What renders";
    device: DeviceChoice = DeviceChoice::default(), "GPUs to render on, by number or the beginning of their UUID, with commas between; all when empty";
    threads: usize = 0, "Threads that render; 0 for one per core";
    queue: usize = 2, "Leases that may wait to be rendered, the one being rendered included";
    scene_cache: usize = 2, "Scenes kept in memory";
    max_scene_mib: u64 = 4_096, "Largest scene to take, MiB";
    poll_seconds: u64 = 15, "Seconds after which the chain is looked at without news of it, at least 2";
    claim_shares: bool = true, "Claim this node's share of every epoch as soon as it can be claimed";
    duties: bool = true, "Open and close epochs when nobody else does";
    audits: bool = true, "Compute leases of other operators again when the lottery picks them, for the same pay";
    probes: bool = true, "Open, expire and finish probes: this node's own, and others' for the opener's fee";
    measures: bool = true, "Measure the bandwidth of other operators' nodes when they are probed, while this node is enrolled";
    bandwidth_port: u16 = 0, "Port that peers measure this node's bandwidth at; 0 for none";
    bandwidth_listen: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED), "Address of this machine to listen at for them";
    private_peers: bool = false, "Measure nodes at addresses of private networks too: for test networks";
    reclaim_rent: bool = true, "Close lease and dispute accounts that nobody needs any more, for the rent this node paid";
}

fn wallet_path() -> PathBuf {
    std::env::home_dir().unwrap_or_default().join(".config/solana/id.json")
}

/// Reads a value as the settings file would, so that both agree about every kind.
fn read<T: for<'a> Deserialize<'a>>(field: &'static str, origin: &str, text: &str) -> Result<T, SettingsError> {
    let as_it_is = toml::Value::try_from(text).ok().and_then(|value| T::deserialize(value).ok());
    let as_value = || {
        T::deserialize(toml::de::ValueDeserializer::parse(text).map_err(|error| error.message().to_owned())?)
            .map_err(|error| error.message().to_owned())
    };
    match as_it_is {
        Some(value) => Ok(value),
        None => as_value().map_err(|reason| SettingsError::Value { field, origin: origin.to_owned(), reason }),
    }
}

impl Partial {
    /// What the settings file says; nothing when there is none.
    ///
    /// # Errors
    /// The file cannot be read, or says something that cannot be used.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let failed = |reason| SettingsError::File { what: "settings", path: path.display().to_string(), reason };
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| failed(error.to_string().trim_end().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

impl Settings {
    /// All sources together.
    ///
    /// # Errors
    /// The first value that cannot be used, with its origin.
    pub fn load(
        home: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: Partial,
    ) -> Result<Self, SettingsError> {
        let mut settings = Self::defaults(home);
        settings.apply(Partial::from_file(&home.join(SETTINGS_FILE))?);
        settings.apply(Partial::from_variables(variables)?);
        settings.apply(flags);
        settings.validate()?;
        Ok(settings)
    }

    fn validate(&self) -> Result<(), SettingsError> {
        let wrong =
            |field, reason: &str| Err(SettingsError::Value { field, origin: "settings".into(), reason: reason.into() });
        if self.queue == 0 {
            return wrong("queue", "0 leases would mean no work; set at least 1");
        }
        if self.scene_cache == 0 {
            return wrong("scene_cache", "a lease needs its scene; set at least 1");
        }
        if self.poll_seconds < 2 {
            return wrong("poll_seconds", "set at least 2, or an idle worker would burden the RPC node");
        }
        if self.url.reveal().is_empty() {
            return wrong("url", "it is empty; give the address of an RPC node");
        }
        Ok(())
    }

    /// Where the journal is.
    pub fn journal_path(&self) -> PathBuf {
        self.data.join("journal")
    }

    /// The settings file that gives these settings.
    pub fn to_file(&self) -> String {
        let text = toml::to_string(self).unwrap_or_default();
        format!("{HEADING}{text}")
    }
}

/// The worker's home when none is given.
pub fn default_home() -> PathBuf {
    std::env::home_dir().unwrap_or_default().join(".render-worker")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn home(file: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(SETTINGS_FILE), file).unwrap();
        home
    }

    #[test]
    fn the_file_goes_before_defaults_variables_before_the_file_and_flags_before_all() {
        let home = home("queue = 3\nthreads = 3\nscene_cache = 3\n");
        let env = variables(&[("RENDER_WORKER_THREADS", "4"), ("RENDER_WORKER_SCENE_CACHE", "4")]);
        let flags = Partial { scene_cache: Some(5), ..Partial::default() };
        let settings = Settings::load(home.path(), env, flags).unwrap();
        assert_eq!((settings.poll_seconds, settings.queue, settings.threads, settings.scene_cache), (15, 3, 4, 5));
    }

    #[test]
    fn the_shared_address_is_used_unless_the_workers_own_is_set() {
        let home = home("");
        let shared = ("RENDER_COMPUTE_URL", "http://a");
        let settings = Settings::load(home.path(), variables(&[shared]), Partial::default()).unwrap();
        assert_eq!(settings.url.reveal(), "http://a");
        let both = variables(&[("RENDER_WORKER_URL", "http://b"), shared]);
        assert_eq!(Settings::load(home.path(), both, Partial::default()).unwrap().url.reveal(), "http://b");
    }

    #[test]
    fn variables_are_read_by_the_kind_of_their_setting() {
        let home = home("");
        let env = variables(&[
            ("RENDER_WORKER_CLAIM_SHARES", "false"),
            ("RENDER_WORKER_BACKEND", "cpu"),
            ("RENDER_WORKER_DATA", "/tmp/1"),
            ("RENDER_WORKER_STORE", "7"),
            ("RENDER_WORKER_DEVICE", "1"),
        ]);
        let settings = Settings::load(home.path(), env, Partial::default()).unwrap();
        assert_eq!((settings.claim_shares, settings.backend), (false, BackendChoice::Cpu));
        assert_eq!((settings.data, settings.store.reveal()), (PathBuf::from("/tmp/1"), "7"));
        assert_eq!(settings.device, "1".parse().unwrap());
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_name_of_the_variable() {
        let home = home("");
        let error = Settings::load(home.path(), variables(&[("RENDER_WORKER_QUEUE", "many")]), Partial::default());
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("queue (RENDER_WORKER_QUEUE): "), "{text}");
    }

    #[test]
    fn an_unknown_setting_is_refused_in_the_file_and_in_variables() {
        let wrong = home("quue = 3\n");
        let text = Settings::load(wrong.path(), [], Partial::default()).unwrap_err().to_string();
        assert!(text.contains("quue"), "{text}");
        let right = home("");
        let env = variables(&[("RENDER_WORKER_QUUE", "3")]);
        let text = Settings::load(right.path(), env, Partial::default()).unwrap_err().to_string();
        assert!(text.contains("RENDER_WORKER_QUUE") && text.contains("queue"), "{text}");
    }

    #[test]
    fn settings_that_would_stop_the_worker_are_refused_by_name() {
        let home = home("");
        for (name, value) in [("QUEUE", "0"), ("SCENE_CACHE", "0"), ("POLL_SECONDS", "1"), ("URL", "")] {
            let env = vec![(format!("{PREFIX}{name}"), value.to_owned())];
            let text = Settings::load(home.path(), env, Partial::default()).unwrap_err().to_string();
            assert!(text.starts_with(&name.to_lowercase()), "{text}");
        }
    }

    #[test]
    fn credentials_in_addresses_are_not_shown() {
        for (address, shown) in [
            ("https://user:secret@rpc.example/key?api-key=secret", "https://…@rpc.example/…"),
            ("https://rpc.example/?api-key=secret", "https://rpc.example/…"),
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("s3://id:secret@bucket/prefix?token=secret", "s3://…@bucket/prefix"),
            ("/home/me/blobs", "/home/me/blobs"),
        ] {
            assert_eq!(format!("{:?}", Endpoint::new(address)), shown);
        }
        let home = home("url = \"https://rpc.example/secret\"\n");
        let settings = Settings::load(home.path(), [], Partial::default()).unwrap();
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn a_written_file_gives_the_same_settings() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = Settings::defaults(home.path());
        settings.queue = 7;
        settings.url = Endpoint::new("https://rpc.example/key");
        std::fs::write(home.path().join(SETTINGS_FILE), settings.to_file()).unwrap();
        assert_eq!(Settings::load(home.path(), [], Partial::default()).unwrap(), settings);
    }
}
