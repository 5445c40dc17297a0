// Event source mappings with the AWS SDK for JavaScript: mappings.mjs QUEUE-ARN FUNCTION. Prints what it was told.
import {
  CreateEventSourceMappingCommand, DeleteEventSourceMappingCommand, GetEventSourceMappingCommand, LambdaClient,
  ListTagsCommand, TagResourceCommand, UntagResourceCommand, UpdateEventSourceMappingCommand
} from '@aws-sdk/client-lambda'

const [EventSourceArn, FunctionName] = process.argv.slice(2)
const client = new LambdaClient({})
const said = {}
const send = async (command) => {
  const { $metadata, ...answer } = await client.send(command)
  return answer
}
const settled = async (UUID) => {
  for (;;) {
    const answer = await send(new GetEventSourceMappingCommand({ UUID }))
    if (answer.State === 'Enabled' || answer.State === 'Disabled') return answer
  }
}

said.created = await send(new CreateEventSourceMappingCommand({
  EventSourceArn, FunctionName, ScalingConfig: { MaximumConcurrency: 7 }, Tags: { team: 'a' }
}))
const { UUID, EventSourceMappingArn: Resource } = said.created
await settled(UUID)
await send(new TagResourceCommand({ Resource, Tags: { more: 'b' } }))
said.tags = (await send(new ListTagsCommand({ Resource }))).Tags
await send(new UntagResourceCommand({ Resource, TagKeys: ['team'] }))
said.fewerTags = (await send(new ListTagsCommand({ Resource }))).Tags
said.updated = await send(new UpdateEventSourceMappingCommand({
  UUID, ScalingConfig: {}, FunctionResponseTypes: ['ReportBatchItemFailures']
}))
await settled(UUID)
said.refused = await send(new UpdateEventSourceMappingCommand({
  UUID, ProvisionedPollerConfig: { MinimumPollers: 2 }
})).catch(({ name, message }) => ({ name, message }))
await send(new DeleteEventSourceMappingCommand({ UUID }))
said.afterwards = await (async () => {
  for (;;) await send(new GetEventSourceMappingCommand({ UUID }))
})().catch(({ name }) => name)
console.log(JSON.stringify(said))
