//! What threads do together, and what becomes of those that do not meet.

mod common;

use common::{Bench, OPTIONS, words};
use ptx_machine::{FaultKind, Memory, Module, Options, Shape};

fn fault(body: &str, threads: u32, shared: u32) -> FaultKind {
    words(body, threads, shared).expect_err("it must not run to its end").kind
}

#[test]
fn threads_know_where_they_stand() {
    let body = "mov.u32 %r1, %tid.y; mov.u32 %r2, %ntid.x; mad.lo.u32 %r1, %r1, %r2, %t; mov.u32 %r3, %ctaid.y;\n\
                mov.u32 %r4, %ntid.y; mul.lo.u32 %r4, %r4, %r2; mad.lo.u32 %r1, %r3, %r4, %r1;\n\
                mov.u32 %r5, %laneid; mov.u32 %r6, %warpid; mad.lo.u32 %r5, %r6, 100, %r5;\n\
                mul.wide.u32 %place, %r1, 4; add.s64 %place, %out, %place; st.global.u32 [%place], %r5;";
    let bench = Bench::new(body, &[], 4 * 120 * 3);
    bench.launch(Shape { grid: [1, 3, 1], block: [60, 2, 1], dynamic_shared: 0 }).unwrap();
    let output = bench.output();
    for (index, word) in output.chunks_exact(4).enumerate() {
        let thread = index as u32 % 120;
        assert_eq!(u32::from_le_bytes(word.try_into().unwrap()), thread / 32 * 100 + thread % 32);
    }
}

#[test]
fn a_value_moves_to_other_lanes_by_every_mode() {
    let shuffle = |mode: &str, lane: &str, clamp: u32| {
        let body = format!(
            "mul.lo.u32 %r1, %t, 10; shfl.sync.{mode}.b32 %r0|%p0, %r1, {lane}, {clamp}, -1;\n\
             @!%p0 add.u32 %r0, %r0, 1000;"
        );
        words(&body, 32, 0).unwrap()
    };
    let expected = |of: &dyn Fn(u32) -> Option<u32>| -> Vec<u32> {
        (0..32).map(|lane| of(lane).map_or(lane * 10 + 1000, |from| from * 10)).collect()
    };
    assert_eq!(shuffle("up", "3", 0), expected(&|lane| lane.checked_sub(3)));
    assert_eq!(shuffle("down", "3", 31), expected(&|lane| (lane + 3 < 32).then_some(lane + 3)));
    assert_eq!(shuffle("bfly", "5", 31), expected(&|lane| Some(lane ^ 5)));
    assert_eq!(shuffle("idx", "7", 31), expected(&|_| Some(7)));
    // Segments of eight lanes.
    assert_eq!(shuffle("idx", "9", 24 << 8 | 31), expected(&|lane| Some(lane / 8 * 8 + 1)));
    assert_eq!(shuffle("down", "3", 24 << 8 | 31), expected(&|lane| (lane % 8 + 3 < 8).then_some(lane + 3)));
}

#[test]
fn a_warp_votes_and_adds_up() {
    let body = "and.b32 %r1, %t, 3; setp.eq.u32 %p0, %r1, 1; vote.sync.ballot.b32 %r0, %p0, -1;";
    assert_eq!(words(body, 32, 0).unwrap(), vec![0x2222_2222; 32]);
    let body = "setp.lt.u32 %p0, %t, 32; vote.sync.all.pred %p1, %p0, -1; vote.sync.any.pred %p2, !%p0, -1;\n\
                selp.u32 %r0, 1, 0, %p1; selp.u32 %r1, 2, 0, %p2; or.b32 %r0, %r0, %r1;";
    assert_eq!(words(body, 64, 0).unwrap(), [[1; 32], [2; 32]].concat());
    assert_eq!(words("redux.sync.add.u32 %r0, %t, -1;", 32, 0).unwrap(), vec![496; 32]);
    assert_eq!(words("sub.s32 %r1, 5, %t; redux.sync.min.s32 %r0, %r1, -1;", 32, 0).unwrap(), vec![-26_i32 as u32; 32]);
    let body = "and.b32 %r1, %t, 15; match.any.sync.b32 %r0, %r1, -1;";
    assert_eq!(words(body, 32, 0).unwrap(), (0..32).map(|lane| 0x0001_0001 << (lane % 16)).collect::<Vec<u32>>());
}

