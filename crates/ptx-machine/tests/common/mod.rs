//! Small kernels around an instruction or two.

#![allow(dead_code)]

use ptx_machine::{Counters, Fault, LoadError, Memory, Module, Options, Shape};

/// One thread of this machine, races watched, an early end for what does not end.
pub const OPTIONS: Options = Options {
    workers: 1,
    races: true,
    unwritten: false,
    details: true,
    instructions: 1 << 22,
    shared_bytes: 100 << 10,
};

/// A kernel `test` with two pointers, `%in` and `%out`, the thread's number in `%t`, and registers of every kind.
pub fn text(body: &str) -> String {
    format!(
        ".version 7.0\n.target sm_80\n.address_size 64\n.extern .shared .align 128 .b8 block_memory[];\n\
         .visible .entry test(.param .u64 test_in, .param .u64 test_out)\n{{\n\
         .reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<40>; .reg .b64 %d<16>; .reg .f32 %f<8>; .reg .b32 %t;\n\
         .reg .b64 %in, %out, %place;\n\
         ld.param.u64 %in, [test_in]; ld.param.u64 %out, [test_out]; mov.u32 %t, %tid.x;\n\
         {body}\nret;\n}}\n"
    )
}

/// A device with a loaded kernel.
pub struct Bench {
    pub memory: Memory,
    pub module: Module,
    pub input: u64,
    pub output: u64,
    output_bytes: usize,
}

impl Bench {
    pub fn new(body: &str, input: &[u8], output_bytes: usize) -> Bench {
        let memory = Memory::new(1 << 22);
        let module = Module::load(&text(body), &memory).expect("the text is PTX");
        let place = memory.allocate(input.len().max(1) as u64).expect("there is room");
        memory.write(place, input).expect("it was allocated");
        let output = memory.allocate(output_bytes.max(1) as u64).expect("there is room");
        Bench { memory, module, input: place, output, output_bytes }
    }

    pub fn launch(&self, shape: Shape) -> Result<Counters, Fault> {
        let mut arguments = self.input.to_le_bytes().to_vec();
        arguments.extend_from_slice(&self.output.to_le_bytes());
        let kernel = self.module.kernel("test").unwrap_or_else(|error| panic!("{error}"));
        kernel.launch(&self.memory, shape, &arguments, OPTIONS)
    }

    pub fn output(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.output_bytes];
        self.memory.read(self.output, &mut bytes).expect("it was allocated");
        bytes
    }
}

/// The words that a body leaves in the output, one for each of so many threads of a block.
pub fn words(body: &str, threads: u32, dynamic_shared: u32) -> Result<Vec<u32>, Fault> {
    let body =
        format!("mul.wide.u32 %place, %t, 4; add.s64 %place, %out, %place;\n{body}\nst.global.b32 [%place], %r0;");
    let bench = Bench::new(&body, &[], 4 * threads as usize);
    bench.launch(Shape { grid: [1; 3], block: [threads, 1, 1], dynamic_shared })?;
    Ok(bench.output().chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).collect())
}

/// Why a body is refused before it runs.
pub fn refused(body: &str) -> LoadError {
    let memory = Memory::new(1 << 20);
    let module = Module::load(&text(body), &memory).expect("the text is PTX");
    match module.kernel("test") {
        Ok(_) => panic!("it is accepted: {body}"),
        Err(error) => error,
    }
}

/// Runs an instruction on three words of 64 bits for each thread and gives its result of 64 bits. In the instruction,
/// `%d0`, `%d1`, `%d2` are the operands, `%r0`, `%r1`, `%r2` their low halves, `%h0`.. their low quarters, and the result
/// is `%d9`, or `%r9` with `narrow`, or `%h7`, `%p7` by hand.
pub fn compute(body: &str, operands: &[[u64; 3]]) -> Vec<u64> {
    let input: Vec<u8> = operands.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
    let body = format!(
        "mul.wide.u32 %place, %t, 24; add.s64 %place, %in, %place;\n\
         ld.global.v2.u64 {{%d0, %d1}}, [%place]; ld.global.u64 %d2, [%place+16];\n\
         cvt.u32.u64 %r0, %d0; cvt.u32.u64 %r1, %d1; cvt.u32.u64 %r2, %d2;\n\
         cvt.u16.u64 %h0, %d0; cvt.u16.u64 %h1, %d1; cvt.u16.u64 %h2, %d2;\n\
         mov.u64 %d9, 0; mov.u32 %r9, 0;\n{body}\n\
         mul.wide.u32 %place, %t, 8; add.s64 %place, %out, %place; st.global.u64 [%place], %d9;"
    )
    // Three words of 8 bytes are not aligned to two of them.
    .replace("ld.global.v2.u64 {%d0, %d1}, [%place];", "ld.global.u64 %d0, [%place]; ld.global.u64 %d1, [%place+8];");
    let mut results = Vec::new();
    for operands in operands.chunks(1024) {
        let from = results.len() * 24;
        let bench = Bench::new(&body, &input[from..from + operands.len() * 24], operands.len() * 8);
        bench.launch(Shape::line(1, operands.len() as u32)).unwrap_or_else(|fault| panic!("{fault}"));
        let output = bench.output();
        results.extend(output.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes"))));
    }
    results
}
