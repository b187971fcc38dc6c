//! Why incidents end: mended, or only not counted any more.

use super::*;

/// "Clean again" is said of what was cleaned, and of nothing else.
#[test]
fn what_nobody_mended_ends_for_a_reason_of_its_own() {
    for (case, life) in [("", no_flapping()), (", with a flap window", Life::default())] {
        for (what, history) in [
            ("accepted", &[("+A", "opened drift new_findings 1/1"), ("kA", "accepted")][..]),
            ("in part", &[("+A +B", "opened drift new_findings 2/2"), ("kA", "accepted")]),
            ("mended", &[("+A", "opened drift new_findings 1/1"), ("clean", "all_findings_gone")]),
            // Another finding is accepted; ours is gone.
            ("another", &[("+A", "opened drift new_findings 1/1"), ("kB", "all_findings_gone")]),
            ("a deploy", &[("+A", "opened drift new_findings 1/1"), ("clean @7", "deploy_began")]),
            (
                "a manifest",
                &[("+A", "opened drift new_findings 1/1"), ("clean #B", "manifest_changed")],
            ),
            // It was seen under the change: so somebody mended it.
            (
                "mended after the change",
                &[
                    ("+A", "opened drift new_findings 1/1"),
                    ("+A #B", ""),
                    ("clean #B", "all_findings_gone"),
                ],
            ),
            (
                "the end of a deploy allows nothing more",
                &[("+A @7", "opened drift new_findings 1/1"), ("clean #B", "all_findings_gone")],
            ),
            (
                "what could not be told proves nothing",
                &[
                    ("+A", "opened drift new_findings 1/1"),
                    ("unknown #B", ""),
                    ("clean #B", "manifest_changed"),
                ],
            ),
            (
                "the whole database",
                &[
                    ("wrong", "opened wrong_database new_findings 1/1"),
                    ("+A #B", "manifest_changed"),
                ],
            ),
        ] {
            let mut kept = Kept::with(life);
            for (number, (spec, want)) in history.iter().enumerate() {
                let heard = kept.audit(spec, i64::try_from(number).unwrap() * 60);
                assert!(heard.contains(want), "{what}{case}: {spec}: {heard}");
            }
        }
    }
    // What flaps ends at once where it is accepted, and not after a clean window.
    let mut kept = Kept::default();
    for (second, spec) in [(0, "+A"), (60, "clean"), (120, "+A")] {
        kept.audit(spec, second);
    }
    assert_eq!(kept.audit("kA", 180), "resolved drift accepted 0/1");
}
