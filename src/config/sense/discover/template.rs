//! A `url_template`: whether it becomes a URL, and whether a secret would follow a host that a row names.

use crate::config::ConnectionDefaults;
use crate::config::Placeholder;
use crate::config::Template;
use crate::config::sense::Noted;
use crate::config::sense::secret;
use crate::connection;
use crate::connection::Connection;
use crate::connection::Password;
use crate::yaml::nearest;

use super::One;

impl One<'_> {
    pub(super) fn template(&self, noted: &mut Noted) -> Option<Template> {
        let said = self.it.url_template.as_ref()?;
        let key = self.field("url_template");
        let words = Placeholder::ALL.map(Placeholder::word);
        match Template::read(said.value.trim()) {
            Ok(template) if template.placeholders().is_empty() => {
                let message =
                    "has no place for what a row says, so every row would be one database";
                let help = "for example: postgres://auditor@{host}/{dbname}";
                noted.mistake_help(Some(said.at), key, message, help);
                None
            }
            Ok(template) => Some(template),
            Err(word) => {
                let near = nearest(&word, words).map(|it| format!("did you mean `{{{it}}}`?"));
                let help = near.unwrap_or_else(|| format!("there is {}", words.join(", ")));
                // What stands between braces in a variable may be a piece of a secret.
                let shown = if said.from_env {
                    String::new()
                } else {
                    format!(" `{{{}}}`", word.escape_debug())
                };
                noted.mistake_help(
                    Some(said.at),
                    key,
                    format!("there is no placeholder{shown}"),
                    help,
                );
                None
            }
        }
    }

    /// Whether it can become a URL, and whether a secret would follow a host that a row names.
    pub(super) fn look_at_template(
        &self,
        template: &Template,
        defaults: &ConnectionDefaults,
        has_password: bool,
        noted: &mut Noted,
    ) {
        let Some(said) = &self.it.url_template else { return };
        let key = self.field("url_template");
        let with = |host: &'static str, port: &'static str| {
            let filled = template.fill(|it| {
                Some(match it {
                    Placeholder::Host => host,
                    Placeholder::Port => port,
                    _ => "x",
                })
            });
            filled.map(|it| connection::parse(it.expose(), defaults))
        };
        let (Ok(Ok(one)), Ok(Ok(other))) = (with("one.invalid", "1"), with("other.invalid", "2"))
        else {
            let message = match with("one.invalid", "1") {
                Ok(Err(error)) => format!("does not become a connection: {error}"),
                _ => "does not become a connection".to_owned(),
            };
            noted.mistake(Some(said.at), key, message);
            return;
        };
        let inline = matches!(one.password, Password::Inline(_));
        if inline && has_password {
            let message =
                "holds a password, and `password_file` or `password_command` names another";
            noted.mistake_help(Some(said.at), key, message, "keep one of the two");
        }
        if inline {
            secret::warn_of_inline(said, &self.field("url_template"), noted);
        }
        if (inline || has_password) && goes_astray(&one, &other) {
            self.needs_hosts(
                "a password of this file would go to whatever host a row names",
                noted,
            );
        }
    }

    pub(super) fn needs_hosts(&self, why: &str, noted: &mut Noted) {
        if self.it.allow_hosts.is_none() {
            let help = "name the hosts that may receive it: allow_hosts: [\"*.supabase.co\"]";
            let at = self.it.url_template.as_ref().map_or(self.it.name.at, |it| it.at);
            noted.mistake_help(
                Some(at),
                self.field("allow_hosts"),
                format!("is required: {why}"),
                help,
            );
        }
    }
}

/// Whether rows choose the host: two that differ lead to two places.
fn goes_astray(one: &Connection, other: &Connection) -> bool {
    one.hosts != other.hosts
}
