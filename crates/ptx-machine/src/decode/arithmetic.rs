//! Instructions that compute on registers alone.

use super::{Decoder, Opcode, Type, TypeKind, exactly};
use crate::counters::Class;
use crate::error::LoadError;
use crate::operation::{
    Binary32, Binary64, Compare32, Compare64, Count64, Extract64, Insert32, Insert64, MultiplyAddWide, MultiplyWide,
    Shift64, Slot, Ternary32, Ternary64, Unary32, Unary64,
};
use crate::program::{Carry, Compare, Comparison, Logic, NONE, Op};
use crate::text::Operand;

impl<'a> Decoder<'_, 'a> {
    /// Decodes an instruction of arithmetic; false where it is none.
    pub(super) fn arithmetic(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<bool, LoadError> {
        let kind = opcode.kind().unwrap_or(Type { kind: TypeKind::Bits, bits: 32 });
        match opcode.base {
            "add" | "sub" | "mul" | "mad" | "fma" | "div" | "rem" | "min" | "max" | "abs" | "neg" | "sqrt" | "rcp"
            | "copysign" | "mul24" | "sad"
                if opcode.has("cc") =>
            {
                self.carry(opcode, kind, operands)?;
            }
            "addc" | "subc" => self.carry(opcode, kind, operands)?,
            "add" | "sub" | "mul" | "mad" | "fma" | "div" | "min" | "max" | "abs" | "neg" | "sqrt" | "rcp"
            | "copysign"
                if kind.is_float() =>
            {
                self.float(opcode, kind, operands)?;
            }
            "add" | "sub" | "div" | "rem" | "min" | "max" | "and" | "or" | "xor" | "mul24"
                if kind.kind != TypeKind::Predicate =>
            {
                self.integer(opcode, kind, operands)?;
            }
            "and" | "or" | "xor" | "not" | "selp" if kind.kind == TypeKind::Predicate => {
                self.predicates(opcode, operands)?;
            }
            "mul" | "mad" => self.multiply(opcode, kind, operands)?,
            "shl" | "shr" => self.shift(opcode, kind, operands)?,
            "not" | "cnot" | "neg" | "abs" | "popc" | "clz" | "brev" | "bfind" => {
                self.unary(opcode, kind, operands)?;
            }
            "shf" | "prmt" | "lop3" | "dp4a" | "sad" | "slct" => self.ternary(opcode, kind, operands)?,
            "bfe" | "bfi" => self.field(opcode, kind, operands)?,
            "selp" => self.select(kind, operands)?,
            "setp" => self.compare(opcode, kind, operands)?,
            "cvt" => self.convert(opcode, operands)?,
            "mov" => self.move_(kind, operands)?,
            "ex2" | "lg2" | "sin" | "cos" | "tanh" | "rsqrt" => {
                return self.wrong(format!("{} is an approximation", opcode.base));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn take<'o, const N: usize>(
        &self,
        operands: &'o [Operand<'a>],
    ) -> Result<&'o [Operand<'a>; N], LoadError> {
        match exactly(operands) {
            Some(operands) => Ok(operands),
            None => self.wrong(format!("{N} operands expected, found {}", operands.len())),
        }
    }

    fn float(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        if opcode.has("ftz") || opcode.has("approx") || opcode.has("full") || opcode.has("sat") {
            return self.wrong("approximated, flushed or saturated floating point is not allowed");
        }
        let exact = matches!(opcode.base, "min" | "max" | "abs" | "neg" | "copysign");
        if !exact && !opcode.has("rn") {
            return self.wrong("floating point without .rn may be fused or is rounded otherwise: not allowed");
        }
        if kind.bits == 64 {
            return self.double(opcode, operands);
        }
        if kind.bits != 32 {
            return self.wrong("floating point of 16 bits is not known");
        }
        let nan = opcode.has("NaN");
        let (binary, class) = match opcode.base {
            "add" => (Binary32::AddFloat, Class::Float),
            "sub" => (Binary32::SubtractFloat, Class::Float),
            "mul" => (Binary32::MultiplyFloat, Class::Float),
            "div" => (Binary32::DivideFloat, Class::Division),
            "min" if nan => (Binary32::MinimumFloatOrNan, Class::Float),
            "max" if nan => (Binary32::MaximumFloatOrNan, Class::Float),
            "min" => (Binary32::MinimumFloat, Class::Float),
            "max" => (Binary32::MaximumFloat, Class::Float),
            "copysign" => (Binary32::CopySign, Class::Float),
            "fma" | "mad" => {
                let [d, a, b, c] = self.take(operands)?;
                let (d, a, b, c) = (self.result(d, 32)?, self.source(a, 32)?, self.source(b, 32)?, self.source(c, 32)?);
                self.emit(Op::Ternary32(Ternary32::FusedMultiplyAdd, d, a, b, c), Class::FusedMultiplyAdd);
                return Ok(());
            }
            _ => {
                let (unary, class) = match opcode.base {
                    "abs" => (Unary32::FloatAbsolute, Class::Float),
                    "neg" => (Unary32::FloatNegate, Class::Float),
                    "sqrt" => (Unary32::SquareRoot, Class::Division),
                    _ => (Unary32::Reciprocal, Class::Division),
                };
                let [d, a] = self.take(operands)?;
                let (d, a) = (self.result(d, 32)?, self.source(a, 32)?);
                self.emit(Op::Unary32(unary, d, a), class);
                return Ok(());
            }
        };
        let [d, a, b] = self.take(operands)?;
        let (d, a, b) = (self.result(d, 32)?, self.source(a, 32)?, self.source(b, 32)?);
        self.emit(Op::Binary32(binary, d, a, b), class);
        Ok(())
    }

    fn double(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let binary = match opcode.base {
            "add" => Binary64::AddFloat,
            "sub" => Binary64::SubtractFloat,
            "mul" => Binary64::MultiplyFloat,
            "div" => Binary64::DivideFloat,
            "min" => Binary64::MinimumFloat,
            "max" => Binary64::MaximumFloat,
            "copysign" => Binary64::CopySign,
            "fma" | "mad" => {
                let [d, a, b, c] = self.take(operands)?;
                let (d, a, b, c) = (self.result(d, 64)?, self.wide(a)?, self.wide(b)?, self.wide(c)?);
                self.emit(Op::Ternary64(Ternary64::FusedMultiplyAdd, d, a, b, c), Class::Double);
                return Ok(());
            }
            _ => {
                let unary = match opcode.base {
                    "abs" => Unary64::FloatAbsolute,
                    "neg" => Unary64::FloatNegate,
                    "sqrt" => Unary64::SquareRoot,
                    _ => Unary64::Reciprocal,
                };
                let [d, a] = self.take(operands)?;
                let (d, a) = (self.result(d, 64)?, self.wide(a)?);
                self.emit(Op::Unary64(unary, d, a), Class::Double);
                return Ok(());
            }
        };
        let [d, a, b] = self.take(operands)?;
        let (d, a, b) = (self.result(d, 64)?, self.wide(a)?, self.wide(b)?);
        self.emit(Op::Binary64(binary, d, a, b), Class::Double);
        Ok(())
    }

    fn integer(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        if opcode.has("sat") {
            return self.wrong("saturated integers are not known");
        }
        let [d, a, b] = self.take(operands)?;
        let (d, a, b) = (self.result(d, kind.bits)?, self.source(a, kind.bits)?, self.source(b, kind.bits)?);
        let signed = kind.is_signed();
        let op = match kind.bits {
            64 => Op::Binary64(
                match (opcode.base, signed) {
                    ("add", _) => Binary64::Add,
                    ("sub", _) => Binary64::Subtract,
                    ("div", true) => Binary64::DivideSigned,
                    ("div", false) => Binary64::DivideUnsigned,
                    ("rem", true) => Binary64::RemainderSigned,
                    ("rem", false) => Binary64::RemainderUnsigned,
                    ("min", true) => Binary64::MinimumSigned,
                    ("min", false) => Binary64::MinimumUnsigned,
                    ("max", true) => Binary64::MaximumSigned,
                    ("max", false) => Binary64::MaximumUnsigned,
                    ("and", _) => Binary64::And,
                    ("or", _) => Binary64::Or,
                    ("xor", _) => Binary64::Xor,
                    _ => return self.wrong("not known for 64 bits"),
                },
                d,
                a,
                b,
            ),
            32 => Op::Binary32(
                match (opcode.base, signed) {
                    ("add", _) => Binary32::Add,
                    ("sub", _) => Binary32::Subtract,
                    ("div", true) => Binary32::DivideSigned,
                    ("div", false) => Binary32::DivideUnsigned,
                    ("rem", true) => Binary32::RemainderSigned,
                    ("rem", false) => Binary32::RemainderUnsigned,
                    ("min", true) => Binary32::MinimumSigned,
                    ("min", false) => Binary32::MinimumUnsigned,
                    ("max", true) => Binary32::MaximumSigned,
                    ("max", false) => Binary32::MaximumUnsigned,
                    ("and", _) => Binary32::And,
                    ("or", _) => Binary32::Or,
                    ("xor", _) => Binary32::Xor,
                    ("mul24", false) if opcode.has("lo") => Binary32::Multiply24Unsigned,
                    _ => return self.wrong("not known for 32 bits"),
                },
                d,
                a,
                b,
            ),
            16 => Op::Binary32(
                match (opcode.base, signed) {
                    ("add", _) => Binary32::Add16,
                    ("sub", _) => Binary32::Subtract16,
                    ("div", true) => Binary32::DivideSigned16,
                    ("div", false) => Binary32::DivideUnsigned16,
                    ("rem", true) => Binary32::RemainderSigned16,
                    ("rem", false) => Binary32::RemainderUnsigned16,
                    ("min", true) => Binary32::MinimumSigned16,
                    ("min", false) => Binary32::MinimumUnsigned16,
                    ("max", true) => Binary32::MaximumSigned16,
                    ("max", false) => Binary32::MaximumUnsigned16,
                    ("and", _) => Binary32::And,
                    ("or", _) => Binary32::Or,
                    ("xor", _) => Binary32::Xor,
                    _ => return self.wrong("not known for 16 bits"),
                },
                d,
                a,
                b,
            ),
            _ => return self.wrong("not known for this type"),
        };
        self.emit(op, Class::Integer);
        Ok(())
    }

    fn predicates(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let op = match opcode.base {
            "not" => {
                let [d, a] = self.take(operands)?;
                let (result, (a, negated)) = (self.predicate_result(d)?, self.predicate(a)?);
                if negated { Op::PredicateMove { result, a } } else { Op::PredicateNot { result, a } }
            }
            "selp" => {
                let [d, a, b, p] = self.take(operands)?;
                let (result, a, b) = (self.predicate_result(d)?, self.predicate(a)?.0, self.predicate(b)?.0);
                Op::PredicateSelect { result, a, b, predicate: self.predicate(p)?.0 }
            }
            _ => {
                let logic = match opcode.base {
                    "and" => Logic::And,
                    "or" => Logic::Or,
                    _ => Logic::Xor,
                };
                let [d, a, b] = self.take(operands)?;
                let (a, b) = (self.plain_predicate(a)?, self.plain_predicate(b)?);
                Op::PredicateLogic { logic, result: self.predicate_result(d)?, a, b }
            }
        };
        self.emit(op, Class::Selection);
        Ok(())
    }

    /// A predicate that is not negated: a negated one is turned first.
    pub(super) fn plain_predicate(&mut self, operand: &Operand<'a>) -> Result<u32, LoadError> {
        let (predicate, negated) = self.predicate(operand)?;
        if !negated {
            return Ok(predicate);
        }
        let result = self.new_predicate();
        self.emit(Op::PredicateNot { result, a: predicate }, Class::Selection);
        Ok(result)
    }

    fn multiply(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let signed = kind.is_signed();
        let (high, wide, adds) = (opcode.has("hi"), opcode.has("wide"), opcode.base == "mad");
        if opcode.has("sat") || !(high || wide || opcode.has("lo")) {
            return self.wrong("a product is .lo, .hi or .wide");
        }
        let bits = kind.bits;
        let result_bits = if wide { 2 * bits } else { bits };
        if operands.len() != if adds { 4 } else { 3 } {
            return self.wrong("wrong number of operands");
        }
        let d = self.result(&operands[0], result_bits)?;
        let (a, b) = (self.source(&operands[1], bits)?, self.source(&operands[2], bits)?);
        let c = if adds { self.source(&operands[3], result_bits)? } else { 0 };
        let op = match (bits, wide, high, signed, adds) {
            (32, true, _, true, false) => Op::MultiplyWide(MultiplyWide::Signed, d, a, b),
            (32, true, _, false, false) => Op::MultiplyWide(MultiplyWide::Unsigned, d, a, b),
            (32, true, _, true, true) => Op::MultiplyAddWide(MultiplyAddWide::Signed, d, a, b, c),
            (32, true, _, false, true) => Op::MultiplyAddWide(MultiplyAddWide::Unsigned, d, a, b, c),
            (32, _, true, true, false) => Op::Binary32(Binary32::MultiplyHighSigned, d, a, b),
            (32, _, true, false, false) => Op::Binary32(Binary32::MultiplyHighUnsigned, d, a, b),
            (32, _, true, true, true) => Op::Ternary32(Ternary32::MultiplyAddHighSigned, d, a, b, c),
            (32, _, true, false, true) => Op::Ternary32(Ternary32::MultiplyAddHighUnsigned, d, a, b, c),
            (32, _, _, _, false) => Op::Binary32(Binary32::Multiply, d, a, b),
            (32, _, _, _, true) => Op::Ternary32(Ternary32::MultiplyAdd, d, a, b, c),
            (64, false, true, true, false) => Op::Binary64(Binary64::MultiplyHighSigned, d, a, b),
            (64, false, true, false, false) => Op::Binary64(Binary64::MultiplyHighUnsigned, d, a, b),
            (64, false, true, true, true) => Op::Ternary64(Ternary64::MultiplyAddHighSigned, d, a, b, c),
            (64, false, true, false, true) => Op::Ternary64(Ternary64::MultiplyAddHighUnsigned, d, a, b, c),
            (64, false, _, _, false) => Op::Binary64(Binary64::Multiply, d, a, b),
            (64, false, _, _, true) => Op::Ternary64(Ternary64::MultiplyAdd, d, a, b, c),
            (16, true, _, true, false) => Op::Binary32(Binary32::MultiplyWideSigned16, d, a, b),
            (16, true, _, false, false) => Op::Binary32(Binary32::MultiplyWideUnsigned16, d, a, b),
            (16, true, _, true, true) => Op::Ternary32(Ternary32::MultiplyAddWideSigned16, d, a, b, c),
            (16, true, _, false, true) => Op::Ternary32(Ternary32::MultiplyAddWideUnsigned16, d, a, b, c),
            (16, _, true, true, false) => Op::Binary32(Binary32::MultiplyHighSigned16, d, a, b),
            (16, _, true, false, false) => Op::Binary32(Binary32::MultiplyHighUnsigned16, d, a, b),
            (16, _, false, _, false) => Op::Binary32(Binary32::Multiply16, d, a, b),
            (16, _, false, _, true) => Op::Ternary32(Ternary32::MultiplyAdd16, d, a, b, c),
            _ => return self.wrong("this product is not known"),
        };
        self.emit(op, Class::Integer);
        Ok(())
    }

    fn shift(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, a, amount] = self.take(operands)?;
        let (d, a, amount) = (self.result(d, kind.bits)?, self.source(a, kind.bits)?, self.source(amount, 32)?);
        let left = opcode.base == "shl";
        let op = match (kind.bits, left, kind.is_signed()) {
            (64, true, _) => Op::Shift64(Shift64::Left, d, a, amount),
            (64, false, true) => Op::Shift64(Shift64::RightSigned, d, a, amount),
            (64, false, false) => Op::Shift64(Shift64::RightUnsigned, d, a, amount),
            (32, true, _) => Op::Binary32(Binary32::ShiftLeft, d, a, amount),
            (32, false, true) => Op::Binary32(Binary32::ShiftRightSigned, d, a, amount),
            (32, false, false) => Op::Binary32(Binary32::ShiftRightUnsigned, d, a, amount),
            (_, true, _) => Op::Binary32(Binary32::ShiftLeft16, d, a, amount),
            (_, false, true) => Op::Binary32(Binary32::ShiftRightSigned16, d, a, amount),
            (_, false, false) => Op::Binary32(Binary32::ShiftRightUnsigned16, d, a, amount),
        };
        self.emit(op, Class::Integer);
        Ok(())
    }

    fn unary(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, a] = self.take(operands)?;
        let counts = matches!(opcode.base, "popc" | "clz" | "bfind");
        let (d, a) = (self.result(d, if counts { 32 } else { kind.bits })?, self.source(a, kind.bits)?);
        let (signed, shift) = (kind.is_signed(), opcode.has("shiftamt"));
        let op = match (opcode.base, kind.bits) {
            ("popc", 64) => Op::Count64(Count64::CountOnes, d, a),
            ("clz", 64) => Op::Count64(Count64::CountLeadingZeros, d, a),
            ("bfind", 64) if !shift && signed => Op::Count64(Count64::FindSigned, d, a),
            ("bfind", 64) if !shift => Op::Count64(Count64::FindUnsigned, d, a),
            ("not", 64) => Op::Unary64(Unary64::Not, d, a),
            ("cnot", 64) => Op::Unary64(Unary64::LogicalNot, d, a),
            ("neg", 64) => Op::Unary64(Unary64::Negate, d, a),
            ("abs", 64) => Op::Unary64(Unary64::Absolute, d, a),
            ("brev", 64) => Op::Unary64(Unary64::Reverse, d, a),
            ("popc", 32) => Op::Unary32(Unary32::CountOnes, d, a),
            ("clz", 32) => Op::Unary32(Unary32::CountLeadingZeros, d, a),
            ("bfind", 32) if shift && signed => Op::Unary32(Unary32::FindSignedShift, d, a),
            ("bfind", 32) if shift => Op::Unary32(Unary32::FindUnsignedShift, d, a),
            ("bfind", 32) if signed => Op::Unary32(Unary32::FindSigned, d, a),
            ("bfind", 32) => Op::Unary32(Unary32::FindUnsigned, d, a),
            ("not", 32) => Op::Unary32(Unary32::Not, d, a),
            ("cnot", 32) => Op::Unary32(Unary32::LogicalNot, d, a),
            ("neg", 32) => Op::Unary32(Unary32::Negate, d, a),
            ("abs", 32) => Op::Unary32(Unary32::Absolute, d, a),
            ("brev", 32) => Op::Unary32(Unary32::Reverse, d, a),
            ("not", 16) => Op::Unary32(Unary32::Not16, d, a),
            ("neg", 16) => Op::Unary32(Unary32::Negate16, d, a),
            ("abs", 16) => Op::Unary32(Unary32::Absolute16, d, a),
            _ => return self.wrong("not known for this type"),
        };
        self.emit(op, Class::Integer);
        Ok(())
    }

    fn ternary(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        if opcode.base == "lop3" {
            let [d, a, b, c, table] = self.take(operands)?;
            let Operand::Integer(table) = table else { return self.wrong("a table of a byte expected") };
            let operands = [self.source(a, 32)?, self.source(b, 32)?, self.source(c, 32)?];
            let op = Op::Logic3 { result: self.result(d, 32)?, operands, table: *table as u8 };
            self.emit(op, Class::Integer);
            return Ok(());
        }
        let [d, a, b, c] = self.take(operands)?;
        if opcode.base == "slct" && kind_before_last(opcode).is_some_and(|kind| kind.bits == 64) {
            return self.wrong("slct of 64 bits is not known");
        }
        let wrap = opcode.has("wrap");
        let operation = match opcode.base {
            "shf" => match (opcode.has("l"), wrap) {
                (true, true) => Ternary32::FunnelLeftWrap,
                (true, false) => Ternary32::FunnelLeftClamp,
                (false, true) => Ternary32::FunnelRightWrap,
                (false, false) => Ternary32::FunnelRightClamp,
            },
            "prmt" => match opcode.parts.get(1).copied() {
                None => Ternary32::Permute,
                Some("f4e") => Ternary32::PermuteForward4,
                Some("b4e") => Ternary32::PermuteBackward4,
                Some("rc8") => Ternary32::PermuteReplicate8,
                Some("ecl") => Ternary32::PermuteEdgeLeft,
                Some("ecr") => Ternary32::PermuteEdgeRight,
                Some("rc16") => Ternary32::PermuteReplicate16,
                Some(_) => return self.wrong("this permutation is not known"),
            },
            "dp4a" => match (opcode.parts.first().copied(), opcode.parts.get(1).copied()) {
                (Some("s32"), Some("s32")) => Ternary32::DotSigned,
                (Some("u32"), Some("u32")) => Ternary32::DotUnsigned,
                (Some("s32"), Some("u32")) => Ternary32::DotSignedUnsigned,
                (Some("u32"), Some("s32")) => Ternary32::DotUnsignedSigned,
                _ => return self.wrong("the types of dp4a are s32 or u32"),
            },
            "sad" if kind.bits == 32 && kind.is_signed() => Ternary32::DifferencesSigned,
            "sad" if kind.bits == 32 => Ternary32::DifferencesUnsigned,
            "slct" if kind.is_float() => Ternary32::SelectBySignOfFloat,
            "slct" => Ternary32::SelectBySign,
            _ => return self.wrong("not known for this type"),
        };
        let (d, a, b, c) = (self.result(d, 32)?, self.source(a, 32)?, self.source(b, 32)?, self.source(c, 32)?);
        let class = if opcode.base == "slct" { Class::Selection } else { Class::Integer };
        self.emit(Op::Ternary32(operation, d, a, b, c), class);
        Ok(())
    }

    fn field(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let op = if opcode.base == "bfe" {
            let [d, a, position, length] = self.take(operands)?;
            let (d, a) = (self.result(d, kind.bits)?, self.source(a, kind.bits)?);
            let (position, length) = (self.source(position, 32)?, self.source(length, 32)?);
            match (kind.bits, kind.is_signed()) {
                (64, true) => Op::Extract64(Extract64::Signed, d, a, position, length),
                (64, false) => Op::Extract64(Extract64::Unsigned, d, a, position, length),
                (_, true) => Op::Ternary32(Ternary32::ExtractSigned, d, a, position, length),
                (_, false) => Op::Ternary32(Ternary32::ExtractUnsigned, d, a, position, length),
            }
        } else {
            let [d, a, b, position, length] = self.take(operands)?;
            let (d, a, b) = (self.result(d, kind.bits)?, self.source(a, kind.bits)?, self.source(b, kind.bits)?);
            let operands = [a, b, self.source(position, 32)?, self.source(length, 32)?];
            if kind.bits == 64 {
                Op::Insert64(Insert64::Insert, d, operands)
            } else {
                Op::Insert32(Insert32::Insert, d, operands)
            }
        };
        self.emit(op, Class::Integer);
        Ok(())
    }

    fn carry(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        if kind.is_float() || !matches!(opcode.base, "add" | "sub" | "addc" | "subc") {
            return self.wrong("this instruction with carry is not known");
        }
        let [d, a, b] = self.take(operands)?;
        let carry = Carry {
            subtract: opcode.base.starts_with("sub"),
            takes: opcode.base.ends_with('c'),
            leaves: opcode.has("cc"),
            wide: kind.bits == 64,
            result: self.result(d, kind.bits)?,
            a: self.source(a, kind.bits)?,
            b: self.source(b, kind.bits)?,
        };
        self.emit(Op::Carry(Box::new(carry)), Class::Integer);
        Ok(())
    }

    fn select(&mut self, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, a, b, p] = self.take(operands)?;
        let (result, mut a, mut b) =
            (self.result(d, kind.bits)?, self.source(a, kind.bits)?, self.source(b, kind.bits)?);
        let (predicate, negated) = self.predicate(p)?;
        if negated {
            std::mem::swap(&mut a, &mut b);
        }
        let op = match kind.bits {
            64 => Op::Select64 { result, a, b, predicate },
            _ => Op::Select32 { result, a, b, predicate },
        };
        self.emit(op, Class::Selection);
        Ok(())
    }

    fn compare(&mut self, opcode: &Opcode<'a>, kind: Type, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        if opcode.has("ftz") {
            return self.wrong("flushed subnormals are not allowed");
        }
        if operands.len() < 3 || operands.len() > 4 {
            return self.wrong("wrong number of operands");
        }
        let (mut a, mut b) = (self.source(&operands[1], kind.bits)?, self.source(&operands[2], kind.bits)?);
        if kind.bits == 16 && kind.is_float() {
            return self.wrong("floating point of 16 bits is not known");
        }
        if kind.bits == 16 && kind.is_signed() {
            a = self.sign_extended(a);
            b = self.sign_extended(b);
        }
        let name = opcode.parts.first().copied().unwrap_or_default();
        let comparison = if kind.bits == 64 {
            Comparison::Wide(match compare64(name, kind) {
                Some(comparison) => comparison,
                None => return self.wrong("this comparison is not known"),
            })
        } else {
            Comparison::Narrow(match compare32(name, kind) {
                Some(comparison) => comparison,
                None => return self.wrong("this comparison is not known"),
            })
        };
        let (result, opposite) = match &operands[0] {
            Operand::Pair(pair) => (self.predicate_result(&pair.0)?, self.predicate_result(&pair.1)?),
            one => (self.predicate_result(one)?, NONE),
        };
        let combine = match operands.get(3) {
            Some(with) => {
                let (predicate, negated) = self.predicate(with)?;
                let logic = match opcode.parts.get(1).copied() {
                    Some("and") => Logic::And,
                    Some("or") => Logic::Or,
                    Some("xor") => Logic::Xor,
                    _ => return self.wrong("this combination is not known"),
                };
                Some((logic, predicate, negated))
            }
            None => None,
        };
        let op = match (comparison, opposite, combine) {
            (Comparison::Narrow(comparison), NONE, None) => Op::Compare32(comparison, result, a, b),
            (Comparison::Wide(comparison), NONE, None) => Op::Compare64(comparison, result, a, b),
            _ => Op::Compare(Box::new(Compare { comparison, a, b, result, opposite, combine })),
        };
        self.emit(op, Class::Selection);
        Ok(())
    }

    fn sign_extended(&mut self, slot: Slot) -> Slot {
        let result = self.new_rows(1);
        self.emit(Op::Unary32(Unary32::SignExtend16, result, slot), Class::Selection);
        result
    }
}

