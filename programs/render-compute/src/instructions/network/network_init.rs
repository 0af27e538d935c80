//! `network_init`: creates the network.

use crate::{constants::*, errors::*, events::NetworkInitialized, state::*, token};
use alloc::vec::Vec;
use anchor_lang::prelude::*;
use market_model::{
    Parameters,
    emission::{DEFAULT_SCHEDULE, DEFAULT_SPLIT, YEARS},
};

/// Loader whose program-data account names the upgrade authority.
const UPGRADEABLE_LOADER: Address = anchor_lang::address!("BPFLoaderUpgradeab1e11111111111111111111111");

/// A parameter that differs from its default.
#[derive(Clone, Copy, IdlType, AnchorSerialize, AnchorDeserialize)]
pub struct ParameterChange {
    /// Position in `market_model::parameters::SPECS`.
    pub index: u16,
    /// Its value.
    pub value: u64,
}

/// Accounts of `network_init`.
#[derive(Accounts)]
pub struct NetworkInit {
    /// Pays, governs, and must be the program's upgrade authority: nobody else can take the name first.
    #[account(mut)]
    pub authority: Signer,
    /// Created.
    #[account(init, payer = authority, seeds = [SEED_NETWORK], bump)]
    pub network: Account<Network>,
    /// Created.
    #[account(init, payer = authority, seeds = [SEED_SCHEDULE], bump)]
    pub schedule: Account<Schedule>,
    /// Created; publishers are set by `oracle_set_publishers`.
    #[account(init, payer = authority, seeds = [SEED_ORACLE], bump)]
    pub oracle: Account<Oracle>,
    /// Created.
    #[account(init, payer = authority, seeds = [SEED_LIMITER], bump)]
    pub limiter: Account<MintLimiter>,
    /// RENDER: 8 decimals, mint authority is the network account, no freeze authority. Checked in the handler.
    pub mint: UncheckedAccount,
    /// Token account for operations; any owner, of the mint. Checked in the handler.
    pub operations: UncheckedAccount,
    /// Created as a token account owned by the network. Checked by the token program.
    #[account(mut, seeds = [SEED_STAKE_VAULT], bump)]
    pub stake_vault: UncheckedAccount,
    /// The loader's record of this program. Checked in the handler.
    pub program_data: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: no network; the signer is the program's upgrade authority. After: the network exists with the default emission schedule,
/// nothing is paused, no epoch is open.
pub fn network_init(ctx: &mut Context<NetworkInit>, genesis_at: i64, changes: Vec<ParameterChange>) -> Result<()> {
    let program_id = *ctx.program_id;
    require!(genesis_at > 0, RenderError::ZeroValue);
    check_accounts(&ctx.accounts, &program_id)?;
    create_vault(&ctx.accounts, ctx.bumps.stake_vault)?;
    ctx.accounts.network.genesis_at = genesis_at;
    set_parameters(&mut ctx.accounts.network, &changes)?;
    fill(ctx);
    announce(&ctx.accounts.network);
    Ok(())
}

// Each part has a frame of its own: together they would not fit the 4 KiB of one.

#[inline(never)]
fn check_accounts(accounts: &NetworkInit, program_id: &Address) -> Result<()> {
    require_upgrade_authority(accounts.program_data.account(), program_id, accounts.authority.address())?;
    token::require_mint(accounts.mint.account(), accounts.network.address(), RENDER_DECIMALS)?;
    let operations = token::token_account(accounts.operations.account())?;
    require!(operations.mint == *accounts.mint.address(), RenderError::WrongTokenAccount);
    Ok(())
}

#[inline(never)]
fn create_vault(accounts: &NetworkInit, bump: u8) -> Result<()> {
    token::create_token_account(
        accounts.authority.account(),
        accounts.stake_vault.account(),
        accounts.mint.account(),
        accounts.network.address(),
        &[SEED_STAKE_VAULT, &[bump]],
    )
}

#[inline(never)]
fn set_parameters(network: &mut Network, changes: &[ParameterChange]) -> Result<()> {
    network.parameters = Parameters::DEFAULT.values();
    for change in changes {
        let value = network.parameters.get_mut(usize::from(change.index)).ok_or(RenderError::UnknownParameter)?;
        *value = change.value;
    }
    validate(network)
}

#[inline(never)]
fn validate(network: &Network) -> Result<()> {
    network.parameters().validate().map_err(refused)
}

#[inline(never)]
fn fill(ctx: &mut Context<NetworkInit>) {
    let (network_bump, schedule_bump, oracle_bump) = (ctx.bumps.network, ctx.bumps.schedule, ctx.bumps.oracle);
    let limiter_bump = ctx.bumps.limiter;
    let accounts = &mut ctx.accounts;
    let network = &mut accounts.network;
    network.authority = *accounts.authority.address();
    network.mint = *accounts.mint.address();
    network.stake_vault = *accounts.stake_vault.address();
    network.operations = *accounts.operations.address();
    network.oracle = *accounts.oracle.address();
    network.price_index_bps = [market_model::price::BASE_INDEX_BPS; CLASSES * TIERS];
    network.oracle_kind = ORACLE_PUBLISHERS;
    network.version = LAYOUT_VERSION;
    network.bump = network_bump;
    network.stake_vault_bump = ctx.bumps.stake_vault;
    accounts.schedule.yearly = DEFAULT_SCHEDULE;
    accounts.schedule.operations_bps = [DEFAULT_SPLIT.operations_bps; YEARS];
    accounts.schedule.creators_bps = [DEFAULT_SPLIT.creators_bps; YEARS];
    accounts.schedule.version = LAYOUT_VERSION;
    accounts.schedule.bump = schedule_bump;
    accounts.oracle.version = LAYOUT_VERSION;
    accounts.oracle.bump = oracle_bump;
    accounts.limiter.version = LAYOUT_VERSION;
    accounts.limiter.bump = limiter_bump;
}

#[inline(never)]
fn announce(network: &Network) {
    emit!(NetworkInitialized {
        authority: network.authority,
        mint: network.mint,
        operations: network.operations,
        oracle: network.oracle,
        genesis_at: network.genesis_at,
        parameters: network.parameters,
    });
}

/// Program data layout of the upgradeable loader: u32 tag 3, u64 slot, option tag, authority.
#[inline(never)]
fn require_upgrade_authority(data: &AccountView, program: &Address, signer: &Address) -> Result<()> {
    let (expected, _) = find_program_address(&[program.as_ref()], &UPGRADEABLE_LOADER);
    require!(*data.address() == expected && data.owned_by(&UPGRADEABLE_LOADER), RenderError::NotUpgradeAuthority);
    let bytes = data.try_borrow()?;
    require!(
        bytes.len() >= 45 && bytes[0..4] == [3, 0, 0, 0] && bytes[12] == 1 && bytes[13..45] == signer.to_bytes(),
        RenderError::NotUpgradeAuthority
    );
    Ok(())
}
