//! Builds the compressed hierarchy of a scene image: the same image gives the same bytes.

use super::super::bvh::Node as Canonical;
use super::super::collapse::{Collapse, Costs};
use super::super::image::{NONE, SceneImage};
use super::super::intersect::{Bounds, Hit, Ray};
use super::{HITS, LEAF_SIZE, MEMBERS, Node, SHIFTED, STACK, Slices, Triangle, WIDTH, walk};
use crate::machine::Fault;
use crate::strict::vector::{Vec3, add, subtract};
use alloc::vec::Vec;

/// A triangle's test costs about a third of a node's.
const COSTS: Costs = Costs { node: 1.0, leaf: 0.0, triangle: 0.3, leaf_size: LEAF_SIZE };
/// Least exponent of a grid's step. The thinnest padded box is 2^-79 thick.
const FINEST: i32 = -88;
/// Planes are this part of a step further out than what is below; the walk needs half of it.
const MARGIN: f64 = 1.0 / 64.0;

/// The compressed hierarchy of a scene image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compressed {
    nodes: Vec<Node>,
    triangles: Vec<Triangle>,
}

impl Compressed {
    /// Collapses the canonical hierarchy of a validated image.
    ///
    /// # Errors
    /// [`Fault`] where the image is not whole.
    pub fn new(image: &SceneImage) -> Result<Compressed, Fault> {
        let collapse = Collapse::new(image, COSTS)?;
        let mut compressed = Compressed {
            nodes: alloc::vec![Node::default()],
            triangles: Vec::with_capacity(image.triangle_count() as usize),
        };
        compressed.fill(0, &collapse, collapse.root()?, 1)?;
        Ok(compressed)
    }

    #[cfg(test)]
    pub(super) fn from_parts(nodes: Vec<Node>, triangles: Vec<Triangle>) -> Compressed {
        Compressed { nodes, triangles }
    }

    /// The nodes, root first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The triangles.
    pub fn triangles(&self) -> &[Triangle] {
        &self.triangles
    }

    /// Bytes of nodes and triangles.
    pub fn bytes(&self) -> u64 {
        (size_of_val(self.nodes.as_slice()) + size_of_val(self.triangles.as_slice())) as u64
    }

    /// As the walk reads it.
    pub fn slices(&self) -> Slices<'_> {
        Slices { nodes: &self.nodes, triangles: &self.triangles }
    }

    /// The closest hit at up to `limit`. No component of the direction may exceed 2^20.
    pub fn closest(&self, origin: Vec3, direction: Vec3, limit: f32) -> Option<Hit> {
        let hit = walk::closest(&self.slices(), &Ray::new(origin, direction), limit);
        (hit.primitive != NONE).then_some(hit)
    }

    /// Whether anything is hit at up to `limit`. No component of the direction may exceed 2^20.
    pub fn occluded(&self, origin: Vec3, direction: Vec3, limit: f32) -> bool {
        walk::occluded(&self.slices(), &Ray::new(origin, direction), limit)
    }

    /// Writes the node at `place` for these children, and all below it.
    fn fill(&mut self, place: usize, collapse: &Collapse, children: Vec<Canonical>, depth: usize) -> Result<(), Fault> {
        if depth > STACK {
            return Err(Fault::State("depth of the compressed hierarchy"));
        }
        let bounds = children.iter().fold(Bounds::EMPTY, |sum, child| sum.union(child.bounds));
        let grid = [0, 1, 2].map(|axis| Grid::around(bounds.low[axis], bounds.high[axis]));
        let (mut inner, mut leaves) = (0_u32, 0_u32);
        let mut planes = [[0_u8; WIDTH]; 6];
        let mut nodes = Vec::with_capacity(WIDTH);
        let (first_node, first_triangle) = (self.nodes.len(), self.triangles.len());
        for (slot, child) in slots_of(&children, &bounds).into_iter().enumerate() {
            let Some(child) = child else { continue };
            let child = &children[child];
            for axis in 0..3 {
                planes[axis][slot] = grid[axis].below(child.bounds.low[axis]);
                planes[axis + 3][slot] = grid[axis].above(child.bounds.high[axis]);
            }
            let bits = 0o7 << (3 * slot);
            if collapse.is_leaf(child)? {
                let mut triangles = Vec::with_capacity(LEAF_SIZE as usize);
                collapse.gather(child, &mut triangles)?;
                leaves |= bits >> (LEAF_SIZE as usize - triangles.len()) & bits;
                self.triangles.extend(triangles.iter().map(triangle));
            } else {
                inner |= bits & (HITS | MEMBERS);
                nodes.push(child);
            }
        }
        let word =
            |plane: usize, half: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| planes[plane][4 * half + byte]));
        let two = |plane: usize| [word(plane, 0), word(plane, 1), word(plane + 1, 0), word(plane + 1, 1)];
        let exponents = (0..3).fold(SHIFTED, |word, axis| word | ((grid[axis].exponent + 127) as u32) << (8 * axis));
        let [x, y, z] = [0, 1, 2].map(|axis| grid[axis].origin.to_bits());
        self.nodes[place].words = [
            [x, y, z, exponents],
            [first_node as u32 - 1, first_triangle as u32, inner, leaves],
            two(0),
            two(2),
            two(4),
        ];
        self.nodes.resize(first_node + nodes.len(), Node::default());
        for (index, node) in nodes.into_iter().enumerate() {
            self.fill(first_node + index, collapse, collapse.below(node)?, depth + 1)?;
        }
        Ok(())
    }
}

