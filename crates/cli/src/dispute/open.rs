//! Owns a challenge by a wallet: rendering the lease again, the bond, and the play to the end.

use market_model::dispute::Stage;
use market_model::lease::LeaseState;
use render_compute::state::{Dispute, Engine, Job, Lease};
use render_compute_client::chain::Confirmed;
use render_compute_client::dispute::{Move, Party, Recomputed, game_of, instructions_for, next_move, party_of};
use render_compute_client::{Address, Keypair, Signer, account, address, flow, instruction};
use serde::Serialize;

use super::view::DisputeView;
use super::{read, watch};
use crate::amount::Render;
use crate::job::Again;
use crate::output::facts;
use crate::{CliError, Context};

/// A challenge that was played to its end.
#[derive(Clone, Debug, Serialize)]
pub struct OpenReceipt {
    /// The lease.
    pub lease: String,
    /// The root that its node revealed.
    pub revealed_root: String,
    /// The root that this machine computed.
    pub computed_root: String,
    /// The dispute, as it was settled.
    pub dispute: DisputeView,
    /// Transactions sent, in order.
    pub signatures: Vec<String>,
}

/// Renders a lease again. Where its root differs, or with `is_forced`, denies it with a bond and plays to the end. Goes on with a
/// challenge of the same wallet that was interrupted.
pub async fn open(context: &Context<'_>, lease_address: &Address, is_forced: bool) -> Result<OpenReceipt, CliError> {
    let wallet = context.wallet()?;
    let lease = read_lease(context, lease_address).await?;
    let own = own_dispute(context, lease_address, &lease, &wallet.pubkey()).await?;
    if own.is_none() {
        require_open_window(context, &lease).await?;
    }
    let job: Job = account::fetch(context.chain, &lease.job).await?;
    let mut claim = recompute(context, &job, &lease).await?;
    let root = claim.root().map_err(|error| CliError::operation(error.to_string()))?;
    let mut signatures = Vec::new();
    let dispute = match own {
        Some(dispute) => {
            context.output.note(&format!("dispute {dispute} is yours: going on"));
            dispute
        }
        None => {
            challenge(context, lease_address, &lease, &job, root, is_forced, &mut signatures).await?;
            address::dispute(lease_address, lease.disputes)
        }
    };
    let view = play(context, wallet, &dispute, claim, &mut signatures).await?;
    Ok(OpenReceipt {
        lease: lease_address.to_string(),
        revealed_root: hex::encode(lease.root),
        computed_root: hex::encode(root),
        dispute: view,
        signatures,
    })
}

async fn read_lease(context: &Context<'_>, address: &Address) -> Result<Lease, CliError> {
    match account::find::<Lease>(context.chain, address).await {
        Ok(Some(lease)) => Ok(lease),
        Ok(None) => Err(CliError::operation(format!(
            "LEASE: there is no lease at {address}; `render-compute job show JOB --json` gives the accounts of a job's leases"
        ))),
        Err(error) => Err(CliError::operation(format!("LEASE: {error}"))),
    }
}

/// The open dispute over the lease, when it is this wallet's challenge.
async fn own_dispute(
    context: &Context<'_>,
    address: &Address,
    lease: &Lease,
    wallet: &Address,
) -> Result<Option<Address>, CliError> {
    let Some(latest) = lease.disputes.checked_sub(1) else { return Ok(None) };
    let at = address::dispute(address, latest);
    let found = account::find::<Dispute>(context.chain, &at).await?;
    Ok(found.filter(|dispute| dispute.challenger == *wallet).map(|_| at))
}

async fn require_open_window(context: &Context<'_>, lease: &Lease) -> Result<(), CliError> {
    let state = LeaseState::try_from(lease.status);
    let now = context.chain.clock().await?.unix_timestamp;
    let reason = match state {
        Ok(LeaseState::Revealed) if now <= lease.deadline => return Ok(()),
        Ok(LeaseState::Revealed) => format!("its challenge window closed {} seconds ago", now - lease.deadline),
        Ok(LeaseState::Disputed) => {
            "somebody else disputes it already; follow it with `render-compute dispute watch`".to_owned()
        }
        Ok(LeaseState::Accepted) => "it is accepted and paid: its challenge window has closed".to_owned(),
        _ => "its node has not revealed a root; a root can be challenged once it is public".to_owned(),
    };
    Err(CliError::operation(format!("LEASE: nothing can be challenged: {reason}")))
}

/// The lease computed on this machine from the scene and the job's statement, which is what the chain decides by.
async fn recompute(context: &Context<'_>, job: &Job, lease: &Lease) -> Result<Recomputed, CliError> {
    let again = Again::load(context, job).await?;
    let units = lease.range();
    let spinner = context.output.spinner("rendering the lease again");
    let bytes = again.render(units.clone()).await?;
    spinner.finish_and_clear();
    Recomputed::new(again.tracer, again.frame, units, Some(bytes.into()))
        .map_err(|error| CliError::operation(format!("the lease cannot be rendered here: {error}")))
}

