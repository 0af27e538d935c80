//! Which nodes of the canonical hierarchy become the children of a node with eight of them: dynamic programming over
//! the surface area heuristic (Ylitie, Karras and Laine, "Efficient incoherent ray traversal on GPUs through compressed
//! wide BVHs", 2017, section 3.2). What such a node looks like in memory is not known here.

use super::bvh::{Child, Node};
use super::image::{SceneImage, read_pair};
use super::intersect::{Bounds, padded_bounds};
use crate::machine::Fault;
use crate::strict::vector::Vec3;
use alloc::vec::Vec;

/// Children of a wide node at most.
pub const WIDTH: usize = 8;

/// What the tests of a wide hierarchy cost.
#[derive(Clone, Copy)]
pub struct Costs {
    /// Testing a wide node.
    pub node: f32,
    /// Testing a leaf.
    pub leaf: f32,
    /// Testing each triangle in a leaf.
    pub triangle: f32,
    /// Triangles of a leaf at most, at least 3.
    pub leaf_size: u32,
}

/// What is known about a subtree.
#[derive(Clone, Copy)]
struct Plan {
    /// Triangles in it.
    count: u32,
    /// Whether one leaf is cheaper than a wide node.
    is_leaf: bool,
    /// Least cost of representing it by at most 1, 2, ... 8 nodes and leaves.
    costs: [f32; WIDTH],
}

impl Plan {
    const EMPTY: Plan = Plan { count: 0, is_leaf: true, costs: [0.0; WIDTH] };
}

/// The plans for all subtrees of a hierarchy.
pub struct Collapse<'a> {
    image: &'a SceneImage,
    costs: Costs,
    plans: Vec<Plan>,
}

