//! The certificate that connections are served with, kept up with its files.
//!
//! Whoever renews a certificate replaces two files and tells nobody; so they are looked at every few seconds,
//! and at each reload. What cannot be used leaves the last one that could in force, and is said once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tracing::info;
use tracing::warn;

use crate::config::Config;
use crate::config::Pem;
use crate::config::Tls;
use crate::config::TlsError;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How connections are served.
#[derive(Clone)]
pub(super) enum Way {
    Plain,
    Tls(TlsAcceptor),
    /// With a certificate that nobody could read yet.
    NotYet,
}

/// The way, and what keeps it up.
#[derive(Clone)]
pub(super) struct Certificates {
    config: watch::Receiver<Arc<Config>>,
    /// Held for a copy.
    way: Arc<Mutex<Way>>,
}

/// What the way was made of.
struct Made {
    tls: Tls,
    pem: Pem,
}

impl Certificates {
    pub(super) fn new(config: watch::Receiver<Arc<Config>>) -> Self {
        Self { config, way: Arc::new(Mutex::new(Way::NotYet)) }
    }

    /// How the next connection is served.
    pub(super) fn way(&self) -> Way {
        self.way.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the files for ever. The first look decides how the first connection is served: `looked` is
    /// called after it.
    pub(super) async fn keep(mut self, looked: impl FnOnce()) -> Infallible {
        let (mut made, mut told) = (None, None);
        self.look(&mut made, &mut told).await;
        looked();
        loop {
            let changed = async {
                if self.config.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = changed => {}
            }
            self.look(&mut made, &mut told).await;
        }
    }

    async fn look(&mut self, made: &mut Option<Made>, told: &mut Option<String>) {
        let Some(tls) = self.config.borrow_and_update().http.tls.clone() else {
            *made = None;
            self.set(Way::Plain);
            return;
        };
        let files = tls.clone();
        // Files are read.
        let Ok(read) = tokio::task::spawn_blocking(move || files.read()).await else { return };
        let read = read.and_then(|pem| {
            let same = made.as_ref().is_some_and(|it| it.tls == tls && it.pem == pem);
            Ok((!same).then_some((tls.server(&pem)?, pem)))
        });
        match read {
            Ok(None) => *told = None,
            Ok(Some((server, pem))) => {
                if made.is_some() {
                    info!("the certificate of {} is served from now on", tls.cert_file.display());
                }
                *made = Some(Made { tls, pem });
                *told = None;
                self.set(Way::Tls(TlsAcceptor::from(Arc::new(server))));
            }
            Err(error) => {
                tell(&error, told);
                // What was asked for is TLS: it is not answered in the clear meanwhile.
                if matches!(self.way(), Way::Plain) {
                    self.set(Way::NotYet);
                }
            }
        }
    }

    fn set(&self, way: Way) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
    }
}

/// Says what is wrong with the files, once.
fn tell(error: &TlsError, told: &mut Option<String>) {
    let words = error.to_string();
    if told.as_ref() != Some(&words) {
        let cause = error as &dyn std::error::Error;
        warn!(
            error = cause,
            "http.tls: the new files cannot be used; the last ones that could stay"
        );
        *told = Some(words);
    }
}
