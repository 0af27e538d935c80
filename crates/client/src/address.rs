//! Where things are: the program-derived addresses of every account, and the well-known programs.

use render_compute::constants::*;
use solana_address::Address;

/// The market program.
pub const PROGRAM: Address = render_compute::ID;
/// System program.
pub const SYSTEM_PROGRAM: Address = Address::from_str_const("11111111111111111111111111111111");
/// SPL Token program.
pub const TOKEN_PROGRAM: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// SPL Associated Token Account program.
pub const ASSOCIATED_TOKEN_PROGRAM: Address = Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
/// Loader that owns the market program.
pub const UPGRADEABLE_LOADER: Address = Address::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
/// Clock sysvar.
pub const CLOCK: Address = Address::from_str_const("SysvarC1ock11111111111111111111111111111111");
/// SlotHashes sysvar.
pub const SLOT_HASHES: Address = Address::from_str_const("SysvarS1otHashes111111111111111111111111111");
/// Rent sysvar.
pub const RENT: Address = Address::from_str_const("SysvarRent111111111111111111111111111111111");

fn derive(seeds: &[&[u8]]) -> Address {
    Address::find_program_address(seeds, &PROGRAM).0
}

/// The one network account; also the authority of the RENDER mint and the owner of the stake vault.
pub fn network() -> Address {
    derive(&[SEED_NETWORK])
}

/// The token account that holds every node's stake.
pub fn stake_vault() -> Address {
    derive(&[SEED_STAKE_VAULT])
}

/// The emission schedule.
pub fn schedule() -> Address {
    derive(&[SEED_SCHEDULE])
}

/// The publisher-set oracle.
pub fn oracle() -> Address {
    derive(&[SEED_ORACLE])
}

/// An engine by its id, see [`engine_id`].
pub fn engine(id: &[u8; 16]) -> Address {
    derive(&[SEED_ENGINE, id])
}

/// The id of an engine's name: zero-padded ASCII. `None` when the name is empty, longer than 16 bytes or not ASCII.
pub const fn engine_id(name: &str) -> Option<[u8; 16]> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > 16 || !bytes.is_ascii() {
        return None;
    }
    let mut id = [0; 16];
    let mut at = 0;
    while at < bytes.len() {
        id[at] = bytes[at];
        at += 1;
    }
    Some(id)
}

/// The id of the `render` engine.
pub const RENDER_ENGINE: [u8; 16] = *b"render\0\0\0\0\0\0\0\0\0\0";

/// A wallet's credit account.
pub fn credit(owner: &Address) -> Address {
    derive(&[SEED_CREDIT, owner.as_ref()])
}

/// A wallet's operator account.
pub fn operator(wallet: &Address) -> Address {
    derive(&[SEED_OPERATOR, wallet.as_ref()])
}

/// A machine's node account.
pub fn node(identity: &Address) -> Address {
    derive(&[SEED_NODE, identity.as_ref()])
}

/// A requester's job by its nonce.
pub fn job(requester: &Address, nonce: u64) -> Address {
    derive(&[SEED_JOB, requester.as_ref(), &nonce.to_le_bytes()])
}

/// A lease of a job; `replica` is 0 for the first copy of the work.
pub fn lease(job: &Address, index: u32, replica: u8) -> Address {
    derive(&[SEED_LEASE, job.as_ref(), &index.to_le_bytes(), &[replica]])
}

/// An audit of an attempt at a lease.
pub fn audit(lease: &Address, attempt: u16, index: u8) -> Address {
    derive(&[SEED_AUDIT, lease.as_ref(), &attempt.to_le_bytes(), &[index]])
}

/// A dispute by its number among the lease's, from 0.
pub fn dispute(lease: &Address, number: u32) -> Address {
    derive(&[SEED_DISPUTE, lease.as_ref(), &number.to_le_bytes()])
}

/// An author's evidence for a dispute.
pub fn evidence(dispute: &Address, author: &Address) -> Address {
    derive(&[SEED_EVIDENCE, dispute.as_ref(), author.as_ref()])
}

/// A probe of a node by its number among the node's, from 0; `node` is the node account.
pub fn probe(node: &Address, number: u32) -> Address {
    derive(&[SEED_PROBE, node.as_ref(), &number.to_le_bytes()])
}

