import { Inject, Injectable } from '@nestjs/common';
import { Metadata } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { Registry, type Peer, type PeerId } from 'nestjs-backchannel';
import type { Agent } from '../fleet.js';

/** Milliseconds that an agent has to answer. */
const PATIENCE_MS = 5000;

/** The agents that have joined and are connected now, by name. */
@Injectable()
export class AgentsService {
  readonly #peers = new Map<string, Peer>();

  constructor(@Inject(Registry) private readonly registry: Registry) {
    registry.peers$.subscribe(({ type, peer }) => {
      if (type === 'disconnected') this.#forget(peer);
    });
  }

  get names(): string[] {
    return [...this.#peers.keys()].sort();
  }

  /** Who has reconnected takes its name over from whom it was before. */
  join(name: string, id: PeerId): void {
    const peer = this.registry.get(id);
    if (peer !== undefined) this.#peers.set(name, peer);
  }

  /** @returns undefined if there is no such agent. */
  async run(name: string, command: string): Promise<string | undefined> {
    const agent = this.#peers.get(name)?.getService<Agent>('Agent');
    if (agent === undefined) return undefined;
    const deadline = Date.now() + PATIENCE_MS;
    const reply = agent.run({ command }, new Metadata(), { deadline });
    return (await firstValueFrom(reply)).output;
  }

  #forget(gone: Peer): void {
    for (const [name, peer] of this.#peers) if (peer === gone) this.#peers.delete(name);
  }
}
