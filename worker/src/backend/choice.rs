//! Which GPUs an operator chooses, by number or by UUID.

use super::detect::Gpu;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The GPUs to use; all that can be used when nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceChoice(Vec<Named>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Ordinal(u32),
    /// The beginning of a UUID, with `GPU-`, in small letters after it.
    Uuid(String),
}

impl DeviceChoice {
    /// Whether no GPU is named.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Ordinals of the chosen ones among `gpus`, ascending. Where none is named, those that are too old are left out.
    ///
    /// # Errors
    /// In a sentence, a name that fits none or more than one, or a GPU that cannot be used.
    pub fn select(&self, gpus: &[Gpu]) -> Result<Vec<u32>, String> {
        let is_usable = |gpu: &&Gpu| gpu::ptx::of(gpu.capability).is_some();
        if self.is_all() {
            return Ok(gpus.iter().filter(is_usable).map(|gpu| gpu.ordinal).collect());
        }
        let mut ordinals = Vec::new();
        for named in &self.0 {
            let fitting: Vec<&Gpu> = gpus.iter().filter(|gpu| named.fits(gpu)).collect();
            match fitting.as_slice() {
                [gpu] if is_usable(gpu) => ordinals.push(gpu.ordinal),
                [gpu] => {
                    return Err(format!("GPU {named} ({}) is too old: compute capability 7.5 is needed", gpu.name));
                }
                [] => return Err(format!("there is no GPU {named}; there are {}", list(gpus))),
                _ => return Err(format!("{named} is the beginning of more than one UUID; there are {}", list(gpus))),
            }
        }
        ordinals.sort_unstable();
        ordinals.dedup();
        Ok(ordinals)
    }
}

fn list(gpus: &[Gpu]) -> String {
    if gpus.is_empty() {
        return "none".into();
    }
    gpus.iter().map(|gpu| format!("{} ({}, {})", gpu.ordinal, gpu.name, gpu.uuid)).collect::<Vec<_>>().join("; ")
}

impl Named {
    fn fits(&self, gpu: &Gpu) -> bool {
        match self {
            Self::Ordinal(ordinal) => gpu.ordinal == *ordinal,
            Self::Uuid(beginning) => gpu.uuid.starts_with(beginning.as_str()),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinal(ordinal) => write!(formatter, "{ordinal}"),
            Self::Uuid(beginning) => formatter.write_str(beginning),
        }
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(ordinal) = text.parse() {
            return Ok(Self::Ordinal(ordinal));
        }
        let digits = text.strip_prefix("GPU-").filter(|digits| !digits.is_empty());
        match digits {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') => {
                Ok(Self::Uuid(format!("GPU-{}", digits.to_ascii_lowercase())))
            }
            _ => Err(format!("{text:?} is no GPU; write its number, as 0, or the beginning of its UUID, as GPU-5a3f")),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        Ok(Self(text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>()?))
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, named) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{named}")?;
        }
        Ok(())
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(ordinal: u32, uuid: &str, capability: u32) -> Gpu {
        let (name, uuid) = (format!("Card {ordinal}"), uuid.to_owned());
        Gpu { ordinal, name, uuid, memory_bytes: 1 << 30, capability, driver_version: 12_040 }
    }

    fn select(choice: &str) -> Result<Vec<u32>, String> {
        let gpus = [gpu(0, "GPU-5a3f00", 90), gpu(1, "GPU-5a3f11", 75), gpu(2, "GPU-0badca", 70)];
        choice.parse::<DeviceChoice>().expect("it can be read").select(&gpus)
    }

    #[test]
    fn all_gpus_that_can_be_used_are_used_unless_some_are_named() {
        assert_eq!(select(""), Ok(vec![0, 1]));
        assert_eq!(select("1"), Ok(vec![1]));
        assert_eq!(select(" 1, 0,1"), Ok(vec![0, 1]));
        assert_eq!(select("GPU-5A3F1"), Ok(vec![1]));
        assert_eq!(DeviceChoice::default().select(&[]), Ok(Vec::new()));
    }

    #[test]
    fn a_name_that_fits_no_gpu_or_two_is_refused_with_those_that_are_there() {
        assert_eq!(
            select("3").unwrap_err(),
            "there is no GPU 3; there are 0 (Card 0, GPU-5a3f00); 1 (Card 1, GPU-5a3f11); 2 (Card 2, GPU-0badca)"
        );
        assert!(select("GPU-5a3f").unwrap_err().starts_with("GPU-5a3f is the beginning of more than one UUID"));
        assert!(select("2").unwrap_err().contains("too old"));
    }

    #[test]
    fn what_is_neither_a_number_nor_the_beginning_of_a_uuid_is_refused() {
        for text in ["first", "GPU-", "GPU-xyz", "0,,1", "-1"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_choice_is_written_as_it_is_read() {
        for text in ["", "0", "0,GPU-5a3f"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
    }
}
