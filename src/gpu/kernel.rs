//! A compiled variant. Its bindings are those its shader declares: the explicit layout is built from the parsed module.

use std::sync::Arc;

use wgpu::naga;

use super::{Gpu, Variant};
use crate::error::{Error, Result};

/// A pipeline and what it binds.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
    pub(super) bindings: Vec<Binding>,
}

/// One `@group(0) @binding(..)` of a shader.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) written: bool,
    uniform: bool,
}

fn bindings(module: &naga::Module) -> Vec<Binding> {
    module
        .global_variables
        .iter()
        .filter_map(|(_, variable)| {
            let number = variable.binding.as_ref()?.binding;
            let (uniform, written) = match variable.space {
                naga::AddressSpace::Uniform => (true, false),
                naga::AddressSpace::Storage { access } => {
                    (false, access.contains(naga::StorageAccess::STORE))
                }
                _ => return None,
            };
            Some(Binding { name: variable.name.clone()?, number, written, uniform })
        })
        .collect()
}

fn layout_entry(binding: &Binding) -> wgpu::BindGroupLayoutEntry {
    let ty = if binding.uniform {
        wgpu::BufferBindingType::Uniform
    } else {
        wgpu::BufferBindingType::Storage { read_only: !binding.written }
    };
    wgpu::BindGroupLayoutEntry {
        binding: binding.number,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}

impl Gpu {
    /// Whether a variant is compiled already.
    pub(super) fn is_compiled(&self, variant: &Variant) -> bool {
        self.kernels.lock().is_ok_and(|kernels| kernels.contains_key(variant))
    }

    /// The kernel of a variant, compiled once.
    pub(super) fn kernel(&self, variant: &Variant) -> Result<Arc<Kernel>> {
        let poisoned = |_| Error::internal("the kernels", "were left by a panic", "", "");
        if let Some(kernel) = self.kernels.lock().map_err(poisoned)?.get(variant) {
            return Ok(Arc::clone(kernel));
        }
        debug_assert!(
            variant.shader.variants().contains(variant),
            "{} is validated by no test",
            variant.name()
        );
        // Parsed once: what it binds is read off what the driver is given.
        let parsed = variant.parse()?;
        let bindings = bindings(&parsed);
        let kernel = self.scoped(&format!("compiling {}", variant.name()), || {
            let entries: Vec<_> = bindings.iter().map(layout_entry).collect();
            let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: None,
                entries: &entries,
            });
            let pipeline_layout =
                self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                    label: None,
                    bind_group_layouts: &[Some(&layout)],
                    immediate_size: 0,
                });
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: None,
                source: wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(parsed)),
            });
            let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: None,
            });
            Ok(Arc::new(Kernel { pipeline, layout, bindings }))
        })?;
        self.kernels.lock().map_err(poisoned)?.insert(variant.clone(), Arc::clone(&kernel));
        Ok(kernel)
    }
}
