//! Jobs made ready to render: manifest and scene fetched from the blob store, checked against the job, decoded once.
//!
//! Everything here comes from strangers. A scene is refused before it is loaded when its manifest says that it is too large, and
//! nothing is used that does not hash to what the job on chain names.

use kernels::{
    referee::Statement,
    render::{Frame, SceneImage, Tracer},
};
use render_compute::state::Job;
use render_compute_client::{
    blob::{BlobError, BlobStore},
    manifest::{Digest, Manifest, SceneReference},
};
use solana_address::Address;
use std::sync::Arc;

/// A job that can be rendered.
pub struct PreparedJob {
    /// The job account.
    pub job: Address,
    /// The picture.
    pub frame: Frame,
    /// The scene, decoded and checked.
    pub tracer: Arc<Tracer>,
}

/// Why a job cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// What the job names is wrong and will never do.
    #[error("{0}")]
    Wrong(String),
    /// It is more than this node's settings allow; another node may do it.
    #[error("{0}")]
    TooLarge(String),
    /// What the job names is not in the store; the requester may still put it there.
    #[error("{0}")]
    Absent(String),
    /// The store does not answer.
    #[error("{0}")]
    Unreachable(String),
}

impl From<BlobError> for PrepareError {
    fn from(error: BlobError) -> Self {
        match error {
            // Putting a blob again mends a damaged copy.
            BlobError::Missing { .. } | BlobError::Tampered { .. } | BlobError::WrongLength { .. } => {
                Self::Absent(error.to_string())
            }
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// The scenes in memory, the one used last first.
pub struct Scenes {
    store: BlobStore,
    most: usize,
    most_bytes: u64,
    scenes: Vec<(Digest, Arc<Tracer>)>,
    jobs: Vec<(Address, Arc<PreparedJob>)>,
}

impl Scenes {
    /// A cache of `most` scenes of at most `most_bytes` each.
    pub fn new(store: BlobStore, most: usize, most_bytes: u64) -> Self {
        Self { store, most, most_bytes, scenes: Vec::new(), jobs: Vec::new() }
    }

    /// Makes a job ready to render.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub async fn prepare(&mut self, address: Address, job: &Job) -> Result<Arc<PreparedJob>, PrepareError> {
        if let Some(position) = self.jobs.iter().position(|(known, _)| *known == address) {
            let known = self.jobs.remove(position);
            let ready = Arc::clone(&known.1);
            self.jobs.insert(0, known);
            return Ok(ready);
        }
        let bytes = self.store.get(&Digest(job.manifest)).await?;
        let manifest = Manifest::decode(&bytes).map_err(|error| PrepareError::Wrong(error.to_string()))?;
        let frame = manifest.frame();
        agree(job, &frame)?;
        if manifest.scene.bytes > self.most_bytes {
            let (bytes, most) = (manifest.scene.bytes >> 20, self.most_bytes >> 20);
            return Err(PrepareError::TooLarge(format!("its scene has {bytes} MiB; max_scene_mib allows {most}")));
        }
        let tracer = self.scene(&manifest.scene).await?;
        state_the_same(job, &frame, &manifest.scene, &tracer)?;
        let ready = Arc::new(PreparedJob { job: address, frame, tracer });
        self.jobs.insert(0, (address, Arc::clone(&ready)));
        // A prepared job keeps its scene alive, so jobs are bounded like scenes.
        self.jobs.truncate(self.most);
        Ok(ready)
    }

    async fn scene(&mut self, reference: &SceneReference) -> Result<Arc<Tracer>, PrepareError> {
        if let Some(position) = self.scenes.iter().position(|(known, _)| *known == reference.blob) {
            let known = self.scenes.remove(position);
            let tracer = Arc::clone(&known.1);
            self.scenes.insert(0, known);
            if tracer.image().root() != reference.root.0 {
                return Err(wrong_root());
            }
            return Ok(tracer);
        }
        // Room first: a scene is the largest thing in memory.
        self.scenes.truncate(self.most.saturating_sub(1));
        self.jobs.truncate(self.most.saturating_sub(1));
        let bytes = self.store.get_sized(&reference.blob, reference.bytes).await?;
        let root = reference.root.0;
        let decoded = tokio::task::spawn_blocking(move || decode(&bytes, root)).await;
        let tracer =
            decoded.map_err(|error| PrepareError::Wrong(format!("its scene cannot be decoded: {error}")))??;
        let tracer = Arc::new(tracer);
        self.scenes.insert(0, (reference.blob, Arc::clone(&tracer)));
        Ok(tracer)
    }

    /// Forgets every scene.
    pub fn clear(&mut self) {
        self.scenes = Vec::new();
        self.jobs = Vec::new();
    }
}

fn wrong_root() -> PrepareError {
    PrepareError::Wrong("its scene has another root than its manifest says".into())
}

fn decode(bytes: &[u8], root: [u8; 32]) -> Result<Tracer, PrepareError> {
    let image = SceneImage::from_bytes(bytes)
        .map_err(|error| PrepareError::Wrong(format!("its scene cannot be rendered: {error}")))?;
    if image.root() != root {
        return Err(wrong_root());
    }
    Tracer::new(image).map_err(|fault| PrepareError::Wrong(format!("its scene cannot be rendered: {fault}")))
}

/// Checks that the job's statement, by which disputes are decided, says what its manifest says: a node that rendered the one
/// could not defend it by the other. The image's root was compared with the manifest's before.
fn state_the_same(job: &Job, frame: &Frame, scene: &SceneReference, tracer: &Tracer) -> Result<(), PrepareError> {
    let image = tracer.image();
    let statement = Statement {
        frame: *frame,
        image_root: scene.root.0,
        leaf_count: image.leaf_count(),
        pairs: image.pair_count(),
        triangles: image.triangle_count(),
    };
    if statement.to_bytes() != job.statement {
        return Err(PrepareError::Wrong("its statement and its manifest describe different work".into()));
    }
    Ok(())
}

/// Checks that the job is priced for the frame that its manifest asks for.
fn agree(job: &Job, frame: &Frame) -> Result<(), PrepareError> {
    if job.units != frame.units() {
        let (paid, asked) = (job.units, frame.units());
        return Err(PrepareError::Wrong(format!("it pays {paid} units, but its frame has {asked}")));
    }
    // No tile is larger than the first. A job that states more work than it has only narrows who asks little enough.
    let most = frame.unit_work(0);
    if job.work_per_unit < most {
        let stated = job.work_per_unit;
        return Err(PrepareError::Wrong(format!("it states {stated} samples per unit, but its frame has {most}")));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use kernels::render::{Camera, Environment, Material, Mesh, Scene, compile};

    const FRAME: Frame = Frame { width: 8, height: 8, tile: 4, samples: 2, max_bounces: 1, seed: 1 };

    fn image() -> SceneImage {
        let mesh = Mesh {
            positions: vec![[-1.0, -1.0, -2.0], [1.0, -1.0, -2.0], [0.0, 1.0, -2.0]],
            normals: vec![[0.0, 0.0, 1.0]; 3],
            uvs: vec![[0.0, 0.0]; 3],
            tangents: vec![[0.0; 4]; 3],
            triangles: vec![[0, 1, 2]],
            material_of: vec![0],
        };
        let camera = Camera {
            position: [0.0; 3],
            right: [1.0, 0.0, 0.0],
            up: [0.0, 1.0, 0.0],
            forward: [0.0, 0.0, -1.0],
            tan_half_fov_y: 0.5,
            lens_radius: 0.0,
            focus_distance: 1.0,
        };
        let environment = Environment { width: 1, height: 1, texels: vec![[1.0; 3]] };
        let materials = vec![Material::default()];
        compile(&Scene { camera, mesh, materials, textures: vec![], environment }).unwrap()
    }

    /// One triangle, to be rendered in four units.
    pub(crate) fn prepared() -> PreparedJob {
        PreparedJob { job: Address::default(), frame: FRAME, tracer: Arc::new(Tracer::new(image()).unwrap()) }
    }

    fn job(manifest: &Manifest) -> Job {
        let mut job = Job::zeroed();
        job.manifest = manifest.digest().0;
        job.units = FRAME.units();
        job.work_per_unit = FRAME.unit_work(0);
        job.statement = Statement::of(&FRAME, &image()).to_bytes();
        job
    }

    async fn stored(store: &BlobStore, change: impl Fn(&mut SceneReference)) -> Manifest {
        let image = image();
        let bytes = image.to_bytes();
        let length = bytes.len() as u64;
        let blob = store.put(bytes).await.unwrap();
        let mut scene = SceneReference { blob, root: Digest(image.root()), bytes: length };
        change(&mut scene);
        let manifest = Manifest::render(scene, FRAME);
        store.put(manifest.canonical()).await.unwrap();
        manifest
    }

    fn scenes() -> (tempfile::TempDir, BlobStore, Scenes) {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open_folder(folder.path()).unwrap();
        (folder, store.clone(), Scenes::new(store, 2, 1 << 30))
    }

    fn address(number: u8) -> Address {
        Address::new_from_array([number; 32])
    }

    #[tokio::test]
    async fn jobs_of_one_scene_share_it_in_memory() {
        let (_folder, store, mut scenes) = scenes();
        let manifest = stored(&store, |_| {}).await;
        let first = scenes.prepare(address(1), &job(&manifest)).await.unwrap();
        let second = scenes.prepare(address(2), &job(&manifest)).await.unwrap();
        assert!(Arc::ptr_eq(&first.tracer, &second.tracer));
        assert_eq!(first.frame, FRAME);
    }

    #[tokio::test]
    async fn a_job_whose_manifest_is_missing_may_come_later() {
        let (_folder, _, mut scenes) = scenes();
        let manifest =
            Manifest::render(SceneReference { blob: Digest([1; 32]), root: Digest([1; 32]), bytes: 64 }, FRAME);
        assert!(matches!(scenes.prepare(address(1), &job(&manifest)).await, Err(PrepareError::Absent(_))));
    }

    #[tokio::test]
    async fn a_scene_with_another_root_is_refused() {
        let (_folder, store, mut scenes) = scenes();
        let wrong = stored(&store, |scene| scene.root = Digest([9; 32])).await;
        let text = scenes.prepare(address(1), &job(&wrong)).await.err().unwrap().to_string();
        assert!(text.contains("another root"), "{text}");
        // Also when the right one is in memory.
        let right = stored(&store, |_| {}).await;
        scenes.prepare(address(2), &job(&right)).await.unwrap();
        assert!(scenes.prepare(address(3), &job(&wrong)).await.is_err());
    }

    #[tokio::test]
    async fn a_job_that_pays_for_another_frame_is_refused() {
        let (_folder, store, mut scenes) = scenes();
        let manifest = stored(&store, |_| {}).await;
        let mut fewer = job(&manifest);
        fewer.units -= 1;
        assert!(matches!(scenes.prepare(address(1), &fewer).await, Err(PrepareError::Wrong(_))));
        let mut lighter = job(&manifest);
        lighter.work_per_unit -= 1;
        assert!(matches!(scenes.prepare(address(1), &lighter).await, Err(PrepareError::Wrong(_))));
    }

    #[tokio::test]
    async fn a_job_whose_statement_says_something_else_than_its_manifest_is_refused() {
        let (_folder, store, mut scenes) = scenes();
        let manifest = stored(&store, |_| {}).await;
        let other = Frame { seed: 2, ..FRAME };
        let mut stating = job(&manifest);
        stating.statement = Statement::of(&other, &image()).to_bytes();
        let text = scenes.prepare(address(1), &stating).await.err().unwrap().to_string();
        assert!(text.contains("its statement and its manifest"), "{text}");
    }

    #[tokio::test]
    async fn a_scene_larger_than_allowed_is_refused_before_it_is_loaded() {
        let (_folder, store, _) = scenes();
        let mut small = Scenes::new(store.clone(), 2, 1 << 20);
        let manifest = stored(&store, |scene| scene.bytes = (1 << 20) + 1).await;
        let text = small.prepare(address(1), &job(&manifest)).await.err().unwrap().to_string();
        assert!(text.contains("max_scene_mib"), "{text}");
    }
}
