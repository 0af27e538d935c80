//! What the committed PTX of the matrix products does, counted on the machine that executes PTX: that no access to a
//! block's memory waits for a bank, that nothing lives in a thread's own memory, and that operations and bytes are as
//! many as the product has and no more. Results are compared in `gpu-host`, through the driver's interface.

use gpu::tensor::{Matrix, Shape, Tile, int8, limb, strict};
use gpu::{Kernel, Pointer, ptx};
use kernels::tensor::{Channel, Limits};
use ptx_machine::{Class, Counters, Memory, Module, Options};

/// A card's memory with the PTX of one family.
struct Card {
    memory: Memory,
    module: Module,
    capability: u32,
}

impl Card {
    fn new(family: &ptx::Ptx) -> Card {
        let memory = Memory::new(1 << 28);
        let module = Module::load(family.text, &memory).unwrap();
        Card { memory, module, capability: family.capability }
    }

    /// A matrix of some bytes, which as f32 are finite.
    fn matrix<T>(&self, rows: u32, columns: u32) -> Matrix<T> {
        let pitch = (u64::from(columns) * size_of::<T>() as u64).next_multiple_of(16);
        let bytes: Vec<u8> = (0..u64::from(rows) * pitch).map(|index| (index * 37 % 61 + index % 7) as u8).collect();
        Matrix { values: self.place(&bytes), pitch }
    }

    fn place<T>(&self, bytes: &[u8]) -> Pointer<T> {
        let address = self.memory.allocate(bytes.len() as u64).unwrap();
        self.memory.write(address, bytes).unwrap();
        Pointer::new(address)
    }

    fn launch<K: Kernel>(&self, blocks: u32, block_memory: u32, arguments: &K::Arguments) -> Counters {
        let kernel = self.module.kernel(K::NAME.to_str().unwrap()).unwrap();
        assert_eq!(kernel.local_bytes(), 0, "{:?} keeps everything in registers", K::NAME);
        let shape = ptx_machine::Shape { dynamic_shared: block_memory, ..ptx_machine::Shape::line(blocks, K::THREADS) };
        let options = Options { details: true, ..Options::default() };
        // SAFETY: the arguments are numbers in `repr(C)`, without gaps.
        let bytes = unsafe {
            std::slice::from_raw_parts(std::ptr::from_ref(arguments).cast::<u8>(), size_of::<K::Arguments>())
        };
        kernel.launch(&self.memory, shape, bytes, options).unwrap()
    }

    fn product<K: Kernel>(&self, tile: Tile, shape: Shape, arguments: &K::Arguments) -> Counters {
        self.launch::<K>(tile.blocks(shape), tile.block_memory, arguments)
    }

    fn int8(&self, shape: Shape) -> Counters {
        let (left, right) = (self.matrix(shape.rows, shape.depth), self.matrix(shape.columns, shape.depth));
        let result = self.matrix(shape.rows, shape.columns);
        let arguments = int8::Int8Arguments { left, right, result, shape };
        self.product::<int8::GemmInt8>(int8::tile(self.capability), shape, &arguments)
    }

    fn requantised(&self, shape: Shape) -> Counters {
        let channels = vec![0; shape.columns as usize * size_of::<Channel>()];
        let arguments = int8::Int8RequantisedArguments {
            left: self.matrix(shape.rows, shape.depth),
            right: self.matrix(shape.columns, shape.depth),
            result: self.matrix(shape.rows, shape.columns),
            shape,
            channels: self.place(&channels),
            limits: Limits::FULL,
            reserved: [0; 3],
        };
        self.product::<int8::GemmInt8Requantised>(int8::tile(self.capability), shape, &arguments)
    }

    fn strict(&self, shape: Shape) -> Counters {
        let (left, right) = (self.matrix(shape.rows, shape.depth), self.matrix(shape.columns, shape.depth));
        let result = self.matrix(shape.rows, shape.columns);
        let arguments = strict::StrictArguments { left, right, result, shape };
        self.product::<strict::GemmStrict>(strict::tile(self.capability), shape, &arguments)
    }

