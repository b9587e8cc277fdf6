/* The part of libvpx that visavis uses, behind a handful of functions with plain
 * arguments. Compiled against the installed headers, so that structures and
 * constants are always those of the library that is linked.
 *
 * Return values are vpx_codec_err_t; 0 is success. */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* 90 kHz, the clock of video in RTP. */
#define TICKS_PER_SECOND 90000

/* Mirrored by ffi::EncoderSettings. */
struct visavis_encoder_settings {
  uint32_t width;
  uint32_t height;
  uint32_t bitrate_kbps;
  int32_t cpu_used;
  uint32_t threads;
  uint32_t max_intra_pct;
  uint32_t min_quantizer;
  uint32_t max_quantizer;
  uint32_t error_resilient;
};

struct visavis_encoder {
  vpx_codec_ctx_t codec;
  vpx_codec_enc_cfg_t config;
  vpx_codec_iter_t packets;
};

struct visavis_decoder {
  vpx_codec_ctx_t codec;
};

/* Mirrored by ffi::Planes. */
struct visavis_planes {
  const uint8_t *y;
  const uint8_t *u;
  const uint8_t *v;
  int32_t y_stride;
  int32_t u_stride;
  int32_t v_stride;
  uint32_t width;
  uint32_t height;
};

static vpx_codec_err_t apply_controls(struct visavis_encoder *encoder,
                                      const struct visavis_encoder_settings *settings) {
  vpx_codec_ctx_t *codec = &encoder->codec;
  vpx_codec_err_t status;
  if ((status = vpx_codec_control(codec, VP8E_SET_CPUUSED, settings->cpu_used))) return status;
  if ((status = vpx_codec_control(codec, VP8E_SET_NOISE_SENSITIVITY, 0))) return status;
  if ((status = vpx_codec_control(codec, VP8E_SET_STATIC_THRESHOLD, 1))) return status;
  if ((status = vpx_codec_control(codec, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION)))
    return status;
  return vpx_codec_control(codec, VP8E_SET_MAX_INTRA_BITRATE_PCT, settings->max_intra_pct);
}

/* The buffers of a codec are large and live as long as it does. Left to itself, glibc
 * takes them from the arena of the thread that made the codec and keeps them there when
 * the thread is gone: a process that makes calls one after the other grows with each
 * until all arenas have their own. As mappings they go back to the system at once. */
static void map_large_blocks(void) {
#ifdef M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

static pthread_once_t large_blocks = PTHREAD_ONCE_INIT;

int visavis_encoder_new(const struct visavis_encoder_settings *settings,
                        struct visavis_encoder **out) {
  struct visavis_encoder *encoder = calloc(1, sizeof *encoder);
  vpx_codec_enc_cfg_t *config;
  vpx_codec_err_t status;
  if (!encoder) return VPX_CODEC_MEM_ERROR;
  pthread_once(&large_blocks, map_large_blocks);

  config = &encoder->config;
  status = vpx_codec_enc_config_default(vpx_codec_vp8_cx(), config, 0);
  if (status) {
    free(encoder);
    return status;
  }
  config->g_w = settings->width;
  config->g_h = settings->height;
  config->g_timebase.num = 1;
  config->g_timebase.den = TICKS_PER_SECOND;
  config->g_threads = settings->threads;
  config->g_pass = VPX_RC_ONE_PASS;
  config->g_lag_in_frames = 0;
  config->g_error_resilient = settings->error_resilient ? VPX_ERROR_RESILIENT_DEFAULT : 0;
  config->rc_end_usage = VPX_CBR;
  config->rc_target_bitrate = settings->bitrate_kbps;
  config->rc_min_quantizer = settings->min_quantizer;
  config->rc_max_quantizer = settings->max_quantizer;
  /* The caller drops before encoding; a frame handed in always comes out. */
  config->rc_dropframe_thresh = 0;
  config->rc_resize_allowed = 0;
  /* Rate control as tuned by WebRTC for conversation; sizes in milliseconds. */
  config->rc_undershoot_pct = 100;
  config->rc_overshoot_pct = 15;
  config->rc_buf_initial_sz = 500;
  config->rc_buf_optimal_sz = 600;
  config->rc_buf_sz = 1000;
  /* Key frames only on request. */
  config->kf_mode = VPX_KF_DISABLED;

  status = vpx_codec_enc_init(&encoder->codec, vpx_codec_vp8_cx(), config, 0);
  if (status) {
    free(encoder);
    return status;
  }
  status = apply_controls(encoder, settings);
  if (status) {
    vpx_codec_destroy(&encoder->codec);
    free(encoder);
    return status;
  }
  *out = encoder;
  return VPX_CODEC_OK;
}

int visavis_encoder_set_bitrate(struct visavis_encoder *encoder, uint32_t kbps) {
  encoder->config.rc_target_bitrate = kbps;
  return vpx_codec_enc_config_set(&encoder->codec, &encoder->config);
}

int visavis_encoder_encode(struct visavis_encoder *encoder, const struct visavis_planes *planes,
                           int64_t pts, uint32_t duration, uint32_t force_key) {
  vpx_image_t image;
  vpx_enc_frame_flags_t flags = force_key ? VPX_EFLAG_FORCE_KF : 0;
  if (!vpx_img_wrap(&image, VPX_IMG_FMT_I420, planes->width, planes->height, 1,
                    (unsigned char *)planes->y))
    return VPX_CODEC_INVALID_PARAM;
  image.planes[VPX_PLANE_Y] = (unsigned char *)planes->y;
  image.planes[VPX_PLANE_U] = (unsigned char *)planes->u;
  image.planes[VPX_PLANE_V] = (unsigned char *)planes->v;
  image.stride[VPX_PLANE_Y] = planes->y_stride;
  image.stride[VPX_PLANE_U] = planes->u_stride;
  image.stride[VPX_PLANE_V] = planes->v_stride;
  encoder->packets = NULL;
  return vpx_codec_encode(&encoder->codec, &image, pts, duration, flags, VPX_DL_REALTIME);
}

/* The next packet of the last picture; 0 when there is none left. The bytes stay
 * valid until the next call on this encoder that encodes. */
int visavis_encoder_packet(struct visavis_encoder *encoder, const uint8_t **data, size_t *len,
                           uint32_t *key) {
  const vpx_codec_cx_pkt_t *packet;
  while ((packet = vpx_codec_get_cx_data(&encoder->codec, &encoder->packets))) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    *data = packet->data.frame.buf;
    *len = packet->data.frame.sz;
    *key = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
    return 1;
  }
  return 0;
}

