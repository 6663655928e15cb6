/**
 * Numbers of /keyward/blocks/1.0.0; bounds are core/limits.ts's.
 * @module
 */
export const BLOCKS_PROTOCOL = '/keyward/blocks/1.0.0'
export const BLOCKS_VERSION = 1
/** multicodec */
export const DAG_PB = 0x70
export const RAW = 0x55
export const SHA2_256 = 0x12
/** First byte of a frame that the serving side sends. */
export const FRAME_BLOCK = 1
export const FRAME_END = 0
/** Version, codec, hash and length of digest in one byte each, then the digest. */
export const CID_BYTES = 36
