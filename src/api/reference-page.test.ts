import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import { PROBLEM_CODES } from '../core/problem.ts';
import type { ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { documentOf } from './document-routes.ts';
import { referencePage } from './reference-page.ts';

let rig: ApiRig;
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
});
afterAll(async () => await rig.close());

const read = async (url: string, headers: Record<string, string> = {}) =>
  await rig.app.inject({ method: 'GET', url, headers });

describe('the API reference at /docs', () => {
  test('needs no key, no script and nothing from elsewhere', async () => {
    const { statusCode, headers, payload } = await read('/docs');
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(payload).not.toMatch(/<script|<img|<link|\bon\w+=|src=|url\(/);
    expect(payload).toContain('href="/openapi.json"');
  });

  test('speaks the language that is asked for, or that the browser names', async () => {
    const chinese = await read('/docs?lang=zh', { 'accept-language': 'en' });
    expect(chinese.payload).toContain('接口文档');
    expect((await read('/docs', { 'accept-language': 'zh-CN,en;q=0.5' })).payload).toBe(
      chinese.payload,
    );
    expect((await read('/docs')).payload).toContain('API reference');
    expect((await read('/docs?lang=de')).payload).toContain('API reference');
  });

  test('shows every call and every problem of the document, and every link leads somewhere', async () => {
    const { default: document } = await import('../../docs/openapi.json', {
      with: { type: 'json' },
    });
    const page = referencePage(document, 'en');
    for (const { method, path } of await documentOf()) {
      expect(page).toContain(
        `<span class="method ${method}">${method}</span> <code>${path}</code>`,
      );
    }
    for (const code of PROBLEM_CODES) expect(page).toContain(`id="problem-${code}"`);
    const anchors = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(anchors).size).toBe(anchors.length);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !anchors.includes(id))).toEqual([]);
  });

  test('takes nothing in the document for markup', () => {
    const evil = '<script>alert(1)</script>"\'&';
    const operation = { operationId: evil, summary: evil, description: evil, tags: [evil] };
    const document = {
      info: { version: evil, description: evil },
      tags: [{ name: evil, description: evil }],
      paths: { [evil]: { get: { ...operation, responses: { [evil]: { description: evil } } } } },
      components: { schemas: { [evil]: { properties: { [evil]: { description: evil } } } } },
    };
    expect(referencePage(document, 'en')).not.toContain('<script>');
  });
});
