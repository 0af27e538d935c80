//! The last look at a result before its root is shown: a root that cannot be defended costs the stake.

use super::{
    Done, Worker,
    hold::{REVEAL, asked},
};
use crate::{
    error::WorkerError,
    journal::{LeaseKey, Sealed},
    scenes::PreparedJob,
};
use bytes::Bytes;
use kernels::{
    attestation::lease_root,
    machine::{Flow, Machine},
    merkle::sha256,
    probe::{clock, machine, trace::Units},
    render::{Render, State, steps_per_sample, trace},
};
use render_compute::{
    constants::CLASS_PROBE,
    state::{Job, Lease},
};
use render_compute_client::dispute::{Claim, ClaimError, Recomputed};
use std::{ops::Range, sync::Arc};

/// What a look at a result found.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// It stands.
    Sound,
    /// The bytes are not those that were sealed: the disk damaged them.
    Damaged,
    /// Computing a part of it again gave something else.
    Indefensible(String),
}

impl Worker {
    /// Whether the result of a lease or audit may be shown: its bytes give its root, and one pixel, executed again, comes out the
    /// same, one of its samples step by step. A damaged result is rendered again; one that does not stand is never shown.
    pub(super) async fn check(
        &mut self,
        key: LeaseKey,
        lease: &Lease,
        job: &Job,
        done: &mut Vec<Done>,
    ) -> Result<bool, WorkerError> {
        if self.checked.contains(&key) {
            return Ok(true);
        }
        let not_ready = |reason: String| WorkerError::NotReady(reason);
        let sealed = self.journal.sealed(key).ok_or_else(|| not_ready("it is not rendered".into()))?;
        let question = match lease.class {
            CLASS_PROBE => Err(asked(job).map_err(|error| not_ready(error.to_string()))?),
            _ => Ok(self.scenes.prepare(lease.job, job).await.map_err(|error| not_ready(error.to_string()))?),
        };
        let bytes = match self.spool.read(key) {
            Ok(bytes) => bytes,
            Err(source) => {
                // What is gone from the disk is rendered again, also where the store has it: the store is nobody's own.
                self.published.remove(&key);
                return Err(WorkerError::Machine { what: "cannot read a result that waits".into(), source });
            }
        };
        let units = lease.range();
        let examined = tokio::task::spawn_blocking(move || match question {
            Ok(prepared) => examine(&prepared, units, bytes.into(), &sealed),
            Err(asked) => Ok(examine_probe(&asked, &bytes, &sealed)),
        });
        let finding = examined.await.map_err(|error| not_ready(error.to_string()))?;
        match finding {
            Ok(Finding::Sound) => {
                self.checked.insert(key);
                Ok(true)
            }
            Ok(Finding::Damaged) | Err(ClaimError::WrongResult) => {
                tracing::error!(what = %key, "the result on disk is damaged and is rendered again");
                self.spool.remove(key);
                self.published.remove(&key);
                Ok(false)
            }
            Ok(Finding::Indefensible(reason)) => {
                self.indefensible.insert(key);
                self.report(done, Done::Refused { what: REVEAL, reason: format!("{key}: {reason}") });
                Ok(false)
            }
            Err(error) => Err(not_ready(error.to_string())),
        }
    }
}

fn examine(job: &PreparedJob, units: Range<u64>, bytes: Bytes, sealed: &Sealed) -> Result<Finding, ClaimError> {
    let mut own = Recomputed::new(Arc::clone(&job.tracer), job.frame, units.clone(), Some(bytes))?;
    if own.root()? != sealed.root {
        return Ok(Finding::Damaged);
    }
    // Unknown to others before the reveal, so that nobody can place a fault where it is not looked for.
    let random = sha256(&[b"render-worker:look", &sealed.salt, &sealed.root]);
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| random[at + byte]));
    let unit = units.start + number(0) % (units.end - units.start).max(1);
    let pixels = u64::from(job.frame.unit_pixels(unit)).max(1);
    let pixel = number(8) % pixels;
    let sample = number(16) % u64::from(job.frame.samples.max(1));
    let image = job.tracer.image();
    let stride = steps_per_sample(job.frame.max_bounces, image.pair_count(), image.triangle_count());
    let whole = stride * u64::from(job.frame.samples);
    let states = own.states_in(unit, pixel, &[sample * stride, (sample + 1) * stride, whole])?;
    let [before, after, end] = &states[..] else { return Err(ClaimError::WrongResult) };
    let attested = match own.boundaries(unit)?.get(pixel as usize) {
        Some(boundary) => *boundary,
        None => trace::final_state(&job.frame, unit, own.unit(unit)?.output)?.hash(),
    };
    let place = format!("pixel {pixel} of unit {unit}");
    if end.hash() != attested {
        return Ok(Finding::Indefensible(format!("{place}, rendered again, comes out differently")));
    }
    match execute(job, before, stride) {
        Ok(state) if state.hash() == after.hash() => Ok(Finding::Sound),
        Ok(_) => Ok(Finding::Indefensible(format!("sample {sample} of {place}, executed step by step, differs"))),
        Err(reason) => Ok(Finding::Indefensible(format!("sample {sample} of {place} cannot be executed: {reason}"))),
    }
}

