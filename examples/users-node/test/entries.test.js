import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENTRIES_MAX, inBatches, isEvent, SIZE_MAX, toEntry } from '../src/entries.js'

function record (payload, { eventName = 'INSERT', pk = 'users#12#stream' } = {}) {
  const key = { pk: { S: pk }, sk: { N: '1' } }
  const image = { ...key, log: { S: 'users' }, type: { S: 'signup' }, payload: { M: payload } }
  return { eventName, dynamodb: { Keys: key, NewImage: image } }
}

const withText = size => record({ id: { S: '12' }, text: { S: 'x'.repeat(size) } })
const sizeOf = entry => `${entry.Source}${entry.DetailType}${entry.Detail}`.length

test('an entry has the event as its detail', () => {
  const entry = toEntry(record({ id: { S: '12' }, lat: { N: '59.3293235' } }), 'bus')

  assert.equal(entry.EventBusName, 'bus')
  assert.equal(entry.Source, 'dynamodb-log')
  assert.equal(entry.DetailType, 'stream changes')
  assert.equal(
    entry.Detail,
    '{"log":"users","key":{"pk":"users#12#stream","sk":1},"type":"signup",' +
      '"payload":{"id":"12","lat":59.3293235}}'
  )
})

test('the largest entry is whole, one byte more is partial', () => {
  const empty = sizeOf(toEntry(withText(0), 'bus'))
  const largest = toEntry(withText(SIZE_MAX - 1 - empty), 'bus')
  const partial = toEntry(withText(SIZE_MAX - empty), 'bus')

  assert.equal(sizeOf(largest), SIZE_MAX - 1)
  assert.equal(JSON.parse(largest.Detail).partial, undefined)
  assert.deepEqual(JSON.parse(partial.Detail), {
    log: 'users',
    key: { pk: 'users#12#stream', sk: 1 },
    type: 'signup',
    partial: true,
    payload: { id: '12' }
  })
})

test('only what was put into a stream is an event', () => {
  assert.equal(isEvent(record({})), true)
  assert.equal(isEvent(record({}, { eventName: 'MODIFY' })), true)
  assert.equal(isEvent(record({}, { eventName: 'REMOVE' })), false)
  assert.equal(isEvent(record({}, { pk: 'users#12' })), false)
})

test('batches keep the order and both limits', () => {
  const counts = entries => [...inBatches(entries)].map(batch => batch.length)
  const small = Array.from({ length: 2 * ENTRIES_MAX + 1 }, () => toEntry(withText(1), 'bus'))
  const large = Array.from({ length: 3 }, () => toEntry(withText(100 * 1024), 'bus'))

  assert.deepEqual(counts([]), [])
  assert.deepEqual(counts(small.slice(0, ENTRIES_MAX)), [ENTRIES_MAX])
  assert.deepEqual(counts(small), [ENTRIES_MAX, ENTRIES_MAX, 1])
  assert.deepEqual(counts(large), [2, 1])
  assert.deepEqual([...inBatches(large)].flat(), large)
})
