//! Owns what a set-up may decide: the parameter files, their keys, and the two files that ship with the crate.
//! Must not know how a step carries a decision out.

use std::path::Path;
use std::str::FromStr;

use market_model::Parameters;
use market_model::parameters::SPECS;
use solana_address::Address;
use toml::{Table, Value};

use crate::MigrationError;

/// Where the RENDER mint comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MintSource {
    /// A mint that exists; it is verified and never changed.
    Existing(Address),
    /// A new mint for a local cluster. Its address follows from the authority's key.
    New {
        /// Whole RENDER minted to the authority before the network takes the mint over.
        faucet_render: u64,
    },
}

/// One key that may report the price of RENDER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// Whoever sets the network up.
    Authority,
    /// A key.
    Key(Address),
}

/// Everything that a set-up decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name of the cluster; names the ledger's file.
    pub cluster: String,
    /// Where the mint comes from.
    pub mint: MintSource,
    /// Start of epoch 1, unix seconds; the chain's time of step 2 when not given.
    pub genesis_at: Option<i64>,
    /// Owner of the operations token account; the authority when not given.
    pub operations: Option<Address>,
    /// The publisher set of the oracle.
    pub publishers: Vec<Publisher>,
    /// The network's parameters.
    pub parameters: Parameters,
}

/// Files that ship with the crate, by the names that `--parameters` takes.
const SHIPPED: [(&str, &str); 2] =
    [("local", include_str!("../parameters/local.toml")), ("mainnet", include_str!("../parameters/mainnet.toml"))];

impl Config {
    /// One of the shipped files by name (`local`, `mainnet`), else the file at that path.
    pub fn load(name_or_path: &str) -> Result<Self, MigrationError> {
        if let Some((_, text)) = SHIPPED.iter().find(|(name, _)| *name == name_or_path) {
            return Self::from_toml(text);
        }
        let text = std::fs::read_to_string(Path::new(name_or_path)).map_err(|error| {
            MigrationError::setting(
                "--parameters",
                format!("{name_or_path} cannot be read ({error}); give a file, `local` or `mainnet`"),
            )
        })?;
        Self::from_toml(&text)
    }

    /// Reads a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, MigrationError> {
        let mut file: Table = text
            .parse()
            .map_err(|error: toml::de::Error| MigrationError::setting("parameter file", error.message()))?;
        require_known(&file, "", &["cluster", "mint", "network", "oracle", "parameters"])?;
        let cluster = match file.remove("cluster") {
            None => "local".to_owned(),
            Some(value) => cluster_name(text_of("cluster", value)?)?,
        };
        let mut mint = section(&mut file, "mint", &["address", "faucet_render"])?;
        let mut network = section(&mut file, "network", &["genesis_at", "operations"])?;
        let mut oracle = section(&mut file, "oracle", &["publishers"])?;
        let names: Vec<&str> = SPECS.iter().map(|spec| spec.name).collect();
        let parameters = section(&mut file, "parameters", &names)?;
        let config = Self {
            cluster,
            mint: mint_source(mint.remove("address"), mint.remove("faucet_render"))?,
            genesis_at: network.remove("genesis_at").map(|value| genesis("network.genesis_at", value)).transpose()?,
            operations: network
                .remove("operations")
                .map(|value| address("network.operations", &text_of("network.operations", value)?))
                .transpose()?,
            publishers: publishers(oracle.remove("publishers"))?,
            parameters: parameters_over_defaults(&parameters)?,
        };
        config.validate()?;
        Ok(config)
    }

    /// Names the cluster.
    pub fn set_cluster(&mut self, name: &str) -> Result<(), MigrationError> {
        self.cluster = cluster_name(name.to_owned())?;
        Ok(())
    }

    /// Checks what the chain would refuse later with fewer words.
    pub fn validate(&self) -> Result<(), MigrationError> {
        if let Some(outside) = self.parameters.out_of_bounds() {
            return Err(MigrationError::setting(format!("parameters.{}", outside.spec.name), outside.to_string()));
        }
        self.parameters.validate().map_err(|error| MigrationError::setting("parameters", error.message()))?;
        let most = render_compute::constants::MAX_PUBLISHERS;
        if self.publishers.len() > most {
            let reason = format!("{} keys are more than the {most} that an oracle holds", self.publishers.len());
            return Err(MigrationError::setting("oracle.publishers", reason));
        }
        Ok(())
    }
}

/// A publisher as flags and files write it: `authority`, or a key in base58.
impl FromStr for Publisher {
    type Err = MigrationError;

    fn from_str(text: &str) -> Result<Self, MigrationError> {
        if text == "authority" {
            return Ok(Self::Authority);
        }
        address("oracle.publishers", text).map(Self::Key)
    }
}

fn parameters_over_defaults(table: &Table) -> Result<Parameters, MigrationError> {
    let mut values = Parameters::DEFAULT.values();
    for (spec, value) in SPECS.iter().zip(values.iter_mut()) {
        if let Some(given) = table.get(spec.name) {
            let field = format!("parameters.{}", spec.name);
            *value = whole(&field, given, &format!("a whole number of {}", spec.unit))?;
        }
    }
    Ok(Parameters::from_values(values))
}

