/**
 * Every setting of a node: one schema for the file, the environment, flags and the published JSON
 * Schema, with its defaults in one object. node/settings.ts says where each value came from.
 * Settings only: whatever is secret stands in the keystore, so this file may be shared.
 * @module
 */
import { z } from 'zod'
import {
  ADDRS_PER_PEER,
  CUSTODIANS_MAX,
  NAME_MAX_CHARS,
  SEALERS_MAX,
  THRESHOLD_MIN
} from '../core/limits.ts'
import { ROLE_NAMES } from '../core/roles.ts'
import { SEAL_KINDS } from './chain/seals.ts'
import { addressHex, deploymentJson } from './deployment-file.ts'

const multiaddr = z
  .string()
  .max(512)
  .regex(/^(\/[^/\s]+)+$/, 'expected a multiaddr such as /ip4/192.0.2.7/tcp/4777')
const peerOrAddr = z
  .string()
  .max(512)
  .regex(
    /^(12D3KooW[1-9A-HJ-NP-Za-km-z]{44}|(\/[^/\s]+)+\/p2p\/12D3KooW[1-9A-HJ-NP-Za-km-z]{44})$/,
    'expected a peer id, or a multiaddr that ends in /p2p/PEERID'
  )
const addrOfPeer = z
  .string()
  .max(512)
  .regex(
    /^(\/[^/\s]+)+\/p2p\/12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/,
    'expected a multiaddr that ends in /p2p/PEERID'
  )
const url = z.url({ protocol: /^https?$/, error: 'expected an http or https address' })
const port = z.int().min(0).max(65_535)

export const PROFILES = ['clinic', 'patient', 'test'] as const
export type Profile = (typeof PROFILES)[number]

export const configSchema = z.strictObject({
  profile: z.enum(PROFILES).describe('clinic: daemon with custody; patient: light; test: loopback'),
  name: z.string().min(1).max(NAME_MAX_CHARS).describe('what others see beside the peer id'),
  org: z.int().min(1).max(0xffffffff).optional().describe('organisation number in the Directory'),
  roles: z
    .array(z.enum(ROLE_NAMES))
    .max(ROLE_NAMES.length)
    .optional()
    .describe('roles in the organisation; on a dev chain the node enrols itself with them'),
  listen: z.array(multiaddr).max(16).describe('addresses to listen on'),
  announce: z.array(multiaddr).max(ADDRS_PER_PEER).describe('addresses told to others instead'),
  bootstrap: z.array(addrOfPeer).max(16).describe('peers to join the network by'),
  chain: z.strictObject({
    kind: z.enum(['l1', 'l2', 'consortium', 'dev']).describe('sets finality and age rules'),
    rpc: z.array(url).max(16).describe('endpoints; none is believed unproven'),
    quorum: z.int().min(1).max(16).describe('endpoints that must agree'),
    sealers: z
      .array(addressHex)
      .max(SEALERS_MAX)
      .optional()
      .describe('accounts that seal the blocks of a consortium chain'),
    seal: z.enum(SEAL_KINDS).optional().describe('how they do: qbft (as by default), or clique'),
    blockSeconds: z
      .int()
      .min(1)
      .max(60)
      .optional()
      .describe('between two blocks of a consortium chain, empty ones too; 5 as by default'),
    deployment: z
      .union([z.string().min(1).max(4096), deploymentJson], {
        error: 'expected a file, or chainId, grants, records, directory and codeHashes'
      })
      .optional()
      .describe('addresses and code hashes of the contracts, or a file that holds them')
  }),
  custody: z.strictObject({
    custodians: z.array(peerOrAddr).max(CUSTODIANS_MAX).describe('who keeps shares by default'),
    threshold: z.int().min(THRESHOLD_MIN).max(CUSTODIANS_MAX).describe('shares that open a record'),
    replicas: z.int().min(0).max(CUSTODIANS_MAX).describe('copies of the ciphertext at others')
  }),
  records: z.strictObject({
    quorum: z.int().min(1).max(255).describe('organisations that must confirm a new record'),
    barOwnOrganisation: z.boolean().describe('own organisation attests no record of ours')
  }),
  emergency: z.strictObject({
    wish: z
      .enum(['yes', 'emergency', 'never'])
      .optional()
      .describe('may clinicians break the glass; written to the chain with the first record')
  }),
  store: z.strictObject({
    maxBytes: z.int().min(0).describe('room for ciphertext of others and our own')
  }),
  limits: z.strictObject({
    connections: z.int().min(4).max(10_000).optional().describe('open connections at most'),
    requestsPerSecond: z.int().min(1).max(10_000).optional().describe('per asking peer')
  }),
  audit: z.strictObject({
    anchorHours: z
      .int()
      .min(0)
      .max(8_760)
      .describe('a clinic anchors its receipts on chain this often; 0 is never by itself')
  }),
  api: z.strictObject({
    port: port.describe('of the local HTTP interface; 0 takes a free one')
  })
})

export type Config = z.infer<typeof configSchema>

/** Some of a configuration: one source's say. */
export type ConfigLayer = { readonly [key: string]: unknown }

const GIB = 2 ** 30

const defaultConfig = {
  name: 'Keyward node',
  announce: [],
  bootstrap: [],
  chain: { kind: 'dev', rpc: [] },
  custody: { custodians: [], threshold: THRESHOLD_MIN, replicas: 3 },
  records: { quorum: 1, barOwnOrganisation: false },
  emergency: {},
  limits: {},
  audit: { anchorHours: 24 }
} as const

const profileDefaults = {
  clinic: {
    listen: ['/ip4/0.0.0.0/tcp/4777', '/ip4/0.0.0.0/tcp/4778/ws'],
    store: { maxBytes: 100 * GIB },
    api: { port: 4780 }
  },
  patient: { listen: [], store: { maxBytes: 2 * GIB }, api: { port: 0 } },
  test: { listen: ['/ip4/127.0.0.1/tcp/0'], store: { maxBytes: GIB }, api: { port: 0 } }
} as const satisfies Record<Profile, unknown>

/** What holds unless someone says otherwise: depends on the profile and the kind of chain. */
export const defaultsFor = (profile: Profile, chainKind: unknown): ConfigLayer => ({
  profile,
  ...defaultConfig,
  ...profileDefaults[profile],
  chain: { ...defaultConfig.chain, quorum: chainKind == null || chainKind === 'dev' ? 1 : 2 }
})

/** The schema for editors and other programs. */
export const configJsonSchema = (): unknown => z.toJSONSchema(configSchema)
