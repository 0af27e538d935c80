//! What a node does for epochs: opening and closing them when nobody else has, and claiming its own share. Also closing lease
//! accounts and records of jobs that nobody needs any more, for their rent.

use super::{Done, Worker, view::View};
use crate::error::WorkerError;
use market_model::lease::LeaseState;
use render_compute::{
    events::EpochClaimed,
    state::{EPOCH_FINALIZED, Epoch, JOB_DONE, Job, JobEpoch, Lease, NodeEpoch},
};
use render_compute_client::{ClientError, Instruction, Signer, account, address, event::Event, flow, instruction};
use solana_address::Address;
use std::collections::{BTreeMap, BTreeSet};

const OPEN: &str = "opening an epoch";
const CLOSE: &str = "closing an epoch";
const SHARE: &str = "claiming a share";
const RENT: &str = "reclaiming rent";
const REBATE: &str = "claiming a requester's rebate";
/// Chain seconds between two looks at what concerns no lease in hand.
const LOOK_SECONDS: i64 = 600;

/// When to look at what again.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// Epochs up to this one are closed.
    closed: Option<u64>,
    look_for_shares: Option<i64>,
    look_for_rent: Option<i64>,
}

fn is_due(at: Option<i64>, now: i64) -> bool {
    at.is_none_or(|at| now >= at)
}

impl Worker {
    /// Does what is due for epochs and rents.
    pub(super) async fn epoch_duties(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        if self.settings.duties {
            self.open_epoch(view, done).await?;
            self.close_epochs(view, done).await?;
        }
        let now = view.moment.now;
        if self.settings.claim_shares && is_due(self.epochs.look_for_shares, now) {
            self.epochs.look_for_shares = Some(now.saturating_add(LOOK_SECONDS));
            self.claim_shares(view, done).await?;
        }
        if self.settings.reclaim_rent && is_due(self.epochs.look_for_rent, now) {
            self.epochs.look_for_rent = Some(now.saturating_add(LOOK_SECONDS));
            self.reclaim_rent(view, done).await?;
            self.reclaim_job_records(view, done).await?;
            self.reclaim_disputes(view, done).await?;
        }
        Ok(())
    }

