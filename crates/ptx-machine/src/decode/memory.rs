//! Instructions that reach memory.

use super::{Decoder, Found, Opcode, Type, TypeKind};
use crate::counters::Class;
use crate::error::LoadError;
use crate::memory::{LOCAL_WINDOW, PARAMETER_WINDOW, SHARED_WINDOW};
use crate::operation::{Binary64, Slot, Unary64};
use crate::program::{Access, Address, Atomic, Change, Constant, CopyAsync, Op, Space};
use crate::text::Operand;

impl<'a> Decoder<'_, 'a> {
    /// Decodes an instruction of memory; false where it is none.
    pub(super) fn memory(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<bool, LoadError> {
        match opcode.base {
            "ld" | "ldu" => self.load_or_store(opcode, operands, true)?,
            "st" => self.load_or_store(opcode, operands, false)?,
            "atom" => self.atomic(opcode, operands, true)?,
            "red" => self.atomic(opcode, operands, false)?,
            "cvta" => self.generic_address(opcode, operands)?,
            "cp" if opcode.parts.first() == Some(&"async") => self.copy_async(opcode, operands)?,
            "prefetch" | "prefetchu" => self.emit(Op::Nothing, Class::Load),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn space(&self, opcode: &Opcode<'a>) -> Space {
        let space = opcode.parts.iter().find_map(|part| match *part {
            "global" | "const" => Some(Space::Global),
            "shared" | "shared::cta" => Some(Space::Shared),
            "local" => Some(Space::Local),
            "param" | "param::entry" if self.frame.is_entry => Some(Space::Parameter),
            "param" | "param::func" => Some(Space::Local),
            _ => None,
        });
        space.unwrap_or(Space::Generic)
    }

    /// An address, and the space it is in where its name says so.
    pub(super) fn address(&mut self, operand: &Operand<'a>) -> Result<(Address, Option<Space>), LoadError> {
        let (name, offset) = match operand {
            Operand::Address(Some(name), offset) => (*name, *offset),
            Operand::Address(None, offset) => {
                let base = self.constant(Constant::Wide(*offset as u64));
                return Ok((Address { base, wide: true, offset: 0 }, None));
            }
            _ => return self.wrong("an address expected"),
        };
        let (base, wide, space) = match self.find(name)? {
            Found::Narrow(slot) => (slot, false, None),
            Found::Wide(slot) => (slot, true, None),
            Found::Local(at) => (self.constant(Constant::Wide(at)), true, Some(Space::Local)),
            Found::Shared(at) => (self.constant(Constant::Wide(at)), true, Some(Space::Shared)),
            Found::Dynamic => (self.constant(Constant::Dynamic(0, true)), true, Some(Space::Shared)),
            Found::Parameter(at) => (self.constant(Constant::Wide(at)), true, Some(Space::Parameter)),
            Found::Variable(variable) => (self.constant(Constant::Address(variable, 0)), true, Some(Space::Global)),
            Found::Predicate(_) => return self.wrong(format!("{name} is not an address")),
        };
        Ok((Address { base, wide, offset }, space))
    }

    fn load_or_store(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>], loads: bool) -> Result<(), LoadError> {
        let Some(kind) = opcode.kind().filter(|kind| kind.kind != TypeKind::Predicate) else {
            return self.wrong("a type expected");
        };
        let [first, second] = operands else { return self.wrong("two operands expected") };
        let (values, address) = if loads { (first, second) } else { (second, first) };
        let (address, named) = self.address(address)?;
        let space = match self.space(opcode) {
            // A call's own parameters are memory of the thread, also in an entry.
            Space::Parameter => named.unwrap_or(Space::Parameter),
            space => space,
        };
        let single = std::slice::from_ref(values);
        let (count, values) = match (values, ["v2", "v4", "v8"].iter().position(|vector| opcode.has(vector))) {
            (Operand::Vector(values), Some(power)) => (2 << power, values.as_slice()),
            (_, None) => (1, single),
            _ => return self.wrong("a vector expected"),
        };
        if values.len() != count {
            return self.wrong(format!("{count} values expected"));
        }
        let mut slots: Vec<Slot> = Vec::new();
        let mut is_wide = None;
        for value in values {
            let (slot, wide) = if loads {
                self.any_result(value, kind.bits)?
            } else if kind.bits == 64 {
                (self.wide(value)?, true)
            } else {
                (self.narrow(value, true)?, false)
            };
            if *is_wide.get_or_insert(wide) != wide {
                return self.wrong("the registers of a vector differ in width");
            }
            slots.push(slot);
        }
        let wide = is_wide.unwrap_or(false);
        if loads && kind.bits == 64 && !wide {
            return self.wrong("the result is not a register of 64 bits");
        }
        let half = loads && !wide && self.is_half(slots[0]);
        let width = u64::from(kind.bits / 8);
        let access = Box::new(Access { space, width, signed: kind.is_signed(), wide, half, slots, address });
        let class = match space {
            Space::Generic | Space::Global if loads => Class::Load,
            Space::Generic | Space::Global => Class::Store,
            Space::Shared => Class::Shared,
            Space::Local => Class::Local,
            Space::Parameter => Class::Move,
        };
        self.emit(if loads { Op::Load(access) } else { Op::Store(access) }, class);
        Ok(())
    }

    fn atomic(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>], returns: bool) -> Result<(), LoadError> {
        let Some(kind) = opcode.kind().filter(|kind| kind.bits >= 32) else {
            return self.wrong("atomic operations are of 32 or 64 bits");
        };
        let change = opcode.parts.iter().find_map(|part| {
            Some(match *part {
                "add" if kind.is_float() && kind.bits == 32 => Change::AddFloat,
                "add" if kind.is_float() => Change::AddDouble,
                "add" => Change::Add,
                "min" if kind.is_signed() => Change::MinimumSigned,
                "min" => Change::MinimumUnsigned,
                "max" if kind.is_signed() => Change::MaximumSigned,
                "max" => Change::MaximumUnsigned,
                "and" => Change::And,
                "or" => Change::Or,
                "xor" => Change::Xor,
                "exch" => Change::Exchange,
                "cas" => Change::CompareExchange,
                "inc" if kind.bits == 32 => Change::Increment,
                "dec" if kind.bits == 32 => Change::Decrement,
                _ => return None,
            })
        });
        let Some(change) = change else { return self.wrong("this atomic operation is not known") };
        let (result, operands) = match operands {
            [result, rest @ ..] if returns => (Some(self.result(result, kind.bits)?), rest),
            rest => (None, rest),
        };
        let (address, value, replacement) = match operands {
            [address, value, replacement] if change == Change::CompareExchange => (address, value, Some(replacement)),
            [address, value] if change != Change::CompareExchange => (address, value, None),
            _ => return self.wrong("wrong number of operands"),
        };
        let address = self.address(address)?.0;
        let value = self.source(value, kind.bits)?;
        let replacement = match replacement {
            Some(replacement) => self.source(replacement, kind.bits)?,
            None => value,
        };
        let space = self.space(opcode);
        let wide = kind.bits == 64;
        let atomic = Atomic { space, change, wide, result, address, value, replacement };
        self.emit(Op::Atomic(Box::new(atomic)), Class::Atomic);
        Ok(())
    }

    fn generic_address(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, a] = operands else { return self.wrong("two operands expected") };
        if opcode.kind() != Type::of("u64") {
            return self.wrong("addresses have 64 bits");
        }
        let (result, source) = (self.result(d, 64)?, self.wide(a)?);
        let window = match self.space(opcode) {
            Space::Shared => SHARED_WINDOW,
            Space::Local => LOCAL_WINDOW,
            Space::Parameter => PARAMETER_WINDOW,
            Space::Global | Space::Generic => 0,
        };
        let op = if window == 0 {
            Op::Unary64(Unary64::Move, result, source)
        } else {
            let window = self.constant(Constant::Wide(window));
            let binary = if opcode.has("to") { Binary64::Subtract } else { Binary64::Add };
            Op::Binary64(binary, result, source, window)
        };
        self.emit(op, Class::Integer);
        Ok(())
    }

    fn copy_async(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let op = match (opcode.parts.get(1).copied(), operands) {
            (Some("commit_group"), []) => Op::CommitGroup,
            (Some("wait_all"), []) => Op::WaitAll,
            (Some("wait_group"), [Operand::Integer(groups)]) => Op::WaitGroup(*groups as u32),
            (Some("ca" | "cg"), [to, from, Operand::Integer(bytes), rest @ ..]) => {
                let least = if opcode.has("cg") { 16 } else { 4 };
                if ![4, 8, 16].contains(bytes) || *bytes < least || rest.len() > 1 {
                    return self.wrong("this asynchronous copy is not known");
                }
                let read = match rest {
                    [read] => Some(self.narrow(read, false)?),
                    _ => None,
                };
                let (to, from) = (self.address(to)?.0, self.address(from)?.0);
                Op::CopyAsync(Box::new(CopyAsync { to, from, bytes: *bytes, read }))
            }
            _ => return self.wrong("this asynchronous copy is not known"),
        };
        self.emit(op, Class::CopyAsync);
        Ok(())
    }
}
