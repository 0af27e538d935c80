//! What reaches memory and what must not.

mod common;

use common::{Bench, OPTIONS, compute, text, words};
use ptx_machine::{Fault, FaultKind, Memory, MemoryError, Module, Options, Shape};

fn run(body: &str, input: &[u8], output: usize) -> Result<Vec<u8>, Fault> {
    let bench = Bench::new(body, input, output);
    bench.launch(Shape::line(1, 32)).map(|_| bench.output())
}

#[test]
fn loads_and_stores_of_every_width_keep_bytes_and_extend_signs() {
    let input: Vec<u8> = (0..32_u8).map(|index| 0x71_u8.wrapping_add(7 * index)).collect();
    for (kind, width) in [("b8", 1), ("b16", 2), ("u32", 4), ("b64", 8), ("v2.b32", 8), ("v4.b32", 16), ("v2.b64", 16)]
    {
        let register = match kind {
            "v2.b32" => "{%r0, %r1}",
            "v4.b32" => "{%r0, %r1, %r2, %r3}",
            "v2.b64" => "{%d0, %d1}",
            "b64" => "%d0",
            "b16" => "%h0",
            _ => "%r0",
        };
        let body = format!("ld.global.nc.{kind} {register}, [%in+16]; st.global.{kind} [%out], {register};");
        assert_eq!(run(&body, &input, width).unwrap(), input[16..16 + width], "{kind}");
        let body = format!("ld.volatile.{kind} {register}, [%in+16]; st.release.gpu.{kind} [%out], {register};");
        assert_eq!(run(&body, &input, width).unwrap(), input[16..16 + width], "{kind}");
    }
    let extended = |load: &str| {
        let body = format!("{load}; st.global.b64 [%out], %d0;");
        u64::from_le_bytes(run(&body, &[0xff, 0x80, 0xfe, 0xff], 8).unwrap().try_into().unwrap())
    };
    assert_eq!(extended("ld.global.s8 %d0, [%in+1]"), -128_i64 as u64);
    assert_eq!(extended("ld.global.u8 %d0, [%in+1]"), 128);
    assert_eq!(extended("ld.global.s16 %d0, [%in+2]"), -2_i64 as u64);
    assert_eq!(extended("ld.s8 %r0, [%in+2]; cvt.u64.u32 %d0, %r0"), 0xffff_fffe);
    assert_eq!(extended("ld.s8 %h0, [%in+2]; cvt.u64.u16 %d0, %h0"), 0xfffe);
}

#[test]
fn an_access_past_the_end_of_its_allocation_is_an_error_with_its_address() {
    let bench = Bench::new(
        "mul.wide.u32 %place, %t, 4; add.s64 %place, %in, %place; ld.global.u32 %r0, [%place];",
        &[0; 100],
        0,
    );
    let fault = bench.launch(Shape::line(1, 32)).unwrap_err();
    let address = bench.input + 100;
    assert_eq!((fault.thread, fault.line), (25, 10));
    assert_eq!(fault.kind, FaultKind::OutOfBounds { space: "global", address, bytes: 4 });
    for body in [
        "st.global.u8 [%in+100], 0;",
        "st.global.v2.u32 [%in+96], {%t, %t};",
        "ld.global.u32 %r0, [%in+-4];",
        "atom.global.add.u32 %r0, [%in+100], 1;",
        "mov.u64 %d0, 0; ld.u32 %r0, [%d0];",
        "mov.u64 %d0, 0; ld.shared.u32 %r0, [%d0];",
        "ld.shared.u32 %r0, [block_memory+4];",
        "ld.param.u64 %d0, [test_out+8];",
    ] {
        let fault = run(body, &[0; 100], 4).unwrap_err();
        assert!(matches!(fault.kind, FaultKind::OutOfBounds { .. }), "{body}: {fault}");
    }
}

#[test]
fn an_access_that_is_not_aligned_is_an_error() {
    for body in [
        "ld.global.u32 %r0, [%in+2];",
        "ld.global.v4.u32 {%r0, %r1, %r2, %r3}, [%in+8];",
        "st.global.u64 [%in+4], %in;",
        "atom.global.add.u64 %d0, [%in+4], 1;",
    ] {
        let fault = run(body, &[0; 100], 4).unwrap_err();
        assert!(matches!(fault.kind, FaultKind::Misaligned { .. }), "{body}: {fault}");
    }
}

