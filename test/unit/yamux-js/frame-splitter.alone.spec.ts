import { describe, expect, it } from 'vitest';
import { FrameSplitter } from '../../../lib/yamux-js/frame-splitter.js';
import { D, header, P, SYN, W } from '../../fixtures/raw-peer.js';

const FRAMES = [W(SYN, 1, 0xffff_ffff), D(0, 1, 'payload'), D(0, 1), P(SYN, 0, 7), D(0, 3, 'x')];
const BYTES = Buffer.concat(FRAMES);

function split(splitter: FrameSplitter, ...chunks: Buffer[]): string[] {
  return chunks.flatMap((chunk) => Array.from(splitter.split(chunk), (frame) => frame.toString()));
}

describe('the frame splitter', () => {
  const expected = FRAMES.map((frame) => frame.toString());

  it('cuts one chunk into frames, without copying', () => {
    const frames = Array.from(new FrameSplitter(100).split(BYTES));
    expect(frames.map(String)).toEqual(expected);
    expect(frames.every((frame) => frame.buffer === BYTES.buffer)).toBe(true);
  });

  it('joins what any two chunks share', () => {
    for (let cut = 0; cut <= BYTES.length; cut++) {
      const splitter = new FrameSplitter(100);
      expect(split(splitter, BYTES.subarray(0, cut), BYTES.subarray(cut))).toEqual(expected);
      expect(splitter.insideFrame).toBe(false);
    }
  });

  it('joins single bytes', () => {
    const bytes = Array.from(BYTES, (byte) => Buffer.from([byte]));
    expect(split(new FrameSplitter(100), ...bytes)).toEqual(expected);
  });

  it('knows when it is inside a frame', () => {
    const splitter = new FrameSplitter(100);
    split(splitter, D(0, 1, 'payload').subarray(0, 12));
    expect(splitter.insideFrame).toBe(true);
    split(splitter, Buffer.from('payload'));
    expect(splitter.insideFrame).toBe(false);
  });

  it.each([
    [
      'of a version but 0',
      Buffer.from('50524920'.repeat(3), 'hex'),
      'has version 80; only 0 exists',
    ],
    ['of unknown type', header(4, 0, 0, 0), 'is of unknown type 4'],
    [
      'with too long a payload',
      header(0, 0, 1, 101),
      'has 101 bytes; at most 100 ("maxFrameSize")',
    ],
  ])('refuses a frame %s', (_name, bytes, problem) => {
    const error = expect.objectContaining({
      code: 'ERR_YAMUX_PROTOCOL',
      message: expect.stringContaining(problem) as string,
    }) as Error;
    expect(() => split(new FrameSplitter(100), bytes)).toThrow(error);
    expect(() => split(new FrameSplitter(100), bytes.subarray(0, 3), bytes.subarray(3))).toThrow(
      error,
    );
  });

  it('hands over what comes before a frame that it refuses', () => {
    const frames = new FrameSplitter(100).split(Buffer.concat([P(SYN, 0, 7), header(4, 0, 0, 0)]));
    expect(frames.next().value).toEqual(P(SYN, 0, 7));
    expect(() => frames.next()).toThrow('unknown type');
  });
});
