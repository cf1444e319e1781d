declare const MISTAKE: unique symbol;

/** A mistake at a decorated parameter: the compiler shows the text. Has no values. */
export interface ParameterMistake<Text extends string> {
  /** The mistake. */
  readonly [MISTAKE]: Text;
}

/**
 * Decorator of a parameter of a handler, which injects a `Value`, or undefined if `Optional`. Unlike
 * `ParameterDecorator` it does not compile at a parameter that
 *
 * - does not accept a `Value`,
 * - does not accept undefined, although the option `optional` is true,
 * - accepts undefined, although without `optional` the value is never undefined (with a token, or no service),
 * - is one of a constructor.
 *
 * `@(Backchannel(Agent) as ParameterDecorator)` switches the checks off, for a handler that overrides one
 * with fewer parameters.
 */
export type HandlerParameter<Value, Optional extends boolean> = <
  Controller extends object,
  Name extends PropertyKey | undefined,
  Index extends number,
>(
  controller: Controller,
  name: Name,
  index: Index & Verdict<ParameterOf<Controller, Name, Index>, Value, Optional>,
) => void;

/**
 * A controller interface whose handlers may have more parameters, for the decorated ones. Generated
 * interfaces declare the request only, and `class HubController implements HubController` would not
 * compile with more: `implements HandlersOf<HubController>` does.
 */
export type HandlersOf<Controller extends object> = {
  [Name in keyof Controller]: Controller[Name] extends (...args: infer Args) => infer Result
    ? // As generated with `addNestjsRestParameter=true`: the controller decides what its parameters are.
      (...args: [...Args, ...rest: any[]]) => Result // oxlint-disable-line typescript/no-explicit-any
    : Controller[Name];
};

/** Type of the parameter; `unknown` for methods that are not public, and thus not checked. */
type ParameterOf<Controller, Name, Index extends number> = Name extends undefined
  ? ParameterOfConstructor
  : Name extends keyof Controller
    ? Controller[Name] extends (...args: infer Args) => unknown
      ? Args[Index]
      : unknown
    : unknown;

interface ParameterOfConstructor {
  readonly [MISTAKE]: 'constructor';
}

/** `unknown`, which makes no demand, or a mistake. */
type Verdict<Parameter, Value, Optional extends boolean> = unknown extends Parameter
  ? unknown
  : [Parameter] extends [ParameterOfConstructor]
    ? ParameterMistake<'a constructor handles no call: decorate a parameter of a handler'>
    : [Value] extends [Parameter]
      ? [Optional] extends [false]
        ? VerdictOnNeverUndefined<Parameter, Value>
        : VerdictOnOptional<Parameter>
      : ParameterMistake<'the parameter must have the type of the injected value'> & {
          injected: Value;
          parameter: Parameter;
        };

type VerdictOnOptional<Parameter> = undefined extends Parameter
  ? unknown
  : ParameterMistake<'with { optional: true } the value may be undefined: make the parameter optional'>;

type VerdictOnNeverUndefined<Parameter, Value> = undefined extends Parameter
  ? IsUnchecked<Value> extends true
    ? unknown
    : ParameterMistake<'without { optional: true } the value is never undefined: add that option, or make the parameter required'>
  : unknown;

/**
 * Whether undefined says nothing about a parameter: for stubs by name, whose type is `any`, and without the
 * compiler option `strictNullChecks`, with which all types accept undefined.
 */
type IsUnchecked<Value> = 0 extends 1 & Value ? true : undefined extends string ? true : false;
