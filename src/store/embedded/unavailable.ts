/** The embedded PostgreSQL cannot run here. The message is a sentence for a person, with the way out; no stack is needed. */
export class EmbeddedPostgresUnavailable extends Error {
  override readonly name = 'EmbeddedPostgresUnavailable';
}

/** The way out that every such sentence ends with. */
export const otherwise = 'or set DATABASE_URL to a PostgreSQL server of your own';
