//! `create sequence` and `alter sequence`.

use sqlparser::tokenizer::Token;

use crate::canonical;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Sequence;

use super::column::plain_sequence;
use super::state::Relation;
use super::state::State;
use super::state::missing;
use super::tokens::Cursor;
use super::tokens::Problem;

/// From behind `sequence` on.
pub(super) fn create(
    state: &mut State,
    temporary: bool,
    mut rest: Cursor<'_>,
) -> Result<(), Problem> {
    let if_not_exists = rest.words(&["if", "not", "exists"]);
    let parts = rest.parts()?;
    let name = if temporary { State::temporary(&parts) } else { state.new_name(&parts)? };
    if if_not_exists && state.relations.contains_key(&name) {
        return Ok(());
    }
    let mut options = Options::default();
    options.read(state, &mut rest)?;
    let sequence = options.apply(None);
    let owner = options.owner.and_then(Owner::column);
    state.add(name, Relation::Sequence { sequence, owner })
}

/// Options of a sequence that is there.
pub(super) fn alter(
    state: &mut State,
    name: &RelationName,
    mut rest: Cursor<'_>,
) -> Result<(), Problem> {
    let mut options = Options::default();
    options.read(state, &mut rest)?;
    if let Some(Relation::Sequence { sequence, owner }) = state.relations.get_mut(name) {
        *sequence = options.apply(Some(sequence));
        if let Some(new) = options.owner {
            *owner = new.column();
        }
    }
    Ok(())
}

#[derive(Default)]
struct Options {
    type_name: Option<String>,
    start: Option<i64>,
    increment: Option<i64>,
    min: Option<Bound>,
    max: Option<Bound>,
    cache: Option<i64>,
    cycle: Option<bool>,
    owner: Option<Owner>,
}

#[derive(Clone, Copy)]
enum Bound {
    /// `no minvalue`: that of the type.
    OfType,
    At(i64),
}

enum Owner {
    Nobody,
    Column(RelationName, Name),
}

impl Owner {
    fn column(self) -> Option<(RelationName, Name)> {
        match self {
            Self::Nobody => None,
            Self::Column(table, column) => Some((table, column)),
        }
    }
}

impl Options {
    fn read(&mut self, state: &State, rest: &mut Cursor<'_>) -> Result<(), Problem> {
        while !rest.is_at_end() {
            if rest.word("as") {
                let text = rest.parts()?.pop().unwrap_or_default();
                let spelled = canonical::type_name(&text);
                self.type_name = Some(spelled.map_err(|it| Problem::new(it.to_string()))?);
            } else if rest.word("increment") {
                rest.word("by");
                self.increment = Some(rest.number()?);
            } else if rest.word("start") {
                rest.word("with");
                self.start = Some(rest.number()?);
            } else if rest.word("restart") {
                rest.word("with");
                let _ = rest.number();
            } else if rest.words(&["no", "minvalue"]) {
                self.min = Some(Bound::OfType);
            } else if rest.words(&["no", "maxvalue"]) {
                self.max = Some(Bound::OfType);
            } else if rest.words(&["no", "cycle"]) {
                self.cycle = Some(false);
            } else if rest.word("minvalue") {
                self.min = Some(Bound::At(rest.number()?));
            } else if rest.word("maxvalue") {
                self.max = Some(Bound::At(rest.number()?));
            } else if rest.word("cache") {
                self.cache = Some(rest.number()?);
            } else if rest.word("cycle") {
                self.cycle = Some(true);
            } else if rest.words(&["owned", "by", "none"]) {
                self.owner = Some(Owner::Nobody);
            } else if rest.words(&["owned", "by"]) {
                self.owner = Some(owner(state, rest)?);
            } else {
                return Err(rest.unexpected("an option of a sequence"));
            }
            let _ = rest.symbol(&Token::Comma);
        }
        Ok(())
    }

    /// The sequence with these options (`init_params` of `src/backend/commands/sequence.c`).
    fn apply(&self, old: Option<&Sequence>) -> Sequence {
        let type_name = self.type_name.clone();
        let type_name = type_name.or_else(|| old.map(|it| it.type_name.clone()));
        let ascending = plain_sequence(type_name.as_deref().unwrap_or("bigint"));
        let increment = self.increment.or(old.map(|it| it.increment)).unwrap_or(1);
        let (min, max) =
            if increment < 0 { (-ascending.max - 1, -1) } else { (ascending.min, ascending.max) };
        let bound = |new: Option<Bound>, old: Option<i64>, plain: i64| match new {
            Some(Bound::At(it)) => it,
            Some(Bound::OfType) => plain,
            None => old.unwrap_or(plain),
        };
        // A bound that was its old type's own becomes the new type's.
        let kept = old.filter(|_| self.type_name.is_none());
        let min = bound(self.min, kept.map(|it| it.min), min);
        let max = bound(self.max, kept.map(|it| it.max), max);
        let first = if increment < 0 { max } else { min };
        Sequence {
            start: self.start.or(old.map(|it| it.start)).unwrap_or(first),
            increment,
            min,
            max,
            cache: self.cache.or(old.map(|it| it.cache)).unwrap_or(1),
            cycle: self.cycle.or(old.map(|it| it.cycle)).unwrap_or(false),
            ..ascending
        }
    }
}

fn owner(state: &State, rest: &mut Cursor<'_>) -> Result<Owner, Problem> {
    let mut parts = rest.parts()?;
    let column = parts.pop().unwrap_or_default();
    let table = state.relation(&parts).ok_or_else(|| missing("table", &parts.join(".")))?;
    Ok(Owner::Column(table, Name::from(column.as_str())))
}
