//! Pacing, broken channels, storms and reminders through the loop, against real receivers.

use super::*;
use crate::config::SlackFormat;
use crate::route::Route;
use crate::store::Retry;
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

#[tokio::test]
async fn a_message_in_no_form_is_given_up_loudly_and_the_next_goes_on() {
    let tasks = TaskTracker::new();
    let answers = ["400 Bad", "400 Bad", "200 OK"];
    let mut picky = Receiver::start(&tasks, &answers).await;
    let mut other = Receiver::start(&tasks, &["200 OK"]).await;
    let (ops, pager) = (picky.url.clone(), other.url.clone());
    let mut bench = Bench::new(&[("ops", &ops), ("pager", &pager)], &tasks);
    bench.channels = vec!["ops".to_owned()];
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    let (lost, _) = picky.next().await;
    picky.next().await;
    let (_, told) = other.next().await;
    assert!(told.contains("channel_parked") && told.contains("delivery_abandoned"), "{told}");
    assert!(told.contains("nobody was told there of SW-1001"), "{told}");
    assert!(told.contains(&format!("deliveries retry {lost}")), "{told}");
    // What comes after it does not wait.
    bench.audit("central", &[]).await;
    let (_, next) = picky.next().await;
    assert!(next.contains("incident.resolved"), "{next}");
    let (_, over) = other.next().await;
    assert!(over.contains("channel_delivers"), "{over}");
    let retry = Retry::Delivery(lost.parse().unwrap());
    let now = bench.delivery.clock.now();
    assert_eq!(bench.delivery.store.retry(retry, now).await.unwrap(), 1);
    assert_eq!(picky.next().await.0, lost);
    bench.stop().await;
}

#[tokio::test]
async fn a_person_need_not_wait_for_the_rest_that_a_receiver_asked_for() {
    let tasks = TaskTracker::new();
    let limited = "429 Slow\r\nretry-after: 3000";
    let mut receiver = Receiver::start(&tasks, &[limited, "200 OK"]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    bench.audit("central", &["Musician"]).await;
    bench.start(FLUSH_MAX);
    let (first, _) = receiver.next().await;
    bench.attempts(1).await;
    let retry = Retry::Channel("ops".to_owned());
    let now = bench.delivery.clock.now();
    assert_eq!(bench.delivery.store.retry(retry, now).await.unwrap(), 1);
    assert_eq!(receiver.next().await.0, first);
    bench.until(|it| it.pending == 0).await;
    bench.stop().await;
}

#[tokio::test]
async fn an_alertmanager_that_stops_taking_what_is_open_is_parked_and_told_of() {
    let tasks = TaskTracker::new();
    let answers = ["400 Bad", "200 OK", "200 OK", "401 No", "200 OK"];
    let mut am = Receiver::start(&tasks, &answers).await;
    let mut other = Receiver::start(&tasks, &["200 OK"]).await;
    let urls = [("am", am.url.as_str()), ("pager", other.url.as_str())];
    let mut bench = Bench::new(&urls, &tasks);
    let resend = Duration::from_mins(1);
    let url = SecretSource::Inline(Secret::new(am.url.as_str()));
    let kind = ChannelKind::Alertmanager { url, token: None, resend };
    let channel = Channel { name: "am".to_owned(), kind, insecure: false };
    let mut config = config(&urls);
    config.channels.insert("am".to_owned(), channel.clone());
    bench.publish.send(Arc::new(config)).unwrap();
    bench.channels = vec!["am".to_owned()];
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    let (_, full) = am.next().await;
    let (_, minimal) = am.next().await;
    assert!(full.contains("next_steps") && !minimal.contains("next_steps"));
    bench.until(|it| it.pending == 0).await;
    let round = async || resend::round(bench.delivery.clone(), channel.clone(), resend).await;
    // It took the minimal form only, so it gets no other.
    round().await;
    assert!(!am.next().await.1.contains("next_steps"));
    assert!(other.requests.try_recv().is_err());
    round().await;
    am.next().await;
    let (_, told) = other.next().await;
    assert!(told.contains("channel_parked") && told.contains("channel_broken"), "{told}");
    assert_eq!(bench.delivery.store.parked().await.unwrap()[0].channel, "am");
    round().await;
    assert!(am.requests.try_recv().is_err(), "its hour has not come");
    bench.pass(3_601);
    round().await;
    am.next().await;
    let (_, over) = other.next().await;
    assert!(over.contains("channel_delivers"), "{over}");
    assert_eq!(bench.delivery.store.channel_troubles().await.unwrap(), []);
    bench.stop().await;
}