    /// This node's turn at a duty that any node can do: some seconds after it fell due, so that they do not all send at once.
    pub(super) fn turn(&self, due: i64) -> i64 {
        let hash = kernels::merkle::sha256(&[self.node.as_ref(), &due.to_le_bytes()]);
        let seconds = u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]);
        due.saturating_add(i64::from(seconds % self.settings.duty_spread_seconds.saturating_add(1)))
    }

    async fn open_epoch(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let due = view.epoch.as_ref().map_or(view.network.genesis_at, |epoch| epoch.ends_at);
        let (turn, now) = (self.turn(due), view.moment.now);
        if now < turn {
            self.wake_at(turn);
            return Ok(());
        }
        if self.must_wait(OPEN, self.node, now) {
            return Ok(());
        }
        let identity = self.settings.identity.clone();
        match flow::ensure_running_epoch(&*self.chain, &identity).await {
            Ok((_, sent)) => {
                self.backoff.worked(OPEN, self.node);
                for event in sent.iter().flat_map(|confirmed| &confirmed.events) {
                    if let Event::EpochOpened(event) = event {
                        self.report(done, Done::EpochOpened { number: event.number });
                    }
                }
                self.wake_at(now);
                Ok(())
            }
            Err(error) => self.duty_failed(OPEN, self.node, now, error, done),
        }
    }

    async fn close_epochs(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let last = view.network.epoch;
        let first = match self.epochs.closed {
            Some(closed) => closed.saturating_add(1),
            None => self.first_unclosed(last).await?,
        };
        self.epochs.closed = Some(first.saturating_sub(1));
        for number in first..=last {
            let found = if number == last { view.epoch } else { account::epoch(&*self.chain, number).await? };
            let Some(epoch) = found else { return Ok(()) };
            let turn = self.turn(epoch.ends_at);
            if epoch.state != EPOCH_FINALIZED {
                if now < turn {
                    self.wake_at(turn);
                    return Ok(());
                }
                if self.must_wait(CLOSE, self.node, now) {
                    return Ok(());
                }
                let identity = self.settings.identity.clone();
                if let Err(error) = flow::close_epoch(&*self.chain, &identity, number).await {
                    return self.duty_failed(CLOSE, self.node, now, error, done);
                }
                self.backoff.worked(CLOSE, self.node);
                self.report(done, Done::EpochClosed { number });
            }
            self.epochs.closed = Some(number);
            self.epochs.look_for_shares = None;
        }
        Ok(())
    }

    /// The earliest epoch that is not finalized, looked for backwards: all before it are.
    async fn first_unclosed(&self, last: u64) -> Result<u64, WorkerError> {
        let mut number = last;
        while number > 0 {
            match account::epoch(&*self.chain, number).await? {
                Some(epoch) if epoch.state == EPOCH_FINALIZED => break,
                _ => number -= 1,
            }
        }
        Ok(number + 1)
    }

    /// Mints this node's share of every epoch that is finalized and not claimed.
    async fn claim_shares(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let filters = [
            (std::mem::offset_of!(NodeEpoch, node), self.node.to_bytes().to_vec()),
            (std::mem::offset_of!(NodeEpoch, is_claimed), vec![0]),
        ];
        let records = account::list::<NodeEpoch>(&*self.chain, &filters).await?;
        let addresses: Vec<Address> = records.iter().map(|(_, record)| address::epoch(record.epoch)).collect();
        if addresses.is_empty() {
            return Ok(());
        }
        let epochs = account::find_all::<Epoch>(&*self.chain, &addresses).await?;
        for ((at, record), epoch) in records.into_iter().zip(epochs) {
            if epoch.is_none_or(|epoch| epoch.state != EPOCH_FINALIZED) || self.must_wait(SHARE, at, now) {
                continue;
            }
            let identity = self.settings.identity.clone();
            match flow::claim(&*self.chain, &identity, &self.node, record.epoch).await {
                Ok(sent) => {
                    self.backoff.worked(SHARE, at);
                    for confirmed in sent {
                        let amount = confirmed.events.iter().map(minted).sum();
                        let signature = confirmed.signature;
                        self.report(done, Done::ShareClaimed { number: record.epoch, amount, signature });
                    }
                }
                Err(error) => {
                    self.epochs.look_for_shares = None;
                    self.duty_failed(SHARE, at, now, error, done)?;
                }
            }
        }
        Ok(())
    }

    /// Closes the lease accounts whose rent this node paid and that nobody needs any more.
    async fn reclaim_rent(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let identity = self.settings.identity.clone();
        let filter = (std::mem::offset_of!(Lease, payer), identity.pubkey().to_bytes().to_vec());
        let leases = account::list::<Lease>(&*self.chain, &[filter]).await?;
        let jobs: Vec<Address> =
            leases.iter().map(|(_, lease)| lease.job).collect::<BTreeSet<_>>().into_iter().collect();
        if jobs.is_empty() {
            return Ok(());
        }
        let contents = account::find_all::<Job>(&*self.chain, &jobs).await?;
        let jobs: BTreeMap<Address, Option<Job>> = jobs.into_iter().zip(contents).collect();
        let is_needless = |lease: &Lease| match jobs.get(&lease.job) {
            Some(Some(job)) => job.status == JOB_DONE && now > job.deadline,
            _ => !LeaseState::try_from(lease.status).is_ok_and(LeaseState::is_in_flight),
        };
        let closes: Vec<Instruction> = leases
            .iter()
            .filter(|(_, lease)| is_needless(lease))
            .map(|(_, lease)| instruction::lease_close(lease))
            .collect();
        if closes.is_empty() || self.must_wait(RENT, self.node, now) {
            return Ok(());
        }
        for group in flow::pack(&closes, &identity.pubkey()) {
            match self.send(&group).await {
                Ok(confirmed) => {
                    self.backoff.worked(RENT, self.node);
                    self.report(done, Done::RentReclaimed { leases: group.len(), signature: confirmed.signature });
                }
                Err(error) => return self.refused(RENT, self.node, now, error, done),
            }
        }
        Ok(())
    }

    /// Claims the rebates of the job records whose rent this node paid, and closes the records: before the claim nobody can.
    async fn reclaim_job_records(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let identity = self.settings.identity.clone();
        let filter = (std::mem::offset_of!(JobEpoch, payer), identity.pubkey().to_bytes().to_vec());
        let records = account::list::<JobEpoch>(&*self.chain, &[filter]).await?;
        let numbers: BTreeSet<u64> = records.iter().map(|(_, record)| record.epoch).collect();
        let addresses: Vec<Address> = numbers.iter().copied().map(address::epoch).collect();
        if addresses.is_empty() {
            return Ok(());
        }
        let epochs = account::find_all::<Epoch>(&*self.chain, &addresses).await?;
        let is_finalized = |epoch: Option<Epoch>| epoch.is_some_and(|epoch| epoch.state == EPOCH_FINALIZED);
        let finalized: BTreeMap<u64, bool> = numbers.into_iter().zip(epochs.into_iter().map(is_finalized)).collect();
        for (at, record) in records {
            if finalized.get(&record.epoch) != Some(&true) || self.must_wait(REBATE, at, now) {
                continue;
            }
            match flow::claim_rebate(&*self.chain, &identity, &record.job, record.epoch).await {
                Ok(_) => {
                    self.backoff.worked(REBATE, at);
                    self.report(done, Done::JobRecordClosed { job: record.job, number: record.epoch });
                }
                Err(error) => self.duty_failed(REBATE, at, now, error, done)?,
            }
        }
        Ok(())
    }

    /// Whether something was refused so lately that it must wait.
    pub(super) fn must_wait(&mut self, what: &'static str, about: Address, now: i64) -> bool {
        match self.backoff.waits(what, about, now) {
            Some(again) => {
                self.wake_at(again);
                true
            }
            None => false,
        }
    }

    /// Notes that a flow did not get through: refusals and "not yet" are tried again later, the rest is passed on.
    pub(super) fn duty_failed(
        &mut self,
        what: &'static str,
        about: Address,
        now: i64,
        error: ClientError,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        match error {
            ClientError::Chain(error) => self.refused(what, about, now, error, done),
            ClientError::NotYet(reason) => {
                let again = self.backoff.failed(what, about, now);
                self.wake_at(again);
                tracing::debug!(what, reason, "not yet");
                Ok(())
            }
            error => Err(error.into()),
        }
    }
}

/// RENDER that an event says was minted for a node's share.
fn minted(event: &Event) -> u64 {
    match event {
        Event::EpochClaimed(EpochClaimed { amounts, availability_amount, .. }) => {
            amounts.iter().fold(*availability_amount, |sum, amount| sum.saturating_add(*amount))
        }
        _ => 0,
    }
}
