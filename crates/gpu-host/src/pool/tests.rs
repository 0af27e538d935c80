//! The pool with states that need no card: what happens to jobs and subranges when cards fail.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use super::*;

const SHORT: Duration = Duration::from_millis(5);

fn lost() -> GpuError {
    GpuError::Lost("it fell off the bus".into())
}

/// The state is the card's ordinal, and how many jobs it has done.
fn pool(count: u32) -> Pool<(u32, u32)> {
    let ordinals: Vec<u32> = (0..count).collect();
    Pool::open_with_pause(&ordinals, |ordinal| Ok((ordinal, 0)), SHORT).unwrap()
}

#[test]
fn a_state_stays_from_job_to_job_on_its_own_thread() {
    let pool = pool(2);
    let work = |state: &mut (u32, u32)| {
        state.1 += 1;
        Ok((state.0, state.1, thread::current().name().map(str::to_owned)))
    };
    let first = pool.submit(1, work).unwrap().wait().unwrap();
    let second = pool.submit(1, work).unwrap().wait().unwrap();
    assert_eq!(first, (1, 1, Some("gpu-1".into())));
    assert_eq!(second, (1, 2, Some("gpu-1".into())));
    assert!(matches!(pool.submit(7, work), Err(GpuError::NoDevice { .. })));
}

#[test]
fn a_lost_card_is_opened_again_and_the_other_goes_on() {
    let opened = Arc::new(AtomicU32::new(0));
    let count = opened.clone();
    let pool = Pool::open_with_pause(
        &[0, 1],
        move |ordinal| {
            // The card comes back at the third try.
            let is_gone = ordinal == 1 && matches!(count.fetch_add(1, Ordering::SeqCst), 1 | 2);
            if is_gone { Err(lost()) } else { Ok(ordinal) }
        },
        SHORT,
    )
    .unwrap();
    assert_eq!(pool.submit(1, |_| Err::<(), _>(lost())).unwrap().wait(), Err(lost()));
    assert_eq!(pool.submit(0, |&mut state| Ok(state)).unwrap().wait(), Ok(0));
    // Until it is back, it answers with the reason.
    loop {
        match pool.submit(1, |&mut state| Ok(state)).unwrap().wait() {
            Ok(state) => break assert_eq!(state, 1),
            Err(error) => assert_eq!(error, lost()),
        }
    }
    assert_eq!(opened.load(Ordering::SeqCst), 4);
    assert_eq!(pool.standing(), [(0, Standing::Ready), (1, Standing::Ready)]);
}

#[test]
fn a_lost_card_stands_as_lost() {
    let pool = Pool::open_with_pause(&[0], Ok, LONGEST_PAUSE).unwrap();
    assert_eq!(pool.submit(0, |_| Err::<(), _>(lost())).unwrap().wait(), Err(lost()));
    // The next answer comes from behind the loss.
    assert_eq!(pool.submit(0, |_| Ok(())).unwrap().wait(), Err(lost()));
    assert_eq!(pool.standing(), [(0, Standing::Lost(lost().to_string()))]);
}

#[test]
fn a_job_that_panics_takes_its_state_along_and_nothing_else() {
    let pool = pool(1);
    let error = pool.submit(0, |_| -> Result<(), _> { panic!("a bug") }).unwrap().wait().unwrap_err();
    assert_eq!(error, GpuError::Failed("a job panicked: a bug".into()));
    loop {
        if let Ok(jobs) = pool.submit(0, |state| Ok(state.1)).unwrap().wait() {
            break assert_eq!(jobs, 0, "a new state");
        }
    }
}

#[test]
fn a_pool_opens_with_the_cards_that_open_and_not_without_any() {
    let unsupported = || GpuError::Unsupported("too old".into());
    let pool = Pool::open(&[0, 1], move |ordinal| if ordinal == 0 { Err(unsupported()) } else { Ok(ordinal) }).unwrap();
    assert_eq!(pool.standing(), [(1, Standing::Ready)]);
    let error = Pool::<u32>::open(&[0, 1], move |_| Err(unsupported())).err();
    assert_eq!(error, Some(GpuError::Unsupported("too old".into())));
    assert!(matches!(Pool::open(&[], Ok).err(), Some(GpuError::NoDevice { .. })));
}

