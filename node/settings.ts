/**
 * Where each setting comes from: flag, else environment, else the folder's `config`, else default
 * (INTEROP.md §1.1). Every layer is checked by the same schema, and what is wrong is named with the
 * layer that said it.
 * @module
 */
import { z } from 'zod'
import { InvalidConfigError } from '../core/errors.ts'
import { type Config, type ConfigLayer, configSchema, defaultsFor, PROFILES } from './config.ts'
import { issueText } from './issue-text.ts'

export type Source = 'flag' | 'environment' | 'config' | 'default'

export interface Setting {
  /** Dotted: "chain.rpc". */
  readonly key: string
  readonly value: unknown
  readonly source: Source
}

export interface Settings {
  readonly config: Config
  /** One for each key of the schema that has a value, in the schema's order. */
  readonly list: readonly Setting[]
}

export interface SettingSources {
  /** "key=value" texts of --set. */
  readonly flags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Text of the `config` file. */
  readonly file?: string
}

/** Environment names that are ours and no settings. */
const OTHER_ENV = [
  'KEYWARD_PATH',
  'KEYWARD_PASSPHRASE',
  'KEYWARD_DEPLOYER_KEY',
  'KEYWARD_LOG',
  'KEYWARD_LOG_FILE'
]

const LEAVES = new Map(leavesOf(configSchema, ''))
/** "chain" and the like: what holds settings and is none. */
const GROUPS = new Set([...LEAVES.keys()].flatMap((key) => key.split('.').slice(0, -1)))

function leavesOf(schema: z.ZodType, path: string): [string, z.ZodType][] {
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema
  if (!(inner instanceof z.ZodObject)) return [[path, inner]]
  return Object.entries(inner.shape).flatMap(([key, each]) =>
    leavesOf(each as z.ZodType, path === '' ? key : `${path}.${key}`)
  )
}

/** Groups are there even when none of their settings is. */
const EMPTY = Object.fromEntries([...GROUPS].map((group) => [group, {}]))

export const settingKeys = (): readonly string[] => [...LEAVES.keys()]

/** "chain.rpc" is KEYWARD_CHAIN_RPC, "store.maxBytes" KEYWARD_STORE_MAX_BYTES. */
export const envName = (key: string): string =>
  `KEYWARD_${key
    .replace(/([A-Z])/g, '_$1')
    .replaceAll('.', '_')
    .toUpperCase()}`

/** @throws InvalidConfigError naming the key, what was expected, and who said it */
export function resolveSettings(sources: SettingSources): Settings {
  const file = parseFile(sources.file)
  const layers: [Source, Map<string, unknown>][] = [
    ['flag', fromFlags(sources.flags ?? [])],
    ['environment', fromEnv(sources.env ?? {})],
    ['config', flatten(file)]
  ]
  const say = (key: string): unknown => layers.find(([, layer]) => layer.has(key))?.[1].get(key)
  const profile = PROFILES.find((each) => each === say('profile')) ?? 'clinic'
  layers.push(['default', flatten(defaultsFor(profile, say('chain.kind')))])

  const list: Setting[] = []
  for (const key of LEAVES.keys()) {
    const from = layers.find(([, layer]) => layer.has(key))
    if (from != null) list.push({ key, value: from[1].get(key), source: from[0] })
  }
  const parsed = configSchema.safeParse({ ...EMPTY, ...unflatten(list) })
  if (!parsed.success) {
    const issue = parsed.error.issues[0] as z.core.$ZodIssue
    const key = keyOf(issue.path)
    const source = list.find((setting) => setting.key === key)?.source ?? 'config'
    throw new InvalidConfigError(`${sourceText(source, key)}: "${key}" ${issueText(issue)}`)
  }
  checkTogether(parsed.data)
  return { config: parsed.data, list }
}

/** What no single field can tell. */
function checkTogether({ chain, custody }: Config): void {
  if (chain.rpc.length > 0 && chain.quorum > chain.rpc.length) {
    throw new InvalidConfigError(
      `"chain.quorum" expected at most the ${chain.rpc.length} of "chain.rpc", got ${chain.quorum}`
    )
  }
  for (const key of ['sealers', 'seal', 'blockSeconds'] as const) {
    if (chain.kind !== 'consortium' && chain[key] != null) {
      throw new InvalidConfigError(
        `"chain.${key}" expected nothing on a chain of kind ${chain.kind}`
      )
    }
  }
  const { length } = custody.custodians
  if (length > 0 && custody.threshold > length) {
    throw new InvalidConfigError(
      `"custody.threshold" expected at most ${length} custodians, got ${custody.threshold}`
    )
  }
}

