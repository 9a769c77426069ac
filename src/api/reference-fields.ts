/** The fields of a JSON schema as rows of a table: name, type, meaning. */
import { escapeHtml, prose } from './reference-frame.ts';

type Json = Readonly<Record<string, unknown>>;

/** Objects inside of objects deeper than this are named, not opened. */
const DEPTH_MAX = 2;

/** Rows of markup; a field's parts stand below it under their whole path. */
export function fieldRows(schema: Json, doc: Json, required: string): string[][] {
  return rowsAt(schema, doc, required, '', 0);
}

function rowsAt(
  schema: Json,
  doc: Json,
  required: string,
  path: string,
  depth: number,
): string[][] {
  const resolved = mergedOf(schema, doc);
  const musts = new Set(Array.isArray(resolved['required']) ? resolved['required'] : []);
  return Object.entries(jsonOf(resolved['properties'])).flatMap(([name, value]) => {
    const field = jsonOf(value);
    const must = required !== '' && musts.has(name) ? `, ${required}` : '';
    const row = [
      `<code>${escapeHtml(path + name)}</code>`,
      `<span class="soft">${typeOf(field)}${must}</span>`,
      meaningOf(field),
    ];
    const inner = field['type'] === 'array' ? jsonOf(field['items']) : field;
    const isOpened = depth < DEPTH_MAX && inner['$ref'] === undefined;
    const mark = field['type'] === 'array' ? '[]' : '';
    const below = isOpened ? rowsAt(inner, doc, '', `${path}${name}${mark}.`, depth + 1) : [];
    return [row, ...below];
  });
}

/** A schema with what it refers to and what it is put together from. */
function mergedOf(schema: Json, doc: Json): Json {
  const reference = refOf(schema);
  if (reference !== '') {
    return mergedOf(jsonOf(jsonOf(jsonOf(doc['components'])['schemas'])[reference]), doc);
  }
  if (!Array.isArray(schema['allOf'])) return schema;
  const parts = schema['allOf'].map((part) => mergedOf(jsonOf(part), doc));
  return {
    properties: Object.assign({}, ...parts.map((part) => part['properties'])),
    required: parts.flatMap(({ required }) => (Array.isArray(required) ? required : [])),
  };
}

function typeOf(field: Json): string {
  const reference = refOf(field);
  if (reference !== '') {
    return `<a href="#object-${escapeHtml(reference)}">${escapeHtml(reference)}</a>`;
  }
  const choices = field['anyOf'] ?? field['oneOf'];
  if (Array.isArray(choices)) {
    return [...new Set(choices.map((one) => typeOf(jsonOf(one))))].join(' | ');
  }
  const { type, items, format } = field;
  if (type === 'array') return `${typeOf(jsonOf(items))}[]`;
  const names = Array.isArray(type) ? type.join(' | ') : typeof type === 'string' ? type : '';
  return escapeHtml(typeof format === 'string' ? `${names} ${format}` : names);
}

function meaningOf(field: Json): string {
  const { description, examples } = field;
  const choices = Array.isArray(field['enum']) ? field['enum'] : [];
  const words = typeof description === 'string' ? prose(description) : '';
  const values = choices.map((one) => `<code>${escapeHtml(String(one))}</code>`).join(' · ');
  const [example] = Array.isArray(examples) ? examples : [];
  const shown = example === undefined ? '' : `<code>${escapeHtml(JSON.stringify(example))}</code>`;
  return [words, values, choices.length === 0 ? shown : ''].filter((one) => one !== '').join(' ');
}

function refOf(schema: Json): string {
  const { $ref } = schema;
  return typeof $ref === 'string' ? ($ref.split('/').at(-1) ?? '') : '';
}

const jsonOf = (value: unknown): Json => ({ ...Object(value) });