#[test]
fn shared_work_comes_back_in_order_with_every_unit_once() {
    let pool = pool(3);
    let told = AtomicU64::new(0);
    let results = pool
        .share(
            5..1000,
            7,
            |state, range, control| {
                state.1 += 1;
                control.done(1);
                Ok((state.0, range.sum::<u64>()))
            },
            &|done| told.store(done, Ordering::Relaxed),
            &|| false,
        )
        .unwrap();
    assert_eq!(results.len(), 995_usize.div_ceil(7));
    let mut next = 5;
    for (range, (_, sum)) in &results {
        assert_eq!(range.start, next);
        assert_eq!(*sum, range.clone().sum::<u64>());
        next = range.end;
    }
    assert_eq!(next, 1000);
    assert_eq!(told.load(Ordering::Relaxed), 995);
    assert_eq!(pool.share(3..3, 7, |_, _, _| Ok(()), &|_| {}, &|| false), Ok(vec![]));
}

#[test]
fn all_cards_take_part() {
    let pool = pool(2);
    // Neither subrange ends before the other began.
    let meet = Barrier::new(2);
    let results = pool
        .share(
            0..2,
            1,
            move |state, _, _| {
                meet.wait();
                Ok(state.0)
            },
            &|_| {},
            &|| false,
        )
        .unwrap();
    let mut places: Vec<u32> = results.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    assert_eq!(places, [0, 1]);
}

#[test]
fn the_subrange_of_a_card_that_fails_is_done_by_another_even_when_that_one_had_ended() {
    for error in [lost(), GpuError::OutOfMemory { requested: 1, free: 0 }] {
        let pool = pool(2);
        let (failing, finished) = (AtomicU32::new(0), AtomicU32::new(0));
        let await_count = |counter: &AtomicU32, count| {
            while counter.load(Ordering::SeqCst) < count {
                thread::yield_now();
            }
        };
        let results = pool
            .share(
                0..4,
                1,
                move |state, range, _| {
                    if state.0 == 1 {
                        failing.fetch_add(1, Ordering::SeqCst);
                        // The other card does the rest and finds nothing more.
                        await_count(&finished, 3);
                        thread::sleep(SHORT);
                        return Err(error.clone());
                    }
                    await_count(&failing, 1);
                    finished.fetch_add(1, Ordering::SeqCst);
                    Ok((state.0, range.start))
                },
                &|_| {},
                &|| false,
            )
            .unwrap();
        let units: Vec<u64> = results.iter().map(|(_, (_, unit))| *unit).collect();
        assert_eq!(units, [0, 1, 2, 3]);
    }
}

#[test]
fn when_no_card_is_left_the_work_ends_with_the_reason() {
    let result = pool(2).share(0..10, 1, |_, _, _| Err::<(), _>(lost()), &|_| {}, &|| false);
    assert_eq!(result, Err(lost()));
}

#[test]
fn another_error_ends_the_whole_work() {
    let result = pool(2).share(
        0..u64::MAX,
        1,
        |_, range, _| if range.start == 3 { Err(GpuError::Failed("a bad image".into())) } else { Ok(()) },
        &|_| {},
        &|| false,
    );
    assert_eq!(result, Err(GpuError::Failed("a bad image".into())));
}

#[test]
fn cancelled_work_stops_within_a_subrange() {
    let pool = pool(2);
    let begun = Arc::new(AtomicU32::new(0));
    let count = begun.clone();
    let result = pool.share(
        0..u64::MAX,
        u64::MAX,
        move |_, _, control| -> Result<(), _> {
            count.fetch_add(1, Ordering::SeqCst);
            while !control.is_cancelled() {
                thread::yield_now();
            }
            Err(GpuError::Cancelled)
        },
        &|_| {},
        &|| begun.load(Ordering::SeqCst) > 0,
    );
    assert_eq!(result, Err(GpuError::Cancelled));
    assert_eq!(pool.submit(0, |&mut (ordinal, _)| Ok(ordinal)).unwrap().wait(), Ok(0), "the pool goes on");
}

#[test]
fn work_that_waits_behind_another_job_begins_when_that_ends() {
    let pool = pool(1);
    let gate = Arc::new(Barrier::new(2));
    let held = gate.clone();
    let first = pool
        .submit(0, move |_| {
            held.wait();
            Ok(())
        })
        .unwrap();
    let second = pool.submit(0, |_| Ok(())).unwrap();
    let opened = AtomicU32::new(0);
    let results = pool.share(
        0..3,
        1,
        |_, range, _| Ok(range.start),
        &|_| {
            if opened.fetch_add(1, Ordering::SeqCst) == 0 {
                gate.wait();
            }
        },
        &|| false,
    );
    assert_eq!(results.map(|results| results.len()), Ok(3));
    assert_eq!((first.wait(), second.wait()), (Ok(()), Ok(())));
}
