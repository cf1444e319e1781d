import { Payload } from '@nestjs/microservices';
import {
  Backchannel,
  CurrentClient,
  CurrentPeer,
  PeerId,
  type BackchannelClient,
  type BackchannelOption,
  type ClientConn,
  type HandlerParameter,
  type HandlersOf,
  type Peer,
} from 'nestjs-backchannel';
import { firstValueFrom, map, type Observable } from 'rxjs';
import type { HubController as HandlersWithRest } from '../../fixtures/ts-proto/generated-with-rest/demo.js';
import {
  Agent,
  type AgentClient,
  type HelloReply,
  type HelloRequest,
  type HubController as Handlers,
} from '../demo.js';

/** Generated with `nestJs=true` alone. */
export class HubController implements HandlersOf<Handlers> {
  async hello(
    @Payload() { name }: HelloRequest,
    @Backchannel(Agent) agent: AgentClient,
    @Backchannel({ service: Agent, detached: true }) detached: Pick<AgentClient, 'run'>,
  ): Promise<HelloReply> {
    await firstValueFrom(detached.run({ command: name }));
    const { output } = await firstValueFrom(agent.run({ command: name }));
    return { message: output };
  }

  report(
    @Payload() requests: Observable<HelloRequest>,
    @PeerId() id: PeerId,
  ): Observable<HelloReply> {
    return requests.pipe(map(() => ({ message: String(id) })));
  }
}

/** Generated with `nestJs=true,addNestjsRestParameter=true`. */
export abstract class HubWithRestController implements HandlersWithRest {
  abstract report: HandlersWithRest['report'];

  async hello(
    @Payload() { name }: HelloRequest,
    @Backchannel(Agent) agent: AgentClient,
  ): Promise<HelloReply> {
    const { output } = await firstValueFrom(agent.run({ command: name }));
    return { message: output };
  }
}

/** The interface with rest parameters may be used in the same way. */
export abstract class HubOfEitherController implements HandlersOf<HandlersWithRest> {
  abstract report: HandlersWithRest['report'];

  hello(@Payload() { name }: HelloRequest, @PeerId() id: PeerId): HelloReply {
    return { message: `${name} of ${id}` };
  }
}

const OPTION: { optional?: boolean } = {};
const SERVICE_OPTION: BackchannelOption = { service: 'Agent' };

/** All that parameters may be. */
export class AnyController {
  byName(
    @Backchannel('Agent') agent: AgentClient,
    @Backchannel('Agent', { detached: true }) perhaps?: AgentClient,
    @Backchannel('Agent', { optional: true }) other?: AgentClient | null,
    @Backchannel({ service: 'Agent', optional: true }) third?: AgentClient,
    @Backchannel(SERVICE_OPTION) fourth?: AgentClient,
  ): unknown {
    return [agent, perhaps, other, third, fourth];
  }

  optional(
    @Backchannel(Agent, { optional: true }) agent?: AgentClient,
    @Backchannel({ service: Agent, optional: true }) other?: AgentClient,
    @Backchannel({ optional: true }) conn?: ClientConn,
    @PeerId({ optional: true }) id?: PeerId,
    @CurrentPeer({ optional: true }) peer?: Peer,
    @CurrentClient({ optional: true }) client?: BackchannelClient,
    @PeerId(OPTION) unknownOption?: PeerId,
  ): unknown {
    return [agent, other, conn, id, peer, client, unknownOption];
  }

  required(
    @Backchannel() conn: ClientConn,
    @PeerId() id: number,
    @CurrentPeer() peer: Peer,
    @CurrentClient({ optional: false }) client: Pick<BackchannelClient, 'connection'>,
    @Backchannel(Agent) unknown: unknown,
    @Backchannel(Agent) object: object,
  ): unknown {
    return [conn, id, peer, client, unknown, object];
  }

  generic<Request extends HelloRequest>(
    @Payload() request: Request,
    @Backchannel(Agent) agent: AgentClient,
  ): unknown {
    return [request, agent];
  }

  overridden(@Payload() request: HelloRequest): unknown {
    return request;
  }
}

/** A handler with more parameters than the one that it overrides. */
export class OverridingController extends AnyController {
  override overridden(
    @Payload() request: HelloRequest,
    @(Backchannel(Agent) as ParameterDecorator) agent?: AgentClient,
  ): unknown {
    return [request, agent];
  }
}

/** A decorator of an application. */
export const CallingAgent = (): HandlerParameter<AgentClient, false> => Backchannel(Agent);
export const asNestDoes: ParameterDecorator = PeerId();
