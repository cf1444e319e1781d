// The process of the attacker.
import { serveEnd } from '../../remote.js';
import { findAttack } from '../attacks.js';
import { HostileHub } from '../hostile-hub.js';
import { Target, wayTo, type Tally } from '../target.js';

/** Milliseconds until a dialing side that was cut is back, at the latest. */
const RETURN_MS = 10_000;

export class AttackerEnd {
  #hub: HostileHub | undefined;
  #target: Target | undefined;

  /** Attacks a listening side for `ms` milliseconds, or until it is told to stop, then hangs up. */
  attack(name: string, port: number, ms: number): Promise<Tally> {
    return this.#attack(name, new Target(wayTo(port), ms));
  }

  /** Ends the attack before its time. */
  stop(): void {
    this.#target?.stop();
  }

  /** Opens a port of loopback for dialing sides, and tells which. Idempotent. */
  async listen(): Promise<number> {
    this.#hub ??= await HostileHub.listen();
    return this.#hub.port;
  }

  /** Waits for a dialing side to connect, attacks it for `ms` milliseconds, then hangs up. */
  async attackDialing(name: string, ms: number): Promise<Tally> {
    await this.#hub!.connected(RETURN_MS);
    return this.#attack(name, new Target(this.#hub!.way, ms));
  }

  async #attack(name: string, target: Target): Promise<Tally> {
    this.#target = target;
    await findAttack(name).run(target);
    return target.leave();
  }
}

serveEnd(new AttackerEnd());
