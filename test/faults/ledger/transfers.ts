import { lastValueFrom } from 'rxjs';
import { AtOffset, Bandwidth, Latency, Segments, type Hindrance } from '../index.js';
import { directions, Lab, type LabOptions } from './lab.js';
import type { Digest, Ledger } from './ledger.js';
import { digestOf, expectedDigest, piecesOf } from './payload.js';

const KIB = 1024;

/** A network that is bad, but loses nothing. */
export interface BadNetwork {
  /** As in "over a network that ...". */
  name: string;
  /** Of either way; made anew for each. */
  hindrances(): Hindrance[];
  /** Of each transfer, of which there are four at once. */
  bytes: number;
}

/** @param scale - how much more is transferred than in a short test. */
export const badNetworks = (scale = 1): BadNetwork[] => [
  {
    name: 'takes 60 ms there and back, with jitter',
    hindrances: () => [new Latency(30, 15)],
    bytes: 1024 * KIB * scale,
  },
  {
    name: 'delivers every byte alone',
    hindrances: () => [new Segments(1)],
    bytes: 4 * KIB * scale,
  },
  {
    name: 'delivers pieces of any length',
    hindrances: () => [new Segments(1400)],
    bytes: 256 * KIB * scale,
  },
  {
    name: 'is narrow',
    hindrances: () => [new Segments(2800), new Bandwidth(1000)],
    bytes: 192 * KIB * scale,
  },
  {
    name: 'stalls again and again',
    hindrances: () =>
      [50, 111, 200_000, 300_001].map(
        (offset) => new AtOffset(offset * scale, (connection) => connection.stall(100)),
      ),
    bytes: 256 * KIB * scale,
  },
  {
    name: 'is long, narrow, and stalls',
    hindrances: () => [
      new Segments(1400),
      new Bandwidth(2000),
      new Latency(30, 30),
      new AtOffset(100_000, (connection) => connection.stall(200)),
    ],
    bytes: 192 * KIB * scale,
  },
];

export interface Arrival {
  name: string;
  arrived: Digest;
  expected: Digest;
}

/** Transfers both ways at once, by calls in both directions, over one connection. */
export async function transferOver(
  { hindrances, bytes }: BadNetwork,
  options: LabOptions = {},
): Promise<{ arrivals: Arrival[]; connections: number }> {
  const lab = await Lab.start(options);
  try {
    lab.proxy.plan = { up: hindrances(), down: hindrances() };
    await lab.connect();
    const arrivals = directions.flatMap((direction, i) => {
      const ledger = lab.stubs(direction).getService<Ledger>('Ledger');
      return [
        arrival(`download ${direction}`, bytes + i, (size) =>
          lastValueFrom(ledger.download({ bytes: size }).pipe(digestOf())),
        ),
        arrival(`upload ${direction}`, bytes + 2 + i, (size) =>
          lastValueFrom(ledger.upload(piecesOf(size))),
        ),
      ];
    });
    return { arrivals: await Promise.all(arrivals), connections: lab.proxy.total };
  } finally {
    await lab.close();
  }
}

async function arrival(
  name: string,
  bytes: number,
  transfer: (bytes: number) => Promise<Digest>,
): Promise<Arrival> {
  return { name, arrived: await transfer(bytes), expected: expectedDigest(bytes) };
}
