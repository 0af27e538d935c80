//! What the chain's accounts say of a node's earnings: one that works, and one that cannot.

use crate::market::{Market, honest};
use render_compute::{constants::RENDER_DECIMALS, state::Epoch};
use render_compute_client::{
    Chain, Signer, account, address,
    earnings::{self, EpochState, Reason},
    flow, instruction,
};

fn reasons(explained: &[earnings::Explained]) -> Vec<&Reason> {
    explained.iter().map(|explained| &explained.reason).collect()
}

#[tokio::test]
async fn a_node_that_worked_sees_its_share_before_and_after_its_claim() {
    let market = Market::new(11).await;
    let machines = [market.machine("ada", honest()).await];
    let ada = machines[0].identity.pubkey();
    let job = market.order().await;
    market.finish(&job, &machines, false).await;

    let told = earnings::look(&market.chain, &ada, 3).await.expect("told");
    let epoch = told.epochs.iter().find(|epoch| epoch.work[0].credits > 0).expect("an epoch with its work");
    assert_eq!((epoch.state, epoch.amount), (EpochState::Running, 0));
    assert!(matches!(epoch.reasons[0].reason, Reason::StillRunning { .. }));
    let number = epoch.number;

    market.chain.warp_to(epoch.ends_at);
    let payer = market.chain.keypair("ada");
    flow::close_epoch(&market.chain, &payer, number).await.expect("closed");
    let told = earnings::look(&market.chain, &ada, 3).await.expect("told");
    let epoch = told.epochs.iter().find(|epoch| epoch.number == number).expect("still there");
    let fixed: Epoch = account::fetch(&market.chain, &address::epoch(number)).await.expect("finalized");
    assert_eq!((epoch.state, epoch.work[0].share_bps), (EpochState::Finalized, 10_000));
    assert_eq!(
        (epoch.amount, epoch.work[0].amount),
        (fixed.work_pools[0], fixed.work_pools[0]),
        "all of the work was its own"
    );
    assert!(reasons(&epoch.reasons).contains(&&Reason::Unclaimed { amount: epoch.amount }));

    flow::claim(&market.chain, &payer, &address::node(&ada), number).await.expect("claimed");
    let told = earnings::look(&market.chain, &ada, 3).await.expect("told");
    let after = told.epochs.iter().find(|epoch| epoch.number == number).expect("still there");
    assert_eq!((after.is_claimed, after.claimed), (true, epoch.amount), "what was foretold was minted");
    assert!(!reasons(&after.reasons).iter().any(|reason| matches!(reason, Reason::Unclaimed { .. })));
}

#[tokio::test]
async fn a_node_that_earns_nothing_is_told_why_and_what_to_do() {
    let market = Market::new(12).await;
    let machines = [market.machine("ada", honest()).await];
    let ada = machines[0].identity.pubkey();
    let wallet = market.chain.keypair("ada's wallet");
    let stake = market.node(&machines[0]).await.stake;
    let minimum = account::network(&market.chain).await.expect("the network").parameters().min_stake;
    let unbond = instruction::stake_unbond(&wallet.pubkey(), &ada, stake - minimum + 1);
    let drain = instruction::node_drain(&wallet.pubkey(), &ada, true);
    market.chain.send(&[unbond, drain], &[&wallet]).await.expect("sent");
    market.order().await;

    let told = earnings::look(&market.chain, &ada, 3).await.expect("told");
    let now = reasons(&told.now);
    for expected in [
        Reason::StakeBelowMinimum { stake: minimum - 1, minimum },
        Reason::Draining,
        Reason::NotEnrolled,
        Reason::TurnAhead { leases: 3, at: None },
    ] {
        assert!(now.contains(&&expected), "{expected:?} is not among {now:?}");
    }
    let remedies: Vec<&str> = told.now.iter().filter_map(|explained| explained.remedy.as_deref()).collect();
    assert!(
        remedies.contains(&format!("render-worker stake 0.{}1", "0".repeat(usize::from(RENDER_DECIMALS) - 1)).as_str())
    );
    assert!(remedies.contains(&"render-worker drain --off") && remedies.contains(&"render-worker enroll"));
}
