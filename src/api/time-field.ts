/** Times in requests: RFC 3339 with a zone, because a time without one is somebody's guess. */
import { Type } from 'typebox';

/** A field that takes an RFC 3339 time; what passes it, `Date.parse` reads. */
export function timeField(description: string) {
  return Type.String({
    pattern:
      '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[Tt]([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)$',
    description: `an RFC 3339 time with a zone: ${description}`,
    examples: ['2026-11-22T04:00:00Z'],
  });
}
