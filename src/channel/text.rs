//! A Slack payload as its reader sees it, in plain text: for the demo's receiver, and for snapshots.
//!
//! The input is the JSON that was sent, so this also shows what Slack would have been told: text that
//! Slack parses is unescaped, text that it does not parse stays as it is.

use serde_json::Value;

use super::escape;

/// How far a payload is followed inwards. Slack's own blocks nest four deep.
const DEPTH_MAX: usize = 8;

/// What a person sees of `payload`: plain text, one line per line, no ANSI sequences, control
/// characters visible. Where there are blocks, Slack shows those in place of `text`.
#[must_use]
pub fn as_seen(payload: &Value) -> String {
    let lines = match payload["blocks"].as_array() {
        Some(blocks) => blocks.iter().flat_map(block).collect(),
        None => lines(&escape::unslack(words(payload))),
    };
    let lines: Vec<String> =
        lines.iter().map(|it| escape::seen(it).trim_end().to_owned()).collect();
    lines.join("\n")
}

fn words(object: &Value) -> &str {
    object["text"].as_str().unwrap_or_default()
}

fn lines(text: &str) -> Vec<String> {
    text.split('\n').map(str::to_owned).collect()
}

/// The lines of one block.
fn block(block: &Value) -> Vec<String> {
    match block["type"].as_str().unwrap_or_default() {
        "header" | "section" => lines(&text_object(&block["text"])),
        "divider" => vec!["─".repeat(20)],
        "context" => vec![elements(block).iter().map(text_object).collect::<Vec<_>>().join(" · ")],
        "rich_text" => elements(block).iter().flat_map(rich_part).collect(),
        other => vec![format!("({other})")],
    }
}

fn elements(object: &Value) -> &[Value] {
    object["elements"].as_array().map_or(&[], Vec::as_slice)
}

/// A `plain_text` object as it is, a `mrkdwn` object unescaped.
fn text_object(object: &Value) -> String {
    match object["type"].as_str() {
        Some("mrkdwn") => escape::unslack(words(object)),
        _ => words(object).to_owned(),
    }
}

fn rich_part(part: &Value) -> Vec<String> {
    match part["type"].as_str().unwrap_or_default() {
        "rich_text_list" => {
            elements(part).iter().map(|item| format!("  • {}", run(item, DEPTH_MAX))).collect()
        }
        "rich_text_preformatted" => {
            lines(&run(part, DEPTH_MAX)).iter().map(|it| format!("    {it}")).collect()
        }
        _ => lines(&run(part, DEPTH_MAX)),
    }
}

/// All text elements below `part`, one after the other.
fn run(part: &Value, depth: usize) -> String {
    match (part["text"].as_str(), depth) {
        (Some(text), _) => text.to_owned(),
        (None, 0) => String::new(),
        (None, _) => elements(part).iter().map(|it| run(it, depth - 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payload_is_shown_as_slack_would_show_it() {
        #[rustfmt::skip]
        let cases = [
            (json!({ "text": "a &lt;!channel&gt; &amp;amp;\nb" }), "a <!channel> &amp;\nb"),
            (json!({ "text": "not shown", "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": "&lt;b\u{1b}[31m" } },
                { "type": "divider" },
                { "type": "section", "text": { "type": "mrkdwn", "text": "&lt;c" } },
                { "type": "rich_text", "elements": [
                    { "type": "rich_text_section", "elements": [
                        { "type": "text", "text": "one\n" }, { "type": "text", "text": "two" } ] },
                    { "type": "rich_text_list", "elements": [
                        { "type": "rich_text_section", "elements": [{ "type": "text", "text": "x" }] } ] },
                    { "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": "ls\npwd" }] } ] },
                { "type": "context", "elements": [{ "type": "plain_text", "text": "SW-1" }] },
                { "type": "video" } ] }),
             "&lt;b\\x1b[31m\n────────────────────\n<c\none\ntwo\n  • x\n    ls\n    pwd\nSW-1\n(video)"),
            (json!({}), ""),
            (json!([1, 2]), ""),
            (json!({ "blocks": [7, {}] }), "()\n()"),
        ];
        for (payload, want) in cases {
            assert_eq!(as_seen(&payload), want);
        }
    }
}
