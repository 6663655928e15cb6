/**
 * The side stories by the flag that asks for them; each loads only when it is played.
 * @module
 */
import type { Story } from '../scene.ts'

/** A story's maker; what it takes is the flag's value, where it has one. */
export const stories: Readonly<Record<string, (value: string) => Promise<Story>>> = {
  attest: async () => (await import('./attest.ts')).attest,
  emergency: async () => (await import('./emergency.ts')).emergency,
  guardian: async () => (await import('./guardian.ts')).guardian,
  policy: async (text) => (await import('./policy.ts')).policy(text)
}
