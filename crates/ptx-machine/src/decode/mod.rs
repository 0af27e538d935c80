//! From text to a program: every name becomes a place, every instruction an operation.
//!
//! What is not known here is refused with its line, before anything runs. So is what the project's PTX must not hold:
//! approximations, flushed subnormals, and f32 operations that an assembler may fuse.

mod arithmetic;
mod control;
mod conversion;
mod memory;

use crate::counters::Class;
use crate::error::LoadError;
use crate::operation::Slot;
use crate::program::{Constant, Instruction, NONE, Op, Program, special};
use crate::text::{self, Function, Operand, Place, Statement, Text, Variable};
use std::collections::HashMap;

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
enum Found {
    Predicate(u32),
    /// A register of up to 32 bits.
    Narrow(Slot),
    /// A register of 64 bits.
    Wide(Slot),
    /// An address of a thread's own memory.
    Local(u64),
    /// An address of a block's memory.
    Shared(u64),
    /// The block's memory whose size the launch gives.
    Dynamic,
    /// An offset among the kernel's arguments.
    Parameter(u64),
    /// A variable of the module, by its number.
    Variable(usize),
}

/// Registers declared by a prefix and a count, or one name.
#[derive(Clone, Copy, Debug)]
enum Declared {
    Predicates { first: u32, count: u32 },
    Narrow { first: Slot, count: u32 },
    Wide { first: Slot, count: u32 },
    Found(Found),
}

/// A function that is already in the code.
#[derive(Clone, Debug)]
struct Placed {
    start: u32,
    returns_to: Slot,
    parameters: Vec<(u64, u64)>,
    results: Vec<(u64, u64)>,
}

/// Where a function is while it is decoded.
struct Frame<'a> {
    is_entry: bool,
    returns_to: Slot,
    scopes: Vec<HashMap<&'a str, Declared>>,
    labels: HashMap<&'a str, u32>,
    targets: HashMap<&'a str, Vec<&'a str>>,
    /// Branches by number of instruction and line, whose targets are names yet.
    branches: Vec<(usize, u32, &'a str)>,
    indexed: Vec<(usize, u32, &'a str)>,
}

struct Decoder<'t, 'a> {
    text: &'t Text<'a>,
    variables: &'t HashMap<&'a str, usize>,
    shared: HashMap<&'a str, u64>,
    shared_bytes: u64,
    local_bytes: u64,
    rows: u32,
    predicates: u32,
    /// Rows of registers of 16 bits, which hold nothing above them.
    halves: Vec<std::ops::Range<Slot>>,
    constants: HashMap<Constant, Slot>,
    code: Vec<Instruction>,
    functions: HashMap<&'a str, Placed>,
    /// Functions that are being decoded, to refuse recursion.
    open: Vec<&'a str>,
    frame: Frame<'a>,
    line: u32,
    guard: (u32, bool),
}

/// Makes the program of one entry.
pub(crate) fn entry<'a>(
    text: &Text<'a>,
    variables: &HashMap<&'a str, usize>,
    function: &Function<'a>,
) -> Result<Program, LoadError> {
    let mut decoder = Decoder {
        text,
        variables,
        shared: HashMap::new(),
        shared_bytes: 0,
        local_bytes: 0,
        rows: special::ROWS,
        predicates: 0,
        halves: Vec::new(),
        constants: HashMap::new(),
        code: Vec::new(),
        functions: HashMap::new(),
        open: Vec::new(),
        frame: Frame::new(true, 0, HashMap::new()),
        line: 0,
        guard: (NONE, false),
    };
    let mut parameters = Vec::new();
    let mut parameter_bytes = 0_u64;
    let mut scope = HashMap::new();
    for parameter in &function.parameters {
        let offset = parameter_bytes.next_multiple_of(parameter.align.max(1));
        let bytes = parameter.bytes.unwrap_or(0);
        scope.insert(parameter.name, Declared::Found(Found::Parameter(offset)));
        parameters.push((offset, bytes));
        parameter_bytes = offset + bytes;
    }
    let start = decoder.function(function, Frame::new(true, 0, scope))?;
    // Memory whose size the launch gives begins behind all other.
    let shared_bytes = decoder.shared_bytes.next_multiple_of(128);
    let mut constants: Vec<(Slot, Constant)> = decoder
        .constants
        .iter()
        .map(|(constant, slot)| {
            let constant = match *constant {
                Constant::Dynamic(offset, true) => Constant::Wide(shared_bytes.wrapping_add_signed(offset)),
                Constant::Dynamic(offset, false) => Constant::Narrow(shared_bytes.wrapping_add_signed(offset) as u32),
                other => other,
            };
            (*slot, constant)
        })
        .collect();
    constants.sort_by_key(|(slot, _)| *slot);
    Ok(Program {
        name: function.name.to_string(),
        code: decoder.code,
        start,
        rows: decoder.rows,
        predicates: decoder.predicates,
        constants,
        local_bytes: decoder.local_bytes.next_multiple_of(16),
        shared_bytes,
        parameters,
        parameter_bytes,
        maximum_threads: function.maximum_threads,
        required_threads: function.required_threads,
    })
}

