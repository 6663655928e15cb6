/**
 * `emergency open`: with the colleagues' signatures the patient's custodians name what she marked
 * for emergencies, and give their shares of it. No block is waited for: her wish and the clinicians'
 * roles are on the chain for long. Notice on chain and mail to her go out at the same time.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { toHex, toHex0x, wipe } from '../../core/bytes.ts'
import { AccessDeniedError, PeerUnavailableError } from '../../core/errors.ts'
import { breakGlassOf, type GlassSigners } from '../../core/glass.ts'
import { kemPublicKey, kemSeed } from '../../core/ids.ts'
import type { Capsule } from '../../core/manifest.ts'
import { bitOfHl7 } from '../../core/purposes.ts'
import type { AskedGlass } from '../ledger/glasses.ts'
import type { Node } from '../node.ts'
import type { Read } from './ask.ts'
import { assertEnough, ownGlass, purposeOf, signersOf } from './emergency.ts'
import { giveNotice } from './emergency-notice.ts'
import { collectPacks, type Packed } from './emergency-pack.ts'
import type { EmergencyOpenArgs, EmergencyOpenResult } from './emergency-shapes.ts'
import { collectMail } from './mail.ts'
import { type Held, retrieveUnder } from './retrieve.ts'
import type { VerbOptions } from './verb.ts'
import { currentHeads } from './words.ts'

/** Records opened at once: each asks every custodian twice, and they serve a peer 10 times a second. */
const OPENED_AT_ONCE = 2
/** A command that ends now leaves the notice to the next one: it gets so long after the reading. */
const NOTICE_MS = 2_000

export async function openEmergency(
  node: Node,
  args: EmergencyOpenArgs,
  options: VerbOptions
): Promise<EmergencyOpenResult> {
  const { signal, progress } = options
  const asked = ownGlass(node, args.notice)
  const signers = await signersFor(node, asked, options)
  const { notice, glass, keepers } = asked.entry
  // before anybody is asked: whatever happens next, the notice is owed
  await node.ledger.record({
    t: 'glassBroken',
    notice,
    signers,
    at: Math.floor(node.clock.nowMs() / 1_000)
  })
  const noticing = giveNotice(node, asked, signal).catch(() => {}) // upkeep tries again
  const emergency = {
    reasonHash: breakGlassOf(glass, node.primitives).reasonHash,
    epoch: glass.epoch,
    signers
  }
  const seed = kemSeed(node.random(32)) // a pack is not sealed, but a request names a key
  try {
    progress({ step: 'packs', total: keepers.length })
    const { conf } = await currentHeads(node, signal)
    const hl7 = purposeOf(glass)
    const capsule: Capsule = {
      v: 1,
      owner: glass.owner,
      opening: glass.opening,
      tags: [],
      except: [],
      tree: undefined,
      records: [],
      addrs: []
    }
    const kem = { seed, publicKey: kemPublicKey(await node.primitives.kemPublicKey(seed)) }
    const read = { capsule, hl7, purpose: bitOfHl7(hl7) ?? 0, conf, kem, emergency }
    const packs = await collectPacks(node, read, keepers, signal)
    if (packs.records.length === 0) throw nothingOf(packs)
    const found = { ...capsule, addrs: packs.addrs }
    const { records, failed } = await openAll(
      node,
      found,
      hl7,
      emergency,
      packs.records,
      args,
      options
    )
    await Promise.race([noticing, delay(NOTICE_MS, undefined, { ref: false })])
    return {
      notice: toHex(notice),
      signers: signers.map(({ account }) => toHex0x(account)),
      records,
      failed,
      packless: packs.failed,
      ...(asked.noticed == null ? {} : { noticeBlock: asked.noticed.block }),
      patientTold: asked.told
    }
  } finally {
    wipe(seed)
  }
}

/** The set that opened it before, or all that signed by now. @throws InvalidParametersError */
async function signersFor(
  node: Node,
  asked: AskedGlass,
  { signal, progress }: VerbOptions
): Promise<GlassSigners> {
  if (asked.broken != null) return asked.broken.signers
  progress({ step: 'collect' })
  await collectMail(node, signal)
  const signers = signersOf(node, asked)
  assertEnough(signers)
  return signers
}

const nothingOf = ({ refused, failed }: Awaited<ReturnType<typeof collectPacks>>): Error => {
  const [code] = refused
  if (code != null) return new AccessDeniedError(code)
  const reasons = failed.map(({ custodian, reason }) => `${custodian}: ${reason}`).join('; ')
  return new PeerUnavailableError(`no custodian told what may be opened (${reasons})`)
}

async function openAll(
  node: Node,
  capsule: Capsule,
  hl7: string,
  emergency: NonNullable<Read['emergency']>,
  packed: readonly Packed[],
  { out }: EmergencyOpenArgs,
  options: VerbOptions
): Promise<Pick<EmergencyOpenResult, 'records' | 'failed'>> {
  const records: EmergencyOpenResult['records'][number][] = []
  const failed: EmergencyOpenResult['failed'][number][] = []
  const waiting = [...packed]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next != null; next = waiting.shift()) {
      const { manifest, anchorSalt } = next
      const { content } = manifest
      const held: Held = { capsule, manifest, hl7, ownerSecret: undefined, anchorSalt, emergency }
      const id = toHex(content.recordId)
      const at = { recordId: id, ver: content.ver, ...(out == null ? {} : { out }) }
      try {
        records.push(await retrieveUnder(node, held, at, options))
      } catch (err) {
        options.signal.throwIfAborted()
        failed.push({ recordId: id, ver: content.ver, reason: (err as Error).message })
      }
      options.progress({
        step: 'records',
        done: records.length + failed.length,
        total: packed.length
      })
    }
  }
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, lane))
  return { records, failed }
}
