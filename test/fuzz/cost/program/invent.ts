import { FLAG, TYPE } from '../../../fixtures/http2/raw-client.js';
import type { Random } from '../../../unit/http2/hpack/random.js';
import type { Site } from '../play/site.js';
import { inventFields, inventPath, inventRequest, repeatedByIndex } from './invent-fields.js';
import { inventYamux } from './invent-yamux.js';
import {
  frameStep,
  greeting,
  headersStep,
  messageStep,
  responseFields,
  settingsHex,
} from './phrases.js';
import {
  COMPRESSIONS,
  CONTENT_KINDS,
  type Compression,
  type MessageStep,
  type Program,
  type Reflexes,
  type Step,
} from './step.js';

export const TIMES = [1, 1, 2, 5, 20, 100, 500, 2000, 5000] as const;
/** Of one field in a list; the limit of a list is 512. */
export const TIMES_OF_FIELDS = [1, 1, 1, 10, 20, 100, 400, 500, 2000] as const;
/** Of short calls, of which 64 KiB hold 1,000. */
const TIMES_OF_CALLS = [1, 20, 100, 500, 5000] as const;
const SIZES = [0, 0, 1, 10, 100, 1000, 16_000, 60_000, 1_000_000, 4_194_290] as const;
const LARGE_SIZES = [100, 60_000, 1_000_000, 4_000_000, 4_194_290] as const;
const PIECES = [1, 5, 63, 256, 1000, 16_000, 16_000, 16_000] as const;
const VALUES = [0, 1, 100, 16_384, 65_535, 1_000_000, 0x7fffffff, 0xffffffff] as const;
const PRIORITY = TYPE.priority;
const UNKNOWN = 0x42;

/** A program made of what the protocols have, in an order that mostly makes sense. */
export function inventProgram(random: Random, site: Site): Program {
  const steps = greeting(site, random.chance(0.3) ? inventSettings(random) : '');
  // What breaks the rules of a protocol ends the connection, so most programs have few phrases.
  for (let i = random.pick([1, 1, 1, 2, 3]); i > 0; i -= 1)
    steps.push(...inventPhrase(random, site));
  return { reflexes: inventReflexes(random), steps };
}

/** Mostly those of an honest peer. */
export function inventReflexes(random: Random): Reflexes {
  const [accept, credit, settings, pings] = Array.from({ length: 4 }, () => random.chance(0.85));
  return { accept: accept!, credit: credit!, settings: settings!, pings: pings! };
}

/** A few steps that belong together. */
export function inventPhrase(random: Random, site: Site): Step[] {
  const kind = random.below(site === 'plain' ? 9 : 12);
  switch (kind) {
    case 0:
    case 1:
      return [repeated(random, inventCall(random))];
    case 2:
    case 3:
      return bombardHeaders(random);
    case 4:
    case 5:
      return [repeated(random, [inventFrame(random)])];
    case 6:
      return [inventConduct(random)];
    case 7:
      return [repeated(random, [...inventCall(random), inventFrame(random)])];
    case 8:
      return [repeated(random, inventBomb(random))];
    case 9:
      return inventAnswers(random, site);
    default:
      return [repeated(random, inventYamux(random))];
  }
}

/** Wraps steps so that they come again, on other streams. */
export function repeated(random: Random, steps: Step[]): Step {
  const stride = random.pick([2, 2, 2, 0]);
  const carrierStride = random.pick([0, 0, 2]);
  return { do: 'repeat', times: random.pick(TIMES), stride, carrierStride, steps };
}

function inventCall(random: Random): Step[] {
  const stream = 1 + 2 * random.below(3);
  const path = inventPath(random);
  const fields = inventRequest(random, 'literal', path);
  const compression = random.chance(0.4) ? random.pick(COMPRESSIONS) : 'none';
  if (compression !== 'none' || random.chance(0.1)) {
    const value = compression === 'deflate' ? 'deflate' : 'gzip';
    fields.push({ form: 'literal', name: 'grpc-encoding', value });
  }
  const headers = headersStep(stream, fields, random.chance(0.1));
  if (random.chance(0.2)) return [headers];
  const message = inventMessage(random, stream, compression);
  if (path.includes('Health')) message.content = { kind: 'fresh name', size: random.pick(SIZES) };
  return [headers, message];
}

/** A call in order whose message becomes much larger when it is decompressed. */
function inventBomb(random: Random): Step[] {
  const value = random.pick(['gzip', 'gzip', 'deflate'] as const);
  const fields = inventRequest(random, 'literal', inventPath(random));
  return [
    headersStep(1, [...fields, { form: 'literal', name: 'grpc-encoding', value }]),
    messageStep(1, {
      content: { kind: random.pick(CONTENT_KINDS), size: random.pick(LARGE_SIZES) },
      compression: value,
      endStream: random.chance(0.8),
    }),
  ];
}

