import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import {
  getBackchannel,
  hasBackchannel,
  isServiceToken,
  nameOfService,
  type ClientConn,
  type ServiceReference,
  type ServiceToken,
} from '../../backchannel/index.js';
import { OptionError, verifyOptions } from '../../options/index.js';
import { noteBackchannelUse } from './backchannel-uses.js';
import { boundStub } from './bound-stub.js';
import { fromCall, isParent } from './call-of.js';
import type { HandlerParameter } from './handler-parameter.js';
import {
  BACKCHANNEL_OPTION_RULES,
  STUB_OPTION_RULES,
  type BackchannelOption,
  type StubOption,
} from './peer-option.js';

/** The name of the decorator in error messages. */
const CALL = '@Backchannel';

/** Verified options; the service by its name. */
type ParamOption = StubOption & { service: string | undefined };

const BackchannelParam = createParamDecorator(
  ({ service, detached = false, ...option }: ParamOption, context: ExecutionContext) =>
    fromCall(context, option, {
      has: hasBackchannel,
      read: (call) => {
        const conn = getBackchannel(call);
        if (service === undefined) return conn;
        const stub = conn.getService(service);
        if (detached || !isParent(call)) return stub;
        const handler = `${context.getClass().name}.${context.getHandler().name}`;
        return boundStub(stub, { parent: call, service, handler });
      },
    }),
);

/**
 * Lets a controller handler call its caller back: `@Backchannel()` injects the `ClientConn`,
 * `@Backchannel(Agent)` and `@Backchannel('Agent')` a stub of one service whose methods return observables.
 * `Agent` is a token of `serviceOf`; a parameter of another type than its stub does not compile, see
 * `HandlerParameter`. With the name of the service, the type of the parameter is not checked.
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
export function Backchannel<Stub extends object, Optional extends boolean = false>(
  service: ServiceToken<Stub>,
  option?: StubOption<Optional>,
): HandlerParameter<Stub, Optional>;
export function Backchannel<Optional extends boolean = false>(
  service: string,
  option?: StubOption<Optional>,
): HandlerParameter<UncheckedStub, Optional>;
export function Backchannel<Stub extends object, Optional extends boolean = false>(
  option: BackchannelOption<Optional> & { service: ServiceToken<Stub> },
): HandlerParameter<Stub, Optional>;
export function Backchannel<Optional extends boolean = false>(
  option?: StubOption<Optional> & { service?: never },
): HandlerParameter<ClientConn, Optional>;
export function Backchannel<Optional extends boolean = false>(
  option: BackchannelOption<Optional>,
): HandlerParameter<UncheckedStub, Optional>;
export function Backchannel(
  serviceOrOption: ServiceReference | BackchannelOption = {},
  option?: StubOption,
): HandlerParameter<UncheckedStub, boolean> {
  const verified = read(serviceOrOption, option);
  const { service, optional = false } = verified;
  const decorator =
    service === undefined ? '@Backchannel()' : `@Backchannel(${JSON.stringify(service)})`;
  const decorate = BackchannelParam(verified);
  return (controller, method, index) => {
    noteBackchannelUse(controller, method, { decorator, service, needs: 'peer', optional });
    decorate(controller, method as string | symbol | undefined, index);
  };
}

/** A stub of a service that is known by its name only: parameters of every type accept it. */
// oxlint-disable-next-line typescript/no-explicit-any
type UncheckedStub = any;

function read(serviceOrOption: unknown, option: unknown): ParamOption {
  if (typeof serviceOrOption === 'string' || isServiceToken(serviceOrOption)) {
    const given = option === undefined ? {} : verifyOptions(CALL, STUB_OPTION_RULES, option);
    return verify({ ...given, service: serviceOrOption });
  }
  const verified = verify(serviceOrOption);
  if (option === undefined) return verified;
  throw new OptionError(`${CALL}: options stand in one object, or behind the name of a service`);
}

function verify(given: unknown): ParamOption {
  const { service, ...options } = verifyOptions(CALL, BACKCHANNEL_OPTION_RULES, given);
  return { ...options, service: service && nameOfService(service, CALL) };
}
