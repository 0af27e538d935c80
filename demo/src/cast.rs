//! Who takes part, and what it takes to let them: keys, RENDER, registrations, stakes.

use anyhow::{Context as _, Result};
use faulty_node::Mode;
use render_compute_client::{
    address,
    chain::Chain,
    instruction::{self, NodeOffer},
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// RENDER base units of one RENDER.
pub const RENDER: u64 = 100_000_000;

/// A node and the wallet behind it.
pub struct Operator {
    /// Name in the story.
    pub name: &'static str,
    /// Owns the stake and is paid.
    pub wallet: Keypair,
    /// The machine's key.
    pub identity: Keypair,
    /// RENDER put at stake, base units.
    pub stake: u64,
    /// Least credits per million samples.
    pub ask: u64,
    /// How its node cheats, if it does.
    pub cheats: Option<Mode>,
}

/// Everyone.
pub struct Cast {
    /// Sets the network up, governs it, publishes the price.
    pub authority: Keypair,
    /// Orders the picture.
    pub requester: Keypair,
    /// Do the work.
    pub operators: Vec<Operator>,
}

impl Cast {
    /// The same people for the same seed.
    pub fn new(seed: u64) -> Self {
        let key = |role: u8| {
            let digest = kernels::merkle::sha256(&[b"demo", &seed.to_le_bytes(), &[role]]);
            Keypair::new_from_array(digest)
        };
        let operator = |name, role, stake, ask| Operator {
            name,
            wallet: key(role),
            identity: key(role + 1),
            stake: stake * RENDER,
            ask,
            cheats: None,
        };
        Self {
            authority: key(0),
            requester: key(1),
            operators: vec![
                operator("Ada", 10, 400, 50_000),
                operator("Bo", 20, 250, 40_000),
                operator("Cyd", 30, 600, 60_000),
                Operator { cheats: Some(Mode::FlipBit), ..operator("Mal", 40, 500, 40_000) },
            ],
        }
    }

    /// Every key that pays fees.
    pub fn payers(&self) -> Vec<Address> {
        let mut payers = vec![self.authority.pubkey(), self.requester.pubkey()];
        payers.extend(self.operators.iter().flat_map(|one| [one.wallet.pubkey(), one.identity.pubkey()]));
        payers
    }
}

/// Sends RENDER from the authority's account.
pub async fn give_render(
    chain: &dyn Chain,
    authority: &Keypair,
    mint: &Address,
    to: &Address,
    amount: u64,
) -> Result<String> {
    let from = address::associated_token(&authority.pubkey(), mint);
    let destination = address::associated_token(to, mint);
    let confirmed = chain
        .send(
            &[
                instruction::create_associated_token(&authority.pubkey(), to, mint),
                instruction::transfer(&from, &destination, &authority.pubkey(), amount),
            ],
            &[authority],
        )
        .await
        .context("sending RENDER")?;
    Ok(confirmed.signature.to_string())
}

/// Registers operator and node, and puts the stake down. One transaction.
pub async fn enlist(chain: &dyn Chain, operator: &Operator, mint: &Address) -> Result<String> {
    let (wallet, identity) = (operator.wallet.pubkey(), operator.identity.pubkey());
    let tokens = address::associated_token(&wallet, mint);
    let mut hardware = [0; 32];
    let name = b"reference path tracer (CPU)";
    hardware[..name.len()].copy_from_slice(name);
    let offer = NodeOffer {
        hardware,
        asks: [operator.ask; 2],
        capacity: 4,
        memory_mib: 4_096,
        region: 1,
        minimum_requester_reputation: 0,
        classes: 0b11,
    };
    let confirmed = chain
        .send(
            &[
                instruction::operator_register(&wallet, &tokens),
                instruction::node_register(&wallet, &identity, offer),
                instruction::stake_deposit(&wallet, &identity, &tokens, operator.stake),
            ],
            &[&operator.wallet, &operator.identity],
        )
        .await
        .with_context(|| format!("registering the node of {}", operator.name))?;
    Ok(confirmed.signature.to_string())
}
