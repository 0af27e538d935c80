//! What can go wrong with a card, told so that its operator knows what to do.

/// Why a card, or a call of its driver, did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// There is no driver that can be used: none installed, one too old, or one that does not start.
    #[error("no usable NVIDIA driver: {reason}")]
    NoDriver {
        /// What was found, and how to mend it.
        reason: String,
    },
    /// The driver works and has no such card to give.
    #[error("no CUDA device: {reason}")]
    NoDevice {
        /// What was asked for and what there is.
        reason: String,
    },
    /// The card, or its driver, cannot run the kernels.
    #[error("unsupported device: {0}")]
    Unsupported(String),
    /// The card's memory, or the host's page-locked memory, does not suffice; the card goes on working.
    #[error("out of device memory: {}", shortage(*.requested, *.free))]
    OutOfMemory {
        /// Bytes asked for; 0 where the driver asked for them itself.
        requested: u64,
        /// Bytes that were free then.
        free: u64,
    },
    /// The card stopped: its context and everything in its memory are gone. [`pool`](crate::pool) opens it again.
    #[error("device lost: {0}")]
    Lost(String),
    /// Another error of the driver.
    #[error("{call} failed with {code}: {text}")]
    Driver {
        /// The driver's function.
        call: &'static str,
        /// Its result.
        code: u32,
        /// The driver's name and words for it.
        text: String,
    },
    /// What was asked for cannot be done, or a kernel found a fault in its input.
    #[error("{0}")]
    Failed(String),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

fn shortage(requested: u64, free: u64) -> String {
    if requested == 0 {
        format!("a launch found too little, {free} bytes are free; close other programs on this card")
    } else {
        format!(
            "{requested} bytes were asked for, {free} are free; close other programs on this card or take less at once"
        )
    }
}

impl GpuError {
    /// Whether the work can be given to another device as it is: this one is gone or too small.
    pub fn concerns_device(&self) -> bool {
        matches!(self, GpuError::OutOfMemory { .. } | GpuError::Lost(_))
    }
}

/// What a result of the driver means for its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Done,
    OutOfMemory,
    Lost,
    Other,
}

/// By the numbers of `CUresult`, which never change. They are kept as numbers: a driver may be newer than any list.
pub(crate) fn meaning(code: u32) -> Meaning {
    match code {
        0 => Meaning::Done,
        2 => Meaning::OutOfMemory,
        // Deinitialised, unavailable, uncorrectable memory and link errors, contained error, context destroyed, and all
        // that a kernel can end with: after each of them every call on the context fails.
        4 | 46 | 201 | 214 | 220 | 226 | 700 | 702 | 709 | 710 | 714..=719 | 721 | 911 | 999 => Meaning::Lost,
        _ => Meaning::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_a_kernel_loses_the_device_and_a_refused_launch_does_not() {
        for code in [46, 214, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999] {
            assert_eq!(meaning(code), Meaning::Lost, "{code}");
        }
        for code in [1, 3, 100, 101, 218, 222, 400, 701, 704, 708, 712, 713, 720, 801] {
            assert_eq!(meaning(code), Meaning::Other, "{code}");
        }
        assert_eq!(meaning(0), Meaning::Done);
        assert_eq!(meaning(2), Meaning::OutOfMemory);
    }

    #[test]
    fn an_error_names_the_numbers_and_what_to_do() {
        let text = GpuError::OutOfMemory { requested: 70, free: 60 }.to_string();
        assert_eq!(
            text,
            "out of device memory: 70 bytes were asked for, 60 are free; close other programs on this card or take \
             less at once"
        );
        assert!(GpuError::OutOfMemory { requested: 0, free: 60 }.to_string().contains("60 bytes are free"));
    }
}
