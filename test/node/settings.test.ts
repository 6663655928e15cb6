/**
 * Where settings come from, and that what is wrong is named with who said it.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { configJsonSchema } from '../../node/config.ts'
import {
  envName,
  resolveSettings,
  type SettingSources,
  settingKeys,
  settingsLayer,
  shown,
  unusedEnv
} from '../../node/settings.ts'

const sourceOf = (sources: SettingSources, key: string) =>
  resolveSettings(sources).list.find((each) => each.key === key)

describe('settings', () => {
  it('come from flag, then environment, then config, then default', () => {
    const file = JSON.stringify({ chain: { kind: 'l1' } })
    const env = { KEYWARD_CHAIN_KIND: 'l2' }
    const flags = ['chain.kind=consortium']

    expect(sourceOf({}, 'chain.kind')).toMatchObject({ value: 'dev', source: 'default' })
    expect(sourceOf({ file }, 'chain.kind')).toMatchObject({ value: 'l1', source: 'config' })
    expect(sourceOf({ file, env }, 'chain.kind')).toMatchObject({
      value: 'l2',
      source: 'environment'
    })
    expect(sourceOf({ file, env, flags }, 'chain.kind')).toMatchObject({
      value: 'consortium',
      source: 'flag'
    })
  })

  it('keep the rest of a group when one of it is given', () => {
    const { config } = resolveSettings({ flags: ['chain.rpc=http://127.0.0.1:1'] })

    expect(config.chain).toEqual({ kind: 'dev', rpc: ['http://127.0.0.1:1'], quorum: 1 })
  })

  it('have the defaults of their profile and their chain', () => {
    expect(resolveSettings({ flags: ['profile=patient'] }).config.listen).toEqual([])
    expect(resolveSettings({}).config.listen).toHaveLength(2)
    expect(resolveSettings({ flags: ['chain.kind=l1'] }).config.chain.quorum).toBe(2)
  })

  it('read lists, numbers and objects from text', () => {
    const peer = '12D3KooWNLDMbTehLbnxfnNbt2cgGZCTMns5XUwAEeQ3tcT57xbB'
    const known = [1, 2].map((port) => `/ip4/192.0.2.1/tcp/${port}/p2p/${peer}`)
    const env = {
      KEYWARD_BOOTSTRAP: ` ${known.join(' , ')} ,`,
      KEYWARD_API_PORT: '9',
      KEYWARD_ORG: '',
      KEYWARD_CHAIN_RPC: '["http://a","http://b"]'
    }
    const { config } = resolveSettings({ env })

    expect(config.bootstrap).toEqual(known)
    expect(config.api.port).toBe(9)
    expect(config.org).toBeUndefined()
    expect(config.chain.rpc).toEqual(['http://a', 'http://b'])
  })

  it('give one environment name to each key', () => {
    expect(envName('store.maxBytes')).toBe('KEYWARD_STORE_MAX_BYTES')
    expect(new Set(settingKeys().map(envName)).size).toBe(settingKeys().length)
  })

  const wrong: readonly [string, SettingSources, string][] = [
    ['an unknown key in config', { file: '{"colour":1}' }, 'config: unknown key "colour"'],
    ['an unknown empty group', { file: '{"x":{}}' }, 'config: unknown key "x"'],
    [
      'an unknown key in a group',
      { file: '{"chain":{"foo":1}}' },
      'config: unknown key "chain.foo"'
    ],
    ['an unknown flag', { flags: ['chain.foo=1'] }, '--set: unknown key "chain.foo"'],
    ['a flag without a value', { flags: ['name'] }, '--set expected KEY=VALUE, got "name"'],
    ['a group that is none', { file: '{"chain":5}' }, 'config: "chain" expected an object'],
    ['config that is no JSON', { file: '{' }, 'config expected JSON'],
    ['config that is a list', { file: '[]' }, 'config expected a JSON object'],
    ['a value of config', { file: '{"name":""}' }, 'config: "name" '],
    [
      'a value of a flag',
      { flags: ['api.port=x'] },
      '--set: "api.port" expected number, got string'
    ],
    [
      'a value of the environment',
      { env: { KEYWARD_PROFILE: 'x' } },
      'KEYWARD_PROFILE: "profile" '
    ],
    ['JSON of a flag', { flags: ['listen=[1'] }, '--set: "listen" expected JSON'],
    ['an item of a list', { flags: ['listen=tcp'] }, '--set: "listen" expected a multiaddr'],
    [
      'a bad deployment',
      { file: '{"chain":{"deployment":{"chainId":1}}}' },
      'config: "chain.deployment" expected a file, or chainId'
    ],
    [
      'an RPC address that is none',
      { flags: ['chain.rpc=ftp://a'] },
      '"chain.rpc" expected an http'
    ],
    [
      'sealers where none are looked at',
      { flags: ['chain.kind=l1', `chain.sealers=0x${'11'.repeat(20)}`] },
      '"chain.sealers" expected nothing on a chain of kind l1'
    ],
    [
      'a sealer that is no account',
      { flags: ['chain.kind=consortium', 'chain.sealers=0x11'] },
      '"chain.sealers"'
    ],
    [
      'a seal that nobody makes',
      { flags: ['chain.kind=consortium', 'chain.seal=wax'] },
      '"chain.seal"'
    ],
    [
      'a quorum above the endpoints',
      { flags: ['chain.rpc=http://a', 'chain.quorum=2'] },
      '"chain.quorum" expected at most the 1'
    ],
    [
      'a threshold above the custodians',
      { flags: ['custody.custodians=12D3KooWNLDMbTehLbnxfnNbt2cgGZCTMns5XUwAEeQ3tcT57xbB'] },
      '"custody.threshold" expected at most 1'
    ]
  ]
  it.each(wrong)('name %s', (_what, sources, message) => {
    expect(() => resolveSettings(sources)).toThrow(message)
    expect(() => resolveSettings(sources)).toThrow(
      expect.objectContaining({ name: 'InvalidConfigError' })
    )
  })

  it('leave names of a cluster alone and tell of them', () => {
    const env = { KEYWARD_SERVICE_HOST: '10.0.0.1', KEYWARD_PASSPHRASE: 'x', PATH: '/bin' }

    expect(() => resolveSettings({ env })).not.toThrow()
    expect(unusedEnv(env)).toEqual(['KEYWARD_SERVICE_HOST'])
  })

  it('hide keys inside RPC addresses', () => {
    const value = ['https://u:p@a.example/', 'https://b.example/v3/KEY', 'http://127.0.0.1:8545']
    const setting = { key: 'chain.rpc', value, source: 'config' as const }

    expect(shown(setting)).toEqual([
      'https://a.example/…',
      'https://b.example/…',
      'http://127.0.0.1:8545'
    ])
  })

  it('of flags can be written down', () => {
    const flags = ['name=A', 'chain.kind=l1', 'chain.quorum=3']

    expect(settingsLayer(flags)).toEqual({ name: 'A', chain: { kind: 'l1', quorum: 3 } })
  })

  it('have a JSON Schema that knows no other keys', () => {
    expect(configJsonSchema()).toMatchObject({ type: 'object', additionalProperties: false })
  })
})
