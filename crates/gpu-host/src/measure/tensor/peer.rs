//! NVIDIA's own matrix products, where their libraries are installed: what ours are measured against.
//!
//! Both libraries think in columns. Our row-major C = A B^T is their column-major C^T = B A^T: their first operand is
//! our B, transposed, their second our A.

use std::ffi::c_void;

use cudarc::cublas::{result as blas, sys as blas_sys};
use cudarc::cublaslt::{result as light, sys as light_sys};

use crate::tensor::Matrix;
use crate::{Buffer, Device, GpuError};

/// What cuBLASLt may use besides the operands: what NVIDIA's guide recommends for Hopper.
const WORKSPACE: usize = 32 << 20;

/// cuBLASLt's int8 product of square matrices, of the algorithm that it holds for the fastest.
pub struct Integers {
    handle: light_sys::cublasLtHandle_t,
    description: light_sys::cublasLtMatmulDesc_t,
    operand: light_sys::cublasLtMatrixLayout_t,
    result: light_sys::cublasLtMatrixLayout_t,
    algorithm: light_sys::cublasLtMatmulAlgo_t,
    workspace: Buffer<u8>,
}

impl Integers {
    /// Ready for matrices of a size; else why not.
    pub fn new(device: &Device, size: u32) -> Result<Integers, String> {
        // SAFETY: looks for the library, whose initialisers are NVIDIA's.
        if !unsafe { light_sys::is_culib_present() } {
            return Err("cuBLASLt is not installed".into());
        }
        let say = |error: light::CublasError| format!("cuBLASLt cannot: {error}");
        let workspace = device.allocate(WORKSPACE).map_err(|error| error.to_string())?;
        device.stream().map_err(|error| error.to_string())?;
        let handle = light::create_handle().map_err(say)?;
        let size64 = u64::from(size);
        let layout = |kind| light::create_matrix_layout(kind, size64, size64, i64::from(size)).map_err(say);
        let description = light::create_matmul_desc(
            light_sys::cublasComputeType_t::CUBLAS_COMPUTE_32I,
            light_sys::cudaDataType::CUDA_R_32I,
        )
        .map_err(say)?;
        let operand = layout(light_sys::cudaDataType::CUDA_R_8I)?;
        let result = layout(light_sys::cudaDataType::CUDA_R_32I)?;
        let preference = light::create_matmul_pref().map_err(say)?;
        let transposed = blas_sys::cublasOperation_t::CUBLAS_OP_T as i32;
        // SAFETY: the objects are those made above, the values of the types that the attributes have.
        let found = unsafe {
            light::set_matmul_desc_attribute(
                description,
                light_sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_TRANSA,
                std::ptr::from_ref(&transposed).cast(),
                size_of_val(&transposed),
            )
            .and_then(|()| {
                light::set_matmul_pref_attribute(
                    preference,
                    light_sys::cublasLtMatmulPreferenceAttributes_t::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                    std::ptr::from_ref(&WORKSPACE).cast(),
                    size_of_val(&WORKSPACE),
                )
            })
            .and_then(|()| {
                light::get_matmul_algo_heuristic(handle, description, operand, operand, result, result, preference)
            })
            .and_then(|found| light::destroy_matmul_pref(preference).map(|()| found))
        };
        let algorithm = found.map_err(say)?.algo;
        Ok(Integers { handle, description, operand, result, algorithm, workspace })
    }

    /// C = A B^T, in the order of the device's main stream.
    pub fn multiply(
        &self,
        device: &Device,
        a: &Matrix<i8>,
        b: &Matrix<i8>,
        c: &mut Matrix<i32>,
    ) -> Result<(), GpuError> {
        let (one, zero) = (1_i32, 0_i32);
        let at = |address: u64| address as *mut c_void;
        let result = at(c.buffer().pointer().address());
        // SAFETY: the matrices are square, of the size of the layouts and without gaps; the workspace is as large as
        // said.
        unsafe {
            light::matmul(
                self.handle,
                self.description,
                std::ptr::from_ref(&one).cast(),
                std::ptr::from_ref(&zero).cast(),
                at(b.buffer().pointer().address()),
                self.operand,
                at(a.buffer().pointer().address()),
                self.operand,
                result,
                self.result,
                result,
                self.result,
                &self.algorithm,
                at(self.workspace.pointer().address()),
                WORKSPACE,
                device.stream()?.cast(),
            )
        }
        .map_err(|error| GpuError::Failed(format!("cuBLASLt failed: {error}")))
    }
}

impl Drop for Integers {
    fn drop(&mut self) {
        // SAFETY: made in `new`, not used again. An error leaves nothing to do.
        unsafe {
            let _ = light::destroy_matrix_layout(self.operand);
            let _ = light::destroy_matrix_layout(self.result);
            let _ = light::destroy_matmul_desc(self.description);
            let _ = light::destroy_handle(self.handle);
        }
    }
}

/// cuBLAS's product in f32, without tensor cores.
pub struct Floats {
    handle: blas_sys::cublasHandle_t,
}

impl Floats {
    /// Ready; else why not.
    pub fn new(device: &Device) -> Result<Floats, String> {
        // SAFETY: looks for the library, whose initialisers are NVIDIA's.
        if !unsafe { blas_sys::is_culib_present() } {
            return Err("cuBLAS is not installed".into());
        }
        let stream = device.stream().map_err(|error| error.to_string())?;
        let say = |error: blas::CublasError| format!("cuBLAS cannot: {error}");
        let library = Floats { handle: blas::create_handle().map_err(say)? };
        // SAFETY: the handle was made above, the stream is the device's.
        unsafe {
            blas::set_stream(library.handle, stream.cast()).map_err(say)?;
            // The default mode takes no TF32 for f32.
            blas_sys::cublasSetMathMode(library.handle, blas_sys::cublasMath_t::CUBLAS_DEFAULT_MATH)
                .result()
                .map_err(say)?;
        }
        Ok(library)
    }

    /// C = A B^T of square matrices, in the order of the device's main stream.
    pub fn multiply(
        &self,
        device: &Device,
        a: &Matrix<f32>,
        b: &Matrix<f32>,
        c: &mut Matrix<f32>,
    ) -> Result<(), GpuError> {
        device.stream()?;
        let size = a.rows() as i32;
        // SAFETY: the matrices are square and without gaps.
        unsafe {
            blas::sgemm(
                self.handle,
                blas_sys::cublasOperation_t::CUBLAS_OP_T,
                blas_sys::cublasOperation_t::CUBLAS_OP_N,
                size,
                size,
                size,
                &1.0,
                b.buffer().pointer().address() as *const f32,
                size,
                a.buffer().pointer().address() as *const f32,
                size,
                &0.0,
                c.buffer().pointer().address() as *mut f32,
                size,
            )
        }
        .map_err(|error| GpuError::Failed(format!("cuBLAS failed: {error}")))
    }
}

impl Drop for Floats {
    fn drop(&mut self) {
        // SAFETY: made in `new`, not used again. An error leaves nothing to do.
        let _ = unsafe { blas::destroy_handle(self.handle) };
    }
}