/// The same of a probe's answer: one segment of its clock, chosen as nobody else can, is hashed again. The other parts take the whole of
/// a card and are looked at by auditors.
fn examine_probe(asked: &machine::Job, bytes: &[u8], sealed: &Sealed) -> Finding {
    let Some(units) = Units::from_bytes(&asked.plan, bytes) else { return Finding::Damaged };
    if lease_root(0, &units.attest(asked)) != sealed.root {
        return Finding::Damaged;
    }
    let random = sha256(&[b"render-worker:look", &sealed.salt, &sealed.root]);
    let number = u64::from_le_bytes(std::array::from_fn(|byte| random[byte]));
    let segments = units.clock().len() as u64;
    let segment = usize::try_from(number % segments.max(1)).unwrap_or(0);
    match clock::segment_holds(&asked.seed, units.clock(), segment, asked.plan.clock.steps) {
        true => Finding::Sound,
        false => Finding::Indefensible(format!("segment {segment} of the clock, hashed again, comes out differently")),
    }
}

/// Executes one sample by the step machine, idle steps in one go.
fn execute(job: &PreparedJob, before: &State, stride: u64) -> Result<State, String> {
    let mut state = before.clone();
    loop {
        state.skip_idle(stride.saturating_sub(1));
        match Render::step(&mut state, job.tracer.image()) {
            Flow::Fault(fault) => return Err(fault.to_string()),
            Flow::Done => return Ok(state),
            // The next sample has begun.
            Flow::Continue if state.position().2 == 0 => return Ok(state),
            Flow::Continue => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernels::probe::{Plan, Ratings, trace::run as trace_run};
    use kernels::render::{Frame, Tracer, UnitOutput, compile, render_units};
    use solana_address::Address;

    fn prepared() -> PreparedJob {
        let frame = Frame { width: 8, height: 4, tile: 4, samples: 3, max_bounces: 2, seed: 5 };
        let image = compile(&scene::cornell_box()).unwrap();
        PreparedJob { job: Address::default(), frame, tracer: Arc::new(Tracer::new(image).unwrap()) }
    }

    fn result(job: &PreparedJob) -> (Vec<u8>, Sealed) {
        let outputs = render_units(&job.tracer, &job.frame, 0..2).unwrap();
        let attested: Vec<_> = outputs.iter().map(UnitOutput::unit_attestation).collect();
        let bytes = outputs.iter().flat_map(UnitOutput::to_bytes).collect();
        (bytes, Sealed { root: lease_root(0, &attested), result: [0; 32], salt: [7; 32] })
    }

    #[test]
    fn what_was_rendered_stands() {
        let job = prepared();
        let (bytes, sealed) = result(&job);
        for salt in 0..8 {
            let sealed = Sealed { salt: [salt; 32], ..sealed };
            assert_eq!(examine(&job, 0..2, bytes.clone().into(), &sealed).unwrap(), Finding::Sound);
        }
    }

    #[test]
    fn a_changed_byte_is_damage() {
        let job = prepared();
        let (mut bytes, sealed) = result(&job);
        bytes[100] ^= 1;
        assert_eq!(examine(&job, 0..2, bytes.into(), &sealed).unwrap(), Finding::Damaged);
    }

    #[test]
    fn a_root_over_pixels_that_do_not_come_out_again_cannot_be_defended() {
        let job = prepared();
        let (mut bytes, mut sealed) = result(&job);
        // As a faulty accelerator would have given it: every pixel is a little off, and the root is over just that.
        for pixel in bytes.chunks_mut(24) {
            pixel[0] ^= 1;
        }
        let mut own = Recomputed::new(Arc::clone(&job.tracer), job.frame, 0..2, Some(bytes.clone().into())).unwrap();
        sealed.root = own.root().unwrap();
        assert!(matches!(examine(&job, 0..2, bytes.into(), &sealed).unwrap(), Finding::Indefensible(_)));
    }

    fn probe() -> (machine::Job, Units) {
        let plan = Plan::of(&Ratings { compute: 1, memory_mib: 1, clock: 9 }, 1);
        let asked = machine::Job { plan, seed: [3; 32] };
        let units = trace_run(&asked).unwrap();
        (asked, units)
    }

    #[test]
    fn a_probes_answer_stands_and_a_changed_byte_of_it_is_damage() {
        let (asked, units) = probe();
        let sealed = Sealed { root: lease_root(0, &units.attest(&asked)), result: [0; 32], salt: [7; 32] };
        assert_eq!(examine_probe(&asked, &units.to_bytes(), &sealed), Finding::Sound);
        let mut bytes = units.to_bytes();
        bytes[0] ^= 1;
        assert_eq!(examine_probe(&asked, &bytes, &sealed), Finding::Damaged);
        bytes.pop();
        assert_eq!(examine_probe(&asked, &bytes, &sealed), Finding::Damaged);
    }

    #[test]
    fn a_clock_that_does_not_hash_to_its_checkpoints_cannot_be_defended() {
        let (asked, units) = probe();
        // As a core that hashes wrongly would have given it: every checkpoint is off.
        let mut bytes = units.to_bytes();
        for byte in bytes.iter_mut().take(units.clock().len() * 32) {
            *byte ^= 1;
        }
        let wrong = Units::from_bytes(&asked.plan, &bytes).unwrap();
        let sealed = Sealed { root: lease_root(0, &wrong.attest(&asked)), result: [0; 32], salt: [7; 32] };
        assert!(matches!(examine_probe(&asked, &bytes, &sealed), Finding::Indefensible(_)));
    }
}
