/** Schema faults in words for people: what the field is, and what was sent instead. */
import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import type { CodedFieldError } from './api-problem.ts';
import { pointerStep } from './strict-json.ts';

/** The faults that one schema error stands for; `prefix` is put before their pointers. */
export function describeSchemaError(
  error: TLocalizedValidationError,
  schema: TSchema,
  value: unknown,
  prefix: string,
): CodedFieldError[] {
  const at = prefix + error.instancePath;
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) =>
        invalid(at + pointerStep(name), 'It is required.'),
      );
    case 'additionalProperties': {
      const names = error.params.additionalProperties;
      return names.map((name) =>
        invalid(at + pointerStep(name), unknownWords(schema, error.instancePath)),
      );
    }
    // Comes beside `additionalProperties`, once for each name.
    case 'boolean':
      return [];
    case 'enum': {
      const allowed = error.params.allowedValues.map(String).join(', ');
      return [invalid(at, `It must be one of: ${allowed}.`)];
    }
    case 'type':
      return [
        invalid(
          at,
          `It must be ${typeWords(error.params.type)}, not ${sentWords(value, error.instancePath)}.`,
        ),
      ];
    case 'pattern':
      return [invalid(at, `It must be ${ruleOf(schema, error.schemaPath) ?? error.message}.`)];
    default:
      return [invalid(at, `It ${error.message}.`)];
  }
}

function invalid(pointer: string, detail: string): CodedFieldError {
  return { pointer, code: 'field_invalid', detail };
}

function unknownWords(schema: TSchema, instancePath: string): string {
  if (instancePath !== '' && instancePath !== '/metadata') return 'Unknown field.';
  if (instancePath !== '')
    return 'Such a key is not allowed: 1 to 40 characters, no control characters.';
  const known = 'properties' in schema ? Object.keys(Object(schema.properties)) : [];
  return known.length > 0
    ? `Unknown field. Known: ${known.join(', ')}.`
    : 'This call takes no fields.';
}

function typeWords(type: string | string[]): string {
  const names: Record<string, string> = {
    string: 'a text',
    integer: 'an integer',
    number: 'a number',
    boolean: 'true or false',
    object: 'an object',
    array: 'a list',
  };
  return [type]
    .flat()
    .map((one) => names[one] ?? one)
    .join(' or ');
}

function sentWords(value: unknown, instancePath: string): string {
  const sent = instancePath
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (one, step) => childOf(one, step.replaceAll('~1', '/').replaceAll('~0', '~')),
      value,
    );
  if (sent === null) return 'nothing';
  if (Array.isArray(sent)) return 'a list';
  if (typeof sent === 'string') return `the text ${JSON.stringify(sent.slice(0, 40))}`;
  if (typeof sent === 'number' || typeof sent === 'boolean') return String(sent);
  return 'an object';
}

function childOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** The schema's own description of a pattern, found by the path of its error. */
function ruleOf(schema: TSchema, schemaPath: string): string | undefined {
  const steps = schemaPath.split('/').slice(1);
  const place = steps.reduce<unknown>(childOf, schema);
  const description = childOf(place, 'description');
  return typeof description === 'string' ? description : undefined;
}
