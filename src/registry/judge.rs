//! Whether a registry is to be believed: from what was known and what it says now.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Known;
use super::Tenant;

/// Why a registry is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It names far fewer than before.
    Shrunk,
    /// It names none any more.
    Empty,
    /// It cannot be read.
    Failing,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Shrunk, Self::Empty, Self::Failing];

    /// The word used in state and API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Shrunk => "shrunk",
            Self::Empty => "empty",
            Self::Failing => "failing",
        }
    }
}

/// What is not believed, in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub why: Why,
    /// How many were known before; of what it named first while it was not believed, what is gone.
    pub known: usize,
    /// Those of them that it does not name any more, in order.
    pub gone: Vec<String>,
    /// Why it could not be read; holds no secret.
    pub detail: Option<String>,
}

/// What follows from one try to read a registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What is known from now on; its tenants are what is registered.
    pub known: Known,
    /// Tenants that are not registered any more, in order.
    pub retired: Vec<String>,
    /// Why it is not believed, where that is so.
    pub doubt: Option<Doubt>,
    /// It was not believed before, and is now.
    pub is_over: bool,
}

/// Judges what was `read`: the tenants that the registry names now, or why it could not be read.
///
/// One tenant that is gone retires while others remain. From two on, a registry with less than
/// `min_fraction` of the known ones is not believed, and neither is an empty one, or one that could not
/// be read `confirm_failing` times in a row: then all that were known stay. Those that it names anew
/// count in any case; they stay, too, and say nothing of whether it is to be believed. Once it is not believed, it takes `min_fraction` to be believed again: row by row
/// a registry that is being restored does not retire the others.
#[must_use]
pub fn judge(
    known: &Known,
    read: Result<Vec<Tenant>, String>,
    min_fraction: f64,
    confirm_failing: u32,
) -> Judgement {
    let now = match read {
        Ok(now) => now,
        Err(detail) => return failed(known, detail, confirm_failing),
    };
    let mut tenants: BTreeMap<String, Tenant> =
        now.into_iter().map(|it| (it.name.clone(), it)).collect();
    // What was known before it was doubted, whatever it named since.
    let is_fresh = |name: &String| known.doubt.is_some() && known.fresh.contains(name);
    let base = || known.tenants.values().filter(|it| !it.is_nameless() && !is_fresh(&it.name));
    let away = |name: &String| !tenants.contains_key(name);
    let before = base().count();
    let lost = base().filter(|it| away(&it.name)).count();
    let left = before - lost;
    let why = if before > 0 && left == 0 {
        // Whatever else it names: of what was known, nothing is there.
        Some(if tenants.is_empty() { Why::Empty } else { Why::Shrunk })
    } else {
        let suspicious = lost >= 2 || (!known.gone.is_empty() && lost > 0);
        (suspicious && is_below(left, before, min_fraction)).then_some(Why::Shrunk)
    };
    let Some(why) = why else {
        let retired = known.tenants.keys().filter(|it| away(it)).cloned().collect();
        return Judgement {
            known: Known { tenants, ..Known::default() },
            retired,
            doubt: None,
            is_over: known.doubt.is_some(),
        };
    };
    let (retired, kept): (Vec<&Tenant>, Vec<&Tenant>) =
        known.tenants.values().filter(|it| away(&it.name)).partition(|it| it.is_nameless());
    let gone: Vec<String> = kept.iter().map(|it| it.name.clone()).collect();
    let retired = retired.into_iter().map(|it| it.name.clone()).collect();
    tenants.extend(kept.into_iter().map(|it| (it.name.clone(), it.clone())));
    let is_base: BTreeSet<&String> = base().map(|it| &it.name).collect();
    let fresh = tenants.keys().filter(|it| !is_base.contains(it)).cloned().collect();
    let known_before = left + gone.len();
    Judgement {
        known: Known {
            tenants,
            gone: gone.iter().cloned().collect(),
            fresh,
            doubt: Some(why),
            failures: 0,
        },
        retired,
        doubt: Some(Doubt { why, known: known_before, gone, detail: None }),
        is_over: false,
    }
}

/// Nothing is known of a registry that could not be read: everything stays.
fn failed(known: &Known, detail: String, confirm_failing: u32) -> Judgement {
    let failures = known.failures.saturating_add(1);
    let mut kept = Known { failures, ..known.clone() };
    let mut doubt = None;
    if failures >= confirm_failing.max(1) {
        if known.doubt.is_none() {
            // Of a doubt that is over, as by a person: what it named is known like all else.
            kept.fresh.clear();
        }
        let is_told = |it: &&Tenant| {
            !it.is_nameless() && (!kept.fresh.contains(&it.name) || kept.gone.contains(&it.name))
        };
        let known_before = kept.tenants.values().filter(is_told).count();
        kept.doubt = Some(Why::Failing);
        doubt = Some(Doubt {
            why: Why::Failing,
            known: known_before,
            gone: known.gone.iter().cloned().collect(),
            detail: Some(detail),
        });
    }
    Judgement { known: kept, retired: Vec::new(), doubt, is_over: false }
}

