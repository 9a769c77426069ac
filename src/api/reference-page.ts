/** `/docs`: the OpenAPI document as one page for people. Decision record 0009 says why it is our own. */
import { PROBLEM_CODES, PROBLEMS } from '../core/problem.ts';
import type { Language } from './reference-frame.ts';
import { escapeHtml, htmlTable, prose, referenceFrame } from './reference-frame.ts';
import { fieldRows } from './reference-fields.ts';

type Json = Readonly<Record<string, unknown>>;

const TEXTS = {
  en: {
    title: 'API reference',
    other: '<a href="?lang=zh" hreflang="zh" lang="zh">中文</a>',
    machine: 'The same for machines:',
    access: 'Access',
    keys: 'A merchant key (<code>sk_…</code>) or, where it says so, an operator key (<code>ok_…</code>), as <code>Authorization: Bearer</code> or as the user name of Basic authentication.',
    noKey: 'No key is asked for.',
    parameters: 'Parameters',
    body: 'Body',
    noFields: 'An empty object, or no body.',
    answers: 'Answers',
    example: 'Example',
    field: ['name', 'type', 'meaning'],
    answer: ['status', 'answer', 'meaning'],
    required: 'required',
    events: 'Events',
    eventsLead: 'What is posted to your endpoints, signed in the Standard Webhooks format.',
    objects: 'Objects',
    errors: 'Errors',
    errorsLead: 'Programs look at <code>code</code> and <code>retryable</code>.',
    error: ['code', 'status', 'retryable', 'meaning', 'what to do'],
    yes: 'yes',
    no: 'no',
  },
  zh: {
    title: '接口文档',
    other: '<a href="?lang=en" hreflang="en" lang="en">English</a>',
    machine: '供程序读取：',
    access: '鉴权',
    keys: '商户密钥（<code>sk_…</code>），个别接口用操作员密钥（<code>ok_…</code>）；放在 <code>Authorization: Bearer</code> 中，或作为 Basic 认证的用户名。',
    noKey: '无需密钥。',
    parameters: '参数',
    body: '请求体',
    noFields: '空对象，或不带请求体。',
    answers: '应答',
    example: '示例',
    field: ['名称', '类型', '含义'],
    answer: ['状态码', '应答', '含义'],
    required: '必填',
    events: '事件',
    eventsLead: '发往商户接收端点的内容，按 Standard Webhooks 格式签名。',
    objects: '对象',
    errors: '错误码',
    errorsLead: '程序请判断 <code>code</code> 和 <code>retryable</code>。',
    error: ['code', '状态码', '可重试', '含义', '怎么办'],
    yes: '是',
    no: '否',
  },
} as const;

/** The page of a document, in one language. Nothing in it is trusted to be markup. */
export function referencePage(document: object, language: Language): string {
  const doc = jsonOf(document);
  const info = jsonOf(doc['info']);
  const operations = operationsOf(doc);
  const sections = tagsOf(doc).map(({ name, zh }) => {
    const mine = operations.filter((one) => one.tag === name);
    const parts = mine.map((one) => operationSection(one, doc, language));
    return mine.length === 0
      ? ''
      : `<h2 id="tag-${escapeHtml(name)}">${escapeHtml(titleOf(name, zh, language))}</h2>${parts.join('')}`;
  });
  const texts = TEXTS[language];
  const lead = textOf(info['description'])
    .split('\n\n')
    .map((part) => `<p>${prose(part)}</p>`);
  const main = [
    `<h1>Tieout ${escapeHtml(textOf(info['version']))} · ${texts.title}</h1>`,
    ...lead,
    `<p>${texts.machine} <a href="/openapi.json">/openapi.json</a></p>`,
    `<h2 id="access">${texts.access}</h2><p>${texts.keys}</p>`,
    ...sections,
    eventSection(doc, language),
    objectSection(doc, language),
    errorSection(language),
  ];
  return referenceFrame(language, navigation(doc, operations, language), main.join('\n'));
}

