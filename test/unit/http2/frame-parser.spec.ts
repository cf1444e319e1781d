import { describe, expect, it } from 'vitest';
import {
  Http2FrameParser,
  type Http2FrameHandler,
} from '../../../lib/http2/inbound/frame-parser.js';
import { FLAG, frame, number32, PREFACE, TYPE } from '../../fixtures/http2/raw-client.js';

/** Writes down what it is told; pieces of one payload are joined. */
class Recorder implements Http2FrameHandler {
  readonly events: string[] = [];
  #data = Buffer.alloc(0);

  onPreface(): void {
    this.events.push('preface');
  }

  onBadPreface(): void {
    this.events.push('bad preface');
  }

  onHeader(type: number, flags: number, streamId: number, length: number): void {
    this.events.push(`header ${type} ${flags} ${streamId} ${length}`);
  }

  onData(chunk: Buffer, start: number, end: number): void {
    const piece = chunk.subarray(start, end);
    this.#data = Buffer.concat([this.#data, piece]);
  }

  onDataEnd(): void {
    this.events.push(`data ${this.#data.toString('hex')}`);
    this.#data = Buffer.alloc(0);
  }

  onPayload(payload: Buffer): void {
    this.events.push(`payload ${payload.toString('hex')}`);
  }

  onBadPadding(): void {
    this.events.push('bad padding');
  }
}

function parse(chunks: readonly Buffer[], readsPreface = false): string[] {
  const recorder = new Recorder();
  const parser = new Http2FrameParser(recorder, readsPreface);
  for (const chunk of chunks) parser.push(chunk);
  return recorder.events;
}

const CONVERSATION = Buffer.concat([
  PREFACE,
  frame(TYPE.settings, 0, 0, Buffer.from('000300000064', 'hex')),
  frame(TYPE.data, 0, 1, Buffer.from('hello')),
  frame(TYPE.data, FLAG.endStream, 1),
  frame(TYPE.data, FLAG.padded, 3, Buffer.from('\u0003padded\0\0\0', 'latin1')),
  frame(TYPE.data, FLAG.padded, 3, Buffer.from([2, 0, 0])),
  frame(0x42, 0xff, 5, Buffer.from('of a type nobody knows')),
  frame(TYPE.ping, FLAG.ack, 0, Buffer.from('12345678')),
  frame(TYPE.windowUpdate, 0, 0x7fff_ffff, number32(1)),
]);

const EVENTS = [
  'preface',
  'header 4 0 0 6',
  'payload 000300000064',
  'header 0 0 1 5',
  `data ${Buffer.from('hello').toString('hex')}`,
  'header 0 1 1 0',
  'data ',
  'header 0 8 3 10',
  `data ${Buffer.from('padded').toString('hex')}`,
  'header 0 8 3 3',
  'data ',
  'header 66 255 5 22',
  'header 6 1 0 8',
  `payload ${Buffer.from('12345678').toString('hex')}`,
  'header 8 0 2147483647 4',
  'payload 00000001',
];

describe('the parser of HTTP/2 frames', () => {
  it('finds the same in one chunk', () => {
    expect(parse([CONVERSATION], true)).toEqual(EVENTS);
  });

  it('finds the same however two chunks cut it', () => {
    for (let at = 0; at <= CONVERSATION.length; at++) {
      const chunks = [CONVERSATION.subarray(0, at), CONVERSATION.subarray(at)];
      expect(parse(chunks, true), `cut at ${at}`).toEqual(EVENTS);
    }
  });

  it.each([1, 2, 3, 7, 10])('finds the same in chunks of %i bytes', (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < CONVERSATION.length; at += size) {
      chunks.push(CONVERSATION.subarray(at, at + size));
    }
    expect(parse(chunks, true)).toEqual(EVENTS);
  });

  it('hands on DATA in place', () => {
    const chunk = frame(TYPE.data, 0, 1, Buffer.from('hello'));
    const pieces: Buffer[] = [];
    const recorder = new Recorder();
    recorder.onData = (given, start, end) => pieces.push(given.subarray(start, end));

    new Http2FrameParser(recorder, false).push(chunk);

    expect(pieces[0]!.buffer).toBe(chunk.buffer);
  });

  it('ignores the reserved bit of a stream id', () => {
    expect(parse([frame(TYPE.ping, 0, 0x8000_0001)])[0]).toBe('header 6 0 1 0');
  });

  it.each([
    ['longer than the frame', [4, 0, 0]],
    ['missing its length', []],
  ])('reports padding that is %s', (_what, payload) => {
    const events = parse([frame(TYPE.data, FLAG.padded, 1, Buffer.from(payload))]);
    expect(events.at(-1)).toBe('bad padding');
  });

  it('notices at the first wrong byte that there is no preface', () => {
    expect(parse([Buffer.from('PRI * HTTP/1')], true)).toEqual(['bad preface']);
  });

  it('says nothing more once it was stopped', () => {
    const recorder = new Recorder();
    const parser = new Http2FrameParser(recorder, false);
    recorder.onPayload = () => parser.stop();

    parser.push(
      Buffer.concat([frame(TYPE.ping, 0, 0, Buffer.alloc(8)), frame(TYPE.settings, 0, 0)]),
    );

    expect(recorder.events).toEqual(['header 6 0 0 8']);
  });
});
