//! Registries in the state: what outlives a restart, and what is told once.

use super::*;
use crate::registry::Doubt;
use crate::registry::Why;
use crate::store::AcceptRegistry;
use crate::store::KeptTenant;
use crate::store::RegistryCommit;
use crate::store::TransitionRecord;

fn tenant(name: &str, is_gone: bool) -> KeptTenant {
    KeptTenant {
        name: name.to_owned(),
        is_gone,
        is_fresh: false,
        manifest: None,
        labels: [("team".to_owned(), "red".to_owned())].into(),
        parts: None,
        sealed: Some(vec![1, 2, 3]),
        problem: None,
    }
}

/// What a try brought: these tenants, `-` before one that is gone and kept; and why it is doubted.
fn commit(bench: &Bench, tenants: &str, why: Option<Why>) -> RegistryCommit {
    let words = || tenants.split_whitespace();
    let gone: Vec<String> =
        words().filter_map(|it| it.strip_prefix('-')).map(str::to_owned).collect();
    let all = words().map(|it| tenant(it.trim_start_matches('-'), it.starts_with('-'))).collect();
    let detail = (why == Some(Why::Failing)).then(|| "no".to_owned());
    RegistryCommit {
        discovery: "d".to_owned(),
        manifest: "m".to_owned(),
        labels: BTreeMap::new(),
        tenants: Some(all),
        retired: Vec::new(),
        failures: u32::from(detail.is_some()),
        is_doubted: why,
        doubt: why.map(|why| Doubt { why, known: words().count(), gone, detail: detail.clone() }),
        detail,
        policy: policy(&["ops"]),
        now: bench.now(),
    }
}

fn told(records: &[TransitionRecord]) -> Vec<String> {
    let one = |it: &TransitionRecord| format!("{} {}", it.step.word(), it.reason.word());
    records.iter().map(one).collect()
}

#[tokio::test]
async fn a_registry_is_doubted_once_and_again_where_it_gets_worse() {
    let bench = Bench::new();
    let store = bench.open();
    #[rustfmt::skip]
    let steps: [(&str, Option<Why>, &[&str]); 8] = [
        ("a b c d",     None,                &[]),
        ("a b -c -d",   Some(Why::Shrunk),   &["opened registry_shrunk"]),
        ("a b -c -d",   Some(Why::Shrunk),   &[]),
        ("a -b -c -d",  Some(Why::Shrunk),   &["changed registry_shrunk"]),
        ("-a -b -c -d", Some(Why::Empty),    &["changed registry_empty"]),
        ("-a -b -c -d", Some(Why::Failing),  &["changed registry_failing"]),
        ("a b c d",     None,                &["resolved registry_back"]),
        ("a b c d",     None,                &[]),
    ];
    for (tenants, why, want) in steps {
        bench.pass(60);
        let records = store.commit_registry(commit(&bench, tenants, why)).await.unwrap();
        assert_eq!(told(&records), want, "{tenants} {why:?}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_a_registry_named_outlives_a_restart() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_registry(commit(&bench, "a -b", Some(Why::Empty))).await.unwrap();
    let failed = RegistryCommit { tenants: None, ..commit(&bench, "", Some(Why::Failing)) };
    store.commit_registry(failed).await.unwrap();
    store.close().await.unwrap();
    let store = bench.open();
    let all = store.registries().await.unwrap();
    let [it] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((it.discovery.as_str(), it.doubt, it.failures), ("d", Some(Why::Failing), 1));
    assert_eq!(it.tenants, [tenant("a", false), tenant("b", true)]);
    assert_eq!((it.read_at, it.tried_at), (Some(bench.now()), Some(bench.now())));

    let policy = || policy(&["ops"]);
    let kept = store.forget_registries(vec!["d".to_owned()], policy(), bench.now()).await.unwrap();
    assert!(kept.is_empty());
    let records = store.forget_registries(Vec::new(), policy(), bench.now()).await.unwrap();
    assert_eq!(told(&records), ["resolved discovery_removed"]);
    assert!(store.registries().await.unwrap().is_empty());
    assert_eq!(bench.count("registry_tenants"), 0);
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_is_accepted_is_gone_with_everything_that_led_to_it() {
    let bench = Bench::new();
    let store = bench.open();
    let accept = || store.accept_registry("d", "ann", "merged", policy(&["ops"]), bench.now());
    assert_eq!(accept().await.unwrap(), AcceptRegistry::NothingGone);
    store.commit_registry(commit(&bench, "a -b -c", Some(Why::Shrunk))).await.unwrap();
    let mut changes = store.accepted_registries();
    let AcceptRegistry::Done { retired, transitions } = accept().await.unwrap() else {
        panic!("two are gone")
    };
    assert_eq!(retired, ["b", "c"]);
    assert_eq!(told(&transitions), ["resolved registry_accepted"]);
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    let all = store.registries().await.unwrap();
    assert_eq!((all[0].doubt, all[0].tenants.len()), (None, 1));
    assert_eq!(bench.count("registry_tenants where sealed is not null"), 1);
    assert_eq!(accept().await.unwrap(), AcceptRegistry::NothingGone);
    store.close().await.unwrap();
}
