import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from './attack.js';
import type { Target } from './target.js';
import type { Wire } from './wires.js';

/** The same thing again and again, on one connection until it is cut, then on the next one. */
export interface Flood {
  what: string;
  unit: string;
  perSecond: number;
  boundMiB?: number;
  mostReplyBytes?: number;
  /** Connections at the same time. Default 1. */
  wires?: number;
  /** Milliseconds until there is another connection for one that was cut. Default 0. */
  pauseMs?: number;
  open(target: Target): Promise<Wire>;
  /** @param i - counts from 0 on each connection. */
  make(i: number): Buffer;
}

export function flood(options: Flood): Attack {
  const { wires = 1, pauseMs = 0, perSecond, open, make, ...attack } = options;
  return {
    ...attack,
    async run(target) {
      const floods = Array.from({ length: wires }, () => floodOne(target, perSecond / wires));
      await Promise.all(floods);
    },
  };

  async function floodOne(target: Target, rate: number): Promise<void> {
    let wire = await open(target);
    let i = 0;
    await target.pace(rate, async (due) => {
      if (!wire.isOpen) {
        wire.giveUp();
        if (pauseMs > 0) await sleep(pauseMs);
        wire = await open(target);
        i = 0;
      }
      if (wire.isFull) return 0;
      wire.write(Buffer.concat(Array.from({ length: due }, () => make(i++))));
      return due;
    });
  }
}
