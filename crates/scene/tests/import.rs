//! What the importer accepts, how it translates it, and what it refuses, on documents made here.

use kernels::render::{Scene, Wrap};
use scene::{ImportError, ImportOptions, Imported, Limits, Warning, import_bytes, import_path};
use serde_json::{Value, json};

/// Appends little-endian floats to a buffer and returns their offset.
fn put(buffer: &mut Vec<u8>, numbers: &[f32]) -> usize {
    let offset = buffer.len();
    numbers.iter().for_each(|number| buffer.extend(number.to_le_bytes()));
    offset
}

/// A document with one triangle (1, 0, 0), (0, 1, 0), (0, 0, 1) without indices, normals or materials.
fn triangle() -> (Value, Vec<u8>) {
    let mut buffer = Vec::new();
    put(&mut buffer, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let document = json!({
        "asset": { "version": "2.0" },
        "scene": 0,
        "scenes": [{ "nodes": [0] }],
        "nodes": [{ "mesh": 0, "name": "holder" }],
        "meshes": [{ "name": "shape", "primitives": [{ "attributes": { "POSITION": 0 } }] }],
        "accessors": [{ "bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3",
                        "min": [0, 0, 0], "max": [1, 1, 1] }],
        "bufferViews": [{ "buffer": 0, "byteLength": 36 }],
        "buffers": [{ "byteLength": 36 }],
    });
    (document, buffer)
}

fn glb(document: &Value, buffer: &[u8]) -> Vec<u8> {
    let mut text = document.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut binary = buffer.to_vec();
    binary.resize(binary.len().next_multiple_of(4), 0);
    let mut file = b"glTF".to_vec();
    file.extend(2u32.to_le_bytes());
    file.extend((12 + 8 + text.len() as u32 + 8 + binary.len() as u32).to_le_bytes());
    file.extend((text.len() as u32).to_le_bytes());
    file.extend(b"JSON");
    file.extend(text);
    file.extend((binary.len() as u32).to_le_bytes());
    file.extend(b"BIN\0");
    file.extend(binary);
    file
}

fn import(document: &Value, buffer: &[u8]) -> Result<Imported, ImportError> {
    import_bytes(&glb(document, buffer), None, &ImportOptions::default())
}

fn scene(document: &Value, buffer: &[u8]) -> Scene {
    import(document, buffer).unwrap().scene
}

/// The refusal's sentence.
fn refusal(document: &Value, buffer: &[u8]) -> String {
    import(document, buffer).unwrap_err().to_string()
}

/// Adds an accessor over fresh data; returns its index.
fn accessor(
    document: &mut Value,
    buffer: &mut Vec<u8>,
    kind: &str,
    bytes: &[u8],
    component: u32,
    count: usize,
) -> usize {
    buffer.resize(buffer.len().next_multiple_of(4), 0);
    let offset = buffer.len();
    buffer.extend_from_slice(bytes);
    let views = document["bufferViews"].as_array_mut().unwrap();
    views.push(json!({ "buffer": 0, "byteOffset": offset, "byteLength": bytes.len() }));
    let view = views.len() - 1;
    let accessors = document["accessors"].as_array_mut().unwrap();
    accessors.push(json!({ "bufferView": view, "componentType": component, "count": count, "type": kind }));
    let index = accessors.len() - 1;
    document["buffers"][0]["byteLength"] = json!(buffer.len());
    index
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn png(width: u32, height: u32, texels: &[[u8; 4]]) -> Vec<u8> {
    use image::ImageEncoder as _;
    let raw: Vec<u8> = texels.iter().flatten().copied().collect();
    let mut bytes = Vec::new();
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(&raw, width, height, image::ExtendedColorType::Rgba8)
        .unwrap();
    bytes
}

#[test]
fn a_bare_triangle_gets_flat_normals_a_camera_and_a_white_environment() {
    let (document, buffer) = triangle();
    let imported = import(&document, &buffer).unwrap();
    let third = (1.0f64 / 3.0).sqrt() as f32;
    assert_eq!(imported.scene.mesh.normals, [[third; 3]; 3]);
    assert_eq!(imported.scene.environment.texels, [[1.0; 3]]);
    assert_eq!(imported.warnings, [Warning::AutomaticCamera, Warning::AutomaticEnvironment]);
    let material = &imported.scene.materials[0];
    assert_eq!((material.metallic, material.roughness, material.specular), (1.0, 1.0, 1.0));
}

#[test]
fn transforms_compose_from_parent_to_child() {
    let (mut document, buffer) = triangle();
    let half = std::f32::consts::FRAC_1_SQRT_2;
    document["scenes"][0]["nodes"] = json!([1]);
    document["nodes"] = json!([
        { "mesh": 0, "scale": [2.0, 2.0, 2.0] },
        { "children": [0], "translation": [0.0, 0.0, 5.0], "rotation": [0.0, half, 0.0, half] },
    ]);
    // A quarter turn around +Y takes +X to -Z and +Z to +X.
    let positions = scene(&document, &buffer).mesh.positions;
    let expected = [[0.0, 0.0, 3.0], [0.0, 2.0, 5.0], [2.0, 0.0, 5.0]];
    for (position, expected) in positions.iter().zip(expected) {
        for axis in 0..3 {
            assert!((position[axis] - expected[axis] as f32).abs() < 1e-6, "{position:?} {expected:?}");
        }
    }
}

#[test]
fn a_mirroring_transform_turns_the_winding_and_keeps_normals_outward() {
    let (mut document, buffer) = triangle();
    document["nodes"][0]["matrix"] = json!([-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    let mesh = scene(&document, &buffer).mesh;
    assert_eq!(mesh.triangles, [[0, 2, 1]]);
    let third = (1.0f64 / 3.0).sqrt() as f32;
    assert_eq!(mesh.normals, [[-third, third, third]; 3]);
}

#[test]
fn strips_of_short_indices_with_given_normals_are_read() {
    let (mut document, mut buffer) = triangle();
    let square = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0];
    let positions = accessor(&mut document, &mut buffer, "VEC3", &floats(&square), 5126, 4);
    document["accessors"][positions]["min"] = json!([0, 0, 0]);
    document["accessors"][positions]["max"] = json!([1, 1, 0]);
    let normals = accessor(&mut document, &mut buffer, "VEC3", &floats(&[0.0, 0.0, 3.0].repeat(4)), 5126, 4);
    let indices = accessor(&mut document, &mut buffer, "SCALAR", &[0, 0, 1, 0, 2, 0, 3, 0], 5123, 4);
    document["meshes"][0]["primitives"][0] =
        json!({ "attributes": { "POSITION": positions, "NORMAL": normals }, "indices": indices, "mode": 5 });
    let mesh = scene(&document, &buffer).mesh;
    assert_eq!(mesh.triangles, [[0, 1, 2], [1, 3, 2]]);
    assert_eq!(mesh.normals, [[0.0, 0.0, 1.0]; 4]);
}

#[test]
fn sparse_accessors_replace_single_elements() {
    let (mut document, mut buffer) = triangle();
    let index = accessor(&mut document, &mut buffer, "SCALAR", &[2], 5121, 1);
    let value = accessor(&mut document, &mut buffer, "VEC3", &floats(&[0.0, 0.0, 7.0]), 5126, 1);
    let view = |accessor: usize| document["accessors"][accessor]["bufferView"].clone();
    let sparse = json!({
        "count": 1,
        "indices": { "bufferView": view(index), "componentType": 5121 },
        "values": { "bufferView": view(value) },
    });
    document["accessors"][0]["sparse"] = sparse;
    assert_eq!(scene(&document, &buffer).mesh.positions[2], [0.0, 0.0, 7.0]);
}

/// A material with a normal texture on the triangle, with texture coordinates, and normals where asked.
fn textured(normals: bool) -> (Value, Vec<u8>) {
    let (mut document, mut buffer) = triangle();
    let uvs = accessor(&mut document, &mut buffer, "VEC2", &floats(&[0.0, 0.0, 1.0, 0.0, 0.0, 1.0]), 5126, 3);
    document["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"] = json!(uvs);
    if normals {
        let third = (1.0f32 / 3.0).sqrt();
        let up = accessor(&mut document, &mut buffer, "VEC3", &floats(&[third; 9]), 5126, 3);
        document["meshes"][0]["primitives"][0]["attributes"]["NORMAL"] = json!(up);
    }
    let picture = png(2, 1, &[[128, 128, 255, 255], [10, 20, 30, 40]]);
    let image = accessor(&mut document, &mut buffer, "SCALAR", &picture, 5121, picture.len());
    document["images"] = json!([{ "bufferView": document["accessors"][image]["bufferView"], "mimeType": "image/png" }]);
    document["samplers"] = json!([{ "wrapS": 33071, "wrapT": 33648 }]);
    document["textures"] = json!([{ "source": 0, "sampler": 0 }]);
    document["materials"] = json!([{ "normalTexture": { "index": 0, "scale": 0.5 } }]);
    document["meshes"][0]["primitives"][0]["material"] = json!(0);
    (document, buffer)
}

#[test]
fn textures_keep_their_texels_and_wraps() {
    let (document, buffer) = textured(true);
    let scene = scene(&document, &buffer);
    let texture = &scene.textures[0];
    assert_eq!((texture.width, texture.height, texture.wrap_u, texture.wrap_v), (2, 1, Wrap::Clamp, Wrap::Mirror));
    assert_eq!(texture.texels[1], [10, 20, 30, 40]);
    assert_eq!(scene.materials[0].normal_scale, 0.5);
}

#[test]
fn missing_tangents_follow_increasing_u() {
    for normals in [false, true] {
        let (document, buffer) = textured(normals);
        let tangents = scene(&document, &buffer).mesh.tangents;
        // u grows from (1, 0, 0) to (0, 1, 0); v grows downward in glTF, so this texture is mirrored.
        let half = std::f32::consts::FRAC_1_SQRT_2;
        for [x, y, z, hand] in tangents {
            assert!((x + half).abs() < 1e-6 && (y - half).abs() < 1e-6 && z.abs() < 1e-6, "{x} {y} {z}");
            assert_eq!(hand, -1.0);
        }
    }
}

#[test]
fn a_texture_transform_is_baked_into_the_coordinates() {
    let (mut document, buffer) = textured(true);
    document["extensionsUsed"] = json!(["KHR_texture_transform"]);
    document["materials"][0]["normalTexture"]["extensions"] =
        json!({ "KHR_texture_transform": { "offset": [0.5, 0.0], "scale": [2.0, 3.0] } });
    assert_eq!(scene(&document, &buffer).mesh.uvs, [[0.5, 0.0], [2.5, 0.0], [0.5, 3.0]]);
}

#[test]
fn textures_of_one_material_with_different_coordinates_are_refused() {
    let (mut document, buffer) = textured(true);
    document["materials"][0]["pbrMetallicRoughness"] = json!({ "baseColorTexture": { "index": 0, "texCoord": 1 } });
    assert!(refusal(&document, &buffer).contains("material 0: its textures use different texture coordinates"));
}

#[test]
fn emissive_strength_multiplies_the_factor() {
    let (mut document, buffer) = triangle();
    document["extensionsUsed"] = json!(["KHR_materials_emissive_strength"]);
    document["materials"] = json!([{
        "emissiveFactor": [1.0, 0.5, 0.25],
        "extensions": { "KHR_materials_emissive_strength": { "emissiveStrength": 8.0 } },
    }]);
    document["meshes"][0]["primitives"][0]["material"] = json!(0);
    let imported = import(&document, &buffer).unwrap();
    assert_eq!(imported.scene.materials[0].emission, [8.0, 4.0, 2.0]);
    assert_eq!(imported.scene.environment.texels, [[0.0; 3]]);
}

#[test]
fn what_is_not_supported_is_reported_and_not_dropped_in_silence() {
    let (mut document, mut buffer) = triangle();
    let colors = accessor(&mut document, &mut buffer, "VEC3", &floats(&[1.0; 9]), 5126, 3);
    document["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"] = json!(colors);
    document["meshes"][0]["primitives"][0]["material"] = json!(0);
    document["materials"] = json!([{ "name": "glass", "alphaMode": "BLEND" }]);
    document["extensionsUsed"] = json!(["KHR_lights_punctual", "KHR_materials_clearcoat"]);
    document["extensions"] = json!({ "KHR_lights_punctual": { "lights": [{ "type": "point", "name": "lamp" }] } });
    let warnings = import(&document, &buffer).unwrap().warnings;
    for expected in [
        Warning::PunctualLights { lights: vec!["light 0 (\"lamp\")".into()] },
        Warning::Extension { name: "KHR_materials_clearcoat".into() },
        Warning::Transparency { material: "material 0 (\"glass\")".into(), mode: "BLEND" },
        Warning::VertexColors { place: "mesh 0 (\"shape\"), primitive 0".into() },
    ] {
        assert!(warnings.contains(&expected), "{expected:?} is not in {warnings:?}");
    }
}

#[test]
fn the_first_perspective_camera_is_used_where_its_node_stands() {
    let (mut document, buffer) = triangle();
    document["nodes"] = json!([{ "mesh": 0 }, { "camera": 1, "translation": [1.0, 2.0, 3.0] }, { "camera": 0 }]);
    document["scenes"][0]["nodes"] = json!([2, 1, 0]);
    document["cameras"] = json!([
        { "type": "orthographic", "orthographic": { "xmag": 1.0, "ymag": 1.0, "zfar": 9.0, "znear": 0.1 } },
        { "type": "perspective", "perspective": { "yfov": 1.0, "znear": 0.1 } },
    ]);
    let imported = import(&document, &buffer).unwrap();
    let camera = &imported.scene.camera;
    assert_eq!((camera.position, camera.forward, camera.up), ([1.0, 2.0, 3.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]));
    assert_eq!(camera.tan_half_fov_y, 0.5f64.tan() as f32);
    assert!(imported.warnings.contains(&Warning::OtherCameras { count: 1 }));
}

#[test]
fn a_camera_type_without_its_data_is_not_followed_into_a_panic() {
    let (mut document, buffer) = triangle();
    document["nodes"] = json!([{ "mesh": 0, "camera": 0 }]);
    document["cameras"] = json!([
        { "type": "perspective", "orthographic": { "xmag": 1.0, "ymag": 1.0, "zfar": 9.0, "znear": 0.1 } },
    ]);
    assert!(import(&document, &buffer).unwrap().warnings.contains(&Warning::AutomaticCamera));
}

#[test]
fn a_vertex_that_is_not_a_number_is_refused_with_its_accessor() {
    for bad in [f32::NAN, f32::INFINITY] {
        let (document, mut buffer) = triangle();
        buffer[12..16].copy_from_slice(&bad.to_le_bytes());
        let sentence = refusal(&document, &buffer);
        assert!(
            sentence.contains("primitive 0, positions (accessor 0): element 1 is not a finite number"),
            "{sentence}"
        );
    }
}

#[test]
fn an_index_past_the_vertices_is_refused_with_its_mesh() {
    let (mut document, mut buffer) = triangle();
    let indices = accessor(&mut document, &mut buffer, "SCALAR", &[0, 1, 3], 5121, 3);
    document["meshes"][0]["primitives"][0]["indices"] = json!(indices);
    assert!(refusal(&document, &buffer).starts_with("mesh 0 (\"shape\"), primitive 0: index 2 names vertex 3 of 3"));
}

#[test]
fn an_accessor_past_its_buffer_is_refused() {
    let (mut document, buffer) = triangle();
    document["accessors"][0]["count"] = json!(4);
    assert!(refusal(&document, &buffer).contains("its 4 elements reach past the end of bufferView 0"));
}

#[test]
fn a_singular_transform_is_refused_with_its_node() {
    let (mut document, buffer) = triangle();
    document["nodes"][0]["scale"] = json!([1.0, 0.0, 1.0]);
    assert!(refusal(&document, &buffer).starts_with("node 0 (\"holder\"): its transform is singular"));
}

#[test]
fn a_node_that_is_its_own_ancestor_is_refused() {
    let (mut document, buffer) = triangle();
    document["nodes"] = json!([{ "mesh": 0, "children": [1] }, { "children": [0] }]);
    assert!(refusal(&document, &buffer).contains("it has more than one parent, or is its own ancestor"));
}

#[test]
fn a_scene_without_triangles_is_refused() {
    let (mut document, buffer) = triangle();
    document["meshes"][0]["primitives"][0]["mode"] = json!(0);
    assert_eq!(import(&document, &buffer), Err(ImportError::Empty));
    let (mut document, buffer) = triangle();
    document["nodes"] = json!([{}]);
    assert_eq!(import(&document, &buffer), Err(ImportError::Empty));
}

#[test]
fn triangles_without_an_area_are_left_out_and_counted() {
    let (mut document, mut buffer) = triangle();
    let indices = accessor(&mut document, &mut buffer, "SCALAR", &[0, 1, 2, 0, 0, 1], 5121, 6);
    document["meshes"][0]["primitives"][0]["indices"] = json!(indices);
    let imported = import(&document, &buffer).unwrap();
    assert_eq!(imported.scene.mesh.triangles.len(), 1);
    let place = "mesh 0 (\"shape\"), primitive 0".to_string();
    assert!(imported.warnings.contains(&Warning::DegenerateTriangles { place, count: 1 }));
}

#[test]
fn limits_are_kept_after_instancing() {
    let (mut document, buffer) = triangle();
    document["nodes"] = json!([{ "mesh": 0 }, { "mesh": 0 }]);
    document["scenes"][0]["nodes"] = json!([0, 1]);
    let limits = Limits { triangles: 1, ..Limits::default() };
    let options = ImportOptions { limits, ..ImportOptions::default() };
    let refused = import_bytes(&glb(&document, &buffer), None, &options);
    assert!(matches!(refused, Err(ImportError::TooLarge { what: "triangles", count: 2, limit: 1, .. })));
}

#[test]
fn a_required_extension_that_is_unknown_is_refused_by_name() {
    let (mut document, buffer) = triangle();
    document["extensionsRequired"] = json!(["KHR_draco_mesh_compression"]);
    document["extensionsUsed"] = json!(["KHR_draco_mesh_compression"]);
    assert!(refusal(&document, &buffer).contains("KHR_draco_mesh_compression"));
}

#[test]
fn a_gltf_with_files_beside_it_is_read_and_cannot_leave_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (mut document, buffer) = triangle();
    std::fs::write(folder.path().join("my data.bin"), &buffer).unwrap();
    let path = folder.path().join("scene.gltf");
    let mut write = |uri: &str| {
        document["buffers"][0]["uri"] = json!(uri);
        std::fs::write(&path, document.to_string()).unwrap();
        import_path(&path, &ImportOptions::default())
    };
    assert_eq!(write("my%20data.bin").unwrap().scene.mesh.triangles.len(), 1);
    for uri in ["../my data.bin", "/etc/hostname", "https://example.com/a.bin", "%2e%2e/a.bin"] {
        let sentence = write(uri).unwrap_err().to_string();
        assert!(sentence.contains("leads out of the folder"), "{sentence}");
    }
    let sentence = write("absent.bin").unwrap_err().to_string();
    assert!(sentence.contains("absent.bin") && sentence.contains("check the path"), "{sentence}");
}

#[test]
fn a_data_uri_is_a_buffer() {
    use base64::Engine as _;
    let (mut document, buffer) = triangle();
    let text = base64::engine::general_purpose::STANDARD.encode(&buffer);
    document["buffers"][0]["uri"] = json!(format!("data:application/octet-stream;base64,{text}"));
    let imported = import_bytes(document.to_string().as_bytes(), None, &ImportOptions::default()).unwrap();
    assert_eq!(imported.scene.mesh.positions[0], [1.0, 0.0, 0.0]);
}
