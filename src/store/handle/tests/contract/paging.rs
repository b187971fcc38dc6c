//! Pages follow a row, not a count of rows.

use super::*;
use crate::incident::IncidentId;
use crate::store::AuditPlace;
use crate::store::DeliveryFilter;
use crate::store::PageOf;

/// Every place of `audits`, one page of `limit` after the other.
async fn walk(store: &Handle, database: Option<&str>, limit: usize) -> Vec<AuditPlace> {
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let database = database.map(str::to_owned);
        let page = store.audits_before(database, before, limit).await.unwrap();
        let places: Vec<AuditPlace> = page.into_iter().map(|(place, _)| place).collect();
        let Some(last) = places.last() else { return seen };
        before = Some(*last);
        seen.extend(places);
    }
}

#[tokio::test]
async fn audits_of_one_millisecond_are_told_apart() {
    let bench = Bench::new();
    let store = bench.open();
    for round in 0..4 {
        for name in ["central", "sco", "bso"] {
            store.commit_audit(bench.audit(name, "")).await.unwrap();
        }
        if round % 2 == 0 {
            bench.pass(60);
        }
    }
    for database in [None, Some("sco")] {
        let all = walk(&store, database, 1000).await;
        assert_eq!(all.len(), if database.is_none() { 12 } else { 4 });
        assert!(all.is_sorted_by(|a, b| a > b), "the latest first: {all:?}");
        for limit in [1, 2, 5] {
            assert_eq!(walk(&store, database, limit).await, all, "{database:?} by {limit}");
        }
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn incidents_and_deliveries_go_on_behind_one() {
    let bench = Bench::new();
    let store = bench.open();
    for name in ["a", "b", "c"] {
        store.commit_audit(bench.audit(name, "tmp_import")).await.unwrap();
        assert!(!bench.deliver(&store).await.is_empty());
        bench.pass(60);
    }
    let filter = |limit| IncidentFilter { limit, ..IncidentFilter::default() };
    let all = store.incidents(filter(10)).await.unwrap();
    let behind = store.incidents_before(filter(1), Some(all[0].incident.id)).await.unwrap();
    assert_eq!(behind, all[1..2]);
    let last = all.last().unwrap().incident.id;
    assert_eq!(store.incidents_before(filter(1), Some(last)).await.unwrap(), []);

    let filter = |limit| DeliveryFilter { state: None, channel: None, incident: None, limit };
    let all = store.deliveries(filter(10)).await.unwrap();
    assert_eq!(all.len(), 3);
    let behind = store.deliveries_before(filter(5), Some(all[0].id)).await.unwrap();
    assert_eq!(behind, all[1..]);
    let never = uuid::Uuid::nil();
    assert_eq!(store.deliveries_before(filter(5), Some(never)).await.unwrap(), []);
    let about = DeliveryFilter { incident: Some(last), ..filter(5) };
    let carries = store.delivery(all[2].id).await.unwrap().unwrap().carries;
    assert_eq!(carries[0].incident, last);
    assert_eq!(store.deliveries_before(about.clone(), None).await.unwrap(), all[2..]);
    assert_eq!(store.deliveries_before(about, Some(all[2].id)).await.unwrap(), []);
    let nothing = DeliveryFilter { incident: Some(IncidentId(u64::MAX)), ..filter(5) };
    assert_eq!(store.deliveries_before(nothing, None).await.unwrap(), []);
    let page = PageOf { all: true, before: None, limit: 5 };
    assert_eq!(store.deploys_page(page).await.unwrap(), []);
    assert_eq!(store.silences_page(page, bench.now()).await.unwrap(), []);
    assert_eq!(
        (store.silence(1).await.unwrap(), store.deploy(u64::MAX).await.unwrap()),
        (None, None)
    );
    store.close().await.unwrap();
}
