//! Disputes over what this node revealed, and over what it audited and found different: its moves follow from the chain and from
//! the result it keeps, so that nothing has to be remembered between them.

use super::{
    Done, Worker,
    hold::asked,
    view::{Held, HeldAudit, View},
};
use crate::{error::WorkerError, journal::LeaseKey};
use bytes::Bytes;
use kernels::probe::{machine, prove::Processor, trace::Units};
use market_model::dispute::Stage;
use render_compute::{
    constants::CLASS_PROBE,
    state::{Dispute, Job, Lease},
};
use render_compute_client::{
    Signer, account, address,
    dispute::{
        Claim, Move, Party, Recomputed, RecomputedProbe, game_of, instructions_for, next_move, party_name, party_of,
    },
    event::Event,
    flow, instruction,
    manifest::Digest,
};
use solana_address::Address;
use std::{collections::BTreeMap, sync::Arc};

const MOVE: &str = "a move of a dispute";
const TIMEOUT: &str = "ending a dispute";
const SETTLE: &str = "settling a dispute";
const CLOSE: &str = "closing a dispute";
/// A move is noted as urgent when no more than this part of its time is left.
const URGENT_PART: u32 = 4;

/// A dispute that this node is a party of.
pub(super) struct Play {
    dispute: Address,
    /// Whose kept result this node stands for.
    key: LeaseKey,
    lease: Lease,
    job: Option<Job>,
}

impl Play {
    pub(super) fn of_lease(held: &Held) -> Self {
        let dispute = latest(&held.address, &held.lease);
        Self { dispute, key: held.key(), lease: held.lease, job: held.job }
    }

    pub(super) fn of_audit(held: &HeldAudit, lease: &Lease) -> Self {
        let dispute = latest(&held.audit.lease, lease);
        Self { dispute, key: held.key(), lease: *lease, job: held.job }
    }
}

/// The dispute that is open over a lease: the last of its numbers.
fn latest(address: &Address, lease: &Lease) -> Address {
    address::dispute(address, lease.disputes.saturating_sub(1))
}

impl Worker {
    /// At most one move in each dispute, and what follows when the other side is late.
    pub(super) async fn play_all(
        &mut self,
        plays: Vec<Play>,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let plays: BTreeMap<Address, Play> = plays.into_iter().map(|play| (play.dispute, play)).collect();
        self.claims.retain(|dispute, _| plays.contains_key(dispute));
        if plays.is_empty() {
            return Ok(());
        }
        let addresses: Vec<Address> = plays.keys().copied().collect();
        let found = account::find_all::<Dispute>(&*self.chain, &addresses).await?;
        for (play, dispute) in plays.into_values().zip(found) {
            let identity = self.settings.identity.pubkey();
            let Some(dispute) = dispute else { continue };
            let Some(own) = party_of(&dispute, &identity) else { continue };
            self.play(&play, &dispute, own, view, done).await?;
        }
        Ok(())
    }

    async fn play(
        &mut self,
        play: &Play,
        dispute: &Dispute,
        own: Party,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let game = match game_of(dispute) {
            Ok(game) => game,
            Err(error) => {
                tracing::error!(dispute = %play.dispute, %error, "the dispute cannot be played");
                return Ok(());
            }
        };
        let is_over = now > game.deadline;
        match game.turn() {
            None if game.stage == Stage::Settled => Ok(()),
            None => {
                // Who has lost is in no hurry, but must not hold up what it still holds.
                let turn = if game.verdict.winner() == Some(own) { now } else { self.turn(dispute.deadline) };
                if now < turn {
                    self.wake_at(turn);
                    return Ok(());
                }
                self.settle(play, dispute, own, now, done).await
            }
            Some(party) if party == own && is_over => {
                // Whoever marks it ends it; until then there is nothing to do.
                self.wake_at(self.turn(dispute.deadline).max(now.saturating_add(1)));
                Ok(())
            }
            Some(party) if party == own => {
                if game.deadline.saturating_sub(now) < i64::from(dispute.turn_seconds / URGENT_PART) {
                    tracing::warn!(dispute = %play.dispute, deadline = game.deadline, "a move is due soon");
                }
                self.make_move(play, dispute, own, now, done).await
            }
            Some(party) if is_over => self.time_out(play.dispute, party, now, done).await,
            Some(_) => {
                self.wake_at(game.deadline.saturating_add(1));
                Ok(())
            }
        }
    }

