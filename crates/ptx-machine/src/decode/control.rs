//! Instructions that decide what runs next, and those that threads run together.

use super::{Decoder, Opcode, Type, TypeKind};
use crate::counters::Class;
use crate::error::LoadError;
use crate::operation::Slot;
use crate::program::{
    Barrier, BarrierResult, Change, Collective, Constant, Matrix, NONE, Op, ShuffleMode, Space, VoteMode,
};
use crate::text::Operand;

impl<'a> Decoder<'_, 'a> {
    /// Decodes an instruction of control or of cooperation; false where it is none.
    pub(super) fn control(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<bool, LoadError> {
        match opcode.base {
            "bra" => self.branch(operands)?,
            "brx" => self.branch_indexed(operands)?,
            "call" => self.call(operands)?,
            "ret" => {
                let op = if self.frame.is_entry { Op::Exit } else { Op::Return(self.frame.returns_to) };
                self.emit(op, Class::Control);
            }
            "exit" => self.emit(Op::Exit, Class::Control),
            "trap" | "brkpt" => self.emit(Op::Trap, Class::Control),
            "bar" | "barrier" => self.barrier(opcode, operands)?,
            "membar" | "fence" => self.emit(Op::Nothing, Class::Barrier),
            "nanosleep" | "griddepcontrol" | "pmevent" | "setmaxnreg" => self.emit(Op::Nothing, Class::Control),
            "shfl" => self.shuffle(opcode, operands)?,
            "vote" => self.vote(opcode, operands)?,
            "match" => self.matches(opcode, operands)?,
            "redux" => self.reduce(opcode, operands)?,
            "activemask" => {
                let [d] = operands else { return self.wrong("one operand expected") };
                let op = Op::ActiveMask(self.result(d, 32)?);
                self.emit(op, Class::Exchange);
            }
            "mma" => self.matrix(opcode, operands)?,
            "ldmatrix" => self.load_matrix(opcode, operands)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn branch(&mut self, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [Operand::Name(label, 0)] = operands else { return self.wrong("a label expected") };
        self.frame.branches.push((self.code.len(), self.line, label));
        self.emit(Op::Branch(0), Class::Control);
        Ok(())
    }

    fn branch_indexed(&mut self, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [index, Operand::Name(targets, 0)] = operands else { return self.wrong("a list of labels expected") };
        self.frame.indexed.push((self.code.len(), self.line, targets));
        let index = self.source(index, 32)?;
        self.emit(Op::BranchIndexed(index, Box::default()), Class::Control);
        Ok(())
    }

    /// Gives the function's branches their targets.
    pub(super) fn resolve_branches(&mut self) -> Result<(), LoadError> {
        for (at, line, label) in std::mem::take(&mut self.frame.branches) {
            self.line = line;
            self.code[at].op = Op::Branch(self.label(label)?);
        }
        for (at, line, name) in std::mem::take(&mut self.frame.indexed) {
            self.line = line;
            let Some(labels) = self.frame.targets.get(name).cloned() else {
                return self.wrong(format!("there is no list of labels {name}"));
            };
            let resolved: Result<Vec<u32>, LoadError> = labels.iter().map(|label| self.label(label)).collect();
            let resolved = resolved?;
            if let Op::BranchIndexed(_, targets) = &mut self.code[at].op {
                *targets = resolved.into_boxed_slice();
            }
        }
        Ok(())
    }

    fn label(&self, name: &str) -> Result<u32, LoadError> {
        match self.frame.labels.get(name) {
            Some(at) => Ok(*at),
            None => self.wrong(format!("there is no label {name}")),
        }
    }

    fn call(&mut self, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let (results, name, arguments) = match operands {
            [Operand::List(results), Operand::Name(name, 0), Operand::List(arguments)] => {
                (results.as_slice(), *name, arguments.as_slice())
            }
            [Operand::List(results), Operand::Name(name, 0)] => (results.as_slice(), *name, &[][..]),
            [Operand::Name(name, 0), Operand::List(arguments)] => (&[][..], *name, arguments.as_slice()),
            [Operand::Name(name, 0)] => (&[][..], *name, &[][..]),
            _ => return self.wrong("a function called by its name expected"),
        };
        let Some(placed) = self.functions.get(name).cloned() else {
            return self.wrong(format!("there is no function {name}"));
        };
        if placed.parameters.len() != arguments.len() || placed.results.len() != results.len() {
            return self.wrong(format!("{name} takes {} arguments", placed.parameters.len()));
        }
        for (argument, (to, bytes)) in arguments.iter().zip(&placed.parameters) {
            let from = self.local_place(argument)?;
            self.emit(Op::CopyLocal { to: *to, from, bytes: *bytes }, Class::Move);
        }
        self.emit(Op::Call { target: placed.start, returns: placed.returns_to }, Class::Control);
        for (result, (from, bytes)) in results.iter().zip(&placed.results) {
            let to = self.local_place(result)?;
            self.emit(Op::CopyLocal { to, from: *from, bytes: *bytes }, Class::Move);
        }
        Ok(())
    }

    fn local_place(&mut self, operand: &Operand<'a>) -> Result<u64, LoadError> {
        if let Operand::Name(name, 0) = operand
            && let super::Found::Local(at) = self.find(name)?
        {
            return Ok(at);
        }
        self.wrong("arguments and results are memory of .param")
    }

    fn barrier(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        if opcode.parts.first() == Some(&"warp") {
            let [members] = operands else { return self.wrong("a mask of members expected") };
            let members = self.source(members, 32)?;
            self.emit(Op::Collective { members, what: Box::new(Collective::Barrier) }, Class::Barrier);
            return Ok(());
        }
        if opcode.has("cluster") {
            return self.wrong("clusters are not known");
        }
        let aligned = opcode.base == "bar" || opcode.has("aligned");
        let mut barrier = Barrier {
            number: 0,
            count: None,
            waits: !opcode.has("arrive"),
            aligned,
            predicate: NONE,
            negated: false,
            result: BarrierResult::None,
        };
        let rest = if opcode.has("red") {
            let [d, rest @ .., predicate] = operands else { return self.wrong("a predicate expected") };
            (barrier.predicate, barrier.negated) = self.predicate(predicate)?;
            barrier.result = if opcode.has("popc") {
                BarrierResult::Count(self.result(d, 32)?)
            } else if opcode.has("and") {
                BarrierResult::And(self.predicate_result(d)?)
            } else {
                BarrierResult::Or(self.predicate_result(d)?)
            };
            rest
        } else {
            operands
        };
        match rest {
            [number] => barrier.number = self.source(number, 32)?,
            [number, count] => {
                barrier.number = self.source(number, 32)?;
                barrier.count = Some(self.source(count, 32)?);
            }
            _ => return self.wrong("a number of a barrier expected"),
        }
        self.emit(Op::Barrier(Box::new(barrier)), Class::Barrier);
        Ok(())
    }

    fn collective(&mut self, members: Slot, what: Collective, class: Class) {
        self.emit(Op::Collective { members, what: Box::new(what) }, class);
    }

    fn shuffle(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, value, lane, clamp, members] = operands else { return self.wrong("five operands expected") };
        let mode = match opcode.parts.get(1).copied() {
            Some("up") if opcode.has("sync") => ShuffleMode::Up,
            Some("down") if opcode.has("sync") => ShuffleMode::Down,
            Some("bfly") if opcode.has("sync") => ShuffleMode::Butterfly,
            Some("idx") if opcode.has("sync") => ShuffleMode::Index,
            _ => return self.wrong("this shuffle is not known"),
        };
        let (result, valid) = match d {
            Operand::Pair(pair) => (self.result(&pair.0, 32)?, self.predicate_result(&pair.1)?),
            d => (self.result(d, 32)?, NONE),
        };
        let (value, lane, clamp) = (self.source(value, 32)?, self.source(lane, 32)?, self.source(clamp, 32)?);
        let members = self.source(members, 32)?;
        self.collective(members, Collective::Shuffle { mode, result, valid, value, lane, clamp }, Class::Exchange);
        Ok(())
    }

    fn vote(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, predicate, members] = operands else { return self.wrong("three operands expected") };
        let mode = match opcode.parts.get(1).copied() {
            Some("all") if opcode.has("sync") => VoteMode::All,
            Some("any") if opcode.has("sync") => VoteMode::Any,
            Some("uni") if opcode.has("sync") => VoteMode::Uniform,
            Some("ballot") if opcode.has("sync") => VoteMode::Ballot,
            _ => return self.wrong("this vote is not known"),
        };
        let result = if mode == VoteMode::Ballot { self.result(d, 32)? } else { self.predicate_result(d)? };
        let (predicate, negated) = self.predicate(predicate)?;
        let members = self.source(members, 32)?;
        self.collective(members, Collective::Vote { mode, result, predicate, negated }, Class::Exchange);
        Ok(())
    }

    fn matches(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, value, members] = operands else { return self.wrong("three operands expected") };
        let wide = opcode.kind() == Type::of("b64");
        let (result, valid) = match d {
            Operand::Pair(pair) => (self.result(&pair.0, 32)?, self.predicate_result(&pair.1)?),
            d => (self.result(d, 32)?, NONE),
        };
        let value = self.source(value, if wide { 64 } else { 32 })?;
        let members = self.source(members, 32)?;
        let all = opcode.has("all");
        self.collective(members, Collective::Match { all, result, valid, value, wide }, Class::Exchange);
        Ok(())
    }

    fn reduce(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, value, members] = operands else { return self.wrong("three operands expected") };
        let signed = opcode.kind().is_some_and(Type::is_signed);
        let change = match opcode.parts.get(1).copied() {
            Some("add") => Change::Add,
            Some("min") if signed => Change::MinimumSigned,
            Some("min") => Change::MinimumUnsigned,
            Some("max") if signed => Change::MaximumSigned,
            Some("max") => Change::MaximumUnsigned,
            Some("and") => Change::And,
            Some("or") => Change::Or,
            Some("xor") => Change::Xor,
            _ => return self.wrong("this reduction is not known"),
        };
        if opcode.kind().is_none_or(|kind| kind.bits != 32 || kind.kind == TypeKind::Float) {
            return self.wrong("this reduction is not known");
        }
        let (result, value) = (self.result(d, 32)?, self.source(value, 32)?);
        let members = self.source(members, 32)?;
        self.collective(members, Collective::Reduce { change, result, value }, Class::Exchange);
        Ok(())
    }

    fn all_lanes(&mut self) -> Slot {
        self.constant(Constant::Narrow(u32::MAX))
    }

    /// The registers of a fragment; a single one may stand without braces.
    fn fragment(&mut self, operand: &Operand<'a>, count: usize, results: bool) -> Result<Vec<Slot>, LoadError> {
        let parts = match operand {
            Operand::Vector(parts) => parts.as_slice(),
            single => std::slice::from_ref(single),
        };
        if parts.len() != count {
            return self.wrong(format!("a fragment of {count} registers expected"));
        }
        parts.iter().map(|part| if results { self.result(part, 32) } else { self.source(part, 32) }).collect()
    }

    fn matrix(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [d, a, b, c] = operands else { return self.wrong("four operands expected") };
        let (rows, depth) = match opcode.parts.get(2).copied() {
            Some("m8n8k16") => (8, 16),
            Some("m16n8k16") => (16, 16),
            Some("m16n8k32") => (16, 32),
            _ => return self.wrong("this shape of matrices is not known"),
        };
        let types: Vec<&str> = opcode.parts.iter().copied().filter(|part| Type::of(part).is_some()).collect();
        let ["s32", a_type @ ("s8" | "u8"), b_type @ ("s8" | "u8"), "s32"] = types[..] else {
            return self.wrong("these types of matrices are not known");
        };
        if !(opcode.has("sync") && opcode.has("aligned") && opcode.has("row") && opcode.has("col")) {
            return self.wrong("a matrix product is .sync.aligned and .row.col");
        }
        let matrix = Matrix {
            a_signed: a_type == "s8",
            b_signed: b_type == "s8",
            saturate: opcode.has("satfinite"),
            d: self.fragment(d, rows / 4, true)?,
            a: self.fragment(a, rows * depth / 128, false)?,
            b: self.fragment(b, depth / 16, false)?,
            c: self.fragment(c, rows / 4, false)?,
        };
        let members = self.all_lanes();
        self.collective(members, Collective::Matrix(matrix), Class::Matrix);
        Ok(())
    }

    fn load_matrix(&mut self, opcode: &Opcode<'a>, operands: &[Operand<'a>]) -> Result<(), LoadError> {
        let [results, address] = operands else { return self.wrong("two operands expected") };
        let count = match ["x1", "x2", "x4"].iter().position(|count| opcode.has(count)) {
            Some(power) if opcode.has("m8n8") && opcode.has("b16") && opcode.has("aligned") => 1 << power,
            _ => return self.wrong("this ldmatrix is not known"),
        };
        let results = self.fragment(results, count, true)?;
        let space = if opcode.has("shared") || opcode.has("shared::cta") { Space::Shared } else { Space::Generic };
        let address = self.address(address)?.0;
        let members = self.all_lanes();
        let transposed = opcode.has("trans");
        self.collective(members, Collective::LoadMatrix { results, transposed, address, space }, Class::LoadMatrix);
        Ok(())
    }
}
