/**
 * Judges one large file beside the node: the gate must not wait for a minute of validation.
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'
import { judge } from './judge.ts'

const { bytes, claimed } = workerData as { bytes: Uint8Array; claimed: string | undefined }
parentPort?.postMessage(judge(bytes, claimed))
