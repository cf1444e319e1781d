import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { getBackchannel } from '../../backchannel/index.js';
import { fromCall } from './call-of.js';
import type { PeerOption } from './peer-option.js';

interface BackchannelParameter extends PeerOption {
  service?: string;
}

const BackchannelParam = createParamDecorator(
  ({ service, ...option }: BackchannelParameter, context: ExecutionContext) =>
    fromCall(context, option, (call) => {
      const conn = getBackchannel(call);
      return service === undefined ? conn : conn.getService(service);
    }),
);

/**
 * Gives a controller handler what to call its caller back with: `@Backchannel()` the `ClientConn`,
 * `@Backchannel('Service')` a stub of one service whose methods return observables.
 *
 * On a plain connection the call fails with FAILED_PRECONDITION before the handler runs, unless
 * `{ optional: true }`. As with every decorated parameter, the request needs `@Payload()` then.
 */
export function Backchannel(option?: PeerOption): ParameterDecorator;
export function Backchannel(service: string, option?: PeerOption): ParameterDecorator;
export function Backchannel(
  serviceOrOption?: string | PeerOption,
  option?: PeerOption,
): ParameterDecorator {
  return typeof serviceOrOption === 'string'
    ? BackchannelParam({ service: serviceOrOption, ...option })
    : BackchannelParam({ ...serviceOrOption });
}
