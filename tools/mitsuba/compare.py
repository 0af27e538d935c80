#!/usr/bin/env python3
"""Compares the render engine with Mitsuba 3 on the same scenes.

    python3 tools/mitsuba/compare.py [--scene cornell|still-life]... [--samples 16,64,256,1024] [--size 128] [--no-build]

Every picture is rendered twice with independent seeds by both, so that the noise of each side is measured, not assumed.
Per sample count it prints the mean signed difference (bias) with its standard error, the mean absolute difference, what
noise alone would give, and the factor per doubling of samples (noise: 0.707). It fails if a bias exceeds 3.5 standard
errors, if the difference exceeds what noise gives by 10 % (the
two samplers' noise has different shapes at few samples), or if the textures or the environment are read differently.

The first run makes a virtual environment under target/ with the pinned packages. Mitsuba runs in its LLVM mode, which
loads libLLVM (Debian: libllvm15 or newer; or name a file in DRJIT_LIBLLVM_PATH).
"""

import argparse
import math
import os
import subprocess
import sys
from pathlib import Path

PINNED = ["mitsuba==3.9.1", "numpy==2.4.6"]
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "target" / "venv-mitsuba"
WORK = ROOT / "target" / "mitsuba"
BOUNCES = 8


def enter_environment():
    """Runs this script again inside the virtual environment, which is made if it is missing."""
    python = VENV / "bin" / "python"
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    installed = subprocess.run([str(python), "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
    if not all(package in installed.stdout.split() for package in PINNED):
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PINNED], check=True)
    os.execv(str(python), [str(python), __file__, *sys.argv[1:]])


def engine(*arguments):
    """Runs one of the project's binaries."""
    subprocess.run(["nice", "-n", "10", str(ROOT / "target" / "release" / arguments[0]), *arguments[1:]], check=True)


def render_ours(name, size, samples, seed):
    import mitsuba as mi
    import numpy as np

    path = WORK / name / f"ours-{samples}-{seed}.exr"
    numbers = {"width": size, "height": size, "samples": samples, "seed": seed, "bounces": BOUNCES}
    flags = [text for key, value in numbers.items() for text in (f"--{key}", str(value))]
    engine("scene-render", name, str(path), *flags, "--png", str(path.with_suffix(".png")))
    return np.array(mi.Bitmap(str(path)).convert(mi.Bitmap.PixelFormat.RGB), dtype=np.float64)


