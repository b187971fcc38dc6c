//! `create type`, `alter type` and domains. Enums have their labels here; of any other type it is only
//! known that it is there.

use crate::schema::RelationName;

use super::rename;
use super::state::Relation;
use super::state::State;
use super::state::missing;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;

/// From behind `type` on.
pub(super) fn create(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let parts = rest.parts()?;
    let name = state.new_name(&parts)?;
    if rest.words(&["as", "enum"]) {
        let labels = at_commas(rest.group()?).into_iter().filter(|it| !it.is_empty());
        let labels = labels.map(|it| Cursor::new(it).text()).collect::<Result<Vec<_>, _>>()?;
        // A range or composite type may have been declared as a shell before.
        if state.enums.contains_key(&name) || state.other_types.contains(&name) {
            return Err(Problem::new(format!("type `{}` is there already", name.visible())));
        }
        state.enums.insert(name, labels);
        return Ok(());
    }
    if rest.word("as") && rest.next_word().as_deref() != Some("RANGE") {
        return state.add(name, Relation::Composite);
    }
    state.other_types.insert(name);
    Ok(())
}

/// From behind `domain` on.
pub(super) fn create_domain(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let name = state.new_name(&rest.parts()?)?;
    state.other_types.insert(name);
    Ok(())
}

/// From behind `type` on.
pub(super) fn alter(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let parts = rest.parts()?;
    let Some(name) = state.enumeration(&parts) else {
        return match state.other_type(&parts) {
            Some(name) => alter_other(state, &name, rest),
            None => Err(missing("type", &parts.join("."))),
        };
    };
    if rest.words(&["add", "value"]) {
        return add_value(state, &name, rest);
    }
    if rest.words(&["rename", "value"]) {
        let old = rest.text()?;
        if !rest.word("to") {
            return Err(rest.unexpected("`to`"));
        }
        let new = rest.text()?;
        let labels = state.enums.entry(name).or_default();
        let label = labels.iter_mut().find(|it| **it == old);
        *label.ok_or_else(|| missing("label", &old))? = new;
        return Ok(());
    }
    alter_other(state, &name, rest)
}

fn alter_other(
    state: &mut State,
    name: &RelationName,
    mut rest: Cursor<'_>,
) -> Result<(), Problem> {
    if rest.words(&["rename", "to"]) {
        let new = rest.name()?;
        rename::enumeration(state, name, RelationName::new(name.schema.clone(), &*new));
    } else if rest.words(&["set", "schema"]) {
        let schema = rest.name()?;
        rename::enumeration(state, name, RelationName::new(&*schema, name.name.clone()));
    }
    Ok(())
}

fn add_value(state: &mut State, name: &RelationName, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let if_not_exists = rest.words(&["if", "not", "exists"]);
    let label = rest.text()?;
    let labels = state.enums.entry(name.clone()).or_default();
    if labels.contains(&label) {
        let message = format!("type `{}` has the label `{label}` already", name.visible());
        return if if_not_exists { Ok(()) } else { Err(Problem::new(message)) };
    }
    let before = rest.word("before");
    let at = if before || rest.word("after") {
        let beside = rest.text()?;
        let at = labels.iter().position(|it| *it == beside);
        at.ok_or_else(|| missing("label", &beside))? + usize::from(!before)
    } else {
        labels.len()
    };
    labels.insert(at, label);
    Ok(())
}
