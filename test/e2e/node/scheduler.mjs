// EventBridge Scheduler with the AWS SDK for JavaScript, which sends a ClientToken with each change.
import assert from 'node:assert/strict'
import {
  ConflictException, CreateScheduleCommand, CreateScheduleGroupCommand, DeleteScheduleCommand,
  DeleteScheduleGroupCommand, GetScheduleCommand, ListSchedulesCommand, ListTagsForResourceCommand,
  ResourceNotFoundException, SchedulerClient, TagResourceCommand, UntagResourceCommand,
  UpdateScheduleCommand, ValidationException, paginateListSchedules
} from '@aws-sdk/client-scheduler'

const scheduler = new SchedulerClient({ maxAttempts: 1, endpoint: process.env.DYNLOG_ENDPOINT })
const Target = {
  Arn: 'arn:aws:sqs:us-east-1:000000000000:from-node', RoleArn: 'arn:aws:iam::000000000000:role/r'
}
const FlexibleTimeWindow = { Mode: 'OFF' }
const GroupName = 'from-node'

const { ScheduleGroupArn } = await scheduler.send(
  new CreateScheduleGroupCommand({ Name: GroupName, Tags: [{ Key: 'a', Value: 'b' }] }))
const StartDate = new Date(Date.now() + 3600_000)
const { ScheduleArn } = await scheduler.send(new CreateScheduleCommand({
  Name: 'one', GroupName, ScheduleExpression: 'cron(0 12 ? * MON-FRI *)', StartDate, FlexibleTimeWindow, Target,
  ScheduleExpressionTimezone: 'UTC', ActionAfterCompletion: 'DELETE'
}))
assert.equal(ScheduleArn, 'arn:aws:scheduler:us-east-1:000000000000:schedule/from-node/one')
const got = await scheduler.send(new GetScheduleCommand({ Name: 'one', GroupName }))
assert.equal(got.StartDate.getTime(), StartDate.getTime())
assert.ok(got.CreationDate instanceof Date)
assert.equal(got.ActionAfterCompletion, 'DELETE')
assert.deepEqual(got.Target.RetryPolicy, { MaximumEventAgeInSeconds: 86400, MaximumRetryAttempts: 185 })

const again = new CreateScheduleCommand({
  Name: 'one', GroupName, ScheduleExpression: 'rate(1 day)', FlexibleTimeWindow, Target
})
await assert.rejects(scheduler.send(again), error => error instanceof ConflictException &&
  error.message === 'Schedule one already exists.' && error.$metadata.httpStatusCode === 409)
const wrong = new CreateScheduleCommand({
  Name: 'two', ScheduleExpression: 'rate(1 week)', FlexibleTimeWindow, Target
})
await assert.rejects(scheduler.send(wrong), error => error instanceof ValidationException &&
  error.message === 'Invalid Schedule Expression rate(1 week).')
await assert.rejects(scheduler.send(new GetScheduleCommand({ Name: 'none' })),
  error => error instanceof ResourceNotFoundException)

await scheduler.send(new UpdateScheduleCommand({
  Name: 'one', GroupName, ScheduleExpression: 'at(2100-01-01T00:00:00)', FlexibleTimeWindow, Target, State: 'DISABLED'
}))
for (const Name of ['three', 'four']) {
  await scheduler.send(new CreateScheduleCommand({
    Name, GroupName, ScheduleExpression: 'at(2100-01-01T00:00:00)', FlexibleTimeWindow, Target
  }))
}
const names = []
for await (const page of paginateListSchedules({ client: scheduler, pageSize: 1 }, { GroupName })) {
  names.push(...page.Schedules.map(schedule => schedule.Name))
}
assert.deepEqual(names, ['four', 'one', 'three'])
const disabled = await scheduler.send(new ListSchedulesCommand({ GroupName, State: 'DISABLED', NamePrefix: 'o' }))
assert.equal(disabled.Schedules.length, 1)

await scheduler.send(new TagResourceCommand({ ResourceArn: ScheduleGroupArn, Tags: [{ Key: 'c', Value: 'd' }] }))
await scheduler.send(new UntagResourceCommand({ ResourceArn: ScheduleGroupArn, TagKeys: ['a', 'x'] }))
const { Tags } = await scheduler.send(new ListTagsForResourceCommand({ ResourceArn: ScheduleGroupArn }))
assert.deepEqual(Tags, [{ Key: 'c', Value: 'd' }])

await scheduler.send(new DeleteScheduleCommand({ Name: 'one', GroupName }))
await scheduler.send(new DeleteScheduleGroupCommand({ Name: GroupName }))
await assert.rejects(scheduler.send(new GetScheduleCommand({ Name: 'three', GroupName })),
  error => error instanceof ResourceNotFoundException)
