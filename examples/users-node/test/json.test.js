import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toJson } from '../src/json.js'

const cases = [
  [{ S: 'a "b"\n' }, '"a \\"b\\"\\n"'],
  [{ N: '12345678901234567890123456789012345678' }, '12345678901234567890123456789012345678'],
  [{ N: '-0.50' }, '-0.50'],
  [{ BOOL: false }, 'false'],
  [{ NULL: true }, 'null'],
  [{ B: 'AQI=' }, '"AQI="'],
  [{ SS: ['a', 'b'] }, '["a","b"]'],
  [{ NS: ['1', '2.5'] }, '[1,2.5]'],
  [{ L: [{ N: '1' }, { L: [] }, { M: {} }] }, '[1,[],{}]'],
  [{ M: { id: { S: '12' }, gone: undefined, 'a"b': { N: '1' } } }, '{"id":"12","a\\"b":1}']
]

for (const [value, text] of cases) {
  test(text, () => assert.equal(toJson(value), text))
}
