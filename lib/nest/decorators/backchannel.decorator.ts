import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { getBackchannel } from '../../backchannel/index.js';
import { verifyOptions } from '../../options/index.js';
import { noteBackchannelUse } from './backchannel-uses.js';
import { boundStub } from './bound-stub.js';
import { fromCall, isParent } from './call-of.js';
import {
  BACKCHANNEL_OPTION_RULES,
  type BackchannelOption,
  type StubOption,
} from './peer-option.js';

const BackchannelParam = createParamDecorator(
  ({ service, detached = false, ...option }: BackchannelOption, context: ExecutionContext) =>
    fromCall(context, option, (call) => {
      const conn = getBackchannel(call);
      if (service === undefined) return conn;
      const stub = conn.getService(service);
      if (detached || !isParent(call)) return stub;
      const handler = `${context.getClass().name}.${context.getHandler().name}`;
      return boundStub(stub, { parent: call, service, handler });
    }),
);

/**
 * Gives a controller handler what to call its caller back with: `@Backchannel()` the `ClientConn`,
 * `@Backchannel('Service')` a stub of one service whose methods return observables.
 *
 * Calls of that stub are bound to the call being handled: they end with it, be it cancelled, past its
 * deadline or answered, and its deadline is theirs, unless they have a shorter one. Those of a stub with
 * `{ detached: true }`, and of the `ClientConn`, are not.
 *
 * On a plain connection the call fails with FAILED_PRECONDITION before the handler runs, unless
 * `{ optional: true }`. As with every decorated parameter, the request needs `@Payload()` then.
 *
 * A service that the option `server.backchannel` of the application does not have fails when the
 * application is created.
 *
 * @throws OptionError naming a bad option.
 */
export function Backchannel(option?: BackchannelOption): ParameterDecorator;
export function Backchannel(service: string, option?: StubOption): ParameterDecorator;
export function Backchannel(
  serviceOrOption: string | BackchannelOption = {},
  option?: StubOption,
): ParameterDecorator {
  const given =
    typeof serviceOrOption === 'string' ? { ...option, service: serviceOrOption } : serviceOrOption;
  const verified = verifyOptions('@Backchannel', BACKCHANNEL_OPTION_RULES, given);
  const decorate = BackchannelParam(verified);
  return (target, method, index) => {
    if (verified.service !== undefined) {
      noteBackchannelUse(target, String(method), verified.service);
    }
    decorate(target, method, index);
  };
}
