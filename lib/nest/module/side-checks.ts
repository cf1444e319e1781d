import type { Provider } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Registry } from '../../backchannel/index.js';
import { BackchannelClient } from '../dialing/backchannel-client.js';
import { ListenMuxServer } from '../listening/listen-mux-server.js';
import { BACKCHANNEL_CARRIER, type BackchannelCarrier } from '../carrying/carrier.js';
import { tcpCarrier } from '../carrying/tcp-carrier.js';
import { getBackchannelClientToken } from '../decorators/tokens.js';
import { ServedSides } from './served-sides.js';
import { StartCheck } from './start-check.js';

/** Injected providers of a check, besides its side. */
const APPLICATION = [BACKCHANNEL_CARRIER, ModulesContainer, HttpAdapterHost] as const;

/** Checks the listening side of an application. */
export const listeningSideCheck: Provider = {
  provide: StartCheck,
  useFactory: (
    strategy: ListenMuxServer,
    registry: Registry,
    carrier: BackchannelCarrier,
    container: ModulesContainer,
    adapterHost: HttpAdapterHost,
  ): StartCheck | null => {
    if (!(strategy instanceof ListenMuxServer)) return null;
    const audience = 'whoever dials the listening side';
    ServedSides.of(container).add({ kind: 'listening', audience, strategy });
    if (carrier !== tcpCarrier || isStandIn(registry)) return null;
    const call = 'BackchannelModule.forRoot';
    const checked = { call, consequence: 'nothing listens', strategy };
    return new StartCheck(checked, { container, adapterHost });
  },
  inject: [ListenMuxServer, Registry, ...APPLICATION],
};

/** Checks the client `name`, registered by `call`. */
export function dialingSideCheck(name: string, call: string): Provider {
  return {
    provide: StartCheck,
    useFactory: (
      client: BackchannelClient,
      carrier: BackchannelCarrier,
      container: ModulesContainer,
      adapterHost: HttpAdapterHost,
    ): StartCheck | null => {
      if (!(client instanceof BackchannelClient) || !client.serves) return null;
      const { strategy } = client;
      const audience = `the other end of the client "${name}"`;
      ServedSides.of(container).add({ kind: 'dialing', audience, strategy });
      if (carrier !== tcpCarrier) return null;
      const checked = { call, consequence: 'nothing is served to the other end', strategy };
      return new StartCheck(checked, { container, adapterHost });
    },
    inject: [getBackchannelClientToken(name), ...APPLICATION],
  };
}

/** Whether a test replaced the registry: the peers of the replacement need no listener. */
function isStandIn(registry: Registry): boolean {
  return Object.getPrototypeOf(registry) !== Registry.prototype;
}
