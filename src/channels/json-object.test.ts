import { describe, expect, test } from 'vitest';
import { readJsonObject } from './json-object.ts';

const NAMES = new Set(['amount', 'out_no']);
const read = (body: string | Uint8Array) =>
  readJsonObject(typeof body === 'string' ? Buffer.from(body) : body, NAMES);

describe('a JSON object that money depends on', () => {
  test.each([
    ['{"amount":1,"x":2,"x":3}', 'other names may repeat'],
    ['{"amount":1,"trades":[{"amount":1},{"amount":2}]}', 'the same name in different objects'],
    ['{"x":"amount","y":"\\"amount\\":1","amount":1}', 'a name inside a value'],
    ['{"x":["amount","amount"],"amount":1}', 'a name in a list'],
    ['{"x\\\\":"amount","amount" \n:1}', 'an escaped backslash before a quote'],
  ])('%s is read (%s)', (body) => {
    expect(read(body)).toMatchObject({ type: 'object', value: { amount: 1 } });
  });

  test.each([
    ['{"amount":1,"amount":1}', 'the field amount comes twice'],
    ['{"amount":1,"\\u0061mount":2}', 'the field amount comes twice'],
    ['{"amount":1,"x":{},"y":[1],"amount"\t:2}', 'the field amount comes twice'],
    ['{"trades":[{"amount":1,"amount":2}]}', 'the field amount comes twice'],
    ['{"x":"\\"","amount":1,"amount":2}', 'the field amount comes twice'],
    ['[{"amount":1}]', 'the body is not a JSON object'],
    ['null', 'the body is not a JSON object'],
    ['', 'the body is not JSON'],
    ['{"amount":1}x', 'the body is not JSON'],
    ['{"amount":1,}', 'the body is not JSON'],
    ['\ufeff{"amount":1}', 'the body is not JSON'],
  ])('%s is broken: %s', (body, reason) => {
    expect(read(body)).toMatchObject({ type: 'broken', reason });
  });

  test('bytes that are not UTF-8 are broken, and still shown', () => {
    const gbk = Buffer.concat([
      Buffer.from('{"x":"'),
      Buffer.from([0xd6, 0xd0]),
      Buffer.from('"}'),
    ]);
    const reading = read(gbk);
    expect(reading).toMatchObject({ type: 'broken', reason: 'the body is not UTF-8' });
    expect(reading.text).toContain('{"x":"');
  });

  test('neither depth nor a prototype does harm', () => {
    const depth = 200_000;
    expect(read('['.repeat(depth) + ']'.repeat(depth)).type).toBe('broken');
    expect(read(`{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`).type).toBe('object');
    expect(read('{"__proto__":{"amount":1}}')).toMatchObject({ type: 'object' });
    expect(({} as Record<string, unknown>)['amount']).toBeUndefined();
  });
});