impl<'a> Frame<'a> {
    fn new(is_entry: bool, returns_to: Slot, scope: HashMap<&'a str, Declared>) -> Frame<'a> {
        Frame {
            is_entry,
            returns_to,
            scopes: vec![scope],
            labels: HashMap::new(),
            targets: HashMap::new(),
            branches: Vec::new(),
            indexed: Vec::new(),
        }
    }
}

impl<'a> Decoder<'_, 'a> {
    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, LoadError> {
        Err(LoadError::Text { line: self.line, what: what.into() })
    }

    fn new_rows(&mut self, count: u32) -> Slot {
        self.rows += count;
        self.rows - count
    }

    fn new_predicate(&mut self) -> u32 {
        self.predicates += 1;
        self.predicates - 1
    }

    fn new_local(&mut self, variable: &Variable<'a>) -> u64 {
        let at = self.local_bytes.next_multiple_of(variable.align.max(1));
        self.local_bytes = at + variable.bytes.unwrap_or(0);
        at
    }

    /// Decodes a function behind all that it calls, and gives its first instruction.
    fn function(&mut self, function: &Function<'a>, frame: Frame<'a>) -> Result<u32, LoadError> {
        if self.open.contains(&function.name) {
            return self.wrong(format!("{} calls itself", function.name));
        }
        let Some(body) = &function.body else { return self.wrong(format!("{} has no body", function.name)) };
        self.open.push(function.name);
        for statement in body {
            if let Statement::Instruction(instruction) = statement
                && instruction.name.starts_with("call")
            {
                self.line = instruction.line;
                for operand in &instruction.operands {
                    if let Operand::Name(name, 0) = operand {
                        self.place(name)?;
                    }
                }
            }
        }
        let start = self.code.len() as u32;
        let outer = std::mem::replace(&mut self.frame, frame);
        for statement in body {
            self.statement(statement)?;
        }
        // A body that ends without a return.
        self.emit(if self.frame.is_entry { Op::Exit } else { Op::Return(self.frame.returns_to) }, Class::Control);
        self.resolve_branches()?;
        self.frame = outer;
        self.open.pop();
        Ok(start)
    }

