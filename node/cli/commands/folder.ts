/**
 * The node's own folder: make it, run it, ask who it is, read its settings.
 * @module
 */
import { type Command, Option } from 'commander'
import type { ConfigLayer, Profile } from '../../config.ts'
import { repoPaths } from '../../repo/layout.ts'
import type { IdResult, PeersResult } from '../../verbs/results.ts'
import { addCommand, addGroup, addVerb, type CommandContext, type Flags } from '../command.ts'
import { passphraseOf, type Run, runVerb } from '../run-verb.ts'
import { clean, facts, table } from '../table.ts'
import { wishLine } from './emergency.ts'

export function addFolderCommands(program: Command, context: CommandContext): void {
  addInit(program, context)
  addDaemon(program, context)
  addWho(program, context)
  addConfig(program, context)
}

function initOptions(command: Command): void {
  command
    .addOption(
      new Option('--profile <profile>', 'what the node is for')
        .choices(['clinic', 'patient', 'test'])
        .default('clinic')
    )
    .option('--name <name>', 'what others see beside the peer id')
}

function addInit(program: Command, context: CommandContext): void {
  addCommand(program, context, {
    usage: 'init',
    summary: 'make the node’s folder: keys, settings, token',
    example: 'init --profile clinic --name "Riverside GP"',
    options: initOptions,
    async run(run, _positional, flags) {
      const made = await initFolder(run, flags)
      run.out.data(made, (each) =>
        facts([
          ['folder', each.path],
          ['profile', each.profile],
          ['peer', each.peer],
          ['account', each.account]
        ])
      )
    }
  })
}

/** Settings given by --set and --name go into `config`, where the next run finds them. */
async function initFolder(run: Run, flags: Flags) {
  const [{ initRepo }, { nativePrimitives }, { systemRandom }, { settingsLayer }] =
    await Promise.all([
      import('../../repo/init.ts'),
      import('../../crypto/native.ts'),
      import('../../system.ts'),
      import('../../settings.ts')
    ])
  const profile = flags['profile'] as Profile
  const name: ConfigLayer = flags['name'] == null ? {} : { name: flags['name'] }
  const made = await initRepo(run.repoPath, {
    profile,
    config: { ...name, ...settingsLayer(run.flags) },
    passphrase: await passphraseOf(run),
    random: systemRandom,
    primitives: nativePrimitives
  })
  if (!made.wrapped) {
    run.out.note(
      'the key has no passphrase: whoever can read this folder has it ' +
        '(KEYWARD_PASSPHRASE or --passphrase-file wraps it)'
    )
  }
  if (profile === 'patient' && !run.flags.some((flag) => flag.startsWith('emergency.wish='))) {
    run.out.note(
      'nobody may open your records in an emergency until you choose: keyward wish yes|emergency|never'
    )
  }
  const { peer, account, kem } = made.identity
  return { path: made.path, profile, peer, account, kem, wrapped: made.wrapped }
}

function addDaemon(program: Command, context: CommandContext): void {
  addCommand(program, context, {
    usage: 'daemon',
    summary: 'run the node until SIGTERM or Ctrl-C',
    example: 'daemon --init --profile clinic',
    options: (command) => {
      command.option('--init', 'make the folder first if there is none, for containers')
      initOptions(command)
    },
    async run(run, _positional, flags) {
      if (flags['init'] === true) {
        const { isInitialised } = await import('../../repo/version.ts')
        if (!(await isInitialised(repoPaths(run.repoPath)))) await initFolder(run, flags)
      }
      const { runDaemon } = await import('../daemon.ts')
      return runDaemon(run)
    }
  })
}

