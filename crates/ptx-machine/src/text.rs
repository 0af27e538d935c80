//! PTX as text: tokens, declarations and instructions, with names still names.
//!
//! It knows the grammar and no instruction.

use crate::error::LoadError;
use crate::token::{Kind, Token, tokens};

/// A state space that variables are declared in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Global,
    Constant,
    Shared,
    Local,
    Parameter,
}

/// A part of an initial value.
#[derive(Clone, Debug)]
pub(crate) enum Initial<'a> {
    /// A number.
    Bits(u64),
    /// The address of a variable.
    Address { name: &'a str, offset: i64 },
    /// One byte of the address of a variable.
    AddressByte { name: &'a str, mask: u64 },
}

/// A variable or a parameter.
#[derive(Clone, Debug)]
pub(crate) struct Variable<'a> {
    pub place: Place,
    pub name: &'a str,
    pub align: u64,
    /// Of one element.
    pub element: u64,
    /// Of all of it; none where the launch gives the size.
    pub bytes: Option<u64>,
    pub initial: Vec<Initial<'a>>,
}

/// An operand as written.
#[derive(Clone, Debug)]
pub(crate) enum Operand<'a> {
    /// A register, a variable, a label or a function, and what is added to its address.
    Name(&'a str, i64),
    /// `!name`.
    Not(&'a str),
    Integer(u64),
    Single(u32),
    Double(u64),
    /// `{a, b}`.
    Vector(Vec<Operand<'a>>),
    /// `(a, b)`.
    List(Vec<Operand<'a>>),
    /// `[base + offset]`; without a base the offset is the address.
    Address(Option<&'a str>, i64),
    /// `a|b`.
    Pair(Box<(Operand<'a>, Operand<'a>)>),
}

/// What a body consists of.
#[derive(Clone, Debug)]
pub(crate) enum Statement<'a> {
    Open,
    Close,
    Label(&'a str),
    /// Registers: type, name, and how many where the name is a prefix.
    Registers {
        kind: &'a str,
        name: &'a str,
        count: Option<u32>,
    },
    Variable(Variable<'a>),
    /// A list of labels that `brx.idx` chooses from.
    Targets {
        name: &'a str,
        labels: Vec<&'a str>,
    },
    Instruction(Instruction<'a>),
}

/// One instruction as written.
#[derive(Clone, Debug)]
pub(crate) struct Instruction<'a> {
    pub line: u32,
    /// Name of the guarding predicate, and whether it is negated.
    pub guard: Option<(&'a str, bool)>,
    pub name: &'a str,
    pub operands: Vec<Operand<'a>>,
}

/// An entry or a function.
#[derive(Clone, Debug)]
pub(crate) struct Function<'a> {
    pub name: &'a str,
    pub is_entry: bool,
    pub returns: Vec<Variable<'a>>,
    pub parameters: Vec<Variable<'a>>,
    /// None for a declaration.
    pub body: Option<Vec<Statement<'a>>>,
    /// The most threads of a block, where the text says so.
    pub maximum_threads: Option<u32>,
    /// The exact threads of a block, where the text says so.
    pub required_threads: Option<u32>,
}

/// A whole text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text<'a> {
    /// As in 80 for sm_80.
    pub target: u32,
    pub variables: Vec<Variable<'a>>,
    pub functions: Vec<Function<'a>>,
}

/// Reads a text.
pub(crate) fn parse(text: &str) -> Result<Text<'_>, LoadError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens, at: 0 };
    parser.text()
}

/// Bytes of a fundamental type, as in `.b32`.
pub(crate) fn type_bytes(name: &str) -> Option<u64> {
    Some(match name {
        "b8" | "u8" | "s8" => 1,
        "b16" | "u16" | "s16" | "f16" | "bf16" => 2,
        "b32" | "u32" | "s32" | "f32" | "f16x2" | "bf16x2" | "tf32" => 4,
        "b64" | "u64" | "s64" | "f64" => 8,
        "b128" => 16,
        _ => return None,
    })
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Kind<'a> {
        self.tokens[self.at].kind
    }

    fn peek_after(&self) -> Kind<'a> {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)].kind
    }

    fn line(&self) -> u32 {
        self.tokens[self.at].line
    }

    fn next(&mut self) -> Kind<'a> {
        let kind = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        kind
    }

    fn wrong<T>(&self, wanted: &str) -> Result<T, LoadError> {
        let what = format!("{wanted} expected, found {:?}", self.peek());
        Err(LoadError::Text { line: self.line(), what })
    }

    fn takes(&mut self, mark: u8) -> bool {
        let found = self.peek() == Kind::Mark(mark);
        if found {
            self.next();
        }
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = self.peek() == Kind::Word(word);
        if found {
            self.next();
        }
        found
    }

    fn mark(&mut self, mark: u8) -> Result<(), LoadError> {
        if self.takes(mark) { Ok(()) } else { self.wrong(&format!("'{}'", mark as char)) }
    }

    fn word(&mut self) -> Result<&'a str, LoadError> {
        match self.peek() {
            Kind::Word(word) => {
                self.next();
                Ok(word)
            }
            _ => self.wrong("a name"),
        }
    }

    fn integer(&mut self) -> Result<u64, LoadError> {
        let negative = self.takes(b'-');
        match self.peek() {
            Kind::Integer(value) => {
                self.next();
                Ok(if negative { value.wrapping_neg() } else { value })
            }
            _ => self.wrong("a number"),
        }
    }

    fn skip_to(&mut self, mark: u8) {
        while self.peek() != Kind::End && !self.takes(mark) {
            self.next();
        }
    }

    fn text(&mut self) -> Result<Text<'a>, LoadError> {
        let mut text = Text::default();
        while self.peek() != Kind::End {
            match self.word()? {
                ".version" => {
                    self.next();
                    // `7.0` is read as `7` and `.0`.
                    if matches!(self.peek(), Kind::Word(word) if word[1..].bytes().all(|byte| byte.is_ascii_digit())) {
                        self.next();
                    }
                }
                ".target" => {
                    let name = self.word()?;
                    let digits: String =
                        name.trim_start_matches("sm_").chars().take_while(char::is_ascii_digit).collect();
                    text.target = digits.parse().unwrap_or(0);
                    while self.takes(b',') {
                        self.word()?;
                    }
                }
                ".address_size" => {
                    if self.integer()? != 64 {
                        return self.wrong("an address size of 64");
                    }
                }
                ".visible" | ".extern" | ".weak" | ".common" => {}
                ".global" => text.variables.push(self.variable(Place::Global)?),
                ".const" => text.variables.push(self.variable(Place::Constant)?),
                ".shared" => text.variables.push(self.variable(Place::Shared)?),
                ".entry" => {
                    let function = self.function(true)?;
                    text.functions.push(function);
                }
                ".func" => {
                    let function = self.function(false)?;
                    text.functions.push(function);
                }
                ".file" | ".loc" => self.skip_line(),
                ".section" => self.skip_to(b'}'),
                _ => {
                    self.at -= 1;
                    return self.wrong("a declaration");
                }
            }
        }
        Ok(text)
    }

    fn skip_line(&mut self) {
        let line = self.tokens[self.at.saturating_sub(1)].line;
        while self.peek() != Kind::End && self.line() == line {
            self.next();
        }
    }

    /// A variable after its place, with the semicolon.
    fn variable(&mut self, place: Place) -> Result<Variable<'a>, LoadError> {
        let mut variable = self.declared(place)?;
        if self.takes(b'=') {
            if self.takes(b'{') {
                loop {
                    if self.takes(b'}') {
                        break;
                    }
                    variable.initial.push(self.initial()?);
                    self.takes(b',');
                }
            } else {
                variable.initial.push(self.initial()?);
            }
        }
        self.mark(b';')?;
        Ok(variable)
    }

    fn initial(&mut self) -> Result<Initial<'a>, LoadError> {
        match self.peek() {
            Kind::Single(bits) => {
                self.next();
                Ok(Initial::Bits(u64::from(bits)))
            }
            Kind::Double(bits) => {
                self.next();
                Ok(Initial::Bits(bits))
            }
            Kind::Word(word) => {
                self.next();
                let name = if word == "generic" {
                    self.mark(b'(')?;
                    let name = self.word()?;
                    self.mark(b')')?;
                    name
                } else {
                    word
                };
                let offset = self.offset()?;
                Ok(Initial::Address { name, offset })
            }
            _ => {
                let value = self.integer()?;
                if self.takes(b'(') {
                    let name = self.word()?;
                    self.mark(b')')?;
                    return Ok(Initial::AddressByte { name, mask: value });
                }
                Ok(Initial::Bits(value))
            }
        }
    }

    fn offset(&mut self) -> Result<i64, LoadError> {
        let is_there = self.takes(b'+') || self.peek() == Kind::Mark(b'-');
        if is_there { Ok(self.integer()? as i64) } else { Ok(0) }
    }

    /// A variable or parameter after its place: attributes, type, name, extent.
    fn declared(&mut self, place: Place) -> Result<Variable<'a>, LoadError> {
        let (mut align, mut element, mut lanes) = (0, None, 1);
        let name = loop {
            let word = self.word()?;
            match word {
                ".align" if element.is_none() => align = self.integer()?,
                // After the type it is the alignment of what a pointer points to.
                ".align" => {
                    self.integer()?;
                }
                ".ptr" | ".global" | ".const" | ".shared" | ".local" | ".managed" => {}
                ".v2" => lanes = 2,
                ".v4" => lanes = 4,
                _ => match word.strip_prefix('.').and_then(type_bytes) {
                    Some(bytes) => element = Some(bytes),
                    None if word.starts_with('.') => {
                        self.at -= 1;
                        return self.wrong("a type");
                    }
                    None => break word,
                },
            }
        };
        let Some(element) = element else { return self.wrong("a type") };
        let mut bytes = Some(element * lanes);
        while self.takes(b'[') {
            if self.takes(b']') {
                bytes = None;
            } else {
                let count = self.integer()?;
                bytes = bytes.map(|bytes| bytes * count);
                self.mark(b']')?;
            }
        }
        Ok(Variable { place, name, align: align.max(element * lanes), element, bytes, initial: Vec::new() })
    }

    fn parameters(&mut self) -> Result<Vec<Variable<'a>>, LoadError> {
        let mut parameters = Vec::new();
        if !self.takes(b'(') {
            return Ok(parameters);
        }
        while !self.takes(b')') {
            if !self.takes_word(".param") && !self.takes_word(".reg") {
                return self.wrong("a parameter");
            }
            parameters.push(self.declared(Place::Parameter)?);
            self.takes(b',');
        }
        Ok(parameters)
    }

    fn function(&mut self, is_entry: bool) -> Result<Function<'a>, LoadError> {
        let returns = self.parameters()?;
        let name = self.word()?;
        let parameters = self.parameters()?;
        let mut function =
            Function { name, is_entry, returns, parameters, body: None, maximum_threads: None, required_threads: None };
        loop {
            match self.peek() {
                Kind::Mark(b';') => {
                    self.next();
                    return Ok(function);
                }
                Kind::Mark(b'{') => {
                    self.next();
                    function.body = Some(self.body()?);
                    return Ok(function);
                }
                Kind::Word(directive) => {
                    self.next();
                    let mut product = 1;
                    while let Kind::Integer(value) = self.peek() {
                        product *= value as u32;
                        self.next();
                        self.takes(b',');
                    }
                    match directive {
                        ".maxntid" => function.maximum_threads = Some(product),
                        ".reqntid" => function.required_threads = Some(product),
                        ".pragma" => {
                            self.word()?;
                            self.takes(b';');
                        }
                        _ => {}
                    }
                }
                _ => return self.wrong("a body"),
            }
        }
    }

    fn body(&mut self) -> Result<Vec<Statement<'a>>, LoadError> {
        let mut statements = Vec::new();
        let mut depth = 0;
        loop {
            match self.peek() {
                Kind::Mark(b'{') => {
                    self.next();
                    depth += 1;
                    statements.push(Statement::Open);
                }
                Kind::Mark(b'}') => {
                    self.next();
                    if depth == 0 {
                        return Ok(statements);
                    }
                    depth -= 1;
                    statements.push(Statement::Close);
                }
                Kind::Mark(b';') => {
                    self.next();
                }
                Kind::Mark(b'@') => {
                    self.next();
                    let negated = self.takes(b'!');
                    let guard = self.word()?;
                    statements.push(Statement::Instruction(self.instruction(Some((guard, negated)))?));
                }
                Kind::Word(word) if word.starts_with('.') => {
                    self.next();
                    self.directive(word, &mut statements)?;
                }
                Kind::Word(word) if self.peek_after() == Kind::Mark(b':') => {
                    self.next();
                    self.next();
                    if self.takes_word(".branchtargets") {
                        let mut labels = vec![self.word()?];
                        while self.takes(b',') {
                            labels.push(self.word()?);
                        }
                        self.mark(b';')?;
                        statements.push(Statement::Targets { name: word, labels });
                    } else {
                        statements.push(Statement::Label(word));
                    }
                }
                Kind::Word(_) => statements.push(Statement::Instruction(self.instruction(None)?)),
                _ => return self.wrong("an instruction"),
            }
        }
    }

    fn directive(&mut self, word: &'a str, statements: &mut Vec<Statement<'a>>) -> Result<(), LoadError> {
        match word {
            ".reg" => {
                let kind = self.word()?;
                loop {
                    let name = self.word()?;
                    let mut count = None;
                    if self.takes(b'<') {
                        count = Some(self.integer()? as u32);
                        self.mark(b'>')?;
                    }
                    statements.push(Statement::Registers { kind, name, count });
                    if !self.takes(b',') {
                        break;
                    }
                }
                self.mark(b';')
            }
            ".local" | ".shared" | ".param" | ".global" | ".const" => {
                let place = match word {
                    ".local" => Place::Local,
                    ".shared" => Place::Shared,
                    ".global" => Place::Global,
                    ".const" => Place::Constant,
                    _ => Place::Parameter,
                };
                let variable = self.variable(place)?;
                statements.push(Statement::Variable(variable));
                Ok(())
            }
            ".loc" | ".file" => {
                self.skip_line();
                Ok(())
            }
            ".pragma" => {
                self.skip_to(b';');
                Ok(())
            }
            _ => {
                self.at -= 1;
                self.wrong("a directive")
            }
        }
    }

    fn instruction(&mut self, guard: Option<(&'a str, bool)>) -> Result<Instruction<'a>, LoadError> {
        let line = self.line();
        let name = self.word()?;
        let mut operands = Vec::new();
        while !self.takes(b';') {
            operands.push(self.operand()?);
            if !self.takes(b',') {
                self.mark(b';')?;
                break;
            }
        }
        Ok(Instruction { line, guard, name, operands })
    }

    fn operands_until(&mut self, mark: u8) -> Result<Vec<Operand<'a>>, LoadError> {
        let mut operands = Vec::new();
        while !self.takes(mark) {
            operands.push(self.operand()?);
            self.takes(b',');
        }
        Ok(operands)
    }

    fn operand(&mut self) -> Result<Operand<'a>, LoadError> {
        let operand = match self.peek() {
            Kind::Mark(b'{') => {
                self.next();
                Operand::Vector(self.operands_until(b'}')?)
            }
            Kind::Mark(b'(') => {
                self.next();
                Operand::List(self.operands_until(b')')?)
            }
            Kind::Mark(b'!') => {
                self.next();
                Operand::Not(self.word()?)
            }
            Kind::Mark(b'[') => {
                self.next();
                let address = match self.peek() {
                    Kind::Word(base) => {
                        self.next();
                        Operand::Address(Some(base), self.offset()?)
                    }
                    _ => Operand::Address(None, self.integer()? as i64),
                };
                self.mark(b']')?;
                address
            }
            Kind::Word(name) => {
                self.next();
                Operand::Name(name, self.offset()?)
            }
            Kind::Single(bits) => {
                self.next();
                Operand::Single(bits)
            }
            Kind::Double(bits) => {
                self.next();
                Operand::Double(bits)
            }
            _ => Operand::Integer(self.integer()?),
        };
        if self.takes(b'|') {
            return Ok(Operand::Pair(Box::new((operand, self.operand()?))));
        }
        Ok(operand)
    }
}
