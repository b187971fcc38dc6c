//! Replicas that die, freeze past their lease, and lose the state, while databases drift and become clean again: nothing
//! that had to be told is lost, hardly anything is told twice, and nobody commits what is not so any more.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fleet::Fleet;
use super::fleet::LEASE;
use super::fleet::TAKEN_OVER_WITHIN;
use crate::support::link::Carries;
use crate::support::until;

const REPLICAS: usize = 3;
const DATABASES: usize = 6;
/// The longest time between a drift and the trouble: an audit and its message fall into it.
const STRIKE_WITHIN: Duration = Duration::from_millis(1_300);
/// How long a replica stays frozen after the end of its lease.
const BEYOND: Duration = Duration::from_millis(500);

/// What happens to a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    /// `kill -9`, and started again.
    Kill,
    /// `kill -STOP` past the lease, and `kill -CONT`.
    Freeze,
    /// Its connections to the state are reset, and new ones too.
    Cut,
    /// The state does not answer it any more.
    Silence,
}

impl Trouble {
    const ALL: [Self; 4] = [Self::Kill, Self::Freeze, Self::Cut, Self::Silence];
}

/// What one kind of trouble has cost.
#[derive(Debug, Default)]
struct Cost {
    cycles: usize,
    /// Messages that came twice, and the most of them in one cycle.
    repeats: usize,
    most_repeats: usize,
    /// The longest time until somebody had audited each database after the trouble.
    taken_over: Duration,
}

/// One trouble; returns how long its work was left.
async fn suffer(fleet: &mut Fleet<'_>, trouble: Trouble) -> Duration {
    let victim = fastrand::usize(..REPLICAS);
    let at = fastrand::usize(..DATABASES);
    fleet.toggle(at).await;
    // Not a wait for something: the moment is what is random.
    tokio::time::sleep(STRIKE_WITHIN.mul_f64(fastrand::f64())).await;
    let replica = &mut fleet.replicas[victim];
    match trouble {
        Trouble::Kill => replica.daemon.kill9().await,
        Trouble::Freeze => replica.daemon.freeze(),
        Trouble::Cut => replica.link.set(Carries::Nothing),
        Trouble::Silence => replica.link.set(Carries::Silence),
    }
    let struck = fleet.now().await;
    let taken_over = fleet.wait_for_audits_after(struck).await;
    fleet.wait_until_noticed(at).await;
    // It is clean again, and the victim does not know, or cannot say.
    fleet.toggle(at).await;
    fleet.wait_until_noticed(at).await;
    let past = i64::try_from((LEASE + BEYOND).as_millis()).expect("seconds");
    until("every lease of before is over", || async {
        (fleet.now().await > struck + past).then_some(())
    })
    .await;
    let replica = &mut fleet.replicas[victim];
    match trouble {
        Trouble::Kill => replica.daemon.restart().await,
        Trouble::Freeze => replica.daemon.thaw(),
        Trouble::Cut | Trouble::Silence => replica.link.set(Carries::All),
    }
    replica.daemon.wait_for_status("/readyz", 200).await;
    let mended = fleet.now().await;
    fleet.wait_for_audits_after(mended).await;
    fleet.settle().await;
    taken_over
}

/// How many cycles: each trouble once, if nobody says otherwise.
fn cycles() -> usize {
    let said = std::env::var_os("SCHEMAWARDEN_CYCLES");
    said.map_or(Trouble::ALL.len(), |it| {
        it.to_str().and_then(|it| it.parse().ok()).expect("SCHEMAWARDEN_CYCLES is a number")
    })
}

#[tokio::test]
async fn no_trouble_of_a_replica_loses_a_message_or_commits_what_is_past() {
    let mut fleet = Fleet::of(DATABASES).await;
    for _ in 0..REPLICAS {
        fleet.join().await;
    }
    fleet.settle().await;
    let cycles = cycles();
    let mut costs: BTreeMap<Trouble, Cost> = BTreeMap::new();
    for cycle in 0..cycles {
        let trouble = Trouble::ALL[cycle % Trouble::ALL.len()];
        let before = fleet.repeats();
        let taken_over = suffer(&mut fleet, trouble).await;
        let repeats = fleet.repeats() - before;
        let cost = costs.entry(trouble).or_default();
        cost.cycles += 1;
        cost.repeats += repeats;
        cost.most_repeats = cost.most_repeats.max(repeats);
        cost.taken_over = cost.taken_over.max(taken_over);
        // For `scripts/chaos.sh`, which stops when its time is over.
        eprintln!(
            "cycle {}: {trouble:?}, taken over in {taken_over:?}, {repeats} repeats",
            cycle + 1
        );
    }
    for it in &mut fleet.replicas {
        assert_eq!(it.daemon.sigterm().await.0.code(), Some(0));
    }
    fleet.collect();
    let (lost, stale) = (fleet.lost().await, fleet.stale().await);
    let incidents = fleet.incidents().await;
    for (trouble, it) in &costs {
        eprintln!(
            "{trouble:?}: {} cycles, {} repeats (at most {} in one), taken over within {:?}",
            it.cycles, it.repeats, it.most_repeats, it.taken_over
        );
    }
    eprintln!(
        "{cycles} cycles: {} messages, {} lost, {stale} stale commits, {} incidents of {cycles} drifts",
        fleet.seen.len(),
        lost.len(),
        incidents.len(),
    );
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(stale, 0);
    // What was seen by one that knew better, or told by one that knew less, would be an incident more.
    assert_eq!(incidents.len(), cycles, "{incidents:#?}");
    assert!(incidents.iter().all(|(.., state)| state == "resolved"), "{incidents:#?}");
    for (trouble, it) in costs {
        assert!(it.most_repeats <= 1, "{trouble:?}: {} repeats", it.most_repeats);
        assert!(it.taken_over <= TAKEN_OVER_WITHIN, "{trouble:?}: after {:?}", it.taken_over);
    }
}
