import type { Attack } from './attack.js';
import type { Target } from './target.js';
import type { Wire } from './wires.js';

/** The same thing again and again, on one connection until it is cut, then on the next one. */
export interface Flood {
  what: string;
  unit: string;
  perSecond: number;
  boundMiB?: number;
  /** Connections at the same time. Default 1. */
  wires?: number;
  open(target: Target): Promise<Wire>;
  /** @param i - counts from 0 on each connection. */
  make(i: number): Buffer;
}

export function flood({ wires = 1, perSecond, open, make, ...attack }: Flood): Attack {
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
        wire = await open(target);
        i = 0;
      }
      if (wire.isFull) return 0;
      wire.write(Buffer.concat(Array.from({ length: due }, () => make(i++))));
      return due;
    });
  }
}
