import { YamuxFrameParser, type YamuxFrameHandler } from '../../../lib/yamux/frame-parser.js';

/** What a parser reports, one line for each thing; payload byte by byte, so that pieces do not matter. */
export type ParserEvents = string[];

/** What is to be found in `bytes`, by the simplest code that could find it: all at once, by slices. */
export function framesOf(bytes: Buffer): ParserEvents {
  const events: ParserEvents = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 0) return [...events, `invalid version ${bytes[at]}`];
    if (at + 1 === bytes.length) return [...events, 'inside'];
    if (bytes[at + 1]! > 3) return [...events, `invalid type ${bytes[at + 1]}`];
    if (at + 12 > bytes.length) return [...events, 'inside'];
    const [type, flags] = [bytes[at + 1], bytes.readUInt16BE(at + 2)];
    const [id, length] = [bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8)];
    if (id === 0 && type! <= 1) return [...events, 'invalid stream 0'];
    at += 12;
    if (type === 1) events.push(`update ${flags} ${id} ${length}`);
    if (type === 2) events.push(`ping ${flags} ${length}`);
    if (type === 3) events.push(`goaway ${length}`);
    if (type !== 0) continue;
    const payload = bytes.subarray(at, at + length);
    events.push(`data ${flags} ${id} ${length}`, `payload ${payload.toString('hex')}`);
    if (payload.length < length) return [...events, 'inside'];
    events.push('end of data');
    at += length;
  }
  return events;
}

/** What our parser finds in `bytes` when they come in chunks that end at `cuts`. */
export function parsedBy(bytes: Buffer, cuts: readonly number[]): ParserEvents {
  const events: ParserEvents = [];
  const parser = new YamuxFrameParser(recorder(events, () => parser.stop()));
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    // A chunk of its own, whose bytes are gone afterwards: nothing may rely on them later.
    const chunk = Buffer.from(bytes.subarray(start, end));
    if (chunk.length > 0) parser.push(chunk);
    chunk.fill(0xee);
    start = end;
  }
  const isOver = events.at(-1)?.startsWith('invalid');
  return !isOver && parser.insideFrame ? [...events, 'inside'] : events;
}

function recorder(events: ParserEvents, stop: () => void): YamuxFrameHandler {
  return {
    onData: (flags, id, length) => void events.push(`data ${flags} ${id} ${length}`, 'payload '),
    onPayload: (piece) => void events.push(`${events.pop()}${piece.toString('hex')}`),
    onDataEnd: () => void events.push('end of data'),
    onWindowUpdate: (flags, id, delta) => void events.push(`update ${flags} ${id} ${delta}`),
    onPing: (flags, value) => void events.push(`ping ${flags} ${value}`),
    onGoAway: (code) => void events.push(`goaway ${code}`),
    onInvalid: (message, rule = message) => {
      events.push(rule.replace(/^frame (?:of|for) (?:unknown )?(\w+ \d+).*/, 'invalid $1'));
      stop();
    },
  };
}

/** @throws Error that says where they differ, if the parser does not find what there is. */
export function compareParser(bytes: Buffer, cuts: readonly number[]): void {
  const [expected, found] = [framesOf(bytes), parsedBy(bytes, cuts)];
  for (let at = 0; at < Math.max(expected.length, found.length); at++) {
    if (expected[at] !== found[at]) {
      throw new Error(`event ${at}: ${found[at] ?? 'none'} instead of ${expected[at] ?? 'none'}`);
    }
  }
}