/// An epoch by its number.
pub fn epoch(number: u64) -> Address {
    derive(&[SEED_EPOCH, &number.to_le_bytes()])
}

/// A shard of an epoch.
pub fn epoch_shard(number: u64, shard: u8) -> Address {
    derive(&[SEED_EPOCH_SHARD, &number.to_le_bytes(), &[shard]])
}

/// A node's record in an epoch; `node` is the node account, not its identity.
pub fn node_epoch(node: &Address, number: u64) -> Address {
    derive(&[SEED_NODE_EPOCH, node.as_ref(), &number.to_le_bytes()])
}

/// A job's record in an epoch.
pub fn job_epoch(job: &Address, number: u64) -> Address {
    derive(&[SEED_JOB_EPOCH, job.as_ref(), &number.to_le_bytes()])
}

/// A compute client by its id: a name as in [`engine_id`].
pub fn client(id: &[u8; 16]) -> Address {
    derive(&[SEED_CLIENT, id])
}

/// The one mint limiter.
pub fn limiter() -> Address {
    derive(&[SEED_LIMITER])
}

/// The token account that holds all voting RENDER.
pub fn vote_vault() -> Address {
    derive(&[SEED_VOTE_VAULT])
}

/// A wallet's voting RENDER.
pub fn vote_lock(wallet: &Address) -> Address {
    derive(&[SEED_VOTE_LOCK, wallet.as_ref()])
}

/// A proposal by its number, from 0.
pub fn proposal(number: u64) -> Address {
    derive(&[SEED_PROPOSAL, &number.to_le_bytes()])
}

/// What a wallet said to a proposal.
pub fn vote(proposal: &Address, wallet: &Address) -> Address {
    derive(&[SEED_VOTE, proposal.as_ref(), wallet.as_ref()])
}

/// The shard that a requester's purchases or an identity's accepted work count in.
pub fn shard_of(key: &Address) -> u8 {
    render_compute::constants::shard_of(key.as_array())
}

/// The associated token account of a wallet and a mint.
pub fn associated_token(owner: &Address, mint: &Address) -> Address {
    Address::find_program_address(&[owner.as_ref(), TOKEN_PROGRAM.as_ref(), mint.as_ref()], &ASSOCIATED_TOKEN_PROGRAM).0
}

/// The loader's record of the market program; it names the upgrade authority.
pub fn program_data() -> Address {
    Address::find_program_address(&[PROGRAM.as_ref()], &UPGRADEABLE_LOADER).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_account_has_its_own_address() {
        let key = Address::new_from_array([7; 32]);
        let all = [
            network(),
            stake_vault(),
            schedule(),
            oracle(),
            engine(&RENDER_ENGINE),
            credit(&key),
            operator(&key),
            node(&key),
            job(&key, 0),
            job(&key, 1),
            lease(&key, 0, 0),
            lease(&key, 1, 0),
            lease(&key, 0, 1),
            audit(&key, 0, 0),
            audit(&key, 0, 1),
            audit(&key, 1, 0),
            dispute(&key, 0),
            dispute(&key, 1),
            evidence(&key, &key),
            evidence(&key, &SYSTEM_PROGRAM),
            probe(&key, 0),
            probe(&key, 1),
            epoch(1),
            epoch(2),
            epoch_shard(1, 0),
            epoch_shard(1, 1),
            epoch_shard(2, 0),
            node_epoch(&key, 1),
            node_epoch(&key, 2),
            job_epoch(&key, 1),
            job_epoch(&key, 2),
            client(&RENDER_ENGINE),
            limiter(),
            vote_vault(),
            vote_lock(&key),
            proposal(0),
            proposal(1),
            vote(&key, &SYSTEM_PROGRAM),
            vote(&SYSTEM_PROGRAM, &key),
        ];
        for (position, address) in all.iter().enumerate() {
            assert!(!address.is_on_curve());
            assert!(!all[..position].contains(address), "{position}");
        }
    }

    #[test]
    fn an_engine_id_is_the_padded_name() {
        assert_eq!(engine_id("render"), Some(RENDER_ENGINE));
        assert_eq!(engine_id(""), None);
        assert_eq!(engine_id("a-name-of-17-bytes"), None);
        assert_eq!(engine_id("größe"), None);
    }
}
