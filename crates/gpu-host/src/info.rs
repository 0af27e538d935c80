//! Which cards there are and what they are: read from the driver, without a context on any of them.

use std::ffi::{CStr, c_char, c_int};

use crate::driver::Driver;
use crate::error::GpuError;

/// `CU_DEVICE_ATTRIBUTE_*`.
mod attribute {
    pub(super) const CLOCK_KHZ: u32 = 13;
    pub(super) const MULTIPROCESSORS: u32 = 16;
    pub(super) const ECC: u32 = 32;
    pub(super) const MEMORY_CLOCK_KHZ: u32 = 36;
    pub(super) const MEMORY_BUS_BITS: u32 = 37;
    pub(super) const L2_BYTES: u32 = 38;
    pub(super) const CAPABILITY_MAJOR: u32 = 75;
    pub(super) const CAPABILITY_MINOR: u32 = 76;
    pub(super) const MULTIPROCESSOR_MEMORY: u32 = 81;
    pub(super) const BLOCK_MEMORY: u32 = 97;
}

/// The name that the emulated driver of the tests gives its devices.
const EMULATED: &str = "Emulated GPU";

/// A card, as its driver describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Number by which the driver counts it; changes when cards are added or hidden.
    pub ordinal: u32,
    /// Product name.
    pub name: String,
    /// `GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`; the card's for good.
    pub uuid: String,
    /// Its place on the bus as `nvidia-smi` writes it; empty where the driver does not say.
    pub bus: String,
    /// Compute capability, 80 for 8.0.
    pub capability: u32,
    /// All of its memory, in bytes.
    pub memory_bytes: u64,
    /// Multiprocessors.
    pub multiprocessors: u32,
    /// Highest clock of the multiprocessors, kHz.
    pub clock_khz: u32,
    /// Clock of the memory, kHz; two transfers are made in each.
    pub memory_clock_khz: u32,
    /// Width of the memory's bus, bits.
    pub memory_bus_bits: u32,
    /// Second-level cache, bytes.
    pub l2_bytes: u32,
    /// Most memory that a block can have, bytes.
    pub block_memory_bytes: u32,
    /// Memory that the blocks of one multiprocessor share, bytes.
    pub multiprocessor_memory_bytes: u32,
    /// Whether the memory corrects its errors.
    pub has_ecc: bool,
    /// CUDA version that the driver is for, 12040 for 12.4.
    pub driver_version: u32,
    /// Whether it is the tests' emulator and no card.
    pub is_emulated: bool,
}

impl DeviceInfo {
    /// The PTX that the card runs; an error that names the card if it is older than all of it.
    pub fn ptx(&self) -> Result<&'static gpu::ptx::Ptx, GpuError> {
        gpu::ptx::of(self.capability).ok_or_else(|| {
            GpuError::Unsupported(format!(
                "{} has compute capability {}.{}, the kernels need 7.5 (Turing) or newer",
                self.name,
                self.capability / 10,
                self.capability % 10
            ))
        })
    }

    /// Bytes per second between the card's memory and its multiprocessors, by clock and width.
    pub fn memory_bytes_per_second(&self) -> f64 {
        2.0 * f64::from(self.memory_clock_khz) * 1e3 * f64::from(self.memory_bus_bits) / 8.0
    }
}

/// All cards of the machine, also those that cannot run the kernels ([`DeviceInfo::ptx`] tells); not empty.
pub fn devices() -> Result<Vec<DeviceInfo>, GpuError> {
    let driver = Driver::get()?;
    let mut count = 0;
    // SAFETY: writes one number.
    driver.plain("cuDeviceGetCount", unsafe { (driver.device_count)(&mut count) })?;
    if count <= 0 {
        return Err(GpuError::NoDevice { reason: "the driver shows none; CUDA_VISIBLE_DEVICES may hide them".into() });
    }
    (0..count.unsigned_abs()).map(|ordinal| Ok(describe(driver, ordinal)?.1)).collect()
}

