//! The Merkle tree on a device against `kernels::merkle`.

mod common;

use gpu::merkle::{MerkleNodes, MerkleNodesArguments};
use gpu_host::Device;
use gpu_host::merkle::{Hasher, root};
use kernels::merkle::{self, Digest, LEAF_BYTES};
use kernels::probe::Key;

fn bytes(length: usize) -> Vec<u8> {
    let words = (0..length.div_ceil(16) as u64).flat_map(|index| Key([5, 6, 7, 8]).draw(index));
    words.flat_map(u32::to_le_bytes).take(length).collect()
}

/// A size as it is, and on an emulated device the other.
fn sized(device: &Device, size: usize, emulated: usize) -> usize {
    if device.info().is_emulated { emulated } else { size }
}

#[test]
fn a_root_on_the_device_is_the_root_on_the_processor_at_every_length() {
    let Some(device) = common::device() else { return };
    let content = bytes(140_000);
    let buffer = device.upload(&content).unwrap();
    // Around what fills one and two blocks, a leaf, two leaves, a block of threads and what one more makes of it.
    let lengths = [
        0,
        1,
        2,
        3,
        4,
        15,
        53,
        54,
        55,
        56,
        63,
        64,
        117,
        118,
        119,
        1013,
        1014,
        1015,
        1022,
        1023,
        1024,
        1025,
        2047,
        2048,
        2049,
        3073,
        9 * 1024,
        131_071,
        131_072,
        131_073,
        131_072 + 1024,
        140_000,
    ];
    for length in lengths {
        let expected = merkle::root_of_bytes(&content[..length]);
        assert_eq!(root(&device, &buffer, length as u64).unwrap(), expected, "{length} bytes");
    }
}

#[test]
fn a_large_root_is_the_root_on_the_processor() {
    let Some(device) = common::device() else { return };
    let content = bytes(sized(&device, 1_000_000_007, 700_003));
    let buffer = device.upload(&content).unwrap();
    assert_eq!(root(&device, &buffer, content.len() as u64).unwrap(), merkle::root_of_bytes(&content));
}

#[test]
fn a_part_of_a_buffer_has_its_own_root_and_one_hasher_serves_many() {
    let Some(device) = common::device() else { return };
    let content = bytes(20_000);
    let buffer = device.upload(&content).unwrap();
    let mut hasher = Hasher::new(&device, 20_000).unwrap();
    let mut roots = device.allocate::<Digest>(3).unwrap();
    let parts = [16..20_000, 1600..1600, 4096..5120];
    for (place, part) in parts.iter().cloned().enumerate() {
        hasher.root_into(&device, &buffer, part, &mut roots, place).unwrap();
    }
    for (part, digest) in parts.into_iter().zip(device.download(&roots).unwrap()) {
        assert_eq!(digest, merkle::root_of_bytes(&content[part.start as usize..part.end as usize]), "{part:?}");
    }
}

#[test]
fn nodes_any_number_of_levels_up_are_those_of_the_tree() {
    let Some(device) = common::device() else { return };
    let counts = if device.info().is_emulated { vec![1, 2, 3, 33, 511, 515] } else { vec![1, 2, 3, 511, 513, 99_999] };
    for count in counts {
        let digests: Vec<Digest> = bytes(32 * count).chunks(32).map(|chunk| chunk.try_into().unwrap()).collect();
        let from = device.upload(&digests).unwrap();
        let mut above = digests;
        for levels in 1..=MerkleNodes::MOST_LEVELS {
            above = above.chunks(2).map(merkle::root).collect();
            let to = device.allocate::<Digest>(above.len()).unwrap();
            let arguments =
                MerkleNodesArguments { from: from.pointer(), to: to.pointer(), count: count as u64, levels };
            let blocks = (MerkleNodes::blocks(count as u64) as u32, 1);
            // SAFETY: both buffers are as large as the count and the levels ask.
            unsafe { device.launch(MerkleNodes, blocks, MerkleNodes::BLOCK_MEMORY, &arguments).unwrap() };
            assert_eq!(device.download(&to).unwrap(), above, "{levels} levels above {count}");
        }
    }
}

#[test]
fn a_leaf_of_a_tree_from_the_device_is_proved_to_the_root() {
    let Some(device) = common::device() else { return };
    let content = bytes(5 * LEAF_BYTES + 77);
    let buffer = device.upload(&content).unwrap();
    let tree = Hasher::new(&device, 6 * 1024).unwrap().tree(&device, &buffer, 0..content.len() as u64).unwrap();
    let root = root(&device, &buffer, content.len() as u64).unwrap();
    for (index, chunk) in (0..).zip(content.chunks(LEAF_BYTES)) {
        assert!(merkle::verify(&root, index, 6, &merkle::leaf(chunk), &tree.proof(index).unwrap()), "leaf {index}");
    }
}

#[test]
fn what_the_buffer_or_the_hasher_does_not_hold_is_refused() {
    let Some(device) = common::device() else { return };
    let buffer = device.upload(&bytes(4096)).unwrap();
    let mut hasher = Hasher::new(&device, 2048).unwrap();
    let mut refused = |bytes| hasher.root(&device, &buffer, bytes).unwrap_err().to_string();
    assert_eq!(refused(0..4097), "bytes 0..4097 of a buffer of 4096");
    assert_eq!(refused(0..4096), "4096 bytes: there is room for a tree over 2048");
    assert_eq!(refused(8..32), "bytes from 8: a tree begins at a multiple of 16");
}

#[test]
fn no_measured_rate_is_above_what_the_device_allows() {
    let Some(device) = common::device() else { return };
    for row in gpu_host::measure::merkle::rows(&device).unwrap() {
        let value = row.value.unwrap();
        assert!(value > 0.0 && row.floor.is_none_or(|floor| value <= floor), "{row:?}");
    }
}
