// What an event changes in the row of its user. An attribute that the event does not have is undefined.
export function changesOf ({ type, payload }) {
  switch (type) {
    case 'signup':
      return { type: 'user', id: payload.id, name: payload.name, email: payload.email }
    case 'addPhoneNumber':
      return { phoneNumber: payload.phoneNumber }
    case 'verifyPhoneNumber':
      return { verifiedPhoneNumber: true }
    case 'addLocation':
      return { location: { long: payload.long, lat: payload.lat } }
    default:
      return {} // not for this table: only the version moves on
  }
}

// The update that takes a row from the version before this event to this event. It fails with
// ConditionalCheckFailedException when the row has another version.
export function updateOf (event) {
  const attributes = Object.entries({ ...changesOf(event), version: event.sk }).filter(
    ([, value]) => value !== undefined
  )
  const update = {
    UpdateExpression: `SET ${attributes.map(([name]) => `#${name} = :${name}`).join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(attributes.map(([name]) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      attributes.map(([name, value]) => [`:${name}`, value])
    ),
    ConditionExpression: 'attribute_not_exists(#version)'
  }

  if (Number(event.sk) > 1) {
    update.ConditionExpression = '#version = :previous'
    update.ExpressionAttributeValues[':previous'] = Number(event.sk) - 1
  }
  return update
}
