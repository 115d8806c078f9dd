import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { docsUrl } from '@kinde-billing/core/internal'
import { describe, expect, it } from 'vitest'
import { FAULTS, type Fault } from './faults.js'

const describeFault = ([id, { title, severity, impact, fix }]: [string, Fault]): string =>
  `### ${id}\n\n${severity === 'error' ? 'Error' : 'Warning'}: ${title}. ${impact}\n\n**Fix:** ${fix}\n`

describe('FAULTS', () => {
  it('stand in docs/doctor.md, in this order, under the anchors that findings link to', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../../docs/doctor.md'), 'utf8')
    const [, faults] = page.split('A warning does not yet.\n\n')
    expect(faults).toBe(Object.entries(FAULTS).map(describeFault).join('\n'))
    expect(docsUrl('json_body_parser', 'doctor')).toMatch(/\/doctor#json_body_parser$/)
  })
})
