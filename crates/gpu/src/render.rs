//! The path tracer as waves of rays: four kernels, one thread to a path; a thread that searches takes several rays.
//!
//! For each batch of samples [`Begin`] sends the camera rays; then, for every bounce, [`Closest`] finds what the paths'
//! rays hit, [`Occlusion`] which shadow rays of the bounce before are free, and [`Shade`] takes all paths to their next
//! rays. What a path does is `kernels::render::wave`; here it is only divided among threads and kept in tables.
//!
//! # Tables
//! Live paths are dense: [`Shade`] reads one set of tables and writes those that go on into the other, so that threads
//! of a warp always have neighbouring paths and none of them is idle in a search. A path that has ended but still waits
//! for a light leaves what it has gathered with its shadow ray, and [`Occlusion`] adds it to its pixel. Places are
//! given out by one addition of a warp to one counter (`append`); which place a path gets differs from run to run, and
//! nothing but the order of integer additions depends on it.
//!
//! No launch waits for the host: the lengths of the tables are read by the kernels from [`WaveArguments::counts`].

use crate::abi::{Kernel, Pointer};
use kernels::render::compressed::{Node, Triangle};
use kernels::render::wave::{Gathered, LivePath, Order, PathRay, Record, ShadowRay};

/// Marks, in [`ShadowRay::target`], the slot of a path that has ended; otherwise it is the path's place.
pub const ENDED: u32 = 1 << 31;

/// Where live paths stand, in the layout of [`Record`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PathTables {
    /// [`PathRay`].
    pub rays: Pointer<u32>,
    /// [`LivePath`].
    pub paths: Pointer<u32>,
    /// [`Gathered`].
    pub gathered: Pointer<u32>,
}

impl PathTables {
    /// Words for each path.
    pub const WORDS: u32 = PathRay::WORDS + LivePath::WORDS + Gathered::WORDS;

    /// The tables of so many paths, one after another from `words` on.
    pub const fn at(words: Pointer<u32>, capacity: u32) -> PathTables {
        let paths = words.offset(PathRay::WORDS as u64 * capacity as u64);
        let gathered = paths.offset(LivePath::WORDS as u64 * capacity as u64);
        PathTables { rays: words, paths, gathered }
    }
}

/// Words for each path in both sets of tables and all others.
pub const WORDS_PER_PATH: u32 =
    2 * PathTables::WORDS + <kernels::render::Hit as Record>::WORDS + ShadowRay::WORDS + Gathered::WORDS;

/// Of all four kernels.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct WaveArguments {
    /// The scene image, a multiple of 16 words.
    pub image: Pointer<u32>,
    /// The compressed hierarchy's nodes.
    pub nodes: Pointer<Node>,
    /// The compressed hierarchy's triangles.
    pub triangles: Pointer<Triangle>,
    /// The paths of this wave.
    pub current: PathTables,
    /// Those of the next one.
    pub next: PathTables,
    /// Hits of the rays of this wave.
    pub hits: Pointer<u32>,
    /// [`ShadowRay`]s: [`Shade`] writes them for the [`Occlusion`] of the next wave.
    pub shadows: Pointer<u32>,
    /// What those of them have [`Gathered`] whose path has [`ENDED`].
    pub ended: Pointer<u32>,
    /// For each wave how many paths it has, and 2^32 times how many shadow rays; zero before the batch.
    pub counts: Pointer<u64>,
    /// Three sums for each slot of the order.
    pub sums: Pointer<u64>,
    /// Set to 1 where a phase meets what no whole image has.
    pub fault: Pointer<u32>,
    /// The samples of the units whose sums these are.
    pub order: Order,
    /// Number of the batch's first sample.
    pub first: u64,
    /// How many samples the batch has, at most `capacity`.
    pub samples: u32,
    /// Records that a table has room for.
    pub capacity: u32,
    /// Words of the image.
    pub image_words: u32,
    /// Number of the wave: rays of a path before this one.
    pub bounce: u32,
}