    /// What splitting the left operand counts, and the product.
    fn exact(&self, shape: Shape) -> [Counters; 2] {
        let split = |rows: u32| {
            let pitch = u64::from(shape.depth.next_multiple_of(16));
            let plane = u64::from(rows) * pitch;
            let arguments = limb::SplitArguments {
                values: self.matrix(rows, shape.depth),
                limbs: Matrix { values: self.place(&vec![0; 3 * plane as usize]), pitch },
                plane,
                exponents: self.place(&vec![0; 4 * rows as usize]),
                unfit: self.place(&u64::MAX.to_le_bytes()),
                depth: shape.depth,
                reserved: 0,
            };
            (self.launch::<limb::Split>(rows, limb::SPLIT_BLOCK_MEMORY, &arguments), arguments)
        };
        let ((counters, left), (_, right)) = (split(shape.rows), split(shape.columns));
        let arguments = limb::ExactArguments {
            left: left.limbs,
            right: right.limbs,
            left_plane: left.plane,
            right_plane: right.plane,
            left_exponents: left.exponents,
            right_exponents: right.exponents,
            result: self.matrix(shape.rows, shape.columns),
            sums: Matrix { values: Pointer::NULL, pitch: 0 },
            shape,
            is_first: 1,
            is_last: 1,
        };
        [counters, self.product::<limb::GemmExact>(limb::tile(self.capability), shape, &arguments)]
    }
}

#[test]
fn no_access_to_a_blocks_memory_waits_for_a_bank() {
    for family in &ptx::ALL {
        let card = Card::new(family);
        // On 7.5, lanes whose rows end inside a stage store apart from the others, once in a product.
        let shape = Shape::new(130, 259, if family.capability >= 80 { 150 } else { 192 });
        assert_eq!(card.int8(shape).bank_conflicts, 0);
        assert_eq!(card.requantised(shape).bank_conflicts, 0);
        assert_eq!(card.strict(shape).bank_conflicts, 0);
        for counters in card.exact(shape) {
            assert_eq!(counters.bank_conflicts, 0);
        }
    }
}

#[test]
fn a_tile_takes_the_products_and_bytes_that_it_must() {
    let card = Card::new(&ptx::ALL[0]);
    assert_eq!(card.capability, 80);
    let matrix = Class::Matrix as usize;

    // A warp's instruction multiplies 16 x 8 x 32 bytes.
    let counters = card.int8(Shape::new(128, 256, 256));
    assert_eq!(counters.warp_instructions[matrix], 128 * 256 * 256 / 4096);
    assert_eq!(counters.global_bytes_loaded, (128 + 256) * 256);
    assert_eq!(counters.global_bytes_stored, 128 * 256 * 4);

    let counters = card.strict(Shape::new(128, 128, 64));
    assert_eq!(counters.of(Class::FusedMultiplyAdd), 128 * 128 * 64);
    assert_eq!(counters.of(Class::Float), 0);
    assert_eq!(counters.global_bytes_loaded, (128 + 128) * 64 * 4);

    let [split, product] = card.exact(Shape::new(64, 64, 128));
    assert_eq!(product.warp_instructions[matrix], 9 * 64 * 64 * 128 / 4096);
    // Three limbs of both operands; then at most a row's exponent for each result, and a column's for each lane.
    let limbs = 3 * (64 + 64) * 128;
    assert!((limbs..=limbs + 4 * 64 * 64 + 4 * 4 * 32).contains(&product.global_bytes_loaded));
    // Each value is read for the exponent and for the limbs.
    assert_eq!(split.global_bytes_loaded, 2 * 4 * 64 * 128);
    assert_eq!(split.global_bytes_stored, 3 * 64 * 128 + 4 * 64);
}

#[test]
fn nearly_half_of_what_the_int8_loop_issues_multiplies() {
    // What a stage costs in instructions: the difference of two depths.
    let card = Card::new(&ptx::ALL[0]);
    let [short, long] = [128, 64 * 34].map(|depth| card.int8(Shape::new(128, 256, depth)));
    let products = long.warp_instructions[Class::Matrix as usize] - short.warp_instructions[Class::Matrix as usize];
    let all = long.total_warp() - short.total_warp();
    assert!(100 * products >= 48 * all, "{products} of {all}");
}
