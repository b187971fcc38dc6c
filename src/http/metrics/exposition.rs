//! The text format of Prometheus, from that of `OpenMetrics`, which the library writes: every Prometheus reads the
//! first, and its linter knows no other.
//!
//! They differ in a counter's family, which has no `_total` there; in a unit's line; and in the last line.

/// The same in the text format of Prometheus, version 0.0.4.
pub(super) fn text(open_metrics: &str) -> String {
    let mut out = String::with_capacity(open_metrics.len());
    let mut help: Option<(&str, &str)> = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "untyped"));
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, said)) = help.take().filter(|(of, _)| *of == name) {
                out.extend(["# HELP ", name, suffix, " ", said, "\n"]);
            }
            let kind = if kind == "unknown" { "untyped" } else { kind };
            out.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
        } else if !line.starts_with('#') {
            out.extend([line, "\n"]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_s_family_has_its_suffix() {
        let open_metrics = "# HELP a_audits Audits.\n# TYPE a_audits counter\na_audits_total{result=\"clean\"} 1\n\
                            # HELP a_lag_seconds Lag.\n# TYPE a_lag_seconds gauge\n# UNIT a_lag_seconds seconds\n\
                            a_lag_seconds 0.5\n# EOF\n";
        assert_eq!(
            text(open_metrics),
            "# HELP a_audits_total Audits.\n# TYPE a_audits_total counter\na_audits_total{result=\"clean\"} 1\n\
             # HELP a_lag_seconds Lag.\n# TYPE a_lag_seconds gauge\na_lag_seconds 0.5\n"
        );
    }
}
