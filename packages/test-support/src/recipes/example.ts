import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../server-process.js'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../../../..')

/** An example, copied out of the repository. */
export interface CopiedExample {
  readonly folder: string
  /** The commands of its README, in order. The last one starts it. */
  readonly commands: readonly string[]
}

/** A started example. */
export interface RunningExample {
  readonly url: string
  /** False once the process has ended by itself. */
  isRunning(): boolean
  stop(): Promise<void>
}

interface Manifest {
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly imports?: Record<string, string>
  readonly [name: string]: unknown
}

/** Copies an example into an empty folder. Its dependencies on this project's packages become the packed ones. */
export async function copyExample(
  name: string,
  parent: string,
  tarballs: Record<string, string>,
): Promise<CopiedExample> {
  const folder = await mkdtemp(join(parent, `${name}-`))
  await cp(join(ROOT, 'examples', name), folder, {
    recursive: true,
    filter: (source) => !/[/\\](?:node_modules|dist|build|\.[a-z-]+)$/.test(source),
  })
  const packed = Object.fromEntries(
    Object.entries(tarballs).map(([packageName, file]) => [`@kinde-billing/${packageName}`, `file:${file}`]),
  )
  const files = await readdir(folder, { recursive: true })
  const configurations = files.filter((file) => file.split('/').at(-1) === 'deno.json')
  for (const file of configurations) await useInstalled(join(folder, file))

  // Deno's examples have no manifest of npm, and import the packages by the names in their own
  const manifest = await readJson(join(folder, 'package.json')).catch((): Manifest => ({ private: true }))
  const own = configurations.length > 0 ? { '@kinde-billing/core': '' } : {}
  const usePacked = (dependencies: Record<string, string> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(dependencies).map(([key, version]) => [key, packed[key] ?? version]))
  await writeJson(join(folder, 'package.json'), {
    ...manifest,
    dependencies: usePacked({ ...manifest.dependencies, ...own }),
    devDependencies: usePacked(manifest.devDependencies),
    // what a package of this project needs of the others comes packed too
    overrides: packed,
  })
  if (configurations.length > 0) await runCommand('npm install', folder, process.env)

  const readme = await readFile(join(folder, 'README.md'), 'utf8')
  const commands = (/^```sh\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? '').split('\n').filter((line) => /^[^#]/.test(line))
  return { folder, commands }
}

/** Lets Deno find the packages of this project where npm has installed them, since no registry has them yet. */
async function useInstalled(path: string): Promise<void> {
  const { imports = {}, ...configuration } = await readJson(path)
  const others = Object.entries(imports).filter(([name]) => !name.startsWith('@kinde-billing/'))
  await writeJson(path, { ...configuration, imports: Object.fromEntries(others), nodeModulesDir: 'manual' })
}

async function readJson(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(path, 'utf8'))
}

function writeJson(path: string, value: Manifest): Promise<void> {
  return writeFile(path, JSON.stringify(value, null, 2))
}

/** Replaces the receiver of the installed packages by one that also serves the endpoints of a test. */
export async function openToTests(folder: string): Promise<void> {
  const receiver = join(folder, 'node_modules/@kinde-billing/core/dist/receiver')
  await rename(join(receiver, 'index.js'), join(receiver, 'real.js'))
  await cp(join(import.meta.dirname, 'endpoint-in-child.js'), join(receiver, 'index.js'))
}

/** Runs a command of a README to its end. */
export async function runCommand(command: string, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const isNpmInstall = /^npm (?:install|ci)$/.test(command)
  const line = isNpmInstall ? `${command} --no-audit --no-fund --prefer-offline` : command
  await run('sh', ['-c', line], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })
}

/** Replaces the settings that a README's command begins with: these are in the environment already. */
export function withoutSettings(command: string, env: NodeJS.ProcessEnv): string {
  return command.replace(/\b([A-Z_]+)=\S+ /g, (assignment, name) => (env[name] === undefined ? assignment : ''))
}

/** Runs the command that starts an example, and waits until its output or, without `ready`, its port says that it is ready. */
export async function startExample(
  command: string,
  ready: RegExp | undefined,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<RunningExample> {
  const port = await freePort()
  const child = spawn('sh', ['-c', command], {
    cwd: folder,
    env: { ...env, PORT: String(port), HOST: '127.0.0.1', DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` },
    // a group of its own, which ends as a whole
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const killGroup = (): void => void (child.pid !== undefined && killQuietly(-child.pid))
  process.on('exit', killGroup)
  await Promise.race([isReady(child, ready), ...(ready ? [] : [isListening(child, port)])])
  return {
    url: `http://127.0.0.1:${port}`,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      process.off('exit', killGroup)
      killGroup()
      await exited
    },
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

/** Some servers start without a word. */
async function isListening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await setTimeout(100)
  }
}

function isReady(child: ChildProcess, ready: RegExp | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer): void => {
      if (output.length < 100_000) output += chunk.toString()
      if (ready?.test(output)) resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`The example ended before it was ready:\n${output}`)))
  })
}

/** Installs tools that a platform's users have on their machine, such as Bun. Returns the folder with their commands. */
export async function installTools(parent: string, tools: Record<string, string>): Promise<string> {
  const folder = join(parent, `tools-${Object.entries(tools).flat().join('-')}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: tools }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder })
  return join(folder, 'node_modules/.bin')
}

/** The folder of the `node` of a major version. */
export async function findNode(major: string): Promise<string> {
  const { stdout } = await run('npx', ['-y', `node@${major}`, '-p', 'process.execPath'])
  return dirname(stdout.trim())
}