/** The layer of the file as it is, unknown keys refused. */
function parseFile(text: string | undefined): ConfigLayer {
  if (text == null) return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidConfigError('config expected JSON') // its message would quote the file
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidConfigError('config expected a JSON object')
  }
  for (const key of flatten(value as ConfigLayer).keys()) {
    if (GROUPS.has(key)) throw new InvalidConfigError(`config: "${key}" expected an object`)
    if (!LEAVES.has(key)) throw unknownKey('config', key)
  }
  return value as ConfigLayer
}

/** What --set says, as it would stand in `config`. @throws InvalidConfigError */
export const settingsLayer = (flags: readonly string[]): ConfigLayer =>
  unflatten([...fromFlags(flags)].map(([key, value]) => ({ key, value })))

function fromFlags(flags: readonly string[]): Map<string, unknown> {
  const out = new Map<string, unknown>()
  for (const flag of flags) {
    const at = flag.indexOf('=')
    const key = flag.slice(0, Math.max(at, 0))
    if (at < 1) throw new InvalidConfigError(`--set expected KEY=VALUE, got "${flag.slice(0, 64)}"`)
    out.set(key, parseText('flag', key, flag.slice(at + 1)))
  }
  return out
}

/**
 * Names that are not ours are left alone: a cluster that has a service called "keyward" sets
 * KEYWARD_SERVICE_HOST and KEYWARD_PORT by itself.
 */
function fromEnv(env: NodeJS.ProcessEnv): Map<string, unknown> {
  const out = new Map<string, unknown>()
  for (const key of LEAVES.keys()) {
    const text = env[envName(key)]
    if (text != null && text !== '') out.set(key, parseText('environment', key, text))
  }
  return out
}

/** Names that begin with KEYWARD_ and mean nothing to us: told by `config validate`. */
export function unusedEnv(env: NodeJS.ProcessEnv): readonly string[] {
  const known = new Set([...settingKeys().map(envName), ...OTHER_ENV])
  return Object.keys(env).filter((name) => name.startsWith('KEYWARD_') && !known.has(name))
}

/** Lists are comma-separated, anything may be JSON. */
function parseText(source: Source, key: string, text: string): unknown {
  const leaf = LEAVES.get(key)
  if (leaf == null) throw unknownKey(sourceText(source, key), key)
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text)
    } catch {
      throw new InvalidConfigError(`${sourceText(source, key)}: "${key}" expected JSON`)
    }
  }
  if (leaf instanceof z.ZodArray) {
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  }
  if (leaf instanceof z.ZodNumber && /^-?\d+$/.test(text)) return Number(text)
  return text
}

const sourceText = (source: Source, key: string): string =>
  ({ flag: '--set', environment: envName(key), config: 'config', default: 'default' })[source]

const unknownKey = (where: string, key: string): InvalidConfigError =>
  new InvalidConfigError(`${where}: unknown key "${key}"`)

function flatten(tree: ConfigLayer, prefix = '', out = new Map<string, unknown>()) {
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix === '' ? name : `${prefix}.${name}`
    if (GROUPS.has(key) && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      flatten(value as ConfigLayer, key, out)
    } else if (value !== undefined) out.set(key, value)
  }
  return out
}

function unflatten(list: readonly Pick<Setting, 'key' | 'value'>[]): ConfigLayer {
  const out: Record<string, unknown> = {}
  for (const { key, value } of list) {
    const [group, name] = key.split('.') as [string, string | undefined]
    if (name == null) out[group] = value
    else out[group] = { ...(out[group] as object | undefined), [name]: value }
  }
  return out
}

/** The setting that an issue is about: the longest leaf that its path begins with. */
function keyOf(path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const key = path.slice(0, length).join('.')
    if (LEAVES.has(key)) return key
  }
  return path.join('.')
}

/** For `config show`: an RPC address may carry a key in its path, query or user part. */
export function shown(setting: Setting): unknown {
  if (setting.key !== 'chain.rpc' || !Array.isArray(setting.value)) return setting.value
  return setting.value.map((each) => {
    const { origin, pathname, search, username, password } = new URL(String(each))
    const bare = pathname === '/' && search === '' && username === '' && password === ''
    return bare ? origin : `${origin}/…`
  })
}
