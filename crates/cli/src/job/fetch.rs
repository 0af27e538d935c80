//! Owns the way from a job to its picture: manifest, results, the check against the chain, and the two files.

use std::path::{Path, PathBuf};

use kernels::referee::Statement;
use market_model::lease::LeaseState;
use render_compute::state::Lease;
use render_compute_client::Address;
use render_compute_client::blob::BlobStore;
use render_compute_client::manifest::{Digest, Manifest};
use scene::{Picture, ToneMap};
use serde::Serialize;

use super::result::{Claimed, check, result_bytes};
use super::view::{LeaseStanding, Snapshot};
use crate::output::facts;
use crate::{CliError, Context};

/// How a picture is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct FetchOptions {
    /// Stops of brightness for the PNG; the EXR is linear.
    pub exposure: f32,
    /// Writes what has arrived.
    pub partial: bool,
}

/// A picture on the disk.
#[derive(Clone, Debug, Serialize)]
pub struct FetchReceipt {
    /// The tone-mapped picture.
    pub png: PathBuf,
    /// The linear picture.
    pub exr: PathBuf,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Leases whose results were checked against the chain.
    pub leases_verified: u32,
    /// Tiles that have not arrived; empty unless partial.
    pub missing_units: Vec<u64>,
}

/// Fetches the results of a job, checks every one against the root on the chain, and writes PNG and EXR.
pub async fn fetch(
    context: &Context<'_>,
    job: &Address,
    out: &Path,
    options: &FetchOptions,
) -> Result<FetchReceipt, CliError> {
    check_options(out, options)?;
    let store = context.store()?;
    let snapshot = Snapshot::read(context, job).await?;
    let waiting = snapshot.each().filter(|(_, _, standing)| !is_there(*standing)).count();
    if waiting > 0 && !options.partial {
        return Err(CliError::operation(format!(
            "{waiting} of {} leases have no accepted result; wait with `render-compute job watch`, or give --partial",
            snapshot.job.leases
        )));
    }
    let manifest = store.get(&Digest(snapshot.job.manifest)).await.map_err(|error| {
        CliError::operation(format!("the job's manifest: {error}; give the --store that the job was opened with"))
    })?;
    let frame = Manifest::decode(&manifest).map_err(|error| CliError::operation(error.to_string()))?.frame();
    let statement = Statement::from_bytes(&snapshot.job.statement)
        .map_err(|error| CliError::operation(format!("the job's statement: {error}")))?;
    if statement.frame != frame {
        return Err(CliError::operation("the job's statement and its manifest describe different pictures"));
    }
    let mut picture = Picture::new(&frame).map_err(|error| CliError::operation(error.to_string()))?;
    let bar = context.output.bar(snapshot.job.units);
    let mut verified = 0_u32;
    for (index, lease, standing) in snapshot.each() {
        let Some(lease) = lease.filter(|_| is_shown(standing)) else { continue };
        place(&store, &statement, &mut picture, index, lease).await?;
        verified += 1;
        bar.inc(u64::from(lease.units));
    }
    bar.finish_and_clear();
    let exr = out.with_extension("exr");
    let tone = ToneMap { exposure: options.exposure, ..ToneMap::default() };
    picture.write_png(out, &tone).map_err(|error| CliError::operation(error.to_string()))?;
    picture.write_exr(&exr).map_err(|error| CliError::operation(error.to_string()))?;
    let (width, height) = picture.size();
    Ok(FetchReceipt {
        png: out.to_path_buf(),
        exr,
        width,
        height,
        leases_verified: verified,
        missing_units: picture.missing(),
    })
}

/// Checked before anything is fetched or paid for.
pub(super) fn check_options(out: &Path, options: &FetchOptions) -> Result<(), CliError> {
    if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return Err(CliError::usage(format!("OUT.png: {} does not end in .png; name the PNG file", out.display())));
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(CliError::usage(format!("OUT.png: there is no folder {}; make it first", folder.display())));
    }
    if !options.exposure.is_finite() {
        return Err(CliError::usage("--exposure: not a finite number of stops"));
    }
    Ok(())
}

async fn place(
    store: &BlobStore,
    statement: &Statement,
    picture: &mut Picture,
    index: u32,
    lease: &Lease,
) -> Result<(), CliError> {
    let blob = store
        .get_sized(&Digest(lease.result), result_bytes(&statement.frame, lease.first_unit, lease.units))
        .await
        .map_err(|error| CliError::operation(format!("the result of lease {index}: {error}")))?;
    let claimed = Claimed { index, first_unit: lease.first_unit, units: lease.units, root: &lease.root };
    check(statement, claimed, &blob)?;
    picture
        .place_lease(lease.first_unit, &blob)
        .map_err(|error| CliError::operation(format!("the result of lease {index}: {error}")))
}

/// Paid for: its challenge window has closed.
fn is_there(standing: LeaseStanding) -> bool {
    standing == LeaseStanding::Market(LeaseState::Accepted)
}

/// Shown by its node, whether or not the challenge window has closed.
fn is_shown(standing: LeaseStanding) -> bool {
    is_there(standing) || standing == LeaseStanding::Market(LeaseState::Revealed)
}

impl FetchReceipt {
    pub(super) fn text(&self) -> String {
        let mut pairs = vec![
            ("picture", format!("{}, {} x {}", self.png.display(), self.width, self.height)),
            ("linear", self.exr.display().to_string()),
            ("verified", format!("{} leases against their roots on the chain", self.leases_verified)),
        ];
        if !self.missing_units.is_empty() {
            pairs.push(("missing", format!("{} tiles", self.missing_units.len())));
        }
        facts(&pairs)
    }
}
