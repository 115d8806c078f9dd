/** Removes secrets from text that goes into an error: a server or a proxy may echo what it was sent. */
export interface Redactor {
  /** Adds a secret, such as a new token. The last few are remembered. */
  add(secret: string): void
  /** Replaces every known secret, also if it is URL-encoded. */
  redact(text: string): string
}

/** Shorter strings occur in ordinary words. */
const MIN_SECRET_CHARS = 4
const MAX_SECRETS = 8

/** Creates a {@link Redactor} that always knows the client secret. */
export function createRedactor(clientSecret: string): Redactor {
  const recent: string[] = []
  return {
    add(secret) {
      recent.push(secret)
      if (recent.length > MAX_SECRETS) recent.shift()
    },
    redact(text) {
      return [clientSecret, ...recent]
        .flatMap((secret) => [secret, encodeURIComponent(secret)])
        .filter((secret) => secret.length >= MIN_SECRET_CHARS)
        .reduce((redacted, secret) => redacted.replaceAll(secret, '[redacted]'), text)
    },
  }
}
