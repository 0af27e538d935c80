//! The tokens of PTX.

use crate::error::LoadError;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind<'a> {
    Word(&'a str),
    Integer(u64),
    Single(u32),
    Double(u64),
    Mark(u8),
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub kind: Kind<'a>,
    pub line: u32,
}

fn is_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$' | b'%' | b'.')
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'%' | b'.')
}

/// Divides a text.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, LoadError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(bytes.len() / 4);
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'\n' {
            line += 1;
            at += 1;
        } else if byte.is_ascii_whitespace() || byte == 0 {
            at += 1;
        } else if bytes[at..].starts_with(b"//") {
            while at < bytes.len() && bytes[at] != b'\n' {
                at += 1;
            }
        } else if bytes[at..].starts_with(b"/*") {
            while at < bytes.len() && !bytes[at..].starts_with(b"*/") {
                line += u32::from(bytes[at] == b'\n');
                at += 1;
            }
            at += 2;
        } else if byte == b'"' {
            let from = at;
            at += 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += 1;
            }
            at += 1;
            tokens.push(Token { kind: Kind::Word(&text[from..at.min(bytes.len())]), line });
        } else if is_start(byte) {
            let from = at;
            while at < bytes.len() && (is_part(bytes[at]) || bytes[at..].starts_with(b"::")) {
                at += if bytes[at] == b':' { 2 } else { 1 };
            }
            tokens.push(Token { kind: Kind::Word(&text[from..at]), line });
        } else if byte.is_ascii_digit() {
            let from = at;
            while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
                at += 1;
            }
            tokens.push(Token { kind: number(&text[from..at], line)?, line });
        } else {
            tokens.push(Token { kind: Kind::Mark(byte), line });
            at += 1;
        }
    }
    tokens.push(Token { kind: Kind::End, line });
    Ok(tokens)
}

fn number(word: &str, line: u32) -> Result<Kind<'_>, LoadError> {
    let wrong = || LoadError::Text { line, what: format!("'{word}' is not a number") };
    let hexadecimal = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| wrong());
    let lower = word.get(..2).unwrap_or_default();
    Ok(match lower {
        "0f" | "0F" => Kind::Single(hexadecimal(&word[2..])? as u32),
        "0d" | "0D" => Kind::Double(hexadecimal(&word[2..])?),
        "0x" | "0X" => Kind::Integer(hexadecimal(word[2..].trim_end_matches('U'))?),
        "0b" | "0B" => Kind::Integer(u64::from_str_radix(&word[2..], 2).map_err(|_| wrong())?),
        _ => {
            let digits = word.trim_end_matches('U');
            let octal = digits.len() > 1 && digits.starts_with('0');
            let radix = if octal { 8 } else { 10 };
            Kind::Integer(u64::from_str_radix(digits, radix).map_err(|_| wrong())?)
        }
    })
}