    async fn make_move(
        &mut self,
        play: &Play,
        dispute: &Dispute,
        own: Party,
        now: i64,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        if self.must_wait(MOVE, play.dispute, now) {
            return Ok(());
        }
        let next = match self.think(play, dispute, own).await {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(reason) => {
                // What is missing may come back, a store that does not answer for one, and the turn may be long.
                let again = self.backoff.failed(MOVE, play.dispute, now);
                self.wake_at(again);
                let reason = format!("dispute {}, as the {}: {reason}", play.dispute, party_name(own));
                self.report(done, Done::Refused { what: MOVE, reason });
                return Ok(());
            }
        };
        let identity = self.settings.identity.pubkey();
        let evidence = match next {
            Move::Prove(_) => self.chain.account(&address::evidence(&play.dispute, &identity)).await?,
            _ => None,
        };
        let transactions = instructions_for(&play.dispute, dispute, &next, &identity, evidence.as_ref());
        let mut signature = None;
        for instructions in transactions {
            match self.send(&instructions).await {
                Ok(confirmed) => signature = Some(confirmed.signature),
                Err(error) => return self.refused(MOVE, play.dispute, now, error, done),
            }
        }
        self.backoff.worked(MOVE, play.dispute);
        self.wake_at(now);
        if let Some(signature) = signature {
            self.report(done, Done::Moved { dispute: play.dispute, party: own, what: next.name(), signature });
        }
        Ok(())
    }

    /// Computes the next move beside the chain's thread: it may have to render. Says why there is none where it is this side's turn.
    async fn think(&mut self, play: &Play, dispute: &Dispute, own: Party) -> Result<Option<Move>, String> {
        let mut claim = match self.claims.remove(&play.dispute) {
            Some(claim) => claim,
            None => self.own_claim(play).await?,
        };
        let dispute = *dispute;
        let thought = tokio::task::spawn_blocking(move || {
            let next = next_move(&dispute, own, claim.as_mut());
            (claim, next)
        });
        let (claim, next) = thought.await.map_err(|error| error.to_string())?;
        self.claims.insert(play.dispute, claim);
        next.map_err(|error| error.to_string())
    }

    /// What this node stands for: its kept result, that of the store where the disk lost it, or the units rendered again.
    async fn own_claim(&mut self, play: &Play) -> Result<Box<dyn Claim>, String> {
        let job = play.job.as_ref().ok_or("the job of a disputed lease is gone")?;
        let sealed = self.journal.sealed(play.key);
        let kept = self.spool.read(play.key).ok().map(Bytes::from);
        let kept = kept.filter(|bytes| sealed.is_none_or(|sealed| Digest::of(bytes).0 == sealed.result));
        let result = match (kept, sealed) {
            (Some(bytes), _) => Some(bytes),
            (None, Some(sealed)) => self.store.get(&Digest(sealed.result)).await.ok(),
            (None, None) => None,
        };
        if play.lease.class == CLASS_PROBE {
            let asked = asked(job).map_err(|error| error.to_string())?;
            let claim = tokio::task::spawn_blocking(move || probe_claim(asked, result.as_deref()));
            return claim.await.map_err(|error| error.to_string())?;
        }
        let prepared = self.scenes.prepare(play.lease.job, job).await.map_err(|error| error.to_string())?;
        let claim = Recomputed::new(Arc::clone(&prepared.tracer), prepared.frame, play.lease.range(), result);
        Ok(Box::new(claim.map_err(|error| error.to_string())?))
    }

