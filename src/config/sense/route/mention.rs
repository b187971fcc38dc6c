//! Mentions that a channel of their route does not know: they call nobody there, and whoever wrote them
//! would learn of that when nobody comes.

use super::reach;
use crate::config::shape;
use crate::route::Route;
use crate::yaml::At;

use super::super::Noted;
use super::super::matcher::Registered;

/// Whose syntax a mention is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Syntax {
    /// `<!here>`, `<@U012AB3CD>`, `<!subteam^S012AB3CD>`.
    Slack,
    /// `<@42>`, `<@&42>`.
    Discord,
    /// `Jane Doe <jane@example.com>`.
    Teams,
    /// `@channel`, `@here`, `@everyone`: words with a meaning on Mattermost and Discord.
    At,
}

/// Warns of each mention of `all` that a channel its route leads to does not know.
pub(super) fn check(
    file: &shape::File,
    said: &[shape::Route],
    all: &[Route],
    registered: &Registered<'_>,
    noted: &mut Noted,
) {
    for (index, (said, route)) in said.iter().zip(all).enumerate() {
        let Some(mention) = &said.mention else { continue };
        let syntaxes = syntaxes(&mention.value);
        for name in reach::of_route(route, registered) {
            let channels = file.channels.iter().flat_map(|it| &it.value.0);
            let channel = channels.into_iter().find(|(it, _)| it.value == name);
            let Some((_, channel)) = channel else { continue };
            let Some((known, for_example)) = known(channel) else { continue };
            if syntaxes.iter().any(|it| !known.contains(it)) {
                let kind = &channel.kind.value;
                let message = format!(
                    "calls nobody on channel `{name}`: a mention for type `{kind}` is spelt \
                     {for_example}; give that channel a route of its own"
                );
                noted.warning(mention.at, &format!("routes[{index}].mention"), message);
            }
        }
    }
}

/// What a channel knows, and how it is spelt; `None` where it takes any text, or uses none.
fn known(channel: &shape::Channel) -> Option<(&'static [Syntax], &'static str)> {
    let format = channel.format.as_ref().map(|it: &At<String>| it.value.as_str());
    match (channel.kind.value.as_str(), format) {
        ("slack", Some("attachments")) => Some((&[Syntax::Slack, Syntax::At], "`@channel`")),
        ("slack", _) => Some((&[Syntax::Slack], "`<!here>` or `<@U012AB3CD>`")),
        ("discord", _) => Some((&[Syntax::Discord, Syntax::At], "`<@42>`, `<@&42>` or `@here`")),
        ("teams", _) => Some((&[Syntax::Teams], "`Jane Doe <jane@example.com>`")),
        _ => None,
    }
}

/// Every syntax that is in a mention.
fn syntaxes(mention: &str) -> Vec<Syntax> {
    let mut all = Vec::new();
    // What stands in angle brackets, and what stands outside of them.
    for (at, part) in mention.split('<').enumerate() {
        let (inside, outside) = match part.split_once('>') {
            Some((inside, outside)) if at > 0 => (inside, outside),
            _ => ("", part),
        };
        let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        all.extend(match inside.as_bytes() {
            [] => None,
            [b'!', ..] => Some(Syntax::Slack),
            [b'@', ..] => {
                let id = inside.trim_start_matches(['@', '&', '!']);
                Some(if digits(id) { Syntax::Discord } else { Syntax::Slack })
            }
            _ if inside.contains('@') => Some(Syntax::Teams),
            _ => None,
        });
        all.extend(outside.split([' ', ',']).any(|it| it.starts_with('@')).then_some(Syntax::At));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntaxes_are_told_apart() {
        use Syntax::{At, Discord, Slack, Teams};
        let word = |it: &Syntax| match it {
            Slack => "slack",
            Discord => "discord",
            Teams => "teams",
            At => "at",
        };
        for (mention, want) in [
            ("<!here>", "slack"),
            ("<!subteam^S1> <@U012AB3CD>", "slack slack"),
            ("<@42> <@&7>", "discord discord"),
            ("<@!42>", "discord"),
            ("@here", "at"),
            ("on call, @channel", "at"),
            ("Jane Doe <jane@example.com>, John <j@x>", "teams teams"),
            ("on call", ""),
            ("a > b <", ""),
        ] {
            let found: Vec<_> = syntaxes(mention).iter().map(word).collect();
            assert_eq!(found.join(" "), want, "{mention}");
        }
    }
}
