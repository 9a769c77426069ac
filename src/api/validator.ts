/** Compiles the schemas of routes, and turns every fault of a request into one problem. */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { System } from 'typebox/system';
import type { CodedFieldError } from './api-problem.ts';
import { fieldProblem } from './api-problem.ts';
import { describeSchemaError } from './schema-error.ts';

/**
 * What a schema cannot say: codes of their own, and rules over several fields. Sees the body as it
 * came, also when the schema refuses it, so that all faults are answered at once.
 */
export type BodyCheck = (body: Readonly<Record<string, unknown>>) => CodedFieldError[];

/** A caller mends a handful of faults at a time; the compiler's own limit is 8. */
const ERRORS_MAX = 32;
System.Settings.Set({ maxErrors: ERRORS_MAX });

/** A validator compiler for routes; `check` concerns the body. */
export function validatorCompiler(check?: BodyCheck): FastifySchemaCompiler<TSchema> {
  return ({ schema, httpPart }) => {
    const compiled = Compile(schema);
    const prefix = httpPart === 'body' ? '' : `/${httpPart === 'querystring' ? 'query' : httpPart}`;
    const ownCheck = httpPart === 'body' ? check : undefined;
    return (sent: unknown) => {
      const value =
        httpPart === 'querystring' ? withIntegers(schema, sent) : absentAsEmpty(schema, sent);
      const own = isRecord(value) ? (ownCheck?.(value) ?? []) : [];
      if (own.length === 0 && compiled.Check(value)) return { value };
      const seen = new Set(own.map((error) => error.pointer));
      const general = compiled
        .Errors(value)
        .flatMap((error) => describeSchemaError(error, schema, value, prefix))
        .filter((error) => !seen.has(error.pointer));
      return { error: fieldProblem([...own, ...general].slice(0, ERRORS_MAX)) };
    };
  };
}

/** A request without a body is an empty object where no field is required. */
function absentAsEmpty(schema: TSchema, sent: unknown): unknown {
  const isOptional = !('required' in schema);
  return sent === null && isOptional ? {} : sent;
}

/** Query values are texts: plain digits become numbers where the schema wants an integer. */
function withIntegers(schema: TSchema, sent: unknown): unknown {
  if (!isRecord(sent) || !('properties' in schema) || !isRecord(schema.properties)) return sent;
  const value: Record<string, unknown> = { ...sent };
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = value[name];
    const wantsInteger = isRecord(property) && property['type'] === 'integer';
    if (wantsInteger && typeof text === 'string' && /^\d{1,15}$/.test(text))
      value[name] = Number(text);
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
