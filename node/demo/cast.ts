/**
 * Who plays in the demo: clinics as custodians, a hospital that asks, a patient. The last custodians
 * are to be killed, those before them lie.
 * @module
 */
import type { Member, SampleNetwork } from './sample-network.ts'
import type { StoryPlan } from './story.ts'

/** Copies of the ciphertext; none of them at a custodian that will be killed. */
const REPLICAS = 3

/** One clinic first: all others know nothing but its address. */
export async function startMembers(network: SampleNetwork, plan: StoryPlan) {
  const clinicName = (i: number): string => `clinic-${i + 1}`
  const lies = (i: number): boolean => {
    const honest = plan.custodians - plan.kill - plan.lie
    return i >= honest && i < honest + plan.lie
  }
  const bootstrapper = await network.start({
    name: clinicName(0),
    profile: 'clinic',
    config: { org: 1 },
    lies: lies(0)
  })
  const bootstrap = bootstrapper.addrs.slice(0, 1)
  const [hospital, ...rest] = await Promise.all([
    network.start({
      name: 'hospital',
      profile: 'clinic',
      config: { org: plan.custodians + 1, bootstrap }
    }),
    ...Array.from({ length: plan.custodians - 1 }, (_, i) =>
      network.start({
        name: clinicName(i + 1),
        profile: 'clinic',
        config: { org: i + 2, bootstrap },
        lies: lies(i + 1)
      })
    )
  ])
  const clinics = [bootstrapper, ...rest]
  const patient = await network.start({
    name: 'patient',
    profile: 'patient',
    config: {
      bootstrap,
      custody: {
        custodians: clinics.map(({ peer }) => peer),
        threshold: plan.threshold,
        replicas: Math.min(REPLICAS, plan.custodians - plan.kill)
      }
    }
  })
  return { clinics, hospital: hospital as Member, patient }
}
