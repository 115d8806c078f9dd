import { resolve } from 'node:path'
import { Option } from 'commander'
import pc from 'picocolors'
import { type AddCommand, addHelp } from '../command.js'
import { resolveTarget, type TargetOptions } from '../endpoint/target.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { readIssuer } from '../issuer/read-issuer.js'
import { jsonOption, wholeNumber } from '../options.js'
import { writeNote } from '../output/note.js'
import type { Keyboard, Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import type { RecordedDelivery } from './delivery.js'
import { defaultHistoryFile, type History, openHistory } from './history.js'
import { register, removeWebhook } from './register.js'
import { deliveryJson, describeDelivery } from './report.js'
import { createScreen, renderScreen } from './screen.js'
import { EMPTY_SCREEN, pressKey, type ScreenState, selectedDelivery } from './screen-state.js'
import { type Listening, type ListenOptions, startListening } from './server.js'

/** Options of `kinde-billing listen`. */
export interface ListenCommandOptions extends TargetOptions {
  readonly port: number
  readonly host?: string | undefined
  readonly issuer?: string | undefined
  /** Public URL of the tunnel, to be shown. */
  readonly url?: string | undefined
  readonly forwardTo?: string | undefined
  /** Register `url` in Kinde while listening. A domain names the environment, which may then be production. */
  readonly register?: string | boolean | undefined
  /** `true` for the default folder. */
  readonly save?: string | boolean | undefined
  /** Registers without a question. */
  readonly yes?: boolean | undefined
  /** Stop after this many deliveries. */
  readonly limit?: number | undefined
  /** `false` keeps nothing on disk. Default: `true`. */
  readonly history?: boolean | undefined
  readonly json?: boolean | undefined
}

const DEFAULT_FOLDER = 'kinde-fixtures'

/** `kinde-billing listen` */
export const addListen: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('listen')
    .addOption(new Option('--port <port>', 'port to listen on').argParser(wholeNumber(0, 65_535)).default(4418))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--url <url>', 'public URL of your tunnel, shown as the URL to register in Kinde')
    .option('--issuer <url>', 'your Kinde domain (default: $KINDE_ISSUER_URL); without it signatures are not checked')
    .option('--forward-to <url>', 'application that receives and answers each delivery')
    .option('--register [domain]', 'register --url in Kinde while listening; needs management credentials')
    .option('--yes', 'register without a question')
    .option('--save [folder]', `save anonymized fixtures (default folder: ${DEFAULT_FOLDER})`)
    .addOption(new Option('--limit <n>', 'stop after this many deliveries').argParser(wholeNumber(1, 10_000)))
    .option('--no-history', 'do not keep deliveries for the next start')
    .option('--allow-remote', 'allow --forward-to addresses outside this machine and private networks')
    .addOption(jsonOption('write one JSON document per delivery'))
    .action(async (options) => exit(await listenCommand(options, terminal)))
  addHelp(command, {
    summary: 'Receive, show, forward and save real deliveries.',
    details: `Point a tunnel at it, and a webhook of your Kinde test environment at the tunnel. It verifies each delivery and shows its type, customer and result. With --forward-to your application gets the exact body and headers, and its answer goes back to Kinde. Without it, listen answers as a receiver does. In a terminal you can select, filter and resend deliveries.`,
    examples: [
      'listen --issuer https://acme.kinde.com --forward-to http://localhost:3000/webhooks/kinde',
      'listen --issuer https://acme.kinde.com --save test/fixtures --limit 8',
      'listen --url https://abc.tunnel.example --register --yes --forward-to http://localhost:3000/webhooks/kinde',
    ],
    notes: `Fixtures contain no personal data: texts, ids, names and dates are replaced. Pass them to decodeBillingEvent, or
send them with kinde-billing trigger --claims. The history contains what Kinde sent, readable by you only.`,
    exitCodes: {
      ok: 'stopped by --limit, q or Ctrl-C',
      finding: 'nothing was registered, or a webhook could not be removed',
    },
  })
}

/**
 * Receives deliveries until `--limit`, `q` or Ctrl-C.
 *
 * @throws UsageError
 */
