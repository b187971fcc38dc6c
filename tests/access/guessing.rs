//! Guessing at tokens: slow, bounded, and in nobody's way.

use std::time::Duration;
use std::time::Instant;

use futures_util::future::join_all;

use super::OPERATOR;
use super::browser::Browser;
use super::daemon;

/// As in `src/http/access/guesses.rs`.
const PAUSE: Duration = Duration::from_millis(500);
const WAITING_MAX: usize = 16;
/// How many guess at once, and for how many rounds.
const STORM: usize = 60;

#[tokio::test]
async fn each_guess_waits_for_its_answer() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let browser = Browser::new(daemon.address());
    let began = Instant::now();
    browser.clone().bearer("hunter2-hunter2").get("/api/v1/databases").await.expect(401);
    assert!(began.elapsed() >= PAUSE, "{:?}", began.elapsed());
    let began = Instant::now();
    browser.submit("/login", &[("token", "hunter2-hunter2")]).await.expect(403);
    assert!(began.elapsed() >= PAUSE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_storm_of_guesses_is_sent_away_and_keeps_nobody_out() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let browser = Browser::new(daemon.address());
    for by_form in [false, true] {
        let guess = async |number: usize| {
            let token = format!("hunter2-{number}");
            if by_form {
                browser.submit("/login", &[("token", &*token)]).await
            } else {
                browser.clone().bearer(&token).get("/api/v1/databases").await
            }
        };
        let storm = join_all((0..STORM).map(guess));
        let meanwhile = async {
            let mut longest = Duration::ZERO;
            for _ in 0..10 {
                let began = Instant::now();
                browser.clone().bearer(OPERATOR).get("/api/v1/databases").await.expect(200);
                browser.submit("/login", &[("token", OPERATOR)]).await.expect(303);
                browser.get("/livez").await.expect(200);
                longest = longest.max(began.elapsed());
            }
            longest
        };
        let (guesses, longest) = futures_util::join!(storm, meanwhile);
        let wrong = if by_form { 403 } else { 401 };
        let refused = guesses.iter().filter(|it| it.status == 429).count();
        let waited = guesses.iter().filter(|it| it.status == wrong).count();
        assert_eq!(refused + waited, STORM);
        assert!(waited >= WAITING_MAX && refused > 0, "{waited} waited, {refused} were refused");
        for it in guesses.iter().filter(|it| it.status == 429) {
            assert_eq!(it.header("retry-after"), Some("1"), "{}", it.head);
        }
        // Not the pause of the others: two cores are shared by every test.
        assert!(longest < Duration::from_secs(5), "a right token waited for {longest:?}");
    }
}
