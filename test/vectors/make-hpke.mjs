/**
 * Makes test/vectors/hpke.json with `hpke` over WebCrypto's ML-KEM: a path that neither of our two
 * implementations takes. Run: node test/vectors/make-hpke.mjs > test/vectors/hpke.json
 */
import {
  AEAD_ChaCha20Poly1305,
  CipherSuite,
  KDF_HKDF_SHA256,
  KEM_MLKEM768_X25519
} from 'hpke'

const suite = new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305)
const text = new TextEncoder()
const hex = (bytes) => Buffer.from(bytes).toString('hex')

const { publicKey, privateKey } = await suite.GenerateKeyPair(true)
const info = text.encode('keyward/v1/inbox\0 and what follows')
const aad = text.encode('request hash')
const plain = text.encode('a salt and a share')
const context = text.encode('keyward/v1/custody-key\0')
const sealed = await suite.Seal(publicKey, plain, { info, aad })
const exported = await suite.SendExport(publicKey, context, 32, { info })

console.log(
  JSON.stringify(
    {
      made: 'by test/vectors/make-hpke.mjs with hpke 1.1.7 over the WebCrypto of Node 24.21',
      seed: hex(await suite.SerializePrivateKey(privateKey)),
      publicKey: hex(await suite.SerializePublicKey(publicKey)),
      info: hex(info),
      aad: hex(aad),
      plain: hex(plain),
      enc: hex(sealed.encapsulatedSecret),
      ct: hex(sealed.ciphertext),
      exporterContext: hex(context),
      exportEnc: hex(exported.encapsulatedSecret),
      exported: hex(exported.exportedSecret)
    },
    null,
    1
  )
)
