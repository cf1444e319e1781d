import type { Interceptor } from '@grpc/grpc-js';
import {
  AUTHORIZE_PEER_RULE,
  DRAIN_MS_RULE,
  SERVICE_RULE,
  SESSION_FACTORY_RULE,
} from '../../backchannel/index.js';
import {
  CHANNEL_CREDENTIALS_RULE,
  ENGINE_RULE,
  PROXY_RULE,
  SERVER_CREDENTIALS_RULE,
  type ConnectionInfo,
} from '../../grpc/index.js';
import {
  isHandshaker,
  LISTEN_MUX_LIMIT_RULES,
  MAGIC_LENGTH,
  type Handshaker,
} from '../../listenmux/index.js';
import {
  func,
  like,
  listOf,
  optionsOf,
  trueOrFalse,
  type Rule,
  type Rules,
} from '../../options/index.js';
import { problemOfYamuxConfig, YAMUX_CONFIG_RULES, type YamuxConfig } from '../../yamux/index.js';
import type {
  BackchannelClientOptions,
  BackchannelServicesOptions,
  ConnectionOptions,
  ListenMuxServerOptions,
  ServiceSelection,
} from './options.js';
import { STANDARD_SERVICES_RULES } from './standard-services-options.js';
import { problemOfProto, STOCK_OPTION_RULES, STOCK_SERVICES_RULES } from './stock-option-rules.js';

function handshakers<T extends object>(): Rule<T[]> {
  return listOf<T>(
    `an array of handshakers, each with a magic of ${MAGIC_LENGTH} bytes of ASCII and the method handshake`,
    like('a handshaker', isHandshaker),
  );
}

const selectionRules: Rules<ServiceSelection> = {
  services: listOf('an array of names of services, or of tokens of serviceOf', SERVICE_RULE),
};

const connectionRules: Rules<ConnectionOptions> = {
  yamux: optionsOf<Partial<YamuxConfig>>(YAMUX_CONFIG_RULES, problemOfYamuxConfig),
  sessionFactory: SESSION_FACTORY_RULE,
  engine: ENGINE_RULE,
  gracefulShutdown: trueOrFalse,
  drainMs: DRAIN_MS_RULE,
};

const servicesRules: Rules<BackchannelServicesOptions> = {
  ...STOCK_SERVICES_RULES,
  ...selectionRules,
};

/** Rules of the options of the listening side. */
export const SERVER_RULES: Rules<ListenMuxServerOptions> = {
  ...STOCK_OPTION_RULES,
  ...selectionRules,
  ...connectionRules,
  ...STANDARD_SERVICES_RULES,
  ...LISTEN_MUX_LIMIT_RULES,
  credentials: SERVER_CREDENTIALS_RULE,
  backchannel: optionsOf<NonNullable<ListenMuxServerOptions['backchannel']>>(
    {
      ...servicesRules,
      interceptors: listOf('an array of interceptors', func<Interceptor>()),
    },
    problemOfProto,
  ),
  authorizePeer: AUTHORIZE_PEER_RULE,
  handshakers: handshakers<Handshaker<ConnectionInfo>>(),
  allowPlainClients: trueOrFalse,
};

/** Rules of the options of the dialing side. */
export const CLIENT_RULES: Rules<BackchannelClientOptions> = {
  ...STOCK_OPTION_RULES,
  ...selectionRules,
  ...connectionRules,
  credentials: CHANNEL_CREDENTIALS_RULE,
  backchannel: optionsOf<NonNullable<BackchannelClientOptions['backchannel']>>(
    { ...servicesRules, ...STANDARD_SERVICES_RULES },
    problemOfProto,
  ),
  streamHandshakers: handshakers<Handshaker>(),
  lazy: trueOrFalse,
  obeyHub: trueOrFalse,
  proxy: PROXY_RULE,
};