#[test]
fn memory_that_was_freed_is_out_of_bounds() {
    let bench = Bench::new("ld.global.u32 %r0, [%in];", &[0; 64], 0);
    bench.memory.free(bench.input).unwrap();
    assert!(matches!(bench.launch(Shape::line(1, 1)).unwrap_err().kind, FaultKind::OutOfBounds { .. }));
}

#[test]
fn memory_ends_and_comes_back_with_what_it_held() {
    let memory = Memory::new(4096);
    let first = memory.allocate(1000).unwrap();
    assert_eq!(memory.free_and_total(), (3072, 4096));
    assert_eq!(memory.allocate(4000), Err(MemoryError::OutOfMemory { requested: 4000, free: 3072 }));
    memory.write(first, b"secret").unwrap();
    memory.free(first).unwrap();
    assert_eq!(memory.free(first), Err(MemoryError::NotAllocated(first)));
    let second = memory.allocate(1000).unwrap();
    let mut bytes = [0; 8];
    memory.read(second, &mut bytes).unwrap();
    assert_eq!(&bytes[..6], b"secret");
    assert_ne!(bytes[6..], [0, 0], "fresh memory is not zero");
    memory.fill(second, 1, 0, 1000).unwrap();
    memory.read(second, &mut bytes).unwrap();
    assert_eq!(bytes, [0; 8]);
    assert!(memory.read(second + 996, &mut bytes).is_err());
}

#[test]
fn every_block_adds_to_the_same_sum_whatever_their_order() {
    let body = "mov.u32 %r1, %ctaid.x; mad.lo.u32 %r1, %r1, 256, %t; cvt.u64.u32 %d0, %r1;\n\
                red.global.add.u64 [%out], %d0; atom.global.max.u32 %r2, [%out+8], %r1; red.global.add.f32 [%out+12], 0f3F800000;\n\
                atom.relaxed.gpu.global.min.s32 %r3, [%out+16], %r1;";
    let bench = Bench::new(body, &[], 20);
    bench.memory.fill(bench.output, 1, 0, 20).unwrap();
    let kernel = bench.module.kernel("test").unwrap();
    let mut arguments = bench.input.to_le_bytes().to_vec();
    arguments.extend_from_slice(&bench.output.to_le_bytes());
    let options = Options { workers: 4, ..OPTIONS };
    kernel.launch(&bench.memory, Shape::line(40, 256), &arguments, options).unwrap();
    let output = bench.output();
    let count = 40 * 256_u64;
    assert_eq!(output[..8], (count * (count - 1) / 2).to_le_bytes());
    assert_eq!(output[8..12], (count as u32 - 1).to_le_bytes());
    assert_eq!(output[12..16], (count as f32).to_le_bytes());
    assert_eq!(output[16..], 0_u32.to_le_bytes());
}

#[test]
fn atomic_changes_give_what_was_there() {
    let change = |operation: &str| {
        let body = format!(
            "ld.global.u32 %r1, [%in]; ld.global.u32 %r2, [%in+4]; st.global.u32 [%out], %r1;\n\
             setp.ne.u32 %p0, %t, 0; @%p0 exit; {operation} st.global.u32 [%out+4], %r0;"
        );
        move |a: u32, b: u32| {
            let output = run(&body, &[a.to_le_bytes(), b.to_le_bytes()].concat(), 8).unwrap();
            let word = |at: usize| u32::from_le_bytes(output[at..at + 4].try_into().unwrap());
            assert_eq!(word(4), a, "what was there");
            word(0)
        }
    };
    assert_eq!(change("atom.global.min.s32 %r0, [%out], %r2;")(3, u32::MAX), u32::MAX);
    assert_eq!(change("atom.global.min.u32 %r0, [%out], %r2;")(3, u32::MAX), 3);
    assert_eq!(change("atom.global.exch.b32 %r0, [%out], %r2;")(3, 9), 9);
    assert_eq!(change("atom.global.cas.b32 %r0, [%out], %r2, 77;")(9, 9), 77);
    assert_eq!(change("atom.global.cas.b32 %r0, [%out], %r2, 77;")(8, 9), 8);
    assert_eq!(change("atom.global.inc.u32 %r0, [%out], %r2;")(8, 9), 9);
    assert_eq!(change("atom.global.inc.u32 %r0, [%out], %r2;")(9, 9), 0);
    assert_eq!(change("atom.global.dec.u32 %r0, [%out], %r2;")(0, 9), 9);
    assert_eq!(change("atom.acq_rel.gpu.or.b32 %r0, [%out], %r2;")(8, 5), 13);
}

