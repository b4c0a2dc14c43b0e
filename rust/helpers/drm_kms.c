// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-fence.h>
#include <linux/iosys-map.h>
#include <drm/clients/drm_client_setup.h>
#include <drm/drm_atomic.h>
#include <drm/drm_debugfs_crc.h>
#include <drm/drm_framebuffer.h>

#ifdef CONFIG_RUST_DRM_KMS

__rust_helper void rust_helper_dma_fence_set_error(struct dma_fence *fence,
						   int error)
{
	dma_fence_set_error(fence, error);
}

__rust_helper void
rust_helper_drm_atomic_commit_put(struct drm_atomic_commit *commit)
{
	drm_atomic_commit_put(commit);
}

__rust_helper bool
rust_helper_drm_atomic_crtc_needs_modeset(const struct drm_crtc_state *state)
{
	return drm_atomic_crtc_needs_modeset(state);
}

__rust_helper struct drm_connector_state *
rust_helper_drm_atomic_get_new_connector_state(const struct drm_atomic_commit *state,
					       struct drm_connector *connector)
{
	return drm_atomic_get_new_connector_state(state, connector);
}

__rust_helper struct drm_crtc_state *
rust_helper_drm_atomic_get_new_crtc_state(const struct drm_atomic_commit *state,
					  struct drm_crtc *crtc)
{
	return drm_atomic_get_new_crtc_state(state, crtc);
}

__rust_helper struct drm_plane_state *
rust_helper_drm_atomic_get_new_plane_state(const struct drm_atomic_commit *state,
					   struct drm_plane *plane)
{
	return drm_atomic_get_new_plane_state(state, plane);
}

__rust_helper struct drm_connector_state *
rust_helper_drm_atomic_get_old_connector_state(const struct drm_atomic_commit *state,
					       struct drm_connector *connector)
{
	return drm_atomic_get_old_connector_state(state, connector);
}

__rust_helper struct drm_crtc_state *
rust_helper_drm_atomic_get_old_crtc_state(const struct drm_atomic_commit *state,
					  struct drm_crtc *crtc)
{
	return drm_atomic_get_old_crtc_state(state, crtc);
}

__rust_helper struct drm_plane_state *
rust_helper_drm_atomic_get_old_plane_state(const struct drm_atomic_commit *state,
					   struct drm_plane *plane)
{
	return drm_atomic_get_old_plane_state(state, plane);
}

__rust_helper void
rust_helper_drm_client_setup(struct drm_device *dev,
			     const struct drm_format_info *format)
{
	drm_client_setup(dev, format);
}

__rust_helper int
rust_helper_drm_crtc_add_crc_entry(struct drm_crtc *crtc, bool has_frame,
				   u32 frame, u32 *crcs)
{
	return drm_crtc_add_crc_entry(crtc, has_frame, frame, crcs);
}

__rust_helper void rust_helper_drm_framebuffer_get(struct drm_framebuffer *fb)
{
	drm_framebuffer_get(fb);
}

__rust_helper void rust_helper_drm_framebuffer_put(struct drm_framebuffer *fb)
{
	drm_framebuffer_put(fb);
}

__rust_helper void rust_helper_iosys_map_memcpy_from(void *dst,
						     const struct iosys_map *src,
						     size_t src_offset, size_t len)
{
	iosys_map_memcpy_from(dst, src, src_offset, len);
}

__rust_helper void rust_helper_iosys_map_memcpy_to(struct iosys_map *dst,
						   size_t dst_offset,
						   const void *src, size_t len)
{
	iosys_map_memcpy_to(dst, dst_offset, src, len);
}

#endif /* CONFIG_RUST_DRM_KMS */
