//! Compiling a scene: bad input is refused with the field's name, the image is reproducible, and light is neither
//! made nor lost.
#![allow(missing_docs)]

mod scenes;

use kernels::merkle;
use kernels::render::*;
use scenes::{add_box, cornell, diffuse, random_scene};

fn field_of(change: impl Fn(&mut Scene)) -> String {
    let mut scene = random_scene(1);
    change(&mut scene);
    compile(&scene).unwrap_err().field
}

#[test]
fn a_bad_scene_is_refused_with_the_field_that_is_wrong() {
    assert_eq!(field_of(|scene| scene.mesh.positions[7][1] = f32::NAN), "mesh.positions[7]");
    assert_eq!(field_of(|scene| scene.mesh.positions[7][1] = f32::INFINITY), "mesh.positions[7]");
    assert_eq!(field_of(|scene| scene.mesh.normals[2][0] = f32::NAN), "mesh.normals[2]");
    assert_eq!(field_of(|scene| scene.mesh.uvs.truncate(3)), "mesh.uvs");
    assert_eq!(field_of(|scene| scene.mesh.triangles[4][2] = 1_000_000), "mesh.triangles[4]");
    assert_eq!(field_of(|scene| scene.mesh.material_of[5] = 99), "mesh.material_of[5]");
    assert_eq!(field_of(|scene| scene.mesh = Mesh::default()), "mesh.triangles");
    assert_eq!(field_of(|scene| scene.materials[1].roughness = -0.1), "materials[1].roughness");
    assert_eq!(field_of(|scene| scene.materials[1].base_color[2] = 1.5), "materials[1].base_color");
    assert_eq!(field_of(|scene| scene.materials[2].normal_texture = Some(5)), "materials[2].normal_texture");
    assert_eq!(field_of(|scene| scene.textures[0].width = 0), "textures[0]");
    assert_eq!(field_of(|scene| scene.textures[0].texels.push([0; 4])), "textures[0].texels");
    assert_eq!(
        field_of(|scene| scene.environment = Environment { texels: vec![[-1.0; 3]], ..Environment::default() }),
        "environment.texels"
    );
    assert_eq!(field_of(|scene| scene.camera.tan_half_fov_y = 0.0), "camera.tan_half_fov_y");
    assert_eq!(field_of(|scene| scene.camera.up = [0.0, 2.0, 0.0]), "camera.up");
}

#[test]
fn a_bad_frame_is_refused_with_the_field_that_is_wrong() {
    let good = Frame { width: 64, height: 48, tile: 16, samples: 4, max_bounces: 3, seed: 1 };
    assert_eq!(good.validate(), Ok(()));
    for (frame, field) in [
        (Frame { width: 0, ..good }, "width"),
        (Frame { height: 20_000, ..good }, "height"),
        (Frame { tile: 0, ..good }, "tile"),
        (Frame { samples: 0, ..good }, "samples"),
        (Frame { max_bounces: 65, ..good }, "max_bounces"),
    ] {
        assert_eq!(frame.validate().unwrap_err().field, field);
        assert_eq!((frame.units(), frame.tile_rect(0)), (0, (0, 0, 0, 0)));
    }
    let tracer = Tracer::new(compile(&cornell()).unwrap()).unwrap();
    assert_eq!(render_unit(&tracer, &good, 12).unwrap_err().field, "unit");
}

#[test]
fn the_tiles_cover_the_frame_once() {
    let frame = Frame { width: 37, height: 21, tile: 8, samples: 1, max_bounces: 0, seed: 0 };
    let mut covered = vec![0; 37 * 21];
    for unit in 0..frame.units() {
        let (left, top, width, height) = frame.tile_rect(unit);
        for y in top..top + height {
            for x in left..left + width {
                covered[(y * 37 + x) as usize] += 1;
            }
        }
    }
    assert!(covered.iter().all(|count| *count == 1));
}

#[test]
fn the_image_survives_being_stored_and_its_root_proves_its_leaves() {
    for seed in 0..6 {
        let image = compile(&random_scene(seed)).unwrap();
        assert_eq!(image, compile(&random_scene(seed)).unwrap());
        let restored = SceneImage::from_bytes(&image.to_bytes()).unwrap();
        assert_eq!(restored, image);
        let tree = merkle::Tree::new(image.leaves());
        assert_eq!(tree.root(), image.root());
        let last = image.leaf_count() - 1;
        let bytes = image.to_bytes();
        let content = &bytes[last as usize * 64..];
        assert!(merkle::verify(&image.root(), last, last + 1, &merkle::leaf(content), &tree.proof(last).unwrap()));
    }
}

