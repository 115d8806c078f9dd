import { addCheck } from './check/command.js'
import type { AddCommand } from './command.js'
import { addConsole } from './console/command.js'
import { addDoctor } from './doctor/command.js'
import { addEvent } from './event/command.js'
import { addInbox } from './inbox/command.js'
import { addListen } from './listen/command.js'
import { addSync } from './sync/command.js'
import { addTrigger } from './trigger/command.js'
import { addTypes } from './types/command.js'
import { addVerify } from './verify/command.js'
import { addWebhooks } from './webhooks/command.js'

/** Every command, in the order of the help. A new command is one more line here. */
export const COMMANDS: readonly AddCommand[] = [
  addVerify,
  addTrigger,
  addDoctor,
  addListen,
  addWebhooks,
  addTypes,
  addCheck,
  addEvent,
  addInbox,
  addSync,
  addConsole,
]