#[test]
fn threads_that_part_meet_again_where_they_must() {
    // Every lane runs its own number of turns, and all of them vote behind the loop.
    let body = "mov.u32 %r1, 0; mov.u32 %r2, 0;\n\
                turn: setp.ge.u32 %p0, %r1, %t; @%p0 bra done; add.u32 %r2, %r2, %r1; add.u32 %r1, %r1, 1; bra turn;\n\
                done: setp.ge.u32 %p1, %r2, 10; vote.sync.ballot.b32 %r0, %p1, -1; xor.b32 %r0, %r0, %r2;";
    let sum = |lane: u32| lane * lane.saturating_sub(1) / 2;
    let votes: u32 = (0..32).filter(|lane| sum(*lane) >= 10).map(|lane| 1 << lane).sum();
    assert_eq!(words(body, 32, 0).unwrap(), (0..32).map(|lane| votes ^ sum(lane)).collect::<Vec<_>>());
    // Two halves that name only themselves, at different places.
    let body = "setp.lt.u32 %p0, %t, 16; @%p0 bra low;\n\
                redux.sync.add.u32 %r0, %t, 0xffff0000; bra end;\n\
                low: redux.sync.add.u32 %r0, %t, 0xffff;\nend:";
    assert_eq!(words(body, 32, 0).unwrap(), [[120; 16], [376; 16]].concat());
}

#[test]
fn a_list_of_labels_sends_every_thread_its_own_way() {
    let body = "and.b32 %r1, %t, 3;\n\
                list: .branchtargets a, b, c, b;\n\
                brx.idx %r1, list;\n\
                a: mov.u32 %r0, 10; bra end;\nb: mov.u32 %r0, 20; bra end;\nc: mov.u32 %r0, 30;\nend:";
    assert_eq!(words(body, 32, 0).unwrap(), [10, 20, 30, 20].repeat(8));
}

#[test]
fn functions_take_and_give_memory_and_may_be_called_by_some_threads() {
    let text = ".version 7.0\n.target sm_80\n.address_size 64\n\
        .func (.param .b32 result) twice (.param .b32 value);\n\
        .func (.param .align 4 .b8 result[8]) pair (.param .align 4 .b8 pair[8])\n{\n\
        .reg .b32 %r<4>; .reg .b64 %d<2>; ld.param.b32 %r0, [pair]; mov.b64 %d0, pair; ld.local.b32 %r1, [%d0+4];\n\
        { .param .b32 p; .param .b32 q; st.param.b32 [p], %r0; call.uni (q), twice, (p); ld.param.b32 %r2, [q]; }\n\
        st.param.b32 [result], %r2; st.param.b32 [result+4], %r1; ret;\n}\n\
        .func (.param .b32 result) twice (.param .b32 value)\n{\n\
        .reg .b32 %r<2>; ld.param.b32 %r0, [value]; add.u32 %r1, %r0, %r0; st.param.b32 [result], %r1; ret;\n}\n\
        .visible .entry test(.param .u64 test_out)\n{\n\
        .reg .pred %p<2>; .reg .b32 %r<9>; .reg .b64 %d<3>; .local .align 8 .b8 depot[16];\n\
        mov.u32 %r0, %tid.x; mov.u32 %r5, 7; and.b32 %r1, %r0, 1; setp.eq.u32 %p0, %r1, 0; @%p0 bra skip;\n\
        { .param .align 4 .b8 a[8]; .param .align 4 .b8 b[8]; st.param.v2.b32 [a], {%r0, %r5};\n\
        call (b), pair, (a); ld.param.v2.b32 {%r2, %r3}, [b]; }\n\
        mad.lo.u32 %r5, %r2, 100, %r3;\nskip:\n\
        mov.b64 %d0, depot; cvta.local.u64 %d0, %d0; st.b32 [%d0+8], %r5; ld.local.b32 %r6, [depot+8];\n\
        ld.param.u64 %d1, [test_out]; mul.wide.u32 %d2, %r0, 4; add.s64 %d1, %d1, %d2; st.global.u32 [%d1], %r6; ret;\n}\n";
    let memory = Memory::new(1 << 20);
    let module = Module::load(text, &memory).unwrap();
    let out = memory.allocate(4 * 40).unwrap();
    module.kernel("test").unwrap().launch(&memory, Shape::line(1, 40), &out.to_le_bytes(), OPTIONS).unwrap();
    let mut bytes = [0; 160];
    memory.read(out, &mut bytes).unwrap();
    for (thread, word) in bytes.chunks_exact(4).enumerate() {
        let expected = if thread % 2 == 0 { 7 } else { 200 * thread as u32 + 7 };
        assert_eq!(u32::from_le_bytes(word.try_into().unwrap()), expected);
    }
}

