//! Disputes, over a small picture that is really rendered: one file per instruction, whole games, and what an honest side can rely on.

mod dispute_close;
mod dispute_divide;
mod dispute_open;
mod dispute_open_audit;
mod dispute_pick;
mod dispute_prove;
mod dispute_segment;
mod dispute_settle;
mod dispute_timeout;
mod dispute_unit;
mod evidence;
mod games;
mod honest;

use market_model::dispute::{Party, Stage, Verdict};
use market_tests::{
    Machine, Requester,
    dispute::{Court, Lie, Side, Standing},
};
use render_compute::state::Dispute;
use render_compute_client::Address;

/// A dispute over the small picture in a single lease, opened by a wallet with a bond.
struct Bonded {
    court: Court,
    defender: Machine,
    defended: Standing,
    challenger: Requester,
    denied: Standing,
    lease: Address,
    dispute: Address,
}

impl Bonded {
    /// The holder stands for one lie, the challenger for another.
    fn new(defended: Lie, denied: Lie) -> Self {
        Self::over(Court::small(), defended, denied)
    }

    /// The same over the first lease of a court.
    fn over(court: Court, defended: Lie, denied: Lie) -> Self {
        let defender = court.world.machine("defender");
        let mut defended = court.claim(0, defended);
        let lease = court.attest(&defender, 0, &mut defended);
        let challenger = court.challenger("challenger");
        let dispute = court.challenge(&challenger, &lease);
        let denied = court.claim(0, denied);
        Self { court, defender, defended, challenger, denied, lease, dispute }
    }

    /// Plays until a stage in which the party is to move.
    #[track_caller]
    fn reach(mut self, stage: Stage, party: Party) -> Self {
        let reached = |dispute: &Dispute| {
            let game = dispute.game().unwrap();
            (game.stage, game.turn()) == (stage, Some(party))
        };
        let (defender, challenger) = (&self.defender.identity, &self.challenger.wallet);
        self.court.play_until(
            &self.dispute,
            &mut Side { key: defender, claim: &mut self.defended },
            &mut Side { key: challenger, claim: &mut self.denied },
            reached,
        );
        assert_eq!((self.court.stage(&self.dispute), self.court.turn(&self.dispute)), (stage, Some(party)));
        self
    }

    /// Plays to the verdict.
    #[track_caller]
    fn play(&mut self) -> Verdict {
        let (defender, challenger) = (&self.defender.identity, &self.challenger.wallet);
        self.court.play(
            &self.dispute,
            &mut Side { key: defender, claim: &mut self.defended },
            &mut Side { key: challenger, claim: &mut self.denied },
        )
    }
}

/// A dispute over the small picture in a single lease, opened by the audit of another node.
struct Audited {
    court: Court,
    defender: Machine,
    defended: Standing,
    auditor: Machine,
    found: Standing,
    lease: Address,
    audit: Address,
    dispute: Address,
}

impl Audited {
    /// The holder stands for one lie, the auditor for another.
    fn new(defended: Lie, found: Lie) -> Self {
        let court = Court::audited();
        let (defender, auditor) = (court.world.machine("defender"), court.world.machine("auditor"));
        let (mut defended, mut found) = (court.claim(0, defended), court.claim(0, found));
        let (lease, audit) = court.attest_audited(&defender, &mut defended, &auditor, &mut found, 0);
        let dispute = court.contradict(&lease, &audit);
        Self { court, defender, defended, auditor, found, lease, audit, dispute }
    }

    /// Plays to the verdict.
    #[track_caller]
    fn play(&mut self) -> Verdict {
        let (defender, auditor) = (&self.defender.identity, &self.auditor.identity);
        self.court.play(
            &self.dispute,
            &mut Side { key: defender, claim: &mut self.defended },
            &mut Side { key: auditor, claim: &mut self.found },
        )
    }
}
