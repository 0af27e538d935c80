//! Prints the JSON schema of job manifests; `schema/manifest.schema.json` is its output.

fn main() {
    println!("{:#}", render_compute_client::manifest::Manifest::schema());
}