fn triangle((corners, primitive): &([Vec3; 3], u32)) -> Triangle {
    let mut words = corners.map(|[x, y, z]| [x.to_bits(), y.to_bits(), z.to_bits(), 0]);
    words[0][3] = *primitive;
    Triangle { words }
}

/// One axis of a node: planes at `origin + q 2^exponent` for q in 0..=255.
struct Grid {
    origin: f32,
    exponent: i32,
}

impl Grid {
    /// The finest grid that holds two coordinates with the margin.
    fn around(low: f32, high: f32) -> Grid {
        let extent = f64::from(high) - f64::from(low);
        let mut exponent = ((extent / 255.0).to_bits() >> 52) as i32 - 1023;
        exponent = exponent.max(FINEST);
        loop {
            let wanted = f64::from(low) - 2.0 * MARGIN * power_of_two(exponent);
            let nearest = wanted as f32;
            let origin = if f64::from(nearest) > wanted { nearest.next_down() } else { nearest };
            let grid = Grid { origin, exponent };
            if grid.steps_to(high) + MARGIN <= 255.0 {
                return grid;
            }
            exponent += 1;
        }
    }

    /// Distance of a coordinate from the origin in steps; wrong by less than 2^-44 within the grid.
    fn steps_to(&self, coordinate: f32) -> f64 {
        (f64::from(coordinate) - f64::from(self.origin)) * power_of_two(-self.exponent)
    }

    /// The last plane at least the margin below.
    fn below(&self, coordinate: f32) -> u8 {
        (self.steps_to(coordinate) - MARGIN) as u8
    }

    /// The first plane at least the margin above.
    fn above(&self, coordinate: f32) -> u8 {
        let steps = self.steps_to(coordinate) + MARGIN;
        let whole = steps as u8;
        if f64::from(whole) < steps { whole + 1 } else { whole }
    }
}

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// Which child has which slot: the assignment whose children lie furthest towards the corners of their slots.
///
/// Exact, by dynamic programming over the sets of slots given to the first children; the first of equals is taken.
fn slots_of(children: &[Canonical], bounds: &Bounds) -> [Option<usize>; WIDTH] {
    let middle = add(bounds.low, bounds.high);
    let gain = |child: &Canonical, slot: usize| -> f32 {
        let towards = subtract(add(child.bounds.low, child.bounds.high), middle);
        let signed = |axis: usize| if slot >> axis & 1 == 1 { towards[axis] } else { -towards[axis] };
        signed(0) + signed(1) + signed(2)
    };
    let mut gains = [[0.0; WIDTH]; WIDTH];
    for (gains, child) in gains.iter_mut().zip(children) {
        *gains = [0, 1, 2, 3, 4, 5, 6, 7].map(|slot| gain(child, slot));
    }
    // For each set of slots: the greatest gain of giving it to the first children, and the slot of the last of them.
    let mut best = [(f32::NEG_INFINITY, 0_usize); 1 << WIDTH];
    best[0].0 = 0.0;
    let mut set = (1 << children.len()) - 1;
    for part in 0..best.len() {
        let given = part.count_ones() as usize;
        if given == children.len() {
            set = if best[part].0 > best[set].0 { part } else { set };
            continue;
        }
        for (slot, gain) in gains[given % WIDTH].iter().enumerate() {
            let with = part | 1 << slot;
            if given < children.len() && with != part && best[part].0 + gain > best[with].0 {
                best[with] = (best[part].0 + gain, slot);
            }
        }
    }
    let mut slots = [None; WIDTH];
    for child in (0..children.len()).rev() {
        let slot = best[set].1;
        slots[slot] = Some(child);
        set ^= 1 << slot;
    }
    slots
}
