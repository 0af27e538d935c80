//! Accessors to numbers: strides, component types, normalisation and sparse storage, with every range checked.

use gltf::json::Accessor;
use gltf::json::accessor::{ComponentType, Type};
use gltf::json::validation::Checked;

use super::ImportError;
use super::container::{Document, label};

const REPAIR: &str = "export the scene again";

/// The elements of an accessor as `N` floats each; integer components are divided where the accessor is normalised.
pub(super) fn floats<const N: usize>(document: &Document, index: usize) -> Result<Vec<[f32; N]>, ImportError> {
    let reader = Reader::new(document, index)?;
    reader.expect(N)?;
    let normalized = reader.accessor.normalized;
    let kind = reader.kind;
    let mut values = vec![[0.0f32; N]; reader.count];
    reader.read(&mut |element, bytes| {
        let size = size_of_component(kind);
        for (value, component) in values[element].iter_mut().zip(bytes.chunks_exact(size)) {
            *value = float(kind, component, normalized);
        }
    })?;
    if let Some(element) = values.iter().position(|value| value.iter().any(|x| !x.is_finite())) {
        let problem = format!("element {element} is not a finite number");
        return Err(ImportError::content(reader.place(), problem, "remove NaN and infinite values from the mesh"));
    }
    Ok(values)
}

/// The elements of a scalar accessor of unsigned integers.
pub(super) fn indices(document: &Document, index: usize) -> Result<Vec<u32>, ImportError> {
    let reader = Reader::new(document, index)?;
    reader.expect(1)?;
    let kind = reader.kind;
    if !matches!(kind, ComponentType::U8 | ComponentType::U16 | ComponentType::U32) {
        return Err(ImportError::content(reader.place(), "indices must be unsigned integers", REPAIR));
    }
    let mut values = vec![0u32; reader.count];
    reader.read(&mut |element, bytes| values[element] = unsigned(bytes))?;
    Ok(values)
}

struct Reader<'a> {
    document: &'a Document<'a>,
    accessor: &'a Accessor,
    index: usize,
    kind: ComponentType,
    components: usize,
    count: usize,
}

impl<'a> Reader<'a> {
    fn new(document: &'a Document<'a>, index: usize) -> Result<Self, ImportError> {
        let missing = || ImportError::content(format!("accessor {index}"), "it does not exist or has no type", REPAIR);
        let accessor = document.root.accessors.get(index).ok_or_else(missing)?;
        let (Checked::Valid(kind), Checked::Valid(shape)) = (&accessor.component_type, &accessor.type_) else {
            return Err(missing());
        };
        let components = match shape {
            Type::Scalar => 1,
            Type::Vec2 => 2,
            Type::Vec3 => 3,
            Type::Vec4 | Type::Mat2 => 4,
            Type::Mat3 => 9,
            Type::Mat4 => 16,
        };
        let limit = document.limits.vertices as u64;
        let place = label("accessor", index, accessor.name.as_deref());
        // Three indices per triangle, and triangles may outnumber vertices.
        if accessor.count.0 > limit.saturating_mul(3) {
            return Err(ImportError::TooLarge { place, what: "elements", count: accessor.count.0, limit: limit * 3 });
        }
        Ok(Reader { document, accessor, index, kind: kind.0, components, count: accessor.count.0 as usize })
    }

    fn place(&self) -> String {
        label("accessor", self.index, self.accessor.name.as_deref())
    }

    fn expect(&self, components: usize) -> Result<(), ImportError> {
        if self.components == components {
            return Ok(());
        }
        let problem = format!("it should have {components} component(s) and has {}", self.components);
        Err(ImportError::content(self.place(), problem, REPAIR))
    }

