//! `network_init`: creates the network.

use crate::{constants::*, errors::*, events::NetworkInitialized, state::*, token};
use anchor_lang::prelude::*;
use market_model::Parameters;

/// Loader whose program-data account names the upgrade authority.
const UPGRADEABLE_LOADER: Address = anchor_lang::address!("BPFLoaderUpgradeab1e11111111111111111111111");

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

/// Before: no network; the signer is the program's upgrade authority. After: the network exists, nothing is paused, no epoch is open.
pub fn network_init(
    ctx: &mut Context<NetworkInit>,
    genesis_at: i64,
    parameters: [u64; PARAMETERS],
    yearly: [u64; 60],
) -> Result<()> {
    let program_id = *ctx.program_id;
    let bumps = (ctx.bumps.network, ctx.bumps.schedule, ctx.bumps.oracle, ctx.bumps.stake_vault);
    let accounts = &mut ctx.accounts;
    require_upgrade_authority(accounts.program_data.account(), &program_id, accounts.authority.address())?;
    require!(genesis_at > 0, RenderError::ZeroValue);
    Parameters::from_values(parameters).validate().map_err(refused)?;
    market_model::emission::check_schedule(&yearly).map_err(refused)?;
    let network_address = *accounts.network.address();
    token::require_mint(accounts.mint.account(), &network_address, RENDER_DECIMALS)?;
    let operations = token::token_account(accounts.operations.account())?;
    require!(operations.mint == *accounts.mint.address(), RenderError::WrongTokenAccount);
    token::create_token_account(
        accounts.authority.account(),
        accounts.stake_vault.account(),
        accounts.mint.account(),
        &network_address,
        &[SEED_STAKE_VAULT, &[bumps.3]],
    )?;

    let (mint, operations, oracle) =
        (*accounts.mint.address(), *accounts.operations.address(), *accounts.oracle.address());
    let authority = *accounts.authority.address();
    let stake_vault = *accounts.stake_vault.address();
    let network = &mut accounts.network;
    network.authority = authority;
    network.mint = mint;
    network.stake_vault = stake_vault;
    network.operations = operations;
    network.oracle = oracle;
    network.oracle_kind = ORACLE_PUBLISHERS;
    network.genesis_at = genesis_at;
    network.parameters = parameters;
    network.version = LAYOUT_VERSION;
    network.bump = bumps.0;
    network.stake_vault_bump = bumps.3;
    let schedule = &mut accounts.schedule;
    schedule.yearly = yearly;
    schedule.version = LAYOUT_VERSION;
    schedule.bump = bumps.1;
    let oracle_account = &mut accounts.oracle;
    oracle_account.version = LAYOUT_VERSION;
    oracle_account.bump = bumps.2;
    emit!(NetworkInitialized { authority, mint, operations, oracle, genesis_at, parameters });
    Ok(())
}

/// Program data layout of the upgradeable loader: u32 tag 3, u64 slot, option tag, authority.
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
