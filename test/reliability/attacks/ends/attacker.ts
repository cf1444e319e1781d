// Whoever attacks.
import { serveEnd } from '../../remote.js';
import { findAttack } from '../attacks.js';
import { Target, type Tally } from '../target.js';

export class AttackerEnd {
  /** Attacks for `ms` milliseconds, then hangs up. */
  async attack(name: string, port: number, ms: number): Promise<Tally> {
    const target = new Target(port, ms);
    await findAttack(name).run(target);
    return target.leave();
  }
}

serveEnd(new AttackerEnd());