function addWho(program: Command, context: CommandContext): void {
  addCommand(program, context, {
    usage: 'id',
    summary: 'who this node is: peer id, account, addresses',
    example: 'id --json',
    async run(run) {
      const result = await whoAmI(run)
      run.out.data(result, (each) =>
        facts([
          ['name', each.name],
          ['profile', each.profile],
          ['peer', each.peer],
          ['account', each.account],
          ['contact', each.contact],
          ['emergency', each.profile === 'patient' ? wishLine(each.wish) : undefined],
          ...each.addrs.map((addr) => ['address', addr] as const)
        ])
      )
    }
  })
  addVerb<PeersResult>(program, context, {
    usage: 'peers',
    summary: 'peers that the node is connected to',
    example: 'peers',
    verb: 'peers',
    args: () => ({}),
    text: ({ peers }) =>
      table(
        ['PEER', 'DIRECTION', 'ADDRESS', 'NAME'],
        peers.map((each) => [each.peer, each.direction, each.addrs.join(' '), each.name]),
        'no peers'
      )
  })
}

/** A running daemon knows its addresses; without one the public half on disk is enough. */
async function whoAmI(run: Run): Promise<IdResult> {
  const { apiClient } = await import('../../api/client.ts')
  const options = { note: (text: string) => run.out.note(text), signal: run.shell.signal }
  if ((await apiClient(run.repoPath, options)) != null) {
    return (await runVerb(run, 'id', {})) as IdResult
  }
  const [{ readSettings }, { readPublicIdentity }] = await Promise.all([
    import('../../repo/repo.ts'),
    import('../../keys/identity.ts')
  ])
  const paths = repoPaths(run.repoPath)
  const { config } = await readSettings(paths, { flags: run.flags, env: run.shell.env })
  const { peer, account } = await readPublicIdentity(paths)
  const keepers = config.custody.custodians.map((each) => each.split('/').at(-1) as string)
  const mail = keepers.length > 0 ? keepers : [peer]
  return {
    peer,
    account,
    name: config.name,
    profile: config.profile,
    addrs: config.announce,
    contact: `${account}@${mail.join(',')}`
  }
}

function addConfig(program: Command, context: CommandContext): void {
  const config = addGroup(program, 'config', 'settings: show, get, validate, schema')
  const settings = async (run: Run) => {
    const { readSettings } = await import('../../repo/repo.ts')
    return readSettings(repoPaths(run.repoPath), { flags: run.flags, env: run.shell.env })
  }
  addCommand(config, context, {
    usage: 'show',
    summary: 'every setting with its source: flag, environment, config or default',
    example: 'config show',
    async run(run) {
      const { shown } = await import('../../settings.ts')
      const list = (await settings(run)).list.map((each) => ({ ...each, value: shown(each) }))
      run.out.data(list, (rows) =>
        table(
          ['KEY', 'VALUE', 'SOURCE'],
          rows.map(({ key, value, source }) => [key, valueText(value), source]),
          ''
        )
      )
    }
  })
  addCommand(config, context, {
    usage: 'get <key>',
    summary: 'one setting',
    example: 'config get chain.kind',
    async run(run, [key]) {
      const { InvalidParametersError } = await import('../../../core/errors.ts')
      const { settingKeys } = await import('../../settings.ts')
      if (!settingKeys().includes(String(key))) {
        throw new InvalidParametersError(`unknown key "${key}"`)
      }
      const { list } = await settings(run)
      const value = list.find((each) => each.key === key)?.value ?? null
      run.out.data(value, (each) => `${each === null ? '' : valueText(each)}\n`)
    }
  })
  addCommand(config, context, {
    usage: 'validate',
    summary: 'check the settings without starting anything',
    example: 'config validate',
    async run(run) {
      const { unusedEnv } = await import('../../settings.ts')
      const { list } = await settings(run)
      for (const name of unusedEnv(run.shell.env)) run.out.note(`${name} is no setting of ours`)
      run.out.data({ valid: true, settings: list.length }, () => 'the settings are valid\n')
    }
  })
  addCommand(config, context, {
    usage: 'schema',
    summary: 'the JSON Schema of the config file',
    example: 'config schema > keyward.schema.json',
    node: false,
    async run(run) {
      const { configJsonSchema } = await import('../../config.ts')
      run.out.data(configJsonSchema(), (schema) => `${JSON.stringify(schema, null, 2)}\n`)
    }
  })
}

const valueText = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(String).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : clean(String(value))
}