#[expect(clippy::cast_precision_loss, reason = "a registry has far fewer rows than 2^52")]
fn is_below(left: usize, before: usize, min_fraction: f64) -> bool {
    (left as f64) < min_fraction * before as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Parts;
    use crate::registry::Way;

    /// `"a b"`: tenants of these names.
    fn tenants(names: &str) -> Vec<Tenant> {
        let one = |name: &str| Tenant {
            name: name.to_owned(),
            manifest: None,
            labels: [].into(),
            way: Way::Parts(Parts::default()),
        };
        names.split_whitespace().map(one).collect()
    }

    /// `gone` says which of `names` were gone when it was last read.
    fn known(names: &str, doubt: Option<Why>, gone: &str) -> Known {
        let tenants = tenants(names).into_iter().map(|it| (it.name.clone(), it)).collect();
        let gone = gone.split_whitespace().map(str::to_owned).collect();
        Known { tenants, doubt, gone, fresh: BTreeSet::new(), failures: 0 }
    }

    fn joined<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
        names.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_registry_that_shrinks_is_not_believed() {
        use Why::Empty;
        use Why::Failing;
        use Why::Shrunk;
        let ten = "a b c d e f g h i j";
        #[rustfmt::skip]
        let cases = [
            // case                         known        was            gone   now                registered     retired  why
            ("the first time",              "",          None,          "",    "a b",             "a b",         "",      None),
            ("nothing, the first time",     "",          None,          "",    "",                "",            "",      None),
            ("one more",                    "a",         None,          "",    "a b",             "a b",         "",      None),
            ("one of two is gone",          "a b",       None,          "",    "a",               "a",           "b",     None),
            ("the last one is gone",        "a",         None,          "",    "",                "a",           "",      Some(Empty)),
            ("both are gone",               "a b",       None,          "",    "",                "a b",         "",      Some(Empty)),
            ("another in place of all",     "a b",       None,          "",    "c",               "a b c",       "",      Some(Shrunk)),
            ("another in place of one",     "a",         None,          "",    "c",               "a c",         "",      Some(Shrunk)),
            ("two of three are gone",       "a b c",     None,          "",    "a",               "a b c",       "",      Some(Shrunk)),
            ("growth hides no loss",        "a b c",     None,          "",    "a x y z",         "a b c x y z", "",      Some(Shrunk)),
            ("two of ten are gone",         ten,         None,          "",    "c d e f g h i j", "c d e f g h i j", "a b", None),
            ("three of ten are gone",       ten,         None,          "",    "d e f g h i j",   ten,           "",      Some(Shrunk)),
            ("one comes back",              "a b",       Some(Empty),   "a b", "a",               "a b",         "",      Some(Shrunk)),
            ("all come back",               "a b",       Some(Empty),   "a b", "a b",             "a b",         "",      None),
            ("enough come back",            "a b c d e", Some(Shrunk),  "d e", "a b c d",         "a b c d",     "e",     None),
            ("it can be read again",        "a b",       Some(Failing), "",    "a b",             "a b",         "",      None),
            ("it failed, and lost one",     "a b",       Some(Failing), "",    "a",               "a",           "b",     None),
        ];
        for (case, before, was, gone, now, registered, retired, why) in cases {
            let it = judge(&known(before, was, gone), Ok(tenants(now)), 0.8, 3);
            assert_eq!(joined(it.known.tenants.keys()), registered, "{case}");
            assert_eq!(joined(&it.retired), retired, "{case}");
            assert_eq!(it.doubt.as_ref().map(|it| it.why), why, "{case}");
            assert_eq!(it.known.doubt, why, "{case}");
            assert_eq!(it.is_over, was.is_some() && why.is_none(), "{case}");
            assert_eq!(it.known.gone.is_empty(), why.is_none(), "{case}");
        }
    }

    #[test]
    fn a_registry_that_fails_keeps_everything_and_says_so_at_the_third_time() {
        let mut before = known("a b", None, "");
        for (nth, want) in [(1, None), (2, None), (3, Some(Why::Failing)), (4, Some(Why::Failing))]
        {
            let it = judge(&before, Err("no".to_owned()), 0.8, 3);
            assert_eq!(it.doubt.as_ref().map(|it| it.why), want, "try {nth}");
            assert_eq!(joined(it.known.tenants.keys()), "a b");
            assert_eq!(it.known.failures, nth);
            before = it.known;
        }
        let it = judge(&before, Ok(tenants("a b")), 0.8, 3);
        assert!(it.is_over && it.doubt.is_none() && it.known.failures == 0);
        // What was gone before it failed is gone still.
        let wiped = judge(&before, Ok(Vec::new()), 0.8, 3);
        let fails = judge(&wiped.known, Err("no".to_owned()), 0.8, 3);
        assert_eq!(fails.known.gone, wiped.known.gone);
        assert_eq!(fails.known.doubt, Some(Why::Empty));
    }

    /// A registry that is wiped and filled with others is not believed at the second read either.
    #[test]
    fn growth_hides_no_loss_however_often_it_is_read() {
        let before = known("a b c d e", None, "");
        let others: Vec<String> = (1..=30).map(|n| format!("x{n}")).collect();
        let others = others.join(" ");
        let mut it = judge(&before, Ok(tenants(&others)), 0.8, 3);
        for _ in 0..3 {
            it = judge(&it.known, Ok(tenants(&others)), 0.8, 3);
            let doubt = it.doubt.as_ref().expect("it is not believed");
            assert_eq!((doubt.known, doubt.gone.len(), it.is_over), (5, 5, false));
            assert_eq!(it.known.tenants.len(), 35);
        }
        let back = judge(&it.known, Ok(tenants("a b c d e x1")), 0.8, 3);
        assert!(back.is_over && back.doubt.is_none());
        assert_eq!(back.retired.len(), 29);
    }

    /// What came while it was not believed is kept like all else, and does not help it to be believed.
    #[test]
    fn what_came_in_the_meantime_is_kept_when_it_is_wiped() {
        let before = known("a b c d e", None, "");
        let it = judge(&before, Ok(tenants("a b v w x")), 0.8, 3);
        assert_eq!(it.doubt.as_ref().map(|it| (it.known, it.gone.len())), Some((5, 3)));
        let it = judge(&it.known, Ok(Vec::new()), 0.8, 3);
        assert_eq!(joined(it.known.tenants.keys()), "a b c d e v w x");
        assert_eq!(
            (joined(it.known.gone.iter()), joined(&it.retired)),
            (joined(it.known.tenants.keys()), String::new())
        );
        assert_eq!(
            it.doubt.as_ref().map(|it| (it.why, it.known, it.gone.len())),
            Some((Why::Empty, 8, 8))
        );
        let back = judge(&it.known, Ok(tenants("a b c d e v")), 0.8, 3);
        assert!(back.is_over && back.doubt.is_none());
        assert_eq!(joined(&back.retired), "w x");
    }

    /// A person believed it: what it named until then is known like all else.
    #[test]
    fn what_was_accepted_is_missed_like_all_else() {
        let mut it = judge(&known("a b c", None, ""), Ok(tenants("u v w x")), 0.8, 3);
        assert_eq!(it.known.fresh.len(), 4);
        // As `discover accept` leaves it, whatever becomes of `fresh`.
        it.known.tenants.retain(|it, _| !"a b c".contains(it.as_str()));
        it.known.gone.clear();
        it.known.doubt = None;
        for _ in 0..3 {
            it = judge(&it.known, Err("no".to_owned()), 0.8, 3);
        }
        assert_eq!(it.doubt.as_ref().map(|it| (it.why, it.known)), Some((Why::Failing, 4)));
        let wiped = judge(&it.known, Ok(Vec::new()), 0.8, 3);
        assert_eq!(wiped.doubt.as_ref().map(|it| (it.why, it.gone.len())), Some((Why::Empty, 4)));
        assert_eq!(joined(&wiped.retired), "");
    }

    /// Rows without a name that will do are missed by nobody.
    #[test]
    fn a_row_that_was_mended_is_no_loss() {
        let mut before = known("a b", None, "");
        for name in ["r-row-unnamed-1", "r-row-unnamed-12", "r-row-0123abcd"] {
            let way = Way::Senseless("no name".to_owned());
            let tenant = Tenant { way, ..tenants(name).remove(0) };
            before.tenants.insert(name.to_owned(), tenant);
        }
        let it = judge(&before, Ok(tenants("a b c d e")), 0.8, 3);
        assert_eq!((it.doubt, it.retired.len()), (None, 3));
        // A name of one's own that looks like it is missed.
        let own = |name: &str| Tenant {
            way: Way::Senseless("no url".to_owned()),
            ..tenants(name).remove(0)
        };
        for name in ["east-row-1", "east-row-unnamed-x", "row-0123abcd", "east-row-0123abcde"] {
            assert!(!own(name).is_nameless(), "{name}");
        }
    }
}
