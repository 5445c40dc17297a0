// Change stream of the log's table -> bus. When it throws, Lambda hands it the same records again: the
// bus sees every event at least once.
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { inBatches, isEvent, toEntry } from './entries.js'

const eventBridge = new EventBridgeClient()

export async function handler ({ Records: records }) {
  const entries = records.filter(isEvent).map(record => toEntry(record, process.env.EVENT_BUS))

  for (const batch of inBatches(entries)) {
    const answer = await eventBridge.send(new PutEventsCommand({ Entries: batch }))

    if (answer.FailedEntryCount > 0) {
      const { ErrorCode, ErrorMessage } = answer.Entries.find(entry => entry.ErrorCode)
      throw new Error(`${answer.FailedEntryCount} events were refused: ${ErrorCode}: ${ErrorMessage}`)
    }
  }
}
