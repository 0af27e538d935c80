//! Owns the way from a job to its picture: manifest, results, the check against the chain, and the two files.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use kernels::referee::Statement;
use market_model::lease::LeaseState;
use render_compute::state::Lease;
use render_compute_client::Address;
use render_compute_client::blob::{BlobError, BlobStore};
use render_compute_client::manifest::{Digest, Manifest};
use scene::{Picture, ToneMap};
use serde::Serialize;

use super::again::Again;
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
    /// Renders here what the blob store does not have.
    pub recompute: bool,
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
    /// Leases of these whose results the blob store did not have and this machine computed; 0 unless asked for.
    pub leases_recomputed: u32,
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
    let (mut verified, mut recomputed) = (0_u32, 0_u32);
    let mut again = None;
    for (index, lease, standing) in snapshot.each() {
        let Some(lease) = lease.filter(|_| is_shown(standing)) else { continue };
        let blob = match published(&store, &statement, lease).await {
            Ok(blob) => blob,
            Err(_) if options.recompute => {
                let again = match &again {
                    Some(again) => again,
                    None => again.insert(Again::load(context, &snapshot.job).await?),
                };
                recomputed += 1;
                let units = lease.range();
                again.render(units).await?.into()
            }
            Err(error) => {
                return Err(CliError::operation(format!(
                    "the result of lease {index}: {error}; --recompute renders here what was not published"
                )));
            }
        };
        place(&statement, &mut picture, index, lease, &blob)?;
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
        leases_recomputed: recomputed,
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

async fn published(store: &BlobStore, statement: &Statement, lease: &Lease) -> Result<Bytes, BlobError> {
    store.get_sized(&Digest(lease.result), result_bytes(&statement.frame, lease.first_unit, lease.units)).await
}

fn place(statement: &Statement, picture: &mut Picture, index: u32, lease: &Lease, blob: &[u8]) -> Result<(), CliError> {
    let claimed = Claimed { index, first_unit: lease.first_unit, units: lease.units, root: &lease.root };
    check(statement, claimed, blob)?;
    picture
        .place_lease(lease.first_unit, blob)
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
        if self.leases_recomputed > 0 {
            pairs.push(("recomputed", format!("{} leases that were not published", self.leases_recomputed)));
        }
        if !self.missing_units.is_empty() {
            pairs.push(("missing", format!("{} tiles", self.missing_units.len())));
        }
        facts(&pairs)
    }
}
