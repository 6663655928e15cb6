/**
 * The fast cryptography that core needs, as an interface with two implementations that give the
 * same bytes: noble's (below `noblePrimitives`, anywhere) and node/crypto/native.ts (daemons).
 * HPKE and share splitting draw randomness inside their libraries (HOUSE.md F12).
 * @module
 */

/** One half of an HPKE sealing as it travels: enc 1,120 B. */
export interface Encapsulated {
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

/** One key, many chunks. The key is taken once, since making it ready costs as much as 8 KiB. */
export interface ChunkCipher {
  /** Writes ciphertext and tag into `out`, which is 16 B longer than `plain`. */
  sealInto(nonce: Uint8Array, plain: Uint8Array, out: Uint8Array): void
  /** @throws DecryptionFailedError */
  open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array
}

export interface Primitives {
  /** "node" or "noble", and which KEM path ran: printed by benchmarks. */
  readonly name: string
  sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>
  /** Streaming SHA-256, for records that do not fit in memory. */
  sha256Stream(): { update(part: Uint8Array): void; digest(): Uint8Array }
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>
  /** RFC 5869 extract and expand. */
  hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array
  /** RFC 5869 expand alone. */
  hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array
  keccak256(...parts: readonly Uint8Array[]): Uint8Array
  /** ChaCha20-Poly1305, nonce 12 B; returns ciphertext and its 16 B tag in one buffer. */
  chachaSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array
  /** @throws DecryptionFailedError */
  chachaOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array
  /** ChaCha20-Poly1305 without aad under one key, for the many chunks of a container. */
  chachaChunks(key: Uint8Array): ChunkCipher
  /** XChaCha20-Poly1305, nonce 24 B. */
  xchachaSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array
  /** @throws DecryptionFailedError */
  xchachaOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array
  /** RFC 8032; `seed` is the 32-byte private key. */
  ed25519PublicKey(seed: Uint8Array): Uint8Array
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array
  /** Strict: A and R canonical, A torsion-free, S < L, cofactorless (SECURITY.md §15). */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** 20-byte address of a secp256k1 private key. */
  secp256k1Address(privateKey: Uint8Array): Uint8Array
  /** 65 B r‖s‖v over a 32-byte digest; low s, v 27 or 28; RFC 6979. */
  secp256k1Sign(privateKey: Uint8Array, digest: Uint8Array): Uint8Array
  /** The 20-byte signer, or undefined if the 65 bytes are not a low-s signature of anybody. */
  secp256k1Recover(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined
  /** X-Wing (MLKEM768-X25519) public key of a 32-byte seed. */
  kemPublicKey(seed: Uint8Array): Promise<Uint8Array>
  /** HPKE base mode seal (SECURITY.md §6). */
  hpkeSeal(
    to: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    plain: Uint8Array
  ): Promise<Encapsulated>
  /** @throws DecryptionFailedError */
  hpkeOpen(
    seed: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    sealed: Encapsulated
  ): Promise<Uint8Array>
  /** HPKE exporter on the sending side: encapsulates and exports `length` secret bytes. */
  hpkeExportTo(
    to: Uint8Array,
    info: Uint8Array,
    exporterContext: Uint8Array,
    length: number
  ): Promise<{ readonly enc: Uint8Array; readonly secret: Uint8Array }>
  /** The same secret on the receiving side. @throws DecryptionFailedError */
  hpkeExportFrom(
    seed: Uint8Array,
    info: Uint8Array,
    enc: Uint8Array,
    exporterContext: Uint8Array,
    length: number
  ): Promise<Uint8Array>
}
