//! Types: from any spelling to that of `format_type` under an empty `search_path`.
//!
//! Follows the productions below `Typename` of `src/backend/parser/gram.y`, and
//! `format_type_extended` of `src/backend/utils/adt/format_type.c`.

use super::TypeError;
use super::built_in;
use super::built_in::quoted;
use super::token::Token;
use super::token::tokens;

/// More digits of a second than PostgreSQL keeps are cut, with a warning there.
const SECOND_DIGITS_MAX: u32 = 6;

/// The fields of an interval.
const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];

/// The spelling of `format_type` for any spelling of a type: `int4` is `integer`, `varchar(20)` is
/// `character varying(20)`, `int[3]` is `integer[]`, `"Role"` is `public."Role"`. A type that is not
/// PostgreSQL's own is the user's, in schema `public` where no schema is named. `serial` is not a
/// type but a way to write a column.
///
/// # Errors
///
/// [`TypeError`] where the text cannot be a type.
pub fn type_name(text: &str) -> Result<String, TypeError> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Err(TypeError::Empty);
    }
    let mut reader = Reader { tokens: &tokens, at: 0 };
    let spelled = reader.whole();
    spelled.map_err(|why| TypeError::Malformed { text: text.trim().to_owned(), why })
}

type Spelled = Result<String, &'static str>;

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn whole(&mut self) -> Spelled {
        let element = self.element()?;
        let array = self.array()?;
        match self.peek() {
            Some(_) => Err("something follows the type"),
            None if array => Ok(format!("{element}[]")),
            None => Ok(element),
        }
    }

    fn element(&mut self) -> Spelled {
        let first = self.next().ok_or("there is nothing")?.clone();
        if self.symbol(".") {
            let mut parts = vec![name(&first)?];
            loop {
                parts.push(name(self.next().ok_or("a name follows the dot")?)?);
                if !self.symbol(".") {
                    break;
                }
            }
            return self.qualified(parts);
        }
        match first {
            Token::Word(word) => self.bare(&word),
            Token::Quoted(quoted) => self.named(&quoted),
            _ => Err("a type begins with a name"),
        }
    }

    fn qualified(&mut self, mut parts: Vec<String>) -> Spelled {
        let (last, schema) = (parts.pop(), parts.pop());
        let (Some(last), Some(schema)) = (last, schema) else { return Err("a name is missing") };
        if schema == "pg_catalog" {
            return self.named(&last);
        }
        let modifiers = self.modifiers()?;
        Ok(format!("{}.{}{}", quoted(&schema), quoted(&last), listed(&modifiers)))
    }

    /// A word without quotes, which the grammar may know (`GenericType`, `Numeric`, `Bit`,
    /// `Character`, `ConstDatetime`, `ConstInterval`).
    fn bare(&mut self, word: &str) -> Spelled {
        let modifiers = match word {
            "int" | "integer" => return Ok("integer".to_owned()),
            "smallint" | "bigint" | "real" | "boolean" => return Ok(word.to_owned()),
            "double" if self.word("precision") => return Ok("double precision".to_owned()),
            "float" => return self.float(),
            "decimal" | "dec" => return self.named("numeric"),
            "interval" => return self.interval(),
            "national" if self.word("character") || self.word("char") => return self.character(),
            "character" | "char" | "nchar" => return self.character(),
            "bit" => {
                let base = if self.word("varying") { "varbit" } else { "bit" };
                let modifiers = self.modifiers()?;
                let one = base == "bit" && modifiers.is_empty();
                return internal(base, if one { vec!["1".to_owned()] } else { modifiers });
            }
            "timestamp" | "time" => self.modifiers()?,
            "setof" => return Err("a set is not a type of a column"),
            _ => return self.named(word),
        };
        let zone = if self.word("with") {
            self.words(["time", "zone"])?;
            true
        } else {
            if self.word("without") {
                self.words(["time", "zone"])?;
            }
            false
        };
        internal(&if zone { format!("{word}tz") } else { word.to_owned() }, modifiers)
    }

    /// A name that the grammar does not know: of `pg_catalog`, or the user's.
    fn named(&mut self, name: &str) -> Spelled {
        let modifiers = self.modifiers()?;
        if built_in::is_type(name) {
            return internal(name, modifiers);
        }
        match name.strip_prefix('_').filter(|it| built_in::is_type(it)) {
            Some(element) => Ok(format!("{}[]", internal(element, modifiers)?)),
            None => Ok(format!("public.{}{}", quoted(name), listed(&modifiers))),
        }
    }

    fn character(&mut self) -> Spelled {
        let varying = self.word("varying");
        let modifiers = self.modifiers()?;
        match (varying, modifiers.is_empty()) {
            (true, _) => internal("varchar", modifiers),
            (false, true) => internal("bpchar", vec!["1".to_owned()]),
            (false, false) => internal("bpchar", modifiers),
        }
    }

    fn float(&mut self) -> Spelled {
        let modifiers = self.modifiers()?;
        let bits = match modifiers.as_slice() {
            [] => 53,
            [bits] => bits.parse::<u32>().unwrap_or_default(),
            _ => 0,
        };
        match bits {
            1..=24 => Ok("real".to_owned()),
            25..=53 => Ok("double precision".to_owned()),
            _ => Err("float has 1 to 53 bits"),
        }
    }

    fn interval(&mut self) -> Spelled {
        let mut fields = String::new();
        if let Some(from) = self.field() {
            fields = format!(" {from}");
            if self.word("to") {
                let to = self.field().ok_or("a field follows `to`")?;
                fields = format!("{fields} to {to}");
            }
        }
        let digits = seconds(&self.modifiers()?)?;
        Ok(format!("interval{fields}{digits}"))
    }

    fn field(&mut self) -> Option<&'static str> {
        FIELDS.into_iter().find(|it| self.word(it))
    }

    /// `(20)`, `(10, 2)`, `(Point, 4326)`; none where there is no parenthesis.
    fn modifiers(&mut self) -> Result<Vec<String>, &'static str> {
        let mut modifiers = Vec::new();
        if !self.symbol("(") {
            return Ok(modifiers);
        }
        loop {
            let mut sign = "";
            if self.symbol("-") {
                sign = "-";
            }
            match self.next() {
                Some(Token::Number(it) | Token::Word(it) | Token::Text(it) | Token::Quoted(it)) => {
                    modifiers.push(format!("{sign}{it}"));
                }
                _ => return Err("a number stands in the parentheses"),
            }
            if self.symbol(")") {
                return Ok(modifiers);
            }
            if !self.symbol(",") {
                return Err("the parenthesis is not closed");
            }
        }
    }

    /// `[]`, `[3]`, `[][]`, `array`, `array[4]`: PostgreSQL keeps neither bounds nor dimensions.
    fn array(&mut self) -> Result<bool, &'static str> {
        let mut array = self.word("array");
        while self.symbol("[") {
            array = true;
            if let Some(Token::Number(_)) = self.peek() {
                self.at += 1;
            }
            if !self.symbol("]") {
                return Err("the bracket is not closed");
            }
        }
        Ok(array)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&Token> {
        let token = self.tokens.get(self.at);
        self.at += usize::from(token.is_some());
        token
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(it)) if it == symbol);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(it)) if it == word);
        self.at += usize::from(found);
        found
    }

    fn words<const N: usize>(&mut self, words: [&str; N]) -> Result<(), &'static str> {
        let all = words.into_iter().all(|it| self.word(it));
        if all { Ok(()) } else { Err("`time zone` is missing") }
    }
}

