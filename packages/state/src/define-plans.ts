import { assertFunction, assertKnownOptions, assertObject, invalidConfiguration } from '@kinde-billing/core/internal'
import type { AgreementSummary, BillingSummary } from './summarize.js'

/** The features and limits of one plan. */
export interface PlanDefinition {
  /** The names of its features. */
  readonly features?: readonly string[] | undefined
  /** Its limits, by name. `Infinity` for none. */
  readonly limits?: Readonly<Record<string, number>> | undefined
}

/** The plans of an application, by the codes that they have in Kinde. */
export type PlanCatalogue = Readonly<Record<string, PlanDefinition>>

/** The names of all features of a catalogue. */
export type FeatureOf<Catalogue extends PlanCatalogue> = {
  [Code in keyof Catalogue]: Catalogue[Code]['features'] extends readonly (infer Feature)[] ? Feature : never
}[keyof Catalogue] &
  string

/** The names of all limits of a catalogue. */
export type LimitOf<Catalogue extends PlanCatalogue> = {
  [Code in keyof Catalogue]: Catalogue[Code]['limits'] extends Readonly<Record<string, number>>
    ? keyof Catalogue[Code]['limits']
    : never
}[keyof Catalogue] &
  string

/** A warning about a plan. */
export interface PlanWarning {
  /** `unknown_plan`: the catalogue does not have it. `features_differ`: Kinde lists other features for it. */
  readonly code: 'unknown_plan' | 'features_differ'
  /** The problem, and the fix. */
  readonly message: string
}

/** The options of {@link definePlans}. */
export interface DefinePlansOptions {
  /** Called once for each plan and cause. Default: `console.warn`. */
  readonly onWarning?: ((warning: PlanWarning) => void) | undefined
}

/** The result of {@link definePlans}. */
export interface Plans<Feature extends string = string, Limit extends string = string> {
  /** Tells whether a customer may use a feature: one of the agreements that give access has it in its plan. */
  can(summary: BillingSummary, feature: Feature): boolean
  /** The highest limit of the agreements that give access; 0 if none of their plans has the limit. */
  limit(summary: BillingSummary, limit: Limit): number
  /** All features of the agreements that give access, sorted. */
  features(summary: BillingSummary): Feature[]
}

const MAX_WARNINGS = 1000

/**
 * Defines what your plans give, by their codes in Kinde.
 *
 * Of several agreements the customer has all features and the highest limit. A plan that is not in the catalogue gives
 * nothing and is a warning. The catalogue decides; if Kinde lists other features for a plan (a snapshot tells), one
 * warning names both.
 *
 * @param catalogue - The plans.
 * @param options - Where warnings go.
 * @throws KindeWebhookError `invalid_configuration` for an option that is unknown or wrong, for features that are not a list of names,
 * and for a limit that is not a number.
 *
 * @example
 * ```ts
 * import { type BillingSummary, definePlans } from '@kinde-billing/state'
 *
 * const plans = definePlans({
 *   free: { features: ['projects'], limits: { seats: 1 } },
 *   pro: { features: ['projects', 'exports'], limits: { seats: 10 } },
 * })
 *
 * const mayExport = (summary: BillingSummary): boolean => plans.can(summary, 'exports')
 * const seats = (summary: BillingSummary): number => plans.limit(summary, 'seats')
 * ```
 */
export function definePlans<const Catalogue extends PlanCatalogue>(
  catalogue: Catalogue,
  options: DefinePlansOptions = {},
): Plans<FeatureOf<Catalogue>, LimitOf<Catalogue>> {
  assertObject(
    'catalogue',
    catalogue,
    "pass an object with a plan for each code, such as { pro: { features: ['exports'] } }",
  )
  const plans = new Map<string, PlanDefinition>(Object.entries(catalogue))
  assertKnownOptions('definePlans', options, ['onWarning'])
  assertFunction('onWarning', options.onWarning)
  for (const [code, plan] of plans) assertKnownOptions(`definePlans: the plan ${code}`, plan, ['features', 'limits'])
  for (const [code, plan] of plans) assertPlan(code, plan)
  const warned = new Set<string>()
  const { onWarning = ({ message }) => console.warn(message) } = options

  function warn(key: string, warning: PlanWarning): void {
    if (warned.has(key) || warned.size >= MAX_WARNINGS) return
    warned.add(key)
    onWarning(warning)
  }

  function definitionOf({ plan, features }: AgreementSummary): PlanDefinition {
    const code = plan?.code
    const definition = code === undefined ? undefined : plans.get(code)
    if (code === undefined || definition === undefined) {
      const name = code ?? plan?.name ?? plan?.id
      warn(`unknown ${name}`, { code: 'unknown_plan', message: unknownPlan(name, [...plans.keys()]) })
      return {}
    }
    const defined = definition.features ?? []
    if (features && !isSameSet(defined, features))
      warn(`differ ${code}`, { code: 'features_differ', message: otherFeatures(code, defined, features) })
    return definition
  }

  const definitions = (summary: BillingSummary): PlanDefinition[] =>
    summary.agreements.filter(({ access }) => access === 'active' || access === 'past_due').map(definitionOf)

  return {
    can: (summary, feature) => definitions(summary).some(({ features }) => features?.includes(feature)),
    limit: (summary, limit) =>
      definitions(summary).reduce((highest, { limits }) => Math.max(highest, ownLimit(limits, limit)), 0),
    features: (summary) =>
      // the catalogue's own names: its type knows no others
      [...new Set(definitions(summary).flatMap(({ features }) => features ?? []))].sort() as FeatureOf<Catalogue>[],
  }
}

/** A text in the place of the list would grant every part of it. */
function assertPlan(code: string, { features, limits }: PlanDefinition): void {
  const name = `definePlans: ${code}`
  if (features !== undefined && !isListOfNames(features))
    throw invalidConfiguration(`${name}.features`, features, "set it to a list of names, such as ['exports']")
  if (limits !== undefined) assertObject(`${name}.limits`, limits, 'set it to an object, such as { seats: 10 }')
  for (const [limit, value] of Object.entries(limits ?? {}))
    if (typeof value !== 'number' || Number.isNaN(value))
      throw invalidConfiguration(`${name}.limits.${limit}`, value, 'set it to a number or Infinity')
}

function isListOfNames(features: unknown): boolean {
  return Array.isArray(features) && features.every((name) => typeof name === 'string')
}

function ownLimit(limits: PlanDefinition['limits'], name: string): number {
  return limits && Object.hasOwn(limits, name) ? (limits[name] ?? 0) : 0
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}

function unknownPlan(name: string | undefined, codes: readonly string[]): string {
  const known = `It gives nothing. Known codes: ${codes.join(', ')}.`
  if (name === undefined)
    return `An agreement has no plan code in any event or snapshot. ${known} Sync the customer to learn its plan.`
  return `The plan ${JSON.stringify(name.slice(0, 80))} is not in definePlans. ${known} Add it to the catalogue.`
}

function otherFeatures(code: string, defined: readonly string[], listed: readonly string[]): string {
  return (
    `The plan "${code}" has the features [${[...defined].sort().join(', ')}] in definePlans, but [${listed.join(', ')}] in Kinde. ` +
    'definePlans decides. Change one of the two.'
  )
}
