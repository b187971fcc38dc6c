//! What goes over the network beside messages: where it may go, and the sign of life.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;

use crate::config::Heartbeat;
use crate::config::Networks;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;
use super::receiver;
use super::receiver::Place;

const DEFAULT_EVERY: Duration = Duration::from_mins(1);
/// A monitor that hears nothing for a day is none.
const EVERY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);

pub(super) fn networks(said: Option<&shape::Networks>, noted: &mut Noted) -> Networks {
    let Some(said) = said else { return Networks::default() };
    if let Some(allow) = said.allow.as_ref().filter(|it| it.value.is_empty()) {
        let message = "allows nothing, so no message could leave";
        let help = "leave it out to allow all but `deny`";
        noted.mistake_help(Some(allow.at), "networks.allow", message, help);
    }
    Networks {
        allow: list(said.allow.as_ref(), "networks.allow", noted),
        deny: list(said.deny.as_ref(), "networks.deny", noted),
    }
}

pub(super) fn list(said: Option<&At<Vec<At<String>>>>, key: &str, noted: &mut Noted) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (index, word) in said.iter().flat_map(|it| it.value.iter().enumerate()) {
        let place = format!("{key}[{index}]");
        let network = word.value.parse::<IpNet>();
        let network = network.or_else(|_| word.value.parse::<IpAddr>().map(IpNet::from));
        let Ok(network) = network else {
            let message = format!("{} is not a network", word.shown());
            let help = "write it as 10.0.0.0/8, fd00::/8, or one address";
            noted.mistake_help(Some(word.at), place, message, help);
            continue;
        };
        if network.trunc() != network {
            let message = format!("{} is an address in a network", word.shown());
            let help = if word.from_env {
                "write the network's own address".to_owned()
            } else {
                format!("did you mean `{}`?", network.trunc())
            };
            noted.mistake_help(Some(word.at), place, message, help);
        }
        networks.push(network);
    }
    networks
}

pub(super) fn heartbeat(
    said: Option<&At<shape::Heartbeat>>,
    networks: &Networks,
    noted: &mut Noted,
) -> Option<Heartbeat> {
    const KEY: &str = "heartbeat";
    let At { value: said, at, .. } = said?;
    let insecure = said.insecure.as_ref().is_some_and(|it| it.value);
    let (url, url_file) = (said.url.as_ref(), said.url_file.as_ref());
    let place = Place { url, url_file, insecure, key: KEY, at: *at, networks };
    let url = receiver::url(place, noted);
    let every = noted.period(said.every.as_ref(), "heartbeat.every", DEFAULT_EVERY, EVERY);
    Some(Heartbeat { url: url?, every, insecure })
}
