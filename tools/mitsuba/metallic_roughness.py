"""glTF metallic-roughness as a Mitsuba 3 plugin, with the formulas of crates/kernels/src/render/bsdf.rs.

The microfacet distribution, its masking and its sampling are Mitsuba's own (`MicrofacetDistribution`); from the engine
come only the mixture of the layers and the handling of normal textures. So a comparison of pictures checks both
sampling and light transport against code that is not ours.
"""

import drjit as dr
import mitsuba as mi


def facing(n, reference):
    """n on the side of reference."""
    return dr.select(dr.dot(n, reference) < 0, -n, n)


def schlick(cosine):
    """(1 - c)^5."""
    x = dr.clip(1 - cosine, 0, 1)
    return x * x * x * x * x


class MetallicRoughness(mi.BSDF):
    """Parameters: `factors` (base colour, metallic, roughness, specular, normal scale) and three optional textures."""

    def __init__(self, props):
        mi.BSDF.__init__(self, props)
        numbers = [float(number) for number in props["factors"].split(",")]
        self.base_factor = numbers[0:3]
        self.metallic_factor, self.roughness_factor, self.specular, self.normal_scale = numbers[3:7]
        self.base_texture = props.get("base_color_texture", None)
        self.rough_texture = props.get("metallic_roughness_texture", None)
        self.normal_texture = props.get("normal_texture", None)
        sides = mi.BSDFFlags.FrontSide | mi.BSDFFlags.BackSide | mi.BSDFFlags.SpatiallyVarying
        self.m_components = [mi.BSDFFlags.GlossyReflection | mi.BSDFFlags.DiffuseReflection | sides]
        self.m_flags = self.m_components[0]

    def parameters(self, si, active):
        """Base colour, metallic and the GGX width at the point."""
        base = mi.Color3f(self.base_factor)
        metallic, roughness = mi.Float(self.metallic_factor), mi.Float(self.roughness_factor)
        if self.base_texture is not None:
            base = base * self.base_texture.eval(si, active)
        if self.rough_texture is not None:
            texel = self.rough_texture.eval_3(si, active)
            roughness, metallic = roughness * texel.y, metallic * texel.z
        return base, metallic, dr.maximum(roughness * roughness, 0.001)

    def normals(self, si, active):
        """Direction to the viewer, geometric and shading normal, both on the viewer's side, in world space."""
        v = si.to_world(si.wi)
        geometric = facing(mi.Vector3f(si.n), v)
        n = mi.Vector3f(si.sh_frame.n)
        if self.normal_texture is not None:
            x, y, z = 2 * self.normal_texture.eval_3(si, active) - 1
            tangent = mi.Vector3f(si.shape.eval_attribute_3("vertex_tangent", si, active))
            handedness = si.shape.eval_attribute_3("vertex_handedness", si, active).x
            bitangent = dr.cross(n, tangent) * handedness
            n = dr.normalize(tangent * (x * self.normal_scale) + bitangent * (y * self.normal_scale) + n * z)
        n = facing(n, geometric)
        n = dr.select(dr.dot(n, v) > 0, n, geometric)
        return v, geometric, n

    def dielectric(self, cosine):
        return self.specular * (0.04 + 0.96 * schlick(cosine))

    def fresnel(self, base, metallic, cosine):
        weight = schlick(cosine)
        metal = base + (1 - base) * weight
        return (1 - metallic) * self.dielectric(cosine) + metallic * metal

    def specular_share(self, base, metallic, nv):
        specular = dr.mean(self.fresnel(base, metallic, nv))
        diffuse = (1 - metallic) * dr.mean(base)
        return dr.clip(specular / dr.maximum(specular + diffuse, 1e-6), 0.2, 0.8)

    def evaluate(self, si, l, active):
        """f times cosine, and the density of `sample`."""
        base, metallic, alpha = self.parameters(si, active)
        v, geometric, n = self.normals(si, active)
        frame = mi.Frame3f(n)
        wi, wo = frame.to_local(v), frame.to_local(l)
        nv, nl = mi.Frame3f.cos_theta(wi), mi.Frame3f.cos_theta(wo)
        above = (nv > 0) & (nl > 0)
        share = self.specular_share(base, metallic, nv)
        h = dr.normalize(wi + wo)
        microfacets = mi.MicrofacetDistribution(mi.MicrofacetType.GGX, alpha, True)
        shape = microfacets.eval(h) * microfacets.G(wi, wo, h) / (4 * nv)
        reflected = self.fresnel(base, metallic, dr.dot(wi, h)) * shape
        layers = (1 - self.dielectric(nv)) * (1 - self.dielectric(nl))
        diffuse = base * ((1 - metallic) * layers * nl * dr.inv_pi)
        density = share * microfacets.pdf(wi, h) / (4 * dr.dot(wi, h)) + (1 - share) * nl * dr.inv_pi
        value = dr.select(active & above & (dr.dot(geometric, l) > 0), reflected + diffuse, 0)
        return value, dr.select(active & above, density, 0)

    def sample(self, ctx, si, sample1, sample2, active=True):
        base, metallic, alpha = self.parameters(si, active)
        v, _, n = self.normals(si, active)
        frame = mi.Frame3f(n)
        wi = frame.to_local(v)
        share = self.specular_share(base, metallic, mi.Frame3f.cos_theta(wi))
        microfacets = mi.MicrofacetDistribution(mi.MicrofacetType.GGX, alpha, True)
        h, _ = microfacets.sample(wi, sample2)
        wo = dr.select(sample1 < share, mi.reflect(wi, h), mi.warp.square_to_cosine_hemisphere(sample2))
        l = frame.to_world(wo)
        value, density = self.evaluate(si, l, active)
        result = mi.BSDFSample3f()
        result.wo = si.to_local(l)
        result.pdf = density
        result.eta = 1.0
        result.sampled_type = mi.UInt32(+self.m_flags)
        result.sampled_component = mi.UInt32(0)
        valid = active & (density > 0)
        return result, dr.select(valid, value / density, 0)

    def eval(self, ctx, si, wo, active=True):
        return self.evaluate(si, si.to_world(wo), active)[0]

    def pdf(self, ctx, si, wo, active=True):
        return self.evaluate(si, si.to_world(wo), active)[1]

    def eval_pdf(self, ctx, si, wo, active=True):
        return self.evaluate(si, si.to_world(wo), active)

    def traverse(self, callback):
        pass

    def to_string(self):
        return "MetallicRoughness[]"


def register():
    """Makes `<bsdf type="metallic_roughness">` known."""
    mi.register_bsdf("metallic_roughness", MetallicRoughness)
