//! Instructions: one file each, in the folder of its actor. Order inside a handler: checks, transition, tokens, event.

pub mod attestation;
pub mod audit;
pub mod client;
pub mod credit;
pub mod dispute;
pub mod engine;
pub mod epoch;
pub mod governance;
pub mod job;
pub mod lease;
pub mod network;
pub mod node;
pub mod operator;
pub mod oracle;
pub mod probe;

pub use attestation::{attestation_commit::*, attestation_reveal::*};
pub use audit::{
    audit_accept::*, audit_claim::*, audit_close::*, audit_commit::*, audit_draw::*, audit_expire::*, audit_forfeit::*,
    audit_lapse::*, audit_reveal::*,
};
pub use client::{client_enable::*, client_register::*, client_update::*};
pub use credit::{credit_buy::*, credit_open::*};
pub use dispute::{
    dispute_close::*, dispute_divide::*, dispute_open::*, dispute_open_audit::*, dispute_pick::*, dispute_prove::*,
    dispute_segment::*, dispute_settle::*, dispute_timeout::*, dispute_unit::*, evidence_close::*, evidence_open::*,
    evidence_write::*,
};
pub use engine::engine_register::*;
pub use epoch::{
    epoch_claim::*, epoch_claim_operations::*, epoch_finalize::*, epoch_open::*, epoch_shard_close::*,
    epoch_shard_open::*, epoch_sum::*, job_epoch_close::*, job_epoch_open::*, node_epoch_close::*, node_epoch_open::*,
    rebate_claim::*,
};
pub use governance::{
    proposal_advance::*, proposal_cancel::*, proposal_close::*, proposal_execute::*, proposal_open::*,
    proposal_vote::*, vote_close::*, vote_lock_close::*, vote_lock_deposit::*, vote_lock_withdraw::*,
    vote_vault_open::*,
};
pub use job::{job_cancel::*, job_close::*, job_open::*, job_seed::*, lease_release::*};
pub use lease::{lease_accept::*, lease_claim::*, lease_close::*, lease_expire::*, lease_return::*};
pub use network::{
    network_accept_authority::*, network_govern::*, network_init::*, network_offer_authority::*, network_pause::*,
    network_set_oracle::*, network_set_parameters::*,
};
pub use node::{
    node_close::*, node_drain::*, node_maintenance::*, node_register::*, node_review::*, node_update::*, slash_burn::*,
    stake_deposit::*, stake_unbond::*, stake_withdraw::*,
};
pub use operator::{operator_close::*, operator_register::*, operator_set_payout::*};
pub use oracle::{oracle_publish::*, oracle_set_publishers::*};
pub use probe::{
    measure_commit::*, measure_reveal::*, probe_enroll::*, probe_expire::*, probe_finish::*, probe_leave::*,
    probe_open::*,
};
