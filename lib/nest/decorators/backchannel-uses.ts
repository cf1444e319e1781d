/** A parameter of a handler that is decorated with `@Backchannel('Service')`. */
export interface BackchannelUse {
  /** The handler, such as `HubController.hello`. */
  readonly handler: string;
  /** The service that it calls its caller back with. */
  readonly service: string;
}

/** By the prototype of the class that declares the handler. */
const uses = new WeakMap<object, BackchannelUse[]>();

/** Remembers that a handler of the class of `prototype` uses `service`. */
export function noteBackchannelUse(prototype: object, method: string, service: string): void {
  const handler = `${prototype.constructor.name}.${method}`;
  uses.set(prototype, [...(uses.get(prototype) ?? []), { handler, service }]);
}

/** The uses in handlers of `controller`, inherited ones included. */
export function backchannelUsesOf(controller: Function): BackchannelUse[] {
  const found: BackchannelUse[] = [];
  let prototype = controller.prototype as object | null;
  while (prototype !== null && prototype !== undefined) {
    found.push(...(uses.get(prototype) ?? []));
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return found;
}
