//! Calls to the token program, and the few facts read from its accounts.

use crate::{
    constants::SEED_NETWORK,
    errors::RenderError,
    state::{MintLimiter, Network},
};
use anchor_lang::{
    pinocchio::cpi::{Seed, Signer as SignerSeeds},
    prelude::*,
};
use pinocchio_token::instructions::{Burn, InitializeAccount3, MintTo, Transfer};

/// Bytes of a token account.
const TOKEN_ACCOUNT_LENGTH: usize = 165;

/// Derives the token accounts that wallets have by convention.
const ASSOCIATED_TOKEN_PROGRAM: Address = anchor_lang::address!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// What is read from a token account: bytes 0..32 mint, 32..64 owner, 64..72 amount (SPL Token layout).
pub struct TokenFacts {
    /// Mint.
    pub mint: Address,
    /// Owner.
    pub owner: Address,
}

/// Reads a token account of the token program.
pub fn token_account(view: &AccountView) -> Result<TokenFacts> {
    require!(view.owned_by(&Token::id()), RenderError::WrongTokenAccount);
    let data = view.try_borrow()?;
    require!(data.len() == TOKEN_ACCOUNT_LENGTH && data[108] == 1, RenderError::WrongTokenAccount);
    Ok(TokenFacts { mint: address_at(&data, 0), owner: address_at(&data, 32) })
}

/// Checks that `view` is a token account of `mint` owned by `owner`.
pub fn require_token_account(view: &AccountView, mint: &Address, owner: &Address) -> Result<()> {
    let facts = token_account(view)?;
    require!(facts.mint == *mint && facts.owner == *owner, RenderError::WrongTokenAccount);
    Ok(())
}

/// Checks that `view` is a mint of 8 decimals whose only authority is `authority` (nobody may freeze).
pub fn require_mint(view: &AccountView, authority: &Address, decimals: u8) -> Result<()> {
    require!(view.owned_by(&Token::id()), RenderError::WrongMint);
    let data = view.try_borrow()?;
    require!(data.len() == 82 && data[45] == 1 && data[44] == decimals, RenderError::WrongMint);
    require!(data[0..4] == [1, 0, 0, 0] && address_at(&data, 4) == *authority, RenderError::WrongMint);
    require!(data[46..50] == [0; 4], RenderError::WrongMint);
    Ok(())
}

/// RENDER in existence: bytes 36..44 of the mint, whose address the caller has checked.
pub fn supply(view: &AccountView) -> Result<u64> {
    require!(view.owned_by(&Token::id()), RenderError::WrongMint);
    let data = view.try_borrow()?;
    let bytes: [u8; 8] = data.get(36..44).and_then(|bytes| bytes.try_into().ok()).ok_or(RenderError::WrongMint)?;
    Ok(u64::from_le_bytes(bytes))
}

fn address_at(data: &[u8], at: usize) -> Address {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&data[at..at + 32]);
    Address::new_from_array(bytes)
}

/// Creates a token account of `mint` owned by `owner` at a program-derived address.
pub fn create_token_account(
    payer: &AccountView,
    account: &AccountView,
    mint: &AccountView,
    owner: &Address,
    seeds: &[&[u8]],
) -> Result<()> {
    create_account_signed(payer, account, TOKEN_ACCOUNT_LENGTH, &Token::id(), seeds)?;
    InitializeAccount3::new(account, mint, owner).invoke()
}

/// Moves tokens with the signature of `authority`.
pub fn transfer(from: &AccountView, to: &AccountView, authority: &AccountView, amount: u64) -> Result<()> {
    Transfer::new(from, to, authority, amount).invoke()
}

/// Burns tokens with the signature of `authority`.
pub fn burn(from: &AccountView, mint: &AccountView, authority: &AccountView, amount: u64) -> Result<()> {
    Burn::new(from, mint, authority, amount).invoke()
}

/// Moves tokens out of a vault that the network account owns.
pub fn transfer_from_network(
    network: &Account<Network>,
    from: &AccountView,
    to: &AccountView,
    amount: u64,
) -> Result<()> {
    with_network_seeds(network, |signer| Transfer::new(from, to, network.account(), amount).invoke_signed(&[signer]))
}

/// Burns tokens of a vault that the network account owns.
pub fn burn_from_network(
    network: &Account<Network>,
    from: &AccountView,
    mint: &AccountView,
    amount: u64,
) -> Result<()> {
    with_network_seeds(network, |signer| Burn::new(from, mint, network.account(), amount).invoke_signed(&[signer]))
}

/// Checks that `view` is a token account of `mint`, whoever owns it.
pub fn require_mint_of(view: &AccountView, mint: &Address) -> Result<()> {
    require!(token_account(view)?.mint == *mint, RenderError::WrongTokenAccount);
    Ok(())
}

/// Checks that `view` is the associated token account of `wallet` and still owned by it.
pub fn require_associated(view: &AccountView, mint: &Address, wallet: &Address) -> Result<()> {
    let token_program = Token::id();
    let seeds = [wallet.as_ref(), token_program.as_ref(), mint.as_ref()];
    let (expected, _) = find_program_address(&seeds, &ASSOCIATED_TOKEN_PROGRAM);
    require!(*view.address() == expected, RenderError::WrongRebateAccount);
    require_token_account(view, mint, wallet)
}

/// Mints RENDER, as far as the limiter lets it pass; the network account is the mint authority. The one way to mint.
pub fn mint_to(
    network: &Account<Network>,
    limiter: &mut MintLimiter,
    mint: &AccountView,
    to: &AccountView,
    amount: u64,
    now: i64,
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    limiter.pass(network, amount, now)?;
    with_network_seeds(network, |signer| MintTo::new(mint, to, network.account(), amount).invoke_signed(&[signer]))
}

fn with_network_seeds(network: &Account<Network>, call: impl FnOnce(SignerSeeds) -> Result<()>) -> Result<()> {
    let bump = [network.bump];
    let seeds = [Seed::from(SEED_NETWORK), Seed::from(&bump)];
    call(SignerSeeds::from(&seeds))
}
