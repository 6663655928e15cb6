/**
 * Attestation, membership, votes and stolen devices with real transactions: what memory chains are
 * shown in test/node/verbs holds on the contracts themselves, each word proven from anvil's state.
 */
import { HDNodeWallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { address } from '../../core/ids.ts'
import { Role } from '../../core/words.ts'
import { enrol } from '../../node/chain/dev-chain.ts'
import { ethersWriter } from '../../node/chain/ethers-chain.ts'
import type { RunningNode } from '../../node/create-node.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { peerText } from '../../node/keys/peer-text.ts'
import { inbox } from '../../node/verbs/answer.ts'
import { attest } from '../../node/verbs/attest.ts'
import type { AttestArgs } from '../../node/verbs/attest-shapes.ts'
import { attestLapse, attestStatus } from '../../node/verbs/attestation.ts'
import { showAttested } from '../../node/verbs/attested.ts'
import { revokeDevices } from '../../node/verbs/device.ts'
import { showDirectory, showVoters } from '../../node/verbs/directory.ts'
import { enrolAccount, onAccount } from '../../node/verbs/directory-admin.ts'
import { groupMember, listGroups, newGroup } from '../../node/verbs/directory-group.ts'
import { joinDirectory, leaveDirectory } from '../../node/verbs/directory-join.ts'
import { propose, voteStatus } from '../../node/verbs/directory-vote.ts'
import { grant } from '../../node/verbs/grant.ts'
import { publish } from '../../node/verbs/publish.ts'
import { retrieve } from '../../node/verbs/retrieve.ts'
import { until } from '../fixtures/daemons.ts'
import { type ChainNetwork, createChainNetwork, quiet } from './chain-network.ts'

const MNEMONIC = 'test test test test test test test test test test test junk'
const STAFF = Role.CUSTODIAN | Role.CLINICIAN | Role.RELAYER | Role.ATTESTER | Role.ADMIN

let net: ChainNetwork
let admin: RunningNode
let second: RunningNode

beforeAll(async () => {
  net = await createChainNetwork()
  ;[admin, second] = net.clinics as [RunningNode, RunningNode]
  await Promise.all([
    seat(admin, 1, STAFF),
    seat(second, 2, STAFF),
    seat(net.hospital, 4, Role.CLINICIAN | Role.ATTESTER)
  ])
})
afterAll(() => net?.[Symbol.asyncDispose]())

function seat({ identity }: RunningNode, org: number, roles: number): Promise<void> {
  const { url, deployment } = net.chain
  const { accountKey } = identity
  return enrol({ url, deployment, primitives: p, accountKey, org, roles })
}

const accountOf = ({ identity }: RunningNode): string => toHex(identity.account)

/** A record of the patient's that both attesters have opened. */
async function opened(quorum: number): Promise<string> {
  const path = await net.file(`of ${quorum}.txt`, `a record for ${quorum} organisations`)
  const { recordId } = await publish(net.patient, { path, quorum }, quiet())
  for (const reader of [net.hospital, second]) {
    const to = peerText(reader.identity.peer)
    const terms = { to, records: [recordId], purpose: 'RECORDMGT', until: '1h' }
    await grant(net.patient, terms, quiet())
    await until('the record is read', async () => {
      await inbox(reader, quiet())
      const out = net.at(`${recordId} ${to}`)
      return retrieve(reader, { recordId, out }, quiet()).then(
        () => true,
        () => false
      )
    })
  }
  return recordId
}

const says = (by: RunningNode, recordId: string, verdict: AttestArgs['verdict']) =>
  attest(by, { recordId, verdict }, quiet())

const shows = (recordId: string, state: string): Promise<void> =>
  until(`the patient sees ${state}`, async () => {
    const { attested } = await showAttested(net.patient, { recordId }, quiet())
    return attested?.state === state
  })

describe('on a real chain', () => {
  it('two organisations attest, one rejects, a suspended one’s verdict lapses', async () => {
    const recordId = await opened(2)
    expect(await says(net.hospital, recordId, 'confirm')).toMatchObject({ org: 4, state: 'STORED' })
    const last = await says(second, recordId, 'confirm')
    expect(last.state).toBe('ATTESTED')
    expect(last.gas).toBeLessThan(66_000)
    await shows(recordId, 'ATTESTED')
    await says(second, recordId, 'reject')
    await shows(recordId, 'REJECTED')
    await says(second, recordId, 'withdraw')
    await says(second, recordId, 'confirm')

    const { consent } = await joinDirectory(
      net.hospital,
      { org: 1, roles: ['clinician', 'attester'] },
      quiet()
    )
    await enrolAccount(admin, { who: consent }, quiet())
    await onAccount('Suspend')(admin, { account: accountOf(net.hospital) }, quiet())

    await until('the verdict has lapsed', async () => {
      const { state, holds } = await attestStatus(second, { recordId }, quiet())
      return state === 'ATTESTED' && holds === 'STORED'
    })
    expect(await attestLapse(second, { recordId }, quiet())).toMatchObject({
      lapsed: [4],
      state: 'STORED'
    })
    await onAccount('Reinstate')(admin, { account: accountOf(net.hospital) }, quiet())
    await leaveDirectory(net.hospital, quiet())
  })

  it('groups have members, and who left is told so', async () => {
    await newGroup(admin, { name: 'cardiology' }, quiet())
    const member = { group: 'cardiology', account: accountOf(net.hospital) }

    await groupMember(true)(admin, member, quiet())
    const refused = groupMember(true)(admin, member, quiet())

    await expect(refused).rejects.toThrow('DirectoryMemberUnchanged')
    await until('the member is there', async () => {
      const { groups } = await listGroups(admin, {}, quiet())
      return groups[0]?.members.length === 1
    })
    await expect(
      onAccount('Dismiss')(admin, { account: accountOf(net.hospital) }, quiet())
    ).rejects.toThrow('not of this organisation')
  })

  it('a majority of 64 organisations suspends one, and its voters are proven', async () => {
    const before = await showVoters(admin, {}, quiet())
    const { proposal, votes } = await propose(admin, { kind: 'suspend', org: 9 }, quiet())
    expect([before.voters, before.quorum, votes]).toEqual([64, 33, 1])
    const [, , , quorum, , set, , deadline] = proposal.split(' ').map(Number)
    const call = {
      voterSet: set as number,
      kind: 2,
      org: 9,
      account: address(new Uint8Array(20)),
      quorum: quorum as number,
      deadline: deadline as number
    }

    await Promise.all(
      Array.from({ length: 32 }, (_, i) => {
        const path = `m/44'/60'/0'/0/${i + 10}`
        const accountKey = fromHex(HDNodeWallet.fromPhrase(MNEMONIC, '', path).privateKey)
        const { url, deployment } = net.chain
        return ethersWriter({ url, accountKey, deployment, primitives: p }).submit({
          type: 'Vote',
          proposal: call
        })
      })
    )

    await until('it is carried out', async () => {
      const { proposals } = await voteStatus(admin, { proposal }, quiet())
      return proposals[0]?.state === 'carried out' && proposals[0].voted.length === 33
    })
    expect((await showDirectory(second, { who: 9 }, quiet())).organisation).toEqual({
      org: 9,
      status: 'suspended'
    })
  })

  it('a patient’s stolen device is ended through her custodians', async () => {
    const { bindingEpoch, noticed } = await revokeDevices(net.patient, quiet())

    expect(noticed).toHaveLength(3)
    expect(net.patient.card().binding.bindingEpoch).toBe(bindingEpoch)
    await until('the chain has her new epoch', async () => {
      const { account } = await showDirectory(net.patient, {}, quiet())
      return account?.bindingEpoch === bindingEpoch
    })
  })
})
