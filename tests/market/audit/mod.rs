//! Audits.

mod audit_accept;
mod audit_claim;
mod audit_close;
mod audit_commit;
mod audit_draw;
mod audit_expire;
mod audit_forfeit;
mod audit_lapse;
mod audit_reveal;

use market_tests::{
    Machine, Requester, World,
    world::{PENALTY_PER_CREDIT, USD, audited_parameters, order},
};
use render_compute::instructions::JobOrder;
use render_compute_client::Address;

/// What the lease of these tests is worth: two units at 1,000 credits.
const VALUE: u64 = 2_000;
/// What its holder and each auditor risk.
const PENALTY: u64 = VALUE * PENALTY_PER_CREDIT;

/// A lease that the lottery picked.
struct Scene {
    world: World,
    requester: Requester,
    holder: Machine,
    auditor: Machine,
    job: Address,
    lease: Address,
}

impl Scene {
    /// One audit is owed.
    fn picked() -> Self {
        Self::of(order())
    }

    /// Two audits are owed.
    fn picked_for_two() -> Self {
        Self::of(JobOrder { replicas: 3, ..order() })
    }

    fn of(order: JobOrder) -> Self {
        Self::in_world(World::with(1, 1, audited_parameters()), order)
    }

    /// The first lease of a job, picked.
    fn in_world(world: World, order: JobOrder) -> Self {
        let requester = world.requester_with("requester", 200 * USD);
        let (holder, auditor) = (world.machine("holder"), world.machine("auditor"));
        let job = world.open_seeded(&requester, order);
        let lease = world.picked(&holder, &job, 0);
        Self { world, requester, holder, auditor, job, lease }
    }

    /// The root that an honest auditor finds.
    fn root(&self) -> [u8; 32] {
        World::root(&self.lease)
    }
}

/// A root that the holder does not have.
const OTHER_ROOT: [u8; 32] = [9; 32];