function inventMessage(
  random: Random,
  stream: number,
  compression: Compression = 'none',
): MessageStep {
  return messageStep(stream, {
    content: {
      kind: random.pick(CONTENT_KINDS),
      size: random.pick(compression === 'none' ? SIZES : LARGE_SIZES),
    },
    compression,
    count: random.pick([0, 1, 1, 1, 1, 1, 10, 1000]),
    piece: random.pick(PIECES),
    padding: random.pick([0, 0, 0, 1, 255]),
    endStream: random.chance(0.6),
    ...(random.chance(0.1) ? { declared: random.pick(VALUES) } : {}),
  });
}

/** One list of headers, then the same by its index in many calls. */
function bombardHeaders(random: Random): Step[] {
  const more = random.chance(0.7) ? inventFields(random, 'insert') : [];
  // A large field leaves no room in the table for those of the request.
  const form = random.chance(0.5) ? 'insert' : 'literal';
  const first = [...inventRequest(random, form), ...more];
  const again = repeatedByIndex(first, random.pick(TIMES_OF_FIELDS));
  const endStream = random.chance(0.5);
  return [
    headersStep(1, first, endStream),
    {
      do: 'repeat',
      times: random.pick(TIMES_OF_CALLS),
      stride: 2,
      carrierStride: 0,
      steps: [headersStep(3, again, endStream)],
    },
  ];
}

function inventFrame(random: Random): Step {
  const stream = random.pick([0, 1, 1, 3, 5, 2]);
  switch (random.below(9)) {
    case 0:
      return frameStep(TYPE.settings, 0, 0, inventSettings(random));
    case 1:
      return frameStep(TYPE.ping, random.pick([0, 0, FLAG.ack]), 0, '0011223344556677');
    case 2:
      return frameStep(TYPE.windowUpdate, 0, stream, hex32(random.pick(VALUES)));
    case 3:
      return frameStep(TYPE.rstStream, 0, stream, hex32(random.below(14)));
    case 4:
      return frameStep(PRIORITY, 0, stream, '0000000010');
    case 5:
      return frameStep(TYPE.goAway, 0, 0, hex32(random.pick(VALUES)) + hex32(0));
    case 6:
      return frameStep(TYPE.data, random.pick([0, FLAG.padded, FLAG.endStream]), stream, '00');
    case 7:
      return frameStep(UNKNOWN, random.below(256), stream, '00', random.pick([0, 1, 1000]));
    default:
      return frameStep(TYPE.continuation, random.pick([0, FLAG.endHeaders]), stream, 'be');
  }
}

function inventSettings(random: Random): string {
  return settingsHex(
    ...Array.from({ length: 1 + random.below(3) }, (): [number, number] => [
      random.pick([1, 2, 3, 4, 4, 4, 5, 6, 8, 99]),
      random.pick(VALUES),
    ]),
  );
}

/** Answers to calls that the other end makes: a dialing side forward, a listening side back. */
function inventAnswers(random: Random, site: Site): Step[] {
  const own = site === 'agent' ? 2 : 1;
  const stream = 1 + 2 * random.below(3);
  const trailers = [
    { form: 'literal', name: 'grpc-status', value: String(random.below(17)) } as const,
    ...inventFields(random, 'literal'),
  ];
  const encoding = { form: 'literal', name: 'grpc-encoding', value: 'gzip' } as const;
  const answers: Step[] = [
    headersStep(stream, [...responseFields('insert'), encoding, ...inventFields(random, 'insert')]),
    inventMessage(random, stream, random.chance(0.3) ? 'gzip' : 'none'),
    headersStep(stream, trailers, true),
  ].filter(() => random.chance(0.8));
  return [
    { do: 'carrier', stream: 3 - own },
    ...(random.chance(0.5) ? answers : [repeated(random, answers)]),
    { do: 'carrier', stream: own },
  ];
}

function inventConduct(random: Random): Step {
  switch (random.below(5)) {
    case 0:
      return { do: 'wait', ms: random.pick([5, 20, 120]) };
    case 1:
    case 2:
      return { do: 'reading', on: random.chance(0.3) };
    case 3:
      return { do: 'pieces', bytes: random.pick([1, 9, 100, 0]), everyMs: random.pick([0, 0, 1]) };
    default:
      return { do: 'end' };
  }
}

export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