type Operation = {
  readonly method: string;
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly json: Json;
};

function operationsOf(doc: Json): Operation[] {
  return Object.entries(jsonOf(doc['paths'])).flatMap(([path, methods]) =>
    Object.entries(jsonOf(methods)).map(([method, value]) => {
      const json = jsonOf(value);
      const tag = textOf(listOf(json['tags'])[0]);
      return { method: method.toUpperCase(), path, id: textOf(json['operationId']), tag, json };
    }),
  );
}

function tagsOf(doc: Json): { name: string; zh: string }[] {
  return listOf(doc['tags']).map((tag) => {
    const { name, description } = jsonOf(tag);
    return { name: textOf(name), zh: textOf(description) };
  });
}

const titleOf = (name: string, zh: string, language: Language): string =>
  language === 'zh' ? zh : name;

function navigation(doc: Json, operations: readonly Operation[], language: Language): string {
  const texts = TEXTS[language];
  const groups = tagsOf(doc).map(({ name, zh }) => {
    const items = operations
      .filter((one) => one.tag === name)
      .map(
        ({ id, method, path }) =>
          `<li><a href="#${escapeHtml(id)}"><span class="method ${method}">${method}</span><span>${escapeHtml(path).replaceAll('/', '<wbr>/')}</span></a></li>`,
      );
    if (items.length === 0) return '';
    return `<h2>${escapeHtml(titleOf(name, zh, language))}</h2><ul>${items.join('')}</ul>`;
  });
  const last = (['events', 'objects', 'errors'] as const)
    .map((name) => `<li><a href="#${name}">${texts[name]}</a></li>`)
    .join('');
  return `<strong>Tieout</strong> · ${texts.other}${groups.join('')}<h2>–</h2><ul>${last}</ul>`;
}

function operationSection(operation: Operation, doc: Json, language: Language): string {
  const { method, path, id, json } = operation;
  const texts = TEXTS[language];
  const description = textOf(json['description']);
  const parts = [
    `<h3>${prose(textOf(json['summary']))}</h3>`,
    `<p class="path"><span class="method ${method}">${method}</span> <code>${escapeHtml(path)}</code></p>`,
    description === '' ? '' : `<p>${prose(description)}</p>`,
    Array.isArray(json['security']) && json['security'].length === 0
      ? `<p class="soft">${texts.noKey}</p>`
      : '',
    parametersOf(json, language),
    bodyOf(json, doc, language),
    `<h4>${texts.answers}</h4>${answersOf(json, language)}`,
    exampleOf(operation, doc, language),
  ];
  return `<section id="${escapeHtml(id)}">${parts.join('\n')}</section>`;
}

function parametersOf(json: Json, language: Language): string {
  const texts = TEXTS[language];
  const rows = listOf(json['parameters']).map((value) => {
    const { name, schema, required, description } = jsonOf(value);
    const place = textOf(jsonOf(value)['in']);
    const must = required === true ? `, ${texts.required}` : '';
    return [
      `<code>${escapeHtml(textOf(name))}</code>`,
      `<span class="soft">${escapeHtml(`${textOf(jsonOf(schema)['type'])}, ${place}`)}${must}</span>`,
      prose(textOf(description)),
    ];
  });
  if (rows.length === 0) return '';
  return `<h4>${texts.parameters}</h4>${htmlTable(texts.field, rows)}`;
}

function schemaOf(content: unknown): Json {
  const [first] = Object.values(jsonOf(content));
  return jsonOf(jsonOf(first)['schema']);
}

function bodyOf(json: Json, doc: Json, language: Language): string {
  const body = jsonOf(json['requestBody']);
  if (body['content'] === undefined) return '';
  const texts = TEXTS[language];
  const rows = fieldRows(schemaOf(body['content']), doc, texts.required);
  const fields = rows.length === 0 ? `<p>${texts.noFields}</p>` : htmlTable(texts.field, rows);
  return `<h4>${texts.body}</h4>${fields}`;
}

