import { deliver } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { describeEvent } from './application.js'
import { planDeliveries } from './deliveries.js'
import { startServers } from './servers.js'

/**
 * Delivers everything to every adapter over real HTTP and prints the results.
 *
 * @returns `true` if every result is the expected one
 */
export async function show(): Promise<boolean> {
  const issuer = await startTestIssuer()
  const seen = new Map<string, string>()
  const servers = await startServers(issuer.issuer, (adapter, event) => seen.set(adapter, describeEvent(event)))
  const names = servers.map(({ name }) => name)
  const faults: string[] = []
  const rows: string[][] = []
  for (const planned of await planDeliveries(issuer)) {
    seen.clear()
    const startedAt = performance.now()
    const answers = await Promise.all(servers.map(({ url }) => deliver(url, planned.token)))
    const ms = (performance.now() - startedAt) / servers.length
    const statuses = answers.map(({ status }) => String(status))
    const sights = new Set(names.map((name) => seen.get(name) ?? planned.note))
    if (
      statuses.some((status) => status !== String(planned.status)) ||
      seen.size !== (planned.runs ? names.length : 0) ||
      sights.size !== 1
    )
      faults.push(planned.name)
    rows.push([planned.name, ...statuses, [...sights].join(' / '), ms.toFixed(1)])
  }
  await Promise.all([issuer.close(), ...servers.map((server) => server.close())])
  const head = ['delivery', ...names, 'what the application saw', 'ms']
  console.log(renderTable([head, ...rows]))
  console.log(
    faults.length === 0
      ? `\nAll ${rows.length} deliveries to each of ${names.length} adapters had the expected result: every billing event was verified and handled once, every forgery was refused, and nothing authentic failed.`
      : `\nUnexpected result: ${faults.join('; ')}.`,
  )
  return faults.length === 0
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return lines.map((line) => line.trimEnd()).join('\n')
}