async fn challenge(
    context: &Context<'_>,
    address: &Address,
    lease: &Lease,
    job: &Job,
    root: [u8; 32],
    is_forced: bool,
    signatures: &mut Vec<String>,
) -> Result<(), CliError> {
    let is_right = root == lease.root;
    if is_right && !is_forced {
        return Err(CliError::operation(format!(
            "nothing was sent: the root of lease {address} is right, {}; who challenges it loses the bond (--yes does so all the same)",
            hex::encode(root)
        )));
    }
    let network = account::network(context.chain).await?;
    let bond = Render(network.parameters().challenge_bond);
    let words = if is_right { "is right, and the bond will be lost" } else { "is wrong" };
    context.output.note(&format!(
        "the root of lease {address} {words}: revealed {}, computed {}",
        hex::encode(lease.root),
        hex::encode(root)
    ));
    let engine: Engine = account::fetch(context.chain, &job.engine).await?;
    if engine.referee == Address::default() {
        return Err(CliError::operation("the job's engine has no referee: nobody could decide the dispute"));
    }
    let question = format!("Challenge it with a bond of {bond}?");
    context.output.confirm(&question, is_forced)?;
    let wallet = context.wallet()?;
    let source = address::associated_token(&wallet.pubkey(), &network.mint);
    if context.chain.account(&source).await?.is_none() {
        return Err(CliError::operation(format!(
            "the bond is {bond}, and {} has no RENDER; send it to {source}",
            wallet.pubkey()
        )));
    }
    let open = instruction::dispute_open(&network, &wallet.pubkey(), &source, &job.engine, lease);
    signatures.push(context.chain.send(&[open], &[wallet]).await?.signature.to_string());
    Ok(())
}

/// Plays the challenger to the end: moves when it is the wallet's turn, ends the dispute when the other side is silent, settles and
/// closes it.
async fn play(
    context: &Context<'_>,
    wallet: &Keypair,
    address: &Address,
    claim: Recomputed,
    signatures: &mut Vec<String>,
) -> Result<DisputeView, CliError> {
    let mut changes = context.chain.changes().await?;
    let mut claim = Some(claim);
    let mut shown: Option<DisputeView> = None;
    loop {
        let state = read(context, address).await?;
        let now = context.chain.clock().await?.unix_timestamp;
        let view = DisputeView::new(address, &state, now)?;
        watch::tell(context, shown.as_ref(), &view);
        let game = game_of(&state).map_err(|error| CliError::operation(error.to_string()))?;
        let is_late = now > game.deadline;
        let sent = match (game.stage, game.turn()) {
            (Stage::Settled, _) => {
                note_all(&flow::close_dispute(context.chain, wallet, address).await?, signatures);
                return Ok(view);
            }
            (_, None) => flow::settle_dispute(context.chain, wallet, address).await?,
            (_, Some(Party::Challenger)) if !is_late => {
                require_party(&state, &wallet.pubkey())?;
                make_move(context, wallet, address, &state, &mut claim).await?
            }
            (_, Some(_)) if is_late => {
                vec![context.chain.send(&[instruction::dispute_timeout(address)], &[wallet]).await?]
            }
            (_, Some(_)) => Vec::new(),
        };
        note_all(&sent, signatures);
        if sent.is_empty() {
            watch::wait(context, &mut changes, address).await;
        }
        shown = Some(view);
    }
}

fn note_all(sent: &[Confirmed], signatures: &mut Vec<String>) {
    signatures.extend(sent.iter().map(|confirmed| confirmed.signature.to_string()));
}

fn require_party(state: &Dispute, wallet: &Address) -> Result<(), CliError> {
    match party_of(state, wallet) {
        Some(Party::Challenger) => Ok(()),
        _ => {
            Err(CliError::operation(format!("{wallet} is not the challenger of this dispute; sign with its --keypair")))
        }
    }
}

async fn make_move(
    context: &Context<'_>,
    wallet: &Keypair,
    address: &Address,
    state: &Dispute,
    claim: &mut Option<Recomputed>,
) -> Result<Vec<Confirmed>, CliError> {
    let Some(mut own) = claim.take() else { return Ok(Vec::new()) };
    let copy = *state;
    let thought = tokio::task::spawn_blocking(move || {
        let next = next_move(&copy, Party::Challenger, &mut own);
        (own, next)
    });
    let (own, next) = thought.await.map_err(|error| CliError::operation(format!("the next move: {error}")))?;
    *claim = Some(own);
    let next = next.map_err(|error| CliError::operation(format!("there is no move to make: {error}")))?;
    let Some(next) = next else { return Ok(Vec::new()) };
    let signer = wallet.pubkey();
    let evidence = match next {
        Move::Prove(_) => context.chain.account(&address::evidence(address, &signer)).await?,
        _ => None,
    };
    let mut sent = Vec::new();
    for instructions in instructions_for(address, state, &next, &signer, evidence.as_ref()) {
        sent.push(context.chain.send(&instructions, &[wallet]).await?);
    }
    Ok(sent)
}

impl OpenReceipt {
    pub(super) fn text(&self) -> String {
        let mut pairs = vec![("revealed", self.revealed_root.clone()), ("computed", self.computed_root.clone())];
        pairs.push(("signatures", self.signatures.join(" ")));
        format!("{}\n{}", self.dispute.text(), facts(&pairs))
    }
}
