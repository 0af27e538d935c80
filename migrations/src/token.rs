//! Owns the few token instructions that only a set-up needs: a new mint for a local cluster and the checks of one that exists.

use render_compute::constants::RENDER_DECIMALS;
use render_compute_client::address::{self, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use render_compute_client::instruction::{self, MINT_LENGTH};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};

/// Distinguishes the mint among the accounts that the authority may create.
const MINT_SEED: &str = "render-mint";

/// Where the new mint of an authority lies. It follows from the key, so that a second run finds the first one's mint.
pub fn local_mint(authority: &Address) -> Address {
    // The seed is shorter than 32 bytes and the token program is not a derived address, so this cannot fail.
    Address::create_with_seed(authority, MINT_SEED, &TOKEN_PROGRAM).unwrap_or_default()
}

/// Creates the mint, fills the authority's account, and hands the mint to the network: all or nothing.
/// `lamports` pays its rent.
pub fn create_mint(authority: &Address, faucet: u64, lamports: u64) -> Vec<Instruction> {
    let mint = local_mint(authority);
    let holder = address::associated_token(authority, &mint);
    // System: CreateAccountWithSeed (u32 3), base, length of the seed (u64), seed, lamports, space, owner.
    let create = Instruction {
        program_id: SYSTEM_PROGRAM,
        accounts: vec![AccountMeta::new(*authority, true), AccountMeta::new(mint, false)],
        data: [
            &3u32.to_le_bytes()[..],
            authority.as_ref(),
            &(MINT_SEED.len() as u64).to_le_bytes(),
            MINT_SEED.as_bytes(),
            &lamports.to_le_bytes(),
            &(MINT_LENGTH as u64).to_le_bytes(),
            TOKEN_PROGRAM.as_ref(),
        ]
        .concat(),
    };
    // A derived address has no key that could sign its own creation; its initialization needs none.
    let [_, initialize] = instruction::create_mint(authority, &mint, authority, RENDER_DECIMALS, lamports);
    vec![
        create,
        initialize,
        instruction::create_associated_token(authority, authority, &mint),
        instruction::mint_to(&mint, &holder, authority, faucet),
        instruction::set_mint_authority(&mint, authority, &address::network()),
    ]
}

/// Why a mint cannot be the network's, in the words of what is to be done; the program checks the same again.
pub fn check_mint(mint: &Address, owner: &Address, data: &[u8]) -> Result<(), String> {
    let network = address::network();
    if *owner != TOKEN_PROGRAM || data.len() != MINT_LENGTH || data.get(45) != Some(&1) {
        return Err(format!("{mint} is not a mint of the token program; check the address"));
    }
    if data.get(44) != Some(&RENDER_DECIMALS) {
        return Err(format!("the mint {mint} does not have {RENDER_DECIMALS} decimals, so it is not RENDER"));
    }
    if data.get(..4) != Some(&[1, 0, 0, 0]) || data.get(4..36) != Some(network.as_ref()) {
        return Err(format!(
            "the mint authority of {mint} is not the network account; its holder must hand it over: \
             spl-token authorize {mint} mint {network}"
        ));
    }
    if data.get(46..50) != Some(&[0; 4]) {
        return Err(format!(
            "the mint {mint} has a freeze authority, which could stop claims; its holder must give it up: \
             spl-token authorize {mint} freeze --disable"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mint_data() -> Vec<u8> {
        let mut data = vec![0; MINT_LENGTH];
        data[0] = 1;
        data[4..36].copy_from_slice(address::network().as_ref());
        data[44] = RENDER_DECIMALS;
        data[45] = 1;
        data
    }

    #[test]
    fn a_mint_held_by_the_network_is_accepted() {
        assert_eq!(check_mint(&Address::default(), &TOKEN_PROGRAM, &mint_data()), Ok(()));
    }

    #[test]
    fn a_mint_with_other_decimals_another_authority_or_a_freezer_is_refused() {
        for (offset, value, word) in [(44, 9, "decimals"), (4, 99, "hand it over"), (46, 1, "freeze")] {
            let mut data = mint_data();
            data[offset] = value;
            let reason = check_mint(&Address::default(), &TOKEN_PROGRAM, &data).expect_err("refused");
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn an_account_of_another_program_is_no_mint() {
        assert!(check_mint(&Address::default(), &Address::default(), &mint_data()).is_err());
    }
}
