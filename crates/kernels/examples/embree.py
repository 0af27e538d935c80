"""Rate of Embree's closest-hit queries (PyPI `embreex`) on a mesh and rays written by kernels-bench.

embree.py FOLDER REPETITIONS CHUNK NAME... prints {"version": ..., NAME: {"rate": Mray/s, "distance": sum of t}}.
One thread: embreex calls Embree's single-ray query in a loop.
"""
import importlib.metadata
import json
import sys
import time

import numpy
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

folder, repetitions, chunk, names = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]


def read(name, kind):
    return numpy.fromfile(f"{folder}/{name}", dtype=kind).reshape(-1, 3)


scene = EmbreeScene()
mesh = TriangleMesh(
    scene, read("positions.f32", numpy.float32), read("triangles.u32", numpy.uint32).astype(numpy.int32)
)
result = {"version": importlib.metadata.version("embreex")}
for name in names:
    origins = read(f"{name}.origins.f32", numpy.float32)
    directions = read(f"{name}.directions.f32", numpy.float32)
    distances = scene.run(origins, directions, query="DISTANCE")
    seconds = 0.0
    for first in range(0, len(origins), chunk):
        best = float("inf")
        for _ in range(repetitions):
            start = time.perf_counter()
            scene.run(origins[first : first + chunk], directions[first : first + chunk])
            best = min(best, time.perf_counter() - start)
        seconds += best
    hit = numpy.isfinite(distances) & (distances < 1e30)
    result[name] = {"rate": len(origins) / seconds / 1e6, "distance": float(distances[hit].astype(numpy.float64).sum())}
print(json.dumps(result))