fn kind_before_last(opcode: &Opcode<'_>) -> Option<Type> {
    let types: Vec<Type> = opcode.parts.iter().filter_map(|part| Type::of(part)).collect();
    types.len().checked_sub(2).map(|index| types[index])
}

/// Makes the table from names of comparisons to operations; 32 and 64 bits have the same.
macro_rules! comparison_names {
    ($function:ident $operation:ident) => {
        fn $function(name: &str, kind: Type) -> Option<$operation> {
            let signed = kind.is_signed();
            Some(if kind.is_float() {
                match name {
                    "eq" => $operation::FloatEqual,
                    "ne" => $operation::FloatNotEqual,
                    "lt" => $operation::FloatLess,
                    "le" => $operation::FloatLessEqual,
                    "gt" => $operation::FloatGreater,
                    "ge" => $operation::FloatGreaterEqual,
                    "equ" => $operation::FloatEqualOrNan,
                    "neu" => $operation::FloatNotEqualOrNan,
                    "ltu" => $operation::FloatLessOrNan,
                    "leu" => $operation::FloatLessEqualOrNan,
                    "gtu" => $operation::FloatGreaterOrNan,
                    "geu" => $operation::FloatGreaterEqualOrNan,
                    "num" => $operation::Ordered,
                    "nan" => $operation::Unordered,
                    _ => return None,
                }
            } else {
                match (name, signed) {
                    ("eq", _) => $operation::Equal,
                    ("ne", _) => $operation::NotEqual,
                    ("lt", true) => $operation::LessSigned,
                    ("le", true) => $operation::LessEqualSigned,
                    ("gt", true) => $operation::GreaterSigned,
                    ("ge", true) => $operation::GreaterEqualSigned,
                    ("lt" | "lo", _) => $operation::LessUnsigned,
                    ("le" | "ls", _) => $operation::LessEqualUnsigned,
                    ("gt" | "hi", _) => $operation::GreaterUnsigned,
                    ("ge" | "hs", _) => $operation::GreaterEqualUnsigned,
                    _ => return None,
                }
            })
        }
    };
}

comparison_names!(compare32 Compare32);
comparison_names!(compare64 Compare64);
