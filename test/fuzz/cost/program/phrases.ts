import { FLAG, PREFACE, TYPE } from '../../../fixtures/http2/raw-client.js';
import { ACK, SYN } from '../../../fixtures/yamux-frames.js';
import type { Site } from '../play/site.js';
import type { Field, MessageStep, Step } from './step.js';

const MAGIC = Buffer.from('backchannel').toString('hex');
const WINDOW_UPDATE = 1;

/** What a peer of a site says first. */
export function greeting(site: Site, settings: string = ''): Step[] {
  const http2 = [raw(PREFACE), frameStep(TYPE.settings, 0, 0, settings)];
  switch (site) {
    case 'plain':
      return [{ do: 'bytes', hex: PREFACE.toString('hex'), times: 1 }, http2[1]!];
    case 'multiplexed':
      return [{ do: 'bytes', hex: MAGIC, times: 1 }, yamux(WINDOW_UPDATE, SYN, 1, 0), ...http2];
    case 'agent':
      return [
        yamux(WINDOW_UPDATE, ACK, 1, 0),
        { do: 'carrier', stream: 1 },
        frameStep(TYPE.settings, 0, 0, settings),
        { do: 'wait', ms: 15 },
        yamux(WINDOW_UPDATE, SYN, 2, 0),
        { do: 'carrier', stream: 2 },
        ...http2,
      ];
  }
}

/** The preface of HTTP/2 as a step: a frame whose header is its first bytes. */
function raw(bytes: Buffer): Step {
  return {
    do: 'http2',
    type: bytes[3]!,
    flags: bytes[4]!,
    stream: bytes.readUInt32BE(5),
    hex: bytes.subarray(9).toString('hex'),
    fill: 1,
    length: bytes.readUIntBE(0, 3),
  };
}

export function frameStep(type: number, flags: number, stream: number, hex = '', fill = 1): Step {
  return { do: 'http2', type, flags, stream, hex, fill };
}

export function yamux(type: number, flags: number, stream: number, length: number, hex = ''): Step {
  return { do: 'yamux', type, flags, stream, length, hex };
}

/** Settings of HTTP/2 as hex. */
export function settingsHex(...settings: [id: number, value: number][]): string {
  return settings
    .map(
      ([id, value]) =>
        id.toString(16).padStart(4, '0') + (value >>> 0).toString(16).padStart(8, '0'),
    )
    .join('');
}

/** Fields of a request. */
export function requestFields(path: string, form: 'literal' | 'insert' = 'literal'): Field[] {
  return [
    { form: 'index', index: 3, times: 1 }, // :method POST
    { form: 'index', index: 6, times: 1 }, // :scheme http
    { form, name: ':path', value: path },
    { form: 'literal', name: ':authority', value: 'here' },
    { form: 'literal', name: 'te', value: 'trailers' },
    { form, name: 'content-type', value: 'application/grpc' },
  ];
}

/** Fields of a response. */
export function responseFields(form: 'literal' | 'insert' = 'literal'): Field[] {
  return [
    { form: 'index', index: 8, times: 1 }, // :status 200
    { form, name: 'content-type', value: 'application/grpc' },
  ];
}

export function headersStep(stream: number, fields: Field[], endStream = false): Step {
  return { do: 'headers', stream, fields, endStream, pieces: 1 };
}

export function messageStep(stream: number, more: Partial<MessageStep> = {}): MessageStep {
  return {
    do: 'message',
    stream,
    content: { kind: 'bytes', size: 100 },
    compression: 'none',
    count: 1,
    piece: 16_000,
    padding: 0,
    endStream: true,
    ...more,
  };
}

/** Whole calls of a method of the target's own service. */
export function calls(method: string, stream: number, times: number): Step[] {
  return callsOf(`/cost.Costs/${method}`, times, messageStep(stream));
}

/** Whole calls of a path, with the same message. */
export function callsOf(path: string, times: number, message: MessageStep): Step[] {
  const steps = [headersStep(message.stream, requestFields(path)), message];
  return [{ do: 'repeat', times, stride: 2, carrierStride: 0, steps }];
}

/** Settings that are acknowledged. */
export const SETTINGS_ACK: Step = frameStep(TYPE.settings, FLAG.ack, 0);
