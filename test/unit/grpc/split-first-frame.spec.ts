import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { splitFirstFrame } from '../../../lib/grpc/grpc-js/split-first-frame.js';

const SETTINGS = Buffer.from('000000040000000000', 'hex');
const GOAWAY = Buffer.from('0000080700000000000000000000000000', 'hex');

/** What is read of a stream that has these pieces already: in this turn, and in the next one. */
async function readOf(pieces: Buffer[]): Promise<Buffer[]> {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  for (const piece of pieces) stream.push(piece);
  const turns: Buffer[][] = [[]];
  setImmediate(() => turns.push([]));
  splitFirstFrame(stream).on('data', (chunk: Buffer) => turns.at(-1)!.push(chunk));
  for (let i = 0; i < 3; i += 1) await new Promise(setImmediate);
  return turns.map((chunks) => Buffer.concat(chunks));
}

it.each([
  ['in one piece', [Buffer.concat([SETTINGS, GOAWAY])]],
  ['in a piece for each', [SETTINGS, GOAWAY]],
  ['cut within the first frame', [SETTINGS.subarray(0, 5), SETTINGS.subarray(5), GOAWAY]],
])('the first frame is read in a turn of its own when all came %s', async (_how, pieces) => {
  expect(await readOf(pieces)).toEqual([SETTINGS, GOAWAY]);
});