void visavis_encoder_free(struct visavis_encoder *encoder) {
  vpx_codec_destroy(&encoder->codec);
  free(encoder);
}

int visavis_decoder_new(uint32_t threads, struct visavis_decoder **out) {
  vpx_codec_dec_cfg_t config;
  vpx_codec_err_t status;
  struct visavis_decoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return VPX_CODEC_MEM_ERROR;
  pthread_once(&large_blocks, map_large_blocks);
  memset(&config, 0, sizeof config);
  config.threads = threads;
  status = vpx_codec_dec_init(&decoder->codec, vpx_codec_vp8_dx(), &config, 0);
  if (status) {
    free(decoder);
    return status;
  }
  *out = decoder;
  return VPX_CODEC_OK;
}

/* Decodes one frame. planes->y stays NULL when it is not to be shown. The planes
 * stay valid until the next call on this decoder. */
int visavis_decoder_decode(struct visavis_decoder *decoder, const uint8_t *data, uint32_t len,
                           struct visavis_planes *planes) {
  vpx_codec_iter_t iter = NULL;
  vpx_image_t *image;
  int corrupted = 0;
  vpx_codec_err_t status = vpx_codec_decode(&decoder->codec, data, len, NULL, 0);
  if (status) return status;
  image = vpx_codec_get_frame(&decoder->codec, &iter);
  status = vpx_codec_control(&decoder->codec, VP8D_GET_FRAME_CORRUPTED, &corrupted);
  if (status) return status;
  if (corrupted) return VPX_CODEC_CORRUPT_FRAME;
  if (!image) return VPX_CODEC_OK;
  if (image->fmt != VPX_IMG_FMT_I420) return VPX_CODEC_UNSUP_BITSTREAM;
  planes->y = image->planes[VPX_PLANE_Y];
  planes->u = image->planes[VPX_PLANE_U];
  planes->v = image->planes[VPX_PLANE_V];
  planes->y_stride = image->stride[VPX_PLANE_Y];
  planes->u_stride = image->stride[VPX_PLANE_U];
  planes->v_stride = image->stride[VPX_PLANE_V];
  planes->width = image->d_w;
  planes->height = image->d_h;
  return VPX_CODEC_OK;
}

void visavis_decoder_free(struct visavis_decoder *decoder) {
  vpx_codec_destroy(&decoder->codec);
  free(decoder);
}

const char *visavis_vpx_version(void) { return vpx_codec_version_str(); }
