//! Broken files: whatever the bytes are, the importer answers with a scene or a sentence and never panics.

use std::sync::LazyLock;

use proptest::prelude::*;
use scene::{ImportOptions, Limits, import_bytes, write_glb};

/// A small file that has everything: textures, an environment, a lens, tangents.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut scene = scene::textured_still_life();
    scene.mesh.triangles.truncate(400);
    scene.mesh.material_of.truncate(400);
    for texture in &mut scene.textures {
        texture.texels.truncate(16);
        (texture.width, texture.height) = (4, 4);
    }
    write_glb(&scene).unwrap()
});

/// Small limits, so that a flipped count costs time in neither the importer nor the test.
fn options() -> ImportOptions {
    let limits = Limits { triangles: 10_000, vertices: 20_000, texels: 1 << 16, buffer_bytes: 1 << 22 };
    ImportOptions { limits, ..ImportOptions::default() }
}

/// Whatever is accepted is whole: the engine may only refuse what the importer leaves to it.
fn feed(bytes: &[u8]) {
    if let Ok(imported) = import_bytes(bytes, None, &options()) {
        let mesh = &imported.scene.mesh;
        assert!(mesh.triangles.iter().flatten().all(|vertex| (*vertex as usize) < mesh.positions.len()));
        assert!(mesh.positions.iter().flatten().all(|number| number.is_finite()));
        assert_eq!(mesh.uvs.len(), mesh.positions.len());
        assert_eq!(mesh.tangents.len(), mesh.positions.len());
        assert_eq!(mesh.normals.len(), mesh.positions.len());
    }
}

/// Length of the header, the head of the JSON chunk and the JSON itself.
fn json_end() -> usize {
    20 + u32::from_le_bytes([FILE[12], FILE[13], FILE[14], FILE[15]]) as usize
}

#[test]
fn the_unbroken_file_is_accepted() {
    import_bytes(&FILE, None, &options()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_anywhere_never_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..8)) {
        let mut bytes = FILE.clone();
        for (index, mask) in flips {
            let at = index.index(bytes.len());
            bytes[at] ^= mask;
        }
        feed(&bytes);
    }

    #[test]
    fn changed_digits_of_the_document_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"0123456789-e.".to_vec())), 1..6)
    ) {
        // Only digits are touched, so that most documents still parse and the numbers reach the checks behind.
        let mut bytes = FILE.clone();
        let digits: Vec<usize> = (20..json_end()).filter(|at| bytes[*at].is_ascii_digit()).collect();
        for (index, digit) in changes {
            bytes[digits[index.index(digits.len())]] = digit;
        }
        feed(&bytes);
    }

    #[test]
    fn a_truncated_file_is_refused(cut in 0usize..1_000_000) {
        let length = cut % FILE.len();
        prop_assert!(import_bytes(&FILE[..length], None, &options()).is_err());
    }

    #[test]
    fn a_truncated_file_with_mended_lengths_never_panics(cut in 0usize..1_000_000) {
        let start = json_end() + 8;
        let length = start + cut % (FILE.len() - start);
        let mut bytes = FILE[..length].to_vec();
        bytes[8..12].copy_from_slice(&(length as u32).to_le_bytes());
        bytes[start - 8..start - 4].copy_from_slice(&((length - start) as u32).to_le_bytes());
        feed(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        feed(&bytes);
    }
}