#[test]
fn a_function_that_calls_itself_is_refused() {
    let text = ".version 7.0\n.target sm_80\n.address_size 64\n.func f ()\n{\ncall.uni f;\nret;\n}\n\
                .visible .entry test()\n{\ncall.uni f;\nret;\n}\n";
    let memory = Memory::new(1 << 20);
    let module = Module::load(text, &memory).unwrap();
    let error = module.kernel("test").err().unwrap().to_string();
    assert!(error.contains("calls itself"), "{error}");
}

/// Reverses the order of a block through its memory.
const REVERSE: &str = "mov.u32 %r1, block_memory; mad.lo.u32 %r2, %t, 4, %r1; st.shared.u32 [%r2], %t; BARRIER\n\
                       mov.u32 %r3, %ntid.x; sub.u32 %r3, %r3, %t; sub.u32 %r3, %r3, 1; mad.lo.u32 %r2, %r3, 4, %r1;\n\
                       ld.shared.u32 %r0, [%r2];";

#[test]
fn what_is_written_before_a_barrier_is_seen_behind_it() {
    for barrier in ["bar.sync 0;", "barrier.sync 3;", "barrier.cta.sync.aligned 0;", "bar.sync 1, 96;"] {
        let output = words(&REVERSE.replace("BARRIER", barrier), 96, 4 * 96).unwrap();
        assert_eq!(output, (0..96).rev().collect::<Vec<u32>>(), "{barrier}");
    }
}

#[test]
fn a_missing_barrier_is_a_race() {
    let kind = fault(&REVERSE.replace("BARRIER", ""), 96, 4 * 96);
    assert!(
        matches!(
            kind,
            FaultKind::Race { what: "reading", did: "wrote", .. }
                | FaultKind::Race { what: "writing", did: "read", .. }
        ),
        "{kind}"
    );
    // A barrier of the warp orders one warp and no more.
    assert!(words(&REVERSE.replace("BARRIER", "bar.warp.sync -1;"), 32, 4 * 32).is_ok());
    assert!(matches!(fault(&REVERSE.replace("BARRIER", "bar.warp.sync -1;"), 64, 4 * 64), FaultKind::Race { .. }));
}

#[test]
fn threads_may_share_a_word_by_bytes_and_read_the_same_but_not_write_it() {
    let body = "mov.u32 %r1, block_memory; add.u32 %r2, %r1, %t; st.shared.u8 [%r2], %t; bar.sync 0;\n\
                and.b32 %r3, %t, 0xfc; add.u32 %r3, %r3, %r1; ld.shared.u32 %r0, [%r3];";
    let output = words(body, 64, 64).unwrap();
    assert_eq!(output[5], u32::from_le_bytes([4, 5, 6, 7]));
    let kind = fault("mov.u32 %r1, block_memory; st.shared.u32 [%r1], %t; mov.u32 %r0, 0;", 32, 64);
    assert!(matches!(kind, FaultKind::Race { what: "writing", did: "wrote", other: 0, address: 0 }), "{kind}");
    let kind = fault("mov.u32 %r1, block_memory; st.shared.u16 [%r1+2], %h0; mov.u32 %r0, 0;", 32, 64);
    assert!(matches!(kind, FaultKind::Race { address: 2, .. }), "{kind}");
}

#[test]
fn what_no_thread_of_the_block_wrote_is_not_read_where_that_is_watched() {
    let fault = |body: &str, blocks: u32| {
        let bench = Bench::new(body, &[], 0);
        let shape = Shape { dynamic_shared: 64, ..Shape::line(blocks, 1) };
        assert!(bench.launch(shape).is_ok(), "such bytes may be read without being used");
        let kernel = bench.module.kernel("test").unwrap();
        let options = Options { unwritten: true, ..OPTIONS };
        let fault = kernel.launch(&bench.memory, shape, &[0; 16], options).unwrap_err();
        (fault.block[0], fault.kind)
    };
    assert_eq!(fault("ld.shared.u32 %r0, [block_memory+8];", 1), (0, FaultKind::Unwritten { address: 8 }));
    let body = "st.shared.u16 [block_memory+8], %h0; ld.shared.u32 %r0, [block_memory+8];";
    assert_eq!(fault(body, 1), (0, FaultKind::Unwritten { address: 10 }));
    // What another block wrote before is not the block's own.
    let body = "mov.u32 %r1, %ctaid.x; setp.eq.u32 %p0, %r1, 0; @%p0 st.shared.u32 [block_memory], %t;\n\
                ld.shared.u32 %r0, [block_memory];";
    assert_eq!(fault(body, 2), (1, FaultKind::Unwritten { address: 0 }));
}

