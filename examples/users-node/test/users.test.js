import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf, updateOf } from '../src/users.js'

const cases = [
  ['signup', { id: '12', name: 'test', email: 'test@example.com' },
    { type: 'user', id: '12', name: 'test', email: 'test@example.com' }],
  ['addPhoneNumber', { id: '12', phoneNumber: '+46 8 123' }, { phoneNumber: '+46 8 123' }],
  ['verifyPhoneNumber', { id: '12' }, { verifiedPhoneNumber: true }],
  ['addLocation', { id: '12', long: 18, lat: 59 }, { location: { long: 18, lat: 59 } }],
  ['toString', { id: '12' }, {}]
]

for (const [type, payload, changes] of cases) {
  test(type, () => assert.deepEqual(changesOf({ type, payload }), changes))
}

test('the first event wants a row without a version', () => {
  const event = { sk: 1, type: 'signup', payload: { id: '12', name: 'test' } }

  assert.deepEqual(updateOf(event), {
    UpdateExpression: 'SET #type = :type, #id = :id, #name = :name, #version = :version',
    ExpressionAttributeNames: {
      '#type': 'type', '#id': 'id', '#name': 'name', '#version': 'version'
    },
    ExpressionAttributeValues: { ':type': 'user', ':id': '12', ':name': 'test', ':version': 1 },
    ConditionExpression: 'attribute_not_exists(#version)'
  })
})

test('a later event wants the version before it', () => {
  assert.deepEqual(updateOf({ sk: 3, type: 'unknown', payload: {} }), {
    UpdateExpression: 'SET #version = :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': 3, ':previous': 2 },
    ConditionExpression: '#version = :previous'
  })
})