    /// Brings a called function into the code.
    fn place(&mut self, name: &'a str) -> Result<(), LoadError> {
        if self.functions.contains_key(name) {
            return Ok(());
        }
        let text = self.text;
        let function = text.functions.iter().find(|function| function.name == name && function.body.is_some());
        let Some(function) = function else { return self.wrong(format!("there is no function {name}")) };
        let returns_to = self.new_rows(1);
        let mut scope = HashMap::new();
        let mut memory = |variables: &[Variable<'a>]| -> Vec<(u64, u64)> {
            let place = |variable: &Variable<'a>| {
                let at = self.new_local(variable);
                scope.insert(variable.name, Declared::Found(Found::Local(at)));
                (at, variable.bytes.unwrap_or(0))
            };
            variables.iter().map(place).collect()
        };
        let (parameters, results) = (memory(&function.parameters), memory(&function.returns));
        let start = self.function(function, Frame::new(false, returns_to, scope))?;
        self.functions.insert(name, Placed { start, returns_to, parameters, results });
        Ok(())
    }

    fn statement(&mut self, statement: &Statement<'a>) -> Result<(), LoadError> {
        match statement {
            Statement::Open => self.frame.scopes.push(HashMap::new()),
            Statement::Close => {
                self.frame.scopes.pop();
            }
            Statement::Label(name) => {
                let at = self.code.len() as u32;
                if self.frame.labels.insert(name, at).is_some() {
                    return self.wrong(format!("label {name} stands twice"));
                }
            }
            Statement::Registers { kind, name, count } => self.registers(kind, name, *count)?,
            Statement::Variable(variable) => self.variable(variable)?,
            Statement::Targets { name, labels } => {
                self.frame.targets.insert(name, labels.clone());
            }
            Statement::Instruction(instruction) => {
                self.line = instruction.line;
                self.guard = match instruction.guard {
                    Some((name, negated)) => (self.predicate_named(name)?, negated),
                    None => (NONE, false),
                };
                self.instruction(instruction.name, &instruction.operands)?;
            }
        }
        Ok(())
    }

    fn declare(&mut self, name: &'a str, declared: Declared) {
        if let Some(scope) = self.frame.scopes.last_mut() {
            scope.insert(name, declared);
        }
    }

    fn registers(&mut self, kind: &str, name: &'a str, count: Option<u32>) -> Result<(), LoadError> {
        let many = count.unwrap_or(1);
        let bytes = text::type_bytes(kind.trim_start_matches('.'));
        let declared = match (kind, bytes, count) {
            (".pred", _, _) => {
                let first = self.predicates;
                self.predicates += many;
                match count {
                    Some(count) => Declared::Predicates { first, count },
                    None => Declared::Found(Found::Predicate(first)),
                }
            }
            (_, Some(8), _) => {
                let first = self.new_rows(2 * many);
                match count {
                    Some(count) => Declared::Wide { first, count },
                    None => Declared::Found(Found::Wide(first)),
                }
            }
            (_, Some(1 | 2 | 4), _) => {
                let first = self.new_rows(many);
                if bytes != Some(4) {
                    self.halves.push(first..first + many);
                }
                match count {
                    Some(count) => Declared::Narrow { first, count },
                    None => Declared::Found(Found::Narrow(first)),
                }
            }
            _ => return self.wrong(format!("registers of type {kind} are not known")),
        };
        self.declare(name, declared);
        Ok(())
    }

    fn is_half(&self, slot: Slot) -> bool {
        self.halves.iter().any(|range| range.contains(&slot))
    }

    fn variable(&mut self, variable: &Variable<'a>) -> Result<(), LoadError> {
        let found = match variable.place {
            Place::Local | Place::Parameter => Found::Local(self.new_local(variable)),
            Place::Shared => self.shared_variable(variable),
            Place::Global | Place::Constant => return self.wrong("a variable of the module inside a function"),
        };
        self.declare(variable.name, Declared::Found(found));
        Ok(())
    }

    fn shared_variable(&mut self, variable: &Variable<'a>) -> Found {
        let Some(bytes) = variable.bytes else { return Found::Dynamic };
        if let Some(at) = self.shared.get(variable.name) {
            return Found::Shared(*at);
        }
        let at = self.shared_bytes.next_multiple_of(variable.align.max(1));
        self.shared_bytes = at + bytes;
        self.shared.insert(variable.name, at);
        Found::Shared(at)
    }

    /// What a name stands for, here.
    fn find(&mut self, name: &'a str) -> Result<Found, LoadError> {
        let prefix = name.trim_end_matches(|character: char| character.is_ascii_digit());
        let number: Option<u32> = name[prefix.len()..].parse().ok();
        for scope in self.frame.scopes.iter().rev() {
            if let Some(Declared::Found(found)) = scope.get(name) {
                return Ok(*found);
            }
            let (Some(number), Some(declared)) = (number, scope.get(prefix)) else { continue };
            match *declared {
                Declared::Predicates { first, count } if number < count => return Ok(Found::Predicate(first + number)),
                Declared::Narrow { first, count } if number < count => return Ok(Found::Narrow(first + number)),
                Declared::Wide { first, count } if number < count => return Ok(Found::Wide(first + 2 * number)),
                _ => {}
            }
        }
        if name.starts_with('%')
            && let Some((_, slot)) = special::NAMES.iter().find(|(special, _)| *special == name)
        {
            return Ok(Found::Narrow(*slot));
        }
        if let Some(variable) = self.variables.get(name) {
            return Ok(Found::Variable(*variable));
        }
        let text = self.text;
        let shared = text.variables.iter().find(|variable| variable.place == Place::Shared && variable.name == name);
        match shared {
            Some(variable) => Ok(self.shared_variable(variable)),
            None => self.wrong(format!("{name} is not declared")),
        }
    }

    fn predicate_named(&mut self, name: &'a str) -> Result<u32, LoadError> {
        match self.find(name)? {
            Found::Predicate(predicate) => Ok(predicate),
            _ => self.wrong(format!("{name} is not a predicate")),
        }
    }

    /// A predicate and whether it is negated.
    fn predicate(&mut self, operand: &Operand<'a>) -> Result<(u32, bool), LoadError> {
        match operand {
            Operand::Name(name, 0) => Ok((self.predicate_named(name)?, false)),
            Operand::Not(name) => Ok((self.predicate_named(name)?, true)),
            Operand::Integer(value) => {
                let result = self.new_predicate();
                let guard = std::mem::replace(&mut self.guard, (NONE, false));
                self.emit(Op::PredicateConstant { result, value: *value != 0 }, Class::Selection);
                self.guard = guard;
                Ok((result, false))
            }
            _ => self.wrong("a predicate expected"),
        }
    }

    /// A predicate that takes a result; an unused one for `_`.
    fn predicate_result(&mut self, operand: &Operand<'a>) -> Result<u32, LoadError> {
        match operand {
            Operand::Name("_", 0) => Ok(self.new_predicate()),
            Operand::Name(name, 0) => self.predicate_named(name),
            _ => self.wrong("a predicate expected"),
        }
    }

    /// A row that always holds this.
    fn constant(&mut self, constant: Constant) -> Slot {
        if let Some(slot) = self.constants.get(&constant) {
            return *slot;
        }
        let rows = if matches!(constant, Constant::Narrow(_) | Constant::Dynamic(_, false)) { 1 } else { 2 };
        let slot = self.new_rows(rows);
        self.constants.insert(constant, slot);
        slot
    }

    /// A source of up to 32 bits. Of a wider register it is the low half, where the instruction allows one.
    fn narrow(&mut self, operand: &Operand<'a>, allow_wide: bool) -> Result<Slot, LoadError> {
        match operand {
            Operand::Integer(value) => Ok(self.constant(Constant::Narrow(*value as u32))),
            Operand::Single(bits) => Ok(self.constant(Constant::Narrow(*bits))),
            Operand::Name("WARP_SZ", 0) => Ok(self.constant(Constant::Narrow(32))),
            Operand::Name(name, offset) => match self.find(name)? {
                Found::Narrow(slot) => Ok(slot),
                Found::Wide(slot) if allow_wide => Ok(slot),
                Found::Shared(at) => Ok(self.constant(Constant::Narrow(at.wrapping_add_signed(*offset) as u32))),
                Found::Dynamic => Ok(self.constant(Constant::Dynamic(*offset, false))),
                _ => self.wrong(format!("{name} is not a register of 32 bits")),
            },
            _ => self.wrong("a register expected"),
        }
    }

    /// A source of 64 bits.
    fn wide(&mut self, operand: &Operand<'a>) -> Result<Slot, LoadError> {
        match operand {
            Operand::Integer(value) => Ok(self.constant(Constant::Wide(*value))),
            Operand::Double(bits) => Ok(self.constant(Constant::Wide(*bits))),
            Operand::Name(name, offset) => {
                let constant = match self.find(name)? {
                    Found::Wide(slot) => return Ok(slot),
                    Found::Local(at) | Found::Shared(at) | Found::Parameter(at) => {
                        Constant::Wide(at.wrapping_add_signed(*offset))
                    }
                    Found::Dynamic => Constant::Dynamic(*offset, true),
                    Found::Variable(variable) => Constant::Address(variable, *offset),
                    _ => return self.wrong(format!("{name} is not a register of 64 bits")),
                };
                Ok(self.constant(constant))
            }
            _ => self.wrong("a register expected"),
        }
    }

    fn source(&mut self, operand: &Operand<'a>, bits: u32) -> Result<Slot, LoadError> {
        match (bits, operand) {
            (64, _) => self.wide(operand),
            (16, Operand::Integer(value)) => Ok(self.constant(Constant::Narrow(*value as u32 & 0xffff))),
            _ => self.narrow(operand, false),
        }
    }

    /// A register that takes a result, and whether it has 64 bits; an unused one of the given width for `_`.
    fn any_result(&mut self, operand: &Operand<'a>, bits: u32) -> Result<(Slot, bool), LoadError> {
        match operand {
            Operand::Name("_", 0) => Ok((self.new_rows(2), bits == 64)),
            Operand::Name(name, 0) => match self.find(name)? {
                Found::Narrow(slot) => Ok((slot, false)),
                Found::Wide(slot) => Ok((slot, true)),
                _ => self.wrong(format!("{name} is not a register")),
            },
            _ => self.wrong("a register expected"),
        }
    }

    /// A register of the given width that takes a result.
    fn result(&mut self, operand: &Operand<'a>, bits: u32) -> Result<Slot, LoadError> {
        match self.any_result(operand, bits)? {
            (slot, wide) if wide == (bits == 64) => Ok(slot),
            _ => self.wrong(format!("the result is not a register of {bits} bits")),
        }
    }

    fn emit(&mut self, op: Op, class: Class) {
        let (guard, negated) = self.guard;
        self.code.push(Instruction { op, guard, negated, line: self.line, class });
    }

    fn instruction(&mut self, name: &'a str, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let mut parts = name.split('.');
        let base = parts.next().unwrap_or_default();
        let opcode = Opcode { base, parts: parts.collect() };
        let known = self.arithmetic(&opcode, operands)?
            || self.memory(&opcode, operands)?
            || self.control(&opcode, operands)?;
        if known { Ok(()) } else { self.wrong(format!("the instruction {name} is not known")) }
    }
}