#[test]
fn atomic_changes_do_not_race_with_each_other() {
    let body = "mov.u32 %r1, block_memory; setp.ne.u32 %p0, %t, 0; @!%p0 st.shared.u32 [%r1], 5; bar.sync 0;\n\
                atom.shared.add.u32 %r2, [%r1], 2; red.shared.add.u32 [%r1], 1; bar.sync 0; ld.shared.u32 %r0, [%r1];";
    assert_eq!(words(body, 128, 64).unwrap(), vec![5 + 3 * 128; 128]);
    let body = "mov.u32 %r1, block_memory; red.shared.add.u32 [%r1], 1; ld.shared.u32 %r0, [%r1];";
    assert!(matches!(fault(body, 64, 64), FaultKind::Race { .. }));
}

#[test]
fn a_barrier_counts_its_threads_by_their_predicates() {
    let body = "and.b32 %r1, %t, 3; setp.eq.u32 %p0, %r1, 0; bar.red.popc.u32 %r0, 0, %p0;\n\
                bar.red.or.pred %p1, 0, %p0; bar.red.and.pred %p2, 0, %p0; selp.u32 %r2, 1000, 0, %p1;\n\
                selp.u32 %r3, 5000, 0, %p2; add.u32 %r0, %r0, %r2; add.u32 %r0, %r0, %r3;";
    assert_eq!(words(body, 100, 0).unwrap(), vec![1025; 100]);
}

#[test]
fn a_barrier_that_a_part_of_the_block_leaves_out_is_an_error() {
    let kind = fault("setp.lt.u32 %p0, %t, 32; @%p0 bar.sync 0; mov.u32 %r0, 0;", 64, 0);
    assert!(matches!(kind, FaultKind::Deadlock(_)), "{kind}");
    // A part of a warp at one barrier, the rest at another.
    let body = "setp.lt.u32 %p0, %t, 5; @%p0 bra other; bar.sync 0; bra end; other: bar.sync 0; end: mov.u32 %r0, 0;";
    let kind = fault(body, 32, 0);
    assert!(matches!(kind, FaultKind::Divergent(_)), "{kind}");
}

#[test]
fn a_thread_that_ended_is_not_waited_for_but_one_that_is_elsewhere_is() {
    // Threads that have ended are no members any more.
    let body = "setp.ge.u32 %p0, %t, 20; @%p0 exit; redux.sync.add.u32 %r0, %t, -1;";
    assert_eq!(words(body, 32, 0).unwrap()[..20], vec![190; 20]);
    let body = "setp.ge.u32 %p0, %t, 20; @%p0 bra other; redux.sync.add.u32 %r0, %t, -1; bra end;\n\
                other: redux.sync.add.u32 %r0, %t, -1;\nend:";
    assert!(matches!(fault(body, 32, 0), FaultKind::Deadlock(_)));
}

#[test]
fn a_value_of_a_lane_that_is_not_there_is_an_error() {
    let body = "setp.ge.u32 %p0, %t, 16; @%p0 bra end; shfl.sync.idx.b32 %r0, %t, 20, 31, 0xffff;\nend:";
    assert!(matches!(fault(body, 32, 0), FaultKind::Divergent(_)));
}

#[test]
fn what_does_not_end_is_ended() {
    assert!(matches!(fault("again: bra again;", 32, 0), FaultKind::Endless(_)));
}

#[test]
fn a_trap_names_its_line_block_and_thread() {
    let bench = Bench::new(
        "mov.u32 %r1, %ctaid.x; mad.lo.u32 %r1, %r1, 64, %t; setp.eq.u32 %p0, %r1, 170;\n@%p0 trap;",
        &[],
        0,
    );
    let fault = bench.launch(Shape::line(4, 64)).unwrap_err();
    assert_eq!((fault.block, fault.thread, fault.line, fault.kind), ([2, 0, 0], 42, 11, FaultKind::Trap));
}