    async fn time_out(
        &mut self,
        dispute: Address,
        silent: Party,
        now: i64,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        if self.must_wait(TIMEOUT, dispute, now) {
            return Ok(());
        }
        match self.send(&[instruction::dispute_timeout(&dispute)]).await {
            Ok(confirmed) => {
                self.backoff.worked(TIMEOUT, dispute);
                self.wake_at(now);
                self.report(done, Done::TimedOut { dispute, silent, signature: confirmed.signature });
                Ok(())
            }
            Err(error) => self.refused(TIMEOUT, dispute, now, error, done),
        }
    }

    async fn settle(
        &mut self,
        play: &Play,
        dispute: &Dispute,
        own: Party,
        now: i64,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        if self.must_wait(SETTLE, play.dispute, now) {
            return Ok(());
        }
        let identity = self.settings.identity.clone();
        match flow::settle_dispute(&*self.chain, &identity, &play.dispute).await {
            Ok(sent) => {
                self.backoff.worked(SETTLE, play.dispute);
                self.wake_at(now);
                for confirmed in &sent {
                    let taken = confirmed.events.iter().map(taken).sum();
                    let signature = confirmed.signature;
                    let verdict = game_of(dispute).map(|game| game.verdict.winner());
                    let Ok(Some(winner)) = verdict else { continue };
                    let is_own = winner == own;
                    let dispute = play.dispute;
                    self.report(done, Done::DisputeSettled { dispute, winner, is_own, taken, signature });
                }
                Ok(())
            }
            Err(error) => self.duty_failed(SETTLE, play.dispute, now, error, done),
        }
    }

    /// Closes the settled disputes, and the evidence, whose rent this node paid.
    pub(super) async fn reclaim_disputes(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let identity = self.settings.identity.clone();
        for (address, dispute) in account::disputes_paid_by(&*self.chain, &identity.pubkey()).await? {
            if dispute.stage != u8::from(Stage::Settled) || self.must_wait(CLOSE, address, now) {
                continue;
            }
            match flow::close_dispute(&*self.chain, &identity, &address).await {
                Ok(sent) => {
                    self.backoff.worked(CLOSE, address);
                    for confirmed in sent {
                        self.report(done, Done::DisputeClosed { dispute: address, signature: confirmed.signature });
                    }
                }
                Err(error) => self.duty_failed(CLOSE, address, now, error, done)?,
            }
        }
        let author = identity.pubkey();
        for dispute in account::evidence_of(&*self.chain, &author).await? {
            // Evidence that is being written is in use until its dispute is decided.
            let is_needed = match account::find::<Dispute>(&*self.chain, &dispute).await? {
                Some(state) => game_of(&state).is_ok_and(|game| game.stage == Stage::Step),
                None => false,
            };
            if is_needed || self.must_wait(CLOSE, dispute, now) {
                continue;
            }
            match self.send(&[instruction::evidence_close(&author, &author, &dispute)]).await {
                Ok(_) => self.backoff.worked(CLOSE, dispute),
                Err(error) => self.refused(CLOSE, dispute, now, error, done)?,
            }
        }
        Ok(())
    }
}

/// What a node stands for that answered a probe or audited one: its kept digests, or those of the probe run again on the processor. The
/// round or slice in dispute is computed again on the processor.
fn probe_claim(asked: machine::Job, kept: Option<&[u8]>) -> Result<Box<dyn Claim>, String> {
    match kept.and_then(|bytes| Units::from_bytes(&asked.plan, bytes)) {
        Some(units) => {
            let again = Processor::new(asked).map_err(|error| error.to_string())?;
            Ok(Box::new(RecomputedProbe::new(asked, units, again)))
        }
        None => Ok(Box::new(RecomputedProbe::on_processor(asked).map_err(|error| error.to_string())?)),
    }
}

/// RENDER that an event says the loser of a dispute lost.
fn taken(event: &Event) -> u64 {
    match event {
        Event::DisputeSettled(event) => event.taken,
        _ => 0,
    }
}
