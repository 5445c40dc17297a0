// Change records of the log's table as entries of PutEvents.
import { toJson } from './json.js'

export const ENTRIES_MAX = 10 // of one PutEvents
export const SIZE_MAX = 256 * 1024 // all entries of one PutEvents together must be smaller

const SOURCE = 'dynamodb-log'
const DETAIL_TYPE = 'stream changes'

export function toEntry (record, bus) {
  const { pk, sk, log, type, payload } = record.dynamodb.NewImage
  const key = { M: { pk, sk } }
  const entry = detail => ({
    EventBusName: bus,
    Source: SOURCE,
    DetailType: DETAIL_TYPE,
    Detail: toJson({ M: detail })
  })
  const whole = entry({ log, key, type, payload })

  if (entrySize(whole) < SIZE_MAX) return whole
  // Who wants the rest reads it from the log: the key is there.
  return entry({ log, key, type, partial: { BOOL: true }, payload: { M: { id: payload.M?.id } } })
}

// Events of a log are what was put into a stream; the table may hold other items too.
export function isEvent ({ eventName, dynamodb }) {
  return eventName !== 'REMOVE' && dynamodb.Keys.pk.S.endsWith('#stream')
}

// In order, as few requests as the limits allow.
export function * inBatches (entries) {
  let batch = []
  let size = 0

  for (const entry of entries) {
    if (batch.length === ENTRIES_MAX || (batch.length > 0 && size + entrySize(entry) >= SIZE_MAX)) {
      yield batch
      batch = []
      size = 0
    }
    batch.push(entry)
    size += entrySize(entry)
  }
  if (batch.length > 0) yield batch
}

// As EventBridge counts.
function entrySize ({ Source, DetailType, Detail }) {
  return Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail)
}
