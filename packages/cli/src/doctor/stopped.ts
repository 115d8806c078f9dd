/** The doctor has used up its requests or its time, or was interrupted. */
export class Stopped extends Error {}
