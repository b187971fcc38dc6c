//! Two memories of the same tables, side by side.
//!
//! Both are sorted by name, so one walk compares each name with its neighbour. To look up ten thousand
//! names in the other one costs ten times as much, and an audit has no time for it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Each key of either, in order, with what each side has of it.
pub(super) fn joined<'a, K: Ord, A, B>(
    left: &'a BTreeMap<K, A>,
    right: &'a BTreeMap<K, B>,
) -> impl Iterator<Item = (&'a K, Option<&'a A>, Option<&'a B>)> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    std::iter::from_fn(move || {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let a = if order.is_le() { left.next() } else { None };
        let b = if order.is_ge() { right.next() } else { None };
        let key = a.map(|it| it.0).or(b.map(|it| it.0))?;
        Some((key, a.map(|it| it.1), b.map(|it| it.1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// It tells what looking each key up would tell.
        #[test]
        fn a_join_is_both_looked_up(
            left in proptest::collection::btree_map(0..20u8, 0..9u8, 0..12),
            right in proptest::collection::btree_map(0..20u8, 0..9u8, 0..12),
        ) {
            let told: Vec<_> = joined(&left, &right).collect();
            let want: Vec<_> = (0..20u8)
                .filter(|it| left.contains_key(it) || right.contains_key(it))
                .map(|it| (it, left.get(&it), right.get(&it)))
                .collect();
            let told: Vec<_> = told.into_iter().map(|(key, a, b)| (*key, a, b)).collect();
            prop_assert_eq!(told, want);
        }
    }
}
