// Notes when it got which event (board.h), and does nothing else.
import { openSync, writeSync } from 'node:fs'

const board = openSync(process.env.WAY_BOARD, 'r+')
const moment = Buffer.alloc(8)

export const handler = async ({ detail }) => {
  moment.writeBigUInt64LE(process.hrtime.bigint())
  writeSync(board, moment, 0, 8, Number(detail.key.pk.split('#')[1]) * 24 + 16)
}
