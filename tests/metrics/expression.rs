//! The expressions of the rules and the dashboard under `deploy/`, taken apart: which metrics they ask for, with which
//! labels. Held against what a real daemon tells, so that none of them waits for a series that never comes.
//!
//! It knows as much of `PromQL` as those expressions use, and refuses the rest: a word that it does not know may be a
//! metric that is spelled wrong.

use std::collections::BTreeSet;

use super::scraped::Scraped;

/// Labels that the scraper adds.
const TARGET: [&str; 2] = ["instance", "job"];
/// Words between two expressions.
const OPERATORS: [&str; 4] = ["or", "and", "unless", "offset"];
/// Words with a list of labels behind them.
const GROUPING: [&str; 4] = ["by", "without", "ignoring", "on"];
/// Words that may have one.
const JOINING: [&str; 2] = ["group_left", "group_right"];
/// Functions that ask how fast something grows, so what is counted and nothing else.
const OF_COUNTERS: [&str; 2] = ["rate", "increase"];

/// One metric that an expression asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selector {
    pub(super) name: String,
    /// Label, operator, value.
    pub(super) matchers: Vec<(String, String, String)>,
    /// Over how long.
    pub(super) range: Option<String>,
    /// The function around it.
    pub(super) within: Option<String>,
}

/// What an expression asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Expression {
    pub(super) selectors: Vec<Selector>,
    /// Labels that it groups or joins by.
    pub(super) labels: BTreeSet<String>,
    /// Labels that its result has, as far as it groups by them.
    pub(super) result: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(String),
    Mark(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = |is: fn(char) -> bool| rest.find(|it| !is(it)).unwrap_or(rest.len());
        let (token, used) = match first {
            it if it.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '"' => {
                let end = rest[1..].find('"').ok_or("a text without an end")?;
                (Token::Text(rest[1..=end].to_owned()), end + 2)
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let used = length(|it| it.is_ascii_alphanumeric() || it == '_');
                (Token::Word(rest[..used].to_owned()), used)
            }
            '0'..='9' => {
                let used = length(|it| it.is_ascii_alphanumeric() || it == '.');
                (Token::Number(rest[..used].to_owned()), used)
            }
            '(' | ')' | '{' | '}' | '[' | ']' | ',' | '=' | '!' | '~' | '<' | '>' | '+' | '-'
            | '*' | '/' => (Token::Mark(first), 1),
            other => return Err(format!("`{other}` is not understood")),
        };
        found.push(token);
        rest = &rest[used..];
    }
    Ok(found)
}

