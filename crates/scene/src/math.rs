//! Small double-precision vectors and matrices for import and for the procedural scenes.
//!
//! Owns: arithmetic on the host only. Must not be used for anything that two machines have to agree on: that is in
//! `kernels`.

pub(crate) type Vec3 = [f64; 3];

pub(crate) fn add(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scale(a: Vec3, s: f64) -> Vec3 {
    [a[0] * s, a[1] * s, a[2] * s]
}

pub(crate) fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn length(a: Vec3) -> f64 {
    dot(a, a).sqrt()
}

/// The unit vector along `a`, or nothing where `a` has no direction.
pub(crate) fn normalize(a: Vec3) -> Option<Vec3> {
    // Scaled first, so that very small and very large vectors keep their direction.
    let largest = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    if largest == 0.0 || !a.iter().all(|x| x.is_finite()) {
        return None;
    }
    let scaled = scale(a, 1.0 / largest);
    Some(scale(scaled, 1.0 / length(scaled)))
}

pub(crate) fn wide(a: [f32; 3]) -> Vec3 {
    a.map(f64::from)
}

pub(crate) fn narrow(a: Vec3) -> [f32; 3] {
    a.map(|x| x as f32)
}

/// Any unit vector at a right angle to the unit vector `n`.
pub(crate) fn perpendicular(n: Vec3) -> Vec3 {
    let axis = if n[0].abs() < 0.6 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
    normalize(cross(n, axis)).unwrap_or([0.0, 0.0, 1.0])
}

/// An affine transform: three columns and a translation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine {
    pub(crate) columns: [Vec3; 3],
    pub(crate) translation: Vec3,
}

impl Affine {
    pub(crate) const IDENTITY: Affine =
        Affine { columns: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], translation: [0.0; 3] };

    /// Translation after rotation (unit quaternion x, y, z, w) after scale.
    pub(crate) fn from_parts(translation: Vec3, q: [f64; 4], s: Vec3) -> Affine {
        let [x, y, z, w] = q;
        let rotation = [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w)],
            [2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w)],
            [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)],
        ];
        Affine { columns: [scale(rotation[0], s[0]), scale(rotation[1], s[1]), scale(rotation[2], s[2])], translation }
    }

    pub(crate) fn vector(&self, v: Vec3) -> Vec3 {
        add(add(scale(self.columns[0], v[0]), scale(self.columns[1], v[1])), scale(self.columns[2], v[2]))
    }

    pub(crate) fn point(&self, p: Vec3) -> Vec3 {
        add(self.vector(p), self.translation)
    }

    /// `self` applied after `inner`.
    pub(crate) fn after(&self, inner: &Affine) -> Affine {
        Affine { columns: inner.columns.map(|c| self.vector(c)), translation: self.point(inner.translation) }
    }

    pub(crate) fn determinant(&self) -> f64 {
        dot(self.columns[0], cross(self.columns[1], self.columns[2]))
    }

    /// Columns of the cofactor matrix: times the determinant's sign it carries normals (the inverse transpose, unscaled).
    pub(crate) fn cofactors(&self) -> Affine {
        let [a, b, c] = self.columns;
        Affine { columns: [cross(b, c), cross(c, a), cross(a, b)], translation: [0.0; 3] }
    }

    /// True where the transform flattens space so far that a direction is lost, or is not made of finite numbers.
    pub(crate) fn is_singular(&self) -> bool {
        let volume: f64 = self.columns.iter().map(|c| length(*c)).product();
        let finite = self.columns.iter().chain([&self.translation]).all(|c| c.iter().all(|x| x.is_finite()));
        !finite || volume == 0.0 || self.determinant().abs() < 1e-9 * volume
    }
}
