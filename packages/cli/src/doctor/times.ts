/** How long the doctor waits, in milliseconds. */
export interface DoctorTimes {
  /** For one answer. */
  readonly answerMs: number
  /** For an answer to a body that never ends. */
  readonly stallMs: number
  /** Duration of a body that arrives slowly. */
  readonly slowMs: number
  /** Time that a cooperating handler is asked to take. */
  readonly handlerMs: number
  /** For an endpoint to ask for the keys again after an outage. */
  readonly recoveryMs: number
  /** For an endpoint to ask for a key that it does not have. */
  readonly rotationMs: number
}

export const DOCTOR_TIMES: DoctorTimes = {
  answerMs: 30_000,
  stallMs: 20_000,
  slowMs: 1500,
  handlerMs: 400,
  recoveryMs: 15_000,
  rotationMs: 45_000,
}