impl Expression {
    /// Takes an expression apart.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0 };
        let mut expression = Self::default();
        let mut open: Vec<Option<String>> = Vec::new();
        while let Some(token) = reader.next() {
            match token {
                Token::Word(word) if GROUPING.contains(&word.as_str()) => {
                    let labels = reader.list()?;
                    if word == "by" {
                        expression.result.extend(labels.iter().cloned());
                    }
                    expression.labels.extend(labels);
                }
                Token::Word(word) if JOINING.contains(&word.as_str()) => {
                    if reader.is_list() {
                        expression.labels.extend(reader.list()?);
                    }
                }
                Token::Word(word) if OPERATORS.contains(&word.as_str()) => {}
                Token::Word(word) if word == "up" || word.starts_with("schemawarden_") => {
                    let within = open.last().cloned().flatten();
                    expression.selectors.push(reader.selector(word, within)?);
                }
                Token::Word(word) => {
                    // `sum by (a) (…)`: the list stands before what it sums.
                    if reader.peek() == Some(&Token::Word("by".to_owned())) {
                        reader.at += 1;
                        let labels = reader.list()?;
                        expression.result.extend(labels.iter().cloned());
                        expression.labels.extend(labels);
                    }
                    reader.mark('(').map_err(|_| format!("`{word}` is no metric of ours"))?;
                    open.push(Some(word));
                }
                Token::Mark('(') => open.push(None),
                Token::Mark(')') => {
                    open.pop().ok_or("a `)` too many")?;
                }
                Token::Text(_)
                | Token::Number(_)
                | Token::Mark(',' | '<' | '>' | '=' | '!' | '+' | '-' | '*' | '/') => {}
                Token::Mark(other) => return Err(format!("`{other}` is not expected")),
            }
        }
        if !open.is_empty() {
            return Err("a `)` is missing".to_owned());
        }
        Ok(expression)
    }

    /// What of it a real daemon does not tell; nothing where it tells all.
    pub(super) fn unmet(&self, scraped: &Scraped) -> Vec<String> {
        let mut unmet = Vec::new();
        let mut known: BTreeSet<String> = TARGET.map(str::to_owned).into();
        for it in self.selectors.iter().filter(|it| it.name != "up") {
            let name = &it.name;
            let Some(family) = scraped.family(name) else {
                unmet.push(format!("`{name}` is not told"));
                continue;
            };
            let series = scraped.labels(name);
            if series.is_empty() {
                unmet.push(format!("`{name}` has no series"));
            }
            known.extend(series.iter().flat_map(|it| it.keys().cloned()));
            for (label, operator, value) in &it.matchers {
                let is_met = match operator.as_str() {
                    "=" => series.iter().any(|it| it.get(label) == Some(value)),
                    _ => series.iter().any(|it| it.contains_key(label)),
                };
                if !is_met {
                    unmet.push(format!("`{name}` has no `{label}{operator}\"{value}\"`"));
                }
            }
            let counts = scraped.families[&family] != "gauge";
            let grows = it.within.as_deref().is_some_and(|it| OF_COUNTERS.contains(&it));
            if counts != grows || grows != it.range.is_some() {
                unmet.push(format!("`{name}`: what is counted, and that alone, needs rate()[…]"));
            }
        }
        let is_unknown = |it: &&String| !known.contains(*it);
        let unknown = self.labels.iter().filter(is_unknown);
        unmet.extend(unknown.map(|it| format!("no metric of it has the label `{it}`")));
        unmet
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn mark(&mut self, mark: char) -> Result<(), String> {
        match self.next() {
            Some(Token::Mark(it)) if it == mark => Ok(()),
            other => Err(format!("`{mark}` is missing before {other:?}")),
        }
    }

    /// Whether a list of labels follows, and nothing else in parentheses.
    fn is_list(&self) -> bool {
        let word = |it: Option<&Token>| matches!(it, Some(Token::Word(_)));
        let end = matches!(self.tokens.get(self.at + 2), Some(Token::Mark(',' | ')')));
        self.peek() == Some(&Token::Mark('(')) && word(self.tokens.get(self.at + 1)) && end
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        self.mark('(')?;
        let mut labels = Vec::new();
        loop {
            match self.next() {
                Some(Token::Word(label)) => labels.push(label),
                Some(Token::Mark(',')) => {}
                Some(Token::Mark(')')) => return Ok(labels),
                other => return Err(format!("{other:?} among labels")),
            }
        }
    }

    /// What follows the name of a metric.
    fn selector(&mut self, name: String, within: Option<String>) -> Result<Selector, String> {
        let mut selector = Selector { name, within, ..Selector::default() };
        if self.peek() == Some(&Token::Mark('{')) {
            self.at += 1;
            loop {
                match self.next() {
                    Some(Token::Mark('}')) => break,
                    Some(Token::Mark(',')) => {}
                    Some(Token::Word(label)) => {
                        let mut operator = String::new();
                        while let Some(Token::Mark(mark @ ('=' | '!' | '~'))) = self.peek() {
                            operator.push(*mark);
                            self.at += 1;
                        }
                        let Some(Token::Text(value)) = self.next() else {
                            return Err(format!("`{label}` has no value"));
                        };
                        selector.matchers.push((label, operator, value));
                    }
                    other => return Err(format!("{other:?} among matchers")),
                }
            }
        }
        if self.peek() == Some(&Token::Mark('[')) {
            self.at += 1;
            let Some(Token::Number(range)) = self.next() else {
                return Err("`[` without a time".to_owned());
            };
            self.mark(']')?;
            selector.range = Some(range);
        }
        Ok(selector)
    }
}

#[test]
fn an_expression_is_taken_apart() {
    let scraped = Scraped::read(
        "# HELP schemawarden_sent_total Sent.\n# TYPE schemawarden_sent_total counter\n\
         schemawarden_sent_total{channel=\"ops\"} 1\n\
         # HELP schemawarden_open Open.\n# TYPE schemawarden_open gauge\n\
         schemawarden_open{kind=\"a\\\"b\"} 1\n",
    );
    for (text, unmet) in [
        ("sum(schemawarden_open)", ""),
        ("absent(up{job=\"schemawarden\"} == 1)", ""),
        ("sum by (channel) (rate(schemawarden_sent_total[5m])) > 0.2", ""),
        ("sum(rate(schemawarden_sent_total{channel!=\"x\"}[5m])) by (channel, job)", ""),
        ("count by (job) (count_values by (job) (\"value\", schemawarden_open)) > 1", ""),
        (
            "sum by (channel) (rate(schemawarden_sent_total[2h])) / ignoring (kind) group_left \
             sum (schemawarden_open)",
            "",
        ),
        ("schemawarden_opened > 1", "`schemawarden_opened` is not told"),
        ("shemawarden_open > 1", "`shemawarden_open` is no metric of ours"),
        ("sum by (verdict) (schemawarden_open)", "no metric of it has the label `verdict`"),
        ("schemawarden_open{kind=\"c\"}", "`schemawarden_open` has no `kind=\"c\"`"),
        (
            "sum(schemawarden_sent_total)",
            "`schemawarden_sent_total`: what is counted, and that alone, needs rate()[…]",
        ),
        (
            "rate(schemawarden_open[5m])",
            "`schemawarden_open`: what is counted, and that alone, needs rate()[…]",
        ),
        ("sum(schemawarden_open", "a `)` is missing"),
        ("schemawarden_open{kind}", "`kind` has no value"),
    ] {
        let said = match Expression::read(text) {
            Ok(it) => it.unmet(&scraped).join("; "),
            Err(error) => error,
        };
        assert_eq!(said, unmet, "{text}");
    }
}