function answersOf(json: Json, language: Language): string {
  const rows = Object.entries(jsonOf(json['responses'])).map(([status, value]) => {
    const { description, content } = jsonOf(value);
    const codes = Object.values(jsonOf(content)).flatMap((one) =>
      Object.keys(jsonOf(jsonOf(one)['examples'])),
    );
    const reference = textOf(schemaOf(content)['$ref']).split('/').at(-1) ?? '';
    const answer =
      codes.length > 0
        ? codes.map((code) => link(`problem-${code}`, code)).join(' ')
        : reference !== '' && link(`object-${reference}`, reference);
    return [escapeHtml(status), answer || '', prose(textOf(description))];
  });
  return htmlTable(TEXTS[language].answer, rows);
}

const link = (anchor: string, name: string): string =>
  `<a href="#${escapeHtml(anchor)}"><code>${escapeHtml(name)}</code></a>`;

/** A call that can be pasted; the address is the document's own first server. */
function exampleOf(operation: Operation, doc: Json, language: Language): string {
  const { method, path, json } = operation;
  const server = textOf(jsonOf(listOf(doc['servers'])[0])['url']);
  const lines = [`curl ${server}${path}`];
  if (method !== 'GET' && method !== 'POST') lines.push(`-X ${method}`);
  if (json['security'] === undefined) lines.push('-H "Authorization: Bearer $KEY"');
  if (method === 'POST') {
    const { required, properties } = schemaOf(jsonOf(json['requestBody'])['content']);
    const fields = listOf(required).map((name) => {
      const [example] = listOf(jsonOf(jsonOf(properties)[textOf(name)])['examples']);
      return [textOf(name), example];
    });
    lines.push(
      "-H 'Content-Type: application/json'",
      `-d '${JSON.stringify(Object.fromEntries(fields))}'`,
    );
  }
  return `<details><summary>${TEXTS[language].example}</summary><pre><code>${escapeHtml(lines.join(' \\\n  '))}</code></pre></details>`;
}

function eventSection(doc: Json, language: Language): string {
  const texts = TEXTS[language];
  const rows = Object.entries(jsonOf(doc['webhooks'])).map(([type, value]) => [
    `<code>${escapeHtml(type)}</code>`,
    prose(textOf(jsonOf(jsonOf(value)['post'])['summary'])),
  ]);
  const head = texts.field.filter((_name, at) => at !== 1);
  return `<h2 id="events">${texts.events}</h2><p>${texts.eventsLead}</p>${htmlTable(head, rows)}`;
}

function objectSection(doc: Json, language: Language): string {
  const texts = TEXTS[language];
  const schemas = Object.entries(jsonOf(jsonOf(doc['components'])['schemas']));
  const parts = schemas.map(([name, schema]) => {
    const rows = fieldRows(jsonOf(schema), doc, '');
    return `<section id="object-${escapeHtml(name)}"><h3>${escapeHtml(name)}</h3>${htmlTable(texts.field, rows)}</section>`;
  });
  return `<h2 id="objects">${texts.objects}</h2>${parts.join('')}`;
}

function errorSection(language: Language): string {
  const texts = TEXTS[language];
  const rows = PROBLEM_CODES.map((code) => {
    const { status, retryable, title, zh, next } = PROBLEMS[code];
    return [
      `<code id="problem-${code}">${code}</code>`,
      String(status),
      retryable ? texts.yes : texts.no,
      escapeHtml(language === 'zh' ? zh : title),
      prose(next),
    ];
  });
  return `<h2 id="errors">${texts.errors}</h2><p>${texts.errorsLead}</p>${htmlTable(texts.error, rows)}`;
}

const jsonOf = (value: unknown): Json => ({ ...Object(value) });
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
