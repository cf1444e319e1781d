import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { getBackchannel } from '../../backchannel/index.js';
import { OptionError, verifyOptions } from '../../options/index.js';
import { noteBackchannelUse } from './backchannel-uses.js';
import { boundStub } from './bound-stub.js';
import { fromCall, isParent } from './call-of.js';
import {
  BACKCHANNEL_OPTION_RULES,
  STUB_OPTION_RULES,
  type BackchannelOption,
  type StubOption,
} from './peer-option.js';

/** The name of the decorator in error messages. */
const CALL = '@Backchannel';

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
 * Lets a controller handler call its caller back: `@Backchannel()` injects the `ClientConn`,
 * `@Backchannel('Service')` a stub of one service whose methods return observables.
 *
 * Calls of the stub are bound to the call being handled: they end when it is cancelled, past its
 * deadline, or answered, and they have its deadline unless their own is shorter. Calls of a stub with
 * `{ detached: true }`, and calls of the `ClientConn`, are not bound.
 *
 * On a plain connection the call fails with FAILED_PRECONDITION before the handler runs, unless
 * `{ optional: true }`. If a handler has a decorated parameter, such as this one, its request parameter
 * needs `@Payload()`.
 *
 * If the option `server.backchannel` does not have the service, creating the application fails; with a
 * `ListenMuxServer` made without the module, starting the server fails.
 *
 * @throws OptionError naming a bad option.
 */
export function Backchannel(option?: BackchannelOption): ParameterDecorator;
export function Backchannel(service: string, option?: StubOption): ParameterDecorator;
export function Backchannel(
  serviceOrOption: string | BackchannelOption = {},
  option?: StubOption,
): ParameterDecorator {
  const verified = read(serviceOrOption, option);
  const { service, optional = false } = verified;
  const decorator =
    service === undefined ? '@Backchannel()' : `@Backchannel(${JSON.stringify(service)})`;
  const decorate = BackchannelParam(verified);
  return (target, method, index) => {
    noteBackchannelUse(target, method, { decorator, service, optional });
    decorate(target, method, index);
  };
}

function read(serviceOrOption: unknown, option: unknown): BackchannelOption {
  if (typeof serviceOrOption === 'string') {
    const given = option === undefined ? {} : verifyOptions(CALL, STUB_OPTION_RULES, option);
    return verifyOptions(CALL, BACKCHANNEL_OPTION_RULES, { ...given, service: serviceOrOption });
  }
  const verified = verifyOptions(CALL, BACKCHANNEL_OPTION_RULES, serviceOrOption);
  if (option === undefined) return verified;
  throw new OptionError(`${CALL}: options stand in one object, or behind the name of a service`);
}
