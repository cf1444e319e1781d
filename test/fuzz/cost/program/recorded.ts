import { PREFACE } from '../../../fixtures/http2/raw-client.js';
import { FrameSplitter } from '../play/frame-splitter.js';
import type { Site } from '../play/site.js';
import { frameStep, yamux } from './phrases.js';
import { MOST_BYTES, type Program, type Step } from './step.js';

const MAGIC_LENGTH = 11;
const YAMUX_DATA = 0;
/** What it answered has been recorded. */
const REFLEXES = { accept: false, credit: false, settings: false, pings: true };

/** The bytes of one end of a connection, as a program of frames. */
export function recordedProgram(site: Site, bytes: Buffer): Program {
  const taken = bytes.subarray(0, MOST_BYTES);
  const start = { plain: PREFACE.length, multiplexed: MAGIC_LENGTH, agent: 0 }[site];
  const first = taken.subarray(0, start);
  const steps: Step[] = start === 0 ? [] : [{ do: 'bytes', hex: first.toString('hex'), times: 1 }];
  const rest = taken.subarray(start);
  return { reflexes: REFLEXES, steps: [...steps, ...(site === 'plain' ? http2(rest) : mux(rest))] };
}

function http2(bytes: Buffer): Step[] {
  const splitter = new FrameSplitter(9, (header) => header.readUIntBE(0, 3));
  return Array.from(splitter.split(bytes), ({ header, payload }) =>
    frameStep(header[3]!, header[4]!, header.readUInt32BE(5), payload.toString('hex')),
  );
}

function mux(bytes: Buffer): Step[] {
  const splitter = new FrameSplitter(12, (header) =>
    header[1] === YAMUX_DATA ? header.readUInt32BE(8) : 0,
  );
  return Array.from(splitter.split(bytes), ({ header, payload }) =>
    yamux(
      header[1]!,
      header.readUInt16BE(2),
      header.readUInt32BE(4),
      header.readUInt32BE(8),
      payload.toString('hex'),
    ),
  );
}