/// The name of an instruction, divided.
struct Opcode<'a> {
    base: &'a str,
    parts: Vec<&'a str>,
}

impl<'a> Opcode<'a> {
    fn has(&self, part: &str) -> bool {
        self.parts.contains(&part)
    }

    /// The last type in the name: that of the operation.
    fn kind(&self) -> Option<Type> {
        self.parts.iter().rev().find_map(|part| Type::of(part))
    }
}

/// A type of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Type {
    kind: TypeKind,
    bits: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TypeKind {
    Bits,
    Unsigned,
    Signed,
    Float,
    Predicate,
}

impl Type {
    fn of(name: &str) -> Option<Type> {
        if name == "pred" {
            return Some(Type { kind: TypeKind::Predicate, bits: 1 });
        }
        let kind = match name.as_bytes().first()? {
            b'b' => TypeKind::Bits,
            b'u' => TypeKind::Unsigned,
            b's' => TypeKind::Signed,
            b'f' => TypeKind::Float,
            _ => return None,
        };
        let bits = name[1..].parse().ok().filter(|bits| [8, 16, 32, 64].contains(bits))?;
        Some(Type { kind, bits })
    }

    fn is_signed(self) -> bool {
        self.kind == TypeKind::Signed
    }

    fn is_float(self) -> bool {
        self.kind == TypeKind::Float
    }
}

/// The operands as an array, where there are as many as the instruction takes.
fn exactly<'o, 'a, const N: usize>(operands: &'o [Operand<'a>]) -> Option<&'o [Operand<'a>; N]> {
    operands.try_into().ok()
}
