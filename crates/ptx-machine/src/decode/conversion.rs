//! Conversions between types, and moves between registers.

use super::{Decoder, Found, Opcode, Type, TypeKind};
use crate::counters::Class;
use crate::error::LoadError;
use crate::operation::{Ternary32, Unary32, Unary64, Widen};
use crate::program::{Conversion, Op, Rounding, Scalar};
use crate::text::Operand;

impl<'a> Decoder<'_, 'a> {
    pub(super) fn convert(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        if opcode.parts.first() == Some(&"pack") {
            let [d, a, b, c] = self.take(operands)?;
            let (d, a, b, c) = (self.result(d, 32)?, self.source(a, 32)?, self.source(b, 32)?, self.source(c, 32)?);
            let pack = match (opcode.parts.get(2).copied(), opcode.parts.get(3).copied()) {
                (Some("s8"), Some("s32")) => Ternary32::PackSigned8,
                (Some("u8"), Some("s32")) => Ternary32::PackUnsigned8,
                _ => return self.wrong("this cvt.pack is not known"),
            };
            self.emit(Op::Ternary32(pack, d, a, b, c), Class::Conversion);
            return Ok(());
        }
        if opcode.has("ftz") {
            return self.wrong("flushed subnormals are not allowed");
        }
        let types: Vec<Type> = opcode.parts.iter().filter_map(|part| Type::of(part)).collect();
        let [to, from] = types[..] else { return self.wrong("two types expected") };
        let [d, a] = self.take(operands)?;
        let (result, result_wide) = self.any_result(d, to.bits)?;
        let (source, source_wide) = if let Operand::Name(name, 0) = a {
            match self.find(name)? {
                Found::Narrow(slot) => (slot, false),
                Found::Wide(slot) => (slot, true),
                _ => return self.wrong(format!("{name} is not a register")),
            }
        } else {
            (self.source(a, from.bits)?, from.bits == 64)
        };
        let (Some(from), Some(to)) = (scalar(from), scalar(to)) else {
            return self.wrong("floating point of 16 bits is not known");
        };
        let rounding = opcode.parts.iter().find_map(|part| match *part {
            "rn" | "rni" => Some(Rounding::Nearest),
            "rz" | "rzi" => Some(Rounding::Zero),
            "rm" | "rmi" => Some(Rounding::Down),
            "rp" | "rpi" => Some(Rounding::Up),
            _ => None,
        });
        let saturate = opcode.has("sat");
        let floats = matches!(to, Scalar::Single | Scalar::Double);
        let integral = opcode.parts.iter().any(|part| part.len() == 3 && part.starts_with('r') && part.ends_with('i'));
        let widens = from == Scalar::Single && to == Scalar::Double;
        if floats && !integral && !widens && from != to && rounding != Some(Rounding::Nearest) {
            return self.wrong("a conversion to floating point rounds to nearest here");
        }
        if floats && saturate {
            return self.wrong("saturated floating point is not allowed");
        }
        let op = match (from, to, rounding) {
            (Scalar::Unsigned(32), Scalar::Unsigned(64) | Scalar::Signed(64), _) if !saturate => {
                Op::Widen(Widen::Unsigned, result, source)
            }
            (Scalar::Signed(32), Scalar::Unsigned(64) | Scalar::Signed(64), _) if !saturate => {
                Op::Widen(Widen::Signed, result, source)
            }
            (Scalar::Unsigned(32 | 64) | Scalar::Signed(32 | 64), Scalar::Unsigned(32) | Scalar::Signed(32), _)
                if !saturate && !result_wide =>
            {
                Op::Unary32(Unary32::Move, result, source)
            }
            (Scalar::Unsigned(_) | Scalar::Signed(_), Scalar::Unsigned(16), _) if !saturate && !result_wide => {
                match from {
                    Scalar::Unsigned(8) => Op::Unary32(Unary32::ZeroExtend8, result, source),
                    Scalar::Signed(8) => {
                        let extended = self.new_rows(1);
                        self.emit(Op::Unary32(Unary32::SignExtend8, extended, source), Class::Conversion);
                        Op::Unary32(Unary32::Low16, result, extended)
                    }
                    _ => Op::Unary32(Unary32::Low16, result, source),
                }
            }
            (Scalar::Unsigned(8), Scalar::Unsigned(32) | Scalar::Signed(32), _) if !saturate && !result_wide => {
                Op::Unary32(Unary32::ZeroExtend8, result, source)
            }
            (Scalar::Unsigned(16), Scalar::Unsigned(32) | Scalar::Signed(32), _) if !saturate && !result_wide => {
                Op::Unary32(Unary32::Low16, result, source)
            }
            (Scalar::Signed(8), Scalar::Unsigned(32) | Scalar::Signed(32), _) if !saturate && !result_wide => {
                Op::Unary32(Unary32::SignExtend8, result, source)
            }
            (Scalar::Signed(16), Scalar::Unsigned(32) | Scalar::Signed(32), _) if !saturate && !result_wide => {
                Op::Unary32(Unary32::SignExtend16, result, source)
            }
            (Scalar::Signed(32), Scalar::Single, _) => Op::Unary32(Unary32::FloatOfSigned, result, source),
            (Scalar::Unsigned(32), Scalar::Single, _) => Op::Unary32(Unary32::FloatOfUnsigned, result, source),
            (Scalar::Single, Scalar::Signed(32), Some(Rounding::Zero)) if !result_wide => {
                Op::Unary32(Unary32::SignedOfFloat, result, source)
            }
            (Scalar::Single, Scalar::Unsigned(32), Some(Rounding::Zero)) if !result_wide => {
                Op::Unary32(Unary32::UnsignedOfFloat, result, source)
            }
            (Scalar::Single, Scalar::Double, _) => Op::Widen(Widen::Double, result, source),
            (Scalar::Signed(32), Scalar::Double, _) => Op::Widen(Widen::DoubleOfSigned, result, source),
            (Scalar::Unsigned(32), Scalar::Double, _) => Op::Widen(Widen::DoubleOfUnsigned, result, source),
            _ => {
                let conversion = Conversion {
                    from,
                    to,
                    rounding: rounding.unwrap_or(Rounding::Nearest),
                    saturate,
                    source,
                    source_wide,
                    result,
                    result_wide,
                    result_half: !result_wide && self.is_half(result),
                };
                Op::Convert(Box::new(conversion))
            }
        };
        self.emit(op, Class::Conversion);
        Ok(())
    }

    pub(super) fn move_(&mut self, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, a] = self.take(operands)?;
        let op = match (d, a) {
            (d, Operand::Vector(parts)) => return self.pack(kind, d, parts),
            (Operand::Vector(parts), a) => return self.unpack(kind, parts, a),
            (d, Operand::Name("%clock", 0)) => Op::Clock { result: self.result(d, 32)?, wide: false },
            (d, Operand::Name("%clock64" | "%globaltimer", 0)) => Op::Clock { result: self.result(d, 64)?, wide: true },
            (d, a) if kind.kind == TypeKind::Predicate => {
                let result = self.predicate_result(d)?;
                match a {
                    Operand::Integer(value) => Op::PredicateConstant { result, value: *value != 0 },
                    a => Op::PredicateMove { result, a: self.plain_predicate(a)? },
                }
            }
            (d, a) if kind.bits == 64 => Op::Unary64(Unary64::Move, self.result(d, 64)?, self.wide(a)?),
            (d, a) => Op::Unary32(Unary32::Move, self.result(d, kind.bits)?, self.source(a, kind.bits)?),
        };
        self.emit(op, Class::Move);
        Ok(())
    }

    fn pack(&mut self, kind: Type, d: &Operand<'a>, parts: &[Operand<'a>]) -> Result<(), LoadError> {
        let result = self.result(d, kind.bits)?;
        let [low, high] = parts else { return self.wrong("two parts expected") };
        let (low, high) = (self.source(low, kind.bits / 2)?, self.source(high, kind.bits / 2)?);
        let op = match kind.bits {
            64 => Op::Pack { result, low, high },
            32 => Op::PackHalves { result, low, high },
            _ => return self.wrong("packing is of 32 or 64 bits"),
        };
        self.emit(op, Class::Move);
        Ok(())
    }

    fn unpack(&mut self, kind: Type, parts: &[Operand<'a>], a: &Operand<'a>) -> Result<(), LoadError> {
        let value = self.source(a, kind.bits)?;
        let [low, high] = parts else { return self.wrong("two parts expected") };
        let (low, high) = (self.result(low, kind.bits / 2)?, self.result(high, kind.bits / 2)?);
        let op = match kind.bits {
            64 => Op::Unpack { low, high, value },
            32 => Op::UnpackHalves { low, high, value },
            _ => return self.wrong("unpacking is of 32 or 64 bits"),
        };
        self.emit(op, Class::Move);
        Ok(())
    }
}

fn scalar(kind: Type) -> Option<Scalar> {
    match (kind.kind, kind.bits) {
        (TypeKind::Float, 32) => Some(Scalar::Single),
        (TypeKind::Float, 64) => Some(Scalar::Double),
        (TypeKind::Float | TypeKind::Predicate, _) => None,
        (TypeKind::Signed, bits) => Some(Scalar::Signed(bits)),
        (_, bits) => Some(Scalar::Unsigned(bits)),
    }
}
