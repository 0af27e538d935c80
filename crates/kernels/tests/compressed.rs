//! The compressed hierarchy on a mesh of the size that measurements are made on: the bits of the other traversals.

#[path = "scenes/cave.rs"]
mod cave;

use cave::{cave, diffuse_rays, primary_rays};
use kernels::render::compressed::Compressed;
use kernels::render::path::canonical_hit;
use kernels::render::*;
use kernels::strict::LARGEST;

#[test]
fn rays_through_three_hundred_thousand_triangles_hit_as_in_the_canonical_and_in_the_wide_hierarchy() {
    let scene = cave();
    assert!(scene.mesh.triangles.len() >= 250_000);
    let image = compile(&scene).unwrap();
    let compressed = Compressed::new(&image).unwrap();
    let tracer = Tracer::new(image.clone()).unwrap();
    let primary = primary_rays::<192>(&scene);
    let diffuse = diffuse_rays(&scene, &tracer, &primary);
    assert!(diffuse.0.len() > 36_000);
    for (origins, directions) in [primary, diffuse] {
        for (index, (origin, direction)) in origins.into_iter().zip(directions).enumerate() {
            let expected = closest_hit(&tracer, origin, direction, LARGEST);
            assert_eq!(compressed.closest(origin, direction, LARGEST), expected, "from {origin:?} to {direction:?}");
            let limit = 0.25 * (index % 40) as f32;
            let blocked = occluded(&tracer, origin, direction, limit);
            assert_eq!(compressed.occluded(origin, direction, limit), blocked, "from {origin:?} to {direction:?}");
            if index % 64 == 0 {
                let canonical = canonical_hit(&image, origin, direction, LARGEST, false).unwrap();
                assert_eq!(canonical, expected, "from {origin:?} to {direction:?}");
            }
        }
    }
}