export async function listenCommand(options: ListenCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const { limit = Number.POSITIVE_INFINITY, json = false, save } = options
  const issuer = readIssuer(options.issuer, terminal)
  const saveTo =
    save === undefined || save === false ? undefined : resolve(terminal.cwd, save === true ? DEFAULT_FOLDER : save)
  const forwardTo = options.forwardTo === undefined ? undefined : await resolveTarget(options.forwardTo, options)
  const history = await openHistory(options.history === false ? undefined : defaultHistoryFile(terminal.env))
  const stop = createStop(terminal.signal)
  const output =
    json || terminal.keyboard === undefined ? plainOutput(json, terminal) : screenOutput(terminal, terminal.keyboard)
  let received = 0
  let written: Promise<void> = Promise.resolve()
  const onDelivery = (delivery: RecordedDelivery): void => {
    received += 1
    written = history
      .add(delivery)
      .catch((error: Error) => writeNote(terminal, `Cannot save the history: ${error.message}`))
    output.show(delivery)
    if (received >= limit) stop.now()
  }
  const { port, host } = options
  const firstId = (history.entries.at(-1)?.id ?? 0) + 1
  const listening = await start({ port, host, issuer, forwardTo, saveTo, firstId, signal: stop.signal, onDelivery })
  const registration = await register(options, terminal).catch(async (error: unknown) => {
    await listening.close()
    throw error
  })
  if (registration === 'declined') {
    await listening.close()
    return EXIT.finding
  }
  const close = output.open({
    listening,
    history,
    stop: stop.now,
    title: describeStart(listening.url, issuer, options),
  })
  await stop.stopped
  close()
  const isRemoved = await removeWebhook(registration, terminal)
  await listening.close()
  await written
  terminal.err(`${received} ${received === 1 ? 'delivery' : 'deliveries'} received.\n`)
  return isRemoved ? EXIT.ok : EXIT.finding
}

function createStop(interrupted: AbortSignal): { signal: AbortSignal; now(): void; readonly stopped: Promise<void> } {
  const controller = new AbortController()
  const now = (): void => controller.abort()
  const stopped = new Promise<void>((done) => controller.signal.addEventListener('abort', () => done(), { once: true }))
  interrupted.addEventListener('abort', now, { once: true })
  if (interrupted.aborted) now()
  return { signal: controller.signal, now, stopped }
}

async function start(options: ListenOptions): Promise<Listening> {
  try {
    return await startListening(options)
  } catch (error) {
    throw error instanceof Error && 'code' in error ? new UsageError(error.message) : error
  }
}

function describeStart(
  url: string,
  issuer: string | undefined,
  { url: publicUrl, forwardTo }: ListenCommandOptions,
): string {
  const from = publicUrl === undefined ? url : `${publicUrl} (${url})`
  const to = forwardTo === undefined ? '' : `, forwarding to ${forwardTo}`
  const trust = issuer === undefined ? 'signatures are not checked: pass --issuer' : `verifying against ${issuer}`
  return `Listening at ${from}${to}; ${trust}`
}

interface OutputContext {
  readonly listening: Listening
  readonly history: History
  readonly title: string
  stop(): void
}

/** Shows deliveries as lines, or on the whole screen. */
interface Output {
  show(delivery: RecordedDelivery): void
  /** @returns A function that restores the terminal. */
  open(context: OutputContext): () => void
}

function plainOutput(isJson: boolean, terminal: Terminal): Output {
  return {
    show: (delivery) => terminal.out(isJson ? deliveryJson(delivery) : describeDelivery(delivery, terminal)),
    open({ title }) {
      writeNote(terminal, title)
      terminal.err('Press Ctrl-C to stop.\n\n')
      return () => {}
    },
  }
}

function screenOutput({ out, colors }: Terminal, keyboard: Keyboard): Output {
  const plain = pc.createColors(false)
  let state: ScreenState = EMPTY_SCREEN
  let redraw = (): void => {}
  return {
    show() {
      redraw()
    },
    open({ listening, history, title, stop }) {
      const screen = createScreen(out)
      redraw = () => {
        state = { ...state, deliveries: history.entries }
        screen.draw(renderScreen(state, title, { rows: keyboard.rows, columns: keyboard.columns, colors, plain }))
      }
      const restore = keyboard.onKey((key) => {
        const pressed = pressKey(state, key)
        state = pressed.state
        if (pressed.action === 'quit') stop()
        const delivery = pressed.action === 'resend' ? selectedDelivery(state) : undefined
        if (delivery !== undefined) listening.resend(delivery.request).catch(stop)
        redraw()
      })
      redraw()
      return () => {
        // A delivery may still be answered while the command ends.
        redraw = () => {}
        restore()
        screen.close()
      }
    },
  }
}
