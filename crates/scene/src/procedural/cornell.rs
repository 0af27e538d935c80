//! The Cornell box: diffuse walls, two blocks and one area light; the classic test of diffuse light transport.

use kernels::render::scene::{Environment, Material, Scene};

use super::shape::{Builder, look};

/// A box of 2 x 2 x 2 metres, open to the front, with a red and a green wall, a tall and a short block, and a light in
/// the ceiling. The light closes a hole of the ceiling, so that its back side gives no light into the box.
pub fn cornell_box() -> Scene {
    const WHITE: u32 = 0;
    const RED: u32 = 1;
    const GREEN: u32 = 2;
    const LIGHT: u32 = 3;
    let matte = |base_color: [f32; 3]| Material { base_color, ..Material::default() };
    let materials = vec![
        matte([0.73, 0.73, 0.73]),
        matte([0.63, 0.065, 0.05]),
        matte([0.14, 0.45, 0.091]),
        Material { emission: [16.0, 13.0, 9.0], ..matte([0.78, 0.78, 0.78]) },
    ];

    let mut shapes = Builder::default();
    let plain = [1.0, 1.0];
    // Floor and back wall.
    shapes.quad(WHITE, [-1.0, 0.0, -1.0], [2.0, 0.0, 0.0], [0.0, 0.0, 2.0], plain);
    shapes.quad(WHITE, [-1.0, 2.0, -1.0], [2.0, 0.0, 0.0], [0.0, -2.0, 0.0], plain);
    // The ceiling in four strips around the light.
    let (half_x, half_z) = (0.25, 0.2);
    shapes.quad(WHITE, [-1.0, 2.0, 1.0], [2.0, 0.0, 0.0], [0.0, 0.0, half_z - 1.0], plain);
    shapes.quad(WHITE, [-1.0, 2.0, -half_z], [2.0, 0.0, 0.0], [0.0, 0.0, half_z - 1.0], plain);
    shapes.quad(WHITE, [-1.0, 2.0, half_z], [1.0 - half_x, 0.0, 0.0], [0.0, 0.0, -2.0 * half_z], plain);
    shapes.quad(WHITE, [half_x, 2.0, half_z], [1.0 - half_x, 0.0, 0.0], [0.0, 0.0, -2.0 * half_z], plain);
    shapes.cuboid(WHITE, [-0.33, 0.0, -0.31], [0.6, 1.2, 0.6], 0.30);
    shapes.cuboid(WHITE, [0.34, 0.0, 0.36], [0.6, 0.6, 0.6], -0.29);
    // Left and right wall.
    shapes.quad(RED, [-1.0, 2.0, 1.0], [0.0, 0.0, -2.0], [0.0, -2.0, 0.0], plain);
    shapes.quad(GREEN, [1.0, 2.0, -1.0], [0.0, 0.0, 2.0], [0.0, -2.0, 0.0], plain);
    shapes.quad(LIGHT, [-half_x, 2.0, half_z], [2.0 * half_x, 0.0, 0.0], [0.0, 0.0, -2.0 * half_z], plain);

    let camera = look([0.0, 1.0, 3.9], [0.0, 1.0, 0.0], 39.3);
    shapes.finish(camera, materials, Vec::new(), Environment::default())
}