macro_rules! kernel {
    ($(#[$doc:meta])* $kernel:ident $name:literal $threads:literal) => {
        $(#[$doc])*
        pub struct $kernel;

        impl Kernel for $kernel {
            type Arguments = WaveArguments;
            const NAME: &'static core::ffi::CStr = $name;
            const THREADS: u32 = $threads;
        }
    };
}

kernel! {
    /// Begins the samples of a batch.
    Begin c"render_begin" 128
}
kernel! {
    /// Finds the closest hits of the rays of a wave.
    Closest c"render_closest" 128
}
kernel! {
    /// Finds which shadow rays are free, adds their light, and ends the paths that waited for nothing else.
    Occlusion c"render_occlusion" 128
}
kernel! {
    /// Takes every path of a wave to its next ray or to its end.
    Shade c"render_shade" 128
}

#[cfg(target_arch = "nvptx64")]
mod entry {
    //! The device's side.

    use super::{ENDED, PathTables, WaveArguments};
    use crate::abi::Pointer;
    use crate::device;
    use core::arch::asm;
    use kernels::machine::{Fault, Memory};
    use kernels::render::Hit;
    use kernels::render::compressed::{Stack, Tree, Walk};
    use kernels::render::image::NONE;
    use kernels::render::intersect::Ray;
    use kernels::render::wave::{Gathered, LivePath, PathRay, Record, ShadowRay, begin, shade, to_fixed_point};
    use kernels::strict::LARGEST;
    use kernels::strict::vector::add;

    /// The image in the device's memory. A validated image never reads outside itself, so it does not show that an
    /// index beyond the end reads the last words instead; it costs one instruction, where refusing would cost a branch
    /// for every word, and it keeps any image from reading what is not its own.
    struct Image {
        words: u64,
        length: u32,
    }

    impl Image {
        #[inline(always)]
        fn address(&self, index: u32, count: u32) -> u64 {
            self.words + u64::from(index.min(self.length - count)) * 4
        }
    }

    impl Memory for Image {
        #[inline(always)]
        fn word(&self, index: u32) -> Result<u32, Fault> {
            // SAFETY: inside the image, which no kernel writes.
            Ok(unsafe { load_constant(self.address(index, 1)) })
        }

        #[inline(always)]
        fn triple(&self, index: u32) -> Result<[u32; 3], Fault> {
            let [a, b, c, _] = self.quad(index)?;
            Ok([a, b, c])
        }

        /// In a validated image the index is a multiple of four, because every section begins on a leaf.
        #[inline(always)]
        fn quad(&self, index: u32) -> Result<[u32; 4], Fault> {
            // SAFETY: inside the image, of whole leaves, which no kernel writes; the address is aligned.
            Ok(unsafe { device::load_constant_vector(self.address(index & !3, 4)) })
        }
    }

    /// The hierarchy in the device's memory. The host built it, so every index in it is one of its own.
    struct Hierarchy {
        nodes: u64,
        triangles: u64,
    }

    impl Tree for Hierarchy {
        #[inline(always)]
        fn node(&self, index: u32) -> [[u32; 4]; 5] {
            let address = self.nodes + u64::from(index) * 80;
            // SAFETY: inside the nodes, which no kernel writes; nodes are aligned to 16 bytes.
            [0, 16, 32, 48, 64].map(|offset| unsafe { device::load_constant_vector(address + offset) })
        }

        #[inline(always)]
        fn triangle(&self, index: u32) -> [[u32; 4]; 3] {
            let address = self.triangles + u64::from(index) * 48;
            // SAFETY: as above.
            [0, 16, 32].map(|offset| unsafe { device::load_constant_vector(address + offset) })
        }
    }

    impl WaveArguments {
        #[inline(always)]
        fn image(&self) -> Image {
            Image { words: self.image.address(), length: self.image_words }
        }

        #[inline(always)]
        fn hierarchy(&self) -> Hierarchy {
            Hierarchy { nodes: self.nodes.address(), triangles: self.triangles.address() }
        }

        /// Paths and shadow rays of this wave.
        #[inline(always)]
        fn counts(&self) -> (u32, u32) {
            // SAFETY: the host gives a count for each wave; the launches before this one have ended.
            let counts = unsafe { self.counts.get().add(self.bounce as usize).read() };
            (counts as u32, (counts >> 32) as u32)
        }

        /// Adds a sample to its pixel.
        #[inline(always)]
        fn accumulate(&self, slot: u32, gathered: Gathered) {
            let sums = self.sums.offset(3 * u64::from(slot));
            let add = |channel: u64, radiance: f32| {
                let fixed = to_fixed_point(radiance) as u64;
                if fixed != 0 {
                    // SAFETY: the host gives three sums for each slot of the order.
                    unsafe { device::add(sums.offset(channel).address(), fixed) };
                }
            };
            let [red, green, blue] = gathered.radiance;
            add(0, red);
            add(1, green);
            add(2, blue);
        }

        /// Tells the host that something is wrong with the image.
        #[cold]
        fn refuse(&self) {
            // SAFETY: the host gives one word; all threads write the same.
            unsafe { self.fault.get().write(1) };
        }
    }

    /// One word that nothing writes while the kernel runs.
    ///
    /// # Safety
    /// The address is one of the device's memory, a multiple of 4, with that many readable bytes.
    #[inline(always)]
    unsafe fn load_constant(address: u64) -> u32 {
        let word;
        // SAFETY: the caller's.
        unsafe {
            asm!("ld.global.nc.b32 {}, [{}];", out(reg32) word, in(reg64) address,
                options(pure, readonly, nostack, preserves_flags));
        }
        word
    }

    /// A record of a table that this kernel does not write.
    ///
    /// # Safety
    /// The table has room for `capacity` records and `index` is below that.
    #[inline(always)]
    unsafe fn load<R: Record>(table: Pointer<u32>, capacity: u32, index: u32) -> R {
        let mut record = R::BLANK;
        let mut address = table.offset(u64::from(index));
        record.visit(|word| {
            // SAFETY: the caller's.
            *word = unsafe { load_constant(address.address()) };
            address = address.offset(u64::from(capacity));
        });
        record
    }

    /// A record of a table that this kernel writes as well, so that it may not come from the cache for what never changes.
    ///
    /// # Safety
    /// As for [`load`], and no other thread has this index.
    #[inline(always)]
    unsafe fn load_own<R: Record>(table: Pointer<u32>, capacity: u32, index: u32) -> R {
        let mut record = R::BLANK;
        let mut address = table.offset(u64::from(index));
        record.visit(|word| {
            // SAFETY: the caller's.
            unsafe {
                asm!("ld.global.b32 {}, [{}];", out(reg32) *word, in(reg64) address.address(),
                    options(readonly, nostack, preserves_flags));
            }
            address = address.offset(u64::from(capacity));
        });
        record
    }

    /// Puts a record into a table.
    ///
    /// # Safety
    /// As for [`load`], and no other thread has this index.
    #[inline(always)]
    unsafe fn store<R: Record>(table: Pointer<u32>, capacity: u32, index: u32, mut record: R) {
        let mut address = table.offset(u64::from(index));
        record.visit(|word| {
            // SAFETY: the caller's.
            unsafe {
                asm!("st.global.b32 [{}], {};", in(reg64) address.address(), in(reg32) *word,
                    options(nostack, preserves_flags));
            }
            address = address.offset(u64::from(capacity));
        });
    }

    /// Gives places in two lists to the threads of a warp that want one. The lists' lengths stand in the lower and the
    /// upper half of one number, so that a warp needs a single addition. One address in the cache takes about one
    /// addition in a clock; shading a warp takes a multiprocessor nine hundred clocks at least, so that 132 of them ask
    /// for one in seven. All threads of the warp come here together.
    ///
    /// # Safety
    /// The counter is a number in the device's memory.
    #[inline(always)]
    unsafe fn append(counter: Pointer<u64>, path: bool, shadow: bool) -> (u32, u32) {
        let (paths, shadows) = (device::ballot(path), device::ballot(shadow));
        let lane = device::lane();
        let mut first = 0_u64;
        if lane == 0 && paths | shadows != 0 {
            let added = u64::from(paths.count_ones()) | u64::from(shadows.count_ones()) << 32;
            // SAFETY: the caller's.
            unsafe {
                asm!("atom.global.add.u64 {}, [{}], {};", out(reg64) first, in(reg64) counter.address(),
                    in(reg64) added, options(nostack, preserves_flags));
            }
        }
        let below = (1_u32 << lane) - 1;
        let place = |first: u32, wanted: u32| device::of_first_lane(first) + (wanted & below).count_ones();
        (place(first as u32, paths), place((first >> 32) as u32, shadows))
    }

    impl PathTables {
        /// # Safety
        /// As for [`store`].
        #[inline(always)]
        unsafe fn store(&self, capacity: u32, index: u32, ray: PathRay, path: LivePath, gathered: Gathered) {
            // SAFETY: the caller's.
            unsafe {
                store(self.rays, capacity, index, ray);
                store(self.paths, capacity, index, path);
                store(self.gathered, capacity, index, gathered);
            }
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn render_begin(arguments: WaveArguments) {
        let lane = device::lane();
        let stride = device::blocks() * device::threads();
        // The same for all threads of a warp, which come to `append` together.
        let mut base = device::index() as u32 - lane;
        while base < arguments.samples {
            let number = base + lane;
            let (mut ray, mut path) = (PathRay::BLANK, LivePath::BLANK);
            let mut begins = false;
            if number < arguments.samples
                && let Some(start) = arguments.order.start(arguments.first + u64::from(number))
            {
                match begin(&arguments.image(), &arguments.order.frame, start) {
                    Ok(begun) => ((ray, path), begins) = (begun, true),
                    Err(_) => arguments.refuse(),
                }
            }
            let begins = device::opaque(begins);
            // SAFETY: as many records as samples at most.
            unsafe {
                let (place, _) = append(arguments.counts, begins, false);
                if begins {
                    arguments.current.store(arguments.capacity, place, ray, path, Gathered::BLANK);
                }
            }
            base += stride;
        }
    }

    /// Threads of a warp that wait for a ray before all of them are given one, where rays go apart. On the measured scene
    /// 4 takes 3 % fewer instructions than 8, but reads 4 % more of the hierarchy and stops the warp twice as often.
    const SCATTERED: u32 = 8;
    /// Where rays go together: what one ray reads and computes suits all, until one of them is replaced.
    const TOGETHER: u32 = 32;

    /// Traces rays 0 to `count`: each warp a share of neighbours. A thread whose ray has arrived does not wait for the
    /// slowest ray of its warp: as soon as `enough` threads are without one, they `give` what they have found and
    /// `take` the share's next rays. All threads of the warp come here together.
    #[inline(always)]
    fn trace<const ANY: bool>(
        tree: &Hierarchy,
        count: u32,
        enough: u32,
        take: impl Fn(u32) -> (Ray, f32),
        give: impl Fn(u32, Hit),
    ) {
        let below = (1_u32 << device::lane()) - 1;
        let share = count.div_ceil(device::blocks() * device::threads()) * 32;
        let mut next = count.min(device::index() as u32 / 32 * share);
        let end = count.min(next + share);
        let mut stack = Stack::new();
        let mut walk = Walk::<ANY>::new(&mut stack);
        let mut goes_on = false;
        // Of the thread's ray; `end` or more where it has none.
        let mut index = u32::MAX;
        let mut needed = TOGETHER;
        loop {
            let arrived = device::opaque(!goes_on);
            let idle = device::ballot(arrived);
            if idle.count_ones() >= needed {
                if arrived {
                    if index < end {
                        give(index, walk.hit());
                    }
                    index = next + (idle & below).count_ones();
                    if index < end {
                        let (ray, limit) = take(index);
                        walk.begin(&ray, limit);
                        goes_on = true;
                    }
                }
                if next >= end {
                    return;
                }
                next += idle.count_ones();
                // Without another ray to take, the last ones are awaited.
                needed = if next < end { enough } else { TOGETHER };
            }
            if goes_on {
                goes_on = walk.turn(tree);
            }
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn render_closest(arguments: WaveArguments) {
        let (paths, _) = arguments.counts();
        let capacity = arguments.capacity;
        let take = |index: u32| {
            // SAFETY: below the count, which the tables have room for.
            let ray: PathRay = unsafe { load(arguments.current.rays, capacity, index) };
            (Ray::new(ray.origin, ray.direction), LARGEST)
        };
        // SAFETY: as above, and each index is given once.
        let give = |index: u32, hit: Hit| unsafe { store(arguments.hits, capacity, index, hit) };
        let enough = if arguments.bounce == 0 { TOGETHER } else { SCATTERED };
        trace::<false>(&arguments.hierarchy(), paths, enough, take, give);
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn render_occlusion(arguments: WaveArguments) {
        let (_, shadows) = arguments.counts();
        let capacity = arguments.capacity;
        // SAFETY: called with what is below the count, which the tables have room for.
        let shadow = |index: u32| -> ShadowRay { unsafe { load(arguments.shadows, capacity, index) } };
        let take = |index: u32| {
            let shadow = shadow(index);
            (Ray::new(shadow.origin, shadow.direction), shadow.limit)
        };
        let give = |index: u32, hit: Hit| {
            // Read again, because to keep it would take registers from all of the walk.
            let shadow = shadow(index);
            let (is_free, has_ended) = (hit.primitive == NONE, shadow.target & ENDED != 0);
            if is_free || has_ended {
                let (table, place) =
                    if has_ended { (arguments.ended, index) } else { (arguments.current.gathered, shadow.target) };
                // SAFETY: a path has one shadow ray at most, so only this thread has this place.
                unsafe {
                    let mut gathered: Gathered = load_own(table, capacity, place);
                    if is_free {
                        gathered.radiance = add(gathered.radiance, shadow.contribution);
                    }
                    if has_ended {
                        arguments.accumulate(shadow.target & !ENDED, gathered);
                    } else {
                        store(table, capacity, place, gathered);
                    }
                }
            }
        };
        // Those of the first wave's hits, too, begin side by side.
        let enough = if arguments.bounce <= 1 { TOGETHER } else { SCATTERED };
        trace::<true>(&arguments.hierarchy(), shadows, enough, take, give);
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn render_shade(arguments: WaveArguments) {
        let (paths, _) = arguments.counts();
        let capacity = arguments.capacity;
        let lane = device::lane();
        let stride = device::blocks() * device::threads();
        // The same for all threads of a warp, which come to `append` together.
        let mut base = device::index() as u32 - lane;
        while base < paths {
            let index = base + lane;
            let (mut next_ray, mut next_path, mut shadow) = (PathRay::BLANK, LivePath::BLANK, ShadowRay::BLANK);
            let (mut goes_on, mut waits) = (false, false);
            let mut gathered = Gathered::BLANK;
            let mut slot = 0;
            if index < paths {
                // SAFETY: below the count, which the tables have room for.
                let (ray, path, before, hit) = unsafe {
                    (
                        load::<PathRay>(arguments.current.rays, capacity, index),
                        load::<LivePath>(arguments.current.paths, capacity, index),
                        load::<Gathered>(arguments.current.gathered, capacity, index),
                        load::<Hit>(arguments.hits, capacity, index),
                    )
                };
                slot = path.slot;
                match shade(&arguments.image(), &arguments.order.frame, arguments.bounce, ray, path, before, hit) {
                    Ok(shaded) => {
                        gathered = shaded.gathered;
                        if let Some(next) = shaded.next {
                            ((next_ray, next_path), goes_on) = (next, true);
                        }
                        if let Some(ray) = shaded.shadow {
                            (shadow, waits) = (ray, true);
                        }
                        if !goes_on && !waits {
                            arguments.accumulate(slot, gathered);
                        }
                    }
                    Err(_) => arguments.refuse(),
                }
            }
            let (goes_on, waits) = (device::opaque(goes_on), device::opaque(waits));
            // SAFETY: no more paths go on than there were, and each has one shadow ray at most.
            unsafe {
                let counter = arguments.counts.offset(u64::from(arguments.bounce) + 1);
                let (place, shadow_place) = append(counter, goes_on, waits);
                if goes_on {
                    arguments.next.store(capacity, place, next_ray, next_path, gathered);
                }
                if waits {
                    shadow.target = if goes_on { place } else { slot | ENDED };
                    store(arguments.shadows, capacity, shadow_place, shadow);
                    if !goes_on {
                        store(arguments.ended, capacity, shadow_place, gathered);
                    }
                }
            }
            base += stride;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx;

    #[test]
    fn the_threads_of_a_warp_meet_at_one_place() {
        // A second copy of a meeting, which LLVM makes where it sees that two ways lead there with different decisions,
        // would leave the threads of each way waiting for those of the other.
        for ptx in ptx::ALL {
            for (kernel, meetings) in
                [(Begin::NAME, [2, 2]), (Shade::NAME, [2, 2]), (Closest::NAME, [1, 0]), (Occlusion::NAME, [1, 0])]
            {
                let entry = alloc::format!(".entry {}(", kernel.to_str().unwrap());
                let (_, body) = ptx.text.split_once(&entry).expect("the kernel is in the PTX");
                let body = body.split_once("\n}").expect("it ends").0;
                for (meeting, count) in ["vote.sync", "shfl.sync"].into_iter().zip(meetings) {
                    assert_eq!(body.matches(meeting).count(), count, "{meeting} in {kernel:?} for {}", ptx.capability);
                }
            }
        }
    }

    #[test]
    fn the_tables_of_a_generation_do_not_overlap() {
        let tables = PathTables::at(Pointer::new(4096), 100);
        assert_eq!(tables.rays.address(), 4096);
        assert_eq!(tables.paths.address() - tables.rays.address(), 4 * 100 * u64::from(PathRay::WORDS));
        assert_eq!(tables.gathered.address() - tables.paths.address(), 4 * 100 * u64::from(LivePath::WORDS));
        let end = tables.gathered.offset(100 * u64::from(Gathered::WORDS));
        assert_eq!(end.address() - tables.rays.address(), 4 * 100 * u64::from(PathTables::WORDS));
    }
}
