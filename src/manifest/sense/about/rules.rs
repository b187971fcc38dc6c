//! Makes sense of what acts or decides when somebody touches a table: triggers, row-level security,
//! privileges.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Reader;
use crate::manifest::shape::PolicyShape;
use crate::manifest::shape::TextOr;
use crate::manifest::shape::TriggerShape;
use crate::manifest::shape::words;
use crate::schema::Grantee;
use crate::schema::Name;
use crate::schema::PUBLIC;
use crate::schema::Policy;
use crate::schema::RowSecurity;
use crate::schema::Trigger;
use crate::schema::enabled_letter;
use crate::yaml::At;
use crate::yaml::Entries;

impl Reader<'_> {
    pub(super) fn triggers(
        &mut self,
        said: &Entries<TextOr<TriggerShape>>,
    ) -> BTreeMap<Name, Trigger> {
        let mut triggers = BTreeMap::new();
        for (name, said) in &said.0 {
            let key = format!("triggers.{}", name.value);
            let Some(name) = self.name(&key, name) else { continue };
            let trigger = match said {
                TextOr::Text(text) => Trigger { definition: text.clone(), enabled: 'O' },
                TextOr::Map(map) => {
                    let enabled = map.enabled.as_ref();
                    let word = enabled
                        .and_then(|it| self.word(&format!("{key}.enabled"), it, &words::ENABLED));
                    let enabled = word.map_or('O', enabled_letter);
                    Trigger { definition: map.definition.value.clone(), enabled }
                }
            };
            triggers.insert(name, trigger);
        }
        triggers
    }

    pub(super) fn row_security(&mut self, said: &At<String>) -> Option<RowSecurity> {
        let word = self.word("rls", said, &words::RLS)?;
        Some(RowSecurity { enabled: word != "disabled", forced: word == "forced" })
    }

    pub(super) fn policies(&mut self, said: &Entries<PolicyShape>) -> BTreeMap<Name, Policy> {
        let mut policies = BTreeMap::new();
        for (name, said) in &said.0 {
            let key = format!("policies.{}", name.value);
            let Some(name) = self.name(&key, name) else { continue };
            let command = said.command.as_ref();
            let command =
                command.and_then(|it| self.word(&format!("{key}.command"), it, &words::COMMAND));
            let roles = match &said.roles {
                None => BTreeSet::from([Grantee::Public]),
                Some(roles) => roles
                    .iter()
                    .filter_map(|it| self.grantee(&format!("{key}.roles"), it))
                    .collect(),
            };
            policies.insert(
                name,
                Policy {
                    command: command.unwrap_or("all").to_owned(),
                    permissive: said.permissive.unwrap_or(true),
                    roles,
                    using: said.using.as_ref().map(|it| it.value.clone()),
                    check: said.check.as_ref().map(|it| it.value.clone()),
                },
            );
        }
        policies
    }

    pub(super) fn grants(
        &mut self,
        said: &Entries<Vec<At<String>>>,
    ) -> BTreeMap<Grantee, BTreeSet<String>> {
        let mut grants = BTreeMap::new();
        for (role, privileges) in &said.0 {
            let Some(grantee) = self.grantee("grants", role) else { continue };
            let key = format!("grants.{}", role.value);
            let mut words = BTreeSet::new();
            for it in privileges {
                let lower = At { value: it.value.to_ascii_lowercase(), ..it.clone() };
                words.extend(self.word(&key, &lower, &words::PRIVILEGES).map(str::to_owned));
            }
            grants.insert(grantee, words);
        }
        grants
    }

    fn grantee(&mut self, key: &str, role: &At<String>) -> Option<Grantee> {
        // As SQL spells it, too.
        if role.value == PUBLIC || role.value == PUBLIC.to_ascii_uppercase() {
            return Some(Grantee::Public);
        }
        self.name(key, role).map(Grantee::Role)
    }
}
