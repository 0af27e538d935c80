//! Owns the rules that PTX must keep so that its results have the processor's bits.
//!
//! Of f32 arithmetic only correctly rounded operations may occur: nothing approximate, no subnormals flushed to zero, no
//! operation without a rounding mode (the assembler may fuse those), nothing fused that the source does not fuse by name,
//! no f64.

use std::fmt;

/// Entry points whose source fuses by name.
const FUSED_BY_NAME: [&str; 3] = [
    // Distances to boxes: a hit is decided elsewhere (kernels::render::compressed has the proof), so their bits cannot show.
    "render_closest",
    "render_occlusion",
    // The definition itself is a chain of fused additions, `kernels::tensor::strict`.
    "gemm_f32_strict",
];

/// A line that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    line: usize,
    function: String,
    instruction: String,
    rule: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} in {}: {}: {}", self.line, self.function, self.instruction, self.rule)
    }
}

/// Every line that breaks a rule.
pub fn broken(text: &str) -> Vec<Violation> {
    let mut function = String::from("no function");
    let mut violations = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(name) = function_name(line) {
            function = name.to_owned();
        }
        for instruction in instructions(line) {
            if let Some(rule) = rule_against(instruction, &function) {
                let instruction = instruction.to_owned();
                violations.push(Violation { line: number, function: function.clone(), instruction, rule });
            }
        }
    }
    violations
}

/// The name that a function's or entry point's first line gives it.
fn function_name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(".entry ").or_else(|| line.split_once(".func "))?;
    // A function that returns something has its result in parentheses before its name.
    let rest = rest.trim_start();
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1.trim_start() } else { rest };
    rest.split(['(', ';', ' ']).next().filter(|name| !name.is_empty())
}

/// The operations of a line: inline assembly may hold several, and labels and predicates stand before some.
fn instructions(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split([';', '{', '}']).filter_map(|statement| {
        statement.split_whitespace().find(|word| !word.starts_with(['@', '$', '%']) && !word.ends_with(':'))
    })
}

fn rule_against(instruction: &str, function: &str) -> Option<&'static str> {
    let mut parts = instruction.split('.');
    let operation = parts.next()?;
    let modifiers: Vec<&str> = parts.collect();
    let has = |modifier: &str| modifiers.contains(&modifier);
    if has("approx") || has("full") || ["ex2", "lg2", "sin", "cos", "tanh", "rsqrt"].contains(&operation) {
        return Some("approximate");
    }
    if has("ftz") {
        return Some("flushes subnormals to zero");
    }
    let computes = ["add", "sub", "mul", "mad", "fma", "div", "rcp", "sqrt"].contains(&operation);
    if computes && (has("f64") || has("f16") || has("bf16") || has("f16x2") || has("f32x2")) {
        return Some("not f32");
    }
    if !(computes && has("f32")) {
        return None;
    }
    if !has("rn") {
        return Some("not rounded to nearest by name, so the assembler may fuse it");
    }
    let fuses = operation == "fma" || operation == "mad";
    (fuses && !FUSED_BY_NAME.contains(&function)).then_some("fused, but not in a kernel that fuses by name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_of(body: &str, function: &str) -> Vec<&'static str> {
        let text = format!(".visible .entry {function}(\n\t.param .u64 a\n)\n{{\n{body}\n}}\n");
        broken(&text).iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn strict_arithmetic_keeps_the_rules() {
        let body = "\tmul.rn.f32 \t%r1, %r2, %r3;\n\tadd.rn.f32 %r1, %r2, %r3;\n$L: sqrt.rn.f32 %r1, %r2;\n\
                    \tadd.s32 %r1, %r2, %r3;\n\tmad.lo.s32 %r1, %r2, %r3, %r4;\n\tmax.f32 %r1, %r2, %r3;\n\
                    \tsetp.lt.f32 %p1, %r1, %r2;\n\tcvt.rn.f32.s32 %r1, %r2;\n\t// mul.f32 in a comment";
        assert_eq!(rules_of(body, "unary"), Vec::<&str>::new());
    }

    #[test]
    fn a_kernel_that_fuses_by_name_may_fuse_and_nothing_else() {
        assert_eq!(rules_of("\tfma.rn.f32 %r1, %r2, %r3, %r4;", "gemm_f32_strict"), Vec::<&str>::new());
        assert_eq!(rules_of("\tfma.rn.ftz.f32 %r1, %r2, %r3, %r4;", "gemm_f32_strict"), ["flushes subnormals to zero"]);
    }

    #[test]
    fn each_rule_finds_what_breaks_it() {
        for (line, rule) in [
            ("\tdiv.approx.f32 %r1, %r2, %r3;", "approximate"),
            ("\t@%p1 ex2.approx.f32 %r1, %r2;", "approximate"),
            ("\tdiv.full.f32 %r1, %r2, %r3;", "approximate"),
            ("\tadd.rn.ftz.f32 %r1, %r2, %r3;", "flushes subnormals to zero"),
            ("\tadd.f32 %r1, %r2, %r3;", "not rounded to nearest by name, so the assembler may fuse it"),
            ("\t{ mul.f32 %r1, %r2, %r3; }", "not rounded to nearest by name, so the assembler may fuse it"),
            ("\tadd.rz.f32 %r1, %r2, %r3;", "not rounded to nearest by name, so the assembler may fuse it"),
            ("\tfma.rn.f32 %r1, %r2, %r3, %r4;", "fused, but not in a kernel that fuses by name"),
            ("\tmul.rn.f64 %rd1, %rd2, %rd3;", "not f32"),
        ] {
            assert_eq!(rules_of(line, "unary"), [rule], "{line}");
        }
    }

    #[test]
    fn the_name_of_a_function_stands_behind_its_result() {
        assert_eq!(function_name(".visible .entry unary("), Some("unary"));
        assert_eq!(function_name(".func  (.param .b32 func_retval0) acos("), Some("acos"));
        assert_eq!(function_name(".func scale("), Some("scale"));
        assert_eq!(function_name("\tadd.s32 %r1, %r2, %r3;"), None);
    }
}
