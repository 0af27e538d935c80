//! Everything the laws speak about, as it stands between two transactions.

use bytemuck::bytes_of;
use local_chain::LocalChain;
use market_model::Parameters;
use render_compute::state::Network;
use render_compute_client::{
    Address,
    account::{self, MarketAccount},
    address,
    chain::RawAccount,
};
use std::collections::{BTreeMap, BTreeSet};

/// The market's accounts, the watched balances, and the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Unix seconds.
    pub now: i64,
    /// Every account of the market.
    pub accounts: BTreeMap<Address, RawAccount>,
    /// RENDER in the stake vault, 0 before it exists.
    pub vault: u64,
    /// RENDER in the vote vault, 0 before it exists.
    pub vote_vault: u64,
    /// RENDER in existence, 0 before the network exists.
    pub supply: u64,
    /// RENDER of watched token accounts.
    pub tokens: BTreeMap<Address, u64>,
    /// Lamports of watched wallets.
    pub wallets: BTreeMap<Address, u64>,
}

impl Snapshot {
    /// The chain as it is now, with the balances of `watched` wallets and token accounts.
    pub fn take(chain: &LocalChain, watched: &BTreeSet<Address>) -> Self {
        let token = |address: &Address| {
            chain.read(address).and_then(|account| account::decode_token_account(&account)).map(|token| token.amount)
        };
        let mut snapshot = Self {
            now: chain.now().unix_timestamp,
            accounts: chain.read_all(&[]).into_iter().collect(),
            vault: token(&address::stake_vault()).unwrap_or(0),
            vote_vault: token(&address::vote_vault()).unwrap_or(0),
            supply: 0,
            tokens: BTreeMap::new(),
            wallets: BTreeMap::new(),
        };
        if let Some(network) = snapshot.network() {
            let mint = chain.read(&network.mint).and_then(|account| account::decode_mint(&account));
            snapshot.supply = mint.map_or(0, |mint| mint.supply);
        }
        for address in watched {
            match token(address) {
                Some(amount) => snapshot.tokens.insert(*address, amount),
                None => snapshot.wallets.insert(*address, chain.read(address).map_or(0, |account| account.lamports)),
            };
        }
        snapshot
    }

    /// The account at `address`, if it is one of this type.
    pub fn get<T: MarketAccount>(&self, address: &Address) -> Option<T> {
        self.accounts.get(address).and_then(|account| account::decode(&account.data))
    }

    /// Every account of a type.
    pub fn all<T: MarketAccount>(&self) -> impl Iterator<Item = (Address, T)> {
        self.accounts.iter().filter_map(|(address, account)| Some((*address, account::decode(&account.data)?)))
    }

    /// The network, once it exists.
    pub fn network(&self) -> Option<Network> {
        self.get(&address::network())
    }

    /// The network's parameters, once it exists.
    pub fn parameters(&self) -> Option<Parameters> {
        self.network().map(|network| network.parameters())
    }

    /// Changes an account. Only for showing that a law notices.
    pub fn edit<T: MarketAccount>(&mut self, address: &Address, change: impl FnOnce(&mut T)) {
        let mut value: T = self.get(address).expect("the account that is tampered with exists");
        change(&mut value);
        let account = self.accounts.get_mut(address).expect("it was just read");
        account.data = [T::DISCRIMINATOR, bytes_of(&value)].concat();
    }
}