/// Copies 16 bytes to a block's memory and reads them from another lane.
fn copied(wait: &str, size: &str) -> Result<Vec<u32>, Fault> {
    let body = format!(
        "mov.u32 %r1, block_memory; mad.lo.u32 %r2, %t, 16, %r1; mul.wide.u32 %d0, %t, 16; add.s64 %d0, %in, %d0;\n\
         cp.async.cg.shared.global [%r2], [%d0], 16{size}; cp.async.commit_group; {wait} bar.sync 0;\n\
         xor.b32 %r3, %t, 1; mad.lo.u32 %r3, %r3, 16, %r1; ld.shared.u32 %r0, [%r3+8];\n\
         mul.wide.u32 %d1, %t, 4; add.s64 %d1, %out, %d1; st.global.u32 [%d1], %r0;"
    );
    let input: Vec<u8> = (0..32 * 4_u32).flat_map(u32::to_le_bytes).collect();
    let bench = Bench::new(&body, &input, 128);
    bench.launch(Shape { grid: [1; 3], block: [32, 1, 1], dynamic_shared: 512 })?;
    Ok(bench.output().chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect())
}

#[test]
fn an_asynchronous_copy_is_there_when_it_was_waited_for_and_not_before() {
    let expected: Vec<u32> = (0..32).map(|lane| 4 * (lane ^ 1) + 2).collect();
    assert_eq!(copied("cp.async.wait_group 0;", "").unwrap(), expected);
    assert_eq!(copied("cp.async.wait_all;", ", 16").unwrap(), expected);
    assert_eq!(copied("cp.async.wait_group 1;", "").unwrap(), vec![0xdbdb_dbdb; 32]);
    assert_eq!(copied("", "").unwrap(), vec![0xdbdb_dbdb; 32]);
    // The rest of a shorter copy is zero, and nothing is read for an empty one.
    assert_eq!(copied("cp.async.wait_all;", ", 8").unwrap(), vec![0; 32]);
}

#[test]
fn variables_of_the_module_have_their_values_and_each_others_addresses() {
    let body = "mov.u64 %d0, table; ld.global.u32 %r1, [%d0+4]; ld.const.b8 %r2, [bytes+2]; mov.u64 %d1, pointers;\n\
                ld.global.u64 %d2, [%d1+8]; ld.global.u32 %r3, [%d2]; ld.b64 %d3, [pointers]; sub.s64 %d3, %d3, %d0;\n\
                cvt.u32.u64 %r4, %d3; mad.lo.u32 %r0, %r1, 1000, %r2; mad.lo.u32 %r0, %r3, 1000000, %r0;\n\
                add.u32 %r0, %r0, %r4; st.global.u32 [%out], %r0;";
    let variables = ".global .align 4 .b32 table[3] = {1, 0x2, 3};\n.const .align 1 .b8 bytes[4] = {5, 6, 7};\n\
                     .global .align 8 .u64 pointers[2] = {table, generic(table)+8};\n";
    let source = text(body).replace(".visible", &format!("{variables}.visible"));
    let memory = Memory::new(1 << 20);
    let module = Module::load(&source, &memory).unwrap();
    let out = memory.allocate(4).unwrap();
    let arguments = [0_u64.to_le_bytes(), out.to_le_bytes()].concat();
    module.kernel("test").unwrap().launch(&memory, Shape::line(1, 1), &arguments, OPTIONS).unwrap();
    let mut bytes = [0; 4];
    memory.read(out, &mut bytes).unwrap();
    assert_eq!(u32::from_le_bytes(bytes), 3_002_007);
    let (table, extent) = module.variable("table").unwrap();
    memory.read(table + 8, &mut bytes).unwrap();
    assert_eq!((u32::from_le_bytes(bytes), extent), (3, 12));
}