#[test]
fn a_truncated_image_is_refused() {
    let bytes = compile(&cornell()).unwrap().to_bytes();
    for length in [0, 4, 63, 64, 256, bytes.len() - 64, bytes.len() - 1] {
        assert!(SceneImage::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
    }
}

/// Mean over all pixels and channels, and its standard error over pixels.
#[test]
fn an_image_whose_sections_do_not_begin_on_leaves_is_refused() {
    use kernels::render::image::{LEAF_WORDS, header};
    let image = compile(&cornell()).unwrap();
    // The same content, with the last section and all that points to it half a leaf further on.
    let table = image.words()[header::ENVIRONMENT_TABLE as usize] as usize;
    let mut words = image.words().to_vec();
    let gap = LEAF_WORDS / 2;
    words.splice(table..table, vec![0; gap]);
    words.extend(vec![0; LEAF_WORDS - gap]);
    words[header::ENVIRONMENT_TABLE as usize] += gap as u32;
    words[header::LENGTH as usize] = words.len() as u32;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let error = SceneImage::from_bytes(&bytes).unwrap_err();
    assert_eq!((error.field.as_str(), error.reason.contains("leaf")), ("image.header", true), "{error}");
}

fn mean(scene: &Scene, frame: &Frame) -> (f64, f64) {
    let tracer = Tracer::new(compile(scene).unwrap()).unwrap();
    let outputs = render_units(&tracer, frame, 0..frame.units()).unwrap();
    let scale = 1.0 / (RADIANCE_ONE as f64 * f64::from(frame.samples));
    let pixels: Vec<f64> = outputs
        .iter()
        .flat_map(|output| &output.radiance)
        .map(|sum| sum.iter().map(|channel| *channel as f64).sum::<f64>() / 3.0 * scale)
        .collect();
    let count = pixels.len() as f64;
    let mean = pixels.iter().sum::<f64>() / count;
    let variance = pixels.iter().map(|pixel| (pixel - mean) * (pixel - mean)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

/// A box in a white furnace: wherever the camera looks, radiance 1 arrives.
fn furnace(material: Material) -> Scene {
    let mut mesh = Mesh::default();
    add_box(&mut mesh, [-1.0, -0.8, -0.6], [1.0, 0.8, 0.6], 0);
    Scene {
        camera: Camera { position: [0.0, 0.0, 3.0], tan_half_fov_y: 0.2, ..Camera::default() },
        mesh,
        materials: vec![material],
        textures: vec![],
        environment: Environment { width: 4, height: 3, texels: vec![[1.0; 3]; 12] },
    }
}

#[test]
fn a_white_lambertian_surface_in_a_white_furnace_is_invisible() {
    let frame = Frame { width: 16, height: 16, tile: 16, samples: 256, max_bounces: 8, seed: 2 };
    let (mean, error) = mean(&furnace(diffuse(1.0, 1.0, 1.0)), &frame);
    assert!((mean - 1.0).abs() < 4.0 * error + 1.0e-4, "{mean} +- {error}");
}

#[test]
fn a_smooth_white_metal_in_a_white_furnace_is_invisible() {
    let frame = Frame { width: 16, height: 16, tile: 16, samples: 64, max_bounces: 8, seed: 2 };
    let metal = Material { metallic: 1.0, roughness: 0.05, ..diffuse(1.0, 1.0, 1.0) };
    let (mean, error) = mean(&furnace(metal), &frame);
    assert!((mean - 1.0).abs() < 4.0 * error + 1.0e-3, "{mean} +- {error}");
}

#[test]
fn no_material_shines_in_a_white_furnace() {
    let frame = Frame { width: 8, height: 8, tile: 8, samples: 128, max_bounces: 8, seed: 5 };
    for (metallic, roughness, specular) in [(0.0, 0.1, 1.0), (0.0, 1.0, 1.0), (0.5, 0.5, 1.0), (1.0, 1.0, 0.0)] {
        let material = Material { metallic, roughness, specular, ..diffuse(1.0, 1.0, 1.0) };
        let (mean, error) = mean(&furnace(material), &frame);
        assert!(mean < 1.0 + 4.0 * error + 1.0e-3, "{metallic} {roughness} {specular}: {mean} +- {error}");
    }
}

#[test]
fn a_closed_emissive_box_shows_the_geometric_series_of_its_albedo() {
    // Inside a closed Lambertian box that emits 1 everywhere the radiance is the sum of albedo^k, k = 0..=max_bounces.
    let mut mesh = Mesh::default();
    add_box(&mut mesh, [-1.0; 3], [1.0; 3], 0);
    let scene =
        Scene { mesh, materials: vec![Material { emission: [1.0; 3], ..diffuse(0.5, 0.5, 0.5) }], ..Scene::default() };
    let frame = Frame { width: 16, height: 16, tile: 16, samples: 64, max_bounces: 6, seed: 2 };
    let (mean, error) = mean(&scene, &frame);
    let expected = (1.0 - 0.5_f64.powi(7)) / 0.5;
    assert!((mean - expected).abs() < 4.0 * error + 1.0e-3, "{mean} +- {error}");
}
