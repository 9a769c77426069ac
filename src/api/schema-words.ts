/** Short ways of writing the schemas of answers: JSON Schema 2020-12, as OpenAPI 3.1 has it. */

export type Schema = Readonly<Record<string, unknown>>;

export const text = (description: string, example?: string): Schema => ({
  type: 'string',
  description,
  ...(example !== undefined && { examples: [example] }),
});

export const count = (description: string): Schema => ({ type: 'integer', description });
export const flag = (description: string): Schema => ({ type: 'boolean', description });
export const time = (description: string): Schema => ({
  type: 'string',
  format: 'date-time',
  description,
});
export const oneOf = (values: readonly string[], description: string): Schema => ({
  type: 'string',
  enum: [...values],
  description,
});
/** The name of the kind of object, always the same. */
export const kind = (name: string): Schema => ({ type: 'string', enum: [name] });
export const listOf = (items: Schema, description: string): Schema => ({
  type: 'array',
  items,
  description,
});
export const ref = (component: string): Schema => ({ $ref: `${component}#` });

/** The same, or null. */
export function orNull(schema: Schema): Schema {
  const { type, enum: values } = schema;
  if (type === undefined) return { anyOf: [schema, { type: 'null' }] };
  return {
    ...schema,
    type: [type, 'null'],
    ...(Array.isArray(values) && { enum: [...values.map(String), null] }),
  };
}

/** An object of which every field is always there, and no other. */
export function exactly(properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  return {
    type: 'object',
    required: Object.keys(properties),
    properties,
    additionalProperties: false,
    ...more,
  };
}
