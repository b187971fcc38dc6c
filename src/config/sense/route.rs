//! Routes: every alert goes somewhere.

use crate::config::shape;
use crate::route::Route;
use crate::route::Target;
use crate::yaml::At;
use crate::yaml::nearest;

use super::Noted;
use super::plain;

pub(super) fn all(file: &shape::File, noted: &mut Noted) -> Vec<Route> {
    let channels: Vec<&At<String>> =
        file.channels.iter().flat_map(|it| &it.value.0).map(|(name, _)| name).collect();
    let Some(routes) = &file.routes else { return Vec::new() };
    let mut all = Vec::new();
    for (index, route) in routes.value.iter().enumerate() {
        let key = format!("routes[{index}]");
        for (name, value) in [
            ("match", &route.matchers),
            ("continue", &route.goes_on),
            ("group_by", &route.group_by),
            ("group_wait", &route.group_wait),
            ("group_interval", &route.group_interval),
            ("repeat_interval", &route.repeat_interval),
        ] {
            noted.later(&format!("{key}.{name}"), value.as_ref());
        }
        if route.to.value.is_empty() {
            let message = "a route to no channel: its alerts would go nowhere";
            noted.mistake(Some(route.to.at), format!("{key}.to"), message);
        }
        if index > 0 {
            let message = "never reached: the route before it matches everything";
            noted.warning(route.to.at, &key, message);
        }
        for (at, name) in route.to.value.iter().enumerate() {
            if !channels.iter().any(|it| it.value == name.value) {
                let near = nearest(&name.value, channels.iter().map(|it| it.value.as_str()));
                noted.no_such(name, &format!("{key}.to[{at}]"), "channel", near);
            }
        }
        all.push(Route::catch_all(route.to.value.iter().map(|it| it.value.clone())));
    }
    let used = |name: &str| {
        let is_it = |it: &Target| matches!(it, Target::Channel(to) if to == name);
        all.first().is_some_and(|it: &Route| it.to.iter().any(is_it))
    };
    for name in channels.into_iter().filter(|it| !used(&it.value)) {
        noted.warning(name.at, &format!("channels.{}", plain(name)), "no route goes here");
    }
    all
}
