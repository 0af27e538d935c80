//! Merkle proofs hold for every tree size, and no altered proof does.
#![allow(missing_docs)]

use kernels::merkle::*;

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