impl<'a> Collapse<'a> {
    /// Plans a validated image.
    ///
    /// # Errors
    /// [`Fault::Memory`] where the image is not whole.
    pub fn new(image: &'a SceneImage, costs: Costs) -> Result<Collapse<'a>, Fault> {
        let plans = alloc::vec![Plan::EMPTY; image.pair_count() as usize];
        let mut collapse = Collapse { image, costs, plans };
        collapse.fill(0)?;
        Ok(collapse)
    }

    /// The at most eight nodes that stand for the whole scene.
    ///
    /// # Errors
    /// [`Fault::Memory`] where the image is not whole.
    pub fn root(&self) -> Result<Vec<Node>, Fault> {
        self.divided(read_pair(self.image, 0)?)
    }

    /// The at most eight nodes that stand for a node which is not a leaf.
    ///
    /// # Errors
    /// [`Fault::State`] for a leaf.
    pub fn below(&self, node: &Node) -> Result<Vec<Node>, Fault> {
        self.divided(self.halves(node)?.ok_or(Fault::State("leaf"))?)
    }

    /// Whether a node becomes one leaf.
    ///
    /// # Errors
    /// [`Fault::Memory`] where the image is not whole.
    pub fn is_leaf(&self, node: &Node) -> Result<bool, Fault> {
        Ok(self.plan_of(node)?.is_leaf)
    }

    /// Appends the triangles below a node, with their indices in the mesh.
    ///
    /// # Errors
    /// [`Fault::Memory`] where the image is not whole.
    pub fn gather(&self, node: &Node, to: &mut Vec<([Vec3; 3], u32)>) -> Result<(), Fault> {
        match node.child {
            _ if node.bounds == Bounds::EMPTY => {}
            Child::Pair(below) => {
                for node in read_pair(self.image, below)? {
                    self.gather(&node, to)?;
                }
            }
            Child::Leaf { first, count } => {
                for slot in first..first + count {
                    to.push(self.image.slot(slot)?);
                }
            }
        }
        Ok(())
    }

    /// Fills in the plans of a pair and of all below it, bottom up.
    fn fill(&mut self, index: u32) -> Result<(), Fault> {
        let pair = read_pair(self.image, index)?;
        for node in pair {
            if let Child::Pair(below) = node.child
                && node.bounds != Bounds::EMPTY
            {
                self.fill(below)?;
            }
        }
        let plan = self.combined(&pair)?;
        *self.plans.get_mut(index as usize).ok_or(Fault::State("pair"))? = plan;
        Ok(())
    }

    fn leaf_cost(&self, bounds: Bounds, count: u32) -> f32 {
        bounds.half_area() * (self.costs.leaf + self.costs.triangle * count as f32)
    }

    fn plan_of(&self, node: &Node) -> Result<Plan, Fault> {
        match node.child {
            _ if node.bounds == Bounds::EMPTY => Ok(Plan::EMPTY),
            Child::Pair(pair) => self.plans.get(pair as usize).copied().ok_or(Fault::State("pair")),
            Child::Leaf { count, .. } if count <= self.costs.leaf_size => {
                Ok(Plan { count, is_leaf: true, costs: [self.leaf_cost(node.bounds, count); WIDTH] })
            }
            Child::Leaf { .. } => self.combined(&self.halves(node)?.ok_or(Fault::State("leaf"))?),
        }
    }

    /// The plan of what two siblings are together.
    fn combined(&self, pair: &[Node; 2]) -> Result<Plan, Fault> {
        let plans = [self.plan_of(&pair[0])?, self.plan_of(&pair[1])?];
        let bounds = pair[0].bounds.union(pair[1].bounds);
        let count = plans[0].count + plans[1].count;
        let whole = bounds.half_area() * self.costs.node + division(&plans, WIDTH).1;
        let single = self.leaf_cost(bounds, count);
        let is_leaf = count <= self.costs.leaf_size && single <= whole;
        let mut costs = [if is_leaf { single } else { whole }; WIDTH];
        for budget in 2..=WIDTH {
            let (_, cost) = division(&plans, budget);
            costs[budget - 1] = if cost < costs[budget - 2] { cost } else { costs[budget - 2] };
        }
        Ok(Plan { count, is_leaf, costs })
    }

    /// The two nodes below a node: the pair, or the halves of a canonical leaf with too many triangles for one leaf.
    fn halves(&self, node: &Node) -> Result<Option<[Node; 2]>, Fault> {
        match node.child {
            Child::Pair(below) => read_pair(self.image, below).map(Some),
            Child::Leaf { count, .. } if count <= self.costs.leaf_size => Ok(None),
            Child::Leaf { first, count } => {
                // At most this many on one side, so that two divisions suffice for a leaf of eight.
                let most = self.costs.leaf_size.max(count.div_ceil(2));
                let mut best: Option<([Node; 2], f32)> = None;
                for left in count.saturating_sub(most).max(1)..=most.min(count - 1) {
                    let halves = [self.part(first, left)?, self.part(first + left, count - left)?];
                    let cost = self.leaf_cost(halves[0].bounds, left) + self.leaf_cost(halves[1].bounds, count - left);
                    if best.is_none_or(|(_, least)| cost < least) {
                        best = Some((halves, cost));
                    }
                }
                Ok(best.map(|(halves, _)| halves))
            }
        }
    }

    fn part(&self, first: u32, count: u32) -> Result<Node, Fault> {
        let mut bounds = Bounds::EMPTY;
        for slot in first..first + count {
            bounds = bounds.union(padded_bounds(&self.image.slot(slot)?.0));
        }
        Ok(Node { bounds, child: Child::Leaf { first, count } })
    }

    fn divided(&self, pair: [Node; 2]) -> Result<Vec<Node>, Fault> {
        let (part, _) = division(&[self.plan_of(&pair[0])?, self.plan_of(&pair[1])?], WIDTH);
        let mut children = Vec::with_capacity(WIDTH);
        self.children(&pair[0], part, &mut children)?;
        self.children(&pair[1], WIDTH - part, &mut children)?;
        Ok(children)
    }

    /// Appends the at most `budget` nodes that stand for a subtree.
    fn children(&self, node: &Node, mut budget: usize, to: &mut Vec<Node>) -> Result<(), Fault> {
        if node.bounds == Bounds::EMPTY {
            return Ok(());
        }
        let costs = self.plan_of(node)?.costs;
        while budget > 1 && costs[budget - 1] == costs[budget - 2] {
            budget -= 1;
        }
        match self.halves(node)? {
            Some(pair) if budget > 1 => {
                let (part, _) = division(&[self.plan_of(&pair[0])?, self.plan_of(&pair[1])?], budget);
                self.children(&pair[0], part, to)?;
                self.children(&pair[1], budget - part, to)
            }
            _ => {
                to.push(*node);
                Ok(())
            }
        }
    }
}

/// The cheapest way to share `budget` (2 to 8) between two siblings: the first one's part, and the cost.
fn division(plans: &[Plan; 2], budget: usize) -> (usize, f32) {
    let mut best = (1, f32::INFINITY);
    for part in 1..budget {
        let cost = plans[0].costs[part - 1] + plans[1].costs[budget - part - 1];
        if cost < best.1 {
            best = (part, cost);
        }
    }
    best
}