#[test]
fn a_generic_address_leads_to_the_space_it_was_made_of() {
    let body = "mov.u64 %d0, block_memory; cvta.shared.u64 %d1, %d0; mul.wide.u32 %d2, %t, 4; add.s64 %d1, %d1, %d2;\n\
                st.u32 [%d1], %t; cvta.to.shared.u64 %d3, %d1; ld.shared.u32 %r1, [%d3]; cvt.u32.u64 %r2, %d3;\n\
                ld.shared.u32 %r3, [%r2]; add.u32 %r0, %r1, %r3;";
    assert_eq!(words(body, 32, 128).unwrap(), (0..32).map(|lane| 2 * lane).collect::<Vec<u32>>());
}

#[test]
fn a_declared_variable_of_a_block_lies_before_the_launchs_memory() {
    let body = ".shared .align 8 .b8 own[40];\n\
                mov.u32 %r1, own; mov.u32 %r2, block_memory; sub.u32 %r3, %r2, %r1; st.shared.u32 [own+36], 1;\n\
                bar.warp.sync -1; mov.u32 %r0, %r3;";
    assert_eq!(words(body, 1, 16).unwrap(), [128]);
}

#[test]
fn a_launch_that_does_not_fit_is_refused() {
    let bench = Bench::new(".shared .align 8 .b8 own[40];\nst.shared.u32 [own], 1;", &[], 0);
    for shape in [Shape::line(1, 1025), Shape::line(0, 32), Shape { dynamic_shared: 100 << 10, ..Shape::line(1, 32) }] {
        assert!(matches!(bench.launch(shape).unwrap_err().kind, FaultKind::Launch(_)), "{shape:?}");
    }
    let kernel = bench.module.kernel("test").unwrap();
    let fault = kernel.launch(&bench.memory, Shape::line(1, 1), &[0; 8], OPTIONS).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Launch(_)));
}

#[test]
fn what_a_launch_did_is_counted() {
    use ptx_machine::Class;
    let body = "mul.wide.u32 %d0, %t, 4; add.s64 %d0, %in, %d0; ld.global.u32 %r1, [%d0]; ld.global.u32 %r2, [%d0];\n\
                fma.rn.f32 %r3, %r1, %r2, %r1; mul.rn.f32 %r3, %r3, %r3; mul.wide.u32 %d1, %t, 128; add.s64 %d1, %out, %d1;\n\
                st.global.u32 [%d1], %r3;";
    let bench = Bench::new(body, &[0; 256], 128 * 64);
    let counters = bench.launch(Shape::line(1, 64)).unwrap();
    assert_eq!(counters.of(Class::FusedMultiplyAdd), 64);
    assert_eq!(counters.of(Class::Float), 64);
    assert_eq!((counters.of(Class::Load), counters.of(Class::Store)), (128, 64));
    assert_eq!(counters.warp_instructions[Class::Load as usize], 4);
    assert_eq!((counters.global_bytes_loaded, counters.global_bytes_stored), (512, 256));
    // Two loads of 128 bytes in a row for each warp, and a sector for every store.
    assert_eq!(counters.global_sectors, 2 * 2 * 4 + 64);
    assert_eq!(counters.total(), 64 * (3 + 9 + 1));
}

#[test]
fn conflicts_among_banks_are_counted() {
    let conflicts = |stride: u32| {
        let body = format!("mov.u32 %r1, block_memory; mad.lo.u32 %r1, %t, {stride}, %r1; st.shared.u32 [%r1], %t;");
        let bench = Bench::new(&body, &[], 0);
        bench.launch(Shape { grid: [1; 3], block: [32, 1, 1], dynamic_shared: 128 * 32 }).unwrap().bank_conflicts
    };
    assert_eq!((conflicts(4), conflicts(8), conflicts(128), conflicts(20)), (0, 1, 31, 0));
}

#[test]
fn a_value_goes_through_memory_unchanged() {
    let operands: Vec<[u64; 3]> = (0..100).map(|index| [index * 0x0123_4567_89ab_cdef, !index, index]).collect();
    let results = compute("mov.u64 %d9, %d1;", &operands);
    assert_eq!(results, operands.iter().map(|operands| operands[1]).collect::<Vec<_>>());
}
