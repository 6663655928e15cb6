/**
 * Where the demo's side stories play: three clinics that keep shares, a hospital that asks, a
 * patient; and the few ways in which a story asks, waits and looks. It acts through the daemons'
 * own interfaces only.
 * @module
 */
import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { toHex } from '../../core/bytes.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { startMembers } from './cast.ts'
import { KeywardDemoError } from './demo-error.ts'
import type { Member, SampleNetwork } from './sample-network.ts'
import { SAMPLES, type TellOptions } from './stage.ts'

export interface Scene {
  readonly network: SampleNetwork
  /** Custodians of whatever the patient publishes. */
  readonly clinics: readonly Member[]
  readonly hospital: Member
  readonly patient: Member
  /** Folders for the patient's, and the others', own plaintext. */
  readonly own: string
  readonly opened: string
  /** A FHIR Bundle to publish. */
  readonly record: string
  readonly signal: AbortSignal
  /** Calls a verb of a member's daemon. */
  ask<R>(member: Member, verb: string, args?: unknown): Promise<R>
  tell(step: string, detail: string): void
  /** Looks until it sees something. @throws KeywardDemoError after half a minute */
  until<R>(what: string, look: () => Promise<R | undefined>): Promise<R>
  /** The name of the error that a call ends with; undefined if it succeeds. */
  fails(call: Promise<unknown>): Promise<string | undefined>
  /** Of a file, in hex. */
  sha256(path: string): Promise<string>
}

/** One thing that the story promised, and whether it was seen. */
export interface Seen {
  /** A sentence. */
  readonly what: string
  readonly ok: boolean
  readonly detail: string
}

export type Story = (scene: Scene) => Promise<readonly Seen[]>

const PLAN = { custodians: 3, threshold: 2, kill: 0, lie: 0, records: [] }
const LOOK_MS = 250
const LOOKS = 120

export async function setScene(
  network: SampleNetwork,
  { signal, progress }: TellOptions
): Promise<Scene> {
  const tell = (step: string, detail: string): void => progress({ step, detail })
  tell('network', `${PLAN.custodians} clinics, a hospital and a patient start`)
  const { clinics, hospital, patient } = await startMembers(network, PLAN)
  const own = join(network.folder, 'files-of-the-patient')
  const opened = join(network.folder, 'files-of-the-others')
  await mkdir(own, { recursive: true })
  await mkdir(opened, { recursive: true })
  return {
    network,
    clinics,
    hospital,
    patient,
    own,
    opened,
    record: SAMPLES[0] as string,
    signal,
    tell,
    ask: <R>(member: Member, verb: string, args: unknown = {}) =>
      member.client.call(verb, args, { signal, onProgress: progress }) as Promise<R>,
    async until(what, look) {
      for (let looks = 0; looks < LOOKS; looks++) {
        const seen = await look()
        if (seen !== undefined) return seen
        await delay(LOOK_MS, undefined, { signal })
      }
      throw new KeywardDemoError(`waited in vain for ${what}`)
    },
    fails: (call) =>
      call.then(
        () => undefined,
        (err: unknown) => {
          signal.throwIfAborted()
          return (err as Error).name
        }
      ),
    sha256
  }
}

export async function sha256(path: string): Promise<string> {
  const hashing = nativePrimitives.sha256Stream()
  for await (const piece of createReadStream(path)) hashing.update(piece as Uint8Array)
  return toHex(hashing.digest())
}
