// A DynamoDB attribute value, {"M": {"id": {"S": "12"}}}, as the JSON text that people mean: {"id":"12"}.
//
// Numbers are copied digit for digit. A JavaScript number holds 15 digits for sure, DynamoDB's 38.
export function toJson (value) {
  const [[type, content]] = Object.entries(value)

  switch (type) {
    case 'M':
      return `{${Object.entries(content).filter(([, member]) => member !== undefined).map(toMember)}}`
    case 'L':
      return `[${content.map(toJson)}]`
    case 'N':
      return content
    case 'NS':
      return `[${content}]`
    case 'NULL':
      return 'null'
    default: // S, BOOL, SS; B and BS are base64 in change records
      return JSON.stringify(content)
  }
}

function toMember ([name, value]) {
  return `${JSON.stringify(name)}:${toJson(value)}`
}
