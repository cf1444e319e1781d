import { Inject, Injectable, Logger } from '@nestjs/common';
import { firstValueFrom, Subject } from 'rxjs';
import { InjectBackchannelClient, type BackchannelClient } from 'nestjs-backchannel';
import type { Hub } from '../fleet.js';

/** Injection token of what this agent is called. */
export const AGENT_NAME = 'AGENT_NAME';

/** Joins the hub whenever there is a new connection to it: who reconnects is a stranger. */
@Injectable()
export class AgentService {
  /** Emits when it has joined. */
  readonly joined$ = new Subject<void>();
  readonly #logger = new Logger(AgentService.name);

  constructor(
    @Inject(AGENT_NAME) private readonly name: string,
    @InjectBackchannelClient('HUB') private readonly client: BackchannelClient,
  ) {
    client.on('ready', () => void this.#join());
  }

  async #join(): Promise<void> {
    const hub = this.client.getService<Hub>('Hub');
    try {
      await firstValueFrom(hub.join({ name: this.name }));
      this.joined$.next();
    } catch (error) {
      this.#logger.warn(`could not join: ${(error as Error).message}`);
    }
  }
}
