//! Owns computing a job's units again on this machine: for who doubts a root, or was not given a result.

use std::ops::Range;
use std::sync::Arc;

use kernels::referee::Statement;
use kernels::render::{Frame, SceneImage, Tracer, UnitOutput, render_units};
use render_compute::state::Job;
use render_compute_client::manifest::{Digest, Manifest};

use crate::{CliError, Context};

/// A job's scene, ready to be rendered.
#[derive(Clone)]
pub struct Again {
    /// The scene.
    pub tracer: Arc<Tracer>,
    /// The picture of it.
    pub frame: Frame,
}

impl Again {
    /// Fetches the scene and checks that it is the one that the job's statement is about.
    pub async fn load(context: &Context<'_>, job: &Job) -> Result<Self, CliError> {
        let store = context.store()?;
        let failed = |what: &'static str| {
            move |error: &dyn std::fmt::Display| {
                CliError::operation(format!("{what}: {error}; give the --store that the job was opened with"))
            }
        };
        let manifest = store.get(&Digest(job.manifest)).await.map_err(|error| failed("the job's manifest")(&error))?;
        let manifest = Manifest::decode(&manifest).map_err(|error| failed("the job's manifest")(&error))?;
        let scene = store.get_sized(&manifest.scene.blob, manifest.scene.bytes).await;
        let scene = scene.map_err(|error| failed("the job's scene")(&error))?;
        let statement = Statement::from_bytes(&job.statement)
            .map_err(|error| CliError::operation(format!("the job's statement: {}", error.message())))?;
        let prepared = tokio::task::spawn_blocking(move || {
            let image = SceneImage::from_bytes(&scene).map_err(|error| error.to_string())?;
            if Statement::of(&statement.frame, &image) != statement {
                return Err("the job's statement is about another scene than its manifest".to_owned());
            }
            let tracer = Tracer::new(image).map_err(|fault| fault.to_string())?;
            Ok(Self { tracer: Arc::new(tracer), frame: statement.frame })
        });
        prepared.await.map_err(stopped)?.map_err(|error| CliError::operation(format!("the job's scene: {error}")))
    }

    /// Renders units; gives their result as a node would publish it.
    pub async fn render(&self, units: Range<u64>) -> Result<Vec<u8>, CliError> {
        let own = self.clone();
        let outputs = tokio::task::spawn_blocking(move || render_units(&own.tracer, &own.frame, units));
        let outputs = outputs.await.map_err(stopped)?;
        let outputs =
            outputs.map_err(|error| CliError::operation(format!("the job cannot be rendered here: {error}")))?;
        Ok(outputs.iter().flat_map(UnitOutput::to_bytes).collect())
    }
}

fn stopped(error: tokio::task::JoinError) -> CliError {
    CliError::operation(format!("rendering stopped: {error}"))
}
