//! Merkle proofs hold for every tree size, and no altered proof does.
#![allow(missing_docs)]

use kernels::merkle::*;
use proptest::prelude::*;

fn leaves(count: u8) -> Vec<Digest> {
    (0..count).map(|index| leaf(&[index; 64])).collect()
}

#[test]
fn the_hashes_are_those_of_rfc_6962() {
    let hex = |digest: Digest| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(hex(leaf(&[])), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

#[test]
fn bytes_have_the_root_of_their_leaves_in_order() {
    let bytes: Vec<u8> = (0..300_000_u32).map(|index| (index.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
    for length in [0, 1, LEAF_BYTES - 1, LEAF_BYTES, LEAF_BYTES + 1, 200 * LEAF_BYTES, bytes.len()] {
        let mut hashes = Vec::new();
        for first in (0..length).step_by(LEAF_BYTES) {
            hashes.push(leaf(&bytes[first..length.min(first + LEAF_BYTES)]));
        }
        assert_eq!(leaves_of(length as u64), hashes.len() as u64);
        assert_eq!(root_of_bytes(&bytes[..length]), root(&hashes), "{length} bytes");
    }
}

#[test]
fn every_leaf_of_every_tree_is_proved() {
    for count in 1..40 {
        let tree = Tree::new(leaves(count));
        assert_eq!(tree.root(), root(&leaves(count)));
        for (index, leaf) in (0..).zip(leaves(count)) {
            let proof = tree.proof(index).unwrap();
            assert!(verify(&tree.root(), index, u64::from(count), &leaf, &proof));
        }
        assert_eq!(tree.proof(u64::from(count)), None);
    }
}

#[test]
fn the_mutated_twin_of_a_proof_fails() {
    for count in 2..40_u8 {
        let leaves = leaves(count);
        let tree = Tree::new(leaves.clone());
        let (root, count) = (tree.root(), u64::from(count));
        for (index, leaf) in (0..).zip(&leaves) {
            let proof = tree.proof(index).unwrap();
            let mut altered = *leaf;
            altered[31] ^= 1;
            assert!(!verify(&root, index, count, &altered, &proof), "another leaf");
            assert!(!verify(&root, (index + 1) % count, count, leaf, &proof), "another place");
            assert!(!verify(&altered, index, count, leaf, &proof), "another root");
            assert!(!verify(&root, index, index, leaf, &proof), "a tree without the leaf");
            for place in 0..proof.len() {
                let mut altered = proof.clone();
                altered[place][0] ^= 0x80;
                assert!(!verify(&root, index, count, leaf, &altered), "another sibling");
            }
            let mut longer = proof.clone();
            longer.push([0; 32]);
            assert!(!verify(&root, index, count, leaf, &longer), "a sibling too many");
            assert!(!verify(&root, index, count, leaf, &proof[..proof.len() - 1]), "a sibling too few");
        }
    }
}

#[test]
fn the_nodes_of_a_division_give_the_root_of_what_they_divide() {
    for count in 1..200_u8 {
        let leaves = leaves(count);
        let tree = Tree::new(leaves.clone());
        let count = u64::from(count);
        assert_eq!(tree.root(), root_of(&mut leaves.clone()));
        // Downward: the whole tree, then below its last node and below its first one, until a node is a leaf.
        for last in [false, true] {
            let (mut first, mut covered, mut above) = (0, count, tree.root());
            loop {
                let size = chunk(covered, 16);
                assert!(size.is_power_of_two() && covered.div_ceil(size) <= 16);
                assert!(size == 1 || covered.div_ceil(size / 2) > 16, "the smallest that divides into 16");
                let nodes = tree.nodes(first, covered, size).unwrap();
                assert_eq!(nodes.len() as u64, covered.div_ceil(size));
                assert_eq!(root(&nodes), above);
                let pick = if last { nodes.len() - 1 } else { 0 };
                first += size * pick as u64;
                covered = size.min(count - first);
                above = nodes[pick];
                if size == 1 {
                    break;
                }
            }
            assert_eq!(above, leaves[first as usize]);
        }
    }
}

#[test]
fn only_divisions_of_whole_nodes_are_given() {
    let tree = Tree::new(leaves(21));
    assert!(tree.nodes(0, 22, 2).is_none(), "leaves that are not there");
    assert!(tree.nodes(1, 4, 2).is_none(), "begins inside a node");
    assert!(tree.nodes(0, 3, 2).is_none(), "ends inside a node");
    assert!(tree.nodes(0, 21, 3).is_none(), "no power of two");
    assert_eq!(tree.nodes(0, 21, 1 << 40), Some(vec![tree.root()]));
    assert_eq!(tree.nodes(16, 5, 2).unwrap().len(), 3);
    assert_eq!(chunk(0, 16), 1);
    assert_eq!(chunk(u64::MAX, 0), 1 << 63);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_multiproof_proves_what_single_proofs_prove_and_its_mutated_twins_fail(
        count in 1_u8..70,
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 1..=MOST_LEAVES),
        which in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let hashes = leaves(count);
        let tree = Tree::new(hashes.clone());
        let (root, total) = (tree.root(), u64::from(count));
        let indices: Vec<u64> = chosen.iter().map(|index| index.index(usize::from(count)) as u64)
            .collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let proved: Vec<(u64, Digest)> = indices.iter().map(|index| (*index, hashes[*index as usize])).collect();
        let proof = tree.multiproof(&indices).unwrap();
        prop_assert!(verify_multiproof(&root, total, &proved, &proof));
        // No longer than the single proofs together, and one leaf has exactly the single proof.
        let singles: Vec<Vec<Digest>> = indices.iter().map(|index| tree.proof(*index).unwrap()).collect();
        prop_assert!(proof.len() <= singles.iter().map(Vec::len).sum::<usize>());
        if let [single] = &singles[..] {
            prop_assert_eq!(&proof, single);
        }
        for ((index, hash), single) in proved.iter().zip(&singles) {
            prop_assert!(verify(&root, *index, total, hash, single));
        }

        let flip = |digest: &mut Digest| digest[bit / 8] ^= 1 << (bit % 8);
        let place = which.index(proved.len());
        let mut altered = proved.clone();
        flip(&mut altered[place].1);
        prop_assert!(!verify_multiproof(&root, total, &altered, &proof), "another leaf");
        let mut other = root;
        flip(&mut other);
        prop_assert!(!verify_multiproof(&other, total, &proved, &proof), "another root");
        if !proof.is_empty() {
            let mut altered = proof.clone();
            flip(&mut altered[which.index(proof.len())]);
            prop_assert!(!verify_multiproof(&root, total, &proved, &altered), "another sibling");
            prop_assert!(!verify_multiproof(&root, total, &proved, &proof[1..]), "a sibling too few");
        }
        let mut longer = proof.clone();
        longer.push([0; 32]);
        prop_assert!(!verify_multiproof(&root, total, &proved, &longer), "a sibling too many");
        let mut moved = proved.clone();
        moved[place].0 ^= 1;
        // A moved leaf may stand on another one's place, or outside.
        prop_assert!(!verify_multiproof(&root, total, &moved, &proof), "another place");
        prop_assert!(!verify_multiproof(&root, indices[indices.len() - 1], &proved, &proof), "a tree without the last");
        if proved.len() > 1 {
            let mut swapped = proved.clone();
            swapped.swap(0, 1);
            prop_assert!(!verify_multiproof(&root, total, &swapped, &proof), "out of order");
            let mut twice = proved.clone();
            twice[1] = twice[0];
            prop_assert!(!verify_multiproof(&root, total, &twice, &proof), "one leaf twice");
        }
    }
}

#[test]
fn a_multiproof_of_nothing_or_of_too_much_is_refused() {
    let tree = Tree::new(leaves(40));
    let root = tree.root();
    assert!(verify_multiproof(&root, 40, &[], &[]), "nothing is proved by nothing");
    assert!(!verify_multiproof(&root, 40, &[], &[root]));
    let many: Vec<u64> = (0..=MOST_LEAVES as u64).collect();
    assert_eq!(tree.multiproof(&many), None);
    let leaves: Vec<(u64, Digest)> = (0..).zip(leaves(40)).take(many.len()).collect();
    assert!(!verify_multiproof(&root, 40, &leaves, &[]));
    assert_eq!(tree.multiproof(&[2, 2]), None);
    assert_eq!(tree.multiproof(&[40]), None);
    assert_eq!(check_multiproof(&root, 40, &mut [(3, root), (2, root)], &[]), Err(MultiproofError::Order));
    assert_eq!(check_multiproof(&root, 40, &mut [(40, root)], &[]), Err(MultiproofError::Range));
    assert_eq!(check_multiproof(&root, 40, &mut [(1, root)], &[]), Err(MultiproofError::Length));
    assert_eq!(check_multiproof(&root, 1, &mut [(0, [0; 32])], &[]), Err(MultiproofError::Root));
}
