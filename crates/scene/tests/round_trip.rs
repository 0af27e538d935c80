//! Scenes written as glTF and imported again are the same scenes; pictures written as EXR read back.

use kernels::render::{Frame, RADIANCE_ONE, Scene, UnitOutput, compile};
use scene::{ImportOptions, Picture, PictureError, ToneMap, import_bytes, import_path, write_glb};

fn there_and_back(scene: &Scene) -> Scene {
    let bytes = write_glb(scene).unwrap();
    let imported = import_bytes(&bytes, None, &ImportOptions::default()).unwrap();
    assert!(imported.warnings.is_empty(), "{:?}", imported.warnings);
    imported.scene
}

#[test]
fn the_cornell_box_survives_gltf_to_the_bit() {
    let scene = scene::cornell_box();
    assert!(there_and_back(&scene) == scene);
    compile(&scene).unwrap();
}

#[test]
fn the_still_life_survives_gltf_to_the_bit() {
    let scene = scene::textured_still_life();
    let back = there_and_back(&scene);
    assert_eq!(back.camera, scene.camera);
    assert_eq!(back.materials, scene.materials);
    assert!(back.textures == scene.textures);
    assert!(back.mesh == scene.mesh);
    assert!(back == scene);
    compile(&scene).unwrap();
}

#[test]
fn the_terrain_has_the_triangles_asked_for_and_survives_gltf_to_the_bit() {
    let scene = scene::terrain(20_000);
    assert!(scene.mesh.triangles.len() >= 20_000);
    assert!(there_and_back(&scene) == scene);
}

#[test]
fn a_file_on_disk_imports_like_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cornell.glb");
    let bytes = write_glb(&scene::cornell_box()).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    let options = ImportOptions::default();
    assert!(import_path(&path, &options) == import_bytes(&bytes, None, &options));
}

/// A 5 x 3 frame in tiles of 4 x 4: two units, the second one narrower.
fn frame() -> Frame {
    Frame { width: 5, height: 3, tile: 4, samples: 2, max_bounces: 1, seed: 0 }
}

fn output(frame: &Frame, unit: u64, radiance: impl Fn(u32, u32) -> f64) -> UnitOutput {
    let (left, top, width, height) = frame.tile_rect(unit);
    let mut sums = Vec::new();
    for row in top..top + height {
        for column in left..left + width {
            let sum = (radiance(column, row) * f64::from(frame.samples) * RADIANCE_ONE as f64) as i64;
            sums.push([sum, sum * 2, sum * 4]);
        }
    }
    UnitOutput { radiance: sums, digest: [0; 32], trace: [0; 32], steps: 0 }
}

#[test]
fn a_picture_is_the_mean_of_the_samples_and_reads_back_from_exr() {
    let frame = frame();
    let radiance = |column: u32, row: u32| f64::from(column) * 0.25 + f64::from(row) * 8.0;
    let mut picture = Picture::new(&frame).unwrap();
    let (first, second) = (output(&frame, 0, radiance), output(&frame, 1, radiance));
    picture.place(0, &first).unwrap();
    picture.place_bytes(1, &second.to_bytes()).unwrap();
    assert!(picture.missing().is_empty());

    let (width, height, pixels) = scene::read_exr_pixels(&picture.to_exr().unwrap()).unwrap();
    assert_eq!((width, height), (5, 3));
    for row in 0..3u32 {
        for column in 0..5u32 {
            let value = radiance(column, row) as f32;
            assert_eq!(pixels[(row * 5 + column) as usize], [value, value * 2.0, value * 4.0]);
        }
    }

    let mut from_lease = Picture::new(&frame).unwrap();
    let blob = [first.to_bytes(), second.to_bytes()].concat();
    from_lease.place_lease(0, &blob).unwrap();
    assert_eq!(from_lease, picture);
}

#[test]
fn missing_tiles_are_grey_in_the_png_and_transparent_in_the_exr() {
    let frame = frame();
    let mut picture = Picture::new(&frame).unwrap();
    picture.place(0, &output(&frame, 0, |_, _| 1e6)).unwrap();
    assert_eq!(picture.missing(), [1]);
    let png = image::load_from_memory(&picture.to_png(&ToneMap::default()).unwrap()).unwrap().into_rgb8();
    assert_eq!(png.get_pixel(3, 2).0, [255; 3]);
    assert_eq!(png.get_pixel(4, 2).0, [0x50; 3]);
}

#[test]
fn a_result_of_the_wrong_length_is_refused_by_name() {
    let frame = frame();
    let mut picture = Picture::new(&frame).unwrap();
    assert!(matches!(picture.place_bytes(1, &[0; 71]), Err(PictureError::Length { unit: 1, want: 72, .. })));
    assert!(matches!(picture.place_bytes(2, &[]), Err(PictureError::Unit { unit: 2, units: 2 })));
    assert!(matches!(picture.place_lease(1, &[0; 73]), Err(PictureError::Unit { unit: 2, .. })));
    assert!(matches!(Picture::new(&Frame { samples: 0, ..frame }), Err(PictureError::Frame(_))));
}