fn name(token: &Token) -> Spelled {
    match token {
        Token::Word(it) | Token::Quoted(it) => Ok(it.clone()),
        _ => Err("a name stands on both sides of the dot"),
    }
}

/// A type of `pg_catalog` by its internal name, as `format_type` spells it.
fn internal(name: &str, modifiers: Vec<String>) -> Spelled {
    let spelled = match name {
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "bool" => "boolean",
        "varbit" => "bit varying",
        "varchar" => "character varying",
        "bpchar" if !modifiers.is_empty() => "character",
        "bit" if !modifiers.is_empty() => "bit",
        "timestamp" | "time" => {
            return Ok(format!("{name}{} without time zone", seconds(&modifiers)?));
        }
        "timestamptz" => return Ok(format!("timestamp{} with time zone", seconds(&modifiers)?)),
        "timetz" => return Ok(format!("time{} with time zone", seconds(&modifiers)?)),
        "interval" => return Ok(format!("interval{}", seconds(&modifiers)?)),
        "numeric" if modifiers.len() == 1 => {
            let mut modifiers = modifiers;
            modifiers.push("0".to_owned());
            return Ok(format!("numeric{}", listed(&modifiers)));
        }
        // These mean something else without quotes.
        "char" | "bit" | "any" => &quoted(name),
        other => other,
    };
    Ok(format!("{spelled}{}", listed(&modifiers)))
}

/// `(3)` of a type that holds seconds.
fn seconds(modifiers: &[String]) -> Spelled {
    match modifiers {
        [] => Ok(String::new()),
        [digits] => match digits.parse::<u32>() {
            Ok(digits) => Ok(format!("({})", digits.min(SECOND_DIGITS_MAX))),
            Err(_) => Err("the digits of a second are a number"),
        },
        _ => Err("one number says the digits of a second"),
    }
}

fn listed(modifiers: &[String]) -> String {
    if modifiers.is_empty() { String::new() } else { format!("({})", modifiers.join(",")) }
}