    /// Calls `sink` with the bytes of each element that is stored: dense ones first, then sparse replacements.
    fn read(&self, sink: &mut dyn FnMut(usize, &[u8])) -> Result<(), ImportError> {
        let size = size_of_component(self.kind) * self.components;
        if let Some(view) = self.accessor.buffer_view {
            let offset = self.accessor.byte_offset.map_or(0, |offset| offset.0);
            let stride = self.document.stride(view.value()).unwrap_or(size);
            self.strided(view.value(), offset, stride, size, self.count, sink)?;
        } else if self.accessor.sparse.is_none() {
            return Err(ImportError::content(self.place(), "it has no data", REPAIR));
        }
        let Some(sparse) = &self.accessor.sparse else { return Ok(()) };
        let Checked::Valid(index_kind) = &sparse.indices.component_type else {
            return Err(ImportError::content(self.place(), "its sparse indices have no type", REPAIR));
        };
        if sparse.count.0 > self.count as u64 {
            return Err(ImportError::content(self.place(), "it replaces more elements than it has", REPAIR));
        }
        let count = sparse.count.0 as usize;
        let index_size = size_of_component(index_kind.0);
        let mut targets = Vec::with_capacity(count);
        let indices = &sparse.indices;
        let (view, offset) = (indices.buffer_view.value(), indices.byte_offset.0);
        self.strided(view, offset, index_size, index_size, count, &mut |_, bytes| targets.push(unsigned(bytes)))?;
        if targets.iter().any(|target| *target as usize >= self.count) {
            return Err(ImportError::content(self.place(), "a sparse index is out of range", REPAIR));
        }
        let values = &sparse.values;
        let (view, offset) = (values.buffer_view.value(), values.byte_offset.0);
        self.strided(view, offset, size, size, count, &mut |entry, bytes| sink(targets[entry] as usize, bytes))
    }

    fn strided(
        &self,
        view: usize,
        offset: u64,
        stride: usize,
        size: usize,
        count: usize,
        sink: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<(), ImportError> {
        let bytes = self.document.view(view)?;
        let needed = match count {
            0 => Some(0),
            _ => (stride as u64)
                .checked_mul(count as u64 - 1)
                .and_then(|most| most.checked_add(size as u64))
                .and_then(|most| most.checked_add(offset)),
        };
        if stride < size || needed.is_none_or(|needed| needed > bytes.len() as u64) {
            let problem = format!("its {count} elements reach past the end of bufferView {view}");
            return Err(ImportError::content(self.place(), problem, REPAIR));
        }
        for element in 0..count {
            let start = offset as usize + element * stride;
            sink(element, &bytes[start..start + size]);
        }
        Ok(())
    }
}

fn size_of_component(kind: ComponentType) -> usize {
    match kind {
        ComponentType::I8 | ComponentType::U8 => 1,
        ComponentType::I16 | ComponentType::U16 => 2,
        ComponentType::U32 | ComponentType::F32 => 4,
    }
}

/// Up to four little-endian bytes.
fn unsigned(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn float(kind: ComponentType, bytes: &[u8], normalized: bool) -> f32 {
    let raw = unsigned(bytes);
    let (value, largest) = match kind {
        ComponentType::F32 => return f32::from_bits(raw),
        ComponentType::U8 => (f64::from(raw), 255.0),
        ComponentType::U16 => (f64::from(raw), 65535.0),
        ComponentType::U32 => (f64::from(raw), 4294967295.0),
        ComponentType::I8 => (f64::from(raw as u8 as i8), 127.0),
        ComponentType::I16 => (f64::from(raw as u16 as i16), 32767.0),
    };
    if normalized { (value / largest).max(-1.0) as f32 } else { value as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_integers_follow_the_standard() {
        assert_eq!(float(ComponentType::I8, &[0x80], true), -1.0);
        assert_eq!(float(ComponentType::I8, &[0x7f], true), 1.0);
        assert_eq!(float(ComponentType::U16, &[0xff, 0xff], true), 1.0);
        assert_eq!(float(ComponentType::I16, &[0xfe, 0xff], false), -2.0);
    }
}