/// The driver's handle of a card, and the card.
pub(crate) fn describe(driver: &'static Driver, ordinal: u32) -> Result<(c_int, DeviceInfo), GpuError> {
    let mut device = 0;
    // SAFETY: writes one number.
    let code = unsafe { (driver.device_get)(&mut device, c_int::try_from(ordinal).unwrap_or(c_int::MAX)) };
    if code == 101 {
        return Err(GpuError::NoDevice { reason: format!("there is no device {ordinal}") });
    }
    driver.plain("cuDeviceGet", code)?;

    let number = |attribute: u32| -> Result<u32, GpuError> {
        let mut value = 0;
        // SAFETY: writes one number.
        driver.plain("cuDeviceGetAttribute", unsafe { (driver.device_attribute)(&mut value, attribute, device) })?;
        Ok(u32::try_from(value).unwrap_or(0))
    };
    // What only informs: a driver that does not say it is no reason to refuse the card.
    let hint = |attribute: u32| number(attribute).unwrap_or(0);

    let mut name = [0 as c_char; 256];
    // SAFETY: writes at most as many characters, the last one zero.
    driver.plain("cuDeviceGetName", unsafe { (driver.device_name)(name.as_mut_ptr(), name.len() as c_int, device) })?;
    let name = text_of(&name);
    let mut bus = [0 as c_char; 32];
    if let Some(function) = driver.device_bus {
        // SAFETY: as for the name; a failure leaves it empty.
        unsafe { function(bus.as_mut_ptr(), bus.len() as c_int, device) };
    }
    let mut uuid = [0; 16];
    // SAFETY: writes sixteen bytes.
    let code = unsafe { driver.device_uuid_of_part.unwrap_or(driver.device_uuid)(&mut uuid, device) };
    driver.plain("cuDeviceGetUuid", code)?;
    let mut bytes = 0;
    // SAFETY: writes one number.
    driver.plain("cuDeviceTotalMem", unsafe { (driver.device_memory)(&mut bytes, device) })?;

    let info = DeviceInfo {
        ordinal,
        uuid: uuid_text(uuid),
        bus: text_of(&bus),
        capability: number(attribute::CAPABILITY_MAJOR)? * 10 + number(attribute::CAPABILITY_MINOR)?,
        memory_bytes: bytes as u64,
        multiprocessors: number(attribute::MULTIPROCESSORS)?,
        clock_khz: hint(attribute::CLOCK_KHZ),
        memory_clock_khz: hint(attribute::MEMORY_CLOCK_KHZ),
        memory_bus_bits: hint(attribute::MEMORY_BUS_BITS),
        l2_bytes: hint(attribute::L2_BYTES),
        block_memory_bytes: number(attribute::BLOCK_MEMORY)?,
        multiprocessor_memory_bytes: hint(attribute::MULTIPROCESSOR_MEMORY),
        has_ecc: hint(attribute::ECC) != 0,
        driver_version: driver.version()?,
        is_emulated: name.starts_with(EMULATED),
        name,
    };
    Ok((device, info))
}

fn text_of(characters: &[c_char]) -> String {
    let bytes: Vec<u8> = characters.iter().map(|&character| character as u8).collect();
    CStr::from_bytes_until_nul(&bytes).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

fn uuid_text(bytes: [u8; 16]) -> String {
    let mut text = String::from("GPU");
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 0 | 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
pub(crate) fn example(capability: u32) -> DeviceInfo {
    DeviceInfo {
        ordinal: 0,
        name: "Example".into(),
        uuid: uuid_text([0; 16]),
        bus: String::new(),
        capability,
        memory_bytes: 85_520_809_984,
        multiprocessors: 132,
        clock_khz: 1_980_000,
        memory_clock_khz: 2_619_000,
        memory_bus_bits: 5120,
        l2_bytes: 52_428_800,
        block_memory_bytes: 232_448,
        multiprocessor_memory_bytes: 233_472,
        has_ecc: true,
        driver_version: 12_040,
        is_emulated: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_written_as_nvidia_smi_writes_it() {
        let bytes = std::array::from_fn(|index| 0x10 + index as u8);
        assert_eq!(uuid_text(bytes), "GPU-10111213-1415-1617-1819-1a1b1c1d1e1f");
    }

    #[test]
    fn a_card_older_than_turing_is_refused_by_name() {
        let error = example(70).ptx().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unsupported device: Example has compute capability 7.0, the kernels need 7.5 (Turing) or newer"
        );
        assert_eq!(example(75).ptx().unwrap().capability, 75);
        assert_eq!(example(120).ptx().unwrap().capability, 80);
    }

    #[test]
    fn an_h100_moves_three_terabytes_a_second() {
        assert_eq!(example(90).memory_bytes_per_second(), 3.35232e12);
    }
}