fn mint_source(address_value: Option<Value>, faucet: Option<Value>) -> Result<MintSource, MigrationError> {
    match (address_value, faucet) {
        (Some(value), None) => address("mint.address", &text_of("mint.address", value)?).map(MintSource::Existing),
        (None, Some(value)) => {
            let faucet_render = whole("mint.faucet_render", &value, "a whole number of RENDER")?;
            Ok(MintSource::New { faucet_render })
        }
        (Some(_), Some(_)) => Err(MigrationError::setting(
            "mint",
            "an existing mint (address) has no faucet; give address or faucet_render, not both",
        )),
        (None, None) => {
            Err(MigrationError::setting("mint", "give address (an existing mint) or faucet_render (a new, local one)"))
        }
    }
}

fn publishers(value: Option<Value>) -> Result<Vec<Publisher>, MigrationError> {
    let field = "oracle.publishers";
    let wrong = || MigrationError::setting(field, "give a list of keys, or [\"authority\"]");
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.into_iter().map(|item| item.as_str().ok_or_else(wrong)?.parse()).collect(),
        Some(_) => Err(wrong()),
    }
}

fn section(file: &mut Table, name: &str, known: &[&str]) -> Result<Table, MigrationError> {
    let table = match file.remove(name) {
        None => Table::new(),
        Some(Value::Table(table)) => table,
        Some(_) => return Err(MigrationError::setting(name, format!("is a section: write [{name}]"))),
    };
    require_known(&table, &format!("{name}."), known)?;
    Ok(table)
}

fn require_known(table: &Table, prefix: &str, known: &[&str]) -> Result<(), MigrationError> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(MigrationError::setting(
            format!("{prefix}{key}"),
            format!("there is no such key here; the keys are {}", known.join(", ")),
        )),
    }
}

fn whole(field: &str, value: &Value, wanted: &str) -> Result<u64, MigrationError> {
    value
        .as_integer()
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| MigrationError::setting(field, format!("{value} is not {wanted}")))
}

fn genesis(field: &str, value: Value) -> Result<i64, MigrationError> {
    match value.as_integer() {
        Some(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(MigrationError::setting(field, format!("{value} is not a time in unix seconds"))),
    }
}

fn text_of(field: &str, value: Value) -> Result<String, MigrationError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(MigrationError::setting(field, format!("{other} is not a text in quotes"))),
    }
}

/// A cluster's name is a file name: letters, digits, dots and dashes.
fn cluster_name(name: String) -> Result<String, MigrationError> {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
    if name.is_empty() || !name.chars().all(plain) {
        let reason = format!("{name:?} is no name for a file; use letters, digits, - and _");
        return Err(MigrationError::setting("cluster", reason));
    }
    Ok(name)
}

/// An address in base58.
fn address(field: &str, text: &str) -> Result<Address, MigrationError> {
    Address::from_str(text)
        .map_err(|_| MigrationError::setting(field, format!("{text:?} is not an address (32 bytes in base58)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shipped_files_are_valid() {
        for (name, _) in SHIPPED {
            assert_eq!(Config::load(name).expect(name).cluster, name);
        }
    }

    #[test]
    fn a_parameter_that_is_not_named_keeps_its_default() {
        let config = Config::from_toml("[mint]\nfaucet_render = 1\n[parameters]\nlease_seconds = 60\n").expect("valid");
        assert_eq!(config.parameters, Parameters { lease_seconds: 60, ..Parameters::DEFAULT });
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_list_of_parameters() {
        let error = Config::from_toml("[mint]\nfaucet_render = 1\n[parameters]\nlease = 60\n").expect_err("unknown");
        let message = error.to_string();
        assert!(message.starts_with("parameters.lease: there is no such key"), "{message}");
        assert!(SPECS.iter().all(|spec| message.contains(spec.name)), "{message}");
    }

    #[test]
    fn an_unknown_section_is_refused_with_the_list_of_sections() {
        let message = Config::from_toml("[mints]\n").expect_err("unknown").to_string();
        assert_eq!(
            message,
            "mints: there is no such key here; the keys are cluster, mint, network, oracle, parameters"
        );
    }

    #[test]
    fn a_parameter_out_of_bounds_is_refused_with_its_bounds() {
        let text = "[mint]\nfaucet_render = 1\n[parameters]\nchallenge_seconds = 0\n";
        let message = Config::from_toml(text).expect_err("out of bounds").to_string();
        assert!(message.contains("challenge_seconds is 0 seconds, but must lie between 1 and"), "{message}");
    }

    #[test]
    fn a_fraction_is_refused_where_a_whole_number_is_due() {
        let text = "[mint]\nfaucet_render = 1\n[parameters]\nlease_seconds = 60.5\n";
        let message = Config::from_toml(text).expect_err("fraction").to_string();
        assert_eq!(message, "parameters.lease_seconds: 60.5 is not a whole number of seconds");
    }

    #[test]
    fn a_mint_is_either_existing_or_new() {
        assert!(Config::from_toml("[mint]\n").is_err());
        let both = "[mint]\naddress = \"11111111111111111111111111111111\"\nfaucet_render = 1\n";
        assert!(Config::from_toml(both).is_err());
    }

    #[test]
    fn a_cluster_name_cannot_leave_the_ledger_folder() {
        assert!(Config::from_toml("cluster = \"../x\"\n[mint]\nfaucet_render = 1\n").is_err());
    }
}