def render_theirs(scene, samples, seed):
    """In passes of at most 256 samples, which keeps Mitsuba's wavefronts small; far-apart seeds keep them independent."""
    import mitsuba as mi
    import numpy as np

    step = min(samples, 256)
    seeds = np.random.SeedSequence([seed, samples]).generate_state(samples // step)
    return sum(np.array(mi.render(scene, spp=step, seed=int(one)), dtype=np.float64) for one in seeds) / len(seeds)


def check_environment(scene, name):
    """The channel's largest mean relative difference between Mitsuba's environment and the engine's rule."""
    import drjit as dr
    import mitsuba as mi
    import numpy as np

    emitter = scene.environment()
    if emitter is None or not (WORK / name / "environment.txt").exists():
        return 0.0
    lines = (WORK / name / "environment.txt").read_text().split()
    width, height = int(lines[0]), int(lines[1])
    texels = np.array([float(number) for number in lines[2:]]).reshape(height, width, 3)
    generator = np.random.default_rng(7)
    d = generator.normal(size=(400_000, 3))
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    column = np.clip(((0.5 + np.arctan2(d[:, 0], -d[:, 2]) / (2 * np.pi)) * width).astype(int), 0, width - 1)
    row = np.clip((np.arccos(np.clip(d[:, 1], -1, 1)) / np.pi * height).astype(int), 0, height - 1)
    ours = texels[row, column]
    si = dr.zeros(mi.SurfaceInteraction3f, len(d))
    si.wi = -mi.Vector3f(d.T.astype(np.float32))
    theirs = np.array(emitter.eval(si)).T
    relative = theirs.mean(axis=0) / ours.mean(axis=0) - 1
    return float(relative[np.argmax(np.abs(relative))])


def statistics(ours, theirs):
    """From two independent pictures of each side at the same sample count."""
    import numpy as np

    pixels = ours[0].size
    bias = float(np.mean(ours[0] + ours[1] - theirs[0] - theirs[1]) / 2)
    variance = np.sum((ours[0] - ours[1]) ** 2 + (theirs[0] - theirs[1]) ** 2) / 4
    error = math.sqrt(float(variance)) / pixels
    # The channels of a pixel come from the same paths: at worst they are one measurement, not three.
    error *= math.sqrt(3)
    across = [np.mean(np.abs(a - b)) for a in ours for b in theirs]
    own, other = np.mean(np.abs(ours[0] - ours[1])), np.mean(np.abs(theirs[0] - theirs[1]))
    return {
        "mean": float(np.mean(theirs[0] + theirs[1]) / 2),
        "bias": bias,
        "error": error,
        "absolute": float(np.mean(across)),
        "noise": math.sqrt((own**2 + other**2) / 2),
    }


def compare(name, counts, size):
    import mitsuba as mi

    engine("scene-export-mitsuba", name, str(WORK / name))
    scene = mi.load_file(str(WORK / name / "scene.xml"), width=str(size), height=str(size), depth=str(BOUNCES + 1))
    environment = check_environment(scene, name)
    rows, problems = [], []
    if abs(environment) > 2e-4:
        problems.append(f"the environments differ by {environment:.1e}")
    for samples in counts:
        ours = [render_ours(name, size, samples, seed) for seed in (1, 2)]
        theirs = [render_theirs(scene, samples, seed) for seed in (1, 2)]
        row = {"samples": samples, **statistics(ours, theirs)}
        if rows:
            doublings = math.log2(samples / rows[-1]["samples"])
            row["factor"] = (row["absolute"] / rows[-1]["absolute"]) ** (1 / doublings)
        rows.append(row)
        if abs(row["bias"]) > 3.5 * row["error"]:
            problems.append(f"{samples} samples: a bias of {row['bias'] / row['error']:.1f} standard errors")
        if row["absolute"] > 1.1 * row["noise"]:
            problems.append(f"{samples} samples: the difference is {row['absolute'] / row['noise']:.2f} times the noise")
        print(line(row), flush=True)
    mi.util.write_bitmap(str(WORK / name / "theirs.png"), mi.Bitmap(theirs[0].astype("float32")))
    mi.util.write_bitmap(str(WORK / name / "ours.png"), mi.Bitmap(ours[0].astype("float32")))
    return problems


def line(row):
    factor = f"{row['factor']:.3f}" if "factor" in row else "-"
    return (
        f"| {row['samples']} | {row['mean']:.5f} | {row['bias']:+.2e} | {row['error']:.1e} "
        f"| {row['bias'] / row['error']:+.1f} | {row['absolute']:.5f} | {row['noise']:.5f} "
        f"| {row['absolute'] / row['noise']:.3f} | {factor} |"
    )


def main():
    parser = argparse.ArgumentParser(description="Compares the render engine with Mitsuba 3.")
    parser.add_argument("--scene", action="append", choices=["cornell", "still-life"])
    parser.add_argument("--samples", default="16,64,256,1024")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--no-build", action="store_true", help="use target/release as it is")
    options = parser.parse_args()
    if not options.no_build:
        build = ["nice", "-n", "10", "cargo", "build", "--quiet", "--release", "--package", "scene"]
        subprocess.run(build, cwd=ROOT, check=True)

    import mitsuba as mi

    mi.set_variant("llvm_ad_rgb")
    import metallic_roughness

    metallic_roughness.register()
    counts = [int(number) for number in options.samples.split(",")]
    problems = []
    for name in options.scene or ["cornell", "still-life"]:
        (WORK / name).mkdir(parents=True, exist_ok=True)
        print(f"\n{name}, {options.size} x {options.size} pixels, {BOUNCES} bounces, Mitsuba {mi.__version__}\n")
        print("| samples | mean radiance | bias | its standard error | bias / error | mean absolute difference "
              "| noise alone | ratio | factor per doubling |")
        print("|---|---|---|---|---|---|---|---|---|")
        problems += [f"{name}, {problem}" for problem in compare(name, counts, options.size)]
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    enter_environment()
    main()
