/** One attempt of a delivery. */
export interface SimulatedAttempt {
  /** Time of the attempt, in milliseconds after the start of the simulation. */
  readonly atMs: number
  /** `scheduled`: an attempt of Kinde's schedule. `duplicate`: a second arrival of one. */
  readonly kind: 'scheduled' | 'duplicate'
  /** Status of the endpoint's response, even if the response was lost; `undefined` if there was none. */
  readonly status: number | undefined
  /** Body of the response; `undefined` if there was none. */
  readonly body: string | undefined
  /** True if the response was lost on its way to Kinde. */
  readonly isAnswerLost: boolean
}

/** The result of delivering one event to one endpoint. */
export interface SimulatedDelivery {
  /** The endpoint's name in `endpoints`. */
  readonly endpoint: string
  /** The `event_id`. */
  readonly eventId: string
  /** The event's type. */
  readonly type: string
  /** The `webhook-id` header, the same on every attempt. */
  readonly webhookId: string
  /** All attempts, in the order in which they were made. */
  readonly attempts: readonly SimulatedAttempt[]
  /** Time at which Kinde saw the first 200, in milliseconds after the start; `undefined` if it never did. */
  readonly deliveredAtMs: number | undefined
  /** True if no attempt succeeded before the schedule ended or the endpoint was disabled. */
  readonly isGivenUp: boolean
}

/** Result of a simulation. */
export interface SimulationReport {
  /** One delivery for each event and endpoint, in the order of the events. */
  readonly deliveries: readonly SimulatedDelivery[]
  /** Totals for each endpoint, by its name. */
  readonly endpoints: {
    readonly [name: string]: {
      /** Number of attempts, duplicates included. */
      readonly attempts: number
      /** Time at which Kinde disabled the endpoint, in milliseconds after the start: after 72 h without a success. */
      readonly disabledAtMs: number | undefined
    }
  }
  /** Simulated time from the start to the last attempt, in milliseconds. */
  readonly durationMs: number
}
