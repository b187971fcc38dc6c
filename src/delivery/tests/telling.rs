//! Pacing, broken channels, storms and reminders through the loop, against real receivers.

use super::*;
use crate::config::SlackFormat;
use crate::route::Route;
use crate::store::TimePass;

/// What Slack says when it took a message.
const SLACK_OK: &str = "200 OK\r\ncontent-length: 2\r\n\r\nok";

fn slack(name: &str, url: &str) -> Channel {
    let url = SecretSource::Inline(Secret::new(url));
    let kind = ChannelKind::Slack { url, format: SlackFormat::Blocks };
    Channel { name: name.to_owned(), kind, insecure: false }
}

#[tokio::test]
async fn slack_gets_at_most_one_message_a_second() {
    let tasks = TaskTracker::new();
    let mut receiver = Receiver::start(&tasks, &[SLACK_OK]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    let mut config = config(&[("ops", &receiver.url)]);
    config.channels.insert("ops".to_owned(), slack("ops", &receiver.url));
    bench.publish.send(Arc::new(config)).unwrap();
    for database in ["a", "b", "c"] {
        bench.audit(database, &["Musician"]).await;
    }
    bench.start(FLUSH_MAX);
    receiver.next().await;
    let first = Instant::now();
    receiver.next().await;
    receiver.next().await;
    // A start is a little before its message arrives.
    assert!(first.elapsed() >= Duration::from_millis(1_900), "{:?}", first.elapsed());
    bench.until(|it| it.pending == 0).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_broken_channel_is_told_of_on_another_and_resolved_after_its_repair() {
    let tasks = TaskTracker::new();
    let mut broken = Receiver::start(&tasks, &["403 Forbidden", "200 OK"]).await;
    let mut other = Receiver::start(&tasks, &["200 OK"]).await;
    let (ops, pager) = (broken.url.clone(), other.url.clone());
    let urls = [("ops", ops.as_str()), ("pager", pager.as_str())];
    let mut bench = Bench::new(&urls, &tasks);
    bench.channels = vec!["ops".to_owned()];
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    broken.next().await;
    let (_, told) = other.next().await;
    assert!(told.contains("channel_parked") && told.contains("incident.opened"), "{told}");
    assert_eq!(bench.delivery.store.parked().await.unwrap().len(), 1);
    // Whoever mended it reloads.
    bench.configure(&urls);
    let (_, opened) = broken.next().await;
    assert!(opened.contains("incident.opened") && opened.contains("central"), "{opened}");
    let (_, resolved) = other.next().await;
    assert!(resolved.contains("channel_parked") && resolved.contains("incident.resolved"));
    bench.until(|it| it.pending == 0).await;
    assert_eq!(bench.delivery.store.parked().await.unwrap(), []);
    bench.stop().await;
}

#[tokio::test]
async fn a_storm_reaches_a_receiver_as_a_few_messages() {
    const DATABASES: usize = 500;
    let tasks = TaskTracker::new();
    let mut receiver = Receiver::start(&tasks, &["200 OK"]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    let mut gathering = Policy::of_channels(["ops".to_owned()]);
    gathering.routes = vec![Route::catch_all(["ops".to_owned()])];
    bench.policy = Some(Arc::new(gathering));
    bench.start(FLUSH_MAX);
    bench.audit("db0", &["Musician"]).await;
    let (_, first) = receiver.next().await;
    assert!(first.contains("db0"), "{first}");
    bench.until(|it| it.pending == 0).await;
    for n in 1..DATABASES {
        bench.audit(&format!("db{n}"), &["Musician"]).await;
    }
    bench.until(|it| it.pending == 499).await;
    bench.pass(30);
    let (id, _) = receiver.next().await;
    bench.until(|it| it.pending == 0).await;
    let id = id.parse().unwrap_or_else(|_| panic!("{id}"));
    let digest = bench.delivery.store.delivery(id).await.unwrap().unwrap();
    assert_eq!(digest.carries.len(), 499);
    assert!(receiver.requests.try_recv().is_err(), "two messages");
    bench.stop().await;
}

#[tokio::test]
async fn a_reminder_is_delivered() {
    let tasks = TaskTracker::new();
    let mut receiver = Receiver::start(&tasks, &["200 OK"]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    receiver.next().await;
    bench.until(|it| it.pending == 0).await;
    bench.pass(24 * 3600);
    let pass = TimePass {
        policy: Arc::clone(&bench.delivery.config.borrow().policy),
        now: bench.delivery.clock.now(),
        muted: None,
        after: None,
        reconsider: false,
    };
    bench.delivery.store.keep_time(pass).await.unwrap();
    let (_, reminder) = receiver.next().await;
    assert!(reminder.contains("incident.reminder") && reminder.contains("repeat_interval"));
    bench.stop().await;
}
